//go:build unix

package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// benchFacts is how many facts the benchmarks' book has: a year of a very busy
// desk. BALIE_FACTS sets another number.
func benchFacts(b *testing.B) int {
	n := 1_000_000
	if v := os.Getenv("BALIE_FACTS"); v != "" {
		if _, err := fmt.Sscan(v, &n); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// filled is a book of n facts over the year before its end.
func filled(b *testing.B, n int) (*Book, time.Time) {
	b.Helper()
	dir := b.TempDir()
	db, err := boltstore.Open(dir, boltstore.Options{MinFree: -1, MmapSize: 1 << 26})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := db.PutDocument(b.Context(), store.Document{Kind: catalogueDoc, Body: catalogue.Sample(), At: deskBegan}, 0); err != nil {
		b.Fatal(err)
	}
	book, err := Open(filepath.Join(dir, File), db, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		book.Close()
		db.Close()
	})
	if err := book.CatchUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(1, 2))
	some := make([]Fact, 0, 10_000)
	for i := range n {
		some = append(some, someFact(r, end.Add(-time.Duration(float64(365*24*time.Hour)*float64(n-i)/float64(n)))))
		if len(some) == cap(some) || i == n-1 {
			if err := book.put(some, nil); err != nil {
				b.Fatal(err)
			}
			some = some[:0]
		}
	}
	return book, end
}

// someFact is a request as most are.
func someFact(r *rand.Rand, at time.Time) Fact {
	at = at.Truncate(time.Second)
	pick := func(name string, n int) string { return fmt.Sprintf("%s-%d", name, min(r.IntN(n), r.IntN(n))) }
	respond, resolve := time.Duration(r.IntN(4*3600))*time.Second, time.Duration(r.IntN(40*3600))*time.Second
	f := Fact{Request: balie.NewID(at), Opened: at, State: balie.Closed, Outcome: balie.Solved, Kind: balie.Question, Channel: []string{"email", "phone", "slack", "form"}[r.IntN(4)],
		Product: pick("product", 60), Language: "nl", Place: pick("place", 400), Agent: pick("agent", 12), Organisation: pick("klant", 80), Customer: balie.NewID(at),
		Decided: ToDesk, Rule: pick("rule", 30), Ruleset: 3, Responded: at.Add(respond), Respond: respond, RespondTarget: 4 * time.Hour, RespondDue: at.Add(4 * time.Hour), RespondKept: true,
		Solved: at.Add(resolve), Resolve: resolve, ResolveTarget: 40 * time.Hour, ResolveDue: at.Add(39 * time.Hour), ResolveKept: resolve < 39*time.Hour,
		Closed: at.Add(resolve + 100*time.Hour), Words: 1 + r.IntN(3), Touches: 2}
	f.Path = []Step{{Holder: "router"}, {Holder: "desk", Took: resolve, Rule: f.Rule}, {Holder: "answered", Took: 100 * time.Hour}, {Holder: "closed:solved"}}
	f.Rulings = []Ruling{{Rule: f.Rule, Ruleset: 3, Also: []string{"mark"}}}
	switch r.IntN(10) {
	case 0, 1, 2:
		f.Decided, f.Automatic, f.Unaided, f.Touches = FromCatalogue, true, true, 0
	case 3, 4:
		f.Team = pick("team", 9)
		f.Teams, f.Decided, f.Handouts, f.Complete = []string{f.Team}, ToBackoffice, 1, r.IntN(2)
		f.Path = []Step{{Holder: "router"}, {Holder: "team:" + f.Team, Took: resolve, Rule: f.Rule}, {Holder: "answered", Took: 100 * time.Hour}, {Holder: "closed:solved"}}
	case 5:
		f.Score, f.Scored, f.Surveyed = 1+r.IntN(5), f.Closed, true
	}
	if r.IntN(100) == 0 { // still open
		f.State, f.Outcome, f.Solved, f.Closed, f.Resolve, f.ResolveKept = balie.AtDesk, "", time.Time{}, time.Time{}, 0, false
		f.Path = f.Path[:2]
		f.Path[1].Took = 0
	}
	return f
}

