package export

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/balie/balie/report"
)

//go:embed flowsheet.html
var flowSheetText string

// flowSheetPage is the template, read once.
var flowSheetPage = sync.OnceValues(func() (*template.Template, error) {
	return template.New("flow").Parse(flowSheetText)
})

// The drawings of a flow chart beside its rules, in their own units: as they
// stand side by side on a wide screen.
const (
	happenedWidth  = 780
	happenedHeight = 440
	designedWidth  = 590
)

// flowView is what flowsheet.html shows: everything in words already.
type flowView struct {
	w                  Words
	Heading, Over      string
	Lede               Sentence
	Total              int
	Happened, Designed template.HTML
	HappenedHeading    string
	DesignedHeading    string
	Differences        []flowDifference
	Edges              []flowEdge
	Rules              []flowRule
	Foot, Stale        string
}

// T is a text of the flow chart.
func (v flowView) T(key string, pairs ...string) string {
	return v.w.Texts.Text(v.w.Language, "flow."+key, pairs...)
}

// flowDifference is what went otherwise, and what one could do.
type flowDifference struct {
	Says, Could string
	Count       string // "0" of a rule that nobody took
	Path        string // the page of its rule; "": it has none here
}

// flowEdge is a line of the table: how many went from one to another.
type flowEdge struct {
	From, To, Count, Share, Took string
	Loop                         bool
}

// flowRule is a rule in the table of what the rules mean.
type flowRule struct {
	Place                             int
	Name, Channels, Looks, Adds, Goes string
	Path                              string
	Taken, Came                       string // "" of one that decides nothing
	Off, Unused                       bool
}

// FlowSheet is a flow chart beside the rules as one page for people: the
// <main> of it. rules is the address before a rule's id, "": there is none.
func FlowSheet(r report.FlowReport, w Words, rules string) (template.HTML, error) {
	t, err := flowSheetPage()
	if err != nil {
		return "", fmt.Errorf("read the page of the flow chart: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, struct {
		flowView
		Lang string
	}{w.flowSheet(r, rules), w.language()}); err != nil {
		return "", fmt.Errorf("write the flow chart: %w", err)
	}
	return template.HTML(b.String()), nil
}

// FlowHTML writes it as a file that stands by itself, as HTML does.
func FlowHTML(out io.Writer, r report.FlowReport, w Words, css string) error {
	sheet, err := FlowSheet(r, w, "")
	if err != nil {
		return err
	}
	return Standalone(out, w.Language, w.FlowHeading(r), css, sheet)
}

// FlowHeading is what a flow chart is called.
func (w Words) FlowHeading(r report.FlowReport) string {
	if s := w.Scope(r.Scope); s != "" {
		return w.flowText("heading_of", "period", w.Period(r.Period), "scope", s)
	}
	return w.flowText("heading", "period", w.Period(r.Period))
}

func (w Words) flowText(key string, pairs ...string) string {
	return w.Texts.Text(w.Language, "flow."+key, pairs...)
}

// flowWords are FlowWords with the names of the rules that are drawn.
func (w Words) flowWords(r report.FlowReport) report.FlowWords {
	fw := w.FlowWords()
	fw.Rule = func(id string) string {
		d, ok := r.Design.Rule(id)
		if !ok {
			return id
		}
		return fw.RuleName(d)
	}
	return fw
}

func (w Words) flowSheet(r report.FlowReport, rules string) flowView {
	fw := w.flowWords(r)
	v := flowView{w: w, Heading: w.FlowHeading(r), Over: w.over(), Total: r.Happened.Total,
		HappenedHeading: w.flowText("happened", "n", w.Number(r.Happened.Total)), DesignedHeading: w.flowText("designed", "n", w.Number(r.Design.Version)),
		Foot: w.flowText("foot", "days", w.Days(r.Period), "made", w.Moment(r.Made))}
	// The names in the drawings are escaped there (TestS6_NamesInAFlowChart…).
	v.Happened = template.HTML(report.Sankey(r.Happened, happenedWidth, happenedHeight).SVG(r.Happened, fw, "happened"))
	v.Designed = template.HTML(report.DrawDesign(r.Design, r.Taken, designedWidth).SVG(fw, "designed"))
	path := func(id string) string {
		if _, ok := r.Design.Rule(id); !ok || rules == "" {
			return ""
		}
		return rules + url.PathEscape(id)
	}
	for _, d := range r.Differences {
		says, could := fw.Says(d)
		v.Differences = append(v.Differences, flowDifference{says, could, w.Number(d.Count), path(d.Rule)})
	}
	v.Lede = w.flowLede(r, v.Differences)
	for _, e := range r.Happened.Edges {
		x := flowEdge{From: fw.Node(e.From), To: fw.Node(e.To), Count: w.Number(e.Count), Share: fw.Share(e.Count, r.Happened.Total), Loop: e.Loop}
		if e.Median > 0 {
			x.Took = fw.Took(e.Median)
		}
		v.Edges = append(v.Edges, x)
	}
	for _, d := range r.Design.Rules {
		x := flowRule{Place: d.Place, Name: fw.RuleName(d), Path: path(d.ID), Channels: fw.Channels(d), Looks: fw.Looks(d), Adds: fw.Adds(d), Goes: fw.Goes(d.Goes), Off: d.Off}
		if d.Decides() {
			t := r.Taken[d.ID]
			x.Taken, x.Came, x.Unused = w.Number(t.Count), w.Number(t.Of), t.Count == 0
		}
		v.Rules = append(v.Rules, x)
	}
	if r.Stale > time.Minute {
		v.Stale = w.flowText("stale", "took", fw.Took(r.Stale))
	}
	return v
}

// flowLede is the one sentence: how much went otherwise, and what most.
func (w Words) flowLede(r report.FlowReport, all []flowDifference) Sentence {
	if len(all) == 0 {
		return Sentence{Lead: w.flowText("lede_none")}
	}
	unused := 0
	for _, d := range r.Differences {
		if d.Kind == report.RuleUnused || d.Kind == report.RuleUnreached {
			unused++
		}
	}
	return Sentence{Lead: w.flowText("lede", "n", w.Number(len(all)-unused), "unused", w.Number(unused)) + " ", Bold: all[0].Says}
}
