package report

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"
)

// Unit is what a metric's value is in.
type Unit string

// The units.
const (
	Share Unit = "share" // 0 to 1
	Time  Unit = "time"  // seconds of opening time
	Score Unit = "score" // 1 to 5
	Money Unit = "money" // hundredths of the plan's currency
	Count Unit = "count"
)

// Better is in which direction a metric gets better.
type Better string

// The directions.
const (
	Higher  Better = "higher"
	Lower   Better = "lower"
	Neither Better = "neither" // a size, not a merit
)

// Cohort is which requests of a period a metric is of: those to which
// something happened in it. Each request is in at most one period.
type Cohort string

// The cohorts.
const (
	OfOpened    Cohort = "opened"    // opened in the period
	OfResponded Cohort = "responded" // had its first response in it
	OfSolved    Cohort = "solved"    // was last answered in it and is not open again
	OfEnded     Cohort = "ended"     // OfSolved, and what was opened again in it and is not answered since
	OfJudged    Cohort = "judged"    // its promise was kept, or broke, in it
	OfScored    Cohort = "scored"    // got its score in it
	OfOpen      Cohort = "open"      // open at its end
)

// Metric is the definition of a figure. Its texts are by language, for
// somebody who answers for the desk; report computes exactly what they say.
type Metric struct {
	ID     string
	Theme  Theme
	Unit   Unit
	Better Better
	Cohort Cohort
	Names  map[string]string
	Counts map[string]string // the numerator, or what is measured
	Of     map[string]string // the denominator
	Except map[string]string // who is left out
	When   map[string]string // in which period a request counts
	Few    map[string]string // what is shown where there is little
}

// Metrics are all metrics, in the order in which they are explained.
func Metrics() []Metric { return append([]Metric(nil), metrics...) }

// MetricOf is a metric by its id.
func MetricOf(id string) (Metric, bool) {
	for _, m := range metrics {
		if m.ID == id {
			return m, true
		}
	}
	return Metric{}, false
}

// MetricIDs are the ids of all metrics.
func MetricIDs() []string {
	out := make([]string, 0, len(metrics))
	for _, m := range metrics {
		out = append(out, m.ID)
	}
	return out
}

// Name is what it is called in a language, Dutch where it has no other.
func (m Metric) Name(language string) string { return said(m.Names, language) }

// AtMost reports whether a target is a bound from above: lower is better.
func (m Metric) AtMost() bool { return m.Better == Lower }

// said is a text in a language, else in Dutch, else in whatever there is.
func said(by map[string]string, language string) string {
	if s := cmp.Or(by[language], by["nl"]); s != "" {
		return s
	}
	return by["en"]
}

// Write is a value of the metric as people write it: "68%", "€ 6,80", "2 u 10",
// "4,4". Currency is the plan's.
func (m Metric) Write(language string, v float64, currency string) string {
	switch m.Unit {
	case Share:
		return written(language, 100*v, shareDigits(v)) + "%"
	case Time:
		return WriteTime(language, time.Duration(v*float64(time.Second)))
	case Score:
		return written(language, v, 1)
	case Money:
		return WriteMoney(language, int64(math.Round(v)), currency)
	}
	return written(language, v, 0)
}

// shareDigits is one digit where a whole percentage says too little.
func shareDigits(v float64) int {
	const little = 0.1
	if v < little && math.Abs(100*v-math.Round(100*v)) > 1e-9 {
		return 1
	}
	return 0
}

// WriteNumber is a whole number with its thousands apart.
func WriteNumber(language string, n int) string { return written(language, float64(n), 0) }

// WriteMoney is an amount in hundredths. Whole amounts of a thousand and more
// are written without cents.
func WriteMoney(language string, cents int64, currency string) string {
	const readable = 100_000 // hundredths
	digits := 2
	if cents >= readable || cents <= -readable {
		digits = 0
	}
	sign := map[string]string{"EUR": "€", "GBP": "£", "USD": "$", "": "€"}[currency]
	text := written(language, float64(cents)/100, digits)
	minus := ""
	if rest, ok := strings.CutPrefix(text, "−"); ok {
		minus, text = "−", rest
	}
	switch {
	case sign == "":
		return minus + currency + "\u00a0" + text
	case language == "en":
		return minus + sign + text
	}
	return minus + sign + "\u00a0" + text // no line ends between them
}

// WriteTime is a length of time in hours and minutes.
func WriteTime(language string, d time.Duration) string {
	hour := "u"
	if language == "en" {
		hour = "h"
	}
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case minutes < 60:
		return strconv.Itoa(minutes) + " min"
	case minutes%60 == 0:
		return strconv.Itoa(minutes/60) + " " + hour
	}
	rest := strconv.Itoa(minutes % 60)
	if len(rest) == 1 {
		rest = "0" + rest
	}
	return written(language, float64(minutes/60), 0) + " " + hour + " " + rest
}

// written is a number with a language's points and commas.
func written(language string, v float64, digits int) string {
	point, group := ",", "."
	if language == "en" {
		point, group = ".", ","
	}
	text := strconv.FormatFloat(math.Abs(v), 'f', digits, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	var b strings.Builder
	if v < 0 && strings.Trim(text, "0.") != "" {
		b.WriteString("−")
	}
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(r)
	}
	if fraction != "" {
		b.WriteString(point + fraction)
	}
	return b.String()
}
