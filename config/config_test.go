package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestExampleLoads(t *testing.T) {
	c, err := Parse("example.yaml", Example(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range allKeys() {
		if _, ok := c.source.places[key]; !ok {
			t.Errorf("example.yaml does not show %s", key)
		}
	}
	for _, l := range languages {
		if _, err := Parse("balie.yaml", Start(l), nil); err != nil {
			t.Error(err)
		}
	}
}

// allKeys are the keys of Config; in lists, those of the first item.
func allKeys() []string {
	var out []string
	var walk func(t reflect.Type, field string)
	walk = func(t reflect.Type, field string) {
		switch {
		case t == secretType || t == timeType:
		case t.Kind() == reflect.Pointer:
			walk(t.Elem(), field)
		case t.Kind() == reflect.Struct:
			for _, k := range keysOf(t) {
				f, _ := t.FieldByNameFunc(func(n string) bool { f, _ := t.FieldByName(n); return f.Tag.Get("yaml") == k })
				whole := strings.TrimPrefix(field+"."+k, ".")
				out = append(out, whole)
				walk(f.Type, whole)
			}
		case t.Kind() == reflect.Slice:
			walk(t.Elem(), field+"[0]")
		}
	}
	walk(reflect.TypeFor[Config](), "")
	return out
}
