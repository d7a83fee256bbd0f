package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// The people of the rig.
var (
	sanne = desk.Actor{ID: "sanne", Name: "Sanne Vos", Role: desk.Agent}
	bram  = desk.Actor{ID: "bram", Name: "Bram de Groot", Role: desk.Agent}
	rita  = desk.Actor{ID: "rita", Name: "Rita Blom", Role: desk.ReadOnly}
	tom   = desk.Actor{ID: "tom", Name: "Tom Smit", Role: desk.TeamMember, Teams: []string{"techniek"}}
	cato  = desk.Actor{ID: "cato", Name: "Cato Kok", Role: desk.TeamMember, Teams: []string{"catering"}}
)

// world is a desk with its intake over a real store and a clock of its own.
type world struct {
	t      testing.TB
	db     *boltstore.DB
	desk   *desk.Desk
	in     *intake.Intake
	lib    *desk.Library
	tokens *token.Maker
	write  *letters.Writer
	now    time.Time
	n      int
}

// shelf holds the sample documents, for all tests: training the catalogue is
// what takes time.
type shelf map[string]store.Document

func (s shelf) PutDocument(_ context.Context, d store.Document, base int) (int, error) {
	d.Version = base + 1
	s[d.Kind] = d
	return d.Version, nil
}

func (s shelf) Document(_ context.Context, kind, _ string, _ int) (store.Document, error) {
	d, ok := s[kind]
	if !ok {
		return d, balie.ErrNotFound
	}
	return d, nil
}

func (s shelf) DocumentHistory(context.Context, string, string) ([]store.Document, error) {
	return nil, nil
}

var library = sync.OnceValues(func() (*desk.Library, error) {
	return desk.OpenLibrary(context.Background(), shelf{}, func(kind string) (string, []byte, error) {
		return kind + ".yaml", map[string][]byte{desk.CatalogueDoc: catalogue.Sample(), desk.RulesDoc: router.Sample(), desk.OrganisationsDoc: []byte("organisations: []\n")}[kind], nil
	})
})

func sampleLibrary(t testing.TB) *desk.Library {
	t.Helper()
	l, err := library()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// undoSend is how long the rig's replies wait.
const undoSend = 10 * time.Second

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: t0}
	var err error
	if w.db, err = boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	w.lib = sampleLibrary(t)
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	if w.tokens, err = token.New([]byte("a secret key of at least thirty-two bytes")); err != nil {
		t.Fatal(err)
	}
	w.write = letters.New(texts, w.tokens, letters.Options{Domain: "delinde.example", PublicURL: "https://desk.delinde.example",
		Desk: map[string]string{"nl": "De Linde", "en": "The Lime"}})
	cal := w.lib.Brain().Catalogue.Calendars["kantoor"]
	quiet := slog.New(slog.DiscardHandler)
	w.desk = desk.New(w.db, w.lib, w.write, w.tokens, desk.Options{Calendar: cal, Language: "nl", UndoSend: undoSend, ReopenDays: 10}, quiet)
	norm := normalize.New(normalize.Options{OwnAddresses: []string{"desk@delinde.example"}, TrustedAuthserv: []string{"mx.delinde.example"}, Country: "NL"})
	w.in, err = intake.New(w.db, norm, w.lib.Brain, w.tokens, w.write, intake.Options{Calendar: cal, Language: "nl"}, quiet, intake.Meter{}, func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.in.Close() })
	return w
}

// mail takes a mail in and returns its request. refs is the id it answers.
func (w *world) mail(from, subject, body, refs string) balie.Request {
	w.t.Helper()
	return w.raw(w.eml(from, subject, refs, "Content-Type: text/plain; charset=utf-8\r\n\r\n"+body+"\r\n"))
}

