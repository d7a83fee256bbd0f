package desk

import (
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// ClockKind is what a clock is of.
type ClockKind string

// The clocks of a request.
const (
	ResponseClock   ClockKind = "response"   // until the customer hears something
	ResolutionClock ClockKind = "resolution" // until the question is answered
	HandoutClock    ClockKind = "handout"    // until the team that has it is done
)

// soon is how much opening time before its end a clock warns.
const soon = time.Hour

// longLate bounds reckoning: the opening time of more days than this makes no
// difference to anybody, and would cost more than the rest of the page.
const longLate = 60 * 24 * time.Hour

// Clock is one promise and how it stands. The zero value is none.
type Clock struct {
	Kind   ClockKind
	From   time.Time     // when it began
	Due    time.Time     // when it ends; what was promised
	Share  float64       // of the promised opening time that is used, 0 to 1
	Left   time.Duration // opening time left, negative when late; at most 60 days of it
	Late   bool
	Soon   bool // under an hour of opening time left
	Paused bool // waits for the customer
	Met    bool // the question is answered: the clock stands still
}

// IsZero reports whether nothing is promised.
func (c Clock) IsZero() bool { return c.Due.IsZero() }

// Running reports whether the clock ticks.
func (c Clock) Running() bool { return !c.IsZero() && !c.Paused && !c.Met }

// Clocks are all clocks of a request.
type Clocks struct {
	Response, Resolution Clock
	Handout              Clock // of the hand-out that is due first
}

// Nearest is the clock that a list shows: of those that run the one that ends
// first, else the one that stands still.
func (c Clocks) Nearest() Clock {
	var best Clock
	for _, k := range []Clock{c.Handout, c.Response, c.Resolution} {
		switch {
		case k.IsZero() || best.Running() && !k.Running():
		case best.IsZero(), k.Running() && !best.Running(), k.Due.Before(best.Due):
			best = k
		}
	}
	return best
}

// ClocksOf reckons the clocks of a request of a product, in the opening hours
// that its promise is made in. The product may be the zero one: then only what
// was promised by a moment counts.
func ClocksOf(r balie.Request, p balie.Product, cal hours.Calendar, now time.Time) Clocks {
	c := promised(r, p, cal)
	for _, k := range []*Clock{&c.Response, &c.Resolution, &c.Handout} {
		k.at(cal, now)
	}
	return c
}

// promised are the clocks with their ends, whatever the time is. All that is
// known of a request's clocks without looking at one is here, so that the
// overview can order requests once and not at every look.
func promised(r balie.Request, p balie.Product, cal hours.Calendar) Clocks {
	var c Clocks
	if r.State == balie.Closed {
		return c
	}
	respond := r.Promised // a request at the desk was promised when somebody hears
	if p.Respond > 0 {
		respond = cal.Add(r.Opened, p.Respond)
	}
	if r.Responded.IsZero() && r.State == balie.AtDesk {
		c.Response = Clock{Kind: ResponseClock, From: r.Opened, Due: respond}
		if !r.Promised.IsZero() && r.Promised.After(respond) {
			c.Response.Due = r.Promised // an agent moved it
		}
	}
	if due := resolveBy(r, p, cal, respond); !due.IsZero() {
		c.Resolution = Clock{Kind: ResolutionClock, From: r.Opened, Due: due,
			Paused: r.State == balie.Waiting || r.State == balie.Planned, Met: r.State == balie.AnsweredState}
	}
	for _, h := range r.Handouts {
		if h.Open() && !h.Due.IsZero() && (c.Handout.IsZero() || h.Due.Before(c.Handout.Due)) {
			c.Handout = Clock{Kind: HandoutClock, From: h.Opened, Due: h.Due, Paused: r.State == balie.Planned}
		}
	}
	return c
}

// resolveBy is when the question must be answered. What the customer was told
// goes before the product's own time, but "you hear from us before noon" is a
// promise of a response and none of an answer.
func resolveBy(r balie.Request, p balie.Product, cal hours.Calendar, respond time.Time) time.Time {
	if r.Promised.After(respond) {
		return r.Promised
	}
	if p.Resolve > 0 {
		return cal.Add(r.Opened, p.Resolve)
	}
	return time.Time{}
}

// at fills in how a clock stands at a moment.
func (c *Clock) at(cal hours.Calendar, now time.Time) {
	if c.IsZero() {
		return
	}
	c.Left = left(cal, now, c.Due)
	c.Late = c.Running() && c.Due.Before(now)
	c.Soon = c.Running() && !c.Late && c.Left < soon
	c.Share = share(cal, *c, now)
}

// share is how much of the promised time is used.
func share(cal hours.Calendar, c Clock, now time.Time) float64 {
	if c.Met || !now.Before(c.Due) {
		return 1
	}
	whole := left(cal, c.From, c.Due)
	if whole <= 0 {
		return 1
	}
	return min(max(1-float64(c.Left)/float64(whole), 0), 1)
}

// left is the opening time from a to b, of the 60 days next to a at most.
func left(cal hours.Calendar, a, b time.Time) time.Duration {
	switch d := b.Sub(a); {
	case d > longLate:
		b = a.Add(longLate)
	case d < -longLate:
		b = a.Add(-longLate)
	}
	return cal.Between(a, b)
}
