package router

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

func TestBacktestSaysWhatChanges(t *testing.T) {
	old := mustCompile(t, `
rules:
- {id: known, when: sender.known, then: {hand_out: {owner: true}}}
- {id: gone, when: now.open, then: {tag: x}}
- {id: desk, when: "true", then: {to_desk: {}}}
`)
	draft := mustCompile(t, `
rules:
- {id: first, when: match.score > 0.9, then: {answer: {}}}
- {id: known, when: sender.known, then: {hand_out: {owner: true}}}
- {id: broken, when: 'message.fields["x"] == "1"', then: {tag: y}}
- {id: desk, when: "true", then: {to_desk: {reason: "other words"}}}
`)
	var past []Past
	for i := range 300 {
		f := sure()
		f.Now.Open = false
		f.Sender.Known = i%3 == 0
		if i%2 == 0 {
			f.Match.Score = 0.5
		}
		past = append(past, Past{Ref: fmt.Sprint(i), Subject: "vraag", Decision: old.Decide(f, nil, 1)})
	}
	r := Backtest(draft, slices.Values(past))
	if r.Total != 300 || r.Changed != 150 || len(r.Rows) != backtestRows {
		t.Errorf("total %d, changed %d, rows %d", r.Total, r.Changed, len(r.Rows))
	}
	want := []Count{{"to the desk", "answer sleutel", 100}, {"hand out to beveiliging", "answer sleutel", 50}}
	if !slices.Equal(r.Counts, want) {
		t.Errorf("counts %+v, want %+v", r.Counts, want)
	}
	row := r.Rows[0]
	if row.Ref != "1" || row.Before != "desk" || row.After != "first" || !strings.Contains(row.Reason, "match.score 0.97 > 0.9") {
		t.Errorf("row %+v", row)
	}
	if !slices.Equal(r.Silent, []string{"broken"}) || len(r.Never) != 0 || r.Failed["broken"] != 100 || r.Hits["known"] != 50 {
		t.Errorf("silent %v, never %v, failed %v, hits %v", r.Silent, r.Never, r.Failed, r.Hits)
	}
	wide := mustCompile(t, "rules:\n- {id: all, when: 'true', then: {to_desk: {}}}\n- {id: known, when: sender.known, then: {hand_out: {owner: true}}}")
	if r := Backtest(wide, slices.Values(past)); !slices.Equal(r.Never, []string{"known"}) {
		t.Errorf("a rule that never matches any more is not told: %v", r.Never)
	}
	if r := Backtest(old, slices.Values(past)); r.Changed != 0 {
		t.Errorf("the same rules change %d decisions: %+v", r.Changed, r.Rows[0])
	}
}

func TestDiffNamesEachChange(t *testing.T) {
	a := mustCompile(t, `
rules:
- {id: a, when: sender.known, then: {tag: x}}
- {id: b, when: now.open, then: {tag: y}}
- {id: c, when: "true", then: {to_desk: {}}}
- {id: d, when: "true", then: {tag: z}}
- {id: e, name: {en: Old}, when: "true", then: {tag: e}, examples: {must: [x]}}
`)
	b := mustCompile(t, `
rules:
- {id: new, when: sender.failed, then: {to_desk: {}}}
- {id: d, when: "true", then: {tag: z}}
- {id: a, when: sender.known && now.open, then: {tag: x}}

- {id: c, when: "true", then: {to_desk: {reason: why}}, disabled: true}
- {id: e, name: {en: New}, when: "true", then: {tag: e}, examples: {must: [x, y]}}
`)
	var got []string
	for _, d := range Diff(a, b) {
		got = append(got, strings.Join([]string{d.Rule, string(d.Change), d.Part, d.Before, d.After}, "|"))
	}
	want := []string{
		"b|removed||now.open|",
		"new|added||sender.failed",
		"d|moved||4|2",
		"a|changed|when|sender.known|sender.known && now.open",
		"c|changed|then|{to_desk: {}}|{to_desk: {reason: why}}",
		"c|changed|disabled|false|true",
		"e|changed|name|Old|New",
		"e|changed|examples||",
	}
	want[1] = "new|added|||sender.failed"
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if d := Diff(a, a); len(d) != 0 {
		t.Errorf("a ruleset differs from itself: %+v", d)
	}
}

func TestDiffMovesAsFewAsPossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "rules")
		order := rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range n {
				if !yield(i) {
					return
				}
			}
		})).Draw(t, "order")
		a, b := &Ruleset{}, &Ruleset{}
		for i := range n {
			a.rules = append(a.rules, &rule{Rule: Rule{ID: fmt.Sprint(i)}})
			b.rules = append(b.rules, &rule{Rule: Rule{ID: fmt.Sprint(order[i])}})
		}
		best := 0
		for set := range 1 << n { // the longest part that keeps its order, by trying all
			last, size, ok := -1, 0, true
			for i, v := range order {
				if set>>i&1 == 1 {
					ok = ok && v > last
					last = v
					size++
				}
			}
			if ok {
				best = max(best, size)
			}
		}
		if got := len(inOrder(a, b)); got != best {
			t.Fatalf("order %v: %d stay, %d could", order, got, best)
		}
	})
}

func TestExportLosesNothing(t *testing.T) {
	rs := mustCompile(t, string(Sample()))
	if !bytes.Equal(rs.Export(), Sample()) || !bytes.Equal(rs.Source(), Sample()) {
		t.Error("an unchanged ruleset is exported otherwise")
	}
	rs.Version = 41
	out := rs.Export()
	if !bytes.Contains(out, []byte("\nversion: 41\n")) || !bytes.Contains(out, []byte("# People first.")) {
		t.Errorf("the version or the comments are lost:\n%s", out[:800])
	}
	if again := mustCompile(t, string(out)); again.Version != 41 || len(Diff(rs, again)) != 0 {
		t.Error("an export compiles to something else")
	}
	made := Marshal(rs.Version, rs.Language, rs.Rules())
	again := mustCompile(t, string(made))
	if d := Diff(rs, again); len(d) != 0 || again.Version != 41 || again.Language != "nl" {
		t.Errorf("Marshal changes the rules: %+v\n%s", d, made)
	}
	rich := mustCompile(t, `
version: 2
rules:
- id: a
  name: "Just a name: here"
  disabled: true
  when: |
    message.text.contains("a: 'b' \"c\" # d")
      || sender.known
  then: {tag: ["yes", "1", "a b"], alert: [lead, techniek], priority: urgent, ask: {fields: [room, "null"], reason: "what: where"}}
  examples: {must: ["yes", "- x", {text: "", with: {missing: [room], message.fields: {room: B2}, match.score: 0.5}}], must_not: ["{a}"]}
- {id: b, when: "true", then: {hand_out: {account_manager: true, reason: r}}}
- {id: c, when: "true", then: {offer: {}}}
`)
	made = Marshal(2, "", rich.Rules())
	if again := mustCompile(t, string(made)); len(Diff(rich, again)) != 0 || !reflect.DeepEqual(rulesWithoutLines(rich), rulesWithoutLines(again)) {
		t.Errorf("Marshal changes the rules: %+v\n%s", Diff(rich, again), made)
	}
}

func rulesWithoutLines(rs *Ruleset) []Rule {
	out := rs.Rules()
	for i := range out {
		out[i].Line = 0
		out[i].Examples = unplaced(out[i].Examples)
	}
	return out
}

