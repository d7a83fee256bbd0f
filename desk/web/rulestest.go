package web

import (
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/router"
)

// rulesTestPage is what rulestest.html shows: a question under the draft and
// under what is in force.
type rulesTestPage struct {
	rulesPage
	Q         desk.RuleQuestion
	Channels  []choice
	Languages []choice
	Errors    []formError
	Result    *trialView
}

// trialView is what came of a question.
type trialView struct {
	Draft, InForce decisionView
	Differs        bool
	Both           bool // there is a draft
	Ref, Subject   string
	Match          []matchView
	Missing        []string
	Rules          []trialRule
	Quiet          int // rules that matched under neither, left out
}

// decisionView is a decision in words.
type decisionView struct {
	Goes destination
	Also []string
	Rule string
	Path string
	Why  string
}

// matchView is a product that the question may be about.
type matchView struct {
	Name  string
	Score string
	Terms []string
}

// trialRule is one rule of the trace, under both.
type trialRule struct {
	Name, Path     string
	N              int
	Draft, InForce string // outcome, in words; "": not in that one
	Class          string
	Decided        bool
	Differs        bool
	Clause         clauseView
}

// clauseView is a clause with what it saw.
type clauseView struct {
	Text, Join string
	Is         string // its class: y, no, or nothing
	Says       string // its outcome in words
	Saw        []router.Saw
	Of         []clauseView
}

func (w *Web) rulesTest(c *fiber.Ctx, s auth.Session) error {
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	return w.UI.Render(c, "rulestest", w.rulesTestPage(c, s, v, desk.RuleQuestion{Channel: "email"}))
}

func (w *Web) rulesTestPage(c *fiber.Ctx, s auth.Session, v desk.RulesView, q desk.RuleQuestion) rulesTestPage {
	l := ui.Language(c)
	p := rulesTestPage{rulesPage: w.rulesFrame(c, s, v, ""), Q: q}
	for _, x := range w.factChoices("message.channel", l) {
		x.On = x.Value == q.Channel
		p.Channels = append(p.Channels, x)
	}
	p.Languages = []choice{{"", w.Texts.Text(l, "rules.language_told"), q.Language == ""}}
	for _, x := range w.factChoices("message.language", l) {
		x.On = x.Value == q.Language
		p.Languages = append(p.Languages, x)
	}
	return p
}

// tryRules shows what becomes of a question. Nothing is kept, and the words
// stay out of the address.
func (w *Web) tryRules(c *fiber.Ctx, s auth.Session) error {
	in := values(c)
	q := desk.RuleQuestion{Ref: strings.TrimSpace(in.Get("ref")), Channel: in.Get("channel"), Language: in.Get("language"), From: strings.TrimSpace(in.Get("from")),
		Subject: in.Get("subject"), Text: newlines(in.Get("text")), Unproven: in.Get("unproven") != "", Closed: in.Get("closed") != ""}
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	if q.Channel == "" {
		q.Channel = "email"
	}
	p := w.rulesTestPage(c, s, v, q)
	t, err := w.Rules.Try(c.UserContext(), s.Actor(), q, w.Now())
	var invalid *balie.InvalidError
	switch {
	case errors.As(err, &invalid):
		l := ui.Language(c)
		p.Errors = []formError{{invalid.Field, w.Texts.Text(l, "rules.err_"+invalid.Field), w.Texts.Text(l, "rules.err_"+invalid.Field+"_fix")}}
		c.Status(fiber.StatusUnprocessableEntity)
	case err != nil:
		return err
	default:
		r := w.trialView(t, v, ui.Language(c))
		p.Result = &r
	}
	return w.UI.Render(c, "rulestest", p)
}

func (w *Web) trialView(t desk.RuleTrial, v desk.RulesView, l string) trialView {
	out := trialView{Draft: w.decisionView(t.Draft.Decision, v.Rules, l), InForce: w.decisionView(t.InForce.Decision, w.Rules.Brain().Rules, l),
		Differs: t.Differs(), Both: v.Draft.Begun(), Ref: t.Request.Ref, Subject: t.Request.Subject, Missing: t.Facts.Missing}
	for i, m := range t.Match {
		if i == 3 {
			break
		}
		out.Match = append(out.Match, matchView{w.productName(m.Product, l), w.percent(m.Score, l), m.Terms})
	}
	if t.Match == nil && t.Facts.Match.Product != "" {
		out.Match = []matchView{{w.productName(t.Facts.Match.Product, l), w.percent(t.Facts.Match.Score, l), nil}}
	}
	other := map[string]router.RuleTrace{}
	for _, r := range t.InForce.Rules {
		other[r.ID] = r
	}
	for i, r := range t.Draft.Rules {
		was, both := other[r.ID]
		delete(other, r.ID)
		line := w.trialRule(r, i+1, l)
		line.InForce = ""
		if both {
			line.InForce = w.outcomeText(was, l)
		}
		line.Differs = out.Both && line.InForce != line.Draft
		if r.Is == router.False && !line.Differs {
			out.Quiet++
			continue
		}
		if r.Is == router.Later && !line.Differs {
			continue
		}
		out.Rules = append(out.Rules, line)
	}
	for _, r := range t.InForce.Rules { // gone from the draft
		if _, gone := other[r.ID]; gone && r.Is == router.True {
			line := w.trialRule(r, 0, l)
			line.InForce, line.Draft, line.Differs = line.Draft, "", true
			out.Rules = append(out.Rules, line)
		}
	}
	return out
}

func (w *Web) percent(score float64, l string) string {
	return w.Texts.Text(l, "rules.percent", "n", itoa(int(score*100+0.5)))
}

func (w *Web) decisionView(d balie.Decision, rs *router.Ruleset, l string) decisionView {
	v := decisionView{Goes: w.goesTo(d.Do, "", l), Also: w.alsoDoes(d.Do, l), Rule: w.Texts.Text(l, "rules.no_rule"), Why: d.Reason}
	for _, r := range rs.Rules() {
		if r.ID == d.Rule {
			v.Rule, v.Path = r.Name(l), rulePath(r.ID)
		}
	}
	if _, why, ok := strings.Cut(d.Reason, `": `); ok && d.Rule != "" {
		v.Why = why
	}
	return v
}

func (w *Web) trialRule(r router.RuleTrace, n int, l string) trialRule {
	line := trialRule{Name: r.Name, Path: rulePath(r.ID), N: n, Draft: w.outcomeText(r, l), Decided: r.Decided, Clause: w.clause(r.Clause, l)}
	if r.Is == router.True {
		line.Class = "ok"
	}
	if r.Is == router.Failed {
		line.Class = "bad"
	}
	return line
}

func (w *Web) outcomeText(r router.RuleTrace, l string) string {
	if r.Decided {
		return w.Texts.Text(l, "rules.is_decided")
	}
	return w.Texts.Text(l, "rules.is_"+strings.ReplaceAll(string(r.Is), " ", "_"))
}

// clause shows a clause. One that joins others is shown by them.
func (w *Web) clause(c router.Clause, l string) clauseView {
	v := clauseView{Text: c.Text, Join: c.Join, Saw: c.Saw, Says: w.Texts.Text(l, "rules.is_"+strings.ReplaceAll(string(c.Is), " ", "_"))}
	switch c.Is {
	case router.True:
		v.Is = "y"
	case router.False:
		v.Is = "no"
	}
	if c.Join == "not" {
		if len(c.Of) == 1 {
			v.Saw = c.Of[0].Saw
		}
		return v
	}
	for _, k := range c.Of {
		v.Of = append(v.Of, w.clause(k, l))
	}
	return v
}
