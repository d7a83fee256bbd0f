package progress

import (
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/hours"
)

// Setting is the documents that the promises of a request are reckoned with.
type Setting struct {
	Policy       *Policy // nil: only what the product promises
	Catalogue    *catalogue.Catalogue
	Calendar     hours.Calendar     // the desk's own
	Organisation balie.Organisation // of the customer; the zero one when not known
}

// ClockKind is what a clock is of.
type ClockKind string

// The clocks of a request.
const (
	ResponseClock   ClockKind = "response"   // until the customer hears something
	UpdateClock     ClockKind = "update"     // until the customer must hear something again
	ResolutionClock ClockKind = "resolution" // until the question is answered
	HandoutClock    ClockKind = "handout"    // until whoever has it is done
)

// Soon is how much opening time before its end a clock warns.
const Soon = time.Hour

// longLate bounds reckoning: the opening time of more days than this makes no
// difference to anybody, and would cost more than the rest of the page.
const longLate = 60 * 24 * time.Hour

// Clock is one promise and how it stands. The zero value is none.
type Clock struct {
	Kind    ClockKind
	Handout balie.ID      // of a HandoutClock
	From    time.Time     // when it began
	Due     time.Time     // when it ends; while it is paused, when it would have
	Target  time.Duration // opening time that was promised; 0 when a moment was
	Share   float64       // of the promised opening time that is used, 0 to 1
	Left    time.Duration // opening time left, negative when late; at most 60 days of it
	Late    bool
	Soon    bool // under an hour of opening time left
	Paused  bool // stands still
	Met     bool // the question is answered: the clock stands still

	still    time.Time // when it was paused
	calendar hours.Calendar
	hours    string // the calendar's name
}

// IsZero reports whether nothing is promised.
func (c Clock) IsZero() bool { return c.Due.IsZero() }

// Running reports whether the clock ticks.
func (c Clock) Running() bool { return !c.IsZero() && !c.Paused && !c.Met }

// Calendar is the opening hours in which the clock ends, and their name in the
// catalogue; "" are the desk's own.
func (c Clock) Calendar() (string, hours.Calendar) { return c.hours, c.calendar }

// Clocks are all clocks of a request.
type Clocks struct {
	Response, Update, Resolution Clock
	Handout                      Clock // of the hand-out that is due first
}

// Nearest is the clock that a list shows: of those that run the one that ends
// first, else the one that stands still. Update is the desk's own concern.
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

// product is the product of a request; the zero one when it has none.
func (s Setting) product(r balie.Request) balie.Product {
	if s.Catalogue == nil || r.Product == "" {
		return balie.Product{}
	}
	p, _ := s.Catalogue.Product(r.Product)
	return p
}

// Promise is what a request was promised, and the id of the target that says
// so; "" when it is the product or the default.
func (s Setting) Promise(r balie.Request) (Promise, string) {
	p := s.product(r)
	out := Promise{Respond: p.Respond, Resolve: p.Resolve, Calendar: s.ownHours(p)}
	if s.Policy == nil {
		return out, ""
	}
	var by string
	for _, t := range s.Policy.Targets {
		if t.fits(r, p, s.Organisation) {
			by = t.ID
			out = t.Promise.or(out)
			break
		}
	}
	return out.or(s.Policy.Default), by
}

// ownHours are the name of a product's hours, else of those of its team.
func (s Setting) ownHours(p balie.Product) string {
	if s.Catalogue == nil {
		return ""
	}
	if _, ok := s.Catalogue.Calendars[p.Calendar]; ok {
		return p.Calendar
	}
	if t, ok := s.Catalogue.Team(p.Owner); ok {
		return t.Calendar
	}
	return ""
}

// or fills in what a promise does not say.
func (p Promise) or(q Promise) Promise {
	if p.Respond == 0 {
		p.Respond = q.Respond
	}
	if p.Update == 0 {
		p.Update = q.Update
	}
	if p.Resolve == 0 {
		p.Resolve = q.Resolve
	}
	if p.Calendar == "" {
		p.Calendar = q.Calendar
	}
	return p
}

