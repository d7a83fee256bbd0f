package channels

import (
	"errors"
	"time"
)

// State of a channel.
type State string

// The states of a channel. Only Up is healthy.
const (
	Up         State = "up"
	Silent     State = "silent"      // it runs, but does not hear what it should
	BackingOff State = "backing off" // it failed and has not proved itself since
	Down       State = "down"        // it does not run and will not by itself
)

// Status is how one channel fares.
type Status struct {
	Name      string
	State     State
	Heard     time.Time     // when the other side was last heard; zero: never, or it cannot tell
	Within    time.Duration // how long a silence is healthy; 0: it cannot tell
	Restarts  int
	LastError string // of the last Run that ended; without a stack
	Since     time.Time
}

// Healthy reports whether the channel does what it should.
func (s Status) Healthy() bool { return s.State == Up }

// Health is how each channel fares, in the order in which they were added.
func (s *Supervisor) Health() []Status {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Status, 0, len(s.lines))
	for _, l := range s.lines {
		out = append(out, l.status(now, s.opts.Settled))
	}
	return out
}

func (l *line) status(now time.Time, settled time.Duration) Status {
	s := Status{Name: l.channel.Name(), Restarts: l.restarts, Since: l.since, LastError: said(l.lastErr)}
	if h, ok := l.channel.(Listener); ok {
		s.Heard, s.Within = h.Heard()
	}
	s.State = l.state(s.Heard, s.Within, now, settled)
	return s
}

// state says how a line fares. A line that failed before is not up because it
// is being tried: it must have heard something, or have held for a while.
func (l *line) state(heard time.Time, within time.Duration, now time.Time, settled time.Duration) State {
	heardSince := heard.After(l.since)
	switch {
	case !l.running && l.failures > 0:
		return BackingOff
	case !l.running:
		return Down
	case l.failures > 0 && within > 0 && !heardSince:
		return BackingOff
	case l.failures > 0 && within <= 0 && now.Sub(l.since) < settled:
		return BackingOff
	case within <= 0:
		return Up
	}
	if !heardSince {
		heard = l.since // it gets its bound to hear something at all
	}
	if now.Sub(heard) > within {
		return Silent
	}
	return Up
}

// said is an error in the words for a person: a panic without its stack.
func said(err error) string {
	var p *panicError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return "panic: see the log"
	}
	return err.Error()
}
