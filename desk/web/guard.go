package web

import (
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/ui"
)

// cookie is the name of the session's cookie. Behind https the browser itself
// sees to it that no other host set it (RFC 6265bis section 4.1.3).
func (w *Web) cookie() string {
	if w.Secure {
		return "__Host-balie"
	}
	return "balie"
}

// remember sets the session's cookie. It goes with the browser, unless somebody
// wanted to stay: when a session ends is decided here, not there.
func (w *Web) remember(c *fiber.Ctx, s auth.Session) {
	cookie := fiber.Cookie{Name: w.cookie(), Value: s.Token, Path: "/",
		HTTPOnly: true, Secure: w.Secure, SameSite: fiber.CookieSameSiteLaxMode}
	if s.Stay {
		cookie.Expires = s.Expires
	}
	c.Cookie(&cookie)
}

// forget removes it.
func (w *Web) forget(c *fiber.Ctx) {
	c.Cookie(&fiber.Cookie{Name: w.cookie(), Value: "", Path: "/", MaxAge: -1,
		HTTPOnly: true, Secure: w.Secure, SameSite: fiber.CookieSameSiteLaxMode})
}

// fromHere refuses what another site's page makes a browser send (CSRF, also
// of the sign-in form). What sends neither header is no browser of today, and
// has no cookie of ours.
func (w *Web) fromHere(c *fiber.Ctx) error {
	if c.Method() == fiber.MethodGet || c.Method() == fiber.MethodHead {
		return c.Next()
	}
	switch c.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return c.Next()
	case "":
	default:
		return fiber.ErrForbidden
	}
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" {
		return c.Next()
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host != c.Hostname() {
		return fiber.ErrForbidden
	}
	return c.Next()
}

// signedIn lets a person with the right through to a route.
func (w *Web) signedIn(c *fiber.Ctx, rt route) error {
	s, err := w.session(c)
	if errors.Is(err, balie.ErrNotFound) {
		return w.toSignIn(c)
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderReferrerPolicy, "same-origin") // a page that ended leads back to itself
	if l := s.User.Profile.Language; l != "" && c.Query("lang") == "" {
		ui.Speak(c, l)
	}
	if c.Method() != fiber.MethodGet && !rt.files {
		if err := w.genuine(c, s, given(c)); err != nil {
			return err
		}
	}
	if rt.right != "" && !s.User.Actor().Can(rt.right) {
		return balie.ErrDenied
	}
	return rt.handle(c, s)
}

func (w *Web) session(c *fiber.Ctx) (auth.Session, error) {
	t := c.Cookies(w.cookie())
	if t == "" {
		return auth.Session{}, balie.ErrNotFound
	}
	if c.Get(byItself) != "" || strings.HasSuffix(c.Path(), "/here") {
		return w.Sessions.Look(c.UserContext(), t, w.Now())
	}
	return w.Sessions.Session(c.UserContext(), t, w.Now())
}

// byItself is the header of what a page asks without anybody having done
// anything; it does not count as use of the session. Nor does saying that a
// page is still open.
const byItself = "X-Balie-Auto"

// toSignIn sends a page to the sign-in form and back; an act is told that the
// session has ended, for a redirect would lose what was typed.
func (w *Web) toSignIn(c *fiber.Ctx) error {
	if c.Method() != fiber.MethodGet || c.Get("Sec-Fetch-Dest") == "empty" {
		return fiber.ErrUnauthorized
	}
	next := httpd.Local(c.OriginalURL())
	return c.Redirect("/login?next="+url.QueryEscape(next), fiber.StatusSeeOther)
}

// given is the token that came with a form or a script's call.
func given(c *fiber.Ctx) string {
	if t := c.Get("X-CSRF-Token"); t != "" {
		return t
	}
	return values(c).Get("csrf")
}

// values are what a form sent; none when it is broken.
func values(c *fiber.Ctx) url.Values {
	form, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return url.Values{}
	}
	return form
}

// genuine is nil when a token is the session's own.
func (w *Web) genuine(c *fiber.Ctx, s auth.Session, token string) error {
	if s.CSRF == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.CSRF)) != 1 {
		return fiber.ErrForbidden
	}
	return nil
}
