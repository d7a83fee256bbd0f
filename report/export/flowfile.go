package export

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/balie/balie/report"
)

// FlowSchema names the shape of FlowFile. It changes when a name in it does.
const FlowSchema = "balie.flow/1"

// FlowFile is a flow chart beside its rules as JSON. Its names stay what they are.
type FlowFile struct {
	Schema      string           `json:"schema" doc:"balie.flow/1"`
	Title       string           `json:"title"`
	Language    string           `json:"language" doc:"Of the names."`
	Period      Stretch          `json:"period"`
	Scope       Of               `json:"scope"`
	Made        time.Time        `json:"made"`
	Behind      float64          `json:"behind" doc:"How many seconds it is behind what happened."`
	Total       int              `json:"total" doc:"Requests opened in the period, without duplicates and spam."`
	Nodes       []FlowNode       `json:"nodes"`
	Edges       []FlowEdge       `json:"edges"`
	Ruleset     int              `json:"ruleset" doc:"The version of the rules in force."`
	Rules       []FlowRule       `json:"rules"`
	Differences []FlowDifference `json:"differences" doc:"What happened otherwise than the rules mean, those with most requests first."`
}

// FlowNode is a place requests were at.
type FlowNode struct {
	ID     string  `json:"id" doc:"channel:…, decided:…, holder:… or outcome:…"`
	Name   string  `json:"name"`
	Column string  `json:"column" enum:"channel,decision,holder,outcome"`
	Count  int     `json:"count" doc:"Of a holder: how often it got one."`
	Waited float64 `json:"waited" doc:"Median seconds they were there, by the clock on the wall; 0: not known."`
}

// FlowEdge is how many went from one node to another.
type FlowEdge struct {
	From  string  `json:"from"`
	To    string  `json:"to"`
	Count int     `json:"count"`
	Loop  bool    `json:"loop" doc:"Back to where they had been before."`
	After float64 `json:"after" doc:"Median seconds they were at the first before they went; 0: not known."`
}

// FlowRule is a rule of the rules in force, and what it did in the period.
type FlowRule struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Place    int      `json:"place"`
	Off      bool     `json:"off"`
	Channels []string `json:"channels,omitempty" doc:"The only ones it can be taken on."`
	Except   []string `json:"except,omitempty" doc:"The channels it is never taken on."`
	Facts    []string `json:"facts,omitempty" doc:"What it looks at."`
	Goes     string   `json:"goes" doc:"answer, customer, desk, owner, account, discard or team:…; empty when it decides nothing."`
	Taken    int      `json:"taken"`
	CameBy   int      `json:"came_by" doc:"Decisions that no earlier rule had made."`
}

// FlowDifference is one way in which what happened differs from what the rules mean.
type FlowDifference struct {
	Kind    string `json:"kind"`
	Rule    string `json:"rule,omitempty"`
	Team    string `json:"team,omitempty"`
	Other   string `json:"other,omitempty" doc:"Another team."`
	Product string `json:"product,omitempty"`
	Count   int    `json:"count"`
	Of      int    `json:"of"`
	Says    string `json:"says"`
	Could   string `json:"could" doc:"What one could do."`
}

var columnNames = [...]string{"channel", "decision", "holder", "outcome"}

// NewFlowFile is a flow chart as it is written.
func NewFlowFile(r report.FlowReport, w Words) FlowFile {
	fw := w.flowWords(r)
	out := FlowFile{Schema: FlowSchema, Title: w.FlowHeading(r), Language: w.language(), Period: Stretch{r.Period.ID(), string(r.Period.Span), r.Period.From, r.Period.To},
		Scope: Of(r.Scope), Made: r.Made, Behind: r.Stale.Seconds(), Total: r.Happened.Total, Ruleset: r.Design.Version,
		Nodes: []FlowNode{}, Edges: []FlowEdge{}, Rules: []FlowRule{}, Differences: []FlowDifference{}}
	for _, n := range r.Happened.Nodes {
		out.Nodes = append(out.Nodes, FlowNode{n.ID, fw.Node(n.ID), columnNames[n.Column], n.Count, n.Waited.Seconds()})
	}
	for _, e := range r.Happened.Edges {
		out.Edges = append(out.Edges, FlowEdge{e.From, e.To, e.Count, e.Loop, e.Median.Seconds()})
	}
	for _, d := range r.Design.Rules {
		t := r.Taken[d.ID]
		out.Rules = append(out.Rules, FlowRule{d.ID, fw.RuleName(d), d.Place, d.Off, d.Only, d.Except, d.Facts, d.Goes, t.Count, t.Of})
	}
	for _, d := range r.Differences {
		says, could := fw.Says(d)
		out.Differences = append(out.Differences, FlowDifference{string(d.Kind), d.Rule, d.Team, d.Other, d.Product, d.Count, d.Of, says, could})
	}
	return out
}

// FlowKind is a file that a flow chart can be.
type FlowKind string

// The kinds of file.
const (
	FlowSVG       FlowKind = "svg"     // as it happened
	FlowMermaid   FlowKind = "mermaid" // a flowchart of that
	FlowSankey    FlowKind = "sankey"  // a Mermaid sankey diagram of that
	DesignSVG     FlowKind = "rules-svg"
	DesignMermaid FlowKind = "rules-mermaid"
	FlowJSON      FlowKind = "json"
	FlowPage      FlowKind = "html"
)

// FlowMedia are the kinds, what their files end in and their media types.
var FlowMedia = map[FlowKind]struct{ Ending, Media string }{
	FlowSVG:       {".svg", "image/svg+xml"},
	FlowMermaid:   {".mmd", "text/plain; charset=utf-8"},
	FlowSankey:    {"-sankey.mmd", "text/plain; charset=utf-8"},
	DesignSVG:     {"-rules.svg", "image/svg+xml"},
	DesignMermaid: {"-rules.mmd", "text/plain; charset=utf-8"},
	FlowJSON:      {".json", "application/json"},
	FlowPage:      {".html", "text/html; charset=utf-8"},
}

// Flow is a flow chart as a file of a kind; css is the desk's stylesheet.
func Flow(r report.FlowReport, w Words, kind FlowKind, css string) ([]byte, error) {
	fw := w.flowWords(r)
	switch kind {
	case FlowSVG:
		return []byte(report.Sankey(r.Happened, happenedWidth, happenedHeight).SVGFile(r.Happened, fw)), nil
	case FlowMermaid:
		return []byte(r.Happened.Mermaid(fw)), nil
	case FlowSankey:
		return []byte(r.Happened.MermaidSankey(fw)), nil
	case DesignSVG:
		return []byte(report.DrawDesign(r.Design, r.Taken, designedWidth).SVGFile(fw)), nil
	case DesignMermaid:
		return []byte(r.Design.Mermaid(fw)), nil
	case FlowPage:
		var out bytes.Buffer
		err := FlowHTML(&out, r, w, css)
		return out.Bytes(), err
	}
	b, err := json.MarshalIndent(NewFlowFile(r, w), "", "  ")
	return append(b, '\n'), err
}
