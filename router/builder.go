package router

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
)

// Conditions is a condition as a form shows it: rows joined by "and" or by
// "or", some of which are groups joined by the other word. Nothing nests
// deeper; what does is written as CEL only.
type Conditions struct {
	Any  bool           // one row is enough; else all of them must hold
	Rows []ConditionRow // none: it always holds
}

// ConditionRow is a test or, when it has Of, a group of at least two of them.
type ConditionRow struct {
	Test
	Of []Test
}

// Test asks one thing of one fact.
type Test struct {
	Fact   string // as in docs/rules.md: "message.channel"
	Op     Op
	Values []string // as many as the operator takes
}

// Op is what a test asks.
type Op string

// The operators; docs/rules.md has their CEL.
const (
	OpIs           Op = "is"
	OpIsNot        Op = "is_not"
	OpOneOf        Op = "one_of"
	OpNoneOf       Op = "none_of"
	OpEmpty        Op = "empty"
	OpNotEmpty     Op = "not_empty"
	OpHasWord      Op = "has_word"      // one of these, as whole words, letter case ignored
	OpHasNoWord    Op = "has_no_word"   // none of them
	OpContainsAny  Op = "contains_any"  // one of these anywhere, letter case ignored
	OpContainsNone Op = "contains_none" // none of them
	OpContains     Op = "contains"      // literally, letter case counts
	OpStartsWith   Op = "starts_with"
	OpEndsWith     Op = "ends_with"
	OpPattern      Op = "pattern" // RE2
	OpNoPattern    Op = "no_pattern"
	OpAtLeast      Op = "at_least"
	OpAtMost       Op = "at_most"
	OpMoreThan     Op = "more_than"
	OpLessThan     Op = "less_than"
	OpBetween      Op = "between" // both ends belong to it
	OpYes          Op = "yes"
	OpNo           Op = "no"
	OpHas          Op = "has" // of a list or of form fields
	OpHasNot       Op = "has_not"
)

// FactKind is what a fact is, for a form.
type FactKind string

// The kinds of fact.
const (
	TextFact   FactKind = "text"   // short: an id, an address
	WordsFact  FactKind = "words"  // long: what somebody wrote
	WholeFact  FactKind = "whole"  // a whole number
	NumberFact FactKind = "number" // with a fraction
	YesNoFact  FactKind = "yes_no"
	ListFact   FactKind = "list"
	FieldsFact FactKind = "fields" // texts by name
)

// BuilderFact is a fact that the builder knows.
type BuilderFact struct {
	Name    string
	Kind    FactKind
	Choices []string // all values it can have, where the router knows them
}

// BuilderFacts are all facts, in the order of docs/rules.md.
func BuilderFacts() []BuilderFact {
	out := make([]BuilderFact, 0, len(allFacts))
	for i := range allFacts {
		out = append(out, builderFact(i))
	}
	return out
}

func builderFact(i int) BuilderFact { return routing.builderFact(i) }

func (v *vocabulary) builderFact(i int) BuilderFact {
	f := v.facts[i]
	b := BuilderFact{Name: f.name, Choices: slices.Clone(f.choices)}
	switch f.typ {
	case cel.BoolType:
		b.Kind = YesNoFact
	case cel.IntType:
		b.Kind = WholeFact
	case cel.DoubleType:
		b.Kind = NumberFact
	case cel.StringType:
		b.Kind = TextFact
		if f.size > 0 {
			b.Kind = WordsFact
		}
	default:
		b.Kind = ListFact
		if f.typ.Kind() == cel.MapKind {
			b.Kind = FieldsFact
		}
	}
	return b
}

