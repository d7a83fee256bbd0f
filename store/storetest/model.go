package storetest

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// model is what a store must do, in a few maps.
type model struct {
	requests   map[balie.ID]balie.Request
	events     map[balie.ID][]balie.Event
	feed       []balie.Event
	messages   map[balie.ID]balie.Message
	deliveries map[balie.ID]balie.Delivery
	people     map[balie.ID]balie.Person
	seen       map[string]store.Claim
	ledger     map[balie.ID]balie.LedgerEntry
	records    map[string]balie.Record // by kind and key
}

func newModel() *model {
	return &model{map[balie.ID]balie.Request{}, map[balie.ID][]balie.Event{}, nil, map[balie.ID]balie.Message{},
		map[balie.ID]balie.Delivery{}, map[balie.ID]balie.Person{}, map[string]store.Claim{}, map[balie.ID]balie.LedgerEntry{},
		map[string]balie.Record{}}
}

// check is the refusal a Change must get.
func (m *model) check(c balie.Change) error {
	if id := c.Request.ID; !id.IsZero() && m.requests[id].Version != c.Request.Version-uint64(len(c.Events)) {
		return balie.ErrStale
	}
	for _, s := range c.Seen {
		if _, ok := m.seen[s]; ok {
			return balie.ErrDuplicate
		}
	}
	for _, d := range c.Deliveries {
		old, ok := m.deliveries[d.ID]
		tooLate := d.Status == balie.TakenBack && (old.Status == balie.Leased || old.Status == balie.SentOK)
		if ok && (old.Lease != d.Lease || tooLate) {
			return balie.ErrStale
		}
	}
	for _, p := range c.People {
		if m.people[p.ID].Version != p.Version-1 {
			return balie.ErrStale
		}
		for _, other := range m.people {
			if other.ID != p.ID && slices.ContainsFunc(p.Addresses, other.Has) {
				return balie.ErrStale
			}
		}
	}
	for _, r := range c.Records {
		if r.Version != 0 && m.record(r.Kind+"/"+r.Key).Version != r.Version-1 {
			return balie.ErrStale
		}
	}
	return nil
}

// record is what can be read under a key; the zero value: nothing.
func (m *model) record(key string) balie.Record {
	r := m.records[key]
	if !r.Expires.IsZero() && r.Expires.Before(noon) { // noon: no test uses the years between
		return balie.Record{}
	}
	return r
}

func (m *model) applyRecord(r balie.Record) {
	key := r.Kind + "/" + r.Key
	if r.Body == nil {
		delete(m.records, key)
		return
	}
	if r.Version == 0 {
		r.Version = m.record(key).Version + 1
	}
	m.records[key] = r
}

// listRecords is what ListRecords must give.
func (m *model) listRecords(kind, prefix, after string, back bool, limit int) []balie.Record {
	var out []balie.Record
	for key := range m.records {
		r := m.record(key)
		if r.Kind != kind || !strings.HasPrefix(r.Key, prefix) {
			continue
		}
		if after == "" || !back && r.Key > after || back && r.Key < after {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b balie.Record) int { return cmp.Compare(a.Key, b.Key) })
	if back {
		slices.Reverse(out)
	}
	if limit > 0 && len(out) > limit {
		out = out[:limit]
	}
	return out
}

// sweep is what SweepRecords must do.
func (m *model) sweep(now time.Time) int {
	before := len(m.records)
	maps.DeleteFunc(m.records, func(_ string, r balie.Record) bool { return !r.Expires.IsZero() && !now.Before(r.Expires) })
	return before - len(m.records)
}

func (m *model) apply(c balie.Change) {
	if !c.Request.ID.IsZero() && len(c.Events) > 0 {
		m.requests[c.Request.ID] = c.Request
		m.events[c.Request.ID] = append(m.events[c.Request.ID], c.Events...)
		m.feed = append(m.feed, c.Events...)
	}
	claim := store.Claim{Request: c.Request.ID}
	for i, msg := range c.Messages {
		if i == 0 {
			claim.Message = msg.ID
		}
		m.messages[msg.ID] = msg
	}
	for _, s := range c.Seen {
		m.seen[s] = claim
	}
	for _, d := range c.Deliveries {
		m.deliveries[d.ID] = d
	}
	for _, p := range c.People {
		m.people[p.ID] = p
	}
	for _, l := range c.Ledger {
		m.ledger[l.Message] = l
	}
	for _, r := range c.Records {
		m.applyRecord(r)
	}
}

// list is what List must give.
func (m *model) list(f store.Filter) []balie.Request {
	var out []balie.Request
	for _, r := range m.requests {
		if matches(f, r) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b balie.Request) int {
		c := cmp.Or(orderTime(f.Order, a).Compare(orderTime(f.Order, b)), bytes.Compare(a.ID[:], b.ID[:]))
		if f.Order == store.ByChangedDesc {
			return -c
		}
		return c
	})
	if i := slices.IndexFunc(out, func(r balie.Request) bool { return r.ID == f.After }); i >= 0 {
		out = out[i+1:]
	}
	if f.Limit > 0 && len(out) > f.Limit {
		out = out[:f.Limit]
	}
	return out
}

func orderTime(o store.Order, r balie.Request) time.Time {
	switch o {
	case store.ByNext:
		return r.Next
	case store.ByOpened:
		return r.Opened
	}
	return r.Changed
}

func matches(f store.Filter, r balie.Request) bool {
	hasTeam := slices.ContainsFunc(r.OpenHandouts(), func(h balie.Handout) bool { return h.Team == f.Team })
	return (len(f.States) == 0 || slices.Contains(f.States, r.State)) &&
		(f.Team == "" || hasTeam) &&
		(f.Assignee == "" || r.Assignee == f.Assignee) &&
		(!f.Unassigned || r.Assignee == "") &&
		(f.Customer.IsZero() || r.IsParticipant(f.Customer)) &&
		(f.Product == "" || r.Product == f.Product) &&
		(f.DueBy.IsZero() || !r.Next.IsZero() && !r.Next.After(f.DueBy)) &&
		(f.Order != store.ByNext || !r.Next.IsZero())
}

// ready is when a delivery can be claimed, if it stands first.
func ready(d balie.Delivery) (time.Time, bool) {
	switch d.Status {
	case balie.Pending:
		return d.Due, true
	case balie.Leased:
		return d.LeasedUntil, true
	}
	return time.Time{}, false
}

func older(a, b balie.Delivery) int {
	return cmp.Or(a.Created.Compare(b.Created), bytes.Compare(a.ID[:], b.ID[:]))
}

// heads are the first unfinished deliveries of each request and address, in
// the order in which they are given out.
func (m *model) heads() []balie.Delivery {
	first := map[string]balie.Delivery{}
	for _, d := range m.deliveries {
		k := d.Request.String() + d.To.Key()
		if _, ok := ready(d); !ok {
			continue
		}
		if h, ok := first[k]; !ok || older(d, h) < 0 {
			first[k] = d
		}
	}
	var out []balie.Delivery
	for _, d := range first {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b balie.Delivery) int {
		x, _ := ready(a)
		y, _ := ready(b)
		return cmp.Or(x.Compare(y), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return out
}

// claim is what Claim must do.
func (m *model) claim(now time.Time, lease time.Duration, n int) []balie.Delivery {
	var out []balie.Delivery
	for _, d := range m.heads() {
		if at, _ := ready(d); at.After(now) || len(out) == n {
			break
		}
		d.Status, d.LeasedUntil = balie.Leased, now.Add(lease)
		d.Lease++
		m.deliveries[d.ID] = d
		out = append(out, d)
	}
	return out
}
