package progress

import (
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// defaultReopen is in how many opening days a reply opens a request again when
// neither the policy nor the configuration says.
const defaultReopen = 10

// ReopenDays is in how many opening days after it was closed a reply opens a
// request again. p may be nil; otherwise is for when it does not say.
func (p *Policy) ReopenDays(otherwise int) int {
	switch {
	case p != nil && p.Closing.Reopen > 0:
		return p.Closing.Reopen
	case otherwise > 0:
		return otherwise
	}
	return defaultReopen
}

// ReopensUntil is until when a reply opens a request again, counted from when
// it was closed: what is noted on it later, a score or a bounced letter, gives no
// new time. One that was answered and waits to be closed is open to a reply as
// long as it waits: the zero time, as for one that is not done at all. p may be
// nil; then nothing closes by itself, and an answer counts as the end.
func (p *Policy) ReopensUntil(r balie.Request, events []balie.Event, cal hours.Calendar, otherwise int) time.Time {
	switch {
	case r.State == balie.Closed:
		return cal.AddDays(r.ClosedAt(events), p.ReopenDays(otherwise))
	case r.State == balie.AnsweredState && (p == nil || p.Closing.Solved <= 0) && !r.Solved.IsZero():
		return cal.AddDays(r.Solved, p.ReopenDays(otherwise))
	}
	return time.Time{}
}

// Told is until when a customer was told that they hear from us, moved by what
// stood still since for a reason of theirs; zero when they were told nothing. It
// is what was said, not what the desk aims at.
func (s Setting) Told(r balie.Request) time.Time {
	if r.Promised.IsZero() {
		return time.Time{}
	}
	p, _ := s.Promise(r)
	_, cal := s.named(p.Calendar)
	return cal.Add(r.Promised, stoodStill(r, cal, r.PromisedAt))
}
