package export

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/balie/balie/report"
)

//go:embed sheet.html
var sheetText string

// sheetPage is the template, read once.
var sheetPage = sync.OnceValues(func() (*template.Template, error) {
	return template.New("sheet").Parse(sheetText)
})

// How many lines a table on paper has. The files have all of them.
const (
	channelRows  = 5
	productRows  = 5
	teamRows     = 5
	customerRows = 4
)

// sheetView is what sheet.html shows: everything in words already.
type sheetView struct {
	w           Words
	Heading     string
	Over        string // the organisation and the desk
	Lede        Sentence
	TrendHead   string
	TrendShort  string // the same, over a small one
	ChangeHint  string
	Goals       []goalRow
	Also        []fact
	FlowHeading string
	Flow        template.HTML
	FlowRows    []flowRow
	TrendTitle  string
	Months      template.HTML
	Channels    table
	Products    table
	Teams       table
	Customers   table
	Times       []timeRow
	Ages        []ageRow
	Money       string
	Foot        foot
}

// Lang is the language of the factsheet, which that of the page may differ from.
func (v sheetView) Lang() string { return v.w.language() }

// T is a text of the figures.
func (v sheetView) T(key string, pairs ...string) string { return v.w.t(key, pairs...) }

type fact struct{ Name, Value, Note string }

// elsewhere are metrics that the page shows in another place than beside the
// goals: they need no line of their own for want of a goal.
var elsewhere = []string{report.Volume, report.AutoPrecision, report.RespondMedian, report.ResolveMedian, report.ResolveP90, report.Backlog, report.LateNow}

type goalRow struct {
	Name, Note            string
	Value, Target, Change string
	Bar, Trend            template.HTML
	Class                 string // "miss"
	State                 string // "met", "missed", "not_measured", "no_figure", ""
	Few                   bool
}

type flowRow struct{ From, To, Count string }

// table is a breakdown: so many rows, and what is left out.
type table struct {
	Rows []line
	More string
}

type line struct {
	Name, Count, Reply, Direct, Lead, Rated, Kept, Open string
	Few                                                 bool // the score is of few
	Trend                                               template.HTML
}

type timeRow struct{ Name, N, P50, P75, P90, P95, Kept string }

type ageRow struct {
	Name, Count, Late string
	Bar               template.HTML
}

// foot is the line under the sheet, around the link to the definitions.
type foot struct{ Before, After, Plan, Few, Stale string }

// Sheet is a factsheet as one page for people: the <main> of it, for the desk's
// page and for File. definitions is where those stand; "" names none.
func Sheet(f report.Factsheet, w Words, definitions string) (template.HTML, error) {
	t, err := sheetPage()
	if err != nil {
		return "", fmt.Errorf("read the factsheet's page: %w", err)
	}
	var b bytes.Buffer
	in := struct {
		sheetView
		Definitions string
	}{w.view(f), definitions}
	in.Flow, in.FlowRows = w.flow(f), w.flowRows(f.Flow)
	if err := t.Execute(&b, in); err != nil {
		return "", fmt.Errorf("write the factsheet: %w", err)
	}
	return template.HTML(b.String()), nil
}

func (w Words) view(f report.Factsheet) sheetView {
	v := sheetView{w: w, Heading: w.Heading(f), Over: w.over(), Lede: w.Sentence(f),
		FlowHeading: w.t("h_flow", "n", w.Number(f.Total)), Money: w.money(f.Cost), Foot: w.foot(f)}
	if f.Total == 1 {
		v.FlowHeading = w.t("h_flow_one")
	}
	v.ChangeHint = w.t("change_of", "period", w.Period(f.Period.Before(1)))
	trend := 0
	for _, g := range f.Goals {
		if g.NoTarget {
			if !slices.Contains(elsewhere, g.Figure.Metric) {
				v.Also = append(v.Also, w.also(g))
			}
			continue
		}
		trend = max(trend, len(g.Trend))
		v.Goals = append(v.Goals, w.goal(g, f))
	}
	v.TrendHead = w.t("trend_plain")
	if trend > 1 {
		v.TrendHead = w.t("trend", "periods", w.periods(f.Period.Span, trend))
	}
	v.TrendShort = w.periods(f.Period.Span, len(f.Months))
	v.TrendTitle = w.t("h_trend_" + string(f.Period.Span))
	v.Months = w.months(f.Months, w.monthsSay(v.TrendTitle, f.Months))
	v.Channels = w.table(f.Channels, channelRows, w.Channel)
	v.Products = w.table(f.Products, productRows, w.Product)
	v.Teams = w.table(f.Teams, teamRows, w.Team)
	v.Customers = w.table(f.Customer, customerRows, w.Organisation)
	v.Times = []timeRow{w.times("respond", f.Respond, figure(f, report.ResponseKept)), w.times("resolve", f.Resolve, figure(f, report.ResolveKept))}
	v.Ages = w.ages(f.Ages)
	return v
}

