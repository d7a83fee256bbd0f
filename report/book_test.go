package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/balie/balie"
)

// oneOfEach is a desk with a few requests.
func oneOfEach(t *testing.T) (*desk, []*story) { return someOfEach(t, 6) }

func someOfEach(t *testing.T, n int) (*desk, []*story) {
	t.Helper()
	d := newDesk(t)
	var all []*story
	var changes []balie.Change
	for i := range n {
		s := newStory(monday.Add(time.Duration(i)*6*time.Hour/time.Duration(n)), "email", "sleutel", true)
		s.tell(decided(balie.ToDesk, "klant-a"))
		s.tell(balie.Event{What: balie.Filled, By: "customer", Data: map[string]string{"room": fmt.Sprint("Kamer Wilhelmina ", i)}})
		s.at = s.at.Add(time.Hour)
		s.tell(by("agent:sanne", balie.Answered))
		c, _ := s.take()
		changes, all = append(changes, c), append(all, s)
	}
	d.commit(changes...)
	d.catchUp()
	return d, all
}

func november(t *testing.T) Period { return MonthOf(monday, amsterdam(t)) }

var later = monday.Add(24 * time.Hour)

// Nothing in the file names a person once they are erased: no id, no place
// that they gave, not in pages that are free either.
func TestS13_WhoIsErasedIsGoneFromTheFacts(t *testing.T) {
	d, all := someOfEach(t, 300) // more than fit in a few pages
	if !d.has(t, all[0].person[:]) || !d.has(t, []byte("kamer wilhelmina 0")) {
		t.Fatal("the file has nothing to erase")
	}
	before := d.sheet(Plan{}, november(t), Scope{}, later)
	gone := all[:20]
	for _, s := range gone {
		if _, err := d.store.Erase(t.Context(), s.person, "agent:sanne", "asked", later); err != nil {
			t.Fatal(err)
		}
	}
	d.catchUp()
	d.again() // so that all is written
	b, err := os.ReadFile(d.file())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range gone {
		if bytes.Contains(b, s.person[:]) {
			t.Error("the file has the id of an erased person")
		}
	}
	if bytes.Contains(b, []byte("kamer wilhelmina 0")) {
		t.Error("the file has a place that an erased person gave")
	}
	d.agrees(Plan{}, november(t), Scope{}, later)
	after := d.sheet(Plan{}, november(t), Scope{}, later)
	if len(all) != after.Total || before.Resolve != after.Resolve {
		t.Errorf("%d requests, solved in %+v; before %d in %+v: numbers stay", after.Total, after.Resolve, before.Total, before.Resolve)
	}
	if got := after.Customer; len(got) != 2 || got[1].ID != "" || got[1].Count != len(gone) {
		t.Errorf("customers: %+v, want those who are gone without a name", got)
	}
}

// has reports whether the file has some bytes.
func (d *desk) has(t *testing.T, what []byte) bool {
	t.Helper()
	d.again() // so that all is written
	b, err := os.ReadFile(d.file())
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(b, what)
}

