package report

import (
	"html"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// letterWidth is about how wide most letters of a label are, in units of a
// drawing, in the widest of the fonts it may be shown in.
const letterWidth = 7.4

// wide is about how wide a text is.
func wide(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("iljIft .,:;'’|·-()1", r):
			w += 0.6 * letterWidth
		case strings.ContainsRune("mwMW…—", r):
			w += 1.4 * letterWidth
		case unicode.IsUpper(r):
			w += 1.15 * letterWidth
		default:
			w += letterWidth
		}
	}
	return w
}

// SVG is the drawing within a page: it has no style of its own but classes of
// the page's stylesheet. id makes the ids in it the only ones of the page; it
// is letters, digits and dashes.
func (d Drawing) SVG(f Flow, w FlowWords, id string) string {
	var b strings.Builder
	b.WriteString(`<svg class="sankey" viewBox="0 0 ` + num(d.Width) + " " + num(d.Height) + `" role="img" aria-labelledby="` + id + `-t ` + id + `-d">`)
	d.inside(&b, f, w, id)
	b.WriteString("</svg>")
	return b.String()
}

// fileStyle is what the page's stylesheet says, for a file by itself.
const fileStyle = `text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}` +
	`.fl{opacity:.34;fill:#555}.fl.ok{fill:#2b8a57}.fl.desk{fill:#1f4e96}.fl.back{fill:#9c4fa0}.fl.acct{fill:#1f8286}.fl.wait{fill:#c58a1c}.fl.late{fill:#c5292a;opacity:.6}` +
	`.lp{fill:none;stroke:#555;opacity:.34}.lp.ok{stroke:#2b8a57}.lp.desk{stroke:#1f4e96}.lp.back{stroke:#9c4fa0}.lp.acct{stroke:#1f8286}.lp.wait{stroke:#c58a1c}.lp.again{opacity:.55}` +
	`.nd{fill:#454b57}.nd.ok{fill:#2b8a57}.nd.desk{fill:#1f4e96}.nd.back{fill:#9c4fa0}.nd.acct{fill:#1f8286}.nd.wait{fill:#c58a1c}.nd.bad{fill:#c5292a}` +
	`.sl{font-size:11.5px;font-weight:600;fill:#1d222c;dominant-baseline:middle;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}.sl.e{text-anchor:end}.sl.bad{fill:#9b1c1c}.sv{font-weight:450}.ax{font-size:10.5px;fill:#454b57}`

// SVGFile is the drawing as a file by itself.
func (d Drawing) SVGFile(f Flow, w FlowWords) string {
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" class="sankey" width="` + num(d.Width) + `" height="` + num(d.Height) + `" viewBox="0 0 ` + num(d.Width) + " " + num(d.Height) +
		`" role="img" aria-labelledby="flow-t flow-d" xml:lang="` + html.EscapeString(w.Language) + `">`)
	b.WriteString("<style>" + fileStyle + "</style>")
	d.inside(&b, f, w, "flow")
	b.WriteString("</svg>\n")
	return b.String()
}

func (d Drawing) inside(b *strings.Builder, f Flow, w FlowWords, id string) {
	b.WriteString(`<title id="` + id + `-t">` + clean(w.Title(f)) + `</title><desc id="` + id + `-d">` + clean(w.Sentence(f)) + `</desc>`)
	for _, r := range d.Ribbons {
		b.WriteString(`<path class="` + classes("fl", w.edgeClass(r.FlowEdge)) + `" d="` + r.path() + `"><title>` + clean(w.edgeSays(r.FlowEdge)) + `</title></path>`)
	}
	for _, a := range d.Arcs {
		a.draw(b, w)
	}
	for _, n := range d.Nodes {
		b.WriteString(`<rect class="` + classes("nd", w.class(n.ID)) + `" x="` + num(n.X) + `" y="` + num(n.Y) + `" width="` + num(n.W) + `" height="` + num(n.H) +
			`"><title>` + clean(w.nodeSays(n.FlowNode)) + `</title></rect>`)
	}
	for _, l := range d.Labels {
		n, _ := f.Node(l.Node)
		l.draw(b, n, w)
	}
	for _, c := range d.Captions {
		anchor := ""
		if c.End {
			anchor = ` text-anchor="end"`
		}
		b.WriteString(`<text class="ax" x="` + num(c.X) + `" y="` + num(c.Y) + `"` + anchor + `>` + clean(w.Column(c.Column)) + `</text>`)
	}
}

