package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/balie/balie"
)

const (
	sizeLimit  = 1 << 20 // bytes of a balie.yaml
	depthLimit = 60      // open brackets or steps of indentation; the format itself has 4
)

// place is where a setting was given.
type place struct {
	line, col int
	env       string // the variable, when it came from the environment
}

// reader fills a Config from a YAML tree and gathers every problem with its
// place, so that a person sees all of them at once.
type reader struct {
	file     string
	places   map[string]place
	problems []error
}

// The types that are read as one value, although Go sees a struct or a number.
var (
	secretType   = reflect.TypeFor[Secret]()
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

// parse gives the body of a YAML text; nil for an empty one.
func (r *reader) parse(body []byte) (root ast.Node) {
	if len(body) > sizeLimit {
		r.problem(place{}, "", fmt.Sprintf("the file has %d bytes, the limit is %d", len(body), sizeLimit), "")
		return nil
	}
	if line := tooDeep(body); line > 0 {
		r.problem(place{line: line, col: 1}, "", "this is nested too deep", "")
		return nil
	}
	// QUIRK: the YAML parser can panic on damaged input; that is a faulty file
	// like any other, not the end of the process.
	defer func() {
		if recover() != nil {
			root = nil
			r.problem(place{}, "", "this is not readable as YAML", "check indentation and quotes")
		}
	}()
	f, err := parser.ParseBytes(body, 0, parser.AllowDuplicateMapKey()) // mapping names them
	if err != nil {
		r.syntax(err)
		return nil
	}
	for _, d := range f.Docs {
		switch {
		case d.Body == nil:
		case root == nil:
			root = d.Body
		default:
			r.problem(at(d.Body), "", "the file has more than one document", "remove the line with ---")
			return nil
		}
	}
	return root
}

// tooDeep is the first line that is nested so deep that a recursive parser
// would run out of stack; 0 when none is.
func tooDeep(body []byte) int {
	for i, line := range strings.Split(string(body), "\n") {
		text := strings.TrimLeft(line, " -")
		if len(line)-len(text) > 2*depthLimit || strings.Count(text, "[")+strings.Count(text, "{") > depthLimit {
			return i + 1
		}
	}
	return 0
}

// syntax keeps the parser's words and place, but not the lines it quotes: they
// may hold a secret.
func (r *reader) syntax(err error) {
	p := place{}
	if s, ok := errors.AsType[*yaml.SyntaxError](err); ok && s.Token != nil && s.Token.Position != nil {
		p.line, p.col = s.Token.Position.Line, s.Token.Position.Column
	}
	r.problem(p, "", "this is not readable as YAML", "check indentation, quotes, and the colon and space after each key")
}

// at is where a node begins.
func at(n ast.Node) place {
	if n == nil {
		return place{}
	}
	// A mapping's own token is the colon of its first key.
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return place{line: t.Position.Line, col: t.Position.Column}
	}
	return place{}
}

func (r *reader) problem(p place, field, problem, fix string) {
	r.problems = append(r.problems, r.invalid(p, field, problem, fix))
}

func (r *reader) invalid(p place, field, problem, fix string) *balie.InvalidError {
	if p.env != "" {
		return &balie.InvalidError{Field: p.env, Problem: problem, Fix: fix}
	}
	return &balie.InvalidError{File: r.file, Line: p.line, Col: p.col, Field: field, Problem: problem, Fix: fix}
}

// fill reads a node into a value of the Config. A key without a value leaves
// the default.
func (r *reader) fill(n ast.Node, v reflect.Value, field string) {
	switch n.(type) {
	case nil, *ast.NullNode:
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.problem(at(n), field, "anchors, aliases and tags are not read here", "write the value out")
		return
	}
	switch {
	case v.Type() == secretType:
		r.secret(n, v, field)
	case v.Type() == timeType || v.Type() == durationType:
		r.scalar(n, v, field)
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		r.fill(n, v.Elem(), field)
	case v.Kind() == reflect.Struct:
		r.structure(n, v, field)
	case v.Kind() == reflect.Slice:
		r.list(n, v, field)
	case v.Kind() == reflect.Map:
		r.words(n, v, field)
	default:
		r.scalar(n, v, field)
	}
}

