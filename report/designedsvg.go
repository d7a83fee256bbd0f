package report

import (
	"fmt"
	"strings"
)

// SVG is the drawing within a page, as Drawing.SVG.
func (d DesignDrawing) SVG(w FlowWords, id string) string {
	return `<svg class="sankey design" viewBox="0 0 ` + num(d.Width) + " " + num(d.Height) + `" role="img" aria-labelledby="` + id + `-t ` + id + `-d">` + d.inside(w, id) + "</svg>"
}

// SVGFile is the drawing as a file by itself.
func (d DesignDrawing) SVGFile(w FlowWords) string {
	return `<svg xmlns="http://www.w3.org/2000/svg" class="sankey design" width="` + num(d.Width) + `" height="` + num(d.Height) + `" viewBox="0 0 ` + num(d.Width) + " " + num(d.Height) +
		`" role="img" aria-labelledby="design-t design-d" xml:lang="` + clean(w.Language) + `"><style>` + fileStyle + `.lp.none{stroke-dasharray:3 3}.sp{stroke:#b9bdc6;stroke-width:2}.sl.off{fill:#5c6370;font-weight:450}</style>` + d.inside(w, "design") + "</svg>\n"
}

func (d DesignDrawing) inside(w FlowWords, id string) string {
	var b strings.Builder
	b.WriteString(`<title id="` + id + `-t">` + clean(w.t("design_title")) + `</title><desc id="` + id + `-d">` + clean(w.designSays(d)) + `</desc>`)
	b.WriteString(`<text class="ax" x="` + num(spineX-4) + `" y="12">` + clean(w.t("design_enters")) + `</text><text class="ax" x="` + num(d.Width*rowsShare-6) + `" y="12" text-anchor="end">` +
		clean(w.t("design_taken")) + `</text><text class="ax" x="` + num(d.Width-rowRoom) + `" y="12">` + clean(w.t("design_goes")) + `</text>`)
	if n := len(d.Rows); n > 0 {
		b.WriteString(`<path class="sp" d="M` + num(spineX) + " " + num(rowsTop-4) + "V" + num(d.Rows[n-1].Y) + `"/>`)
	}
	for _, l := range d.Lines {
		class := classes("lp", w.goesClass(d.Targets[l.Target].Goes))
		if l.Unused {
			class += " none"
		}
		middle := num((l.FromX + l.ToX) / 2)
		b.WriteString(`<path class="` + class + `" stroke-width="` + num(l.Thick) + `" d="M` + num(l.FromX) + " " + num(l.FromY) + "C" + middle + " " + num(l.FromY) + " " + middle + " " + num(l.ToY) +
			" " + num(l.ToX) + " " + num(l.ToY) + `"><title>` + clean(w.lineSays(d, l)) + `</title></path>`)
	}
	for _, r := range d.Rows {
		d.row(&b, w, r)
	}
	for _, t := range d.Targets {
		b.WriteString(`<rect class="` + classes("nd", w.goesClass(t.Goes)) + `" x="` + num(t.X) + `" y="` + num(t.Y) + `" width="` + num(t.W) + `" height="` + num(t.H) + `"/>`)
		l := DrawnLabel{X: t.X + t.W + labelGap, Y: t.Y + t.H/2}
		count := w.Names.Number(t.Count)
		room := rowRoom - nodeWidth - labelGap - wide(count+" ")
		b.WriteString(`<text class="sl" x="` + num(l.X) + `" y="` + num(l.Y) + `">` + clean(shorten(w.Goes(t.Goes), room)) + ` <tspan class="sv">` + clean(count) + `</tspan></text>`)
	}
	return b.String()
}

