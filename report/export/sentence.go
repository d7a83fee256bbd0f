package export

import (
	"strings"

	"github.com/balie/balie/report"
)

// Sentence is the one thing that matters about a period, in words: Lead, then
// Bold, then Rest. Any of them may be empty.
type Sentence struct{ Lead, Bold, Rest string }

// String is the whole sentence.
func (s Sentence) String() string { return strings.TrimSpace(s.Lead + s.Bold + s.Rest) }

// Sentence says how many goals were reached, and what is the concern: what it
// does, for how long, and where it is worst. It is pure; what there is too
// little of to say, it does not say.
func (w Words) Sentence(f report.Factsheet) Sentence {
	reached, measured := score(f.Goals)
	switch {
	case f.Total == 0 && measured == 0:
		return Sentence{Lead: w.t("lede_nothing")}
	case measured == 0:
		return Sentence{Lead: w.t("lede_no_goals", "n", w.Number(f.Total))}
	}
	lead := w.scored(reached, measured)
	if f.Concern == "" {
		return Sentence{Lead: lead + w.nearest(f, reached, measured)}
	}
	text := w.t(w.concernKey(f), "periods", w.spans(f.Period.Span, f.Falling), "worst", w.worst(f.Worst))
	if n := w.fewOf(f); n != "" {
		text += n
	}
	before, after, _ := strings.Cut(text, "{concern}")
	return Sentence{Lead: lead + " " + before, Bold: w.concern(f.Concern), Rest: after}
}

// score is how many goals were reached, of those that could be measured.
func score(goals []report.Goal) (reached, measured int) {
	for _, g := range goals {
		if g.NoTarget || g.NoMetric || g.Figure.None {
			continue
		}
		measured++
		if g.Reached {
			reached++
		}
	}
	return reached, measured
}

// scored is the sentence of how many goals were reached.
func (w Words) scored(reached, measured int) string {
	key := "lede_some"
	switch {
	case reached == measured && measured == 1:
		key = "lede_only"
	case reached == measured:
		key = "lede_all"
	case reached == 0 && measured == 1:
		key = "lede_only_missed"
	case reached == 0:
		key = "lede_none"
	case reached == 1:
		key = "lede_one"
	}
	return capital(w.t(key, "reached", w.count(reached), "measured", w.count(measured)))
}

// concernKey is the sentence about the concern, by what is known of it. There
// is no gluing: each is a whole sentence.
func (w Words) concernKey(f report.Factsheet) string {
	key := "concern_is"
	if f.Falling > 1 {
		key = "concern_falls"
		if atMost(f.Concern) {
			key = "concern_rises"
		}
	}
	if w.worst(f.Worst) != "" {
		key += "_worst"
	}
	return key
}

func atMost(metric string) bool {
	m, _ := report.MetricOf(metric)
	return m.AtMost()
}

// concern is a metric that is missed, as a thing to worry about.
func (w Words) concern(metric string) string {
	if key := "concern_of_" + metric; w.known(key) {
		return w.t(key)
	}
	return w.Metric(metric)
}

// worst is where a concern is worst, with its preposition: "bij verzoeken bij
// Gebouwbeheer". "" when nothing stands out.
func (w Words) worst(id string) string {
	kind, rest, ok := strings.Cut(id, ":")
	if !ok {
		return ""
	}
	switch kind {
	case "team":
		return w.t("worst_team", "name", w.Team(rest))
	case "product":
		return w.t("worst_product", "name", w.Product(rest))
	case "channel":
		return w.t("worst_channel", "name", w.Channel(rest))
	}
	return ""
}

// fewOf says that the concern rests on few, or nothing.
func (w Words) fewOf(f report.Factsheet) string {
	for _, g := range f.Goals {
		if g.Figure.Metric == f.Concern && small(g.Figure) {
			return " " + w.t("lede_few", "n", w.Number(g.Figure.N))
		}
	}
	return ""
}

// nearest is, where nothing is a concern, the goal with the least room, or the
// one that is missed.
func (w Words) nearest(f report.Factsheet, reached, measured int) string {
	if reached == measured {
		return ""
	}
	var missed []string
	for _, g := range f.Goals {
		if !g.Reached && !g.NoTarget && !g.NoMetric && !g.Figure.None {
			missed = append(missed, w.Goal(g))
		}
	}
	if len(missed) == 1 {
		return " " + w.t("lede_missed", "goal", missed[0])
	}
	return " " + w.t("lede_missed_more", "goals", strings.Join(missed, ", "))
}

// small reports whether a figure is of so few that it says little. A count is
// of itself.
func small(f report.Figure) bool {
	return !f.None && f.N < report.SmallN && unitOf(f.Metric) != report.Count && unitOf(f.Metric) != report.Money
}

func capital(s string) string {
	for _, r := range s {
		return strings.ToUpper(string(r)) + s[len(string(r)):]
	}
	return s
}
