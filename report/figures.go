package report

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// trendBefore is how many periods before one its trend shows.
const trendBefore = 12

// The breakdowns of a factsheet.
const (
	byChannel = iota
	byProduct
	byTeam
	byOrganisation
	breakdowns
)

// view is one choice of requests whose figures are wanted: the factsheet's
// own, and that of each goal with another scope.
type view struct {
	scope   Scope
	except  []string
	in      narrowed
	not     []uint32
	nothing bool // its scope has nothing in it
	unknown bool // no fact has its words
	periods []tally
}

func (v *view) has(p *packed) bool {
	return !v.nothing && !v.unknown && v.in.has(p) && (len(v.not) == 0 || !slices.Contains(v.not, p.n[wordProduct]))
}

// row is one line of a breakdown while it is counted.
type row struct {
	trend []int
	now   tally
}

// way is one way through the flow of a factsheet.
type flowWay struct {
	channel uint32
	decided Decided
	outcome int // of Outcomes
}

// sums is all that one part of a pass counts.
type sums struct {
	d         dictionary
	t         timeline
	withdrawn uint32
	noise     []uint32
	views     []view
	rows      [breakdowns][]*row // by the number of its word; nil: none
	flow      map[flowWay]int
	stands    []int64 // moments at which periods are over; 0: to come
}

func newSums(d dictionary, t timeline, views []view, number func(string) (uint32, bool)) *sums {
	s := &sums{d: d, t: t, flow: map[flowWay]int{}}
	for _, v := range views {
		v.periods = make([]tally, len(t.borders)-1)
		s.views = append(s.views, v)
	}
	for i := range s.rows {
		s.rows[i] = make([]*row, len(d.words))
	}
	s.withdrawn, _ = number(string(balie.WithdrawnByIt))
	for _, o := range []balie.Outcome{balie.Duplicate, balie.Spam} {
		if n, ok := number(string(o)); ok {
			s.noise = append(s.noise, n)
		}
	}
	for i := range len(t.borders) - 1 {
		at, begun := t.stand(i)
		if !begun {
			at = 0
		}
		s.stands = append(s.stands, at)
	}
	return s
}

// see counts one fact.
func (s *sums) see(_ []byte, p *packed) error {
	if n := p.n[wordOutcome]; n != 0 && slices.Contains(s.noise, n) {
		return nil
	}
	h := s.t.hit(p, s.withdrawn)
	open, late := s.standing(p)
	for i := range s.views {
		v := &s.views[i]
		if !v.has(p) {
			continue
		}
		s.count(v, p, &h, open, late)
		if i == 0 {
			s.breakDown(p, &h, open, late)
		}
	}
	return nil
}

// standing is at the end of which periods a request is open, and late: a bit
// for each.
func (s *sums) standing(p *packed) (open, late uint64) {
	end := p.end()
	for i, at := range s.stands {
		if at == 0 || at <= p.opened || end != 0 && at >= end {
			continue
		}
		is, still := p.openAt(at-1, s.d.kinds) // what happens at the border is of the next period
		if !is {
			continue
		}
		open |= 1 << i
		if due := p.at[atResolveDue]; due != 0 && due < at && !still {
			late |= 1 << i
		}
	}
	return open, late
}

func (s *sums) count(v *view, p *packed, h *hits, open, late uint64) {
	seen := uint64(0)
	for _, i := range [...]int{h.opened, h.responded, h.solved, h.ended, h.respondBy, h.resolveBy, h.scored} {
		if i < 0 || seen>>i&1 != 0 {
			continue
		}
		seen |= 1 << i
		v.periods[i].count(p, h, i)
	}
	for i := 0; open>>i != 0; i++ {
		if open>>i&1 != 0 {
			v.periods[i].standing(p, late>>i&1 != 0)
		}
	}
}

// breakDown counts a fact of the factsheet itself for its lines, and its flow.
func (s *sums) breakDown(p *packed, h *hits, open, late uint64) {
	now := len(s.stands) - 1
	s.line(byChannel, p.n[wordChannel], p, h, open, late)
	s.line(byProduct, p.n[wordProduct], p, h, open, late)
	s.line(byOrganisation, p.n[wordOrganisation], p, h, open, late)
	p.teams(func(team uint32) { s.line(byTeam, team, p, h, open, late) })
	if h.opened == now {
		s.flow[flowWay{p.n[wordChannel], Decided(p.n[numDecided]), slices.Index(Outcomes, s.outcome(p))}]++
	}
}

func (s *sums) outcome(p *packed) string {
	f := Fact{State: balie.State(p.n[numState]), Outcome: balie.Outcome(s.d.word(p.n[wordOutcome])), Reopened: int(p.n[numReopened]),
		Handouts: int(p.n[numHandouts]), Team: s.d.word(p.n[wordTeam]), ResolveKept: p.flag(flagResolveKept),
		Solved: moment(p.at[atSolved]), ResolveDue: moment(p.at[atResolveDue])}
	return FlowOutcome(f)
}

