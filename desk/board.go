package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store"
)

// Board is how the desk stands now: what somebody must do, and who is loaded.
type Board struct {
	At       time.Time
	Counting bool // the desk is still reading its store
	Open     int
	Late     int
	Soon     int // late within an hour of opening time
	Alarms   []Alarm
	Teams    []TeamLoad    // the desk itself first, "" is its id
	Words    []Alarm       // customers who wait for word, who has waited longest first
	Wordless int           // of all customers, those who should have heard something by now
	Today    *report.Today // nil: no figures are kept
}

// Alarm is a request that somebody must look at now, and why.
type Alarm struct {
	Row
	Why  Why
	Act  AlarmAct
	Word time.Time // when the customer must hear something; zero: nothing was promised
}

// TeamLoad is what a team has.
type TeamLoad struct {
	Team       string // Team.ID; "" is the desk
	Open, Late int
	Day        int // what it handles on a day; 0: not known
}

// WhyKind says why somebody must look.
type WhyKind string

// The reasons, the most telling first.
const (
	WhyLetter     WhyKind = "letter"     // a letter came to nothing, Since
	WhyCall       WhyKind = "call"       // the customer is to be called
	WhyReplied    WhyKind = "replied"    // the customer said something, Text
	WhyTeamSaid   WhyKind = "team_said"  // the team said something, Since
	WhyOffered    WhyKind = "offered"    // the team has not said that it takes it on, Since
	WhySilent     WhyKind = "silent"     // the team said nothing, Since
	WhyUnassigned WhyKind = "unassigned" // nobody has it, Since it was opened
	WhyIncomplete WhyKind = "incomplete" // Fields are missing
	WhyUnanswered WhyKind = "unanswered" // whoever has it has not answered
)

// Why is a reason in parts; pages make words of it.
type Why struct {
	Kind   WhyKind
	Since  time.Time
	Text   string
	Fields []balie.Field
}

// AlarmAct is the one act that is most likely to help.
type AlarmAct string

// The acts.
const (
	ActCall AlarmAct = "call" // ring the customer
	ActTeam AlarmAct = "team" // ask who has it
	ActTell AlarmAct = "tell" // tell the customer
	ActTake AlarmAct = "take" // take it on
	ActOpen AlarmAct = "open"
)

// DayFigures are the figures of the day, for the board.
type DayFigures interface {
	Today(ctx context.Context, now time.Time) (report.Today, error)
}

// Board is how the desk stands. It asks the store once, whatever there is.
func (o *Overview) Board(ctx context.Context, a Actor, figures DayFigures, now time.Time) (Board, error) {
	if !a.Can(SeeDocuments) { // a team member sees its own requests, and no load of others
		return Board{}, balie.ErrDenied
	}
	g := o.glance(now)
	out := Board{At: now, Counting: !o.Ready(), Open: g.open, Late: g.late, Soon: g.soon, Wordless: g.wordless, Teams: o.loads(g)}
	rows, err := o.foremost(ctx, a, append(slices.Clone(g.alarms), g.words...), now)
	if err != nil {
		return out, err
	}
	alarms := func(list []*row) []Alarm {
		var out []Alarm
		for _, w := range list {
			if x, ok := rows[w.id]; ok {
				out = append(out, x)
			}
		}
		return out
	}
	out.Alarms, out.Words = alarms(g.alarms), alarms(g.words)
	if figures != nil {
		t, err := figures.Today(ctx, now)
		if err != nil {
			return out, fmt.Errorf("reckon today's figures: %w", err)
		}
		out.Today = &t
	}
	return out, nil
}

// loads are what the desk and each team has, in the order of the catalogue;
// teams that have nothing too.
func (o *Overview) loads(g glance) []TeamLoad {
	out := []TeamLoad{g.desk}
	has := map[string]*TeamLoad{}
	for _, t := range g.teams {
		has[t.Team] = t
	}
	if b := o.brain(); b != nil && b.Catalogue != nil {
		for _, t := range b.Catalogue.Teams {
			if x, ok := has[t.ID]; ok {
				out = append(out, *x)
				delete(has, t.ID)
				continue
			}
			out = append(out, TeamLoad{Team: t.ID})
		}
	}
	gone := len(out)
	for _, t := range has { // a team that is not in the catalogue any more
		out = append(out, *t)
	}
	slices.SortFunc(out[gone:], func(x, y TeamLoad) int { return cmp.Compare(x.Team, y.Team) })
	return out
}