// Whatever becomes of the file, the figures come back; they are never wrong.
func TestR9_ADamagedBookIsMadeAnew(t *testing.T) {
	for name, harm := range map[string]func([]byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"cut off":   func(b []byte) []byte { return b[:len(b)/2] },
		"rubbish":   func([]byte) []byte { return bytes.Repeat([]byte("rubbish "), 10_000) },
		"all zeros": func(b []byte) []byte { return make([]byte, len(b)) },
		"a fact": func(b []byte) []byte {
			i := bytes.LastIndex(b, []byte{0, 0, 0, 0x80}) // the end of a record's head
			b[i+9] ^= 0x40
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := oneOfEach(t)
			if err := d.book.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(d.file())
			if err == nil {
				err = os.WriteFile(d.file(), harm(b), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			d.open()
			for range 3 { // the first look finds it
				f, err := d.book.Factsheet(t.Context(), Plan{}, november(t), Scope{}, later)
				var away *balie.UnavailableError
				if err != nil && !errors.As(err, &away) {
					t.Fatal(err)
				}
				if err == nil && f.Total != 0 && f.Total != 6 {
					t.Fatalf("%d requests, want 6 or an error", f.Total)
				}
				d.catchUp()
			}
			d.agrees(Plan{}, november(t), Scope{}, later)
		})
	}
}

// A store that was put back from a backup has another feed.
func TestR10_ABookOfAnotherTimeIsMadeAnew(t *testing.T) {
	d, _ := oneOfEach(t)
	if err := d.book.note(metaCursor, "999999"); err != nil {
		t.Fatal(err)
	}
	if err := d.book.CatchUp(t.Context()); err == nil {
		t.Fatal("a place in the feed that is not there was read on from")
	}
	if d.book.Ready() {
		t.Error("it says that all requests are in it")
	}
	d.catchUp()
	d.agrees(Plan{}, november(t), Scope{}, later)
	if !d.book.Ready() {
		t.Error("it does not say that all requests are in it again")
	}

	d.note(t, metaInstance, "another")
	if d.again(); d.book.Ready() {
		t.Error("the book of another store was taken")
	}
	d.catchUp()
	d.note(t, metaFormat, "0")
	if d.again(); d.book.Ready() {
		t.Error("a book of another format was taken")
	}
	d.catchUp()
	d.agrees(Plan{}, november(t), Scope{}, later)
}

func (d *desk) note(t *testing.T, name, value string) {
	t.Helper()
	if err := d.book.note(name, value); err != nil {
		t.Fatal(err)
	}
}

// While balie runs the book follows, and says how far it is behind.
func TestTheBookFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, all := oneOfEach(t)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.book.Follow(ctx) }()
		synctest.Wait()
		if behind := d.book.Behind(time.Now()); behind != 0 {
			t.Errorf("nothing happened, and it is %v behind", behind)
		}
		s := all[0]
		s.at = s.at.Add(time.Hour)
		s.tell(by("customer", balie.Reopened))
		c, _ := s.take()
		d.commit(c)
		time.Sleep(time.Second)
		if behind := d.book.Behind(time.Now()); behind != time.Second {
			t.Errorf("%v behind, want a second", behind)
		}
		time.Sleep(gather)
		synctest.Wait()
		if f := d.sheet(Plan{}, november(t), Scope{}, later); f.All[17].Metric != Backlog || f.All[17].Value != 1 || f.Stale != 0 {
			t.Errorf("open: %+v, %v behind; want 1 and nothing", f.All[17], f.Stale)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsOpenIsJudgedAnewWhenATargetChanges(t *testing.T) {
	d := newDesk(t)
	s := newStory(monday, "email", "", true)
	s.tell(decided(balie.ToDesk, ""))
	c, _ := s.take()
	d.commit(c)
	d.catchUp()
	at := monday.Add(2 * time.Hour)
	late := func() Figure { return figureOf(t, d.sheet(Plan{}, november(t), Scope{}, at), ResponseKept) }
	if f := late(); !f.None {
		t.Fatalf("two of four hours are used: %+v", f)
	}
	d.publish(policyDoc, []byte(otherTargets), monday.Add(time.Hour))
	d.catchUp()
	if f := late(); f.N != 1 || f.Of != 0 {
		t.Errorf("the target is half an hour now: %+v, want it broken", f)
	}
	d.agrees(Plan{}, november(t), Scope{}, at)
}

func figureOf(t *testing.T, f Factsheet, metric string) Figure {
	t.Helper()
	for _, x := range f.All {
		if x.Metric == metric {
			return x
		}
	}
	t.Fatalf("there is no %s", metric)
	return Figure{}
}

// The one sentence of a factsheet is about a goal that is missed and falls, and
// about where it is missed most.
func TestTheConcernIsWhatIsMissedAndFalls(t *testing.T) {
	d := newDesk(t)
	d.catchUp()
	zone := amsterdam(t)
	var facts []Fact
	for month := range 6 { // in time: 90, 85, … 65 of 100; all that is late was with one team
		for i := range 100 {
			f := solves(time.Date(2026, time.May+time.Month(month), 5, 10, i%60, i, 0, zone), 30*time.Minute, true)
			if i%2 == 0 {
				f.Team, f.Teams, f.Handouts = "techniek", []string{"techniek"}, 1
			}
			if i%2 == 0 && i/2 < 10+5*month {
				f.ResolveKept, f.ResolveDue = false, f.Opened.Add(10*time.Minute)
			}
			facts = append(facts, f)
		}
	}
	d.write(facts...)
	plan := Plan{Version: 1, Goals: []PlanGoal{
		{ID: "once", Metric: FirstTimeRight, Target: 0.9}, {ID: "time", Metric: ResolveKept, Target: 0.8}, {ID: "auto", Metric: AutoAnswered, Target: 0},
	}}
	f := d.sheet(plan, MonthOf(time.Date(2026, time.October, 9, 12, 0, 0, 0, zone), zone), Scope{}, time.Date(2026, 11, 2, 9, 0, 0, 0, zone))
	if f.Concern != ResolveKept || f.Falling != 5 || f.Worst != "team:techniek" {
		t.Errorf("concern %q, falling for %d, about %q; want resolve_kept, 5, team:techniek", f.Concern, f.Falling, f.Worst)
	}
	if g := f.Goals[1]; g.Figure.Of != 65 || g.Figure.N != 100 || g.Reached || len(g.Trend) != 13 {
		t.Errorf("in time: %+v", g.Figure)
	}
	if g := f.Goals[2]; !g.Reached {
		t.Error("a goal of 0 % is not reached")
	}
	if len(f.Teams) != 1 || f.Teams[0].Count != 50 || f.Teams[0].Kept.Of != 15 {
		t.Errorf("teams: %+v", f.Teams)
	}
	plan.Goals = plan.Goals[2:]
	if f := d.sheet(plan, f.Period, Scope{}, f.Made); f.Concern != "" || f.Worst != "" {
		t.Errorf("all is reached, and the concern is %q about %q", f.Concern, f.Worst)
	}
}

func TestOpenRequestsAreShownByAgeInOpeningDays(t *testing.T) {
	d := newDesk(t)
	d.catchUp()
	zone := amsterdam(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, zone) // a Monday
	friday := time.Date(2026, 11, 20, 13, 0, 0, 0, zone)
	late := opens(friday.AddDate(0, 0, -7))
	late.ResolveDue = friday.UTC()
	d.write(opens(now.Add(-time.Hour)), opens(friday), opens(friday.AddDate(0, 0, -1)), late, opens(now.AddDate(0, -3, 0)), opens(now.Add(time.Hour)))
	f := d.sheet(Plan{}, MonthOf(now, zone), Scope{}, now)
	var got []string
	for _, b := range f.Ages {
		got = append(got, strings.Repeat("x", b.Count)+strings.Repeat("!", b.Late))
	}
	if want := "xx|x||x!||x"; strings.Join(got, "|") != want {
		t.Errorf("by age %s, want %s", strings.Join(got, "|"), want)
	}
	if x := figureOf(t, f, Backlog); x.Value != 5 {
		t.Errorf("%v open, want 5", x.Value)
	}
}
