package web

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) snippetRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/snippets", right: desk.ActOnRequests, object: noObject, handle: w.snippets},
		{method: fiber.MethodPost, path: "/snippets", right: desk.ActOnRequests, object: noObject, handle: w.saveSnippet},
		{method: fiber.MethodPost, path: "/snippets/delete", right: desk.ActOnRequests, object: noObject, handle: w.deleteSnippet},
	}
}

// snippetsPage is what snippets.html shows.
type snippetsPage struct {
	shell
	All          []desk.Snippet
	Edit         desk.Snippet // the one in the form; without ID a new one
	Languages    []option
	Placeholders []string
	Fault        string
}

func (w *Web) snippets(c *fiber.Ctx, s auth.Session) error {
	return w.showSnippets(c, s, desk.Snippet{ID: c.Query("id")}, "")
}

// showSnippets shows all of them and one in the form: by its id, or as typed.
func (w *Web) showSnippets(c *fiber.Ctx, s auth.Session, edit desk.Snippet, fault string) error {
	all, err := w.Desk.Snippets(c.UserContext(), s.Actor(), "")
	if err != nil {
		return err
	}
	p := snippetsPage{shell: w.around(c, s), All: all, Edit: edit, Fault: fault, Placeholders: desk.Gaps()}
	if edit.ID != "" && fault == "" {
		p.Edit = desk.Snippet{}
		for _, x := range all {
			if x.ID == edit.ID {
				p.Edit = x
			}
		}
		if p.Edit.ID == "" {
			return balie.ErrNotFound
		}
	}
	text := func(key string) string { return w.Texts.Text(ui.Language(c), "request."+key) }
	p.Languages = []option{{"", text("snippet_any"), p.Edit.Language == ""}}
	for _, l := range []string{"nl", "en"} {
		p.Languages = append(p.Languages, option{l, text("language_" + l), p.Edit.Language == l})
	}
	if did := c.Query("did"); did == "saved" || did == "deleted" {
		p.Notice = text("snippet_" + did)
	}
	return w.UI.Render(c, "snippets", p)
}

func (w *Web) saveSnippet(c *fiber.Ctx, s auth.Session) error {
	v, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return fiber.ErrBadRequest
	}
	in := desk.Snippet{ID: v.Get("id"), Name: v.Get("name"), Language: v.Get("language"), Text: v.Get("text")}
	in.Version, _ = strconv.ParseUint(v.Get("version"), 10, 64)
	_, err = w.Desk.SaveSnippet(c.UserContext(), s.Actor(), in, w.Now())
	var invalid *balie.InvalidError
	l := ui.Language(c)
	switch {
	case errors.As(err, &invalid):
		c.Status(fiber.StatusUnprocessableEntity)
		return w.showSnippets(c, s, in, w.Texts.Text(l, "request.snippet_wrong"))
	case errors.Is(err, balie.ErrStale):
		return w.staleSnippet(c, s, in)
	case err != nil:
		return err
	}
	return c.Redirect("/snippets?did=saved", fiber.StatusSeeOther)
}

// staleSnippet shows what was typed on top of what a colleague made of it: it
// is kept when it is saved once more.
func (w *Web) staleSnippet(c *fiber.Ctx, s auth.Session, in desk.Snippet) error {
	all, err := w.Desk.Snippets(c.UserContext(), s.Actor(), "")
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.ID == in.ID {
			in.Version = x.Version
		}
	}
	c.Status(fiber.StatusConflict)
	return w.showSnippets(c, s, in, w.Texts.Text(ui.Language(c), "request.snippet_stale"))
}

func (w *Web) deleteSnippet(c *fiber.Ctx, s auth.Session) error {
	v, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return fiber.ErrBadRequest
	}
	if err := w.Desk.DeleteSnippet(c.UserContext(), s.Actor(), v.Get("id"), w.Now()); err != nil {
		return err
	}
	return c.Redirect("/snippets?did=deleted", fiber.StatusSeeOther)
}
