package search

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// How far the index may be behind the store. A request is written down once for
// all that happened to it meanwhile, and many together: one by one costs twice
// as much.
const (
	calm    = 200 * time.Millisecond // nothing came for so long
	soon    = time.Second            // after the first, while few wait
	late    = 5 * time.Second        // after the first, while much comes in
	few     = 64
	tooMany = 4000
)

// waiting is what the feed has told and the index does not have yet. It is in
// memory alone: the place in the feed is written down with the requests.
type waiting struct {
	at     store.FeedCursor // up to here the feed is read
	ids    []balie.ID
	has    map[balie.ID]bool
	purge  bool      // somebody was erased: at once
	first  time.Time // when the oldest was read; zero: nothing waits
	newest time.Time
}

func (w *waiting) any() bool { return !w.first.IsZero() }

// add notes what events tell.
func (w *waiting) add(events []balie.Event, next store.FeedCursor, now time.Time) {
	if w.has == nil {
		w.has = map[balie.ID]bool{}
	}
	if !w.any() {
		w.first = now
	}
	w.newest, w.at = now, next
	for _, e := range events {
		w.purge = w.purge || e.What == balie.Erased
		if matters(e) && !w.has[e.Request] {
			w.has[e.Request] = true
			w.ids = append(w.ids, e.Request)
		}
	}
}

// due is how long what waits can wait still; long when nothing does.
func (w *waiting) due(now time.Time) time.Duration {
	switch {
	case !w.any():
		return time.Hour
	case w.purge || len(w.ids) >= tooMany:
		return 0
	}
	most := late
	if len(w.ids) <= few {
		most = soon
	}
	return min(w.newest.Add(calm).Sub(now), w.first.Add(most).Sub(now))
}

// gather reads on in the feed; more: there may be more.
func (x *Index) gather(ctx context.Context, w *waiting) (more bool, err error) {
	events, next, err := x.store.Read(ctx, w.at, turnEvents)
	if err != nil {
		return false, fmt.Errorf("read the feed from %q: %w", w.at, err)
	}
	if len(events) > 0 {
		w.add(events, next, time.Now())
	}
	return len(events) == turnEvents, nil
}

// writeDown indexes what waits, or some of it when it is much, and with the
// last of it the place in the feed.
func (x *Index) writeDown(ctx context.Context, w *waiting) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if len(w.ids) > turnRequests {
		some := w.ids[:turnRequests]
		if err := x.takeSome(ctx, some, unchanged); err != nil {
			return err
		}
		w.ids = w.ids[turnRequests:]
		for _, id := range some { // what happens to it from here on is news
			delete(w.has, id)
		}
		return nil
	}
	if w.purge {
		x.purging = false // one under way did not have these before it: it begins anew
	}
	err := x.takeSome(ctx, w.ids, func(tx *sql.Tx) error {
		if w.purge { // in the same step: after an interruption it is still to be done
			if err := setMeta(ctx, tx, "purge", "yes"); err != nil {
				return err
			}
		}
		return setMeta(ctx, tx, "cursor", string(w.at))
	})
	if err != nil {
		return err
	}
	*w = waiting{at: w.at}
	x.ready.Store(true) // also when it never comes to rest
	return nil
}
