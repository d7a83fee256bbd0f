package router

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/balie/balie"
)

// Outcome of a rule or clause.
type Outcome string

// The outcomes.
const (
	True    Outcome = "true"
	False   Outcome = "false"
	Failed  Outcome = "failed"        // it could not be evaluated
	Unknown Outcome = "not looked at" // what stands before it settled the matter
	Off     Outcome = "switched off"  // the rule
	Later   Outcome = "not reached"   // the rule: an earlier one decided
)

// Clause is a part of a condition with its outcome.
type Clause struct {
	Text string   `json:"text"`
	Join string   `json:"join,omitzero"` // and, or, not: how Of are joined
	Of   []Clause `json:"of,omitzero"`
	Is   Outcome  `json:"is"`
	Why  string   `json:"why,omitzero"` // of a failed one
	Saw  []Saw    `json:"saw,omitzero"` // the facts it looked at
	say  string   // as part of a sentence, when true
	deny string   // and when false
}

// Saw is a fact and its value, of long texts the part that matters.
type Saw struct {
	Fact  string `json:"fact"`
	Value string `json:"value"`
}

// explanation reads one evaluated condition.
type explanation struct {
	info  *celast.SourceInfo
	state interpreter.EvalState
	seen  *seen
}

// explain evaluates a rule once more, keeping the outcome of each part.
func (x *run) explain(r *rule) (Clause, error) { return r.explain(r.When, x.seen) }

func (r *compiled) explain(when string, s *seen) (Clause, error) {
	p, err := r.tracked()
	if err != nil {
		return Clause{Text: when, Is: Unknown, Why: err.Error()}, err
	}
	_, details, err := p.Eval(s)
	e := explanation{info: r.ast.NativeRep().SourceInfo(), seen: s}
	if details != nil {
		e.state = details.State()
	}
	return e.clause(r.ast.NativeRep().Expr()), err
}

func (e explanation) clause(expr celast.Expr) Clause {
	if expr.Kind() == celast.CallKind {
		call := expr.AsCall()
		switch call.FunctionName() {
		case operators.LogicalAnd:
			return e.joined(expr, "and", operators.LogicalAnd)
		case operators.LogicalOr:
			return e.joined(expr, "or", operators.LogicalOr)
		case operators.LogicalNot:
			return e.negated(expr, call.Args()[0])
		}
	}
	return e.leaf(expr)
}

func (e explanation) joined(expr celast.Expr, join, function string) Clause {
	c := Clause{Text: e.text(expr), Join: join}
	var gather func(celast.Expr)
	gather = func(x celast.Expr) {
		if x.Kind() == celast.CallKind && x.AsCall().FunctionName() == function {
			for _, a := range x.AsCall().Args() {
				gather(a)
			}
			return
		}
		c.Of = append(c.Of, e.clause(x))
	}
	gather(expr)
	stop, all := False, True
	if join == "or" {
		stop, all = True, False
	}
	c.Is = all
	for _, k := range c.Of {
		switch {
		case k.Is == stop:
			c.Is = stop
			return c
		case k.Is != all && c.Is != Failed:
			c.Is = k.Is
		}
	}
	return c
}

func (e explanation) negated(expr, inner celast.Expr) Clause {
	kid := e.clause(inner)
	c := Clause{Text: e.text(expr), Join: "not", Of: []Clause{kid}, Is: kid.Is}
	switch kid.Is {
	case True:
		c.Is = False
	case False:
		c.Is = True
	}
	c.say, c.deny = kid.deny, kid.say
	return c
}

func (e explanation) leaf(expr celast.Expr) Clause {
	c := Clause{Text: e.text(expr), Is: Unknown}
	c.Is, c.Why = outcome(e.value(expr))
	var facts []int
	celast.PostOrderVisit(expr, celast.NewExprVisitor(func(x celast.Expr) {
		if i, ok := e.seen.of.factOf(x); ok {
			facts = append(facts, i)
		}
	}))
	for _, i := range facts {
		c.Saw = append(c.Saw, Saw{e.seen.of.facts[i].name, e.show(i, expr)})
	}
	c.say, c.deny = e.sentence(expr, c.Is == True)
	return c
}

