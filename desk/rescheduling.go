package desk

import (
	"context"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
)

// givenDate is the date by which whoever has a hand-out last said it will be
// done, while the desk has not agreed to it: the zero time otherwise.
func givenDate(h balie.Handout, entries []Entry) time.Time {
	for _, e := range slices.Backward(entries) {
		if e.What == balie.TeamSaid && e.Data["status"] != "" {
			return openDate(h, e.Data["eta"])
		}
	}
	return time.Time{}
}

func openDate(h balie.Handout, eta string) time.Time {
	t, err := time.Parse(time.RFC3339, eta)
	if err != nil || !h.Open() || t.Equal(h.Due) {
		return time.Time{}
	}
	return t
}

// Reschedule agrees to the date that a team gave: its hand-out is due then, and,
// when tell is set, the customer reads that it takes longer and until when. What
// the customer was promised moves with that letter, and not without it.
func (d *Desk) Reschedule(ctx context.Context, a Actor, request, handout balie.ID, tell bool, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		h, ok := x.request().Handout(handout)
		if !ok {
			return balie.ErrNotFound
		}
		events, err := x.d.store.Events(x.ctx, request, 0)
		if err != nil {
			return err
		}
		due := lastDate(h, events)
		switch {
		case due.IsZero(): // agreed to already, or the team is on schedule after all
			return nil
		case !due.After(now):
			return &balie.InvalidError{Field: "due", Problem: "that moment has passed", Fix: "ask the team for another"}
		}
		e := balie.Event{What: balie.Rescheduled, At: now, Next: due, Data: map[string]string{"handout": handout.String(), "due": due.UTC().Format(time.RFC3339)}}
		if err := x.do(e); err != nil || !tell {
			return err
		}
		return x.tellLater(h, due, now)
	})
	return out.request, err
}

// lastDate is givenDate from the events of a request.
func lastDate(h balie.Handout, events []balie.Event) time.Time {
	for _, e := range slices.Backward(events) {
		if e.What == balie.TeamSaid && e.Data["status"] != "" && e.Data["handout"] == h.ID.String() {
			return openDate(h, e.Data["eta"])
		}
	}
	return time.Time{}
}

// tellLater tells the customer that it takes longer, and until when.
func (x *act) tellLater(h balie.Handout, due, now time.Time) error {
	way, err := x.wayBack()
	if err != nil {
		return err
	}
	if len(way.to) == 0 {
		return &balie.InvalidError{Field: "tell", Problem: "the customer cannot be written to", Fix: "agree to the date alone and tell them yourself"}
	}
	r := x.request()
	to := letters.Reader{Language: x.language(""), Subject: r.Subject, Name: way.name}
	letter := x.d.write.Delay(r, to, x.product(), r.Promised, due, now)
	if r.Promised.IsZero() {
		t, _ := x.d.lib.Brain().Catalogue.Team(h.Team)
		letter = x.d.write.Progress(r, to, x.product(), t, due, now)
	}
	m := x.post(letter, "", way, way.to, to.Language, nil, now)
	return x.do(balie.Event{What: balie.Told, At: now, Message: m, Data: map[string]string{"letter": m.String(), "promised": due.UTC().Format(time.RFC3339)}})
}
