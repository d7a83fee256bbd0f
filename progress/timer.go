package progress

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/router"
)

// TimerKind says what goes off: Data timer of a balie.Fired event.
type TimerKind string

// The timers. docs/progress.md says of each what it does.
const (
	SoonTimer           TimerKind = "due_soon"        // warnAt of a response or resolution is used
	DelayTimer          TimerKind = "delay"           // the customer is told before the promise breaks
	OverdueTimer        TimerKind = "overdue"         // a response or resolution is late
	SilentTimer         TimerKind = "silent"          // the customer heard nothing for too long
	HandoutSoonTimer    TimerKind = "handout_due"     // a hand-out is due soon
	HandoutOverdueTimer TimerKind = "handout_overdue" // a hand-out is late, and again later
	TeamSilentTimer     TimerKind = "team_silent"     // who has a hand-out says nothing
	ReminderTimer       TimerKind = "reminder"        // the customer is reminded of what was asked
	UnansweredTimer     TimerKind = "unanswered"      // reminded enough: closed
	LapsedTimer         TimerKind = "lapsed"          // answered, then silent: closed as solved
	ResumedTimer        TimerKind = "resumed"         // the planned date is reached
	AftercareTimer      TimerKind = "aftercare"       // whether it was solved is asked
	BouncedTimer        TimerKind = "bounced"         // a letter to the customer came to nothing
	PassedTimer         TimerKind = "reassigned"      // it went from one to another too often
	ReopenedTimer       TimerKind = "reopened"        // the customer is not helped yet
	ScoredTimer         TimerKind = "scored_badly"    // the customer says so
)

// occasions are the timers upon which interventions are asked for.
var occasions = map[TimerKind]router.Occasion{
	SoonTimer: router.DueSoon, OverdueTimer: router.Overdue, SilentTimer: router.Silent, HandoutSoonTimer: router.HandoutDue,
	HandoutOverdueTimer: router.HandoutOverdue, TeamSilentTimer: router.TeamSilent, BouncedTimer: router.LetterFailed,
	PassedTimer: router.Reassigned, ReopenedTimer: router.ReopenedAgain, ScoredTimer: router.ScoredBadly,
}

// Timer is something that goes off for a request.
type Timer struct {
	Kind  TimerKind
	Cause string // with Kind and the request what makes it one of its kind
	At    time.Time
	Clock Clock // what it is about, if it is about one; how it stands is not filled in
	Over  bool  // what it warns of is past: it is written down, and nothing is done
}

// warnAt is the share of a promise at which it is due soon.
const warnAt = 0.75

// afterward is how long after it was closed a customer is asked how it went,
// in opening hours: who rates it by themselves at once is not asked.
const afterward = time.Hour

// moreThan is the first moment at which something is later than due.
const moreThan = time.Nanosecond

// Timers are all that can go off for a request as it stands, in the order in
// which they do. Those that did are left out. The moments of what follows upon
// another that has not gone off yet are what they would be if it did at once.
func (s Setting) Timers(r balie.Request, now time.Time) []Timer {
	l := &timers{s: s, r: r, now: now, out: make([]Timer, 0, 8)}
	l.p, _ = s.Promise(r)
	l.name, l.cal = s.named(l.p.Calendar)
	open := r
	if r.State == balie.Closed {
		open.State = balie.AtDesk // the clocks as they were
	}
	l.clocks = s.Due(open)
	if judged(r) {
		l.response(l.clocks.Response)
		l.resolution(l.clocks.Resolution)
	}
	if r.State != balie.Closed {
		l.silent()
		l.facts()
	}
	l.handouts()
	switch r.State {
	case balie.Waiting:
		l.waiting()
	case balie.Planned:
		l.planned()
	case balie.AnsweredState:
		l.answered()
	case balie.Closed:
		l.aftercare()
	}
	l.scored()
	slices.SortStableFunc(l.out, func(a, b Timer) int { return a.At.Compare(b.At) })
	return l.out
}

// Next is when the first timer of a request goes off; zero when none does.
func (s Setting) Next(r balie.Request, now time.Time) time.Time {
	if all := s.Timers(r, now); len(all) > 0 {
		return all[0].At
	}
	return time.Time{}
}

// timers gathers the timers of one request.
type timers struct {
	s      Setting
	r      balie.Request
	now    time.Time
	p      Promise
	name   string
	cal    hours.Calendar // of the promise
	clocks Clocks
	out    []Timer
}

