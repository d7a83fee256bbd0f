package web

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
)

// Mail scanners follow every link in a letter: a GET of these shows a page and
// changes nothing, also the one that has a score in it.
func (w *Web) surveyRoutes() []route {
	get, post := fiber.MethodGet, fiber.MethodPost
	return []route{
		{method: get, path: "/a/:survey", object: linkObject, public: w.survey},
		{method: get, path: "/a/:survey/:score", object: linkObject, public: w.survey},
		{method: post, path: "/a/:survey", object: linkObject, public: w.rate},
		{method: get, path: "/u/:nomore", object: linkObject, public: w.noMore},
		// A mail program posts here by itself, from wherever it is (RFC 8058).
		{method: post, path: "/u/:nomore", object: linkObject, public: w.setNoMore, anywhere: true},
	}
}

// surveyPage is what survey.html shows.
type surveyPage struct {
	State       string // "ask", "given", "open", "late"
	Path        string
	Token       string // of one sending of the form, for reopening
	Ref, Head   string
	Words       string // the language of what was typed, when it is the head
	Chosen      string
	Scores      []scoreBox
	Text        string
	Fault       string // at the score
	RemarkFault string
	Faults      []fieldFault
	Until       string
	Said, More  string
	Bad         bool
	Status      string // the customer's own page
}

// fieldFault is what is wrong with a field of a public form: above it the same
// words lead to it.
type fieldFault struct{ Field, Text string }

// scoreBox is one score that can be chosen.
type scoreBox struct {
	N, Name string
	On      bool
}

// replyFor is how long the form can be sent to reopen.
const replyFor = 24 * time.Hour

func (w *Web) survey(c *fiber.Ctx) error {
	is, err := w.openSurvey(c)
	if errors.Is(err, token.ErrExpired) {
		c.Status(fiber.StatusGone)
		return w.UI.Render(c, "survey", w.tooLate(ui.Language(c)))
	}
	if err != nil {
		return err
	}
	return w.UI.Render(c, "survey", w.surveyView(c, is, c.Params("score")))
}

// openSurvey reads the request of a link.
func (w *Web) openSurvey(c *fiber.Ctx) (desk.Rating, error) {
	secret(c)
	id, err := w.Tokens.ParseLink(token.Survey, c.Params("survey"), w.Now())
	if err != nil {
		return desk.Rating{}, err
	}
	return w.Aftercare.Look(c.UserContext(), id, w.Now())
}

// secret keeps a page that opens with its link alone out of caches, referrers
// and search engines.
func secret(c *fiber.Ctx) {
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set("X-Robots-Tag", "noindex, nofollow")
	c.Set(fiber.HeaderCacheControl, "no-store")
}

func (w *Web) tooLate(l string) surveyPage {
	return surveyPage{State: "late", Head: w.Texts.Text(l, "survey.late"), More: w.Texts.Text(l, "survey.late_more")}
}

// surveyView is the page of a request, with a score chosen or none.
func (w *Web) surveyView(c *fiber.Ctx, is desk.Rating, chosen string) surveyPage {
	l, r, now := ui.Language(c), is.Request, w.Now()
	text := func(key string, pairs ...string) string { return w.Texts.Text(l, "survey."+key, pairs...) }
	p := surveyPage{Path: "/a/" + c.Params("survey"), Ref: r.Ref, Head: r.Subject, Words: r.Language,
		Status: "/s/" + w.Tokens.Link(token.Status, r.ID, r.ID.Time().AddDate(0, 0, statusDays))}
	if p.Head == "" {
		p.Head, p.Words = text("how"), ""
	}
	if _, err := w.Tokens.ParseLink(token.Status, strings.TrimPrefix(p.Status, "/s/"), now); err != nil {
		p.Status = ""
	}
	switch {
	case is.Given > 0:
		p.State, p.Bad = "given", is.Bad
		p.Said, p.More = text("thanks", "score", strconv.Itoa(is.Given)), text("thanks_more")
		if is.Bad {
			p.More = text("thanks_bad")
		}
	case is.Can:
		p.State = "ask"
		p.Token = w.Tokens.Link(token.Form, balie.NewID(now), now.Add(replyFor))
		p.Until = text("until", "day", i18n.Day(l, is.Until.In(w.Zone)))
		for n := 1; n <= 5; n++ {
			s := strconv.Itoa(n)
			p.Scores = append(p.Scores, scoreBox{s, text("score_" + s), s == chosen})
			if s == chosen {
				p.Chosen = text("chosen", "score", s)
			}
		}
	case is.Until.IsZero():
		p.State, p.Head, p.Words, p.More = "open", text("open"), "", text("open_more")
	default:
		late := w.tooLate(l)
		p.State, p.Head, p.Words, p.More = late.State, late.Head, "", late.More
	}
	return p
}

