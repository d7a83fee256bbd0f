package router

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
)

// Warnings say which rules cannot do what they seem to: never true, covered by
// an earlier rule that decides, or the same as another. Only what can be told
// for sure is told; a ruleset without warnings can still hold such rules.
func (rs *Ruleset) Warnings() []Finding {
	var out []Finding
	var before []covered
	for _, r := range rs.rules {
		if r.Disabled {
			continue
		}
		t := covered{rule: r, ways: ways(r.cond)}
		if f, bad := t.warn(before); bad {
			f.Rule, f.Line = r.ID, r.Line
			out = append(out, f)
		}
		before = append(before, t)
	}
	return out
}

// covered is a rule with the ways in which its condition can be true; nil when
// there are too many to tell.
type covered struct {
	rule *rule
	ways []way
}

func (t covered) warn(before []covered) (Finding, bool) {
	if t.ways != nil && len(t.ways) == 0 {
		return Finding{Problem: "the condition is never true", Fix: "its parts contradict each other: remove one, or use || between them"}, true
	}
	changed := map[string]bool{}
	for i := len(before) - 1; i >= 0; i-- {
		b := before[i]
		if f, bad := t.against(b, changed); bad {
			return f, true
		}
		for _, a := range b.rule.Then {
			changed["request."+string(a.Do)] = true // kind and priority
		}
	}
	return Finding{}, false
}

// against says what an earlier rule does to this one. changed are the facts
// that rules between the two may set.
func (t covered) against(b covered, changed map[string]bool) (Finding, bool) {
	same := t.rule.When == b.rule.When
	if uses(b.rule.cond, changed) || uses(t.rule.cond, changed) {
		return Finding{}, false
	}
	name := ruleName(b.rule.ID)
	if !b.rule.decides() {
		if same && thenText(t.rule.Rule) == thenText(b.rule.Rule) {
			return Finding{Problem: "it does the same as " + name, Fix: "remove one of them"}, true
		}
		return Finding{}, false
	}
	switch {
	case always(b.ways):
		return Finding{Problem: fmt.Sprintf("it is never reached: %s always matches and decides", name), Fix: "move it above that rule"}, true
	case same:
		return Finding{Problem: fmt.Sprintf("it is never reached: %s has the same condition and decides", name), Fix: "join the two rules"}, true
	case covers(b.ways, t.ways):
		return Finding{Problem: fmt.Sprintf("it is never reached: whenever it matches, %s matched already and decided", name),
			Fix: "move it above that rule, or narrow that one"}, true
	}
	return Finding{}, false
}

func uses(n node, facts map[string]bool) bool {
	switch n.op {
	case compare, among, holds:
		return facts[n.of.name]
	case opaque:
		for f := range facts {
			if strings.Contains(n.key, f) {
				return true
			}
		}
	}
	return slices.ContainsFunc(n.kids, func(k node) bool { return uses(k, facts) })
}

// mostWays is up to how many alternatives a condition is taken apart.
const mostWays = 64

// way is one way for a condition to be true: what each fact may be, and the
// opaque clauses that must hold.
type way struct {
	facts  map[int]limits
	clause map[string]bool // opaque clause: must be true, must be false
}

// limits are the values a fact may have.
type limits struct {
	low, high         float64 // of a number, or 0 and 1 of a truth
	openLow, openHigh bool
	only              []string // of a text; nil is any
	never             []string
}

func anything() limits { return limits{low: math.Inf(-1), high: math.Inf(1)} }

// ways takes a condition apart. Contradictions are left out; nil means that it
// cannot be told.
func ways(n node) []way { return waysOf(n, true) }

func waysOf(n node, want bool) []way {
	switch n.op {
	case constant:
		if n.truth == want {
			return []way{{}}
		}
		return []way{}
	case not:
		return waysOf(n.kids[0], !want)
	case and, or:
		if (n.op == and) == want {
			return allOf(n.kids, want)
		}
		return anyOf(n.kids, want)
	case opaque, holds:
		return []way{{clause: map[string]bool{n.key: want}}}
	}
	l, ok := n.limits(want)
	switch {
	case !ok:
		return []way{{clause: map[string]bool{fmt.Sprintf("%d %s %q %v %v", n.fact, n.cmp, n.text, n.num, n.set): want}}}
	case l.empty():
		return []way{}
	}
	return []way{{facts: map[int]limits{n.fact: l}}}
}

func anyOf(kids []node, want bool) []way {
	out := []way{}
	for _, k := range kids {
		w := waysOf(k, want)
		if w == nil || len(out)+len(w) > mostWays {
			return nil
		}
		out = append(out, w...)
	}
	return out
}

func allOf(kids []node, want bool) []way {
	out := []way{{}}
	unknown := false
	for _, k := range kids {
		w := waysOf(k, want)
		if w == nil || len(out)*len(w) > mostWays {
			unknown = true
			continue
		}
		next := []way{}
		for _, a := range out {
			for _, b := range w {
				if both, ok := a.with(b); ok {
					next = append(next, both)
				}
			}
		}
		out = next
	}
	if unknown && len(out) > 0 {
		return nil
	}
	return out
}

