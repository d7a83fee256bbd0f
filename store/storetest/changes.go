package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

func staleChange(t *testing.T, s store.Store) {
	var m maker
	c := m.opened(t)
	commit(t, s, c)
	first, second := balie.Change{Request: c.Request}, balie.Change{Request: c.Request}
	do(t, &first, balie.Event{What: balie.Tagged, At: m.now(), By: "agent:a", Data: map[string]string{"add": "a"}})
	do(t, &second, balie.Event{What: balie.Tagged, At: m.now(), By: "agent:b", Data: map[string]string{"add": "b"}})
	msg := m.message(c.Request.ID)
	second.Messages, second.Seen = []balie.Message{msg}, []string{"key"}
	second.Cursor = &balie.Cursor{Channel: "email", Value: []byte("7")}
	commit(t, s, first)
	refused(t, s.Commit(t.Context(), second), balie.ErrStale)
	refused(t, s.Commit(t.Context(), c), balie.ErrStale)
	same(t, "request", must[balie.Request](t)(s.Request(t.Context(), c.Request.ID)), first.Request)
	_, err := s.Message(t.Context(), msg.ID)
	is(t, err, balie.ErrNotFound)
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{Seen: []string{"key"}}))
	same(t, "claims", found.Seen, map[string]store.Claim{})
	same(t, "cursor", must[[]byte](t)(s.Cursor(t.Context(), "email")), []byte(nil))
}

func neighbours(t *testing.T, s store.Store) {
	var m maker
	a, b, c := m.opened(t), m.opened(t), m.opened(t)
	a.Seen, b.Seen, c.Seen = []string{"one"}, []string{"one", "two"}, []string{"three"}
	refused(t, s.Commit(t.Context(), a, b, c), nil, balie.ErrDuplicate, nil)
	_, err := s.Request(t.Context(), b.Request.ID)
	is(t, err, balie.ErrNotFound)
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{Seen: []string{"one", "two", "three"},
		Requests: []balie.ID{a.Request.ID, b.Request.ID, c.Request.ID}}))
	same(t, "claims", found.Seen, map[string]store.Claim{"one": {Request: a.Request.ID}, "three": {Request: c.Request.ID}})
	same(t, "requests", found.Requests, map[balie.ID]balie.Request{a.Request.ID: a.Request, c.Request.ID: c.Request})
}

func buildOn(t *testing.T, s store.Store) {
	var m maker
	a := m.opened(t)
	b := balie.Change{Request: a.Request}
	do(t, &b, balie.Event{What: balie.Edited, At: m.now(), By: "agent:a", Data: map[string]string{"assignee": "a"}})
	c := balie.Change{Request: b.Request}
	do(t, &c, balie.Event{What: balie.Filled, At: m.now(), By: "agent:a", Data: map[string]string{"room": "2.14"}})
	commit(t, s, a, b, c)
	same(t, "request", must[balie.Request](t)(s.Request(t.Context(), a.Request.ID)), c.Request)
	events := must[[]balie.Event](t)(s.Events(t.Context(), a.Request.ID, 0))
	same(t, "events", events, append(append(a.Events, b.Events...), c.Events...))
	same(t, "later events", must[[]balie.Event](t)(s.Events(t.Context(), a.Request.ID, 3)), c.Events)
}

func claimedKey(t *testing.T, s store.Store) {
	var m maker
	a, b := m.opened(t), m.opened(t)
	msg := m.message(a.Request.ID)
	a.Messages, a.Seen = []balie.Message{msg}, []string{"mid:<1@x>", "digest"}
	b.Seen = []string{"other", "digest"}
	commit(t, s, a)
	refused(t, s.Commit(t.Context(), b), balie.ErrDuplicate)
	b.Seen = []string{"other", "other"} // one Change may name a key twice
	commit(t, s, b)
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{Seen: []string{"digest", "other", "unknown"}}))
	same(t, "claims", found.Seen, map[string]store.Claim{
		"digest": {Request: a.Request.ID, Message: msg.ID}, "other": {Request: b.Request.ID}})
	refused(t, s.Commit(t.Context(), balie.Change{Seen: []string{"other"}}), balie.ErrDuplicate)
}

