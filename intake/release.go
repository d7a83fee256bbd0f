package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/balie/balie"
)

// Release makes a request of a message that was kept without one (held back by
// a rule, or for being ours): for the desk, whatever the rules say, and
// without a letter to its sender. by is the agent who wants it. A message that
// has a request already is refused with ErrDuplicate.
func (in *Intake) Release(ctx context.Context, message balie.ID, by string) (balie.Request, error) {
	m, err := in.store.Message(ctx, message)
	if err != nil {
		return balie.Request{}, err
	}
	if !m.Request.IsZero() {
		return balie.Request{}, fmt.Errorf("message %s has a request: %w", message, balie.ErrDuplicate)
	}
	a := &arrival{msg: m, raw: balie.Raw{Channel: m.Channel, Account: m.Account, Key: "release:" + message.String(), At: m.At}}
	left := []*arrival{a}
	for range rounds {
		b, err := in.gather(ctx, left)
		if err != nil {
			return balie.Request{}, err
		}
		if err := in.release(b, a, by); err != nil {
			return balie.Request{}, err
		}
		err = in.store.Commit(ctx, a.change)
		if err == nil {
			return a.change.Request, nil
		}
		if !errors.Is(err, balie.ErrStale) && !errors.Is(err, balie.ErrDuplicate) {
			return balie.Request{}, fmt.Errorf("store what was released: %w", err)
		}
	}
	return balie.Request{}, &balie.UnavailableError{Why: "too much happens at once on the same request", RetryAfter: retrySoon}
}

// release is one attempt: the request of the message, at the desk.
func (in *Intake) release(b *batch, a *arrival, by string) error {
	if _, ok := b.found.Seen[keyRaw(a.raw.Key)]; ok {
		return fmt.Errorf("message %s was released already: %w", a.msg.ID, balie.ErrDuplicate)
	}
	now := in.clock()
	t := in.begin(b, a, now)
	t.post.Channel = "" // nobody is written to: it was kept back for a reason
	p, isNew := in.person(b, a.msg, now)
	why := "made a request by " + strings.TrimPrefix(by, "agent:")
	t.dec = balie.Decision{Do: []balie.Action{{Do: balie.DoDesk, Reason: why}}, Reason: why}
	if err := t.opened(p, nil); err != nil {
		return err
	}
	if isNew {
		t.c.People = append(t.c.People, p)
	}
	if err := t.c.Do(balie.Event{What: balie.ToDesk, At: now, By: by, Message: a.msg.ID, Decision: &t.dec,
		Data: map[string]string{"reason": why}, Next: in.o.Calendar.Add(now, in.o.Respond)}); err != nil {
		return err
	}
	t.c.Messages = append([]balie.Message{a.msg}, t.c.Messages...)
	t.c.Seen = []string{keyRaw(a.raw.Key)}
	e := in.entry(a, balie.LedgerTaken, why, now) // in place of the line it had
	e.Key = a.msg.Key
	t.c.Ledger = append(t.c.Ledger, e)
	return nil
}
