package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// act is one act on one request on its way.
type act struct {
	d     *Desk
	ctx   context.Context
	actor Actor
	c     *balie.Change
	// caller is whoever a call being written down is from: nobody the store
	// has to know yet.
	caller *balie.Person
}

// done is what came of an act: the request after it, or, when the same form
// had been sent before, the request as it is and what was claimed then.
type done struct {
	request balie.Request
	change  balie.Change
	claim   store.Claim
	again   bool
}

// tries bounds how often an act is prepared again because somebody was faster.
const tries = 8

// change carries out one act: it reads the request, checks role and object,
// prepares the Change and commits it; again when somebody was faster. key is
// the form's: the same one twice is one act.
func (d *Desk) change(ctx context.Context, a Actor, right Right, request balie.ID, key string, do func(*act) error) (done, error) {
	var err error
	for range tries {
		var out done
		out, err = d.attempt(ctx, a, right, request, key, do)
		var said *StaleError
		if err == nil || errors.As(err, &said) || !errors.Is(err, balie.ErrStale) && !errors.Is(err, balie.ErrDuplicate) {
			return out, err
		}
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
	}
	return done{}, err
}

func (d *Desk) attempt(ctx context.Context, a Actor, right Right, request balie.ID, key string, do func(*act) error) (done, error) {
	q := store.Query{Requests: []balie.ID{request}}
	if key != "" {
		key = "act:" + a.ID + ":" + clipKey(key)
		q.Seen = []string{key}
	}
	found, err := d.store.Lookup(ctx, q)
	if err != nil {
		return done{}, fmt.Errorf("read request %s: %w", request, err)
	}
	r, ok := found.Requests[request]
	if !ok {
		return done{}, balie.ErrNotFound
	}
	if err := a.check(right, r); err != nil {
		return done{}, err
	}
	if claim, ok := found.Seen[key]; ok && key != "" {
		if claim.Request != request {
			return done{}, &balie.InvalidError{Field: "key", Problem: "this form was used for another request", Fix: "open the request again"}
		}
		return done{request: r, claim: claim, again: true}, nil
	}
	c := balie.Change{Request: r}
	if key != "" {
		c.Seen = []string{key}
	}
	if err := do(&act{d: d, ctx: ctx, actor: a, c: &c}); err != nil {
		return done{}, err
	}
	if c.Request.Version == r.Version && len(c.Records) == 0 && len(c.People) == 0 {
		return done{request: r}, nil // nothing to change
	}
	if err := d.store.Commit(ctx, c); err != nil {
		return done{}, err
	}
	return done{request: c.Request, change: c}, nil
}

// keyLimit bounds a form's key, in bytes.
const keyLimit = 80

func clipKey(key string) string { return key[:min(len(key), keyLimit)] }

// do adds an event of the actor.
func (x *act) do(e balie.Event) error {
	e.By, e.Via = x.actor.By(), x.actor.Via
	return x.c.Do(e)
}

// request is the request as the act has it by now.
func (x *act) request() balie.Request { return x.c.Request }

// about is what an event says under a name; nothing for Filled, whose names
// are those of a product's fields.
func about(e balie.Event, name string) string {
	if e.What == balie.Filled {
		return ""
	}
	return e.Data[name]
}

// words are the events that make a reply stale: somebody said or decided
// something that its writer did not know.
var words = []balie.What{
	balie.Received, balie.Replied, balie.Reopened, balie.TeamSaid, balie.HandoutAsked, balie.HandoutDone, balie.HandoutRefused,
	balie.HandoutReturned, balie.HandedOut, balie.Told, balie.Asked, balie.Answered, balie.Noted, balie.Confirmed, balie.Lapsed,
	balie.Unanswered, balie.ClosedAs, balie.PlannedFor, balie.Unsent,
}

// fresh refuses an act that was prepared against an older version, when
// something was said since by somebody else.
func (x *act) fresh(seen uint64, anyway bool) error {
	if anyway || seen >= x.request().Version {
		return nil
	}
	events, err := x.d.store.Events(x.ctx, x.request().ID, seen)
	if err != nil {
		return fmt.Errorf("read what happened since: %w", err)
	}
	var news []balie.Event
	for _, e := range events {
		if e.By != x.actor.By() && slices.Contains(words, e.What) && about(e, "auto") == "" {
			news = append(news, e)
		}
	}
	if len(news) == 0 {
		return nil
	}
	stale := &StaleError{Request: x.request(), Events: news}
	all, err := x.d.store.Messages(x.ctx, x.request().ID)
	if err != nil {
		return fmt.Errorf("read what was said since: %w", err)
	}
	for _, m := range all {
		if slices.ContainsFunc(news, func(e balie.Event) bool { return e.Message == m.ID || about(e, "letter") == m.ID.String() }) {
			stale.New = append(stale.New, m)
		}
	}
	return stale
}

// before is the request as it was at a version, folded from its events.
func before(events []balie.Event, version uint64) (balie.Request, error) {
	var r balie.Request
	var err error
	for _, e := range events {
		if e.Seq > version {
			break
		}
		if r, err = r.Apply(e); err != nil {
			return r, fmt.Errorf("fold request %s to version %d: %w", r.Ref, version, err)
		}
	}
	return r, nil
}

// comesBack is what of Request.Standing an event brings back, so that what
// happened between from and to is taken back but not what happened later.
func comesBack(from, to, now balie.Request) map[string]string {
	out := map[string]string{}
	was, then, is := from.Standing(), to.Standing(), now.Standing()
	for k, v := range was {
		if then[k] != v && is[k] == then[k] {
			out[k] = v
		}
	}
	return out
}
