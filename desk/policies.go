package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// PolicyStore is what working on the promises needs of a store.
type PolicyStore interface {
	store.Requests
	store.Documents
}

// Policies is working on what the desk promises and how it keeps to it. Every
// act leaves an audit line (S13).
type Policies struct {
	store    PolicyStore
	lib      *Library
	calendar hours.Calendar
}

// NewPolicies returns the acts on the promises; calendar is the desk's own.
func NewPolicies(s PolicyStore, l *Library, calendar hours.Calendar) *Policies {
	return &Policies{s, l, calendar}
}

// PolicyView is the promises in force.
type PolicyView struct {
	Policy  *progress.Policy
	Body    []byte
	Version int
	History []store.Document
}

// View reads what is in force, with the versions before it.
func (p *Policies) View(ctx context.Context, a Actor) (PolicyView, error) {
	var v PolicyView
	if !a.Can(SeeDocuments) {
		return v, balie.ErrDenied
	}
	d, err := p.store.Document(ctx, ProgressDoc, "", 0)
	if err != nil {
		return v, fmt.Errorf("read the promises: %w", err)
	}
	v.Policy, v.Body, v.Version = p.lib.Brain().Policy, d.Body, d.Version
	if v.History, err = p.store.DocumentHistory(ctx, ProgressDoc, ""); err != nil {
		return v, fmt.Errorf("read the versions of the promises: %w", err)
	}
	return v, nil
}

// PolicyEffect is what other promises would change. It looks at so many open
// and closed requests as Looked and Judged say.
type PolicyEffect struct {
	Looked, Moved         int // open requests; of those, whose next promise ends at another moment
	NewlyLate, NoMoreLate int
	Rows                  []PolicyRow // the first that move, those that become late first
	Judged                int         // solved requests
	RespondNow, Respond   int         // answered in time by what is in force, and by the draft
	ResolveNow, Resolve   int
	Warnings              []router.Finding
	Failing               []router.Finding // examples of interventions that do not hold
}

// PolicyRow is one request under both promises.
type PolicyRow struct {
	Request     balie.Request
	Before, Now Clock
}

// Bounds of a trial.
const (
	triedOpen   = 5000
	triedSolved = 2000
	shownMoved  = 50
)

// Try reckons what a draft would change, and changes nothing.
func (p *Policies) Try(ctx context.Context, a Actor, body []byte, now time.Time) (PolicyEffect, error) {
	var e PolicyEffect
	if !a.Can(SeeDocuments) {
		return e, balie.ErrDenied
	}
	draft, err := p.lib.Draft(ProgressDoc, "progress.yaml", body)
	if err != nil {
		return e, err
	}
	if i := draft.Policy.Interventions; i != nil {
		e.Warnings, e.Failing = i.Warnings(), i.Check()
	}
	open := store.Filter{States: []balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.Planned}, Order: store.ByOpened, Limit: triedOpen}
	for rs, err := range p.together(ctx, open) {
		if err != nil {
			return e, fmt.Errorf("read what is open: %w", err)
		}
		for _, r := range rs {
			e.compare(r.Request, p.of(p.lib.Brain(), r.org), p.of(draft, r.org), now)
		}
	}
	done := store.Filter{States: []balie.State{balie.Closed, balie.AnsweredState}, Order: store.ByChangedDesc, Limit: triedSolved}
	for rs, err := range p.together(ctx, done) {
		if err != nil {
			return e, fmt.Errorf("read what was solved: %w", err)
		}
		for _, r := range rs {
			e.judge(r.Request, p.of(p.lib.Brain(), r.org), p.of(draft, r.org))
		}
	}
	return e, nil
}

func (p *Policies) of(b *intake.Brain, org string) progress.Setting {
	return b.Setting(p.calendar, org)
}

// withOrg is a request and the organisation of its customer.
type withOrg struct {
	balie.Request
	org string
}

// triedAtOnce is of how many requests the customers are looked up together.
const triedAtOnce = 500

