package webform_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/channels/webform"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/normalize"
)

// desk records what the channel hands in and answers as intake does: a key
// that is known gives the receipt it gave before. It reads originals with the
// real normalizer.
type desk struct {
	mu       sync.Mutex
	now      func() time.Time
	blobs    map[balie.BlobID][]byte
	claims   map[string]balie.ID
	raws     []balie.Raw
	messages map[balie.ID]balie.Message
	order    []balie.ID
	requests map[balie.ID]balie.Request
	events   map[balie.ID][]balie.Event
	failKeep error
	fail     error         // what Receive fails with
	after    bool          // it fails after having stored
	hold     chan struct{} // Receive waits for it
	held     bool          // suspicious messages get no request
	follow   bool          // a reply is a question of its own
}

func newDesk(now func() time.Time) *desk {
	return &desk{now: now, blobs: map[balie.BlobID][]byte{}, claims: map[string]balie.ID{}, messages: map[balie.ID]balie.Message{},
		requests: map[balie.ID]balie.Request{}, events: map[balie.ID][]balie.Event{}}
}

func (d *desk) Cursor(context.Context) ([]byte, error) { return nil, nil }

func (d *desk) Keep(_ context.Context, body io.Reader) (balie.Original, error) {
	b, err := io.ReadAll(body)
	if err != nil {
		return balie.Original{}, err
	}
	sum := sha256.Sum256(b)
	id := balie.BlobID(hex.EncodeToString(sum[:]))
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failKeep != nil {
		return balie.Original{}, d.failKeep
	}
	d.blobs[id] = b
	return balie.Original{Blob: id, Size: int64(len(b)), Inline: b}, nil
}

func (d *desk) Receive(_ context.Context, _ []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	if d.hold != nil {
		<-d.hold
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil && !d.after {
		return nil, d.fail
	}
	var out []balie.Receipt
	for _, raw := range raws {
		out = append(out, d.take(raw))
	}
	return out, d.fail
}

func (d *desk) take(raw balie.Raw) balie.Receipt {
	if id, known := d.claims[raw.Key]; known {
		m := d.messages[id]
		return balie.Receipt{Message: id, Request: m.Request, Ref: d.requests[m.Request].Ref, Duplicate: true}
	}
	m, _ := normalize.New(normalize.Options{Country: "NL"}).Message(raw, func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(raw.Original.Inline)), nil
	})
	m.ID = balie.NewID(d.now())
	d.raws = append(d.raws, raw)
	d.claims[raw.Key] = m.ID
	d.order = append(d.order, m.ID)
	defer func() { d.messages[m.ID] = m }()
	if d.held && m.Fields["suspect"] != "" {
		return balie.Receipt{Message: m.ID, Outcome: balie.LedgerHeld}
	}
	if id, err := balie.ParseID(m.Fields["request"]); err == nil && !id.IsZero() && m.Proof == balie.Proven && !d.follow {
		m.Request = id
		return balie.Receipt{Message: m.ID, Request: id, Ref: d.requests[id].Ref, Outcome: balie.LedgerJoined}
	}
	id := balie.NewID(d.now())
	c := balie.Change{Request: balie.Request{ID: id}}
	err := errors.Join(
		c.Do(balie.Event{What: balie.Opened, At: d.now(), By: "customer", Message: m.ID, Data: map[string]string{
			"ref": id.Ref(0), "channel": m.Channel, "subject": m.Subject, "language": m.Language}}),
		c.Do(balie.Event{What: balie.ToDesk, At: d.now(), By: "router@1"}))
	if err != nil {
		panic(err)
	}
	m.Request = id
	d.requests[id], d.events[id] = c.Request, c.Events
	return balie.Receipt{Message: m.ID, Request: id, Ref: c.Request.Ref, Outcome: balie.LedgerTaken}
}

func (d *desk) do(t *testing.T, id balie.ID, events ...balie.Event) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	c := balie.Change{Request: d.requests[id]}
	for _, e := range events {
		if e.At.IsZero() {
			e.At = d.now()
		}
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	d.requests[id] = c.Request
	d.events[id] = append(d.events[id], c.Events...)
}

func (d *desk) say(m balie.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m.ID = balie.NewID(d.now())
	if m.At.IsZero() {
		m.At = d.now()
	}
	d.messages[m.ID] = m
	d.order = append(d.order, m.ID)
}

func (d *desk) Request(_ context.Context, id balie.ID) (balie.Request, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.requests[id]
	if !ok {
		return r, balie.ErrNotFound
	}
	return r, nil
}

func (d *desk) Messages(_ context.Context, request balie.ID) ([]balie.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []balie.Message
	for _, id := range d.order {
		if m := d.messages[id]; m.Request == request {
			out = append(out, m)
		}
	}
	return out, nil
}

func (d *desk) Message(_ context.Context, id balie.ID) (balie.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, ok := d.messages[id]
	if !ok {
		return m, balie.ErrNotFound
	}
	return m, nil
}

func (d *desk) Events(_ context.Context, request balie.ID, after uint64) ([]balie.Event, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.events[request], nil
}

// taken are the raws so far.
func (d *desk) taken() []balie.Raw {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]balie.Raw(nil), d.raws...)
}

