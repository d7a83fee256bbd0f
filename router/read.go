package router

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/balie/balie"
)

// depthLimit is how deep brackets and indentation may nest: the parser is
// recursive.
const depthLimit = 60

// reader walks the YAML and gathers problems with their place, so that a
// person sees all of them at once.
type reader struct {
	file     string
	body     []byte
	known    Lookup
	problems []error
}

type entry struct {
	key       string
	at, value ast.Node
}

func (r *reader) add(line, col int, field, problem, fix string) {
	r.problems = append(r.problems, &balie.InvalidError{File: r.file, Line: line, Col: col, Field: field, Problem: problem, Fix: fix})
}

func (r *reader) at(n ast.Node, field, problem, fix string) {
	line, col := place(n)
	r.add(line, col, field, problem, fix)
}

func place(n ast.Node) (line, col int) {
	// A mapping's own token is the colon of its first key.
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	if n == nil {
		return 1, 1
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 1, 1
}

// root parses the YAML to its one document.
func (r *reader) root() (root ast.Node) {
	if len(r.body) > sizeLimit {
		r.add(1, 1, "", fmt.Sprintf("the file has %d bytes, the limit is %d", len(r.body), sizeLimit), "remove rules that never match")
		return nil
	}
	if line := tooDeep(r.body); line > 0 {
		r.add(line, 1, "", "this is nested too deep", "a ruleset nests five levels")
		return nil
	}
	// QUIRK: the YAML parser can panic on damaged input; that is a faulty file
	// like any other, not the end of the process.
	defer func() {
		if recover() != nil {
			r.add(1, 1, "", "this is not readable as YAML", "check indentation and quotes")
			root = nil
		}
	}()
	f, err := parser.ParseBytes(r.body, 0)
	if err != nil {
		line, col, problem := 1, 1, "this is not readable as YAML"
		if s, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			problem = s.Message
			if s.Token != nil && s.Token.Position != nil {
				line, col = s.Token.Position.Line, s.Token.Position.Column
			}
		}
		r.add(line, col, "", problem, "check indentation and quotes")
		return nil
	}
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		if root != nil {
			r.at(d.Body, "", "the file has more than one document", "remove the line with ---")
			return nil
		}
		root = d.Body
	}
	if root == nil {
		r.add(1, 1, "", "the file is empty", "start with version: 1 and rules:")
	}
	return root
}

func tooDeep(body []byte) (line int) {
	depth, line := 0, 1
	indent, start := 0, true
	for _, c := range body {
		switch {
		case c == '\n':
			line++
			indent, start = 0, true
		case start && (c == ' ' || c == '-'):
			indent++
		default:
			start = false
		}
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		}
		if depth > depthLimit || indent > 4*depthLimit {
			return line
		}
	}
	return 0
}

// plain looks through tags; anchors and aliases are refused, because a few
// lines of them can unfold to gigabytes.
func (r *reader) plain(n ast.Node, field string) ast.Node {
	switch n := n.(type) {
	case *ast.TagNode:
		return r.plain(n.Value, field)
	case *ast.AnchorNode, *ast.AliasNode:
		r.at(n, field, "anchors and aliases are not read here", "write the value out")
		return nil
	}
	return n
}

// mapping reads the keys of a mapping; with allowed keys given, any other is a
// problem.
func (r *reader) mapping(n ast.Node, field string, allowed ...string) []entry {
	var values []*ast.MappingValueNode
	switch m := r.plain(n, field).(type) {
	case nil:
		return nil
	case *ast.NullNode:
		return nil
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.at(m, field, "this is not a list of keys and values", exampleKeys(allowed))
		return nil
	}
	var out []entry
	for _, v := range values {
		e := entry{key: scalar(v.Key), at: v.Key, value: v.Value}
		if len(allowed) > 0 && !slices.Contains(allowed, e.key) {
			r.at(v.Key, join(field, e.key), fmt.Sprintf("%q is not known here", e.key), suggest(otherWord(e.key), allowed))
			continue
		}
		out = append(out, e)
	}
	return out
}

