package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/balie/balie"
)

const (
	sizeLimit  = 4 << 20 // bytes; a catalogue of 2,000 products is about 3 MiB
	depthLimit = 100     // open brackets, also those within texts; the format itself has 4
	// indentLimit is in columns. A text of several lines may be indented, so
	// this is far more than the format's own 12.
	indentLimit = 400
)

// reader walks a YAML tree and gathers problems with their place, so that a
// person sees all of them at once.
type reader struct {
	file     string
	problems []error
}

// entry is one key of a mapping.
type entry struct {
	key       string
	at, value ast.Node
}

// open parses a YAML text to its one document's body.
func open(file string, body []byte) (root ast.Node, err error) {
	if len(body) > sizeLimit {
		return nil, &balie.InvalidError{File: file, Problem: fmt.Sprintf("the file has %d bytes, the limit is %d", len(body), sizeLimit)}
	}
	if err := tooDeep(file, body); err != nil {
		return nil, err
	}
	// QUIRK: the YAML parser can panic on damaged input; that is a faulty file
	// like any other, not the end of the process.
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, &balie.InvalidError{File: file, Problem: "this is not readable as YAML", Fix: "check indentation and quotes"}
		}
	}()
	f, err := parser.ParseBytes(body, 0)
	if err != nil {
		return nil, syntax(file, err)
	}
	var docs []ast.Node
	for _, d := range f.Docs {
		if d.Body != nil {
			docs = append(docs, d.Body)
		}
	}
	switch len(docs) {
	case 0:
		return nil, &balie.InvalidError{File: file, Problem: "the file is empty"}
	case 1:
		return docs[0], nil
	}
	line, col := place(docs[1])
	return nil, &balie.InvalidError{File: file, Line: line, Col: col, Problem: "the file has more than one document", Fix: "remove the line with ---"}
}

// tooDeep refuses what is nested so deep that a recursive parser would run out
// of stack.
func tooDeep(file string, body []byte) error {
	depth := 0
	for i, c := range body {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		case '\n':
			if indent(body[i+1:]) > indentLimit {
				depth = depthLimit + 1
			}
		}
		if depth > depthLimit {
			return &balie.InvalidError{File: file, Line: 1 + strings.Count(string(body[:i]), "\n"), Col: 1, Problem: "this is nested too deep"}
		}
	}
	return nil
}

func indent(line []byte) int {
	n := 0
	for n < len(line) && (line[n] == ' ' || line[n] == '-') {
		n++
	}
	return n
}

func syntax(file string, err error) error {
	out := &balie.InvalidError{File: file, Problem: "this is not readable as YAML", Fix: "check indentation and quotes"}
	if s, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		out.Problem = s.Message
		if s.Token != nil && s.Token.Position != nil {
			out.Line, out.Col = s.Token.Position.Line, s.Token.Position.Column
		}
	}
	return out
}

func place(n ast.Node) (line, col int) {
	if n == nil {
		return 0, 0
	}
	// A mapping's own token is the colon of its first key.
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 0, 0
}

func (r *reader) problem(at ast.Node, field, problem, fix string) {
	line, col := place(at)
	r.problems = append(r.problems, r.invalid(line, col, field, problem, fix))
}

func (r *reader) invalid(line, col int, field, problem, fix string) *balie.InvalidError {
	return &balie.InvalidError{File: r.file, Line: line, Col: col, Field: field, Problem: problem, Fix: fix}
}

// plain looks through tags; anchors and aliases are refused, because a few
// lines of them can unfold to gigabytes.
func (r *reader) plain(n ast.Node, field string) ast.Node {
	switch n := n.(type) {
	case *ast.TagNode:
		return r.plain(n.Value, field)
	case *ast.AnchorNode, *ast.AliasNode:
		r.problem(n, field, "anchors and aliases are not read here", "write the value out")
		return nil
	}
	return n
}

