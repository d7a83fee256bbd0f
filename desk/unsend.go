package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
)

// Unsend takes a message to the customer back before anything of it went out.
// The request is as it was before; the text is returned, and for a reply stands
// in the draft again. Twice is once.
func (d *Desk) Unsend(ctx context.Context, a Actor, request, message balie.ID, now time.Time) (text string, err error) {
	_, err = d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		text, err = x.unsend(message, now)
		return err
	})
	return text, err
}

func (x *act) unsend(message balie.ID, now time.Time) (string, error) {
	r := x.request()
	m, err := x.d.store.Message(x.ctx, message)
	if err != nil {
		return "", err
	}
	if m.Request != r.ID || m.Direction != balie.Out || !m.Handout.IsZero() {
		return "", balie.ErrNotFound
	}
	again, err := x.takeBack(m)
	if err != nil || again {
		return m.Text, err
	}
	events, err := x.d.store.Events(x.ctx, r.ID, 0)
	if err != nil {
		return "", fmt.Errorf("read what happened: %w", err)
	}
	i := slices.IndexFunc(events, func(e balie.Event) bool {
		return e.Message == message && (e.What == balie.Told || e.What == balie.Asked || e.What == balie.Answered)
	})
	if i < 0 {
		return "", balie.ErrNotFound
	}
	e := events[i]
	was, err := before(events, e.Seq-1-with(e))
	if err != nil {
		return "", err
	}
	became, err := before(events, e.Seq)
	if err != nil {
		return "", err
	}
	data := comesBack(was, became, r)
	data["seq"] = fmt.Sprint(e.Seq)
	next := time.Time{}
	if r.Next.Equal(became.Next) {
		next = was.Next
	}
	m.Side = balie.DeskSide // what was not sent, no page of the customer's shows
	x.c.Messages = append(x.c.Messages, m)
	if err := x.redraft(m, now); err != nil {
		return "", err
	}
	return m.Text, x.do(balie.Event{What: balie.Unsent, At: now, Message: m.ID, Data: data, Next: next})
}

// takeBack stops every delivery of a message. again says that it was stopped
// before; an error that something of it went out or is going.
func (x *act) takeBack(m balie.Message) (again bool, err error) {
	all, err := x.d.store.Deliveries(x.ctx, x.request().ID)
	if err != nil {
		return false, fmt.Errorf("read what goes out: %w", err)
	}
	n := 0
	for _, dl := range all {
		if dl.Message != m.ID {
			continue
		}
		switch {
		case dl.Status == balie.TakenBack:
			again = true
			continue
		case dl.Status == balie.SentOK, dl.Status == balie.Leased, dl.Status == balie.Pending && dl.Attempt > 0:
			return false, x.tooLate("it has gone out already: write again instead")
		}
		n++
		dl.Status, dl.LeasedUntil = balie.TakenBack, time.Time{}
		x.c.Deliveries = append(x.c.Deliveries, dl)
	}
	if n == 0 && !again {
		return false, x.tooLate("nothing of it goes out: it is what was said")
	}
	return n == 0, nil
}

func (x *act) tooLate(why string) error {
	return &balie.MoveError{Ref: x.request().Ref, State: x.request().State, What: balie.Unsent, Why: why}
}

// redraft puts a reply's words back in the draft, before what was typed since.
func (x *act) redraft(m balie.Message, now time.Time) error {
	if m.Full == "" { // a letter that nobody typed
		return nil
	}
	key := draftKey(x.actor, x.request().ID, "reply")
	text := m.Text
	rec, err := x.d.store.Record(x.ctx, unsentKind, key)
	if err != nil && !errors.Is(err, balie.ErrNotFound) {
		return fmt.Errorf("read the draft: %w", err)
	}
	if err == nil {
		if typed := readDraft(rec); typed.Text != "" && typed.Text != text {
			text += "\n\n" + typed.Text
		}
	}
	x.c.Records = append(x.c.Records, draftRecord(key, Draft{Text: text, Seen: x.request().Version + 1, Saved: now}))
	return nil
}
