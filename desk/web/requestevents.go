package web

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/router"
)

// eventIcons are the drawings before what happened; other events have a clock.
var eventIcons = map[balie.What]string{
	balie.ToDesk: "inbox", balie.Asked: "reply", balie.Answered: "check", balie.HandedOut: "tool", balie.HandoutDone: "check",
	balie.HandoutRefused: "x", balie.HandoutReturned: "undo", balie.HandoutWithdrawn: "undo", balie.HandoutAccepted: "tool",
	balie.PlannedFor: "clock", balie.Reopened: "undo", balie.Confirmed: "check", balie.ClosedAs: "archive", balie.Undone: "undo",
	balie.Unsent: "undo", balie.Filled: "pen", balie.Edited: "pen", balie.Tagged: "tag", balie.Joined: "user", balie.Proposed: "user",
	balie.MayBelong: "link", balie.Linked: "link", balie.Undelivered: "warn", balie.Bounced: "warn", balie.HeldBack: "warn",
	balie.Alerted: "alarm", balie.Rated: "star", balie.Judged: "book", balie.Shared: "eye", balie.SplitOff: "link", balie.Requeued: "send",
}

// unsaid are events that say nothing beside the message they come with, or
// that stand elsewhere on the page.
var unsaid = []balie.What{balie.Opened, balie.Received, balie.Told, balie.ToldTeam, balie.Noted, balie.Sent, balie.Replied,
	balie.HandoutAsked, balie.Shared, balie.MayBelong, balie.Proposed}

// happened is an event in words.
func (g *pager) happened(e desk.Entry) (icon string, words []piece) {
	if icon = eventIcons[e.What]; icon == "" {
		icon = "clock"
	}
	if e.Decided {
		return "rules", g.decided(e)
	}
	if slices.Contains(unsaid, e.What) {
		return icon, nil
	}
	fill := g.mentions(e)
	key := "sys_" + string(e.What)
	switch e.What {
	case balie.Edited:
		return icon, g.edited(e, fill)
	case balie.Answered, balie.Confirmed, balie.ToDesk, balie.Asked:
		if byPerson(e.By) {
			key += "_by"
		}
		if e.What == balie.Answered && byPerson(e.By) && g.messageIn(e.Seq) {
			return icon, nil // the reply itself stands there
		}
	case balie.ClosedAs:
		key += "_" + e.Data["outcome"]
	case balie.TeamSaid: // in words it stands there itself
		key += "_" + e.Data["status"]
	case balie.Fired:
		key += "_" + e.Data["timer"]
	case balie.Judged:
		if e.Data["right"] == "true" {
			key += "_right"
		}
	case balie.Tagged:
		if e.Data["add"] == "" {
			key += "_off"
		}
	}
	if g.text(key) == "request."+key {
		return icon, nil
	}
	words = g.sentence(key, fill)
	if e.What == balie.Fired {
		words = append(words, g.firedWords(e.Data)...)
	}
	if why := fill["reason"].Text; why != "" && !strings.Contains(g.text(key), "{reason}") {
		words = append(words, piece{Text: " " + why})
	}
	return icon, words
}

// messageIn reports whether the event brought a message too.
func (g *pager) messageIn(seq uint64) bool {
	return slices.ContainsFunc(g.v.Entries, func(e desk.Entry) bool { return e.Seq == seq && e.Message != nil })
}

