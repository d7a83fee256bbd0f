package web

import (
	"errors"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/router"
)

// rulePage is what rule.html shows: one rule.
type rulePage struct {
	rulesPage
	Path     string
	ID       string
	N, Of    int
	New      bool
	Form     ruleForm
	Title    string
	Builder  builderView
	Then     thenView
	Examples []exampleView
	Good     int
	Bad      int
	Errors   []formError
	Stale    bool // it was changed in another window
	Warnings []findingLine
	Draft    string // version of the draft
	Base     int
	Backtest *backtestView
	Sizes    []int
	Stops    bool // it decides, so that the search ends
	More     bool // it does more than decide
}

// formError is what is wrong in a form, with its field.
type formError struct{ Field, Text, Fix string }

// exampleView is an example and what came of it.
type exampleView struct {
	exampleForm
	N       int
	Known   bool // it was tried
	Holds   bool
	Goes    destination
	Problem string
	Fix     string
}

// thenView is what a rule can do, with what it does chosen.
type thenView struct {
	Priorities, Kinds, Products, Deciding, Teams, Alerts []choice
}

func (w *Web) rule(c *fiber.Ctx, s auth.Session) error {
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	r, _, ok := v.Rule(c.Params("rule"))
	if !ok {
		return balie.ErrNotFound
	}
	p := w.rulePage(c, s, v, formOf(r), r, r)
	if c.Query("as") == "cel" && !p.Form.AsText {
		p.Form.act("cel")
		p.Builder = w.builder(p.Form, r.When, ui.Language(c), false)
	}
	return w.UI.Render(c, "rule", p)
}

// newRule is the form of a rule that is not there yet.
func (w *Web) newRule(c *fiber.Ctx, s auth.Session) error {
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	f := ruleForm{Names: map[string]string{}, On: true, Then: thenForm{Decide: string(balie.DoDesk)}}
	f.act("add")
	return w.UI.Render(c, "rule", w.rulePage(c, s, v, f, router.Rule{}, router.Rule{}))
}

// rulePage fills the page of a rule: its form, the stored one, and the one
// that examples are tried with.
func (w *Web) rulePage(c *fiber.Ctx, s auth.Session, v desk.RulesView, f ruleForm, stored, tried router.Rule) rulePage {
	l := ui.Language(c)
	p := rulePage{rulesPage: w.rulesFrame(c, s, v, f.ID), Path: rulePath(f.ID), ID: f.ID, New: f.ID == "", Form: f,
		Builder: w.builder(f, stored.When, l, false), Then: w.thenView(f.Then, l), Draft: draftVersion(v.Draft.Seen()), Base: v.Draft.Base,
		Sizes: backtestSizes, Of: len(v.Rules.Rules()), Stops: f.Then.Decide != "", More: f.Then.more()}
	if p.New {
		p.Path, p.N = "/rules/new", p.Of
		p.Title = w.Texts.Text(l, "rules.new_title")
	}
	if r, i, ok := v.Rule(f.ID); ok {
		p.N, p.Title = i+1, r.Name(l)
		p.Warnings = w.findingLines(v, ofRule(v.Warnings, f.ID), l)
	}
	w.examples(&p, v, tried, l)
	if p.Bar.Backtest != nil {
		b := w.backtestView(*p.Bar.Backtest, v, l)
		p.Backtest = &b
	}
	return p
}

func ofRule(all []router.Finding, id string) []router.Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f router.Finding) bool { return f.Rule != id })
}

// examples shows the form's examples with what came of those that were tried.
func (w *Web) examples(p *rulePage, v desk.RulesView, tried router.Rule, l string) {
	var outcomes []desk.ExampleOutcome
	if tried.ID != "" {
		outcomes = w.Rules.Outcomes(v.Rules, tried, w.Now())
	}
	for i, x := range p.Form.Examples {
		e := exampleView{exampleForm: x, N: i}
		for _, o := range outcomes {
			if o.Text != x.Text || o.Must == x.MustNot || o.Language != x.Language || router.FactsText(o.With) != x.With {
				continue
			}
			e.Known, e.Holds = true, o.Holds
			e.Goes = w.goesTo(o.Decision.Do, "", l)
			e.Problem, e.Fix = w.inWords(l, o.Problem), w.inWords(l, o.Fix)
		}
		switch {
		case e.Known && e.Holds:
			p.Good++
		case e.Known:
			p.Bad++
		}
		p.Examples = append(p.Examples, e)
	}
}

