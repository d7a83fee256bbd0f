package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie/internal/yamltree"
)

// goal reads one goal.
func (r *planReader) goal(n yamltree.Node, field string) {
	g := PlanGoal{Span: Month}
	var target yamltree.Entry
	before := r.Count()
	for _, e := range r.Mapping(n, field, "id", "theme", "name", "why", "metric", "target", "at_most", "scope", "except", "span", "owner") {
		switch e.Key {
		case "id":
			g.ID = r.id(e, &r.goals)
		case "theme":
			g.Theme = Theme(r.OneOf(e.Value, e.Field, string(Quality), string(Efficiency), string(Effectiveness)))
		case "name":
			g.Names = r.words(e.Value, e.Field)
		case "why":
			g.Why = r.words(e.Value, e.Field)
		case "metric":
			g.Metric = r.metric(e)
		case "target":
			target = e
		case "at_most":
			g.AtMost = r.Bool(e.Value, e.Field)
		case "scope":
			g.Scope = r.scope(e)
		case "except":
			g.Except = r.known(e, "product", r.names.Products)
		case "span":
			g.Span = Span(r.OneOf(e.Value, e.Field, string(Week), string(Month), string(Quarter), string(Year)))
		case "owner":
			g.Owner = strings.TrimSpace(r.Text(e.Value, e.Field))
		}
	}
	whole := r.Count() == before
	m, measured := MetricOf(g.Metric)
	if measured && m.Better != Neither {
		g.AtMost = m.AtMost()
	}
	switch {
	case !target.Value.Absent() && (measured || whole):
		g.Target = r.parsed(target.Value, target.Field, m.ParseTarget)
	case whole && target.Value.Absent():
		r.Problem(n, field+".target", "the goal does not say how much", "give it a target")
	}
	r.needed(n, field, whole, need{"id", g.ID != "", "a goal has no id"}, need{"theme", g.Theme != "", "it is not said what the goal is for"},
		need{"name", len(g.Names) > 0, "a goal has no name"}, need{"owner", g.Owner != "", "nobody answers for the goal"})
	r.plan.Goals = append(r.plan.Goals, g)
}

// need is a key that must be there.
type need struct {
	key     string
	there   bool
	problem string
}

// needed names the first key that is missing where nothing else is wrong: one
// mistake is not told twice.
func (r *planReader) needed(n yamltree.Node, field string, whole bool, all ...need) {
	if !whole {
		return
	}
	for _, x := range all {
		if !x.there {
			r.Problem(n, yamltree.Join(field, x.key), x.problem, fmt.Sprintf("write %q", x.key+": …"))
		}
	}
}

func (r *planReader) metric(e yamltree.Entry) string {
	id := strings.TrimSpace(r.Text(e.Value, e.Field))
	if _, ok := MetricOf(id); !ok {
		fix := yamltree.Suggest(id, MetricIDs())
		if fix == "" {
			fix = "take the line out when nothing measures it: that is shown"
		}
		r.Problem(e.Value, e.Field, fmt.Sprintf("there is no metric %q", yamltree.Short(id)), fix)
	}
	return id
}

func (r *planReader) scope(e yamltree.Entry) (s Scope) {
	one := func(x yamltree.Entry, what string, of []string) string {
		if all := r.known(yamltree.Entry{Field: x.Field, Value: x.Value}, what, of); len(all) == 1 {
			return all[0]
		}
		return ""
	}
	for _, x := range r.Mapping(e.Value, e.Field, "channel", "product", "team", "organisation") {
		switch x.Key {
		case "channel":
			s.Channel = one(x, "channel", ChannelIDs)
		case "product":
			s.Product = one(x, "product", r.names.Products)
		case "team":
			s.Team = one(x, "team", r.names.Teams)
		case "organisation":
			s.Organisation = one(x, "organisation", r.names.Organisations)
		}
	}
	return s
}

// known reads names, each of which must exist.
func (r *planReader) known(e yamltree.Entry, what string, of []string) []string {
	var out []string
	for _, n := range r.Items(e.Value, e.Field) {
		before := r.Count()
		s := strings.TrimSpace(r.Text(n, e.Field))
		switch {
		case r.Count() > before:
		case s == "":
			r.Problem(n, e.Field, "there is no name here", "write one, or take the line out")
		case len(of) > 0 && !slices.Contains(of, s):
			r.Problem(n, e.Field, fmt.Sprintf("there is no %s %q", what, yamltree.Short(s)), yamltree.Suggest(s, of))
		case slices.Contains(out, s):
			r.Problem(n, e.Field, fmt.Sprintf("%q stands here twice", yamltree.Short(s)), "remove one of them")
		default:
			out = append(out, s)
		}
	}
	return out
}

func (r *planReader) capacities(e yamltree.Entry) {
	c := &r.plan.Capacities
	for _, x := range r.Mapping(e.Value, e.Field, "people", "channels", "calendar", "expected", "from", "day", "by_itself", "handling", "calls", "occupied") {
		switch x.Key {
		case "people":
			for i, n := range r.items(x) {
				r.staffOf(n, fmt.Sprintf("%s[%d]", x.Field, i))
			}
		case "channels":
			c.Channels = r.known(x, "channel", ChannelIDs)
		case "calendar":
			c.Calendar = strings.Join(r.known(x, "calendar", r.names.Calendars), "")
		case "expected":
			c.Expected = r.Float(x.Value, x.Field, 0, mostRequests)
		case "from":
			c.From = r.from(x)
		case "day":
			c.Day = r.day(x)
		case "by_itself":
			c.ByItself = r.share(x.Value, x.Field, 0, 1)
		case "handling":
			c.Handling = r.duration(x.Value, x.Field, time.Second, mostHandling)
		case "calls":
			c.Calls = r.calls(x)
		case "occupied":
			c.Occupied = r.share(x.Value, x.Field, 0.1, 1)
		}
	}
}