// foremost reads what the board shows of some requests.
func (o *Overview) foremost(ctx context.Context, a Actor, list []*row, now time.Time) (map[balie.ID]Alarm, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var q store.Query
	for _, w := range list {
		q.Requests = append(q.Requests, w.id)
		if !w.customer.IsZero() {
			q.People = append(q.People, w.customer)
		}
	}
	found, err := o.store.Lookup(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("look up what the board shows: %w", err)
	}
	t := newTerms(o.brain(), o.o.Calendar)
	out := map[balie.ID]Alarm{}
	for _, w := range list {
		r, ok := found.Requests[w.id]
		if !ok || r.State == balie.Closed {
			continue
		}
		x := Alarm{Row: o.rowOf(a, r, found.People[r.Customer], "", now), Why: t.why(r)}
		x.Act = x.Why.act(r)
		if word := wordOf(r, t.setting(found.People[r.Customer].Organisation).Due(r)); word != noDue {
			x.Word = time.Unix(0, word).UTC()
		}
		out[w.id] = x
	}
	return out, nil
}

// why is the most telling reason to look at a request.
func (t terms) why(r balie.Request) Why {
	switch {
	case !r.Failed.IsZero():
		return Why{Kind: WhyLetter, Since: r.Failed}
	case slices.Contains(r.Tags, CallBack):
		return Why{Kind: WhyCall}
	case r.State == balie.WithTeam:
		return whyAtTeam(r)
	case isReplied(r):
		return Why{Kind: WhyReplied, Since: r.SpokeAt, Text: r.Preview}
	case r.Spoke == balie.TeamSide:
		return Why{Kind: WhyTeamSaid, Since: r.SpokeAt}
	case r.Assignee == "":
		return Why{Kind: WhyUnassigned, Since: r.Opened}
	}
	if t.brain != nil && t.brain.Catalogue != nil {
		if p, ok := t.brain.Catalogue.Product(r.Product); ok {
			if missing := catalogue.Missing(p, r.Fields); len(missing) > 0 {
				return Why{Kind: WhyIncomplete, Fields: missing}
			}
		}
	}
	return Why{Kind: WhyUnanswered, Since: r.SpokeAt}
}

// whyAtTeam is why somebody must look at what a team has: what was said since
// it went there, else the silence.
func whyAtTeam(r balie.Request) Why {
	open := r.OpenHandouts()
	if len(open) == 0 {
		return Why{Kind: WhyUnanswered, Since: r.SpokeAt}
	}
	h := slices.MinFunc(open, func(x, y balie.Handout) int { return x.Due.Compare(y.Due) })
	switch {
	case r.Spoke == balie.CustomerSide && r.SpokeAt.After(h.Opened):
		return Why{Kind: WhyReplied, Since: r.SpokeAt, Text: r.Preview}
	case r.Spoke == balie.TeamSide && h.Said.IsZero():
		return Why{Kind: WhyTeamSaid, Since: r.SpokeAt}
	case h.State == balie.Offered && h.Said.IsZero():
		return Why{Kind: WhyOffered, Since: h.Opened}
	case h.Said.After(h.Opened):
		return Why{Kind: WhySilent, Since: h.Said}
	}
	return Why{Kind: WhySilent, Since: h.Opened}
}

// act is what helps most for a reason.
func (y Why) act(r balie.Request) AlarmAct {
	switch y.Kind {
	case WhyCall, WhyLetter:
		return ActCall
	case WhyOffered, WhySilent:
		return ActTeam
	case WhyReplied:
		if r.State == balie.WithTeam {
			return ActTell
		}
	case WhyUnassigned:
		return ActTake
	}
	return ActOpen
}
