package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Before and after every moment at which a test can run.
var (
	longAgo = time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
	farOff  = time.Date(2201, 2, 3, 4, 5, 6, 7, time.UTC)
)

func record(kind, key string, version uint64, body string) balie.Record {
	return balie.Record{Kind: kind, Key: key, Version: version, Body: []byte(body)}
}

func keep(t tester, s store.Store, r ...balie.Record) {
	t.Helper()
	commit(t, s, balie.Change{Records: r})
}

// records stand or fall with the request of their Change.
func records(t *testing.T, s store.Store) {
	var m maker
	c := m.opened(t)
	c.Records = []balie.Record{record("draft", "sanne", 1, "Beste Jan")}
	commit(t, s, c)
	same(t, "record", must[balie.Record](t)(s.Record(t.Context(), "draft", "sanne")), c.Records[0])
	late := balie.Change{Request: balie.Request{ID: c.Request.ID, Ref: c.Request.Ref, State: balie.AtDesk}}
	late.Request.Version = 1
	late.Records = []balie.Record{record("draft", "sanne", 2, "te laat"), record("draft", "piet", 1, "ook")}
	refused(t, s.Commit(t.Context(), late), balie.ErrStale)
	same(t, "record", must[balie.Record](t)(s.Record(t.Context(), "draft", "sanne")), c.Records[0])
	_, err := s.Record(t.Context(), "draft", "piet")
	is(t, err, balie.ErrNotFound)
	empty := record("flag", "x", 1, "")
	keep(t, s, empty)
	got := must[balie.Record](t)(s.Record(t.Context(), "flag", "x"))
	if got.Body == nil || len(got.Body) != 0 {
		t.Errorf("an empty body came back as %v", got.Body)
	}
	for _, r := range []balie.Record{
		record("", "x", 1, "x"), record("x", "", 1, "x"), record("x", strings.Repeat("k", 201), 1, "x"),
	} {
		if err := s.Commit(t.Context(), balie.Change{Records: []balie.Record{r}}); err == nil {
			t.Errorf("a record %q/%.10q was taken", r.Kind, r.Key)
		}
	}
	twice := balie.Change{Records: []balie.Record{record("x", "y", 1, "a"), record("x", "y", 2, "b")}}
	if err := s.Commit(t.Context(), twice); err == nil {
		t.Error("one record twice in a change was taken")
	}
}

func staleRecord(t *testing.T, s store.Store) {
	keep(t, s, record("user", "sanne", 1, "a"))
	refused(t, s.Commit(t.Context(), balie.Change{Records: []balie.Record{record("user", "sanne", 1, "b")}}), balie.ErrStale)
	refused(t, s.Commit(t.Context(), balie.Change{Records: []balie.Record{record("user", "sanne", 3, "b")}}), balie.ErrStale)
	refused(t, s.Commit(t.Context(), balie.Change{Records: []balie.Record{record("user", "piet", 2, "b")}}), balie.ErrStale)
	keep(t, s, record("user", "sanne", 2, "b"))
	keep(t, s, record("user", "sanne", 0, "forced"))
	same(t, "forced", must[balie.Record](t)(s.Record(t.Context(), "user", "sanne")), record("user", "sanne", 3, "forced"))
	gone := balie.Record{Kind: "user", Key: "sanne", Version: 3}
	refused(t, s.Commit(t.Context(), balie.Change{Records: []balie.Record{gone}}), balie.ErrStale)
	gone.Version = 4
	keep(t, s, gone)
	_, err := s.Record(t.Context(), "user", "sanne")
	is(t, err, balie.ErrNotFound)
	keep(t, s, balie.Record{Kind: "user", Key: "sanne"}) // nothing to remove
	commit(t, s, balie.Change{Records: []balie.Record{record("user", "sanne", 1, "again")}},
		balie.Change{Records: []balie.Record{record("user", "sanne", 2, "and again")}})
	same(t, "again", must[balie.Record](t)(s.Record(t.Context(), "user", "sanne")), record("user", "sanne", 2, "and again"))
}

