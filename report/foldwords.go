package report

import (
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/progress"
)

// words are what the customer was promised to hear, and whether they did.
//
// While a request is at the desk or with a team, the customer is to hear
// something by the earliest of: the response that is promised, the next update,
// and the moment they were told. A word in time is one that comes not later.
// Word that it will be later, with a new moment, is one; a word that leaves the
// moment they were told as it is, is none, for they still count on it, unless it
// is the letter that says it will be later. When the
// request is solved or closed in silence after that moment, it is a word too
// late. A receipt is none.
type words struct {
	said []word
	due  time.Time // by when the next is to come; zero: none is
	kind wordKind
	last balie.Request // for which due was reckoned

	spoken time.Time // the moment they were told, of which they know that it will be later
}

type wordKind uint8

const (
	aResponse wordKind = iota + 1
	anUpdate
	aMoment // that they were told
)

// word is one that was promised, and came or did not.
type word struct {
	at   time.Time
	late bool
	due  time.Time // what it was for
	kind wordKind
}

func (w *words) late() int {
	n := 0
	for _, x := range w.said {
		if x.late {
			n++
		}
	}
	return n
}

// running reports whether the customer is to hear something by itself.
func running(r balie.Request) bool { return r.State == balie.AtDesk || r.State == balie.WithTeam }

// inform folds what a moment meant to the customer.
func (x *folding) inform(was balie.Request, events []balie.Event) {
	w := &x.words
	at := events[0].At
	if slices.ContainsFunc(events, func(e balie.Event) bool { return e.What == balie.Unsent || e.What == balie.Undone }) {
		w.takeBack(x.r.Heard)
	} else if !w.due.IsZero() && w.settle(was, x.r, at, wrote(events, progress.DelayTimer, progress.SoonTimer)) {
		w.due = time.Time{}
	}
	switch {
	case !running(x.r):
		w.due = time.Time{}
	case !w.due.IsZero() && at.After(w.due): // it is late, and stays so until they hear
	default:
		x.nextWord(at)
	}
}

// settle counts a promised word that came at a moment, or can come no more. It
// reports whether it did.
func (w *words) settle(was, is balie.Request, at time.Time, delay bool) bool {
	late := at.After(w.due)
	heard := !is.Heard.Equal(was.Heard)
	moved := !is.Promised.Equal(was.Promised)
	switch {
	case heard && (late || moved || delay || w.kind != aMoment || !running(is)):
	case late && !running(is): // it ended, and nobody told them
	default:
		return false
	}
	w.said = append(w.said, word{at, late, w.due, w.kind})
	if delay && w.kind == aMoment {
		w.spoken = is.Promised
	}
	return true
}

// takeBack forgets the words that were taken back: the customer last heard at a
// moment before them.
func (w *words) takeBack(heard time.Time) {
	for n := len(w.said); n > 0 && w.said[n-1].at.After(heard); n-- {
		w.due, w.kind = w.said[n-1].due, w.said[n-1].kind
		w.said = w.said[:n-1]
	}
	w.last = balie.Request{}
}

// nextWord reckons by when the customer is to hear something.
func (x *folding) nextWord(at time.Time) {
	w, r := &x.words, x.r
	if same(w.last, r) && !w.due.IsZero() {
		return
	}
	w.last = r
	w.due, w.kind = time.Time{}, 0
	sooner := func(due time.Time, kind wordKind) {
		if !due.IsZero() && due.After(at) && (w.due.IsZero() || due.Before(w.due)) {
			w.due, w.kind = due, kind
		}
	}
	c := x.setting(at).Due(r)
	answered := slices.ContainsFunc(w.said, func(s word) bool { return s.kind == aResponse })
	if !answered {
		sooner(c.Response.Due, aResponse)
	}
	sooner(c.Update.Due, anUpdate)
	if !r.Promised.Equal(w.spoken) {
		sooner(r.Promised, aMoment)
	}
}

// same reports whether what the next word hangs on did not change.
func same(a, b balie.Request) bool {
	return a.State == b.State && a.Heard.Equal(b.Heard) && a.Promised.Equal(b.Promised) && a.Responded.Equal(b.Responded) &&
		a.Product == b.Product && a.Kind == b.Kind && a.Priority == b.Priority
}
