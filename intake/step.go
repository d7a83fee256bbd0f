package intake

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/store"
)

// retrySoon is what a sender is told when the same call will work in a moment.
const retrySoon = 5 * time.Second

// step decides one arrival: afterwards it is done, or its change is ready to
// be committed.
func (in *Intake) step(ctx context.Context, b *batch, a *arrival) error {
	if b.fresh[keyRaw(a.raw.Key)] {
		return nil
	}
	if claim, ok := b.found.Seen[keyRaw(a.raw.Key)]; ok {
		return in.repeat(ctx, a, claim, "")
	}
	now := in.clock()
	if a.broken {
		return in.keep(b, a, now)
	}
	if claim, ok := b.found.Seen[keyDigest(a.msg.Digest)]; ok && a.msg.Digest != "" {
		in.again(a, claim, now)
		return nil
	}
	if a.raw.Format == "call" {
		return in.call(ctx, b, a, now)
	}
	if _, ok := b.found.Seen[keyMsgID(a.msg.MsgID)]; ok && a.msg.MsgID != "" {
		a.markForged()
	}
	if a.msg.Auto == balie.AutoLoop {
		in.hold(a, "our own mail came back", now)
		return nil
	}
	if a.msg.Bounce != nil {
		return in.bounce(ctx, b, a, now)
	}
	h, near, err := in.find(ctx, b, a.msg)
	if err != nil {
		return err
	}
	switch {
	case near && h.sure && !h.handout.IsZero():
		return in.team(a, h, now)
	case near && h.sure:
		return in.join(ctx, b, a, h.request, now)
	}
	return in.open(ctx, b, a, h, near, now)
}

// forgedID warns of a Message-ID that another message has already.
const forgedID = "same Message-ID as an earlier message, other content"

// markForged warns of a message that has the Message-ID of another with other
// content. Both are kept: whoever re-uses an id must not make mail disappear.
func (a *arrival) markForged() {
	if !a.forged() {
		a.msg.Warnings = append(a.msg.Warnings, forgedID)
	}
}

func (a *arrival) forged() bool { return slices.Contains(a.msg.Warnings, forgedID) }

// again is the same message by another way: one line in the ledger, no question.
func (in *Intake) again(a *arrival, claim store.Claim, now time.Time) {
	e := in.entry(a, balie.LedgerDuplicate, "the same message as "+claim.Message.String()+" came by another way", now)
	e.Request = claim.Request
	a.change = balie.Change{Ledger: []balie.LedgerEntry{e}, Seen: []string{keyRaw(a.raw.Key)}}
	a.receipt = balie.Receipt{Message: claim.Message, Request: claim.Request, Outcome: balie.LedgerDuplicate, Duplicate: true}
}

// hold keeps a message without a request: nobody needs to act on it.
func (in *Intake) hold(a *arrival, why string, now time.Time) {
	a.change = balie.Change{
		Messages: []balie.Message{a.msg}, Blobs: blobs(a.raw), Seen: claims(a),
		Ledger: []balie.LedgerEntry{in.entry(a, balie.LedgerHeld, why, now)},
	}
	a.receipt = balie.Receipt{Message: a.msg.ID, Outcome: balie.LedgerHeld}
}

// claims are the keys by which this message is known from now on. A key that
// an earlier message has already is left to it.
func claims(a *arrival) []string {
	keys := []string{keyRaw(a.raw.Key)}
	if a.raw.Format == "call" && !a.change.Request.ID.IsZero() {
		return append(keys, keyCall(a.msg.MsgID))
	}
	if a.msg.Digest != "" {
		keys = append(keys, keyDigest(a.msg.Digest))
	}
	if a.msg.MsgID != "" && !a.forged() {
		keys = append(keys, keyMsgID(a.msg.MsgID))
	}
	return keys
}

// entry is the message's line in the ledger.
func (in *Intake) entry(a *arrival, outcome, reason string, now time.Time) balie.LedgerEntry {
	return balie.LedgerEntry{
		Message: a.msg.ID, At: now, Channel: a.raw.Channel, Account: a.raw.Account, Key: a.raw.Key,
		MsgID: a.msg.MsgID, From: a.msg.From.Value, Subject: a.msg.Subject, Outcome: outcome, Reason: reason,
		Request: a.change.Request.ID, Ref: a.change.Request.Ref,
	}
}

// joined gives a message that came to the request of its Change its line and
// its receipt.
func (in *Intake) joined(a *arrival, why string, now time.Time) {
	r := a.change.Request
	a.change.Ledger = []balie.LedgerEntry{in.entry(a, balie.LedgerJoined, why, now)}
	a.receipt = balie.Receipt{Message: a.msg.ID, Request: r.ID, Ref: r.Ref, Outcome: balie.LedgerJoined}
}

