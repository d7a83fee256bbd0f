package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/balie/balie/internal/yamltree"
)

// sizeLimit is in bytes of a balie.yaml.
const sizeLimit = 1 << 20

// place is where a setting was given.
type place struct {
	line, col int
	env       string // the variable, when it came from the environment
}

// reader fills a Config from a YAML tree and from variables.
type reader struct {
	tree     yamltree.Reader
	places   map[string]place
	problems []error // of variables
}

// The types that are read as one value, although Go sees a struct or a number.
var (
	secretType   = reflect.TypeFor[Secret]()
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

func at(n yamltree.Node) place {
	line, col := n.Place()
	return place{line: line, col: col}
}

// fill reads a node into a value of the Config. A key without a value leaves
// the default.
func (r *reader) fill(n yamltree.Node, v reflect.Value, field string) {
	if n.Empty() {
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
func (r *reader) structure(n yamltree.Node, v reflect.Value, field string) {
	for _, e := range r.tree.Mapping(n, field, keysOf(v.Type())...) {
		r.places[e.Field] = at(e.At)
		r.fill(e.Value, fieldOf(v, e.Key), e.Field)
	}
}

// list reads a sequence.
func (r *reader) list(n yamltree.Node, v reflect.Value, field string) {
	before := r.tree.Count()
	items := r.tree.List(n, field)
	if r.tree.Count() > before {
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		one := fmt.Sprintf("%s[%d]", field, i)
		r.places[one] = at(item)
		r.fill(item, out.Index(i), one)
	}
	v.Set(out)
}

// words reads a mapping from names to texts.
func (r *reader) words(n yamltree.Node, v reflect.Value, field string) {
	out := reflect.MakeMap(v.Type())
	for _, e := range r.tree.Mapping(n, field) {
		r.places[e.Field] = at(e.At)
		text := reflect.New(v.Type().Elem()).Elem()
		r.fill(e.Value, text, e.Field)
		out.SetMapIndex(reflect.ValueOf(e.Key), text)
	}
	v.Set(out)
}

// scalar reads one value.
func (r *reader) scalar(n yamltree.Node, v reflect.Value, field string) {
	before := r.tree.Count()
	text := r.tree.Text(n, field)
	if r.tree.Count() > before {
		return
	}
	r.places[field] = at(n)
	if problem, fix := set(v, text); problem != "" {
		r.tree.Problem(n, field, problem, fix)
	}
}

// secret reads where a secret comes from. What stands there in its place is
// never shown.
func (r *reader) secret(n yamltree.Node, v reflect.Value, field string) {
	name := field[strings.LastIndexByte(field, '.')+1:] + ": "
	if strings.HasSuffix(field, "]") {
		name = "- "
	}
	if n.IsScalar() {
		r.tree.Problem(n, field, "a secret may not stand in this file",
			fmt.Sprintf("put it in a file of its own and write %s{file: secrets/NAME}, or %s{env: NAME}; it has been seen by whoever saw this file, so make a new one", name, name))
		return
	}
	before := r.tree.Count()
	r.structure(n, v, field)
	s := v.Interface().(Secret)
	if r.tree.Count() > before {
		return
	}
	if s.File != "" && s.Env != "" {
		r.tree.Problem(n, field, "both a file and an environment variable are named", "keep one of them")
	}
	if s.File == "" && s.Env == "" {
		r.tree.Problem(n, field, "neither a file nor an environment variable is named", fmt.Sprintf("write %s{file: secrets/NAME} or %s{env: NAME}", name, name))
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
