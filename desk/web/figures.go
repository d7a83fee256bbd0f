package web

import (
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
)

func (w *Web) figuresRoutes() []route {
	get := fiber.MethodGet
	return []route{
		{method: get, path: "/figures", right: desk.SeeDocuments, handle: w.figures},
		{method: get, path: "/figures/file", right: desk.SeeDocuments, handle: w.figuresFile},
		{method: get, path: "/figures/definitions", right: desk.SeeDocuments, handle: w.definitions},
	}
}

// figuresPage is what figures.html shows.
type figuresPage struct {
	shell
	Bar   figuresBar
	Title string
	Sheet template.HTML // of export.Sheet
	Files []figuresLink
	Fault string
}

// figures is the factsheet of a period, of the last whole month when none is
// asked for.
func (w *Web) figures(c *fiber.Ctx, s auth.Session) error {
	if c.Query("span") != "" { // the form: on to the address of what it says
		return w.choosePeriod(c, "/figures")
	}
	p := figuresPage{shell: w.around(c, s)}
	q, err := w.askedFigures(c)
	p.Bar = w.figuresBar(c, "/figures", q)
	if err != nil {
		return w.noFigures(c, p, err)
	}
	f, err := w.Reports.Factsheet(c.UserContext(), s.Actor(), q, w.Now())
	if err != nil {
		return err
	}
	words := w.Reports.Words(q.Language)
	p.Title = words.Heading(f)
	if p.Sheet, err = export.Sheet(f, words, "/figures/definitions?language="+q.Language); err != nil {
		return err
	}
	p.Files = w.figuresFiles(q)
	return w.UI.Render(c, "figures", p)
}

// noFigures shows what is wrong with what was asked, beside the form.
func (w *Web) noFigures(c *fiber.Ctx, p figuresPage, err error) error {
	faults := invalidFields(err)
	if len(faults) == 0 {
		return err
	}
	p.Title, p.Fault = w.Texts.Text(ui.Language(c), "figures.title"), faults[0].Problem+"; "+faults[0].Fix
	c.Status(fiber.StatusUnprocessableEntity)
	return w.UI.Render(c, "figures", p)
}

// figuresFile is the factsheet as a file.
func (w *Web) figuresFile(c *fiber.Ctx, s auth.Session) error {
	q, err := w.askedFigures(c)
	if err != nil {
		return err
	}
	format := desk.CSVFormat
	if one := c.Query("format"); one != "" {
		format = desk.Format(strings.Clone(one))
	}
	f, err := w.Reports.Factsheet(c.UserContext(), s.Actor(), q, w.Now())
	if err != nil {
		return err
	}
	b, err := w.Reports.File(c.UserContext(), f, q.Language, format)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, attachment(desk.FileName(f, format)))
	c.Set(fiber.HeaderContentType, desk.Formats[format])
	return c.Send(b)
}

// askedFigures is what the address asks for. Its language is that of the page,
// unless it says another.
func (w *Web) askedFigures(c *fiber.Ctx) (desk.Asked, error) {
	return w.Reports.Ask(func(name string) string {
		if v := strings.Clone(c.Query(name)); v != "" || name != "language" {
			return v
		}
		return ui.Language(c)
	}, w.Now())
}

// choosePeriod goes from the form of the bar to the page of what it says.
func (w *Web) choosePeriod(c *fiber.Ctx, path string) error {
	v := url.Values{}
	for _, name := range []string{"channel", "product", "team", "organisation", "language"} {
		if c.Query(name) != "" {
			v.Set(name, strings.Clone(c.Query(name)))
		}
	}
	v.Set("period", strings.Clone(c.Query("from")+".."+c.Query("to"))) // between, and what is no day at all
	from, err := time.ParseInLocation(time.DateOnly, c.Query("from"), w.Reports.Zone())
	if span := report.Span(c.Query("span")); err == nil && span != report.Between {
		v.Set("period", periodOf(span, from, w.Reports.Zone()).ID())
	}
	return c.Redirect(path+"?"+v.Encode(), fiber.StatusSeeOther)
}

// periodOf is the period of a kind that a day is in.
func periodOf(span report.Span, day time.Time, zone *time.Location) report.Period {
	switch span {
	case report.Week:
		return report.WeekOf(day, zone)
	case report.Quarter:
		return report.QuarterOf(day, zone)
	case report.Year:
		return report.YearOf(day, zone)
	}
	return report.MonthOf(day, zone)
}

// figuresLink is a link of the bar.
type figuresLink struct {
	Path, Words, Lang string
	Here              bool
}

// figuresBar is what stands above pages of figures: of which period, of whom,
// in which language.
type figuresBar struct {
	Path      string
	Language  string // of the figures; that of the page may be another
	Previous  figuresLink
	This      figuresLink
	Next      figuresLink // Path "": it has not begun
	Spans     []figuresLink
	Languages []figuresLink
	Choices   []pick // the kinds of period, for the form
	From, To  string // days
	Scopes    []figuresScope
	Scoped    bool
}

// figuresScope is a choice of whom the figures are.
type figuresScope struct {
	Name, Words string
	All         string
	Options     []pick
}

