package router

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/balie/balie"
)

// The functions below change one rule in the YAML of a ruleset and leave the
// rest as it stands, byte for byte: other rules, their order, remarks, blank
// lines. What they return compiles to exactly the rules that were asked for;
// where the way a file is written leaves no room for a small change (a whole
// list on one line), it is written anew. A rule that cannot work is refused
// with its place, as by Compile without names.

// WithRule puts r in place of the rule with its id. Parts that stay the same
// keep their text.
func WithRule(body []byte, r Rule) ([]byte, error) {
	return edit(body, func(s *source, rules []Rule) ([]Rule, bool) {
		i := indexOf(rules, r.ID)
		if i < 0 {
			return nil, false
		}
		s.replace(i, rules[i], r)
		rules[i] = r
		return rules, true
	})
}

// WithNewRule puts a new rule at a place, from 0.
func WithNewRule(body []byte, r Rule, at int) ([]byte, error) {
	return edit(body, func(s *source, rules []Rule) ([]Rule, bool) {
		at = min(max(at, 0), len(rules))
		s.insert(at, "\n"+s.whole(r))
		return slices.Insert(rules, at, r), indexOf(rules, r.ID) < 0
	})
}

// WithoutRule takes a rule out, with the remarks above it.
func WithoutRule(body []byte, id string) ([]byte, error) {
	return edit(body, func(s *source, rules []Rule) ([]Rule, bool) {
		i := indexOf(rules, id)
		if i < 0 {
			return nil, false
		}
		s.take(i)
		return slices.Delete(rules, i, i+1), true
	})
}

// WithRuleAt moves a rule to a place, from 0, with the remarks above it.
func WithRuleAt(body []byte, id string, at int) ([]byte, error) {
	return edit(body, func(s *source, rules []Rule) ([]Rule, bool) {
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

func indexOf(rules []Rule, id string) int {
	return slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
}

// edit changes a body and holds the outcome against what was asked for.
func edit(body []byte, change func(*source, []Rule) ([]Rule, bool)) ([]byte, error) {
	rs, err := Compile("rules", body, nil)
	if err != nil {
		return nil, err
	}
	s := sourceOf(rs)
	want, ok := change(s, rs.Rules())
	if !ok {
		return nil, balie.ErrNotFound
	}
	if s.ok {
		out := s.bytes()
		if got, err := Compile("rules", out, nil); err == nil && sameRules(got.Rules(), want) && got.Language == rs.Language {
			return out, nil
		}
	}
	out := anew(rs, want)
	got, err := Compile("rules", out, nil)
	if err != nil {
		return nil, err
	}
	if !sameRules(got.Rules(), want) {
		return nil, fmt.Errorf("write rules: what was written is not what was meant")
	}
	return out, nil
}

// anew writes a whole ruleset.
func anew(rs *Ruleset, rules []Rule) []byte {
	s := &source{end: "\n"}
	var b strings.Builder
	fmt.Fprintf(&b, "version: %d\n", rs.Version)
	if rs.Language != "" {
		b.WriteString("language: " + scalar(rs.Language) + "\n")
	}
	b.WriteString("rules:\n")
	for _, r := range rules {
		b.WriteString(s.whole(r))
	}
	return []byte(b.String())
}

func sameRules(a, b []Rule) bool { return slices.EqualFunc(a, b, SameRule) }

// SameRule reports whether two rules do the same and read the same: their
// place in the file and the white space around a condition do not count.
func SameRule(a, b Rule) bool { return bytes.Equal(meaning(a), meaning(b)) }

func meaning(r Rule) []byte {
	r.When = strings.TrimSpace(r.When)
	r.Line, r.Examples = 0, unplaced(r.Examples)
	r.Then = slices.Clone(r.Then)
	for i := range r.Then {
		r.Then[i].Rule = ""
	}
	b, err := json.Marshal(r)
	if err != nil {
		return []byte(err.Error())
	}
	return b
}

// source is a ruleset's YAML as lines: what stands before the rules, a piece
// for each rule with the remarks above it, and what stands behind them.
type source struct {
	ok         bool // the pieces could be told apart
	head, tail string
	rules      []piece
	indent     int    // of the dashes
	end        string // of a line
}

type piece struct{ lead, text string }

func sourceOf(rs *Ruleset) *source {
	lines := strings.SplitAfter(string(rs.body), "\n")
	s := &source{end: "\n"}
	if strings.Contains(string(rs.body), "\r\n") {
		s.end = "\r\n"
	}
	dashes := make([]int, 0, len(rs.rules))
	for _, r := range rs.rules {
		d := dashOf(lines, r.Line-1)
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
func (s *source) whole(r Rule) string {
	pad := strings.Repeat(" ", s.indent)
	var b strings.Builder
	b.WriteString(pad + "- id: " + r.ID + s.end)
	for _, part := range partNames {
		b.WriteString(s.part(r, part, s.indent+2))
	}
	return b.String()
}

// partNames are the parts of a rule besides its id, as they are written.
var partNames = []string{"name", "when", "disabled", "then", "examples"}

// replace writes the parts that differ.
func (s *source) replace(i int, was, is Rule) {
	if !s.ok {
		return
	}
	p := partsOf(s.rules[i].text)
	for _, name := range partNames {
		if s.part(was, name, 0) == s.part(is, name, 0) {
			continue
		}
		if !p.set(name, s.part(is, name, p.indent)) {
			s.rules[i].text = s.whole(is)
			return
		}
	}
	s.rules[i].text = p.text()
}