func expiredRecord(t *testing.T, s store.Store) {
	past, soon, ever := record("session", "a", 1, "a"), record("session", "b", 1, "b"), record("session", "c", 1, "c")
	past.Expires, soon.Expires = longAgo, farOff
	keep(t, s, past, soon, ever)
	_, err := s.Record(t.Context(), "session", "a")
	is(t, err, balie.ErrNotFound)
	list := func() []balie.Record {
		return must[[]balie.Record](t)(s.ListRecords(t.Context(), "session", "", "", false, 0))
	}
	same(t, "list", list(), []balie.Record{soon, ever})
	refused(t, s.Commit(t.Context(), balie.Change{Records: []balie.Record{record("session", "a", 2, "x")}}), balie.ErrStale)
	keep(t, s, past) // as if it never was
	same(t, "swept", must[int](t)(s.SweepRecords(t.Context(), longAgo.Add(-time.Nanosecond))), 0)
	same(t, "swept", must[int](t)(s.SweepRecords(t.Context(), longAgo)), 1)
	same(t, "swept again", must[int](t)(s.SweepRecords(t.Context(), noon)), 0)
	soon.Version, soon.Expires = 2, time.Time{} // it stays after all
	keep(t, s, soon)
	same(t, "swept", must[int](t)(s.SweepRecords(t.Context(), farOff)), 0)
	same(t, "list", list(), []balie.Record{soon, ever})
	var many []balie.Record
	for i := range 1500 {
		r := record("session", "m"+time.Duration(i).String(), 1, "m")
		r.Expires = longAgo
		many = append(many, r)
	}
	keep(t, s, many...)
	same(t, "swept", must[int](t)(s.SweepRecords(t.Context(), noon)), len(many))
	same(t, "list", list(), []balie.Record{soon, ever})
}

func listedRecords(t *testing.T, s store.Store) {
	var all []balie.Record
	for i := range 700 {
		r := record("audit", string([]byte{'a' + byte(i/100), '/', byte('0' + i/10%10), byte('0' + i%10)}), 1, "x")
		if i%3 == 0 {
			r.Expires = longAgo
		} else {
			all = append(all, r)
		}
		keep(t, s, r)
	}
	keep(t, s, record("audi", "t", 1, "x"), record("auditor", "a/00", 1, "x"), record("a", "udit", 1, "x"))
	list := func(prefix, after string, back bool, limit int) []balie.Record {
		return must[[]balie.Record](t)(s.ListRecords(t.Context(), "audit", prefix, after, back, limit))
	}
	same(t, "all", list("", "", false, 0), all)
	back := slices.Clone(all)
	slices.Reverse(back)
	same(t, "from the end", list("", "", true, 0), back)
	same(t, "the last two", list("", "", true, 2), back[:2])
	same(t, "before those", list("", back[1].Key, true, 2), back[2:4])
	same(t, "behind the first", list("", all[0].Key, false, 3), all[1:4])
	var ofC []balie.Record
	for _, r := range all {
		if strings.HasPrefix(r.Key, "c/") {
			ofC = append(ofC, r)
		}
	}
	same(t, "with a prefix", list("c/", "", false, 0), ofC)
	same(t, "behind one before the prefix", list("c/", "a/99", false, 1), ofC[:1])
	same(t, "behind one after the prefix", list("c/", "d/", false, 0), []balie.Record{})
	same(t, "the last with a prefix", list("c/", "", true, 1), ofC[len(ofC)-1:])
	same(t, "of no kind", must[[]balie.Record](t)(s.ListRecords(t.Context(), "none", "", "", true, 0)), []balie.Record{})
}

func peopleTogether(t *testing.T, s store.Store) {
	a := balie.Person{ID: balie.NewID(noon), Version: 1, Name: "Jan", Addresses: []balie.Address{jan}}
	b := balie.Person{ID: balie.NewID(noon), Version: 1, Name: "Piet"}
	commit(t, s, balie.Change{People: []balie.Person{a, b}})
	found := must[store.Found](t)(s.Lookup(t.Context(), store.Query{People: []balie.ID{b.ID, balie.NewID(noon), a.ID}}))
	same(t, "people", found.People, map[balie.ID]balie.Person{a.ID: a, b.ID: b})
}

func outboxTakenBack(t *testing.T, s store.Store) {
	var m maker
	c := m.opened(t)
	msg := m.message(c.Request.ID)
	first, second := m.delivery(msg, "a@b.example"), m.delivery(msg, "a@b.example")
	c.Messages, c.Deliveries = []balie.Message{msg}, []balie.Delivery{first, second}
	commit(t, s, c)
	first.Status = balie.TakenBack
	commit(t, s, balie.Change{Deliveries: []balie.Delivery{first}})
	same(t, "next due", must[time.Time](t)(s.NextDue(t.Context())), second.Due)
	got := claim(t, s, noon.Add(time.Hour), 9)
	if len(got) != 1 || got[0].Delivery.ID != second.ID {
		t.Fatalf("claimed %v, want the one behind it", got)
	}
	same(t, "taken back", must[[]balie.Delivery](t)(s.ListDeliveries(t.Context(), balie.TakenBack, 0)), []balie.Delivery{first})
	same(t, "of the request", len(must[[]balie.Delivery](t)(s.Deliveries(t.Context(), c.Request.ID))), 2)
	same(t, "pending", must[[]balie.Delivery](t)(s.ListDeliveries(t.Context(), balie.Pending, 0)), []balie.Delivery{})
}

