package export

import (
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie/report"
)

// Line is one number of a factsheet, with all that is needed to read it. All
// files are written from lines.
type Line struct {
	Section     string   `json:"section"` // "total", "goal", "trend", "figure", "month", "channel", "product", "team", "customer", "time", "age", "cost", "flow"
	ID          string   `json:"id"`      // of what it is about: a goal, a channel, a product, "from>to"
	Name        string   `json:"name"`    // the same, in words
	Metric      string   `json:"metric"`
	Value       *float64 `json:"value"` // null: there was nothing to count
	Unit        string   `json:"unit"`  // "share" (0 to 1), "s" (seconds of opening time), "score" (1 to 5), "count", or a currency (ISO 4217)
	Numerator   *int     `json:"numerator"`
	Denominator *int     `json:"denominator"`
	Low         *float64 `json:"low"` // 95 % interval
	High        *float64 `json:"high"`
	Target      *float64 `json:"target"`
	AtMost      bool     `json:"at_most"` // less is better
	Reached     *bool    `json:"reached"`
	Few         bool     `json:"few"`    // of so few that it says little
	Period      string   `json:"period"` // "2026-10", "2026-W42", "2026-Q3", "2026", "2026-10-01..2026-10-15"
}

// Lines are all numbers of a factsheet, in the order of its page.
func Lines(f report.Factsheet, w Words) []Line {
	g := gather{w: w, at: f.Period.ID()}
	g.count("total", "", w.Heading(f), report.Volume, f.Total)
	for _, x := range f.Goals {
		g.goal(x, f.Period)
	}
	for _, x := range f.All {
		g.add(g.figure("figure", x.Metric, w.Metric(x.Metric), x))
	}
	for _, b := range f.Months {
		g.month(b)
	}
	g.rows("channel", f.Channels, w.Channel)
	g.rows("product", f.Products, w.Product)
	g.rows("team", f.Teams, w.Team)
	g.rows("customer", f.Customer, w.Organisation)
	g.percentiles("time", "respond", w.t("respond"), "respond", f.Respond)
	g.percentiles("time", "resolve", w.t("resolve"), "resolve", f.Resolve)
	for _, b := range f.Ages {
		id := strconv.Itoa(b.From) + "-" + strconv.Itoa(b.To)
		if b.To == 0 {
			id = strconv.Itoa(b.From) + "+"
		}
		g.count("age", id, w.age(b), report.Backlog, b.Count)
		g.count("age", id, w.age(b), report.LateNow, b.Late)
	}
	g.cost(f.Cost)
	fw := w.FlowWords()
	for _, e := range f.Flow.Edges {
		g.count("flow", e.From+">"+e.To, fw.Node(e.From)+" > "+fw.Node(e.To), report.Volume, e.Count)
	}
	return g.lines
}

// gather gathers lines of one period.
type gather struct {
	w     Words
	at    string
	lines []Line
}

func (g *gather) add(l Line) {
	if l.Period == "" {
		l.Period = g.at
	}
	g.lines = append(g.lines, l)
}

func (g *gather) count(section, id, name, metric string, n int) {
	v := float64(n)
	g.add(Line{Section: section, ID: id, Name: name, Metric: metric, Value: &v, Unit: "count"})
}

// figure is a figure as a line.
func (g *gather) figure(section, id, name string, f report.Figure) Line {
	l := Line{Section: section, ID: id, Name: name, Metric: f.Metric, Unit: g.unit(f.Metric), Few: small(f)}
	if f.None {
		return l
	}
	l.Value = g.value(f.Metric, f.Value)
	if u := unitOf(f.Metric); u != report.Count {
		n := f.N
		l.Denominator = &n
		if u == report.Share {
			of := f.Of
			l.Numerator = &of
		}
	}
	if f.Low != 0 || f.High != 0 {
		l.Low, l.High = g.value(f.Metric, f.Low), g.value(f.Metric, f.High)
	}
	return l
}

// value is a figure's value in the unit of files: money in whole units of its
// currency.
func (g *gather) value(metric string, v float64) *float64 {
	if unitOf(metric) == report.Money {
		v /= 100
	}
	return &v
}

func (g *gather) unit(metric string) string {
	switch u := unitOf(metric); u {
	case report.Money:
		return g.w.currency()
	case report.Time:
		return "s"
	case "":
		return "count"
	default:
		return string(u)
	}
}