func (l *timers) add(kind TimerKind, cause string, at time.Time, c Clock) {
	if at.IsZero() || l.r.HasFired(string(kind), cause) {
		return
	}
	l.out = append(l.out, Timer{Kind: kind, Cause: cause, At: at.UTC(), Clock: c})
}

// stamp is a moment in a cause.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// policy is the document in force; the zero one when there is none.
func (s Setting) policy() Policy {
	if s.Policy == nil {
		return Policy{}
	}
	return *s.Policy
}

// judged reports whether it matters that the promises of a request are kept: of
// what was closed because it never was a request of its own it does not.
func judged(r balie.Request) bool {
	return r.State != balie.Closed || !slices.Contains([]balie.Outcome{balie.Duplicate, balie.Spam, balie.RefusedByDesk}, r.Outcome)
}

// stopped is since when the promises of a request stand still; zero when they
// run.
func stopped(r balie.Request) time.Time {
	if r.Paused() {
		return r.Pauses[len(r.Pauses)-1].From
	}
	return time.Time{}
}

// response: until there is one it runs; one that came too late is a breach all
// the same.
func (l *timers) response(c Clock) {
	at := Responded(l.r)
	if at.IsZero() && l.r.State == balie.Closed {
		at = stopped(l.r)
	}
	if !at.IsZero() {
		if due := respondDue(l.r, l.p, l.cal, at); l.p.Respond > 0 && due.Before(at) {
			l.over(Clock{Kind: ResponseClock, From: l.r.Opened, Due: due, Target: l.p.Respond, calendar: l.cal, hours: l.name})
		}
		return
	}
	if !c.Running() {
		return
	}
	l.add(SoonTimer, causeOf(c, l.r), c.ShareAt(warnAt), c)
	l.add(OverdueTimer, causeOf(c, l.r), c.Due.Add(moreThan), c)
}

func (l *timers) resolution(c Clock) {
	if c.IsZero() {
		return
	}
	if still := stopped(l.r); !still.IsZero() {
		if c.Due.Before(still) {
			l.over(c)
		}
		return
	}
	if l.r.State == balie.Closed {
		return // undone half-way: no pause says since when
	}
	cause := causeOf(c, l.r)
	l.add(SoonTimer, cause, l.s.shareAt(l.r, c, warnAt), c)
	if in := l.s.policy().Inform; in.Delay {
		l.add(DelayTimer, cause, l.delayAt(c, in), c)
	}
	l.add(OverdueTimer, cause, c.Due.Add(moreThan), c)
}

// delayAt is when the customer is told that it takes longer: not right behind
// another word of ours, if that can be helped before the promise breaks.
func (l *timers) delayAt(c Clock, in Inform) time.Time {
	share := in.At
	if share <= 0 {
		share = warnAt
	}
	at := l.s.shareAt(l.r, c, share)
	if in.Gap > 0 && !l.r.Heard.IsZero() {
		if later := l.r.Heard.Add(in.Gap); later.After(at) && later.Before(c.Due) {
			return later
		}
	}
	return at
}

// over lists a promise that was broken before it was kept: that it was is
// written down, though there is nothing left to do about it.
func (l *timers) over(c Clock) {
	n := len(l.out)
	l.add(OverdueTimer, causeOf(c, l.r), c.Due.Add(moreThan), c)
	for i := n; i < len(l.out); i++ {
		l.out[i].Over = true
	}
}

// causeOf names a promise: by its moment when the customer was told one, so
// that a moved promise warns anew; else by how long it is, so that a pause that
// moves its end does not.
func causeOf(c Clock, r balie.Request) string {
	if c.Target == 0 {
		return string(c.Kind) + "@" + stamp(r.Promised)
	}
	return string(c.Kind) + ":" + short(c.Target)
}

// shareAt is the moment at which a share of a clock's time is used: leg by leg,
// when the promise is a length of time.
func (s Setting) shareAt(r balie.Request, c Clock, share float64) time.Time {
	if c.Target <= 0 {
		return c.ShareAt(share)
	}
	return s.reckon(r, time.Duration(share*float64(c.Target)), c.calendar).due
}

// count is how many timers of a kind went off whose cause begins so, as far as
// the request remembers.
func count(r balie.Request, kind TimerKind, cause string) int {
	n := 0
	for _, f := range r.Fired {
		if strings.HasPrefix(f, string(kind)+":"+cause) {
			n++
		}
	}
	return n
}

