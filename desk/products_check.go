package desk

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// Bounds of checking and publishing.
const (
	productJobsKept = 16 // several admins, each with a few drafts
	productJobsWait = 8  // jobs that wait for the one that runs
	askedAgain      = 80 // examples of a language that are asked as questions
	// mayDrop is by how much the share of examples that find their product may
	// fall before it counts as worse: one new example that is hard to find is
	// no reason to hold a publication.
	mayDrop = 0.01
)

// ProductCheck is what a draft would do to the desk. It is worked out beside
// the pages: training a large catalogue takes longer than a page may.
type ProductCheck struct {
	State         JobState
	Training      bool // the first half: how long it takes is not known
	Done, Total   int  // examples asked
	Problem       error
	Broken        []router.Finding // rule examples that hold now and would not
	Before, After map[string]catalogue.Figures
	Warnings      []*balie.InvalidError
	Published     int   // the version it became
	Refused       error // why it was not published
}

// Over reports whether nothing more will come.
func (c ProductCheck) Over() bool { return c.State == JobDone }

// Worse reports whether examples find their own product less often than now.
func (c ProductCheck) Worse() bool {
	for l, after := range c.After {
		if before, ok := c.Before[l]; ok && before.Examples > 0 && after.First < before.First-mayDrop {
			return true
		}
	}
	return false
}

// Green reports whether the draft may be put in force without a word.
func (c ProductCheck) Green() bool {
	return c.Over() && c.Problem == nil && len(c.Broken) == 0 && !c.Worse()
}

// productJob is one check, or one publication.
type productJob struct {
	mu    sync.Mutex
	state ProductCheck
	ended chan struct{}
	work  func(ctx context.Context, j *productJob)
}

func (j *productJob) change(f func(*ProductCheck)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(&j.state)
}

func (j *productJob) now() ProductCheck {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state
}

// productJobs are the jobs by what they are about.
type productJobs struct {
	mu     sync.Mutex
	byKey  map[string]*productJob
	order  []string
	queue  chan *productJob
	before map[int]map[string]catalogue.Figures // of a version in force; of run only
}

func newProductJobs() *productJobs {
	return &productJobs{byKey: map[string]*productJob{}, queue: make(chan *productJob, productJobsWait), before: map[int]map[string]catalogue.Figures{}}
}

// run does one job after another until ctx ends; those that wait then end too.
func (q *productJobs) run(ctx context.Context) {
	for {
		select {
		case j := <-q.queue:
			j.change(func(c *ProductCheck) { c.State = JobRuns })
			j.work(ctx, j)
			j.change(func(c *ProductCheck) { c.State = JobDone })
			close(j.ended)
		case <-ctx.Done():
			return
		}
	}
}

// ask gives the job with a key, and begins it when there is none.
func (q *productJobs) ask(key string, work func(ctx context.Context, j *productJob)) (*productJob, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if j, ok := q.byKey[key]; ok {
		return j, nil
	}
	j := &productJob{state: ProductCheck{State: JobWaits}, ended: make(chan struct{}), work: work}
	select {
	case q.queue <- j:
	default:
		return nil, &balie.UnavailableError{Why: "other catalogues are being checked", RetryAfter: 10 * time.Second}
	}
	q.byKey[key] = j
	q.order = append(q.order, key)
	if len(q.order) > productJobsKept {
		delete(q.byKey, q.order[0])
		q.order = q.order[1:]
	}
	return j, nil
}

// wait gives a job some time to end.
func (j *productJob) wait(ctx context.Context, patience time.Duration) ProductCheck {
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-j.ended:
	case <-t.C:
	case <-ctx.Done():
	}
	return j.now()
}

// Check says what the draft would do, as far as it is known after waiting.
func (p *Products) Check(ctx context.Context, a Actor, d ProductDraft, rules *Rules, patience time.Duration, now time.Time) (ProductCheck, error) {
	if !a.Can(Publish) {
		return ProductCheck{}, balie.ErrDenied
	}
	if !d.Begun() {
		return ProductCheck{State: JobDone}, nil
	}
	b := p.lib.Brain()
	key := fmt.Sprintf("check %d %d %x", b.Catalogue.Version, b.Rules.Version, sha256.Sum256(d.Body))
	j, err := p.jobs.ask(key, func(ctx context.Context, j *productJob) { p.check(ctx, j, d.Body, rules, now) })
	if err != nil {
		return ProductCheck{}, err
	}
	return j.wait(ctx, patience), nil
}

