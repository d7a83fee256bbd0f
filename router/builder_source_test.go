package router

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

const commented3 = `# the desk's rules
version: 7   # the third attempt
language: nl
rules:

# keys first
- id: keys
  name: {nl: Sleutels, en: Keys}   # by the caretaker
  # words of the caretaker
  when: |
    message.text.matches(r"(?i)\b(sleutel)\b")

    && !message.automatic
  then: {tag: keys, hand_out: {team: techniek}}
  examples:
    must:
    - "Mijn sleutel is kwijt"  # heard twice

# then printers

- id: printers
  when: "message.text.contains('printer')"
  # they know
  then: {hand_out: {team: techniek}}
- id: desk
  when: "true"
  then: {to_desk: {}}

# the end
`

func rulesOf(t interface{ Fatal(...any) }, body []byte) []Rule {
	rs, err := Compile("rules", body, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rs.Rules()
}

// An edit of one rule leaves every byte of the others, and every remark.
func TestEditingOneRuleLeavesTheRestByteForByte(t *testing.T) {
	rules := rulesOf(t, []byte(commented3))
	printers := rules[1]
	printers.When = "message.text.contains(\"print\")\n&& now.open"
	printers.Names = map[string]string{"nl": "Printers: alles", "en": "Printers"}
	printers.Disabled = true
	out, err := WithRule([]byte(commented3), printers)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(commented3, `- id: printers
  when: "message.text.contains('printer')"
`, `- id: printers
  name: {nl: "Printers: alles", en: Printers}
  when: |
    message.text.contains("print")
    && now.open
  disabled: true
`, 1)
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	printers.Disabled = false
	if out, err = WithRule(out, printers); err != nil || strings.Contains(string(out), "disabled") {
		t.Errorf("%v\n%s", err, out)
	}
	for name, change := range map[string]func(body []byte) ([]byte, error){
		"nothing": func(b []byte) ([]byte, error) { return WithRule(b, rules[0]) },
		"moved and back": func(b []byte) ([]byte, error) {
			b, err := WithRuleAt(b, "keys", 2)
			if err != nil {
				return nil, err
			}
			return WithRuleAt(b, "keys", 0)
		},
		"added and removed": func(b []byte) ([]byte, error) {
			b, err := WithNewRule(b, Rule{ID: "new", When: "now.open", Then: rules[2].Then}, 1)
			if err != nil {
				return nil, err
			}
			return WithoutRule(b, "new")
		},
	} {
		if out, err := change([]byte(commented3)); err != nil || string(out) != commented3 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestMovingAndRemovingTakeTheRemarksAlong(t *testing.T) {
	out, err := WithRuleAt([]byte(commented3), "printers", 0)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(out); strings.Index(s, "# then printers") > strings.Index(s, "# keys first") || !strings.HasSuffix(s, "\n\n# the end\n") {
		t.Errorf("%s", out)
	}
	if out, err = WithoutRule([]byte(commented3), "keys"); err != nil || strings.Contains(string(out), "caretaker") || !strings.Contains(string(out), "# the end") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := WithoutRule([]byte("rules: [{id: a, when: \"true\", then: {to_desk: {}}}]"), "a"); err == nil {
		t.Error("a ruleset without rules was made")
	}
}

func TestARuleThatCannotWorkIsRefusedWithPlaceAndMend(t *testing.T) {
	r := rulesOf(t, []byte(commented3))[1]
	r.When = "mesage.text.contains('x')"
	_, err := WithRule([]byte(commented3), r)
	if err == nil || !strings.Contains(err.Error(), "rule printers.when") || !strings.Contains(err.Error(), "message.text") {
		t.Errorf("%v", err)
	}
}

// However a file is laid out, an edit gives the rules that were asked for and
// keeps the other rules' own text where they have lines of their own.
func TestEditsGiveTheRulesAskedFor(t *testing.T) {
	layouts := []string{commented3, strings.ReplaceAll(commented3, "\n", "\r\n"), string(Sample()),
		"rules: [{id: a, when: \"true\", then: {tag: x}}, {id: b, when: now.open, then: {to_desk: {}}}]",
		"rules:\n  -\n    id: a\n    when: 'true'\n    then: {tag: x}\n  - {id: b, when: now.open, then: {to_desk: {}}}\nlanguage: en\n",
		"rules:\n- when: now.open\n  then: {tag: x}\n  id: a",
	}
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(rapid.SampledFrom(layouts).Draw(t, "layout"))
		for range rapid.IntRange(1, 5).Draw(t, "edits") {
			want := rulesOf(t, body)
			i := rapid.IntRange(0, len(want)-1).Draw(t, "rule")
			at := rapid.IntRange(0, len(want)-1).Draw(t, "at")
			var err error
			switch rapid.SampledFrom([]string{"edit", "move", "add", "remove"}).Draw(t, "what") {
			case "edit":
				want[i] = drawEdit(t, want[i])
				body, err = WithRule(body, want[i])
			case "move":
				r := want[i]
				want = slices.Insert(slices.Delete(want, i, i+1), at, r)
				body, err = WithRuleAt(body, r.ID, at)
			case "add":
				r := drawEdit(t, Rule{ID: fmt.Sprintf("new-%d", len(want)), When: "true", Then: []balie.Action{{Do: balie.DoTag, Value: "x"}}})
				if indexOf(want, r.ID) >= 0 {
					continue
				}
				want = slices.Insert(want, at, r)
				body, err = WithNewRule(body, r, at)
			case "remove":
				if len(want) == 1 {
					continue
				}
				id := want[i].ID
				want = slices.Delete(want, i, i+1)
				body, err = WithoutRule(body, id)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := rulesOf(t, body); !slices.EqualFunc(got, want, SameRule) {
				t.Fatalf("got %+v\nwant %+v\n%s", got, want, body)
			}
		}
	})
}

func drawEdit(t *rapid.T, r Rule) Rule {
	word := rapid.OneOf(rapid.SampledFrom([]string{"a: b", "{x}", "# no remark", `"`, "'", "é", "true", "1.0", "- x", "a\nb", " ", "x #y", "|"}), rapid.StringN(1, 8, -1))
	if rapid.Bool().Draw(t, "name") {
		r.Names = map[string]string{"nl": word.Draw(t, "nl"), "en": word.Draw(t, "en")}
	}
	if rapid.Bool().Draw(t, "when") {
		r.When = rapid.SampledFrom([]string{"true", "now.open", "message.text == \"# x\"\n&& now.open", "now.hour > 3\n\n  // night\n  && now.open",
			`message.subject == 'a: b'`, `!now.open`, `message.text.matches(r"\bx\b")`}).Draw(t, "condition")
	}
	r.Disabled = rapid.Bool().Draw(t, "off")
	if rapid.Bool().Draw(t, "examples") {
		r.Examples = Examples{Must: []Example{{Text: word.Draw(t, "must")},
			{Text: word.Draw(t, "must too"), Language: "en", With: map[string]any{"now.open": false, "match.score": 0.9, "message.subject": word.Draw(t, "with"), "missing": []string{"room"}}}}}
	}
	return r
}

func TestFactsOfAnExampleReadAsWritten(t *testing.T) {
	const text = `match.score: 0.9, message.subject: "BRAND!!", missing: [room, holder], now.open: false, product.id: sleutel`
	with, err := ParseFacts(text)
	if err != nil || FactsText(with) != text {
		t.Errorf("%v %v: %s", err, with, FactsText(with))
	}
	if _, err := ParseFacts("a: {"); err == nil {
		t.Error("read")
	}
}
