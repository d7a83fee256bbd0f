package boltstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/faults"
)

// Bounds of one transaction: a commit of this size takes some tens of
// milliseconds, and nobody waits longer than for the one before his own.
const (
	maxJobs  = 1024
	maxBytes = 16 << 20
)

// retryAfter is when a full disk is worth another try.
const retryAfter = time.Minute

var (
	errClosed = errors.New("the store is closed")
	errFull   = errors.New("too little space is left on the disk")
)

// job is one caller's step in a transaction. run may run again when the
// transaction of its neighbours fails: it starts from nothing each time. Its
// error is the caller's; it has written nothing then.
type job struct {
	run  func(*writer) error
	size int
	wake bool // readers of the feed want to know
	err  error
	done chan error
}

// Commit stores each Change whole or not at all.
func (d *DB) Commit(ctx context.Context, c ...balie.Change) error {
	if err := d.ready(takesIn(c)); err != nil {
		return err
	}
	list := make([]*encoded, len(c))
	refused := make([]error, len(c))
	size, now := 0, d.clock()
	for i := range c {
		list[i], refused[i] = encode(c[i])
		if refused[i] == nil {
			size += list[i].size
			list[i].now = now
		}
	}
	d.inUse.naming(list)
	errs := make([]error, len(c))
	err := d.do(ctx, &job{size: size, wake: true, run: func(w *writer) error {
		copy(errs, refused)
		for i, e := range list {
			if errs[i] != nil {
				continue
			}
			if errs[i] = w.check(e); errs[i] == nil {
				w.write(e)
			}
		}
		return nil
	}})
	if err != nil {
		return fmt.Errorf("store %d changes: %w", len(c), err)
	}
	d.inUse.named(list)
	for _, err := range errs {
		if err != nil {
			return &balie.RefusedError{Errs: errs}
		}
	}
	return nil
}

func takesIn(c []balie.Change) bool {
	for _, c := range c {
		if len(c.Messages) > 0 || len(c.Blobs) > 0 {
			return true
		}
	}
	return false
}

// ready refuses what cannot be stored now.
func (d *DB) ready(takesIn bool) error {
	if err := d.Fault(); err != nil {
		return err
	}
	if takesIn && d.space.low(d.clock()) {
		return &balie.UnavailableError{Why: errFull.Error(), RetryAfter: retryAfter}
	}
	return nil
}

// do hands a job to the committer and waits until it is durable. When the
// caller goes first, the outcome is unknown.
func (d *DB) do(ctx context.Context, j *job) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	j.done = make(chan error, 1)
	select {
	case d.jobs <- j:
	case <-d.stop:
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.stopped:
	}
	select {
	case err := <-j.done:
		return err
	default:
		return errClosed
	}
}

// committer is the only one that writes. It takes all jobs that wait, so that
// many callers share one sync.
func (d *DB) committer() {
	defer close(d.stopped)
	last := 0
	for {
		select {
		case j := <-d.jobs:
			batch := d.gather(j, last)
			last = len(batch)
			d.commit(batch)
		case <-d.stop:
			return
		}
	}
}

// gather drains what waits. Callers that were just answered are on their way
// back with the next Change: while fewer came than last time, they get the
// processor for a moment.
func (d *DB) gather(first *job, last int) []*job {
	batch := []*job{first}
	size := first.size
	for idle := 0; len(batch) < maxJobs && size < maxBytes; {
		select {
		case j := <-d.jobs:
			batch = append(batch, j)
			size += j.size
			continue
		default:
		}
		if len(batch) >= last || idle >= 3 {
			break
		}
		idle++
		runtime.Gosched()
	}
	return batch
}

// commit writes a batch. When something in it cannot be written, its members
// go one by one, so that only the culprit fails.
func (d *DB) commit(batch []*job) {
	if err := d.Fault(); err != nil {
		answer(batch, err)
		return
	}
	err := d.transact(batch)
	var broken *writeError
	if errors.As(err, &broken) && len(batch) > 1 {
		for _, j := range batch {
			d.commit([]*job{j})
		}
		return
	}
	if err != nil {
		answer(batch, d.judge(err))
		return
	}
	for _, j := range batch {
		if j.wake {
			d.signal()
			break
		}
	}
	for _, j := range batch {
		j.done <- j.err
	}
}

func answer(batch []*job, err error) {
	for _, j := range batch {
		j.done <- err
	}
}

// writeError is a failure before the commit: nothing of the transaction was
// stored.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// transact runs a batch in one transaction. A panic while writing is damage in
// the file: bbolt trusts its pages.
func (d *DB) transact(batch []*job) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	tx, err := d.bolt.Begin(true)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer func() {
		if p := recover(); p != nil {
			err = &writeError{fmt.Errorf("write to %s: %v: %w", storeFile, p, balie.ErrCorrupt)}
		}
		if tx != nil {
			tx.Rollback()
		}
	}()
	w := newWriter(tx)
	for _, j := range batch {
		if j.err = j.run(w); w.err != nil {
			return &writeError{w.err}
		}
	}
	if err := faults.Hit("store.before-commit"); err != nil {
		return &writeError{err}
	}
	if !w.dirty {
		return nil
	}
	err = tx.Commit()
	tx = nil
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return faults.Hit("store.after-commit")
}

// judge says what a failed commit means: a full disk passes, anything else may
// have cost written pages, and a second sync would not tell.
func (d *DB) judge(err error) error {
	var broken *writeError
	if errors.As(err, &broken) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		d.space.full(d.clock())
		return &balie.UnavailableError{Why: errFull.Error(), RetryAfter: retryAfter, Cause: err}
	}
	return d.fail(err)
}

// fail makes the store refuse everything from now on.
func (d *DB) fail(err error) error {
	f := &balie.UnavailableError{Why: "the store could not be written and must be checked", RetryAfter: retryAfter, Cause: err}
	d.fault.CompareAndSwap(nil, f)
	return d.Fault()
}

// Fault is nil while the store can be written.
func (d *DB) Fault() error {
	if f := d.fault.Load(); f != nil {
		return f
	}
	return nil
}

// signal wakes the readers of the feed.
func (d *DB) signal() {
	d.feedMu.Lock()
	defer d.feedMu.Unlock()
	close(d.changed)
	d.changed = make(chan struct{})
}

// Changed returns a channel that is closed at the next commit.
func (d *DB) Changed() <-chan struct{} {
	d.feedMu.Lock()
	defer d.feedMu.Unlock()
	return d.changed
}
