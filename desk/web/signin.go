package web

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) signinRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/login", public: w.signinForm},
		{method: fiber.MethodPost, path: "/login", public: w.signIn},
		{method: fiber.MethodGet, path: "/login/sso", public: w.startSignOn},
		{method: fiber.MethodGet, path: auth.BackPath, public: w.finishSignOn},
		{method: fiber.MethodPost, path: "/logout", object: ownObject, handle: w.signOut},
		{method: fiber.MethodGet, path: auth.FirstPath + ":token", object: linkObject, public: w.firstForm},
		{method: fiber.MethodPost, path: auth.FirstPath + ":token", object: linkObject, public: w.becomeFirst},
		{method: fiber.MethodGet, path: auth.InvitePath + ":token", object: linkObject, public: w.inviteForm},
		{method: fiber.MethodPost, path: auth.InvitePath + ":token", object: linkObject, public: w.acceptInvite},
	}
}

// signinPage is what signin.html shows.
type signinPage struct {
	Next, Name  string
	Stay        bool
	SSO         bool
	Fault, Note string // in words
}

// home is where somebody comes who wanted nowhere else.
const home = "/inbox"

// nextOf is where to go after signing in: a path of ours.
func nextOf(text string) string {
	if to := httpd.Local(text); to != "/" {
		return to
	}
	return home
}

func (w *Web) signinForm(c *fiber.Ctx) error {
	next := nextOf(c.Query("next"))
	if _, err := w.session(c); err == nil {
		return c.Redirect(next, fiber.StatusSeeOther)
	}
	p := signinPage{Next: next}
	if c.Query("did") == "out" {
		p.Note = w.Texts.Text(ui.Language(c), "signin.out")
	}
	return w.renderSignin(c, p)
}

func (w *Web) renderSignin(c *fiber.Ctx, p signinPage) error {
	p.SSO = w.Auth.HasOIDC()
	return w.UI.Render(c, "signin", p)
}

// signIn begins a session. All that it says of a refusal is that name and
// password do not belong together.
func (w *Web) signIn(c *fiber.Ctx) error {
	f := values(c)
	speak(c, f.Get("lang"))
	p := signinPage{Next: nextOf(f.Get("next")), Name: f.Get("name"), Stay: f.Get("stay") != ""}
	a := attempt(c)
	a.Name, a.Password, a.Stay = p.Name, f.Get("password"), p.Stay
	s, err := w.Auth.SignIn(c.UserContext(), a, w.Now())
	if err != nil {
		return w.notIn(c, p, err)
	}
	w.arrive(c, s)
	return c.Redirect(p.Next, fiber.StatusSeeOther)
}

// speak answers in the language of the form that was sent.
func speak(c *fiber.Ctx, language string) {
	if language != "" {
		ui.Speak(c, language)
	}
}

// attempt says where somebody is.
func attempt(c *fiber.Ctx) auth.Attempt {
	return auth.Attempt{From: httpd.ClientKey(c), Agent: c.Get(fiber.HeaderUserAgent)}
}

// notIn shows the form again with what went wrong.
func (w *Web) notIn(c *fiber.Ctx, p signinPage, err error) error {
	text := func(key string, pairs ...string) string { return w.Texts.Text(ui.Language(c), "signin."+key, pairs...) }
	var refusal *httpd.Refusal
	var later *balie.UnavailableError
	switch {
	case errors.Is(err, auth.ErrWrong):
		c.Status(fiber.StatusUnprocessableEntity)
		p.Fault = text("wrong")
	case errors.Is(err, auth.ErrNoAccount):
		c.Status(fiber.StatusForbidden)
		p.Fault = text("no_account")
	case errors.Is(err, balie.ErrDenied):
		c.Status(fiber.StatusForbidden)
		p.Fault = text("sso_refused")
	case errors.Is(err, balie.ErrThrottled):
		wait := 5 * time.Second
		if errors.As(err, &refusal) {
			wait = refusal.RetryAfter
		}
		seconds := strconv.Itoa(int((wait + time.Second - 1) / time.Second))
		c.Status(fiber.StatusTooManyRequests)
		c.Set(fiber.HeaderRetryAfter, seconds)
		p.Fault = text("throttled", "seconds", seconds)
	case errors.As(err, &later) && p.SSO:
		w.Log.Error("single sign-on is away", "err", err)
		c.Status(fiber.StatusServiceUnavailable)
		c.Set(fiber.HeaderRetryAfter, "30")
		p.Fault = text("sso_away")
	default:
		return err
	}
	return w.renderSignin(c, p)
}

