package web

import (
	"errors"
	"html/template"
	"net/url"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) handoutRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/h/:token", object: linkObject, public: w.handout},
		{method: fiber.MethodPost, path: "/h/:token", object: linkObject, public: w.actHandout},
	}
}

// handoutPage is what handout.html shows.
type handoutPage struct {
	Path, Ref, Team string
	State           string // in words
	Due             string
	Late, Open      bool
	Accepted        bool
	Letter          template.HTML
	Thread          []said
	Answer          string // what a link in a letter chose: "on_schedule", "later", "done", "need"; "" all there is
	Text, Until     string
	Fault           string // at the words
	UntilFault      string
	Done            string // what was just done, in words
}

// said is one message of the thread.
type said struct {
	Mine      bool
	Who, When string
	Text      string
	HTML      template.HTML
}

// handout is the page of whoever got a hand-out. Its link is the key.
func (w *Web) handout(c *fiber.Ctx) error {
	v, err := w.openHandout(c)
	if err != nil {
		return err
	}
	p := w.handoutView(c, v)
	if a := c.Query("answer"); p.Open && slices.Contains(letters.StatusAnswers, a) {
		p.Answer = a
	}
	if _, ok := v.Request.Handout(v.Handout.ID); ok && c.Query("did") != "" {
		p.Done = w.Texts.Text(ui.Language(c), "handout.did")
	}
	return w.UI.Render(c, "handout", p)
}

func (w *Web) openHandout(c *fiber.Ctx) (desk.HandoutView, error) {
	c.Set("Referrer-Policy", "no-referrer")
	c.Set("X-Robots-Tag", "noindex, nofollow")
	c.Set(fiber.HeaderCacheControl, "no-store")
	id, err := w.Tokens.ParseLink(token.Handout, c.Params("token"), w.Now())
	if err != nil {
		return desk.HandoutView{}, err
	}
	return w.Handouts.Open(c.UserContext(), id)
}

func (w *Web) handoutView(c *fiber.Ctx, v desk.HandoutView) handoutPage {
	l := ui.Language(c)
	text := func(key string, pairs ...string) string { return w.Texts.Text(l, "handout."+key, pairs...) }
	p := handoutPage{
		Path: "/h/" + c.Params("token"), Ref: v.Request.Ref, Team: w.Teams(v.Handout.Team, l),
		State: text("state_" + string(v.Handout.State)), Open: v.Handout.Open(), Accepted: v.Handout.State == balie.Accepted,
	}
	if !v.Handout.Due.IsZero() {
		p.Due = i18n.Moment(l, v.Handout.Due.In(w.Zone))
		p.Late = p.Open && w.Now().After(v.Handout.Due)
	}
	for i, m := range v.Thread {
		if i == 0 && m.Direction == balie.Out {
			p.Letter = ui.Markdown(m.Text)
			continue
		}
		s := said{Mine: m.Direction == balie.In, Who: p.Team, When: i18n.Moment(l, m.At.In(w.Zone)), Text: m.Text}
		if !s.Mine {
			s.Who, s.Text, s.HTML = text("desk"), "", ui.Markdown(m.Text)
		}
		p.Thread = append(p.Thread, s)
	}
	return p
}

// actHandout carries out one act and shows the page again.
func (w *Web) actHandout(c *fiber.Ctx) error {
	v, err := w.openHandout(c)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return &balie.InvalidError{Field: "form", Problem: "the form could not be read", Fix: "go back and send it again"}
	}
	in := desk.HandoutAct{Act: form.Get("act"), Words: form.Get("text"), Until: w.until(form.Get("until"))}
	err = w.Handouts.Do(c.UserContext(), v.Handout.ID, in, desk.Actor{}, w.Now())
	var invalid *balie.InvalidError
	var move *balie.MoveError
	switch {
	case errors.As(err, &invalid):
		c.Status(fiber.StatusUnprocessableEntity)
		return w.again(c, v, form, invalid.Field, "handout.words_missing")
	case errors.As(err, &move):
		c.Status(fiber.StatusConflict)
		return w.again(c, v, form, "", "handout.not_any_more")
	case err != nil:
		return err
	}
	return c.Redirect("/h/"+c.Params("token")+"?did="+url.QueryEscape(in.Act), fiber.StatusSeeOther)
}

// untilForm is how a browser writes a moment that was chosen, by the desk's clock.
const untilForm = "2006-01-02T15:04"

// until is a moment that was chosen in a form; zero for none, or no moment.
func (w *Web) until(s string) time.Time {
	t, err := time.ParseInLocation(untilForm, s, w.Zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// again shows the page with what was typed and what is wrong with it.
func (w *Web) again(c *fiber.Ctx, v desk.HandoutView, form url.Values, field, key string) error {
	ui.Speak(c, form.Get("lang"))
	if now, err := w.Handouts.Open(c.UserContext(), v.Handout.ID); err == nil {
		v = now
	}
	p := w.handoutView(c, v)
	p.Text, p.Until = form.Get("text"), form.Get("until")
	if a := form.Get("answer"); slices.Contains(letters.StatusAnswers, a) && p.Open {
		p.Answer = a
	}
	if field == "until" {
		p.UntilFault = w.Texts.Text(ui.Language(c), "handout.until_missing")
	} else {
		p.Fault = w.Texts.Text(ui.Language(c), key)
	}
	return w.UI.Render(c, "handout", p)
}