// check trains with the draft and asks its examples.
func (p *Products) check(ctx context.Context, j *productJob, body []byte, rules *Rules, now time.Time) {
	j.change(func(c *ProductCheck) { c.Training = true })
	draft, err := p.lib.Draft(CatalogueDoc, "catalogue", body)
	if err != nil {
		j.change(func(c *ProductCheck) { c.Problem = err })
		return
	}
	broken := p.broken(draft, rules, now)
	inForce := p.lib.Brain().Catalogue
	figures := func(c *catalogue.Catalogue) map[string]catalogue.Figures {
		out := map[string]catalogue.Figures{}
		for _, l := range catalogue.Languages {
			out[l] = catalogue.FoundAgain(c, l, askedAgain, func(done, total int) bool {
				j.change(func(c *ProductCheck) { c.Training, c.Done, c.Total = false, done, total })
				return ctx.Err() == nil
			})
		}
		return out
	}
	before, ok := p.jobs.before[inForce.Version]
	if !ok {
		before = figures(inForce)
		p.jobs.before = map[int]map[string]catalogue.Figures{inForce.Version: before}
	}
	after := figures(draft.Catalogue)
	j.change(func(c *ProductCheck) {
		c.Broken, c.Before, c.After, c.Warnings = broken, before, after, draft.Catalogue.Warnings()
	})
}

// broken are the rules' own examples that hold now and would not with a draft.
func (p *Products) broken(draft *intake.Brain, rules *Rules, now time.Time) []router.Finding {
	if rules == nil {
		return nil
	}
	at := rules.asOpen(now)
	b := p.lib.Brain()
	fails := b.Rules.Check(rules.exampleFacts(b, at))
	return slices.DeleteFunc(draft.Rules.Check(rules.exampleFacts(draft, at)), func(f router.Finding) bool {
		return slices.ContainsFunc(fails, func(g router.Finding) bool { return g.Rule == f.Rule && g.Example == f.Example })
	})
}

// PublishDraft puts the actor's draft in force: as a job, for it trains once
// more. It needs a reason, rules that hold, and examples that are found as
// well as now, unless anyway is set. ErrStale: somebody else published since
// the draft was begun (see Reapply), or it was changed in another window.
func (p *Products) PublishDraft(ctx context.Context, a Actor, seen DraftSeen, rules *Rules, reason string, anyway bool, patience time.Duration, now time.Time) (ProductCheck, error) {
	d, err := p.writable(ctx, a, seen)
	if err != nil {
		return ProductCheck{}, err
	}
	if err := reasoned(reason); err != nil {
		return ProductCheck{}, err
	}
	if d.Stale() {
		return ProductCheck{}, fmt.Errorf("publish on version %d, and %d is in force: %w", d.Base, d.InForce, balie.ErrStale)
	}
	changes, err := p.Changes(ctx, d)
	if err != nil {
		return ProductCheck{}, err
	}
	if len(changes) == 0 {
		return ProductCheck{}, &balie.InvalidError{Field: "draft", Problem: "nothing was changed", Fix: "change a product first"}
	}
	key := fmt.Sprintf("publish %s %d %d", a.ID, d.Base, d.Version)
	p.jobs.forget(key)
	j, err := p.jobs.ask(key, func(ctx context.Context, j *productJob) {
		p.publish(ctx, j, a, d, rules, strings.TrimSpace(reason), anyway, now)
	})
	if err != nil {
		return ProductCheck{}, err
	}
	return j.wait(ctx, patience), nil
}

// publish checks and publishes. A publication that was refused may be asked
// for again: it is another job then, see forget.
func (p *Products) publish(ctx context.Context, j *productJob, a Actor, d ProductDraft, rules *Rules, reason string, anyway bool, now time.Time) {
	p.check(ctx, j, d.Body, rules, now)
	c := j.now()
	c.State = JobDone
	refuse := c.Problem
	switch {
	case refuse != nil:
	case len(c.Broken) > 0 && !anyway:
		refuse = &balie.InvalidError{Field: "rules", Problem: fmt.Sprintf("%d examples of the rules would no longer hold", len(c.Broken)), Fix: "mend the catalogue or the rules, or publish it all the same"}
	case c.Worse() && !anyway:
		refuse = &balie.InvalidError{Field: "examples", Problem: "examples find their own product less often than now", Fix: "give the products examples that differ more, or publish it all the same"}
	}
	version := 0
	if refuse == nil {
		gone := balie.Record{Kind: productDraftKind, Key: a.ID, Version: d.Version + 1}
		version, refuse = p.put(ctx, a, "catalogue.publish", d.Body, d.Base, reason, now, gone)
	}
	j.change(func(c *ProductCheck) { c.Published, c.Refused = version, refuse })
}

// forget lets a job that was refused be asked for again.
func (q *productJobs) forget(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j, ok := q.byKey[key]
	if !ok {
		return
	}
	if c := j.now(); c.Over() && c.Refused != nil {
		delete(q.byKey, key)
		q.order = slices.DeleteFunc(q.order, func(k string) bool { return k == key })
	}
}

// Publishing is how far the publication of the actor's draft is after some
// patience; false when there is none.
func (p *Products) Publishing(ctx context.Context, a Actor, seen DraftSeen, patience time.Duration) (ProductCheck, bool) {
	p.jobs.mu.Lock()
	j, ok := p.jobs.byKey[fmt.Sprintf("publish %s %d %d", a.ID, seen.Base, seen.Version)]
	p.jobs.mu.Unlock()
	if !ok {
		return ProductCheck{}, false
	}
	return j.wait(ctx, patience), true
}

var _ ProductsStore = store.Store(nil)
