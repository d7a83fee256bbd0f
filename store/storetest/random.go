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

// machine takes random steps with a store and with the model.
type machine struct {
	maker
	*model
	s        store.Store
	ids      []balie.ID // of requests, in the order in which they were opened
	messages []balie.Message
	leases   []balie.Delivery // claimed by somebody who has not come back
	people   []balie.ID
	place    store.FeedCursor
	read     int // events of the feed seen so far
}

func againstModel(t *testing.T, open func(t *testing.T) store.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t)
		defer s.Close()
		m := &machine{model: newModel(), s: s}
		rt.Repeat(map[string]func(*rapid.T){
			"open":    m.open,
			"move":    m.move,
			"batch":   m.batch,
			"stale":   m.stale,
			"deliver": m.deliver,
			"claim":   m.claimSome,
			"finish":  m.finish,
			"person":  m.person,
			"list":    m.lists,
			"record":  m.writeRecords,
			"records": m.readRecords,
			"sweep":   m.sweepRecords,
			"back":    m.takeBack,
			"":        m.compare,
		})
		flaws, err := s.Verify(rt.Context(), nil)
		same(rt, "error of Verify", err, nil)
		same(rt, "flaws", flaws, []store.Flaw{})
	})
}

// commit sends Changes to both and compares the refusals.
func (m *machine) commit(t *rapid.T, cs ...balie.Change) {
	want := make([]error, len(cs))
	some := false
	for i, c := range cs {
		if want[i] = m.check(c); want[i] == nil {
			m.apply(c)
			continue
		}
		some = true
	}
	err := m.s.Commit(t.Context(), cs...)
	if some {
		refused(t, err, want...)
		return
	}
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
}

var (
	keys      = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"})
	agents    = rapid.SampledFrom([]string{"sanne", "piet", ""})
	teams     = rapid.SampledFrom([]string{"techniek", "techniek2", "facilitair"})
	products  = rapid.SampledFrom([]string{"printer", "kamer", ""})
	addresses = rapid.SampledFrom([]balie.Address{jan, tel, {Scheme: balie.Mail, Value: "piet@klant.example"}})
)

// later steps on in time, sometimes not at all: orders must hold with equal times.
func (m *machine) later(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "same time") && !m.at.IsZero() {
		return m.at
	}
	return m.now()
}

func (m *machine) openChange(t *rapid.T) balie.Change {
	at := m.later(t)
	id := balie.NewID(at)
	var c balie.Change
	customer := ""
	if len(m.people) > 0 {
		customer = rapid.SampledFrom(m.people).Draw(t, "customer").String()
	}
	do(t, &c, balie.Event{What: balie.Opened, Request: id, At: at, By: "router@1", Data: map[string]string{
		"ref": id.Ref(8), "customer": customer, "product": products.Draw(t, "product")}})
	do(t, &c, balie.Event{What: balie.ToDesk, At: at, By: "router@1", Next: m.next(t, at)})
	msg := m.message(id)
	msg.Text = strings.Repeat("x", rapid.SampledFrom([]int{0, 10, 1200, 5000}).Draw(t, "length"))
	c.Messages = []balie.Message{msg}
	c.Seen = rapid.SliceOfN(keys, 0, 2).Draw(t, "keys")
	c.Ledger = []balie.LedgerEntry{{Message: msg.ID, At: at, Channel: "email", Outcome: balie.LedgerTaken}}
	return c
}

func (m *machine) next(t *rapid.T, at time.Time) time.Time {
	return at.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "hours")) * time.Hour)
}

func (m *machine) opened(c balie.Change) {
	if _, ok := m.requests[c.Request.ID]; !ok {
		return
	}
	m.ids = append(m.ids, c.Request.ID)
	m.messages = append(m.messages, c.Messages...)
}

func (m *machine) open(t *rapid.T) {
	c := m.openChange(t)
	m.commit(t, c)
	m.opened(c)
}

func (m *machine) pick(t *rapid.T) balie.Request {
	if len(m.ids) == 0 {
		t.Skip("no request yet")
	}
	return m.requests[rapid.SampledFrom(m.ids).Draw(t, "request")]
}

