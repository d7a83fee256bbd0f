package report

import (
	"fmt"
	"strconv"
	"strings"
)

// thickest is the width of the widest line of a flowchart, in pixels.
const thickest = 14.0

// Mermaid is the flow as a Mermaid flowchart: boxes and arrows with numbers,
// the lines as thick as they are many, loops dashed.
func (f Flow) Mermaid(w FlowWords) string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	place := map[string]int{}
	column := -1
	for i, n := range f.Nodes {
		place[n.ID] = i
		if n.Column != column {
			if column >= 0 {
				b.WriteString("  end\n")
			}
			column = n.Column
			fmt.Fprintf(&b, "  subgraph c%d[\"%s\"]\n", column, mermaidText(w.Column(column)))
		}
		label := mermaidText(w.Node(n.ID)) + "<br/>" + mermaidText(w.Names.Number(n.Count))
		if took := w.Waited(n); took != "" {
			label += mermaidText(" · " + took)
		}
		fmt.Fprintf(&b, "    n%d[\"%s\"]\n", i, label)
	}
	if column >= 0 {
		b.WriteString("  end\n")
	}
	var styles strings.Builder
	for i, e := range f.Edges {
		arrow := "-->"
		if e.Loop {
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  n%d %s|\"%s\"| n%d\n", place[e.From], arrow, mermaidText(w.Names.Number(e.Count)), place[e.To])
		fmt.Fprintf(&styles, "  linkStyle %d stroke-width:%spx\n", i, num(max(1, thickest*float64(e.Count)/float64(max(f.Total, 1)))))
	}
	return b.String() + styles.String()
}

// MermaidSankey is the flow as a Mermaid sankey diagram. That kind knows no
// way back, so what goes from one holder to another is in remarks.
func (f Flow) MermaidSankey(w FlowWords) string {
	names := w.distinct(f)
	var b strings.Builder
	b.WriteString("---\nconfig:\n  sankey:\n    showValues: true\n---\nsankey-beta\n\n")
	for _, e := range f.Edges {
		line := csvText(names[e.From]) + "," + csvText(names[e.To]) + "," + strconv.Itoa(e.Count) + "\n"
		if columnOf(e.From) == columnOf(e.To) {
			line = "%% " + line
		}
		b.WriteString(line)
	}
	return b.String()
}

// distinct are names of which no two are the same: in a sankey diagram the name
// is all there is of a node.
func (w FlowWords) distinct(f Flow) map[string]string {
	times := map[string]int{}
	for _, n := range f.Nodes {
		times[csvText(w.Node(n.ID))]++
	}
	out, taken := map[string]string{}, map[string]bool{}
	for _, n := range f.Nodes {
		name := w.Node(n.ID)
		if times[csvText(name)] > 1 {
			name += " (" + w.Column(n.Column) + ")"
		}
		for i := 2; taken[csvText(name)]; i++ {
			name = w.Node(n.ID) + " " + strconv.Itoa(i)
		}
		taken[csvText(name)] = true
		out[n.ID] = name
	}
	return out
}

// plainInMermaid are the signs besides letters and digits that mean nothing to
// Mermaid within quotes.
const plainInMermaid = " .,:·…→–-/()%≤≥?!'+*€"

// mermaidText is a text within quotes: every sign that could mean something is
// written as its number.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < ' ' || r == 0x7F || r == 0xFFFD:
			b.WriteByte(' ')
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r > 0x7F, strings.ContainsRune(plainInMermaid, r):
			b.WriteRune(r)
		default:
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
		}
	}
	return b.String()
}

// csvText is a value of a sankey diagram's lines: on one line, in quotes when
// it has signs of its own. A remark and a directive begin with %%.
func csvText(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7F }), " ")
	if s == "" {
		return `"?"`
	}
	if strings.ContainsAny(s, `",{}%<>#;`) {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}