func takenReference(t *testing.T, s store.Store) {
	var m maker
	a := m.opened(t)
	commit(t, s, a)
	at := m.now()
	var b balie.Change
	do(t, &b, balie.Event{What: balie.Opened, Request: balie.NewID(at), At: at, By: "router@1", Data: map[string]string{"ref": a.Request.Ref}})
	do(t, &b, balie.Event{What: balie.ToDesk, At: at, By: "router@1"})
	refused(t, s.Commit(t.Context(), b), balie.ErrStale)
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{Refs: []string{a.Request.Ref, "0000-0"}}))
	same(t, "references", found.Refs, map[string]balie.ID{a.Request.Ref: a.Request.ID})
}

var (
	jan = balie.Address{Scheme: balie.Mail, Value: "jan@klant.example", Name: "Jan"}
	tel = balie.Address{Scheme: balie.Tel, Value: "+31201234567"}
)

func oneOwner(t *testing.T, s store.Store) {
	a := balie.Person{ID: balie.NewID(noon), Version: 1, Name: "Jan", Addresses: []balie.Address{jan}}
	b := balie.Person{ID: balie.NewID(noon), Version: 1, Name: "Piet", Addresses: []balie.Address{tel, {Scheme: jan.Scheme, Value: jan.Value}}}
	commit(t, s, balie.Change{People: []balie.Person{a}})
	refused(t, s.Commit(t.Context(), balie.Change{People: []balie.Person{b}}), balie.ErrStale)
	refused(t, s.Commit(t.Context(), balie.Change{People: []balie.Person{a}}), balie.ErrStale) // not the next version
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{Addresses: []balie.Address{jan, tel}}))
	same(t, "owners", found.Addresses, map[string]balie.Person{jan.Key(): a})
	a.Version, a.Addresses = 2, []balie.Address{tel}
	commit(t, s, balie.Change{People: []balie.Person{a}})
	b.Addresses = []balie.Address{jan}
	commit(t, s, balie.Change{People: []balie.Person{b}})
	found = must[store.Found](t)(s.Lookup(t.Context(), store.Query{Addresses: []balie.Address{jan, tel}}))
	same(t, "owners", found.Addresses, map[string]balie.Person{jan.Key(): b, tel.Key(): a})
	same(t, "person", must[balie.Person](t)(s.Person(t.Context(), b.ID)), b)
	all := must[[]balie.Person](t)(s.ListPeople(t.Context(), balie.ID{}, 0))
	if len(all) != 2 {
		t.Fatalf("%d people, want 2", len(all))
	}
	same(t, "the second", must[[]balie.Person](t)(s.ListPeople(t.Context(), all[0].ID, 1)), all[1:])
}

func movedAddress(t *testing.T, s store.Store) {
	a := balie.Person{ID: balie.NewID(noon), Version: 1, Name: "Jan", Addresses: []balie.Address{jan}}
	b := balie.Person{ID: balie.NewID(noon), Version: 1, Name: "J.", Addresses: []balie.Address{tel}}
	commit(t, s, balie.Change{People: []balie.Person{a, b}})
	a.Version, a.Addresses = 2, nil
	b.Version, b.Addresses = 2, []balie.Address{tel, jan}
	commit(t, s, balie.Change{People: []balie.Person{b, a}})
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{Addresses: []balie.Address{jan, tel}}))
	same(t, "owners", found.Addresses, map[string]balie.Person{jan.Key(): b, tel.Key(): b})
}

func messageAgain(t *testing.T, s store.Store) {
	var m maker
	c := m.opened(t)
	msg := m.message(c.Request.ID)
	other := m.message(c.Request.ID)
	c.Messages = []balie.Message{other, msg}
	commit(t, s, c)
	for _, text := range []string{strings.Repeat("lang verhaal ", 1000), "kort"} {
		msg.Text, msg.Full = text, text+" en dan het citaat"
		commit(t, s, balie.Change{Request: c.Request, Messages: []balie.Message{msg}})
		same(t, "message", must[balie.Message](t)(s.Message(t.Context(), msg.ID)), msg)
		same(t, "messages", must[[]balie.Message](t)(s.Messages(t.Context(), c.Request.ID)), []balie.Message{msg, other})
	}
	same(t, "request", must[balie.Request](t)(s.Request(t.Context(), c.Request.ID)), c.Request)
}

