package desk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/store"
)

// Bounds of a page.
const (
	mostRows    = 1000
	mostFound   = 2000 // open requests in which words are found, of which a list is made
	mostCounted = 1000 // of requests that are found, closed ones too
)

// source says where a list comes from.
type source int

const (
	fromBoard  source = iota + 1 // open ones, chosen by what rows know
	fromWords                    // open ones in which words are found
	fromStore                    // all that is closed
	fromSearch                   // what is found, closed ones too
)

// meant is a query with the view that it means: who asks for what is closed
// means it also while looking at what is open, which is where everybody begins.
func meant(q Query) Query {
	closed := slices.ContainsFunc(q.Find.Terms, func(t search.Term) bool {
		return !t.Not && (t.Key == search.Outcome || (t.Key == search.Is || t.Key == search.Status) && t.Value == balie.Closed.String())
	})
	if closed && (q.View == "" || q.View == OpenView) {
		q.View = AllView
	}
	return q
}

func sourceOf(a Actor, q Query) source {
	switch {
	case q.View == ClosedView && q.Find.IsZero() && a.Role != TeamMember:
		return fromStore
	case q.View == ClosedView, q.View == AllView && !q.Find.OnlyOpen():
		return fromSearch
	case wordy(q.Find):
		return fromWords
	}
	return fromBoard
}

// wordy reports whether a query asks for what only the index knows.
func wordy(q search.Query) bool {
	return slices.ContainsFunc(q.Terms, func(t search.Term) bool {
		return t.Key == search.Text || t.Key == search.Customer || t.Key == search.Ref
	})
}

// Page is a piece of a list, behind a place that an earlier one gave ("" is
// the beginning). Whatever the data, it makes at most two store calls and three
// of the index.
func (o *Overview) Page(ctx context.Context, a Actor, q Query, after string, limit int, now time.Time) (Page, error) {
	q = meant(q)
	limit = min(max(limit, 1), mostRows)
	switch sourceOf(a, q) {
	case fromStore:
		return o.closedPage(ctx, q, after, limit, now)
	case fromSearch:
		return o.foundPage(ctx, a, q, after, limit, now)
	}
	l, p, err := o.openList(ctx, a, q, after, limit, now)
	if err != nil {
		return p, err
	}
	p.Groups, p.Total, p.Next = l.groups, l.total, l.next
	p.Rows, err = o.rows(ctx, a, q, l.rows, now)
	return p, err
}