// Heading is what a factsheet is called.
func (w Words) Heading(f report.Factsheet) string {
	if s := w.Scope(f.Scope); s != "" {
		return w.t("factsheet_of", "period", w.Period(f.Period), "scope", s)
	}
	return w.t("factsheet", "period", w.Period(f.Period))
}

// Scope is what a factsheet is of, "" for the whole desk.
func (w Words) Scope(s report.Scope) string {
	out := ""
	add := func(id string, of func(string) string) {
		if id == "" {
			return
		}
		if out != "" {
			out += ", "
		}
		out += of(id)
	}
	add(s.Channel, w.Channel)
	add(s.Product, w.Product)
	add(s.Team, w.Team)
	add(s.Organisation, w.Organisation)
	return out
}

func (w Words) over() string {
	if w.Desk == "" || w.Desk == w.Brand {
		return w.Brand
	}
	if w.Brand == "" {
		return w.Desk
	}
	return w.Brand + " · " + w.Desk
}

// figure is one of all figures.
func figure(f report.Factsheet, metric string) report.Figure {
	for _, x := range f.All {
		if x.Metric == metric {
			return x
		}
	}
	return report.Figure{Metric: metric, None: true}
}

// The goals' spark, in pixels.
const (
	goalSparkWidth  = 104
	goalSparkHeight = 20
	rowSparkWidth   = 96
	rowSparkHeight  = 24
)

func (w Words) goal(g report.Goal, f report.Factsheet) goalRow {
	r := goalRow{Name: w.Goal(g), Value: w.Value(g.Figure), Target: w.Target(g), Bar: bullet(g), Few: small(g.Figure), Change: w.change(g)}
	r.Note = w.note(g.Figure, f)
	target := math.NaN()
	if !g.NoTarget {
		target = g.Target
	}
	r.Trend = spark(valuesOf(g.Trend), target, goalSparkWidth, goalSparkHeight)
	switch {
	case g.NoMetric:
		r.State, r.Value, r.Target, r.Trend, r.Bar = "not_measured", nothing, nothing, "", ""
		r.Note = ""
	case g.Figure.None:
		r.State = "no_figure"
	case g.Reached:
		r.State = "met"
	default:
		r.State, r.Class = "missed", "miss"
	}
	return r
}

// note is what must be known to read a figure: of how many, its interval, and
// of answers without a person how many were right.
func (w Words) note(g report.Figure, f report.Factsheet) string {
	if g.None {
		return ""
	}
	n := w.Number(g.N)
	switch {
	case small(g):
		return w.t("of_few", "n", n)
	case unitOf(g.Metric) == report.Score && w.Interval(g) != "":
		return w.t("scale_interval", "n", n, "interval", w.Interval(g))
	case unitOf(g.Metric) == report.Score:
		return w.t("scale", "n", n)
	case g.Metric == report.AutoAnswered:
		if p := figure(f, report.AutoPrecision); !p.None {
			return w.t("precision", "share", w.Share(p.Value), "n", w.t(fewKey(p), "n", w.Number(p.N)))
		}
	}
	return ""
}

// fewKey is the text of how many a figure is of.
func fewKey(f report.Figure) string {
	if small(f) {
		return "of_few"
	}
	return "of_n"
}

// also is a figure that nobody set a goal for.
func (w Words) also(g report.Goal) fact {
	out := fact{Name: w.Goal(g), Value: w.Value(g.Figure)}
	if small(g.Figure) {
		out.Note = w.t("of_few", "n", w.Number(g.Figure.N))
	}
	return out
}

// change is the difference with the period before, in the figure's own unit; of
// a share in percentage points.
func (w Words) change(g report.Goal) string {
	n := len(g.Trend)
	if n < 2 || g.Trend[n-1].None || g.Trend[n-2].None || g.Figure.None {
		return ""
	}
	d := g.Trend[n-1].Value - g.Trend[n-2].Value
	sign, abs := "+", d
	if d < 0 {
		sign, abs = "−", -d
	}
	text := ""
	switch unitOf(g.Figure.Metric) {
	case report.Share:
		if text = w.decimal(abs*100, 1); abs*100 < 0.05 {
			return "="
		}
	case report.Score:
		if text = w.decimal(abs, 1); abs < 0.05 {
			return "="
		}
	default:
		if text = w.in(g.Figure.Metric, abs); abs < 0.5 {
			return "="
		}
	}
	return sign + text
}

func valuesOf(all []report.Figure) []float64 {
	out := make([]float64, len(all))
	for i, f := range all {
		if out[i] = f.Value; f.None {
			out[i] = math.NaN()
		}
	}
	return out
}

func (w Words) monthsSay(title string, bars []report.Bar) string {
	if len(bars) == 0 {
		return w.t("trend_empty", "title", title)
	}
	a, z := bars[0], bars[len(bars)-1]
	return w.t("trend_says", "title", title, "first", w.Number(a.Total), "from", w.Period(a.Period), "last", w.Number(z.Total),
		"to", w.Period(z.Period), "auto_first", w.Number(a.Automatic), "auto_last", w.Number(z.Automatic))
}

