package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/router"
)

// completePanel is what the product needs to know, and what of it is known.
type completePanel struct {
	Product    string // its name; "" without one
	Path       string // in the catalogue
	Have, Need int
	Fields     []fieldRow
	Missing    []string // ids
	Askable    bool
	Judge      uint64 // event of the decision whose match can be judged
	Judged     string
	Score      string
	Products   []option
}

// fieldRow is one field with its value.
type fieldRow struct {
	ID, Label, Value, Shown, Source string
	Wrong, Asked, Given, Required   bool
	Input                           string // type of the input
	Options                         []option
}

// option is one option of a list.
type option struct {
	Value, Words string
	On           bool
}

func (g *pager) complete() completePanel {
	p := completePanel{Askable: g.v.NoWayBack == "" && !g.readOnly()}
	for _, x := range g.v.Products {
		p.Products = append(p.Products, option{x.ID, x.Name(g.l), x.ID == g.v.Request.Product})
	}
	for _, d := range g.v.Decisions {
		if d.Decision.Facts.Match.Product != "" && p.Judge == 0 {
			p.Judge, p.Judged = d.Seq, d.Judged
		}
	}
	if g.v.Product.ID == "" {
		return p
	}
	p.Product, p.Path = g.v.Product.Name(g.l), "/catalogue/"+url.PathEscape(g.v.Product.ID)
	if g.v.Product.Score > 0 {
		p.Score = percent(g.v.Product.Score)
	}
	for _, f := range g.v.Product.Fields {
		row := g.field(f)
		p.Fields = append(p.Fields, row)
		if f.Required {
			p.Need++
			if row.Given {
				p.Have++
			} else {
				p.Missing = append(p.Missing, f.ID)
			}
		}
	}
	return p
}

// inputs are the types of input for a type of field.
var inputs = map[balie.FieldType]string{balie.DateField: "date", balie.DateTimeField: "datetime-local", balie.EmailField: "email", balie.PhoneField: "tel"}

func (g *pager) field(f desk.FieldView) fieldRow {
	row := fieldRow{ID: f.ID, Label: shortPrompt(f.Field, g.l), Value: f.Value, Shown: f.Value, Wrong: f.Invalid, Asked: f.Asked,
		Given: f.Value != "" && !f.Invalid, Required: f.Required, Input: inputs[f.Type]}
	if row.Input == "" || f.Invalid {
		row.Input = "text"
	}
	for _, o := range f.Options {
		words := o.Names[g.l]
		if words == "" {
			words = o.Value
		}
		if o.Value == f.Value {
			row.Shown = words
		}
		row.Options = append(row.Options, option{o.Value, words, o.Value == f.Value})
	}
	switch {
	case row.Value == "":
	case !f.From.IsZero():
		if e, ok := g.entryOf(f.From); ok {
			row.Source = g.text("from_message", "when", g.when(e.At))
		}
	case byPerson(f.By):
		row.Source = g.text("from_person", "who", g.by(f.By))
	}
	return row
}

// clockView is one clock with its ring.
type clockView struct {
	Class string // "met", "w", "bad", "hold"
	Share int    // percent
	Big   string
	Small string
	Words string // for a screen reader
}

