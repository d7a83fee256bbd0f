package web

import (
	"encoding/csv"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/router"
)

// ruleForm is a rule as it stands in the form.
type ruleForm struct {
	ID       string // "": new
	Names    map[string]string
	On       bool
	AsText   bool   // the condition is edited as CEL
	When     string // then
	Any      bool   // else: one row is enough
	Rows     []formRow
	Then     thenForm
	Examples []exampleForm
	New      exampleForm
}

// formRow is one row of the builder. Rows of the same group stand together.
type formRow struct {
	Fact, Op string
	Values   []string
	Group    int // 0: none
}

// thenForm is what a rule does.
type thenForm struct {
	Priority, Kind, Product, Assign, Tags string
	Alert                                 []string
	Decide                                string // the deciding action, or "" to go on
	Ask                                   string // fields by comma; "" what is missing
	To                                    string // team id, "owner" or "account_manager"
	Reason                                string
}

// exampleForm is one example.
type exampleForm struct {
	Text, Language, With string
	MustNot              bool
}

// Bounds of a form: what is over it was not made by our page.
const (
	mostRows     = 60
	mostExamples = 300
)

// readRuleForm reads a sent form.
func readRuleForm(id string, v url.Values) ruleForm {
	f := ruleForm{ID: id, Names: map[string]string{}, On: v.Get("on") != "", AsText: v.Get("mode") == "cel", When: newlines(v.Get("when")), Any: v.Get("join") == "or"}
	for _, l := range []string{"nl", "en"} {
		if name := strings.TrimSpace(v.Get("name." + l)); name != "" {
			f.Names[l] = name
		}
	}
	for i := range mostRows {
		p := "c" + strconv.Itoa(i) + "."
		if !v.Has(p + "fact") {
			continue
		}
		group, _ := strconv.Atoi(v.Get(p + "group"))
		row := formRow{Fact: v.Get(p + "fact"), Op: v.Get(p + "op"), Group: group, Values: v[p+"value"]}
		if v.Has(p + "to") {
			row.Values = append(row.Values, v.Get(p+"to"))
		}
		f.Rows = append(f.Rows, row.tidy())
	}
	f.Then = thenForm{Priority: v.Get("priority"), Kind: v.Get("kind"), Product: v.Get("product"), Assign: strings.TrimSpace(v.Get("assign")),
		Tags: v.Get("tags"), Alert: v["alert"], Decide: v.Get("decide"), Ask: v.Get("ask"), To: v.Get("to"), Reason: strings.TrimSpace(v.Get("reason"))}
	for i := range mostExamples {
		p := "e" + strconv.Itoa(i) + "."
		if v.Has(p + "text") {
			f.Examples = append(f.Examples, readExample(v, p))
		}
	}
	f.New = readExample(v, "en.")
	return f
}

func newlines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

func readExample(v url.Values, p string) exampleForm {
	return exampleForm{Text: strings.TrimSpace(newlines(v.Get(p + "text"))), Language: v.Get(p + "language"), With: strings.TrimSpace(v.Get(p + "with")), MustNot: v.Get(p+"must") == "not"}
}

// tidy gives a row an operator that its fact has, and as many values as that
// takes: what was typed stays where it can.
func (r formRow) tidy() formRow {
	kind := factKind(r.Fact)
	ops := kind.Operators()
	if !slices.Contains(ops, router.Op(r.Op)) {
		r.Op = string(ops[0])
	}
	op := router.Op(r.Op)
	if op.Takes() < 0 && !hasChoices(r.Fact) && len(r.Values) == 1 {
		r.Values = splitList(r.Values[0])
	}
	r.Values = slices.DeleteFunc(slices.Clone(r.Values), func(s string) bool { return s == "" })
	switch n := op.Takes(); {
	case n >= 0 && len(r.Values) > n:
		r.Values = r.Values[:n]
	}
	return r
}

// splitList reads words by comma; a word with a comma stands in quotes.
func splitList(s string) []string {
	c := csv.NewReader(strings.NewReader(s))
	c.TrimLeadingSpace, c.LazyQuotes = true, true
	rows, err := c.ReadAll()
	if err != nil {
		return strings.Split(s, ",")
	}
	var out []string
	for _, row := range rows {
		for _, x := range row {
			if x = strings.TrimSpace(x); x != "" {
				out = append(out, x)
			}
		}
	}
	return out
}