// row writes a rule: its place, name, where it counts and what it adds.
func (d DesignDrawing) row(b *strings.Builder, w FlowWords, r DesignRow) {
	class, dot := "sl", classes("nd", w.goesClass(r.Goes))
	if r.Off || r.Goes == "" {
		class, dot = "sl off", "nd none"
	}
	b.WriteString(`<circle class="` + dot + `" cx="` + num(spineX) + `" cy="` + num(r.Y) + `" r="4"/>`)
	name := w.RuleName(r.DesignRule)
	if r.ID != NoRuleID {
		name = fmt.Sprintf("%d %s", r.Place, name)
	}
	count := ""
	if r.Decides() {
		count = w.Names.Number(r.Count)
	}
	room := d.Width*rowsShare - rowTextX - wide(count+"00")
	name = shorten(name, room)
	room -= wide(name + " ")
	b.WriteString(`<text class="` + class + `" x="` + num(rowTextX) + `" y="` + num(r.Y) + `">` + clean(name))
	if more := w.rowMore(r); more != "" && room > 8*letterWidth {
		b.WriteString(` <tspan class="sv">` + clean(shorten(more, room)) + `</tspan>`)
	}
	b.WriteString("</text>")
	if count != "" {
		b.WriteString(`<text class="` + class + ` e sv" x="` + num(d.Width*rowsShare-6) + `" y="` + num(r.Y) + `">` + clean(count) + `</text>`)
	}
}

// rowMore is what stands behind a rule's name.
func (w FlowWords) rowMore(r DesignRow) string {
	var out []string
	for _, s := range []string{w.Channels(r.DesignRule), w.Adds(r.DesignRule)} {
		if s != "" {
			out = append(out, s)
		}
	}
	if r.Off {
		out = append(out, w.t("is_off"))
	}
	return strings.Join(out, " · ")
}

func (w FlowWords) lineSays(d DesignDrawing, l DesignLine) string {
	r := d.Rows[l.Row]
	return w.RuleName(r.DesignRule) + " → " + w.Goes(r.Goes) + ": " + w.Names.Number(r.Count)
}

// designSays is the drawing in a sentence.
func (w FlowWords) designSays(d DesignDrawing) string {
	var out []string
	decide, unused := 0, 0
	for _, r := range d.Rows {
		if r.Decides() && r.ID != NoRuleID {
			decide++
			if r.Count == 0 {
				unused++
			}
		}
	}
	for _, t := range d.Targets {
		out = append(out, w.t("svg_item", "name", w.Goes(t.Goes), "n", w.Names.Number(t.Count)))
	}
	return w.t("design_says", "rules", w.Names.Number(len(d.Rows)-1), "decide", w.Names.Number(decide), "unused", w.Names.Number(unused), "targets", strings.Join(out, ", "))
}

// Mermaid is the ruleset as a Mermaid flowchart, from top to bottom.
func (d Design) Mermaid(w FlowWords) string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	fmt.Fprintf(&b, "  start([\"%s\"]) --> %s\n", mermaidText(w.t("design_enters")), d.step(0))
	targets := map[string]int{}
	for i, r := range d.Rules {
		label := fmt.Sprintf("%d ", r.Place) + w.RuleName(r)
		if c := w.Channels(r); c != "" {
			label += " (" + c + ")"
		}
		if r.Off {
			label += " – " + w.t("is_off")
		}
		fmt.Fprintf(&b, "  r%d{\"%s\"}\n", i, mermaidText(label))
		if !r.Decides() {
			fmt.Fprintf(&b, "  r%d -->|\"%s\"| %s\n", i, mermaidText(w.Adds(r)), d.step(i+1))
			continue
		}
		if _, ok := targets[r.Goes]; !ok {
			targets[r.Goes] = len(targets)
			fmt.Fprintf(&b, "  t%d[\"%s\"]\n", targets[r.Goes], mermaidText(w.Goes(r.Goes)))
		}
		yes := w.t("yes")
		if adds := w.Adds(r); adds != "" {
			yes += ": " + adds
		}
		fmt.Fprintf(&b, "  r%d -->|\"%s\"| t%d\n", i, mermaidText(yes), targets[r.Goes])
		if !r.Always {
			fmt.Fprintf(&b, "  r%d -->|\"%s\"| %s\n", i, mermaidText(w.t("no")), d.step(i+1))
		}
	}
	fmt.Fprintf(&b, "  last[\"%s\"]\n", mermaidText(w.t("no_rule")+" → "+w.Goes(GoesDesk)))
	return b.String()
}

// step is the place of a rule in a flowchart, or its end.
func (d Design) step(i int) string {
	if i < len(d.Rules) {
		return fmt.Sprintf("r%d", i)
	}
	return "last"
}
