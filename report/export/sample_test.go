package export_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
)

// amsterdam is the sample desk's zone.
func amsterdam(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// words are those of the sample desk.
func words(t testing.TB, language string) export.Words {
	t.Helper()
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	names := export.Names{
		Products: map[string]string{"pas": "Toegangspas vervangen", "klimaat": "Klimaatstoring", "ruimte": "Vergaderruimte", "parkeren": "Parkeren bezoek",
			"catering": "Catering", "koffie": "Koffieautomaat", "schoon": "Schoonmaak extra"},
		Teams:         map[string]string{"gebouw": "Gebouwbeheer", "it": "ICT-beheer", "schoon": "Schoonmaak", "log": "Logistiek", "acct": "Accountmanagement"},
		Organisations: map[string]string{"linden": "Waterschap De Lage Linden", "akker": "Akker Zorg"},
	}
	return export.Words{Language: language, Texts: texts, Names: names, Zone: amsterdam(t), Brand: "Waterschap De Lage Linden", Desk: "Facilitaire servicedesk",
		Account: func(team string) bool { return team == "acct" }}
}

func shareOf(metric string, of, n int) report.Figure {
	return report.Figure{Metric: metric, Value: float64(of) / float64(n), Of: of, N: n, Low: float64(of)/float64(n) - 0.02, High: float64(of)/float64(n) + 0.02}
}

// trend is a figure of the periods before, the last of them the figure itself.
func trend(last report.Figure, values ...float64) []report.Figure {
	var out []report.Figure
	for _, v := range values {
		f := last
		f.Value = v
		out = append(out, f)
	}
	return append(out, last)
}

// goal is a goal with what it reached.
func goal(id, nl, en string, f report.Figure, target float64, atMost bool, before ...float64) report.Goal {
	reached := f.Value >= target
	if atMost {
		reached = f.Value <= target
	}
	return report.Goal{ID: id, Names: map[string]string{"nl": nl, "en": en}, Figure: f, Target: target, AtMost: atMost, Reached: reached && !f.None, Trend: trend(f, before...)}
}

// sample is the factsheet that was drawn: October 2026.
func sample(t testing.TB) report.Factsheet {
	zone := amsterdam(t)
	p := report.MonthOf(time.Date(2026, 10, 10, 12, 0, 0, 0, zone), zone)
	score := report.Figure{Metric: report.Satisfaction, Value: 4.4, N: 402, Low: 4.31, High: 4.49}
	cost := report.Figure{Metric: report.CostPerRequest, Value: 680, N: 2861}
	f := report.Factsheet{
		Period: p, Made: time.Date(2026, 11, 2, 7, 0, 0, 0, zone), Plan: 3, Total: 2861,
		Concern: report.InformedKept, Falling: 6, Worst: "team:gebouw",
		Goals: []report.Goal{
			goal("g1", "In één keer goed", "First-contact resolution", shareOf(report.FirstTimeRight, 1937, 2861), 0.70, false, .61, .60, .63, .64, .62, .66, .65, .67, .69, .70, .67),
			goal("g2", "Eerste reactie binnen 30 min", "First reply within 30 min", shareOf(report.ResponseKept, 2660, 2861), 0.90, false, .84, .86, .85, .88, .87, .90, .91, .90, .92, .91, .93),
			goal("g3", "Op tijd afgehandeld", "Resolved on time", shareOf(report.ResolveKept, 2681, 2861), 0.92, false, .88, .87, .90, .91, .89, .92, .93, .91, .94, .93, .95),
			goal("g4", "Klant op tijd ingelicht", "Customer updated on time", shareOf(report.InformedKept, 2317, 2861), 0.95, false, .90, .91, .89, .92, .90, .88, .89, .87, .86, .84, .83),
			goal("g5", "Zonder medewerker beantwoord", "Answered without an agent", shareOf(report.AutoAnswered, 973, 2861), 0.30, false, .12, .15, .17, .18, .22, .24, .25, .27, .30, .31, .33),
			goal("g6", "Heropend binnen 5 werkdagen", "Reopened within 5 working days", shareOf(report.ReopenedShare, 48, 2861), 0.03, true, .032, .03, .029, .027, .028, .024, .022, .023, .02, .019, .018),
			goal("g7", "Tevredenheid", "Satisfaction", score, 4.2, false, 4.0, 4.1, 4.1, 4.2, 4.1, 4.3, 4.2, 4.3, 4.4, 4.3, 4.4),
			goal("g8", "Kosten per verzoek", "Cost per request", cost, 750, true, 880, 860, 850, 830, 820, 790, 760, 750, 720, 700, 690),
		},
		Respond: report.Percentiles{N: 2700, P50: 14 * time.Minute, P75: 22 * time.Minute, P90: 29 * time.Minute, P95: 48 * time.Minute},
		Resolve: report.Percentiles{N: 2640, P50: 95 * time.Minute, P75: 4 * time.Hour, P90: 9*time.Hour + 20*time.Minute, P95: 15 * time.Hour},
		Ages:    []report.AgeBand{{From: 0, To: 1, Count: 62, Late: 1}, {From: 1, To: 3, Count: 41, Late: 4}, {From: 3, To: 5, Count: 18, Late: 5}, {From: 5, To: 10, Count: 9, Late: 4}, {From: 10, Count: 4, Late: 3}},
		Cost:    report.Cost{Known: true, Total: 1945480, PerRequest: 680, Replaced: 2601200},
	}
	for _, g := range f.Goals {
		f.All = append(f.All, g.Figure)
	}
	for _, x := range []report.Figure{shareOf(report.AutoPrecision, 203, 211), shareOf(report.CompleteOut, 642, 715), shareOf(report.ReturnedShare, 31, 715), shareOf(report.SurveyResponse, 402, 905),
		{Metric: report.Backlog, Value: 134, N: 134, Of: 134}, {Metric: report.AtOnce, Value: 0.19, N: 2861, Of: 544}} {
		f.All = append(f.All, x)
		f.Goals = append(f.Goals, report.Goal{Figure: x, NoTarget: true, Trend: []report.Figure{x}})
	}
	f.Flow = sampleFlow()
	breakdowns(&f)
	return f
}

func breakdowns(f *report.Factsheet) {
	totals := []int{2210, 1985, 2420, 2305, 2510, 2440, 2380, 2290, 2060, 2350, 2740, 2861}
	auto := []int{265, 298, 411, 415, 552, 585, 595, 618, 618, 729, 905, 973}
	for i := range totals {
		f.Months = append(f.Months, report.Bar{Period: f.Period.Before(len(totals) - 1 - i), Total: totals[i], Automatic: auto[i]})
	}
	row := func(id string, n, auto, atOnce int, respond, resolve time.Duration, kept, score float64, trend ...int) report.Row {
		return report.Row{ID: id, Count: n, Automatic: auto, AtOnce: atOnce, Trend: trend,
			Respond: report.Percentiles{N: n, P50: respond}, Resolve: report.Percentiles{N: n, P50: resolve},
			Kept: report.Figure{Metric: report.ResolveKept, Value: kept, N: n}, Score: report.Figure{Metric: report.Satisfaction, Value: score, N: n / 7}, Open: n / 20}
	}
	m := time.Minute
	f.Channels = []report.Row{
		row("email", 1034, 361, 0, 24*m, 3*time.Hour, .93, 4.3, 910, 840, 970, 915, 985, 940, 915, 870, 790, 880, 1010, 1034),
		row("phone", 727, 0, 544, 0, 5*m, .97, 4.5, 840, 750, 880, 820, 850, 800, 780, 750, 680, 720, 780, 727),
		row("slack", 612, 300, 0, 9*m, 50*m, .95, 4.6, 210, 200, 280, 290, 350, 380, 375, 390, 365, 450, 550, 612),
		row("form", 488, 312, 0, 6*m, 40*m, .94, 4.4, 250, 215, 290, 280, 325, 320, 310, 280, 225, 300, 400, 488),
	}
	f.Channels[1].Respond.N = 0
	f.Products = []report.Row{
		row("pas", 241, 159, 0, 5*m, 130*m, .95, 4.5), row("klimaat", 233, 0, 0, 5*m, 350*m, .82, 3.9), row("ruimte", 212, 172, 0, 5*m, 4*m, .99, 4.6),
		row("parkeren", 198, 182, 0, 5*m, m, .99, 4.7), row("catering", 176, 67, 0, 5*m, 185*m, .91, 4.4), row("koffie", 151, 66, 0, 5*m, 80*m, .96, 4.3), row("schoon", 97, 20, 0, 5*m, 280*m, .9, 4.2),
	}
	f.Teams = []report.Row{row("gebouw", 310, 0, 0, 0, 400*m, .82, 3.9), row("it", 214, 0, 0, 0, 200*m, .95, 4.3), row("schoon", 97, 0, 0, 0, 280*m, .93, 4.2), row("log", 94, 0, 0, 0, 190*m, .96, 4.5), row("acct", 143, 0, 0, 0, 900*m, .9, 4.4)}
	f.Customer = []report.Row{row("linden", 2310, 0, 0, 0, 90*m, .94, 4.4), row("akker", 402, 0, 0, 0, 110*m, .92, 4.3), row("", 149, 0, 0, 0, 60*m, .95, 4.5)}
}

// sampleFlow is where the sample's requests went, by decision and outcome.
func sampleFlow() report.Flow {
	f := report.Flow{Total: 2861}
	add := func(id string, column, n int) {
		f.Nodes = append(f.Nodes, report.FlowNode{ID: id, Column: column, Count: n})
	}
	add("channel:email", 0, 1034)
	add("channel:slack", 0, 612)
	add("channel:form", 0, 488)
	add("channel:phone", 0, 727)
	add("decided:catalogue", 1, 973)
	add("decided:desk", 1, 1030)
	add("decided:backoffice", 1, 715)
	add("decided:account", 1, 143)
	add("outcome:first_time", 3, 1937)
	add("outcome:in_time", 3, 696)
	add("outcome:late", 3, 180)
	add("outcome:reopened", 3, 48)
	edge := func(from, to string, n int) { f.Edges = append(f.Edges, report.FlowEdge{From: from, To: to, Count: n}) }
	for _, c := range []struct {
		id string
		n  [4]int
	}{{"channel:email", [4]int{362, 330, 272, 70}}, {"channel:slack", [4]int{300, 215, 88, 9}}, {"channel:form", [4]int{311, 87, 76, 14}}, {"channel:phone", [4]int{0, 398, 279, 50}}} {
		for i, to := range []string{"catalogue", "desk", "backoffice", "account"} {
			if c.n[i] > 0 {
				edge(c.id, "decided:"+to, c.n[i])
			}
		}
	}
	edge("decided:catalogue", "outcome:first_time", 951)
	edge("decided:catalogue", "outcome:reopened", 22)
	edge("decided:desk", "outcome:first_time", 986)
	edge("decided:desk", "outcome:late", 26)
	edge("decided:desk", "outcome:reopened", 18)
	edge("decided:backoffice", "outcome:in_time", 583)
	edge("decided:backoffice", "outcome:late", 124)
	edge("decided:backoffice", "outcome:reopened", 8)
	edge("decided:account", "outcome:in_time", 113)
	edge("decided:account", "outcome:late", 30)
	return f
}

// stylesheet is the desk's.
func stylesheet(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "internal", "ui", "static", "balie.css"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
