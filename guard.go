package balie

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Pause is a time in which what was promised stood still. It is derived from
// the moves, stays visible, and is never taken back: a move that is undone ends
// it where it was undone.
type Pause struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"` // zero while it lasts
	Why  PauseWhy  `json:"why"`
}

// PauseWhy says for what a request stood still.
type PauseWhy string

// The reasons to stand still.
const (
	ForCustomer PauseWhy = "customer" // something was asked of them
	ForDate     PauseWhy = "date"     // a date the customer agreed to
	AfterAnswer PauseWhy = "answered" // it was answered, until it is reopened
)

// pausesText writes pauses for Standing: why, from and to, each with a space
// behind it but the last.
func pausesText(all []Pause) string {
	var out []string
	for _, p := range all {
		out = append(out, string(p.Why)+"/"+timeText(p.From)+"/"+timeText(p.To))
	}
	return strings.Join(out, " ")
}

func readPauses(text string) ([]Pause, error) {
	var out []Pause
	for _, one := range strings.Fields(text) {
		part := strings.Split(one, "/")
		if len(part) != 3 {
			return nil, errors.New("a pause has a reason, a begin and an end")
		}
		p := Pause{Why: PauseWhy(part[0])}
		var err error
		if p.From, err = time.Parse(time.RFC3339Nano, part[1]); err != nil {
			return nil, err
		}
		if part[2] != "" {
			if p.To, err = time.Parse(time.RFC3339Nano, part[2]); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// FiredLimit bounds Request.Fired; the oldest go first. A timer's claim in the
// store outlives it.
const FiredLimit = 60

// Paused reports whether what was promised stands still.
func (r Request) Paused() bool {
	return len(r.Pauses) > 0 && r.Pauses[len(r.Pauses)-1].To.IsZero()
}

// HasFired reports whether a timer was set off for a cause.
func (r Request) HasFired(timer, cause string) bool {
	return slices.Contains(r.Fired, timer+":"+cause)
}

// guard folds what progress watches: pauses, what the customer heard, timers.
// was is the request before the event.
func (r *Request) guard(was Request, e Event) {
	r.pause(e)
	back := e.What == Unsent || e.What == Undone // restore has read it
	if !r.Promised.Equal(was.Promised) && !back {
		r.PromisedAt, r.PromisedWord = e.At, e.What == ToDesk
	}
	switch e.What {
	case Opened: // what it is opened with is its first holder, not a change of it
		return
	case Edited:
		r.passed(was, e)
	case HandedOut:
		r.Passed++
	case ToDesk, Reopened, Asked, Answered, Told:
		r.hear(e)
	case PlannedFor:
		if d, err := time.Parse(time.RFC3339, e.Data["date"]); err == nil {
			r.Date = d
		}
	case TeamSaid, HandoutAsked, HandoutAccepted:
		r.saidBy(e)
	case Rescheduled:
		r.reschedule(e)
	case Undelivered, Bounced:
		if toCustomer(e) && e.Data["hard"] != "false" {
			r.Failed = e.At
		}
	case Sent:
		if toCustomer(e) {
			r.Failed = time.Time{}
		}
	case Rated:
		if n, err := strconv.Atoi(e.Data["score"]); err == nil && n >= 1 && n <= 5 {
			r.Score = n
		}
	case Fired:
		r.Fired = append(r.Fired, e.Data["timer"]+":"+e.Data["cause"])
		if n := len(r.Fired); n > FiredLimit {
			r.Fired = r.Fired[n-FiredLimit:]
		}
	}
}

// OtherSide is Data side of what became of a letter that was not for the
// customer.
const OtherSide = "other"

// passed counts a change of agent. One that is taken back was none.
func (r *Request) passed(was Request, e Event) {
	switch {
	case r.Assignee == was.Assignee:
	case e.Data["undoes"] == "" && was.Assignee != "":
		r.Passed++
	case e.Data["undoes"] != "" && r.Assignee != "":
		r.Passed--
	}
}

// hear notes that the customer heard from us. Of a move to the desk they hear
// only by the receipt that goes with it.
func (r *Request) hear(e Event) {
	if e.What != ToDesk && e.What != Reopened || e.Data["letter"] != "" {
		r.Heard = e.At
	}
}

// toCustomer reports whether what became of a letter is of one to the customer.
func toCustomer(e Event) bool { return e.Data["side"] != OtherSide }

// saidBy notes that whoever has a hand-out said something.
func (r *Request) saidBy(e Event) {
	id, err := ParseID(e.Data["handout"])
	if i := slices.IndexFunc(r.Handouts, func(h Handout) bool { return h.ID == id }); err == nil && i >= 0 {
		r.Handouts[i].Said = e.At
	}
}

// reschedule gives a hand-out another end.
func (r *Request) reschedule(e Event) {
	id, err := ParseID(e.Data["handout"])
	due, wrong := time.Parse(time.RFC3339, e.Data["due"])
	i := slices.IndexFunc(r.Handouts, func(h Handout) bool { return h.ID == id })
	if err == nil && wrong == nil && i >= 0 {
		r.Handouts[i].Due = due
	}
}

// pause begins and ends pauses as the state tells.
func (r *Request) pause(e Event) {
	why := r.standsStill(e)
	n := len(r.Pauses)
	lasts := n > 0 && r.Pauses[n-1].To.IsZero()
	if lasts && r.Pauses[n-1].Why == why {
		return
	}
	if lasts {
		r.Pauses[n-1].To = e.At
	}
	if why != "" {
		r.Pauses = append(r.Pauses, Pause{From: e.At, Why: why})
	}
	switch {
	case r.State != AnsweredState && r.State != Closed:
		r.Solved = time.Time{}
	case r.Solved.IsZero() && (r.State == AnsweredState || r.Outcome == Solved):
		r.Solved = e.At
	}
}

// standsStill is why what was promised stands still in the request's state. A
// date that the desk chose is no reason (Data chosen: desk).
func (r *Request) standsStill(e Event) PauseWhy {
	switch r.State {
	case Waiting:
		return ForCustomer
	case Planned:
		n := len(r.Pauses)
		if e.What == PlannedFor && e.Data["chosen"] == "desk" || e.What != PlannedFor && (n == 0 || !r.Pauses[n-1].To.IsZero()) {
			return ""
		}
		return ForDate
	case AnsweredState, Closed:
		return AfterAnswer
	}
	return ""
}
