package hooks_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/hooks"
	"github.com/balie/balie/internal/outside"
	"github.com/balie/balie/internal/seal"
	"github.com/balie/balie/store/boltstore"
)

var ada = desk.Actor{ID: "ada", Role: desk.Admin}

// bench is a store, subscriptions over it, a clock and the other side.
type bench struct {
	t     *testing.T
	dir   string
	db    *boltstore.DB
	hooks *hooks.Hooks
	key   []byte
	url   string

	mu     sync.Mutex
	now    time.Time
	calls  []call
	answer []int // statuses of the next calls; 200 when empty
	head   http.Header
	told   chan struct{}
}

type call struct {
	head http.Header
	body []byte
}

func open(t *testing.T, allow ...netip.Prefix) *bench {
	t.Helper()
	b := &bench{t: t, dir: filepath.Join(t.TempDir(), "data"), key: []byte(strings.Repeat("k", 32)), now: time.Now().UTC(), told: make(chan struct{}, 1000)}
	db, err := boltstore.Open(b.dir, boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	b.db = db
	t.Cleanup(func() { db.Close() })
	srv := httptest.NewServer(http.HandlerFunc(b.take))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	if allow == nil {
		allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	b.hooks = hooks.New(db, seal.New("webhooks", b.key), outside.Client(outside.Options{Allow: allow}), slog.New(slog.DiscardHandler), b.clock)
	return b
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, call{r.Header.Clone(), body})
	for k, v := range b.head {
		w.Header()[k] = v
	}
	status := 200
	if len(b.answer) > 0 {
		status, b.answer = b.answer[0], b.answer[1:]
	}
	w.WriteHeader(status)
	b.told <- struct{}{}
}

func (b *bench) add(k hooks.Hook) (hooks.Hook, string) {
	b.t.Helper()
	if k.URL == "" {
		k.URL = b.url + "/hook"
	}
	k.Name = "fmis"
	k, secret, err := b.hooks.Add(b.t.Context(), ada, k, b.clock())
	if err != nil {
		b.t.Fatal(err)
	}
	return k, secret
}

// happen makes a request to which things happen.
func (b *bench) happen(whats ...balie.What) balie.ID {
	b.t.Helper()
	id := balie.NewID(b.clock())
	c := balie.Change{}
	if len(whats) == 0 {
		whats = []balie.What{balie.ToDesk}
	}
	for _, w := range append([]balie.What{balie.Opened}, whats...) {
		e := balie.Event{Request: id, What: w, At: b.clock(), By: "agent:sanne"}
		if w == balie.Opened {
			e.Data = map[string]string{"ref": id.Ref(0), "subject": "canary subject", "preview": "canary words", "channel": "email"}
		}
		if err := c.Do(e); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := b.db.Commit(b.t.Context(), c); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// steps tells until nothing is left to tell now.
func (b *bench) steps(id string) (next time.Time, err error) {
	for more := true; more && err == nil; {
		next, more, err = b.hooks.Step(b.t.Context(), id)
	}
	return next, err
}

func (b *bench) types() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, c := range b.calls {
		var body struct{ Type string }
		if err := json.Unmarshal(c.body, &body); err != nil {
			b.t.Fatal(err)
		}
		out = append(out, body.Type)
	}
	return out
}

func TestS9_EveryCallIsSignedAsTheStandardSays(t *testing.T) {
	b := open(t)
	k, secret := b.add(hooks.Hook{Events: []string{"opened"}})
	b.happen(balie.ToDesk)
	if _, err := b.steps(k.ID); err != nil {
		t.Fatal(err)
	}
	second, err := b.hooks.Rotate(t.Context(), ada, k.ID, b.clock())
	if err != nil {
		t.Fatal(err)
	}
	b.happen()
	if _, err := b.steps(k.ID); err != nil {
		t.Fatal(err)
	}
	for i, secrets := range [][]string{{secret}, {secret, second}} {
		for _, s := range secrets {
			w, err := webhooks.NewWebhook(s)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Verify(b.calls[i].body, b.calls[i].head); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		}
	}
	if len(b.calls) != 2 {
		t.Errorf("%d calls, want 2: %v", len(b.calls), b.types())
	}
}

func TestWhatIsNotTakenIsToldAgainInOrderWithTheSameID(t *testing.T) {
	b := open(t)
	k, _ := b.add(hooks.Hook{})
	b.answer = []int{500, 503}
	b.head = http.Header{"Retry-After": {"600"}}
	b.happen(balie.ToDesk, balie.Answered)
	next, err := b.steps(k.ID)
	if err != nil || !next.Equal(b.now.Add(10*time.Minute)) {
		t.Fatalf("again at %v, %v; want in the ten minutes that were asked for", next, err)
	}
	if again, err := b.steps(k.ID); err != nil || !again.Equal(next) || len(b.calls) != 1 {
		t.Fatalf("called before its time: %d calls", len(b.calls))
	}
	for range 2 {
		b.mu.Lock()
		b.now = b.now.Add(time.Hour)
		b.mu.Unlock()
		if _, err := b.steps(k.ID); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"request.opened", "request.opened", "request.opened", "request.to_desk", "request.answered"}
	if got := b.types(); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	id := func(i int) string { return b.calls[i].head.Get("webhook-id") }
	if id(0) != id(1) || id(1) != id(2) || id(2) == id(3) {
		t.Errorf("ids %s %s %s %s", id(0), id(1), id(2), id(3))
	}
	_, p, err := b.hooks.Hook(t.Context(), k.ID)
	if err != nil || p.Told != 3 || len(p.Tries) != 5 || p.Tries[4].Status != 500 {
		t.Errorf("shown: %+v, %v", p, err)
	}
}

func TestAGoneSubscriberIsCalledNoMoreUntilItIsBegunAgain(t *testing.T) {
	b := open(t)
	k, _ := b.add(hooks.Hook{Events: []string{"opened"}})
	b.answer = []int{410}
	b.happen()
	b.steps(k.ID)
	b.happen()
	b.steps(k.ID)
	got, _, err := b.hooks.Hook(t.Context(), k.ID)
	if err != nil || !strings.Contains(got.Ended, "410") || len(b.calls) != 1 {
		t.Fatalf("after 410: ended %q, %d calls, %v", got.Ended, len(b.calls), err)
	}
	if err := b.hooks.Change(t.Context(), ada, got, b.clock()); err != nil {
		t.Fatal(err)
	}
	b.steps(k.ID)
	if len(b.calls) != 3 {
		t.Errorf("begun again: %v", b.types())
	}
}

func TestASubscriberThatNeverAnswersEndsAfterFiveDays(t *testing.T) {
	b := open(t)
	k, _ := b.add(hooks.Hook{Events: []string{"opened"}})
	b.happen()
	for range 100 {
		b.answer = []int{500}
		next, err := b.steps(k.ID)
		if err != nil {
			break
		}
		b.mu.Lock()
		b.now = next
		b.mu.Unlock()
	}
	got, p, err := b.hooks.Hook(t.Context(), k.ID)
	if err != nil || !strings.Contains(got.Ended, "five days") || len(b.calls) > 20 {
		t.Errorf("ended %q after %d calls (%v): %+v", got.Ended, len(b.calls), err, p)
	}
}

func TestS12_ACallSaysNothingOfPeopleUnlessItWasAskedFor(t *testing.T) {
	b := open(t)
	plain, secret := b.add(hooks.Hook{Events: []string{"opened"}})
	private, _ := b.add(hooks.Hook{Events: []string{"opened"}, Private: true})
	b.happen()
	b.steps(plain.ID)
	b.steps(private.ID)
	if strings.Contains(string(b.calls[0].body), "canary") || !strings.Contains(string(b.calls[1].body), "canary words") {
		t.Errorf("plain: %s\nprivate: %s", b.calls[0].body, b.calls[1].body)
	}
	raw, err := os.ReadFile(filepath.Join(b.dir, "balie.db"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), strings.TrimPrefix(secret, "whsec_")) {
		t.Error("the secret stands in the store as it is")
	}
}

func TestS10_NoInsideAddressIsCalledAndNoRedirectFollowed(t *testing.T) {
	b := open(t, netip.MustParsePrefix("192.0.2.0/24"))
	k, _ := b.add(hooks.Hook{Events: []string{"opened"}})
	b.happen()
	if next, err := b.steps(k.ID); err != nil || next.IsZero() || len(b.calls) != 0 {
		t.Errorf("an inside address was called %d times: %v", len(b.calls), err)
	}
	_, p, _ := b.hooks.Hook(t.Context(), k.ID)
	if len(p.Tries) != 1 || !strings.Contains(p.Tries[0].Error, "inside our own network") {
		t.Errorf("shown as %+v", p.Tries)
	}
	open := open(t)
	open.answer, open.head = []int{302}, http.Header{"Location": {open.url + "/elsewhere"}}
	k, _ = open.add(hooks.Hook{Events: []string{"opened"}})
	open.happen()
	open.steps(k.ID)
	if len(open.calls) != 1 {
		t.Errorf("a redirect was followed: %d calls", len(open.calls))
	}
}

func TestS13_EveryChangeOfAWebhookLeavesALine(t *testing.T) {
	b := open(t)
	k, secret := b.add(hooks.Hook{})
	k.Events = []string{"closed"}
	if err := b.hooks.Change(t.Context(), ada, k, b.clock()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.hooks.Rotate(t.Context(), ada, k.ID, b.clock()); err != nil {
		t.Fatal(err)
	}
	if err := b.hooks.Remove(t.Context(), ada, k.ID, b.clock()); err != nil {
		t.Fatal(err)
	}
	lines, err := b.db.ListRecords(t.Context(), desk.AuditKind, "", "", false, 0)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, r := range lines {
		l, err := desk.ParseAudit(r)
		if err != nil || strings.Contains(string(r.Body), secret) {
			t.Fatalf("%s: %v", r.Body, err)
		}
		acts = append(acts, l.Act)
	}
	slices.Sort(acts)
	if want := []string{"webhook.add", "webhook.change", "webhook.remove", "webhook.rotate"}; !slices.Equal(acts, want) {
		t.Errorf("lines %v, want %v", acts, want)
	}
}

func TestS7_OnlyWhoManagesChangesWebhooks(t *testing.T) {
	b := open(t)
	k, _ := b.add(hooks.Hook{})
	for _, role := range desk.Roles {
		if role == desk.Admin {
			continue
		}
		a := desk.Actor{ID: "x", Role: role}
		_, _, err := b.hooks.Add(t.Context(), a, hooks.Hook{Name: "x", URL: b.url}, b.clock())
		_, err2 := b.hooks.Rotate(t.Context(), a, k.ID, b.clock())
		for _, err := range []error{err, err2, b.hooks.Change(t.Context(), a, k, b.clock()), b.hooks.Remove(t.Context(), a, k.ID, b.clock())} {
			if !errors.Is(err, balie.ErrDenied) {
				t.Errorf("%s: %v", role, err)
			}
		}
	}
	for _, bad := range []hooks.Hook{{Name: "x", URL: "ftp://x"}, {Name: "x", URL: "https://u:p@x.nl"}, {URL: b.url}, {Name: "x", URL: b.url, Events: []string{"exploded"}}} {
		var invalid *balie.InvalidError
		if _, _, err := b.hooks.Add(t.Context(), ada, bad, b.clock()); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// A subscription made while Run runs is told, one that was removed no more, and
// one whose other side hangs holds up nobody.
func TestRunTellsEveryoneOnTheirOwn(t *testing.T) {
	b := open(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.hooks.Run(ctx) }()
	hang := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer slow.Close()
	defer close(hang)
	b.add(hooks.Hook{URL: slow.URL})
	b.add(hooks.Hook{})
	b.happen(balie.ToDesk)
	<-b.told
	<-b.told
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
