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
	"github.com/balie/balie/store"
)

// reviewPage is what rulesreview.html shows: what is going to be published.
type reviewPage struct {
	rulesPage
	Diffs    []ruleDiff
	Edited   int
	Added    int
	Removed  int
	Failed   []findingLine
	Warnings []findingLine
	Problem  string
	Catches  bool // the last rule takes what no other did
	Job      *backtestView
	Sizes    []int
	Reason   string
	Errors   []formError
	Draft    string
	Base     int
	History  []versionLine
	Merge    *mergeView
}

// mergeView is what another admin changed meanwhile.
type mergeView struct {
	Since     []versionLine
	Theirs    []ruleDiff
	Conflicts []conflictView
}

// conflictView is a rule that both changed.
type conflictView struct {
	ID, Name     string
	Mine, Theirs ruleDiff
	Pick         string
	Fault        string
}

// versionLine is a published version.
type versionLine struct {
	N            int
	Path         string
	Reason       string
	Who, When    string
	InForce      bool
	RollbackText string
}

func (w *Web) rulesReview(c *fiber.Ctx, s auth.Session) error {
	p, err := w.reviewPage(c, s)
	if err != nil {
		return err
	}
	return w.UI.Render(c, "rulesreview", p)
}

// mostVersions is how many versions stand beside the review.
const mostVersions = 5

func (w *Web) reviewPage(c *fiber.Ctx, s auth.Session) (reviewPage, error) {
	l, ctx, a := ui.Language(c), c.UserContext(), s.Actor()
	v, err := w.Rules.View(ctx, a, w.Now())
	if err != nil {
		return reviewPage{}, err
	}
	history, err := w.Rules.RulesHistory(ctx, a)
	if err != nil {
		return reviewPage{}, err
	}
	p := reviewPage{rulesPage: w.rulesFrame(c, s, v, ""), Failed: w.findingLines(v, v.Failed, l), Warnings: w.findingLines(v, v.Warnings, l),
		Sizes: backtestSizes, Draft: draftVersion(v.Draft.Seen()), Base: v.Draft.Base, Catches: catches(v.Rules)}
	p.Diffs = w.ruleDiffs(v.Base, v.Rules, v.Diff, l)
	for _, d := range p.Diffs {
		switch d.Kind {
		case string(router.Added):
			p.Added++
		case string(router.Removed):
			p.Removed++
		default:
			p.Edited++
		}
	}
	for _, e := range invalids(v.Problem) {
		p.Problem = strings.TrimSuffix(w.inWords(l, e.Problem)+". "+w.inWords(l, e.Fix), ". ")
	}
	if p.Bar.Backtest != nil {
		job := w.backtestView(*p.Bar.Backtest, v, l)
		p.Job = &job
		for i := range p.Diffs {
			p.Diffs[i].Hits, p.Diffs[i].Of = hitsOf(p.Bar.Backtest.Report, p.Diffs[i].ID), p.Bar.Backtest.Report.Total
		}
	}
	p.History = w.versionLines(history, l, mostVersions)
	if v.Draft.Begun() && v.Draft.Stale() {
		m, err := w.Rules.Merge(ctx, a)
		if err != nil {
			return p, err
		}
		p.Merge = w.mergeView(m, l)
	}
	p.Bar.Reviewing, p.Bar.Blocked = v.Draft.Begun(), p.Merge != nil || len(p.Failed) > 0 || p.Problem != "" || len(p.Diffs) == 0
	return p, nil
}

// hitsOf is how many past requests go otherwise by a rule.
func hitsOf(r router.Report, id string) int {
	n := 0
	for _, g := range r.Groups {
		if g.Rule == id {
			n += g.N
		}
	}
	return n
}

// catches reports whether the last rule that is on takes everything.
func catches(rs *router.Ruleset) bool {
	rules := rs.Rules()
	for i := len(rules) - 1; i >= 0; i-- {
		if !rules[i].Disabled {
			return strings.TrimSpace(rules[i].When) == "true" && len(rules[i].Then) > 0
		}
	}
	return false
}

func (w *Web) mergeView(m desk.Merge, l string) *mergeView {
	out := &mergeView{Since: w.versionLines(m.Since, l, 0), Theirs: w.ruleDiffs(m.Base, m.Theirs, m.ByThem, l)}
	mine := w.ruleDiffs(m.Base, m.Mine, m.ByMe, l)
	for _, id := range m.Conflicts {
		c := conflictView{ID: id, Name: ruleNameIn(m.Base, id, l)}
		for _, d := range mine {
			if d.ID == id {
				c.Mine = d
			}
		}
		for _, d := range out.Theirs {
			if d.ID == id {
				c.Theirs = d
			}
		}
		out.Conflicts = append(out.Conflicts, c)
	}
	return out
}