// outboxTooLate: a sender has it, so that nobody can say that it will not go out.
func outboxTooLate(t *testing.T, s store.Store) {
	var m maker
	c := m.opened(t)
	msg := m.message(c.Request.ID)
	back := m.delivery(msg, "a@b.example")
	c.Messages, c.Deliveries = []balie.Message{msg}, []balie.Delivery{back}
	commit(t, s, c)
	leased := claim(t, s, noon.Add(time.Hour), 1)[0].Delivery
	back.Status = balie.TakenBack
	refused(t, s.Commit(t.Context(), balie.Change{Deliveries: []balie.Delivery{back}}), balie.ErrStale)
	back.Lease = leased.Lease // read meanwhile
	refused(t, s.Commit(t.Context(), balie.Change{Deliveries: []balie.Delivery{back}}), balie.ErrStale)
	sent := leased
	sent.Status = balie.SentOK
	commit(t, s, balie.Change{Deliveries: []balie.Delivery{sent}})
	refused(t, s.Commit(t.Context(), balie.Change{Deliveries: []balie.Delivery{back}}), balie.ErrStale)
	same(t, "delivery", must[balie.Delivery](t)(s.Delivery(t.Context(), back.ID)), sent)
}

var (
	recordKinds = rapid.SampledFrom([]string{"user", "users", "u"})
	recordKeys  = rapid.SampledFrom([]string{"a", "ab", "b", "a\xff", "\xff", "\x00"})
)

func (m *machine) writeRecords(t *rapid.T) {
	n := rapid.IntRange(1, 3).Draw(t, "records")
	var c balie.Change
	for range n {
		r := balie.Record{Kind: recordKinds.Draw(t, "kind"), Key: recordKeys.Draw(t, "key")}
		if slices.ContainsFunc(c.Records, func(o balie.Record) bool { return o.Kind == r.Kind && o.Key == r.Key }) {
			continue
		}
		switch rapid.IntRange(0, 9).Draw(t, "version") {
		case 0: // forced
		case 1:
			r.Version = m.record(r.Kind+"/"+r.Key).Version + 2
		default:
			r.Version = m.record(r.Kind+"/"+r.Key).Version + 1
		}
		if rapid.IntRange(0, 3).Draw(t, "body") > 0 {
			r.Body = []byte(rapid.SampledFrom([]string{"", "x", "yy"}).Draw(t, "text"))
			r.Expires = rapid.SampledFrom([]time.Time{{}, longAgo, farOff}).Draw(t, "expires")
		}
		c.Records = append(c.Records, r)
	}
	m.commit(t, c)
}

func (m *machine) readRecords(t *rapid.T) {
	kind, key := recordKinds.Draw(t, "kind"), recordKeys.Draw(t, "key")
	got, err := m.s.Record(t.Context(), kind, key)
	want := m.record(kind + "/" + key)
	if want.Version == 0 {
		is(t, err, balie.ErrNotFound)
	} else {
		same(t, "error of Record", err, nil)
		same(t, "record", got, want)
	}
	prefix, after := rapid.SampledFrom([]string{"", "a", "\xff"}).Draw(t, "prefix"), ""
	if rapid.Bool().Draw(t, "go on") {
		after = recordKeys.Draw(t, "after")
	}
	back, limit := rapid.Bool().Draw(t, "back"), rapid.IntRange(0, 3).Draw(t, "limit")
	list, err := m.s.ListRecords(t.Context(), kind, prefix, after, back, limit)
	same(t, "error of ListRecords", err, nil)
	same(t, "records", list, m.listRecords(kind, prefix, after, back, limit))
}

func (m *machine) sweepRecords(t *rapid.T) {
	now := rapid.SampledFrom([]time.Time{longAgo.Add(-1), longAgo, noon, farOff}).Draw(t, "now")
	n, err := m.s.SweepRecords(t.Context(), now)
	same(t, "error of SweepRecords", err, nil)
	same(t, "swept", n, m.sweep(now))
}

// takeBack takes a delivery back as somebody saw it, perhaps long ago.
func (m *machine) takeBack(t *rapid.T) {
	if len(m.ids) == 0 {
		t.Skip("no request yet")
	}
	id := rapid.SampledFrom(m.ids).Draw(t, "request")
	all, err := m.s.Deliveries(t.Context(), id)
	same(t, "error of Deliveries", err, nil)
	if len(all) == 0 {
		t.Skip("nothing to take back")
	}
	d := rapid.SampledFrom(all).Draw(t, "delivery")
	if d.Lease > 0 && rapid.Bool().Draw(t, "seen before the claim") {
		d.Lease--
	}
	d.Status = balie.TakenBack
	m.commit(t, balie.Change{Deliveries: []balie.Delivery{d}})
}
