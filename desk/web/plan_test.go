package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store"
)

// planned gives the desk the sample plan.
func (r *rig) planned() {
	r.t.Helper()
	d := store.Document{Kind: desk.PlanDoc, Body: report.SamplePlan(), At: r.now(), By: "agent:" + ada, Reason: "het voorbeeld"}
	if _, err := r.lib.Publish(r.t.Context(), d, r.lib.Plan().Version, "plan"); err != nil {
		r.t.Fatal(err)
	}
}

func TestADeskBeginsWithoutAPlanAndWithTheSample(t *testing.T) {
	r := newRig(t)
	r.as(ada).sees("/plan", http.StatusOK, "Er is nog geen plan", "Beginnen met het voorbeeld")
	if a := r.as(sanne).get("/plan"); strings.Contains(a.body, "/plan/begin") {
		t.Error("an agent may begin a plan")
	}
	if a := r.as(ada).post("/plan/begin", r.as(ada).hidden("/plan", "/plan/begin")); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("it answers %d", a.StatusCode)
	}
	r.as(sanne).sees("/plan", http.StatusOK, "Facilitaire servicedesk De Linde", "Wie iets nodig heeft", "≥ 70%", "Zo is het haalbaar.", "Versie 1 is nog niet goedgekeurd.")
	r.as(sanne).sees("/plan?language=en", http.StatusOK, "Facilities service desk De Linde", "≥ 70%", "Version 1 is not approved yet.")
	r.as(sanne).sees("/plan?version=9", http.StatusNotFound)
	r.as(tom).sees("/plan", http.StatusForbidden)
	r.traced(ada, "plan.publish")
	if a := r.as(sanne).sees("/plan/file?format=yaml", http.StatusOK); a.body != string(report.SamplePlan()) {
		t.Error("the file is another plan")
	}
}

func TestThePlanIsChangedInForms(t *testing.T) {
	r := newRig(t)
	r.planned()
	u := r.as(ada)
	for _, part := range []string{"ambition", "capacity", "money", "yaml"} { // as it is, nothing changes
		f := u.planForm("/plan/edit/" + part)
		f.Set("reason", "zomaar")
		if a := u.post("/plan/edit/"+part, f); part != "yaml" && (a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "nothing was changed")) {
			t.Errorf("%s: the form of what is in force changes it: %d\n%s", part, a.StatusCode, r.diffPlan())
		}
	}
	base := r.lib.Plan().Version
	f := u.planForm("/plan/edit/capacity")
	f.Set("expected", "150")
	f.Set("occupied", "heel veel")
	f.Set("reason", "het wordt drukker")
	if a := u.post("/plan/edit/capacity", f); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "heel veel") || !strings.Contains(a.body, `value="150"`) {
		t.Errorf("%d: what was typed is gone, or the mistake is not named", a.StatusCode)
	}
	f.Set("occupied", "70%")
	if a := u.post("/plan/edit/capacity", f); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("it answers %d: %s", a.StatusCode, a.body)
	}
	if c := r.lib.Plan().Capacities; c.Expected != 150 || c.Occupied != 0.7 || r.lib.Plan().Version != base+1 {
		t.Errorf("in force is %+v", c)
	}
	if a := u.post("/plan/edit/capacity", f); a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "het wordt drukker") {
		t.Errorf("%d: a form of an old version is published over a newer one", a.StatusCode)
	}
	g := u.planForm("/plan/edit/goals")
	for k, v := range map[string]string{"id": "snel", "theme": "quality", "name_nl": "Snel klaar", "metric": "resolve_median", "target": "2h", "span": "quarter", "owner": "Lex", "team": "techniek", "reason": "een doel erbij"} {
		g.Set(k, v)
	}
	if a := u.post("/plan/edit/goals", g); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("it answers %d: %s", a.StatusCode, a.body)
	}
	goals := r.lib.Plan().Goals
	if got := goals[len(goals)-1]; got.ID != "snel" || got.Target != 7200 || !got.AtMost || got.Scope.Team != "techniek" || got.Span != report.Quarter {
		t.Errorf("the new goal is %+v", got)
	}
	drop := u.planForm("/plan/edit/goals?goal=snel")
	drop.Set("act", "drop")
	drop.Set("reason", "toch niet")
	if a := u.post("/plan/edit/goals", drop); a.StatusCode != http.StatusSeeOther || len(r.lib.Plan().Goals) != len(goals)-1 {
		t.Errorf("%d: the goal is still there", a.StatusCode)
	}
	body := u.get("/plan/file?format=yaml").body
	for _, remark := range []string{"# The plan of the desk", "# How the day goes", "# Of a paid hour"} {
		if !strings.Contains(body, remark) {
			t.Errorf("the remark %q is gone", remark)
		}
	}
	if a := u.post("/plan/edit/yaml", url.Values{"csrf": f["csrf"], "base": {"5"}, "reason": {"x"}, "yaml": {"goals:\n- id: a\n  kpi: x\n"}}); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "did you mean") {
		t.Errorf("%d: a mistake is not named with its mend", a.StatusCode)
	}
	r.as(sanne).sees("/plan/edit/ambition", http.StatusForbidden)
}

