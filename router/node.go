package router

import (
	"cmp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// answer is what can be told of a condition without running it.
type answer uint8

const (
	maybe answer = iota
	no
	yes
)

type nodeOp uint8

const (
	opaque nodeOp = iota // only CEL can tell
	constant
	and
	or
	not
	compare // a fact with a literal
	among   // a fact in a list of literals
	holds   // a text fact holds one of some literals
)

// node is a condition as far as it can be told without CEL. It never
// contradicts CEL: no means that CEL says false and yes that it says true, not
// that it cannot be evaluated; a test compares the two.
type node struct {
	op    nodeOp
	kids  []node
	fact  int
	of    *fact  // that fact
	cmp   string // operators.Equals and so on, contains, startsWith, endsWith
	text  string
	num   float64
	truth bool
	set   []string
	words []int  // holds: literals, one of which must be there
	key   string // the clause as text, for comparing opaque ones
}

func (n *node) eval(s *seen) answer {
	switch n.op {
	case constant:
		return told(n.truth)
	case and:
		return evalAll(n.kids, s, no, yes)
	case or:
		return evalAll(n.kids, s, yes, no)
	case not:
		switch n.kids[0].eval(s) {
		case yes:
			return no
		case no:
			return yes
		}
	case compare:
		return n.evalCompare(s)
	case among:
		return told(slices.Contains(n.set, string(s.values[n.fact].(types.String))))
	case holds:
		return n.evalHolds(s)
	}
	return maybe
}

func told(b bool) answer {
	if b {
		return yes
	}
	return no
}

// evalAll is stop when one kid is, all when all are.
func evalAll(kids []node, s *seen, stop, all answer) answer {
	out := all
	for i := range kids {
		switch kids[i].eval(s) {
		case stop:
			return stop
		case maybe:
			out = maybe
		}
	}
	return out
}

func (n *node) evalHolds(s *seen) answer {
	found := s.found[n.of.scan-1]
	for _, id := range n.words {
		if found[id/64]&(1<<(id%64)) != 0 {
			return maybe
		}
	}
	return no
}

func (n *node) evalCompare(s *seen) answer {
	switch v := s.values[n.fact].(type) {
	case types.Bool:
		return told(bool(v) == n.truth)
	case types.String:
		return told(n.compareText(string(v)))
	case types.Int:
		return told(n.compareNumber(float64(v)))
	case types.Double:
		return told(n.compareNumber(float64(v)))
	}
	return maybe
}

func (n *node) compareText(v string) bool {
	switch n.cmp {
	case "contains":
		return strings.Contains(v, n.text)
	case "startsWith":
		return strings.HasPrefix(v, n.text)
	case "endsWith":
		return strings.HasSuffix(v, n.text)
	}
	return ordered(n.cmp, v, n.text)
}

func (n *node) compareNumber(v float64) bool { return ordered(n.cmp, v, n.num) }

func ordered[T cmp.Ordered](op string, a, b T) bool {
	switch op {
	case operators.Equals:
		return a == b
	case operators.NotEquals:
		return a != b
	case operators.Less:
		return a < b
	case operators.LessEquals:
		return a <= b
	case operators.Greater:
		return a > b
	}
	return a >= b
}

// reading turns a checked expression into a node.
type reading struct {
	*vocabulary
	info  *celast.SourceInfo
	words *words
}

func (r reading) node(e celast.Expr) node {
	n := r.known(e)
	if n.op == opaque {
		n.key, _ = cel.ExprToString(e, r.info)
	}
	return n
}

func (r reading) known(e celast.Expr) node {
	if i, ok := r.factOf(e); ok {
		if r.facts[i].typ == cel.BoolType {
			return node{op: compare, fact: i, of: &r.facts[i], cmp: operators.Equals, truth: true}
		}
		return node{}
	}
	switch e.Kind() {
	case celast.LiteralKind:
		if b, ok := e.AsLiteral().(types.Bool); ok {
			return node{op: constant, truth: bool(b)}
		}
	case celast.CallKind:
		return r.call(e.AsCall())
	}
	return node{}
}

func (r reading) call(c celast.CallExpr) node {
	args := c.Args()
	switch c.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr:
		return r.joined(c)
	case operators.LogicalNot:
		return node{op: not, kids: []node{r.node(args[0])}}
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return r.comparison(c.FunctionName(), args[0], args[1])
	case operators.In:
		return r.inList(args[0], args[1])
	case "contains", "startsWith", "endsWith", "matches":
		if c.IsMemberFunction() && len(args) == 1 {
			return r.textCall(c.FunctionName(), c.Target(), args[0])
		}
	}
	return node{}
}

