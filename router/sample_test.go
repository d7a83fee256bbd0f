package router

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/balie/balie"
)

func mustCompile(t testing.TB, body string) *Ruleset {
	t.Helper()
	rs, err := Compile("rules.yaml", []byte(body), nil)
	if err != nil {
		t.Fatalf("compile:\n%v", err)
	}
	return rs
}

// asked are the facts of a plain question that matches no product.
func asked(question, language string) balie.Facts {
	return balie.Facts{
		Message: balie.MessageFacts{Channel: "email", Text: question, Language: language},
		Request: balie.RequestFacts{Kind: "question", Priority: "normal", StartedBy: "customer"},
		Now:     balie.NowFacts{Open: true, Weekday: 2, Hour: 10},
	}
}

func TestSampleRulesPassTheirOwnExamples(t *testing.T) {
	rs := mustCompile(t, string(Sample()))
	for _, f := range rs.Check(asked) {
		t.Errorf("line %d, rule %s, %q: %s; %s", f.Line, f.Rule, f.Example, f.Problem, f.Fix)
	}
	for _, r := range rs.Rules() {
		if len(r.Examples.Must) == 0 {
			t.Errorf("rule %s has no example that must match", r.ID)
		}
		if r.Names["nl"] == "" || r.Names["en"] == "" {
			t.Errorf("rule %s lacks a name in nl or en", r.ID)
		}
	}
}

// Every example question of the sample catalogue is an ordinary one.
func TestOrdinaryQuestionsAreNoEmergency(t *testing.T) {
	body, err := os.ReadFile("../catalogue/sample.yaml")
	if err != nil {
		t.Skip("the sample catalogue is not there")
	}
	var c struct {
		Products []map[string]any `yaml:"products"`
	}
	if err := yaml.Unmarshal(body, &c); err != nil {
		t.Fatal(err)
	}
	rs := mustCompile(t, string(Sample()))
	n := 0
	for _, p := range c.Products {
		for _, language := range []string{"nl", "en"} {
			words, _ := p[language].(map[string]any)
			examples, _ := words["examples"].([]any)
			for _, x := range examples {
				question, _ := x.(string)
				n++
				if d := rs.Decide(asked(question, language), nil, 1); d.Rule == "safety" {
					t.Errorf("%v: %q is taken for an emergency: %s", p["id"], question, d.Reason)
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d examples were read", n)
	}
}
