package report_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/report"
	"github.com/balie/balie/router"
)

const madeUpRules = `version: 1
rules:
- id: safety
  name: {nl: Spoed, en: Urgent}
  when: message.text.contains("fire")
  then: {priority: urgent, hand_out: {team: techniek}}
- id: newsletters
  name: {nl: Nieuwsbrieven, en: Newsletters}
  when: message.auto == "bulk"
  then: {discard: {reason: bulk}}
- id: tagged
  when: match.two
  then: {tag: two}
- id: phone
  name: {nl: Gebeld, en: Phoned}
  when: message.channel == "phone"
  then: {to_desk: {}}
- id: old
  when: message.channel == "phone" && match.two
  disabled: true
  then: {to_desk: {}}
- id: answer
  name: {nl: Antwoord, en: Answer}
  when: match.score > 0.9
  then: {answer: {}}
- id: incomplete
  when: size(missing) > 0
  then: {ask: {fields: missing}}
- id: owner
  name: {nl: Eigenaar, en: Owner}
  when: match.score > 0.8
  then: {hand_out: {owner: true}}
- id: unsure
  name: {nl: Te onzeker, en: Unsure}
  when: match.score > 0.1
  then: {to_desk: {}}
`

func madeUpDesign(t testing.TB) report.Design {
	t.Helper()
	rs, err := router.Compile("rules.yaml", []byte(madeUpRules), nil)
	if err != nil {
		t.Fatal(err)
	}
	rs.Version = 1
	c := &catalogue.Catalogue{Products: []balie.Product{{ID: "climate", Owner: "techniek"}, {ID: "lunch", Owner: "catering"}},
		Teams: []balie.Team{{ID: "techniek"}, {ID: "catering"}, {ID: "post"}, {ID: "accountmanagement", Kind: balie.Account}}}
	return report.Designed(rs, c)
}

// many adds the same request n times.
func many(s *report.FlowSum, n int, f report.Fact) {
	for range n {
		s.Add(f)
	}
}

func about(product string) func(*report.Fact) { return func(f *report.Fact) { f.Product = product } }

func spam(f *report.Fact) { f.Outcome, f.Solved = balie.Spam, time.Time{} }

// history is a month in which everything went as the rules mean it.
func history() *report.FlowSum {
	s := &report.FlowSum{}
	many(s, 2, fact("email", report.ToBackoffice, "safety", went("team:techniek@safety", "answered")))
	many(s, 9, fact("email", report.Discarded, "newsletters", went("closed:spam"), spam))
	many(s, 100, fact("phone", report.ToDesk, "phone", went("desk", "answered")))
	many(s, 100, fact("email", report.FromCatalogue, "answer", went("answered")))
	many(s, 40, fact("email", report.AskedFirst, "incomplete", went("customer", "team:catering@owner", "answered"), func(f *report.Fact) {
		f.Rulings = append(f.Rulings, report.Ruling{Rule: "owner", Ruleset: 1})
	}))
	many(s, 60, fact("form", report.ToBackoffice, "owner", went("team:techniek@owner", "answered")))
	many(s, 50, fact("email", report.ToDesk, "unsure", went("desk", "answered")))
	return s
}

func without(rule string) *report.FlowSum {
	s := &report.FlowSum{}
	many(s, 2, fact("email", report.ToBackoffice, "safety", went("team:techniek@safety", "answered")))
	if rule != "newsletters" {
		many(s, 9, fact("email", report.Discarded, "newsletters", went("closed:spam"), spam))
	}
	many(s, 100, fact("phone", report.ToDesk, "phone", went("desk", "answered")))
	many(s, 100, fact("email", report.FromCatalogue, "answer", went("answered")))
	if rule != "incomplete" {
		many(s, 40, fact("email", report.AskedFirst, "incomplete", went("customer", "team:catering@owner", "answered")))
	}
	many(s, 60, fact("form", report.ToBackoffice, "owner", went("team:techniek@owner", "answered")))
	if rule != "unsure" {
		many(s, 50, fact("email", report.ToDesk, "unsure", went("desk", "answered")))
	}
	return s
}

