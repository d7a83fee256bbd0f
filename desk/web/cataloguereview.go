package web

import (
	"errors"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/store"
)

// catalogueReviewPage is what cataloguereview.html shows.
type catalogueReviewPage struct {
	shell
	Seen              desk.DraftSeen
	Begun, Stale      bool
	InForce, Next     int
	Diffs             []productDiff
	Theirs            []productDiff
	Conflicts         []string
	Since             []versionRow
	Check             checkView
	Reason            string
	Anyway            bool
	Faults            []wrongLine
	Conflict, Waiting bool
}

// checkView is what a draft would do, in words.
type checkView struct {
	Over, Green, Worse, Training bool
	Done, Total                  int
	Problems                     []wrongLine
	Broken                       []string
	Figures                      []figureRow
	Warnings                     []wrongLine
	MoreWarnings                 int
}

// figureRow is how often examples of a language find their own product.
type figureRow struct {
	Language             string
	Before, After, Third string
	N                    int
	Worse, Better        bool
}

// productDiff is how one product differs.
type productDiff struct {
	Name, What, Path string
	Fields           []fieldDiff
	Mark             bool // both changed it
}

type fieldDiff struct {
	Field         string
	Before, After []string
}

func (w *Web) productDiffs(all []catalogue.Difference, l string, conflicts []string) []productDiff {
	var out []productDiff
	for _, d := range all {
		p := productDiff{Name: d.Names[i18n.Language(l)], What: w.Texts.Text(l, "catalogue.diff_"+d.What)}
		if d.Product == "" {
			p.Name = w.Texts.Text(l, "catalogue.besides")
		} else if d.What != "removed" {
			p.Path = productPath(d.Product)
		}
		for _, c := range conflicts {
			p.Mark = p.Mark || c == d.Product
		}
		for _, f := range d.Fields {
			p.Fields = append(p.Fields, fieldDiff{w.fieldName(f.Field, l), f.Before, f.After})
		}
		out = append(out, p)
	}
	return out
}

// fieldName is a property of the file in the reader's words.
func (w *Web) fieldName(field, l string) string {
	language, name, ok := strings.Cut(field, ".")
	if !ok {
		language, name = "", field
	}
	name, id, _ := strings.Cut(name, " ")
	s := w.Texts.Text(l, "catalogue.prop_"+name)
	if language != "" {
		s += " (" + strings.ToUpper(language) + ")"
	}
	if id != "" {
		s += " " + id
	}
	return s
}

func (w *Web) catalogueReview(c *fiber.Ctx, s auth.Session) error {
	return w.showReview(c, s, "", false, nil)
}

// showReview shows the draft's diff and what it would do. While that is worked
// out the page says how far it is, and asks for itself again.
func (w *Web) showReview(c *fiber.Ctx, s auth.Session, reason string, anyway bool, wrong error) error {
	ctx, a, l := c.UserContext(), s.Actor(), ui.Language(c)
	d, err := w.Products.Draft(ctx, a)
	if err != nil {
		return err
	}
	var running *desk.ProductCheck
	if was, ok := publishing(c); ok {
		job, ok := w.Products.Publishing(ctx, a, was, patience)
		switch {
		case ok && !job.Over():
			running = &job
		case ok && job.Published > 0, !ok && !d.Begun():
			return c.Redirect("/catalogue?did=published", fiber.StatusSeeOther)
		case ok && job.Over():
			wrong = job.Refused
		}
	}
	p := catalogueReviewPage{shell: w.around(c, s), Seen: d.Seen(), Begun: d.Begun(), Stale: d.Stale(), InForce: d.InForce, Next: d.InForce + 1,
		Reason: reason, Anyway: anyway, Faults: faultsOf(wrong), Conflict: errors.Is(wrong, balie.ErrStale)}
	p.Notice = w.catalogueNotice(c)
	changes, err := w.Products.Changes(ctx, d)
	if err != nil {
		return err
	}
	p.Diffs = w.productDiffs(changes, l, nil)
	if d.Stale() {
		m, err := w.Products.Merge(ctx, a, d)
		if err != nil {
			return err
		}
		p.Diffs, p.Theirs = w.productDiffs(m.ByMe, l, m.Conflicts), w.productDiffs(m.ByThem, l, m.Conflicts)
		p.Since = w.versionRows(m.Since, 5)
	}
	switch {
	case running != nil:
		p.Check, p.Waiting = checkWords(*running, l), true
		c.Set("Refresh", "2")
	case d.Begun() && !d.Stale():
		check, err := w.Products.Check(ctx, a, d, w.Rules, patience, w.Now())
		if err != nil {
			return err
		}
		p.Check = checkWords(check, l)
		if p.Waiting = !check.Over(); p.Waiting {
			c.Set("Refresh", "2")
		}
	}
	return w.UI.Render(c, "cataloguereview", p)
}