// arrive gives the browser its new session and ends the one it had.
func (w *Web) arrive(c *fiber.Ctx, s auth.Session) {
	if old, err := w.session(c); err == nil && old.ID != s.ID {
		if err := w.Auth.SignOut(c.UserContext(), old, w.Now()); err != nil {
			w.Log.Warn("a session that was replaced could not be ended", "err", err)
		}
	}
	w.remember(c, s)
}

func (w *Web) signOut(c *fiber.Ctx, s auth.Session) error {
	if err := w.Auth.SignOut(c.UserContext(), s, w.Now()); err != nil {
		return err
	}
	w.forget(c)
	return c.Redirect("/login?did=out", fiber.StatusSeeOther)
}

// signOnCookie keeps what single sign-on must bring back.
func (w *Web) signOnCookie() string { return w.cookie() + "-signon" }

// askTime is how long somebody may take at the provider, and a little.
const askTime = 10 * time.Minute

func (w *Web) keepAsk(c *fiber.Ctx, value string, age time.Duration) {
	// Lax: the provider's page leads back here, which Strict would not send.
	cookie := fiber.Cookie{Name: w.signOnCookie(), Value: value, Path: "/", MaxAge: int(age / time.Second),
		HTTPOnly: true, Secure: w.Secure, SameSite: fiber.CookieSameSiteLaxMode}
	if value == "" {
		cookie.MaxAge = -1
	}
	c.Cookie(&cookie)
}

// startSignOn sends somebody to the provider. It stores nothing but a cookie
// in their own browser.
func (w *Web) startSignOn(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), providerTime)
	defer cancel()
	next := nextOf(c.Query("next"))
	to, cookie, err := w.Auth.StartOIDC(ctx, next, w.Now())
	if err != nil {
		return w.notIn(c, signinPage{Next: next, SSO: w.Auth.HasOIDC()}, err)
	}
	w.keepAsk(c, cookie, askTime)
	return c.Redirect(to, fiber.StatusSeeOther)
}

// providerTime bounds what we ask the provider while somebody waits.
const providerTime = 20 * time.Second

func (w *Web) finishSignOn(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), providerTime)
	defer cancel()
	a := attempt(c)
	s, next, err := w.Auth.FinishOIDC(ctx, auth.Back{
		Code: c.Query("code"), State: c.Query("state"), Issuer: c.Query("iss"), Cookie: c.Cookies(w.signOnCookie()), From: a.From, Agent: a.Agent,
	}, w.Now())
	w.keepAsk(c, "", 0)
	if err != nil {
		return w.notIn(c, signinPage{Next: nextOf(next), SSO: true}, err)
	}
	w.arrive(c, s)
	return c.Redirect(nextOf(next), fiber.StatusSeeOther)
}

// linkPage is what first.html and invite.html show.
type linkPage struct {
	Path           string
	ID, Name, Mail string
	Faults         []formFault
}

// Fault is what is wrong with a field, in words, or "".
func (p linkPage) Fault(field string) string { return faultAt(p.Faults, field) }

// private is for pages whose address is a secret.
func private(c *fiber.Ctx) {
	c.Set("Referrer-Policy", "no-referrer")
	c.Set("X-Robots-Tag", "noindex, nofollow")
	c.Set(fiber.HeaderCacheControl, "no-store")
}

