package web_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie/internal/browse"
	"github.com/balie/balie/report"
)

// known are figures that are what a test says, of whatever is asked.
type known struct{ sheet report.Factsheet }

// Factsheet is of report.Book.
func (k *known) Factsheet(_ context.Context, plan report.Plan, p report.Period, s report.Scope, now time.Time) (report.Factsheet, error) {
	f := k.sheet
	f.Period, f.Scope, f.Made, f.Plan = p, s, now, plan.Version
	for i := range f.Months {
		f.Months[i].Period = p.Before(len(f.Months) - 1 - i)
	}
	return f, nil
}

// known makes figures of a full month: more of everything than a page has room for.
func (r *rig) known() *known {
	share := func(metric string, of, n int) report.Figure {
		return report.Figure{Metric: metric, Value: float64(of) / float64(n), Of: of, N: n}
	}
	goal := func(id, nl, en string, f report.Figure, target float64, atMost bool) report.Goal {
		g := report.Goal{ID: id, Names: map[string]string{"nl": nl, "en": en}, Figure: f, Target: target, AtMost: atMost}
		g.Reached = f.Value >= target != atMost || f.Value == target
		for i := range 11 {
			x := f
			x.Value *= 1 + 0.01*float64(i%4) - 0.02
			g.Trend = append(g.Trend, x)
		}
		g.Trend = append(g.Trend, f)
		return g
	}
	f := report.Factsheet{Total: 2861, Concern: report.InformedKept, Falling: 6, Worst: "team:techniek", Goals: []report.Goal{
		goal("g1", "In één keer goed", "Right first time", share(report.FirstTimeRight, 1937, 2861), .7, false),
		goal("g2", "Eerste reactie binnen 30 min", "First response within 30 min", share(report.ResponseKept, 2660, 2861), .9, false),
		goal("g3", "Op tijd afgehandeld", "Solved in time", share(report.ResolveKept, 2681, 2861), .92, false),
		goal("g4", "Klant op tijd ingelicht", "Customer told in time", share(report.InformedKept, 2317, 2861), .95, false),
		goal("g5", "Zonder medewerker beantwoord", "Answered without a person", share(report.AutoAnswered, 973, 2861), .3, false),
		goal("g6", "Heropend", "Reopened", share(report.ReopenedShare, 48, 2861), .03, true),
		goal("g7", "Tevredenheid", "Satisfaction", report.Figure{Metric: report.Satisfaction, Value: 4.4, N: 12, Low: 4.1, High: 4.7}, 4.2, false),
		goal("g8", "Kosten per verzoek", "Cost per request", report.Figure{Metric: report.CostPerRequest, Value: 680, N: 2861}, 750, true),
		{ID: "g9", Names: map[string]string{"nl": "Wij zijn aardig", "en": "We are kind"}, NoMetric: true},
		{Figure: share(report.CompleteOut, 642, 715), NoTarget: true},
	}}
	for _, g := range f.Goals {
		f.All = append(f.All, g.Figure)
	}
	row := func(id string, n int) report.Row {
		p := report.Percentiles{N: n, P50: 95 * time.Minute, P75: 3 * time.Hour, P90: 9 * time.Hour, P95: 12 * time.Hour}
		return report.Row{ID: id, Count: n, Automatic: n / 3, Respond: p, Resolve: p, Kept: share(report.ResolveKept, n*9/10, n), Score: report.Figure{Metric: report.Satisfaction, Value: 4.2, N: n / 7}, Open: n / 20,
			Trend: []int{n / 2, n / 3, n, n}}
	}
	c := r.lib.Brain().Catalogue
	for i, p := range c.Products {
		f.Products = append(f.Products, row(p.ID, 241-9*i%200))
	}
	for i, t := range c.Teams {
		f.Teams = append(f.Teams, row(t.ID, 310-20*i%300))
	}
	for i, channel := range []string{"email", "phone", "slack", "form", "counter"} {
		f.Channels = append(f.Channels, row(channel, 1034-150*i))
	}
	for _, o := range r.lib.Brain().Organisations {
		f.Customer = append(f.Customer, row(o.ID, 402))
	}
	for i := range 12 {
		f.Months = append(f.Months, report.Bar{Total: 2200 + 60*i, Automatic: 300 + 60*i})
	}
	p := report.Percentiles{N: 2700, P50: 14 * time.Minute, P75: 22 * time.Minute, P90: 29 * time.Minute, P95: 48 * time.Minute}
	f.Respond, f.Resolve = p, p
	f.Ages = []report.AgeBand{{From: 0, To: 1, Count: 62, Late: 1}, {From: 1, To: 3, Count: 41, Late: 4}, {From: 3, To: 5, Count: 18, Late: 5}, {From: 5, To: 10, Count: 9, Late: 4}, {From: 10, Count: 4, Late: 3}}
	f.Cost = report.Cost{Known: true, Total: 1945480, PerRequest: 680, Replaced: 2601200}
	f.Flow = report.Flow{Total: 2861, Nodes: []report.FlowNode{{ID: "channel:email", Count: 2861}, {ID: "decided:catalogue", Column: 1, Count: 1000}, {ID: "decided:desk", Column: 1, Count: 1861},
		{ID: "outcome:first_time", Column: 3, Count: 1937}, {ID: "outcome:late", Column: 3, Count: 924}},
		Edges: []report.FlowEdge{{From: "channel:email", To: "decided:catalogue", Count: 1000}, {From: "channel:email", To: "decided:desk", Count: 1861},
			{From: "decided:catalogue", To: "outcome:first_time", Count: 1000}, {From: "decided:desk", To: "outcome:first_time", Count: 937}, {From: "decided:desk", To: "outcome:late", Count: 924}}}
	return &known{f}
}