// mapping reads the keys of a mapping. With allowed keys given, any other key
// is a problem.
func (r *reader) mapping(n ast.Node, field string, allowed ...string) []entry {
	n = r.plain(n, field)
	if n == nil {
		return nil
	}
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	case *ast.NullNode:
		return nil
	default:
		r.problem(n, field, "here keys with values are expected", `write "key: value" lines`)
		return nil
	}
	out := make([]entry, 0, len(values))
	for _, v := range values {
		k := v.Key.String()
		if s, ok := v.Key.(*ast.StringNode); ok {
			k = s.Value
		}
		if slices.ContainsFunc(out, func(e entry) bool { return e.key == k }) {
			r.problem(v.Key, field, fmt.Sprintf("%q stands here twice", k), "remove one of them")
			continue
		}
		if len(allowed) > 0 && !slices.Contains(allowed, k) {
			r.problem(v.Key, field, fmt.Sprintf("%q is not a key here", k), meant(k, allowed))
			continue
		}
		out = append(out, entry{k, v.Key, v.Value})
	}
	return out
}

func (r *reader) list(n ast.Node, field string) []ast.Node {
	n = r.plain(n, field)
	switch s := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return s.Values
	}
	r.problem(n, field, "here a list is expected", `write "- item" lines or [a, b]`)
	return nil
}

// text reads a scalar as it was written; a number stays the text it was.
func (r *reader) text(n ast.Node, field string) string {
	n = r.plain(n, field)
	switch s := n.(type) {
	case nil, *ast.NullNode:
		return ""
	case *ast.StringNode:
		return s.Value
	case *ast.LiteralNode:
		return s.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value
	}
	r.problem(n, field, "here a text is expected", "")
	return ""
}

func (r *reader) texts(n ast.Node, field string) []string {
	var out []string
	for _, v := range r.list(n, field) {
		s := strings.TrimSpace(r.text(v, field))
		if s == "" {
			r.problem(v, field, "this text is empty", "remove the line")
			continue
		}
		out = append(out, s)
	}
	return out
}

// byLanguage reads {nl: …, en: …}. With need, both must be there.
func (r *reader) byLanguage(n ast.Node, field string, need bool) map[string]string {
	out := map[string]string{}
	for _, e := range r.mapping(n, field, Languages...) {
		if s := strings.TrimSpace(r.text(e.value, field+"."+e.key)); s != "" {
			out[e.key] = s
		}
	}
	for _, l := range Languages {
		if need && out[l] == "" {
			r.problem(n, field, fmt.Sprintf("the text in %q is missing", l), "every text is given in "+strings.Join(Languages, " and "))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (r *reader) number(n ast.Node, field string, low, high float64) float64 {
	s := r.text(n, field)
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil || !(f >= low && f <= high) {
		r.problem(n, field, fmt.Sprintf("%q is not a number from %g to %g", short(s), low, high), "")
		return 0
	}
	return f
}

func (r *reader) yes(n ast.Node, field string) bool {
	switch s := strings.ToLower(r.text(n, field)); s {
	case "true":
		return true
	case "false":
		return false
	default:
		r.problem(n, field, fmt.Sprintf("%q is neither true nor false", short(s)), "")
		return false
	}
}

// oneOf reads a word out of a closed list.
func (r *reader) oneOf(n ast.Node, field string, words ...string) string {
	s := r.text(n, field)
	if slices.Contains(words, s) {
		return s
	}
	fix := meant(s, words)
	if fix == "" {
		fix = "it is one of " + strings.Join(words, ", ")
	}
	r.problem(n, field, fmt.Sprintf("%q is not known here", short(s)), fix)
	return ""
}

// meant proposes the known word nearest to a wrong one, or nothing when none
// is near.
func meant(s string, words []string) string {
	best, at := "", 1+max(min(2, len(s)/2), len(s)/3)
	for _, w := range words {
		if d := distance(s, w); d < at {
			best, at = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance is the Levenshtein distance, in bytes.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// short keeps a quoted value readable in an error.
func short(s string) string {
	const limit = 60
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
