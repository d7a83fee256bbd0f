package router

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// drawTest makes any test that a form could send and that is whole.
func drawTest(t *rapid.T) Test {
	facts := BuilderFacts()
	f := facts[rapid.IntRange(0, len(facts)-1).Draw(t, "fact")]
	x := Test{Fact: f.Name, Op: rapid.SampledFrom(f.Kind.Operators()).Draw(t, "op")}
	if f.Choices != nil && (x.Op == OpEmpty || x.Op == OpNotEmpty) && !slices.Contains(f.Choices, "") {
		x.Op, x.Values = OpIs, nil
	}
	n := x.Op.Takes()
	if n < 0 {
		n = rapid.IntRange(1, 3).Draw(t, "n")
	}
	for range n {
		x.Values = append(x.Values, drawValue(t, f, x.Op))
	}
	if x.Op == OpBetween {
		low, _ := parseNumber(x.Values[0])
		high, _ := parseNumber(x.Values[1])
		if low > high {
			slices.Reverse(x.Values)
		}
	}
	return x
}

func drawValue(t *rapid.T, f BuilderFact, op Op) string {
	switch {
	case f.Kind == WholeFact:
		return strconv.Itoa(rapid.IntRange(-3, 30).Draw(t, "whole"))
	case f.Kind == NumberFact:
		return rapid.SampledFrom([]string{"0", "1", "0.8", "0,75", "-2.5", "0.1234567"}).Draw(t, "number")
	case op == OpPattern || op == OpNoPattern:
		return rapid.SampledFrom([]string{`(?i)\bkey\b`, `(?i)(a|b)`, `(?i)\b(a|b)\b`, `^"x"\s*$`, `a\.b`, "é+\n", `(?i)()`, `(?i)\b(a\.b|c)\b`}).Draw(t, "pattern")
	case len(f.Choices) > 0:
		c := slices.DeleteFunc(slices.Clone(f.Choices), func(s string) bool { return s == "" })
		return rapid.SampledFrom(c).Draw(t, "choice")
	}
	word := rapid.OneOf(rapid.SampledFrom([]string{"sleutel", "één", "B2.14", `a"b`, `c\d`, "a|b", "x(y)", "//", "é", "room", "email", "nl", "\t", "🙂"}),
		rapid.StringN(1, 6, -1))
	return word.Draw(t, "word")
}

func drawConditions(t *rapid.T) Conditions {
	c := Conditions{Any: rapid.Bool().Draw(t, "any")}
	for range rapid.IntRange(0, 4).Draw(t, "rows") {
		var r ConditionRow
		if rapid.Bool().Draw(t, "group") {
			for range rapid.IntRange(1, 3).Draw(t, "of") {
				r.Of = append(r.Of, drawTest(t))
			}
		} else {
			r.Test = drawTest(t)
		}
		c.Rows = append(c.Rows, r)
	}
	return c
}

func seenFacts(t *rapid.T) balie.Facts {
	word := rapid.SampledFrom([]string{"", "sleutel", "Sleutel nodig", "één", "xéény", "B2.14", "B2x14", `a"b`, "a", "b", "email", "nl", "question", "high", "room"})
	yes := rapid.Bool()
	n := rapid.IntRange(0, 25)
	s := rapid.SampledFrom([]float64{0, 0.1234567, 0.75, 0.8, 1})
	var f balie.Facts
	f.Message = balie.MessageFacts{Channel: word.Draw(t, "channel"), Subject: word.Draw(t, "subject"), Text: word.Draw(t, "text"),
		Language: word.Draw(t, "language"), Attachments: n.Draw(t, "attachments"), Automatic: yes.Draw(t, "automatic")}
	if yes.Draw(t, "fields") {
		f.Message.Fields = map[string]string{word.Draw(t, "field"): "x"}
	}
	f.Sender = balie.SenderFacts{Address: word.Draw(t, "address"), Proven: yes.Draw(t, "proven"), Known: yes.Draw(t, "known")}
	f.Request = balie.RequestFacts{Kind: word.Draw(t, "kind"), Priority: word.Draw(t, "priority"), OpenCases: n.Draw(t, "open")}
	f.Customer.KeyAccount = yes.Draw(t, "key")
	f.Match = balie.MatchFacts{Product: word.Draw(t, "product"), Score: s.Draw(t, "score"), Margin: s.Draw(t, "margin")}
	f.Product = balie.ProductFacts{Group: word.Draw(t, "group"), AnswerMode: rapid.SampledFrom(modes).Draw(t, "mode")}
	if yes.Draw(t, "missing") {
		f.Missing = []string{word.Draw(t, "missing id")}
	}
	f.Now = balie.NowFacts{Open: yes.Draw(t, "open now"), Hour: n.Draw(t, "hour"), Weekday: n.Draw(t, "weekday"), Holiday: word.Draw(t, "holiday")}
	return f
}