func TestCheckSaysWhatHappenedInstead(t *testing.T) {
	rs := mustCompile(t, `
language: nl
rules:
- {id: early, when: message.text.contains("sleutel"), then: {to_desk: {}}}
- id: late
  when: message.text.contains("sleutel") && match.score > 0.5
  then: {answer: {}}
  examples:
    must:
    - {text: een sleutel, with: {match.score: 0.9}}
    - een slot
    must_not: [een sleutel]
- {id: wide, when: message.language == "nl", then: {tag: nl}, examples: {must_not: [iets]}}
`)
	var got []string
	facts := asked("", "")
	facts.Message.Fields = map[string]string{"room": "B2"}
	for _, f := range rs.Check(func(question, language string) balie.Facts {
		facts.Message.Text, facts.Message.Language = question, language
		return facts
	}) {
		got = append(got, fmt.Sprintf("%s:%d %q %s; %s", f.Rule, f.Line, f.Example, f.Problem, f.Fix))
	}
	want := []string{
		`late:10 "een sleutel" the rule does not match; instead to the desk by rule "early"; rule "early" comes first: move this rule up or narrow that one`,
		`late:11 "een slot" the rule does not match; instead to the desk by no rule; not true: message.text.contains("sleutel") (message.text is "een slot"); match.score > 0.5 (match.score is 0)`,
		`wide:13 "iets" the rule matches, and must not: rule "wide": message.language is "nl"; narrow the condition`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestExampleFactsLeaveTheOthersAlone(t *testing.T) {
	f := balie.Facts{Message: balie.MessageFacts{Text: "x", Fields: map[string]string{"a": "1"}}, Missing: []string{"room"}}
	g, err := overlay(f, map[string]any{"message.fields": map[string]any{"b": "2"}, "missing": []any{"floor"}, "match.score": 1})
	if err != nil || g.Message.Text != "x" || g.Match.Score != 1 || g.Missing[0] != "floor" || g.Message.Fields["b"] != "2" {
		t.Errorf("%+v, %v", g, err)
	}
	if f.Missing[0] != "room" || !maps.Equal(f.Message.Fields, map[string]string{"a": "1"}) {
		t.Errorf("the given facts were changed: %+v", f)
	}
}

func TestLiteralsOfPatterns(t *testing.T) {
	for pattern, want := range map[string][]string{
		`(?i)\b(brand|rook|brandlucht)\b`: {"brand", "rook", "brandlucht"},
		`(?i)KEY`:                         {"key"},
		`a+b`:                             nil,
		`abc|.*`:                          nil,
		`abc.*defgh`:                      {"defgh"},
		`ab?cd`:                           {"abcd", "acd"},
		`x(yes|no)?z(foo|bar)`:            {"xyeszfoo", "xyeszbar", "xnozfoo", "xnozbar", "xzfoo", "xzbar"},
		`[ab]cd`:                          {"acd", "bcd"},
		`(factuur)+`:                      {"factuur"},
		`(factuur)*`:                      nil,
		`[^a]`:                            nil,
		`(`:                               nil,
	} {
		got := literalsOf(pattern)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
	}
}

// A text that matches holds one of the literals.
func TestLiteralsAreNeverMissed(t *testing.T) {
	part := rapid.SampledFrom([]string{"ab", "b", "K", "s", "(ab|c)", "(?i:kS)", "[ab]", "[a-d]", "a?", "(bc)+", "b*", ".", `\b`, "^", "é", "(a|)", "(?:ab|abc|abd)", "a{2,3}", "(?i)k"})
	letter := rapid.SampledFrom([]string{"a", "b", "c", "d", "k", "K", "\u212A", "s", "ſ", "S", "é", "É", "\xff", " "})
	rapid.Check(t, func(t *rapid.T) {
		pattern := strings.Join(rapid.SliceOfN(part, 1, 6).Draw(t, "pattern"), "")
		if rapid.Bool().Draw(t, "or") {
			pattern += "|" + strings.Join(rapid.SliceOfN(part, 1, 3).Draw(t, "other"), "")
		}
		text := strings.Join(rapid.SliceOfN(letter, 0, 20).Draw(t, "text"), "")
		set := literalsOf(pattern)
		if set == nil || !regexp.MustCompile(pattern).MatchString(text) {
			return
		}
		w := newWords()
		for _, s := range set {
			w.id(s)
		}
		if found := w.build().find(text); found[0] == 0 {
			t.Fatalf("%q matches %q, but none of %q was found", text, pattern, set)
		}
	})
}

func TestScannerFindsWhatIsThere(t *testing.T) {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("abé")), 1, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(word, 1, 12, rapid.ID[string]).Draw(t, "words")
		text := rapid.StringOfN(rapid.SampledFrom([]rune("abéc")), 0, 30, -1).Draw(t, "text")
		w := newWords()
		for _, s := range list {
			w.id(fold(s))
		}
		found := w.build().find(text)
		for i, s := range list {
			if got, want := found[0]>>i&1 == 1, strings.Contains(fold(text), fold(s)); got != want {
				t.Fatalf("%q in %q: found %v, want %v", s, text, got, want)
			}
		}
	})
}

// Whatever the file: no panic, each problem a place and an InvalidError; what
// compiles decides, explains and survives an export.
func FuzzCompile(f *testing.F) {
	f.Add(string(Sample()))
	f.Add(mixed)
	f.Add("rules:\n- {id: a, when: 'true', then: {to_desk: {}}}")
	f.Add("rules:\n- id: a\n  when: >-\n    message.automatic\n    && x\n  then: {ask: {fields: [a]}}")
	f.Add("rules: [{id: a, when: \"missing.all(a, a == '\\x41')\", then: {tag: [a, b]}}]")
	f.Fuzz(func(t *testing.T, body string) {
		rs, err := Compile("rules.yaml", []byte(body), linde)
		if err != nil {
			if _, ok := errors.AsType[*balie.InvalidError](err); !ok {
				t.Errorf("%v is no InvalidError", err)
			}
			return
		}
		d := rs.Decide(sure(), nil, 1)
		if d.Reason == "" || len(d.Do) == 0 {
			t.Errorf("decision %+v", d)
		}
		rs.Trace(sure())
		rs.Warnings()
		again, err := Compile("rules.yaml", Marshal(rs.Version, rs.Language, rs.Rules()), linde)
		if err != nil {
			t.Fatalf("%v\nexported from\n%s\nas\n%s", err, body, Marshal(rs.Version, rs.Language, rs.Rules()))
		}
		if diff := Diff(rs, again); len(diff) > 0 {
			t.Errorf("an export changes the rules: %+v", diff)
		}
	})
}