// statusDays is how long the customer's own page opens, as its letters and the
// form say it.
const statusDays = 90

// rate takes a score, and shows what became of it.
func (w *Web) rate(c *fiber.Ctx) error {
	is, err := w.openSurvey(c)
	if errors.Is(err, token.ErrExpired) {
		c.Status(fiber.StatusGone)
		return w.UI.Render(c, "survey", w.tooLate(ui.Language(c)))
	}
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(c.Body()))
	if err != nil || !strings.HasPrefix(c.Get(fiber.HeaderContentType), fiber.MIMEApplicationForm) {
		return fiber.ErrUnsupportedMediaType
	}
	ui.Speak(c, form.Get("lang"))
	score, _ := strconv.Atoi(form.Get("score"))
	_, err = w.Aftercare.Rate(c.UserContext(), is.Request.ID, score, form.Get("text"), w.Now())
	var invalid *balie.InvalidError
	var move *balie.MoveError
	switch {
	case errors.As(err, &invalid):
		c.Status(fiber.StatusUnprocessableEntity)
		p := w.surveyView(c, is, form.Get("score"))
		p.Text, p.Chosen = form.Get("text"), ""
		w.surveyFault(&p, ui.Language(c), invalid.Field)
		return w.UI.Render(c, "survey", p)
	case errors.As(err, &move): // it was reopened meanwhile, or its time is over
		c.Status(fiber.StatusConflict)
		return w.UI.Render(c, "survey", w.surveyView(c, is, ""))
	case err != nil:
		return err
	}
	return c.Redirect("/a/"+c.Params("survey")+"?lang="+ui.Language(c), fiber.StatusSeeOther)
}

// surveyFault says what is wrong, under the field and above the form.
func (w *Web) surveyFault(p *surveyPage, l, field string) {
	if p.State != "ask" {
		return
	}
	switch field {
	case "score":
		p.Fault = w.Texts.Text(l, "survey.choose")
		p.Faults = []fieldFault{{Field: "score", Text: p.Fault}}
	case "remark":
		p.RemarkFault = w.Texts.Text(l, "survey.remark_long")
		p.Faults = []fieldFault{{Field: "remark", Text: p.RemarkFault}}
	}
}

// noMorePage is what nomore.html shows.
type noMorePage struct {
	Path    string
	Stopped bool
}

func (w *Web) noMore(c *fiber.Ctx) error {
	id, err := w.openNoMore(c)
	if err != nil {
		return err
	}
	wanted, err := w.Aftercare.Surveys(c.UserContext(), id)
	if err != nil {
		return err
	}
	return w.UI.Render(c, "nomore", noMorePage{"/u/" + c.Params("nomore"), !wanted})
}

func (w *Web) openNoMore(c *fiber.Ctx) (balie.ID, error) {
	secret(c)
	return w.Tokens.ParseLink(token.NoMore, c.Params("nomore"), w.Now())
}

// setNoMore ends surveys for a person, or begins them again. A mail program
// that posts by itself gets its answer at once: it must not be sent elsewhere
// (RFC 8058 section 3.1).
func (w *Web) setNoMore(c *fiber.Ctx) error {
	id, err := w.openNoMore(c)
	if err != nil {
		return err
	}
	form := values(c)
	if err := w.Aftercare.SetSurveys(c.UserContext(), id, form.Get("act") == "again", w.Now()); err != nil {
		return err
	}
	if form.Get("act") == "" {
		return w.UI.Render(c, "nomore", noMorePage{"/u/" + c.Params("nomore"), true})
	}
	ui.Speak(c, form.Get("lang"))
	return c.Redirect("/u/"+c.Params("nomore")+"?lang="+ui.Language(c), fiber.StatusSeeOther)
}