// holds is what a person means by a test: the same thing said without CEL.
func (x Test) holds(f *balie.Facts) bool {
	i := routing.places[x.Fact]
	switch v := allFacts[i].get(f).(type) {
	case types.Bool:
		return bool(v) == (x.Op == OpYes)
	case types.Int:
		return x.number(float64(v))
	case types.Double:
		return x.number(float64(v))
	case types.String:
		return x.text(string(v))
	default:
		return x.list(i, f)
	}
}

func (x Test) list(i int, f *balie.Facts) bool {
	names := f.Missing
	if allFacts[i].typ.Kind() == cel.MapKind {
		names = nil
		for k := range f.Message.Fields {
			names = append(names, k)
		}
	}
	switch x.Op {
	case OpEmpty:
		return len(names) == 0
	case OpNotEmpty:
		return len(names) > 0
	}
	return slices.Contains(names, x.Values[0]) == (x.Op == OpHas)
}

func (x Test) number(v float64) bool {
	var n []float64
	for _, s := range x.Values {
		p, _ := parseNumber(s)
		n = append(n, p)
	}
	switch x.Op {
	case OpIs, OpOneOf:
		return slices.Contains(n, v)
	case OpIsNot, OpNoneOf:
		return !slices.Contains(n, v)
	case OpAtLeast:
		return v >= n[0]
	case OpAtMost:
		return v <= n[0]
	case OpMoreThan:
		return v > n[0]
	case OpLessThan:
		return v < n[0]
	}
	return v >= n[0] && v <= n[1]
}

func (x Test) text(v string) bool {
	find := func(before, after string) bool {
		return slices.ContainsFunc(x.Values, func(w string) bool {
			return regexp.MustCompile(before + regexp.QuoteMeta(w) + after).MatchString(v)
		})
	}
	ascii := !slices.ContainsFunc(x.Values, func(w string) bool { return w == "" || !wordByte(w[0]) || !wordByte(w[len(w)-1]) })
	word := func() bool {
		if ascii {
			return find(`(?i)\b`, `\b`)
		}
		return find(`(?i)(?:^|[^\pL\pN_])`, `(?:$|[^\pL\pN_])`)
	}
	switch x.Op {
	case OpIs, OpOneOf:
		return slices.Contains(x.Values, v)
	case OpIsNot, OpNoneOf:
		return !slices.Contains(x.Values, v)
	case OpEmpty:
		return v == ""
	case OpNotEmpty:
		return v != ""
	case OpHasWord:
		return word()
	case OpHasNoWord:
		return !word()
	case OpContainsAny:
		return find("(?i)", "")
	case OpContainsNone:
		return !find("(?i)", "")
	case OpContains:
		return strings.Contains(v, x.Values[0])
	case OpStartsWith:
		return strings.HasPrefix(v, x.Values[0])
	case OpEndsWith:
		return strings.HasSuffix(v, x.Values[0])
	}
	return regexp.MustCompile(x.Values[0]).MatchString(v) == (x.Op == OpPattern)
}

func (c Conditions) holds(f *balie.Facts) bool {
	all := func(tests []Test, anyOf bool) bool {
		for _, x := range tests {
			if x.holds(f) == anyOf {
				return anyOf
			}
		}
		return !anyOf
	}
	for _, r := range c.Rows {
		of, join := r.Of, !c.Any
		if len(of) == 0 {
			of, join = []Test{r.Test}, false
		}
		if all(of, join) == c.Any {
			return c.Any
		}
	}
	return !c.Any || len(c.Rows) == 0
}

// oneRule is a ruleset with one rule that tags, so that matching can be seen.
func oneRule(t interface{ Fatalf(string, ...any) }, when string) *Ruleset {
	body := Marshal(1, "nl", []Rule{{ID: "one", When: when, Then: []balie.Action{{Do: balie.DoTag, Value: "x"}}}})
	rs, err := Compile("rules", body, nil)
	if err != nil {
		t.Fatalf("%s\n%v", when, err)
	}
	return rs
}

// What the builder writes compiles, means what the rows say, and is read back
// as the same rows.
func TestBuilderSaysInCELWhatItsRowsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConditions(t)
		if !c.Whole() {
			t.Skip("a value that cannot be written")
		}
		text := c.CEL()
		back, ok := ParseConditions(text)
		if !ok || fmt.Sprintf("%#v", back) != fmt.Sprintf("%#v", c.Normal()) {
			t.Fatalf("%s\ngot  %v %#v\nwant %#v", text, ok, back, c.Normal())
		}
		if again := back.CEL(); again != text {
			t.Fatalf("written twice, it differs:\n%s\n%s", text, again)
		}
		rs := oneRule(t, text)
		for range 4 {
			f := seenFacts(t)
			if got, want := len(rs.Decide(f, nil, 0).Matched) == 1, c.holds(&f); got != want {
				t.Fatalf("%s\non %+v\ngot %v, the rows say %v", text, f, got, want)
			}
		}
	})
}

