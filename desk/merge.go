package desk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/store"
)

// JoinInto takes the words of a request into the one it belongs to and closes
// it as a duplicate of that; it returns that one. Whoever wrote takes part
// there: their letters come to that request from now on.
func (d *Desk) JoinInto(ctx context.Context, a Actor, from, into balie.ID, now time.Time) (balie.Request, error) {
	return d.merge(ctx, a, from, into, "belongs to it", now)
}

// Merge makes two requests one; it returns into.
func (d *Desk) Merge(ctx context.Context, a Actor, from, into balie.ID, now time.Time) (balie.Request, error) {
	return d.merge(ctx, a, from, into, "merged", now)
}

func (d *Desk) merge(ctx context.Context, a Actor, from, into balie.ID, why string, now time.Time) (balie.Request, error) {
	_, kept, err := d.pair(ctx, a, from, into, func(x, y *act) error {
		r, s := x.request(), y.request()
		if r.Outcome == balie.Duplicate && r.Of == s.ID {
			return nil
		}
		switch {
		case r.State == balie.Closed:
			return &balie.MoveError{Ref: r.Ref, State: r.State, What: balie.ClosedAs, Why: "it is closed already"}
		case len(r.OpenHandouts()) > 0:
			return &balie.MoveError{Ref: r.Ref, State: r.State, What: balie.ClosedAs, Why: "a team still has it: withdraw the hand-out first"}
		case s.State == balie.Closed:
			return &balie.MoveError{Ref: s.Ref, State: s.State, What: balie.Received, Why: "reopen it first"}
		}
		if err := y.takeOver(r, why, now); err != nil {
			return err
		}
		if err := x.do(linked(s, why, now)); err != nil {
			return err
		}
		return x.do(balie.Event{What: balie.ClosedAs, At: now,
			Data: map[string]string{"outcome": string(balie.Duplicate), "of": s.ID.String(), "ref": s.Ref, "merged": "1"}})
	})
	return kept, err
}

func linked(to balie.Request, why string, now time.Time) balie.Event {
	return balie.Event{What: balie.Linked, At: now, Data: map[string]string{"to": to.ID.String(), "ref": to.Ref, "why": why}}
}

// takeOver copies the customer's words and the colleagues' notes of another
// request. They are copies: what was said there stays there too.
func (x *act) takeOver(from balie.Request, why string, now time.Time) error {
	key := "merge:" + from.ID.String() + ":" + x.request().ID.String()
	found, err := x.d.store.Lookup(x.ctx, store.Query{Seen: []string{key}})
	if err != nil {
		return fmt.Errorf("look whether it was merged: %w", err)
	}
	if _, done := found.Seen[key]; done {
		return nil
	}
	said, err := x.d.store.Messages(x.ctx, from.ID)
	if err != nil {
		return fmt.Errorf("read what was said: %w", err)
	}
	x.c.Seen = append(x.c.Seen, key)
	if err := x.do(linked(from, why, now)); err != nil {
		return err
	}
	if !from.Customer.IsZero() && !x.request().IsParticipant(from.Customer) {
		if err := x.do(balie.Event{What: balie.Joined, At: now, Data: map[string]string{"person": from.Customer.String()}}); err != nil {
			return err
		}
	}
	for _, m := range said {
		if err := x.copy(m, from.Ref, now); err != nil {
			return err
		}
	}
	if s := x.request().State; s == balie.Waiting || s == balie.AnsweredState { // somebody must read it
		return x.do(balie.Event{What: balie.ToDesk, At: now, Data: map[string]string{"reason": "merged"}, Next: x.d.o.Calendar.Add(now, defaultRespond)})
	}
	return nil
}