// A request nobody moves is not written about for ever: the customer is told so
// often that we are still on it, and it is said so often that nobody is.
const (
	mostWords    = 5
	mostSilences = 12
)

// silent comes when the customer heard nothing for as long as was promised, and
// again every so long: a letter that had to wait for another day is not
// forgotten. It does not come sooner after our last word than the desk wants.
func (l *timers) silent() {
	c := l.clocks.Update
	if !c.Running() {
		return
	}
	cause := "heard@" + stamp(c.From)
	n := count(l.r, SilentTimer, cause)
	if count(l.r, SilentTimer, "") >= mostSilences {
		return
	}
	if n > 0 {
		if l.p.Update <= 0 {
			return
		}
		cause += "/" + strconv.Itoa(n+1)
		c.Due = l.cal.Add(c.Due, time.Duration(n)*l.p.Update)
	}
	at := c.Due
	if in := l.s.policy().Inform; in.Silent && !l.r.Heard.IsZero() && l.r.Heard.Add(in.Gap).After(at) {
		at = l.r.Heard.Add(in.Gap)
	}
	l.add(SilentTimer, cause, at, c)
}

// handouts lists reminders, breaches and silence of what teams have. While a
// date that was agreed is waited for, they all stand still.
func (l *timers) handouts() {
	p := l.s.policy().Remind
	for _, h := range l.r.Handouts {
		c := l.handout(h)
		if !h.Open() {
			ended := !c.IsZero() && h.Ended.After(c.Due) && h.State != balie.Withdrawn && pausedAt(l.r, c.Due) != balie.ForDate
			if ended && !l.r.HasFired(string(HandoutOverdueTimer), handoutCause(h, 0)) {
				l.out = append(l.out, Timer{Kind: HandoutOverdueTimer, Cause: handoutCause(h, 0), At: c.Due.Add(moreThan).UTC(), Clock: c, Over: true})
			}
			continue
		}
		if l.r.State == balie.Planned || l.r.State == balie.AnsweredState {
			continue
		}
		l.due(h, c, p)
		if p.Silent > 0 {
			said := h.Opened
			if h.Said.After(said) {
				said = h.Said
			}
			_, cal := l.s.teamHours(l.r, h.Team)
			silent := Clock{Kind: HandoutClock, Handout: h.ID, From: said, Due: putOff(l.r, said, cal.Add(said, p.Silent), cal), Target: p.Silent, calendar: cal}
			l.add(TeamSilentTimer, h.ID.String()+"@"+stamp(said), silent.Due, silent)
		}
	}
}

// handout is the clock of a hand-out, open or not; zero when it has no term.
func (l *timers) handout(h balie.Handout) Clock {
	if h.Due.IsZero() {
		return Clock{}
	}
	c := Clock{Kind: HandoutClock, Handout: h.ID, From: h.Opened, Due: h.Due}
	c.hours, c.calendar = l.s.teamHours(l.r, h.Team)
	c.Due = putOff(l.r, h.Opened, h.Due, c.calendar)
	return c
}

func handoutCause(h balie.Handout, n int) string {
	c := h.ID.String() + "@" + stamp(h.Due)
	if n > 0 {
		c += "/" + strconv.Itoa(n)
	}
	return c
}

// due lists the reminders of a hand-out with a term: before it, at its end, and
// again and again after that, as often as the policy allows.
func (l *timers) due(h balie.Handout, c Clock, p Remind) {
	if c.IsZero() {
		return
	}
	again := p.Most - 1
	if p.Before > 0 {
		again--
		l.add(HandoutSoonTimer, handoutCause(h, 0), c.ShareAt(p.Before), c)
	}
	l.add(HandoutOverdueTimer, handoutCause(h, 0), c.Due.Add(moreThan), c)
	if p.Overdue <= 0 {
		return
	}
	at := h.Due
	for n := 1; n <= again; n++ {
		at = c.calendar.Add(at, p.Overdue)
		l.add(HandoutOverdueTimer, handoutCause(h, n), putOff(l.r, h.Opened, at, c.calendar), c)
	}
}

// reminded is how often who has a hand-out was written to by itself.
func reminded(r balie.Request, h balie.ID) int {
	n := 0
	for _, f := range r.Fired {
		kind, cause, _ := strings.Cut(f, ":")
		switch TimerKind(kind) {
		case HandoutSoonTimer, HandoutOverdueTimer, TeamSilentTimer:
			if strings.HasPrefix(cause, h.String()) {
				n++
			}
		}
	}
	return n
}