// versionLines are versions in words; most 0 is all.
func (w *Web) versionLines(all []store.Document, l string, most int) []versionLine {
	var out []versionLine
	now := w.Rules.Brain().Rules.Version
	for _, d := range all {
		if most > 0 && len(out) == most {
			break
		}
		out = append(out, versionLine{N: d.Version, Path: "/rules/history/" + itoa(d.Version), Reason: d.Reason, Who: w.who(d.By, l),
			When: w.shortDay(l, d.At) + " " + clockText(l, d.At.In(w.Zone)), InForce: d.Version == now})
	}
	return out
}

// who is who published, as people call them.
func (w *Web) who(by, l string) string {
	if id, ok := strings.CutPrefix(by, "agent:"); ok {
		if id == "cli" {
			return w.Texts.Text(l, "rules.by_cli")
		}
		return id
	}
	if by == "setup" {
		return w.Texts.Text(l, "rules.by_setup")
	}
	return by
}

// publishRules puts the draft in force.
func (w *Web) publishRules(c *fiber.Ctx, s auth.Session) error {
	in := values(c)
	n, err := w.Rules.PublishDraft(c.UserContext(), s.Actor(), seenOf(in), newlines(in.Get("reason")), w.Now())
	if err == nil {
		return c.Redirect("/rules?did=published&v="+itoa(n), fiber.StatusSeeOther)
	}
	return w.reviewAgain(c, s, err, in.Get("reason"), nil)
}

// reviewAgain shows the review with what is wrong and what was typed.
func (w *Web) reviewAgain(c *fiber.Ctx, s auth.Session, err error, reason string, pick map[string]string) error {
	problems := invalids(err)
	if problems == nil && !isStale(err) {
		return err
	}
	l := ui.Language(c)
	p, err2 := w.reviewPage(c, s)
	if err2 != nil {
		return errors.Join(err, err2)
	}
	p.Reason = reason
	c.Status(fiber.StatusUnprocessableEntity)
	if isStale(err) {
		c.Status(fiber.StatusConflict)
		key := "err_stale"
		if p.Merge != nil {
			key = "err_merge"
		}
		p.Errors = append(p.Errors, formError{"merge", w.Texts.Text(l, "rules."+key), ""})
	}
	for _, e := range problems {
		if id, ok := strings.CutPrefix(e.Field, "pick."); ok {
			p.Errors = append(p.Errors, formError{e.Field, w.Texts.Text(l, "rules.err_pick", "rule", w.ruleName(id, l)), ""})
			continue
		}
		key := "rules.err_" + e.Field
		text := w.Texts.Text(l, key)
		if text == key {
			text = w.inWords(l, e.Problem)
		}
		p.Errors = append(p.Errors, formError{e.Field, text, ""})
	}
	for i := range p.mergeConflicts() {
		p.Merge.Conflicts[i].Pick = pick[p.Merge.Conflicts[i].ID]
	}
	return w.UI.Render(c, "rulesreview", p)
}

func (p *reviewPage) mergeConflicts() []conflictView {
	if p.Merge == nil {
		return nil
	}
	return p.Merge.Conflicts
}

// reapplyRules puts the draft on top of what another admin published.
func (w *Web) reapplyRules(c *fiber.Ctx, s auth.Session) error {
	in := values(c)
	pick := map[string]string{}
	for k := range in {
		if id, ok := strings.CutPrefix(k, "pick."); ok {
			pick[id] = in.Get(k)
		}
	}
	if _, err := w.Rules.Reapply(c.UserContext(), s.Actor(), seenOf(in), pick, w.Now()); err != nil {
		return w.reviewAgain(c, s, err, "", pick)
	}
	return c.Redirect("/rules/review?did=reapplied", fiber.StatusSeeOther)
}

// rollbackRules publishes an old version again.
func (w *Web) rollbackRules(c *fiber.Ctx, s auth.Session) error {
	in := values(c)
	version, base := atoi(in.Get("version")), atoi(in.Get("base"))
	if version < 1 {
		return &balie.InvalidError{Field: "version", Problem: "it is not said to which version", Fix: "choose one in the history"}
	}
	reason := w.Texts.Text(ui.Language(c), "rules.rollback_reason", "n", itoa(version))
	n, err := w.Rules.Rollback(c.UserContext(), s.Actor(), version, base, reason, w.Now())
	if err != nil {
		return err
	}
	return c.Redirect("/rules?did=rolledback&v="+itoa(n)+"&back="+itoa(base), fiber.StatusSeeOther)
}
