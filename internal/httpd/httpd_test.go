package httpd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// start serves an app on loopback and stops it with the test.
func start(t *testing.T, o Options, routes func(*fiber.App)) string {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	app := New(o)
	routes(app)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, app, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return ln.Addr().String()
}

// say sends raw bytes on a new connection and returns the first answer.
func say(t *testing.T, addr, request string) *http.Response {
	t.Helper()
	c := dial(t, addr)
	fmt.Fprint(c, request)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("answer to %.80q: %v", request, err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { c.Close() })
	return c
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestR8_AnnouncedBodiesTakeNoMemory opens 300 connections that announce 4 MiB
// each and send nothing: with fiber's defaults that is 1.2 GiB.
func TestR8_AnnouncedBodiesTakeNoMemory(t *testing.T) {
	addr := start(t, Options{Body: 8 << 20, Proxies: []string{"127.0.0.1"}, Rate: -1}, func(app *fiber.App) {
		app.Post("/in", Limit(8<<20), func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	before := heap()
	for range 300 {
		c := dial(t, addr)
		fmt.Fprintf(c, "POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\nxxxx", 4<<20)
	}
	res := say(t, addr, "POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nabcd")
	if res.StatusCode != 200 {
		t.Fatalf("an honest client beside 300 idle ones got %d", res.StatusCode)
	}
	const most = 48 << 20
	grown := int64(heap()) - int64(before)
	t.Logf("300 connections cost %d KiB of heap", grown>>10)
	if grown > most {
		t.Fatalf("300 announcements of 4 MiB cost %d MiB, want under %d", grown>>20, most>>20)
	}
}

// TestR8_BodiesShareOneBudget sends bodies that stop one byte short: together
// they may hold the budget and no more; who does not fit hears 503.
func TestR8_BodiesShareOneBudget(t *testing.T) {
	const each, budget = 1 << 20, 8 << 20
	addr := start(t, Options{Memory: budget, Proxies: []string{"127.0.0.1"}, Rate: -1, ReadTimeout: 20 * time.Second}, func(app *fiber.App) {
		app.Post("/in", Limit(each), func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	before := heap()
	body := bytes.Repeat([]byte("x"), each-1)
	answers := make(chan *http.Response, 60)
	var sent sync.WaitGroup
	for range 60 {
		c := dial(t, addr)
		sent.Go(func() {
			fmt.Fprintf(c, "POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", each)
			c.Write(body)
			if res, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil {
				answers <- res
			}
		})
	}
	refused := 0
	for range 40 {
		res := <-answers
		if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
			t.Fatalf("over the budget: got %d, Retry-After %q; want 503 with one", res.StatusCode, res.Header.Get("Retry-After"))
		}
		refused++
	}
	grown := int64(heap()) - int64(before)
	t.Logf("60 bodies of 1 MiB cost %d KiB of heap, budget %d KiB", grown>>10, budget>>10)
	if grown > budget+8<<20 {
		t.Fatalf("60 bodies of 1 MiB cost %d MiB with a budget of %d", grown>>20, budget>>20)
	}
}

// TestR8_SlowClientsStarveNobody fills one client's share of the connections
// with half a request each; another client is served all the same.
func TestR8_SlowClientsStarveNobody(t *testing.T) {
	addr := start(t, Options{Conns: 80}, func(app *fiber.App) {
		app.Get("/", func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	var refusals int
	for range 120 {
		c := dial(t, addr)
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: lo")
		c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		if res, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil && res.StatusCode == 429 && res.Header.Get("Retry-After") != "" {
			refusals++
		}
	}
	if refusals == 0 {
		t.Fatal("no connection over the share was told 429 with Retry-After")
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 2 * time.Second}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		t.Skip("cannot dial from a second address: ", err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(3 * time.Second))
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("a second client beside a flood: %v %v", res, err)
	}
}

// TestR8_TrickleEnds sends a body that stops half way.
func TestR8_TrickleEnds(t *testing.T) {
	addr := start(t, Options{ReadTimeout: 300 * time.Millisecond}, func(app *fiber.App) {
		app.Post("/in", Limit(1<<20), func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	for _, n := range []int{100, 100_000} {
		began := time.Now()
		res := say(t, addr, fmt.Sprintf("POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\nabc", n))
		if res.StatusCode != 408 {
			t.Errorf("a body of %d bytes that stops: got %d, want 408", n, res.StatusCode)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("a body of %d bytes that stops was waited for %s", n, took)
		}
	}
}

func TestR8_TooManyRequestsOfOneClient(t *testing.T) {
	addr := start(t, Options{Rate: 0.1, Burst: 3}, func(app *fiber.App) {
		app.Get("/", func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	for i := range 5 {
		res := say(t, addr, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.0.0."+fmt.Sprint(i)+"\r\n\r\n")
		want := 200
		if i >= 3 {
			want = 429
		}
		if res.StatusCode != want || want == 429 && res.Header.Get("Retry-After") == "" {
			t.Errorf("request %d: got %d with Retry-After %q, want %d", i+1, res.StatusCode, res.Header.Get("Retry-After"), want)
		}
	}
}

// TestUnreadBodyIsNoRequest: what a handler leaves unread must not be taken
// for the next customer's request.
func TestUnreadBodyIsNoRequest(t *testing.T) {
	var mu sync.Mutex
	var smuggled int
	addr := start(t, Options{}, func(app *fiber.App) {
		app.Get("/secret", func(c *fiber.Ctx) error {
			mu.Lock()
			defer mu.Unlock()
			smuggled++
			return nil
		})
		app.Post("/ignores", func(c *fiber.Ctx) error { return c.SendString("ok") })
	})
	inner := "GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n"
	var all sync.WaitGroup
	for _, line := range []string{"POST /ignores", "POST /nowhere", "GET /ignores", "HEAD /", "DELETE /ignores", "OPTIONS /"} {
		for _, pad := range []int{0, 100, readAhead, 20_000, 200_000} {
			body := strings.Repeat("x", pad) + inner
			c := dial(t, addr)
			c.SetDeadline(time.Now().Add(500 * time.Millisecond))
			all.Go(func() {
				fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", line, len(body), body)
				answers, _ := io.ReadAll(c)
				if n := strings.Count(string(answers), "HTTP/1.1 "); n > 1 {
					t.Errorf("%s with a body of %d: %d answers", line, len(body), n)
				}
			})
		}
	}
	all.Wait()
	mu.Lock()
	defer mu.Unlock()
	if smuggled > 0 {
		t.Fatalf("%d bodies were read as requests", smuggled)
	}
}

// TestR8_SlowUploadIsNotCutOff: a stream may take longer than a request, but
// not for ever.
func TestR8_SlowUploadIsNotCutOff(t *testing.T) {
	for total, want := range map[time.Duration]int{10 * time.Second: 200, 250 * time.Millisecond: 408} {
		addr := start(t, Options{Body: 1 << 20, ReadTimeout: 200 * time.Millisecond}, func(app *fiber.App) {
			app.Post("/up", func(c *fiber.Ctx) error {
				r, err := Stream(c, 1<<20, total)
				if err != nil {
					return err
				}
				_, err = io.Copy(io.Discard, r)
				return err
			})
		})
		c := dial(t, addr)
		const pieces = 6
		fmt.Fprintf(c, "POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", pieces*readAhead)
		go func() {
			for range pieces {
				c.Write(make([]byte, readAhead))
				time.Sleep(100 * time.Millisecond) // a slow line is what is tested
			}
		}()
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != want {
			t.Errorf("600 ms of upload with %s allowed: %v %v, want %d", total, res, err, want)
		}
	}
}

func TestBodyOverItsLimitIs413(t *testing.T) {
	var reached int
	addr := start(t, Options{Body: 1000, Large: map[string]int64{"/big": 50_000}}, func(app *fiber.App) {
		h := func(c *fiber.Ctx) error { reached++; return c.SendString(fmt.Sprint(len(c.Body()))) }
		app.Post("/small", h)
		app.Post("/tiny", Limit(10), h)
		app.Post("/big/one", h)
	})
	for _, tc := range []struct {
		path string
		n    int
		want int
	}{{"/small", 1000, 200}, {"/small", 1001, 413}, {"/tiny", 10, 200}, {"/tiny", 11, 413}, {"/big/one", 50_000, 200}, {"/big/one", 50_001, 413}} {
		res := say(t, addr, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", tc.path, tc.n, strings.Repeat("x", tc.n)))
		if got, _ := io.ReadAll(res.Body); res.StatusCode != tc.want || tc.want == 200 && string(got) != fmt.Sprint(tc.n) {
			t.Errorf("%s with %d bytes: got %d %s, want %d", tc.path, tc.n, res.StatusCode, got, tc.want)
		}
	}
}

// TestS8_OnlyOurNames: links in mail come from public_url, and other names
// are not answered to.
func TestS8_OnlyOurNames(t *testing.T) {
	for _, tc := range []struct{ public, host, extra, want string }{
		{"https://balie.example.nl", "balie.example.nl", "", "200"},
		{"https://balie.example.nl", "BALIE.example.nl.", "", "200"},
		{"https://balie.example.nl", "balie.example.nl:8443", "", "200"},
		{"https://balie.example.nl", "evil.example", "", "421"},
		{"https://balie.example.nl", "evil.example", "X-Forwarded-Host: balie.example.nl\r\n", "421"},
		{"https://balie.example.nl", "balie.example.nl.evil.example", "", "421"},
		{"", "localhost:8080", "", "200"},
		{"", "127.0.0.1", "", "200"},
		{"", "evil.example", "", "421"},
		{"", "localhost", "Host: evil.example\r\n", "400"},
		{"", "localhost", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "400"},
		{"", "localhost", "Content-Length: 1\r\nContent-Length: 2\r\n", "400"},
	} {
		addr := start(t, Options{PublicURL: tc.public}, func(app *fiber.App) {
			app.All("/", func(c *fiber.Ctx) error { return c.SendString("ok") })
		})
		res := say(t, addr, "GET / HTTP/1.1\r\nHost: "+tc.host+"\r\n"+tc.extra+"\r\n")
		if fmt.Sprint(res.StatusCode) != tc.want {
			t.Errorf("public %q, Host %q, %q: got %d, want %s", tc.public, tc.host, tc.extra, res.StatusCode, tc.want)
		}
		if hsts := res.Header.Get("Strict-Transport-Security") != ""; hsts != strings.HasPrefix(tc.public, "https") {
			t.Errorf("public %q: HSTS %v", tc.public, hsts)
		}
	}
}

func TestClientBehindProxies(t *testing.T) {
	for _, tc := range []struct{ forwarded, proxies, want string }{
		{"1.2.3.4", "", "127.0.0.1"},
		{"1.2.3.4", "127.0.0.1", "1.2.3.4"},
		{"9.9.9.9, 1.2.3.4", "127.0.0.1", "1.2.3.4"},
		{"9.9.9.9, 1.2.3.4, 10.0.0.1", "127.0.0.0/8 10.0.0.0/8", "1.2.3.4"},
		{"junk", "127.0.0.1", "127.0.0.1"},
		{"", "127.0.0.1", "127.0.0.1"},
	} {
		addr := start(t, Options{Proxies: strings.Fields(tc.proxies)}, func(app *fiber.App) {
			app.Get("/", func(c *fiber.Ctx) error { return c.SendString(Client(c).String()) })
		})
		res := say(t, addr, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: "+tc.forwarded+"\r\n\r\n")
		if got, _ := io.ReadAll(res.Body); string(got) != tc.want {
			t.Errorf("X-Forwarded-For %q, trusted %q: got %s, want %s", tc.forwarded, tc.proxies, got, tc.want)
		}
	}
}

// TestS6_OpenRedirect: only absolute paths of our own.
func TestS6_OpenRedirect(t *testing.T) {
	for in, want := range map[string]string{
		"/inbox?view=mine": "/inbox?view=mine", "/": "/", "": "/", "//evil": "/", `/\evil`: "/", "https:evil": "/",
		"https://evil": "/", "/\t/evil": "/", "/%09/evil": "/%09/evil", "javascript:alert(1)": "/", "evil": "/", "/\r\nX: y": "/", `/a\b`: "/",
	} {
		if got := Local(in); got != want {
			t.Errorf("Local(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestImmutable keeps what four requests on one connection said.
func TestImmutable(t *testing.T) {
	var kept []string
	addr := start(t, Options{}, func(app *fiber.App) {
		app.Post("/:id", Limit(1000), func(c *fiber.Ctx) error {
			kept = append(kept, c.Params("id"), c.Query("q"), c.Get("X-Name"), string(c.Body()))
			return nil
		})
	})
	c := dial(t, addr)
	r := bufio.NewReader(c)
	var want []string
	for i := range 4 {
		v := strings.Repeat(fmt.Sprint(i), 8)
		fmt.Fprintf(c, "POST /%s?q=%s HTTP/1.1\r\nHost: localhost\r\nX-Name: %s\r\nContent-Length: 8\r\n\r\n%s", v, v, v, v)
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
		want = append(want, v, v, v, v)
	}
	if fmt.Sprint(kept) != fmt.Sprint(want) {
		t.Fatalf("kept %v, want %v", kept, want)
	}
}

func TestLanguage(t *testing.T) {
	addr := start(t, Options{}, func(app *fiber.App) {
		app.Get("/", func(c *fiber.Ctx) error { return c.SendString(Language(c)) })
	})
	for _, tc := range []struct{ query, header, want string }{
		{"", "", "nl"}, {"", "en-GB,en;q=0.9", "en"}, {"", "de, nl;q=0.5, en;q=0.7", "en"}, {"", "fr", "nl"},
		{"?lang=en", "nl", "en"}, {"?lang=xx", "en", "nl"}, {"", "en;q=0, nl;q=0.1", "nl"},
	} {
		res := say(t, addr, "GET /"+tc.query+" HTTP/1.1\r\nHost: localhost\r\nAccept-Language: "+tc.header+"\r\n\r\n")
		if got, _ := io.ReadAll(res.Body); string(got) != tc.want {
			t.Errorf("%q %q: got %s, want %s", tc.query, tc.header, got, tc.want)
		}
	}
}

func TestBucketsForgetInsteadOfGrowing(t *testing.T) {
	b := NewBuckets(1, 2, 100)
	now := time.Now()
	for i := range 10_000 {
		b.Take(fmt.Sprint(i), now)
	}
	if len(b.full) > 100 {
		t.Fatalf("%d keys are kept, want at most 100", len(b.full))
	}
	if w1, w2, w3 := b.Take("k", now), b.Take("k", now), b.Take("k", now); w1 != 0 || w2 != 0 || w3 <= 0 || w3 > time.Second {
		t.Fatalf("a bucket of two gave %v %v %v", w1, w2, w3)
	}
	if w := b.Take("k", now.Add(-time.Hour)); w > 0 {
		t.Fatalf("after the clock was set back: wait %v", w)
	}
}

// TestR15_StopsWhileClientsLinger stops with open connections of every kind.
func TestR15_StopsWhileClientsLinger(t *testing.T) {
	app := New(Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	release, entered := make(chan struct{}), make(chan struct{})
	app.Get("/slow", func(c *fiber.Ctx) error {
		close(entered)
		<-release
		return c.SendString("done")
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, app, ln) }()
	dial(t, ln.Addr().String()) // opened ahead and never used
	c := dial(t, ln.Addr().String())
	fmt.Fprint(c, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-entered
	cancel()
	for {
		late, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			break // no new work is taken: the stop has begun
		}
		late.Close()
	}
	close(release)
	if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != 200 {
		t.Errorf("a running request at the stop: %v %v", res, err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(3 * time.Second):
		t.Error("waited for connections on which nothing happens")
	}
}
