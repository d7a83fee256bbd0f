package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/balie/balie/router"
)

// builderView is the builder as a page shows it: blocks of rows, and the
// condition they make.
type builderView struct {
	Any    bool
	Blocks []blockView
	CEL    []celToken
	Raw    string
	AsText bool
	Rows   bool   // the condition can be shown as rows
	Fault  string // of the condition as text
	Fix    string
	Facts  []factGroup
}

// blockView is a row, or a group of them.
type blockView struct {
	Group int // 0: a single row
	Link  string
	Rows  []rowView
}

// rowView is one test.
type rowView struct {
	N, Group int
	Link     string // if, and, or
	Fact     string
	Facts    []factGroup // those of the page, with this one chosen
	Ops      []choice
	Input    string // none, select, checks, text, number, between
	Value    string
	Long     bool // it needs the whole width
	To       string
	Choices  []choice
	Fault    string
	Chosen   string // of checks: what is chosen, in words
}

// choice is one option of a select.
type choice struct {
	Value, Text string
	On          bool
}

// factGroup is the facts of one thing.
type factGroup struct {
	Text    string
	Choices []choice
}

// hasChoices reports whether a fact has a list of values to choose from.
func hasChoices(fact string) bool {
	switch fact {
	case "message.channel", "message.language", "match.product", "match.runner_up", "product.id", "product.group", "product.team", "product.package",
		"customer.organisation", "customer.segment", "customer.manager", "missing", "message.fields", "now.weekday":
		return true
	}
	for _, f := range router.BuilderFacts() {
		if f.Name == fact {
			return len(f.Choices) > 0
		}
	}
	return false
}

// factChoices are the values of a fact, in words.
func (w *Web) factChoices(fact, l string) []choice {
	b := w.Rules.Brain()
	var out []choice
	add := func(value, text string) {
		if value != "" && !slices.ContainsFunc(out, func(c choice) bool { return c.Value == value }) {
			out = append(out, choice{Value: value, Text: text})
		}
	}
	switch fact {
	case "message.channel":
		for _, v := range []string{"email", "form", "slack", "phone", "counter"} {
			add(v, w.Texts.Text(l, "rules.value_channel_"+v))
		}
	case "message.language":
		for _, v := range []string{"nl", "en"} {
			add(v, w.Texts.Text(l, "rules.value_language_"+v))
		}
	case "match.product", "match.runner_up", "product.id":
		for _, p := range b.Catalogue.Products {
			add(p.ID, p.Name(l))
		}
	case "product.group", "product.package":
		for _, p := range b.Catalogue.Products {
			v := p.Group
			if fact == "product.package" {
				v = p.Package
			}
			add(v, v)
		}
	case "product.team", "customer.manager":
		for _, t := range b.Catalogue.Teams {
			add(t.ID, t.Name(l))
		}
	case "customer.organisation", "customer.segment":
		for _, o := range b.Organisations {
			if fact == "customer.segment" {
				add(o.Segment, o.Segment)
				continue
			}
			add(o.ID, o.Name)
		}
	case "missing", "message.fields":
		for _, p := range b.Catalogue.Products {
			for _, f := range p.Fields {
				add(f.ID, f.ID)
			}
		}
	case "now.weekday":
		for i := range 7 {
			add(strconv.Itoa(i+1), w.Texts.Text(l, "rules.weekday_"+strconv.Itoa(i+1)))
		}
	default:
		w.fixedChoices(fact, l, add)
	}
	return out
}

// fixedChoices are the values that the router knows.
func (w *Web) fixedChoices(fact, l string, add func(value, text string)) {
	for _, f := range router.BuilderFacts() {
		if f.Name != fact {
			continue
		}
		_, last, _ := strings.Cut(fact, ".")
		for _, v := range f.Choices {
			add(v, w.choiceText(last, v, l))
		}
	}
}

// choiceText is a value of a fixed list in words.
func (w *Web) choiceText(fact, value, l string) string {
	key := "rules.value_" + fact + "_" + strings.ReplaceAll(value, "-", "_")
	if s := w.Texts.Text(l, key); s != key {
		return s
	}
	return value
}

// factText is a fact in words.
func (w *Web) factText(name, l string) string {
	return w.Texts.Text(l, "rules.fact_"+strings.ReplaceAll(name, ".", "_"))
}

func (w *Web) factGroups(l, chosen string) []factGroup {
	var out []factGroup
	last := ""
	for _, f := range router.BuilderFacts() {
		group, _, _ := strings.Cut(f.Name, ".")
		if group != last {
			out = append(out, factGroup{Text: w.Texts.Text(l, "rules.group_"+group)})
			last = group
		}
		g := &out[len(out)-1]
		g.Choices = append(g.Choices, choice{f.Name, w.factText(f.Name, l), f.Name == chosen})
	}
	return out
}

