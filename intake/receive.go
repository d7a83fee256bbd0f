package intake

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/faults"
	"github.com/balie/balie/store"
)

// arrival is one raw message on its way through intake.
type arrival struct {
	raw     balie.Raw
	msg     balie.Message
	readErr error    // what was guessed or could not be read
	broken  bool     // could not be read at all
	words   *reading // of the message, when it was read ahead
	id      balie.ID // of the request it may open, so that its reference can be looked up
	receipt balie.Receipt
	change  balie.Change
	follows string // the reference of the request it goes on from, as one of its own
	done    bool
}

// rounds bounds how often a refused message is decided again: each time
// somebody else was faster on the same request, person or reference.
const rounds = 8

// receive takes a batch in: read and decide all, one Commit, and again for
// those that were refused because something changed meanwhile.
func (in *Intake) receive(ctx context.Context, raws []balie.Raw) ([]balie.Receipt, error) {
	all := make([]*arrival, len(raws))
	for i, raw := range raws {
		all[i] = &arrival{raw: raw}
	}
	if err := in.known(ctx, all); err != nil {
		return nil, err
	}
	in.readAll(pending(all))
	in.readAhead(all)
	for range rounds {
		left := pending(all)
		if len(left) == 0 {
			return receipts(all), nil
		}
		if err := in.round(ctx, left); err != nil {
			return nil, err
		}
	}
	return nil, &balie.UnavailableError{Why: "too much happens at once on the same request", RetryAfter: retrySoon}
}

