package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// Bounds of looking back.
const (
	BacktestMost    = 20_000 // past decisions at most
	backtestsAtOnce = 1      // it decides again: one processor's work
	backtestsWait   = 8      // jobs that wait for it
	backtestsKept   = 20     // finished ones that can still be looked at
)

// JobState is how far a job is.
type JobState string

// The states of a job.
const (
	JobWaits     JobState = "waits"
	JobRuns      JobState = "runs"
	JobDone      JobState = "done"
	JobCancelled JobState = "cancelled"
	JobFailed    JobState = "failed"
)

// Backtest is making past decisions again with a draft. It is kept in memory:
// after a restart it is begun again.
type Backtest struct {
	ID             string
	By             string // Actor.ID
	State          JobState
	Last           int // how many decisions were asked for
	Done, Total    int // requests looked at; Total is a guess until the end
	Started, Ended time.Time
	From, To       time.Time // of the decisions looked at
	Report         router.Report
	Rules          *router.Ruleset
	Why            string // it failed

	of [sha256.Size]byte // the draft
}

// Over reports whether nothing more will come.
func (b Backtest) Over() bool { return b.State != JobWaits && b.State != JobRuns }

// Took is how long it ran.
func (b Backtest) Took() time.Duration { return b.Ended.Sub(b.Started) }

// backtests are the jobs, by id; the newest last.
type backtests struct {
	mu    sync.Mutex
	list  []*backtestJob
	queue chan *backtestJob
}

type backtestJob struct {
	Backtest
	ctx    context.Context // QUIRK: a job outlives the request that began it and is ended by its own button
	cancel context.CancelFunc
	ended  chan struct{} // closed when it is over
}

func newBacktests() *backtests {
	return &backtests{queue: make(chan *backtestJob, backtestsWait)}
}

// StartBacktest begins to make the last decisions again with the actor's
// draft. There is one at a time per admin: asking again for the same gives the
// one that runs, asking for another ends it.
func (r *Rules) StartBacktest(ctx context.Context, a Actor, last int, now time.Time) (string, error) {
	if !a.Can(Publish) {
		return "", balie.ErrDenied
	}
	if last < 1 || last > BacktestMost {
		return "", &balie.InvalidError{Field: "last", Problem: fmt.Sprintf("%d decisions cannot be looked at", last), Fix: fmt.Sprintf("choose 1 to %d", BacktestMost)}
	}
	d, err := r.Draft(ctx, a)
	if err != nil {
		return "", err
	}
	rs, err := router.Compile("rules", d.Body, nil)
	if err != nil {
		return "", err
	}
	rs.Version = d.InForce + 1
	all, err := r.store.Count(ctx, store.Filter{})
	if err != nil {
		return "", fmt.Errorf("count requests: %w", err)
	}
	return r.jobs.add(Backtest{ID: rand.Text(), By: a.ID, State: JobWaits, Last: last, Total: min(last, all), Started: now, Rules: rs, of: sha256.Sum256(d.Body)})
}

func (j *backtests) add(b Backtest) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, x := range j.list {
		if x.By != b.By || x.Over() {
			continue
		}
		if x.of == b.of && x.Last == b.Last {
			return x.ID, nil
		}
		x.stop(b.Started)
	}
	job := &backtestJob{Backtest: b, ended: make(chan struct{})}
	job.ctx, job.cancel = context.WithCancel(context.Background())
	select {
	case j.queue <- job:
	default:
		job.cancel()
		return "", balie.ErrThrottled
	}
	j.list = append(j.list, job)
	if len(j.list) > backtestsKept && j.list[0].Over() {
		j.list = j.list[1:]
	}
	return job.ID, nil
}

// stop ends a job; the lock is held.
func (b *backtestJob) stop(now time.Time) {
	b.cancel()
	if !b.Over() {
		b.State, b.Ended = JobCancelled, now
		close(b.ended)
	}
}

// Backtest is a job as far as it is. Every admin may look at it: it is about
// the same requests and rules.
func (r *Rules) Backtest(a Actor, id string) (Backtest, error) {
	if !a.Can(Publish) {
		return Backtest{}, balie.ErrNotFound
	}
	return r.jobs.find(func(b *backtestJob) bool { return b.ID == id })
}

// LastBacktest is the newest job of the actor on the draft as it is now.
func (r *Rules) LastBacktest(a Actor, d RuleDraft) (Backtest, bool) {
	of := sha256.Sum256(d.Body)
	b, err := r.jobs.find(func(b *backtestJob) bool { return b.By == a.ID && b.of == of && b.State != JobCancelled })
	return b, err == nil
}

func (j *backtests) find(is func(*backtestJob) bool) (Backtest, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.list) - 1; i >= 0; i-- {
		if is(j.list[i]) {
			return j.list[i].Backtest, nil
		}
	}
	return Backtest{}, balie.ErrNotFound
}

// CancelBacktest ends a job of the actor's own.
func (r *Rules) CancelBacktest(a Actor, id string, now time.Time) error {
	r.jobs.mu.Lock()
	defer r.jobs.mu.Unlock()
	for _, b := range r.jobs.list {
		if b.ID == id && b.By == a.ID && a.Can(Publish) {
			b.stop(now)
			return nil
		}
	}
	return balie.ErrNotFound
}

// run works jobs off until ctx ends.
func (j *backtests) run(ctx context.Context, r *Rules) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case b := <-j.queue:
			j.work(ctx, r, b)
		}
	}
}

// work runs one job.
func (j *backtests) work(ctx context.Context, r *Rules, b *backtestJob) {
	both, cancel := context.WithCancel(b.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	if !j.note(b, func() { b.State, b.Started = JobRuns, time.Now() }) {
		return
	}
	var failed error
	report := router.Backtest(b.Rules, r.past(both, b.Last, &failed, func(p time.Time) {
		j.note(b, func() {
			b.Done++
			if b.To.IsZero() || p.After(b.To) {
				b.To = p
			}
			if b.From.IsZero() || p.Before(b.From) {
				b.From = p
			}
		})
	}))
	j.note(b, func() {
		b.State, b.Ended, b.Report = JobDone, time.Now(), report
		b.Total = max(b.Done, 1)
		switch {
		case both.Err() != nil:
			b.State = JobCancelled
		case failed != nil:
			b.State, b.Why = JobFailed, failed.Error()
		}
		close(b.ended)
	})
}

// note changes a job that is not over.
func (j *backtests) note(b *backtestJob, change func()) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if b.Over() {
		return false
	}
	change()
	return true
}

// past gives the last decisions of the requests that changed last; each is
// told when it was made.
func (r *Rules) past(ctx context.Context, last int, failed *error, told func(time.Time)) iter.Seq[router.Past] {
	return func(yield func(router.Past) bool) {
		left := last
		for req, err := range r.store.List(ctx, store.Filter{Limit: last}) {
			var events []balie.Event
			if err == nil {
				events, err = r.store.Events(ctx, req.ID, 0)
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					*failed = fmt.Errorf("read past decisions: %w", err)
				}
				return
			}
			for _, e := range events {
				if e.Decision == nil {
					continue
				}
				told(e.At)
				if !yield(router.Past{Request: req.ID, Ref: req.Ref, Subject: req.Subject, Decision: *e.Decision}) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
		}
	}
}