// together lists requests by the hundreds, with their customers' organisations.
func (p *Policies) together(ctx context.Context, f store.Filter) func(func([]withOrg, error) bool) {
	return func(yield func([]withOrg, error) bool) {
		var some []withOrg
		flush := func() bool {
			q := store.Query{}
			for _, r := range some {
				if !r.Customer.IsZero() {
					q.People = append(q.People, r.Customer)
				}
			}
			found, err := p.store.Lookup(ctx, q)
			for i := range some {
				some[i].org = found.People[some[i].Customer].Organisation
			}
			list := some
			some = nil
			return yield(list, err)
		}
		for r, err := range p.store.List(ctx, f) {
			if err != nil {
				yield(nil, err)
				return
			}
			if some = append(some, withOrg{Request: r}); len(some) == triedAtOnce && !flush() {
				return
			}
		}
		if len(some) > 0 {
			flush()
		}
	}
}

// compare adds an open request under both promises.
func (e *PolicyEffect) compare(r balie.Request, was, is progress.Setting, now time.Time) {
	e.Looked++
	before, after := was.Clocks(r, now).Nearest(), is.Clocks(r, now).Nearest()
	if before.Due.Equal(after.Due) {
		return
	}
	e.Moved++
	row := PolicyRow{r, before, after}
	switch {
	case after.Late && !before.Late:
		e.NewlyLate++
		e.Rows = append([]PolicyRow{row}, e.Rows...)
	default:
		if before.Late && !after.Late {
			e.NoMoreLate++
		}
		e.Rows = append(e.Rows, row)
	}
	e.Rows = e.Rows[:min(len(e.Rows), shownMoved)]
}

// judge adds a solved request under both promises.
func (e *PolicyEffect) judge(r balie.Request, was, is progress.Setting) {
	if r.Solved.IsZero() || r.Outcome == balie.Duplicate || r.Outcome == balie.Spam {
		return
	}
	e.Judged++
	count := func(kept bool, n *int) {
		if kept {
			*n++
		}
	}
	respond, resolve := was.Results(r)
	count(respond.Kept, &e.RespondNow)
	count(resolve.Kept, &e.ResolveNow)
	respond, resolve = is.Results(r)
	count(respond.Kept, &e.Respond)
	count(resolve.Kept, &e.Resolve)
}

// Publish checks promises and puts them in force on top of base. ErrStale:
// somebody published meanwhile. Examples that do not hold refuse it.
func (p *Policies) Publish(ctx context.Context, a Actor, base int, body []byte, reason string, now time.Time) (int, error) {
	if !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	draft, err := p.lib.Draft(ProgressDoc, "progress.yaml", body)
	if err != nil {
		return 0, err
	}
	if i := draft.Policy.Interventions; i != nil {
		if err := failing(i.Check()); err != nil {
			return 0, err
		}
	}
	d := store.Document{Kind: ProgressDoc, Body: body, At: now.UTC(), By: a.By(), Reason: strings.TrimSpace(reason)}
	version, err := p.lib.Publish(ctx, d, base, "progress.yaml")
	if err != nil {
		return 0, err
	}
	return version, published(ctx, commits{p.store}, a, "progress.publish", ProgressDoc, base, version, d.Reason, now)
}

// commits is the one thing an audit line needs.
type commits struct{ store.Requests }

// failing joins the examples that do not hold.
func failing(list []router.Finding) error {
	var all []error
	for _, f := range list {
		all = append(all, &balie.InvalidError{File: "progress.yaml", Line: f.Line, Field: f.Rule, Problem: f.Problem, Fix: f.Fix})
	}
	return errors.Join(all...)
}

// Rollback publishes an old version again.
func (p *Policies) Rollback(ctx context.Context, a Actor, to, base int, reason string, now time.Time) (int, error) {
	d, err := p.store.Document(ctx, ProgressDoc, "", to)
	if err != nil {
		return 0, fmt.Errorf("read version %d of the promises: %w", to, err)
	}
	return p.Publish(ctx, a, base, d.Body, reason, now)
}
