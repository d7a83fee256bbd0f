package web

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) composeRoutes() []route {
	post := func(path string, h handler) route {
		return route{method: fiber.MethodPost, path: path, right: desk.ActOnRequests, object: requestObject, handle: h}
	}
	compose := post("/r/:ref/compose", w.compose)
	compose.files, compose.body = true, uploadBytes
	return []route{
		compose,
		post("/r/:ref/draft", w.saveDraft),
		post("/r/:ref/preview", w.previewWords),
		post("/r/:ref/unsend", w.unsend),
		post("/r/:ref/share", w.share),
	}
}

// compose does what was asked of the composer: send, or something with its text.
func (w *Web) compose(c *fiber.Ctx, s auth.Session) error {
	id, err := w.Desk.Find(c.UserContext(), s.Actor(), c.Params("ref"))
	if err != nil {
		return err
	}
	f, err := w.readComposed(c, s)
	if err != nil {
		return err
	}
	switch f.Act {
	case "save", "preview", "snippet", "insert":
		return w.putInto(c, s, id, f)
	case "stay": // Enter in a field: nothing goes out by a slip
		return w.showRequest(c, s, id, typed{form: f})
	case "drop":
		if err := w.Desk.DropDraft(c.UserContext(), s.Actor(), id, f.Tab); err != nil {
			return err
		}
		return w.toRequest(c, "?tab="+replyTab)
	}
	did, err := w.send(c, s, id, f)
	if err != nil {
		return w.refused(c, s, id, f, err)
	}
	return w.toRequest(c, did)
}

// toRequest goes back to the page of the request.
func (w *Web) toRequest(c *fiber.Ctx, rest string) error {
	return c.Redirect("/r/"+url.PathEscape(c.Params("ref"))+rest, fiber.StatusSeeOther)
}

// send carries the form out and says where to go.
func (w *Web) send(c *fiber.Ctx, s auth.Session, id balie.ID, f *composed) (string, error) {
	ctx, a, now := c.UserContext(), s.Actor(), w.Now()
	anyway := f.Act == "anyway"
	switch f.Tab {
	case noteTab:
		_, err := w.Desk.Note(ctx, a, id, f.Text, f.Files, f.Key, now)
		return "?did=noted", err
	case backTab, accountTab:
		due, err := w.wallTime(f.Due, "due")
		if err != nil {
			return "", err
		}
		_, err = w.Desk.HandOut(ctx, a, desk.HandOut{Request: id, Seen: f.Seen, Anyway: anyway, Team: f.Team, Summary: f.Summary,
			Due: due, Why: f.Why, Tell: f.Tell, Key: f.Key}, now)
		return "?did=handed_out", err
	}
	if f.chosen && len(f.To) == 0 {
		return "", &balie.InvalidError{Field: "to", Problem: "nobody is chosen", Fix: "choose who gets it"}
	}
	sent, err := w.Desk.Reply(ctx, a, desk.Reply{Request: id, Seen: f.Seen, Anyway: anyway, Text: f.Text, To: f.To, Then: desk.Then(f.Then),
		Language: f.Language, Files: f.Files, Key: f.Key, Shares: f.Shares}, now)
	if err != nil {
		return "", err
	}
	if sent.Due.After(now) {
		return "?did=sent#compose", nil
	}
	return "?did=kept", nil
}

// wallTime reads what an input of type datetime-local gave, in the desk's zone.
func (w *Web) wallTime(s, field string) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, s, w.Zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &balie.InvalidError{Field: field, Problem: "that is not a date and time", Fix: "write it as 2026-11-30 16:00"}
}

// refused shows the page again with all that was typed. The text is kept as a
// draft as well: whatever becomes of the page, nobody types it twice.
func (w *Web) refused(c *fiber.Ctx, s auth.Session, id balie.ID, f *composed, err error) error {
	in := typed{form: f}
	status := fiber.StatusConflict
	var invalid *balie.InvalidError
	var move *balie.MoveError
	switch {
	case errors.As(err, &in.stale):
	case errors.As(err, &invalid):
		in.fault, status = w.faultOf(ui.Language(c), invalid), fiber.StatusUnprocessableEntity
	case errors.As(err, &move):
		in.fault = w.moveFault(ui.Language(c), move)
	default:
		return err
	}
	if strings.TrimSpace(f.Text) != "" {
		if err := w.Desk.SaveDraft(c.UserContext(), s.Actor(), id, f.Tab, f.Text, f.Seen, w.Now()); err != nil {
			w.Log.Warn("the draft of a refused reply is not kept", "request", id, "err", err)
		}
	}
	c.Status(status)
	return w.showRequest(c, s, id, in)
}

// faultOf says in the reader's language what is wrong with a field.
func (w *Web) faultOf(language string, e *balie.InvalidError) string {
	key := "request.fault_" + e.Field
	if words := w.Texts.Text(language, key); words != key {
		return words
	}
	return w.Texts.Text(language, "request.fault", "problem", e.Problem, "fix", e.Fix)
}

// moveFault says in the reader's language that the request's state has no such move.
func (w *Web) moveFault(language string, e *balie.MoveError) string {
	if len(e.Why) > 0 && e.What == balie.Answered {
		return w.Texts.Text(language, "request.fault_team_has_it")
	}
	return w.Texts.Text(language, "request.fault_move", "state", w.Texts.Text(language, "request.state_"+e.State.String()))
}

