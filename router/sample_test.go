package router

import (
	"testing"

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
