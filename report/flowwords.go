package report

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie/internal/i18n"
)

// FlowNames are what a desk calls its things, in one language.
type FlowNames interface {
	Channel(id string) string
	Team(id string) string
	Product(id string) string
	Number(n int) string
}

// FlowWords are the words of a flow chart in one language.
type FlowWords struct {
	Language string
	Texts    *i18n.Texts
	Names    FlowNames
	Rule     func(id string) string // what a rule is called; nil: its id
	Account  func(team string) bool // whether a team is account management; nil: none is
}

func (w FlowWords) t(key string, pairs ...string) string {
	return w.Texts.Text(w.Language, "flow."+key, pairs...)
}

// Node is what a node is called.
func (w FlowWords) Node(id string) string {
	switch {
	case strings.HasPrefix(id, channelNode):
		return cmp.Or(w.Names.Channel(id[len(channelNode):]), w.t("no_channel"))
	case id == OtherTeams:
		return w.t("other_teams")
	case strings.HasPrefix(id, holderNode):
		return w.Holder(id[len(holderNode):])
	case strings.HasPrefix(id, decisionNode):
		return w.t("decided_" + id[len(decisionNode):])
	case strings.HasPrefix(id, outcomeNode):
		return w.t("out_" + id[len(outcomeNode):])
	}
	return id
}

// Holder is what a holder of a Step is called.
func (w FlowWords) Holder(id string) string {
	if team, ok := strings.CutPrefix(id, "team:"); ok {
		return cmp.Or(w.Names.Team(team), team)
	}
	switch id {
	case "desk", "customer", "planned":
		return w.t("holder_" + id)
	}
	return id
}

func (w FlowWords) rule(id string) string {
	if w.Rule == nil || id == "" {
		return id
	}
	return cmp.Or(w.Rule(id), id)
}

// Column is what a column is of.
func (w FlowWords) Column(column int) string { return w.t("column_" + strconv.Itoa(column)) }

// Share is a part of a whole as a percentage: never 0 % of what is not none,
// nor 100 % of what is not all.
func (w FlowWords) Share(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	pct := 100 * float64(part) / float64(whole)
	switch {
	case part > 0 && pct < 1:
		return "<1%"
	case part < whole && pct > 99:
		return ">99%"
	}
	return strconv.Itoa(int(math.Round(pct))) + "%"
}

// Took is how long something took by the clock on the wall: "24 min", "5 u 50",
// "2,5 dagen".
func (w FlowWords) Took(d time.Duration) string {
	switch minutes := int(d.Round(time.Minute) / time.Minute); {
	case minutes < 1:
		return w.t("took_none")
	case minutes < 60:
		return w.t("took_minutes", "n", strconv.Itoa(minutes))
	case minutes < 10*60 && minutes%60 != 0:
		return w.t("took_hours_minutes", "h", strconv.Itoa(minutes/60), "m", leadingZero(minutes%60))
	case minutes < 36*60:
		return w.t("took_hours", "n", strconv.Itoa((minutes+30)/60))
	}
	days := strconv.FormatFloat(math.Round(d.Hours()/24*10)/10, 'f', -1, 64)
	if d.Hours() >= 10*24 {
		days = strconv.Itoa(int(math.Round(d.Hours() / 24)))
	}
	if i18n.Language(w.Language) != "en" {
		days = strings.Replace(days, ".", ",", 1)
	}
	return w.t("took_days", "n", days)
}

func leadingZero(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// Waited is how long a holder has something, or "" where that says nothing.
func (w FlowWords) Waited(n FlowNode) string {
	if n.Column != HolderColumn || n.Waited < time.Minute {
		return ""
	}
	return w.Took(n.Waited)
}

// Title is what a flow chart is called.
func (w FlowWords) Title(f Flow) string {
	if full(f) {
		return w.t("svg_title_full")
	}
	return w.t("svg_title")
}

// Sentence is the whole chart in a few sentences, for who does not see it.
func (w FlowWords) Sentence(f Flow) string {
	if f.Total == 0 {
		return w.t("svg_none")
	}
	list := func(column int) string {
		var out []string
		for _, n := range f.Nodes {
			if n.Column != column {
				continue
			}
			one := w.t("svg_item", "name", w.Node(n.ID), "n", w.Names.Number(n.Count))
			if took := w.Waited(n); took != "" {
				one = w.t("svg_item_took", "name", w.Node(n.ID), "n", w.Names.Number(n.Count), "took", took)
			}
			out = append(out, one)
		}
		return strings.Join(out, ", ")
	}
	s := w.t("svg_says", "n", w.Names.Number(f.Total), "channels", list(ChannelColumn), "decisions", list(DecisionColumn), "outcomes", list(OutcomeColumn))
	if !full(f) {
		return s
	}
	loops := 0
	for _, e := range f.Edges {
		if e.Loop {
			loops += e.Count
		}
	}
	return s + " " + w.t("svg_says_holders", "holders", list(HolderColumn), "loops", w.Names.Number(loops))
}

// full reports whether a flow shows who had it.
func full(f Flow) bool {
	for _, n := range f.Nodes {
		if n.Column == HolderColumn {
			return true
		}
	}
	return false
}

// class is the colour of a node, by who has it then.
func (w FlowWords) class(id string) string {
	switch id {
	case "decided:catalogue", "decided:at_once":
		return "ok"
	case "decided:desk", "decided:none", "holder:desk":
		return "desk"
	case "decided:backoffice", OtherTeams:
		return "back"
	case "decided:account":
		return "acct"
	case "decided:asked", "holder:customer", "holder:planned":
		return "wait"
	case "outcome:late", "outcome:reopened":
		return "bad"
	}
	team, ok := strings.CutPrefix(id, holderNode+"team:")
	switch {
	case !ok:
		return ""
	case w.Account != nil && w.Account(team):
		return "acct"
	}
	return "back"
}

// edgeClass is the colour of an edge: of what was decided, or of who had it.
func (w FlowWords) edgeClass(e FlowEdge) string {
	to := w.class(e.To)
	if to == "bad" {
		return "late"
	}
	if strings.HasPrefix(e.From, channelNode) {
		return to
	}
	if strings.HasPrefix(e.To, holderNode) && !strings.HasPrefix(e.From, holderNode) {
		return to
	}
	return w.class(e.From)
}

// Says is a difference in words, and what one could do about it.
func (w FlowWords) Says(d Difference) (says, could string) {
	rule := w.rule(d.Rule)
	if d.Rule == "" {
		rule = w.t("no_rule")
	}
	pairs := []string{"rule", rule, "team", w.Holder("team:" + d.Team), "other", w.Holder("team:" + d.Other), "product", w.Names.Product(d.Product),
		"n", w.Names.Number(d.Count), "of", w.Names.Number(d.Of), "share", w.Share(d.Count, d.Of)}
	could = w.t("could_"+string(d.Kind), pairs...)
	if d.Urgent {
		could = w.t("could_urgent")
	}
	return w.t("diff_"+string(d.Kind), pairs...), could
}
