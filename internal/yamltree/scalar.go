package yamltree

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// wrong is what a parser of one value says: without a place, which Reader.Wrong
// gives it.
func wrong(fix, problem string, a ...any) error {
	return &balie.InvalidError{Problem: fmt.Sprintf(problem, a...), Fix: fix}
}

// ParseBool reads true or false, also as 1 and 0.
func ParseBool(text string) (bool, error) {
	b, err := strconv.ParseBool(strings.ToLower(text))
	if err == nil {
		return b, nil
	}
	fix := ""
	switch strings.ToLower(text) {
	case "yes", "y", "on", "ja":
		fix = "write true"
	case "no", "n", "off", "nee":
		fix = "write false"
	}
	return false, wrong(fix, "%q is neither true nor false", Short(text))
}

// ParseInt reads a whole number; 1_000 is one.
func ParseInt(text string) (int, error) {
	n, err := strconv.Atoi(strings.ReplaceAll(text, "_", ""))
	if err != nil {
		return 0, wrong("", "%q is not a whole number", Short(text))
	}
	return n, nil
}

// ParseFloat reads a number that is finite; 1_000.5 is one.
func ParseFloat(text string) (float64, error) {
	f, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, wrong("", "%q is not a number", Short(text))
	}
	return f, nil
}

// within wants a number between two.
func within[T cmp.Ordered](parse func(string) (T, error), text string, low, high T) (T, error) {
	n, err := parse(text)
	switch {
	case err != nil:
		return low, err
	case n < low:
		return low, wrong(fmt.Sprintf("give %s or more", plainly(low)), "%s is too little", Short(text))
	case n > high:
		return low, wrong(fmt.Sprintf("give %s or less", plainly(high)), "%s is too much", Short(text))
	}
	return n, nil
}

// plainly is a number without an exponent.
func plainly(n any) string {
	if f, ok := n.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(n)
}

// ParseWord reads a word out of a closed list.
func ParseWord(text string, words ...string) (string, error) {
	if slices.Contains(words, text) {
		return text, nil
	}
	return "", wrong(Suggest(text, words), "%q is not known here", Short(text))
}

// ParseDuration reads a length of time with its unit.
func ParseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, wrong("write it with its unit: 90s, 2m, 1h30m", "%q is not a length of time", Short(text))
	}
	return d, nil
}

// ParseDay reads a date, as its first moment in a zone.
func ParseDay(text string, zone *time.Location) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return t, wrong("write it as 2026-11-24", "%q is not a date", Short(text))
	}
	return t, nil
}

// ParseTime reads a date or a moment.
func ParseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, wrong("write it as 2026-11-24 or 2026-11-24T09:00:00+01:00", "%q is not a date", Short(text))
	}
	return t, nil
}

// units of sizes. KiB and KB are 1,024 and 1,000 bytes.
var units = []struct {
	name string
	size int64
}{{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"b", 1}}

// ParseSize reads a number of bytes, with or without a unit.
func ParseSize(text string) (int64, error) {
	digits, size := strings.ToLower(strings.TrimSpace(strings.ReplaceAll(text, "_", ""))), int64(1)
	for _, u := range units {
		if s, ok := strings.CutSuffix(digits, u.name); ok {
			digits, size = strings.TrimSpace(s), u.size
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/size || n < math.MinInt64/size {
		return 0, wrong("write bytes, or a unit: 30MiB, 25MB, 512KiB", "%q is not a size", Short(text))
	}
	return n * size, nil
}
