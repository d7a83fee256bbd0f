package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/store"
)

// CustomersStore is what looking after customers needs of a store.
type CustomersStore interface {
	store.Requests
	store.Timeline
	store.People
	store.Records
	store.Blobs
	store.Documents
	store.Ledger
	store.Eraser
}

// Reindexer looks at requests again whose people changed.
type Reindexer interface {
	Reindex(ctx context.Context, ids ...balie.ID) error
}

// Customers is looking after the people who ask: who they are and how they are
// reached, making one of two, and handing out or erasing all there is of them.
// Every act leaves an audit line (S13).
type Customers struct {
	store    CustomersStore
	lib      *Library
	people   *search.People
	requests Reindexer // nil: nothing to tell
	log      *slog.Logger
}

// NewCustomers returns the acts. people finds customers by words; requests, if
// there is one, is told when what a request is found by changed.
func NewCustomers(s CustomersStore, l *Library, people *search.People, requests Reindexer, log *slog.Logger) *Customers {
	return &Customers{s, l, people, requests, log}
}

// CustomerQuery is whom somebody looks for.
type CustomerQuery struct {
	Words        string
	Organisation string // Organisation.ID
	After        string
	Limit        int
}

// CustomerLine is one customer of a list.
type CustomerLine struct {
	balie.Person
	Of balie.Organisation // zero: of none
}

// CustomerList is a piece of the list of customers, by name.
type CustomerList struct {
	Lines []CustomerLine
	Next  string
	Ready bool // everybody is in the index
}

// Find lists the customers whom the words mean. An address that somebody has
// exactly finds them before the index knows them.
func (d *Customers) Find(ctx context.Context, a Actor, q CustomerQuery) (CustomerList, error) {
	if !a.Can(SeeDocuments) {
		return CustomerList{}, balie.ErrDenied
	}
	out := CustomerList{Ready: d.people.Ready()}
	names := naming{d.lib.Brain()}
	ids, next, err := d.people.Find(ctx, search.PeopleQuery{Words: q.Words, Organisation: q.Organisation, After: q.After, Limit: q.Limit, Named: names.Organisations})
	if err != nil {
		return out, err
	}
	find := store.Query{People: ids}
	for _, s := range []balie.Scheme{balie.Mail, balie.Tel} {
		if to, err := readAddress(balie.Address{Scheme: s, Value: q.Words}); err == nil && q.Words != "" {
			find.Addresses = append(find.Addresses, to)
		}
	}
	found, err := d.store.Lookup(ctx, find)
	if err != nil {
		return out, fmt.Errorf("read customers: %w", err)
	}
	out.Next = next
	for _, p := range found.Addresses {
		if q.After == "" && (q.Organisation == "" || p.Organisation == q.Organisation) && !slices.Contains(ids, p.ID) {
			ids, found.People[p.ID] = append([]balie.ID{p.ID}, ids...), p
		}
	}
	for _, id := range ids {
		if p, ok := found.People[id]; ok {
			out.Lines = append(out.Lines, CustomerLine{p, d.organisation(p.Organisation)})
		}
	}
	return out, nil
}

func (d *Customers) organisation(id string) balie.Organisation {
	for _, o := range d.lib.Brain().Organisations {
		if o.ID == id && id != "" {
			return o
		}
	}
	return balie.Organisation{}
}

// CustomerAddress is a way to reach somebody and what is known of it.
type CustomerAddress struct {
	balie.Address
	Proven bool      // somebody proved lately that it is theirs
	Used   time.Time // when they last wrote or called from it; zero: not lately
}

// CustomerPage is all that is known of a customer.
type CustomerPage struct {
	Person    balie.Person
	Of        balie.Organisation
	Addresses []CustomerAddress
	Requests  []balie.Request // a piece, last changed first
	Count     int             // of all requests
	Next      balie.ID        // where the next piece of Requests begins; zero: none
	Into      balie.ID        // merged into this one: the rest is empty
}

// Bounds of a customer's page.
const (
	customerRequests = 25 // requests of a piece
	provenIn         = 5  // latest requests in which is looked from where they wrote
)