// clock is a settable time.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// site is a form on loopback.
type site struct {
	*desk
	*clock
	t      *testing.T
	base   string
	tokens *token.Maker
	client *http.Client
}

type products struct{}

func (products) Products(language string) []webform.Choice {
	if language == "en" {
		return []webform.Choice{{ID: "parking", Name: "Parking for visitors"}, {ID: "pass", Name: "Access pass"}}
	}
	return []webform.Choice{{ID: "parking", Name: "Parkeren voor bezoek"}, {ID: "pass", Name: "Toegangspas"}}
}

type teams struct{}

func (teams) TeamName(id, language string) string {
	if id != "access" {
		return ""
	}
	if language == "en" {
		return "Access and security"
	}
	return "Toegang en beveiliging"
}

const apiSecret = "a-secret-of-more-than-twenty-letters"

// monday is when the tests take place, but for those who say otherwise.
var monday = time.Date(2026, 11, 24, 10, 38, 0, 0, time.UTC)

// promises are those of a desk that asks how it went.
type promises struct{}

func (promises) Told(r balie.Request) time.Time { return r.Promised }

func (promises) Reopens(r balie.Request, events []balie.Event) time.Time {
	if r.State != balie.Closed {
		return time.Time{}
	}
	return r.ClosedAt(events).AddDate(0, 0, 10)
}

func (promises) Rates(r balie.Request, now time.Time) (time.Time, bool) {
	until := r.Solved.AddDate(0, 0, 30)
	return until, !r.Solved.IsZero() && now.Before(until)
}

func open(t *testing.T, change func(*webform.Config)) *site {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, clock: &clock{t: monday}, base: "http://" + ln.Addr().String()}
	s.desk = newDesk(s.clock.now)
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	if s.tokens, err = token.New([]byte(strings.Repeat("k", 32))); err != nil {
		t.Fatal(err)
	}
	brand := ui.Brand{Name: "De Lage Linden", Taglines: map[string]string{"nl": "Facilitaire servicedesk", "en": "Facility service desk"},
		Urgent: "0348 55 55 55", OpeningHours: map[string]string{"nl": "maandag t/m vrijdag 7.30–18.00 uur", "en": "Monday to Friday 7.30–18.00"},
		Accessibility: "https://delagelinden.example/toegankelijkheid", Privacy: "https://delagelinden.example/privacy"}
	pages, err := ui.New(texts, brand, webform.Pages())
	if err != nil {
		t.Fatal(err)
	}
	cfg := webform.Config{PublicURL: s.base, Zone: time.UTC, API: []webform.APIToken{{ID: "shop", Secret: apiSecret}}, PerClient: 100_000, PerAddress: 100_000}
	if change != nil {
		change(&cfg)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	form, err := webform.New(cfg, webform.Parts{Requests: s.desk, Tokens: s.tokens, Texts: texts, UI: pages,
		Catalogue: products{}, Teams: teams{}, Promises: promises{}, Now: s.clock.now}, log)
	if err != nil {
		t.Fatal(err)
	}
	app := httpd.New(httpd.Options{Large: form.Bodies(), Page: pages.Problem, Log: log, Rate: -1})
	pages.Mount(app)
	form.Mount(app, s.desk)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- httpd.Serve(ctx, app, ln) }()
	jar, _ := cookiejar.New(nil)
	s.client = &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// page is an answer with its body read.
type page struct {
	*http.Response
	body string
}

func (s *site) do(req *http.Request) page {
	s.t.Helper()
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "text/html")
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return page{res, string(b)}
}

func (s *site) get(path string) page {
	s.t.Helper()
	req, err := http.NewRequest("GET", s.base+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(req)
}

func (s *site) post(path string, v url.Values) page {
	s.t.Helper()
	req, err := http.NewRequest("POST", s.base+path, strings.NewReader(v.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(req)
}

var (
	tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)
	refText    = regexp.MustCompile(`class="refno">([^<]+)<`)
)

// fresh is the token of a form opened now, three seconds before it is sent.
func (s *site) fresh(path string) string {
	s.t.Helper()
	m := tokenField.FindStringSubmatch(s.get(path).body)
	if m == nil {
		s.t.Fatal("the page has no form token")
	}
	s.clock.pass(3 * time.Second)
	return m[1]
}

// ask sends a question and returns the address of its receipt.
func (s *site) ask(text string, more ...string) string {
	s.t.Helper()
	v := url.Values{"token": {s.fresh("/form")}, "text": {text}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	p := s.post("/form", v)
	if p.StatusCode != 303 {
		s.t.Fatalf("ask %q: got %d\n%s", text, p.StatusCode, p.body)
	}
	return p.Header.Get("Location")
}

// lastRequest is the request that came last.
func (s *site) lastRequest() balie.Request {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	for i := len(s.desk.order) - 1; i >= 0; i-- {
		if m := s.desk.messages[s.desk.order[i]]; !m.Request.IsZero() {
			return s.desk.requests[m.Request]
		}
	}
	return balie.Request{}
}

var _ channels.Sink = (*desk)(nil)
var _ webform.Requests = (*desk)(nil)