func outcome(v ref.Val) (Outcome, string) {
	switch v := v.(type) {
	case types.Bool:
		if v {
			return True, ""
		}
		return False, ""
	case *types.Err:
		return Failed, v.Error()
	}
	return Unknown, ""
}

// value is what an expression was; nil when it was not evaluated.
func (e explanation) value(expr celast.Expr) ref.Val {
	if i, ok := e.seen.of.factOf(expr); ok {
		return e.seen.values[i]
	}
	if expr.Kind() == celast.LiteralKind {
		return expr.AsLiteral()
	}
	if e.state != nil {
		if v, ok := e.state.Value(expr.ID()); ok {
			return v
		}
	}
	return nil
}

func (e explanation) text(expr celast.Expr) string {
	s, err := cel.ExprToString(expr, e.info)
	if err != nil {
		return "…"
	}
	return s
}

// excerpt is how much of a long text a trace shows around what matters, in bytes.
const excerpt = 80

// show is the value of a fact; of a long text the part that a clause found.
func (e explanation) show(i int, clause celast.Expr) string {
	s, isText := e.seen.values[i].(types.String)
	if !isText || len(s) <= excerpt {
		return literalText(e.seen.values[i])
	}
	at := 0
	if found := e.found(clause); found != "" {
		at = max(strings.Index(string(s), found)-excerpt/3, 0)
	}
	for at > 0 && s[at]&0xC0 == 0x80 {
		at--
	}
	part := clip(string(s[at:]), excerpt)
	before, after := "", ""
	if at > 0 {
		before = "…"
	}
	if at+len(part) < len(s) {
		after = "…"
	}
	return strconv.Quote(before + part + after)
}

// found is what a text clause found.
func (e explanation) found(clause celast.Expr) string {
	if clause.Kind() != celast.CallKind || !clause.AsCall().IsMemberFunction() || len(clause.AsCall().Args()) != 1 {
		return ""
	}
	call := clause.AsCall()
	i, ok := e.seen.of.factOf(call.Target())
	pattern, isText := literal(call.Args()[0])
	if !ok || !isText {
		return ""
	}
	s, _ := e.seen.values[i].(types.String)
	if call.FunctionName() == "matches" {
		return patternFound(pattern, string(s))
	}
	if strings.Contains(string(s), pattern) {
		return clip(pattern, 40)
	}
	return ""
}

func literalText(v ref.Val) string {
	switch v := v.(type) {
	case nil:
		return "?"
	case types.String:
		return strconv.Quote(clip(string(v), excerpt))
	case types.Double:
		return short(float64(v))
	case *types.Err:
		return "?"
	}
	return clip(fmt.Sprint(plainValue(v)), 2*excerpt)
}