func (s *sums) line(by int, word uint32, p *packed, h *hits, open, late uint64) {
	now := len(s.stands) - 1
	if h.opened < 0 && h.responded != now && h.solved != now && h.ended != now && h.respondBy != now && h.resolveBy != now && h.scored != now && open>>now&1 == 0 {
		return
	}
	if int(word) >= len(s.rows[by]) {
		return
	}
	r := s.rows[by][word]
	if r == nil {
		r = &row{trend: make([]int, now+1)}
		s.rows[by][word] = r
	}
	if h.opened >= 0 {
		r.trend[h.opened]++
	}
	r.now.count(p, h, now)
	if open>>now&1 != 0 {
		r.now.standing(p, late>>now&1 != 0)
	}
}

// merge adds another part of the same pass.
func (s *sums) merge(o *sums) {
	for i := range s.views {
		for k := range s.views[i].periods {
			s.views[i].periods[k].merge(&o.views[i].periods[k])
		}
	}
	for by := range s.rows {
		for word, r := range o.rows[by] {
			mine := s.rows[by][word]
			switch {
			case r == nil:
				continue
			case mine == nil:
				s.rows[by][word] = r
				continue
			}
			for i, n := range r.trend {
				mine.trend[i] += n
			}
			mine.now.merge(&r.now)
		}
	}
	for w, n := range o.flow {
		s.flow[w] += n
	}
}

// sort puts all that percentiles are taken of in order, with two at work.
func (s *sums) sort() {
	var all []*tally
	for i := range s.views {
		for k := range s.views[i].periods {
			all = append(all, &s.views[i].periods[k])
		}
	}
	for by := range s.rows {
		for _, r := range s.rows[by] {
			if r != nil {
				all = append(all, &r.now)
			}
		}
	}
	slices.SortFunc(all, func(a, b *tally) int { return len(b.resolve) + len(b.respond) - len(a.resolve) - len(a.respond) })
	inTurns(readers(), len(all), func() func(int) {
		var room []uint32
		return func(i int) { all[i].sort(&room) }
	})
}

// Factsheet reckons the figures of a period of what a scope holds, against a
// plan, as they are at a moment.
func (b *Book) Factsheet(ctx context.Context, plan Plan, p Period, scope Scope, now time.Time) (Factsheet, error) {
	t := newTimeline(p, trendBefore, now)
	views := viewsOf(plan, scope)
	parts := make([]*sums, readers())
	err := b.pass(ctx, time.Time{}, len(parts), func(d dictionary) []visit {
		var out []visit
		for i := range views {
			b.aim(&views[i])
		}
		for i := range parts {
			parts[i] = newSums(d, t, views, b.number)
			out = append(out, parts[i].see)
		}
		return out
	})
	if err != nil {
		return Factsheet{}, err
	}
	s := parts[0]
	for _, o := range parts[1:] {
		s.merge(o)
	}
	s.sort()
	r := reckoning{sums: s, plan: plan, period: p, now: now, calendar: b.Calendar(ctx)}
	f := r.sheet()
	f.Scope, f.Stale = scope, b.Behind(now)
	return f, nil
}

// aim turns the words of a view into numbers.
func (b *Book) aim(v *view) {
	in, ok := b.narrow(v.scope)
	v.in, v.unknown, v.not = in, !ok, nil
	for _, product := range v.except {
		if n, known := b.number(product); known {
			v.not = append(v.not, n)
		}
	}
}

// viewsOf are the views that a factsheet needs; the first is its own.
func viewsOf(plan Plan, scope Scope) []view {
	out := []view{{scope: scope}}
	for _, g := range plan.Goals {
		if findView(out, g, scope) < 0 {
			in, ok := within(scope, g.Scope)
			out = append(out, view{scope: in, except: g.Except, nothing: !ok})
		}
	}
	return out
}

// findView is the view that a goal is measured in.
func findView(views []view, g PlanGoal, scope Scope) int {
	in, ok := within(scope, g.Scope)
	return slices.IndexFunc(views, func(v view) bool {
		return v.nothing == !ok && v.scope == in && slices.Equal(v.except, g.Except)
	})
}

// within is what two scopes share; false when that is nothing.
func within(a, b Scope) (Scope, bool) {
	ok := true
	both := func(x, y string) string {
		ok = ok && (x == "" || y == "" || x == y)
		return cmp.Or(x, y)
	}
	return Scope{both(a.Channel, b.Channel), both(a.Product, b.Product), both(a.Team, b.Team), both(a.Organisation, b.Organisation)}, ok
}

// reckoning makes a factsheet of what was counted.
type reckoning struct {
	*sums
	plan     Plan
	period   Period
	now      time.Time
	calendar hours.Calendar
	costs    []Cost // by period, of the factsheet's own view
}

