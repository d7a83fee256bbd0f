package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Erasure is what would go with a customer.
type Erasure struct {
	Person   balie.Person
	Own      int // requests of theirs
	Joined   int // requests of others in which they take part
	Messages int // of their own requests, as far as is counted
	More     bool
}

// erasureCounted bounds in how many requests the messages are counted for a page.
const erasureCounted = 50

// ErasureOf says what would go, and changes nothing.
func (d *Customers) ErasureOf(ctx context.Context, a Actor, id balie.ID) (Erasure, error) {
	var e Erasure
	if !a.Can(EraseCustomer) {
		return e, balie.ErrDenied
	}
	var err error
	if e.Person, err = d.store.Person(ctx, id); err != nil {
		return e, err
	}
	for r, err := range d.store.List(ctx, store.Filter{Customer: id, Order: store.ByOpened}) {
		if err != nil {
			return e, fmt.Errorf("list what would be erased: %w", err)
		}
		if r.Customer != id {
			e.Joined++
			continue
		}
		if e.Own++; e.Own > erasureCounted {
			e.More = true
			continue
		}
		said, err := d.store.Messages(ctx, r.ID)
		if err != nil {
			return e, fmt.Errorf("count what would be erased: %w", err)
		}
		e.Messages += len(said)
	}
	return e, nil
}

// Erase removes a customer for good (AVG): from the store, from what the desk
// keeps beside it (drafts, calls not logged yet, what audit lines tell of them)
// and from the indexes. The audit line says who, when and how much, and nothing
// of the customer.
func (d *Customers) Erase(ctx context.Context, a Actor, id balie.ID, reason string, now time.Time) (store.Erased, error) {
	var out store.Erased
	if !a.Can(EraseCustomer) {
		return out, balie.ErrDenied
	}
	if err := reasoned(reason); err != nil {
		return out, err
	}
	p, err := d.store.Person(ctx, id)
	if err != nil {
		return out, err
	}
	t := tracesOf(p)
	if t.in(reason) {
		return out, &balie.InvalidError{Field: "reason", Problem: "the reason names the customer, and would stay", Fix: "say why without a name or an address"}
	}
	shells, err := d.shellsOf(ctx, id)
	if err != nil {
		return out, err
	}
	if t.requests, err = d.requestsOf(ctx, id); err != nil {
		return out, err
	}
	t.people = append(shells, id)
	if err := d.forget(ctx, t); err != nil {
		return out, err
	}
	for _, one := range t.people {
		n, err := d.store.Erase(ctx, one, a.By(), strings.TrimSpace(reason), now)
		if err != nil {
			return out, fmt.Errorf("erase a customer: %w", err)
		}
		out.Requests, out.Messages, out.Originals = out.Requests+n.Requests, out.Messages+n.Messages, out.Originals+n.Originals
	}
	if err := d.forget(ctx, t); err != nil { // what was written meanwhile
		return out, err
	}
	type after struct {
		Reason    string `json:"reason"`
		Requests  int    `json:"requests"`
		Messages  int    `json:"messages"`
		Originals int    `json:"originals"`
	}
	line := AuditLine{At: now.UTC(), By: a.By(), Act: "customer.erase", Object: customerObject(id), From: a.From, Via: a.Via,
		After: auditJSON(after{strings.TrimSpace(reason), out.Requests, out.Messages, out.Originals})}
	records := []balie.Record{line.Record()}
	for _, s := range shells {
		records = append(records, balie.Record{Kind: mergedKind, Key: s.String()})
	}
	if err := d.store.Commit(ctx, balie.Change{Records: records}); err != nil {
		return out, fmt.Errorf("leave a trace of an erasure: %w", err)
	}
	if err := d.people.Take(ctx, t.people...); err != nil {
		d.log.Warn("the index of people is behind", "err", err)
	}
	if d.requests != nil && len(t.requests) > 0 {
		if err := d.requests.Reindex(ctx, t.requests...); err != nil {
			d.log.Warn("the index of requests is behind", "err", err)
		}
	}
	return out, nil
}

// shellsOf are those who were merged into a customer.
func (d *Customers) shellsOf(ctx context.Context, id balie.ID) ([]balie.ID, error) {
	all, err := d.store.ListRecords(ctx, mergedKind, "", "", false, 0)
	if err != nil {
		return nil, fmt.Errorf("look who was merged into a customer: %w", err)
	}
	from := map[balie.ID][]balie.ID{}
	for _, rec := range all {
		var m mergedInto
		gone, err := balie.ParseID(rec.Key)
		if err == nil && json.Unmarshal(rec.Body, &m) == nil {
			from[m.Into] = append(from[m.Into], gone)
		}
	}
	var out []balie.ID
	for queue := from[id]; len(queue) > 0; queue = queue[1:] {
		if !slices.Contains(out, queue[0]) {
			out = append(out, queue[0])
			queue = append(queue, from[queue[0]]...)
		}
	}
	return out, nil
}

