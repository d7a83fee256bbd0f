package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

// catalogueBytes bounds a catalogue that is handed in.
const catalogueBytes = 5 << 20

// patience is how long a page waits for a check before it says how far it is.
const patience = 2 * time.Second

func (w *Web) catalogueRoutes() []route {
	get, post := fiber.MethodGet, fiber.MethodPost
	see := func(path string, h handler) route {
		return route{method: get, path: path, right: desk.SeeDocuments, object: documentObject, handle: h}
	}
	do := func(method, path string, h handler) route {
		return route{method: method, path: path, right: desk.Publish, object: documentObject, handle: h}
	}
	in := do(post, "/catalogue/import", w.importCatalogue)
	in.body = catalogueBytes
	return []route{
		see("/catalogue", w.catalogue),
		do(get, "/catalogue/new", w.newProduct),
		do(post, "/catalogue/new", w.addProduct),
		do(get, "/catalogue/import", w.catalogueImport),
		in,
		see("/catalogue/export", w.exportCatalogue),
		do(get, "/catalogue/review", w.catalogueReview),
		do(post, "/catalogue/publish", w.publishCatalogue),
		do(post, "/catalogue/reapply", w.reapplyCatalogue),
		do(post, "/catalogue/discard", w.discardCatalogue),
		see("/catalogue/history", w.catalogueHistory),
		see("/catalogue/history/:version", w.catalogueVersion),
		do(post, "/catalogue/rollback", w.rollbackCatalogue),
		see("/catalogue/product/:product", w.product),
		do(post, "/catalogue/product/:product", w.saveProduct),
		do(post, "/catalogue/product/:product/example", w.addExample),
		do(post, "/catalogue/product/:product/drop", w.dropProduct),
		see("/catalogue/:product", w.product),
	}
}

// productPath is the page of a product; every id can stand in it.
func productPath(id string) string { return "/catalogue/product/" + url.PathEscape(id) }

// cataloguePage is what every page of the catalogue has around it.
type cataloguePage struct {
	shell
	Can    bool // the reader may change products
	Groups []productGroup
	Count  int
	Seen   desk.DraftSeen
	Bar    catalogueBar
	Query  string
}

// productGroup is some products under a heading.
type productGroup struct {
	Name  string
	Lines []productLine
}

// productLine is one product of the list.
type productLine struct {
	ID, Path, Name, Owner, Mode, ModeClass string
	Account, Here, Changed, Urgent, Empty  bool
	Offered                                string // why it is not, in words
	Quality, Bad                           string // in percent, "" under 30 reviewed; Bad: "bad" when low
	Reviewed                               int
	Range                                  string // its interval
	Week                                   string // requests a week
	Threshold                              string
}

// catalogueBar says how far the draft is.
type catalogueBar struct {
	Begun, Stale bool
	Changes      []string // of what, in words
	More         int
	InForce      int
	Saved        string
}

// lowQuality is from where a share of right matches is worth a look.
const lowQuality = 0.75

// catalogueFrame is the list and the bar; here is the product being shown.
func (w *Web) catalogueFrame(c *fiber.Ctx, s auth.Session, d desk.ProductDraft, here string) (cataloguePage, error) {
	l := ui.Language(c)
	p := cataloguePage{shell: w.around(c, s), Can: s.Actor().Can(desk.Publish), Seen: d.Seen(), Count: len(d.Catalogue.Products), Query: c.Query("q")}
	p.Notice = w.catalogueNotice(c)
	changes, err := w.Products.Changes(c.UserContext(), d)
	if err != nil {
		return p, err
	}
	changed := map[string]bool{}
	p.Bar = catalogueBar{Begun: d.Begun(), Stale: d.Stale(), InForce: d.InForce}
	for _, x := range changes {
		changed[x.Product] = true
		if len(p.Bar.Changes) == 3 {
			p.Bar.More++
			continue
		}
		name := x.Names[i18n.Language(l)]
		if name == "" {
			name = w.Texts.Text(l, "catalogue.besides")
		}
		p.Bar.Changes = append(p.Bar.Changes, name)
	}
	if d.Begun() {
		p.Bar.Saved = i18n.Moment(l, d.Saved.In(w.Zone))
	}
	traffic := w.Products.Traffic(w.Now())
	for _, x := range d.Catalogue.Products {
		if !found(x, p.Query) {
			continue
		}
		line := w.productLine(x, d.Catalogue, traffic[x.ID], l)
		line.Here, line.Changed = x.ID == here, changed[x.ID]
		p.group(x.Group, w.Texts.Text(l, "catalogue.no_group"), line)
	}
	return p, nil
}

