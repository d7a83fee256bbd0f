package web_test

import (
	"context"
	"html"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/browse"
	"github.com/balie/balie/report"
)

// Flow is of report.Book: a month in which the desk handed out by hand, and
// Techniek passed on.
func (k *known) Flow(_ context.Context, p report.Period, scope report.Scope, d report.Design, older func(int) (report.Design, bool), now time.Time) (report.FlowReport, error) {
	s := &report.FlowSum{}
	add := func(n int, channel string, decided report.Decided, rule string, holders ...string) {
		f := report.Fact{Opened: p.From, Solved: p.From.Add(time.Hour), State: balie.Closed, Outcome: balie.Solved, Channel: channel, Decided: decided, Rule: rule, Ruleset: d.Version,
			Rulings: []report.Ruling{{Rule: rule, Ruleset: d.Version}}, Path: []report.Step{{Holder: "router"}}}
		for i, h := range append(holders, "answered") {
			step := report.Step{Holder: h, Took: time.Duration(20+70*i) * time.Minute}
			if strings.HasPrefix(h, "team:") {
				f.Handouts, f.Team = f.Handouts+1, h[5:]
			}
			if i == 0 && len(holders) > 0 {
				step.Rule = rule
			}
			f.Path = append(f.Path, step)
		}
		for range n {
			s.Add(f)
		}
	}
	if scope.Channel == "slack" { // nobody wrote there
		r := s.Report(d, older)
		r.Period, r.Scope, r.Made = p, scope, now
		return r, nil
	}
	add(700, "email", report.FromCatalogue, "answer")
	add(310, "form", report.FromCatalogue, "answer")
	add(280, "phone", report.ToDesk, "desk", "desk")
	add(124, "email", report.ToDesk, "desk", "desk", "team:techniek")
	add(240, "form", report.ToBackoffice, "backoffice", "team:techniek")
	add(61, "form", report.ToBackoffice, "backoffice", "team:techniek", "desk", "team:schoonmaak")
	add(90, "email", report.AskedFirst, "incomplete", "customer", "desk")
	add(44, "email", report.ToAccount, "commercial", "team:accountmanagement")
	r := s.Report(d, older)
	r.Period, r.Scope, r.Made, r.Stale = p, scope, now, 3*time.Minute
	return r, nil
}

// TestTheFlowChartIsBesideTheRules: the last whole month, what went otherwise,
// the way to the rule, in both languages.
func TestTheFlowChartIsBesideTheRules(t *testing.T) {
	r := newRig(t)
	a := r.as(lex)
	for path, want := range map[string][]string{
		"/figures/flow": {"Stroomschema februari 2030", "Zoals het ging: 1.849 verzoeken", "Zoals de regels (v1) het bedoelen",
			"124 daarvan (31%) zette de balie zelf uit bij Techniek", `href="/rules/rule/desk"`, "is 0 keer genomen", "De cijfers lopen 3 min achter"},
		"/figures/flow?language=en":                        {"Flow chart February 2030", "As it happened: 1,849 requests", "was taken 0 times", `<main class="a4 flow" id="main" lang="en">`},
		"/figures/flow?period=2029-Q4&team=techniek":       {"Stroomschema kwartaal 4 van 2029: "},
		"/figures/flow?channel=slack":                      {"Er waren geen verzoeken."},
		"/figures/flow?span=week&from=2030-01-05&channel=": {"Stroomschema week 1 van 2030"},
	} {
		got := a.get(path)
		if got.StatusCode == http.StatusSeeOther { // the form of the bar
			got = a.get(got.Header.Get("Location"))
		}
		for _, s := range want {
			if got.StatusCode != http.StatusOK || !strings.Contains(html.UnescapeString(got.body), s) {
				t.Errorf("%s: %d, without %q", path, got.StatusCode, s)
			}
		}
	}
	for _, path := range []string{"/figures/flow?period=nonsense", "/figures/flow?product=nothing", "/figures/flow/file?format=exe", "/figures/flow/file?format=svg&period=x"} {
		if got := a.get(path); got.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

// TestTheFlowChartAsFiles downloads each.
func TestTheFlowChartAsFiles(t *testing.T) {
	r := newRig(t)
	a := r.as(rita)
	for format, want := range map[string][2]string{
		"svg": {"flow-2030-02.svg", "<svg xmlns="}, "mermaid": {"flow-2030-02.mmd", "flowchart LR\n"}, "sankey": {"flow-2030-02-sankey.mmd", "---\n"},
		"rules-svg": {"flow-2030-02-rules.svg", "<svg xmlns="}, "rules-mermaid": {"flow-2030-02-rules.mmd", "flowchart TD\n"},
		"json": {"flow-2030-02.json", "{\n  \"schema\": \"balie.flow/1\""}, "html": {"flow-2030-02.html", "<!doctype html>"},
	} {
		got := a.get("/figures/flow/file?period=2030-02&format=" + format)
		if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.body, want[1]) || !strings.Contains(got.Header.Get("Content-Disposition"), want[0]) || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %d, %q, %.60q", format, got.StatusCode, got.Header.Get("Content-Disposition"), got.body)
		}
	}
	if got := r.as(tom).get("/figures/flow/file?format=svg"); got.StatusCode != http.StatusForbidden {
		t.Errorf("a team gets %d", got.StatusCode)
	}
}

// TestTheFlowChartInABrowser looks at it in both languages, light and dark,
// wide and on a phone, and with its tables open.
func TestTheFlowChartInABrowser(t *testing.T) {
	r := newRig(t)
	b := r.as(lex).browser()
	for _, language := range []string{"nl", "en"} {
		b.Language(language)
		for _, dark := range []bool{false, true} {
			b.Dark(dark)
			for _, width := range []int64{1440, 390} {
				b.Size(width, 900)
				b.Go("/figures/flow?language="+language, "svg.design")
				browse.Get(b, chromedp.Evaluate[bool](`document.querySelectorAll("main details").forEach((d) => { d.open = true }), true`))
				b.Accessible()
				if wide := browse.Get(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth`)); wide > int(width) {
					t.Errorf("%s: %d px wide in a window of %d", language, wide, width)
				}
			}
		}
	}
	// No words of a drawing are outside it.
	b.Dark(false)
	b.Size(1440, 1000)
	b.Go("/figures/flow?language=nl", "svg.design")
	if out := browse.Get(b, chromedp.Evaluate[string](`[...document.querySelectorAll("svg.sankey")].flatMap((s) => { const v = s.viewBox.baseVal; return [...s.querySelectorAll("text")].filter((t) => { const b = t.getBBox(); return b.x < -1 || b.y < -1 || b.x + b.width > v.width + 1 || b.y + b.height > v.height + 1 }).map((t) => t.textContent) }).join("; ")`)); out != "" {
		t.Errorf("outside the drawing: %s", out)
	}
	if dir := os.Getenv("BALIE_SHOTS"); dir != "" {
		b.Shot(dir + "/flow.png")
		b.Dark(true)
		b.Go("/figures/flow?language=en", "svg.design")
		b.Shot(dir + "/flow-en-dark.png")
		b.Dark(false)
		b.Size(390, 2400)
		b.Go("/figures/flow", "svg.design")
		b.Shot(dir + "/flow-phone.png")
	}
	b.Bound()
	b.Sound()
}
