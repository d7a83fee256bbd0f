package router

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// The functions below change one rule in the list of interventions of a
// document and leave the rest as it stands, byte for byte, as WithRule does
// with a ruleset. Where the way the list is written leaves no room for a small
// change, that list alone is written anew. The rules are held against what was
// asked for; what else the document says is not looked into, but is the same.

// WithIntervention puts r in place of the rule with its id. Parts that stay the
// same keep their text.
func WithIntervention(body []byte, r InterventionRule) ([]byte, error) {
	return interventionList().with(body, r)
}

// WithNewIntervention puts a new rule at a place, from 0.
func WithNewIntervention(body []byte, r InterventionRule, at int) ([]byte, error) {
	return interventionList().withNew(body, r, at)
}

// WithoutIntervention takes a rule out, with the remarks above it.
func WithoutIntervention(body []byte, id string) ([]byte, error) {
	return interventionList().without(body, id)
}

// WithInterventionAt moves a rule to a place, from 0, with the remarks above it.
func WithInterventionAt(body []byte, id string, at int) ([]byte, error) {
	return interventionList().moved(body, id, at)
}

func interventionList() list[InterventionRule] {
	return list[InterventionRule]{
		read: func(body []byte) ([]InterventionRule, string, error) {
			s, err := ParseInterventions(body, interventionsKey, nil)
			if err != nil {
				return nil, "", err
			}
			rest, err := besides(body)
			return s.Rules(), rest, err
		},
		anew: interventionsAnew,
		same: sameIntervention,
	}
}

// besides is what a document says besides its interventions.
func besides(body []byte) (string, error) {
	r := &yamltree.Reader{File: interventionsKey, MaxBytes: sizeLimit}
	rest := map[string]any{}
	for _, e := range r.Mapping(r.Open(body), "") {
		if e.Key != interventionsKey {
			rest[e.Key] = r.Value(e.Value, e.Field)
		}
	}
	if err := r.Err(); err != nil {
		return "", err
	}
	b, err := json.Marshal(rest)
	return string(b), err
}

// sameIntervention reports whether two rules do the same and read the same:
// their place in the file and the white space around a condition do not count.
func sameIntervention(a, b InterventionRule) bool {
	return bytes.Equal(a.meaning(), b.meaning())
}

func (r InterventionRule) meaning() []byte {
	r.When, r.Line, r.Names = strings.TrimSpace(r.When), 0, said(r.Names)
	var examples []GuardExample
	for _, x := range r.Examples {
		if len(x.Given) == 0 {
			x.Given = nil
		}
		examples = append(examples, GuardExample{Given: x.Given, Fires: x.Fires})
	}
	r.Examples = examples
	b, err := json.Marshal(r)
	if err != nil {
		return []byte(err.Error())
	}
	return b
}

func (r InterventionRule) key() string { return r.ID }

func (r InterventionRule) line() int { return r.Line }

func (r InterventionRule) order() []string { return interventionKeys[1:] }

func (r InterventionRule) part(name string, indent int, end string) string {
	pad := strings.Repeat(" ", indent)
	lines := func(text string) string { return pad + strings.ReplaceAll(text, "\n", end+pad) + end }
	switch {
	case name == "name" && said(r.Names) != nil:
		return lines("name: " + flow(namesYAML(r.Names)))
	case name == "on":
		on := make([]string, 0, len(r.On))
		for _, o := range r.On {
			on = append(on, string(o))
		}
		return lines("on: " + flow(on))
	case name == "when":
		return whenText(strings.TrimSpace(r.When), pad, end)
	case name == "do":
		return lines("do:" + r.doText())
	case name == "stop" && r.Stop, name == "disabled" && r.Disabled:
		return lines(name + ": true")
	case name == "examples" && len(r.Examples) > 0:
		return lines("examples:" + r.examplesText())
	}
	return ""
}

func (r InterventionRule) doText() string {
	var b strings.Builder
	for _, a := range r.Do {
		value := "true"
		if s := firstOf(a.Whom, a.Value); s != "" {
			value = scalar(s)
		}
		b.WriteString("\n  - " + a.Do + ": " + value)
	}
	return b.String()
}

func (r InterventionRule) examplesText() string {
	var b strings.Builder
	for _, x := range r.Examples {
		b.WriteString("\n  - given: {" + FactsText(x.Given) + "}\n    fires: " + strconv.FormatBool(x.Fires))
	}
	return b.String()
}

// interventionsAnew writes the list anew, and that alone.
func interventionsAnew(body []byte, rules []InterventionRule) ([]byte, error) {
	r := &yamltree.Reader{File: interventionsKey, MaxBytes: sizeLimit}
	root := r.Open(body)
	entries := r.Mapping(root, "")
	if err := r.Err(); err != nil {
		return nil, err
	}
	s := &source{indent: 2, end: lineEnd(body)}
	var b strings.Builder
	b.WriteString(interventionsKey + ":" + s.end)
	for _, rule := range rules {
		b.WriteString(s.whole(rule))
	}
	lines := strings.SplitAfter(string(body), "\n")
	from, to, ok := section(lines, entries)
	if !ok {
		line, col := root.Place()
		return nil, &balie.InvalidError{File: interventionsKey, Line: line, Col: col, Field: interventionsKey,
			Problem: "these rules cannot be changed here: the document is written on one line", Fix: "write each of its keys on a line of its own"}
	}
	before, after := strings.Join(lines[:from], ""), strings.Join(lines[to:], "")
	if before != "" && !strings.HasSuffix(before, "\n") {
		before += s.end
	}
	return []byte(before + b.String() + after), nil
}

// section are the lines of the list; none at the end when there is no list. It
// is false when a line has more than one key.
func section(lines []string, entries []yamltree.Entry) (from, to int, ok bool) {
	from, to = len(lines), len(lines)
	last := 0
	for _, e := range entries {
		line, col := e.At.Place()
		if line == last || col != 1 || line > len(lines) {
			return 0, 0, false
		}
		switch {
		case e.Key == interventionsKey:
			from = line - 1
		case from < line-1 && to == len(lines):
			to = line - 1
		}
		last = line
	}
	for to > from+1 && betweenKeys(lines[to-1]) {
		to-- // what stands above the next key
	}
	return from, to, true
}

// betweenKeys reports whether a line stands between two keys of a document.
func betweenKeys(line string) bool {
	return strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#")
}
