package web

import (
	"errors"
	"html/template"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/report"
)

func (w *Web) planRoutes() []route {
	get, post := fiber.MethodGet, fiber.MethodPost
	return []route{
		{method: get, path: "/plan", right: desk.SeeDocuments, object: documentObject, handle: w.plan},
		{method: get, path: "/plan/file", right: desk.SeeDocuments, object: documentObject, handle: w.planFile},
		{method: get, path: "/plan/history", right: desk.SeeDocuments, object: documentObject, handle: w.planHistory},
		{method: post, path: "/plan/begin", right: desk.Publish, object: documentObject, handle: w.beginPlan},
		{method: post, path: "/plan/rollback", right: desk.Publish, object: documentObject, handle: w.rollbackPlan},
		{method: post, path: "/plan/approve", right: desk.Manage, object: documentObject, handle: w.approvePlan},
		{method: get, path: "/plan/edit/:part", right: desk.Publish, object: documentObject, handle: w.editPlan},
		{method: post, path: "/plan/edit/:part", right: desk.Publish, object: documentObject, handle: w.savePlan},
	}
}

// planPage is what plan.html shows: the plan as it is printed.
type planPage struct {
	shell
	Title     string
	Language  string // of the plan; that of the page may be another
	Version   int
	Languages []figuresLink
	Sheet     template.HTML // of export.PlanSheet; "" when there is none
	Can       bool
	PDF       bool
}

// planVersion is the version that an address asks for; 0 the newest.
func planVersion(c *fiber.Ctx) (int, error) {
	text := c.Query("version")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, balie.ErrNotFound
	}
	return n, nil
}

// planLanguage is the language of the plan: the page's, unless the address says
// another.
func planLanguage(c *fiber.Ctx) string {
	if one := c.Query("language"); one != "" {
		return i18n.Language(strings.Clone(one))
	}
	return ui.Language(c)
}

func (w *Web) plan(c *fiber.Ctx, s auth.Session) error {
	version, err := planVersion(c)
	if err != nil {
		return err
	}
	v, err := w.Plans.View(c.UserContext(), s.Actor(), version, w.Now())
	if err != nil {
		return err
	}
	l := planLanguage(c)
	p := planPage{shell: w.around(c, s), Title: w.Texts.Text(ui.Language(c), "plan.title"), Language: l, Version: v.Version,
		Can: s.Actor().Can(desk.Publish), PDF: w.Reports.CanPrint()}
	if did := c.Query("did"); did == "published" || did == "approved" || did == "rolled" {
		p.Notice = w.Texts.Text(ui.Language(c), "plan.did_"+did)
	}
	if v.InForce == 0 {
		return w.UI.Render(c, "plan", p)
	}
	for _, one := range i18n.Languages {
		path := "/plan?language=" + one
		if version > 0 {
			path += "&version=" + strconv.Itoa(version)
		}
		p.Languages = append(p.Languages, figuresLink{Path: path, Words: strings.ToUpper(one), Lang: one, Here: one == l})
	}
	p.Title = w.Texts.Text(l, "plan.heading", "desk", w.Reports.Words(l).PlanName(v.Plan))
	if p.Sheet, err = w.Reports.PlanSheet(v, l); err != nil {
		return err
	}
	return w.UI.Render(c, "plan", p)
}

// planFile is the plan as a file: its text, a page that stands by itself, or a
// PDF.
func (w *Web) planFile(c *fiber.Ctx, s auth.Session) error {
	version, err := planVersion(c)
	if err != nil {
		return err
	}
	v, err := w.Plans.View(c.UserContext(), s.Actor(), version, w.Now())
	if err != nil {
		return err
	}
	format, kind := c.Query("format"), map[string]string{"yaml": "application/yaml; charset=utf-8", "html": fiber.MIMETextHTMLCharsetUTF8, "pdf": "application/pdf"}
	if v.InForce == 0 || kind[format] == "" {
		return balie.ErrNotFound
	}
	body := v.Body
	if format != "yaml" {
		if body, err = w.Reports.PlanFile(c.UserContext(), v, planLanguage(c), format == "pdf"); err != nil {
			return err
		}
	}
	c.Set(fiber.HeaderContentDisposition, attachment("plan-v"+strconv.Itoa(v.Version)+"."+strings.Clone(format)))
	c.Set(fiber.HeaderContentType, kind[format])
	return c.Send(body)
}

// beginPlan makes the sample the first version.
func (w *Web) beginPlan(c *fiber.Ctx, s auth.Session) error {
	reason := w.Texts.Text(ui.Language(c), "plan.begin")
	_, err := w.Plans.Publish(c.UserContext(), s.Actor(), 0, "plan.sample.yaml", report.SamplePlan(), reason, w.Now())
	if err != nil && !errors.Is(err, balie.ErrStale) { // somebody else began: that is what they want to see
		return err
	}
	return c.Redirect("/plan?did=published", fiber.StatusSeeOther)
}

// planHistoryPage is what planhistory.html shows.
type planHistoryPage struct {
	shell
	Versions []planVersionRow
	InForce  int
	Can      bool
	Faults   []wrongLine
	Conflict bool
}

type planVersionRow struct {
	versionRow
	Approved string
}

func (w *Web) planHistory(c *fiber.Ctx, s auth.Session) error { return w.showPlanHistory(c, s, nil) }

func (w *Web) showPlanHistory(c *fiber.Ctx, s auth.Session, wrong error) error {
	all, err := w.Plans.History(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	p := planHistoryPage{shell: w.around(c, s), Can: s.Actor().Can(desk.Publish), Faults: faultsOf(wrong), Conflict: errors.Is(wrong, balie.ErrStale)}
	for i, d := range all {
		if i == 0 {
			p.InForce = d.Version
		}
		if i == historyShown {
			break
		}
		row := planVersionRow{versionRow: versionRow{d.Version, w.stamp(d.At), byName(d.By), d.Reason, i == 0}}
		for _, y := range d.Approvals {
			row.Approved = y.By + ", " + y.Role
		}
		p.Versions = append(p.Versions, row)
	}
	return w.UI.Render(c, "planhistory", p)
}

func (w *Web) rollbackPlan(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	version, err := strconv.Atoi(f.Get("to"))
	if err != nil || version < 1 {
		return balie.ErrNotFound
	}
	base, _ := strconv.Atoi(f.Get("base"))
	_, err = w.Plans.Rollback(c.UserContext(), s.Actor(), version, base, f.Get("reason"), w.Now())
	if err == nil {
		return c.Redirect("/plan?did=rolled", fiber.StatusSeeOther)
	}
	if !toShow(c, err) {
		return err
	}
	return w.showPlanHistory(c, s, err)
}