// publishing is the draft whose publication a page waits for.
func publishing(c *fiber.Ctx) (desk.DraftSeen, bool) {
	base, version, ok := strings.Cut(c.Query("publishing"), ".")
	n, _ := strconv.Atoi(base)
	return desk.DraftSeen{Base: n, Version: number64(version)}, ok
}

// mostWarnings is how many of them a page shows.
const mostWarnings = 12

func checkWords(k desk.ProductCheck, l string) checkView {
	v := checkView{Over: k.Over(), Green: k.Green(), Worse: k.Worse(), Training: k.Training, Done: k.Done, Total: k.Total}
	if k.Problem != nil {
		if v.Problems = faultsOf(k.Problem); len(v.Problems) == 0 {
			v.Problems = []wrongLine{{Problem: k.Problem.Error()}}
		}
	}
	for _, f := range k.Broken {
		v.Broken = append(v.Broken, f.Rule+": “"+f.Example+"”")
	}
	for _, lang := range catalogue.Languages {
		b, a := k.Before[lang], k.After[lang]
		if a.Examples == 0 {
			continue
		}
		v.Figures = append(v.Figures, figureRow{Language: lang, Before: decimal(l, 100*b.First, 1) + "%", After: decimal(l, 100*a.First, 1) + "%",
			Third: decimal(l, 100*a.Third, 1) + "%", N: a.Examples, Worse: a.First < b.First, Better: a.First > b.First})
	}
	for _, x := range k.Warnings {
		if len(v.Warnings) == mostWarnings {
			v.MoreWarnings++
			continue
		}
		v.Warnings = append(v.Warnings, wrongLine{x.Field, x.Problem, x.Fix})
	}
	return v
}

func (w *Web) publishCatalogue(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	seen, reason, anyway := seenDraft(f), f.Get("reason"), f.Get("anyway") != ""
	job, err := w.Products.PublishDraft(c.UserContext(), s.Actor(), seen, w.Rules, reason, anyway, patience, w.Now())
	switch {
	case err == nil && !job.Over():
		return c.Redirect("/catalogue/review?publishing="+strconv.Itoa(seen.Base)+"."+strconv.FormatUint(seen.Version, 10), fiber.StatusSeeOther)
	case err == nil && job.Refused == nil:
		return c.Redirect("/catalogue?did=published", fiber.StatusSeeOther)
	case err == nil:
		err = job.Refused
	}
	return w.reviewFault(c, s, reason, anyway, err)
}

// reviewFault shows the page again with what is wrong.
func (w *Web) reviewFault(c *fiber.Ctx, s auth.Session, reason string, anyway bool, err error) error {
	switch {
	case errors.Is(err, balie.ErrStale):
		c.Status(fiber.StatusConflict)
	case len(faultsOf(err)) > 0:
		c.Status(fiber.StatusUnprocessableEntity)
	default:
		return err
	}
	return w.showReview(c, s, reason, anyway, err)
}

func (w *Web) reapplyCatalogue(c *fiber.Ctx, s auth.Session) error {
	if _, err := w.Products.Reapply(c.UserContext(), s.Actor(), seenDraft(values(c)), w.Now()); err != nil {
		return w.reviewFault(c, s, "", false, err)
	}
	return c.Redirect("/catalogue/review?did=reapplied", fiber.StatusSeeOther)
}

