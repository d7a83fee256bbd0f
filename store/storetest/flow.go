package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

func claim(t *testing.T, s store.Store, now time.Time, n int) []store.Claimed {
	t.Helper()
	return must[[]store.Claimed](t)(s.Claim(t.Context(), now, time.Minute, n))
}

func outboxOrder(t *testing.T, s store.Store) {
	var m maker
	c := m.opened(t)
	msg := m.message(c.Request.ID)
	first, second, other := m.delivery(msg, "a@b.example"), m.delivery(msg, "a@b.example"), m.delivery(msg, "c@d.example")
	second.Due = first.Due.Add(-time.Minute) // due before, said after
	c.Messages, c.Deliveries = []balie.Message{msg}, []balie.Delivery{other, second, first}
	commit(t, s, c)
	same(t, "next due", must[time.Time](t)(s.NextDue(t.Context())), first.Due)
	same(t, "before it is due", claim(t, s, first.Due.Add(-time.Nanosecond), 9), []store.Claimed{})
	got := claim(t, s, noon.Add(time.Hour), 9)
	if len(got) != 2 || got[0].Delivery.ID != first.ID || got[1].Delivery.ID != other.ID {
		t.Fatalf("claimed %v, want the first of each address", got)
	}
	same(t, "its message", got[0].Message, msg)
	same(t, "its request", got[0].Request, c.Request)
	same(t, "status", got[0].Delivery.Status, balie.Leased)
	same(t, "at the same time", claim(t, s, noon.Add(time.Hour), 9), []store.Claimed{})
	sent := got[0].Delivery
	sent.Status = balie.SentOK
	commit(t, s, balie.Change{Deliveries: []balie.Delivery{sent}})
	got = claim(t, s, noon.Add(time.Hour), 9)
	if len(got) != 1 || got[0].Delivery.ID != second.ID {
		t.Fatalf("claimed %v, want the second", got)
	}
	all := must[[]balie.Delivery](t)(s.Deliveries(t.Context(), c.Request.ID))
	same(t, "deliveries", []balie.ID{all[0].ID, all[1].ID, all[2].ID}, []balie.ID{first.ID, second.ID, other.ID})
	same(t, "sent ones", must[[]balie.Delivery](t)(s.ListDeliveries(t.Context(), balie.SentOK, 5)), []balie.Delivery{sent})
}

func outboxFencing(t *testing.T, s store.Store) {
	var m maker
	c := m.opened(t)
	msg := m.message(c.Request.ID)
	c.Messages, c.Deliveries = []balie.Message{msg}, []balie.Delivery{m.delivery(msg, "a@b.example")}
	commit(t, s, c)
	slow := claim(t, s, noon.Add(time.Hour), 1)[0].Delivery
	same(t, "next due", must[time.Time](t)(s.NextDue(t.Context())), slow.LeasedUntil)
	same(t, "while leased", claim(t, s, slow.LeasedUntil.Add(-time.Nanosecond), 1), []store.Claimed{})
	fast := claim(t, s, slow.LeasedUntil, 1)[0].Delivery
	if fast.Lease <= slow.Lease {
		t.Fatalf("lease %d after %d", fast.Lease, slow.Lease)
	}
	slow.Status, fast.Status, fast.Receipt = balie.SentOK, balie.SentOK, "250 ok"
	refused(t, s.Commit(t.Context(), balie.Change{Deliveries: []balie.Delivery{slow}}), balie.ErrStale)
	commit(t, s, balie.Change{Deliveries: []balie.Delivery{fast}})
	same(t, "delivery", must[balie.Delivery](t)(s.Delivery(t.Context(), fast.ID)), fast)
	same(t, "next due", must[time.Time](t)(s.NextDue(t.Context())), time.Time{})
}

func outboxHeld(t *testing.T, s store.Store) {
	var m maker
	c := m.opened(t)
	msg := m.message(c.Request.ID)
	held, dead, next := m.delivery(msg, "a@b.example"), m.delivery(msg, "a@b.example"), m.delivery(msg, "a@b.example")
	held.Status, dead.Status = balie.Held, balie.Dead
	c.Messages, c.Deliveries = []balie.Message{msg}, []balie.Delivery{held, dead, next}
	commit(t, s, c)
	got := claim(t, s, noon.Add(time.Hour), 9)
	if len(got) != 1 || got[0].Delivery.ID != next.ID {
		t.Fatalf("claimed %v, want only the third", got)
	}
	held.Status = balie.Pending // an agent lets it go
	commit(t, s, balie.Change{Deliveries: []balie.Delivery{held}})
	same(t, "behind the older one", len(claim(t, s, noon.Add(2*time.Hour), 9)), 1)
	same(t, "dead ones", must[[]balie.Delivery](t)(s.ListDeliveries(t.Context(), balie.Dead, 0)), []balie.Delivery{dead})
}

