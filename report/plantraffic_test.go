package report

import (
	"iter"
	"math"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// A desk that is open from 9 to 17 on weekdays: of what comes in at night the
// half hour at 9 is told.
func TestTrafficIsMeasuredByOpeningDay(t *testing.T) {
	c, err := hours.Parse(hours.Spec{Timezone: "Europe/Amsterdam", Week: map[string][]string{
		"mon": {"09:00-17:00"}, "tue": {"09:00-17:00"}, "wed": {"09:00-17:00"}, "thu": {"09:00-17:00"}, "fri": {"09:00-17:00"}}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) // Tuesday
	p := TrafficOver(now, c.Zone())
	var facts []Fact
	for day := p.To.AddDate(0, 0, -14); day.Before(p.To); day = day.AddDate(0, 0, 1) { // ten opening days, four others
		for _, f := range []Fact{
			{Opened: day.Add(10*time.Hour + 40*time.Minute), Channel: "phone", Product: "pas"},
			{Opened: day.Add(22 * time.Hour), Channel: "email", Product: "pas", Automatic: true},
			{Opened: day.Add(11 * time.Hour), Channel: "email", State: balie.Closed, Outcome: balie.Spam},
		} {
			if c.IsOpen(day.Add(12*time.Hour)) || f.Channel == "email" {
				facts = append(facts, f)
			}
		}
	}
	// Three times as many, for more than a handful.
	all := func() iter.Seq2[Fact, error] {
		return func(yield func(Fact, error) bool) {
			for range 3 {
				for _, f := range facts {
					if !yield(f, nil) {
						return
					}
				}
			}
		}
	}
	m, ok, err := TrafficOf(all(), c, p)
	if err != nil || !ok {
		t.Fatalf("%v, %v: %+v", ok, err, m)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	if m.Days != 10 || !near(m.PerDay, 3*24.0/10) || !near(m.Channels["phone"], 3) || !near(m.Automatic, 14.0/24) {
		t.Errorf("measured %+v", m)
	}
	if m.Halves[10*60+30] != 30 || m.Halves[9*60] != 42 || len(m.Halves) != 2 {
		t.Errorf("half hours %v", m.Halves)
	}
	if h := m.Products["pas"]; h.Requests != 72 || h.ByPerson != 30 {
		t.Errorf("products %v", m.Products)
	}
	if _, ok, _ := TrafficOf(func(yield func(Fact, error) bool) { yield(facts[0], nil) }, c, p); ok {
		t.Error("one request says how a day goes")
	}
}