// copy adds a customer's message or a note of another request.
func (x *act) copy(m balie.Message, ref string, now time.Time) error {
	e := balie.Event{What: balie.Received, At: now, Data: map[string]string{"from": ref}}
	switch {
	case m.Side == balie.DeskSide && m.Channel == "note":
		e.What = balie.Noted
	case m.Side != balie.CustomerSide || m.Direction != balie.In || m.Auto != "":
		return nil
	default:
		e.Data["preview"] = balie.Preview(m.Text)
	}
	m.ID, m.Request, m.Key = balie.NewID(now), x.request().ID, ""
	e.Message = m.ID
	x.c.Messages = append(x.c.Messages, m)
	return x.do(e)
}

// Split makes a customer's message a request of its own, linked to the one it
// came with, and returns it. Twice is once.
func (d *Desk) Split(ctx context.Context, a Actor, request, message balie.ID, now time.Time) (balie.Request, error) {
	var made balie.Request
	key := "split:" + message.String()
	_, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		found, err := x.d.store.Lookup(ctx, store.Query{Seen: []string{key}})
		if err != nil {
			return fmt.Errorf("look whether it was split off: %w", err)
		}
		if claim, ok := found.Seen[key]; ok {
			made, err = x.d.store.Request(ctx, claim.Request)
		} else {
			made, err = x.split(message, key, now)
		}
		if err != nil {
			return err
		}
		events, err := x.d.store.Events(ctx, request, 0)
		if err != nil {
			return fmt.Errorf("read what happened: %w", err)
		}
		if slices.ContainsFunc(events, func(e balie.Event) bool { return e.What == balie.SplitOff && e.Message == message }) {
			return nil
		}
		return x.do(balie.Event{What: balie.SplitOff, At: now, Message: message, Data: map[string]string{"to": made.ID.String(), "ref": made.Ref}})
	})
	return made, err
}

// split commits the new request before the old one says where its message
// went: a request that nothing points at is found in the inbox, a pointer to
// nothing would lose it.
func (x *act) split(message balie.ID, key string, now time.Time) (balie.Request, error) {
	said, err := x.d.store.Messages(x.ctx, x.request().ID)
	if err != nil {
		return balie.Request{}, fmt.Errorf("read what was said: %w", err)
	}
	own := func(m balie.Message) bool {
		return m.Side == balie.CustomerSide && m.Direction == balie.In && m.Auto == ""
	}
	i := slices.IndexFunc(said, func(m balie.Message) bool { return m.ID == message && own(m) })
	if i < 0 {
		return balie.Request{}, balie.ErrNotFound
	}
	if n := len(slices.DeleteFunc(slices.Clone(said), func(m balie.Message) bool { return !own(m) })); n < 2 {
		return balie.Request{}, &balie.InvalidError{Field: "message", Problem: "it is all there is on this request", Fix: "change the request itself"}
	}
	m, old := said[i], x.request()
	m.ID, m.Key = balie.NewID(now), ""
	n, err := x.d.opening(x.ctx, x.actor, m, old.Customer, now)
	if err != nil {
		return balie.Request{}, err
	}
	n.Seen = append(n.Seen, key)
	for _, e := range []balie.Event{linked(old, "split off", now), {What: balie.ToDesk, At: now, Message: m.ID, Decision: &n.decision,
		Next: x.d.o.Calendar.Add(now, defaultRespond), Data: map[string]string{"reason": "split off from " + old.Ref}}} {
		e.By, e.Via = x.actor.By(), x.actor.Via
		if err := n.Do(e); err != nil {
			return balie.Request{}, err
		}
	}
	if err := x.d.store.Commit(x.ctx, n.Change); err != nil {
		return balie.Request{}, err
	}
	return n.Request, nil
}

// Link says that two requests have to do with each other; it returns x.
func (d *Desk) Link(ctx context.Context, a Actor, x, y balie.ID, why string, now time.Time) (balie.Request, error) {
	why = firstLine(strings.TrimSpace(why))
	r, _, err := d.pair(ctx, a, x, y, func(one, two *act) error {
		for _, p := range []struct {
			at *act
			to balie.Request
		}{{one, two.request()}, {two, one.request()}} {
			if slices.Contains(p.at.request().Links, p.to.ID) {
				continue
			}
			if err := p.at.do(linked(p.to, why, now)); err != nil {
				return err
			}
		}
		return nil
	})
	return r, err
}

