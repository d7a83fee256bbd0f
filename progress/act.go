package progress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// By is who does what a timer does.
const By = "timer"

// Tags that timers put on a request. They are ids, the same in every language.
const (
	CallBackTag  = "call-back" // somebody must ring the customer
	EscalatedTag = "escalated"
)

// lateAfter is how long after its moment a timer counts as late: nobody looked.
const lateAfter = time.Hour

// act is one timer going off: what it knows, and the Change it writes.
type act struct {
	p      *Progress
	ctx    context.Context
	s      Setting
	c      *balie.Change
	t      Timer
	person balie.Person
	now    time.Time
	facts  router.GuardFacts
	data   map[string]string // of the Fired event

	overtaken bool // a later timer says the same and more
	did, held []string
	told      bool
	asked     []balie.ID // hand-outs that were written to
	notified  []string   // keys of colleagues who were
	said      []balie.Message
	read      bool
}

// firing is one timer going off, made into a Change. The request is as it was
// read; overtaken says that a later timer which is due too says the same and
// more.
func (p *Progress) firing(ctx context.Context, s Setting, r balie.Request, person balie.Person, t Timer, overtaken bool, now time.Time) (*act, error) {
	a := &act{p: p, ctx: ctx, s: s, c: &balie.Change{Request: r, Seen: []string{claim(r.ID, t)}}, t: t, person: person, now: now, overtaken: overtaken,
		data: map[string]string{"timer": string(t.Kind), "cause": t.Cause, "due": stamp(t.At)}}
	if v := s.policy().Version; v > 0 {
		a.data["policy"] = strconv.Itoa(v)
	}
	// First of all events, so that the rest reads as its consequence; what came
	// of it is filled in below.
	if err := a.do(balie.Event{What: balie.Fired, Data: a.data}); err != nil {
		return nil, err
	}
	if err := a.all(); err != nil {
		return nil, err
	}
	if now.Sub(t.At) > lateAfter {
		a.data["late"] = short(now.Sub(t.At).Truncate(time.Minute))
	}
	if len(a.held) > 0 {
		a.data["held"] = strings.Join(a.held, "; ")
	}
	a.data["did"] = "nothing"
	if len(a.did) > 0 {
		a.data["did"] = strings.Join(a.did, ", ")
	}
	return a, nil
}

// claim is the key by which a timer goes off once, whoever looks.
func claim(id balie.ID, t Timer) string {
	return "timer:" + id.String() + ":" + string(t.Kind) + ":" + t.Cause
}

// all does what the timer does by itself, and then what the rules say.
func (a *act) all() error {
	a.facts = guardFacts(a.s, a.c.Request, a.t, a.now)
	if a.t.Over {
		a.hold("answered meanwhile")
		return nil
	}
	if a.overtaken && a.t.Kind != UnansweredTimer {
		a.hold("late: a later one says more")
		return nil
	}
	if err := a.own(); err != nil {
		return err
	}
	return a.interventions()
}

// own is what a timer does whatever the rules say.
func (a *act) own() error {
	switch a.t.Kind {
	case DelayTimer:
		return a.tellDelay()
	case SilentTimer:
		if a.s.policy().Inform.Silent {
			return a.tellProgress()
		}
	case HandoutSoonTimer, HandoutOverdueTimer, TeamSilentTimer:
		return a.remindTeam(a.t.Clock.Handout, a.t.Kind != HandoutSoonTimer)
	case ReminderTimer:
		return a.remind()
	case UnansweredTimer:
		return a.unanswered()
	case LapsedTimer:
		return a.end(balie.Lapsed)
	case ResumedTimer:
		return a.resume()
	case AftercareTimer:
		return a.survey()
	}
	return nil
}

// interventions does what the rules say of the occasion.
func (a *act) interventions() error {
	rules := a.s.policy().Interventions
	if a.facts.Occasion == "" || rules == nil {
		return nil
	}
	b, err := json.Marshal(a.facts)
	if err != nil {
		return fmt.Errorf("write down what a timer looked at: %w", err)
	}
	a.data["facts"] = string(b)
	var fired []string
	for _, i := range rules.Decide(a.facts) {
		fired = append(fired, i.Rule)
		for _, do := range i.Do {
			if err := a.carryOut(do); err != nil {
				return fmt.Errorf("rule %s: %w", i.Rule, err)
			}
		}
	}
	a.data["rules"] = strings.Join(fired, ",")
	return nil
}

// do adds an event of the timer.
func (a *act) do(e balie.Event) error {
	e.At, e.By = a.now, By
	return a.c.Do(e)
}

func (a *act) request() balie.Request { return a.c.Request }

// hold notes why something was not done.
func (a *act) hold(why string) {
	if !slices.Contains(a.held, why) {
		a.held = append(a.held, why)
	}
}

func (a *act) note(what string) { a.did = append(a.did, what) }

// urgent reports whether opening hours do not count for what goes out.
func (a *act) urgent() bool { return a.request().Priority >= balie.Urgent }

// messages are what was said on the request, oldest first.
func (a *act) messages() ([]balie.Message, error) {
	if a.read {
		return a.said, nil
	}
	said, err := a.p.store.Messages(a.ctx, a.request().ID)
	if err != nil {
		return nil, fmt.Errorf("read what was said: %w", err)
	}
	a.said, a.read = said, true
	return said, nil
}

// end closes the request by itself. What may not be closed so, a complaint
// first of all, is put before a person.
func (a *act) end(what balie.What) error {
	r := a.request()
	if r.Kind == balie.Complaint {
		a.hold("a complaint is closed by a person")
		return a.byHand()
	}
	err := a.do(balie.Event{What: what})
	if x, ok := errors.AsType[*balie.MoveError](err); ok {
		a.hold(x.Why)
		return a.byHand()
	}
	if err == nil {
		a.note("closed")
	}
	return err
}

// byHand tells who has the request that it is theirs to close.
func (a *act) byHand() error {
	return a.notify(router.ToAssignee, a.p.write.Text(a.p.o.Language, "progress.by_hand"))
}

// resume brings a request back when its date is there, and tells who has it.
func (a *act) resume() error {
	if err := a.do(balie.Event{What: balie.Resumed}); err != nil {
		return err
	}
	a.note("resumed")
	return nil
}

// lookup asks for claims.
func (a *act) lookup(keys ...string) (map[string]store.Claim, error) {
	found, err := a.p.store.Lookup(a.ctx, store.Query{Seen: keys})
	if err != nil {
		return nil, fmt.Errorf("look up what went out: %w", err)
	}
	return found.Seen, nil
}

// product is the request's product; the zero one when it has none.
func (a *act) product() balie.Product { return a.s.product(a.request()) }

// team is a team of the catalogue; one that is gone has its id alone.
func (a *act) team(id string) balie.Team {
	if a.s.Catalogue != nil {
		if t, ok := a.s.Catalogue.Team(id); ok {
			return t
		}
	}
	return balie.Team{ID: id}
}

// about is what a letter to a team is about.
func (a *act) about(h balie.Handout) letters.Summary {
	return letters.Summary{Product: a.product(), Team: a.team(h.Team), Language: a.p.o.Language, Due: h.Due}
}
