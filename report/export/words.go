package export

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
)

// Names are what things are called in one language, by id. What has no name is
// shown by its id.
type Names struct {
	Channels, Products, Teams, Organisations map[string]string
}

// Words are one language, and what a desk calls its things in it.
type Words struct {
	Language string
	Texts    *i18n.Texts
	Names    Names
	Zone     *time.Location
	Brand    string                 // the organisation
	Desk     string                 // what the desk is called; "" when that is the same
	Currency string                 // ISO 4217; "": EUR
	Account  func(team string) bool // whether a team is account management; nil: none is
}

// t is a text of the figures by key.
func (w Words) t(key string, pairs ...string) string {
	return w.Texts.Text(w.Language, "figures."+key, pairs...)
}

func (w Words) english() bool { return i18n.Language(w.Language) == "en" }

func (w Words) zone() *time.Location {
	if w.Zone == nil {
		return time.UTC
	}
	return w.Zone
}

// known reports whether there is a text under a key of the figures.
func (w Words) known(key string) bool { return w.t(key) != "figures."+key }

func name(by map[string]string, id string) string {
	if n := by[id]; n != "" {
		return n
	}
	return id
}

// Channel is what a channel is called.
func (w Words) Channel(id string) string {
	if n := w.Names.Channels[id]; n != "" {
		return n
	}
	if w.known("channel_" + id) {
		return w.t("channel_" + id)
	}
	return id
}

// Product is what a product is called; "" is a request of which it is not known.
func (w Words) Product(id string) string {
	if id == "" {
		return w.t("no_product")
	}
	return name(w.Names.Products, id)
}

// Team is what a team is called; "" is the desk itself.
func (w Words) Team(id string) string {
	if id == "" {
		return w.t("the_desk")
	}
	return name(w.Names.Teams, id)
}

// Organisation is what an organisation is called; "" are people of none.
func (w Words) Organisation(id string) string {
	if id == "" {
		return w.t("no_organisation")
	}
	return name(w.Names.Organisations, id)
}

// Metric is what a metric is called.
func (w Words) Metric(id string) string {
	m, ok := report.MetricOf(id)
	if !ok {
		return id
	}
	return m.Name(w.language())
}

// Goal is what a goal is called: by the plan, or by its metric.
func (w Words) Goal(g report.Goal) string {
	if n := g.Names[i18n.Language(w.Language)]; n != "" {
		return n
	}
	for _, l := range i18n.Languages {
		if n := g.Names[l]; n != "" {
			return n
		}
	}
	if g.Figure.Metric != "" {
		return w.Metric(g.Figure.Metric)
	}
	return g.ID
}

// Number is a whole number with its thousands apart.
func (w Words) Number(n int) string { return report.WriteNumber(w.language(), n) }

// decimal is a number with so many digits behind the mark of the language.
func (w Words) decimal(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if w.english() {
		return s
	}
	return strings.Replace(s, ".", ",", 1)
}

// fewPercent is below which share a digit behind the mark is worth its place.
const fewPercent = 0.1

// Share is a share as a percentage, without saying 100 % of what is not all,
// nor 0 % of what is not none.
func (w Words) Share(v float64) string {
	pct := v * 100
	digits := 0
	if v > 0 && v < fewPercent || v < 1 && pct >= 99.5 {
		digits = 1
	}
	switch {
	case v > 0 && pct < 0.05:
		return "<" + w.decimal(0.1, 1) + "%"
	case v < 1 && pct >= 99.95:
		return ">" + w.decimal(99.9, 1) + "%"
	}
	return w.decimal(pct, digits) + "%"
}

// aim is a share that was aimed at: as it was written.
func (w Words) aim(v float64) string {
	s := w.decimal(v*100, 1)
	return strings.TrimSuffix(strings.TrimSuffix(s, ",0"), ".0") + "%"
}

// Money is an amount in hundredths of the currency.
func (w Words) Money(hundredths float64) string {
	return report.WriteMoney(w.language(), int64(math.Round(hundredths)), w.currency())
}

func (w Words) currency() string { return cmp.Or(w.Currency, "EUR") }

// Duration is opening time as people say it: "24 min", "2 u 10", "12 u".
func (w Words) Duration(d time.Duration) string {
	if d > 0 && d < time.Minute {
		return w.t("under_a_minute")
	}
	return report.WriteTime(w.language(), d)
}

// nothing stands where there is nothing to count.
const nothing = "–"

// Value is a figure in its own unit.
func (w Words) Value(f report.Figure) string {
	if f.None {
		return nothing
	}
	return w.in(f.Metric, f.Value)
}

// in writes a value in the unit of a metric.
func (w Words) in(metric string, v float64) string {
	switch unitOf(metric) {
	case report.Share:
		return w.Share(v)
	case report.Score:
		return w.decimal(v, 1)
	case report.Money:
		return w.Money(v)
	case report.Time:
		return w.Duration(seconds(v))
	}
	return w.Number(int(math.Round(v)))
}

// Target is what a goal aims at, with ≤ when less is better.
func (w Words) Target(g report.Goal) string {
	if g.NoTarget {
		return nothing
	}
	v := w.in(g.Figure.Metric, g.Target)
	if unitOf(g.Figure.Metric) == report.Share {
		v = w.aim(g.Target)
	}
	if g.AtMost {
		return "≤\u00a0" + v
	}
	return v
}

// Interval is a figure's 95 % interval, or "".
func (w Words) Interval(f report.Figure) string {
	if f.None || f.Low == 0 && f.High == 0 {
		return ""
	}
	return w.in(f.Metric, f.Low) + "–" + w.in(f.Metric, f.High)
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// unitOf is what a metric is measured in.
func unitOf(metric string) report.Unit {
	m, _ := report.MetricOf(metric)
	return m.Unit
}