// otherWord is our word for what other rule languages call it.
func otherWord(key string) string {
	ours := map[string]string{"if": "when", "condition": "when", "conditions": "when", "do": "then", "action": "then", "actions": "then",
		"tags": "tag", "forward": "hand_out", "reply": "answer", "title": "name", "tests": "examples"}
	if w := ours[key]; w != "" {
		return w
	}
	return key
}

func exampleKeys(allowed []string) string {
	if len(allowed) == 0 {
		return "write key: value"
	}
	return "write " + allowed[0] + ": and what follows"
}

func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

// items reads a list; a single value counts as a list of one.
func (r *reader) items(n ast.Node, field string) []ast.Node {
	switch s := r.plain(n, field).(type) {
	case nil:
		return nil
	case *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return s.Values
	default:
		return []ast.Node{s}
	}
}

// scalar is the text of a key or value.
func scalar(n ast.Node) string {
	switch s := n.(type) {
	case *ast.MappingKeyNode:
		return scalar(s.Value)
	case *ast.LiteralNode:
		return s.Value.Value
	case *ast.StringNode:
		return s.Value
	case ast.ScalarNode:
		if t := s.GetToken(); t != nil {
			return t.Value
		}
	}
	return ""
}

func (r *reader) text(n ast.Node, field string) string {
	n = r.plain(n, field)
	if n == nil {
		return ""
	}
	if _, ok := n.(ast.ScalarNode); !ok {
		r.at(n, field, "this is not a text", "write one value")
		return ""
	}
	return scalar(n)
}

func (r *reader) number(n ast.Node, field string) int {
	s := r.text(n, field)
	v, err := strconv.Atoi(s)
	if err != nil || v < 0 {
		r.at(n, field, fmt.Sprintf("%q is not a whole number", clip(s, 40)), "write a number such as 1")
		return 0
	}
	return v
}

func (r *reader) yes(n ast.Node, field string) bool {
	s := r.text(n, field)
	if s != "true" && s != "false" {
		r.at(n, field, fmt.Sprintf("%q is neither true nor false", clip(s, 40)), "write true or false")
	}
	return s == "true"
}

// written is a rule as read, with the places of its parts.
type written struct {
	Rule
	field     string
	line, col int // of the rule
	when      source
}

// source is where a text stands in the file.
type source struct {
	line, col int
	style     token.Type
	raw       string // the line of the file from col on
}

func (r *reader) source(n ast.Node) source {
	line, col := place(n)
	s := source{line: line, col: col}
	if _, ok := n.(*ast.LiteralNode); ok {
		s.style = token.LiteralType
		s.line++
		if next := r.line(s.line); next != "" {
			s.col = len(next) - len(strings.TrimLeft(next, " ")) + 1
		}
		return s
	}
	if t := n.GetToken(); t != nil {
		s.style = t.Type
	}
	whole := []rune(r.line(line))
	if col-1 < len(whole) {
		s.raw = string(whole[col-1:])
	}
	return s
}

func (r *reader) line(n int) string {
	for i, l := 1, string(r.body); ; i++ {
		head, rest, more := strings.Cut(l, "\n")
		if i == n {
			return head
		}
		if !more {
			return ""
		}
		l = rest
	}
}

// place is where the given line and column (both from 0, in characters) of the
// text stand in the file.
func (s source) place(line, col int) (int, int) {
	switch {
	case s.style == token.LiteralType:
		return s.line + line, s.col + col
	case line > 0: // folded over lines: only its beginning is sure
		return s.line, s.col
	case s.style == token.DoubleQuoteType:
		return s.line, s.col + skip(s.raw, col, '\\')
	case s.style == token.SingleQuoteType:
		return s.line, s.col + skip(s.raw, col, '\'')
	}
	return s.line, s.col + col
}

