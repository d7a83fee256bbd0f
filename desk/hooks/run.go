package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// pauses are how long a call that was not taken waits before it is made again;
// the last one repeats until giveUp.
var pauses = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 24 * time.Hour}

const (
	giveUp    = 5 * 24 * time.Hour // after this the subscription ends, and is shown so
	batch     = 100                // events read at a time
	keptTries = 10
	again     = 5 * time.Second // after the store could not be read
)

// Run tells every subscription what it asks for until ctx ends.
func (h *Hooks) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := h.round(ctx); err != nil && ctx.Err() == nil {
			h.log.Error("webhooks cannot be read", "err", err)
			wait(ctx, again)
		}
	}
	return nil
}

// round runs one goroutine for each subscription until one is changed.
func (h *Hooks) round(ctx context.Context) error {
	all, err := h.List(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	for _, k := range all {
		if k.Ended == "" {
			g.Go(func() error { return h.serve(ctx, k) })
		}
	}
	g.Go(func() error {
		defer cancel()
		select {
		case <-h.wake:
		case <-ctx.Done():
		}
		return nil
	})
	return g.Wait()
}

// serve tells one subscription what it asks for until ctx ends or it ended.
func (h *Hooks) serve(ctx context.Context, k Hook) error {
	for ctx.Err() == nil {
		changed := h.store.Changed()
		next, more, err := h.Step(ctx, k.ID)
		switch {
		case errors.Is(err, balie.ErrNotFound):
			return nil // removed
		case errors.Is(err, errEnded):
			return nil
		case err != nil && ctx.Err() == nil:
			h.log.Warn("webhook", "name", k.Name, "err", err)
			wait(ctx, again)
		case more || ctx.Err() != nil:
		case !next.IsZero():
			wait(ctx, next.Sub(h.now()))
		default:
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// errEnded says that a subscription is told nothing more.
var errEnded = errors.New("the webhook has ended")

// Step tells one subscription of the next events. next says when a call that
// was not taken is made again; more, that there is more to tell now.
func (h *Hooks) Step(ctx context.Context, id string) (next time.Time, more bool, err error) {
	k, p, err := h.Hook(ctx, id)
	if err != nil {
		return next, false, err
	}
	if k.Ended != "" {
		return next, false, errEnded
	}
	if now := h.now(); p.Next.After(now) {
		return p.Next, false, nil
	}
	// One at a time, so that the cursor stands behind what was told and no
	// further; what nobody asked for is passed over in one go.
	events, _, err := h.store.Read(ctx, p.Cursor, batch)
	if err != nil {
		return next, false, fmt.Errorf("read the feed: %w", err)
	}
	passed := 0
	for passed < len(events) && !k.wants(events[passed]) {
		passed++
	}
	if passed > 0 {
		if _, p.Cursor, err = h.store.Read(ctx, p.Cursor, passed); err != nil {
			return next, false, fmt.Errorf("read the feed: %w", err)
		}
	}
	if passed == len(events) {
		if passed < batch { // not worth a write: they are passed over again
			return next, false, nil
		}
		return next, true, h.note(ctx, k, &p)
	}
	return h.tell(ctx, k, p, events[passed])
}

// tell makes the call for one event and notes what came of it.
func (h *Hooks) tell(ctx context.Context, k Hook, p Progress, e balie.Event) (time.Time, bool, error) {
	ref, body, err := h.body(ctx, k, e)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("write the call: %w", err)
	}
	began := h.now()
	status, pause, err := h.call(ctx, k, callID(e), body)
	if ctx.Err() != nil {
		return time.Time{}, false, ctx.Err() // nobody knows: told again, with the same id
	}
	now := h.now()
	p.Tries = append([]Try{tried(began, now, string(e.What), ref, status, err)}, p.Tries...)
	p.Tries = p.Tries[:min(len(p.Tries), keptTries)]
	if err == nil && status >= 200 && status < 300 {
		if _, p.Cursor, err = h.store.Read(ctx, p.Cursor, 1); err != nil {
			return time.Time{}, false, fmt.Errorf("read the feed: %w", err)
		}
		p.Told, p.Attempt, p.Since, p.Next = p.Told+1, 0, time.Time{}, time.Time{}
		return time.Time{}, true, h.note(ctx, k, &p)
	}
	if p.Since.IsZero() {
		p.Since = began.UTC()
	}
	if status == http.StatusGone {
		return time.Time{}, false, h.end(ctx, k, p, "the other side said 410 Gone: it wants no more calls")
	}
	if now.Sub(p.Since) >= giveUp {
		return time.Time{}, false, h.end(ctx, k, p, "calls were not taken for five days")
	}
	p.Next = now.Add(max(pauses[min(p.Attempt, len(pauses)-1)], pause)).UTC()
	p.Attempt++
	return p.Next, false, h.note(ctx, k, &p)
}

// note stores how far a subscription is. Somebody who changed it meanwhile
// goes before: then the call is made again, with the same id.
func (h *Hooks) note(ctx context.Context, k Hook, p *Progress) error {
	err := h.store.Commit(ctx, balie.Change{Records: []balie.Record{p.record(k.ID)}})
	if errors.Is(err, balie.ErrStale) {
		return nil
	}
	return err
}

// end stops a subscription; it is begun again by changing it.
func (h *Hooks) end(ctx context.Context, k Hook, p Progress, why string) error {
	h.log.Warn("webhook ended", "name", k.Name, "why", why)
	k.Ended = why
	body, err := json.Marshal(k)
	if err != nil {
		return err
	}
	err = h.store.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: hookKind, Key: k.ID, Version: k.version + 1, Body: body}, p.record(k.ID)}})
	if err != nil && !errors.Is(err, balie.ErrStale) {
		return fmt.Errorf("end webhook %s: %w", k.Name, err)
	}
	return errEnded
}

var _ Store = store.Store(nil)