func (r *planReader) staffOf(n yamltree.Node, field string) {
	s := Staff{Share: 1}
	before := r.Count()
	for _, e := range r.Mapping(n, field, "id", "name", "fte", "hours", "rate", "share") {
		switch e.Key {
		case "id":
			s.ID = r.id(e, &r.staff)
		case "name":
			s.Names = r.words(e.Value, e.Field)
		case "fte":
			s.FTE = r.Float(e.Value, e.Field, 0, mostPeople)
		case "hours":
			s.Hours = r.Float(e.Value, e.Field, 1, mostHours)
		case "rate":
			s.Rate = r.money(e.Value, e.Field)
		case "share":
			s.Share = r.share(e.Value, e.Field, 0, 1)
		}
	}
	r.needed(n, field, r.Count() == before, need{"id", s.ID != "", "people have no id"}, need{"name", len(s.Names) > 0, "people have no name"},
		need{"hours", s.Hours > 0, "it is not said how many hours a week one FTE is"})
	r.plan.Capacities.People = append(r.plan.Capacities.People, s)
}

// slack is how far shares may be from all: they were rounded.
const slack = 0.015

func (r *planReader) from(e yamltree.Entry) []ChannelShare {
	var out []ChannelShare
	sum, before := 0.0, r.Count()
	for _, x := range r.Mapping(e.Value, e.Field, ChannelIDs...) {
		s := ChannelShare{x.Key, r.share(x.Value, x.Field, 0, 1)}
		sum += s.Share
		out = append(out, s)
	}
	if r.Count() == before && len(out) > 0 && math.Abs(sum-1) > slack {
		r.Problem(e.Value, e.Field, fmt.Sprintf("the shares add up to %s", writeShare(math.Round(sum*1000)/1000)), "let them add up to 100%")
	}
	return out
}

const (
	halfHour    = 30 * time.Minute
	halfMinutes = 30
	dayMinutes  = 24 * 60
)

// day reads the weights of half hours: "09:30": 6.
func (r *planReader) day(e yamltree.Entry) []HalfShare {
	var out []HalfShare
	for _, x := range r.Mapping(e.Value, e.Field) {
		at, err := time.Parse("15:04", x.Key)
		if err != nil || at.Minute()%halfMinutes != 0 {
			r.Problem(x.At, x.Field, fmt.Sprintf("%q is not the beginning of a half hour", yamltree.Short(x.Key)), `write it as "09:30"`)
			continue
		}
		out = append(out, HalfShare{at.Hour()*60 + at.Minute(), r.Float(x.Value, x.Field, 0, mostRequests)})
	}
	slices.SortFunc(out, func(a, b HalfShare) int { return a.Minute - b.Minute })
	return out
}

func (r *planReader) calls(e yamltree.Entry) Calls {
	var c Calls
	before := r.Count()
	for _, x := range r.Mapping(e.Value, e.Field, "channels", "handling", "within", "share", "between") {
		switch x.Key {
		case "channels":
			c.Channels = r.known(x, "channel", ChannelIDs)
		case "handling":
			c.Handling = r.duration(x.Value, x.Field, time.Second, mostHandling)
		case "within":
			c.Within = r.duration(x.Value, x.Field, time.Second, time.Hour)
		case "share":
			c.Share = r.share(x.Value, x.Field, 0, 0.999)
		case "between":
			c.Between = r.share(x.Value, x.Field, 0, 1)
		}
	}
	whole := r.Count() == before && len(c.Channels) > 0
	r.needed(e.Value, e.Field, whole, need{"handling", c.Handling > 0, "it is not said how long a call takes"},
		need{"within", c.Within > 0, "it is not said how soon a call is answered"}, need{"share", c.Share > 0, "it is not said how many calls are answered so soon"})
	return c
}

func (r *planReader) finances(e yamltree.Entry) {
	f := &r.plan.Finances
	for _, x := range r.Mapping(e.Value, e.Field, "investments", "running", "replaces") {
		for i, n := range r.items(x) {
			field := fmt.Sprintf("%s[%d]", x.Field, i)
			switch x.Key {
			case "investments":
				f.Investments = append(f.Investments, r.investment(n, field))
			case "running":
				f.Running = append(f.Running, r.amount(n, field))
			case "replaces":
				f.Replaces = append(f.Replaces, r.amount(n, field))
			}
		}
	}
}

func (r *planReader) investment(n yamltree.Node, field string) Investment {
	var v Investment
	before := r.Count()
	for _, e := range r.Mapping(n, field, "name", "amount", "years") {
		switch e.Key {
		case "name":
			v.Names = r.words(e.Value, e.Field)
		case "amount":
			v.Amount = r.money(e.Value, e.Field)
		case "years":
			v.Years = r.Float(e.Value, e.Field, 0.25, mostYears)
		}
	}
	r.needed(n, field, r.Count() == before, need{"name", len(v.Names) > 0, "an investment has no name"}, need{"years", v.Years > 0, "it is not said in how many years it is written off"})
	return v
}

func (r *planReader) amount(n yamltree.Node, field string) Amount {
	var v Amount
	before := r.Count()
	for _, e := range r.Mapping(n, field, "name", "amount") {
		switch e.Key {
		case "name":
			v.Names = r.words(e.Value, e.Field)
		case "amount":
			v.Amount = r.money(e.Value, e.Field)
		}
	}
	r.needed(n, field, r.Count() == before, need{"name", len(v.Names) > 0, "an amount has no name"})
	return v
}