// plainValue is a list or number without its CEL clothes.
func plainValue(v ref.Val) any {
	if list, ok := v.Value().([]string); ok {
		quoted := make([]string, 0, len(list))
		for _, s := range list {
			quoted = append(quoted, strconv.Quote(clip(s, 40)))
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	if fields, ok := v.Value().(map[string]string); ok {
		list := make([]string, 0, len(fields))
		for _, k := range slices.Sorted(maps.Keys(fields)) {
			list = append(list, strconv.Quote(clip(k, 40))+": "+strconv.Quote(clip(fields[k], 40)))
		}
		return "{" + strings.Join(list, ", ") + "}"
	}
	return v.Value()
}

// short writes a number as people do: 0.97.
func short(f float64) string { return strconv.FormatFloat(f, 'g', 3, 64) }

var signs = map[string][2]string{ // when true, when false
	operators.Equals: {"is", "is not"}, operators.NotEquals: {"is not", "is"},
	operators.Less: {"<", "≥"}, operators.LessEquals: {"≤", ">"},
	operators.Greater: {">", "≤"}, operators.GreaterEquals: {"≥", "<"},
}

// sentence is a clause as part of a sentence: when true, when false.
func (e explanation) sentence(expr celast.Expr, isTrue bool) (say, deny string) {
	if i, ok := e.seen.of.factOf(expr); ok {
		return e.seen.of.facts[i].name, "not " + e.seen.of.facts[i].name
	}
	text := e.text(expr)
	if expr.Kind() != celast.CallKind {
		if text == "true" {
			return "it always matches", "it never matches"
		}
		return text, "not " + text
	}
	call := expr.AsCall()
	if sign, ok := signs[call.FunctionName()]; ok {
		left, right := e.side(call.Args()[0], sign[0]), e.side(call.Args()[1], "")
		return left + " " + sign[0] + " " + right, left + " " + sign[1] + " " + right
	}
	if found := e.found(expr); found != "" && isTrue {
		return nameOf(call.Target()) + " has " + strconv.Quote(found), ""
	}
	return clip(text, 2*excerpt), "not " + clip(text, 2*excerpt)
}

// side is one side of a comparison: a fact with its value, but for "is", where
// the other side says it.
func (e explanation) side(expr celast.Expr, sign string) string {
	value := literalText(e.value(expr))
	if expr.Kind() == celast.LiteralKind {
		return value
	}
	if strings.HasPrefix(sign, "is") && sign == "is" {
		return e.text(expr)
	}
	return e.text(expr) + " " + value
}

// mostReasons is how many clauses a reason names.
const mostReasons = 4

// because says in one sentence why a rule matched.
func (x *run) because(r *rule) string {
	c, err := x.explain(r)
	return sentenceOf(r.ID, c, err)
}

func sentenceOf(id string, c Clause, err error) string {
	parts := reasons(c)
	if err != nil || len(parts) == 0 {
		return fmt.Sprintf("rule %q: its condition is true", id)
	}
	if len(parts) > mostReasons {
		parts = append(parts[:mostReasons], "…")
	}
	return fmt.Sprintf("rule %q: %s", id, strings.Join(parts, ", "))
}

func reasons(c Clause) []string {
	if c.Is != True {
		return nil
	}
	switch c.Join {
	case "and":
		var out []string
		for _, k := range c.Of {
			out = append(out, reasons(k)...)
		}
		return out
	case "or":
		for _, k := range c.Of {
			if out := reasons(k); len(out) > 0 {
				return out
			}
		}
	}
	if c.say == "" {
		return []string{c.Text}
	}
	return []string{c.say}
}

// Trace is a decision, rule by rule.
type Trace struct {
	Decision balie.Decision `json:"decision"`
	Rules    []RuleTrace    `json:"rules"`
}

// RuleTrace is what came of one rule.
type RuleTrace struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Names   map[string]string `json:"-"` // by language, for pages
	Line    int               `json:"line"`
	Is      Outcome           `json:"is"`
	Why     string            `json:"why,omitzero"` // of a failed one
	Clause  Clause            `json:"clause"`       // also of a rule that was not reached: what it would have said
	Decided bool              `json:"decided,omitzero"`
}

// Trace decides again and says of each rule and clause what it saw. It is
// exact for the facts that are stored with a decision of the same version.
func (rs *Ruleset) Trace(f balie.Facts) Trace {
	f = capped(f)
	t := Trace{Decision: rs.Decide(f, nil, 0)}
	run := rs.start(f)
	done := false
	for _, r := range rs.rules {
		rt := RuleTrace{ID: r.ID, Name: r.Name(rs.Language), Names: r.Names, Line: r.Line, Is: False}
		matched, err := run.matches(r)
		rt.Clause, _ = run.explain(r)
		switch {
		case done:
			rt.Is = Later
		case r.Disabled:
			rt.Is = Off
		case err != nil:
			rt.Is, rt.Why = Failed, plainError(err)
		case matched:
			rt.Is = True
			run.adds(r)
			rt.Decided = r.decides()
			done = rt.Decided
		}
		t.Rules = append(t.Rules, rt)
	}
	return t
}

// plainError is the cause without our own words around it.
func plainError(err error) string {
	s := err.Error()
	if _, cause, ok := strings.Cut(s, ": "); ok {
		return cause
	}
	return s
}
