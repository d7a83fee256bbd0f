package report

import (
	"strings"
	"testing"
)

func TestPlanSampleHolds(t *testing.T) {
	p, err := ParsePlan("plan.yaml", SamplePlan(), PlanNames{Calendars: []string{"kantoor"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Goals) != 8 || len(p.Unmeasured()) != 0 || p.Goals[5].Target != 0.03 || !p.Goals[5].AtMost || p.Goals[7].Target != 750 {
		t.Errorf("goals: %+v", p.Goals)
	}
	again, err := ParsePlan("again", p.Marshal(), PlanNames{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := string(p.Marshal()), string(again.Marshal()); a != b {
		t.Errorf("written and read again it is\n%s\nwas\n%s", b, a)
	}
	out, err := EditPlan(SamplePlan(), PlanNames{}, func(*Plan) {})
	if err != nil || string(out) != string(SamplePlan()) {
		t.Errorf("nothing was changed, and it is another text (%v):\n%s", err, out)
	}
}

func TestPlanEditKeepsRemarks(t *testing.T) {
	body := strings.Replace(string(SamplePlan()), "    target: 70%\n", "    target: 70% # as agreed in May\n", 1)
	body = "version: 4\n" + strings.Replace(body, "  - id: response\n", "  # who waits, hears\n  - id: response\n", 1)
	out, err := EditPlan([]byte(body), PlanNames{}, func(p *Plan) {
		p.Goals[0].Target = 0.75
		p.Ambition.Mission["en"] = "One place."
		p.Capacities.Expected = 150
		p.Finances.Running = append(p.Finances.Running, Amount{map[string]string{"nl": "Werving"}, 50000})
		p.Goals = append(p.Goals[:1:1], p.Goals[2:]...)
		p.Goals[2].Scope.Team = "techniek"
	})
	if err != nil {
		t.Fatal(err)
	}
	want := body
	for _, r := range [][2]string{
		{"target: 70% # as agreed in May", "target: 75% # as agreed in May"},
		{`    en: "Whoever needs something or has something to say comes to one place, knows at once where they stand and need not ask twice."`, `    en: "One place."`},
		{"expected: 133", "expected: 150"},
		{"      amount: 2400\n", "      amount: 2400\n    - name:\n        nl: \"Werving\"\n      amount: 500\n"},
	} {
		want = strings.Replace(want, r[0], r[1], 1)
	}
	from := strings.Index(want, "  # who waits, hears\n")
	to := strings.Index(want, "  - id: in-time\n")
	want = want[:from] + want[to:]
	i := strings.Index(want, "- id: informed")
	want = want[:i] + strings.Replace(want[i:], `    owner: "Teamleider servicedesk"`+"\n", `    owner: "Teamleider servicedesk"`+"\n    scope:\n      team: techniek\n", 1)
	if string(out) != want {
		t.Errorf("got\n%s", lineDiff(want, string(out)))
	}
}

// lineDiff is the first line at which two texts differ.
func lineDiff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range g {
		if i >= len(w) || w[i] != g[i] {
			return strings.Join(g[max(0, i-3):min(len(g), i+5)], "\n") + "\n--- instead of\n" + strings.Join(w[min(i, len(w)):min(len(w), i+5)], "\n")
		}
	}
	return "shorter"
}
