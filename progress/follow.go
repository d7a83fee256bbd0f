package progress

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// follow brings the agenda up to date: with what happened since, or from the
// store when there is none yet or the documents it was reckoned with are others.
func (p *Progress) follow(ctx context.Context, now time.Time) error {
	s := p.setting("")
	if in := (documents{s.Policy, s.Catalogue}); p.agenda == nil || p.inUse != in {
		if err := p.rebuild(ctx, now); err != nil {
			return fmt.Errorf("make the agenda: %w", err)
		}
		p.inUse = in
	}
	for {
		events, cursor, err := p.store.Read(ctx, p.cursor, batch)
		if err != nil {
			return fmt.Errorf("read what happened: %w", err)
		}
		if len(events) == 0 {
			return nil
		}
		var ids []balie.ID
		seen := make(map[balie.ID]bool, len(events))
		for _, e := range events {
			if !seen[e.Request] {
				seen[e.Request] = true
				ids = append(ids, e.Request)
			}
		}
		if err := p.see(ctx, ids, now); err != nil {
			return err
		}
		p.cursor = cursor
	}
}

// see puts requests on the agenda as they stand now.
func (p *Progress) see(ctx context.Context, ids []balie.ID, now time.Time) error {
	found, err := p.store.Lookup(ctx, store.Query{Requests: ids})
	if err != nil {
		return fmt.Errorf("look up what changed: %w", err)
	}
	var all []balie.Request
	for _, id := range ids {
		if r, ok := found.Requests[id]; ok {
			all = append(all, r)
		} else {
			p.agenda.put(id, time.Time{})
		}
	}
	return p.note(ctx, all, now)
}

// note puts requests on the agenda.
func (p *Progress) note(ctx context.Context, all []balie.Request, now time.Time) error {
	var people []balie.ID
	for _, r := range all {
		if !r.Customer.IsZero() {
			people = append(people, r.Customer)
		}
	}
	found, err := p.store.Lookup(ctx, store.Query{People: people})
	if err != nil {
		return fmt.Errorf("look up whose requests these are: %w", err)
	}
	for _, r := range all {
		s := p.setting(found.People[r.Customer].Organisation)
		p.plan(r.ID, p.agenda.open(r.ID, s.Timers(r, now)))
	}
	return nil
}

// openStates are all but closed.
var openStates = []balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.Planned, balie.AnsweredState}

// rebuild makes the agenda from the open requests and those that were closed
// not long ago. The place in the feed is taken before: what happens meanwhile is
// read again.
func (p *Progress) rebuild(ctx context.Context, now time.Time) error {
	cursor, _, err := p.store.Tail(ctx)
	if err != nil {
		return err
	}
	p.agenda = newAgenda()
	since := now.AddDate(0, 0, -backlog)
	err = errors.Join(
		p.noteAll(ctx, store.Filter{States: openStates, Order: store.ByOpened}, now, time.Time{}),
		p.noteAll(ctx, store.Filter{States: []balie.State{balie.Closed}}, now, since))
	if err != nil {
		p.agenda = nil
		return err
	}
	p.cursor = cursor
	return nil
}

// noteAll puts on the agenda what a list gives, until one was not changed since.
func (p *Progress) noteAll(ctx context.Context, f store.Filter, now, since time.Time) error {
	some := make([]balie.Request, 0, batch)
	for r, err := range p.store.List(ctx, f) {
		if err != nil {
			return err
		}
		if r.Changed.Before(since) {
			break
		}
		if some = append(some, r); len(some) < batch {
			continue
		}
		if err := p.note(ctx, some, now); err != nil {
			return err
		}
		some = some[:0]
	}
	return p.note(ctx, some, now)
}

const (
	// quiet is how long what happens is let come together before it is looked
	// at: no promise is so short that it matters, and intake has the machine.
	quiet = time.Second
	// longest is how long to sleep at most: documents may change without an event.
	longest = time.Minute
)

// Run guards until ctx ends. clock is the time; nil is time.Now.
func (p *Progress) Run(ctx context.Context, clock func() time.Time) error {
	if clock == nil {
		clock = time.Now
	}
	for {
		changed := p.store.Changed()
		did, err := p.Step(ctx, clock())
		if ctx.Err() != nil {
			return nil
		}
		wait := longest
		if !did.Next.IsZero() {
			wait = min(max(did.Next.Sub(clock()), quiet), longest)
		}
		if err != nil {
			p.log.Error("guarding: something could not be done", "err", err)
			wait = quiet
		}
		if !p.rest(ctx, changed, wait) {
			return nil
		}
	}
}

// rest waits for a while, or until something happened and a little longer; false
// when ctx ended.
func (p *Progress) rest(ctx context.Context, changed <-chan struct{}, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	case <-changed:
	}
	t.Reset(min(quiet, wait))
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
