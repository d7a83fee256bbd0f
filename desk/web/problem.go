package web

import (
	"errors"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/ui"
)

// faultPage is what fault.html shows: what went wrong, for somebody who is
// signed in.
type faultPage struct {
	shell
	httpd.Problem
	Again string // the page, when trying again may help
}

// outsiders are the addresses of people who never sign in.
var outsiders = []string{"/form", "/status", "/s/", "/h/", "/static/", "/login", "/api/"}

// Problem shows a problem as a page; it is httpd.Options.Page. Who is signed
// in keeps the desk around it.
func (w *Web) Problem(c *fiber.Ctx, p httpd.Problem) error {
	for _, prefix := range outsiders {
		if strings.HasPrefix(c.Path(), prefix) {
			return w.UI.Problem(c, p)
		}
	}
	if p.Status == fiber.StatusUnauthorized {
		return w.ended(c, p)
	}
	t := c.Cookies(w.cookie())
	if t == "" || w.Sessions == nil {
		return w.UI.Problem(c, p)
	}
	s, err := w.Sessions.Look(c.UserContext(), t, w.Now())
	if err != nil {
		return w.UI.Problem(c, p)
	}
	if l := s.User.Profile.Language; l != "" {
		ui.Speak(c, l)
	}
	f := faultPage{shell: w.around(c, s), Problem: p}
	f.Narrow = true
	if c.Method() == fiber.MethodGet && (p.Status >= fiber.StatusInternalServerError || p.Status == fiber.StatusTooManyRequests) {
		f.Again = httpd.Local(c.Path())
	}
	return w.UI.Render(c, "fault", f)
}

// endedPage is what ended.html shows: the session is over, and what was typed
// is kept by a script (keep.js) until it is typed again.
type endedPage struct {
	httpd.Problem
	Next string // signing in, and back to the page of the form
}

func (w *Web) ended(c *fiber.Ctx, p httpd.Problem) error {
	from := "/inbox"
	if u, err := url.Parse(c.Get(fiber.HeaderReferer)); err == nil && u.Host == c.Hostname() {
		from = httpd.Local(u.RequestURI())
	}
	return w.UI.Render(c, "ended", endedPage{p, "/login?next=" + url.QueryEscape(from)})
}

// toShow reports whether a refused publication is shown in the page that it came
// from, with its status: somebody else was first, or what was typed has faults.
func toShow(c *fiber.Ctx, err error) bool {
	switch {
	case errors.Is(err, balie.ErrStale):
		c.Status(fiber.StatusConflict)
	case len(faultsOf(err)) > 0:
		c.Status(fiber.StatusUnprocessableEntity)
	default:
		return false
	}
	return true
}