// newcomer is a request that is being opened by hand.
type newcomer struct {
	balie.Change
	decision balie.Decision
	fields   map[string]string // read from the words
}

// refTries is how many lengths of a reference are looked up, as intake does.
const refTries = 3

// opening is the Change of a new request with its first message, matched and
// decided on like any other; what becomes of it the caller says.
func (d *Desk) opening(ctx context.Context, a Actor, m balie.Message, customer balie.ID, now time.Time) (*newcomer, error) {
	id := balie.NewID(now)
	q := store.Query{People: []balie.ID{customer}}
	for longer := range refTries {
		q.Refs = append(q.Refs, id.Ref(longer))
	}
	found, err := d.store.Lookup(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("look for a free reference: %w", err)
	}
	ref := id.Ref(refTries)
	for longer := refTries - 1; longer >= 0; longer-- {
		if _, taken := found.Refs[id.Ref(longer)]; !taken {
			ref = id.Ref(longer)
		}
	}
	n := &newcomer{}
	b, p := d.lib.Brain(), found.People[customer]
	n.decision, n.fields = intake.Decide(b, m, intake.Known{Person: p, IsKnown: !p.ID.IsZero(), Calendar: d.o.Calendar, Language: d.o.Language,
		Customer: intake.CustomerFacts(b.Organisations, p.Organisation)}, now)
	n.Change.Request.ID = id
	m.Request = id
	if m.Language == "" {
		m.Language = d.o.Language
	}
	data := map[string]string{"ref": ref, "channel": m.Channel, "account": m.Account, "subject": subject(m), "language": m.Language,
		"customer": customer.String(), "preview": balie.Preview(m.Text)}
	if f := n.decision.Facts; f.Match.Product != "" && f.Match.Score >= intake.ProductFloor {
		data["product"], data["kind"] = f.Match.Product, f.Request.Kind
	}
	n.Messages = []balie.Message{m}
	if err := n.Do(balie.Event{Request: id, What: balie.Opened, At: now, By: a.By(), Via: a.Via, Message: m.ID, Data: data}); err != nil {
		return nil, err
	}
	if len(n.fields) == 0 {
		return n, nil
	}
	return n, n.Do(balie.Event{What: balie.Filled, At: now, By: a.By(), Via: a.Via, Message: m.ID, Data: n.fields})
}

// subjectWords is how many words make a subject of a message that has none.
const subjectWords = 8

func subject(m balie.Message) string {
	s := strings.Join(strings.Fields(m.Subject), " ")
	if s == "" {
		words := strings.Fields(m.Text)
		s = strings.Join(words[:min(len(words), subjectWords)], " ")
		if len(words) > subjectWords {
			s += " …"
		}
	}
	if len(s) > subjectLimit {
		s = strings.ToValidUTF8(s[:subjectLimit], "") + "…"
	}
	return s
}

// Judge says whether the match of a decision was right; event is
// DecisionView.Seq. When another product was, the request gets that one.
func (d *Desk) Judge(ctx context.Context, a Actor, request balie.ID, event uint64, right bool, product string, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		events, err := x.d.store.Events(x.ctx, request, 0)
		if err != nil {
			return fmt.Errorf("read a decision: %w", err)
		}
		i := slices.IndexFunc(events, func(e balie.Event) bool { return e.Seq == event && e.Decision != nil })
		if i < 0 {
			return balie.ErrNotFound
		}
		matched := events[i].Decision.Facts.Match.Product
		if right {
			product = matched
		}
		data := map[string]string{"of": strconv.FormatUint(event, 10), "right": strconv.FormatBool(right), "product": product, "matched": matched}
		if err := x.do(balie.Event{What: balie.Judged, At: now, Data: data}); err != nil {
			return err
		}
		if right || product == "" {
			return nil
		}
		return x.edit(Edit{Product: &product}, now)
	})
	return out.request, err
}
