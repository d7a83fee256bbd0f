package web

import (
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/report/export"
)

func (w *Web) flowRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/figures/flow", right: desk.SeeDocuments, handle: w.flow},
		{method: fiber.MethodGet, path: "/figures/flow/file", right: desk.SeeDocuments, handle: w.flowFile},
	}
}

// flowPage is what flow.html shows.
type flowPage struct {
	shell
	Bar   figuresBar
	Title string
	Sheet template.HTML // of export.FlowSheet
	Files []figuresLink
	Fault string
}

// flow is the flow chart of a period, of the last whole month when none is
// asked for.
func (w *Web) flow(c *fiber.Ctx, s auth.Session) error {
	const here = "/figures/flow"
	if c.Query("span") != "" { // the form: on to the address of what it says
		return w.choosePeriod(c, here)
	}
	p := flowPage{shell: w.around(c, s)}
	q, err := w.askedFigures(c)
	p.Bar = w.figuresBar(c, here, q)
	if err != nil {
		faults := invalidFields(err)
		if len(faults) == 0 {
			return err
		}
		p.Title, p.Fault = w.Texts.Text(ui.Language(c), "flow.title"), faults[0].Problem+"; "+faults[0].Fix
		c.Status(fiber.StatusUnprocessableEntity)
		return w.UI.Render(c, "flow", p)
	}
	f, err := w.Reports.Flow(c.UserContext(), s.Actor(), q, w.Now())
	if err != nil {
		return err
	}
	words := w.Reports.Words(q.Language)
	p.Title = words.FlowHeading(f)
	if p.Sheet, err = export.FlowSheet(f, words, "/rules/rule/"); err != nil {
		return err
	}
	for _, kind := range []export.FlowKind{export.FlowSVG, export.FlowMermaid, export.FlowSankey, export.DesignSVG, export.DesignMermaid, export.FlowJSON} {
		p.Files = append(p.Files, figuresLink{Path: here + "/file?" + figuresQuery(q) + "&format=" + string(kind), Words: w.Texts.Text(ui.Language(c), "flow.file_"+strings.ReplaceAll(string(kind), "-", "_"))})
	}
	return w.UI.Render(c, "flow", p)
}

// flowFile is the flow chart as a file.
func (w *Web) flowFile(c *fiber.Ctx, s auth.Session) error {
	kind, err := desk.FlowKind(c.Query("format"))
	if err != nil {
		return err
	}
	q, err := w.askedFigures(c)
	if err != nil {
		return err
	}
	f, err := w.Reports.Flow(c.UserContext(), s.Actor(), q, w.Now())
	if err != nil {
		return err
	}
	b, err := w.Reports.FlowFile(f, q.Language, kind)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, attachment(desk.FlowName(f, kind)))
	c.Set(fiber.HeaderContentType, export.FlowMedia[kind].Media)
	return c.Send(b)
}
