package export_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
	"github.com/balie/balie/router"
)

// flowOf is a month beside the sample rules, in which the desk handed out by
// hand and a rule was not taken.
func flowOf(t testing.TB) report.FlowReport {
	t.Helper()
	rs, err := router.Compile("sample.yaml", router.Sample(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rs.Version = 12
	opened := time.Date(2026, 10, 6, 8, 0, 0, 0, time.UTC)
	s := &report.FlowSum{}
	add := func(n int, channel string, decided report.Decided, rule string, holders ...string) {
		f := report.Fact{Opened: opened, Solved: opened.Add(time.Hour), State: balie.Closed, Outcome: balie.Solved, Channel: channel, Decided: decided, Rule: rule, Ruleset: 12,
			Rulings: []report.Ruling{{Rule: rule, Ruleset: 12}}, Path: []report.Step{{Holder: "router"}}}
		for _, h := range append(holders, "answered") {
			step := report.Step{Holder: h, Took: 95 * time.Minute}
			if strings.HasPrefix(h, "team:") {
				f.Handouts, f.Team = f.Handouts+1, h[5:]
			}
			if len(f.Path) == 1 && h != "answered" {
				step.Rule = rule
			}
			f.Path = append(f.Path, step)
		}
		for range n {
			s.Add(f)
		}
	}
	add(700, "email", report.FromCatalogue, "answer")
	add(310, "slack", report.FromCatalogue, "answer")
	add(280, "phone", report.ToDesk, "safety-net", "desk")
	add(124, "email", report.ToDesk, "safety-net", "desk", "team:techniek")
	add(240, "form", report.ToBackoffice, "backoffice", "team:techniek")
	add(61, "form", report.ToBackoffice, "backoffice", "team:techniek", "desk", "team:schoonmaak")
	add(90, "email", report.AskedFirst, "incomplete", "customer", "team:catering")
	add(44, "email", report.ToAccount, "commercial", "team:accountmanagement")
	r := s.Report(report.Designed(rs, nil), nil)
	r.Period, r.Made = report.MonthOf(opened, time.UTC), opened.AddDate(0, 1, 0)
	return r
}

func flowTestWords(t testing.TB, language string) export.Words {
	t.Helper()
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return export.Words{Language: language, Texts: texts, Brand: "De Linde", Zone: time.UTC, Account: func(team string) bool { return team == "accountmanagement" },
		Names: export.Names{Teams: map[string]string{"techniek": "Techniek", "schoonmaak": "Schoonmaak", "catering": "Catering", "accountmanagement": "Accountmanagement"}}}
}

// TestTheFlowPageSaysTheDifferences, in both languages, with drawings and the
// numbers behind them.
func TestTheFlowPageSaysTheDifferences(t *testing.T) {
	for language, want := range map[string][]string{
		"nl": {"Stroomschema oktober 2026", "Zoals het ging: 1.849 verzoeken", "Zoals de regels (v12) het bedoelen", "is 0 keer genomen", "Alle regels als tabel"},
		"en": {"Flow chart October 2026", "As it happened: 1,849 requests", "As the rules (v12) mean it", "was taken 0 times", "All rules as a table"},
	} {
		var b bytes.Buffer
		if err := export.FlowHTML(&b, flowOf(t), flowTestWords(t, language), "main{color:red}"); err != nil {
			t.Fatal(err)
		}
		for _, s := range want {
			if !strings.Contains(b.String(), s) {
				t.Errorf("%s: %q is not there", language, s)
			}
		}
		if strings.Contains(b.String(), " style=") || strings.Contains(b.String(), "<script") || strings.Contains(b.String(), "flow.") {
			t.Errorf("%s: a style attribute, a script or a key is there", language)
		}
	}
}

// TestEveryFileOfAFlowIsReadable: SVG is XML, JSON is JSON with our names,
// Mermaid begins as it must.
func TestEveryFileOfAFlowIsReadable(t *testing.T) {
	r, w := flowOf(t), flowTestWords(t, "nl")
	for kind := range export.FlowMedia {
		b, err := export.Flow(r, w, kind, "p{color:red}")
		if err != nil || len(b) < 500 {
			t.Fatalf("%s: %d bytes, %v", kind, len(b), err)
		}
		switch kind {
		case export.FlowSVG, export.DesignSVG:
			d := xml.NewDecoder(bytes.NewReader(b))
			for err == nil {
				_, err = d.Token()
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", kind, err)
			}
		case export.FlowJSON:
			var f export.FlowFile
			if err := json.Unmarshal(b, &f); err != nil || f.Total != 1849 || f.Schema != export.FlowSchema || len(f.Differences) == 0 || f.Differences[0].Says == "" || len(f.Rules) != len(r.Design.Rules) {
				t.Errorf("%s: %v, %+v", kind, err, f)
			}
		case export.FlowMermaid:
			if !strings.HasPrefix(string(b), "flowchart LR\n") {
				t.Errorf("%s: %.40s", kind, b)
			}
		case export.DesignMermaid:
			if !strings.HasPrefix(string(b), "flowchart TD\n") {
				t.Errorf("%s: %.40s", kind, b)
			}
		}
	}
}

// TestDrawTheFlowPage writes the page to look at, when asked.
func TestDrawTheFlowPage(t *testing.T) {
	dir := os.Getenv("BALIE_DRAW")
	if dir == "" {
		t.Skip("set BALIE_DRAW to a folder to look at the page")
	}
	css, err := os.ReadFile("../../internal/ui/static/balie.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range i18n.Languages {
		var b bytes.Buffer
		if err := export.FlowHTML(&b, flowOf(t), flowTestWords(t, l), string(css)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/page-"+l+".html", b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
