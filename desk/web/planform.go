package web

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
)

// spareRows are the empty rows below those that are there.
const spareRows = 2

// planForm makes the fields of a plan.
type planForm struct {
	w    *Web
	l    string // of the page
	plan report.Plan
}

func (x planForm) t(key string, pairs ...string) string {
	return x.w.Texts.Text(x.l, "plan."+key, pairs...)
}

// unit writes a value as it is typed; nothing for none.
func unit(u report.Unit, v float64) string {
	if v == 0 {
		return ""
	}
	return report.Metric{Unit: u}.WriteTarget(v)
}

// both are a text in each language.
func (x planForm) both(name, label, kind string, by map[string]string) []planField {
	var out []planField
	for _, l := range i18n.Languages {
		out = append(out, planField{Name: name + "_" + l, Label: label + " (" + x.t("in_"+l) + ")", Kind: kind, Lang: l, Value: by[l]})
	}
	return out
}

func (x planForm) ambition() []planGroup {
	out := []planGroup{{Legend: x.t("name_of"), Row: true, Fields: x.both("name", x.t("name_of"), "", x.plan.Names)}}
	for _, key := range report.AmbitionKeys() {
		out = append(out, planGroup{Legend: x.t(key), Row: true, Fields: x.both(key, x.t(key), "area", *x.plan.Ambition.Part(key))})
	}
	return out
}

// goals are the goals to choose from.
func (x planForm) goals(open string) []figuresLink {
	var out []figuresLink
	for _, g := range x.plan.Goals {
		name := g.Names[x.l]
		for _, l := range i18n.Languages {
			if name == "" {
				name = g.Names[l]
			}
		}
		out = append(out, figuresLink{Path: "/plan/edit/goals?goal=" + g.ID, Words: name, Here: g.ID == open})
	}
	return out
}

// goal is the form of one goal, and whether it is there.
func (x planForm) goal(id string) ([]planGroup, bool) {
	g := report.PlanGoal{Span: report.Month}
	i := slices.IndexFunc(x.plan.Goals, func(g report.PlanGoal) bool { return g.ID == id })
	if i >= 0 {
		g = x.plan.Goals[i]
	}
	target := ""
	if m, _ := report.MetricOf(g.Metric); i >= 0 {
		target = m.WriteTarget(g.Target)
	}
	var themes, spans []pick
	for _, one := range report.Themes {
		themes = append(themes, pick{string(one), x.t("theme_" + string(one)), "", one == g.Theme})
	}
	for _, one := range []report.Span{report.Week, report.Month, report.Quarter, report.Year} {
		spans = append(spans, pick{string(one), x.t("span_" + string(one)), "", one == g.Span})
	}
	measures := []pick{{"", x.t("f_metric_none"), "", g.Metric == ""}}
	for _, m := range report.Metrics() {
		measures = append(measures, pick{m.ID, m.Name(x.l), "", m.ID == g.Metric})
	}
	return []planGroup{
		{Legend: x.t("goal"), Row: true, Fields: []planField{
			{Name: "id", Label: x.t("f_id"), Hint: x.t("f_id_hint"), Value: g.ID},
			{Name: "theme", Label: x.t("f_theme"), Kind: "select", Options: themes, Value: string(g.Theme)},
		}},
		{Legend: x.t("f_name"), Row: true, Fields: x.both("name", x.t("f_name"), "", g.Names)},
		{Legend: x.t("f_why"), Row: true, Fields: x.both("why", x.t("f_why"), "area", g.Why)},
		{Legend: x.t("f_metric"), Row: true, Fields: []planField{
			{Name: "metric", Label: x.t("f_metric"), Kind: "select", Options: measures, Value: g.Metric},
			{Name: "target", Label: x.t("f_target"), Hint: x.t("f_target_hint"), Value: target},
			{Name: "span", Label: x.t("f_span"), Kind: "select", Options: spans, Value: string(g.Span)},
			{Name: "owner", Label: x.t("f_owner"), Value: g.Owner},
		}},
		{Legend: x.t("f_limits"), Row: true, Fields: append(x.scopes(g.Scope),
			planField{Name: "except", Label: x.t("f_except"), Hint: x.t("f_except_hint"), Value: strings.Join(g.Except, ", ")})},
	}, i >= 0
}