// joinList writes what splitList reads.
func joinList(list []string) string {
	parts := make([]string, 0, len(list))
	for _, x := range list {
		if strings.ContainsAny(x, ",\"\n") || strings.TrimSpace(x) != x {
			x = `"` + strings.ReplaceAll(x, `"`, `""`) + `"`
		}
		parts = append(parts, x)
	}
	return strings.Join(parts, ", ")
}

func factKind(name string) router.FactKind {
	for _, f := range router.BuilderFacts() {
		if f.Name == name {
			return f.Kind
		}
	}
	return router.TextFact
}

// formOf is a stored rule as a form.
func formOf(r router.Rule) ruleForm {
	f := ruleForm{ID: r.ID, Names: r.Names, On: !r.Disabled, When: strings.TrimSpace(r.When), Then: thenOf(r)}
	c, ok := router.ParseConditions(r.When)
	f.AsText = !ok
	f.setRows(c)
	for i, x := range append(slices.Clone(r.Examples.Must), r.Examples.MustNot...) {
		f.Examples = append(f.Examples, exampleForm{Text: x.Text, Language: x.Language, With: router.FactsText(x.With), MustNot: i >= len(r.Examples.Must)})
	}
	return f
}

// setRows shows conditions as rows.
func (f *ruleForm) setRows(c router.Conditions) {
	f.Any, f.Rows = c.Any, nil
	group := 0
	for _, r := range c.Rows {
		if len(r.Of) == 0 {
			f.Rows = append(f.Rows, formRow{Fact: r.Fact, Op: string(r.Op), Values: r.Values})
			continue
		}
		group++
		for _, t := range r.Of {
			f.Rows = append(f.Rows, formRow{Fact: t.Fact, Op: string(t.Op), Values: t.Values, Group: group})
		}
	}
}

// conditions are the rows as the builder knows them.
func (f ruleForm) conditions() router.Conditions {
	c := router.Conditions{Any: f.Any}
	last := 0
	for _, r := range f.Rows {
		t := router.Test{Fact: r.Fact, Op: router.Op(r.Op), Values: r.Values}
		switch {
		case r.Group == 0:
			c.Rows = append(c.Rows, router.ConditionRow{Test: t})
		case r.Group == last:
			c.Rows[len(c.Rows)-1].Of = append(c.Rows[len(c.Rows)-1].Of, t)
		default:
			c.Rows = append(c.Rows, router.ConditionRow{Of: []router.Test{t}})
		}
		last = r.Group
	}
	return c
}

// when is the condition to keep: the stored text where the rows still say the
// same, so that its layout stays.
func (f ruleForm) when(stored string) string {
	if f.AsText {
		return strings.TrimSpace(f.When)
	}
	cel := f.conditions().CEL()
	if was, ok := router.ParseConditions(stored); ok && cel != "" && was.CEL() == cel {
		return strings.TrimSpace(stored)
	}
	return cel
}

func thenOf(r router.Rule) thenForm {
	var t thenForm
	var tags []string
	for _, a := range r.Then {
		switch a.Do {
		case balie.DoPriority:
			t.Priority = a.Value
		case balie.DoKind:
			t.Kind = a.Value
		case balie.DoProduct:
			t.Product = a.Value
		case balie.DoAssign:
			t.Assign = a.Value
		case balie.DoTag:
			tags = append(tags, a.Value)
		case balie.DoAlert:
			t.Alert = append(t.Alert, a.Value)
		default:
			t.Decide, t.Reason, t.Ask, t.To = string(a.Do), a.Reason, joinList(a.Fields), a.Team
			if a.Do == balie.DoHandOut && r.Ask != "" {
				t.To = string(r.Ask)
			}
		}
	}
	t.Tags = joinList(tags)
	return t
}

// more reports whether a rule does anything besides deciding.
func (t thenForm) more() bool {
	return t.Priority != "" || t.Kind != "" || t.Product != "" || t.Assign != "" || t.Tags != "" || len(t.Alert) > 0
}