// draw writes a label: the name, how many, and how long it stays there.
func (l DrawnLabel) draw(b *strings.Builder, n FlowNode, w FlowWords) {
	class := classes("sl", "")
	if l.End {
		class += " e"
	}
	if w.class(n.ID) == "bad" {
		class += " bad"
	}
	count := w.Names.Number(n.Count)
	if took := w.Waited(n); took != "" {
		count += " · " + took
	}
	name, room := w.Node(n.ID), l.Room
	x := `" x="` + num(l.X) + `" y="`
	if l.Two {
		b.WriteString(`<text class="` + class + x + num(l.Y-6.5) + `">` + clean(shorten(name, room)) + `</text><text class="` + class + ` sv` + x + num(l.Y+6.5) + `">` + clean(count) + `</text>`)
		return
	}
	room -= wide(count + " ")
	b.WriteString(`<text class="` + class + x + num(l.Y) + `">` + clean(shorten(name, room)) + ` <tspan class="sv">` + clean(count) + `</tspan></text>`)
}

// shorten cuts a name to what there is room for.
func shorten(name string, room float64) string {
	if wide(name) <= room {
		return name
	}
	letters := []rune(name)
	for len(letters) > 3 && wide(string(letters)+"…") > room {
		letters = letters[:len(letters)-1]
	}
	return strings.TrimRight(string(letters), " ") + "…"
}

// draw writes an arc with its arrow.
func (a Arc) draw(b *strings.Builder, w FlowWords) {
	class := classes("lp", w.edgeClass(a.FlowEdge))
	if a.Loop {
		class += " again"
	}
	handle := a.X + a.Bulge
	b.WriteString(`<path class="` + class + `" stroke-width="` + num(a.Thick) + `" d="M` + num(a.X) + " " + num(a.FromY) + "C" + num(handle) + " " + num(a.FromY) + " " +
		num(handle) + " " + num(a.ToY) + " " + num(a.X) + " " + num(a.ToY) + `"><title>` + clean(w.edgeSays(a.FlowEdge)) + `</title></path>`)
	const tip = 5.0
	back, half := math.Copysign(tip+2, a.Bulge), max(tip*0.7, a.Thick/2)
	b.WriteString(`<path class="` + classes("nd", w.edgeClass(a.FlowEdge)) + `" d="M` + num(a.X) + " " + num(a.ToY) + "L" + num(a.X+back) + " " + num(a.ToY-half) + "V" + num(a.ToY+half) + `Z"/>`)
}

// path is the outline of a ribbon: along its upper edge and back along the lower.
func (r Ribbon) path() string {
	var b strings.Builder
	b.WriteString("M" + num(r.Stops[0].X) + " " + num(r.Stops[0].Y))
	for i, s := range r.Stops[1:] {
		curve(&b, r.Stops[i].X, r.Stops[i].Y, s.X, s.Y, s.Flat)
	}
	last := r.Stops[len(r.Stops)-1]
	b.WriteString("V" + num(last.Y+last.H))
	for i := len(r.Stops) - 2; i >= 0; i-- {
		s, before := r.Stops[i], r.Stops[i+1]
		curve(&b, before.X, before.Y+before.H, s.X, s.Y+s.H, before.Flat)
	}
	b.WriteString("Z")
	return b.String()
}

func curve(b *strings.Builder, x1, y1, x2, y2 float64, flat bool) {
	if flat {
		b.WriteString("L" + num(x2) + " " + num(y2))
		return
	}
	middle := num((x1 + x2) / 2)
	b.WriteString("C" + middle + " " + num(y1) + " " + middle + " " + num(y2) + " " + num(x2) + " " + num(y2))
}

// nodeSays is a node in words.
func (w FlowWords) nodeSays(n FlowNode) string {
	if took := w.Waited(n); took != "" {
		return w.t("says_node_took", "name", w.Node(n.ID), "n", w.Names.Number(n.Count), "took", took)
	}
	return w.t("svg_item", "name", w.Node(n.ID), "n", w.Names.Number(n.Count))
}

// edgeSays is an edge in words.
func (w FlowWords) edgeSays(e FlowEdge) string {
	s := w.Node(e.From) + " → " + w.Node(e.To) + ": " + w.Names.Number(e.Count)
	if e.Median > 0 {
		s += ", " + w.t("says_after", "took", w.Took(e.Median))
	}
	return s
}

func classes(base, also string) string {
	if also == "" {
		return base
	}
	return base + " " + also
}

// num is a number in a drawing, to a tenth.
func num(v float64) string {
	s := strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
	if s == "-0" {
		return "0"
	}
	return s
}

// clean is a text within XML: escaped, and without what XML cannot hold.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF || r == 0x7F {
			return ' '
		}
		return r
	}, s)
	return html.EscapeString(s)
}