// putInto does something with the text that sends nothing: it is a draft after it.
func (w *Web) putInto(c *fiber.Ctx, s auth.Session, id balie.ID, f *composed) error {
	ctx, a := c.UserContext(), s.Actor()
	add := ""
	switch f.Act {
	case "snippet", "insert":
		v, err := w.Desk.View(ctx, a, id, w.Now())
		if err != nil {
			return err
		}
		if add, err = w.inserted(c, a, v, f); err != nil {
			return err
		}
	}
	text := f.Text
	if add != "" {
		text = strings.TrimSpace(strings.TrimRight(text, "\n ") + "\n\n" + add)
	}
	if err := w.Desk.SaveDraft(ctx, a, id, f.Tab, text, f.Seen, w.Now()); err != nil {
		return err
	}
	to := "?tab=" + url.QueryEscape(f.Tab)
	if f.Act == "preview" {
		to += "&preview=1"
	}
	return w.toRequest(c, to+"#compose")
}

// inserted is the snippet or the catalogue's answer that was asked for.
func (w *Web) inserted(c *fiber.Ctx, a desk.Actor, v desk.RequestView, f *composed) (string, error) {
	if f.Act == "insert" {
		for _, s := range w.Desk.SuggestFor(c.UserContext(), v, w.Now()) {
			if s.Product.ID == f.Insert || f.Insert == "" {
				return s.Answer, nil
			}
		}
		return "", nil
	}
	all, err := w.Desk.Snippets(c.UserContext(), a, "")
	if err != nil {
		return "", err
	}
	for _, s := range all {
		if s.ID == f.Snippet {
			return w.Desk.FillSnippet(v, a, s.Text, w.Now()), nil
		}
	}
	return "", nil
}

// saveDraft keeps what was typed so far; the page's script calls it a second
// after typing stops.
func (w *Web) saveDraft(c *fiber.Ctx, s auth.Session) error {
	id, err := w.Desk.Find(c.UserContext(), s.Actor(), c.Params("ref"))
	if err != nil {
		return err
	}
	f, err := simpleForm(c)
	if err != nil {
		return err
	}
	if strings.TrimSpace(f.Text) == "" {
		err = w.Desk.DropDraft(c.UserContext(), s.Actor(), id, f.Tab)
	} else {
		err = w.Desk.SaveDraft(c.UserContext(), s.Actor(), id, f.Tab, f.Text, f.Seen, w.Now())
	}
	if err != nil {
		return err
	}
	if w.Presence != nil {
		w.Presence.Look(s.Actor(), id, true, w.Now())
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// simpleForm is a form without files, its token checked already.
func simpleForm(c *fiber.Ctx) (*composed, error) {
	v, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return nil, fiber.ErrBadRequest
	}
	return composedOf(v, nil), nil
}

// previewWords is Markdown as it will be read, for the page's script.
func (w *Web) previewWords(c *fiber.Ctx, s auth.Session) error {
	if _, err := w.Desk.Find(c.UserContext(), s.Actor(), c.Params("ref")); err != nil {
		return err
	}
	f, err := simpleForm(c)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.SendString(string(ui.Markdown(f.Text)))
}

// unsend takes a reply back before it goes out: its text is a draft again.
func (w *Web) unsend(c *fiber.Ctx, s auth.Session) error {
	id, err := w.Desk.Find(c.UserContext(), s.Actor(), c.Params("ref"))
	if err != nil {
		return err
	}
	v, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return fiber.ErrBadRequest
	}
	m, err := balie.ParseID(v.Get("message"))
	if err != nil {
		return balie.ErrNotFound
	}
	_, err = w.Desk.Unsend(c.UserContext(), s.Actor(), id, m, w.Now())
	var move *balie.MoveError
	switch {
	case errors.As(err, &move):
		return w.toRequest(c, "?did=too_late")
	case err != nil:
		return err
	}
	return w.toRequest(c, "?tab=reply&did=unsent#compose")
}

// share puts a team's words into the reply as a quotation.
func (w *Web) share(c *fiber.Ctx, s auth.Session) error {
	ctx, a := c.UserContext(), s.Actor()
	id, err := w.Desk.Find(ctx, a, c.Params("ref"))
	if err != nil {
		return err
	}
	v, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return fiber.ErrBadRequest
	}
	m, err := balie.ParseID(v.Get("message"))
	if err != nil {
		return balie.ErrNotFound
	}
	quoted, err := w.Desk.Share(ctx, a, id, m, w.Now())
	if err != nil {
		return err
	}
	d, err := w.Desk.Draft(ctx, a, id, replyTab)
	if err != nil {
		return err
	}
	seen := d.Seen
	if seen == 0 {
		view, err := w.Desk.View(ctx, a, id, w.Now())
		if err != nil {
			return err
		}
		seen = view.Request.Version
	}
	text := strings.TrimSpace(strings.TrimRight(d.Text, "\n ") + "\n\n" + quoted)
	if err := w.Desk.SaveDraft(ctx, a, id, replyTab, text, seen, w.Now()); err != nil {
		return err
	}
	return w.toRequest(c, "?tab=reply&share="+m.String()+"#compose")
}