// mentions are what the words of an event may mention.
func (g *pager) mentions(e desk.Entry) map[string]piece {
	d := e.Data
	f := map[string]piece{
		"who": {Text: g.by(e.By)}, "reason": {Text: clipped(d["reason"], 300)}, "ref": {Text: d["ref"], Href: "/r/" + strings.Map(refSigns, d["ref"])},
		"error": {Text: clipped(d["error"], 200)}, "recipient": {Text: d["recipient"]}, "status": {Text: d["status"]}, "score": {Text: d["score"]},
		"whom": {Text: d["whom"]}, "tags": {Text: d["add"] + d["remove"]}, "how": {Text: g.how(d["how"])}, "channel": {Text: g.channel(d["channel"])},
	}
	team := d["team"]
	if team == "" {
		for _, h := range g.v.Handouts {
			if h.ID == e.Handout {
				team = h.Team
			}
		}
	}
	if team == "" {
		if kind, id, _ := strings.Cut(e.By, ":"); kind == "team" {
			team = id
		}
	}
	if team != "" {
		f["team"] = piece{Text: g.Teams(team, g.l), Bold: true}
	}
	f["due"] = piece{Text: g.momentOf(d["due"])}
	f["eta"] = piece{Text: g.momentOf(d["eta"]), Bold: true}
	f["date"] = piece{Text: g.momentOf(d["date"])}
	f["fields"] = piece{Text: g.fieldNames(strings.Split(d["fields"], ","))}
	f["product"] = piece{Text: g.productName(d["product"]), Bold: true}
	if e.What == balie.Filled {
		f["fields"] = piece{Text: g.filled(d)}
	}
	if id, err := balie.ParseID(d["person"]); err == nil {
		f["person"] = piece{Text: g.personName(id), Bold: true}
	}
	return f
}

func (g *pager) how(how string) string {
	if w := g.text("how_" + how); w != "request.how_"+how {
		return w
	}
	return how
}

func (g *pager) personName(id balie.ID) string {
	for _, p := range append(slices.Clone(g.v.Participants), g.v.Customer.Person) {
		if p.ID == id {
			return g.nameOf(p)
		}
	}
	return g.text("someone")
}

// momentOf is a stored moment in words; "" for none.
func (g *pager) momentOf(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return ""
	}
	return g.when(t)
}

func (g *pager) productName(id string) string {
	for _, p := range g.v.Products {
		if p.ID == id {
			return p.Name(g.l)
		}
	}
	return id
}

// fieldNames are the names of fields of the product; an offer's entries name
// products.
func (g *pager) fieldNames(ids []string) string {
	var out []string
	for _, id := range ids {
		if p, ok := strings.CutPrefix(id, "product:"); ok {
			out = append(out, g.productName(p))
			continue
		}
		out = append(out, g.fieldName(id))
	}
	return strings.Join(out, ", ")
}

func (g *pager) fieldName(id string) string {
	for _, f := range g.v.Product.Fields {
		if f.ID == id {
			return shortPrompt(f.Field, g.l)
		}
	}
	return id
}

// shortPrompt is a field's question without its question mark: what stands
// before the value.
func shortPrompt(f balie.Field, language string) string {
	return strings.TrimRight(f.Prompt(language), "?. ")
}