// actions are what the form says a rule does, in the order the stored rule has
// them.
func (t thenForm) actions(id string, stored []balie.Action) ([]balie.Action, router.Ask) {
	var out []balie.Action
	var ask router.Ask
	add := func(do balie.ActionKind, value string) {
		if value != "" {
			out = append(out, balie.Action{Do: do, Value: value, Rule: id})
		}
	}
	add(balie.DoPriority, t.Priority)
	add(balie.DoKind, t.Kind)
	add(balie.DoProduct, t.Product)
	add(balie.DoAssign, t.Assign)
	for _, tag := range splitList(t.Tags) {
		add(balie.DoTag, tag)
	}
	for _, whom := range t.Alert {
		add(balie.DoAlert, whom)
	}
	if t.Decide != "" {
		a := balie.Action{Do: balie.ActionKind(t.Decide), Reason: t.Reason, Rule: id}
		switch a.Do {
		case balie.DoAsk:
			if a.Fields = splitList(t.Ask); len(a.Fields) == 0 {
				ask = router.AskMissing
			}
		case balie.DoHandOut:
			switch t.To {
			case string(router.AskOwner), string(router.AskAccountTeam):
				ask = router.Ask(t.To)
			default:
				a.Team = t.To
			}
		}
		out = append(out, a)
	}
	place := func(a balie.Action) int {
		if i := slices.IndexFunc(stored, func(b balie.Action) bool { return b.Do == a.Do }); i >= 0 {
			return i
		}
		return len(stored)
	}
	slices.SortStableFunc(out, func(a, b balie.Action) int { return place(a) - place(b) })
	return out, ask
}

// rule is the rule that a form makes of the stored one.
func (f ruleForm) rule(stored router.Rule) (router.Rule, error) {
	r := router.Rule{ID: f.ID, Names: map[string]string{}, When: f.when(stored.When), Disabled: !f.On}
	for l, name := range stored.Names {
		if l != "nl" && l != "en" {
			r.Names[l] = name
		}
	}
	for l, name := range f.Names {
		r.Names[l] = name
	}
	r.Then, r.Ask = f.Then.actions(f.ID, stored.Then)
	for i, x := range f.Examples {
		if x.Text == "" {
			continue
		}
		with, err := router.ParseFacts(x.With)
		if err != nil {
			return r, &balie.InvalidError{Field: "e" + strconv.Itoa(i) + ".with", Problem: "the facts cannot be read", Fix: "write name: value, by comma: now.open: false, match.score: 0.9"}
		}
		e := router.Example{Text: x.Text, Language: x.Language, With: with}
		if x.MustNot {
			r.Examples.MustNot = append(r.Examples.MustNot, e)
			continue
		}
		r.Examples.Must = append(r.Examples.Must, e)
	}
	return r, nil
}

// act changes the form as one of its buttons says, without keeping anything;
// false: it is a button that keeps.
func (f *ruleForm) act(name string) bool {
	verb, arg, _ := strings.Cut(name, ".")
	n, _ := strconv.Atoi(arg)
	empty := formRow{Fact: "message.text", Op: string(router.OpHasWord)}
	switch verb {
	case "add":
		f.Rows = append(f.Rows, empty)
	case "addgroup":
		g := 1
		for _, r := range f.Rows {
			g = max(g, r.Group+1)
		}
		empty.Group = g
		f.Rows = append(f.Rows, empty, empty)
	case "addto":
		empty.Group = n
		for i := len(f.Rows) - 1; i >= 0; i-- {
			if f.Rows[i].Group == n {
				f.Rows = slices.Insert(f.Rows, i+1, empty)
				break
			}
		}
	case "remove":
		if n < len(f.Rows) {
			f.Rows = slices.Delete(f.Rows, n, n+1)
		}
	case "cel":
		if !f.AsText {
			f.When, f.AsText = f.conditions().CEL(), true // as the rows say it; its stored layout comes back with the page
		}
	case "builder":
		if c, ok := router.ParseConditions(f.When); ok && f.AsText {
			f.AsText = false
			f.setRows(c)
		}
	case "example":
		if f.New.Text != "" {
			f.Examples = append(f.Examples, f.New)
			f.New = exampleForm{}
		}
	case "drop":
		if n < len(f.Examples) {
			f.Examples = slices.Delete(f.Examples, n, n+1)
		}
	case "show":
	default:
		return false
	}
	return true
}

// draftVersion is a version as a form carries it.
func draftVersion(d desk.DraftSeen) string { return strconv.FormatUint(d.Version, 10) }
