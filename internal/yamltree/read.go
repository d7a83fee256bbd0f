package yamltree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Entry is one key of a mapping.
type Entry struct {
	Key       string
	Field     string // of the key, below that of the mapping
	At, Value Node
}

// plain looks through tags and refuses anchors and aliases; nil where nothing
// can be read.
func (r *Reader) plain(n Node, field string) ast.Node {
	switch at := n.untagged().(type) {
	case *ast.AnchorNode, *ast.AliasNode:
		r.Problem(Node{at}, field, "anchors and aliases are not read here", "write the value out")
		return nil
	case *ast.NullNode:
		return nil
	default:
		return at
	}
}

// Mapping reads the keys of a mapping, each once. With allowed keys given, any
// other is a problem. Nothing written is no keys.
func (r *Reader) Mapping(n Node, field string, allowed ...string) []Entry {
	var values []*ast.MappingValueNode
	switch m := r.plain(n, field).(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.Problem(n, field, "here keys with values are expected", `write "key: value" lines under it`)
		return nil
	}
	out := make([]Entry, 0, len(values))
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		e := Entry{Key: r.key(v.Key, field), At: Node{v.Key}, Value: Node{v.Value}}
		e.Field = Join(field, e.Key)
		switch {
		case seen[e.Key]:
			r.Problem(e.At, field, fmt.Sprintf("%q stands here twice", Short(e.Key)), "remove one of them")
		case len(allowed) > 0 && !slices.Contains(allowed, e.Key):
			r.Problem(e.At, field, fmt.Sprintf("%q is not a key here", Short(e.Key)), Suggest(cmp.Or(r.Others[e.Key], e.Key), allowed))
		default:
			out = append(out, e)
		}
		seen[e.Key] = true
	}
	return out
}

// key is the text of a key.
func (r *Reader) key(n ast.Node, field string) string {
	if k, ok := n.(*ast.MappingKeyNode); ok {
		n = k.Value
	}
	if n == nil {
		return ""
	}
	if s, ok := scalarText(r.plain(Node{n}, field)); ok {
		return s
	}
	return n.String()
}

// List reads the items of a list. Nothing written is no items.
func (r *Reader) List(n Node, field string) []Node {
	switch s := r.plain(n, field).(type) {
	case nil:
		return nil
	case *ast.SequenceNode:
		return nodes(s)
	}
	r.Problem(n, field, "here a list is expected", `write "- item" lines or [a, b]`)
	return nil
}

// Items is List where a single value counts as a list of one.
func (r *Reader) Items(n Node, field string) []Node {
	switch s := r.plain(n, field).(type) {
	case nil:
		return nil
	case *ast.SequenceNode:
		return nodes(s)
	}
	return []Node{n}
}

func nodes(s *ast.SequenceNode) []Node {
	out := make([]Node, len(s.Values))
	for i, v := range s.Values {
		out[i] = Node{v}
	}
	return out
}

// Text reads one value as it was written: a number stays the text it was, and
// nothing is "".
func (r *Reader) Text(n Node, field string) string {
	s, _ := r.text(n, field)
	return s
}

// text is Text, and whether there was one value or none; anything else is a
// problem by then.
func (r *Reader) text(n Node, field string) (string, bool) {
	before := r.Count()
	at := r.plain(n, field)
	s, ok := scalarText(at)
	if !ok {
		r.Problem(n, field, "here one value is expected", "write a text, a number, true or false")
	}
	return s, r.Count() == before
}

// Texts reads a list of texts, none of them empty.
func (r *Reader) Texts(n Node, field string) []string {
	var out []string
	for _, v := range r.List(n, field) {
		s, ok := r.text(v, field)
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		} else if ok {
			r.Problem(v, field, "this text is empty", "remove the line")
		}
	}
	return out
}

// scalarText is one value as it was written.
func scalarText(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case nil, *ast.NullNode:
		return "", true
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// Bool reads true or false.
func (r *Reader) Bool(n Node, field string) bool { return value(r, n, field, ParseBool) }

// Int reads a whole number between two.
func (r *Reader) Int(n Node, field string, low, high int) int {
	return value(r, n, field, func(s string) (int, error) { return within(ParseInt, s, low, high) })
}

// Float reads a number between two.
func (r *Reader) Float(n Node, field string, low, high float64) float64 {
	return value(r, n, field, func(s string) (float64, error) { return within(ParseFloat, s, low, high) })
}

// OneOf reads a word out of a closed list; "" when it is another.
func (r *Reader) OneOf(n Node, field string, words ...string) string {
	return value(r, n, field, func(s string) (string, error) { return ParseWord(s, words...) })
}

// value reads one value with its parser.
func value[T any](r *Reader, n Node, field string, parse func(string) (T, error)) (out T) {
	s, ok := r.text(n, field)
	if !ok {
		return out
	}
	out, err := parse(s)
	r.Wrong(n, field, err)
	return out
}

// Value reads anything: maps by text, lists, texts, numbers, true and false.
func (r *Reader) Value(n Node, field string) any {
	switch at := r.plain(n, field).(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		out := map[string]any{}
		for _, e := range r.Mapping(n, field) {
			out[e.Key] = r.Value(e.Value, e.Field)
		}
		return out
	case *ast.SequenceNode:
		out := make([]any, 0, len(at.Values))
		for _, item := range nodes(at) {
			out = append(out, r.Value(item, field))
		}
		return out
	case *ast.LiteralNode:
		return at.Value.Value
	case ast.ScalarNode:
		return at.GetValue()
	}
	return nil
}