// waiting lists the reminders of what was asked, and the last one that closes.
// Each comes so many days after the question, and never sooner after the one
// before it than it should: whoever was away for a week is not closed at once.
func (l *timers) waiting() {
	days := l.s.policy().Closing.Waiting
	from := stopped(l.r)
	if from.IsZero() {
		from = l.r.Changed
	}
	k := len(l.r.Pauses)
	before := from
	if l.r.Heard.After(before) {
		before = l.r.Heard
	}
	for i, d := range days {
		at := l.s.Calendar.AddDays(from, d)
		if i > 0 {
			if later := l.s.Calendar.AddDays(before, d-days[i-1]); later.After(at) {
				at = later
			}
		}
		kind := ReminderTimer
		if i == len(days)-1 {
			kind = UnansweredTimer
		}
		cause := fmt.Sprintf("asked:%d/%d", k, i+1)
		if kind == UnansweredTimer {
			cause, at = l.again(kind, cause, at, d)
		}
		if l.r.HasFired(string(kind), cause) {
			continue // before is when it was heard
		}
		l.add(kind, cause, at, Clock{})
		before = at
		if before.Before(l.now) {
			before = l.now
		}
	}
}

// again makes the cause of a timer that ends a request. When it did so before
// and that was undone, it does so again, as long after that as the first time.
func (l *timers) again(kind TimerKind, cause string, at time.Time, days int) (string, time.Time) {
	n := 0
	for _, f := range l.r.Fired {
		if f := strings.TrimPrefix(f, string(kind)+":"); f == cause || strings.HasPrefix(f, cause+"#") {
			n++
		}
	}
	if n == 0 {
		return cause, at
	}
	return cause + "#" + strconv.Itoa(n), l.s.Calendar.AddDays(l.r.Changed, days)
}

func (l *timers) answered() {
	days := l.s.policy().Closing.Solved
	from := stopped(l.r)
	if days <= 0 || from.IsZero() {
		return
	}
	cause := fmt.Sprintf("answered:%d", len(l.r.Pauses))
	cause, at := l.again(LapsedTimer, cause, l.s.Calendar.AddDays(from, days), days)
	l.add(LapsedTimer, cause, at, Clock{})
}

func (l *timers) planned() {
	date := l.r.Date
	if date.IsZero() {
		date = l.r.Next // planned before requests knew their date
	}
	l.add(ResumedTimer, "planned@"+stamp(date), date, Clock{})
}

// facts lists what is true of a request since it last changed.
func (l *timers) facts() {
	if !l.r.Failed.IsZero() {
		l.add(BouncedTimer, "failed@"+stamp(l.r.Failed), l.r.Failed, Clock{})
	}
	if most := l.s.policy().Remind.Passed; most > 0 && l.r.Passed > most {
		l.add(PassedTimer, "passed:"+strconv.Itoa(l.r.Passed), l.r.Changed, Clock{})
	}
	if l.r.ReopenCount > 0 {
		l.add(ReopenedTimer, "reopened:"+strconv.Itoa(l.r.ReopenCount), l.reopened(), Clock{})
	}
}

// reopened is when a request was last reopened.
func (l *timers) reopened() time.Time {
	for _, p := range slices.Backward(l.r.Pauses) {
		if p.Why == balie.AfterAnswer && !p.To.IsZero() {
			return p.To
		}
	}
	return l.r.Changed
}

// aftercare comes once for each time that it was solved, as long as a score can
// be given.
func (l *timers) aftercare() {
	a := l.s.policy().Aftercare
	until, ok := a.Ratable(l.r, l.r.Changed)
	if !ok || a.Sample <= 0 || l.r.Score != 0 {
		return
	}
	if at := l.s.Calendar.Add(l.r.Changed, afterward); at.Before(until) {
		l.add(AftercareTimer, "solved:"+strconv.Itoa(l.r.ReopenCount), at, Clock{})
	}
}

func (l *timers) scored() {
	if n := l.r.Score; n > 0 && n <= l.s.policy().Aftercare.Bad {
		l.add(ScoredTimer, fmt.Sprintf("score:%d/%d", l.r.ReopenCount, n), l.r.Changed, Clock{})
	}
}
