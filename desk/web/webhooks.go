package web

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/hooks"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) webhooksRoutes() []route {
	one := func(method, path string, h handler) route {
		return route{method: method, path: "/settings/webhooks/:hook" + path, right: desk.Manage, object: hookObject, handle: h}
	}
	return []route{
		{method: fiber.MethodGet, path: "/settings/webhooks", right: desk.Manage, handle: w.webhooks},
		{method: fiber.MethodPost, path: "/settings/webhooks", right: desk.Manage, handle: w.addWebhook},
		one(fiber.MethodGet, "", w.webhook),
		one(fiber.MethodPost, "", w.changeWebhook),
		one(fiber.MethodPost, "/test", w.testWebhook),
		one(fiber.MethodPost, "/rotate", w.rotateWebhook),
		one(fiber.MethodPost, "/remove", w.removeWebhook),
	}
}

// webhooksPage is what webhooks.html shows: all of them, and the form of a new
// one.
type webhooksPage struct {
	shell
	Hooks  []hookLine
	Form   hookForm
	Faults []formFault
}

// Fault is what is wrong with a field, in words, or "".
func (p webhooksPage) Fault(field string) string { return faultAt(p.Faults, field) }

// hookLine is one webhook in the list.
type hookLine struct {
	Path, Name, URL, State, Class string
	Private                       bool
}

// hookForm is a webhook as it is typed.
type hookForm struct {
	Name, URL string
	Some      bool // only some events
	Events    []pick
	Private   bool
}

func newHookForm(k hooks.Hook) hookForm {
	f := hookForm{Name: k.Name, URL: k.URL, Some: len(k.Events) > 0, Private: k.Private}
	for _, e := range hooks.Events {
		f.Events = append(f.Events, pick{e, e, "", slices.Contains(k.Events, e)})
	}
	return f
}

// typedHook is what a form sent.
func typedHook(c *fiber.Ctx, id string) hooks.Hook {
	f := values(c)
	k := hooks.Hook{ID: id, Name: f.Get("name"), URL: f.Get("url"), Private: f.Get("private") == "yes"}
	if f.Get("which") == "some" {
		k.Events = f["events"]
		if len(k.Events) == 0 {
			k.Events = []string{""} // none is refused: it would mean all
		}
	}
	return k
}

func (w *Web) webhooks(c *fiber.Ctx, s auth.Session) error {
	p, err := w.webhooksView(c, s)
	if err != nil {
		return err
	}
	if c.Query("did") == "removed" {
		p.Notice = w.Texts.Text(ui.Language(c), "webhooks.removed")
	}
	p.Form = newHookForm(hooks.Hook{})
	return w.UI.Render(c, "webhooks", p)
}

func (w *Web) webhooksView(c *fiber.Ctx, s auth.Session) (webhooksPage, error) {
	p := webhooksPage{shell: w.around(c, s)}
	all, err := w.Hooks.List(c.UserContext())
	if err != nil {
		return p, err
	}
	l := ui.Language(c)
	for _, k := range all {
		line := hookLine{Path: "/settings/webhooks/" + k.ID, Name: k.Name, URL: k.URL, Private: k.Private, State: w.Texts.Text(l, "webhooks.state_on"), Class: "ok"}
		if k.Ended != "" {
			line.State, line.Class = w.Texts.Text(l, "webhooks.state_ended"), "bad"
		}
		p.Hooks = append(p.Hooks, line)
	}
	return p, nil
}

// addWebhook answers with the webhook's page: its secret is shown once.
func (w *Web) addWebhook(c *fiber.Ctx, s auth.Session) error {
	k, secret, err := w.Hooks.Add(c.UserContext(), s.Actor(), typedHook(c, ""), w.Now())
	if faults := w.hookFaults(c, err); len(faults) > 0 {
		p, err := w.webhooksView(c, s)
		if err != nil {
			return err
		}
		p.Form, p.Faults = newHookForm(typedHook(c, "")), faults
		c.Status(fiber.StatusUnprocessableEntity)
		return w.UI.Render(c, "webhooks", p)
	}
	if err != nil {
		return err
	}
	return w.showWebhook(c, s, k.ID, func(p *webhookPage) { p.Secret = secret })
}

// hookFaults are what is wrong with a form, in words.
func (w *Web) hookFaults(c *fiber.Ctx, err error) []formFault {
	var out []formFault
	for _, e := range invalidFields(err) {
		out = append(out, formFault{e.Field, w.Texts.Text(ui.Language(c), "webhooks.wrong_"+e.Field)})
	}
	return out
}

