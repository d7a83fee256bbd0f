package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Given is one setting in force and where it comes from.
type Given struct {
	Field  string
	Value  string // as people write it; of a secret, where it comes from
	From   string // "file", "environment", "default"
	Secret bool
}

// Given lists the settings in force, in the order of Config. A secret's value
// is never among them (S12).
func (c Config) Given() []Given {
	var out []Given
	c.list(reflect.ValueOf(c), "", &out)
	return out
}

func (c Config) list(v reflect.Value, field string, out *[]Given) {
	switch {
	case v.Type() == secretType:
		s := v.Interface().(Secret)
		*out = append(*out, Given{field, s.String(), c.from(field), true})
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			c.list(v.Elem(), field, out)
		}
	case v.Kind() == reflect.Struct && v.Type() != timeType:
		for i := range v.NumField() {
			if key, ok := v.Type().Field(i).Tag.Lookup("yaml"); ok {
				c.list(v.Field(i), strings.TrimPrefix(field+"."+key, "."), out)
			}
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			c.list(v.Index(i), fmt.Sprintf("%s[%d]", field, i), out)
		}
	default:
		*out = append(*out, Given{field, written(v), c.from(field), false})
	}
}

// written is a value as people write it.
func written(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.Format(time.RFC3339)
	case []string:
		return strings.Join(x, ", ")
	}
	return fmt.Sprint(v.Interface())
}

// from is where a setting, or what it stands in, was given.
func (c Config) from(field string) string {
	if c.source == nil {
		return "default"
	}
	for f := field; f != ""; f = above(f) {
		if p, ok := c.source.places[f]; ok {
			if p.env != "" {
				return "environment"
			}
			// A mapping's own place does not say that each of its keys was given.
			if f != field && !strings.HasSuffix(f, "]") {
				return "default"
			}
			return "file"
		}
	}
	return "default"
}
