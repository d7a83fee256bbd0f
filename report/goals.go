package report

import (
	"math"
	"slices"
)

// goals are the plan's, each with its trend, and then the metrics that have a
// direction and nobody set a goal for.
func (r *reckoning) goals() []Goal {
	last := len(r.stands) - 1
	var out []Goal
	trend := func(metric string, v int) []Figure {
		var all []Figure
		for i := range last + 1 {
			f := r.figure(metric, v, i)
			f.None = f.None || r.stands[i] == 0
			all = append(all, f)
		}
		return all
	}
	for _, g := range r.plan.Goals {
		x := Goal{ID: g.ID, Names: g.Names, Owner: g.Owner, Target: g.Target, AtMost: g.AtMost, Figure: Figure{Metric: g.Metric, None: true}}
		if !g.Measured() {
			x.NoMetric = true
			out = append(out, x)
			continue
		}
		x.Trend = trend(g.Metric, findView(r.views, g, r.views[0].scope))
		x.Figure = x.Trend[last]
		x.Reached = !x.Figure.None && g.Reached(x.Figure.Value)
		out = append(out, x)
	}
	for _, m := range r.plan.Unaimed() {
		x := Goal{Names: m.Names, AtMost: m.AtMost(), NoTarget: true, Trend: trend(m.ID, 0)}
		x.Figure = x.Trend[last]
		out = append(out, x)
	}
	return out
}

// falling is for how many periods in a row, up to the last, a figure got worse.
func (g Goal) falling() int {
	n := 0
	for i := len(g.Trend) - 1; i > 0; i-- {
		now, was := g.Trend[i], g.Trend[i-1]
		if now.None || was.None || (now.Value < was.Value) == g.AtMost || now.Value == was.Value {
			break
		}
		n++
	}
	return n
}

// missed is how far a goal is from its target, as a share of it.
func (g Goal) missed() float64 {
	d := g.Target - g.Figure.Value
	if g.AtMost {
		d = -d
	}
	return d / max(math.Abs(g.Target), 1e-9)
}

// concern is the metric that matters most: of the goals that were missed the
// one that falls for longest, then the one that is missed by most. With few
// requests a goal is only named when no other is missed.
func concern(goals []Goal) (metric string, falling int) {
	var missed []Goal
	for _, g := range goals {
		if !g.NoTarget && !g.NoMetric && !g.Figure.None && !g.Reached {
			missed = append(missed, g)
		}
	}
	if len(missed) == 0 {
		return "", 0
	}
	slices.SortStableFunc(missed, func(a, b Goal) int {
		if few := one(a.Figure.N < SmallN) - one(b.Figure.N < SmallN); few != 0 {
			return few
		}
		if d := b.falling() - a.falling(); d != 0 {
			return d
		}
		switch d := b.missed() - a.missed(); {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return 0
	})
	return missed[0].Figure.Metric, missed[0].falling()
}

// leastOfRow is below how many requests a line of a breakdown is not named as
// the one that a figure is about.
const leastOfRow = 10

// worst is the team, product or channel that a missed share is most about: the
// one with most misses above its part, when it is surely worse than the whole.
func (r *reckoning) worst(metric string) string {
	last := len(r.stands) - 1
	whole := &r.views[0].periods[last]
	all, n, ok := misses(metric, whole)
	if !ok || n == 0 || all == 0 {
		return ""
	}
	rate := float64(all) / float64(n)
	name, most := "", 0.0
	for _, by := range []int{byTeam, byProduct, byChannel} {
		for word, x := range r.rows[by] {
			if x == nil || word == 0 {
				continue
			}
			miss, of, _ := misses(metric, &x.now)
			low, _ := wilson(miss, of)
			id := key(by, r.d.words[word])
			above := float64(miss) - rate*float64(of)
			if of < leastOfRow || of == n || low <= rate || above < most || above == most && id >= name {
				continue
			}
			name, most = id, above
		}
	}
	return name
}

// misses are how many of a share's requests pull it to the wrong side.
func misses(metric string, t *tally) (miss, n int, ok bool) {
	of, n, ok := t.part(metric)
	if m, found := MetricOf(metric); ok && found && m.Better == Higher {
		of = n - of
	}
	return of, n, ok
}