// TestTheFactsheetIsOfTheLastWholeMonth opens it without saying of when.
func TestTheFactsheetIsOfTheLastWholeMonth(t *testing.T) {
	r := newRig(t)
	a := r.as(lex)
	got := a.get("/figures")
	if got.StatusCode != http.StatusOK || !strings.Contains(got.body, "Factsheet februari 2030") || !strings.Contains(got.body, "<b>Klanten te laat ingelicht</b>") {
		t.Fatalf("%d\n%.2000s", got.StatusCode, got.body)
	}
	for path, want := range map[string]string{
		"/figures?period=2030-W08":                                      "Factsheet week 8 van 2030",
		"/figures?period=2029-Q4&language=en":                           "Factsheet quarter 4 of 2029",
		"/figures?period=2029":                                          "Factsheet 2029",
		"/figures?period=2030-02-01..2030-02-14":                        "Factsheet 1–14 februari 2030",
		"/figures?period=2030-02&team=techniek":                         "Factsheet februari 2030: ",
		"/figures?span=quarter&from=2029-11-20&to=":                     "Factsheet kwartaal 4 van 2029",
		"/figures?span=between&from=2030-01-05&to=2030-01-09&team=":     "Factsheet 5–9 januari 2030",
		"/figures?span=week&from=2030-01-05&to=&team=techniek&product=": "Factsheet week 1 van 2030: ",
	} {
		got := a.get(path)
		if got.StatusCode == http.StatusSeeOther { // the form of the bar
			got = a.get(got.Header.Get("Location"))
		}
		if got.StatusCode != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d, without %q", path, got.StatusCode, want)
		}
	}
	for _, path := range []string{"/figures?period=nonsense", "/figures?product=nothing", "/figures?team=x", "/figures?organisation=x", "/figures?period=2030-02-02..2030-02-01"} {
		if got := a.get(path); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, `role="alert"`) {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

// TestS7_FiguresAreForWhoSeesTheDesk asks for them as everybody.
func TestS7_FiguresAreForWhoSeesTheDesk(t *testing.T) {
	r := newRig(t)
	for who, want := range map[string]int{lex: 200, ada: 200, sanne: 200, rita: 200, tom: 403} {
		for _, path := range []string{"/figures", "/figures/file?format=csv", "/figures/definitions"} {
			if got := r.as(who).get(path); got.StatusCode != want {
				t.Errorf("%s gets %d of %s, want %d", who, got.StatusCode, path, want)
			}
		}
	}
}

// TestFiguresAsFiles downloads each format.
func TestFiguresAsFiles(t *testing.T) {
	r := newRig(t)
	a := r.as(lex)
	for format, begin := range map[string]string{"csv": "\ufeffsection,", "json": "{\n  \"schema\": \"balie.factsheet/1\"", "xlsx": "PK", "html": "<!doctype html>"} {
		got := a.get("/figures/file?period=2030-02&format=" + format)
		if name := "factsheet-2030-02." + format; got.StatusCode != http.StatusOK || !strings.HasPrefix(got.body, begin) || !strings.Contains(got.Header.Get("Content-Disposition"), name) {
			t.Errorf("%s: %d, %q, %.60q", format, got.StatusCode, got.Header.Get("Content-Disposition"), got.body)
		}
	}
	if got := a.get("/figures/file?format=exe"); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an unknown format gives %d", got.StatusCode)
	}
}

// TestTheFactsheetInABrowser looks at the page in both languages, light and
// dark, wide and on a phone, and printed: nothing is cut off the one page.
func TestTheFactsheetInABrowser(t *testing.T) {
	r := newRig(t)
	b := r.as(lex).browser()
	for _, language := range []string{"nl", "en"} {
		b.Language(language)
		for _, dark := range []bool{false, true} {
			b.Dark(dark)
			for _, width := range []int64{1280, 390} {
				b.Size(width, 900)
				for _, path := range []string{"/figures?language=" + language, "/figures/definitions"} {
					b.Go(path, "#main")
					b.Accessible()
					if wide := browse.Get(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth`)); wide > int(width) {
						t.Errorf("%s is %d px wide in a window of %d", path, wide, width)
					}
				}
			}
		}
	}
	if dir := os.Getenv("BALIE_SHOTS"); dir != "" {
		b.Size(390, 2600)
		b.Go("/figures", ".a4")
		t.Log(browse.Get(b, chromedp.Evaluate[string](`[...document.querySelectorAll(".a4 section")].filter(s => s.scrollWidth > s.clientWidth).map(s => s.innerText.slice(0, 30) + s.scrollWidth + ">" + s.clientWidth).join("|")`)))
		b.Shot(dir + "/phone.png")
		b.Size(1280, 1300)
		b.Go("/figures", ".a4")
		b.Shot(dir + "/dark.png")
		b.Dark(false)
		b.Go("/figures?team=techniek", ".a4")
		b.Shot(dir + "/light.png")
		b.Go("/figures/definitions?language=nl", "main")
		b.Shot(dir + "/defs.png")
	}
	b.Dark(false)
	b.Size(1280, 900)
	b.Go("/figures", ".a4")
	b.Bound()
	if !browse.Get(b, chromedp.Evaluate[bool](`!document.querySelector("[data-balie=print]").hidden`)) {
		t.Error("the button to print is not there")
	}
	b.Print(true)
	if over := browse.Get(b, chromedp.Evaluate[string](`(() => { const a = document.querySelector(".a4"), f = a.querySelector(".fs-f").getBoundingClientRect(), box = a.getBoundingClientRect(); return f.bottom > box.bottom ? "the foot ends at " + f.bottom + ", the page at " + box.bottom : a.scrollWidth > a.clientWidth ? "too wide" : "" })()`)); over != "" {
		t.Error(over)
	}
	b.Sound()
}
