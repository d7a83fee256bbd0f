package export

import (
	"html/template"
	"strings"

	"github.com/balie/balie/report"
)

// The drawing of where requests went, in its own units.
const (
	flowWidth = 690
	flowMost  = 168
	flowLeast = 120
)

// What there is room for on one page: eight goals are what it is laid out for,
// and each one more takes a line's height from the drawing.
const (
	goalsDrawn = 8
	goalHeight = 20
)

func flowHeight(goals int) float64 {
	return float64(min(max(flowMost-goalHeight*(goals-goalsDrawn), flowLeast), flowMost))
}

// flow is the drawing of where requests went, "" when there is nothing to draw.
func (w Words) flow(f report.Factsheet) template.HTML {
	if f.Flow.Total == 0 {
		return ""
	}
	goals := 0
	for _, g := range f.Goals {
		if !g.NoTarget {
			goals++
		}
	}
	svg := report.Sankey(f.Flow, flowWidth, flowHeight(goals)).SVG(f.Flow, w.FlowWords(), "sk")
	return template.HTML(svg) // its names are escaped there (TestS6_FlowNames…)
}

// FlowWords are the words of the flow's own drawing.
func (w Words) FlowWords() report.FlowWords {
	return report.FlowWords{Language: w.Language, Texts: w.Texts, Names: w, Account: w.Account}
}

func (w Words) flowRows(f report.Flow) []flowRow {
	fw := w.FlowWords()
	var out []flowRow
	for _, e := range f.Edges {
		out = append(out, flowRow{fw.Node(e.From), fw.Node(e.To), w.Number(e.Count)})
	}
	return out
}

func cut(text, gap string) (before, after string) {
	before, after, _ = strings.Cut(text, gap)
	return before, after
}
