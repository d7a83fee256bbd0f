package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
)

// planRead reads what was typed in a form of the plan. What cannot be read is
// among its faults; what the plan itself refuses, EditPlan says.
type planRead struct {
	w      *Web
	l      string
	f      url.Values
	faults []error
}

// change is what the form of a part does to a plan.
func (x *planRead) change(part string) func(*report.Plan) {
	switch part {
	case "ambition":
		return x.ambition()
	case "goals":
		return x.goal()
	case "capacity":
		return x.capacity()
	}
	return x.money()
}

func (x *planRead) text(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(x.f.Get(name), "\r\n", "\n"))
}

// value reads a number in a unit; nothing is 0.
func (x *planRead) value(name, label string, u report.Unit) float64 {
	text := x.text(name)
	if text == "" {
		return 0
	}
	v, err := report.Metric{Unit: u}.ParseTarget(text)
	for _, e := range invalidFields(err) {
		x.faults = append(x.faults, &balie.InvalidError{Field: x.w.Texts.Text(x.l, "plan."+label), Problem: e.Problem, Fix: e.Fix})
	}
	return v
}

func (x *planRead) length(name, label string) time.Duration {
	return time.Duration(x.value(name, label, report.Time) * float64(time.Second))
}

// words are a text in each language; nil for none.
func (x *planRead) words(name string) map[string]string {
	var out map[string]string
	for _, l := range i18n.Languages {
		if s := x.text(name + "_" + l); s != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[l] = s
		}
	}
	return out
}

func (x *planRead) ambition() func(*report.Plan) {
	return func(p *report.Plan) {
		p.Names = x.words("name")
		for _, key := range report.AmbitionKeys() {
			*p.Ambition.Part(key) = x.words(key)
		}
	}
}

// goal puts the goal in the place of the one it was, or at the end.
func (x *planRead) goal() func(*report.Plan) {
	was := x.text("was")
	if x.f.Get("act") == "drop" {
		return func(p *report.Plan) {
			p.Goals = slices.DeleteFunc(p.Goals, func(g report.PlanGoal) bool { return g.ID == was })
		}
	}
	g := report.PlanGoal{ID: x.text("id"), Theme: report.Theme(x.text("theme")), Names: x.words("name"), Why: x.words("why"), Metric: x.text("metric"),
		Span: report.Span(x.text("span")), Owner: x.text("owner"),
		Scope: report.Scope{Channel: x.text("channel"), Product: x.text("product"), Team: x.text("team"), Organisation: x.text("organisation")}}
	for one := range strings.SplitSeq(x.f.Get("except"), ",") {
		if one = strings.TrimSpace(one); one != "" {
			g.Except = append(g.Except, one)
		}
	}
	u := report.Count
	if m, ok := report.MetricOf(g.Metric); ok {
		u, g.AtMost = m.Unit, m.AtMost()
	}
	for _, must := range []struct{ name, label string }{{"id", "f_id"}, {"target", "f_target"}, {"owner", "f_owner"}} {
		if x.text(must.name) == "" {
			x.empty(must.label)
		}
	}
	if len(g.Names) == 0 {
		x.empty("f_name")
	}
	g.Target = x.value("target", "f_target", u)
	return func(p *report.Plan) {
		i := slices.IndexFunc(p.Goals, func(o report.PlanGoal) bool { return o.ID == was })
		if was == "" || i < 0 {
			p.Goals = append(p.Goals, g)
			return
		}
		if g.Metric == "" {
			g.AtMost = p.Goals[i].AtMost
		}
		p.Goals[i] = g
	}
}

// empty says that a field must have something in it.
func (x *planRead) empty(label string) {
	x.faults = append(x.faults, &balie.InvalidError{Field: x.w.Texts.Text(x.l, "plan."+label), Problem: "this is empty", Fix: "fill it in"})
}

