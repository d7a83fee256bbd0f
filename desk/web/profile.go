package web

import (
	"errors"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) profileRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/profile", object: ownObject, handle: w.profile},
		{method: fiber.MethodPost, path: "/profile", object: ownObject, handle: w.saveProfile},
		{method: fiber.MethodPost, path: "/profile/language", object: ownObject, handle: w.speakLanguage},
		{method: fiber.MethodPost, path: "/profile/password", object: ownObject, handle: w.changePassword},
		{method: fiber.MethodPost, path: "/profile/session", object: ownObject, handle: w.endSession},
		{method: fiber.MethodPost, path: "/profile/everywhere", object: ownObject, handle: w.endEverywhere},
	}
}

// profilePage is what profile.html shows.
type profilePage struct {
	shell
	User     auth.User
	Role     string // in words
	Teams    []string
	Sessions []sessionLine
	Faults   []formFault
}

// Fault is what is wrong with a field, in words, or "".
func (p profilePage) Fault(field string) string { return faultAt(p.Faults, field) }

// sessionLine is one place somebody is signed in.
type sessionLine struct {
	ID, Browser, From string
	Began, Seen       string
	Here              bool
}

// profileDone are the words of what was just done, by what stands in "did".
var profileDone = map[string]string{
	"saved": "profile.saved", "password": "profile.password_saved", "session": "profile.session_ended",
}

func (w *Web) profile(c *fiber.Ctx, s auth.Session) error {
	return w.showProfile(c, s, nil)
}

func (w *Web) showProfile(c *fiber.Ctx, s auth.Session, faults []formFault) error {
	l := ui.Language(c)
	p := profilePage{shell: w.around(c, s), User: s.User, Role: w.Texts.Text(l, "users.role_"+string(s.User.Role)), Faults: faults}
	p.Narrow = true
	for _, t := range s.User.Teams {
		p.Teams = append(p.Teams, w.Teams(t, l))
	}
	all, err := w.Auth.Sessions(c.UserContext(), s.Actor(), s.User.ID, w.Now())
	if err != nil {
		return err
	}
	for _, one := range all {
		line := w.sessionLine(l, one)
		line.Here = one.ID == s.ID
		p.Sessions = append(p.Sessions, line)
	}
	if key, ok := profileDone[c.Query("did")]; ok && len(faults) == 0 {
		p.Notice = w.Texts.Text(l, key)
	}
	if len(faults) > 0 {
		c.Status(fiber.StatusUnprocessableEntity)
	}
	return w.UI.Render(c, "profile", p)
}

func (w *Web) sessionLine(language string, s auth.Session) sessionLine {
	return sessionLine{
		ID: s.ID, Browser: browserName(s.Agent), From: s.From,
		Began: i18n.Moment(language, s.Began.In(w.Zone)), Seen: i18n.Moment(language, s.Seen.In(w.Zone)),
	}
}

// What browsers and systems call themselves, the more particular ones first:
// Edge says that it is Chrome, Chrome that it is Safari.
var (
	browsers = [][2]string{{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}}
	systems  = [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}, {"CrOS", "ChromeOS"}}
)

// shortAgent is what is shown of a browser that nobody knows, in bytes.
const shortAgent = 40

// browserName is a browser as people know it: "Firefox, Linux".
func browserName(agent string) string {
	var parts []string
	for _, table := range [][][2]string{browsers, systems} {
		for _, row := range table {
			if strings.Contains(agent, row[0]) {
				parts = append(parts, row[1])
				break
			}
		}
	}
	if len(parts) == 0 {
		return strings.ToValidUTF8(agent[:min(len(agent), shortAgent)], "")
	}
	return strings.Join(parts, ", ")
}

func (w *Web) saveProfile(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	p := auth.Profile{Language: f.Get("language"), Theme: f.Get("theme"), KeysOff: f.Get("keys") == ""}
	if err := w.Auth.SaveProfile(c.UserContext(), s, p, w.Now()); err != nil {
		return w.profileAgain(c, s, err)
	}
	return c.Redirect("/profile?did=saved", fiber.StatusSeeOther)
}

// speakLanguage changes the language from any page and goes back to it.
func (w *Web) speakLanguage(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	p := s.User.Profile
	p.Language = i18n.Language(f.Get("language"))
	if err := w.Auth.SaveProfile(c.UserContext(), s, p, w.Now()); err != nil {
		return err
	}
	return c.Redirect(nextOf(f.Get("next")), fiber.StatusSeeOther)
}

// changePassword ends all sessions of somebody and begins a new one here.
func (w *Web) changePassword(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	fresh, err := w.Auth.ChangePassword(c.UserContext(), s, f.Get("old"), f.Get("password"), w.Now())
	if err != nil {
		return w.profileAgain(c, s, err)
	}
	w.remember(c, fresh)
	return c.Redirect("/profile?did=password", fiber.StatusSeeOther)
}

// profileAgain shows the page with what is wrong.
func (w *Web) profileAgain(c *fiber.Ctx, s auth.Session, err error) error {
	l := ui.Language(c)
	var refusal *httpd.Refusal
	switch {
	case errors.Is(err, auth.ErrWrong):
		return w.showProfile(c, s, []formFault{{"old", w.Texts.Text(l, "profile.old_wrong")}})
	case errors.As(err, &refusal) && errors.Is(err, balie.ErrThrottled):
		return w.showProfile(c, s, []formFault{{"old", w.Texts.Text(l, "profile.old_throttled")}})
	}
	if faults := w.formFaults(c, err); len(faults) > 0 {
		return w.showProfile(c, s, faults)
	}
	return err
}

// endSession ends one session of one's own; ending the one at hand signs out.
func (w *Web) endSession(c *fiber.Ctx, s auth.Session) error {
	id := values(c).Get("session")
	if id == s.ID {
		return w.signOut(c, s)
	}
	all, err := w.Auth.Sessions(c.UserContext(), s.Actor(), s.User.ID, w.Now())
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.ID != id {
			continue
		}
		if err := w.Auth.Revoke(c.UserContext(), s.Actor(), id, w.Now()); err != nil {
			return err
		}
	}
	return c.Redirect("/profile?did=session", fiber.StatusSeeOther)
}

// endEverywhere ends all sessions of one's own, this one as well.
func (w *Web) endEverywhere(c *fiber.Ctx, s auth.Session) error {
	if err := w.Auth.SignOutEverywhere(c.UserContext(), s.Actor(), s.User.ID, w.Now()); err != nil {
		return err
	}
	w.forget(c)
	return c.Redirect("/login?"+url.Values{"did": {"out"}}.Encode(), fiber.StatusSeeOther)
}
