package simulate

import (
	"context"
	"math"
	"time"
)

// half is how the day goes: weights of the half hours from 7.00 hours.
var half = []float64{0.6, 1.4, 5, 7, 9, 9.4, 8.4, 8, 7, 6, 4, 3.6, 6, 7, 6.2, 5.4, 5, 4, 3, 2, 1.4, 0.9, 0.7, 0.6, 0.6, 0.5, 0.4, 0.3}

// firstHalf is the half hour of the day with which half begins.
const firstHalf = 14

// Shares of the days of the week, Sunday first, and of the months.
var (
	weekday = [7]float64{0.03, 1.17, 1.08, 1.0, 1.0, 0.75, 0.04}
	season  = [12]float64{1.08, 1.04, 1.05, 0.98, 0.93, 0.96, 0.74, 0.78, 1.08, 1.12, 1.12, 0.92}
)

// growth is how much more there is at the end of the year than at its begin.
const growth = 0.16

// rate is how many errands are to be expected on a day.
func (s *sim) rate(day time.Time) float64 {
	f := weekday[day.Weekday()] * season[day.Month()-1]
	year := float64(day.YearDay()) / 365
	f *= 1 - growth/2 + growth*year
	closed := s.w.calendar.Holiday(day) != ""
	weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	switch {
	case closed && !weekend:
		f *= 0.05
	case !weekend && s.daysClosed(day) > 2:
		f *= 1.3 // all that waited for the first day
	}
	if day.Month() == time.December && day.Day() > 23 || day.Month() == time.January && day.Day() < 4 {
		f *= 0.45
	}
	return f * s.o.PerDay
}

// daysClosed is how many days in a row before this one nobody was there.
func (s *sim) daysClosed(day time.Time) int {
	n := 0
	for d := day.AddDate(0, 0, -1); n < 10; d = d.AddDate(0, 0, -1) {
		if wd := d.Weekday(); wd != time.Saturday && wd != time.Sunday && s.w.calendar.Holiday(d) == "" {
			break
		}
		n++
	}
	return n
}

// day draws what comes in on a day.
func (s *sim) day(day time.Time) {
	n := day.Year()*400 + day.YearDay()
	r := luck(s.o.Seed, "day", n)
	weights := make([]float64, len(s.words.Products))
	for range about(r, s.rate(day)) {
		for i, t := range s.words.Products {
			weights[i] = t.Weight * s.fashion(t.ID, day)
		}
		t := s.words.Products[choose(r, weights)]
		slot := choose(r, half)
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			slot = r.IntN(len(half))
		}
		at := moment(day, firstHalf+slot).Add(time.Duration(r.Int64N(int64(30 * time.Minute))))
		s.comes(at, t, s.by(t, at, r.Float64()))
	}
	s.outages(day)
}

// moment is the begin of a half hour of a day, also on the day the clock
// changes.
func moment(day time.Time, half int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, half/2, half%2*30, 0, 0, day.Location())
}

// fashion is what the time of year does to what is asked.
func (s *sim) fashion(product string, day time.Time) float64 {
	year := 2 * math.Pi * float64(day.YearDay()) / 365
	switch product {
	case "klimaat": // cold in winter, hot in July
		return 0.7 + 0.5*math.Abs(math.Cos(year))
	case "toegangspas", "werkplek": // new colleagues
		if m := day.Month(); m == time.January || m == time.September {
			return 1.5
		}
	case "openingstijden":
		if m := day.Month(); m == time.December || m == time.April {
			return 1.3
		}
	}
	return 1
}

// by is how somebody turns to the desk: outside its hours nobody picks up.
func (s *sim) by(t topic, at time.Time, x float64) string {
	phone := 0.25
	if t.Calls > 0 {
		phone *= t.Calls
	}
	if !s.w.calendar.IsOpen(at) {
		phone /= 8
	}
	for _, c := range []struct {
		name  string
		share float64
	}{{"phone", phone}, {"counter", 0.02}, {"slack", 0.21}, {"form", 0.17}} {
		if c.name == "counter" && !s.w.calendar.IsOpen(at) {
			continue
		}
		if x < c.share {
			return c.name
		}
		x -= c.share
	}
	return "email"
}

// comes puts an errand on the agenda. No two come in the same millisecond: of
// two things with the same moment ids would say which is first.
func (s *sim) comes(at time.Time, t topic, channel string) {
	if at.Before(s.o.From) || !at.Before(s.o.Until) {
		return
	}
	at = at.Truncate(time.Millisecond)
	for s.taken[at.UnixMilli()] {
		at = at.Add(time.Millisecond)
	}
	s.taken[at.UnixMilli()] = true
	n := s.errands
	s.errands++
	s.agenda.at(at, func(ctx context.Context) error { return s.arrive(ctx, s.newErrand(n, at, t, channel)) })
}

// outages are faults of a whole building: many ask the same within hours.
func (s *sim) outages(day time.Time) {
	for i, t := range s.words.Outages {
		r := luck(s.o.Seed, "outage "+t.ID, s.o.Year)
		for range 2 {
			when := time.Date(s.o.Year, 1, 1, 0, 0, 0, 0, s.w.zone).AddDate(0, 0, 7+r.IntN(350))
			many := 0.25 + 0.35*r.Float64()
			from := 16 + r.IntN(10)
			if t.ID == "verwarming" { // heating fails when it is cold
				when = time.Date(s.o.Year, time.Month(1+11*(r.IntN(2))), 8+r.IntN(14), 0, 0, 0, 0, s.w.zone)
			}
			for when.Weekday() == time.Saturday || when.Weekday() == time.Sunday || s.w.calendar.Holiday(when) != "" {
				when = when.AddDate(0, 0, 1)
			}
			if y, m, d := when.Date(); y != day.Year() || m != day.Month() || d != day.Day() {
				continue
			}
			for range int(many*s.o.PerDay) + i%2 {
				at := moment(day, from).Add(around(r, 50*time.Minute, 2.2))
				s.comes(at, t, s.by(t, at, r.Float64()))
			}
		}
	}
}
