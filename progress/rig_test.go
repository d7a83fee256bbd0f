package progress

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// desk is a desk to be guarded: a real store, its people and their clock.
type desk struct {
	t      testing.TB
	db     *boltstore.DB
	cat    *catalogue.Catalogue
	policy *Policy
	write  *letters.Writer
	o      Options
	now    time.Time
	n      int
}

// memory is a folder without a disk under it, where there is one: what is
// tested here is time, and no test of the disk.
func memory(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "balie")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func newDesk(t testing.TB, policy string, now time.Time) *desk {
	t.Helper()
	d := &desk{t: t, cat: theCatalogue(t), now: now, o: Options{Language: "nl", Leads: []balie.Address{{Scheme: balie.Mail, Value: "lead@desk.example"}}}}
	d.read(policy)
	db, err := boltstore.Open(filepath.Join(memory(t), "data"), boltstore.Options{MinFree: -1, MmapSize: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d.db = db
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := token.New([]byte("a secret key of at least thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	d.write = letters.New(texts, tokens, letters.Options{Domain: "desk.example", PublicURL: "https://desk.example", Zone: d.zone(), Desk: map[string]string{"nl": "De Linde", "en": "The Lime"}})
	return d
}

// read puts a document in force.
func (d *desk) read(policy string) {
	d.t.Helper()
	p, err := Parse("progress.yaml", []byte(policy), d.cat)
	if err != nil {
		d.t.Fatal(err)
	}
	d.policy = p
}

func (d *desk) setting(org string) Setting {
	s := Setting{Policy: d.policy, Catalogue: d.cat, Calendar: d.cat.Calendars["kantoor"]}
	if org == "akker" {
		s.Organisation = balie.Organisation{ID: "akker", KeyAccount: true, AccountManager: "accountmanagement"}
	}
	return s
}

func (d *desk) zone() *time.Location { return d.cat.Calendars["kantoor"].Zone() }

func (d *desk) guard() *Progress {
	return New(d.db, d.setting, d.write, d.o, slog.New(slog.DiscardHandler))
}

// at is a moment by the desk's clock.
func (d *desk) at(s string) time.Time {
	d.t.Helper()
	m, err := time.ParseInLocation("2006-01-02 15:04", s, d.zone())
	if err != nil {
		d.t.Fatal(err)
	}
	return m
}

// step lets a guard look at a moment, which becomes now.
func (d *desk) step(p *Progress, at time.Time) Stepped {
	d.t.Helper()
	d.now = at
	did, err := p.Step(d.t.Context(), at)
	if err != nil {
		for _, r := range d.all() {
			if all := d.setting("").Timers(r, at); len(all) > 0 && !all[0].At.After(at) {
				d.t.Logf("due: %+v\n%s", all[0], tale(d.events(r.ID)))
			}
		}
		d.t.Fatalf("step at %s: %v", at, err)
	}
	return did
}

// until lets a guard look whenever it wants to, up to a moment.
func (d *desk) until(p *Progress, end time.Time) {
	d.t.Helper()
	for next := d.now; !next.After(end); {
		did := d.step(p, next)
		if did.Next.IsZero() || did.Next.After(end) {
			break
		}
		next = did.Next
		if !next.After(d.now) {
			next = d.now.Add(time.Second)
		}
	}
	d.step(p, end)
}

// a new request, its customer and what they wrote.
type question struct {
	product  string
	kind     balie.Kind
	priority int
	channel  string
	wrote    func(*balie.Message) // changes their message
	nobody   bool                 // no customer is known
	org      string
}

// ask takes a question in, and puts it at the desk with a receipt.
func (d *desk) ask(q question) balie.ID {
	d.t.Helper()
	d.n++
	now := d.now
	id := balie.NewID(now)
	if q.channel == "" {
		q.channel = "email"
	}
	from := balie.Address{Scheme: balie.Mail, Value: fmt.Sprintf("klant%d@akker.example", d.n), Name: "Klant " + fmt.Sprint(d.n)}
	m := balie.Message{ID: balie.NewID(now), Request: id, Side: balie.CustomerSide, Direction: balie.In, Channel: q.channel, Account: "desk",
		From: from, Proof: balie.Proven, Subject: "Vraag", Text: "Waar blijft het?", Language: "nl", MsgID: fmt.Sprintf("q%d@akker.example", d.n), At: now}
	if q.wrote != nil {
		q.wrote(&m)
	}
	c := balie.Change{Messages: []balie.Message{m}, Request: balie.Request{ID: id}}
	data := map[string]string{"ref": fmt.Sprintf("R%03d", d.n), "channel": q.channel, "subject": m.Subject, "language": "nl", "product": q.product,
		"kind": string(q.kind), "priority": fmt.Sprint(q.priority)}
	if !q.nobody {
		p := balie.Person{ID: balie.NewID(now), Version: 1, Name: from.Name, Addresses: []balie.Address{m.From}, Language: "nl", Organisation: q.org}
		c.People = []balie.Person{p}
		data["customer"] = p.ID.String()
	}
	d.must(c.Do(balie.Event{Request: id, What: balie.Opened, At: now, By: "customer", Message: m.ID, Data: data}))
	s := d.setting(q.org)
	p, _ := s.Promise(c.Request)
	by := s.Hours(c.Request).Add(now, p.Respond)
	d.must(c.Do(balie.Event{What: balie.ToDesk, At: now, By: "router@1", Data: map[string]string{"reason": "test", "letter": balie.NewID(now).String(), "promised": by.UTC().Format(time.RFC3339)}}))
	d.commit(c)
	return id
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) commit(c balie.Change) {
	d.t.Helper()
	if err := d.db.Commit(d.t.Context(), c); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) request(id balie.ID) balie.Request {
	d.t.Helper()
	r, err := d.db.Request(d.t.Context(), id)
	d.must(err)
	return r
}

// do adds an event to a request, now.
func (d *desk) do(id balie.ID, e balie.Event) {
	d.t.Helper()
	d.try(id, e, true)
}

// try is do; when it must not, a move that is not possible is no mistake.
func (d *desk) try(id balie.ID, e balie.Event, must bool) bool {
	d.t.Helper()
	c := balie.Change{Request: d.request(id)}
	e.At = d.now
	if e.By == "" {
		e.By = "agent:sanne"
	}
	if err := c.Do(e); err != nil {
		if must {
			d.t.Fatal(err)
		}
		return false
	}
	d.commit(c)
	return true
}

// handOut gives a request to a team.
func (d *desk) handOut(id balie.ID, team string, term time.Duration) balie.ID {
	d.t.Helper()
	r := d.request(id)
	t, _ := d.cat.Team(team)
	_, cal := d.setting("").teamHours(r, team)
	h := balie.Handout{ID: balie.NewID(d.now), Team: team, To: t.Reach, State: balie.Offered, Opened: d.now, Due: cal.Add(d.now, term)}
	d.do(id, balie.Event{What: balie.HandedOut, Handout: &h})
	return h.ID
}

func (d *desk) events(id balie.ID) []balie.Event {
	d.t.Helper()
	all, err := d.db.Events(d.t.Context(), id, 0)
	d.must(err)
	return all
}

// fired are the timers of a request that went off, "timer cause" each, and with
// a what its data says.
func (d *desk) fired(id balie.ID, also ...string) []string {
	d.t.Helper()
	var out []string
	for _, e := range d.events(id) {
		if e.What != balie.Fired {
			continue
		}
		line := e.Data["timer"]
		for _, k := range also {
			line += "|" + e.Data[k]
		}
		out = append(out, line)
	}
	return out
}

// letters are those that went to the customer by themselves, by their reason.
func (d *desk) told(id balie.ID) []string {
	d.t.Helper()
	var out []string
	for _, e := range d.events(id) {
		if e.What == balie.Told && e.By == By {
			out = append(out, e.Data["why"])
		}
	}
	return out
}

// message is one of the store.
func (d *desk) message(id balie.ID) balie.Message {
	d.t.Helper()
	m, err := d.db.Message(d.t.Context(), id)
	d.must(err)
	return m
}

// all are the requests of the store, oldest first.
func (d *desk) all() []balie.Request {
	d.t.Helper()
	var out []balie.Request
	for r, err := range d.db.List(d.t.Context(), store.Filter{Order: store.ByOpened}) {
		d.must(err)
		out = append(out, r)
	}
	return out
}

func diff(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func pairs(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, " ")
}

// short policies of tests.
const (
	plainPolicy = `
default: {respond: 4h, update: 16h, resolve: 16h}
inform: {delay: true, at: 0.9, silent: true, per_day: 3}
remind: {before: 0.75, overdue: 8h, most: 3, silent: 16h, passed: 2}
closing: {waiting: [2, 5, 8], solved: 5, reopen: 10}
aftercare: {sample: 1, every: 60, bad: 2, holds: 30}
`
)

// start is the beginning of the feed.
func (d *desk) start() store.FeedCursor { return "" }
