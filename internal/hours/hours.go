// Package hours is in charge of opening hours: when a desk is open, and how
// much opening time lies between two moments.
//
// Guarantees:
//  1. It is pure: the same calendar and moments give the same result, on every
//     host (zone data is embedded).
//  2. It is exact over summer time. A span such as "02:00-03:00" begins at the
//     first moment whose clock shows 02:00 or later and ends at the first that
//     shows 03:00 or later; so it lasts two hours in the night the clock goes
//     back, none in the night it goes forward, and spans never overlap.
//  3. It ends: a calendar that never opens cannot be made.
package hours

import (
	"iter"
	"slices"
	"time"
	_ "time/tzdata" // the same deadlines on a host without zone files
)

// Calendar says when a desk is open. It is immutable and safe for concurrent
// use. The zero value is always open, in UTC. Times it returns are in its zone.
type Calendar struct {
	spec     Spec
	zone     *time.Location
	week     [7][]span // by time.Weekday; sorted, apart
	open     bool      // always open
	parsed   bool
	holidays map[int64]string // by day; those listed and the computed ones of the usual years
	public   bool             // Dutch public holidays too
	except   []string         // names of those that are ordinary days here
	listed   int              // how many days are listed by hand
}

// span is a stretch of a day, in minutes after midnight on the wall clock.
type span struct{ from, to int }

// stretch is an uninterrupted piece of opening time: from up to, not including, to.
type stretch struct{ from, to time.Time }

// Zone is the zone the calendar reckons in.
func (c Calendar) Zone() *time.Location {
	if c.zone == nil {
		return time.UTC
	}
	return c.zone
}

// IsOpen reports whether the desk is open at t.
func (c Calendar) IsOpen(t time.Time) bool {
	if c.always() {
		return true
	}
	t = c.in(t)
	// The clock may go back over midnight: a moment that shows a date can lie
	// in the hours of the next one.
	for day := dayOf(t); day <= dayOf(t)+1; day++ {
		for _, s := range c.stretches(day) {
			if !t.Before(s.from) && t.Before(s.to) {
				return true
			}
		}
	}
	return false
}

// Next is the first open moment at or after t.
func (c Calendar) Next(t time.Time) time.Time {
	t = c.in(t)
	if c.always() {
		return t
	}
	for s := range c.after(t) {
		return later(s.from, t)
	}
	return t
}

// Add is t plus d of opening time: the earliest moment for a positive d, the
// latest for a negative one; so a promise that is used up at closing time ends
// then and not the next morning. Nothing is added for 0, open or not.
func (c Calendar) Add(t time.Time, d time.Duration) time.Time {
	t = c.in(t)
	if d == 0 || c.always() {
		return t.Add(d)
	}
	if d < 0 {
		return c.sub(t, -d)
	}
	for s := range c.after(t) {
		from := later(s.from, t)
		left := s.to.Sub(from)
		if d <= left {
			return from.Add(d)
		}
		d -= left
	}
	return t
}

func (c Calendar) sub(t time.Time, d time.Duration) time.Time {
	for s := range c.before(t) {
		to := earlier(s.to, t)
		left := to.Sub(s.from)
		if d <= left {
			return to.Add(-d)
		}
		d -= left
	}
	return t
}

// Between is the opening time from a to b, negative when b is before a. Its
// work grows with the number of days between them.
func (c Calendar) Between(a, b time.Time) time.Duration {
	a, b = c.in(a), c.in(b)
	if c.always() {
		return b.Sub(a)
	}
	if b.Before(a) {
		return -c.Between(b, a)
	}
	var sum time.Duration
	for s := range c.after(a) {
		if !s.from.Before(b) {
			break
		}
		sum += earlier(s.to, b).Sub(later(s.from, a))
	}
	return sum
}

// AddDays is the same time of the day on the n-th opening day after t, or
// before it when n is negative. When the desk is closed at that time it is the
// next opening that day, or else closing time. For 0 it is t's own day, or the
// next opening when the desk is closed all that day.
func (c Calendar) AddDays(t time.Time, n int) time.Time {
	t = c.in(t)
	day, step := dayOf(t), int64(1)
	if n < 0 {
		n, step = -n, -1
	}
	if n == 0 && len(c.stretches(day)) == 0 {
		return c.Next(t)
	}
	for closed := 0; n > 0 && closed <= c.search(); {
		day += step
		if len(c.stretches(day)) == 0 {
			closed++
			continue
		}
		closed = 0
		n--
	}
	return clamp(resolve(day, wallOf(t), c.Zone()), c.stretches(day))
}

// clamp moves t into the hours of its day.
func clamp(t time.Time, day []stretch) time.Time {
	for _, s := range day {
		if t.Before(s.to) {
			return later(t, s.from)
		}
	}
	if len(day) == 0 {
		return t
	}
	return day[len(day)-1].to
}

// Holiday is the name of the holiday that t's day is, or "". The days of a
// calendar that is always open can have names too.
func (c Calendar) Holiday(t time.Time) string {
	return c.holiday(dayOf(c.in(t)))
}

// Spec is what the calendar was made of.
func (c Calendar) Spec() Spec {
	if !c.parsed {
		return Spec{Timezone: "UTC", AlwaysOpen: true}
	}
	return c.spec.clone()
}

func (c Calendar) always() bool { return c.open || !c.parsed }

// in drops the monotonic reading: a deadline is a moment on the wall clock.
func (c Calendar) in(t time.Time) time.Time { return t.Round(0).In(c.Zone()) }

// search is after how many closed days in a row a search gives up. It is never
// reached: every week opens, and a week can be closed only by a listed day, a
// public holiday or the night the clock goes forward.
func (c Calendar) search() int { return 2*366 + 7*c.listed }

// after yields the stretches that end after t, in order, without end.
func (c Calendar) after(t time.Time) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		closed := 0
		for day := dayOf(t); closed <= c.search(); day++ {
			closed++
			for _, s := range c.stretches(day) {
				closed = 0
				if s.to.After(t) && !yield(s) {
					return
				}
			}
		}
	}
}

// before yields the stretches that begin before t, latest first, without end.
func (c Calendar) before(t time.Time) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		closed := 0
		for day := dayOf(t) + 1; closed <= c.search(); day-- {
			closed++
			for _, s := range slices.Backward(c.stretches(day)) {
				closed = 0
				if s.from.Before(t) && !yield(s) {
					return
				}
			}
		}
	}
}

// stretches are the opening times of a day as moments, none empty.
func (c Calendar) stretches(day int64) []stretch {
	var week []span
	switch {
	case c.always():
		week = []span{{0, minutesADay}}
	case c.holiday(day) == "":
		week = c.week[weekday(day)]
	}
	if len(week) == 0 {
		return nil
	}
	out := make([]stretch, 0, len(week))
	for _, s := range week {
		from := resolve(day, int64(s.from)*60e9, c.Zone())
		to := resolve(day, int64(s.to)*60e9, c.Zone())
		if from.Before(to) {
			out = append(out, stretch{from, to})
		}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
