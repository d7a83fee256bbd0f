package desk

import (
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/search"
)

// filter decides whether a row is in a list.
type filter struct {
	b      *board
	zone   *time.Location
	now    time.Time
	tests  []func(*row) bool
	limits map[*lane]limits
	naming naming
}

// newFilter is the filter of all of a query that rows know: words, people and
// references are the search index's.
func (b *board) newFilter(a Actor, q Query, zone *time.Location, now time.Time) *filter {
	f := &filter{b: b, zone: zone, now: now.In(zone), limits: map[*lane]limits{}, naming: naming{b.terms.brain}}
	if a.Role == TeamMember {
		f.add(false, f.listed(func(w *row) uint32 { return w.ever }, a.Teams))
	}
	if !a.Can(SeeRequests) {
		f.add(false, func(*row) bool { return false })
	}
	f.view(a, q.View)
	for _, t := range q.Find.Terms {
		if test := f.term(a, t); test != nil {
			f.add(t.Not, test)
		}
	}
	return f
}

func (f *filter) add(not bool, test func(*row) bool) {
	if not {
		f.tests = append(f.tests, func(w *row) bool { return !test(w) })
		return
	}
	f.tests = append(f.tests, test)
}

func (f *filter) has(w *row) bool {
	for _, test := range f.tests {
		if !test(w) {
			return false
		}
	}
	return true
}

// everything reports whether the filter lets all open rows pass.
func (f *filter) everything() bool { return len(f.tests) == 0 }

func (f *filter) view(a Actor, v View) {
	if team, ok := strings.CutPrefix(string(v), "team:"); ok {
		f.add(false, f.listed(func(w *row) uint32 { return w.open }, []string{team}))
		return
	}
	switch v {
	case "", OpenView, AllView:
	case MineView:
		f.add(false, f.text(func(w *row) uint32 { return w.assignee }, []string{a.ID}))
	case RiskView:
		f.add(false, func(w *row) bool { return w.due < f.of(w).soon })
	case ClosedView:
		f.add(false, func(w *row) bool { return w.state == balie.Closed })
	default:
		f.add(false, func(w *row) bool { return w.in(v) })
	}
}

// of are the limits of a row's lane.
func (f *filter) of(w *row) limits {
	l, ok := f.limits[w.lane]
	if !ok {
		l = limitsOf(w.lane, f.now, f.zone)
		f.limits[w.lane] = l
	}
	return l
}

// text tests a text against some; upper and lower case are the same.
func (f *filter) text(of func(*row) uint32, any []string) func(*row) bool {
	var want []uint32
	for i, s := range f.b.texts {
		if slices.ContainsFunc(any, func(x string) bool { return strings.EqualFold(s, x) }) {
			want = append(want, uint32(i))
		}
	}
	return func(w *row) bool { return slices.Contains(want, of(w)) }
}

// listed tests whether a list has one of some texts.
func (f *filter) listed(of func(*row) uint32, any []string) func(*row) bool {
	want := map[uint32]bool{}
	for n, each := range f.b.lists {
		for _, i := range each {
			if slices.ContainsFunc(any, func(x string) bool { return strings.EqualFold(f.b.texts[i], x) }) {
				want[n] = true
			}
		}
	}
	return func(w *row) bool { return want[of(w)] }
}

// term is the test of a term; nil: it is not of rows.
func (f *filter) term(a Actor, t search.Term) func(*row) bool {
	text := func(of func(*row) uint32, any ...string) func(*row) bool { return f.text(of, any) }
	switch t.Key {
	case search.Is:
		return f.is(a, t.Value)
	case search.Channel:
		return text(func(w *row) uint32 { return w.channel }, t.Value)
	case search.Product:
		return text(func(w *row) uint32 { return w.product }, f.naming.Products(t.Value)...)
	case search.Status:
		var s balie.State
		if s.UnmarshalText([]byte(t.Value)) != nil {
			return func(*row) bool { return false }
		}
		return func(w *row) bool { return w.state == s }
	case search.At:
		return f.at(t.Value)
	case search.Assignee:
		return text(func(w *row) uint32 { return w.assignee }, assigneeOf(a, t.Value))
	case search.Tag:
		return f.listed(func(w *row) uint32 { return w.tags }, []string{t.Value})
	case search.Kind:
		return text(func(w *row) uint32 { return w.kind }, t.Value)
	case search.Priority:
		p := int8(search.PriorityOf(t.Value))
		return func(w *row) bool { return w.priority == p }
	case search.Lang:
		return text(func(w *row) uint32 { return w.language }, t.Value)
	case search.Org:
		return text(func(w *row) uint32 { return w.org }, f.naming.Organisations(t.Value)...)
	case search.Outcome:
		return text(func(w *row) uint32 { return w.outcome }, t.Value)
	case search.SLA:
		return f.sla(t.Value)
	case search.From:
		from, _ := search.Day(t.Value, f.now)
		return func(w *row) bool { return w.opened >= from.UnixNano() }
	case search.To:
		_, to := search.Day(t.Value, f.now)
		return func(w *row) bool { return w.opened < to.UnixNano() }
	}
	return nil
}

func assigneeOf(a Actor, v string) string {
	switch v {
	case "me":
		return a.ID
	case "none":
		return ""
	}
	return v
}

func (f *filter) at(v string) func(*row) bool {
	switch v {
	case "desk":
		return func(w *row) bool { return w.state == balie.AtDesk }
	case "customer":
		return func(w *row) bool { return w.state == balie.Waiting }
	case string(balie.Backoffice), string(balie.Account), string(balie.Supplier), string(balie.Approver):
		bit := kindBit(balie.TeamKind(v))
		return func(w *row) bool { return w.held&bit != 0 }
	}
	return f.listed(func(w *row) uint32 { return w.open }, f.naming.Teams(v))
}

func (f *filter) is(a Actor, v string) func(*row) bool {
	open := func(w *row) bool { return w.state != balie.Closed }
	switch v {
	case "open":
		return open
	case "closed":
		return func(w *row) bool { return !open(w) }
	case "mine":
		mine := f.text(func(w *row) uint32 { return w.assignee }, []string{a.ID})
		return func(w *row) bool { return open(w) && mine(w) }
	case "unassigned":
		return func(w *row) bool { return w.in(UnassignedView) }
	case "late":
		return func(w *row) bool { return open(w) && w.due < f.of(w).now }
	case "risk":
		return func(w *row) bool { return open(w) && w.due < f.of(w).soon }
	case "new":
		return func(w *row) bool { return w.is&isNew != 0 }
	case "reopened":
		return func(w *row) bool { return w.is&isReopened != 0 }
	case "reply":
		return func(w *row) bool { return w.is&isReply != 0 }
	}
	var s balie.State
	if s.UnmarshalText([]byte(v)) != nil {
		return func(*row) bool { return false }
	}
	return func(w *row) bool { return w.state == s }
}

// sla tests the opening time left. A clock that stands still has no time that
// runs out.
func (f *filter) sla(v string) func(*row) bool {
	less, d := search.Span(v)
	ends := map[*lane]int64{}
	return func(w *row) bool {
		if w.is&isPaused != 0 || w.state == balie.Closed {
			return false
		}
		end, ok := ends[w.lane]
		if !ok {
			end = w.lane.cal.Add(f.now, d).UnixNano()
			ends[w.lane] = end
		}
		return less == (w.due < end)
	}
}
