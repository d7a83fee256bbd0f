package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie/report"
	"github.com/balie/balie/router"
)

// TestASankeyStaysInItsBox: whatever comes in, however small it is drawn.
func TestASankeyStaysInItsBox(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := add(rapid.SliceOfN(rapid.Custom(anyFact), 1, 60).Draw(t, "facts")...)
		w, h := float64(rapid.IntRange(480, 1400).Draw(t, "width")), float64(rapid.IntRange(100, 900).Draw(t, "height"))
		for _, f := range []report.Flow{s.Sheet(), s.Full(0), s.Full(1)} {
			if f.Total == 0 {
				continue
			}
			d := report.Sankey(f, w, h)
			if len(d.Nodes) != len(f.Nodes) || len(d.Ribbons)+len(d.Arcs) != len(f.Edges) {
				t.Fatalf("%d of %d nodes and %d of %d edges are drawn", len(d.Nodes), len(f.Nodes), len(d.Ribbons)+len(d.Arcs), len(f.Edges))
			}
			inBox(t, d)
			apart(t, d)
			if again := report.Sankey(f, w, h).SVGFile(f, flowWords(nilT{}, "nl", dutch)); again != d.SVGFile(f, flowWords(nilT{}, "nl", dutch)) {
				t.Fatal("drawn twice it is another drawing")
			}
		}
	})
}

// nilT is for words inside of a property, where loading cannot fail.
type nilT struct{ testing.TB }

func (nilT) Helper()           {}
func (nilT) Fatal(args ...any) { panic(args) }

func inBox(t *rapid.T, d report.Drawing) {
	const dust = 1e-6
	in := func(what string, x, y float64) {
		if math.IsNaN(x) || math.IsNaN(y) || x < -dust || y < -dust || x > d.Width+dust || y > d.Height+dust {
			t.Fatalf("%s at %v, %v is outside %v × %v", what, x, y, d.Width, d.Height)
		}
	}
	for _, n := range d.Nodes {
		in(n.ID, n.X, n.Y)
		in(n.ID, n.X+n.W, n.Y+n.H)
		if n.H <= 0 {
			t.Fatalf("%s has no height", n.ID)
		}
	}
	for _, r := range d.Ribbons {
		for _, s := range r.Stops {
			in(r.From+" to "+r.To, s.X, s.Y)
			in(r.From+" to "+r.To, s.X, s.Y+s.H)
		}
	}
	for _, a := range d.Arcs {
		in("arc", a.X+a.Bulge, a.FromY)
		in("arc", a.X, a.ToY)
	}
	for _, l := range d.Labels {
		in("label of "+l.Node, l.X, l.Y)
	}
}

// apart checks that no two bars and no two labels of a column are over each other.
func apart(t *rapid.T, d report.Drawing) {
	for i, a := range d.Nodes {
		for _, b := range d.Nodes[i+1:] {
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H-1e-6 && b.Y < a.Y+a.H-1e-6 {
				t.Fatalf("%s and %s are over each other: %+v %+v", a.ID, b.ID, a, b)
			}
		}
	}
	tall := func(l report.DrawnLabel) float64 {
		if l.Two {
			return 27
		}
		return 14
	}
	for i, a := range d.Labels {
		for _, b := range d.Labels[i+1:] {
			if a.X == b.X && math.Abs(a.Y-b.Y) < (tall(a)+tall(b))/2-1e-6 {
				t.Fatalf("the labels of %s and %s are over each other", a.Node, b.Node)
			}
		}
	}
}

// TestTheWidthsAreTheNumbers: where there is room, twice as many is twice as wide.
func TestTheWidthsAreTheNumbers(t *testing.T) {
	f := october26().Sheet()
	d := report.Sankey(f, 690, 239)
	unit := d.Nodes[0].H / float64(d.Nodes[0].Count)
	for _, n := range d.Nodes {
		if want := unit * float64(n.Count); want > 10 && math.Abs(n.H-want) > 2 {
			t.Errorf("%s of %d is %.1f high, want %.1f", n.ID, n.Count, n.H, want)
		}
	}
}

// hostile are names somebody could give a team or channel.
var hostile = []string{`<script>alert(1)</script>`, `A & B "quoted" 'x'`, "new\nline\r\x00\x1b", `"]; click n0 "javascript:alert(1)"`, "%%{init: {}}%%", "a,b", "#quot;", "`md`", "\xff\xfe", "   ", "end", "]]>", "-->"}

// TestS6_NamesInAFlowChartAreOnlyWords: in SVG and in Mermaid.
func TestS6_NamesInAFlowChartAreOnlyWords(t *testing.T) {
	for _, bad := range hostile {
		names := calls{channels: map[string]string{"email": bad}, teams: map[string]string{"techniek": bad, "catering": bad}}
		w := flowWords(t, "nl", names)
		s := add(fact("email", report.ToDesk, "", went("desk", "team:techniek", "desk", "team:catering")), fact("slack", report.ToDesk, "", went("desk", "team:techniek")))
		f := s.Full(0)
		d := report.Sankey(f, 900, 400)
		wellFormed(t, bad, d.SVGFile(f, w))
		wellFormed(t, bad, d.SVG(f, w, "x"))
		flowchartIsPlain(t, bad, f.Mermaid(w))
		sankeyIsPlain(t, bad, f, f.MermaidSankey(w))
	}
}