// Whatever text the builder can read means the same after it wrote it.
func TestBuilderKeepsTheMeaningOfWhatItReads(t *testing.T) {
	for _, text := range []string{
		`true`, `message.automatic`, `!message.automatic`, `message.automatic == false`, `false != sender.proven`,
		`message.channel == "email" && message.language != 'nl'`,
		`0.8 <= match.score && match.score <= 1 && now.hour > 8`,
		`now.hour >= 9 && now.hour <= 17`,
		`(now.hour >= 9 && now.hour <= 17) || now.open`,
		`now.open && (now.hour < 9 || now.hour >= 18 && now.hour <= 20)`,
		`size(missing) > 0 && missing.size() < 1 || "room" in missing`,
		`!("room" in missing) && has(message.fields.room)`,
		`request.kind == "complaint" && (customer.key_account || request.priority in ["high", "urgent"])`,
		`message.text.matches("(?i)\\b(sleutel|badge)\\b") || message.subject.startsWith("RE:")`,
		`now.weekday in [6, 7] && !(request.priority in ["low"])`,
	} {
		c, ok := ParseConditions(text)
		if !ok {
			t.Errorf("not read: %s", text)
			continue
		}
		before, after := oneRule(t, text), oneRule(t, c.CEL())
		rapid.Check(t, func(t *rapid.T) {
			f := seenFacts(t)
			if a, b := before.Decide(f, nil, 0).Matched, after.Decide(f, nil, 0).Matched; !slices.Equal(a, b) {
				t.Fatalf("%s\n%s\n%v %v on %+v", text, c.CEL(), a, b, f)
			}
		})
	}
}

// What rows cannot say is left to the text, whole.
func TestBuilderLeavesAloneWhatItCannotSay(t *testing.T) {
	for _, text := range []string{
		`message.automatic // machines`, `false`, `!(message.automatic && now.open)`,
		`message.automatic && (now.open || now.hour > 3 && sender.known)`,
		`message.text.contains(message.subject)`, `size(missing) > 1`, `message.fields.room == "x"`,
		`message.subject < "b"`, `missing.all(m, m == "room")`, `now.hour + 1 > 3`, `now.hour >= 8.5`, `match.score > 1e300`,
		`message.channel in ["", "email"]`, `request.kind == "nonsense"`, `not even CEL`, ``, `message.text`,
	} {
		if c, ok := ParseConditions(text); ok {
			t.Errorf("%s was read as %+v", text, c)
		}
	}
	if _, ok := ParseConditions(`message.subject == "http://x"`); !ok {
		t.Error("slashes within a text are no remark")
	}
}

func TestBuilderSaysWhatIsWrongWithATest(t *testing.T) {
	for _, c := range []struct {
		x    Test
		want TestFault
	}{
		{Test{Fact: "message.mood", Op: OpIs, Values: []string{"x"}}, NoSuchFact},
		{Test{Fact: "now.open", Op: OpIs, Values: []string{"x"}}, NoSuchOp},
		{Test{Fact: "message.text", Op: OpHasWord}, NoValue},
		{Test{Fact: "message.text", Op: OpHasWord, Values: []string{""}}, NoValue},
		{Test{Fact: "now.hour", Op: OpAtLeast, Values: []string{"8.5"}}, NotANumber},
		{Test{Fact: "now.hour", Op: OpAtLeast, Values: []string{"acht"}}, NotANumber},
		{Test{Fact: "match.score", Op: OpBetween, Values: []string{"0,9", "0,8"}}, WrongOrder},
		{Test{Fact: "message.text", Op: OpPattern, Values: []string{"("}}, WrongPattern},
		{Test{Fact: "request.kind", Op: OpIs, Values: []string{"nonsense"}}, NotAmongThese},
		{Test{Fact: "sender.domain", Op: OpIs, Values: []string{"\xff"}}, NotWritable},
		{Test{Fact: "match.score", Op: OpAtLeast, Values: []string{"0,8"}}, ""},
	} {
		if got := c.x.Fault(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.x, got, c.want)
		}
	}
}

// FuzzBuilder: builder → CEL → builder loses nothing, whatever the bytes say.
func FuzzBuilder(f *testing.F) {
	for _, seed := range []string{"", "message.text.matches(r\"(?i)\\b(a|b)\\b\")", "now.hour >= 1 && now.hour <= 5 || now.open",
		"message.channel == \"email\" && (sender.known || !sender.proven)", "size(missing) > 0", "!(message.auto in [\"bulk\"])"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := ParseConditions(text)
		if !ok {
			return
		}
		written := c.CEL()
		back, ok := ParseConditions(written)
		if !ok || fmt.Sprintf("%#v", back) != fmt.Sprintf("%#v", c) || back.CEL() != written {
			t.Fatalf("%q\nwritten %q\nread %#v\nback %v %#v", text, written, c, ok, back)
		}
	})
}

// The rules a desk begins with are mostly ones that a form can show.
func TestBuilderReadsMostSampleRules(t *testing.T) {
	rs, err := Compile("sample", Sample(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, r := range rs.Rules() {
		if _, ok := ParseConditions(r.When); !ok {
			text = append(text, r.ID)
		}
	}
	if len(text)*3 > len(rs.Rules()) {
		t.Errorf("%d of %d can only be edited as text: %v", len(text), len(rs.Rules()), text)
	}
}