func (r *reckoning) sheet() Factsheet {
	f := Factsheet{Period: r.period, Made: r.now, Plan: r.plan.Version}
	own := r.views[0].periods
	last := len(own) - 1
	f.Total = own[last].opened
	for i := range own {
		p := r.period.Before(last - i)
		f.Months = append(f.Months, Bar{p, own[i].opened, own[i].automatic})
		r.costs = append(r.costs, r.cost(p, &own[i], i == last))
	}
	f.Cost = r.costs[last]
	for _, m := range Metrics() {
		f.All = append(f.All, r.figure(m.ID, 0, last))
	}
	f.Channels, f.Products = r.lines(byChannel), r.lines(byProduct)
	f.Teams, f.Customer = r.lines(byTeam), r.lines(byOrganisation)
	f.Respond, f.Resolve = percentiles(own[last].respond), percentiles(own[last].resolve)
	f.Ages = r.ages(&own[last])
	f.Flow = r.flowOf()
	f.Goals = r.goals()
	f.Concern, f.Falling = concern(f.Goals)
	f.Worst = r.worst(f.Concern)
	return f
}

// at is the moment at which a period is over, or now while it runs.
func (r *reckoning) at(period int) time.Time {
	at, _ := r.t.stand(period)
	return time.Unix(at, 0)
}

func (r *reckoning) figure(metric string, v, period int) Figure {
	cost := Cost{}
	if v == 0 || r.views[v].scope == r.views[0].scope && len(r.views[v].except) == 0 {
		cost = r.costs[period]
	}
	return r.views[v].periods[period].figure(metric, r.at(period), r.calendar, cost)
}

// cost is what a period cost, so far while it runs. What a part of the desk
// costs nobody knows but by its products.
func (r *reckoning) cost(p Period, t *tally, now bool) Cost {
	if r.views[0].scope != (Scope{}) {
		return Cost{}
	}
	products := map[string]Handled{"": {t.opened, t.byPerson}}
	if now {
		products = map[string]Handled{}
		for word, row := range r.rows[byProduct] {
			if row != nil {
				products[r.d.words[word]] = Handled{row.now.opened, row.now.byPerson}
			}
		}
	}
	to := p.To
	if r.now.Before(to) {
		to = r.now
	}
	return r.plan.CostOver(p.From, to, products)
}

// lines are a breakdown, most requests first.
func (r *reckoning) lines(by int) []Row {
	now := len(r.stands) - 1
	var out []Row
	for word, x := range r.rows[by] {
		if x == nil {
			continue
		}
		t := &x.now
		out = append(out, Row{ID: r.d.words[word], Count: t.opened, Trend: x.trend, Automatic: t.automatic, AtOnce: t.atOnce,
			Respond: percentiles(t.respond), Resolve: percentiles(t.resolve),
			Kept: t.figure(ResolveKept, r.at(now), r.calendar, Cost{}), Score: t.figure(Satisfaction, r.at(now), r.calendar, Cost{}), Open: len(t.since)})
	}
	slices.SortFunc(out, func(a, b Row) int { return cmp.Or(b.Count-a.Count, b.Open-a.Open, cmp.Compare(a.ID, b.ID)) })
	return out
}

// bandDays are where the bands of the backlog's age begin, in opening days.
var bandDays = []int{0, 1, 2, 5, 10, 20}

// ages are how long what is open is open, in opening days: whoever was opened
// after the same time of the day so many opening days ago is younger.
func (r *reckoning) ages(t *tally) []AgeBand {
	at := r.at(len(r.stands) - 1)
	out := make([]AgeBand, len(bandDays))
	for i, days := range bandDays {
		out[i].From = days
		if i+1 < len(bandDays) {
			out[i].To = bandDays[i+1]
		}
	}
	older, olderLate := len(t.since), len(t.late)
	for i := range out {
		next, nextLate := 0, 0
		if i+1 < len(out) {
			border := uint32(r.calendar.AddDays(at, -out[i].To).Unix()) + 1
			next, _ = slices.BinarySearch(t.since, border)
			nextLate, _ = slices.BinarySearch(t.late, border)
		}
		out[i].Count, out[i].Late = older-next, olderLate-nextLate
		older, olderLate = next, nextLate
	}
	return out
}

func (r *reckoning) flowOf() Flow {
	d := newDrain()
	total := 0
	for w, n := range r.flow {
		from, decided, to := channelNode+r.d.word(w.channel), decisionNode+decisionWords[w.decided], outcomeNode+Outcomes[w.outcome]
		d.node(from, n)
		d.node(decided, n)
		d.node(to, n)
		d.edge(flowKey{from: from, to: decided}, n)
		d.edge(flowKey{from: decided, to: to}, n)
		total += n
	}
	return d.flow(total)
}

// key is a row as Factsheet.Worst names it.
func key(by int, id string) string {
	return [...]string{"channel", "product", "team", "customer"}[by] + ":" + id
}