// readAll reads a batch's messages on all processors. When reading one ends the
// process, those that were read beside it are suspected with it: at worst a
// person reads a few sound messages from their originals.
func (in *Intake) readAll(left []*arrival) {
	if len(left) == 1 {
		in.read(left[0])
		return
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, a := range left {
		g.Go(func() error {
			in.read(a)
			return nil
		})
	}
	g.Wait() // read returns no error: what cannot be read is kept as it is
}

func pending(all []*arrival) []*arrival {
	var out []*arrival
	for _, a := range all {
		if !a.done {
			out = append(out, a)
		}
	}
	return out
}

func receipts(all []*arrival) []balie.Receipt {
	out := make([]balie.Receipt, len(all))
	for i, a := range all {
		out[i] = a.receipt
	}
	return out
}

// known settles what was taken in before: its receipt is the same as then.
func (in *Intake) known(ctx context.Context, all []*arrival) error {
	q := store.Query{}
	for _, a := range all {
		q.Seen = append(q.Seen, keyRaw(a.raw.Key))
	}
	found, err := in.store.Lookup(ctx, q)
	if err != nil {
		return fmt.Errorf("look up what is known: %w", err)
	}
	for _, a := range all {
		claim, ok := found.Seen[keyRaw(a.raw.Key)]
		if !ok {
			continue
		}
		if err := in.repeat(ctx, a, claim, ""); err != nil {
			return err
		}
	}
	return nil
}

// repeat gives an arrival the receipt of the message it repeats.
func (in *Intake) repeat(ctx context.Context, a *arrival, claim store.Claim, outcome string) error {
	a.done = true
	a.receipt = balie.Receipt{Message: claim.Message, Request: claim.Request, Outcome: outcome, Duplicate: true}
	if claim.Request.IsZero() {
		return nil
	}
	r, err := in.store.Request(ctx, claim.Request)
	if err != nil {
		return fmt.Errorf("read the request of a known message: %w", err)
	}
	a.receipt.Ref = r.Ref
	return nil
}

// round decides each arrival and commits all in one go.
func (in *Intake) round(ctx context.Context, left []*arrival) error {
	b, err := in.gather(ctx, left)
	if err != nil {
		return err
	}
	var batch []*arrival
	var changes []balie.Change
	for _, a := range left {
		if err := in.step(ctx, b, a); err != nil {
			return fmt.Errorf("take in %s: %w", a.raw.Key, err)
		}
		if a.done || b.fresh[keyRaw(a.raw.Key)] {
			continue // known, or the same as one of this round: settled in the next
		}
		b.fresh[keyRaw(a.raw.Key)] = true
		b.take(a.change)
		batch = append(batch, a)
		changes = append(changes, a.change)
	}
	if len(changes) == 0 {
		return nil
	}
	if err := faults.Hit("intake.before-commit"); err != nil {
		return err
	}
	err = in.store.Commit(ctx, changes...)
	var refused *balie.RefusedError
	if err != nil && !errors.As(err, &refused) {
		return fmt.Errorf("store what came in: %w", err)
	}
	return in.settle(batch, refused)
}

// settle marks what was stored; the refused are decided once more, on what is
// stored by then.
func (in *Intake) settle(batch []*arrival, refused *balie.RefusedError) error {
	for i, a := range batch {
		if refused == nil || refused.Errs[i] == nil {
			a.done = true
			in.meter.Message(a.raw.Channel, a.receipt.Outcome)
			in.log.Info("taken in", "channel", a.raw.Channel, "outcome", a.receipt.Outcome,
				"message", a.receipt.Message, "request", a.receipt.Ref)
			continue
		}
		if err := refused.Errs[i]; !errors.Is(err, balie.ErrStale) && !errors.Is(err, balie.ErrDuplicate) {
			return fmt.Errorf("store %s: %w", a.raw.Key, err)
		}
	}
	return faults.Hit("intake.after-commit")
}

// batch is what is known while a batch is decided; what one message of it
// changes, the next one sees.
type batch struct {
	found store.Found
	fresh map[string]bool // keys taken in by this round, not stored yet
}

// gather asks the store once for all that the arrivals may need.
func (in *Intake) gather(ctx context.Context, left []*arrival) (*batch, error) {
	var q store.Query
	day := in.clock()
	for _, a := range left {
		a.id = balie.NewID(day)
		for longer := range refTries {
			q.Refs = append(q.Refs, a.id.Ref(longer))
		}
		q.Seen = append(q.Seen, keyRaw(a.raw.Key))
		q.Seen = append(q.Seen, contentKeys(a.msg)...)
		for _, id := range a.msg.Thread {
			q.Seen = append(q.Seen, keyMsgID(id))
		}
		if !a.msg.From.IsZero() {
			q.Addresses = append(q.Addresses, a.msg.From)
			q.Seen = append(q.Seen, in.capKeys(a.msg.From, day)...)
		}
		if to := ReplyAddress(a.msg); !to.IsZero() && to.Key() != a.msg.From.Key() {
			q.Seen = append(q.Seen, in.capKeys(to, day)...)
		}
		if ref, ok := subjectRef(a.msg.Subject); ok {
			q.Refs = append(q.Refs, ref)
		}
	}
	found, err := in.store.Lookup(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("look up what belongs together: %w", err)
	}
	if found.Seen == nil {
		found.Seen = map[string]store.Claim{}
	}
	if found.Refs == nil {
		found.Refs = map[string]balie.ID{}
	}
	if found.Addresses == nil {
		found.Addresses = map[string]balie.Person{}
	}
	found.Requests = map[balie.ID]balie.Request{}
	return &batch{found, map[string]bool{}}, nil
}

// take lets the next message of the batch see a Change that is about to be stored.
func (b *batch) take(c balie.Change) {
	var claim store.Claim
	claim.Request = c.Request.ID
	if len(c.Messages) > 0 {
		claim.Message = c.Messages[0].ID
	}
	for _, k := range c.Seen {
		b.found.Seen[k] = claim
	}
	for _, p := range c.People {
		for _, a := range p.Addresses {
			b.found.Addresses[a.Key()] = p
		}
	}
	if !c.Request.ID.IsZero() {
		b.found.Requests[c.Request.ID] = c.Request
		b.found.Refs[c.Request.Ref] = c.Request.ID
	}
}

// request reads a request, as the batch has it or as it is stored.
func (in *Intake) request(ctx context.Context, b *batch, id balie.ID) (balie.Request, error) {
	if r, ok := b.found.Requests[id]; ok {
		return r, nil
	}
	r, err := in.store.Request(ctx, id)
	if err != nil {
		return r, fmt.Errorf("read request %s: %w", id, err)
	}
	return r, nil
}

func keyRaw(key string) string  { return "raw:" + key }
func keyMsgID(id string) string { return balie.MessageKey(id) }
func keyCall(id string) string  { return "call:" + id }
func keyDigest(d string) string { return "content:" + d }

// contentKeys are the identities of a message besides its channel's own key.
func contentKeys(m balie.Message) []string {
	var keys []string
	if m.Digest != "" {
		keys = append(keys, keyDigest(m.Digest))
	}
	if m.MsgID != "" {
		keys = append(keys, keyMsgID(m.MsgID))
	}
	if m.Fields["call_id"] != "" {
		keys = append(keys, keyCall(m.MsgID))
	}
	return keys
}
