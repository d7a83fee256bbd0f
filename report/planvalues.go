package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// ParseTarget reads a value in a metric's unit: "70%", "4.2", "7.50", "30m".
func (m Metric) ParseTarget(text string) (float64, error) {
	text = strings.TrimSpace(text)
	switch m.Unit {
	case Share:
		return parseShare(text, 0, 1)
	case Time:
		d, err := yamltree.ParseDuration(text)
		if err == nil && d <= 0 {
			err = &balie.InvalidError{Problem: "a target is a length of time", Fix: "write it as 30m or 2h30m"}
		}
		return d.Seconds(), err
	case Score:
		return parseBetween(text, 1, 5)
	case Money:
		return parseMoney(text)
	}
	return parseBetween(text, 0, mostMoney)
}

// WriteTarget is a value as ParseTarget reads it.
func (m Metric) WriteTarget(v float64) string {
	switch m.Unit {
	case Share:
		return writeShare(v)
	case Time:
		return plainTime(time.Duration(v * float64(time.Second)))
	case Money:
		return writeMoney(int64(math.Round(v)))
	}
	return plainNumber(v)
}

// decimal takes a comma for a point, as it is typed in Dutch.
func decimal(text string) string {
	if strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
		return strings.Replace(text, ",", ".", 1)
	}
	return text
}

func parseBetween(text string, low, high float64) (float64, error) {
	v, err := yamltree.ParseFloat(decimal(text))
	switch {
	case err != nil:
		return 0, err
	case v < low || v > high:
		return 0, &balie.InvalidError{Problem: fmt.Sprintf("%s is out of bounds", yamltree.Short(text)), Fix: fmt.Sprintf("give a number from %s to %s", plainNumber(low), plainNumber(high))}
	}
	return v, nil
}

func parseShare(text string, low, high float64) (float64, error) {
	digits, percent := strings.CutSuffix(text, "%")
	v, err := yamltree.ParseFloat(decimal(strings.TrimSpace(digits)))
	switch {
	case err != nil:
		return 0, &balie.InvalidError{Problem: fmt.Sprintf("%q is not a share", yamltree.Short(text)), Fix: "write it as 70%"}
	case percent:
		v /= 100
	case v > 1:
		return 0, &balie.InvalidError{Problem: fmt.Sprintf("%s is more than all", yamltree.Short(text)), Fix: fmt.Sprintf("write it with its sign: %s%%", yamltree.Short(text))}
	}
	if v < low || v > high {
		return 0, &balie.InvalidError{Problem: fmt.Sprintf("%s is out of bounds", yamltree.Short(text)), Fix: fmt.Sprintf("give %s to %s", writeShare(low), writeShare(high))}
	}
	return v, nil
}

func parseMoney(text string) (float64, error) {
	wrong := &balie.InvalidError{Problem: fmt.Sprintf("%q is not an amount", yamltree.Short(text)), Fix: "write it as 1250 or 38.50, without a sign"}
	s := decimal(strings.ReplaceAll(text, "_", ""))
	whole, cents, _ := strings.Cut(s, ".")
	if len(cents) > 2 || whole == "" || strings.Trim(whole+cents, "0123456789") != "" {
		return 0, wrong
	}
	v, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	switch {
	case err != nil || float64(v) > mostMoney:
		return 0, &balie.InvalidError{Problem: fmt.Sprintf("%s is too much", yamltree.Short(text)), Fix: "give a smaller amount"}
	case strings.Contains(s, ".") && cents == "":
		return 0, wrong
	}
	return float64(v), nil
}

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// writeShare is a share without the dust of binary fractions.
func writeShare(v float64) string { return plainNumber(math.Round(v*1e6)/1e4) + "%" }

func writeMoney(cents int64) string {
	if cents%100 == 0 {
		return strconv.FormatInt(cents/100, 10)
	}
	return strconv.FormatFloat(float64(cents)/100, 'f', 2, 64)
}

// plainTime is 1h30m where Go writes 1h30m0s.
func plainTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