func (w *Web) thenView(t thenForm, l string) thenView {
	var v thenView
	none := choice{"", w.Texts.Text(l, "rules.leave"), false}
	pick := func(has string, list []string, fact string) []choice {
		out := []choice{none}
		for _, x := range list {
			out = append(out, choice{x, w.choiceText(fact, x, l), x == has})
		}
		return out
	}
	v.Priorities = pick(t.Priority, []string{"low", "normal", "high", "urgent"}, "priority")
	v.Kinds = pick(t.Kind, []string{"question", "order", "fault", "complaint", "wish", "compliment"}, "kind")
	v.Products = []choice{none}
	b := w.Rules.Brain()
	for _, p := range b.Catalogue.Products {
		v.Products = append(v.Products, choice{p.ID, p.Name(l), p.ID == t.Product})
	}
	for _, do := range []balie.ActionKind{"", balie.DoAnswer, balie.DoAsk, balie.DoOffer, balie.DoHandOut, balie.DoDesk, balie.DoDiscard} {
		key := "rules.decide_" + string(do)
		if do == "" {
			key = "rules.decide_none"
		}
		v.Deciding = append(v.Deciding, choice{string(do), w.Texts.Text(l, key), string(do) == t.Decide})
	}
	v.Teams = []choice{{string(router.AskOwner), w.Texts.Text(l, "rules.to_owner"), t.To == string(router.AskOwner)},
		{string(router.AskAccountTeam), w.Texts.Text(l, "rules.to_account"), t.To == string(router.AskAccountTeam)}}
	for _, role := range []string{"agent", "lead", "admin"} {
		v.Alerts = append(v.Alerts, choice{role, w.Texts.Text(l, "rules.role_"+role), slices.Contains(t.Alert, role)})
	}
	for _, team := range b.Catalogue.Teams {
		v.Teams = append(v.Teams, choice{team.ID, team.Name(l), t.To == team.ID})
		v.Alerts = append(v.Alerts, choice{team.ID, team.Name(l), slices.Contains(t.Alert, team.ID)})
	}
	return v
}

// editRule does what a button of the form says: change the form, try it, or
// keep it.
func (w *Web) editRule(c *fiber.Ctx, s auth.Session) error {
	in := values(c)
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	id := c.Params("rule")
	stored, at, ok := v.Rule(id)
	if id != "" && !ok {
		return balie.ErrNotFound
	}
	f := readRuleForm(id, in)
	act := in.Get("act")
	switch {
	case act == "delete" || act == "copy":
		return w.wholeRule(c, s, act, id, seenOf(in))
	case act == "preview":
		f.act(in.Get("first"))
		return w.previewRule(c, f, stored)
	case f.act(act):
		return w.tryRule(c, s, v, f, stored)
	}
	return w.keepRule(c, s, v, f, stored, at, seenOf(in))
}

// wholeRule deletes or copies a rule.
func (w *Web) wholeRule(c *fiber.Ctx, s auth.Session, act, id string, seen desk.DraftSeen) error {
	if act == "delete" {
		if _, err := w.Rules.RemoveRule(c.UserContext(), s.Actor(), seen, id, w.Now()); err != nil {
			return err
		}
		return c.Redirect("/rules?did=removed", fiber.StatusSeeOther)
	}
	copied, _, err := w.Rules.DuplicateRule(c.UserContext(), s.Actor(), seen, id, w.Now())
	if err != nil {
		return err
	}
	return c.Redirect(rulePath(copied)+"?did=copied", fiber.StatusSeeOther)
}

// previewRule answers a script with the builder alone.
func (w *Web) previewRule(c *fiber.Ctx, f ruleForm, stored router.Rule) error {
	p := rulePage{rulesPage: rulesPage{Can: true}, Form: f, Builder: w.builder(f, stored.When, ui.Language(c), false)}
	return w.UI.Render(c, "rulebuilder", p)
}