// diffPlan is how the plan in force differs from the sample.
func (r *rig) diffPlan() string {
	was, err := report.ParsePlan("sample", report.SamplePlan(), report.PlanNames{})
	if err != nil {
		r.t.Fatal(err)
	}
	a, b := strings.Split(string(was.Marshal()), "\n"), strings.Split(string(r.lib.Plan().Marshal()), "\n")
	for i := range b {
		if i >= len(a) || a[i] != b[i] {
			return strings.Join(b[i:min(len(b), i+4)], "\n") + "\nwas\n" + strings.Join(a[min(i, len(a)):min(len(a), i+4)], "\n")
		}
	}
	return "the same"
}

func TestThePlanIsApprovedAndTakenBack(t *testing.T) {
	r := newRig(t)
	r.planned()
	u := r.as(ada)
	f := u.planForm("/plan/edit/approval")
	f.Set("by", "Marijke de Wit")
	if a := u.post("/plan/approve", f); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, `value="Marijke de Wit"`) {
		t.Errorf("%d: it is approved in no role", a.StatusCode)
	}
	f.Set("role", "directeur bedrijfsvoering")
	if a := u.post("/plan/approve", f); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("it answers %d: %s", a.StatusCode, a.body)
	}
	r.as(rita).sees("/plan", http.StatusOK, "Versie 1 is goedgekeurd door Marijke de Wit, directeur bedrijfsvoering, op dinsdag 5 maart 2030.")
	r.traced(ada, "plan.approve")
	y := u.planForm("/plan/edit/money")
	y.Set("running0_amount", "5000")
	y.Set("reason", "duurder")
	if a := u.post("/plan/edit/money", y); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("it answers %d: %s", a.StatusCode, a.body)
	}
	r.as(rita).sees("/plan", http.StatusOK, "Versie 2 is nog niet goedgekeurd.", "De laatst goedgekeurde is versie 1: Marijke de Wit")
	r.as(rita).sees("/plan?version=1", http.StatusOK, "Versie 1 is goedgekeurd", "Dit is versie 1; versie 2 is van kracht.")
	u.sees("/plan/history", http.StatusOK, "Marijke de Wit, directeur bedrijfsvoering", "duurder", "Terugzetten")
	back := u.hidden("/plan/history", "/plan/rollback")
	back.Set("reason", "toch goedkoper")
	if a := u.post("/plan/rollback", back); a.StatusCode != http.StatusSeeOther || r.lib.Plan().Version != 3 {
		t.Errorf("%d: version %d is in force", a.StatusCode, r.lib.Plan().Version)
	}
	if a := r.as(lex).post("/plan/approve", r.as(lex).hidden("/profile", "/profile/language")); a.StatusCode != http.StatusForbidden {
		t.Errorf("%d: a lead approves", a.StatusCode)
	}
}

var (
	planInput  = regexp.MustCompile(`<input [^>]*name="([a-z0-9_]+)"[^>]*>`)
	planArea   = regexp.MustCompile(`(?s)<textarea [^>]*name="([a-z0-9_]+)"[^>]*>(.*?)</textarea>`)
	planSelect = regexp.MustCompile(`(?s)<select [^>]*name="([a-z0-9_]+)"[^>]*>(.*?)</select>`)
	planPicked = regexp.MustCompile(`<option value="([^"]*)" selected`)
	planValue  = regexp.MustCompile(` value="([^"]*)"`)
)

// planForm is what a browser would send of a form of the plan.
func (u *user) planForm(page string) url.Values {
	u.r.t.Helper()
	body := u.get(page).body
	i := strings.Index(body, `<form class="stack"`)
	if i < 0 {
		u.r.t.Fatalf("%s has no form\n%s", page, body)
	}
	form, _, _ := strings.Cut(body[i:], "</form>")
	out := url.Values{}
	for _, m := range planInput.FindAllStringSubmatch(form, -1) {
		if strings.Contains(m[0], `type="checkbox"`) && !strings.Contains(m[0], " checked") {
			continue
		}
		out.Set(m[1], "")
		if at := planValue.FindStringSubmatch(m[0]); at != nil {
			out.Set(m[1], html.UnescapeString(at[1]))
		}
	}
	for _, m := range planArea.FindAllStringSubmatch(form, -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range planSelect.FindAllStringSubmatch(form, -1) {
		out.Set(m[1], "")
		if at := planPicked.FindStringSubmatch(m[2]); at != nil {
			out.Set(m[1], html.UnescapeString(at[1]))
		}
	}
	return out
}
