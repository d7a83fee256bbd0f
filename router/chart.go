package router

import (
	"slices"

	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/balie/balie"
)

// ChartRule is one rule as a flow chart shows it.
type ChartRule struct {
	ID     string
	Names  map[string]string // by language
	Place  int               // in the ruleset, from 1
	Off    bool
	Always bool     // it matches whatever comes
	Only   []string // the channels it can be taken on; nil: all but Except
	Except []string // the channels it is never taken on
	Facts  []string // what it looks at, each once, as docs/rules.md orders them
	Adds   []balie.Action
	Does   balie.Action // what it decides; Do is "" when it decides nothing
	Ask    Ask          // what is filled in of Does
}

// Name is the rule's name in a language, or else its id.
func (r ChartRule) Name(language string) string { return Rule{ID: r.ID, Names: r.Names}.Name(language) }

// Chart is the ruleset rule by rule, to draw it. What it says of channels is
// what can be told for sure: a rule that may be taken on a channel has it.
func (rs *Ruleset) Chart() []ChartRule {
	out := make([]ChartRule, 0, len(rs.rules))
	for i, r := range rs.rules {
		c := ChartRule{ID: r.ID, Names: r.Names, Place: i + 1, Off: r.Disabled, Always: always(ways(r.cond)), Ask: r.Ask}
		expr := r.ast.NativeRep().Expr()
		c.Facts = factsIn(expr)
		on := channelsOf(expr)
		c.Only, c.Except = on.only, on.except
		for _, a := range r.Then {
			if a.Do.Decides() {
				c.Does = a
				continue
			}
			c.Adds = append(c.Adds, a)
		}
		out = append(out, c)
	}
	return out
}

// factsIn are the names a condition asks.
func factsIn(expr celast.Expr) []string {
	asked := map[int]bool{}
	celast.PostOrderVisit(expr, celast.NewExprVisitor(func(x celast.Expr) {
		if i, ok := routing.factOf(x); ok {
			asked[i] = true
		}
	}))
	var out []string
	for i, f := range routing.facts {
		if asked[i] {
			out = append(out, f.name)
		}
	}
	return out
}

// factChannel is the fact that says where a message came in.
const factChannel = "message.channel"

// channelSet is some channels: these only, or all but those. The zero value is
// all of them.
type channelSet struct {
	only, except []string // only is not nil: these, and except is empty
}

// channelsOf are the channels on which a condition can be true.
func channelsOf(expr celast.Expr) channelSet {
	if expr.Kind() != celast.CallKind {
		return channelSet{}
	}
	call := expr.AsCall()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return channelsOf(call.Args()[0]).and(channelsOf(call.Args()[1]))
	case operators.LogicalOr:
		return channelsOf(call.Args()[0]).or(channelsOf(call.Args()[1]))
	case operators.LogicalNot:
		if named, ok := channelTest(call.Args()[0]); ok {
			return named.not()
		}
		return channelSet{}
	}
	named, _ := channelTest(expr)
	return named
}

// channelTest reads a test that asks the channel and nothing else.
func channelTest(expr celast.Expr) (channelSet, bool) {
	if expr.Kind() != celast.CallKind || len(expr.AsCall().Args()) != 2 {
		return channelSet{}, false
	}
	call := expr.AsCall()
	a, b := call.Args()[0], call.Args()[1]
	if nameOf(b) == factChannel {
		a, b = b, a
	}
	if nameOf(a) != factChannel {
		return channelSet{}, false
	}
	switch call.FunctionName() {
	case operators.Equals, operators.NotEquals:
		s, ok := literal(b)
		if !ok {
			return channelSet{}, false
		}
		set := channelSet{only: []string{s}}
		if call.FunctionName() == operators.NotEquals {
			set = set.not()
		}
		return set, true
	case operators.In:
		return channelList(b)
	}
	return channelSet{}, false
}

func channelList(expr celast.Expr) (channelSet, bool) {
	if expr.Kind() != celast.ListKind {
		return channelSet{}, false
	}
	set := channelSet{only: []string{}}
	for _, e := range expr.AsList().Elements() {
		s, ok := literal(e)
		if !ok {
			return channelSet{}, false
		}
		set.only = union(set.only, []string{s})
	}
	return set, true
}

func (s channelSet) not() channelSet {
	if s.only != nil {
		return channelSet{except: s.only}
	}
	return channelSet{only: append([]string{}, s.except...)}
}

func (s channelSet) and(o channelSet) channelSet {
	switch {
	case s.only != nil && o.only != nil:
		return channelSet{only: keep(s.only, o.only, true)}
	case s.only != nil:
		return channelSet{only: keep(s.only, o.except, false)}
	case o.only != nil:
		return channelSet{only: keep(o.only, s.except, false)}
	}
	return channelSet{except: union(s.except, o.except)}
}

func (s channelSet) or(o channelSet) channelSet {
	switch {
	case s.only != nil && o.only != nil:
		return channelSet{only: union(s.only, o.only)}
	case s.only != nil:
		return channelSet{except: keep(o.except, s.only, false)}
	case o.only != nil:
		return channelSet{except: keep(s.except, o.only, false)}
	}
	return channelSet{except: keep(s.except, o.except, true)}
}

// keep are those of a list that are in another, or that are not. It is never nil.
func keep(list, other []string, in bool) []string {
	out := []string{}
	for _, s := range list {
		if slices.Contains(other, s) == in {
			out = append(out, s)
		}
	}
	return out
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
