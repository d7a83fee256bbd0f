package report

import (
	"bytes"
	"slices"
	"strings"

	"github.com/balie/balie/internal/yamltree"
)

// EditPlan is a plan's text with what change does to it. Remarks and layout
// stay as they are, but for those within a value that changes. body must be a
// plan that ParsePlan reads; so must the outcome be.
func EditPlan(body []byte, names PlanNames, change func(*Plan)) ([]byte, error) {
	p, err := ParsePlan("plan", body, PlanNames{})
	if err != nil {
		return nil, err
	}
	before := p.Marshal()
	change(&p)
	after := p.Marshal()
	out := mergedPlan(body, before, after)
	// Is it what was meant? Otherwise all of it is written anew.
	got, err := ParsePlan("plan", out, PlanNames{})
	if err != nil || !bytes.Equal(got.Marshal(), after) {
		out = after
	}
	if _, err := ParsePlan("plan", out, names); err != nil {
		return nil, err
	}
	return out, nil
}

// branch is a key or an item of a document, with its lines [from, to).
type branch struct {
	key      string // of a mapping, or the id of an item
	from, to int
	below    []branch // none: it is one value, or written in one line
	items    bool     // below are items
}

// leaves are the branches of a document in block style.
type leaves struct {
	yamltree.Reader
	lines []string
}

// mergedPlan is the text with the changes from before to after: what is the
// same in both keeps its lines.
func mergedPlan(text, before, after []byte) []byte {
	end := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		end = "\r\n"
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	}
	t, b, a := leavesOf(text), leavesOf(before), leavesOf(after)
	root := func(l *leaves) branch {
		return branch{to: len(l.lines), below: l.mapping(l.Open([]byte(strings.Join(l.lines, "\n"))), len(l.lines))}
	}
	m := merger{t, b, a}
	out := m.merge(root(t), root(b), root(a))
	return []byte(strings.TrimRight(strings.Join(out, end), "\r\n") + end)
}

func leavesOf(text []byte) *leaves {
	return &leaves{Reader: yamltree.Reader{File: "plan", MaxBytes: planLimit}, lines: strings.Split(strings.TrimRight(string(text), "\n"), "\n")}
}

// mapping are the keys of a mapping that ends before a line, each on lines of
// its own; none when it is written otherwise.
func (l *leaves) mapping(n yamltree.Node, end int) []branch {
	entries := l.Mapping(n, "")
	out := make([]branch, 0, len(entries))
	for _, e := range entries {
		at := lineOf(e.At)
		if k := len(out); k > 0 {
			if at <= out[k-1].from {
				return nil
			}
			out[k-1].to = at
		}
		out = append(out, branch{key: e.Key, from: at})
	}
	if len(out) > 0 {
		out[len(out)-1].to = end
	}
	for i := range out {
		out[i].to = l.tail(out[i].from, out[i].to)
		l.inside(&out[i], entries[i].Value)
	}
	return out
}

// inside fills what is below a key.
func (l *leaves) inside(b *branch, v yamltree.Node) {
	switch {
	case v.Absent() || v.Empty() || v.IsScalar() || lineOf(v) == b.from:
	case v.IsMapping():
		b.below = l.mapping(v, b.to)
	default:
		b.below, b.items = l.list(v, b.to), true
	}
}

// list are the items of a list, each beginning with a dash.
func (l *leaves) list(n yamltree.Node, end int) []branch {
	all := l.List(n, "")
	out := make([]branch, 0, len(all))
	for i, x := range all {
		line, col := x.Place()
		if line > len(l.lines) || col < 3 || !strings.HasPrefix(l.lines[line-1][min(col-3, len(l.lines[line-1])):], "- ") || !x.IsMapping() {
			return nil
		}
		if i > 0 {
			out[i-1].to = line - 1
		}
		out = append(out, branch{from: line - 1, to: end})
	}
	for i := range out {
		out[i].to = l.tail(out[i].from, out[i].to)
		out[i].below = l.mapping(all[i], out[i].to)
		out[i].key = l.name(all[i])
	}
	return out
}

// name is what an item is known by: its id, else its name in a language.
func (l *leaves) name(n yamltree.Node) string {
	for _, e := range l.Mapping(n, "") {
		switch {
		case e.Key == "id":
			return l.Text(e.Value, "")
		case e.Key == "name":
			for _, x := range l.Mapping(e.Value, "") {
				return x.Key + ":" + l.Text(x.Value, "")
			}
		}
	}
	return ""
}

// tail is the end of what begins at from, without the remarks and empty lines
// that stand before what follows.
func (l *leaves) tail(from, to int) int {
	for to > from+1 {
		if s := strings.TrimSpace(l.lines[to-1]); s != "" && !strings.HasPrefix(s, "#") {
			break
		}
		to--
	}
	return to
}