// group puts a line under its heading, in the order of the file.
func (p *cataloguePage) group(name, none string, line productLine) {
	if name == "" {
		name = none
	}
	i := slices.IndexFunc(p.Groups, func(g productGroup) bool { return g.Name == name })
	if i < 0 {
		i = len(p.Groups)
		p.Groups = append(p.Groups, productGroup{Name: name})
	}
	p.Groups[i].Lines = append(p.Groups[i].Lines, line)
}

// found reports whether a product is one somebody looks for.
func found(x balie.Product, q string) bool {
	q = strings.ToLower(strings.TrimSpace(q))
	if q == "" {
		return true
	}
	words := []string{x.ID, x.Group}
	for _, l := range catalogue.Languages {
		words = append(words, x.Names[l], x.Descriptions[l])
		words = append(words, x.Synonyms[l]...)
	}
	return slices.ContainsFunc(words, func(s string) bool { return strings.Contains(strings.ToLower(s), q) })
}

func (w *Web) productLine(x balie.Product, c *catalogue.Catalogue, t desk.ProductTraffic, l string) productLine {
	q := t.At(threshold(x))
	line := productLine{ID: x.ID, Path: productPath(x.ID), Name: x.Name(l), Owner: x.Owner, Mode: w.Texts.Text(l, "catalogue.mode_"+string(x.Mode)),
		Account: x.AccountOwned, Urgent: c.Urgent[x.ID], Reviewed: q.Reviewed, Week: decimal(l, t.Week, 1), Threshold: decimal(l, threshold(x), 2)}
	if t.Week == 0 {
		line.Week = "–"
	}
	if team, ok := c.Team(x.Owner); ok {
		line.Owner = team.Name(l)
	}
	switch x.Mode {
	case balie.Send:
		line.ModeClass = "ok"
	case balie.Confirm:
		line.ModeClass = "acc"
	case balie.Off:
		line.ModeClass = "warn"
	}
	for _, lang := range catalogue.Languages {
		line.Empty = line.Empty || x.Answers[lang] == "" && x.Mode != balie.Off
	}
	switch now := w.Now(); {
	case !x.From.IsZero() && now.Before(x.From):
		line.Offered = w.Texts.Text(l, "catalogue.from_day", "day", i18n.Day(l, x.From.In(w.Zone)))
	case !x.Until.IsZero() && !now.Before(x.Until):
		line.Offered = w.Texts.Text(l, "catalogue.ended")
	}
	if q.Enough() {
		line.Quality = share(l, q.Precision)
		line.Range = share(l, q.Low) + "–" + share(l, q.High)
		if q.Precision < lowQuality {
			line.Bad = "bad"
		}
	}
	return line
}

// threshold is the score from which a product is answered, also when its own
// is not given.
func threshold(x balie.Product) float64 {
	if x.Threshold == 0 {
		return catalogue.DefaultThreshold
	}
	return x.Threshold
}

func share(l string, f float64) string { return decimal(l, 100*f, 0) + "%" }

