package export

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
)

// planDay is when the plans of these tests are looked at.
var planDay = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// planned is the sample plan with its reckoning.
func planned(t *testing.T, change func(*report.Plan)) Plan {
	t.Helper()
	p, err := report.ParsePlan("sample", report.SamplePlan(), report.PlanNames{})
	if err != nil {
		t.Fatal(err)
	}
	p.Version = 3
	if change != nil {
		change(&p)
	}
	c, err := hours.Parse(hours.Spec{Timezone: "Europe/Amsterdam", Holidays: []string{"nl"}, Week: map[string][]string{
		"mon": {"08:00-17:30"}, "tue": {"08:00-17:30"}, "wed": {"08:00-17:30"}, "thu": {"08:00-17:30"}, "fri": {"08:00-17:00"}}})
	if err != nil {
		t.Fatal(err)
	}
	return Plan{Plan: p, InForce: p.Version, At: planDay, By: "Ada Bos", Reason: "doelen voor 2027",
		Reckoning: p.Reckon(p.Expected(), report.OpeningOf(c, planDay))}
}

func planWords(t *testing.T, language string) Words {
	t.Helper()
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	return Words{Language: language, Texts: texts, Zone: zone, Brand: "De Linde", Names: Names{Products: map[string]string{"toegangspas": "Toegangspas"}}}
}

// css is the desk's stylesheet.
func css(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../internal/ui/static/balie.css")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var pageObject = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

// onPaper prints a plan and says on how many pages.
func onPaper(t *testing.T, p Plan, language string) int {
	t.Helper()
	var html bytes.Buffer
	if err := PlanHTML(&html, p, planWords(t, language), css(t)); err != nil {
		t.Fatal(err)
	}
	pdf, err := PDF(t.Context(), html.Bytes(), "")
	if none, ok := errors.AsType[*balie.InvalidError](err); ok {
		t.Skip(none.Problem)
	}
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("BALIE_KEEP"); dir != "" { // to look at
		name := fmt.Sprintf("%s/plan-%s-%s", dir, strings.ReplaceAll(t.Name(), "/", "-"), language)
		if err := errors.Join(os.WriteFile(name+".pdf", pdf, 0o600), os.WriteFile(name+".html", html.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return len(pageObject.FindAll(pdf, -1))
}

func TestThePlanIsTwoPages(t *testing.T) {
	if testing.Short() {
		t.Skip("it prints")
	}
	long := map[string]string{"nl": strings.Repeat("Wie iets nodig heeft, komt op één plek terecht. ", 24), "en": strings.Repeat("Whoever needs something comes to one place. ", 24)}
	full := func(p *report.Plan) {
		for _, k := range report.AmbitionKeys() {
			*p.Ambition.Part(k) = long
		}
		for i := range 40 {
			g := p.Goals[i%8]
			g.ID = fmt.Sprint("goal-", i)
			p.Goals = append(p.Goals, g)
			p.Capacities.People = append(p.Capacities.People, p.Capacities.People[0])
			p.Finances.Running = append(p.Finances.Running, report.Amount{Names: map[string]string{"nl": "Nog iets", "en": "Something more"}, Amount: 12345})
			p.Finances.Replaces = append(p.Finances.Replaces, p.Finances.Replaces[0])
		}
	}
	for _, x := range []struct {
		name   string
		change func(*report.Plan)
	}{{"sample", nil}, {"empty", func(p *report.Plan) { *p = report.Plan{} }}, {"full", full}} {
		t.Run(x.name, func(t *testing.T) {
			for _, l := range i18n.Languages {
				if n := onPaper(t, planned(t, x.change), l); n != 2 {
					t.Errorf("%s: %d pages", l, n)
				}
			}
		})
	}
}

func TestThePlanSaysWhatItNeedsInBothLanguages(t *testing.T) {
	p := planned(t, func(p *report.Plan) {
		p.Goals[0].Metric = ""
		p.Goals[1].Scope.Product, p.Goals[1].Except = "", []string{"toegangspas"}
		p.Approvals = []report.Approval{{By: "Marijke de Wit", Role: "directeur", On: planDay, Version: 2}}
	})
	for l, all := range map[string][]string{
		"nl": {"Facilitaire servicedesk De Linde", "8 doelen, 3,8 fte, € 245.653 per jaar.", "Zo is het haalbaar.", "Wordt niet gemeten", "≥ 90%", "≤ 3%", "≤ € 7,50",
			"Zonder Toegangspas.", "Zonder doel gemeten:", "in één keer goed", "Versie 3 is nog niet goedgekeurd.", "De laatst goedgekeurde is versie 2: Marijke de Wit", "133"},
		"en": {"Facilities service desk De Linde", "8 goals, 3.8 FTE, €245,653 a year.", "As it stands it is feasible.", "Not measured", "≥ 90%", "≤ €7.50",
			"Without Toegangspas.", "Measured without a goal:", "Version 3 is not approved yet.", "The last one approved is version 2"},
	} {
		sheet, err := PlanSheet(p, planWords(t, l), "/figures/definitions")
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(sheet), "\u00a0", " ")
		for _, want := range all {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it does not say %q", l, want)
			}
		}
		for _, never := range []string{"plan.", "figures.", "NaN", "%!", "<no value>", "style="} {
			if i := strings.Index(text, never); i >= 0 {
				t.Errorf("%s: it says %q: …%s", l, never, text[max(0, i-60):min(len(text), i+60)])
			}
		}
	}
}

func TestS6_NamesInThePlanAreText(t *testing.T) {
	bad := map[string]string{"nl": `<script>alert("1")</script>`}
	p := planned(t, func(p *report.Plan) {
		p.Names, p.Ambition.Mission, p.Goals[0].Names, p.Goals[0].Owner = bad, bad, bad, bad["nl"]
		p.Capacities.People[0].Names, p.Finances.Running[0].Names = bad, bad
		p.Approvals = []report.Approval{{By: bad["nl"], Role: bad["nl"], On: planDay, Version: 3}}
	})
	p.By, p.Reason, p.Lost = bad["nl"], bad["nl"], []string{bad["nl"]}
	var out bytes.Buffer
	if err := PlanHTML(&out, p, planWords(t, "nl"), css(t)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "<script") {
		t.Error("a name became markup")
	}
}
