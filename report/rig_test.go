package report

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// desk is a store with the sample's documents and a book beside it.
type desk struct {
	t     tester
	dir   string
	store *boltstore.DB
	book  *Book
}

var deskBegan = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// tester is a test, or a draw of rapid's.
type tester interface {
	rapid.TB
	Cleanup(func())
	Context() context.Context
}

func newDesk(t tester) *desk {
	t.Helper()
	dir, err := os.MkdirTemp("", "balie-report-")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, dir: dir}
	if d.store, err = boltstore.Open(dir, boltstore.Options{MinFree: -1, MmapSize: 1 << 26}); err != nil {
		t.Fatal(err)
	}
	d.publish(catalogueDoc, catalogue.Sample(), deskBegan)
	d.publish(policyDoc, progress.Sample(), deskBegan)
	d.open()
	t.Cleanup(func() {
		d.book.Close()
		d.store.Close()
		os.RemoveAll(dir)
	})
	return d
}

func (d *desk) publish(kind string, body []byte, at time.Time) {
	d.t.Helper()
	history, err := d.store.DocumentHistory(d.t.Context(), kind, "")
	if err == nil {
		_, err = d.store.PutDocument(d.t.Context(), store.Document{Kind: kind, Body: body, At: at}, len(history))
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) file() string { return filepath.Join(d.dir, File) }

func (d *desk) open() {
	d.t.Helper()
	var err error
	if d.book, err = Open(d.file(), d.store, Options{Log: slog.New(slog.DiscardHandler)}); err != nil {
		d.t.Fatal(err)
	}
}

// again closes the book and opens it, as a restart does.
func (d *desk) again() {
	d.t.Helper()
	if err := d.book.Close(); err != nil {
		d.t.Fatal(err)
	}
	d.open()
}

func (d *desk) catchUp() {
	d.t.Helper()
	if err := d.book.CatchUp(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) commit(c ...balie.Change) {
	d.t.Helper()
	if err := d.store.Commit(d.t.Context(), c...); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) sheet(plan Plan, p Period, s Scope, now time.Time) Factsheet {
	d.t.Helper()
	f, err := d.book.Factsheet(d.t.Context(), plan, p, s, now)
	if err != nil {
		d.t.Fatal(err)
	}
	return f
}

// agrees compares the book's factsheet with the recount of it.
func (d *desk) agrees(plan Plan, p Period, s Scope, now time.Time) {
	d.t.Helper()
	want, err := Recount(d.t.Context(), d.store, Options{}, plan, p, s, now)
	if err != nil {
		d.t.Fatal(err)
	}
	if diff := Differences(d.sheet(plan, p, s, now), want); len(diff) > 0 {
		d.t.Fatalf("%s, scope %+v, at %s: the book and the recount differ:\n%s", p.ID(), s, now.Format(time.RFC3339), strings.Join(diff, "\n"))
	}
}

// story is a request while its events are made.
type story struct {
	balie.Change
	all    []balie.Event
	before []balie.Request // as it was before each event
	person balie.ID
	at     time.Time
}

// tell adds an event; one that the table of moves refuses is none.
func (s *story) tell(e balie.Event) bool {
	e.At = s.at
	was := s.Request
	if s.Do(e) != nil {
		return false
	}
	s.all, s.before = append(s.all, s.Events[len(s.Events)-1]), append(s.before, was)
	return true
}

// take is what was not committed yet, as a Change.
func (s *story) take() (balie.Change, bool) {
	c := s.Change
	c.Request = s.Request
	s.Change = balie.Change{Request: s.Request}
	return c, len(c.Events) > 0
}

func newStory(at time.Time, channel, product string, known bool) *story {
	s := &story{at: at}
	id := balie.NewID(at)
	data := map[string]string{"ref": id.Ref(6), "channel": channel, "subject": "Sleutel", "language": "nl", "product": product, "kind": "question"}
	if known {
		s.person = balie.NewID(at)
		data["customer"] = s.person.String()
		s.People = []balie.Person{{ID: s.person, Version: 1, Name: "Noor", Addresses: []balie.Address{{Scheme: balie.Mail, Value: s.person.String() + "@klant.example"}}}}
	}
	s.tell(balie.Event{Request: id, What: balie.Opened, By: "customer", Data: data})
	return s
}

// decided is an event of the router.
func decided(what balie.What, organisation string, missing ...string) balie.Event {
	return balie.Event{What: what, By: "router@3", Decision: &balie.Decision{Rule: "regel-1", Ruleset: 3, Matched: []string{"merk", "regel-1"},
		Facts: balie.Facts{Missing: missing, Customer: balie.CustomerFacts{Organisation: organisation}}}}
}

var storyTeams = []string{"techniek", "receptie", "accountmanagement"}

// step draws something that happens next.
func (s *story) step(t *rapid.T) {
	n := len(s.all)
	last := s.all[n-1]
	agent := "agent:" + rapid.SampledFrom([]string{"sanne", "bram"}).Draw(t, "agent")
	promise := map[string]string{}
	if rapid.IntRange(0, 2).Draw(t, "promise") == 0 {
		promise["promised"] = s.at.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "hours")) * time.Hour).UTC().Format(time.RFC3339)
	}
	handout := func(what balie.What) balie.Event {
		e := balie.Event{What: what, By: "team:x", Data: map[string]string{}}
		if hs := s.Request.OpenHandouts(); len(hs) > 0 {
			e.Data["handout"] = hs[0].ID.String()
		}
		return e
	}
	team := rapid.SampledFrom(storyTeams).Draw(t, "team")
	out := balie.Event{What: balie.HandedOut, By: agent, Data: promise, Handout: &balie.Handout{ID: balie.NewID(s.at), Team: team, State: balie.Offered, Opened: s.at, Due: s.at.Add(20 * time.Hour)}}
	if rapid.Bool().Draw(t, "not complete") {
		out.Data["why"] = "haast"
	}
	switch rapid.IntRange(0, 27).Draw(t, "what") {
	case 0, 1:
		s.tell(balie.Event{What: balie.ToDesk, By: agent, Data: promise})
	case 2, 3, 4, 5:
		if s.tell(balie.Event{What: balie.Answered, By: agent}) && rapid.Bool().Draw(t, "confirmed") {
			s.tell(balie.Event{What: balie.Confirmed, By: agent})
		}
	case 6:
		s.tell(balie.Event{What: balie.Confirmed, By: "customer"})
	case 7:
		s.tell(balie.Event{What: balie.Lapsed, By: "timer"})
	case 8:
		s.tell(balie.Event{What: balie.Reopened, By: "customer"})
	case 9:
		s.tell(balie.Event{What: balie.Asked, By: agent, Data: map[string]string{"fields": "room"}})
	case 10:
		s.tell(balie.Event{What: balie.Replied, By: "customer"})
	case 11, 12:
		if s.tell(out) && rapid.Bool().Draw(t, "told") {
			s.tell(balie.Event{What: balie.Told, By: agent})
		}
	case 13:
		s.tell(handout(rapid.SampledFrom([]balie.What{balie.HandoutDone, balie.HandoutRefused, balie.HandoutReturned, balie.HandoutWithdrawn}).Draw(t, "end")))
	case 14:
		s.tell(balie.Event{What: balie.Told, By: rapid.SampledFrom([]string{agent, "timer"}).Draw(t, "by"), Data: promise})
	case 15:
		s.tell(balie.Event{What: balie.PlannedFor, By: agent, Data: map[string]string{"chosen": rapid.SampledFrom([]string{"", "desk"}).Draw(t, "chosen")}})
	case 16:
		s.tell(balie.Event{What: balie.Resumed, By: "timer"})
	case 17:
		outcome := rapid.SampledFrom([]balie.Outcome{balie.Duplicate, balie.Spam, balie.WithdrawnByIt, balie.RefusedByDesk}).Draw(t, "outcome")
		s.tell(balie.Event{What: balie.ClosedAs, By: agent, Data: map[string]string{"outcome": string(outcome), "of": balie.NewID(s.at).String()}})
	case 18:
		s.tell(balie.Event{What: balie.Unanswered, By: "timer"})
	case 19:
		if last.What == balie.ClosedAs || last.What == balie.Confirmed && n > 1 && !s.all[n-2].At.Equal(last.At) {
			s.tell(balie.Event{What: balie.Undone, By: agent, Data: s.before[n-1].Standing()})
		}
	case 20:
		if last.What == balie.Answered || last.What == balie.Asked || last.What == balie.Told {
			if n < 2 || !s.all[n-2].At.Equal(last.At) {
				s.tell(balie.Event{What: balie.Unsent, By: agent, Data: s.before[n-1].Standing()})
			}
		}
	case 21:
		s.tell(balie.Event{What: balie.Judged, By: agent, Data: map[string]string{"of": "2", "right": strconv.FormatBool(rapid.Bool().Draw(t, "right"))}})
	case 22:
		s.tell(balie.Event{What: balie.Rated, By: "customer", Data: map[string]string{"score": strconv.Itoa(rapid.IntRange(0, 6).Draw(t, "score"))}})
	case 23:
		timer := rapid.SampledFrom([]string{"aftercare", "delay", "silent"}).Draw(t, "timer")
		s.tell(balie.Event{What: balie.Fired, By: "timer", Data: map[string]string{"timer": timer, "cause": fmt.Sprint(n)}})
		if rapid.Bool().Draw(t, "told by it") {
			s.tell(balie.Event{What: balie.Told, By: "timer", Data: map[string]string{"letter": s.Request.ID.String(), "why": timer}})
		}
	case 24:
		s.tell(balie.Event{What: balie.Edited, By: agent, Data: map[string]string{"product": rapid.SampledFrom([]string{"sleutel", "toegangspas", ""}).Draw(t, "product"), "assignee": "bram"}})
	case 25:
		s.tell(balie.Event{What: balie.Filled, By: "customer", Data: map[string]string{"room": "B2.14"}})
	case 26:
		s.tell(balie.Event{What: balie.Edited, By: agent, Data: map[string]string{"priority": strconv.Itoa(rapid.IntRange(-1, 2).Draw(t, "priority"))}})
	case 27:
		s.tell(balie.Event{What: balie.Noted, By: agent})
	}
}

