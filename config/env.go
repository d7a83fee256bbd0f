package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// prefix of every variable of ours.
const prefix = "BALIE_"

// FileVariable names the file to read where no --config does.
const FileVariable = prefix + "CONFIG"

// foreign are variables with our prefix that are no settings: the one above and
// those of tests.
var foreign = []string{FileVariable, prefix + "FAIL", prefix + "FAIL_LIST", prefix + "SHARED"}

// leaf is one setting that a variable can give.
type leaf struct {
	field string
	path  []int  // of reflect fields; pointers on the way are made
	word  string // the key in a map of texts by language
	part  string // "file" for a secret's NAME_FILE
}

// languages are the keys a map of texts by language has in the environment.
var languages = []string{"nl", "en"}

// leaves lists every setting that the environment can give, by its variable:
// the keys that lead to it in capitals, joined by _. A secret NAME is the value
// itself, NAME_FILE the file it is in. A list of texts is separated by commas.
// Lists of objects are not for the environment.
func leaves() map[string]leaf {
	out := map[string]leaf{}
	collect(out, reflect.TypeFor[Config](), leaf{}, strings.TrimSuffix(prefix, "_"))
	return out
}

func collect(out map[string]leaf, t reflect.Type, l leaf, name string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == secretType:
		out[name] = l
		l.part = "file"
		out[name+"_FILE"] = l
	case t.Kind() == reflect.Struct && t != timeType:
		for i := range t.NumField() {
			key, ok := t.Field(i).Tag.Lookup("yaml")
			if !ok {
				continue
			}
			below := leaf{field: strings.TrimPrefix(l.field+"."+key, "."), path: append(slices.Clone(l.path), i)}
			collect(out, t.Field(i).Type, below, name+"_"+strings.ToUpper(key))
		}
	case t.Kind() == reflect.Map && l.field == "desk.name":
		for _, w := range languages {
			below := l
			below.field, below.word = l.field+"."+w, w
			out[name+"_"+strings.ToUpper(w)] = below
		}
	case t.Kind() == reflect.Map, t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.String:
	default:
		out[name] = l
	}
}

// environment lays the variables over what the file said. Each name that no
// setting has is a problem, unless the file names it as the place of a secret.
func (r *reader) environment(c *Config, environ []string) {
	known := leaves()
	named := secretNames(reflect.ValueOf(c).Elem())
	for _, pair := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, prefix) || slices.Contains(foreign, name) {
			continue
		}
		l, ok := known[name]
		if !ok && !slices.Contains(named, name) {
			r.wrong(name, "no setting has this variable", meantVariable(name, known))
		}
		if ok && value != "" {
			r.variable(c, l, name, value)
		}
	}
}

func (r *reader) wrong(variable, problem, fix string) {
	r.problems = append(r.problems, &balie.InvalidError{Field: variable, Problem: problem, Fix: fix})
}

// variable sets one setting from its variable.
func (r *reader) variable(c *Config, l leaf, name, value string) {
	v := reflect.ValueOf(c).Elem()
	for _, i := range l.path {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	before, given := r.places[l.field]
	r.places[l.field] = place{env: name}
	switch {
	case v.Type() == secretType && given && before.env != "":
		r.wrong(name, "the secret is also given by "+before.env, "unset one of them")
	case v.Type() == secretType && l.part == "file":
		v.Set(reflect.ValueOf(Secret{File: value}))
	case v.Type() == secretType:
		v.Set(reflect.ValueOf(Secret{Env: name}))
	case v.Kind() == reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		v.SetMapIndex(reflect.ValueOf(l.word), reflect.ValueOf(value))
	case v.Kind() == reflect.Slice:
		var items []string
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		v.Set(reflect.ValueOf(items))
	default:
		if problem, fix := set(v, value); problem != "" {
			r.wrong(name, problem, fix)
		}
	}
}

func meantVariable(name string, known map[string]leaf) string {
	var names []string
	for k := range known {
		names = append(names, k)
	}
	slices.Sort(names)
	if m := yamltree.Nearest(name, names); m != "" {
		return m
	}
	return fmt.Sprintf("unset it; variables that begin with %s are settings of balie", prefix)
}

// secretNames are the variables that secrets of the file come from.
func secretNames(v reflect.Value) []string {
	var out []string
	each(v, "", func(s *Secret, _ string) {
		if s.Env != "" {
			out = append(out, s.Env)
		}
	})
	return out
}

// each calls f with every secret of a Config.
func each(v reflect.Value, field string, f func(s *Secret, field string)) {
	switch {
	case v.Type() == secretType:
		f(v.Addr().Interface().(*Secret), field)
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			each(v.Elem(), field, f)
		}
	case v.Kind() == reflect.Struct && v.Type() != timeType:
		for i := range v.NumField() {
			if key, ok := v.Type().Field(i).Tag.Lookup("yaml"); ok {
				each(v.Field(i), strings.TrimPrefix(field+"."+key, "."), f)
			}
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), fmt.Sprintf("%s[%d]", field, i), f)
		}
	}
}