func lineOf(n yamltree.Node) int {
	line, _ := n.Place()
	return line - 1
}

// merger has the text with its remarks, and the plain text before and after.
type merger struct{ text, before, after *leaves }

// merge gives the lines of a branch that is in all three. What the text has and
// neither plain text does (its version line) stays.
func (m merger) merge(t, b, a branch) []string {
	if slices.Equal(m.before.lines[b.from:b.to], m.after.lines[a.from:a.to]) {
		return m.text.lines[t.from:t.to]
	}
	if len(t.below) == 0 || len(b.below) == 0 || len(a.below) == 0 || t.items != a.items {
		return m.fresh(a, m.column(t), t)
	}
	var out []string
	at := t.from
	if t.items && !sameOrder(t.below, a.below) {
		return m.reordered(t, b, a)
	}
	for _, x := range t.below {
		out = append(out, m.text.lines[at:x.from]...)
		at = x.to
		was, inBefore := find(b.below, x.key)
		is, inAfter := find(a.below, x.key)
		switch {
		case inBefore && inAfter:
			out = append(out, m.merge(x, was, is)...)
		case !inBefore:
			out = append(out, m.text.lines[x.from:x.to]...)
		case x.from > 0 && x.from != heading(m.text.lines): // gone, with the remarks right above it
			out = dropRemarks(out)
		}
	}
	last := t.below[len(t.below)-1]
	out = append(out, m.added(t, a, m.column(last))...)
	return append(out, m.text.lines[at:t.to]...)
}

// added are the keys and items that are new.
func (m merger) added(t, a branch, column int) []string {
	var out []string
	for _, x := range a.below {
		if _, there := find(t.below, x.key); !there {
			out = append(out, m.fresh(x, column, branch{})...)
		}
	}
	return out
}

// reordered writes items in their new order, each with the remarks above it.
func (m merger) reordered(t, b, a branch) []string {
	lead := map[string][]string{}
	out := slices.Clone(m.text.lines[t.from:t.below[0].from])
	at := t.below[0].from
	for _, x := range t.below {
		lead[x.key] = m.text.lines[at:x.from]
		at = x.to
	}
	column := m.column(t.below[0])
	for _, x := range a.below {
		old, there := find(t.below, x.key)
		was, had := find(b.below, x.key)
		if !there || !had {
			out = append(out, m.fresh(x, column, branch{})...)
			continue
		}
		out = append(append(out, lead[x.key]...), m.merge(old, was, x)...)
	}
	return append(out, m.text.lines[at:t.to]...)
}

// fresh are the lines of the new text, set at a column; a remark behind a value
// that is one line stays.
func (m merger) fresh(a branch, column int, old branch) []string {
	lines := m.after.lines[a.from:a.to]
	if len(lines) == 0 {
		return nil
	}
	shift := column - indentOf(lines[0])
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.Repeat(" ", max(0, indentOf(l)+shift)) + strings.TrimLeft(l, " ")
	}
	if old.to-old.from == 1 && len(out) == 1 && !strings.Contains(out[0], "#") {
		was := m.text.lines[old.from]
		if i := strings.LastIndex(was, " #"); i > 0 && !strings.ContainsAny(was[i:], `"'`) && strings.HasPrefix(strings.TrimSpace(was), "- ") == strings.HasPrefix(strings.TrimSpace(out[0]), "- ") {
			out[0] += was[i:]
		}
	}
	return out
}

// column is where a branch of the text begins.
func (m merger) column(t branch) int {
	if t.from >= len(m.text.lines) {
		return 0
	}
	return indentOf(m.text.lines[t.from])
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func find(all []branch, key string) (branch, bool) {
	i := slices.IndexFunc(all, func(b branch) bool { return b.key == key })
	if i < 0 {
		return branch{}, false
	}
	return all[i], true
}

// sameOrder reports whether what is in both stands in the same order, and what
// is new stands at the end.
func sameOrder(t, a []branch) bool {
	at, fresh := -1, false
	for _, x := range a {
		i := slices.IndexFunc(t, func(b branch) bool { return b.key == x.key })
		switch {
		case i < 0:
			fresh = true
		case fresh || i < at:
			return false
		default:
			at = i
		}
	}
	return true
}

// heading is the first line behind the remarks a document begins with: they are
// of the whole.
func heading(lines []string) int {
	i := slices.IndexFunc(lines, func(l string) bool { return !strings.HasPrefix(strings.TrimSpace(l), "#") })
	return max(i, 0)
}

// dropRemarks takes the remarks off the end that stand right above what goes.
func dropRemarks(lines []string) []string {
	for len(lines) > 0 && strings.HasPrefix(strings.TrimSpace(lines[len(lines)-1]), "#") {
		lines = lines[:len(lines)-1]
	}
	return lines
}
