package config

import (
	"errors"
	"reflect"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// set reads a text into one value of the Config. It returns what is wrong with
// the text, and the mend.
func set(v reflect.Value, text string) (problem, fix string) {
	bad, wrong := errors.AsType[*balie.InvalidError](parse(v, text))
	if !wrong {
		return "", ""
	}
	return bad.Problem, bad.Fix
}

func parse(v reflect.Value, text string) error {
	switch {
	case v.Type() == durationType:
		return into(v, text, yamltree.ParseDuration)
	case v.Type() == timeType:
		return into(v, text, yamltree.ParseTime)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		return into(v, text, yamltree.ParseBool)
	case reflect.Int:
		return into(v, text, yamltree.ParseInt)
	case reflect.Int64:
		return into(v, text, yamltree.ParseSize)
	case reflect.Float64:
		return into(v, text, yamltree.ParseFloat)
	}
	panic("config: no way to read a " + v.Type().String())
}

// into sets a value to what its parser makes of a text; a text that is wrong
// leaves the default.
func into[T any](v reflect.Value, text string, parse func(string) (T, error)) error {
	x, err := parse(text)
	if err == nil {
		v.Set(reflect.ValueOf(x))
	}
	return err
}