// View is a customer with a piece of their requests.
func (d *Customers) View(ctx context.Context, a Actor, id, after balie.ID) (CustomerPage, error) {
	var v CustomerPage
	if !a.Can(SeeDocuments) {
		return v, balie.ErrDenied
	}
	var err error
	if v.Into, err = d.mergedInto(ctx, id); err != nil || !v.Into.IsZero() {
		return v, err
	}
	if v.Person, err = d.store.Person(ctx, id); err != nil {
		return v, err
	}
	v.Of = d.organisation(v.Person.Organisation)
	if v.Count, err = d.store.Count(ctx, store.Filter{Customer: id}); err != nil {
		return v, fmt.Errorf("count the requests of a customer: %w", err)
	}
	for r, err := range d.store.List(ctx, store.Filter{Customer: id, After: after, Limit: customerRequests + 1}) {
		if err != nil {
			return v, fmt.Errorf("list the requests of a customer: %w", err)
		}
		if len(v.Requests) == customerRequests {
			v.Next = v.Requests[customerRequests-1].ID
			break
		}
		v.Requests = append(v.Requests, r)
	}
	v.Addresses, err = d.addresses(ctx, v.Person, v.Requests)
	return v, err
}

// addresses says of each address whether it was proven in the latest requests.
func (d *Customers) addresses(ctx context.Context, p balie.Person, latest []balie.Request) ([]CustomerAddress, error) {
	out := make([]CustomerAddress, len(p.Addresses))
	for i, a := range p.Addresses {
		out[i] = CustomerAddress{Address: a}
	}
	for _, r := range latest[:min(len(latest), provenIn)] {
		said, err := d.store.Messages(ctx, r.ID)
		if err != nil {
			return nil, fmt.Errorf("read from where a customer wrote: %w", err)
		}
		for _, m := range said {
			i := slices.IndexFunc(out, func(a CustomerAddress) bool { return a.Key() == m.From.Key() })
			if i < 0 || m.Direction != balie.In {
				continue
			}
			out[i].Proven = out[i].Proven || m.Proof == balie.Proven
			if m.At.After(out[i].Used) {
				out[i].Used = m.At
			}
		}
	}
	return out, nil
}

// CustomerEdit changes properties; a nil field stays as it is.
type CustomerEdit struct {
	Version                      uint64 // the one the form showed
	Name, Organisation, Language *string
	Add, Remove                  *balie.Address
}

// Edit changes a customer. ErrStale: somebody else did meanwhile.
func (d *Customers) Edit(ctx context.Context, a Actor, id balie.ID, in CustomerEdit, now time.Time) (balie.Person, error) {
	if !a.Can(ActOnRequests) {
		return balie.Person{}, balie.ErrDenied
	}
	was, err := d.store.Person(ctx, id)
	if err != nil {
		return was, err
	}
	if in.Version != 0 && in.Version != was.Version {
		return was, fmt.Errorf("the customer was changed meanwhile: %w", balie.ErrStale)
	}
	p, act, err := d.edited(ctx, was, in)
	if err != nil || act == "" {
		return was, err
	}
	p.Version++
	line := AuditLine{At: now.UTC(), By: a.By(), Act: act, Object: customerObject(id), From: a.From, Via: a.Via, Before: auditJSON(traced(was)), After: auditJSON(traced(p))}
	if err := d.store.Commit(ctx, balie.Change{People: []balie.Person{p}, Records: []balie.Record{line.Record()}}); err != nil {
		return was, err
	}
	d.changed(ctx, id)
	return p, nil
}

func customerObject(id balie.ID) string { return "customer:" + id.String() }

// traced is what an audit line has of a customer: erasing them clears it.
func traced(p balie.Person) any {
	type trace struct {
		Name         string   `json:"name,omitempty"`
		Organisation string   `json:"organisation,omitempty"`
		Language     string   `json:"language,omitempty"`
		Addresses    []string `json:"addresses,omitempty"`
	}
	t := trace{p.Name, p.Organisation, p.Language, nil}
	for _, a := range p.Addresses {
		t.Addresses = append(t.Addresses, a.Key())
	}
	return t
}

