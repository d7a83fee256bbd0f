package report

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Bounds of following.
const (
	batchEvents   = 4000
	batchRequests = 500             // folded in one transaction while the book is made
	gather        = 3 * time.Second // from the first change until it is folded: what comes meanwhile goes with it
	lookAtDocs    = 15 * time.Second
	retryAfter    = 2 * time.Second
)

// Follow keeps the book up to date until ctx ends. What goes wrong is logged
// and tried again: without the newest facts the desk still works. It takes in
// all that happened within a few seconds at once, so that a request is folded
// once however much happens to it.
func (b *Book) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := b.store.Changed()
		if err := b.CatchUp(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			b.o.Log.Error("the facts of reports stand still", "err", err)
			wait(ctx, retryAfter, nil)
			continue
		}
		b.waiting.Store(0)
		wait(ctx, lookAtDocs, changed)
		select {
		case <-changed:
			b.waiting.CompareAndSwap(0, time.Now().UnixNano())
			wait(ctx, gather, nil)
		default:
		}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration, or <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-or:
	case <-ctx.Done():
	}
}

// Behind is how long ago the oldest thing happened that is not in the book yet;
// 0 when all is.
func (b *Book) Behind(now time.Time) time.Duration {
	since := b.waiting.Load()
	if since == 0 {
		return 0
	}
	return max(now.Sub(time.Unix(0, since)), 0)
}

// CatchUp folds all that has happened until now, and makes the book anew when
// it must be.
func (b *Book) CatchUp(ctx context.Context) error {
	b.write.Lock()
	defer b.write.Unlock()
	if b.damaged.Load() {
		b.o.Log.Warn("the facts of reports are damaged: they are made anew")
		if err := b.makeAnew(); err != nil {
			return err
		}
	}
	changed, err := b.docs.refresh(ctx)
	if err != nil {
		return err
	}
	if err := b.remake(ctx); err != nil {
		return err
	}
	for more := true; more; {
		if more, err = b.turn(ctx); err != nil {
			return b.astray(err)
		}
	}
	if err := b.judgeAgain(ctx, changed); err != nil {
		return err
	}
	return b.sweepWords(ctx)
}

// astray makes the book anew when the feed is not the one it was: the store was
// put back from a backup.
func (b *Book) astray(err error) error {
	var invalid *balie.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	b.o.Log.Warn("the feed is another one: the facts of reports are made anew", "err", err)
	return errors.Join(err, b.makeAnew())
}

// remake fills a new book with all requests, each folded once, and goes on
// where an earlier run stopped. What happens meanwhile is behind the cursor
// that was noted first.
func (b *Book) remake(ctx context.Context) error {
	_, followed, err := b.noted(metaCursor)
	if err != nil {
		return err
	}
	after, under, err := b.noted(metaRemake)
	if err != nil || followed && !under {
		return err
	}
	if !followed {
		at, _, err := b.store.Tail(ctx)
		if err != nil {
			return fmt.Errorf("find the end of the feed: %w", err)
		}
		if err := errors.Join(b.note(metaCursor, string(at)), b.note(metaRemake, "")); err != nil {
			return fmt.Errorf("begin the facts of reports: %w", err)
		}
	}
	b.remaking.Store(true)
	f := store.Filter{Order: store.ByOpened}
	f.After, _ = balie.ParseID(after)
	var some []balie.ID
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		last := some[len(some)-1]
		err := b.fold(ctx, some, nil, map[string]string{metaRemake: last.String()})
		some = some[:0]
		return err
	}
	for r, err := range b.store.List(ctx, f) {
		if err != nil {
			return fmt.Errorf("list all requests: %w", err)
		}
		if some = append(some, r.ID); len(some) == batchRequests {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	err = b.db.Update(func(tx *bolt.Tx) error {
		c, p := b.docs.number()
		m := tx.Bucket(bucketMeta)
		return errors.Join(m.Delete([]byte(metaRemake)), m.Put([]byte(metaDocuments), fmt.Append(nil, c, "/", p)))
	})
	b.remaking.Store(err != nil)
	return err
}

// turn folds what a stretch of the feed is about; more: there may be more.
func (b *Book) turn(ctx context.Context) (more bool, err error) {
	cursor, _, err := b.noted(metaCursor)
	if err != nil {
		return false, err
	}
	events, next, err := b.store.Read(ctx, store.FeedCursor(cursor), batchEvents)
	if err != nil {
		return false, fmt.Errorf("read the feed from %q: %w", cursor, err)
	}
	if len(events) == 0 {
		return false, nil
	}
	var ids []balie.ID
	all := map[balie.ID][]balie.Event{}
	notes := map[string]string{metaCursor: string(next)}
	for _, e := range events {
		if all[e.Request] == nil {
			ids = append(ids, e.Request)
		}
		all[e.Request] = append(all[e.Request], e)
		if e.What == balie.Erased {
			notes[metaDirty] = "a person was erased"
		}
	}
	if err := b.fold(ctx, ids, all, notes); err != nil {
		return false, err
	}
	return len(events) == batchEvents, nil
}

// judgeAgain folds what is open when other documents are in force than those
// by which it was judged.
func (b *Book) judgeAgain(ctx context.Context, changed bool) error {
	c, p := b.docs.number()
	now := fmt.Sprint(c, "/", p)
	by, _, err := b.noted(metaDocuments)
	if err != nil || by == now && !changed {
		return err
	}
	open := []balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.Planned, balie.AnsweredState}
	var some []balie.ID
	for r, err := range b.store.List(ctx, store.Filter{States: open, Order: store.ByOpened}) {
		if err != nil {
			return fmt.Errorf("list what is open: %w", err)
		}
		if some = append(some, r.ID); len(some) == batchRequests {
			if err := b.fold(ctx, some, nil, nil); err != nil {
				return err
			}
			some = some[:0]
		}
	}
	return b.fold(ctx, some, nil, map[string]string{metaDocuments: now})
}