func heldMessage(t *testing.T, s store.Store) {
	var m maker
	msg := m.message(balie.ID{})
	commit(t, s, balie.Change{Messages: []balie.Message{msg}, Seen: []string{"k"}})
	same(t, "message", must[balie.Message](t)(s.Message(t.Context(), msg.ID)), msg)
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{Seen: []string{"k"}}))
	same(t, "claims", found.Seen, map[string]store.Claim{"k": {Message: msg.ID}})
	c := m.opened(t) // an agent makes a request of it after all
	msg.Request = c.Request.ID
	c.Messages = []balie.Message{msg}
	commit(t, s, c)
	same(t, "of the request", must[[]balie.Message](t)(s.Messages(t.Context(), c.Request.ID)), []balie.Message{msg})
	same(t, "of none", must[[]balie.Message](t)(s.Messages(t.Context(), balie.ID{})), []balie.Message{})
}

// invalidChange refuses what no store could make sense of later.
func invalidChange(t *testing.T, s store.Store) {
	var m maker
	good := m.opened(t)
	gap := m.opened(t)
	gap.Events = gap.Events[1:]
	foreign := m.opened(t)
	foreign.Messages = []balie.Message{m.message(good.Request.ID)}
	lost := balie.Change{Deliveries: []balie.Delivery{m.delivery(m.message(foreign.Request.ID), "a@b.example")}}
	forged := balie.Change{Blobs: []balie.Blob{{ID: balie.BlobID(strings.Repeat("0", 64)), Data: []byte("x")}}}
	err := s.Commit(t.Context(), gap, foreign, good, lost, forged)
	var r *balie.RefusedError
	if !errors.As(err, &r) {
		t.Fatalf("commit gave %v, want a RefusedError", err)
	}
	for i, err := range r.Errs {
		if (err == nil) != (i == 2) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	same(t, "the good one", must[balie.Request](t)(s.Request(t.Context(), good.Request.ID)), good.Request)
}

func missing(t *testing.T, s store.Store) {
	id := balie.NewID(noon)
	_, err := s.Request(t.Context(), id)
	is(t, err, balie.ErrNotFound)
	_, err = s.Message(t.Context(), id)
	is(t, err, balie.ErrNotFound)
	_, err = s.Delivery(t.Context(), id)
	is(t, err, balie.ErrNotFound)
	_, err = s.Person(t.Context(), id)
	is(t, err, balie.ErrNotFound)
	_, err = s.Document(t.Context(), "rules", "", 0)
	is(t, err, balie.ErrNotFound)
	_, err = s.OpenBlob(t.Context(), balie.BlobID(strings.Repeat("ab", 32)))
	is(t, err, balie.ErrNotFound)
	_, err = s.OpenBlob(t.Context(), "../../etc/passwd")
	is(t, err, balie.ErrNotFound)
	same(t, "events", must[[]balie.Event](t)(s.Events(t.Context(), id, 0)), []balie.Event{})
	same(t, "next due", must[time.Time](t)(s.NextDue(t.Context())), time.Time{})
	same(t, "instance", s.Instance() != "", true)
	same(t, "fault", s.Fault(), nil)
}

// manyCallers write at once, half of them the same keys: each key has one owner.
func manyCallers(t *testing.T, s store.Store) {
	const callers, rounds = 16, 10
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			m := maker{at: noon.Add(time.Duration(i) * time.Hour)}
			for n := range rounds {
				c := m.opened(t)
				c.Seen = []string{fmt.Sprintf("key %d %d", i/2, n)}
				if err := s.Commit(t.Context(), c); err != nil && !errors.Is(err, balie.ErrDuplicate) {
					t.Errorf("commit: %v", err)
				}
			}
		})
	}
	wg.Wait()
	same(t, "requests", must[int](t)(s.Count(t.Context(), store.Filter{})), callers/2*rounds)
	events, _, err := s.Read(t.Context(), "", 10*callers*rounds)
	same(t, "error", err, nil)
	same(t, "events in the feed", len(events), callers*rounds)
}

func cleanVerify(t *testing.T, s store.Store) {
	var m maker
	for range 10 {
		c := m.opened(t)
		msg := m.message(c.Request.ID)
		c.Messages = []balie.Message{msg}
		c.Deliveries = []balie.Delivery{m.delivery(msg, "a@b.example"), m.delivery(msg, "a@b.example")}
		commit(t, s, c)
	}
	flaws, err := s.Verify(t.Context(), nil)
	same(t, "error", err, nil)
	same(t, "flaws", flaws, []store.Flaw{})
}