// keep puts a message that could not be read before a person.
func (in *Intake) keep(b *batch, a *arrival, now time.Time) error {
	in.poison.forget(a.raw.Key)
	t := in.begin(b, a, now)
	if a.msg.Subject == "" {
		a.msg.Subject = in.write.Text(in.o.Language, "mail.unreadable_subject")
	}
	if err := t.opened(balie.Person{}, nil); err != nil {
		return err
	}
	why := "the message could not be read"
	if a.readErr != nil {
		why = a.readErr.Error()
	}
	t.dec = balie.Decision{Do: []balie.Action{{Do: balie.DoDesk, Reason: why}}, Reason: why}
	if err := t.toDesk(why); err != nil {
		return err
	}
	return t.finish(a, balie.LedgerKept, why)
}

// call takes in one event of a phone call. Events of one call, in any order,
// are one message: a later one completes the earlier. An event that asks
// nothing yet (it rings, somebody answers) is held under the call's id, so that
// what it says is there when another makes the call a question.
func (in *Intake) call(ctx context.Context, b *batch, a *arrival, now time.Time) error {
	if claim, ok := b.found.Seen[keyCall(a.msg.MsgID)]; ok {
		return in.callGoesOn(ctx, b, a, claim, now)
	}
	held, ok := b.found.Seen[keyMsgID(a.msg.MsgID)]
	if ok {
		old, err := in.store.Message(ctx, held.Message)
		if err != nil {
			return fmt.Errorf("read the call so far: %w", err)
		}
		id := a.msg.ID
		a.msg = normalize.MergeCall(old, a.msg)
		a.msg.ID = id
	}
	if normalize.CallMatters(a.msg) {
		return in.open(ctx, b, a, home{}, false, now)
	}
	if ok {
		a.msg.ID = held.Message
	}
	in.hold(a, "part of a call that asks nothing yet", now)
	if ok { // the call's id is claimed already
		a.change.Seen = []string{keyRaw(a.raw.Key)}
	}
	return nil
}

// callGoesOn completes the message of a call that is a request already.
func (in *Intake) callGoesOn(ctx context.Context, b *batch, a *arrival, claim store.Claim, now time.Time) error {
	r, err := in.request(ctx, b, claim.Request)
	if err != nil {
		return err
	}
	old, err := in.store.Message(ctx, claim.Message)
	if err != nil {
		return fmt.Errorf("read the call so far: %w", err)
	}
	event := a.msg.Fields["event"]
	a.msg = normalize.MergeCall(old, a.msg)
	a.msg.ID, a.msg.Request = old.ID, old.Request
	if old.Fields["logged"] != "" { // what an agent wrote down of the call stays as it was written
		a.msg.Subject, a.msg.Text, a.msg.From, a.msg.At = old.Subject, old.Text, old.From, old.At
	}
	a.change = balie.Change{Request: r, Messages: []balie.Message{a.msg}, Blobs: blobs(a.raw), Seen: []string{keyRaw(a.raw.Key)}}
	data := said(a.msg)
	data["call"] = event
	err = a.change.Do(balie.Event{What: balie.Received, At: now, By: "customer", Message: a.msg.ID, Data: data})
	if err != nil {
		return err
	}
	in.joined(a, "belongs to the same call", now)
	return nil
}

// bounce ties a delivery report to the letter it is about. It moves nothing
// and changes no address: anybody can write one.
func (in *Intake) bounce(ctx context.Context, b *batch, a *arrival, now time.Time) error {
	for _, id := range append([]string{a.msg.Bounce.Original}, a.msg.Thread...) {
		c, ok, err := in.tokenClue(ctx, b, id)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		r, err := in.request(ctx, b, c.request)
		if err != nil {
			return err
		}
		about, _, _ := in.tokens.ParseMessageID(id)
		return in.bounced(a, r, c, about, now)
	}
	in.hold(a, "a delivery report about a letter that is not ours", now)
	return nil
}

func (in *Intake) bounced(a *arrival, r balie.Request, c clue, about balie.ID, now time.Time) error {
	a.msg.Request, a.msg.Handout = r.ID, c.handout
	if !c.handout.IsZero() {
		a.msg.Side = balie.TeamSide
	}
	a.change = balie.Change{Request: r, Messages: []balie.Message{a.msg}, Blobs: blobs(a.raw), Seen: claims(a)}
	n := a.msg.Bounce
	said := map[string]string{"about": about.String(), "action": n.Action, "status": n.Status, "recipient": n.Recipient, "hard": fmt.Sprint(n.Hard)}
	if a.msg.Side == balie.TeamSide {
		said["side"] = balie.OtherSide
	}
	err := a.change.Do(balie.Event{What: balie.Bounced, At: now, By: "mail server", Message: a.msg.ID, Data: said})
	if err != nil {
		return err
	}
	in.joined(a, "a delivery report about our letter", now)
	return nil
}