// structure reads a mapping whose keys are a struct's.
func (r *reader) structure(n ast.Node, v reflect.Value, field string) {
	for _, e := range r.mapping(n, field, keysOf(v.Type())) {
		r.fill(e.value, fieldOf(v, e.key), e.field)
	}
}

// entry is one key of a mapping.
type entry struct {
	key, field string
	value      ast.Node
}

// mapping reads the keys of a mapping; with known keys given, any other is a
// problem.
func (r *reader) mapping(n ast.Node, field string, known []string) []entry {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.problem(at(n), field, "here keys with values are expected", `write "key: value" lines under it`)
		return nil
	}
	var out []entry
	for _, v := range values {
		key := v.Key.String()
		if s, ok := v.Key.(*ast.StringNode); ok {
			key = s.Value
		}
		whole := strings.TrimPrefix(field+"."+key, ".")
		switch {
		case slices.ContainsFunc(out, func(e entry) bool { return e.key == key }):
			r.problem(at(v.Key), field, fmt.Sprintf("%q stands here twice", key), "remove one of them")
			continue
		case len(known) > 0 && !slices.Contains(known, key):
			r.problem(at(v.Key), field, fmt.Sprintf("%q is not a key here", short(key)), meant(key, known))
			continue
		}
		r.places[whole] = at(v.Key)
		out = append(out, entry{key, whole, v.Value})
	}
	return out
}

// list reads a sequence.
func (r *reader) list(n ast.Node, v reflect.Value, field string) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(at(n), field, "here a list is expected", `write "- item" lines or [a, b]`)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
	for i, item := range s.Values {
		one := fmt.Sprintf("%s[%d]", field, i)
		r.places[one] = at(item)
		r.fill(item, out.Index(i), one)
	}
	v.Set(out)
}

// words reads a mapping from names to texts.
func (r *reader) words(n ast.Node, v reflect.Value, field string) {
	out := reflect.MakeMap(v.Type())
	for _, e := range r.mapping(n, field, nil) {
		text := reflect.New(v.Type().Elem()).Elem()
		r.fill(e.value, text, e.field)
		out.SetMapIndex(reflect.ValueOf(e.key), text)
	}
	v.Set(out)
}

// scalar reads one value.
func (r *reader) scalar(n ast.Node, v reflect.Value, field string) {
	text, ok := textOf(n)
	if !ok {
		r.problem(at(n), field, "here one value is expected", "")
		return
	}
	r.places[field] = at(n)
	if problem, fix := set(v, text); problem != "" {
		r.problem(at(n), field, problem, fix)
	}
}

// textOf is a scalar as it was written.
func textOf(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// secret reads where a secret comes from. What stands there in its place is
// never shown.
func (r *reader) secret(n ast.Node, v reflect.Value, field string) {
	name := field[strings.LastIndexByte(field, '.')+1:] + ": "
	if strings.HasSuffix(field, "]") {
		name = "- "
	}
	if _, ok := textOf(n); ok {
		r.problem(at(n), field, "a secret may not stand in this file",
			fmt.Sprintf("put it in a file of its own and write %s{file: secrets/NAME}, or %s{env: NAME}; it has been seen by whoever saw this file, so make a new one", name, name))
		return
	}
	before := len(r.problems)
	r.structure(n, v, field)
	s := v.Interface().(Secret)
	if len(r.problems) > before {
		return
	}
	if s.File != "" && s.Env != "" {
		r.problem(at(n), field, "both a file and an environment variable are named", "keep one of them")
	}
	if s.File == "" && s.Env == "" {
		r.problem(at(n), field, "neither a file nor an environment variable is named", fmt.Sprintf("write %s{file: secrets/NAME} or %s{env: NAME}", name, name))
	}
}

// keysOf are the keys of a struct, as they are written in YAML.
func keysOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if key, ok := t.Field(i).Tag.Lookup("yaml"); ok {
			out = append(out, key)
		}
	}
	return out
}

// fieldOf is the field of a struct with a key, which exists.
func fieldOf(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i)
		}
	}
	panic("config: no field " + key)
}
