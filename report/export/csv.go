package export

import (
	"cmp"
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/balie/balie/report"
)

// csvHeader names the columns, with what their numbers are in.
var csvHeader = []string{"section", "id", "name", "metric", "value (see unit)", "unit", "numerator (count)", "denominator (count)",
	"low (95%, see unit)", "high (95%, see unit)", "target (see unit)", "at most", "reached", "few", "period"}

// CSV writes a factsheet as one tidy table: one number a row (RFC 4180, UTF-8
// with a byte order mark, for without it spreadsheets guess wrong).
func CSV(out io.Writer, f report.Factsheet, w Words) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	t := csv.NewWriter(out)
	t.UseCRLF = true
	if err := t.Write(csvHeader); err != nil {
		return err
	}
	for _, l := range Lines(f, w) {
		err := t.Write([]string{l.Section, plain(l.ID), plain(l.Name), l.Metric, orEmpty(l.Value), l.Unit, whole(l.Numerator), whole(l.Denominator),
			orEmpty(l.Low), orEmpty(l.High), orEmpty(l.Target), yes(&l.AtMost), yes(l.Reached), yes(&l.Few), l.Period})
		if err != nil {
			return err
		}
	}
	t.Flush()
	return t.Error()
}

func orEmpty(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}

func whole(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func yes(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