func (w *Web) discardCatalogue(c *fiber.Ctx, s auth.Session) error {
	if err := w.Products.Discard(c.UserContext(), s.Actor(), seenDraft(values(c))); err != nil {
		return w.reviewFault(c, s, "", false, err)
	}
	return c.Redirect("/catalogue?did=discarded", fiber.StatusSeeOther)
}

// versionRow is one version of a document in a history.
type versionRow struct {
	Version          int
	When, By, Reason string
	InForce          bool
}

func (w *Web) versionRows(all []store.Document, most int) []versionRow {
	var out []versionRow
	for i, d := range all {
		if i == most {
			break
		}
		out = append(out, versionRow{d.Version, w.stamp(d.At), byName(d.By), d.Reason, i == 0})
	}
	return out
}

// byName is who stands in an event or a version, without what kind of actor.
func byName(by string) string {
	if _, name, ok := strings.Cut(by, ":"); ok {
		return name
	}
	return by
}

// catalogueHistoryPage is what cataloguehistory.html shows.
type catalogueHistoryPage struct {
	shell
	Can      bool
	Versions []versionRow
	InForce  int
	Open     *versionRow // compared with what is in force
	Diffs    []productDiff
	Faults   []wrongLine
	Conflict bool
	Reason   string
}

// historyShown bounds a history's page.
const historyShown = 100

func (w *Web) catalogueHistory(c *fiber.Ctx, s auth.Session) error {
	return w.showCatalogueHistory(c, s, 0, "", nil)
}

func (w *Web) catalogueVersion(c *fiber.Ctx, s auth.Session) error {
	n, err := strconv.Atoi(c.Params("version"))
	if err != nil || n < 1 {
		return balie.ErrNotFound
	}
	return w.showCatalogueHistory(c, s, n, "", nil)
}

func (w *Web) showCatalogueHistory(c *fiber.Ctx, s auth.Session, version int, reason string, wrong error) error {
	a, l := s.Actor(), ui.Language(c)
	all, err := w.Products.History(c.UserContext(), a)
	if err != nil {
		return err
	}
	p := catalogueHistoryPage{shell: w.around(c, s), Can: a.Can(desk.Publish), Versions: w.versionRows(all, historyShown), Faults: faultsOf(wrong),
		Conflict: errors.Is(wrong, balie.ErrStale), Reason: reason}
	p.Notice = w.catalogueNotice(c)
	if len(all) > 0 {
		p.InForce = all[0].Version
	}
	for i := range p.Versions {
		if p.Versions[i].Version == version {
			p.Open = &p.Versions[i]
		}
	}
	if version > 0 {
		if p.Open == nil {
			return balie.ErrNotFound
		}
		diff, err := w.Products.Compared(c.UserContext(), a, p.InForce, version)
		if err != nil {
			return err
		}
		p.Diffs = w.productDiffs(diff, l, nil)
	}
	return w.UI.Render(c, "cataloguehistory", p)
}

func (w *Web) rollbackCatalogue(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	version, err := strconv.Atoi(f.Get("to"))
	if err != nil || version < 1 {
		return balie.ErrNotFound
	}
	base, _ := strconv.Atoi(f.Get("base"))
	_, err = w.Products.Rollback(c.UserContext(), s.Actor(), version, base, strings.TrimSpace(f.Get("reason")), w.Now())
	switch {
	case errors.Is(err, balie.ErrStale):
		c.Status(fiber.StatusConflict)
		return w.showCatalogueHistory(c, s, version, f.Get("reason"), err)
	case len(faultsOf(err)) > 0:
		c.Status(fiber.StatusUnprocessableEntity)
		return w.showCatalogueHistory(c, s, version, f.Get("reason"), err)
	case err != nil:
		return err
	}
	return c.Redirect("/catalogue/history?did=rolled", fiber.StatusSeeOther)
}
