package web

import (
	"strings"

	"github.com/balie/balie/progress"
)

// deadlineView explains the end of the resolution clock, and says what is to
// come.
type deadlineView struct {
	Target string
	Legs   []legRow
	Next   []nextRow
}

// legRow is a piece of the time that the promise was reckoned over.
type legRow struct{ Who, From, To, Used string }

// nextRow is a timer that has not gone off yet.
type nextRow struct{ When, What string }

// nextShown is how many timers to come are shown.
const nextShown = 4

// deadline explains the promise of the request; nil when there is nothing to
// explain.
func (g *pager) deadline() *deadlineView {
	r := g.v.Request
	with := g.Desk.Setting(g.v.Customer.Organisation.ID)
	clock, legs := with.Why(r)
	out := &deadlineView{Next: g.nexts(with)}
	switch {
	case clock.IsZero() && len(out.Next) == 0:
		return nil
	case clock.IsZero():
	case clock.Target == 0:
		out.Target = g.text("why_told")
	default:
		by := g.text("why_by_product")
		if _, id := with.Promise(r); id != "" {
			by = g.text("why_by_target", "id", id)
		}
		out.Target = g.text("why_target", "time", g.duration(clock.Target), "by", by)
	}
	for _, l := range legs {
		row := legRow{Who: g.text("leg_desk"), From: g.when(l.From), To: g.when(l.To), Used: g.text("leg_used", "time", g.duration(l.Used))}
		if l.Team != "" {
			row.Who = g.Teams(l.Team, g.l)
		}
		if l.Paused != "" {
			row.Used = g.text("leg_" + string(l.Paused))
		}
		out.Legs = append(out.Legs, row)
	}
	return out
}

func (g *pager) nexts(with progress.Setting) []nextRow {
	var out []nextRow
	for _, t := range with.Timers(g.v.Request, g.Now()) {
		if t.Over || t.At.Before(g.Now()) || len(out) == nextShown {
			continue
		}
		out = append(out, nextRow{g.when(t.At), g.text("sys_fired_" + string(t.Kind))})
	}
	return out
}

// firedWords are what came of a timer: the rules that were followed, that it
// changed nothing, or why it was held back.
func (g *pager) firedWords(d map[string]string) []piece {
	var out []piece
	add := func(key string, pairs ...string) { out = append(out, piece{Text: " " + g.text(key, pairs...)}) }
	if ids := d["rules"]; ids != "" {
		add("fired_rules", "rules", strings.Join(g.interventionNames(strings.Split(ids, ",")), ", "))
	}
	if d["did"] == "nothing" && d["held"] == "" {
		add("fired_nothing")
	}
	if d["held"] != "" {
		add("fired_held", "why", clipped(d["held"], 200))
	}
	if d["late"] != "" {
		add("fired_late", "late", d["late"])
	}
	return out
}

// interventionNames are rules by their names, as the policy in force calls them.
func (g *pager) interventionNames(ids []string) []string {
	names := map[string]string{}
	if p := g.Library.Brain().Policy; p != nil && p.Interventions != nil {
		for _, r := range p.Interventions.Rules() {
			names[r.ID] = r.Name(g.l)
		}
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		if out[i] = names[id]; out[i] == "" {
			out[i] = id
		}
	}
	return out
}
