package storetest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

const secret = "geheimpje"

// erasedPerson has a request with an original, and takes part in another's.
// Afterwards nothing that can be read has a word of theirs.
func erasedPerson(t *testing.T, s store.Store) {
	var m maker
	her := balie.Person{ID: balie.NewID(noon), Version: 1, Name: secret,
		Addresses: []balie.Address{{Scheme: balie.Mail, Value: secret + "@klant.example"}}}
	him := balie.Person{ID: balie.NewID(noon), Version: 1, Name: "Jan", Addresses: []balie.Address{jan}}
	own, other := herRequest(t, &m, s, her), m.opened(t)
	do(t, &other, balie.Event{What: balie.Edited, At: m.now(), By: "router@1", Data: map[string]string{"customer": him.ID.String()}})
	do(t, &other, balie.Event{What: balie.Joined, At: m.now(), By: "agent:a", Data: map[string]string{"person": her.ID.String()}})
	his, hers := m.message(other.Request.ID), m.message(other.Request.ID)
	hers.From, hers.Text = her.Addresses[0], secret
	other.Messages = []balie.Message{his, hers}
	own.People = []balie.Person{her, him}
	list := m.message(balie.ID{}) // she leads a team too, and gets its list of the day
	letter := balie.Change{Messages: []balie.Message{list}, Deliveries: []balie.Delivery{m.delivery(list, her.Addresses[0].Value)}}
	commit(t, s, own, other, letter)
	if all := everything(t, s); !strings.Contains(all, secret) { // whoever follows the feed has read it before
		t.Fatal("there is nothing of hers to erase")
	}

	got := must[store.Erased](t)(s.Erase(t.Context(), her.ID, "agent:lead", "AVG", m.now()))
	same(t, "erased", got, store.Erased{Requests: 2, Messages: 2, Originals: 1})
	if all := everything(t, s); strings.Contains(all, secret) {
		t.Errorf("what can be read still has it: %s", all)
	}
	_, err := s.Person(t.Context(), her.ID)
	is(t, err, balie.ErrNotFound)
	_, err = s.OpenBlob(t.Context(), own.Messages[0].Original)
	is(t, err, balie.ErrNotFound)
	r := must[balie.Request](t)(s.Request(t.Context(), own.Request.ID))
	same(t, "what figures count by", []any{r.Ref, r.State, r.Channel, r.Opened, r.Language},
		[]any{own.Request.Ref, own.Request.State, "email", own.Request.Opened, "nl"})
	same(t, "his words", must[balie.Message](t)(s.Message(t.Context(), his.ID)), his)
	same(t, "requests of hers", must[int](t)(s.Count(t.Context(), store.Filter{Customer: her.ID})), 0)
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{Seen: own.Seen, Addresses: her.Addresses}))
	same(t, "claims", len(found.Seen), 1)
	same(t, "owners", found.Addresses, map[string]balie.Person{})
	same(t, "next due", must[time.Time](t)(s.NextDue(t.Context())), time.Time{})

	refused(t, s.Commit(t.Context(), herRequest(t, &m, s, her)), balie.ErrStale) // decided on before
	again := must[store.Erased](t)(s.Erase(t.Context(), her.ID, "agent:lead", "AVG", m.now()))
	same(t, "again", again, got)
	_, err = s.Erase(t.Context(), balie.NewID(noon), "agent:lead", "AVG", m.now())
	is(t, err, balie.ErrNotFound)
	flaws, err := s.Verify(t.Context(), nil)
	same(t, "error of Verify", err, nil)
	same(t, "flaws", flaws, []store.Flaw{})
}

// herRequest opens a request with her words in everything.
func herRequest(t *testing.T, m *maker, s store.Store, her balie.Person) balie.Change {
	c := m.opened(t)
	msg := m.message(c.Request.ID)
	msg.From, msg.Subject, msg.Text = her.Addresses[0], secret, secret
	o := must[balie.Original](t)(s.PutBlob(t.Context(), bytes.NewReader([]byte(secret))))
	msg.Original, msg.Parts = o.Blob, []balie.Part{{Name: secret}}
	d := m.delivery(msg, her.Addresses[0].Value)
	c.Messages, c.Deliveries, c.Seen = []balie.Message{msg}, []balie.Delivery{d}, []string{"mid:" + c.Request.Ref}
	c.Blobs = []balie.Blob{{ID: o.Blob, Data: o.Inline}}
	c.Ledger = []balie.LedgerEntry{{Message: msg.ID, At: msg.At, Channel: "email", From: her.Addresses[0].Value, Subject: secret, Outcome: balie.LedgerTaken}}
	for _, e := range []balie.Event{
		{What: balie.Edited, Data: map[string]string{"customer": her.ID.String(), "subject": secret}},
		{What: balie.Received, Message: msg.ID, Data: map[string]string{"preview": secret}},
		{What: balie.Filled, Data: map[string]string{"name": secret}},
		{What: balie.Tagged, Data: map[string]string{"add": secret}},
	} {
		e.At, e.By = m.now(), "customer"
		do(t, &c, e)
	}
	return c
}

// everything is what the interface gives to read.
func everything(t *testing.T, s store.Store) string {
	t.Helper()
	feed, _, err := s.Read(t.Context(), "", 0)
	same(t, "error of Read", err, nil)
	out := []any{feed, must[[]balie.Person](t)(s.ListPeople(t.Context(), balie.ID{}, 0))}
	for r, err := range s.List(t.Context(), store.Filter{}) {
		same(t, "error of List", err, nil)
		out = append(out, r, must[[]balie.Message](t)(s.Messages(t.Context(), r.ID)), must[[]balie.Delivery](t)(s.Deliveries(t.Context(), r.ID)))
	}
	for l, err := range s.ListLedger(t.Context(), store.LedgerFilter{}) {
		same(t, "error of ListLedger", err, nil)
		out = append(out, l)
	}
	return string(must[[]byte](t)(json.Marshal(out)))
}