// moveChange is one event that the request can have.
func (m *machine) moveChange(t *rapid.T, r balie.Request) balie.Change {
	at := m.later(t)
	e := balie.Event{At: at, By: "agent:sanne", Next: m.next(t, at)}
	switch rapid.IntRange(0, 6).Draw(t, "what") {
	case 0:
		e.What, e.Data = balie.Edited, map[string]string{"assignee": agents.Draw(t, "agent"), "product": products.Draw(t, "product")}
	case 1:
		e.What, e.Data = balie.ClosedAs, map[string]string{"outcome": "spam"}
	case 2:
		e.What = balie.Undone
	case 3, 4:
		e.What, e.Handout = balie.HandedOut, &balie.Handout{ID: balie.NewID(at), Team: teams.Draw(t, "team"), State: balie.Offered, Opened: at}
	case 5:
		e.What = balie.HandoutDone
		if open := r.OpenHandouts(); len(open) > 0 {
			e.Data = map[string]string{"handout": open[0].ID.String()}
		}
	case 6:
		e.What = balie.Joined
		if len(m.people) > 0 {
			e.Data = map[string]string{"person": rapid.SampledFrom(m.people).Draw(t, "person").String()}
		}
	}
	c := balie.Change{Request: r}
	if c.Do(e) != nil { // not now: a fact instead
		do(t, &c, balie.Event{What: balie.Tagged, At: at, By: "agent:sanne", Data: map[string]string{"add": "x"}})
	}
	return c
}

func (m *machine) move(t *rapid.T) { m.commit(t, m.moveChange(t, m.pick(t))) }

// batch is several Changes in one call: some build on each other, some clash.
func (m *machine) batch(t *rapid.T) {
	a, b := m.openChange(t), m.openChange(t)
	c := m.moveChange(t, a.Request)
	d := m.moveChange(t, m.pick(t))
	m.commit(t, a, b, c, d)
	m.opened(a)
	m.opened(b)
}

// stale is a Change made of an old version.
func (m *machine) stale(t *rapid.T) {
	r := m.pick(t)
	old := m.moveChange(t, r)
	old.Seen = []string{keys.Draw(t, "key")}
	m.commit(t, m.moveChange(t, r))
	m.commit(t, old)
}

func (m *machine) deliver(t *rapid.T) {
	if len(m.messages) == 0 {
		t.Skip("no message yet")
	}
	msg := rapid.SampledFrom(m.messages).Draw(t, "message")
	d := m.delivery(msg, "")
	d.To = addresses.Draw(t, "to")
	d.Due = noon.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "due")) * time.Minute)
	m.commit(t, balie.Change{Deliveries: []balie.Delivery{d}})
}

func (m *machine) claimSome(t *rapid.T) {
	now := noon.Add(time.Duration(rapid.IntRange(-60, 90).Draw(t, "now")) * time.Minute)
	n := rapid.IntRange(1, 4).Draw(t, "n")
	got, err := m.s.Claim(t.Context(), now, 10*time.Minute, n)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	want := m.claim(now, 10*time.Minute, n)
	var ds []balie.Delivery
	for _, c := range got {
		ds = append(ds, c.Delivery)
		same(t, "message of a claim", c.Message, m.model.messages[c.Delivery.Message])
		same(t, "request of a claim", c.Request, m.requests[c.Delivery.Request])
	}
	same(t, "claimed", ds, want)
	m.leases = append(m.leases, want...)
}

// finish comes back with a lease, which may be an old one.
func (m *machine) finish(t *rapid.T) {
	if len(m.leases) == 0 {
		t.Skip("nothing is leased")
	}
	i := rapid.IntRange(0, len(m.leases)-1).Draw(t, "lease")
	d := m.leases[i]
	m.leases = slices.Delete(m.leases, i, i+1)
	d.Attempt++
	d.Status = rapid.SampledFrom([]balie.Status{balie.SentOK, balie.Dead, balie.Held, balie.Pending}).Draw(t, "status")
	d.Due = d.LeasedUntil.Add(time.Minute)
	m.commit(t, balie.Change{Deliveries: []balie.Delivery{d}})
}