// scopes are what a goal can be only of.
func (x planForm) scopes(s report.Scope) []planField {
	words := x.w.Reports.Words(x.l)
	b := x.w.Library.Brain()
	var products, teams, organisations []string
	for _, p := range b.Catalogue.Products {
		products = append(products, p.ID)
	}
	for _, t := range b.Catalogue.Teams {
		teams = append(teams, t.ID)
	}
	for _, o := range b.Organisations {
		organisations = append(organisations, o.ID)
	}
	var out []planField
	for _, one := range []struct {
		name string
		ids  []string
		say  func(string) string
		now  string
	}{
		{"channel", report.ChannelIDs, func(id string) string { return x.t("channel_" + id) }, s.Channel},
		{"product", products, words.Product, s.Product}, {"team", teams, words.Team, s.Team},
		{"organisation", organisations, words.Organisation, s.Organisation},
	} {
		f := planField{Name: one.name, Label: x.t("f_" + one.name), Kind: "select", Value: one.now, Options: []pick{{"", x.t("f_all"), "", one.now == ""}}}
		for _, id := range one.ids {
			f.Options = append(f.Options, pick{id, one.say(id), "", id == one.now})
		}
		out = append(out, f)
	}
	return out
}

func (x planForm) capacity() []planGroup {
	c := x.plan.Capacities
	calendars := []pick{{"", "–", "", c.Calendar == ""}}
	for _, id := range slices.Sorted(maps.Keys(x.w.Library.Brain().Catalogue.Calendars)) {
		calendars = append(calendars, pick{id, id, "", id == c.Calendar})
	}
	from := planGroup{Legend: x.t("f_from"), Hint: x.t("f_from_hint"), Row: true}
	waits := planGroup{Legend: x.t("f_calls"), Row: true}
	for _, id := range report.ChannelIDs {
		share := ""
		if i := slices.IndexFunc(c.From, func(s report.ChannelShare) bool { return s.Channel == id }); i >= 0 {
			share = unit(report.Share, c.From[i].Share)
		} else if slices.Contains(c.Channels, id) {
			share = "0%"
		}
		from.Fields = append(from.Fields, planField{Name: "from_" + id, Label: x.t("channel_" + id), Value: share})
		waits.Fields = append(waits.Fields, planField{Name: "call_" + id, Label: x.t("channel_" + id), Kind: "check", Value: checked(slices.Contains(c.Calls.Channels, id))})
	}
	var day []string
	for _, h := range c.Day {
		day = append(day, report.WriteMinute(h.Minute)+" "+strconv.FormatFloat(h.Weight, 'f', -1, 64))
	}
	seconds := func(d time.Duration) string { return unit(report.Time, d.Seconds()) }
	out := []planGroup{
		{Legend: x.t("h_traffic"), Row: true, Fields: []planField{
			{Name: "expected", Label: x.t("f_expected"), Hint: x.t("f_expected_hint"), Value: unit(report.Count, c.Expected)},
			{Name: "calendar", Label: x.t("f_calendar"), Kind: "select", Options: calendars, Value: c.Calendar},
			{Name: "by_itself", Label: x.t("f_by_itself"), Hint: x.t("f_by_itself_hint"), Value: unit(report.Share, c.ByItself)},
			{Name: "handling", Label: x.t("f_handling"), Hint: x.t("f_time_hint"), Value: seconds(c.Handling)},
			{Name: "occupied", Label: x.t("f_occupied"), Value: unit(report.Share, c.Occupied)},
		}},
		from, waits,
		{Row: true, Legend: x.t("waiting"), Fields: []planField{
			{Name: "call_handling", Label: x.t("f_call_handling"), Hint: x.t("f_time_hint"), Value: seconds(c.Calls.Handling)},
			{Name: "within", Label: x.t("f_within"), Value: seconds(c.Calls.Within)},
			{Name: "share", Label: x.t("f_share"), Value: unit(report.Share, c.Calls.Share)},
			{Name: "between", Label: x.t("f_between"), Value: unit(report.Share, c.Calls.Between)},
		}},
		{Legend: x.t("f_day"), Fields: []planField{{Name: "day", Label: x.t("f_day"), Hint: x.t("f_day_hint"), Kind: "yaml", Value: strings.Join(day, "\n")}}},
	}
	return append(out, x.people()...)
}

