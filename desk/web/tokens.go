package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) tokensRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/settings/tokens", right: desk.Manage, handle: w.tokens},
		{method: fiber.MethodPost, path: "/settings/tokens", right: desk.Manage, handle: w.makeToken},
		{method: fiber.MethodPost, path: "/settings/tokens/revoke", right: desk.Manage, handle: w.revokeToken},
	}
}

// tokensPage is what tokens.html shows.
type tokensPage struct {
	shell
	Tokens []tokenLine
	Rights []pick
	Days   []pick
	Name   string // as typed
	Made   string // the token itself: shown once
	Faults []formFault
}

// Fault is what is wrong with a field, in words, or "".
func (p tokensPage) Fault(field string) string { return faultAt(p.Faults, field) }

// tokenLine is one token in the list.
type tokenLine struct {
	ID, Name, Owner, Hint string
	Rights                []string // in words
	Expires, Used         string
}

// tokenDays are how long a token may hold, in days; the first is proposed.
var tokenDays = []int{90, 30, 365}

func (w *Web) tokens(c *fiber.Ctx, s auth.Session) error {
	p, err := w.tokensView(c, s)
	if err != nil {
		return err
	}
	if c.Query("did") == "revoked" {
		p.Notice = w.Texts.Text(ui.Language(c), "users.token_revoked")
	}
	return w.UI.Render(c, "tokens", p)
}

func (w *Web) tokensView(c *fiber.Ctx, s auth.Session) (tokensPage, error) {
	l := ui.Language(c)
	f := values(c)
	p := tokensPage{shell: w.around(c, s), Name: f.Get("name")}
	all, err := w.Auth.Tokens(c.UserContext(), s.Actor(), "", w.Now())
	if err != nil {
		return p, err
	}
	names := w.Auth.Names(c.UserContext())
	for _, t := range all {
		line := tokenLine{ID: t.ID, Name: t.Name, Owner: names[t.User], Hint: t.Hint, Expires: i18n.Day(l, t.Expires.In(w.Zone))}
		if !t.Used.IsZero() {
			line.Used = i18n.Moment(l, t.Used.In(w.Zone))
		}
		for _, r := range t.Only {
			line.Rights = append(line.Rights, w.Texts.Text(l, "users.right_"+string(r)))
		}
		p.Tokens = append(p.Tokens, line)
	}
	for _, r := range auth.Rights {
		if s.User.Actor().Can(r) {
			p.Rights = append(p.Rights, pick{string(r), w.Texts.Text(l, "users.right_"+string(r)), "", slices.Contains(f["only"], string(r))})
		}
	}
	for _, d := range tokenDays {
		n := strconv.Itoa(d)
		p.Days = append(p.Days, pick{n, w.Texts.Text(l, "users.days", "n", n), "", f.Get("days") == n})
	}
	return p, nil
}

// makeToken answers with the page itself: the token is shown once and not kept.
func (w *Web) makeToken(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	n := auth.NewToken{Name: f.Get("name"), Holds: time.Duration(number64(f.Get("days"))) * 24 * time.Hour}
	for _, r := range f["only"] {
		n.Only = append(n.Only, desk.Right(r))
	}
	_, made, err := w.Auth.MakeToken(c.UserContext(), s.Actor(), n, w.Now())
	faults := w.formFaults(c, err)
	if err != nil && len(faults) == 0 {
		return err
	}
	p, err := w.tokensView(c, s)
	if err != nil {
		return err
	}
	p.Made, p.Faults = made, faults
	if len(faults) > 0 {
		c.Status(fiber.StatusUnprocessableEntity)
	}
	return w.UI.Render(c, "tokens", p)
}

func (w *Web) revokeToken(c *fiber.Ctx, s auth.Session) error {
	if err := w.Auth.RevokeToken(c.UserContext(), s.Actor(), values(c).Get("token"), w.Now()); err != nil {
		return err
	}
	return c.Redirect("/settings/tokens?did=revoked", fiber.StatusSeeOther)
}

// number64 is a whole number above zero that a form sent, or 0.
func number64(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return n
}
