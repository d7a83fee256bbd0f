package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"

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