// clocks are the promises of the request.
func (g *pager) clocks() []clockView {
	r := g.v.Request
	with := g.Desk.Setting(g.v.Customer.Organisation.ID)
	all := with.Clocks(r, g.Now())
	var out []clockView
	switch respond, _ := with.Results(r); {
	case !respond.At.IsZero():
		words := g.text("clock_responded")
		if respond.Target > 0 {
			words = g.text("clock_responded_goal", "goal", g.duration(respond.Target))
		}
		v := clockView{"met", 100, g.duration(respond.Took), words, g.text("clock_met")}
		if !respond.Kept {
			v.Class, v.Words = "bad", g.text("clock_late")
		}
		out = append(out, v)
	case !all.Response.IsZero():
		out = append(out, g.clock(all.Response, "clock_response"))
	}
	if !all.Resolution.IsZero() {
		out = append(out, g.clock(all.Resolution, "clock_resolution"))
	}
	if !all.Handout.IsZero() {
		out = append(out, g.clock(all.Handout, "clock_handout"))
	}
	if r.Next.After(g.Now()) && all.Handout.IsZero() && r.State != balie.Closed {
		share := 100
		if whole := r.Next.Sub(r.Changed); whole > 0 {
			share = int(100 * g.Now().Sub(r.Changed) / whole)
		}
		out = append(out, clockView{"", share, g.when(r.Next), g.text("clock_next"), ""})
	}
	return out
}

func (g *pager) clock(k desk.Clock, key string) clockView {
	v := clockView{Share: int(100 * k.Share), Big: g.duration(k.Left), Small: g.text(key, "when", g.when(k.Due))}
	switch {
	case k.Met:
		v.Class, v.Big, v.Words = "met", g.when(k.Due), g.text("clock_met")
	case k.Paused:
		v.Class, v.Words = "hold", g.text("clock_paused")
	case k.Late:
		v.Class, v.Big, v.Words = "bad", g.text("clock_over", "time", g.duration(k.Left)), g.text("clock_late")
	case k.Soon:
		v.Class, v.Words = "w", g.text("clock_soon")
	}
	return v
}

// whyPanel explains a decision, rule by rule.
type whyPanel struct {
	Rules   string // "regels v42"
	When    string
	Shown   []traceLine
	Folded  []traceLine // earlier ones that did not match
	After   string      // which were not reached
	Open    string      // the rule's page
	Name    string
	Others  []option // further decisions of this request
	None    string   // why there is no trace
	Judge   uint64
	Judged  string
	Instead string
	Product string
}

// traceLine is one rule of a trace.
type traceLine struct {
	N       int
	Name    string
	Is      string // "hit", "no", "off", "failed"
	Words   string
	Open    bool
	Clauses []clauseLine
	Then    []string
	Why     string
}

// clauseLine is one clause with the values it saw.
type clauseLine struct {
	Text, Class, Words, Saw string
}

// explained is the decision that the page explains: the one asked for, else
// the newest. Of one made by older rules the trace is read apart.
func (g *pager) explained() (*desk.DecisionView, error) {
	if len(g.v.Decisions) == 0 {
		return nil, nil
	}
	d := g.v.Decisions[0]
	for _, x := range g.v.Decisions {
		if fmt.Sprint(x.Seq) == g.c.Query("d") {
			d = x
		}
	}
	if d.NoTrace == desk.TraceOlder {
		t, err := g.Desk.Trace(g.c.UserContext(), g.s.Actor(), g.v.Request.ID, d.Seq)
		if err != nil {
			return nil, err
		}
		d.Trace, d.NoTrace = t, ""
	}
	return &d, nil
}

// foldFrom is how many rules that did not match are shown before the one that did.
const foldFrom = 6

func (g *pager) explain() whyPanel {
	if g.why == nil {
		return whyPanel{None: g.text("why_none")}
	}
	d := *g.why
	p := whyPanel{Rules: g.text("rules_v", "n", number(d.Decision.Ruleset)), When: g.when(d.At), Judge: d.Seq, Judged: d.Judged,
		Instead: g.productName(d.Instead), Product: g.productName(d.Decision.Facts.Match.Product)}
	for _, x := range g.v.Decisions {
		p.Others = append(p.Others, option{fmt.Sprint(x.Seq), g.when(x.At), x.Seq == d.Seq})
	}
	if d.NoTrace != "" {
		p.None = g.text("trace_" + d.NoTrace)
		return p
	}
	later := 0
	for i, r := range d.Trace.Rules {
		if r.Is == router.Later {
			later++
			continue
		}
		p.Shown = append(p.Shown, g.rule(i+1, r, d))
		if r.Decided {
			p.Name, p.Open = g.text("rule_n", "n", number(i+1)), "/rules/"+url.PathEscape(r.ID)
		}
	}
	if n := len(p.Shown); n > foldFrom+1 {
		p.Folded, p.Shown = p.Shown[:n-foldFrom], p.Shown[n-foldFrom:]
	}
	switch first, last := len(d.Trace.Rules)-later+1, len(d.Trace.Rules); {
	case later == 1:
		p.After = g.text("why_after_one", "n", number(first), "rule", p.Name)
	case later > 1:
		p.After = g.text("why_after", "from", number(first), "to", number(last), "rule", p.Name)
	case p.Open == "":
		p.After = g.text("why_default")
	}
	return p
}