// eventsOf are all events of a request: those at hand when they are all there
// were, else as the store has them.
func (b *Book) eventsOf(ctx context.Context, id balie.ID, have []balie.Event) ([]balie.Event, error) {
	whole := len(have) > 0
	for i, e := range have {
		whole = whole && e.Seq == uint64(i+1)
	}
	if whole {
		return have, nil
	}
	events, err := b.store.Events(ctx, id, 0)
	if err != nil {
		return nil, fmt.Errorf("read what happened to a request: %w", err)
	}
	return events, nil
}

// fold makes the facts of some requests anew and writes them with what is noted
// of it.
func (b *Book) fold(ctx context.Context, ids []balie.ID, have map[balie.ID][]balie.Event, notes map[string]string) error {
	docs := b.docs.inForce(ctx)
	facts := make([]Fact, 0, len(ids))
	for _, id := range ids {
		events, err := b.eventsOf(ctx, id, have[id])
		if err != nil {
			return err
		}
		f, err := FactOf(events, docs)
		if err != nil {
			b.o.Log.Error("a request has no figures", "request", id.String(), "err", err)
			continue
		}
		facts = append(facts, f)
	}
	slices.SortFunc(facts, func(x, y Fact) int { return bytes.Compare(x.Request[:], y.Request[:]) })
	return b.put(facts, notes)
}

// put writes facts.
func (b *Book) put(facts []Fact, notes map[string]string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := len(b.words)
	err := b.guard(func() error {
		return b.db.Update(func(tx *bolt.Tx) error {
			to, words, m := tx.Bucket(bucketFacts), tx.Bucket(bucketWords), tx.Bucket(bucketMeta)
			to.FillPercent = 0.9
			for _, f := range facts {
				rec, err := encode(f, func(word string) (uint32, error) { return b.intern(words, word) })
				if err != nil {
					return err
				}
				if err := to.Put(f.Request[:], rec); err != nil {
					return err
				}
			}
			for k, v := range notes {
				if err := m.Put([]byte(k), []byte(v)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == nil {
		return nil
	}
	for _, w := range b.words[known:] {
		delete(b.byName, w)
	}
	b.words, b.kinds = b.words[:known:known], b.kinds[:known:known]
	return fmt.Errorf("write the facts of reports: %w", err)
}

// intern gives the number of a word, a new one to one that is new. b.mu is held.
func (b *Book) intern(words *bolt.Bucket, word string) (uint32, error) {
	if n, ok := b.byName[word]; ok {
		return n, nil
	}
	n := uint32(len(b.words))
	if err := words.Put(binary.BigEndian.AppendUint32(nil, n), []byte(word)); err != nil {
		return 0, err
	}
	b.words, b.kinds = append(b.words, word), append(b.kinds, kindOf(word))
	b.byName[word] = n
	return n, nil
}