func (m *machine) person(t *rapid.T) {
	p := balie.Person{ID: balie.NewID(m.now())}
	if len(m.people) > 0 && rapid.Bool().Draw(t, "known") {
		p = m.model.people[rapid.SampledFrom(m.people).Draw(t, "person")]
	}
	p.Version += uint64(rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "version"))
	p.Addresses = rapid.SliceOfNDistinct(addresses, 0, 2, balie.Address.Key).Draw(t, "addresses")
	m.commit(t, balie.Change{People: []balie.Person{p}})
	if m.model.people[p.ID].Version == 1 && !slices.Contains(m.people, p.ID) {
		m.people = append(m.people, p.ID)
	}
}

// lists compares random lists, read through or in pages.
func (m *machine) lists(t *rapid.T) {
	f := store.Filter{Order: store.Order(rapid.IntRange(0, 3).Draw(t, "order"))}
	draw := func(what string) bool { return rapid.IntRange(0, 3).Draw(t, what) == 0 }
	if draw("states") {
		f.States = rapid.SliceOfN(rapid.SampledFrom([]balie.State{balie.AtDesk, balie.WithTeam, balie.Closed}), 1, 3).Draw(t, "which")
	}
	if draw("team") {
		f.Team = teams.Draw(t, "team")
	}
	if draw("assignee") {
		f.Assignee = agents.Draw(t, "agent")
	}
	f.Unassigned = draw("unassigned")
	if draw("customer") && len(m.people) > 0 {
		f.Customer = rapid.SampledFrom(m.people).Draw(t, "customer")
	}
	if draw("product") {
		f.Product = products.Draw(t, "product")
	}
	if draw("due") {
		f.DueBy = noon.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "due by")) * time.Minute)
	}
	want := m.list(f)
	n, err := m.s.Count(t.Context(), f)
	same(t, "error of Count", err, nil)
	same(t, "count", n, len(want))
	f.Limit = rapid.IntRange(0, 3).Draw(t, "limit")
	var got []balie.Request
	for {
		page := collect(t, m.s, f)
		got = append(got, page...)
		if f.Limit == 0 || len(page) < f.Limit {
			break
		}
		f.After = page[len(page)-1].ID
	}
	same(t, "list", got, want)
}

func collect(t *rapid.T, s store.Store, f store.Filter) []balie.Request {
	var out []balie.Request
	for r, err := range s.List(t.Context(), f) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		out = append(out, r)
	}
	return out
}

// compare reads everything back.
func (m *machine) compare(t *rapid.T) {
	q := store.Query{Addresses: []balie.Address{jan, tel}}
	for k := range m.seen {
		q.Seen = append(q.Seen, k)
	}
	q.Requests, q.People = m.ids, m.people
	found, err := m.s.Lookup(t.Context(), q)
	same(t, "error of Lookup", err, nil)
	same(t, "claims", found.Seen, m.seen)
	same(t, "requests", found.Requests, m.requests)
	same(t, "people", found.People, m.model.people)
	for _, a := range q.Addresses {
		for _, p := range m.model.people {
			if p.Has(a) {
				same(t, "owner of "+a.Key(), found.Addresses[a.Key()], p)
			}
		}
	}
	if len(m.ids) > 0 {
		m.compareOne(t, rapid.SampledFrom(m.ids).Draw(t, "look at"))
	}
	due, err := m.s.NextDue(t.Context())
	same(t, "error of NextDue", err, nil)
	var want time.Time
	if heads := m.heads(); len(heads) > 0 {
		want, _ = ready(heads[0])
	}
	same(t, "next due", due, want)
	feed, at, err := m.s.Read(t.Context(), m.place, 0)
	same(t, "error of Read", err, nil)
	same(t, "feed", feed, m.feed[m.read:])
	m.place, m.read = at, len(m.feed)
}

func (m *machine) compareOne(t *rapid.T, id balie.ID) {
	events, err := m.s.Events(t.Context(), id, 0)
	same(t, "error of Events", err, nil)
	same(t, "events", events, m.events[id])
	messages, err := m.s.Messages(t.Context(), id)
	same(t, "error of Messages", err, nil)
	for _, msg := range messages {
		same(t, "message", msg, m.model.messages[msg.ID])
	}
	same(t, "messages", len(messages), 1)
	var want []balie.Delivery
	for _, d := range m.deliveries {
		if d.Request == id {
			want = append(want, d)
		}
	}
	slices.SortFunc(want, older)
	got, err := m.s.Deliveries(t.Context(), id)
	same(t, "error of Deliveries", err, nil)
	same(t, "deliveries", got, want)
}