func (g *pager) rule(n int, r router.RuleTrace, d desk.DecisionView) traceLine {
	l := traceLine{N: n, Name: router.Rule{ID: r.ID, Names: r.Names}.Name(g.l), Is: "no", Words: g.text("rule_no"), Clauses: g.clauses(r.Clause), Why: r.Why}
	switch r.Is {
	case router.True:
		l.Is, l.Words, l.Open = "hit", g.text("rule_hit"), true
		for _, a := range d.Decision.Do {
			if a.Rule == r.ID || a.Rule == "" && r.Decided && a.Do.Decides() {
				l.Then = append(l.Then, g.action(a))
			}
		}
	case router.Off:
		l.Is, l.Words = "off", g.text("rule_off")
	case router.Failed:
		l.Is, l.Words = "failed", g.text("rule_failed")
	}
	return l
}

// clauses are the parts of a condition, each with what it saw.
func (g *pager) clauses(c router.Clause) []clauseLine {
	parts, join := []router.Clause{c}, ""
	if c.Join == "and" || c.Join == "or" {
		parts = c.Of
		join = map[string]string{"and": "&& ", "or": "|| "}[c.Join]
	}
	var out []clauseLine
	for i, k := range parts {
		l := clauseLine{Text: clipped(k.Text, 400), Class: "faint", Words: g.text("clause_unknown")}
		if i > 0 {
			l.Text = join + l.Text
		}
		switch k.Is {
		case router.True:
			l.Class, l.Words = "y", g.text("clause_true")
		case router.False:
			l.Class, l.Words = "no", g.text("clause_false")
		case router.Failed:
			l.Class, l.Words = "no", g.text("rule_failed")
		}
		l.Saw = saw(k)
		out = append(out, l)
	}
	return out
}

// saw are the values a clause looked at, once each.
func saw(c router.Clause) string {
	var facts, values []string
	var walk func(router.Clause)
	walk = func(k router.Clause) {
		for _, s := range k.Saw {
			if !slices.Contains(facts, s.Fact) {
				facts, values = append(facts, s.Fact), append(values, clipped(s.Value, 120))
			}
		}
		for _, of := range k.Of {
			walk(of)
		}
	}
	walk(c)
	if len(values) == 1 {
		return values[0]
	}
	for i := range values {
		values[i] = facts[i] + " " + values[i]
	}
	return strings.Join(values, ", ")
}

// action is what a rule did, in words.
func (g *pager) action(a balie.Action) string {
	return g.text("act_"+string(a.Do), "team", g.Teams(a.Team, g.l), "fields", g.fieldNames(a.Fields), "value", a.Value, "reason", a.Reason)
}

// customerPanel is who asks.
type customerPanel struct {
	Path, Name, Organisation string
	Key                      bool
	Before, Language         string
	Addresses                []string
	People                   []string // participants besides
}

