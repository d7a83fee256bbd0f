package progress

import (
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// Leg is a piece of the time that a promise was reckoned over: who had the
// request, in whose hours, and how much of the promise it used.
type Leg struct {
	From, To time.Time      // To is the end of the promise in the last one
	Team     string         // who had it; "" is the desk
	Paused   balie.PauseWhy // it stood still; "" it did not
	Used     time.Duration  // opening time
	Calendar hours.Calendar
}

// reckoning is when a promise ends, and how it comes to that.
type reckoning struct {
	due  time.Time
	legs []Leg
}

// Why is how the end of the resolution clock was reckoned, leg by leg. There
// are none when the customer was told a moment: that is the promise then.
func (s Setting) Why(r balie.Request) (Clock, []Leg) {
	c := s.Due(r).Resolution
	if c.IsZero() || c.Target == 0 {
		return c, nil
	}
	return c, s.reckon(r, c.Target, c.calendar).legs
}

// reckon walks from the opening of a request until a promise is used up: each
// piece in the hours of the team that had it, without those in which it stood
// still. A pause that lasts uses nothing: the end is where it would be if it
// were over at once.
func (s Setting) reckon(r balie.Request, promise time.Duration, cal hours.Calendar) reckoning {
	var out reckoning
	marks := marksOf(r)
	rest := promise
	for i, from := range marks {
		leg := Leg{From: from, Calendar: cal, Paused: pausedAt(r, from)}
		if h, ok := hadAt(r, from); ok {
			leg.Team = h.Team
			_, leg.Calendar = s.teamHours(r, h.Team)
		}
		last := i == len(marks)-1
		if leg.Paused != "" && !last {
			leg.To = marks[i+1]
			out.legs = append(out.legs, leg)
			continue
		}
		if !last {
			if used := leg.Calendar.Between(from, marks[i+1]); used < rest {
				leg.To, leg.Used = marks[i+1], used
				rest -= used
				out.legs = append(out.legs, leg)
				continue
			}
		}
		leg.To = leg.Calendar.Add(from, rest)
		if leg.Paused == "" {
			leg.Used = rest
		}
		out.due, out.legs = leg.To, append(out.legs, leg)
		return out
	}
	return out
}

// Took is the opening time that a request needed until a moment: each piece in
// the hours of the team that had it, without those in which it stood still.
func (s Setting) Took(r balie.Request, until time.Time) time.Duration {
	cal := s.Hours(r)
	var took time.Duration
	marks := marksOf(r)
	for i, from := range marks {
		to := until
		if i < len(marks)-1 && marks[i+1].Before(until) {
			to = marks[i+1]
		}
		if !from.Before(to) || pausedAt(r, from) != "" {
			continue
		}
		in := cal
		if h, ok := hadAt(r, from); ok {
			_, in = s.teamHours(r, h.Team)
		}
		took += in.Between(from, to)
	}
	return took
}

// marksOf are the moments at which a request changed hands, stood still or
// went on, from its opening, each once.
func marksOf(r balie.Request) []time.Time {
	marks := []time.Time{r.Opened}
	add := func(t time.Time) {
		if t.After(r.Opened) {
			marks = append(marks, t)
		}
	}
	for _, p := range r.Pauses {
		add(p.From)
		add(p.To)
	}
	for _, h := range r.Handouts {
		add(h.Opened)
		add(h.Ended)
	}
	slices.SortFunc(marks, time.Time.Compare)
	return slices.CompactFunc(marks, time.Time.Equal)
}

func pausedAt(r balie.Request, t time.Time) balie.PauseWhy {
	for _, p := range r.Pauses {
		if !t.Before(p.From) && (p.To.IsZero() || t.Before(p.To)) {
			return p.Why
		}
	}
	return ""
}

// hadAt is the oldest hand-out that was open at a moment.
func hadAt(r balie.Request, t time.Time) (balie.Handout, bool) {
	for _, h := range r.Handouts {
		if ended := h.Ended.IsZero() && !h.Open(); !ended && !t.Before(h.Opened) && (h.Ended.IsZero() || t.Before(h.Ended)) {
			return h, true
		}
	}
	return balie.Handout{}, false
}

// Result is how a promise ended.
type Result struct {
	Target time.Duration // opening time that was promised; 0: a moment was, or nothing
	Due    time.Time     // zero: nothing was promised
	At     time.Time     // when it was kept or not; zero: not yet
	Took   time.Duration // opening time until At, without pauses
	Kept   bool
}

// Results are how the promises of a response and of a resolution ended. What is
// not yet has no At. A request that was answered at once has both.
func (s Setting) Results(r balie.Request) (respond, resolve Result) {
	p, _ := s.Promise(r)
	_, cal := s.named(p.Calendar)
	respond = Result{Target: p.Respond, Due: respondBy(r, p, cal), At: Responded(r)}
	by := respond.Due
	if !respond.At.IsZero() {
		respond.Due = respondDue(r, p, cal, respond.At)
		respond.Took = cal.Between(r.Opened, respond.At)
		respond.Kept = respond.Due.IsZero() || !respond.At.After(respond.Due)
	}
	was := r
	was.State = balie.AtDesk // the clock of a closed request, as it was
	c := s.resolution(was, p, cal, by)
	resolve = Result{Target: c.Target, Due: c.Due, At: r.Solved}
	if !r.Solved.IsZero() {
		resolve.Took = s.Took(r, r.Solved)
		resolve.Kept = c.IsZero() || !r.Solved.After(c.Due)
	}
	return respond, resolve
}
