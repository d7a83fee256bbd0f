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
)

func (w *Web) templatesRoutes() []route {
	get, post := fiber.MethodGet, fiber.MethodPost
	return []route{
		{method: get, path: "/settings/templates", right: desk.SeeAudit, object: documentObject, handle: w.templates},
		{method: get, path: "/settings/templates/history", right: desk.SeeAudit, object: documentObject, handle: w.templateHistory},
		{method: post, path: "/settings/templates/rollback", right: desk.Manage, object: documentObject, handle: w.rollbackTemplates},
		{method: get, path: "/settings/templates/text/:text/:language", right: desk.SeeAudit, object: documentObject, handle: w.template},
		{method: post, path: "/settings/templates/text/:text/:language", right: desk.Manage, object: documentObject, handle: w.saveTemplate},
	}
}

// templatesPage is what settingstemplates.html shows.
type templatesPage struct {
	shell
	Texts    []templateLine
	Own      int
	Version  int
	Versions []versionRow // of the history
	History  bool
	Can      bool
	Faults   []wrongLine
	Conflict bool
}

// templateLine is one text in all languages.
type templateLine struct {
	Key, Name string
	In        []templateIn
}

type templateIn struct {
	Language, Text, Path string
	Own                  bool
}

// templatePage is what settingstemplate.html shows: one text in one language.
type templatePage struct {
	shell
	Can            bool
	Key, Name      string
	Language       string
	Text, BuiltIn  string
	Own, Conflict  bool
	Version        int
	Gaps           []gapView
	Reason         string
	Fault, Unknown string
	Faults         []wrongLine
	Page           template.HTML
	Mail, Slack    string
}

// gapView is a placeholder with its sample.
type gapView struct{ Name, Sample string }

// gapSamples are what placeholders show in a preview.
var gapSamples = map[string]map[string]string{
	"name": {"nl": "Fatima El Amrani", "en": "Fatima El Amrani"}, "desk": {"nl": "Servicedesk", "en": "Service desk"}, "agent": {"nl": "Sanne", "en": "Sanne"},
	"link": {"nl": "https://desk.example/s/…", "en": "https://desk.example/s/…"}, "ref": {"nl": "7K3Q-F", "en": "7K3Q-F"},
	"product": {"nl": "Toegangspas", "en": "Access pass"}, "team": {"nl": "Techniek", "en": "Building services"}, "options": {"nl": "nieuw, kwijt, defect", "en": "new, lost, broken"},
	"n":   {"nl": "3", "en": "3"},
	"day": {"nl": "donderdag 26 november", "en": "Thursday 26 November"}, "state": {"nl": "teruggegeven", "en": "handed back"},
	"reason": {"nl": "belooft te laat te worden", "en": "about to be late"}, "from": {"nl": "+31 20 123 45 67", "en": "+31 20 123 45 67"}, "files": {"nl": "offerte.pdf", "en": "offer.pdf"},
}

func (w *Web) sampleOf(gap, language string) string {
	if s := gapSamples[gap][language]; s != "" {
		return s
	}
	if gap == "moment" || gap == "when" || gap == "promised" || gap == "since" {
		return i18n.Moment(language, w.Now().In(w.Zone))
	}
	return "[" + gap + "]"
}

func (w *Web) templates(c *fiber.Ctx, s auth.Session) error {
	return w.showTemplates(c, s, false, nil)
}

func (w *Web) templateHistory(c *fiber.Ctx, s auth.Session) error {
	return w.showTemplates(c, s, true, nil)
}

func (w *Web) showTemplates(c *fiber.Ctx, s auth.Session, history bool, wrong error) error {
	a, l := s.Actor(), ui.Language(c)
	own, version, err := w.Upkeep.Templates(c.UserContext(), a)
	if err != nil {
		return err
	}
	p := templatesPage{shell: w.around(c, s), Version: version, Can: a.Can(desk.Manage), History: history, Faults: faultsOf(wrong), Conflict: errors.Is(wrong, balie.ErrStale)}
	if did := c.Query("did"); did == "saved" || did == "reset" || did == "rolled" {
		p.Notice = w.Texts.Text(l, "templates.did_"+did)
	}
	if history {
		all, err := w.Upkeep.TemplateHistory(c.UserContext(), a)
		if err != nil {
			return err
		}
		p.Versions = w.versionRows(all, historyShown)
		return w.UI.Render(c, "settingstemplates", p)
	}
	for _, key := range desk.LetterKeys(w.Texts) {
		line := templateLine{Key: key, Name: w.letterName(key, l)}
		for _, lang := range i18n.Languages {
			text, mine := own[key][lang]
			if !mine {
				text = w.Texts.Raw("mail." + key)[lang]
			} else {
				p.Own++
			}
			line.In = append(line.In, templateIn{lang, text, "/settings/templates/text/" + key + "/" + lang, mine})
		}
		p.Texts = append(p.Texts, line)
	}
	return w.UI.Render(c, "settingstemplates", p)
}

// letterName is a text's name in the reader's words; one of a newer version
// has none yet.
func (w *Web) letterName(key, l string) string {
	if s := w.Texts.Text(l, "templates.key_"+key); s != "templates.key_"+key {
		return s
	}
	return strings.ReplaceAll(key, "_", " ")
}

