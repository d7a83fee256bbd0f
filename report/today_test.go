package report

import (
	"slices"
	"testing"
	"time"

	"github.com/balie/balie"
)

// write puts facts in the book as if they had been folded.
func (d *desk) write(facts ...Fact) {
	d.t.Helper()
	slices.SortFunc(facts, func(a, b Fact) int { return slices.Compare(a.Request[:], b.Request[:]) })
	if err := d.book.put(facts, nil); err != nil {
		d.t.Fatal(err)
	}
}

// opens is a fact of a request that is open.
func opens(at time.Time) Fact {
	return Fact{Request: balie.NewID(at), Opened: at.UTC(), State: balie.AtDesk, Channel: "email", Product: "sleutel", Decided: ToDesk,
		Path: []Step{{Holder: "router"}, {Holder: "desk"}}}
}

// solves is a fact of a request that was answered.
func solves(at time.Time, took time.Duration, inTime bool) Fact {
	f := opens(at)
	f.State, f.Solved, f.Responded, f.Resolve, f.Respond = balie.AnsweredState, f.Opened.Add(took), f.Opened.Add(took), took, took
	f.ResolveDue, f.ResolveKept = f.Opened.Add(time.Hour), inTime
	f.Path = []Step{{Holder: "router"}, {Holder: "desk", Took: took}, {Holder: "answered"}}
	return f
}

func TestTheBoardSeesTodayBesideTheWeeksBefore(t *testing.T) {
	d := newDesk(t)
	zone := amsterdam(t)
	d.catchUp()
	at := func(date, clock string) time.Time {
		m, err := time.ParseInLocation("2006-01-02 15:04", date+" "+clock, zone)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	now := at("2026-11-24", "11:45") // a Tuesday
	var facts []Fact
	for week := 1; week <= 8; week++ { // two every Tuesday between nine and half past
		day := now.AddDate(0, 0, -7*week)
		for _, minute := range []int{5, 20} {
			facts = append(facts, opens(time.Date(day.Year(), day.Month(), day.Day(), 9, minute, 0, 0, zone)))
		}
	}
	facts = append(facts, opens(at("2026-11-23", "09:10")), opens(at("2026-11-24", "09:10")), opens(at("2026-11-24", "11:31")))
	facts = append(facts, solves(at("2026-11-24", "08:30"), 20*time.Minute, true), solves(at("2026-11-24", "08:40"), 2*time.Hour, false))
	auto := solves(at("2026-11-24", "10:00"), 0, true)
	auto.Automatic = true
	scored := solves(at("2026-11-12", "10:00"), time.Minute, true)
	scored.Score, scored.Scored = 4, at("2026-11-20", "10:00").UTC()
	spam := opens(at("2026-11-24", "09:00"))
	spam.State, spam.Outcome = balie.Closed, balie.Spam
	d.write(append(facts, auto, scored, spam)...)

	got, err := d.book.Today(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	if got.In != 5 || got.Weeks != 8 || got.Expected != 2 {
		t.Errorf("%d came in of %v expected after %d weeks, want 5 of 2 after 8", got.In, got.Expected, got.Weeks)
	}
	slot := got.Slots[18] // nine o'clock
	if slot.From.Format("15:04") != "09:00" || slot.In != 1 || slot.Expected != 2 {
		t.Errorf("at nine: %+v, want 1 of 2 expected", slot)
	}
	if f := got.OnTime.Now; f.Of != 2 || f.N != 3 {
		t.Errorf("in time %d of %d, want 2 of 3", f.Of, f.N)
	}
	if f := got.Automatic.Now; f.Of != 1 || f.N != 5 {
		t.Errorf("without a person %d of %d, want 1 of 5", f.Of, f.N)
	}
	if f := got.Respond.Now; f.Value != 20*60 || len(got.Respond.Days) != 7 {
		t.Errorf("first response %v s over %d days, want 1200 over 7", f.Value, len(got.Respond.Days))
	}
	// The score of Friday is of the seven days up to Friday, and to today.
	for i, day := range got.Satisfaction.Days {
		if want := i >= 2; (day.N == 1) != want {
			t.Errorf("satisfaction on day %d is of %d scores", i, day.N)
		}
	}

	sunday := at("2026-11-22", "12:00")
	if closed, err := d.book.Today(t.Context(), sunday); err != nil || closed.Weeks != 0 || closed.Expected != 0 {
		t.Errorf("on a Sunday %v is expected after %d weeks, %v: want nothing", closed.Expected, closed.Weeks, err)
	}
}

func TestRequestsAreCountedByDayAndBySubject(t *testing.T) {
	d := newDesk(t)
	d.catchUp()
	zone := amsterdam(t)
	late := time.Date(2026, 10, 24, 23, 50, 0, 0, zone) // the day before the clock goes back
	next := time.Date(2026, 10, 25, 23, 50, 0, 0, zone)
	a, b := opens(late), opens(next)
	b.Product, b.Place, b.Customer = "toegangspas", "b2.14", balie.NewID(next)
	d.write(a, b, opens(next.AddDate(0, 0, 1)))
	for by, want := range map[By]map[string][]int{
		ByProduct:  {"sleutel": {1, 0, 1}, "toegangspas": {0, 1, 0}},
		ByPlace:    {"b2.14": {0, 1, 0}},
		ByCustomer: {b.Customer.String(): {0, 1, 0}},
	} {
		got, err := d.book.Counts(t.Context(), by, late, time.Date(2026, 10, 27, 9, 0, 0, 0, zone))
		if err != nil || len(got) != len(want) {
			t.Errorf("by %s: %v, %v, want %v", by, got, err, want)
		}
		for id, days := range want {
			if !slices.Equal(got[id], days) {
				t.Errorf("by %s, %q: %v, want %v", by, id, got[id], days)
			}
		}
	}
}