func (r reading) joined(c celast.CallExpr) node {
	n := node{op: and}
	if c.FunctionName() == operators.LogicalOr {
		n.op = or
	}
	for _, a := range c.Args() {
		kid := r.node(a)
		if kid.op == n.op {
			n.kids = append(n.kids, kid.kids...)
			continue
		}
		n.kids = append(n.kids, kid)
	}
	return n
}

// comparison reads fact op literal, either way round.
func (r reading) comparison(op string, left, right celast.Expr) node {
	fact, ok := r.factOf(left)
	lit := right
	if !ok {
		fact, ok = r.factOf(right)
		lit, op = left, mirrored(op)
	}
	if !ok || lit.Kind() != celast.LiteralKind {
		return node{}
	}
	n := node{op: compare, fact: fact, of: &r.facts[fact], cmp: op}
	typ := n.of.typ
	switch v := lit.AsLiteral().(type) {
	case types.String:
		n.text = string(v)
		return onlyIf(typ == cel.StringType, n)
	case types.Double:
		n.num = float64(v)
		return onlyIf(typ == cel.DoubleType || typ == cel.IntType, n)
	case types.Int:
		n.num = float64(v)
		exact := v > -1<<53 && v < 1<<53
		return onlyIf(exact && (typ == cel.DoubleType || typ == cel.IntType), n)
	case types.Bool:
		n.truth = bool(v) == (op == operators.Equals)
		n.cmp = operators.Equals
		return onlyIf(typ == cel.BoolType && (op == operators.Equals || op == operators.NotEquals), n)
	}
	return node{}
}

func onlyIf(ok bool, n node) node {
	if !ok {
		return node{}
	}
	return n
}

func mirrored(op string) string {
	switch op {
	case operators.Less:
		return operators.Greater
	case operators.LessEquals:
		return operators.GreaterEquals
	case operators.Greater:
		return operators.Less
	case operators.GreaterEquals:
		return operators.LessEquals
	}
	return op
}

func (r reading) inList(left, right celast.Expr) node {
	fact, ok := r.factOf(left)
	if !ok || r.facts[fact].typ != cel.StringType || right.Kind() != celast.ListKind || len(right.AsList().OptionalIndices()) > 0 {
		return node{}
	}
	n := node{op: among, fact: fact, of: &r.facts[fact]}
	for _, e := range right.AsList().Elements() {
		if e.Kind() != celast.LiteralKind {
			return node{}
		}
		s, isText := e.AsLiteral().(types.String)
		if !isText {
			return node{}
		}
		n.set = append(n.set, string(s))
	}
	return n
}

func (r reading) textCall(name string, target, arg celast.Expr) node {
	fact, ok := r.factOf(target)
	if !ok || r.facts[fact].typ != cel.StringType || arg.Kind() != celast.LiteralKind {
		return node{}
	}
	pattern, isText := arg.AsLiteral().(types.String)
	if !isText {
		return node{}
	}
	of := &r.facts[fact]
	if name != "matches" && of.scan == 0 {
		return node{op: compare, fact: fact, of: of, cmp: name, text: string(pattern)}
	}
	if of.scan == 0 {
		return node{}
	}
	set := []string{fold(string(pattern))}
	if name == "matches" {
		set = literalsOf(string(pattern))
	}
	if weight(set) < shortest {
		return node{}
	}
	n := node{op: holds, fact: fact, of: of}
	n.key = of.name + "." + name + "(" + string(pattern) + ")"
	for _, s := range set {
		n.words = append(n.words, r.words.id(s))
	}
	return n
}

// factOf is the fact that an expression names.
func (v *vocabulary) factOf(e celast.Expr) (int, bool) {
	name := nameOf(e)
	i, ok := v.places[name]
	return i, ok && name != ""
}

// nameOf is the dotted name that an expression is, or "".
func nameOf(e celast.Expr) string {
	switch e.Kind() {
	case celast.IdentKind:
		return e.AsIdent()
	case celast.SelectKind:
		s := e.AsSelect()
		if s.IsTestOnly() {
			return ""
		}
		if head := nameOf(s.Operand()); head != "" {
			return head + "." + s.FieldName()
		}
	}
	return ""
}
