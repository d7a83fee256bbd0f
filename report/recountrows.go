package report

import (
	"cmp"
	"slices"
)

// rows are a breakdown.
func (c *counting) rows(all []looked, ids func(*looked) []string) []Row {
	byID := map[string][]looked{}
	for i := range all {
		for _, id := range ids(&all[i]) {
			byID[id] = append(byID[id], all[i])
		}
	}
	var out []Row
	for id, some := range byID {
		in := opened(some, c.period)
		r := Row{ID: id, Count: len(in), Automatic: len(of(in, func(x *looked) bool { return x.automatic })),
			AtOnce:  len(of(in, func(x *looked) bool { return x.decided == SolvedAtOnce })),
			Respond: c.times(RespondMedian, some), Resolve: c.times(ResolveMedian, some),
			Kept: c.figure(ResolveKept, some, c.period, false), Score: c.figure(Satisfaction, some, c.period, false),
			Open: len(c.open(some, c.period))}
		any := r.Respond.N + r.Resolve.N + r.Kept.N + r.Score.N + r.Open + c.figure(ResponseKept, some, c.period, false).N + c.figure(ReopenedShare, some, c.period, false).N
		for n := trendBefore; n >= 0; n-- {
			r.Trend = append(r.Trend, len(opened(some, c.period.Before(n))))
			any += r.Trend[len(r.Trend)-1]
		}
		if any > 0 {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Row) int { return cmp.Or(b.Count-a.Count, b.Open-a.Open, cmp.Compare(a.ID, b.ID)) })
	return out
}

func (c *counting) times(metric string, all []looked) Percentiles {
	v := c.values(metric, all, c.period)
	return Percentiles{len(v), nearest(v, 0.5), nearest(v, 0.75), nearest(v, 0.9), nearest(v, 0.95)}
}

func (c *counting) ages(all []looked) []AgeBand {
	at := second(c.stand(c.period))
	var out []AgeBand
	for i, from := range bandDays {
		b := AgeBand{From: from}
		if i+1 < len(bandDays) {
			b.To = bandDays[i+1]
		}
		for _, x := range c.open(all, c.period) {
			opened := second(x.r.Opened)
			young := b.To > 0 && !opened.After(c.calendar.AddDays(at, -b.To))
			old := from > 0 && opened.After(c.calendar.AddDays(at, -from))
			if young || old {
				continue
			}
			b.Count++
			b.Late += one(c.lateAt(&x, at))
		}
		out = append(out, b)
	}
	return out
}

// cost is what a period cost, so far while it runs.
func (c *counting) cost(all []looked, p Period, whole bool) Cost {
	if !whole {
		return Cost{}
	}
	products := map[string]Handled{}
	if !p.From.Equal(c.period.From) { // by product is only said of the period itself
		products[""] = Handled{}
	} else {
		for _, x := range all {
			products[x.r.Product] = Handled{}
		}
	}
	for _, x := range opened(all, p) {
		id := x.r.Product
		if !p.From.Equal(c.period.From) {
			id = ""
		}
		h := products[id]
		h.Requests++
		h.ByPerson += one(x.byPerson)
		products[id] = h
	}
	return c.plan.CostOver(p.From, c.stand(p), products)
}

func (c *counting) flow(all []looked) Flow {
	d := newDrain()
	for _, x := range all {
		f := Fact{State: x.r.State, Outcome: x.r.Outcome, Reopened: x.r.ReopenCount, Solved: second(x.r.Solved), Handouts: len(x.r.Handouts),
			ResolveDue: second(x.resolveDue), ResolveKept: x.resolveKept}
		from, decided, to := channelNode+x.r.Channel, decisionNode+decisionWords[x.decided], outcomeNode+FlowOutcome(f)
		d.node(from, 1)
		d.node(decided, 1)
		d.node(to, 1)
		d.edge(flowKey{from: from, to: decided}, 1)
		d.edge(flowKey{from: decided, to: to}, 1)
	}
	return d.flow(len(all))
}

func (c *counting) goals(scope Scope) []Goal {
	var out []Goal
	trend := func(metric string, all []looked, whole bool) (all13 []Figure) {
		for n := trendBefore; n >= 0; n-- {
			p := c.period.Before(n)
			f := c.figure(metric, all, p, whole)
			f.None = f.None || c.now.Before(p.From)
			all13 = append(all13, f)
		}
		return all13
	}
	for _, g := range c.plan.Goals {
		x := Goal{ID: g.ID, Names: g.Names, Owner: g.Owner, Target: g.Target, AtMost: g.AtMost, Figure: Figure{Metric: g.Metric, None: true}}
		if x.NoMetric = !g.Measured(); !x.NoMetric {
			in, some := within(scope, g.Scope)
			mine := of(c.all, func(x *looked) bool { return some && x.in(in, g.Except) })
			x.Trend = trend(g.Metric, mine, scope == Scope{} && in == scope && len(g.Except) == 0)
			x.Figure = x.Trend[trendBefore]
			x.Reached = !x.Figure.None && g.Reached(x.Figure.Value)
		}
		out = append(out, x)
	}
	own := of(c.all, func(x *looked) bool { return x.in(scope, nil) })
	for _, m := range c.plan.Unaimed() {
		x := Goal{Names: m.Names, AtMost: m.AtMost(), NoTarget: true, Trend: trend(m.ID, own, scope == Scope{})}
		x.Figure = x.Trend[trendBefore]
		out = append(out, x)
	}
	return out
}