func (g *gather) goal(x report.Goal, p report.Period) {
	if x.NoTarget {
		return // it stands among the figures
	}
	l := g.figure("goal", x.ID, g.w.Goal(x), x.Figure)
	l.AtMost = x.AtMost
	if !x.NoMetric {
		l.Target = g.value(x.Figure.Metric, x.Target)
	}
	if !x.NoMetric && !x.Figure.None {
		reached := x.Reached
		l.Reached = &reached
	}
	g.add(l)
	for i, t := range x.Trend {
		l := g.figure("trend", x.ID, g.w.Goal(x), t)
		l.Period = p.Before(len(x.Trend) - 1 - i).ID()
		g.add(l)
	}
}

func (g *gather) month(b report.Bar) {
	total, auto := float64(b.Total), float64(b.Automatic)
	at, name := b.Period.ID(), g.w.Period(b.Period)
	g.add(Line{Section: "month", ID: at, Name: name, Metric: report.Volume, Value: &total, Unit: "count", Period: at})
	g.add(Line{Section: "month", ID: at, Name: name, Metric: "automatic", Value: &auto, Unit: "count", Period: at})
}

func (g *gather) rows(section string, rows []report.Row, of func(string) string) {
	for _, r := range rows {
		name := of(r.ID)
		g.count(section, r.ID, name, report.Volume, r.Count)
		for _, part := range []struct {
			metric string
			n      int
		}{{report.AutoAnswered, r.Automatic}, {report.AtOnce, r.AtOnce}} {
			f := report.Figure{Metric: part.metric, N: r.Count, Of: part.n, None: r.Count == 0}
			if r.Count > 0 {
				f.Value = float64(part.n) / float64(r.Count)
			}
			g.add(g.figure(section, r.ID, name, f))
		}
		g.percentiles(section, r.ID, name, "respond", r.Respond)
		g.percentiles(section, r.ID, name, "resolve", r.Resolve)
		g.add(g.figure(section, r.ID, name, withMetric(r.Kept, report.ResolveKept)))
		g.add(g.figure(section, r.ID, name, withMetric(r.Score, report.Satisfaction)))
		g.count(section, r.ID, name, report.Backlog, r.Open)
	}
}

// withMetric is a figure of a row, which may leave its metric to its place.
func withMetric(f report.Figure, metric string) report.Figure {
	if f.Metric == "" {
		f.Metric, f.None = metric, f.None || f.N == 0
	}
	return f
}

func (g *gather) percentiles(section, id, name, metric string, p report.Percentiles) {
	for _, x := range []struct {
		name string
		took time.Duration
	}{{"_median", p.P50}, {"_p75", p.P75}, {"_p90", p.P90}, {"_p95", p.P95}} {
		l := Line{Section: section, ID: id, Name: name, Metric: metric + x.name, Unit: "s", Few: p.N > 0 && p.N < report.SmallN}
		if p.N > 0 {
			v, n := x.took.Seconds(), p.N
			l.Value, l.Denominator = &v, &n
		}
		g.add(l)
	}
}

func (g *gather) cost(c report.Cost) {
	if !c.Known {
		return
	}
	add := func(id, name string, hundredths int64) {
		v := float64(hundredths) / 100
		g.add(Line{Section: "cost", ID: id, Name: name, Metric: report.CostPerRequest, Value: &v, Unit: g.w.currency()})
	}
	add("total", g.w.t("h_cost"), c.Total)
	add("request", g.w.Metric(report.CostPerRequest), c.PerRequest)
	if c.Replaced > 0 {
		add("replaced", g.w.t("x_replaced"), c.Replaced)
	}
	for _, id := range sortedKeys(c.PerProduct) {
		add("product:"+id, g.w.Product(id), c.PerProduct[id])
	}
}

// number is a value as files have it: with a point, and no digits that say
// nothing.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// plain is text that a spreadsheet takes for text (S6): what would begin a
// formula gets an apostrophe before it, also behind spaces, which some drop.
func plain(s string) string {
	begin := strings.TrimLeft(s, " \u00a0\ufeff")
	if begin == "" {
		return s
	}
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(begin)[0]) {
		return "'" + s
	}
	return s
}