// tryRule shows the form as it is, with what came of its examples.
func (w *Web) tryRule(c *fiber.Ctx, s auth.Session, v desk.RulesView, f ruleForm, stored router.Rule) error {
	var tried router.Rule
	if r, err := f.rule(stored); err == nil && f.conditions().Whole() {
		if r.ID == "" {
			r.ID = router.Rule{ID: desk.FreeRuleID(v.Rules.Rules(), "nieuw")}.ID
		}
		if with, err := w.Rules.With(v, r, w.Now()); err == nil {
			v.Rules, tried = with.Rules, r
		}
	}
	return w.UI.Render(c, "rule", w.rulePage(c, s, v, f, stored, tried))
}

// keepRule saves the form in the draft. What is wrong is shown in it.
func (w *Web) keepRule(c *fiber.Ctx, s auth.Session, v desk.RulesView, f ruleForm, stored router.Rule, at int, seen desk.DraftSeen) error {
	l := ui.Language(c)
	f.act("example")
	errs := w.formErrors(f, l)
	r, err := f.rule(stored)
	if err == nil && len(errs) == 0 {
		err = w.putRule(c, s, v, &r, seen)
	}
	if err == nil && len(errs) == 0 {
		did := "saved"
		if f.ID == "" {
			did = "added"
		}
		return c.Redirect(rulePath(r.ID)+"?did="+did, fiber.StatusSeeOther)
	}
	stale := errors.Is(err, balie.ErrStale)
	if err != nil && !stale {
		found := w.errorsOf(err, f, l)
		if found == nil {
			return err
		}
		errs = append(errs, found...)
	}
	p := w.rulePage(c, s, v, f, stored, router.Rule{})
	p.Builder = w.builder(f, stored.When, l, true)
	p.Errors, p.Stale = errs, stale
	for _, e := range errs {
		if e.Field == "when" {
			p.Builder.Fault, p.Builder.Fix = e.Text, e.Fix
		}
	}
	c.Status(fiber.StatusUnprocessableEntity)
	if stale {
		c.Status(fiber.StatusConflict)
	}
	return w.UI.Render(c, "rule", p)
}

// putRule keeps a rule: in its place, or a new one before the last, which
// catches all.
func (w *Web) putRule(c *fiber.Ctx, s auth.Session, v desk.RulesView, r *router.Rule, seen desk.DraftSeen) error {
	if r.ID != "" {
		_, err := w.Rules.SaveRule(c.UserContext(), s.Actor(), seen, *r, w.Now())
		return err
	}
	rules := v.Rules.Rules()
	r.ID = desk.FreeRuleID(rules, r.Name(ui.Language(c)))
	if ownPlaces[r.ID] {
		r.ID = desk.FreeRuleID(rules, "regel-"+r.ID)
	}
	for i := range r.Then {
		r.Then[i].Rule = r.ID
	}
	at := len(rules)
	if at > 0 && strings.TrimSpace(rules[at-1].When) == "true" {
		at--
	}
	_, err := w.Rules.AddRule(c.UserContext(), s.Actor(), seen, *r, at, w.Now())
	return err
}

// formErrors is what is wrong with a form before anything is compiled.
func (w *Web) formErrors(f ruleForm, l string) []formError {
	t := func(key string) string { return w.Texts.Text(l, "rules."+key) }
	var out []formError
	if len(f.Names) == 0 {
		out = append(out, formError{"name." + l, t("err_name"), t("err_name_fix")})
	}
	if !f.AsText {
		for i, r := range f.Rows {
			if bad := (router.Test{Fact: r.Fact, Op: router.Op(r.Op), Values: r.Values}).Fault(); bad != "" {
				out = append(out, formError{"c" + itoa(i) + ".value", w.factText(r.Fact, l) + ": " + t("fault_"+string(bad)), ""})
			}
		}
	}
	if f.Then.Decide == string(balie.DoHandOut) && f.Then.To == "" {
		out = append(out, formError{"to", t("err_to"), t("err_to_fix")})
	}
	return out
}

