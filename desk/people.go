package desk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

func seqOf(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}

// AddParticipant adds somebody on purpose: a person, or an address, of which a
// person is made when it is nobody's yet. Whoever takes part may reply and be
// written to.
func (d *Desk) AddParticipant(ctx context.Context, a Actor, request, person balie.ID, address balie.Address, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error { return x.add(person, address, 0, now) })
	return out.request, err
}

// add makes somebody a participant; of is the proposal it follows, or 0.
func (x *act) add(person balie.ID, address balie.Address, of uint64, now time.Time) error {
	p, err := x.person(person, address, now)
	if err != nil {
		return err
	}
	if x.request().IsParticipant(p) && of == 0 {
		return nil
	}
	data := map[string]string{"person": p.String()}
	if of > 0 {
		data["of"] = strconv.FormatUint(of, 10)
	}
	return x.do(balie.Event{What: balie.Joined, At: now, Data: data})
}

// person is a known one, whoever has the address, or a new one.
func (x *act) person(id balie.ID, address balie.Address, now time.Time) (balie.ID, error) {
	q := store.Query{People: []balie.ID{id}}
	if id.IsZero() {
		var err error
		if address, err = readAddress(address); err != nil {
			return id, err
		}
		q = store.Query{Addresses: []balie.Address{address}}
	}
	found, err := x.d.store.Lookup(x.ctx, q)
	if err != nil {
		return id, fmt.Errorf("look up a person: %w", err)
	}
	if !id.IsZero() {
		if _, ok := found.People[id]; !ok {
			return id, &balie.InvalidError{Field: "person", Problem: "that person is not known", Fix: "choose one from the list, or give an address"}
		}
		return id, nil
	}
	if p, ok := found.Addresses[address.Key()]; ok {
		return p.ID, nil
	}
	p := balie.Person{ID: balie.NewID(now), Version: 1, Name: address.Name, Addresses: []balie.Address{address}, Language: x.request().Language}
	x.c.People = append(x.c.People, p)
	return p.ID, nil
}

// Approve makes a proposed participant one; seq is Proposal.Seq.
func (d *Desk) Approve(ctx context.Context, a Actor, request balie.ID, seq uint64, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		e, answered, err := x.proposal(seq)
		if err != nil || answered {
			return err
		}
		if e.What != balie.Proposed {
			return balie.ErrNotFound
		}
		id, _ := balie.ParseID(e.Data["person"])
		return x.add(id, addressOf(e), seq, now)
	})
	return out.request, err
}

func addressOf(e balie.Event) balie.Address { return address(e.Data["address"], e.Data["name"]) }

// Dismiss says no to a proposed participant, or to what the request may belong
// to; seq is Proposal.Seq or Candidate.Seq.
func (d *Desk) Dismiss(ctx context.Context, a Actor, request balie.ID, seq uint64, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		_, answered, err := x.proposal(seq)
		if err != nil || answered {
			return err
		}
		return x.do(balie.Event{What: balie.Dismissed, At: now, Data: map[string]string{"of": strconv.FormatUint(seq, 10)}})
	})
	return out.request, err
}

// proposal is a Proposed or MayBelong event, and whether it has been answered.
func (x *act) proposal(seq uint64) (balie.Event, bool, error) {
	events, err := x.d.store.Events(x.ctx, x.request().ID, 0)
	if err != nil {
		return balie.Event{}, false, fmt.Errorf("read a proposal: %w", err)
	}
	i := slices.IndexFunc(events, func(e balie.Event) bool {
		return e.Seq == seq && (e.What == balie.Proposed || e.What == balie.MayBelong)
	})
	if i < 0 {
		return balie.Event{}, false, balie.ErrNotFound
	}
	return events[i], dismissed(events)[seq], nil
}