// outboxAlone is a letter about more than one request, or none.
func outboxAlone(t *testing.T, s store.Store) {
	var m maker
	first, second := m.message(balie.ID{}), m.message(balie.ID{})
	first.Direction, second.Direction = balie.Out, balie.Out
	one, other := m.delivery(first, "team@b.example"), m.delivery(second, "team@b.example")
	commit(t, s, balie.Change{Seen: []string{"day"}, Messages: []balie.Message{first}, Deliveries: []balie.Delivery{one}})
	refused(t, s.Commit(t.Context(), balie.Change{Seen: []string{"day"}, Messages: []balie.Message{second}, Deliveries: []balie.Delivery{other}}), balie.ErrDuplicate)
	commit(t, s, balie.Change{Messages: []balie.Message{second}, Deliveries: []balie.Delivery{other}})
	commit(t, s, balie.Change{Seen: []string{"nothing to say"}})
	refused(t, s.Commit(t.Context(), balie.Change{Seen: []string{"nothing to say"}}), balie.ErrDuplicate)
	got := claim(t, s, noon.Add(time.Hour), 9)
	if len(got) != 2 || got[0].Message.ID != first.ID || got[1].Message.ID != second.ID {
		t.Fatalf("claimed %v, want both", got)
	}
	same(t, "its request", got[0].Request, balie.Request{})
	sent := got[0].Delivery
	sent.Status = balie.SentOK
	commit(t, s, balie.Change{Deliveries: []balie.Delivery{sent}})
	same(t, "sent ones", must[[]balie.Delivery](t)(s.ListDeliveries(t.Context(), balie.SentOK, 5)), []balie.Delivery{sent})
	if flaws, err := s.Verify(t.Context(), nil); err != nil || len(flaws) > 0 {
		t.Errorf("verify: %v, %v", flaws, err)
	}
}

func feed(t *testing.T, s store.Store) {
	var m maker
	var want []balie.Event
	for range 7 {
		c := m.opened(t)
		commit(t, s, c)
		want = append(want, c.Events...)
	}
	var got []balie.Event
	var at store.FeedCursor
	for {
		page, next, err := s.Read(t.Context(), at, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			same(t, "cursor at the end", next, at)
			break
		}
		got, at = append(got, page...), next
	}
	same(t, "feed", got, want)
	c := m.opened(t)
	commit(t, s, c)
	page, _, err := s.Read(t.Context(), at, 0)
	same(t, "error", err, nil)
	same(t, "what came since", page, c.Events)
}

func changedWakes(t *testing.T, s store.Store) {
	var m maker
	woken := s.Changed()
	select {
	case <-woken:
		t.Fatal("woken by nothing")
	default:
	}
	commit(t, s, m.opened(t))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-woken:
	case <-ctx.Done():
		t.Fatal("not woken")
	}
}

func documents(t *testing.T, s store.Store) {
	d := store.Document{Kind: "rules", Name: "", Body: []byte("a"), At: noon, By: "agent:a", Reason: "start"}
	same(t, "version", must[int](t)(s.PutDocument(t.Context(), d, 0)), 1)
	_, err := s.PutDocument(t.Context(), d, 0)
	is(t, err, balie.ErrStale)
	_, err = s.PutDocument(t.Context(), d, 2)
	is(t, err, balie.ErrStale)
	e := d
	e.Body, e.Reason = []byte("b"), "beter"
	same(t, "version", must[int](t)(s.PutDocument(t.Context(), e, 1)), 2)
	other := d
	other.Name = "r"
	same(t, "version", must[int](t)(s.PutDocument(t.Context(), other, 0)), 1)
	d.Version, e.Version = 1, 2
	same(t, "newest", must[store.Document](t)(s.Document(t.Context(), "rules", "", 0)), e)
	same(t, "first", must[store.Document](t)(s.Document(t.Context(), "rules", "", 1)), d)
	d.Body, e.Body = nil, nil
	same(t, "history", must[[]store.Document](t)(s.DocumentHistory(t.Context(), "rules", "")), []store.Document{e, d})
	_, err = s.Document(t.Context(), "rules", "", 3)
	is(t, err, balie.ErrNotFound)
}