// A factsheet of a year and of a month over a year of a million requests, with
// the twelve periods before it and a plan of four goals. Goal: 1 s.
func BenchmarkFactsheet1M(b *testing.B) {
	book, now := filled(b, benchFacts(b))
	plan := Plan{Version: 1, Goals: []PlanGoal{{ID: "a", Metric: FirstTimeRight, Target: 0.7}, {ID: "b", Metric: ResolveKept, Target: 0.9},
		{ID: "c", Metric: ResolveP90, Target: 7200, AtMost: true, Except: []string{"product-1"}}, {ID: "d", Metric: Satisfaction, Target: 4.2}}}
	zone := amsterdam(b)
	info, err := os.Stat(book.path)
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range []Period{YearOf(now.Add(-48*time.Hour), zone), MonthOf(now.Add(-48*time.Hour), zone)} {
		b.Run(string(p.Span), func(b *testing.B) {
			total, before := 0, processor(b)
			for b.Loop() {
				f, err := book.Factsheet(context.Background(), plan, p, Scope{}, now)
				if err != nil {
					b.Fatal(err)
				}
				total = f.Total
			}
			b.ReportMetric(float64(processor(b)-before)/1e6/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(total), "requests")
			b.ReportMetric(float64(info.Size())/float64(benchFacts(b)), "B/fact")
		})
	}
	b.Run("today", func(b *testing.B) {
		at := now.Add(-time.Hour)
		for b.Loop() {
			at = at.Add(todayHolds)
			if _, err := book.Today(context.Background(), at); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// processor is the time all cores spent on this process: what a busy machine
// takes from the clock on the wall, it does not take from that.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// What following costs of a request with six events, without reading them.
func BenchmarkFactOf(b *testing.B) {
	at := deskBegan
	s := newStory(at, "email", "sleutel", true)
	e := decided(balie.ToDesk, "klant-a")
	e.Data = map[string]string{"promised": at.Add(4 * time.Hour).Format(time.RFC3339)}
	s.tell(e)
	s.at = at.Add(time.Hour)
	s.tell(balie.Event{What: balie.Edited, By: "agent:sanne", Data: map[string]string{"assignee": "sanne"}})
	s.tell(balie.Event{What: balie.Answered, By: "agent:sanne"})
	s.at = at.Add(100 * time.Hour)
	s.tell(balie.Event{What: balie.Confirmed, By: "customer"})
	s.tell(balie.Event{What: balie.Rated, By: "customer", Data: map[string]string{"score": "4"}})
	docs := sampleDocs(b)
	for b.Loop() {
		if _, err := FactOf(s.all, docs); err != nil {
			b.Fatal(err)
		}
	}
}

// What it costs to make a book of all requests of a store, and to follow: each
// with a receipt, an agent's answer and a confirmation, in six events.
func BenchmarkFollow(b *testing.B) {
	const n = 4000
	d := newDesk(b)
	var changes []balie.Change
	for i := range n {
		s := newStory(deskBegan.Add(time.Duration(i)*time.Minute), "email", "sleutel", true)
		e := decided(balie.ToDesk, "klant-a")
		e.Data = map[string]string{"promised": s.at.Add(4 * time.Hour).Format(time.RFC3339)}
		s.tell(e)
		s.tell(balie.Event{What: balie.Filled, By: "customer", Data: map[string]string{"room": "B2.14"}})
		s.at = s.at.Add(time.Hour)
		s.tell(balie.Event{What: balie.Edited, By: "agent:sanne", Data: map[string]string{"assignee": "sanne"}})
		s.tell(balie.Event{What: balie.Answered, By: "agent:sanne"})
		s.tell(balie.Event{What: balie.Confirmed, By: "agent:sanne"})
		c, _ := s.take()
		changes = append(changes, c)
	}
	for len(changes) > 0 {
		some := changes[:min(500, len(changes))]
		d.commit(some...)
		changes = changes[len(some):]
	}
	for name, anew := range map[string]func() error{
		"remake": d.book.makeAnew,
		"follow": func() error { // from the beginning of the feed
			return errors.Join(d.book.makeAnew(), d.book.note(metaCursor, ""))
		},
	} {
		b.Run(name, func(b *testing.B) {
			var used time.Duration
			for b.Loop() {
				if err := anew(); err != nil {
					b.Fatal(err)
				}
				before := processor(b)
				d.catchUp()
				used += processor(b) - before
			}
			b.ReportMetric(float64(used.Microseconds())/float64(b.N)/n, "cpu-µs/request")
		})
	}
}