// Operators are what can be asked of a kind of fact, the likeliest first.
func (k FactKind) Operators() []Op {
	switch k {
	case YesNoFact:
		return []Op{OpYes, OpNo}
	case WholeFact:
		return []Op{OpIs, OpIsNot, OpAtLeast, OpAtMost, OpMoreThan, OpLessThan, OpBetween, OpOneOf, OpNoneOf}
	case NumberFact:
		return []Op{OpAtLeast, OpAtMost, OpMoreThan, OpLessThan, OpBetween, OpIs, OpIsNot}
	case ListFact, FieldsFact:
		return []Op{OpNotEmpty, OpEmpty, OpHas, OpHasNot}
	case WordsFact:
		return []Op{OpHasWord, OpHasNoWord, OpContainsAny, OpContainsNone, OpContains, OpStartsWith, OpEndsWith,
			OpPattern, OpNoPattern, OpIs, OpIsNot, OpOneOf, OpNoneOf, OpEmpty, OpNotEmpty}
	}
	return []Op{OpIs, OpIsNot, OpOneOf, OpNoneOf, OpEmpty, OpNotEmpty, OpContainsAny, OpContainsNone, OpHasWord, OpHasNoWord,
		OpContains, OpStartsWith, OpEndsWith, OpPattern, OpNoPattern}
}

// Takes says how many values an operator takes: 0, 1, 2, or -1 for one or more.
func (o Op) Takes() int {
	switch o {
	case OpEmpty, OpNotEmpty, OpYes, OpNo:
		return 0
	case OpBetween:
		return 2
	case OpOneOf, OpNoneOf, OpHasWord, OpHasNoWord, OpContainsAny, OpContainsNone:
		return -1
	}
	return 1
}

// TestFault says why a test cannot be a condition.
type TestFault string

// The faults.
const (
	NoSuchFact    TestFault = "fact"      // there is no such fact
	NoSuchOp      TestFault = "op"        // it cannot be asked of this fact
	NoValue       TestFault = "value"     // a value is missing
	NotANumber    TestFault = "number"    // or not a whole one where the fact is
	WrongOrder    TestFault = "order"     // between: the first is above the second
	WrongPattern  TestFault = "pattern"   // not RE2
	NotWritable   TestFault = "text"      // a value that is no text
	NotAmongThese TestFault = "not_among" // a value this fact never has
)

// Fault is why a test cannot be a condition, or "".
func (t Test) Fault() TestFault {
	i, ok := routing.places[t.Fact]
	if !ok {
		return NoSuchFact
	}
	f := builderFact(i)
	if !slices.Contains(f.Kind.Operators(), t.Op) {
		return NoSuchOp
	}
	if (t.Op == OpEmpty || t.Op == OpNotEmpty) && f.Choices != nil && !slices.Contains(f.Choices, "") {
		return NotAmongThese
	}
	takes := t.Op.Takes()
	if takes >= 0 && len(t.Values) != takes || takes < 0 && len(t.Values) == 0 {
		return NoValue
	}
	for _, v := range t.Values {
		if bad := f.fault(t.Op, v); bad != "" {
			return bad
		}
	}
	if t.Op == OpBetween {
		low, _ := parseNumber(t.Values[0])
		high, _ := parseNumber(t.Values[1])
		if low > high {
			return WrongOrder
		}
	}
	return ""
}

// fault is what is wrong with one value.
func (f BuilderFact) fault(op Op, v string) TestFault {
	if v == "" && (op != OpIs && op != OpIsNot || f.Kind != TextFact && f.Kind != WordsFact) {
		return NoValue
	}
	if !utf8.ValidString(v) {
		return NotWritable
	}
	switch f.Kind {
	case WholeFact, NumberFact:
		n, ok := parseNumber(v)
		if !ok || f.Kind == WholeFact && n != float64(int64(n)) {
			return NotANumber
		}
	case TextFact:
		exact := op == OpIs || op == OpIsNot || op == OpOneOf || op == OpNoneOf
		if exact && f.Choices != nil && !slices.Contains(f.Choices, v) {
			return NotAmongThese
		}
	}
	if op == OpPattern || op == OpNoPattern {
		if _, err := regexp.Compile(v); err != nil {
			return WrongPattern
		}
	}
	return ""
}

// mostNumber bounds numbers: up to here each is written without an exponent
// and read back as it was.
const mostNumber = 1e15