func (w *world) eml(from, subject, refs, rest string) []byte {
	w.n++
	head := "Authentication-Results: mx.delinde.example; dmarc=pass header.from=" + from[strings.IndexByte(from, '@')+1:] + "\r\n" +
		fmt.Sprintf("From: %s\r\nTo: desk@delinde.example\r\nSubject: %s\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <m%d@klant.example>\r\n", from, subject, w.n)
	if refs != "" {
		head += "In-Reply-To: <" + refs + ">\r\nReferences: <" + refs + ">\r\n"
	}
	return []byte(head + rest)
}

func (w *world) raw(eml []byte) balie.Request {
	w.t.Helper()
	sink := w.in.Sink("email")
	o, err := sink.Keep(w.t.Context(), bytes.NewReader(eml))
	if err != nil {
		w.t.Fatal(err)
	}
	rs, err := sink.Receive(w.t.Context(), nil, balie.Raw{Channel: "email", Format: "mime", Account: "desk", Key: fmt.Sprintf("imap:%d", w.n), At: w.now, Original: o})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.get(rs[0].Request)
}

// question is a mail that a person of the desk must look at.
func (w *world) question() balie.Request {
	w.t.Helper()
	r := w.mail("jan@klant.example", "Vraagje", "Wat vinden jullie van de nieuwe minister?", "")
	if r.State != balie.AtDesk {
		w.t.Fatalf("the question is %s", r.State)
	}
	return r
}

// complete is a question with a product whose fields are known.
func (w *world) complete() balie.Request {
	w.t.Helper()
	r := w.question()
	product := "klimaat"
	r, _, err := w.desk.Edit(w.t.Context(), sanne, desk.Edit{Request: r.ID, Product: &product, Fields: map[string]string{"room": "2.14", "symptom": "te koud"}}, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// handedOut is a complete question that team techniek has, and its hand-out.
func (w *world) handedOut() (balie.Request, balie.ID) {
	w.t.Helper()
	r := w.complete()
	s, err := w.desk.Summarise(w.t.Context(), sanne, r.ID, "techniek", w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err = w.desk.HandOut(w.t.Context(), sanne, desk.HandOut{Request: r.ID, Seen: r.Version, Team: "techniek", Summary: s.Summary, Key: "h"}, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return r, r.Handouts[len(r.Handouts)-1].ID
}

func (w *world) get(id balie.ID) balie.Request {
	w.t.Helper()
	r, err := w.db.Request(context.WithoutCancel(w.t.Context()), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) view(a desk.Actor, id balie.ID) desk.RequestView {
	w.t.Helper()
	v, err := w.desk.View(w.t.Context(), a, id, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) deliveries(id balie.ID) []balie.Delivery {
	w.t.Helper()
	all, err := w.db.Deliveries(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// letterTo is the last letter to an address.
func (w *world) letterTo(id balie.ID, to string) balie.Message {
	w.t.Helper()
	var last balie.Message
	for _, d := range w.deliveries(id) {
		if d.To.Value != to {
			continue
		}
		m, err := w.db.Message(w.t.Context(), d.Message)
		if err != nil {
			w.t.Fatal(err)
		}
		if !m.At.Before(last.At) {
			last = m
		}
	}
	if last.ID.IsZero() {
		w.t.Fatalf("nothing went to %s", to)
	}
	return last
}

// deliveryOf is the one delivery of a message.
func (w *world) deliveryOf(request, message balie.ID) balie.Delivery {
	w.t.Helper()
	for _, d := range w.deliveries(request) {
		if d.Message == message {
			return d
		}
	}
	w.t.Fatal("the message has no delivery")
	return balie.Delivery{}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// verify refolds and checks all that is stored.
func (w *world) verify() {
	w.t.Helper()
	flaws, err := w.db.Verify(context.WithoutCancel(w.t.Context()), func(int, int) {})
	if err != nil || len(flaws) > 0 {
		w.t.Errorf("the store is not sound: %v, %v", flaws, err)
	}
}

func (w *world) all() []balie.Request {
	w.t.Helper()
	var out []balie.Request
	for r, err := range w.db.List(context.WithoutCancel(w.t.Context()), store.Filter{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}
