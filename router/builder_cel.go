package router

import (
	"regexp"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/operators"
)

// CEL is the condition as text: it compiles, and ParseConditions reads it back
// as Normal. Conditions that are not Whole have none: "".
func (c Conditions) CEL() string {
	if !c.Whole() {
		return ""
	}
	c = c.Normal()
	if len(c.Rows) == 0 {
		return "true"
	}
	outer, inner := "\n&& ", "\n  || "
	if c.Any {
		outer, inner = "\n|| ", " && "
	}
	parts := make([]string, 0, len(c.Rows))
	for _, r := range c.Rows {
		if len(r.Of) == 0 {
			parts = append(parts, r.cel(c.Any))
			continue
		}
		of := make([]string, 0, len(r.Of))
		for _, t := range r.Of {
			of = append(of, t.cel(!c.Any))
		}
		parts = append(parts, "("+strings.Join(of, inner)+")")
	}
	return strings.Join(parts, outer)
}

// signs of comparing a number.
var numberSigns = map[Op]string{OpIs: operators.Equals, OpIsNot: operators.NotEquals, OpAtLeast: operators.GreaterEquals,
	OpAtMost: operators.LessEquals, OpMoreThan: operators.Greater, OpLessThan: operators.Less}

// cel is a test as text; within an "or", two bounds stand in brackets.
func (t Test) cel(withinOr bool) string {
	f := builderFact(routing.places[t.Fact])
	switch f.Kind {
	case YesNoFact:
		if t.Op == OpNo {
			return "!" + t.Fact
		}
		return t.Fact
	case WholeFact, NumberFact:
		return f.numberCEL(t, withinOr)
	case ListFact, FieldsFact:
		switch t.Op {
		case OpEmpty:
			return "size(" + t.Fact + ") == 0"
		case OpNotEmpty:
			return "size(" + t.Fact + ") > 0"
		case OpHasNot:
			return "!(" + strconv.Quote(t.Values[0]) + " in " + t.Fact + ")"
		}
		return strconv.Quote(t.Values[0]) + " in " + t.Fact
	}
	return t.textCEL()
}

func (f BuilderFact) numberCEL(t Test, withinOr bool) string {
	numbers := make([]string, 0, len(t.Values))
	for _, v := range t.Values {
		if f.Kind == NumberFact && !strings.Contains(v, ".") {
			v += ".0"
		}
		numbers = append(numbers, v)
	}
	switch t.Op {
	case OpOneOf:
		return t.Fact + " in [" + strings.Join(numbers, ", ") + "]"
	case OpNoneOf:
		return "!(" + t.Fact + " in [" + strings.Join(numbers, ", ") + "])"
	case OpBetween:
		both := t.Fact + " >= " + numbers[0] + " && " + t.Fact + " <= " + numbers[1]
		if withinOr {
			return "(" + both + ")"
		}
		return both
	}
	return t.Fact + " " + strings.Trim(numberSigns[t.Op], "_") + " " + numbers[0]
}

func (t Test) textCEL() string {
	switch t.Op {
	case OpIs:
		return t.Fact + " == " + strconv.Quote(t.Values[0])
	case OpIsNot:
		return t.Fact + " != " + strconv.Quote(t.Values[0])
	case OpEmpty:
		return t.Fact + ` == ""`
	case OpNotEmpty:
		return t.Fact + ` != ""`
	case OpOneOf:
		return t.Fact + " in " + quotedList(t.Values)
	case OpNoneOf:
		return "!(" + t.Fact + " in " + quotedList(t.Values) + ")"
	case OpContains:
		return t.Fact + ".contains(" + strconv.Quote(t.Values[0]) + ")"
	case OpStartsWith:
		return t.Fact + ".startsWith(" + strconv.Quote(t.Values[0]) + ")"
	case OpEndsWith:
		return t.Fact + ".endsWith(" + strconv.Quote(t.Values[0]) + ")"
	}
	not := ""
	if t.Op == OpNoPattern || t.Op == OpHasNoWord || t.Op == OpContainsNone {
		not = "!"
	}
	return not + t.Fact + ".matches(" + patternText(t.pattern()) + ")"
}

func quotedList(values []string) string {
	quoted := make([]string, 0, len(values))
	for _, v := range values {
		quoted = append(quoted, strconv.Quote(v))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// patternText is a pattern as people write it: raw where that is possible.
func patternText(p string) string {
	if strings.ContainsFunc(p, func(r rune) bool { return r == '"' || r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' }) {
		return strconv.Quote(p)
	}
	return `r"` + p + `"`
}

// What stands around the words of has_word. \b knows only ASCII: words with
// other letters at their ends need more.
const (
	plainBefore, plainAfter = `(?i)\b(`, `)\b`
	otherBefore, otherAfter = `(?i)(^|[^\pL\pN_])(`, `)([^\pL\pN_]|$)`
	anyBefore, anyAfter     = `(?i)(`, `)`
)

// pattern is the regular expression of a test that has one.
func (t Test) pattern() string {
	switch t.Op {
	case OpPattern, OpNoPattern:
		return t.Values[0]
	}
	quoted := make([]string, 0, len(t.Values))
	plain := true
	for _, v := range t.Values {
		quoted = append(quoted, regexp.QuoteMeta(v))
		plain = plain && wordByte(v[0]) && wordByte(v[len(v)-1])
	}
	all := strings.Join(quoted, "|")
	switch {
	case t.Op == OpContainsAny || t.Op == OpContainsNone:
		return anyBefore + all + anyAfter
	case plain:
		return plainBefore + all + plainAfter
	}
	return otherBefore + all + otherAfter
}

func wordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// named is a test on a pattern as the operator that writes the same pattern,
// where there is one.
func (t Test) named() Test {
	word, holds := OpHasWord, OpContainsAny
	if t.Op == OpNoPattern {
		word, holds = OpHasNoWord, OpContainsNone
	}
	for _, way := range []struct {
		op            Op
		before, after string
	}{{word, plainBefore, plainAfter}, {word, otherBefore, otherAfter}, {holds, anyBefore, anyAfter}} {
		inner, ok := strings.CutPrefix(t.Values[0], way.before)
		if !ok {
			continue
		}
		if inner, ok = strings.CutSuffix(inner, way.after); !ok {
			continue
		}
		like := Test{Fact: t.Fact, Op: way.op, Values: alternatives(inner)}
		if like.Fault() == "" && like.pattern() == t.Values[0] {
			return like
		}
	}
	return t
}

// alternatives are the literals of a|b|c; what they are not, pattern notices.
func alternatives(s string) []string {
	var out []string
	var b strings.Builder
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			b.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '|':
			out = append(out, b.String())
			b.Reset()
		default:
			b.WriteRune(r)
		}
	}
	return append(out, b.String())
}
