package progress

import (
	"math"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/router"
)

// guardFacts are what interventions look at when a timer goes off.
func guardFacts(s Setting, r balie.Request, t Timer, now time.Time) router.GuardFacts {
	cal := s.Hours(r)
	o := s.Organisation
	f := router.GuardFacts{
		Occasion: occasions[t.Kind],
		Request: router.GuardedRequest{
			Ref: r.Ref, Kind: string(r.Kind), Priority: priorityWord(r.Priority), State: r.State.String(),
			Product: r.Product, Group: s.product(r).Group, Channel: r.Channel, Language: r.Language, Assignee: r.Assignee, Tags: r.Tags,
			Reopened: r.ReopenCount, Passed: r.Passed, Asked: r.Rounds, AgeHours: inHours(left(cal, r.Opened, now)), Subject: r.Subject,
		},
		Customer: balie.CustomerFacts{Organisation: o.ID, KeyAccount: o.KeyAccount, Segment: o.Segment, Manager: o.AccountManager},
		Score:    r.Score,
		Now:      NowFacts(s.Calendar, now),
	}
	if c := t.Clock; !c.IsZero() {
		c.At(now)
		f.Clock = clockFacts(c)
	}
	if h, ok := r.Handout(t.Clock.Handout); ok {
		f.Handout = s.handoutFacts(r, h, now)
	}
	return f
}

func clockFacts(c Clock) router.ClockFacts {
	f := router.ClockFacts{Kind: string(c.Kind), Share: math.Round(100*c.Share) / 100, TargetMinutes: int(c.Target / time.Minute), Paused: c.Paused}
	if c.Left >= 0 {
		f.LeftMinutes = int(c.Left / time.Minute)
	} else {
		f.LateMinutes = int(-c.Left / time.Minute)
	}
	return f
}

func (s Setting) handoutFacts(r balie.Request, h balie.Handout, now time.Time) router.HandoutFacts {
	_, cal := s.teamHours(r, h.Team)
	said := h.Opened
	if h.Said.After(said) {
		said = h.Said
	}
	return router.HandoutFacts{Team: h.Team, State: string(h.State), Count: len(r.OpenHandouts()),
		AgeHours: inHours(left(cal, h.Opened, now)), SilentHours: inHours(left(cal, said, now))}
}

// NowFacts are the facts of a moment by the clock of a calendar.
func NowFacts(cal hours.Calendar, now time.Time) balie.NowFacts {
	local := now.In(cal.Zone())
	day := int(local.Weekday())
	if day == 0 {
		day = 7
	}
	return balie.NowFacts{Open: cal.IsOpen(now), Weekday: day, Hour: local.Hour(), Holiday: cal.Holiday(now)}
}

// inHours is a length of time in hours, to the minute or so.
func inHours(d time.Duration) float64 { return math.Round(100*d.Hours()) / 100 }

func priorityWord(p int) string {
	for word, n := range priorities {
		if n == p {
			return word
		}
	}
	return "normal"
}