// table is the first rows of a breakdown, and how many are left out.
func (w Words) table(rows []report.Row, most int, of func(string) string) table {
	var out table
	left, count := 0, 0
	high := 0
	for _, r := range rows {
		for _, n := range r.Trend {
			high = max(high, n)
		}
	}
	for i, r := range namedFirst(rows) {
		if i >= most {
			left, count = left+1, count+r.Count
			continue
		}
		out.Rows = append(out.Rows, w.row(r, high, of))
	}
	if left > 0 {
		out.More = w.t("more", "n", w.Number(left), "count", w.Number(count))
	}
	return out
}

// namedFirst are rows with those that are of nothing in particular at the end.
func namedFirst(rows []report.Row) []report.Row {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b report.Row) int {
		switch {
		case a.ID == "" && b.ID != "":
			return 1
		case a.ID != "" && b.ID == "":
			return -1
		}
		return 0
	})
	return out
}

func (w Words) row(r report.Row, high int, of func(string) string) line {
	l := line{Name: of(r.ID), Count: w.Number(r.Count), Reply: w.p50(r.Respond), Lead: w.p50(r.Resolve), Direct: nothing,
		Rated: w.Value(r.Score), Kept: w.Value(r.Kept), Open: w.Number(r.Open), Few: small(r.Score)}
	if r.Count > 0 {
		l.Direct = w.Share(float64(r.Automatic+r.AtOnce) / float64(r.Count))
	}
	values := make([]float64, len(r.Trend))
	for i, n := range r.Trend {
		values[i] = float64(n)
	}
	l.Trend = sparkTo(values, float64(high), rowSparkWidth, rowSparkHeight)
	return l
}

func (w Words) p50(p report.Percentiles) string {
	if p.N == 0 {
		return nothing
	}
	return w.Duration(p.P50)
}

func (w Words) times(key string, p report.Percentiles, kept report.Figure) timeRow {
	r := timeRow{Name: w.t(key), N: w.Number(p.N), P50: nothing, P75: nothing, P90: nothing, P95: nothing, Kept: w.Value(kept)}
	if p.N > 0 {
		r.P50, r.P75, r.P90, r.P95 = w.Duration(p.P50), w.Duration(p.P75), w.Duration(p.P90), w.Duration(p.P95)
	}
	return r
}

// ageRows is how many bands there is room for; the oldest share the last.
const ageRows = 5

func (w Words) ages(all []report.AgeBand) []ageRow {
	bands := slices.Clone(all[:min(len(all), ageRows)])
	for i := ageRows; i < len(all); i++ {
		last := &bands[ageRows-1]
		last.To, last.Count, last.Late = 0, last.Count+all[i].Count, last.Late+all[i].Late
	}
	most, any := 0, false
	for _, b := range bands {
		most = max(most, b.Count)
		any = any || b.Count > 0
	}
	if !any {
		return nil
	}
	var out []ageRow
	for _, b := range bands {
		out = append(out, ageRow{Name: w.age(b), Count: w.Number(b.Count), Late: w.Number(b.Late), Bar: tally(b.Count, b.Late, most)})
	}
	return out
}

func (w Words) age(b report.AgeBand) string {
	from := strconv.Itoa(b.From)
	switch {
	case b.To == 0:
		return w.t("age_more", "from", from)
	case b.To-b.From <= 1:
		return w.t("age_one", "from", from)
	}
	return w.t("age_to", "from", from, "to", strconv.Itoa(b.To))
}

func (w Words) money(c report.Cost) string {
	if !c.Known {
		return ""
	}
	total, each := w.Money(float64(c.Total)), w.Money(float64(c.PerRequest))
	if c.Replaced > 0 {
		return w.t("cost_replaced", "total", total, "each", each, "replaced", w.Money(float64(c.Replaced)))
	}
	return w.t("cost_line", "total", total, "each", each)
}

// staleAfter is how far figures may be behind before it is said.
const staleAfter = 5 * time.Minute

func (w Words) foot(f report.Factsheet) foot {
	const gap = "{definitions}"
	text := w.t("measured", "days", w.Days(f.Period), "moment", w.Moment(f.Made))
	var out foot
	out.Before, out.After = cut(text, gap)
	out.Plan = w.t("by_plan", "version", strconv.Itoa(f.Plan))
	if f.Plan == 0 {
		out.Plan = w.t("no_plan")
	}
	for _, g := range f.Goals {
		if small(g.Figure) {
			out.Few = w.t("small_note", "n", strconv.Itoa(report.SmallN))
		}
	}
	if f.Stale > staleAfter {
		out.Stale = w.t("stale", "behind", w.Duration(f.Stale))
	}
	return out
}
