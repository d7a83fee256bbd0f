package router

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"

	"github.com/balie/balie"
)

// interventionsDoc is the part of docs/interventions.md under a heading; all
// of it when there is none.
func interventionsDoc(t *testing.T, heading string) string {
	t.Helper()
	b, err := os.ReadFile("../docs/interventions.md")
	if err != nil {
		t.Fatal(err)
	}
	if heading == "" {
		return string(b)
	}
	_, rest, ok := strings.Cut(string(b), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("there is no %q", heading)
	}
	part, _, _ := strings.Cut(rest, "\n## ")
	return part
}

var docRow = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\|(.*)$")

// The tables have each occasion, fact, key, action and word, and no other.
func TestInterventionsDocumentHasAllWordsAndNoOther(t *testing.T) {
	facts := guarding.names()
	for _, c := range []struct {
		heading string
		want    []string
	}{
		{"Occasions", occasions}, {"Facts", facts}, {"A rule", interventionKeys}, {"Actions", append(slices.Clone(guardActions), guardRoles...)},
	} {
		var got []string
		for _, m := range docRow.FindAllStringSubmatch(interventionsDoc(t, c.heading), -1) {
			got = append(got, m[1])
		}
		if c.heading == "Facts" || c.heading == "Occasions" { // in the order of the code
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %q, want %q", c.heading, got, c.want)
			}
			continue
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(c.want)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", c.heading, got, want)
		}
	}
	doc := interventionsDoc(t, "")
	for _, word := range slices.Concat(raises, tellings, guardExampleKeys) {
		if !strings.Contains(doc, "`"+word+"`") {
			t.Errorf("the document does not tell of %q", word)
		}
	}
}

// Each fact has its type, and all values it can have.
func TestInterventionsDocumentHasTheTypeAndValuesOfFacts(t *testing.T) {
	for _, m := range docRow.FindAllStringSubmatch(interventionsDoc(t, "Facts"), -1) {
		f := guarding.facts[guarding.places[m[1]]]
		word := map[*cel.Type]string{cel.StringType: "text", cel.BoolType: "true or false", cel.IntType: "number", cel.DoubleType: "number"}[f.typ]
		if word == "" {
			word = "list of texts"
		}
		if !strings.HasPrefix(m[2], " "+word+" | ") {
			t.Errorf("%s is a %s; the document says%s", f.name, word, m[2])
		}
		if f.name == factOccasion {
			continue // they have a table of their own
		}
		for _, c := range f.choices {
			if c != "" && !strings.Contains(m[2], "`"+c+"`") {
				t.Errorf("%s can be %s; the document says%s", f.name, c, m[2])
			}
		}
	}
}

func TestInterventionsDocumentHasTheBounds(t *testing.T) {
	part := interventionsDoc(t, "Conditions")
	for _, n := range []int{conditionSize, nesting, shortText, manyItems, interventionLimit, limitedRules} {
		text := fmt.Sprint(n)
		if n >= 1000 {
			text = fmt.Sprintf("%d,%03d", n/1000, n%1000)
		}
		if !strings.Contains(part, " "+text+" ") {
			t.Errorf("the bound %s is not told", text)
		}
	}
}

// The interventions in the document are read, hold, and need no warning; each
// condition in its table compiles.
func TestInterventionsInTheDocumentWork(t *testing.T) {
	n := 0
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(interventionsDoc(t, ""), -1) {
		n++
		s, err := ParseInterventions([]byte(m[1]), "docs/interventions.md", linde)
		if err != nil {
			t.Errorf("%s\n%v", m[1], err)
			continue
		}
		for _, f := range append(s.Check(), s.Warnings()...) {
			t.Errorf("%+v", f)
		}
		for _, r := range s.Rules() {
			if len(r.Examples) < 2 || r.Names["nl"] == "" || r.Names["en"] == "" {
				t.Errorf("%s lacks an example or a name", r.ID)
			}
		}
	}
	if n < 4 {
		t.Errorf("only %d lists of interventions were found", n)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(.+)` \\| ").FindAllStringSubmatch(interventionsDoc(t, "Conditions"), -1) {
		mustParse(t, "interventions:\n- {id: a, on: overdue, do: [{notify: lead}], when: '"+m[1]+"'}")
	}
}

// An example that says nothing is an ordinary moment, as the document says.
func TestAnExampleThatSaysNothingIsAnOrdinaryMoment(t *testing.T) {
	f, err := GuardExample{}.facts([]Occasion{Silent, Overdue})
	if err != nil || f.Occasion != Silent || f.Request.Kind != string(balie.Question) || f.Request.Priority != "normal" ||
		f.Request.State != "desk" || !f.Now.Open || f.Now.Weekday != 2 || f.Now.Hour != 10 {
		t.Errorf("%v %+v", err, f)
	}
}

// Each action a form offers is one that rules can have, with each of its words.
func TestEachActionOfAFormCanBeWritten(t *testing.T) {
	var all []string
	for _, f := range ActionForms() {
		all = append(all, f.Do)
		words := f.Words
		if f.Teams || words == nil && !f.Plain {
			words = append(words, "techniek")
		}
		if f.Plain {
			words = []string{"true"}
		}
		for _, w := range words {
			want := GuardAction{Do: f.Do, Value: w}
			switch {
			case f.Plain:
				want.Value = ""
			case f.Whom:
				want = GuardAction{Do: f.Do, Whom: w}
			}
			s, err := ParseInterventions([]byte("interventions:\n- {id: a, on: overdue, when: \"true\", do: [{"+f.Do+": "+w+"}]}"), "x", linde)
			if err != nil || !slices.Equal(s.Rules()[0].Do, []GuardAction{want}) {
				t.Errorf("%s: %s: %v", f.Do, w, err)
			}
		}
	}
	if !slices.Equal(all, guardActions) {
		t.Errorf("got %q, want %q", all, guardActions)
	}
	for i, f := range InterventionFacts() {
		if f.Name != guarding.facts[i].name || f.Kind == "" {
			t.Errorf("%+v", f)
		}
	}
	if got := Occasions(); len(got) != len(occasions) || got[0] != DueSoon {
		t.Errorf("%q", got)
	}
}