// with is both ways at once, when they do not contradict.
func (a way) with(b way) (way, bool) {
	out := way{facts: map[int]limits{}, clause: map[string]bool{}}
	for k, v := range a.clause {
		out.clause[k] = v
	}
	for k, v := range b.clause {
		if was, ok := out.clause[k]; ok && was != v {
			return way{}, false
		}
		out.clause[k] = v
	}
	for k, v := range a.facts {
		out.facts[k] = v
	}
	for k, v := range b.facts {
		if was, ok := out.facts[k]; ok {
			v = was.with(v)
		}
		if v.empty() {
			return way{}, false
		}
		out.facts[k] = v
	}
	return out, true
}

func (a limits) with(b limits) limits {
	switch {
	case b.low > a.low:
		a.low, a.openLow = b.low, b.openLow
	case b.low == a.low:
		a.openLow = a.openLow || b.openLow
	}
	switch {
	case b.high < a.high:
		a.high, a.openHigh = b.high, b.openHigh
	case b.high == a.high:
		a.openHigh = a.openHigh || b.openHigh
	}
	switch {
	case a.only == nil:
		a.only = b.only
	case b.only != nil:
		a.only = slices.DeleteFunc(slices.Clone(a.only), func(s string) bool { return !slices.Contains(b.only, s) })
	}
	a.never = append(slices.Clone(a.never), b.never...)
	if a.only != nil {
		a.only = slices.DeleteFunc(slices.Clone(a.only), func(s string) bool { return slices.Contains(a.never, s) })
	}
	return a
}

func (a limits) empty() bool {
	return a.low > a.high || a.low == a.high && (a.openLow || a.openHigh) || a.only != nil && len(a.only) == 0
}

// within reports whether all that a allows b allows too.
func (a limits) within(b limits) bool {
	low := a.low > b.low || a.low == b.low && (a.openLow || !b.openLow)
	high := a.high < b.high || a.high == b.high && (a.openHigh || !b.openHigh)
	if !low || !high {
		return false
	}
	if b.only != nil && (a.only == nil || slices.ContainsFunc(a.only, func(s string) bool { return !slices.Contains(b.only, s) })) {
		return false
	}
	for _, s := range b.never {
		if !slices.Contains(a.never, s) && (a.only == nil || slices.Contains(a.only, s)) {
			return false
		}
	}
	return true
}

// limits are what a clause on one fact demands of it.
func (n node) limits(want bool) (limits, bool) {
	l := anything()
	if n.op == among {
		if want {
			l.only = append([]string{}, n.set...)
			return l, true
		}
		l.never = n.set
		return l, true
	}
	switch n.of.typ {
	case cel.BoolType:
		l.low = 0
		if n.truth == want {
			l.low = 1
		}
		l.high = l.low
		return l, true
	case cel.StringType:
		return n.textLimits(want)
	}
	return n.numberLimits(want)
}

func (n node) textLimits(want bool) (limits, bool) {
	l := anything()
	switch {
	case n.cmp == operators.Equals && want, n.cmp == operators.NotEquals && !want:
		l.only = []string{n.text}
	case n.cmp == operators.Equals, n.cmp == operators.NotEquals:
		l.never = []string{n.text}
	default:
		return l, false
	}
	return l, true
}

// opposite is the comparison that holds when the given one does not. Of what
// is not a number neither holds; a score never is.
var opposite = map[string]string{
	operators.Less: operators.GreaterEquals, operators.GreaterEquals: operators.Less,
	operators.Greater: operators.LessEquals, operators.LessEquals: operators.Greater,
	operators.Equals: operators.NotEquals, operators.NotEquals: operators.Equals,
}

func (n node) numberLimits(want bool) (limits, bool) {
	l, op := anything(), n.cmp
	if !want {
		op = opposite[op]
	}
	switch op {
	case operators.Equals:
		l.low, l.high = n.num, n.num
	case operators.Less, operators.LessEquals:
		l.high, l.openHigh = n.num, op == operators.Less
	case operators.Greater, operators.GreaterEquals:
		l.low, l.openLow = n.num, op == operators.Greater
	default:
		return l, false
	}
	if n.of.typ == cel.IntType { // 3 < x < 4 has no whole number
		l = l.whole()
	}
	return l, true
}

func (a limits) whole() limits {
	low, high := math.Ceil(a.low), math.Floor(a.high)
	if a.openLow && low == a.low {
		low++ // infinity stays what it is
	}
	if a.openHigh && high == a.high {
		high--
	}
	return limits{low: low, high: high, only: a.only, never: a.never}
}

// implies reports whether a holds only when b does.
func (a way) implies(b way) bool {
	for k, v := range b.clause {
		if was, ok := a.clause[k]; !ok || was != v {
			return false
		}
	}
	for k, v := range b.facts {
		mine, ok := a.facts[k]
		if !ok {
			mine = anything()
		}
		if !mine.within(v) {
			return false
		}
	}
	return true
}

// covers reports whether each way of b is within one of a.
func covers(a, b []way) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	for _, w := range b {
		if !slices.ContainsFunc(a, func(x way) bool { return w.implies(x) }) {
			return false
		}
	}
	return true
}

func always(a []way) bool {
	return slices.ContainsFunc(a, func(w way) bool { return len(w.facts) == 0 && len(w.clause) == 0 })
}