// spent shows that a link opens nothing any more; one that never did looks the
// same.
func (w *Web) spent(c *fiber.Ctx, err error) error {
	if !errors.Is(err, balie.ErrNotFound) {
		return err
	}
	c.Status(fiber.StatusNotFound)
	return w.UI.Render(c, "linkspent", struct{}{})
}

func (w *Web) firstForm(c *fiber.Ctx) error {
	private(c)
	if err := w.Auth.CheckFirst(c.UserContext(), c.Params("token"), w.Now()); err != nil {
		return w.spent(c, err)
	}
	return w.UI.Render(c, "first", linkPage{Path: auth.FirstPath + c.Params("token")})
}

// becomeFirst makes whoever has the link the first admin.
func (w *Web) becomeFirst(c *fiber.Ctx) error {
	private(c)
	f := values(c)
	speak(c, f.Get("lang"))
	p := linkPage{Path: auth.FirstPath + c.Params("token"), ID: f.Get("id"), Name: f.Get("name"), Mail: f.Get("mail")}
	s, err := w.Auth.UseFirst(c.UserContext(), c.Params("token"),
		auth.NewUser{ID: p.ID, Name: cmp.Or(p.Name, p.ID), Mail: p.Mail, Password: f.Get("password")}, attempt(c), w.Now())
	return w.byLink(c, "first", p, s, err)
}

func (w *Web) inviteForm(c *fiber.Ctx) error {
	private(c)
	u, err := w.Auth.Invited(c.UserContext(), c.Params("token"), w.Now())
	if err != nil {
		return w.spent(c, err)
	}
	return w.UI.Render(c, "invite", linkPage{Path: auth.InvitePath + c.Params("token"), ID: u.ID, Name: u.Name})
}

// acceptInvite sets the password of whoever has the link.
func (w *Web) acceptInvite(c *fiber.Ctx) error {
	private(c)
	f := values(c)
	speak(c, f.Get("lang"))
	u, err := w.Auth.Invited(c.UserContext(), c.Params("token"), w.Now())
	if err != nil {
		return w.spent(c, err)
	}
	p := linkPage{Path: auth.InvitePath + c.Params("token"), ID: u.ID, Name: u.Name}
	s, err := w.Auth.UseInvite(c.UserContext(), c.Params("token"), f.Get("password"), attempt(c), w.Now())
	return w.byLink(c, "invite", p, s, err)
}

// byLink lets in whoever used a link, or shows its form again.
func (w *Web) byLink(c *fiber.Ctx, page string, p linkPage, s auth.Session, err error) error {
	if p.Faults = w.formFaults(c, err); len(p.Faults) > 0 {
		c.Status(fiber.StatusUnprocessableEntity)
		return w.UI.Render(c, page, p)
	}
	if err != nil {
		return w.spent(c, err)
	}
	w.arrive(c, s)
	return c.Redirect(home, fiber.StatusSeeOther)
}

// formFault is what is wrong with a field of a form about users and sign-in.
type formFault struct{ Field, Text string }

func faultAt(faults []formFault, field string) string {
	for _, f := range faults {
		if f.Field == field {
			return f.Text
		}
	}
	return ""
}

// formFaults are the faults of a form in the reader's words, one for each
// field; none when err is something else.
func (w *Web) formFaults(c *fiber.Ctx, err error) []formFault {
	var out []formFault
	for _, e := range invalidFields(err) {
		if faultAt(out, e.Field) == "" {
			out = append(out, formFault{e.Field, w.Texts.Text(ui.Language(c), "users.wrong_"+e.Field)})
		}
	}
	return out
}

// invalidFields looks through wrapped and joined errors.
func invalidFields(err error) []*balie.InvalidError {
	switch e := err.(type) {
	case *balie.InvalidError:
		return []*balie.InvalidError{e}
	case interface{ Unwrap() error }:
		return invalidFields(e.Unwrap())
	case interface{ Unwrap() []error }:
		var out []*balie.InvalidError
		for _, one := range e.Unwrap() {
			out = append(out, invalidFields(one)...)
		}
		return out
	}
	return nil
}