func ledger(t *testing.T, s store.Store) {
	var m maker
	var lines []balie.LedgerEntry
	for i, outcome := range []string{balie.LedgerTaken, balie.LedgerHeld, balie.LedgerTaken, balie.LedgerDuplicate} {
		at := m.now()
		lines = append(lines, balie.LedgerEntry{Message: balie.NewID(at), At: at, Channel: "email",
			Account: []string{"a", "b"}[i%2], Key: at.String(), Outcome: outcome})
	}
	commit(t, s, balie.Change{Ledger: lines[:2]}, balie.Change{Ledger: lines[2:]})
	list := func(f store.LedgerFilter) []balie.LedgerEntry {
		var out []balie.LedgerEntry
		for l, err := range s.ListLedger(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, l)
		}
		return out
	}
	same(t, "all, newest first", list(store.LedgerFilter{}), []balie.LedgerEntry{lines[3], lines[2], lines[1], lines[0]})
	same(t, "of one account", list(store.LedgerFilter{Channel: "email", Account: "a", Limit: 1}), lines[2:3])
	same(t, "since", list(store.LedgerFilter{Since: lines[2].At}), []balie.LedgerEntry{lines[3], lines[2]})
	count := func(f store.LedgerFilter) map[string]int {
		return must[map[string]int](t)(s.CountLedger(t.Context(), f))
	}
	same(t, "count", count(store.LedgerFilter{}), map[string]int{balie.LedgerTaken: 2, balie.LedgerHeld: 1, balie.LedgerDuplicate: 1})
	lines[1].Outcome, lines[1].At = balie.LedgerJoined, m.now() // an agent looked at it
	commit(t, s, balie.Change{Ledger: lines[1:2]})
	same(t, "count", count(store.LedgerFilter{Account: "b"}), map[string]int{balie.LedgerJoined: 1, balie.LedgerDuplicate: 1})
	same(t, "one line per message", len(list(store.LedgerFilter{})), 4)
}

func cursors(t *testing.T, s store.Store) {
	commit(t, s, balie.Change{Cursor: &balie.Cursor{Channel: "email", Value: []byte("1")}})
	commit(t, s, balie.Change{Cursor: &balie.Cursor{Channel: "email", Value: []byte("2")}},
		balie.Change{Cursor: &balie.Cursor{Channel: "slack", Value: []byte("x")}})
	same(t, "cursor", must[[]byte](t)(s.Cursor(t.Context(), "email")), []byte("2"))
	same(t, "cursor", must[[]byte](t)(s.Cursor(t.Context(), "slack")), []byte("x"))
}

func originals(t *testing.T, s store.Store) {
	for _, size := range []int{0, 1, 1959, 1960, 1961, balie.InlineLimit, balie.InlineLimit + 1, 300_000} {
		body := bytes.Repeat([]byte("mime\r\n"), size/6+1)[:size]
		o := must[balie.Original](t)(s.PutBlob(t.Context(), bytes.NewReader(body)))
		sum := sha256.Sum256(body)
		same(t, "name", o.Blob, balie.BlobID(hex.EncodeToString(sum[:])))
		same(t, "size", o.Size, int64(size))
		if size <= balie.InlineLimit {
			same(t, "inline", o.Inline, body)
			commit(t, s, balie.Change{Blobs: []balie.Blob{{ID: o.Blob, Data: o.Inline}}})
		}
		r := must[io.ReadCloser](t)(s.OpenBlob(t.Context(), o.Blob))
		got, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("original of %d bytes came back as %d: %v", size, len(got), err)
		}
	}
	big := balie.Change{Blobs: []balie.Blob{{ID: "x", Data: make([]byte, balie.InlineLimit+1)}}}
	if err := s.Commit(t.Context(), big); err == nil {
		t.Error("a large original was taken inside a change")
	}
}

// movingList changes each request while the list is read: an export must have
// all of them, once.
func movingList(t *testing.T, s store.Store) {
	var m maker
	const n = 600
	now := map[balie.ID]balie.Request{}
	var all []balie.Change
	for range n {
		c := m.opened(t)
		all = append(all, c)
		now[c.Request.ID] = c.Request
	}
	commit(t, s, all...)
	got := map[balie.ID]int{}
	for r, err := range s.List(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got[r.ID]++
		other := all[(len(got)*7)%n].Request.ID
		c := balie.Change{Request: now[other]}
		do(t, &c, balie.Event{What: balie.Tagged, At: m.now(), By: "agent:a", Data: map[string]string{"add": "x"}})
		if len(got)%5 == 0 {
			commit(t, s, c)
			now[other] = c.Request
		}
	}
	for id, times := range got {
		if times != 1 {
			t.Errorf("request %s is listed %d times", id, times)
		}
	}
	same(t, "requests listed", len(got), n)
}