// webhookPage is what webhook.html shows: one, and its last calls.
type webhookPage struct {
	shell
	Path    string
	Form    hookForm
	Ended   bool
	Why     string // it ended, as the log says it
	Made    string
	Told    string
	Next    string // when a call that was not taken is made again
	Secret  string // shown once
	Rotated bool
	Tries   []tryLine
	Tried   *tryLine // just now
	Faults  []formFault
}

// Fault is what is wrong with a field, in words, or "".
func (p webhookPage) Fault(field string) string { return faultAt(p.Faults, field) }

// tryLine is one call.
type tryLine struct {
	When, Event, Ref, Path, Status, Error, Took string
	Good                                        bool
}

func (w *Web) tryLine(c *fiber.Ctx, t hooks.Try) tryLine {
	line := tryLine{When: i18n.Moment(ui.Language(c), t.At.In(w.Zone)), Event: t.Event, Ref: t.Ref, Error: t.Error,
		Took: strconv.FormatInt(t.Took.Milliseconds(), 10) + " ms", Good: t.Status >= 200 && t.Status < 300}
	if t.Status > 0 {
		line.Status = strconv.Itoa(t.Status)
	}
	if t.Ref != "" {
		line.Path = "/r/" + t.Ref
	}
	return line
}

func (w *Web) webhook(c *fiber.Ctx, s auth.Session) error {
	return w.showWebhook(c, s, c.Params("hook"), func(p *webhookPage) {
		if c.Query("did") == "saved" {
			p.Notice = w.Texts.Text(ui.Language(c), "webhooks.saved")
		}
	})
}

func (w *Web) showWebhook(c *fiber.Ctx, s auth.Session, id string, with func(*webhookPage)) error {
	k, progress, err := w.Hooks.Hook(c.UserContext(), id)
	if err != nil {
		return err
	}
	l := ui.Language(c)
	p := webhookPage{shell: w.around(c, s), Path: "/settings/webhooks/" + k.ID, Form: newHookForm(k), Ended: k.Ended != "", Why: k.Ended,
		Made: i18n.Moment(l, k.Made.In(w.Zone)), Told: strconv.FormatUint(progress.Told, 10)}
	if !progress.Next.IsZero() && k.Ended == "" {
		p.Next = i18n.Moment(l, progress.Next.In(w.Zone))
	}
	for _, t := range progress.Tries {
		p.Tries = append(p.Tries, w.tryLine(c, t))
	}
	with(&p)
	return w.UI.Render(c, "webhook", p)
}

func (w *Web) changeWebhook(c *fiber.Ctx, s auth.Session) error {
	k := typedHook(c, c.Params("hook"))
	err := w.Hooks.Change(c.UserContext(), s.Actor(), k, w.Now())
	if faults := w.hookFaults(c, err); len(faults) > 0 {
		c.Status(fiber.StatusUnprocessableEntity)
		return w.showWebhook(c, s, k.ID, func(p *webhookPage) { p.Form, p.Faults = newHookForm(k), faults })
	}
	if err != nil {
		return err
	}
	return c.Redirect("/settings/webhooks/"+k.ID+"?did=saved", fiber.StatusSeeOther)
}

// testWebhook makes a call now and shows what came of it; nothing is stored.
func (w *Web) testWebhook(c *fiber.Ctx, s auth.Session) error {
	t, err := w.Hooks.Test(c.UserContext(), c.Params("hook"))
	if err != nil {
		return err
	}
	line := w.tryLine(c, t)
	return w.showWebhook(c, s, c.Params("hook"), func(p *webhookPage) { p.Tried = &line })
}

func (w *Web) rotateWebhook(c *fiber.Ctx, s auth.Session) error {
	secret, err := w.Hooks.Rotate(c.UserContext(), s.Actor(), c.Params("hook"), w.Now())
	if err != nil {
		return err
	}
	return w.showWebhook(c, s, c.Params("hook"), func(p *webhookPage) { p.Secret, p.Rotated = secret, true })
}

func (w *Web) removeWebhook(c *fiber.Ctx, s auth.Session) error {
	err := w.Hooks.Remove(c.UserContext(), s.Actor(), strings.TrimSpace(c.Params("hook")), w.Now())
	if err != nil && !errors.Is(err, balie.ErrStale) {
		return err
	}
	return c.Redirect("/settings/webhooks?did=removed", fiber.StatusSeeOther)
}
