package router

import (
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// builderEnv reads conditions; it never changes once made.
var builderEnv = sync.OnceValues(func() (*cel.Env, error) { return newEnv(routing) })

// ParseConditions reads a condition as rows. It is false for what rows cannot
// say: that is edited as text, so that nothing of it is lost.
func ParseConditions(text string) (Conditions, bool) {
	env, err := builderEnv()
	if err != nil || commented(text) {
		return Conditions{}, false
	}
	ast, issues := env.Parse(text)
	if issues.Err() != nil {
		return Conditions{}, false
	}
	expr := ast.NativeRep().Expr()
	if expr.Kind() == celast.LiteralKind {
		return Conditions{}, expr.AsLiteral() == types.True
	}
	anyOf, kids := sides(expr)
	rows := make([]ConditionRow, 0, len(kids))
	for _, k := range kids {
		r, ok := readRow(k, anyOf)
		if !ok {
			return Conditions{}, false
		}
		rows = append(rows, r)
	}
	c := Conditions{Any: anyOf, Rows: rows}
	return c.Normal(), c.Whole()
}

// sides takes an "and" or an "or" apart.
func sides(e celast.Expr) (anyOf bool, kids []celast.Expr) {
	function := ""
	if e.Kind() == celast.CallKind {
		function = e.AsCall().FunctionName()
	}
	if function != operators.LogicalAnd && function != operators.LogicalOr {
		return false, []celast.Expr{e}
	}
	var gather func(celast.Expr)
	gather = func(x celast.Expr) {
		if x.Kind() != celast.CallKind || x.AsCall().FunctionName() != function {
			kids = append(kids, x)
			return
		}
		for _, a := range x.AsCall().Args() {
			gather(a)
		}
	}
	gather(e)
	return function == operators.LogicalOr, kids
}

// readRow reads a test, or a group joined by the other word than the rows.
func readRow(e celast.Expr, anyOf bool) (ConditionRow, bool) {
	inner, kids := sides(e)
	if len(kids) == 1 {
		t, ok := readTest(e)
		return ConditionRow{Test: t}, ok
	}
	var of []Test
	for _, k := range kids {
		t, ok := readTest(k)
		if !ok {
			if t, ok = readBetween(k); !ok {
				return ConditionRow{}, false
			}
		}
		of = append(of, t)
	}
	return ConditionRow{Of: of}, inner != anyOf
}

// readBetween reads two bounds within an "or" group.
func readBetween(e celast.Expr) (Test, bool) {
	anyOf, kids := sides(e)
	if anyOf || len(kids) != 2 {
		return Test{}, false
	}
	a, okA := readTest(kids[0])
	b, okB := readTest(kids[1])
	if !okA || !okB || a.Fault() != "" || b.Fault() != "" {
		return Test{}, false
	}
	return between(a, b)
}

var opposites = map[Op]Op{OpIs: OpIsNot, OpIsNot: OpIs, OpOneOf: OpNoneOf, OpEmpty: OpNotEmpty, OpNotEmpty: OpEmpty,
	OpPattern: OpNoPattern, OpYes: OpNo, OpNo: OpYes, OpHas: OpHasNot}

func readTest(e celast.Expr) (Test, bool) {
	if i, ok := routing.factOf(e); ok {
		return Test{Fact: allFacts[i].name, Op: OpYes}, allFacts[i].typ == cel.BoolType
	}
	if e.Kind() == celast.SelectKind && e.AsSelect().IsTestOnly() { // has(message.fields.room)
		i, ok := routing.factOf(e.AsSelect().Operand())
		return Test{Fact: nameOf(e.AsSelect().Operand()), Op: OpHas, Values: []string{e.AsSelect().FieldName()}},
			ok && allFacts[i].typ.Kind() == cel.MapKind
	}
	if e.Kind() != celast.CallKind {
		return Test{}, false
	}
	call := e.AsCall()
	switch name := call.FunctionName(); name {
	case operators.LogicalNot:
		t, ok := readTest(call.Args()[0])
		t.Op, ok = opposites[t.Op], ok && opposites[t.Op] != ""
		return t, ok
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return readComparison(name, call.Args()[0], call.Args()[1])
	case operators.In:
		return readIn(call.Args()[0], call.Args()[1])
	case "contains", "startsWith", "endsWith", "matches":
		return readTextCall(call)
	}
	return Test{}, false
}

func readComparison(op string, left, right celast.Expr) (Test, bool) {
	if left.Kind() == celast.LiteralKind {
		left, right, op = right, left, mirrored(op)
	}
	if list, ok := sizeOf(left); ok {
		return readSize(list, op, right)
	}
	i, ok := routing.factOf(left)
	if !ok || right.Kind() != celast.LiteralKind {
		return Test{}, false
	}
	f := builderFact(i)
	if b, isBool := right.AsLiteral().(types.Bool); isBool && f.Kind == YesNoFact && (op == operators.Equals || op == operators.NotEquals) {
		t := Test{Fact: f.Name, Op: OpYes}
		if bool(b) != (op == operators.Equals) {
			t.Op = OpNo
		}
		return t, true
	}
	v, ok := f.literal(right)
	if !ok {
		return Test{}, false
	}
	for ours, sign := range numberSigns {
		if sign == op {
			t := Test{Fact: f.Name, Op: ours, Values: []string{v}}
			return t, slices.Contains(f.Kind.Operators(), ours)
		}
	}
	return Test{}, false
}

// literal is a literal of the fact's own type, as a form shows it.
func (f BuilderFact) literal(e celast.Expr) (string, bool) {
	if e.Kind() != celast.LiteralKind {
		return "", false
	}
	switch v := e.AsLiteral().(type) {
	case types.String:
		return string(v), f.Kind == TextFact || f.Kind == WordsFact
	case types.Int:
		return numberText(float64(v)), (f.Kind == WholeFact || f.Kind == NumberFact) && v > -mostNumber && v < mostNumber
	case types.Double:
		return numberText(float64(v)), f.Kind == NumberFact && v > -mostNumber && v < mostNumber
	}
	return "", false
}

// sizeOf is the list whose size an expression is.
func sizeOf(e celast.Expr) (fact int, ok bool) {
	if e.Kind() != celast.CallKind || e.AsCall().FunctionName() != "size" {
		return 0, false
	}
	of := e.AsCall().Target()
	if !e.AsCall().IsMemberFunction() {
		if len(e.AsCall().Args()) != 1 {
			return 0, false
		}
		of = e.AsCall().Args()[0]
	}
	i, ok := routing.factOf(of)
	kind := FactKind("")
	if ok {
		kind = builderFact(i).Kind
	}
	return i, kind == ListFact || kind == FieldsFact
}

// readSize reads whether a list has anything in it.
func readSize(list int, op string, right celast.Expr) (Test, bool) {
	if right.Kind() != celast.LiteralKind {
		return Test{}, false
	}
	n, ok := right.AsLiteral().(types.Int)
	if !ok {
		return Test{}, false
	}
	t := Test{Fact: allFacts[list].name}
	switch {
	case n == 0 && (op == operators.Equals || op == operators.LessEquals), n == 1 && op == operators.Less:
		t.Op = OpEmpty
	case n == 0 && (op == operators.NotEquals || op == operators.Greater), n == 1 && op == operators.GreaterEquals:
		t.Op = OpNotEmpty
	}
	return t, t.Op != ""
}

func readIn(left, right celast.Expr) (Test, bool) {
	if i, ok := routing.factOf(right); ok {
		v, isText := literal(left)
		kind := builderFact(i).Kind
		return Test{Fact: allFacts[i].name, Op: OpHas, Values: []string{v}}, isText && (kind == ListFact || kind == FieldsFact)
	}
	i, ok := routing.factOf(left)
	if !ok || right.Kind() != celast.ListKind || len(right.AsList().OptionalIndices()) > 0 {
		return Test{}, false
	}
	f := builderFact(i)
	t := Test{Fact: f.Name, Op: OpOneOf}
	for _, e := range right.AsList().Elements() {
		v, ok := f.literal(e)
		if !ok {
			return Test{}, false
		}
		t.Values = append(t.Values, v)
	}
	return t, slices.Contains(f.Kind.Operators(), OpOneOf)
}

func readTextCall(call celast.CallExpr) (Test, bool) {
	if !call.IsMemberFunction() || len(call.Args()) != 1 {
		return Test{}, false
	}
	i, ok := routing.factOf(call.Target())
	v, isText := literal(call.Args()[0])
	if !ok || !isText || allFacts[i].typ != cel.StringType {
		return Test{}, false
	}
	op := map[string]Op{"contains": OpContains, "startsWith": OpStartsWith, "endsWith": OpEndsWith, "matches": OpPattern}[call.FunctionName()]
	return Test{Fact: allFacts[i].name, Op: op, Values: []string{v}}, true
}

// commented reports whether a condition has a remark in it: rows have no
// place for one, and it must not be lost.
func commented(text string) bool {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '/' && strings.HasPrefix(text[i:], "//"):
			return true
		case c == '"' || c == '\'':
			raw := i > 0 && (text[i-1] == 'r' || text[i-1] == 'R')
			i = endOfText(text, i, raw)
		}
	}
	return false
}

// endOfText is where the text that begins at i ends.
func endOfText(text string, i int, raw bool) int {
	quote := text[i : i+1]
	if long := strings.Repeat(quote, 3); strings.HasPrefix(text[i:], long) {
		quote = long
	}
	for i += len(quote); i < len(text); i++ {
		if text[i] == '\\' && !raw {
			i++
			continue
		}
		if strings.HasPrefix(text[i:], quote) {
			return i + len(quote) - 1
		}
	}
	return len(text)
}
