package router

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/balie/balie"
)

// item is a rule in a list of a document; it writes itself, part by part.
type item interface {
	key() string                                     // its id
	line() int                                       // in the file
	order() []string                                 // its parts besides the id, as they are written
	part(name string, indent int, end string) string // as lines; "" when there is nothing to write
}

// list is how the rules of one kind stand in their document.
type list[R item] struct {
	read func(body []byte) (rules []R, rest string, err error) // rest: what else it says
	anew func(body []byte, rules []R) ([]byte, error)          // with the rules written anew
	same func(a, b R) bool
}

func (l list[R]) with(body []byte, r R) ([]byte, error) {
	return l.edit(body, func(s *source, rules []R) ([]R, bool) {
		i := indexOf(rules, r.key())
		if i < 0 {
			return nil, false
		}
		s.replace(i, rules[i], r)
		rules[i] = r
		return rules, true
	})
}

func (l list[R]) withNew(body []byte, r R, at int) ([]byte, error) {
	return l.edit(body, func(s *source, rules []R) ([]R, bool) {
		at = min(max(at, 0), len(rules))
		s.insert(at, "\n"+s.whole(r))
		return slices.Insert(rules, at, r), indexOf(rules, r.key()) < 0
	})
}

func (l list[R]) without(body []byte, id string) ([]byte, error) {
	return l.edit(body, func(s *source, rules []R) ([]R, bool) {
		i := indexOf(rules, id)
		if i < 0 {
			return nil, false
		}
		s.take(i)
		return slices.Delete(rules, i, i+1), true
	})
}

func (l list[R]) moved(body []byte, id string, at int) ([]byte, error) {
	return l.edit(body, func(s *source, rules []R) ([]R, bool) {
		i := indexOf(rules, id)
		if i < 0 {
			return nil, false
		}
		r := rules[i]
		at = min(max(at, 0), len(rules)-1)
		s.insert(at, s.take(i))
		return slices.Insert(slices.Delete(rules, i, i+1), at, r), true
	})
}

func indexOf[R item](rules []R, id string) int {
	return slices.IndexFunc(rules, func(r R) bool { return r.key() == id })
}

// edit changes a body and holds the outcome against what was asked for.
func (l list[R]) edit(body []byte, change func(*source, []R) ([]R, bool)) ([]byte, error) {
	rules, rest, err := l.read(body)
	if err != nil {
		return nil, err
	}
	at := make([]int, 0, len(rules))
	for _, r := range rules {
		at = append(at, r.line())
	}
	s := sourceOf(body, at)
	want, ok := change(s, rules)
	if !ok {
		return nil, balie.ErrNotFound
	}
	meant := func(out []byte) (bool, error) {
		got, left, err := l.read(out)
		return err == nil && left == rest && slices.EqualFunc(got, want, l.same), err
	}
	if s.ok {
		out := s.bytes()
		if ok, _ := meant(out); ok {
			return out, nil
		}
	}
	out, err := l.anew(body, want)
	if err != nil {
		return nil, err
	}
	ok, err = meant(out)
	if err == nil && !ok {
		err = fmt.Errorf("write rules: what was written is not what was meant")
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// source is a document's YAML as lines: what stands before the rules, a piece
// for each rule with the remarks above it, and what stands behind them.
type source struct {
	ok         bool // the pieces could be told apart
	head, tail string
	rules      []piece
	indent     int    // of the dashes
	end        string // of a line
}

type piece struct{ lead, text string }

// sourceOf cuts a document at the rules whose first keys are on the given
// lines.
func sourceOf(body []byte, at []int) *source {
	lines := strings.SplitAfter(string(body), "\n")
	s := &source{end: lineEnd(body)}
	dashes := make([]int, 0, len(at))
	for _, line := range at {
		d := dashOf(lines, line-1)
		if d < 0 || len(dashes) > 0 && (d <= dashes[len(dashes)-1] || indentOf(lines[d]) != s.indent) {
			return s
		}
		s.indent = indentOf(lines[d])
		dashes = append(dashes, d)
	}
	s.ok = len(dashes) > 0
	if s.ok {
		s.cut(lines, dashes)
	}
	return s
}

func lineEnd(body []byte) string {
	if bytes.Contains(body, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// cut divides the lines.
func (s *source) cut(lines []string, dashes []int) {
	from := make([]int, len(dashes))
	for i, d := range dashes {
		from[i] = d
		for from[i] > 0 && s.between(lines[from[i]-1]) {
			from[i]--
		}
	}
	last := dashes[len(dashes)-1] + 1
	for last < len(lines) && (strings.TrimSpace(lines[last]) == "" || indentOf(lines[last]) > s.indent) {
		last++
	}
	for last < len(lines) && last > 0 && strings.TrimSpace(lines[last]) != "" && strings.TrimSpace(lines[last-1]) == "" {
		last-- // blank lines before what stands behind the rules
	}
	s.head, s.tail = strings.Join(lines[:from[0]], ""), strings.Join(lines[last:], "")
	for i, d := range dashes {
		to := last
		if i+1 < len(dashes) {
			to = from[i+1]
		}
		text := strings.Join(lines[d:to], "")
		if !strings.HasSuffix(text, "\n") {
			text += s.end
		}
		s.rules = append(s.rules, piece{strings.Join(lines[from[i]:d], ""), text})
	}
}

// between reports whether a line is blank or a remark that stands between two
// rules, not within one.
func (s *source) between(line string) bool {
	t := strings.TrimSpace(line)
	return t == "" || strings.HasPrefix(t, "#") && indentOf(line) <= s.indent
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// dashOf is the line with the dash of the rule whose first key is on a line.
func dashOf(lines []string, at int) int {
	for i := at; i >= 0 && i < len(lines); i-- {
		t := strings.TrimSpace(lines[i])
		switch {
		case strings.HasPrefix(t, "- ") || t == "-":
			return i
		case i < at && t != "" && !strings.HasPrefix(t, "#"):
			return -1
		}
	}
	return -1
}

func (s *source) bytes() []byte {
	var b strings.Builder
	b.WriteString(s.head)
	for _, p := range s.rules {
		b.WriteString(p.lead)
		b.WriteString(p.text)
	}
	b.WriteString(s.tail)
	return []byte(b.String())
}

// take takes a piece out and gives its text.
func (s *source) take(i int) string {
	if !s.ok {
		return ""
	}
	p := s.rules[i]
	s.rules = slices.Delete(s.rules, i, i+1)
	return p.lead + p.text
}

func (s *source) insert(at int, text string) {
	if s.ok {
		s.rules = slices.Insert(s.rules, at, piece{text: text})
	}
}

// whole is a rule written anew.
func (s *source) whole(r item) string {
	pad := strings.Repeat(" ", s.indent)
	var b strings.Builder
	b.WriteString(pad + "- id: " + r.key() + s.end)
	for _, part := range r.order() {
		b.WriteString(r.part(part, s.indent+2, s.end))
	}
	return b.String()
}

// replace writes the parts that differ.
func (s *source) replace(i int, was, is item) {
	if !s.ok {
		return
	}
	p := partsOf(s.rules[i].text)
	for _, name := range is.order() {
		if was.part(name, 0, s.end) == is.part(name, 0, s.end) {
			continue
		}
		if !p.set(name, is.part(name, p.indent, s.end), is.order()) {
			s.rules[i].text = s.whole(is)
			return
		}
	}
	s.rules[i].text = p.text()
}
