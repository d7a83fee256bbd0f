package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/balie/balie/internal/i18n"
)

// Marshal writes a plan in the shape ParsePlan reads, without remarks.
func (p Plan) Marshal() []byte {
	w := &planWriter{}
	w.words(0, "name", p.Names)
	w.line(0, "currency", p.Currency)
	if w.open(0, "ambition", slices.ContainsFunc(ambitionKeys, func(k string) bool { return len(*p.Ambition.Part(k)) > 0 })) {
		for _, k := range ambitionKeys {
			w.words(1, k, *p.Ambition.Part(k))
		}
	}
	if w.open(0, "goals", len(p.Goals) > 0) {
		for _, g := range p.Goals {
			w.goal(g)
		}
	}
	w.capacities(p.Capacities)
	w.finances(p.Finances)
	if w.b.Len() == 0 {
		return []byte("goals: []\n")
	}
	return []byte(w.b.String())
}

// planWriter writes keys at a depth; an item's first key has a dash.
type planWriter struct {
	b    strings.Builder
	dash bool // the next line begins an item
}

func (w *planWriter) indent(depth int) {
	pad := strings.Repeat("  ", depth)
	if w.dash {
		pad = pad[:len(pad)-2] + "- "
		w.dash = false
	}
	w.b.WriteString(pad)
}

// open writes a key that has something below it.
func (w *planWriter) open(depth int, key string, there bool) bool {
	if there {
		w.indent(depth)
		w.b.WriteString(key + ":\n")
	}
	return there
}

// line writes a key and its plain value; nothing when there is none.
func (w *planWriter) line(depth int, key, value string) {
	if value != "" {
		w.indent(depth)
		w.b.WriteString(key + ": " + value + "\n")
	}
}

// text is a value in quotes, as in JSON, which YAML reads too.
func (w *planWriter) text(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil { // a string can be encoded
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (w *planWriter) words(depth int, key string, by map[string]string) {
	if !w.open(depth, key, len(by) > 0) {
		return
	}
	for _, l := range i18n.Languages {
		if by[l] != "" {
			w.line(depth+1, l, w.text(by[l]))
		}
	}
}

func (w *planWriter) names(depth int, key string, all []string) {
	if len(all) > 0 {
		w.line(depth, key, "["+strings.Join(all, ", ")+"]")
	}
}

// share writes a share; nothing for none.
func (w *planWriter) share(depth int, key string, v float64) {
	if v != 0 {
		w.line(depth, key, writeShare(v))
	}
}

func (w *planWriter) goal(g PlanGoal) {
	w.dash = true
	w.line(2, "id", g.ID)
	w.line(2, "theme", string(g.Theme))
	w.words(2, "name", g.Names)
	w.words(2, "why", g.Why)
	w.line(2, "metric", g.Metric)
	m, measured := MetricOf(g.Metric)
	w.line(2, "target", m.WriteTarget(g.Target))
	if g.AtMost && (!measured || m.Better == Neither) {
		w.line(2, "at_most", "true")
	}
	if w.open(2, "scope", g.Scope != Scope{}) {
		w.line(3, "channel", g.Scope.Channel)
		w.line(3, "product", g.Scope.Product)
		w.line(3, "team", g.Scope.Team)
		w.line(3, "organisation", g.Scope.Organisation)
	}
	w.names(2, "except", g.Except)
	w.line(2, "span", string(g.Span))
	w.line(2, "owner", w.text(g.Owner))
}

func (w *planWriter) capacities(c Capacities) {
	if !w.open(0, "capacities", len(c.People)+len(c.Channels)+len(c.From)+len(c.Day)+len(c.Calls.Channels) > 0 ||
		c.Calendar != "" || c.Expected+c.ByItself+c.Occupied+float64(c.Handling) > 0) {
		return
	}
	w.names(1, "channels", c.Channels)
	w.line(1, "calendar", c.Calendar)
	if c.Expected > 0 {
		w.line(1, "expected", plainNumber(c.Expected))
	}
	if w.open(1, "from", len(c.From) > 0) {
		for _, s := range c.From {
			w.line(2, s.Channel, writeShare(s.Share))
		}
	}
	if w.open(1, "day", len(c.Day) > 0) {
		for _, h := range c.Day {
			w.line(2, w.text(WriteMinute(h.Minute)), plainNumber(h.Weight))
		}
	}
	w.share(1, "by_itself", c.ByItself)
	if c.Handling > 0 {
		w.line(1, "handling", plainTime(c.Handling))
	}
	if w.open(1, "calls", len(c.Calls.Channels) > 0) {
		w.names(2, "channels", c.Calls.Channels)
		w.line(2, "handling", plainTime(c.Calls.Handling))
		w.line(2, "within", plainTime(c.Calls.Within))
		w.share(2, "share", c.Calls.Share)
		w.share(2, "between", c.Calls.Between)
	}
	w.share(1, "occupied", c.Occupied)
	if w.open(1, "people", len(c.People) > 0) {
		for _, s := range c.People {
			w.staff(s)
		}
	}
}

func (w *planWriter) staff(s Staff) {
	w.dash = true
	w.line(3, "id", s.ID)
	w.words(3, "name", s.Names)
	w.line(3, "fte", plainNumber(s.FTE))
	w.line(3, "hours", plainNumber(s.Hours))
	w.line(3, "rate", writeMoney(s.Rate))
	if s.Share != 1 {
		w.line(3, "share", writeShare(s.Share))
	}
}

func (w *planWriter) finances(f Finances) {
	if !w.open(0, "finances", len(f.Investments)+len(f.Running)+len(f.Replaces) > 0) {
		return
	}
	if w.open(1, "investments", len(f.Investments) > 0) {
		for _, v := range f.Investments {
			w.dash = true
			w.words(3, "name", v.Names)
			w.line(3, "amount", writeMoney(v.Amount))
			w.line(3, "years", plainNumber(v.Years))
		}
	}
	for _, part := range []struct {
		key string
		all []Amount
	}{{"running", f.Running}, {"replaces", f.Replaces}} {
		if !w.open(1, part.key, len(part.all) > 0) {
			continue
		}
		for _, v := range part.all {
			w.dash = true
			w.words(3, "name", v.Names)
			w.line(3, "amount", writeMoney(v.Amount))
		}
	}
}

// WriteMinute is a minute of the day as a clock shows it.
func WriteMinute(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
