package web

import (
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/report"
)

func (w *Web) figuresMailRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/settings/reports", right: desk.SeeAudit, handle: w.mailings},
		{method: fiber.MethodPost, path: "/settings/reports", right: desk.Manage, handle: w.addMailing},
		{method: fiber.MethodPost, path: "/settings/reports/remove", right: desk.Manage, handle: w.removeMailing},
	}
}

// mailingsPage is what settingsreports.html shows.
type mailingsPage struct {
	shell
	Lines     []mailingLine
	Spans     []pick
	Languages []pick
	Formats   []pick
	Scopes    []figuresScope
	To        string // as typed
	Faults    []formFault
	Manages   bool
	NoMail    bool
}

// Fault is what is wrong with a field, in words, or "".
func (p mailingsPage) Fault(field string) string { return faultAt(p.Faults, field) }

// mailingLine is a factsheet that goes by mail.
type mailingLine struct {
	ID, Name, To, Format, Language, Next string
}

// mailings is what goes by mail, and to whom.
func (w *Web) mailings(c *fiber.Ctx, s auth.Session) error {
	p, err := w.mailingsView(c, s, desk.Mailing{Span: report.Month, Format: desk.HTMLFormat, Language: ui.Language(c)})
	if err != nil {
		return err
	}
	switch c.Query("did") {
	case "added":
		p.Notice = w.Texts.Text(ui.Language(c), "figures.m_added")
	case "removed":
		p.Notice = w.Texts.Text(ui.Language(c), "figures.m_removed")
	}
	return w.UI.Render(c, "settingsreports", p)
}

// mailingsView is the page, with the form as it stands.
func (w *Web) mailingsView(c *fiber.Ctx, s auth.Session, form desk.Mailing) (mailingsPage, error) {
	l := ui.Language(c)
	say := func(key string, pairs ...string) string { return w.Texts.Text(l, "figures."+key, pairs...) }
	p := mailingsPage{shell: w.around(c, s), To: strings.Join(form.To, "\n"), Manages: s.Actor().Can(desk.Manage), NoMail: !w.sendsMail()}
	all, _, err := w.Reports.Mailings(c.UserContext(), s.Actor())
	if err != nil {
		return p, err
	}
	words := w.Reports.Words(l)
	for _, m := range all {
		of := words.Scope(m.Scope)
		if of == "" {
			of = say("whole_desk")
		}
		p.Lines = append(p.Lines, mailingLine{ID: m.ID, Name: say("m_line", "span", say("span_"+string(m.Span)), "scope", of), To: strings.Join(m.To, ", "),
			Format: say("m_" + string(m.Format)), Language: say(m.Language), Next: say("m_next", "moment", words.Moment(w.Reports.NextMailing(m, w.Now())))})
	}
	for _, span := range []report.Span{report.Week, report.Month, report.Quarter, report.Year} {
		p.Spans = append(p.Spans, pick{string(span), say("span_" + string(span)), "", span == form.Span})
	}
	for _, one := range i18n.Languages {
		p.Languages = append(p.Languages, pick{one, say(one), "", one == form.Language})
	}
	formats := []desk.Format{desk.HTMLFormat}
	if w.Reports.CanPrint() {
		formats = append(formats, desk.PDFFormat)
	}
	for _, f := range formats {
		p.Formats = append(p.Formats, pick{string(f), say("m_" + string(f)), "", f == form.Format})
	}
	p.Scopes = w.figuresScopes(l, words, form.Scope)
	return p, nil
}

// sendsMail reports whether anything goes out by mail here.
func (w *Web) sendsMail() bool {
	if w.Lines == nil {
		return false
	}
	for _, line := range w.Lines.Known() {
		if line.Sends == "email" {
			return true
		}
	}
	return false
}

// addMailing lets one more go.
func (w *Web) addMailing(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	m := desk.Mailing{
		Span: report.Span(f.Get("span")), Language: f.Get("language"), Format: desk.Format(f.Get("format")),
		Scope: report.Scope{Channel: f.Get("channel"), Product: f.Get("product"), Team: f.Get("team"), Organisation: f.Get("organisation")},
	}
	for line := range strings.FieldsFuncSeq(f.Get("to"), func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ';' }) {
		if line = strings.TrimSpace(line); line != "" {
			m.To = append(m.To, line)
		}
	}
	_, err := w.Reports.AddMailing(c.UserContext(), s.Actor(), m, w.Now())
	if err == nil {
		return c.Redirect("/settings/reports?did=added", fiber.StatusSeeOther)
	}
	faults := invalidFields(err)
	if len(faults) == 0 {
		return err
	}
	p, err := w.mailingsView(c, s, m)
	if err != nil {
		return err
	}
	for _, e := range faults {
		p.Faults = append(p.Faults, formFault{e.Field, w.Texts.Text(ui.Language(c), "figures.wrong_"+e.Field)})
	}
	c.Status(fiber.StatusUnprocessableEntity)
	return w.UI.Render(c, "settingsreports", p)
}

// removeMailing lets one go no more; one that is gone already is as it should be.
func (w *Web) removeMailing(c *fiber.Ctx, s auth.Session) error {
	err := w.Reports.RemoveMailing(c.UserContext(), s.Actor(), values(c).Get("mailing"), w.Now())
	if err != nil && !errors.Is(err, balie.ErrNotFound) {
		return err
	}
	return c.Redirect("/settings/reports?did=removed", fiber.StatusSeeOther)
}