func parseNumber(s string) (float64, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", ".") // 0,8 as a Dutch reader writes it
	if strings.ContainsAny(s, "xXpPeE_nN") {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil && n > -mostNumber && n < mostNumber
}

func numberText(n float64) string {
	if n == 0 {
		n = 0 // no minus zero
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// Whole reports whether every test can be a condition.
func (c Conditions) Whole() bool {
	for _, r := range c.Rows {
		if len(r.Of) == 0 && r.Fault() != "" {
			return false
		}
		if slices.ContainsFunc(r.Of, func(t Test) bool { return t.Fault() != "" }) {
			return false
		}
	}
	return true
}

// Normal is the one way to write the same condition that ParseConditions
// gives: no group of one, no "is" of nothing, two bounds of one fact as one.
// What is not Whole stays as it is.
func (c Conditions) Normal() Conditions {
	if !c.Whole() {
		return c
	}
	var rows []ConditionRow
	for _, r := range c.Rows {
		if len(r.Of) == 0 {
			rows = append(rows, ConditionRow{Test: r.normal()})
			continue
		}
		of := make([]Test, 0, len(r.Of))
		for _, t := range r.Of {
			of = append(of, t.normal())
		}
		if c.Any { // the group is an "and"
			of = bounded(of)
		}
		rows = append(rows, rowOf(of))
	}
	return joined(c.Any, rows)
}

// rowOf is a group, or its one test.
func rowOf(of []Test) ConditionRow {
	if len(of) == 1 {
		return ConditionRow{Test: of[0]}
	}
	return ConditionRow{Of: of}
}

// joined puts normal rows together.
func joined(anyOf bool, rows []ConditionRow) Conditions {
	if len(rows) == 1 && len(rows[0].Of) > 0 {
		flat := make([]ConditionRow, 0, len(rows[0].Of))
		for _, t := range rows[0].Of {
			flat = append(flat, ConditionRow{Test: t})
		}
		return joined(!anyOf, flat)
	}
	if !anyOf {
		rows = boundedRows(rows)
	}
	return Conditions{Any: anyOf && len(rows) > 1, Rows: rows}
}

// boundedRows makes "at least" and "at most" of one fact, side by side in an
// "and", one "between".
func boundedRows(rows []ConditionRow) []ConditionRow {
	var out []ConditionRow
	for _, r := range rows {
		if n := len(out); n > 0 && len(r.Of) == 0 && len(out[n-1].Of) == 0 {
			if both, ok := between(out[n-1].Test, r.Test); ok {
				out[n-1].Test = both
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

func bounded(tests []Test) []Test {
	var out []Test
	for _, t := range tests {
		if n := len(out); n > 0 {
			if both, ok := between(out[n-1], t); ok {
				out[n-1] = both
				continue
			}
		}
		out = append(out, t)
	}
	return out
}

func between(a, b Test) (Test, bool) {
	if a.Fact != b.Fact || a.Op != OpAtLeast || b.Op != OpAtMost {
		return Test{}, false
	}
	both := Test{Fact: a.Fact, Op: OpBetween, Values: []string{a.Values[0], b.Values[0]}}
	return both, both.Fault() == ""
}

// normal is a test in its one form.
func (t Test) normal() Test {
	t.Values = slices.Clone(t.Values)
	switch builderFact(routing.places[t.Fact]).Kind {
	case WholeFact, NumberFact:
		for i, v := range t.Values {
			n, _ := parseNumber(v)
			t.Values[i] = numberText(n)
		}
	case TextFact, WordsFact:
		switch {
		case t.Op == OpIs && t.Values[0] == "":
			return Test{Fact: t.Fact, Op: OpEmpty}
		case t.Op == OpIsNot && t.Values[0] == "":
			return Test{Fact: t.Fact, Op: OpNotEmpty}
		case t.Op == OpPattern || t.Op == OpNoPattern:
			return t.named()
		}
	}
	if len(t.Values) == 0 {
		t.Values = nil
	}
	return t
}
