package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// lastShown is how many other requests of the customer the page names.
const lastShown = 6

// Find reads a reference or an id; ErrNotFound for what the actor may not see.
func (d *Desk) Find(ctx context.Context, a Actor, name string) (balie.ID, error) {
	var q store.Query
	id, err := balie.ParseID(strings.TrimSpace(name))
	if err != nil || id.IsZero() {
		ref, ok := balie.ParseRef(name)
		if !ok {
			return balie.ID{}, balie.ErrNotFound
		}
		q.Refs = []string{ref}
		found, err := d.store.Lookup(ctx, q)
		if err != nil {
			return balie.ID{}, fmt.Errorf("look up a reference: %w", err)
		}
		if id, ok = found.Refs[ref]; !ok {
			return balie.ID{}, balie.ErrNotFound
		}
	}
	r, err := d.store.Request(ctx, id)
	if err != nil {
		return balie.ID{}, err
	}
	return id, a.check(SeeRequests, r)
}

// Trace explains one decision of a request, also of an older version of the
// rules; seq is DecisionView.Seq.
func (d *Desk) Trace(ctx context.Context, a Actor, request balie.ID, seq uint64) (router.Trace, error) {
	r, err := d.store.Request(ctx, request)
	if err != nil {
		return router.Trace{}, err
	}
	if err := a.check(SeeRequests, r); err != nil {
		return router.Trace{}, err
	}
	if a.Role == TeamMember || seq == 0 {
		return router.Trace{}, balie.ErrNotFound
	}
	events, err := d.store.Events(ctx, request, seq-1)
	if err != nil {
		return router.Trace{}, fmt.Errorf("read a decision: %w", err)
	}
	if len(events) == 0 || events[0].Decision == nil {
		return router.Trace{}, balie.ErrNotFound
	}
	return d.lib.Trace(ctx, *events[0].Decision)
}

// facts are what a view is made of, read in a fixed number of store calls.
type facts struct {
	request    balie.Request
	events     []balie.Event
	messages   []balie.Message
	deliveries []balie.Delivery
	found      store.Found
	others     []balie.Request // of the same customer
	count      int
	drafts     []balie.Record
}

// View reads everything the request page shows: at most nine store calls,
// whatever the request holds.
func (d *Desk) View(ctx context.Context, a Actor, request balie.ID, now time.Time) (RequestView, error) {
	f, err := d.read(ctx, a, request)
	if err != nil {
		return RequestView{}, err
	}
	v := RequestView{Request: f.request}
	t := newTimeline(a, now, f.events, f.messages, f.deliveries)
	t.merge(f.events, f.messages)
	v.Handouts = d.threads(t, f.request, now)
	if a.Role == TeamMember {
		return outline(a, v), nil
	}
	v.Entries, v.Deliveries = t.main, f.deliveries
	v.Customer = d.customer(f)
	for _, id := range f.request.Participants {
		if p, ok := f.found.People[id]; ok {
			v.Participants = append(v.Participants, p)
		}
	}
	if v.Decisions, err = d.decisions(ctx, f.events); err != nil {
		return v, err
	}
	v.Product = d.productView(f, v.Decisions)
	v.MayBelong, v.Proposed, v.Related = mayBelong(f), proposed(f), related(f)
	b := d.lib.Brain()
	v.Teams, v.Products = b.Catalogue.Teams, b.Catalogue.Products
	v.Drafts = map[string]Draft{}
	for _, rec := range f.drafts {
		v.Drafts[rec.Key[strings.LastIndexByte(rec.Key, '/')+1:]] = readDraft(rec)
	}
	way := back(f.request, f.messages, f.found.People)
	v.Recipients, v.NoWayBack = way.to, way.why
	v.Unsendable = unsendable(a, f)
	v.People = names(f.messages, f.events)
	return v, nil
}

func (d *Desk) read(ctx context.Context, a Actor, request balie.ID) (facts, error) {
	var f facts
	var err error
	if f.request, err = d.store.Request(ctx, request); err != nil {
		return f, err
	}
	r := f.request
	if err := a.check(SeeRequests, r); err != nil {
		return f, err
	}
	if f.events, err = d.store.Events(ctx, request, 0); err != nil {
		return f, fmt.Errorf("read events of request %s: %w", r.Ref, err)
	}
	if f.messages, err = d.store.Messages(ctx, request); err != nil {
		return f, fmt.Errorf("read messages of request %s: %w", r.Ref, err)
	}
	if f.deliveries, err = d.store.Deliveries(ctx, request); err != nil {
		return f, fmt.Errorf("read deliveries of request %s: %w", r.Ref, err)
	}
	if a.Role == TeamMember {
		return f, nil
	}
	if f.found, err = d.store.Lookup(ctx, store.Query{People: people(r), Requests: pointedAt(f)}); err != nil {
		return f, fmt.Errorf("look up what belongs to request %s: %w", r.Ref, err)
	}
	if f.drafts, err = d.store.ListRecords(ctx, unsentKind, draftKey(a, request, ""), "", false, 0); err != nil {
		return f, fmt.Errorf("read drafts of request %s: %w", r.Ref, err)
	}
	if r.Customer.IsZero() {
		return f, nil
	}
	if f.count, err = d.store.Count(ctx, store.Filter{Customer: r.Customer}); err != nil {
		return f, fmt.Errorf("count requests of a customer: %w", err)
	}
	for o, err := range d.store.List(ctx, store.Filter{Customer: r.Customer, Limit: lastShown + 1}) {
		if err != nil {
			return f, fmt.Errorf("list requests of a customer: %w", err)
		}
		if o.ID != request && len(f.others) < lastShown {
			f.others = append(f.others, o)
		}
	}
	return f, nil
}