func (x *planRead) capacity() func(*report.Plan) {
	c := report.Capacities{
		Calendar: x.text("calendar"), Expected: x.value("expected", "f_expected", report.Count), ByItself: x.value("by_itself", "f_by_itself", report.Share),
		Handling: x.length("handling", "f_handling"), Occupied: x.value("occupied", "f_occupied", report.Share),
		Calls: report.Calls{Handling: x.length("call_handling", "f_call_handling"), Within: x.length("within", "f_within"),
			Share: x.value("share", "f_share", report.Share), Between: x.value("between", "f_between", report.Share)},
	}
	all := 0.0
	for _, id := range report.ChannelIDs {
		if x.text("from_"+id) != "" {
			s := x.value("from_"+id, "channel_"+id, report.Share)
			c.Channels = append(c.Channels, id)
			c.From = append(c.From, report.ChannelShare{Channel: id, Share: s})
			all += s
		}
		if x.f.Get("call_"+id) != "" {
			c.Calls.Channels = append(c.Calls.Channels, id)
		}
	}
	if all == 0 { // channels without shares: alike
		c.From = nil
	}
	if len(c.Calls.Channels) == 0 {
		c.Calls = report.Calls{}
	}
	c.Day = x.day()
	c.People = x.people()
	return func(p *report.Plan) {
		// The order of the document stays where only it differs.
		if sameSet(p.Capacities.Channels, c.Channels) {
			c.Channels = p.Capacities.Channels
		}
		if sameSet(p.Capacities.Calls.Channels, c.Calls.Channels) {
			c.Calls.Channels = p.Capacities.Calls.Channels
		}
		order := func(id string) int {
			return slices.IndexFunc(p.Capacities.From, func(s report.ChannelShare) bool { return s.Channel == id })
		}
		slices.SortStableFunc(c.From, func(a, b report.ChannelShare) int { return order(a.Channel) - order(b.Channel) })
		p.Capacities = c
	}
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// day reads lines of a half hour and its weight.
func (x *planRead) day() []report.HalfShare {
	var out []report.HalfShare
	for line := range strings.Lines(x.f.Get("day")) {
		parts := strings.Fields(line)
		if len(parts) == 0 {
			continue
		}
		at, err := time.Parse("15:04", strings.Replace(parts[0], ".", ":", 1))
		if err != nil || len(parts) != 2 || at.Minute()%30 != 0 {
			x.faults = append(x.faults, &balie.InvalidError{Field: x.w.Texts.Text(x.l, "plan.f_day"),
				Problem: fmt.Sprintf("%q is not a half hour and its weight", strings.TrimSpace(line)), Fix: "write 09:30 6"})
			continue
		}
		v, err := report.Metric{Unit: report.Count}.ParseTarget(parts[1])
		if err != nil {
			x.faults = append(x.faults, err)
		}
		out = append(out, report.HalfShare{Minute: at.Hour()*60 + at.Minute(), Weight: v})
	}
	slices.SortStableFunc(out, func(a, b report.HalfShare) int { return a.Minute - b.Minute })
	return out
}

// planRows bounds how many rows a form can have.
const planRows = 102

func (x *planRead) people() []report.Staff {
	var out []report.Staff
	for i := range planRows {
		at := fmt.Sprint("p", i, "_")
		if !x.f.Has(at + "id") {
			break
		}
		s := report.Staff{ID: x.text(at + "id"), Names: x.words(at + "name"), FTE: x.value(at+"fte", "f_fte", report.Count),
			Hours: x.value(at+"hours", "f_hours", report.Count), Rate: int64(x.value(at+"rate", "f_rate", report.Money)), Share: x.value(at+"share", "f_people_share", report.Share)}
		if len(s.Names) == 0 {
			continue
		}
		if x.text(at+"share") == "" {
			s.Share = 1
		}
		if s.ID == "" {
			s.ID = fmt.Sprint("people-", i+1)
		}
		out = append(out, s)
	}
	return out
}

func (x *planRead) money() func(*report.Plan) {
	var f report.Finances
	currency := strings.ToUpper(x.text("currency"))
	for _, part := range moneyParts {
		for i := range planRows {
			at := fmt.Sprint(part, i, "_")
			if !x.f.Has(at + "amount") {
				break
			}
			names, amount := x.words(at+"name"), int64(x.value(at+"amount", "f_amount", report.Money))
			if len(names) == 0 {
				continue
			}
			switch part {
			case "investments":
				f.Investments = append(f.Investments, report.Investment{Names: names, Amount: amount, Years: x.value(at+"years", "f_years", report.Count)})
			case "running":
				f.Running = append(f.Running, report.Amount{Names: names, Amount: amount})
			case "replaces":
				f.Replaces = append(f.Replaces, report.Amount{Names: names, Amount: amount})
			}
		}
	}
	return func(p *report.Plan) { p.Currency, p.Finances = currency, f }
}