func (w *Web) template(c *fiber.Ctx, s auth.Session) error {
	own, version, err := w.Upkeep.Templates(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	p, err := w.templateView(c, s, own, version)
	if err != nil {
		return err
	}
	return w.UI.Render(c, "settingstemplate", p)
}

// templateView is one text as it is in force.
func (w *Web) templateView(c *fiber.Ctx, s auth.Session, own desk.Templates, version int) (templatePage, error) {
	key, lang := c.Params("text"), c.Params("language")
	built := w.Texts.Raw("mail." + key)
	if built == nil || i18n.Language(lang) != lang {
		return templatePage{}, balie.ErrNotFound
	}
	p := templatePage{shell: w.around(c, s), Can: s.Actor().Can(desk.Manage), Key: key, Name: w.letterName(key, ui.Language(c)), Language: lang, BuiltIn: built[lang], Version: version}
	if p.Text, p.Own = own[key][lang]; !p.Own {
		p.Text = p.BuiltIn
	}
	for _, g := range desk.LetterGaps(w.Texts, key) {
		p.Gaps = append(p.Gaps, gapView{g, w.sampleOf(g, lang)})
	}
	w.previewTemplate(&p)
	return p, nil
}

// previewTemplate fills the samples in, as each channel shows it.
func (w *Web) previewTemplate(p *templatePage) {
	var pairs []string
	for _, g := range p.Gaps {
		pairs = append(pairs, "{"+g.Name+"}", g.Sample)
	}
	text := strings.NewReplacer(pairs...).Replace(p.Text)
	p.Page = ui.Markdown(text)
	m := balie.Message{Text: text, Language: p.Language, Direction: balie.Out}
	p.Mail, p.Slack = w.shown("email", m), w.shown("slack", m)
}

// saveTemplate publishes one text, or takes the built-in one back.
func (w *Web) saveTemplate(c *fiber.Ctx, s auth.Session) error {
	f, l, a := values(c), ui.Language(c), s.Actor()
	own, version, err := w.Upkeep.Templates(c.UserContext(), a)
	if err != nil {
		return err
	}
	p, err := w.templateView(c, s, own, version)
	if err != nil {
		return err
	}
	base, _ := strconv.Atoi(f.Get("base"))
	did, text := "saved", strings.TrimSpace(strings.ReplaceAll(f.Get("text"), "\r\n", "\n"))
	if f.Get("act") == "reset" {
		did, text = "reset", ""
	}
	p.Reason = f.Get("reason")
	if f.Get("act") == "preview" || did == "saved" && text == "" {
		p.Text = text
		w.previewTemplate(&p)
		if text == "" {
			c.Status(fiber.StatusUnprocessableEntity)
			p.Fault = w.Texts.Text(l, "templates.empty")
		}
		return w.UI.Render(c, "settingstemplate", p)
	}
	_, err = w.Upkeep.SetTemplate(c.UserContext(), a, base, p.Key, p.Language, text, p.Reason, w.Now())
	if err == nil {
		return c.Redirect("/settings/templates?did="+did, fiber.StatusSeeOther)
	}
	if text != "" {
		p.Text = text
	}
	switch {
	case errors.Is(err, balie.ErrStale):
		c.Status(fiber.StatusConflict)
		p.Conflict = true
	case len(faultsOf(err)) > 0:
		c.Status(fiber.StatusUnprocessableEntity)
		p.Fault = w.templateFault(p, l, err)
	default:
		return err
	}
	w.previewTemplate(&p)
	return w.UI.Render(c, "settingstemplate", p)
}

// templateFault says in the reader's words what is wrong.
func (w *Web) templateFault(p templatePage, l string, err error) string {
	var known, unknown []string
	for _, g := range p.Gaps {
		known = append(known, "{"+g.Name+"}")
	}
	for _, g := range i18n.Placeholders(p.Text) {
		if !strings.Contains(strings.Join(known, " "), "{"+g+"}") {
			unknown = append(unknown, "{"+g+"}")
		}
	}
	switch {
	case strings.TrimSpace(p.Reason) == "" && len(unknown) == 0:
		return w.Texts.Text(l, "templates.no_reason")
	case len(unknown) > 0 && len(known) == 0:
		return w.Texts.Text(l, "templates.unknown_none", "names", strings.Join(unknown, ", "))
	case len(unknown) > 0:
		return w.Texts.Text(l, "templates.unknown", "names", strings.Join(unknown, ", "), "known", strings.Join(known, ", "))
	}
	e := faultsOf(err)[0]
	return e.Problem + "; " + e.Fix
}

func (w *Web) rollbackTemplates(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	version, err := strconv.Atoi(f.Get("to"))
	if err != nil || version < 1 {
		return balie.ErrNotFound
	}
	base, _ := strconv.Atoi(f.Get("base"))
	_, err = w.Upkeep.RollbackTemplates(c.UserContext(), s.Actor(), version, base, strings.TrimSpace(f.Get("reason")), w.Now())
	if err == nil {
		return c.Redirect("/settings/templates?did=rolled", fiber.StatusSeeOther)
	}
	if !toShow(c, err) {
		return err
	}
	return w.showTemplates(c, s, true, err)
}