// begin draws how a request is decided on at first.
func (s *story) begin(t *rapid.T) {
	org := rapid.SampledFrom([]string{"", "klant-a", "klant-b"}).Draw(t, "organisation")
	promised := map[string]string{"promised": s.at.Add(4 * time.Hour).UTC().Format(time.RFC3339), "letter": s.Request.ID.String()}
	switch rapid.IntRange(0, 6).Draw(t, "first") {
	case 0, 1:
		e := decided(balie.ToDesk, org)
		e.Data = promised
		s.tell(e)
	case 2, 3:
		s.tell(decided(balie.Answered, org))
	case 4:
		e := decided(balie.HandedOut, org, rapid.SampledFrom([][]string{nil, {"room"}}).Draw(t, "missing")...)
		e.Handout = &balie.Handout{ID: balie.NewID(s.at), Team: rapid.SampledFrom(storyTeams).Draw(t, "to"), State: balie.Offered, Opened: s.at, Due: s.at.Add(20 * time.Hour)}
		s.tell(e)
	case 5:
		s.tell(decided(balie.Asked, org))
	case 6:
		s.tell(balie.Event{What: balie.Answered, By: "agent:sanne"})
		s.tell(balie.Event{What: balie.Confirmed, By: "agent:sanne"})
	}
}

// sampleDocs are the sample's documents, in force at all times.
func sampleDocs(t rapid.TB) InForce {
	t.Helper()
	c, err := catalogue.Parse("catalogue", catalogue.Sample())
	if err != nil {
		t.Fatal(err)
	}
	p, err := progress.Parse("progress", progress.Sample(), c)
	if err != nil {
		t.Fatal(err)
	}
	return func(time.Time) progress.Setting {
		return progress.Setting{Catalogue: c, Policy: p, Calendar: c.Calendar(balie.Product{})}
	}
}