// decimal writes a figure with the reader's comma.
func decimal(l string, f float64, digits int) string {
	s := strconv.FormatFloat(f, 'f', digits, 64)
	if i18n.Language(l) == "nl" {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// catalogueDid are the words of what was just done.
var catalogueDid = map[string]string{
	"saved": "catalogue.did_saved", "published": "catalogue.did_published", "discarded": "catalogue.did_discarded", "example": "catalogue.did_example",
	"skipped": "catalogue.did_skipped", "imported": "catalogue.did_imported", "dropped": "catalogue.did_dropped", "rolled": "catalogue.did_rolled", "reapplied": "catalogue.did_reapplied",
}

func (w *Web) catalogueNotice(c *fiber.Ctx) string {
	if key, ok := catalogueDid[c.Query("did")]; ok {
		return w.Texts.Text(ui.Language(c), key)
	}
	return ""
}

// catalogueList is what catalogue.html shows.
type catalogueList struct {
	cataloguePage
	Version string
}

// catalogue lists the products by group.
func (w *Web) catalogue(c *fiber.Ctx, s auth.Session) error {
	d, err := w.Products.Draft(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	p := catalogueList{Version: strconv.Itoa(d.InForce)}
	if p.cataloguePage, err = w.catalogueFrame(c, s, d, ""); err != nil {
		return err
	}
	return w.UI.Render(c, "catalogue", p)
}

// seenDraft is the draft a form was made from.
func seenDraft(f url.Values) desk.DraftSeen {
	base, _ := strconv.Atoi(f.Get("base"))
	return desk.DraftSeen{Base: base, Version: number64(f.Get("version"))}
}

// wrongLine is one thing that is wrong, for the summary of a form.
type wrongLine struct{ Field, Problem, Fix string }

// faultsOf are the faults in an error; none when it is something else. What the
// reader of a file says is in English, and marked so.
func faultsOf(err error) []wrongLine {
	var out []wrongLine
	for _, e := range invalidFields(err) {
		field := e.Field
		if e.Line > 0 {
			field = strings.TrimSpace(strconv.Itoa(e.Line) + ": " + field)
		}
		out = append(out, wrongLine{field, e.Problem, e.Fix})
		if len(out) == 20 {
			break
		}
	}
	return out
}

// importPage is what catalogueimport.html shows.
type importPage struct {
	shell
	Seen   desk.DraftSeen
	Begun  bool
	Body   string
	Faults []wrongLine
	Stale  bool
}

func (w *Web) catalogueImport(c *fiber.Ctx, s auth.Session) error {
	return w.showImport(c, s, "", nil)
}

func (w *Web) showImport(c *fiber.Ctx, s auth.Session, body string, wrong error) error {
	d, err := w.Products.Draft(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	p := importPage{shell: w.around(c, s), Seen: d.Seen(), Begun: d.Begun(), Body: body, Faults: faultsOf(wrong), Stale: errors.Is(wrong, balie.ErrStale)}
	p.Narrow = true
	return w.UI.Render(c, "catalogueimport", p)
}

// importCatalogue makes what was pasted the draft.
func (w *Web) importCatalogue(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	body := strings.ReplaceAll(f.Get("body"), "\r\n", "\n")
	_, err := w.Products.Import(c.UserContext(), s.Actor(), seenDraft(f), []byte(body), w.Now())
	switch {
	case errors.Is(err, balie.ErrStale):
		c.Status(fiber.StatusConflict)
		return w.showImport(c, s, body, err)
	case len(faultsOf(err)) > 0:
		c.Status(fiber.StatusUnprocessableEntity)
		return w.showImport(c, s, body, err)
	case err != nil:
		return err
	}
	return c.Redirect("/catalogue/review?did=imported", fiber.StatusSeeOther)
}

// exportCatalogue gives the file as it was published.
func (w *Web) exportCatalogue(c *fiber.Ctx, s auth.Session) error {
	d, err := w.Products.Export(c.UserContext(), s.Actor(), c.QueryInt("version"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/yaml; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="catalogue-`+strconv.Itoa(d.Version)+`.yaml"`)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	return c.Send(d.Body)
}