// TestAsDesignedHasNoDifferences: when everything goes as the rules mean it,
// nothing is named.
func TestAsDesignedHasNoDifferences(t *testing.T) {
	if got := history().Differ(madeUpDesign(t), nil); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

// TestTheDifferencesAreThoseThatWerePlanted, no more and no fewer, with their
// numbers.
func TestTheDifferencesAreThoseThatWerePlanted(t *testing.T) {
	for name, plant := range map[string]struct {
		add  func(s *report.FlowSum)
		want report.Difference
	}{
		"the desk hands out what a rule gave it": {
			func(s *report.FlowSum) {
				many(s, 30, fact("email", report.ToDesk, "unsure", went("desk", "team:techniek", "answered")))
			},
			report.Difference{Kind: report.HandedByHand, Rule: "unsure", Team: "techniek", Count: 30, Of: 80},
		},
		"a team that no rule knows": {
			func(s *report.FlowSum) {
				many(s, 7, fact("email", report.ToDesk, "unsure", went("desk", "team:post", "answered")))
			},
			report.Difference{Kind: report.NoRuleSends, Team: "post", Count: 7, Of: 7},
		},
		"passed on by way of the desk": {
			func(s *report.FlowSum) {
				many(s, 12, fact("form", report.ToBackoffice, "owner", went("team:techniek@owner", "desk", "team:catering", "answered")))
			},
			report.Difference{Kind: report.PassedOn, Rule: "owner", Team: "techniek", Other: "catering", Count: 12, Of: 72},
		},
		"asked by hand": {
			func(s *report.FlowSum) {
				many(s, 11, fact("email", report.ToDesk, "unsure", went("desk", "customer", "desk", "answered")))
			},
			report.Difference{Kind: report.AskedByHand, Rule: "unsure", Count: 11, Of: 61},
		},
		"no rule decided": {
			func(s *report.FlowSum) {
				many(s, 25, fact("slack", report.ToDesk, "", went("desk", "answered"), func(f *report.Fact) { f.Rulings = []report.Ruling{{Ruleset: 1}} }))
			},
			report.Difference{Kind: report.NoRuleDecides, Count: 25, Of: 426},
		},
		"answers that the customer came back on": {
			func(s *report.FlowSum) {
				many(s, 15, fact("email", report.FromCatalogue, "answer", went("answered", "desk", "answered"), func(f *report.Fact) { f.Reopened = 1 }))
			},
			report.Difference{Kind: report.CameBack, Rule: "answer", Count: 15, Of: 115},
		},
		"answers of a product that a rule gives to the desk": {
			func(s *report.FlowSum) {
				many(s, 38, fact("email", report.ToDesk, "unsure", went("desk", "answered"), about("parking")))
				many(s, 2, fact("email", report.ToDesk, "unsure", went("desk", "team:techniek", "answered"), about("parking")))
			},
			report.Difference{Kind: report.DeskAnswers, Rule: "unsure", Product: "parking", Count: 38, Of: 40},
		},
	} {
		s := history()
		plant.add(s)
		if got := s.Differ(madeUpDesign(t), nil); !slices.Equal(got, []report.Difference{plant.want}) {
			t.Errorf("%s: %+v, want %+v", name, got, plant.want)
		}
	}
}

// TestBackAndForth: both teams by hand, so both is said.
func TestBackAndForth(t *testing.T) {
	s := history()
	many(s, 9, fact("phone", report.ToDesk, "", went("desk", "team:techniek", "desk", "team:catering", "answered")))
	want := report.Difference{Kind: report.BackAndForth, Team: "techniek", Other: "catering", Count: 9, Of: 9}
	if got := s.Differ(madeUpDesign(t), nil); !slices.Equal(got, []report.Difference{want}) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestTwoTeamsAtOnce is no passing on: the desk gave it to both.
func TestTwoTeamsAtOnce(t *testing.T) {
	s := history()
	many(s, 9, fact("form", report.ToBackoffice, "owner", went("team:techniek@owner", "team:catering", "answered")))
	if got := s.Differ(madeUpDesign(t), nil); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

// TestARuleNobodyTook is named when it had a chance, with how many came by.
func TestARuleNobodyTook(t *testing.T) {
	d := madeUpDesign(t)
	for rule, of := range map[string]int{"newsletters": 350, "incomplete": 110, "unsure": 0} {
		want := report.Difference{Kind: report.RuleUnused, Rule: rule, Of: of}
		if rule == "unsure" {
			want = report.Difference{Kind: report.RuleUnreached, Rule: rule, Of: 311}
		}
		if got := without(rule).Differ(d, nil); !slices.Equal(got, []report.Difference{want}) {
			t.Errorf("without %s: %+v, want %+v", rule, got, want)
		}
	}
	calm := &report.FlowSum{}
	for _, f := range []report.Fact{fact("phone", report.ToDesk, "phone", went("desk", "answered")), fact("email", report.FromCatalogue, "answer", went("answered"))} {
		many(calm, 30, f)
	}
	if got := calm.Differ(d, nil); !slices.Contains(got, report.Difference{Kind: report.RuleUnused, Rule: "safety", Of: 60, Urgent: true}) {
		t.Errorf("that there was no fire is not said: %+v", got)
	}
	few := add(fact("email", report.ToDesk, "unsure", went("desk", "answered")))
	if got := few.Differ(d, nil); len(got) > 0 {
		t.Errorf("of one request: %+v", got)
	}
}

// TestARuleOfAnotherVersion has its chances there too: a rule that is new has
// had none yet.
func TestARuleOfAnotherVersion(t *testing.T) {
	now := madeUpDesign(t)
	now.Version = 2
	var before report.Design
	for _, r := range madeUpDesign(t).Rules {
		if r.ID != "newsletters" {
			before.Rules = append(before.Rules, r)
		}
	}
	s := without("newsletters") // all under version 1
	older := func(version int) (report.Design, bool) { return before, version == 1 }
	if got := s.Differ(now, older); len(got) > 0 {
		t.Errorf("a rule of today had no chance yesterday: %+v", got)
	}
	many(s, 30, fact("email", report.FromCatalogue, "answer", went("answered"), func(f *report.Fact) { f.Ruleset, f.Rulings[0].Ruleset = 2, 2 }))
	if got := s.Differ(now, older); !slices.Contains(got, report.Difference{Kind: report.RuleUnused, Rule: "newsletters", Of: 30}) {
		t.Errorf("%+v", got)
	}
	if got := s.Differ(now, nil); slices.ContainsFunc(got, func(d report.Difference) bool { return d.Of > 30 }) {
		t.Errorf("a version that nobody knows counts: %+v", got)
	}
}

var differenceKinds = []report.DifferenceKind{report.RuleUnused, report.RuleUnreached, report.NoRuleDecides, report.HandedByHand, report.NoRuleSends,
	report.PassedOn, report.BackAndForth, report.AskedByHand, report.DeskAnswers, report.CameBack}

// TestDifferencesAreSaidInBothLanguages: a whole sentence, with its numbers.
func TestDifferencesAreSaidInBothLanguages(t *testing.T) {
	d := madeUpDesign(t)
	for _, l := range []string{"nl", "en"} {
		w := flowWords(t, l, dutch)
		w.Rule = func(id string) string {
			r, _ := d.Rule(id)
			return r.ChartRule.Name(l)
		}
		for _, kind := range differenceKinds {
			says, could := w.Says(report.Difference{Kind: kind, Rule: "owner", Team: "techniek", Other: "catering", Product: "lunch", Count: 12, Of: 345})
			if strings.ContainsAny(says+could, "{}") || !strings.Contains(says, "345") || strings.Contains(says, "diff_") || strings.Contains(could, "could_") {
				t.Errorf("%s in %s: %q %q", kind, l, says, could)
			}
		}
	}
	w := flowWords(t, "nl", dutch)
	says, _ := w.Says(report.Difference{Kind: report.RuleUnused, Rule: "newsletters", Of: 1302})
	if want := "Regel “newsletters” is 0 keer genomen; 1302 besluiten kwamen er wel langs."; says != want {
		t.Errorf("%s", says)
	}
}

// TestADesignIsDrawn: every rule a row, everything in the box, no targets over
// each other.
func TestADesignIsDrawn(t *testing.T) {
	w := flowWords(t, "nl", dutch)
	sample, err := router.Compile("sample.yaml", router.Sample(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]report.Design{"made up": madeUpDesign(t), "sample": report.Designed(sample, nil), "none": {}} {
		taken := history().Taken(d, nil)
		drawn := report.DrawDesign(d, taken, 640)
		if len(drawn.Rows) != len(d.Rules)+1 {
			t.Errorf("%s: %d rows of %d rules", name, len(drawn.Rows), len(d.Rules))
		}
		for i, a := range drawn.Targets {
			if a.Y < 0 || a.Y+a.H > drawn.Height || a.X+a.W > drawn.Width {
				t.Errorf("%s: %+v is outside %v × %v", name, a, drawn.Width, drawn.Height)
			}
			for _, b := range drawn.Targets[i+1:] {
				if a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Errorf("%s: %s and %s are over each other", name, a.Goes, b.Goes)
				}
			}
		}
		for _, l := range drawn.Lines {
			if to := drawn.Targets[l.Target]; l.ToY < to.Y || l.ToY > to.Y+to.H {
				t.Errorf("%s: a line ends beside its target: %+v %+v", name, l, to)
			}
		}
		wellFormed(t, name, drawn.SVGFile(w))
		flowchartIsPlain(t, name, d.Mermaid(w))
	}
}

// TestS6_NamesInADrawnRulesetAreOnlyWords: of rules, teams, tags.
func TestS6_NamesInADrawnRulesetAreOnlyWords(t *testing.T) {
	for _, bad := range hostile {
		d := madeUpDesign(t)
		for i := range d.Rules {
			d.Rules[i].Names = map[string]string{"nl": bad, "en": bad}
			d.Rules[i].Adds = []balie.Action{{Do: balie.DoTag, Value: bad}}
		}
		w := flowWords(t, "nl", calls{channels: map[string]string{"phone": bad}, teams: map[string]string{"techniek": bad}})
		wellFormed(t, bad, report.DrawDesign(d, nil, 640).SVGFile(w))
		flowchartIsPlain(t, bad, d.Mermaid(w))
	}
}

func ExampleFlowWords_Share() {
	var w report.FlowWords
	fmt.Println(w.Share(1, 3), w.Share(1, 4000), w.Share(3999, 4000), w.Share(0, 4))
	// Output: 33% <1% >99% 0%
}

// TestTheDocumentNamesEveryDifference: docs/flow.md has each kind, and no other.
func TestTheDocumentNamesEveryDifference(t *testing.T) {
	doc, err := os.ReadFile("../docs/flow.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(string(doc), "\n") {
		if kind, ok := strings.CutPrefix(line, "| `"); ok {
			kind, _, _ = strings.Cut(kind, "`")
			got = append(got, kind)
		}
	}
	var want []string
	for _, k := range differenceKinds {
		want = append(want, string(k))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the document has %v, the code %v", got, want)
	}
}