// pointedAt are the requests that this one mentions.
func pointedAt(f facts) []balie.ID {
	out := slices.Clone(f.request.Links)
	if !f.request.Of.IsZero() {
		out = append(out, f.request.Of)
	}
	for _, e := range f.events {
		if id, err := balie.ParseID(about(e, "to")); err == nil && !id.IsZero() {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b balie.ID) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(out)
}

// outline is what a team member sees: the request's number and clock, and the
// threads of its own hand-outs.
func outline(a Actor, v RequestView) RequestView {
	r := v.Request
	own := func(h balie.Handout) bool { return slices.Contains(a.Teams, h.Team) }
	v.Request = balie.Request{ID: r.ID, Version: r.Version, Ref: r.Ref, State: r.State, Outcome: r.Outcome, Kind: r.Kind,
		Language: r.Language, Product: r.Product, Priority: r.Priority, Opened: r.Opened, Changed: r.Changed}
	for _, h := range r.Handouts {
		if own(h) {
			v.Request.Handouts = append(v.Request.Handouts, h)
		}
	}
	v.Handouts = slices.DeleteFunc(v.Handouts, func(h HandoutThread) bool { return !own(h.Handout) })
	return v
}

func (d *Desk) threads(t *timeline, r balie.Request, now time.Time) []HandoutThread {
	var out []HandoutThread
	for _, h := range r.Handouts {
		x := HandoutThread{Handout: h, Name: h.Team, Entries: t.threads[h.ID], Overdue: h.Open() && !h.Due.IsZero() && now.After(h.Due)}
		if team, ok := d.lib.Brain().Catalogue.Team(h.Team); ok {
			x.Name = team.Name(d.o.Language)
		}
		x.Later = givenDate(h, x.Entries)
		for _, e := range slices.Backward(x.Entries) {
			if e.Message != nil && e.Message.Auto == "" {
				x.Waits = e.Message.Direction == balie.In
				break
			}
		}
		out = append(out, x)
	}
	return out
}

func (d *Desk) customer(f facts) CustomerView {
	c := CustomerView{Person: f.found.People[f.request.Customer], Count: f.count, Last: f.others}
	for _, o := range d.lib.Brain().Organisations {
		if o.ID == c.Person.Organisation && o.ID != "" {
			c.Organisation = o
		}
	}
	return c
}

// decisions are all decisions with their traces, as far as they can be told at
// once: those by the rules in force and by the newest decision's.
func (d *Desk) decisions(ctx context.Context, events []balie.Event) ([]DecisionView, error) {
	judged := map[uint64]balie.Event{}
	for _, e := range events {
		if e.What == balie.Judged {
			judged[seqOf(e.Data["of"])] = e
		}
	}
	var out []DecisionView
	for _, e := range slices.Backward(events) {
		if e.Decision == nil {
			continue
		}
		v := DecisionView{Seq: e.Seq, At: e.At, Decision: *e.Decision}
		if j, ok := judged[e.Seq]; ok {
			v.Judged, v.Instead = "wrong", j.Data["product"]
			if j.Data["right"] == "true" {
				v.Judged, v.Instead = "right", ""
			}
		}
		if err := d.trace(ctx, &v, len(out) == 0); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (d *Desk) trace(ctx context.Context, v *DecisionView, newest bool) error {
	if v.Decision.Ruleset == 0 {
		v.NoTrace = TraceNone
		return nil
	}
	_, kept := d.lib.older.get(v.Decision.Ruleset)
	if !newest && !kept && v.Decision.Ruleset != d.lib.Brain().Rules.Version {
		v.NoTrace = TraceOlder
		return nil
	}
	t, err := d.lib.Trace(ctx, v.Decision)
	var invalid *balie.InvalidError
	if errors.Is(err, balie.ErrNotFound) || errors.As(err, &invalid) {
		v.NoTrace = TraceGone
		return nil
	}
	v.Trace = t
	return err
}

// productView is the product with what is known of its fields and from where.
func (d *Desk) productView(f facts, decisions []DecisionView) ProductView {
	p, ok := d.lib.Brain().Catalogue.Product(f.request.Product)
	if !ok {
		return ProductView{}
	}
	v := ProductView{Product: p}
	for _, dv := range decisions {
		if i := slices.IndexFunc(dv.Decision.Match, func(m balie.Match) bool { return m.Product == p.ID }); i >= 0 {
			v.Score, v.Terms = dv.Decision.Match[i].Score, dv.Decision.Match[i].Terms
			break
		}
	}
	from := map[string]balie.Event{}
	for _, e := range f.events {
		if e.What == balie.Filled {
			for id := range e.Data {
				from[id] = e
			}
		}
	}
	for _, field := range p.Fields {
		value := f.request.Fields[field.ID]
		if value == "" && !field.Required {
			continue
		}
		x := FieldView{Field: field, Value: value, Invalid: value != "" && !catalogue.Valid(field, value),
			Asked: value == "" && slices.Contains(f.request.Asked, field.ID)}
		if e := from[field.ID]; value != "" {
			x.By, x.From, x.At = e.By, e.Message, e.At
		}
		v.Fields = append(v.Fields, x)
	}
	v.Missing = len(catalogue.Missing(p, f.request.Fields))
	return v
}

func dismissed(events []balie.Event) map[uint64]bool {
	out := map[uint64]bool{}
	for _, e := range events {
		if e.What == balie.Dismissed || e.What == balie.Joined || e.What == balie.Linked {
			out[seqOf(e.Data["of"])] = true
		}
	}
	return out
}

// mayBelong are the requests this one may belong to: those with the same
// product first, then the one changed last.
func mayBelong(f facts) []Candidate {
	if f.request.State == balie.Closed {
		return nil
	}
	said := dismissed(f.events)
	var out []Candidate
	for _, e := range f.events {
		id, err := balie.ParseID(e.Data["to"])
		r, ok := f.found.Requests[id]
		if e.What != balie.MayBelong || said[e.Seq] || err != nil || !ok || slices.Contains(f.request.Links, id) {
			continue
		}
		out = append(out, Candidate{Request: r, Reasons: e.Data["reasons"], Message: e.Message, Seq: e.Seq})
	}
	slices.SortStableFunc(out, func(a, b Candidate) int {
		same := func(c Candidate) int {
			if c.Request.Product != "" && c.Request.Product == f.request.Product {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(same(a), same(b)), b.Request.Changed.Compare(a.Request.Changed))
	})
	return out
}

func proposed(f facts) []Proposal {
	said := dismissed(f.events)
	var out []Proposal
	for _, e := range f.events {
		if e.What == balie.Proposed && !said[e.Seq] {
			id, _ := balie.ParseID(e.Data["person"])
			out = append(out, Proposal{Seq: e.Seq, Address: address(e.Data["address"], e.Data["name"]), Person: id, Message: e.Message})
		}
	}
	return out
}

// address reads an address as events have it: its key, or a bare mail address.
func address(key, name string) balie.Address {
	scheme, value, ok := strings.Cut(key, ":")
	if !ok {
		scheme, value = string(balie.Mail), key
	}
	return balie.Address{Scheme: balie.Scheme(scheme), Value: value, Name: name}
}

func related(f facts) []Relation {
	words := map[string]string{}
	for _, e := range f.events {
		if e.What == balie.Linked {
			words[e.Data["to"]] = e.Data["why"]
		}
	}
	var out []Relation
	seen := map[balie.ID]bool{f.request.ID: true}
	add := func(r balie.Request, why string) {
		if !r.ID.IsZero() && !seen[r.ID] {
			seen[r.ID] = true
			out = append(out, Relation{r, why, words[r.ID.String()]})
		}
	}
	add(f.found.Requests[f.request.Of], "duplicate_of")
	for _, id := range f.request.Links {
		add(f.found.Requests[id], "linked")
	}
	for _, r := range f.others {
		add(r, "same_customer")
	}
	return out
}

// unsendable is the actor's latest letter to the customer, while nothing of it
// has gone out.
func unsendable(a Actor, f facts) *Sent {
	for _, e := range slices.Backward(f.events) {
		if e.By != a.By() || e.Message.IsZero() || e.What != balie.Told && e.What != balie.Asked && e.What != balie.Answered {
			continue
		}
		var due time.Time
		for _, d := range f.deliveries {
			if d.Message != e.Message {
				continue
			}
			if d.Status != balie.Pending || d.Attempt > 0 {
				return nil
			}
			due = d.Due
		}
		if due.IsZero() {
			return nil
		}
		return &Sent{f.request, e.Message, due}
	}
	return nil
}

// names are how those who acted called themselves.
func names(messages []balie.Message, events []balie.Event) map[string]string {
	said := map[balie.ID]string{}
	for _, m := range messages {
		said[m.ID] = m.From.Name
	}
	out := map[string]string{}
	for _, e := range events {
		if name := said[e.Message]; name != "" && strings.HasPrefix(e.By, "agent:") {
			out[e.By] = name
		}
	}
	return out
}