// edited is the person after an edit, and how the audit log calls it; "" when
// nothing changes.
func (d *Customers) edited(ctx context.Context, was balie.Person, in CustomerEdit) (balie.Person, string, error) {
	p, act := was, ""
	p.Addresses = slices.Clone(was.Addresses)
	set := func(to *string, v *string) {
		if v != nil && *to != *v {
			*to, act = *v, "customer.edit"
		}
	}
	if in.Name != nil {
		name := clipName(*in.Name)
		set(&p.Name, &name)
	}
	set(&p.Organisation, in.Organisation)
	set(&p.Language, in.Language)
	switch {
	case p.Organisation != was.Organisation && p.Organisation != "" && d.organisation(p.Organisation).ID == "":
		return p, "", &balie.InvalidError{Field: "organisation", Problem: fmt.Sprintf("there is no organisation %q", p.Organisation), Fix: "choose one from the list"}
	case p.Language != was.Language && p.Language != "" && !slices.Contains(catalogue.Languages, p.Language):
		return p, "", &balie.InvalidError{Field: "language", Problem: fmt.Sprintf("the desk does not write %q", p.Language), Fix: "use " + strings.Join(catalogue.Languages, " or ")}
	case p.Name == "" && was.Name != "" && len(p.Addresses) == 0:
		return p, "", &balie.InvalidError{Field: "name", Problem: "a customer without an address needs a name", Fix: "give one"}
	}
	if in.Add != nil {
		to, err := d.free(ctx, was, *in.Add)
		if err != nil {
			return p, "", err
		}
		if !p.Has(to) {
			p.Addresses, act = append(p.Addresses, to), "customer.address.add"
		}
	}
	if in.Remove != nil && p.Has(*in.Remove) {
		if len(p.Addresses) == 1 && p.Name == "" {
			return p, "", &balie.InvalidError{Field: "address", Problem: "nobody would know who this customer is", Fix: "give a name first"}
		}
		p.Addresses = slices.DeleteFunc(p.Addresses, func(b balie.Address) bool { return b.Key() == in.Remove.Key() })
		act = "customer.address.remove"
	}
	return p, act, nil
}

// TakenError says that an address is somebody else's.
type TakenError struct {
	Address balie.Address
	Owner   balie.Person
}

func (e *TakenError) Error() string { return e.Address.Value + " belongs to another customer" }

// Unwrap makes it a *balie.InvalidError.
func (e *TakenError) Unwrap() error {
	return &balie.InvalidError{Field: "address", Problem: e.Error(), Fix: "merge the two when they are one person"}
}

// free is an address as it is stored, when it is nobody else's.
func (d *Customers) free(ctx context.Context, p balie.Person, to balie.Address) (balie.Address, error) {
	to, err := readAddress(to)
	if err != nil {
		return to, err
	}
	to.Name = ""
	found, err := d.store.Lookup(ctx, store.Query{Addresses: []balie.Address{to}})
	if err != nil {
		return to, fmt.Errorf("look up an address: %w", err)
	}
	if owner, ok := found.Addresses[to.Key()]; ok && owner.ID != p.ID {
		return to, &TakenError{to, owner}
	}
	return to, nil
}

// mostReindexed bounds how many requests of one customer are looked at again
// at once.
const mostReindexed = 500

// changed brings the indexes in line. They are copies: what goes wrong is said,
// and mended at the next start.
func (d *Customers) changed(ctx context.Context, ids ...balie.ID) {
	if err := d.people.Take(ctx, ids...); err != nil {
		d.log.Warn("the index of people is behind", "err", err)
	}
	if d.requests == nil {
		return
	}
	var all []balie.ID
	for _, id := range ids {
		for r, err := range d.store.List(ctx, store.Filter{Customer: id, Limit: mostReindexed}) {
			if err != nil {
				d.log.Warn("the index of requests is behind", "err", err)
				return
			}
			all = append(all, r.ID)
		}
	}
	if len(all) > 0 {
		if err := d.requests.Reindex(ctx, all...); err != nil {
			d.log.Warn("the index of requests is behind", "err", err)
		}
	}
}

// mergedKind is the kind of the records that lead from somebody who was merged
// to whom they are now.
const mergedKind = "merged"

type mergedInto struct {
	Into balie.ID `json:"into"`
}

// mostMerges bounds a chain of merges that is followed.
const mostMerges = 8

// mergedInto is whom a customer was merged into, or zero.
func (d *Customers) mergedInto(ctx context.Context, id balie.ID) (balie.ID, error) {
	return followMerges(ctx, d.store, id)
}

// recordReader reads one record.
type recordReader interface {
	Record(ctx context.Context, kind, key string) (balie.Record, error)
}

func followMerges(ctx context.Context, s recordReader, id balie.ID) (balie.ID, error) {
	var into balie.ID
	for range mostMerges {
		rec, err := s.Record(ctx, mergedKind, id.String())
		if errors.Is(err, balie.ErrNotFound) {
			return into, nil
		}
		if err != nil {
			return into, fmt.Errorf("look whether a customer was merged: %w", err)
		}
		var m mergedInto
		if err := json.Unmarshal(rec.Body, &m); err != nil {
			return into, fmt.Errorf("read into whom a customer was merged: %w", err)
		}
		into, id = m.Into, m.Into
	}
	return into, nil
}