// named is a calendar of the catalogue by name; the desk's own, "", when there
// is none of that name.
func (s Setting) named(name string) (string, hours.Calendar) {
	if s.Catalogue != nil && name != "" {
		if c, ok := s.Catalogue.Calendars[name]; ok {
			return name, c
		}
	}
	return "", s.Calendar
}

// Hours are the opening hours in which a request's promises are reckoned while
// the desk has it.
func (s Setting) Hours(r balie.Request) hours.Calendar {
	p, _ := s.Promise(r)
	_, cal := s.named(p.Calendar)
	return cal
}

// Clocks reckons the clocks of a request at a moment.
func (s Setting) Clocks(r balie.Request, now time.Time) Clocks {
	c := s.Due(r)
	for _, k := range []*Clock{&c.Response, &c.Update, &c.Resolution, &c.Handout} {
		k.At(now)
	}
	return c
}

// Due is the clocks with their ends, whatever the time is: all that is known of
// them without looking at one. A list orders requests by it once, not at every
// look.
func (s Setting) Due(r balie.Request) Clocks {
	var c Clocks
	if r.State == balie.Closed {
		return c
	}
	p, _ := s.Promise(r)
	name, cal := s.named(p.Calendar)
	respond := respondBy(r, p, cal)
	if Responded(r).IsZero() && r.State == balie.AtDesk {
		c.Response = Clock{Kind: ResponseClock, From: r.Opened, Due: respond, Target: p.Respond, calendar: cal, hours: name}
		if !r.PromisedWord && r.Promised.After(respond) { // an agent moved it
			c.Response.Due, c.Response.Target = r.Promised, 0
		}
	}
	c.Resolution, c.Update = s.resolution(r, p, cal, respond), update(r, p, cal)
	c.Resolution.hours, c.Update.hours = name, name
	for _, h := range r.Handouts {
		if h.Open() && !h.Due.IsZero() && (c.Handout.IsZero() || h.Due.Before(c.Handout.Due)) {
			c.Handout = s.HandoutClock(r, h)
		}
	}
	return c
}

// HandoutClock is the clock of one hand-out, in the hours of who has it.
func (s Setting) HandoutClock(r balie.Request, h balie.Handout) Clock {
	if !h.Open() || h.Due.IsZero() {
		return Clock{}
	}
	c := Clock{Kind: HandoutClock, Handout: h.ID, From: h.Opened, Due: h.Due, Paused: r.State == balie.Planned}
	c.hours, c.calendar = s.teamHours(r, h.Team)
	c.Due = putOff(r, h.Opened, h.Due, c.calendar)
	return c
}

// putOff is a term of a hand-out that began at a moment, put off by the time in
// which a date was waited for that the customer agreed to.
func putOff(r balie.Request, began, term time.Time, cal hours.Calendar) time.Time {
	for _, p := range r.Pauses {
		from := p.From
		if from.Before(began) {
			from = began
		}
		if p.Why == balie.ForDate && p.To.After(from) && from.Before(term) {
			term = cal.Add(term, cal.Between(from, p.To))
		}
	}
	return term
}

// teamHours are the opening hours of a team, else those of the product.
func (s Setting) teamHours(r balie.Request, team string) (string, hours.Calendar) {
	if s.Catalogue != nil {
		if t, ok := s.Catalogue.Team(team); ok && t.Calendar != "" {
			return s.named(t.Calendar)
		}
	}
	p, _ := s.Promise(r)
	return s.named(p.Calendar)
}

// Responded is when the customer first had a response: a person's word, an
// answer, that a team has it, which they hear with its name and a moment, or a
// date they agreed to.
func Responded(r balie.Request) time.Time {
	at := r.Responded
	first := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	for _, h := range r.Handouts {
		first(h.Opened)
	}
	for _, p := range r.Pauses {
		if p.Why == balie.ForDate {
			first(p.From)
		}
	}
	return at
}

// respondBy is when somebody must have been heard.
func respondBy(r balie.Request, p Promise, cal hours.Calendar) time.Time {
	if p.Respond > 0 {
		return cal.Add(r.Opened, p.Respond)
	}
	return r.Promised // a request at the desk was promised when somebody hears
}

