package simulate

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/balie/balie/report"
)

// heads are the words of the tables, by language.
var heads = map[string]map[string]string{
	"nl": {"days": "dagen", "requests": "verzoeken", "messages": "berichten van klanten en teams", "calls": "gesprekken opgeschreven", "missed": "gemist aan telefoon en balie",
		"letters": "brieven", "timers": "timers", "closed": "vanzelf afgesloten", "signals": "signalen", "forgotten": "vergeten", "doubles": "dubbel verstuurd",
		"unwarned": "gebroken zonder waarschuwing", "unknown": "zonder regel in het grootboek", "faults": "fouten", "took": "duurde", "rest": "klanten verzinnen",
		"concern": "zorgpunt", "respond": "wachten op reactie p50/p90", "resolve": "wachten op oplossing p50/p90", "as": "zo", "if": "anders", "differs": "verschil"},
	"en": {"days": "days", "requests": "requests", "messages": "messages of customers and teams", "calls": "calls written down", "missed": "missed at telephone and counter",
		"letters": "letters", "timers": "timers", "closed": "closed by itself", "signals": "signals", "forgotten": "forgotten", "doubles": "sent twice",
		"unwarned": "broken without a warning", "unknown": "without a line in the ledger", "faults": "faults", "took": "took", "rest": "making up customers",
		"concern": "concern", "respond": "wait for response p50/p90", "resolve": "wait for solution p50/p90", "as": "as is", "if": "otherwise", "differs": "difference"},
}

// Print writes what came of a run.
func (s Summary) Print(w io.Writer, language string) {
	h := heads[language]
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name string, v any) { fmt.Fprintf(t, "%s\t%v\n", name, v) }
	fmt.Fprintf(t, "%s – %s\t%d %s, seed %d\n\n", s.From, s.Until, s.Days, h["days"], s.Seed)
	line(h["requests"], madeOf(s.Requests, s.Channels))
	line(h["messages"], madeOf(s.Messages, s.Outcomes))
	line(h["calls"], s.Calls)
	line(h["missed"], s.Missed)
	line(h["letters"], madeOf(sum(s.Letters), s.Letters))
	line(h["timers"], madeOf(sum(s.Timers), s.Timers))
	line(h["closed"], s.Closed)
	if len(s.Signals) > 0 {
		line(h["signals"], strings.Join(s.Signals, ", "))
	}
	fmt.Fprintln(t)
	for _, id := range shown {
		m, _ := report.MetricOf(id)
		line(m.Name(language), s.written(language, id))
	}
	line(h["respond"], waits(language, s.Respond))
	line(h["resolve"], waits(language, s.Resolve))
	if m, ok := report.MetricOf(s.Concern); ok {
		line(h["concern"], strings.TrimSpace(m.Name(language)+" "+s.Worst))
	}
	fmt.Fprintln(t)
	for _, x := range []struct {
		name string
		n    int
	}{{"forgotten", s.Forgotten}, {"doubles", s.Doubles}, {"unwarned", s.Unwarned}, {"unknown", s.Unknown}, {"faults", s.Faults}} {
		line(h[x.name], x.n)
	}
	if s.Fault != "" {
		line("", s.Fault)
	}
	t.Flush()
	fmt.Fprintf(w, "\n%s %s: %.1f %s/s, %.0f %s/s (%s)\n", h["took"], s.Took.Round(100*time.Millisecond),
		float64(s.Days)/s.Took.Seconds(), h["days"], float64(s.Requests)/s.Took.Seconds(), h["requests"], s.where(h["rest"]))
}

// where says what took how much of the time.
func (s Summary) where(rest string) string {
	left := s.Took
	type part struct {
		name string
		took time.Duration
	}
	var all []part
	for _, name := range slices.Sorted(maps.Keys(s.Where)) {
		all = append(all, part{name, s.Where[name]})
		left -= s.Where[name]
	}
	all = append(all, part{rest, left})
	slices.SortStableFunc(all, func(a, b part) int { return cmp.Compare(b.took, a.took) })
	var out []string
	for _, p := range all {
		out = append(out, fmt.Sprintf("%s %.0f%%", p.name, 100*p.took.Seconds()/s.Took.Seconds()))
	}
	return strings.Join(out, ", ")
}

func waits(language string, p report.Percentiles) string {
	return report.WriteTime(language, p.P50) + " / " + report.WriteTime(language, p.P90)
}

func sum(by map[string]int) int {
	n := 0
	for _, v := range by {
		n += v
	}
	return n
}

// madeOf is a number and what it is made of, the most first.
func madeOf(n int, by map[string]int) string {
	names := slices.Sorted(maps.Keys(by))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(by[b], by[a]) })
	var out []string
	for _, name := range names {
		out = append(out, fmt.Sprintf("%s %d", name, by[name]))
	}
	return fmt.Sprintf("%d: %s", n, strings.Join(out, ", "))
}

// Print writes both desks side by side, and what the difference comes to.
func (c Comparison) Print(w io.Writer, language string) {
	h := heads[language]
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\t%s\t%s\t%s\n", h["as"], h["if"], h["differs"])
	for _, id := range shown {
		m, _ := report.MetricOf(id)
		a, b := c.As.Metrics[id], c.If.Metrics[id]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Name(language), c.As.written(language, id), c.If.written(language, id), differs(m, language, b-a))
	}
	fmt.Fprintf(t, "%s\t%s\t%s\t\n", h["respond"], waits(language, c.As.Respond), waits(language, c.If.Respond))
	fmt.Fprintf(t, "%s\t%s\t%s\t\n", h["resolve"], waits(language, c.As.Resolve), waits(language, c.If.Resolve))
	fmt.Fprintf(t, "%s\t%d\t%d\t%+d\n", h["missed"], c.As.Missed, c.If.Missed, c.If.Missed-c.As.Missed)
	fmt.Fprintf(t, "%s\t%d\t%d\t%+d\n", h["letters"], sum(c.As.Letters), sum(c.If.Letters), sum(c.If.Letters)-sum(c.As.Letters))
	t.Flush()
	fmt.Fprintf(w, "\n%s\n", c.Means[language])
}

// differs is a difference with its sign; that of two shares is in points.
func differs(m report.Metric, language string, d float64) string {
	sign := "+"
	if d < 0 {
		sign, d = "−", -d
	}
	text := m.Write(language, d, currency)
	if m.Unit == report.Share {
		text = strings.TrimSuffix(text, "%") + " pt"
	}
	if text == m.Write(language, 0, currency) || text == "0 pt" || d == 0 {
		return "="
	}
	return sign + text
}