// errorsOf are the problems that a refused rule has, each at its field; nil
// when the error is no problem of the form.
func (w *Web) errorsOf(err error, f ruleForm, l string) []formError {
	var out []formError
	for _, e := range invalids(err) {
		field := e.Field
		switch {
		case strings.HasSuffix(field, ".when"):
			field = "when"
		case strings.Contains(field, ".then.hand_out"):
			field = "to"
		case strings.Contains(field, ".then"):
			field = "decide"
		case strings.Contains(field, ".examples"):
			field = "examples"
		case strings.HasPrefix(field, "rule ") && !strings.HasPrefix(field, "rule "+f.ID):
			field = ""
		}
		text := w.inWords(l, e.Problem)
		if other, of := strings.CutPrefix(e.Field, "rule "); of {
			if id, _, _ := strings.Cut(other, "."); id != f.ID && f.ID != "" {
				text = w.Texts.Text(l, "rules.err_other", "rule", w.ruleName(id, l), "problem", text)
			}
		}
		out = append(out, formError{field, text, w.inWords(l, e.Fix)})
	}
	return out
}

// invalids are all problems that an error joins.
func invalids(err error) []*balie.InvalidError {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*balie.InvalidError
		for _, e := range list.Unwrap() {
			out = append(out, invalids(e)...)
		}
		return out
	}
	var one *balie.InvalidError
	if errors.As(err, &one) {
		return []*balie.InvalidError{one}
	}
	return nil
}

// discardRules throws the draft away.
func (w *Web) discardRules(c *fiber.Ctx, s auth.Session) error {
	if err := w.Rules.Discard(c.UserContext(), s.Actor(), seenOf(values(c)), w.Now()); err != nil {
		return err
	}
	return c.Redirect("/rules?did=discarded", fiber.StatusSeeOther)
}

// restoreRules gives it back.
func (w *Web) restoreRules(c *fiber.Ctx, s auth.Session) error {
	if _, err := w.Rules.Restore(c.UserContext(), s.Actor(), w.Now()); err != nil {
		return err
	}
	return c.Redirect("/rules?did=restored", fiber.StatusSeeOther)
}

// rulesTextPage is what rulestext.html shows: the whole ruleset as YAML.
type rulesTextPage struct {
	rulesPage
	Body   string
	Draft  string
	Base   int
	Errors []formError
	Stale  bool
}

func (w *Web) rulesText(c *fiber.Ctx, s auth.Session) error {
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	return w.UI.Render(c, "rulestext", w.rulesTextPage(c, s, v, string(v.Draft.Body)))
}

func (w *Web) rulesTextPage(c *fiber.Ctx, s auth.Session, v desk.RulesView, body string) rulesTextPage {
	return rulesTextPage{rulesPage: w.rulesFrame(c, s, v, ""), Body: body, Draft: draftVersion(v.Draft.Seen()), Base: v.Draft.Base}
}

func (w *Web) saveRulesText(c *fiber.Ctx, s auth.Session) error {
	in := values(c)
	body := newlines(in.Get("body"))
	_, err := w.Rules.SaveText(c.UserContext(), s.Actor(), seenOf(in), []byte(body), w.Now())
	if err == nil {
		return c.Redirect("/rules/text?did=text", fiber.StatusSeeOther)
	}
	stale := errors.Is(err, balie.ErrStale)
	problems := invalids(err)
	if !stale && problems == nil {
		return err
	}
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	p := w.rulesTextPage(c, s, v, body)
	p.Stale = stale
	c.Status(fiber.StatusUnprocessableEntity)
	if stale {
		c.Status(fiber.StatusConflict)
		p.Draft, p.Base = in.Get("draft"), seenOf(in).Base
	}
	for _, e := range problems {
		p.Errors = append(p.Errors, formError{"body", placed(e), w.inWords(ui.Language(c), e.Fix)})
	}
	return w.UI.Render(c, "rulestext", p)
}

// placed is a problem with its line.
func placed(e *balie.InvalidError) string {
	return strings.TrimPrefix((&balie.InvalidError{File: "r", Line: e.Line, Col: e.Col, Field: e.Field, Problem: e.Problem}).Error(), "r:")
}