func checked(on bool) string {
	if on {
		return "on"
	}
	return ""
}

// people is a row for every kind of people, and some that are empty.
func (x planForm) people() []planGroup {
	var out []planGroup
	for i := range len(x.plan.Capacities.People) + spareRows {
		var s report.Staff
		if i < len(x.plan.Capacities.People) {
			s = x.plan.Capacities.People[i]
		}
		at := fmt.Sprint("p", i, "_")
		g := planGroup{Legend: x.t("f_people_row", "n", fmt.Sprint(i+1)), Row: true, Fields: []planField{{Name: at + "id", Label: x.t("f_id"), Value: s.ID}}}
		g.Fields = append(g.Fields, x.both(at+"name", x.t("role"), "", s.Names)...)
		g.Fields = append(g.Fields,
			planField{Name: at + "fte", Label: x.t("f_fte"), Value: unit(report.Count, s.FTE)},
			planField{Name: at + "hours", Label: x.t("f_hours"), Value: unit(report.Count, s.Hours)},
			planField{Name: at + "rate", Label: x.t("f_rate"), Value: unit(report.Money, float64(s.Rate))},
			planField{Name: at + "share", Label: x.t("f_people_share"), Value: unit(report.Share, s.Share)})
		if i >= len(x.plan.Capacities.People) {
			g.Hint = x.t("f_empty_row")
		}
		out = append(out, g)
	}
	return out
}

// moneyRow is a row of the form of the finances.
type moneyRow struct {
	names  map[string]string
	amount int64
	years  float64
}

// moneyRows are the rows of a part of the finances.
func moneyRows(f report.Finances, part string) []moneyRow {
	var out []moneyRow
	switch part {
	case "investments":
		for _, v := range f.Investments {
			out = append(out, moneyRow{v.Names, v.Amount, v.Years})
		}
	case "running":
		for _, v := range f.Running {
			out = append(out, moneyRow{names: v.Names, amount: v.Amount})
		}
	case "replaces":
		for _, v := range f.Replaces {
			out = append(out, moneyRow{names: v.Names, amount: v.Amount})
		}
	}
	return out
}

// moneyParts are the lists of the finances.
var moneyParts = []string{"investments", "running", "replaces"}

func (x planForm) money() []planGroup {
	out := []planGroup{{Legend: x.t("f_currency"), Fields: []planField{{Name: "currency", Label: x.t("f_currency"), Value: x.plan.Currency}}}}
	for _, part := range moneyParts {
		rows := moneyRows(x.plan.Finances, part)
		for i := range len(rows) + spareRows {
			var r moneyRow
			g := planGroup{Legend: x.t("f_"+part) + ": " + strings.ToLower(x.t("f_row", "n", fmt.Sprint(i+1))), Row: true}
			if i < len(rows) {
				r = rows[i]
			} else {
				g.Hint = x.t("f_empty_row")
			}
			at := fmt.Sprint(part, i, "_")
			g.Fields = x.both(at+"name", x.t("f_name"), "", r.names)
			g.Fields = append(g.Fields, planField{Name: at + "amount", Label: x.t("f_amount"), Value: unit(report.Money, float64(r.amount))})
			if part == "investments" {
				g.Fields = append(g.Fields, planField{Name: at + "years", Label: x.t("f_years"), Value: unit(report.Count, r.years)})
			}
			out = append(out, g)
		}
	}
	return out
}

func (x planForm) approval(now time.Time) []planGroup {
	return []planGroup{{Row: true, Legend: x.t("h_approval"), Hint: x.t("approve_hint", "n", fmt.Sprint(x.plan.Version)), Fields: []planField{
		{Name: "by", Label: x.t("a_by")}, {Name: "role", Label: x.t("a_role")},
		{Name: "on", Label: x.t("a_on"), Kind: "date", Value: now.Format(time.DateOnly)}, {Name: "note", Label: x.t("a_note")},
	}}}
}
