package simulate

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

func zone(t testing.TB) *time.Location {
	z, err := time.LoadLocation(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// small is two weeks of a small desk around a day.
func small(t testing.TB, month time.Month, day int) Options {
	from := time.Date(2026, month, day, 0, 0, 0, 0, zone(t))
	return Options{Dir: filepath.Join(t.TempDir(), "store"), Year: 2026, Seed: 7, PerDay: 12, From: from, Until: from.AddDate(0, 0, 14)}
}

func run(t testing.TB, o Options) Summary {
	t.Helper()
	s, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("seed %d, from %s: %v", o.Seed, o.From, err)
	}
	return s
}

// openAgain opens the store of a run that is over.
func openAgain(t *testing.T, o Options) *boltstore.DB {
	db, err := boltstore.Open(o.Dir, boltstore.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// requests are all of a store.
func requests(t *testing.T, db *boltstore.DB) []balie.Request {
	var out []balie.Request
	for r, err := range db.List(t.Context(), store.Filter{Order: store.ByOpened}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestTheSameSeedGivesTheSameFigures(t *testing.T) {
	t.Parallel()
	o := small(t, time.September, 1)
	first, again := run(t, o), Summary{}
	o.Dir = filepath.Join(t.TempDir(), "store")
	again = run(t, o)
	a, _ := json.Marshal(first.Figures)
	b, _ := json.Marshal(again.Figures)
	if string(a) != string(b) {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
	o.Dir, o.Seed = filepath.Join(t.TempDir(), "store"), 8
	if c, _ := json.Marshal(run(t, o).Figures); string(a) == string(c) {
		t.Error("another seed gives the same figures")
	}
}

func TestR2_EveryMessageOfAYearIsSomewhereOnce(t *testing.T) {
	t.Parallel()
	o := small(t, time.October, 5)
	s := run(t, o)
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	n := 0
	for _, c := range s.Outcomes {
		n += c
	}
	if n != s.Messages || s.Messages < 80 {
		t.Errorf("%d messages were handed over, %d have an outcome: %v", s.Messages, n, s.Outcomes)
	}
	db := openAgain(t, o)
	all := requests(t, db)
	if want := s.Outcomes[balie.LedgerTaken] + s.Outcomes[balie.LedgerKept] + s.Calls; len(all) != want {
		t.Errorf("%d requests, want %d: those that messages and calls opened", len(all), want)
	}
	flaws, err := db.Verify(t.Context(), nil)
	if err != nil || len(flaws) > 0 {
		t.Errorf("the store of a simulated desk: %v %v", flaws, err)
	}
	for _, r := range all {
		deliveries, err := db.Deliveries(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deliveries {
			if d.Status != balie.SentOK && d.Due.Before(o.Until.Add(-slack)) {
				t.Errorf("request %s: a letter to %s of %s is %s", r.Ref, d.To.Value, d.Due, d.Status)
			}
		}
	}
}

// TestR12_NoPromiseBreaksUnseenWhenTheClockChanges plays the weeks around both
// nights on which the clock changes, with slow teams.
func TestR12_NoPromiseBreaksUnseenWhenTheClockChanges(t *testing.T) {
	t.Parallel()
	for _, week := range []struct {
		month time.Month
		day   int
	}{{time.March, 22}, {time.October, 18}} {
		o := small(t, week.month, week.day)
		o.Desk.Teams, o.Desk.Agents = 2, 2
		s := run(t, o)
		if err := s.Check(); err != nil {
			t.Errorf("around %s: %v", o.From.AddDate(0, 0, 7).Format(time.DateOnly), err)
		}
		if s.Timers[string(progress.OverdueTimer)] == 0 || s.Timers[string(progress.HandoutOverdueTimer)] == 0 {
			t.Errorf("slow teams break nothing: %v", s.Timers)
		}
		db := openAgain(t, o)
		for _, r := range requests(t, db) {
			events, err := db.Events(t.Context(), r.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			var last time.Time
			for _, e := range events {
				if e.At.Before(last) {
					t.Errorf("request %s: %s at %s stands behind %s", r.Ref, e.What, e.At, last)
				}
				last = e.At
				if e.What != balie.Fired {
					continue
				}
				key := e.Data["timer"] + " " + e.Data["cause"]
				if seen[key] {
					t.Errorf("request %s: %s went off twice", r.Ref, key)
				}
				seen[key] = true
				if e.Data["timer"] == string(progress.SoonTimer) { // may be long past when a customer answers
					continue
				}
				if due, err := time.Parse(time.RFC3339, e.Data["due"]); err == nil && e.At.Sub(due) > 2*tick {
					t.Errorf("request %s: %s was due at %s and went off at %s", r.Ref, key, due, e.At)
				}
			}
		}
	}
}

func TestWithoutAnswersByThemselvesPeopleWorkMore(t *testing.T) {
	t.Parallel()
	o := small(t, time.November, 2)
	other, err := ParseStaffing("automatic=off,inform=on,agents=2", o.Desk.complete())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Compare(t.Context(), o, other)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.As.Requests, c.If.Requests; a != b {
		t.Errorf("the same customers ask %d and %d times", a, b)
	}
	if c.If.Metrics[report.AutoAnswered] != 0 || c.As.Metrics[report.AutoAnswered] < 0.1 {
		t.Errorf("answered without a person: %v and %v", c.As.Metrics[report.AutoAnswered], c.If.Metrics[report.AutoAnswered])
	}
	if c.As.Letters["progress"]+c.As.Letters["delay"] != 0 || c.If.Letters["progress"] == 0 {
		t.Errorf("words by themselves: %v and %v", c.As.Letters, c.If.Letters)
	}
	for language, text := range c.Means {
		if len(text) < 100 {
			t.Errorf("%s: %q", language, text)
		}
	}
}

func TestWhatIfIsRefusedWithAFix(t *testing.T) {
	for _, text := range []string{"agents=0", "agents", "people=3", "targets=x", "automatic=maybe", "teams=99"} {
		_, err := ParseStaffing(text, Staffing{})
		if x, ok := errors.AsType[*balie.InvalidError](err); !ok || x.Fix == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
	s, err := ParseStaffing("agents=3, targets=1.5", Staffing{Inform: true})
	if want := (Staffing{Agents: 3, Targets: 1.5, Teams: 1, Inform: true}); err != nil || s != want {
		t.Errorf("%+v %v, want %+v", s, err, want)
	}
}

func TestAStoreThatHoldsSomethingIsLeftAlone(t *testing.T) {
	o := small(t, time.May, 4)
	o.Until = o.From.AddDate(0, 0, 1)
	run(t, o)
	if _, err := Run(t.Context(), o); err == nil {
		t.Error("a second year was played over the first")
	}
}
