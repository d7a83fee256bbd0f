package search

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Bounds of a turn, so that nobody waits behind it and its memory is small.
const (
	turnRequests = 200
	buildTurn    = 1000 // requests at once while the index is made: fewer turns, fewer merges
	turnEvents   = 1000
	retryPause   = time.Second
)

// Run opens the index, makes it when there is none, and follows the feed until
// ctx ends. What goes wrong is logged and tried again: without an index the
// desk still works.
func (x *Index) Run(ctx context.Context) error {
	defer x.close()
	err := x.start()
	for ctx.Err() == nil {
		if err == nil {
			err = x.turns(ctx)
		}
		var invalid *balie.InvalidError
		switch {
		case ctx.Err() != nil:
			return nil
		case damaged(err) || errors.As(err, &invalid) || x.again.Load():
			x.log.Warn("the search index is made again", "why", err)
			x.again.Store(false)
			if err = x.begin(); err == nil {
				continue
			}
		case x.closed():
			if err = x.start(); err == nil {
				continue
			}
		}
		x.log.Error("the search index stands still", "err", err)
		sleep(ctx, retryPause)
		if !x.closed() {
			err = nil
		}
	}
	return nil
}

func (x *Index) closed() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.read == nil
}

// turns makes the index and follows the feed until something is wrong.
func (x *Index) turns(ctx context.Context) error {
	x.writing.Lock()
	built := x.meta(ctx, x.write, "built") == "yes"
	x.writing.Unlock()
	if !built {
		if err := x.build(ctx); err != nil {
			return err
		}
	}
	x.writing.Lock()
	w := &waiting{at: store.FeedCursor(x.meta(ctx, x.write, "cursor"))}
	x.writing.Unlock()
	for ctx.Err() == nil && !x.again.Load() {
		changed := x.store.Changed()
		more, err := x.gather(ctx, w)
		if err != nil {
			return err
		}
		began := time.Now()
		switch {
		case w.due(began) <= 0:
			more = true // look again, whatever came of it
			err = x.writeDown(ctx, w)
		case more:
			continue
		default:
			more, err = x.purge(ctx)
		}
		if err != nil {
			return err
		}
		if more { // half of the time is for others
			sleep(ctx, time.Since(began))
			continue
		}
		if !w.any() {
			x.ready.Store(true)
			x.signal()
		}
		x.pause(ctx, changed, w.due(time.Now()))
	}
	return nil
}

