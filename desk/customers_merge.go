package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Merge makes one customer of two: keep gets the addresses and the requests of
// gone, of whom nothing is left but the way to keep. Interrupted, it is called
// again and goes on.
func (d *Customers) Merge(ctx context.Context, a Actor, keep, gone balie.ID, reason string, now time.Time) (balie.Person, error) {
	if !a.Can(ActOnRequests) {
		return balie.Person{}, balie.ErrDenied
	}
	if err := reasoned(reason); err != nil {
		return balie.Person{}, err
	}
	if keep == gone {
		return balie.Person{}, &balie.InvalidError{Field: "with", Problem: "that is the same customer", Fix: "choose another one"}
	}
	found, err := d.store.Lookup(ctx, store.Query{People: []balie.ID{keep, gone}})
	if err != nil {
		return balie.Person{}, fmt.Errorf("read two customers: %w", err)
	}
	if _, ok := found.People[keep]; !ok {
		return balie.Person{}, balie.ErrNotFound
	}
	if _, ok := found.People[gone]; !ok {
		return balie.Person{}, &balie.InvalidError{Field: "with", Problem: "that customer is not known", Fix: "choose one from the list"}
	}
	if err := d.moveRequests(ctx, a, keep, gone, now); err != nil {
		return balie.Person{}, err
	}
	var out balie.Person
	err = store.Retry(ctx, func(ctx context.Context) error {
		out, err = d.join(ctx, a, keep, gone, reason, now)
		return err
	})
	if err != nil {
		return out, err
	}
	d.changed(ctx, keep, gone)
	return out, nil
}

// join moves the addresses, in one Change with the audit line.
func (d *Customers) join(ctx context.Context, a Actor, keep, gone balie.ID, reason string, now time.Time) (balie.Person, error) {
	found, err := d.store.Lookup(ctx, store.Query{People: []balie.ID{keep, gone}})
	if err != nil {
		return balie.Person{}, fmt.Errorf("read two customers: %w", err)
	}
	p, q := found.People[keep], found.People[gone]
	if p.ID.IsZero() || q.ID.IsZero() {
		return p, balie.ErrNotFound
	}
	type both struct {
		Kept, Gone any
	}
	before := both{traced(p), traced(q)}
	p.Addresses = slices.Clone(p.Addresses)
	for _, to := range q.Addresses {
		if !p.Has(to) {
			p.Addresses = append(p.Addresses, to)
		}
	}
	p.Name, p.Organisation, p.Language = cmp.Or(p.Name, q.Name), cmp.Or(p.Organisation, q.Organisation), cmp.Or(p.Language, q.Language)
	p.NoSurveys = p.NoSurveys || q.NoSurveys // who said no once has said no
	p.Version, q = p.Version+1, balie.Person{ID: q.ID, Version: q.Version + 1}
	body, err := json.Marshal(mergedInto{keep})
	if err != nil {
		return p, err
	}
	type after struct {
		Kept   any    `json:"kept"`
		Gone   string `json:"gone"`
		Reason string `json:"reason"`
	}
	line := AuditLine{At: now.UTC(), By: a.By(), Act: "customer.merge", Object: customerObject(keep), From: a.From, Via: a.Via,
		Before: auditJSON(before), After: auditJSON(after{traced(p), customerObject(gone), strings.TrimSpace(reason)})}
	return p, d.store.Commit(ctx, balie.Change{People: []balie.Person{p, q},
		Records: []balie.Record{line.Record(), {Kind: mergedKind, Key: gone.String(), Version: 1, Body: body}}})
}

// moveRequests makes keep the customer of what gone asked, and a participant
// where gone is one.
func (d *Customers) moveRequests(ctx context.Context, a Actor, keep, gone balie.ID, now time.Time) error {
	ids, err := d.requestsOf(ctx, gone)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := store.Retry(ctx, func(ctx context.Context) error {
			r, err := d.store.Request(ctx, id)
			if err != nil {
				return err
			}
			c := balie.Change{Request: r}
			e := balie.Event{By: a.By(), Via: a.Via, At: now}
			switch {
			case r.Customer == gone:
				e.What, e.Data = balie.Edited, map[string]string{"customer": keep.String(), "was.customer": gone.String()}
			case !r.IsParticipant(keep):
				e.What, e.Data = balie.Joined, map[string]string{"person": keep.String()}
			default:
				return nil
			}
			if err := c.Do(e); err != nil {
				return err
			}
			return d.store.Commit(ctx, c)
		})
		if err != nil {
			return fmt.Errorf("move request %s to another customer: %w", id, err)
		}
	}
	return nil
}

// requestsOf are all requests of a person, also as a participant, oldest first.
func (d *Customers) requestsOf(ctx context.Context, id balie.ID) ([]balie.ID, error) {
	var out []balie.ID
	for r, err := range d.store.List(ctx, store.Filter{Customer: id, Order: store.ByOpened}) {
		if err != nil {
			return nil, fmt.Errorf("list the requests of a customer: %w", err)
		}
		out = append(out, r.ID)
	}
	return out, nil
}