// wellFormed reads SVG and checks that it has only our own elements.
func wellFormed(t *testing.T, bad, svg string) {
	t.Helper()
	if strings.Contains(svg, " style=") {
		t.Errorf("%q: a style attribute", bad)
	}
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v in\n%s", bad, err, svg)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "svg", "title", "desc", "style", "path", "rect", "circle", "text", "tspan":
		default:
			t.Errorf("%q: there is an element %s", bad, e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || strings.HasPrefix(a.Name.Local, "href") {
				t.Errorf("%q: there is an attribute %s", bad, a.Name.Local)
			}
		}
	}
}

// flowchartIsPlain: within quotes there are none of the signs that end them.
func flowchartIsPlain(t *testing.T, bad, text string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if n := strings.Count(line, `"`); n != 0 && n != 2 {
			t.Errorf("%q: %d quotes in %s", bad, n, line)
		}
		rest := line
		if i, j := strings.Index(line, `"`), strings.LastIndex(line, `"`); i >= 0 && j > i {
			label := strings.Replace(line[i+1:j], "<br/>", "", 1)
			if strings.ContainsAny(label, "<>[]{}`&\"\\\x00\n") {
				t.Errorf("%q: a label %q", bad, label)
			}
			rest = line[:i] + line[j+1:]
		}
		if strings.Contains(rest, "click") || strings.Contains(rest, "%%") {
			t.Errorf("%q: a line %s", bad, line)
		}
	}
}

func sankeyIsPlain(t *testing.T, bad string, f report.Flow, text string) {
	t.Helper()
	lines := 0
	_, body, _ := strings.Cut(text, "sankey-beta\n\n")
	for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
		lines++
		if strings.HasPrefix(line, "%%{") {
			t.Errorf("%q: a directive %s", bad, line)
		}
		if cells := split(strings.TrimPrefix(line, "%% ")); len(cells) != 3 || cells[0] == cells[1] {
			t.Errorf("%q: %d cells in %s", bad, len(cells), line)
		}
	}
	if lines != len(f.Edges) {
		t.Errorf("%q: %d lines for %d edges", bad, lines, len(f.Edges))
	}
}

// split reads one line of comma separated values.
func split(line string) []string {
	var out []string
	var cell strings.Builder
	quoted := false
	for _, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ',' && !quoted:
			out = append(out, cell.String())
			cell.Reset()
		default:
			cell.WriteRune(r)
		}
	}
	return append(out, cell.String())
}

// TestNothingHappened has a drawing too.
func TestNothingHappened(t *testing.T) {
	var s report.FlowSum
	w := flowWords(t, "en", dutch)
	wellFormed(t, "none", report.Sankey(s.Full(3), 690, 239).SVGFile(s.Full(3), w))
	if !strings.Contains(s.Sheet().Mermaid(w), "flowchart LR") {
		t.Error("no flowchart")
	}
}

// TestDrawExamples writes the drawings to look at, when asked.
func TestDrawExamples(t *testing.T) {
	dir := os.Getenv("BALIE_DRAW")
	if dir == "" {
		t.Skip("set BALIE_DRAW to a folder to look at the drawings")
	}
	s := october26()
	for name, f := range map[string]report.Flow{"sheet": s.Sheet(), "full": s.Full(8)} {
		w, h := 690.0, 239.0
		if name == "full" {
			w, h = 900, 420
		}
		if err := os.WriteFile(dir+"/"+name+".svg", []byte(report.Sankey(f, w, h).SVGFile(f, flowWords(t, "nl", dutch))), 0o600); err != nil {
			t.Fatal(err)
		}
		for kind, text := range map[string]string{"flowchart": f.Mermaid(flowWords(t, "nl", dutch)), "sankey": f.MermaidSankey(flowWords(t, "nl", dutch))} {
			if err := os.WriteFile(dir+"/"+name+"-"+kind+".mmd", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	d := madeUpDesign(t)
	if rs, err := router.Compile("sample.yaml", router.Sample(), nil); err == nil {
		d = report.Designed(rs, nil)
	}
	svg := report.DrawDesign(d, map[string]report.Taken{"answer": {Count: 900}, "backoffice": {Count: 400}, "complaint": {Count: 20}, "": {Count: 7}}, 640).SVGFile(flowWords(t, "nl", dutch))
	if err := os.WriteFile(dir+"/design.svg", []byte(svg), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/design.mmd", []byte(d.Mermaid(flowWords(t, "nl", dutch))), 0o600); err != nil {
		t.Fatal(err)
	}
}