// respondDue is respondBy, or the later moment that an agent had said before
// somebody was heard.
func respondDue(r balie.Request, p Promise, cal hours.Calendar, at time.Time) time.Time {
	due := respondBy(r, p, cal)
	if !r.PromisedWord && r.PromisedAt.Before(at) && r.Promised.After(due) {
		return r.Promised
	}
	return due
}

// update is when the customer must hear something again.
func update(r balie.Request, p Promise, cal hours.Calendar) Clock {
	if r.State != balie.AtDesk && r.State != balie.WithTeam {
		return Clock{}
	}
	from := r.Heard
	if from.IsZero() {
		from = r.Opened
	}
	if n := len(r.Pauses); n > 0 && r.Pauses[n-1].To.After(from) { // they knew what was waited for
		from = r.Pauses[n-1].To
	}
	// "You hear from us by then" is a promise of its own when it was said after
	// the first response, and until it is kept.
	if first := Responded(r); r.PromisedWord && r.State == balie.AtDesk && !first.IsZero() && first.Before(r.PromisedAt) && !from.After(r.PromisedAt) {
		return Clock{Kind: UpdateClock, From: r.PromisedAt, Due: r.Promised, calendar: cal}
	}
	if p.Update <= 0 {
		return Clock{}
	}
	return Clock{Kind: UpdateClock, From: from, Due: cal.Add(from, p.Update), Target: p.Update, calendar: cal}
}

// resolution is when the question must be answered. What the customer was told
// goes before what was aimed at, but "you hear from us before noon" is a
// promise of a response and none of an answer.
func (s Setting) resolution(r balie.Request, p Promise, cal hours.Calendar, respond time.Time) Clock {
	c := Clock{Kind: ResolutionClock, From: r.Opened, Paused: r.State == balie.Waiting || r.State == balie.Planned && (r.Paused() || len(r.Pauses) == 0),
		Met: r.State == balie.AnsweredState, calendar: cal}
	if n := len(r.Pauses); n > 0 && r.Paused() {
		c.still = r.Pauses[n-1].From
	}
	switch {
	case !r.PromisedWord && r.Promised.After(respond):
		c.Due = cal.Add(r.Promised, stoodStill(r, cal, r.PromisedAt))
	case p.Resolve > 0:
		c.Target = p.Resolve
		c.Due = s.reckon(r, p.Resolve, cal).due
	default:
		return Clock{}
	}
	return c
}

// stoodStill is the opening time since a moment in which a request was paused;
// a pause that lasts is not counted.
func stoodStill(r balie.Request, cal hours.Calendar, since time.Time) time.Duration {
	var d time.Duration
	for _, p := range r.Pauses {
		from := p.From
		if from.Before(since) {
			from = since
		}
		if p.To.After(from) {
			d += cal.Between(from, p.To)
		}
	}
	return d
}

// At fills in how a clock stands at a moment.
func (c *Clock) At(now time.Time) {
	if c.IsZero() {
		return
	}
	c.Late = c.Running() && c.Due.Before(now)
	if !c.still.IsZero() && c.still.Before(now) {
		now = c.still
	}
	c.Left = left(c.calendar, now, c.Due)
	c.Soon = c.Running() && !c.Late && c.Left < Soon
	c.Share = c.share(now)
}

// share is how much of the promised time is used.
func (c *Clock) share(now time.Time) float64 {
	if c.Met || !now.Before(c.Due) {
		return 1
	}
	whole := left(c.calendar, c.From, c.Due)
	if c.Target > 0 { // what stood still in between is not of it
		whole = min(whole, c.Target)
	}
	if whole <= 0 {
		return 1
	}
	return min(max(1-float64(c.Left)/float64(whole), 0), 1)
}

// ShareAt is the moment at which a share of a clock's time is used.
func (c Clock) ShareAt(share float64) time.Time {
	whole := c.Target
	if whole <= 0 {
		whole = c.calendar.Between(c.From, c.Due)
	}
	return c.calendar.Add(c.Due, -time.Duration((1-share)*float64(whole)))
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
