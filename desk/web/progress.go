package web

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/progress"
)

func (w *Web) progressRoutes() []route {
	get, post := fiber.MethodGet, fiber.MethodPost
	return []route{
		{method: get, path: "/settings/progress", right: desk.SeeDocuments, object: documentObject, handle: w.promises},
		{method: get, path: "/settings/progress/edit", right: desk.Publish, object: documentObject, handle: w.editPromises},
		{method: post, path: "/settings/progress/edit", right: desk.Publish, object: documentObject, handle: w.savePromises, body: 2 << 20},
		{method: post, path: "/settings/progress/rollback", right: desk.Publish, object: documentObject, handle: w.rollbackPromises},
	}
}

// promisesPage is what settingsprogress.html shows.
type promisesPage struct {
	shell
	Version  int
	Can      bool
	Targets  []targetRow
	Lines    []promiseLine
	Rules    []guardRow
	Versions []promiseVersion
	Faults   []formFault
	Conflict bool
}

// targetRow is one target, or the default.
type targetRow struct{ Name, For, Respond, Update, Resolve, Calendar string }

// promiseLine is one setting in words.
type promiseLine struct{ Name, Value string }

// guardRow is one rule of intervention.
type guardRow struct {
	N          int
	Name, When string
	On, Do     []string
	Green, All int
	Off        bool
}

type promiseVersion struct {
	Version           int
	When, By, Reason  string
	InForce, Rollback bool
}

// promises shows what is promised and how it is kept.
func (w *Web) promises(c *fiber.Ctx, s auth.Session) error { return w.showPromises(c, s, nil) }

func (w *Web) showPromises(c *fiber.Ctx, s auth.Session, wrong error) error {
	v, err := w.Policies.View(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	x := promising{w, ui.Language(c)}
	p := promisesPage{shell: w.around(c, s), Version: v.Version, Can: s.Actor().Can(desk.Publish)}
	if v.Policy != nil {
		p.Targets, p.Lines, p.Rules = x.targets(v.Policy), x.lines(*v.Policy), x.rules(v.Policy)
	}
	for _, d := range v.History {
		p.Versions = append(p.Versions, promiseVersion{d.Version, w.stamp(d.At), strings.TrimPrefix(d.By, "agent:"), d.Reason, d.Version == v.Version, p.Can && d.Version != v.Version})
	}
	if wrong != nil {
		p.Conflict, p.Faults = errors.Is(wrong, balie.ErrStale), x.faults(wrong)
		if !toShow(c, wrong) {
			return wrong
		}
	}
	return w.UI.Render(c, "settingsprogress", p)
}

// promising puts promises in words.
type promising struct {
	*Web
	l string
}

func (x promising) t(key string, pairs ...string) string {
	return x.Texts.Text(x.l, "promises."+key, pairs...)
}

// span is opening time in words: "30 min", "4 u", "1 u 30".
func (x promising) span(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())%60
	switch {
	case d <= 0:
		return "–"
	case h == 0:
		return strconv.Itoa(m) + " min"
	case m == 0:
		return x.t("hours", "n", strconv.Itoa(h))
	}
	return x.t("hours", "n", strconv.Itoa(h)) + " " + strconv.Itoa(m)
}

func (x promising) targets(p *progress.Policy) []targetRow {
	row := func(name, who string, q progress.Promise) targetRow {
		return targetRow{name, who, x.span(q.Respond), x.span(q.Update), x.span(q.Resolve), q.Calendar}
	}
	var out []targetRow
	for _, t := range p.Targets {
		out = append(out, row(t.ID, x.who(t), t.Promise))
	}
	return append(out, row(x.t("default"), x.t("all_others"), p.Default))
}

