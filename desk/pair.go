package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// pair carries out an act on two requests. Each gets its own Change, y's is
// stored before x's; when somebody was faster on one of them, or we stopped
// between the two, it is prepared again, and what the other has by then is
// left alone. It returns both as they are then.
func (d *Desk) pair(ctx context.Context, a Actor, x, y balie.ID, do func(x, y *act) error) (balie.Request, balie.Request, error) {
	if x == y {
		return balie.Request{}, balie.Request{}, &balie.InvalidError{Field: "other", Problem: "that is the same request", Fix: "give the number of the other one"}
	}
	var err error
	for range tries {
		var r, s balie.Request
		if r, s, err = d.attemptPair(ctx, a, x, y, do); err == nil || !errors.Is(err, balie.ErrStale) && !errors.Is(err, balie.ErrDuplicate) {
			return r, s, err
		}
		if ctx.Err() != nil {
			return r, s, context.Cause(ctx)
		}
	}
	return balie.Request{}, balie.Request{}, err
}

func (d *Desk) attemptPair(ctx context.Context, a Actor, x, y balie.ID, do func(x, y *act) error) (r, s balie.Request, err error) {
	found, err := d.store.Lookup(ctx, store.Query{Requests: []balie.ID{x, y}})
	if err != nil {
		return r, s, fmt.Errorf("read requests: %w", err)
	}
	var ok bool
	for id, into := range map[balie.ID]*balie.Request{x: &r, y: &s} {
		if *into, ok = found.Requests[id]; !ok {
			return r, s, balie.ErrNotFound
		}
		if err := a.check(ActOnRequests, *into); err != nil {
			return balie.Request{}, balie.Request{}, err
		}
	}
	one, two := &balie.Change{Request: r}, &balie.Change{Request: s}
	if err := do(&act{d: d, ctx: ctx, actor: a, c: one}, &act{d: d, ctx: ctx, actor: a, c: two}); err != nil {
		return r, s, err
	}
	for _, c := range []*balie.Change{two, one} { // the one that takes over first: when it is refused, the other must not be closed
		if len(c.Events) == 0 {
			continue
		}
		if err := d.store.Commit(ctx, *c); err != nil {
			return r, s, err
		}
	}
	return one.Request, two.Request, nil
}