// openList is a piece of a list of open requests.
func (o *Overview) openList(ctx context.Context, a Actor, q Query, after string, limit int, now time.Time) (picking, Page, error) {
	p := Page{Indexed: 1}
	var ids []balie.ID
	words := sourceOf(a, q) == fromWords
	if words {
		var err error
		if ids, p.AtLeast, p.Indexed, err = o.openWith(ctx, a, q, now); err != nil {
			return picking{}, p, err
		}
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	p.Version, p.Counting = o.news.next, !o.ready
	f := o.open.newFilter(a, q, o.zone(), now)
	all := o.open.strands()
	if words {
		all = o.open.strandsOf(ids)
	}
	l, err := f.pick(all, q.Sort, after, limit)
	return l, p, err
}

// openWith are the open requests in which the words of a query are found; more:
// there are others, opened earlier.
func (o *Overview) openWith(ctx context.Context, a Actor, q Query, now time.Time) (ids []balie.ID, more bool, indexed float64, err error) {
	if o.find == nil {
		return nil, false, 0, nil
	}
	find := q.Find
	find.Terms = append([]search.Term{{Key: search.Is, Value: "open"}}, find.Terms...)
	hits, err := o.find.Find(ctx, find, whoIs(a), o.naming(), search.Want{Limit: mostFound, Now: now.In(o.zone())})
	if err != nil {
		return nil, false, 0, err
	}
	for _, h := range hits.Hits {
		ids = append(ids, h.Request)
	}
	return ids, hits.Next != 0, o.find.Progress().Share(), nil
}

func whoIs(a Actor) search.Who {
	return search.Who{Me: a.ID, Teams: a.Teams, Only: a.Role == TeamMember || !a.Can(SeeRequests)}
}

func (o *Overview) zone() *time.Location { return o.o.Calendar.Zone() }

func (o *Overview) naming() naming { return naming{o.brain()} }

// closedPage is a piece of all that is closed, closed last first.
func (o *Overview) closedPage(ctx context.Context, q Query, after string, limit int, now time.Time) (Page, error) {
	p := o.page()
	f := store.Filter{States: []balie.State{balie.Closed}, Limit: limit + 1}
	if after != "" {
		from, _, err := parsePlace(after)
		if err != nil {
			return p, err
		}
		f.After = from.id
	}
	o.mu.RLock()
	p.Total = o.total - len(o.open.rows)
	o.mu.RUnlock()
	p.Groups = map[Group]int{"": p.Total}
	var all []balie.Request
	for r, err := range o.store.List(ctx, f) {
		if err != nil {
			return p, fmt.Errorf("list what is closed: %w", err)
		}
		all = append(all, r)
	}
	if len(all) > limit {
		all = all[:limit]
		p.Next = place{id: all[limit-1].ID}.String()
	}
	people, err := o.customers(ctx, all)
	if err != nil {
		return p, err
	}
	for _, r := range all {
		p.Rows = append(p.Rows, o.rowOf(Actor{}, r, people[r.Customer], "", now))
	}
	return p, nil
}

func (o *Overview) page() Page {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return Page{Version: o.news.next, Counting: !o.ready, Indexed: 1}
}

// foundPage is a piece of what is found, opened last first. Each request is
// looked at as it is now, for the index may be a moment behind.
func (o *Overview) foundPage(ctx context.Context, a Actor, q Query, after string, limit int, now time.Time) (Page, error) {
	p := o.page()
	p.Groups = map[Group]int{}
	if o.find == nil {
		p.Indexed = 0
		return p, nil
	}
	p.Indexed = o.find.Progress().Share()
	want := search.Want{Limit: limit, Now: now.In(o.zone())}
	if after != "" {
		n, err := strconv.ParseInt(after, 36, 64)
		if err != nil || n < 1 {
			return p, badPlace(after)
		}
		want.Before = n
	}
	find := searched(q)
	hits, err := o.find.Find(ctx, find, whoIs(a), o.naming(), want)
	if err != nil {
		return p, err
	}
	if hits.Next != 0 {
		p.Next = strconv.FormatInt(hits.Next, 36)
	}
	if p.Total, err = o.find.Count(ctx, find, whoIs(a), o.naming(), want.Now, mostCounted); err != nil {
		return p, err
	}
	p.AtLeast = p.Total == mostCounted
	p.Groups[""] = p.Total
	var ids []balie.ID
	for _, h := range hits.Hits {
		ids = append(ids, h.Request)
	}
	all, people, err := o.matching(ctx, a, q, ids, now)
	if err != nil {
		return p, err
	}
	snippets, err := o.snippets(ctx, a, q, ids)
	if err != nil {
		return p, err
	}
	for _, r := range all {
		w := o.rowOf(a, r, people[r.Customer], "", now)
		w.Found = snippets[r.ID]
		p.Rows = append(p.Rows, w)
	}
	return p, nil
}

// searched is a query as the index knows it: a view is a term there.
func searched(q Query) search.Query {
	find := q.Find
	if q.View == ClosedView {
		find.Terms = append([]search.Term{{Key: search.Is, Value: "closed"}}, find.Terms...)
	}
	return find
}

// matching reads some requests, in their order, and drops what is not, or not
// any more, in a list.
func (o *Overview) matching(ctx context.Context, a Actor, q Query, ids []balie.ID, now time.Time) ([]balie.Request, map[balie.ID]balie.Person, error) {
	found, err := o.store.Lookup(ctx, store.Query{Requests: ids})
	if err != nil {
		return nil, nil, fmt.Errorf("look up what was found: %w", err)
	}
	var all []balie.Request
	for _, id := range ids {
		if r, ok := found.Requests[id]; ok {
			all = append(all, r)
		}
	}
	people, err := o.customers(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	b := newBoard(newTerms(o.brain(), o.o.Calendar))
	rows := make([]*row, len(all))
	for i, r := range all {
		rows[i] = b.row(r, people[r.Customer].Organisation)
	}
	f := b.newFilter(a, q, o.zone(), now)
	kept := all[:0]
	for i, r := range all {
		if f.has(rows[i]) && a.Sees(r) {
			kept = append(kept, r)
		}
	}
	return kept, people, nil
}

// rows reads what a page shows of the requests that were picked, in one read.
func (o *Overview) rows(ctx context.Context, a Actor, q Query, all []picked, now time.Time) ([]Row, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var ids, people []balie.ID
	for _, p := range all {
		ids = append(ids, p.id)
		if !p.customer.IsZero() && a.Role != TeamMember {
			people = append(people, p.customer)
		}
	}
	found, err := o.store.Lookup(ctx, store.Query{Requests: ids, People: people})
	if err != nil {
		return nil, fmt.Errorf("look up a list: %w", err)
	}
	snippets, err := o.snippets(ctx, a, q, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, len(all))
	for _, p := range all {
		r, ok := found.Requests[p.id]
		if !ok || !a.Sees(r) {
			continue
		}
		w := o.rowOf(a, r, found.People[r.Customer], p.group, now)
		w.Found = snippets[r.ID]
		out = append(out, w)
	}
	return out, nil
}

func (o *Overview) snippets(ctx context.Context, a Actor, q Query, ids []balie.ID) (map[balie.ID][]search.Segment, error) {
	if o.find == nil || a.Role == TeamMember || !q.Find.Words() {
		return nil, nil
	}
	return o.find.Snippets(ctx, q.Find, ids)
}

// rowOf is what a list shows of a request. A team member gets its outline.
func (o *Overview) rowOf(a Actor, r balie.Request, customer balie.Person, g Group, now time.Time) Row {
	org := customer.Organisation
	if a.Role == TeamMember {
		customer = balie.Person{}
		r.Customer, r.Participants, r.Fields, r.Preview = balie.ID{}, nil, nil, ""
		r.Handouts = slices.DeleteFunc(slices.Clone(r.Handouts), func(h balie.Handout) bool { return !slices.Contains(a.Teams, h.Team) })
	}
	t := newTerms(o.brain(), o.o.Calendar)
	return Row{Request: r, Customer: customer, Clock: t.setting(org).Clocks(r, now).Nearest(), Holder: t.holder(r), Group: g, Reply: isReplied(r)}
}

// holder says who has a request.
func (t terms) holder(r balie.Request) Holder {
	switch r.State {
	case balie.Closed:
		return Holder{Kind: HeldNobody}
	case balie.AnsweredState:
		return Holder{Kind: HeldAftercare}
	case balie.Waiting:
		return Holder{Kind: HeldCustomer}
	case balie.Planned:
		return Holder{Kind: HeldDate}
	case balie.AtDesk:
		if isUntouched(r) {
			return Holder{Kind: HeldNew}
		}
		return Holder{Kind: HeldDesk}
	}
	open := r.OpenHandouts()
	if len(open) == 0 {
		return Holder{Kind: HeldDesk}
	}
	next := slices.MinFunc(open, func(x, y balie.Handout) int { return x.Due.Compare(y.Due) })
	return Holder{Kind: HolderKind(t.kindOf(next.Team)), Team: next.Team, More: len(open) - 1}
}

// Counts are the numbers of all views of an actor, teams' included. The number
// of closed requests is not among those of a team member.
func (o *Overview) Counts(a Actor, now time.Time) map[View]int {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := map[View]int{}
	if a.Role == TeamMember || !a.Can(SeeRequests) {
		for _, v := range Views {
			if v != ClosedView {
				out[v] = o.open.newFilter(a, Query{View: v}, o.zone(), now).sums(o.open.strands()).total
			}
		}
		for _, team := range a.Teams {
			out[TeamView(team)] = o.open.newFilter(a, Query{View: TeamView(team)}, o.zone(), now).sums(o.open.strands()).total
		}
		return out
	}
	for v, n := range o.open.count {
		if n > 0 || !strings.HasPrefix(string(v), "team:") {
			out[v] = n
		}
	}
	if n, ok := o.open.names[a.ID]; ok && a.ID != "" {
		out[MineView] = o.open.mine[n]
	}
	_, out[RiskView] = o.open.risk(now, o.zone())
	out[ClosedView] = o.total - len(o.open.rows)
	return out
}

// Late is how many requests that the actor sees are late.
func (o *Overview) Late(a Actor, now time.Time) int {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if a.Role == TeamMember || !a.Can(SeeRequests) {
		return o.open.newFilter(a, Query{}, o.zone(), now).sums(o.open.strands()).groups[LateGroup]
	}
	late, _ := o.open.risk(now, o.zone())
	return late
}

// Count is how many requests a query has; false: there are more, and counting
// them all would take long.
func (o *Overview) Count(ctx context.Context, a Actor, q Query, now time.Time) (n int, exact bool, err error) {
	q = meant(q)
	switch sourceOf(a, q) {
	case fromStore:
		o.mu.RLock()
		defer o.mu.RUnlock()
		return o.total - len(o.open.rows), true, nil
	case fromSearch:
		if o.find == nil {
			return 0, false, nil
		}
		n, err := o.find.Count(ctx, searched(q), whoIs(a), o.naming(), now.In(o.zone()), mostCounted)
		return n, n < mostCounted, err
	}
	l, p, err := o.openList(ctx, a, q, "", 1, now)
	return l.total, !p.AtLeast, err
}

// Rows are those of some requests that are in a list, as Page shows them, in
// no order: what a page asks when it hears that they changed.
func (o *Overview) Rows(ctx context.Context, a Actor, q Query, ids []balie.ID, now time.Time) ([]Row, error) {
	q = meant(q)
	if len(ids) > mostRows {
		ids = ids[:mostRows]
	}
	src := sourceOf(a, q)
	if src == fromSearch || src == fromStore {
		return o.closedRows(ctx, a, q, ids, now)
	}
	if src == fromWords {
		with, _, _, err := o.openWith(ctx, a, q, now)
		if err != nil {
			return nil, err
		}
		ids = slices.DeleteFunc(slices.Clone(ids), func(id balie.ID) bool { return !slices.Contains(with, id) })
	}
	o.mu.RLock()
	l, err := o.open.newFilter(a, q, o.zone(), now).pick(o.open.strandsOf(ids), q.Sort, "", len(ids))
	o.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	return o.rows(ctx, a, q, l.rows, now)
}

// closedRows are those of some requests in a list that has closed ones too.
func (o *Overview) closedRows(ctx context.Context, a Actor, q Query, ids []balie.ID, now time.Time) ([]Row, error) {
	if o.find != nil && wordy(q.Find) {
		hits, err := o.find.Find(ctx, searched(q), whoIs(a), o.naming(), search.Want{Limit: mostFound, Now: now.In(o.zone())})
		if err != nil {
			return nil, err
		}
		ids = slices.DeleteFunc(slices.Clone(ids), func(id balie.ID) bool {
			return !slices.ContainsFunc(hits.Hits, func(h search.Hit) bool { return h.Request == id })
		})
	}
	all, people, err := o.matching(ctx, a, q, ids, now)
	if err != nil {
		return nil, err
	}
	var out []Row
	for _, r := range all {
		out = append(out, o.rowOf(a, r, people[r.Customer], "", now))
	}
	return out, nil
}