// who says which requests a target is for.
func (x promising) who(t progress.Target) string {
	var parts []string
	add := func(key string, list []string) {
		if len(list) > 0 {
			parts = append(parts, x.t(key)+" "+strings.Join(list, ", "))
		}
	}
	var names []string
	for _, id := range t.Products {
		names = append(names, productIn(x.Library, id, x.l))
	}
	add("for_products", names)
	add("for_groups", t.Groups)
	names = nil
	for _, k := range t.Kinds {
		names = append(names, x.Texts.Text(x.l, "request.kind_"+string(k)))
	}
	add("for_kinds", names)
	names = nil
	for _, n := range t.Priorities {
		names = append(names, x.t("priority_"+strings.ReplaceAll(strconv.Itoa(n), "-", "m")))
	}
	add("for_priorities", names)
	add("for_organisations", t.Organisations)
	add("for_segments", t.Segments)
	if t.KeyAccount {
		parts = append(parts, x.t("for_key"))
	}
	return strings.Join(parts, "; ")
}

func productIn(l *desk.Library, id, language string) string {
	if p, ok := l.Brain().Catalogue.Product(id); ok {
		return p.Name(language)
	}
	return id
}

// lines are the settings besides targets and interventions.
func (x promising) lines(p progress.Policy) []promiseLine {
	yes := func(on bool) string {
		if on {
			return x.t("yes")
		}
		return x.t("no")
	}
	days := make([]string, len(p.Closing.Waiting))
	for i, d := range p.Closing.Waiting {
		days[i] = strconv.Itoa(d)
	}
	share := func(v float64) string { return fmt.Sprintf("%.0f%%", 100*v) }
	n := strconv.Itoa
	return []promiseLine{
		{x.t("delay"), yes(p.Inform.Delay)},
		{x.t("silent"), yes(p.Inform.Silent)},
		{x.t("limit"), x.t("limit_is", "n", n(p.Inform.PerDay), "gap", x.span(p.Inform.Gap))},
		{x.t("remind"), x.t("remind_is", "share", share(p.Remind.Before), "again", x.span(p.Remind.Overdue), "most", n(p.Remind.Most))},
		{x.t("team_silent"), x.span(p.Remind.Silent)},
		{x.t("digest"), orDash(p.Remind.Digest)},
		{x.t("waiting"), x.t("waiting_is", "days", strings.Join(days, ", "))},
		{x.t("solved"), x.t("days", "n", n(p.Closing.Solved))},
		{x.t("reopen"), x.t("days", "n", n(p.Closing.Reopen))},
		{x.t("aftercare"), x.t("aftercare_is", "share", share(p.Aftercare.Sample), "every", n(p.Aftercare.Every), "bad", n(p.Aftercare.Bad))},
		{x.t("signals"), x.t("signals_is", "days", n(p.Signals.Days), "history", n(p.Signals.History), "least", n(p.Signals.Least))},
	}
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func (x promising) rules(p *progress.Policy) []guardRow {
	if p.Interventions == nil {
		return nil
	}
	var out []guardRow
	for i, r := range p.Interventions.Rules() {
		row := guardRow{N: i + 1, Name: r.Name(x.l), When: r.When, Off: r.Disabled, All: len(r.Examples)}
		for _, o := range r.On {
			row.On = append(row.On, x.t("on_"+string(o)))
		}
		for _, a := range r.Do {
			row.Do = append(row.Do, strings.TrimSpace(x.t("do_"+a.Do)+" "+a.Whom+a.Value))
		}
		for _, e := range r.Examples {
			if e.Holds {
				row.Green++
			}
		}
		out = append(out, row)
	}
	return out
}

// faults are what is wrong, with the line where it is.
func (x promising) faults(err error) []formFault {
	var out []formFault
	for _, e := range invalidFields(err) {
		text := e.Problem
		if e.Fix != "" {
			text += "; " + e.Fix
		}
		if e.Line > 0 {
			text = x.t("at_line", "n", strconv.Itoa(e.Line)) + ": " + text
		}
		out = append(out, formFault{"yaml", text})
	}
	return out
}

// promisesEdit is what settingsprogressedit.html shows.
type promisesEdit struct {
	shell
	Version  int
	Base     int
	Body     string
	Reason   string
	Faults   []formFault
	Conflict bool
	Effect   *promiseEffect
}

// promiseEffect is what a draft would change, in words.
type promiseEffect struct {
	Open, Late, Solved string
	Rows               []promiseMoved
	Findings           []string
	Failing            []string
}

type promiseMoved struct{ Ref, Path, Subject, Lang, Before, After, Class string }

func (w *Web) editPromises(c *fiber.Ctx, s auth.Session) error {
	v, err := w.Policies.View(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	return w.UI.Render(c, "settingsprogressedit", promisesEdit{shell: w.around(c, s), Version: v.Version, Base: v.Version, Body: string(v.Body)})
}

// savePromises tries what was typed, or publishes it.
func (w *Web) savePromises(c *fiber.Ctx, s auth.Session) error {
	x := promising{w, ui.Language(c)}
	body := strings.ReplaceAll(c.FormValue("yaml"), "\r\n", "\n")
	base, err := strconv.Atoi(c.FormValue("base"))
	if err != nil {
		return &balie.InvalidError{Field: "base", Problem: "it is not said which version was changed", Fix: "open the page again"}
	}
	p := promisesEdit{shell: w.around(c, s), Version: base, Base: base, Body: body, Reason: c.FormValue("reason")}
	if c.FormValue("act") == "publish" {
		if _, err = w.Policies.Publish(c.UserContext(), s.Actor(), base, []byte(body), p.Reason, w.Now()); err == nil {
			return c.Redirect("/settings/progress", fiber.StatusSeeOther)
		}
	} else {
		var e desk.PolicyEffect
		if e, err = w.Policies.Try(c.UserContext(), s.Actor(), []byte(body), w.Now()); err == nil {
			p.Effect = x.effect(e)
		}
	}
	if err == nil {
		return w.UI.Render(c, "settingsprogressedit", p)
	}
	p.Conflict, p.Faults = errors.Is(err, balie.ErrStale), x.faults(err)
	if !toShow(c, err) {
		return err
	}
	if v, err := w.Policies.View(c.UserContext(), s.Actor()); err == nil && p.Conflict {
		p.Version = v.Version
	}
	return w.UI.Render(c, "settingsprogressedit", p)
}

func (x promising) effect(e desk.PolicyEffect) *promiseEffect {
	n := strconv.Itoa
	out := &promiseEffect{
		Open:   x.t("effect_open", "moved", n(e.Moved), "of", n(e.Looked)),
		Late:   x.t("effect_late", "new", n(e.NewlyLate), "gone", n(e.NoMoreLate)),
		Solved: x.t("effect_solved", "n", n(e.Judged), "respond_now", n(e.RespondNow), "respond", n(e.Respond), "resolve_now", n(e.ResolveNow), "resolve", n(e.Resolve)),
	}
	when := func(k desk.Clock) string {
		if k.IsZero() {
			return "–"
		}
		return i18n.Moment(x.l, k.Due.In(x.Zone))
	}
	for _, r := range e.Rows {
		row := promiseMoved{Ref: r.Request.Ref, Path: "/r/" + r.Request.Ref, Subject: r.Request.Subject, Lang: r.Request.Language, Before: when(r.Before), After: when(r.Now)}
		if r.Now.Late && !r.Before.Late {
			row.Class = "bad"
		}
		out.Rows = append(out.Rows, row)
	}
	for _, f := range e.Warnings {
		out.Findings = append(out.Findings, f.Rule+": "+f.Problem)
	}
	for _, f := range e.Failing {
		out.Failing = append(out.Failing, f.Rule+": "+f.Problem)
	}
	return out
}

// rollbackPromises publishes an old version again.
func (w *Web) rollbackPromises(c *fiber.Ctx, s auth.Session) error {
	to, err1 := strconv.Atoi(c.FormValue("to"))
	base, err2 := strconv.Atoi(c.FormValue("base"))
	if err1 != nil || err2 != nil {
		return &balie.InvalidError{Field: "to", Problem: "it is not said which version", Fix: "choose one of the list"}
	}
	if _, err := w.Policies.Rollback(c.UserContext(), s.Actor(), to, base, c.FormValue("reason"), w.Now()); err != nil {
		return w.showPromises(c, s, err)
	}
	return c.Redirect("/settings/progress", fiber.StatusSeeOther)
}
