package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// tuesday is a working day in opening hours.
var tuesday = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// desk is a whole intake over a real store, with a clock of its own.
type desk struct {
	t      testing.TB
	db     *boltstore.DB
	in     *intake.Intake
	now    time.Time
	tokens *token.Maker
	o      intake.Options
	n      int
	// override is the store of the next start, when it is not db.
	override intake.Store
	brain    *intake.Brain // instead of the sample's
}

// sample is the brain of the sample catalogue and rules, trained once.
var sample = func() func(testing.TB) *intake.Brain {
	var brain *intake.Brain
	return func(t testing.TB) *intake.Brain {
		if brain != nil {
			return brain
		}
		cat, err := catalogue.Parse("sample.yaml", catalogue.Sample())
		if err != nil {
			t.Fatal(err)
		}
		rules, err := router.Compile("rules.yaml", router.Sample(), nil)
		if err != nil {
			t.Fatal(err)
		}
		cat.Version, rules.Version = 1, 1
		brain = &intake.Brain{Catalogue: cat, Matcher: catalogue.Train(cat, catalogue.TrainOptions{}), Rules: rules,
			Organisations: []balie.Organisation{{ID: "akker", Name: "Akker", Domains: []string{"akker.example"}, KeyAccount: true, AccountManager: "accountmanagement"}}}
		return brain
	}
}()

func newDesk(t testing.TB) *desk {
	d := &desk{t: t, now: tuesday}
	dir := t.TempDir()
	var err error
	if d.db, err = boltstore.Open(filepath.Join(dir, "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.db.Close() })
	d.o = intake.Options{Calendar: sample(t).Catalogue.Calendars["kantoor"], Language: "nl", Inflight: filepath.Join(dir, "inflight"),
		Leads: []balie.Address{{Scheme: balie.Mail, Value: "lead@delinde.example"}}}
	d.start()
	return d
}

// start makes the intake, as after a restart.
func (d *desk) start() {
	d.t.Helper()
	var err error
	if d.tokens, err = token.New([]byte("a secret key of at least thirty-two bytes")); err != nil {
		d.t.Fatal(err)
	}
	texts, err := i18n.Load()
	if err != nil {
		d.t.Fatal(err)
	}
	norm := normalize.New(normalize.Options{OwnAddresses: []string{"desk@delinde.example"}, TrustedAuthserv: []string{"mx.delinde.example"}, Country: "NL"})
	w := letters.New(texts, d.tokens, letters.Options{Domain: "delinde.example", PublicURL: "https://desk.delinde.example"})
	brain := func() *intake.Brain {
		if d.brain != nil {
			return d.brain
		}
		return sample(d.t)
	}
	var s intake.Store = d.db
	if d.override != nil {
		s = d.override
	}
	if d.in, err = intake.New(s, norm, brain, d.tokens, w, d.o, slog.New(slog.DiscardHandler), intake.Meter{}, func() time.Time { return d.now }); err != nil {
		d.t.Fatal(err)
	}
}

// mail is one mail; the zero fields are left out of it.
type mail struct {
	from, subject, body, id, refs, extra string
	proven, failed                       bool
}

func (m mail) bytes() []byte {
	var b strings.Builder
	if m.proven {
		b.WriteString("Authentication-Results: mx.delinde.example; dmarc=pass header.from=" + m.from[strings.IndexByte(m.from, '@')+1:] + "\r\n")
	}
	if m.failed {
		b.WriteString("Authentication-Results: mx.delinde.example; dmarc=fail header.from=" + m.from[strings.IndexByte(m.from, '@')+1:] + "\r\n")
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: desk@delinde.example\r\nSubject: %s\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n", m.from, m.subject)
	if m.id != "" {
		b.WriteString("Message-ID: <" + m.id + ">\r\n")
	}
	if m.refs != "" {
		b.WriteString("In-Reply-To: <" + m.refs + ">\r\nReferences: <" + m.refs + ">\r\n")
	}
	b.WriteString(m.extra + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + m.body + "\r\n")
	return []byte(b.String())
}

// raw makes what the mail channel would hand in.
func (d *desk) raw(body []byte, key string) balie.Raw {
	d.t.Helper()
	o, err := d.sink().Keep(d.t.Context(), bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if key == "" {
		d.n++
		key = fmt.Sprintf("imap:desk/INBOX/1/%d", d.n)
	}
	return balie.Raw{Channel: "email", Format: "mime", Account: "desk", Key: key, At: d.now, Original: o}
}

func (d *desk) sink() channels.Sink { return d.in.Sink("email/desk/INBOX") }

// take hands a mail in and returns its receipt and the request it is in.
func (d *desk) take(m mail) (balie.Receipt, balie.Request) {
	d.t.Helper()
	return d.takeRaw(d.raw(m.bytes(), ""))
}

func (d *desk) takeRaw(raw balie.Raw) (balie.Receipt, balie.Request) {
	d.t.Helper()
	rs, err := d.sink().Receive(d.t.Context(), nil, raw)
	if err != nil {
		d.t.Fatal(err)
	}
	if rs[0].Request.IsZero() {
		return rs[0], balie.Request{}
	}
	r, err := d.db.Request(d.t.Context(), rs[0].Request)
	if err != nil {
		d.t.Fatal(err)
	}
	return rs[0], r
}

// letters are the deliveries of a request with their messages.
func (d *desk) letters(request balie.ID) []store.Claimed {
	d.t.Helper()
	all, err := d.db.Deliveries(d.t.Context(), request)
	if err != nil {
		d.t.Fatal(err)
	}
	var out []store.Claimed
	for _, dl := range all {
		m, err := d.db.Message(d.t.Context(), dl.Message)
		if err != nil {
			d.t.Fatal(err)
		}
		out = append(out, store.Claimed{Delivery: dl, Message: m})
	}
	return out
}

// letterTo is the last letter of a request to an address.
func (d *desk) letterTo(request balie.ID, to string) balie.Message {
	d.t.Helper()
	var found balie.Message
	for _, l := range d.letters(request) {
		if l.Delivery.To.Value == to {
			found = l.Message
		}
	}
	if found.ID.IsZero() {
		d.t.Fatalf("nothing was written to %s; letters: %v", to, d.letters(request))
	}
	return found
}

func (d *desk) requests() []balie.Request {
	d.t.Helper()
	var out []balie.Request
	for r, err := range d.db.List(context.WithoutCancel(d.t.Context()), store.Filter{}) {
		if err != nil {
			d.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func (d *desk) events(id balie.ID) []balie.Event {
	d.t.Helper()
	es, err := d.db.Events(d.t.Context(), id, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	return es
}

func has(events []balie.Event, what balie.What) bool {
	for _, e := range events {
		if e.What == what {
			return true
		}
	}
	return false
}

// keyAsked is a question that is clear but lacks what a key needs.
var keyAsked = mail{from: "piet@klant.example", subject: "Sleutel", body: "Ik ben mijn kastsleutel kwijt, kan ik een nieuwe krijgen?", id: "vraag-1@klant.example"}

// pumpFault is a backoffice fault.
var heatingFault = mail{from: "els@klant.example", subject: "Verwarming", body: "De verwarming in kamer 2.14 doet het niet, het is hier ijskoud.", id: "storing-1@klant.example"}