func (w *Web) figuresBar(c *fiber.Ctx, path string, q desk.Asked) figuresBar {
	l := ui.Language(c)
	words := w.Reports.Words(l)
	b := figuresBar{Path: path, Language: q.Language, From: q.Period.From.Format(time.DateOnly), To: q.Period.To.AddDate(0, 0, -1).Format(time.DateOnly)}
	to := func(p report.Period) figuresLink {
		at := q
		at.Period = p
		return figuresLink{Path: path + "?" + figuresQuery(at), Words: words.Short(p)}
	}
	b.Previous, b.This, b.Next = to(q.Period.Before(1)), to(q.Period), to(q.Period.Before(-1))
	if q.Period.To.After(w.Now()) {
		b.Next = figuresLink{}
	}
	for _, span := range []report.Span{report.Week, report.Month, report.Quarter, report.Year} {
		// The one that ends with what is shown, so that going to a kind and
		// back stays in the same time.
		k := to(periodOf(span, q.Period.To.AddDate(0, 0, -1), w.Reports.Zone()))
		k.Words, k.Here = w.Texts.Text(l, "figures.span_"+string(span)), span == q.Period.Span
		b.Spans = append(b.Spans, k)
	}
	for _, span := range []report.Span{report.Week, report.Month, report.Quarter, report.Year, report.Between} {
		b.Choices = append(b.Choices, pick{string(span), w.Texts.Text(l, "figures.span_"+string(span)), "", span == q.Period.Span})
	}
	for _, one := range i18n.Languages {
		at := q
		at.Language = one
		b.Languages = append(b.Languages, figuresLink{Path: path + "?" + figuresQuery(at), Words: strings.ToUpper(one), Lang: one, Here: one == q.Language})
	}
	b.Scopes, b.Scoped = w.figuresScopes(l, words, q.Scope), q.Scope != report.Scope{}
	return b
}

// figuresQuery is the address of what is asked.
func figuresQuery(q desk.Asked) string {
	v := url.Values{"period": {q.Period.ID()}, "language": {q.Language}}
	for name, id := range map[string]string{"channel": q.Scope.Channel, "product": q.Scope.Product, "team": q.Scope.Team, "organisation": q.Scope.Organisation} {
		if id != "" {
			v.Set(name, id)
		}
	}
	return v.Encode()
}

// figuresChannels are the channels that figures can be of.
var figuresChannels = []string{"email", "slack", "form", "phone", "counter"}

func (w *Web) figuresScopes(l string, words export.Words, s report.Scope) []figuresScope {
	b := w.Library.Brain()
	all := w.Texts.Text(l, "figures.all")
	one := func(name, key string, ids []string, of func(string) string, now string) figuresScope {
		out := figuresScope{Name: name, Words: w.Texts.Text(l, "figures."+key), All: all}
		for _, id := range ids {
			out.Options = append(out.Options, pick{id, of(id), "", id == now})
		}
		return out
	}
	var products, teams, organisations []string
	for _, p := range b.Catalogue.Products {
		products = append(products, p.ID)
	}
	for _, t := range b.Catalogue.Teams {
		teams = append(teams, t.ID)
	}
	for _, o := range b.Organisations {
		organisations = append(organisations, o.ID)
	}
	return []figuresScope{
		one("channel", "channel", figuresChannels, words.Channel, s.Channel),
		one("product", "product", products, words.Product, s.Product),
		one("team", "team", teams, words.Team, s.Team),
		one("organisation", "customer", organisations, words.Organisation, s.Organisation),
	}
}

// figuresFiles are the files of what is shown.
func (w *Web) figuresFiles(q desk.Asked) []figuresLink {
	formats := []desk.Format{desk.CSVFormat, desk.XLSXFormat, desk.JSONFormat}
	if w.Reports.CanPrint() {
		formats = append(formats, desk.PDFFormat)
	}
	var out []figuresLink
	for _, f := range formats {
		out = append(out, figuresLink{Path: "/figures/file?" + figuresQuery(q) + "&format=" + string(f), Words: strings.ToUpper(string(f))})
	}
	return out
}

// definitionsPage is what figuresdefinitions.html shows.
type definitionsPage struct {
	shell
	Language string
	Metrics  []definition
}

// definition is a metric in words.
type definition struct {
	ID, Name, Theme, Unit, Better string
	Lines                         []definitionLine
}

type definitionLine struct{ Head, Words string }

// definitions says of every figure what it counts.
func (w *Web) definitions(c *fiber.Ctx, s auth.Session) error {
	l := ui.Language(c)
	if one := c.Query("language"); one != "" {
		l = i18n.Language(one)
	}
	p := definitionsPage{shell: w.around(c, s), Language: l}
	say := func(key string) string { return w.Texts.Text(l, "figures."+key) }
	for _, m := range report.Metrics() {
		d := definition{ID: m.ID, Name: m.Name(l), Theme: say("theme_" + string(m.Theme)), Unit: say("unit_" + string(m.Unit)), Better: say("better_" + string(m.Better))}
		for _, part := range []struct {
			key   string
			texts map[string]string
		}{{"d_counts", m.Counts}, {"d_of", m.Of}, {"d_except", m.Except}, {"d_when", m.When}, {"d_few", m.Few}} {
			if text := part.texts[l]; text != "" {
				d.Lines = append(d.Lines, definitionLine{say(part.key), text})
			}
		}
		p.Metrics = append(p.Metrics, d)
	}
	return w.UI.Render(c, "figuresdefinitions", p)
}