// builder shows the condition of a form. faults says whether rows that are not
// whole are pointed at.
func (w *Web) builder(f ruleForm, stored, l string, faults bool) builderView {
	v := builderView{Any: f.Any, AsText: f.AsText, Raw: f.When}
	if f.AsText {
		_, v.Rows = router.ParseConditions(f.When)
	} else {
		v.Raw = f.when(stored) // "" while a row is not filled in
	}
	v.CEL = celTokens(v.Raw)
	for i, r := range f.Rows {
		row := w.rowView(i, r, l, faults)
		n := len(v.Blocks)
		if r.Group > 0 && n > 0 && v.Blocks[n-1].Group == r.Group {
			row.Link = w.link(!f.Any, false, l)
			v.Blocks[n-1].Rows = append(v.Blocks[n-1].Rows, row)
			continue
		}
		b := blockView{Group: r.Group, Link: w.link(f.Any, n == 0, l)}
		if r.Group == 0 {
			row.Link = b.Link
		}
		b.Rows = append(b.Rows, row)
		v.Blocks = append(v.Blocks, b)
	}
	return v
}

// link is the word before a row.
func (w *Web) link(anyOf, first bool, l string) string {
	switch {
	case first:
		return w.Texts.Text(l, "rules.join_if")
	case anyOf:
		return w.Texts.Text(l, "rules.join_or")
	}
	return w.Texts.Text(l, "rules.join_and")
}

func (w *Web) rowView(n int, r formRow, l string, faults bool) rowView {
	op := router.Op(r.Op)
	v := rowView{N: n, Group: r.Group, Fact: r.Fact, Facts: w.factGroups(l, r.Fact), Input: "text"}
	kind := factKind(r.Fact)
	for _, o := range w.likelyOps(r.Fact, kind, op) {
		v.Ops = append(v.Ops, choice{string(o), w.Texts.Text(l, "rules.op_"+string(o)), o == op})
	}
	if faults {
		if bad := (router.Test{Fact: r.Fact, Op: op, Values: r.Values}).Fault(); bad != "" {
			v.Fault = w.Texts.Text(l, "rules.fault_"+string(bad))
		}
	}
	numbers := kind == router.WholeFact || kind == router.NumberFact
	switch takes := op.Takes(); {
	case takes == 0:
		v.Input = "none"
	case takes == 2:
		v.Input = "between"
	case hasChoices(r.Fact) && takes < 0:
		v.Input = "checks"
	case hasChoices(r.Fact) && slices.Contains([]router.Op{router.OpIs, router.OpIsNot, router.OpHas, router.OpHasNot}, op):
		v.Input = "select"
	case numbers && takes == 1:
		v.Input = "number"
	}
	w.fill(&v, r, l)
	v.Long = op == router.OpPattern || op == router.OpNoPattern || len(v.Value) > longValue
	return v
}

// longValue is from how many bytes a value is long.
const longValue = 18

// likelyOps are the operators of a fact; of one that is chosen from a list,
// only those that make sense, and the one it has.
func (w *Web) likelyOps(fact string, kind router.FactKind, has router.Op) []router.Op {
	all := kind.Operators()
	if kind != router.TextFact || !hasChoices(fact) {
		return all
	}
	few := all[:6]
	if !slices.Contains(few, has) {
		few = append(slices.Clone(few), has)
	}
	return few
}

// fill puts the values of a row in its input.
func (w *Web) fill(v *rowView, r formRow, l string) {
	if len(r.Values) > 0 {
		v.Value = r.Values[0]
	}
	if len(r.Values) > 1 {
		v.To = r.Values[1]
	}
	switch v.Input {
	case "text":
		if router.Op(r.Op).Takes() < 0 {
			v.Value = joinList(r.Values)
		}
		return
	case "select", "checks":
	default:
		return
	}
	v.Choices = w.factChoices(r.Fact, l)
	for _, have := range r.Values { // a value that is gone from the catalogue stays to be seen
		if !slices.ContainsFunc(v.Choices, func(c choice) bool { return c.Value == have }) {
			v.Choices = append(v.Choices, choice{Value: have, Text: have})
		}
	}
	var chosen []string
	for i := range v.Choices {
		c := &v.Choices[i]
		if c.On = slices.Contains(r.Values, c.Value); c.On {
			chosen = append(chosen, c.Text)
		}
	}
	v.Chosen = strings.Join(chosen, ", ")
	if v.Chosen == "" {
		v.Chosen = w.Texts.Text(l, "rules.choose")
	}
}