// pause waits for a commit, a poke, or until something is due.
func (x *Index) pause(ctx context.Context, changed <-chan struct{}, due time.Duration) {
	t := time.NewTimer(due)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-x.wake:
	case <-ctx.Done():
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// poke ends a wait of Run.
func (x *Index) poke() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// build reads all requests in the order of their opening. After an
// interruption it goes on where it was. While others write to the store, it
// works half of the time.
func (x *Index) build(ctx context.Context) error {
	x.writing.Lock()
	after, err := x.beginning(ctx)
	x.writing.Unlock()
	if err != nil {
		return err
	}
	for {
		changed := x.store.Changed()
		began := time.Now()
		last, n, err := x.buildTurn(ctx, after)
		if err != nil {
			return err
		}
		x.done.Add(int64(n))
		if n < buildTurn {
			x.log.Info("the search index is made", "requests", x.done.Load())
			return nil
		}
		after = last
		select {
		case <-changed:
			sleep(ctx, time.Since(began))
		default:
		}
	}
}

// beginning is where the making goes on. The place in the feed is noted before
// the first request is read, so that nothing falls between.
func (x *Index) beginning(ctx context.Context) (balie.ID, error) {
	cursor, counts, err := x.store.Tail(ctx)
	if err != nil {
		return balie.ID{}, fmt.Errorf("find the end of the feed: %w", err)
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	x.total.Store(int64(total))
	var done int64
	if err := x.write.QueryRowContext(ctx, `SELECT count(*) FROM docs`).Scan(&done); err != nil {
		return balie.ID{}, err
	}
	x.done.Store(done)
	if after := x.meta(ctx, x.write, "after"); after != "" {
		return balie.ParseID(after)
	}
	return balie.ID{}, x.put(ctx, nil, func(tx *sql.Tx) error { return setMeta(ctx, tx, "cursor", string(cursor)) })
}

func (x *Index) buildTurn(ctx context.Context, after balie.ID) (last balie.ID, n int, err error) {
	var requests []balie.Request
	for r, err := range x.store.List(ctx, store.Filter{Order: store.ByOpened, After: after, Limit: buildTurn}) {
		if err != nil {
			return last, 0, fmt.Errorf("list requests to index: %w", err)
		}
		requests = append(requests, r)
		last = r.ID
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	docs, err := x.documents(ctx, requests)
	if err != nil {
		return last, 0, err
	}
	return last, len(requests), x.put(ctx, docs, func(tx *sql.Tx) error {
		if len(requests) < buildTurn {
			return setMeta(ctx, tx, "built", "yes")
		}
		return setMeta(ctx, tx, "after", last.String())
	})
}

// documents reads what is said on requests and by whom.
func (x *Index) documents(ctx context.Context, requests []balie.Request) ([]document, error) {
	var ids []balie.ID
	for _, r := range requests {
		ids = append(ids, peopleOf(r)...)
	}
	found, err := x.store.Lookup(ctx, store.Query{People: ids})
	if err != nil {
		return nil, fmt.Errorf("look up people to index: %w", err)
	}
	out := make([]document, 0, len(requests))
	for _, r := range requests {
		messages, err := x.store.Messages(ctx, r.ID)
		if err != nil {
			return nil, fmt.Errorf("read the messages of request %s: %w", r.Ref, err)
		}
		var people []balie.Person
		for _, id := range peopleOf(r) {
			if p, ok := found.People[id]; ok {
				people = append(people, p)
			}
		}
		out = append(out, newDocument(r, people, messages, x.stemmer))
	}
	return out, nil
}

func peopleOf(r balie.Request) []balie.ID {
	var out []balie.ID
	if !r.Customer.IsZero() {
		out = append(out, r.Customer)
	}
	for _, p := range r.Participants {
		if p != r.Customer {
			out = append(out, p)
		}
	}
	return out
}

// matters reports whether an event can change what a request is found by.
func matters(e balie.Event) bool {
	return !slices.Contains([]balie.What{balie.Sent, balie.Fired, balie.Undelivered, balie.Requeued, balie.HeldBack,
		balie.Bounced, balie.Alerted, balie.Rated, balie.Judged, balie.MayBelong, balie.Proposed, balie.Linked}, e.What)
}

// take indexes requests as they are now, in pieces; after is written with the last.
func (x *Index) take(ctx context.Context, ids []balie.ID, after func(*sql.Tx) error) error {
	for len(ids) > turnRequests {
		if err := x.takeSome(ctx, ids[:turnRequests], unchanged); err != nil {
			return err
		}
		ids = ids[turnRequests:]
	}
	return x.takeSome(ctx, ids, after)
}

func unchanged(*sql.Tx) error { return nil }

func (x *Index) takeSome(ctx context.Context, ids []balie.ID, after func(*sql.Tx) error) error {
	found, err := x.store.Lookup(ctx, store.Query{Requests: ids})
	if err != nil {
		return fmt.Errorf("look up requests to index: %w", err)
	}
	var requests []balie.Request
	var gone []balie.ID
	for _, id := range ids {
		if r, ok := found.Requests[id]; ok {
			requests = append(requests, r)
		} else {
			gone = append(gone, id)
		}
	}
	docs, err := x.documents(ctx, requests)
	if err != nil {
		return err
	}
	return x.put(ctx, docs, func(tx *sql.Tx) error {
		if err := remove(ctx, tx, gone); err != nil {
			return err
		}
		return after(tx)
	})
}

// Reindex looks at requests again that no event speaks of: their customer has
// another name. What they were before is not found any more when it returns;
// soon after it is gone from the file too.
func (x *Index) Reindex(ctx context.Context, ids ...balie.ID) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.closed() {
		return &balie.UnavailableError{Why: "the search index is not open", RetryAfter: retryPause}
	}
	defer x.poke()
	x.purging = false // one under way did not have these before it: it begins anew
	if err := x.take(ctx, ids, func(tx *sql.Tx) error { return setMeta(ctx, tx, "purge", "yes") }); err != nil {
		return fmt.Errorf("index %d requests again: %w", len(ids), x.judge(err))
	}
	return nil
}

// Rebuild makes the index anew from the store, in the background.
func (x *Index) Rebuild() {
	x.again.Store(true)
	x.poke()
}

// mergePages is how much of the index one step of a purge rewrites: about 4 MB.
const mergePages = 1000

// purge takes out of the file what documents were before they were written
// again: FTS5 only notes that it is gone until its pages are merged. Freed
// pages are overwritten (secure_delete), and the log is cut. It is one step of
// many, so that what is new is indexed between them; more: there are others.
func (x *Index) purge(ctx context.Context) (more bool, err error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.meta(ctx, x.write, "purge") == "" {
		x.purging = false
		return false, nil
	}
	conn, err := x.write.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	pages := mergePages
	if !x.purging { // all is merged with all
		pages, x.purging = -mergePages, true
		if err := purgeOpen(ctx, conn); err != nil {
			return false, fmt.Errorf("purge the search index of what is open: %w", err)
		}
	}
	before, err := changes(ctx, conn)
	if err != nil {
		return false, err
	}
	if _, err = conn.ExecContext(ctx, `INSERT INTO words (words, rank) VALUES ('merge', ?)`, pages); err != nil {
		return false, fmt.Errorf("purge the search index: %w", err)
	}
	after, err := changes(ctx, conn)
	if err != nil || after-before >= 2 { // the statement itself counts as one
		return true, err
	}
	x.purging = false
	var busy, logged, moved int
	if err := conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved); err != nil || busy != 0 {
		return true, err // somebody reads what is in the log
	}
	_, err = conn.ExecContext(ctx, `DELETE FROM meta WHERE name = 'purge'`)
	return false, err
}

// purgeOpen does it at once for what is open, which is little. With a line of
// its own there are two pieces at least: one alone would not be merged.
func purgeOpen(ctx context.Context, conn *sql.Conn) error {
	for _, q := range []string{
		`INSERT INTO openwords (rowid, t) VALUES (0, '=====none:')`,
		`INSERT INTO openwords (openwords) VALUES ('optimize')`,
		`DELETE FROM openwords WHERE rowid = 0`,
	} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func changes(ctx context.Context, conn *sql.Conn) (n int64, err error) {
	err = conn.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&n)
	return n, err
}

// hexed are ids as the tables' unhex reads them.
func hexed(ids []balie.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = hex.EncodeToString(id[:])
	}
	return out
}

// Wait returns when the index has what the feed has up to a place. It is for
// tests and commands: a page does not wait.
func (x *Index) Wait(ctx context.Context, at store.FeedCursor) error {
	for {
		moved := x.settled()
		if x.ready.Load() && x.settledAt(at) {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("the search index stands at %q of %q: %w", x.cursor(), at, context.Cause(ctx))
		}
	}
}

func (x *Index) cursor() store.FeedCursor {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.read == nil {
		return ""
	}
	return store.FeedCursor(x.meta(context.Background(), x.read, "cursor"))
}

func (x *Index) settledAt(at store.FeedCursor) bool {
	if x.cursor() != at {
		return false
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.read != nil && x.meta(context.Background(), x.read, "purge") == ""
}

// settled returns a channel that is closed when Run has caught up next.
func (x *Index) settled() <-chan struct{} {
	x.movedMu.Lock()
	defer x.movedMu.Unlock()
	return x.moved
}

func (x *Index) signal() {
	x.movedMu.Lock()
	defer x.movedMu.Unlock()
	close(x.moved)
	x.moved = make(chan struct{})
}