// traces are by what a person is known in the desk's own records.
type traces struct {
	words    []string // name and addresses, in small letters
	requests []balie.ID
	people   []balie.ID
}

// shortestName is how long a name must be, in bytes, to be looked for: a
// shorter one stands inside other words.
const shortestName = 5

func tracesOf(p balie.Person) traces {
	var t traces
	if len(p.Name) >= shortestName {
		t.words = append(t.words, strings.ToLower(p.Name))
	}
	for _, a := range p.Addresses {
		t.words = append(t.words, strings.ToLower(a.Value))
		if a.Scheme == balie.Tel {
			t.words = append(t.words, strings.TrimPrefix(a.Value, "+"), "0"+strings.TrimPrefix(a.Value, "+31"))
		}
	}
	return t
}

// in reports whether a text names the person.
func (t traces) in(s string) bool {
	s = strings.ToLower(s)
	return slices.ContainsFunc(t.words, func(w string) bool { return strings.Contains(s, w) })
}

// holds reports whether a record is of or about the person: its key names a
// request of theirs, or its words name them.
func (t traces) holds(r balie.Record) bool {
	of := func(id balie.ID) bool {
		return strings.Contains(r.Key, id.String()) || strings.Contains(string(r.Body), id.String())
	}
	return slices.ContainsFunc(t.requests, of) || slices.ContainsFunc(t.people, of) || t.in(string(r.Body))
}

// forgetBatch is how many records are read at once.
const forgetBatch = 500

// ownKinds are the records that people write at the desk and that can be thrown
// away: drafts, calls not logged yet, drafts of rules, reports of bulk acts.
var ownKinds = []string{unsentKind, callKind, "bulk"}

// forget takes the person out of the desk's own records: what is about them
// goes, and of audit lines what they tell of them.
func (d *Customers) forget(ctx context.Context, t traces) error {
	for _, kind := range ownKinds {
		err := d.each(ctx, kind, func(r balie.Record) (balie.Record, bool) {
			return balie.Record{Kind: kind, Key: r.Key}, t.holds(r)
		})
		if err != nil {
			return fmt.Errorf("clear what the desk keeps of a customer: %w", err)
		}
	}
	err := d.each(ctx, AuditKind, func(r balie.Record) (balie.Record, bool) {
		l, err := ParseAudit(r)
		if err != nil || len(l.Before)+len(l.After) == 0 {
			return r, false
		}
		about := slices.ContainsFunc(t.people, func(id balie.ID) bool { return l.Object == customerObject(id) })
		if !t.in(string(l.Before)) && !t.in(string(l.After)) && (!about || l.Act == "customer.erase") {
			return r, false
		}
		l.Before, l.After = nil, nil
		clean := l.Record()
		clean.Key, clean.Version = r.Key, 0
		return clean, true
	})
	if err != nil {
		return fmt.Errorf("clear what the audit log tells of a customer: %w", err)
	}
	return nil
}

// each looks at all records of a kind and writes those that change.
func (d *Customers) each(ctx context.Context, kind string, of func(balie.Record) (balie.Record, bool)) error {
	after := ""
	for {
		all, err := d.store.ListRecords(ctx, kind, "", after, false, forgetBatch)
		if err != nil {
			return err
		}
		var c balie.Change
		for _, r := range all {
			after = r.Key
			if now, changes := of(r); changes {
				c.Records = append(c.Records, now)
			}
		}
		if len(c.Records) > 0 {
			if err := d.store.Commit(ctx, c); err != nil {
				return err
			}
		}
		if len(all) < forgetBatch {
			return nil
		}
	}
}

// Resume goes on with erasures that were interrupted. It is called at the start.
func Resume(ctx context.Context, s interface {
	store.Records
	store.Eraser
}, now time.Time) (int, error) {
	under, err := s.ListRecords(ctx, store.KindErasing, "", "", false, 0)
	if err != nil {
		return 0, fmt.Errorf("look for erasures that were interrupted: %w", err)
	}
	for i, rec := range under {
		id, err := balie.ParseID(rec.Key)
		if err != nil {
			return i, fmt.Errorf("read whose erasure was interrupted: %w", err)
		}
		if _, err := s.Erase(ctx, id, "setup", "goes on after an interruption", now); err != nil {
			return i, fmt.Errorf("go on erasing a customer: %w", err)
		}
	}
	return len(under), nil
}
