package httpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
)

const (
	// shutdownTime is how long running requests get once no new ones are taken.
	shutdownTime = 10 * time.Second
	// refusing is how many connections at once are told that there is no room;
	// more are closed without a word.
	refusing = 24
	// lingerTime and lingerBytes bound how long a client that is still sending
	// is listened to, so that it reads why it was refused.
	lingerTime  = 2 * time.Second
	lingerBytes = 32 << 20
)

// ErrCutOff says that Serve ended as it was asked to, but clients were still in
// the middle of a request: a slow one can always bring that about.
var ErrCutOff = errors.New("requests were cut off")

// Serve answers on a listener until ctx ends, then lets running requests end
// within a bound. One client gets an eighth of the connections, trusted
// proxies all of them; what is too much is told so with 429 or 503.
func Serve(ctx context.Context, app *fiber.App, ln net.Listener) error {
	g := guarded(ln, app.Config())
	done := make(chan error, 1)
	go func() { done <- app.Listener(g) }()
	select {
	case err := <-done:
		g.closeAll()
		return fmt.Errorf("serve http on %s: %w", ln.Addr(), errors.Join(err, errors.New("the listener ended")))
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	g.Close() // also when Serve had not got as far as listening
	g.closeUnused(stop)
	err := app.ShutdownWithContext(stop)
	g.closeAll()
	<-done
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop http: %w after %s", ErrCutOff, shutdownTime)
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop http: %w", err)
	}
	return nil
}

// guard is a listener that counts connections.
type guard struct {
	net.Listener
	conns, perIP int
	proxies      func(net.Addr) bool
	telling      chan struct{}

	mu    sync.Mutex
	open  map[*conn]struct{}
	byIP  map[string]int
	tells sync.WaitGroup
}

func guarded(ln net.Listener, c fiber.Config) *guard {
	conns := max(c.Concurrency-refusing, 1)
	trust := prefixes(c.TrustedProxies)
	return &guard{
		Listener: ln, conns: conns, perIP: max(conns/8, 8),
		proxies: func(a net.Addr) bool { return trusted(peer(a), trust) },
		telling: make(chan struct{}, refusing),
		open:    map[*conn]struct{}{}, byIP: map[string]int{},
	}
}

// Accept gives the next connection there is room for.
func (g *guard) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED) {
			time.Sleep(50 * time.Millisecond) // others will end; the listener must not
			continue
		}
		if err != nil {
			return nil, err
		}
		k, status := g.admit(c)
		if k != nil {
			return k, nil
		}
		g.refuse(c, status)
	}
}

// admit counts the connection in, or says with which status it is refused.
func (g *guard) admit(c net.Conn) (*conn, int) {
	k := &conn{Conn: c, guard: g}
	if !g.proxies(c.RemoteAddr()) {
		k.from = network(peer(c.RemoteAddr()))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.open) >= g.conns {
		return nil, fiber.StatusServiceUnavailable
	}
	if k.from != "" {
		if g.byIP[k.from] >= g.perIP {
			return nil, fiber.StatusTooManyRequests
		}
		g.byIP[k.from]++
	}
	g.open[k] = struct{}{}
	return k, 0
}

// refuse tells a connection that there is no room, without holding up Accept.
func (g *guard) refuse(c net.Conn, status int) {
	select {
	case g.telling <- struct{}{}:
	default:
		c.Close()
		return
	}
	g.tells.Add(1)
	go func() {
		defer g.tells.Done()
		defer func() { <-g.telling }()
		slug := slugs[status]
		body := fmt.Sprintf(`{"type":%q,"title":"Too many connections","status":%d,"retry_after":10}`, docs+slug, status)
		c.SetDeadline(time.Now().Add(lingerTime))
		fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nConnection: close\r\nRetry-After: 10\r\nCache-Control: no-store\r\n"+
			"Content-Type: "+MIMEProblem+"\r\nContent-Length: %d\r\n\r\n%s", status, statusText(status), len(body), body)
		linger(c)
		c.Close()
	}()
}

func statusText(status int) string {
	if status == fiber.StatusTooManyRequests {
		return "Too Many Requests"
	}
	return "Service Unavailable"
}

// linger says that nothing more comes and reads away what the client still
// sends, within bounds.
func linger(c net.Conn) {
	if t, ok := c.(interface{ CloseWrite() error }); ok && t.CloseWrite() == nil {
		c.SetReadDeadline(time.Now().Add(lingerTime))
		io.CopyN(io.Discard, c, lingerBytes)
	}
}

// firstWords is how long a connection that was just opened has to say what it
// wants, once no others are taken: its request may be on the way.
const firstWords = 250 * time.Millisecond

// closeUnused ends connections that a browser opened ahead and never used:
// fasthttp takes them for busy ones and would wait for them.
func (g *guard) closeUnused(ctx context.Context) {
	if len(g.unheard()) == 0 {
		return
	}
	wait := time.NewTimer(firstWords)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	for _, k := range g.unheard() {
		k.Close()
	}
}

// unheard are the connections on which nothing was said yet.
func (g *guard) unheard() []*conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []*conn
	for k := range g.open {
		if !k.heard.Load() {
			out = append(out, k)
		}
	}
	return out
}

// closeAll cuts off what is still open and waits for those that are refused.
func (g *guard) closeAll() {
	g.mu.Lock()
	open := make([]*conn, 0, len(g.open))
	for k := range g.open {
		open = append(open, k)
	}
	g.mu.Unlock()
	for _, k := range open {
		k.linger.Store(false)
		k.Close()
	}
	g.tells.Wait()
}

// conn is a counted connection.
type conn struct {
	net.Conn
	guard  *guard
	from   string // the client it counts for; empty: a trusted proxy
	linger atomic.Bool
	heard  atomic.Bool // something was sent on it
	once   sync.Once
}

func (k *conn) Read(p []byte) (int, error) {
	n, err := k.Conn.Read(p)
	if n > 0 {
		k.heard.Store(true)
	}
	return n, err
}

// Close ends the connection and makes room for another.
func (k *conn) Close() error {
	var err error
	k.once.Do(func() {
		if k.linger.Load() {
			linger(k.Conn)
		}
		err = k.Conn.Close()
		k.guard.mu.Lock()
		defer k.guard.mu.Unlock()
		delete(k.guard.open, k)
		if k.from == "" {
			return
		}
		if k.guard.byIP[k.from]--; k.guard.byIP[k.from] <= 0 {
			delete(k.guard.byIP, k.from)
		}
	})
	if err != nil && strings.Contains(err.Error(), "not connected") {
		return nil // the client was faster
	}
	return err
}