func (g *pager) filled(data map[string]string) string {
	var out []string
	for id, v := range data {
		out = append(out, g.fieldName(id)+": "+clipped(v, 80))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// edited says which properties were changed, and to what.
func (g *pager) edited(e desk.Entry, fill map[string]piece) []piece {
	if !byPerson(e.By) {
		return nil // a rule's: the decision says so
	}
	if to, ok := e.Data["assignee"]; ok && e.Data["product"]+e.Data["priority"]+e.Data["subject"]+e.Data["kind"] == "" {
		fill["value"] = piece{Text: g.by("agent:" + to)}
		switch {
		case to == "":
			return g.sentence("sys_unassigned", fill)
		case "agent:"+to == e.By:
			return g.sentence("sys_assigned_self", fill)
		}
		return g.sentence("sys_assigned", fill)
	}
	var out []string
	for _, k := range []string{"assignee", "product", "priority", "kind", "subject", "language", "customer", "promised"} {
		v, ok := e.Data[k]
		if !ok {
			continue
		}
		switch k {
		case "assignee":
			if v == "" {
				out = append(out, g.text("edit_nobody"))
				continue
			}
			v = g.by("agent:" + v)
		case "product":
			v = g.productName(v)
		case "priority":
			v = g.text("priority_" + v)
		case "kind":
			v = g.text("kind_" + v)
		case "language":
			v = g.text("language_" + v)
		case "promised":
			v = g.momentOf(v)
		case "customer":
			id, _ := balie.ParseID(v)
			v = g.personName(id)
		}
		out = append(out, g.text("edit_"+k, "value", clipped(v, 120)))
	}
	if len(out) == 0 {
		return nil
	}
	fill["what"] = piece{Text: strings.Join(out, ", ")}
	return g.sentence("sys_edited", fill)
}

// sentence is a text with its placeholders filled in by pieces.
func (g *pager) sentence(key string, fill map[string]piece) []piece {
	var out []piece
	rest := g.text(key)
	for rest != "" {
		before, after, ok := strings.Cut(rest, "{")
		name, tail, closed := strings.Cut(after, "}")
		if !ok || !closed {
			return append(out, piece{Text: rest})
		}
		if before != "" {
			out = append(out, piece{Text: before})
		}
		if p := fill[name]; p.Text != "" {
			out = append(out, p)
		}
		rest = tail
	}
	return out
}

// decided says in one line what was recognised, where it went, and why.
func (g *pager) decided(e desk.Entry) []piece {
	i := slices.IndexFunc(g.v.Decisions, func(d desk.DecisionView) bool { return d.Seq == e.Seq })
	if i < 0 {
		return g.sentence("sys_to_desk", g.mentions(e))
	}
	d := g.v.Decisions[i]
	fill := map[string]piece{"rule": {Text: g.ruleName(d), Href: g.path + "/why?d=" + fmt.Sprint(d.Seq) + "#why"}}
	act := d.Decision.Deciding()
	fill["team"] = piece{Text: g.Teams(act.Team, g.l), Bold: true}
	fill["fields"] = piece{Text: g.fieldNames(act.Fields)}
	var out []piece
	if len(d.Decision.Match) > 0 && d.Decision.Facts.Match.Product != "" {
		m := d.Decision.Facts.Match
		fill["product"] = piece{Text: g.productName(m.Product), Bold: true}
		fill["percent"] = piece{Text: percent(m.Score)}
		key := "recognised"
		if m.Score < intake.ProductFloor {
			key = "not_recognised"
		}
		out = append(g.sentence(key, fill), piece{Text: " "})
	}
	key := "went_" + string(act.Do)
	if d.Decision.Rule == "" {
		key = "went_default"
	}
	out = append(out, g.sentence(key, fill)...)
	switch missing := d.Decision.Facts.Missing; {
	case act.Do == balie.DoDesk && len(missing) > 0:
		out = append(out, piece{Text: g.text("went_missing", "fields", g.fieldNames(missing))})
	case g.ruleWords(d) != "":
		out = append(out, piece{Text: ": " + g.ruleWords(d) + "."})
	case act.Reason != "" && d.Decision.Rule != "":
		out = append(out, piece{Text: ": " + strings.TrimRight(clipped(act.Reason, 200), ".") + "."})
	default:
		out = append(out, piece{Text: "."})
	}
	return out
}

// ruleWords are the name of the rule that decided, in the reader's language: an
// action's reason has only the language it was written in.
func (g *pager) ruleWords(d desk.DecisionView) string {
	for _, r := range d.Trace.Rules {
		if r.ID == d.Decision.Rule && r.Is == router.True && len(r.Names) > 0 {
			return router.Rule{ID: r.ID, Names: r.Names}.Name(g.l)
		}
	}
	return ""
}

// ruleName is how a rule is called in a sentence: by its number when the trace
// has it.
func (g *pager) ruleName(d desk.DecisionView) string {
	for i, r := range d.Trace.Rules {
		if r.ID == d.Decision.Rule && r.Is == router.True {
			return g.text("rule_n", "n", number(i+1))
		}
	}
	return g.text("rule_named", "name", d.Decision.Rule)
}

func percent(score float64) string { return fmt.Sprintf("%d%%", int(math.Round(score*100))) }
