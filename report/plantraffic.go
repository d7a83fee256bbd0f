package report

import (
	"iter"
	"time"

	"github.com/balie/balie/internal/hours"
)

// TrafficWeeks is over how many weeks traffic is measured: enough for each half
// hour of a day, and not last year's.
const TrafficWeeks = 8

// leastDays is how many opening days must be measured before they say anything.
const leastDays = 10

// TrafficOver is the stretch of whole days that traffic is measured over at a
// moment.
func TrafficOver(now time.Time, zone *time.Location) Period {
	y, m, d := now.In(zone).Date()
	to := time.Date(y, m, d, 0, 0, 0, 0, zone)
	return Period{Span: Between, From: to.AddDate(0, 0, -7*TrafficWeeks), To: to}
}

// TrafficOf measures what came in from the facts of a period, by opening day:
// what comes in while the desk is closed is there when it opens. false: there
// is too little to say.
func TrafficOf(facts iter.Seq2[Fact, error], c hours.Calendar, p Period) (Traffic, bool, error) {
	t := Traffic{Measured: true, Channels: map[string]float64{}, Halves: map[int]float64{}, Products: map[string]Handled{}}
	all, automatic := 0, 0
	first := p.To
	for f, err := range facts {
		switch {
		case err != nil:
			return t, false, err
		case noise(f) || !p.Has(f.Opened):
			continue
		}
		if f.Opened.Before(first) {
			first = f.Opened
		}
		all++
		h := t.Products[f.Product]
		h.Requests++
		if f.Automatic {
			automatic++
		} else {
			h.ByPerson++
		}
		t.Products[f.Product] = h
		t.Channels[f.Channel]++
		at := f.Opened
		if !c.IsOpen(at) {
			at = c.Next(at)
		}
		hour, minute, _ := at.In(c.Zone()).Clock()
		t.Halves[(hour*60+minute)/halfMinutes*halfMinutes]++
	}
	// A desk that began in the middle of it is not measured by days on which it
	// was not there.
	y, m, d := first.In(c.Zone()).Date()
	t.From, t.To = time.Date(y, m, d, 0, 0, 0, 0, c.Zone()), p.To
	for day := t.From; day.Before(p.To); day = day.AddDate(0, 0, 1) {
		if c.Between(day, day.AddDate(0, 0, 1)) > 0 {
			t.Days++
		}
	}
	if t.Days < leastDays || all < SmallN {
		return t, false, nil
	}
	t.PerDay = float64(all) / float64(t.Days)
	t.Automatic = float64(automatic) / float64(all)
	for id := range t.Channels {
		t.Channels[id] /= float64(t.Days)
	}
	return t, true, nil
}
