package web

import (
	"regexp"
	"slices"
	"strings"

	"github.com/balie/balie/router"
)

// ruleDiff is how one rule differs, as lines.
type ruleDiff struct {
	ID, Name, Path string
	N              int
	Kind           string // added, removed, moved, changed
	Says           string // in words, where lines do not say it
	Lines          []diffLine
	Hits, Of       int // of the backtest
}

// diffLine is a line of the old or the new rule, or of both.
type diffLine struct {
	Old, New int    // its number; 0: not there
	Class    string // "", add, del
	Parts    []diffPart
}

// diffPart is a piece of a line; Mark says that it is what differs.
type diffPart struct {
	Text string
	Mark bool
}

// ruleDiffs are the differences of two rulesets, a rule at a time, in order.
func (w *Web) ruleDiffs(a, b *router.Ruleset, all []router.Difference, l string) []ruleDiff {
	var out []ruleDiff
	old, now := a.Rules(), b.Rules()
	for _, d := range all {
		i := slices.IndexFunc(out, func(x ruleDiff) bool { return x.ID == d.Rule })
		if i < 0 {
			out = append(out, w.ruleDiff(old, now, d.Rule, l))
			i = len(out) - 1
		}
		if d.Change == router.Moved {
			out[i].Says = w.Texts.Text(l, "rules.moved_from", "from", d.Before, "to", d.After)
			if len(out[i].Lines) == 0 {
				out[i].Kind = string(router.Moved)
			}
		}
	}
	return out
}

func (w *Web) ruleDiff(old, now []router.Rule, id, l string) ruleDiff {
	find := func(rules []router.Rule) int {
		return slices.IndexFunc(rules, func(r router.Rule) bool { return r.ID == id })
	}
	i, j := find(old), find(now)
	d := ruleDiff{ID: id, Kind: string(router.Edited)}
	switch {
	case i < 0:
		d.Kind, d.Name, d.N, d.Path = string(router.Added), now[j].Name(l), j+1, rulePath(id)
		d.Lines = diffLines(nil, ruleLines(now[j]))
	case j < 0:
		d.Kind, d.Name, d.N = string(router.Removed), old[i].Name(l), i+1
		d.Lines = diffLines(ruleLines(old[i]), nil)
	default:
		d.Name, d.N, d.Path = now[j].Name(l), j+1, rulePath(id)
		if d.Lines = diffLines(ruleLines(old[i]), ruleLines(now[j])); !changes(d.Lines) {
			d.Lines = nil
		}
	}
	return d
}

func changes(lines []diffLine) bool {
	return slices.ContainsFunc(lines, func(l diffLine) bool { return l.Class != "" })
}

// ruleLines is a rule as lines to compare.
func ruleLines(r router.Rule) []string {
	var out []string
	for _, l := range []string{"nl", "en"} {
		if name := r.Names[l]; name != "" {
			out = append(out, "name."+l+": "+name)
		}
	}
	if r.Disabled {
		out = append(out, "disabled: true")
	}
	out = append(out, strings.Split(strings.TrimSpace(r.When), "\n")...)
	out = append(out, "then: "+router.ThenText(r))
	for _, x := range r.Examples.Must {
		out = append(out, "must: "+router.ExampleText(x))
	}
	for _, x := range r.Examples.MustNot {
		out = append(out, "must not: "+router.ExampleText(x))
	}
	return out
}

// diffContext is how many equal lines stand around what differs.
const diffContext = 2

// diffLines compares lines and leaves out what is far from any difference.
func diffLines(a, b []string) []diffLine {
	var out []diffLine
	i, j := 0, 0
	for _, k := range common(a, b) {
		out = append(out, replaced(a[i:k[0]], b[j:k[1]], i, j)...)
		i, j = k[0]+1, k[1]+1
		if k[0] < len(a) {
			out = append(out, diffLine{Old: i, New: j, Parts: []diffPart{{a[k[0]], false}}})
		}
	}
	return near(out)
}

// common are the places of a longest common part of two lists, and behind them
// the ends.
func common[T comparable](a, b []T) [][2]int {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
				continue
			}
			length[i][j] = max(length[i+1][j], length[i][j+1])
		}
	}
	var out [][2]int
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			out = append(out, [2]int{i, j})
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return append(out, [2]int{len(a), len(b)})
}

// replaced are lines that are gone and lines that came in their place; of
// those that say the same thing otherwise, the words that differ are marked.
func replaced(a, b []string, i, j int) []diffLine {
	gone, come := make([]diffLine, len(a)), make([]diffLine, len(b))
	for k, line := range a {
		gone[k] = diffLine{Old: i + k + 1, Class: "del", Parts: []diffPart{{line, true}}}
	}
	paired := make([]bool, len(a))
	for n, line := range b {
		come[n] = diffLine{New: j + n + 1, Class: "add", Parts: []diffPart{{line, true}}}
		k := slices.IndexFunc(a, func(x string) bool { return lineKey(x) == lineKey(line) && !paired[slices.Index(a, x)] })
		if k < 0 {
			continue
		}
		paired[k] = true
		gone[k].Parts, come[n].Parts = marked(a[k], line)
	}
	return append(gone, come...)
}

var partOfRule = regexp.MustCompile(`^(name\.\w+|disabled|then|must|must not): `)

// lineKey is the part of a rule that a line is of; "" its condition.
func lineKey(line string) string { return partOfRule.FindString(line) }

var wordPieces = regexp.MustCompile(`[\pL\pN_.]+|\s+|.`)

// mostWords bounds marking word by word.
const mostWords = 400

// marked marks the words in which two lines differ.
func marked(a, b string) (before, after []diffPart) {
	x, y := wordPieces.FindAllString(a, -1), wordPieces.FindAllString(b, -1)
	if len(x) > mostWords || len(y) > mostWords {
		return []diffPart{{a, true}}, []diffPart{{b, true}}
	}
	i, j := 0, 0
	for _, k := range common(x, y) {
		before, after = part(before, strings.Join(x[i:k[0]], ""), true), part(after, strings.Join(y[j:k[1]], ""), true)
		i, j = k[0]+1, k[1]+1
		if k[0] < len(x) {
			before, after = part(before, x[k[0]], false), part(after, x[k[0]], false)
		}
	}
	return before, after
}

func part(list []diffPart, text string, mark bool) []diffPart {
	if text == "" {
		return list
	}
	if n := len(list); n > 0 && list[n-1].Mark == mark {
		list[n-1].Text += text
		return list
	}
	return append(list, diffPart{text, mark})
}

// near keeps what differs and a few lines around it.
func near(lines []diffLine) []diffLine {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l.Class == "" {
			continue
		}
		for k := max(i-diffContext, 0); k <= min(i+diffContext, len(lines)-1); k++ {
			keep[k] = true
		}
	}
	var out []diffLine
	for i, l := range lines {
		if keep[i] {
			out = append(out, l)
		}
	}
	return out
}
