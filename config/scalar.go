package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// set reads a text into one value of the Config. It returns what is wrong with
// the text, and the mend.
func set(v reflect.Value, text string) (problem, fix string) {
	switch {
	case v.Type() == durationType:
		return setDuration(v, text)
	case v.Type() == timeType:
		return setTime(v, text)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Sprintf("%q is neither true nor false", short(text)), ""
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(strings.ReplaceAll(text, "_", ""))
		if err != nil {
			return fmt.Sprintf("%q is not a whole number", short(text)), ""
		}
		v.SetInt(int64(n))
	case reflect.Int64:
		return setSize(v, text)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Sprintf("%q is not a number", short(text)), ""
		}
		v.SetFloat(f)
	default:
		panic("config: no way to read a " + v.Type().String())
	}
	return "", ""
}

func setDuration(v reflect.Value, text string) (problem, fix string) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Sprintf("%q is not a length of time", short(text)), "write it with its unit: 90s, 2m, 1h30m"
	}
	v.SetInt(int64(d))
	return "", ""
}

func setTime(v reflect.Value, text string) (problem, fix string) {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil {
			v.Set(reflect.ValueOf(t))
			return "", ""
		}
	}
	return fmt.Sprintf("%q is not a date", short(text)), "write it as 2026-11-24 or 2026-11-24T09:00:00+01:00"
}

// units of sizes. KiB and KB are 1,024 and 1,000 bytes.
var units = []struct {
	name string
	size int64
}{{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"b", 1}}

// setSize reads a number of bytes, with or without a unit.
func setSize(v reflect.Value, text string) (problem, fix string) {
	digits, size := strings.ToLower(strings.TrimSpace(strings.ReplaceAll(text, "_", ""))), int64(1)
	for _, u := range units {
		if s, ok := strings.CutSuffix(digits, u.name); ok {
			digits, size = strings.TrimSpace(s), u.size
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/size || n < math.MinInt64/size {
		return fmt.Sprintf("%q is not a size", short(text)), "write bytes, or a unit: 30MiB, 25MB, 512KiB"
	}
	v.SetInt(n * size)
	return "", ""
}

// short keeps a quoted value readable in an error.
func short(s string) string {
	const limit = 60
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

// meant proposes the known word nearest to a wrong one, or says which there
// are.
func meant(s string, known []string) string {
	best, nearest := "", 1+max(1, len(s)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(s), strings.ToLower(k)); d < nearest {
			best, nearest = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	const listed = 20
	if len(known) > listed {
		return ""
	}
	return "use one of " + strings.Join(known, ", ")
}

// distance counts the letters to add, remove, change or swap with their
// neighbour to make one word of the other.
func distance(a, b string) int {
	const limit = 80
	a, b = a[:min(len(a), limit)], b[:min(len(b), limit)]
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