// skip counts the characters of a quoted text that make up its first n, with
// the opening quote.
func skip(raw string, n int, escape rune) int {
	runes := []rune(raw)
	i := 1
	for ; n > 0 && i < len(runes); n-- {
		if runes[i] != escape {
			i++
			continue
		}
		i += 2
		if escape == '\\' && i-1 < len(runes) {
			i += map[rune]int{'x': 2, 'u': 4, 'U': 8}[runes[i-1]]
		}
	}
	return i
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func (r *reader) document(rs *Ruleset) []written {
	root := r.root()
	if root == nil {
		return nil
	}
	var rules []written
	for _, e := range r.mapping(root, "", "version", "language", "rules") {
		switch e.key {
		case "version":
			rs.Version = r.number(e.value, "version")
		case "language":
			rs.Language = r.text(e.value, "language")
		case "rules":
			rules = r.rules(e.value)
		}
	}
	if len(rules) == 0 && len(r.problems) == 0 {
		r.add(1, 1, "rules", "there are no rules", "add at least one: `{id: desk, when: \"true\", then: {to_desk: {}}}` sends all to the desk")
	}
	return rules
}

func (r *reader) rules(n ast.Node) []written {
	nodes := r.items(n, "rules")
	if len(nodes) > ruleLimit {
		r.at(n, "rules", fmt.Sprintf("there are %d rules, the limit is %d", len(nodes), ruleLimit), "remove rules that never match")
		return nil
	}
	var out []written
	first := map[string]int{}
	for i, node := range nodes {
		w := r.rule(node, i)
		if line := first[w.ID]; line > 0 && w.ID != "" {
			r.add(w.line, w.col, w.field, fmt.Sprintf("there is a rule %q already, on line %d", w.ID, line), "give each rule its own id")
		}
		first[w.ID] = w.line
		out = append(out, w)
	}
	return out
}

func (r *reader) rule(n ast.Node, i int) written {
	w := written{field: fmt.Sprintf("rules[%d]", i)}
	w.line, w.col = place(n)
	w.Line = w.line
	if n = r.plain(n, w.field); n == nil {
		return w
	}
	then := false
	for _, e := range r.mapping(n, w.field, "id", "name", "when", "then", "examples", "disabled") {
		switch e.key {
		case "id":
			w.ID = r.text(e.value, w.field+".id")
			if !idPattern.MatchString(w.ID) {
				r.at(e.value, w.field+".id", fmt.Sprintf("%q cannot be an id", clip(w.ID, 80)), "use small letters, digits, - and _")
				continue
			}
			w.field = "rule " + w.ID
		case "name":
			w.Names = r.names(e.value, w.field+".name")
		case "when":
			w.When = r.text(e.value, w.field+".when")
			w.when = r.source(e.value)
		case "then":
			then = true
			r.then(e.value, &w)
		case "examples":
			w.Examples = r.examples(e.value, w.field+".examples")
		case "disabled":
			w.Disabled = r.yes(e.value, w.field+".disabled")
		}
	}
	if w.ID == "" {
		r.add(w.line, w.col, w.field, "the rule has no id", "add id: and a short name in small letters")
	}
	if strings.TrimSpace(w.When) == "" {
		r.add(w.line, w.col, w.field+".when", "the rule has no condition", `add when: and a condition; "true" matches always`)
	}
	if !then || len(w.Then) == 0 {
		r.add(w.line, w.col, w.field+".then", "the rule does nothing", "add then: and an action, such as to_desk: {}")
	}
	return w
}

func (r *reader) names(n ast.Node, field string) map[string]string {
	if _, plain := r.plain(n, field).(ast.ScalarNode); plain {
		return map[string]string{"en": r.text(n, field)}
	}
	out := map[string]string{}
	for _, e := range r.mapping(n, field) {
		out[e.key] = r.text(e.value, join(field, e.key))
	}
	return out
}