func (g *pager) customer() customerPanel {
	v := g.v.Customer
	p := customerPanel{Name: g.nameOf(v.Person), Organisation: v.Organisation.Name, Key: v.Organisation.KeyAccount}
	if !v.Person.ID.IsZero() {
		p.Path = "/customers/" + v.Person.ID.String()
	}
	switch v.Count {
	case 0, 1:
		p.Before = g.text("before_first")
	case 2:
		p.Before = g.text("before_one")
	default:
		p.Before = g.text("before", "n", number(v.Count-1))
	}
	if l := v.Person.Language; l != "" {
		p.Language = g.text("language_" + l)
	}
	for _, a := range v.Person.Addresses {
		if a.Scheme != balie.Web {
			p.Addresses = append(p.Addresses, a.Value)
		}
	}
	for _, x := range g.v.Participants {
		if x.ID != v.Person.ID {
			p.People = append(p.People, g.nameOf(x))
		}
	}
	return p
}

// related is another request.
type related struct {
	Path, Ref, Subject, Class, State, Why string
}

func (g *pager) related() []related {
	var out []related
	seen := map[balie.ID]bool{}
	add := func(r balie.Request, why string) {
		if seen[r.ID] || len(out) >= 8 {
			return
		}
		seen[r.ID] = true
		h := (&pager{Web: g.Web, l: g.l, v: desk.RequestView{Request: r, Teams: g.v.Teams}}).holder()
		subject := r.Subject
		if subject == "" {
			subject = g.text("no_subject")
		}
		out = append(out, related{"/r/" + r.Ref, r.Ref, subject, h.Class, h.Words, why})
	}
	for _, r := range g.v.Related {
		why := ""
		if r.Why != "same_customer" {
			why = g.text("related_"+r.Why, "words", r.Words)
		}
		add(r.Request, why)
	}
	for _, r := range g.v.Customer.Last {
		add(r, "")
	}
	return out
}

// belonging is a request that this one may be part of.
type belonging struct {
	Seq                 uint64
	ID                  string
	Path, Ref, Subject  string
	Reasons, When, Key1 string
}

func (g *pager) belongs() []belonging {
	var out []belonging
	for i, c := range g.v.MayBelong {
		b := belonging{c.Seq, c.Request.ID.String(), "/r/" + c.Request.Ref, c.Request.Ref, c.Request.Subject, c.Reasons, g.when(c.Request.Changed), ""}
		if i == 0 {
			b.Key1 = "s"
		}
		out = append(out, b)
	}
	return out
}

// proposal is somebody who wrote along and is no participant yet.
type proposal struct {
	Seq      uint64
	Who, Why string
}

func (g *pager) proposed() []proposal {
	var out []proposal
	for _, p := range g.v.Proposed {
		out = append(out, proposal{Seq: p.Seq, Who: full(p.Address)})
	}
	return out
}

// full is an address with its name.
func full(a balie.Address) string {
	if a.Name == "" || a.Name == a.Value {
		return a.Value
	}
	return a.Name + " <" + a.Value + ">"
}

// threadPanel is an open hand-out, or one that the desk has not looked at yet.
type threadPanel struct {
	ID, Team, Class string
	State           string
	Due             string
	Late, Open      bool
	Waits           bool
	Later           string // the date that the team gave
	Reason          string
}

func (g *pager) threads() []threadPanel {
	var out []threadPanel
	for _, h := range g.v.Handouts {
		if !h.Open() && !h.Waits {
			continue
		}
		t := threadPanel{ID: h.ID.String(), Team: g.Teams(h.Team, g.l), Class: "back", State: g.text("handout_" + string(h.State)), Late: h.Overdue,
			Open: h.Open(), Waits: h.Waits, Reason: h.Reason}
		if g.kindOf(h.Team) == balie.Account {
			t.Class = "acct"
		}
		if !h.Due.IsZero() {
			t.Due = g.when(h.Due)
		}
		t.Later = g.when(h.Later)
		out = append(out, t)
	}
	return out
}

// local is a moment as an input of type datetime-local has it.
func (g *pager) local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(g.Zone).Format("2006-01-02T15:04")
}
