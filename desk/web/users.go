package web

import (
	"errors"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) usersRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/settings/users", right: desk.Manage, handle: w.users},
		{method: fiber.MethodGet, path: "/settings/users/new", right: desk.Manage, handle: w.newUser},
		{method: fiber.MethodPost, path: "/settings/users", right: desk.Manage, handle: w.addUser},
		{method: fiber.MethodGet, path: "/settings/users/:user", right: desk.Manage, object: userObject, handle: w.user},
		{method: fiber.MethodPost, path: "/settings/users/:user", right: desk.Manage, object: userObject, handle: w.editUser},
		{method: fiber.MethodPost, path: "/settings/users/:user/link", right: desk.Manage, object: userObject, handle: w.linkUser},
		{method: fiber.MethodPost, path: "/settings/users/:user/disable", right: desk.Manage, object: userObject, handle: w.disableUser},
		{method: fiber.MethodPost, path: "/settings/users/:user/enable", right: desk.Manage, object: userObject, handle: w.enableUser},
		{method: fiber.MethodPost, path: "/settings/users/:user/everywhere", right: desk.Manage, object: userObject, handle: w.endUser},
	}
}

// usersPage is what users.html shows.
type usersPage struct {
	shell
	Users []userLine
	Off   int // how many of them are disabled
}

// userLine is one user in the list.
type userLine struct {
	ID, Name, Mail, Initials string
	Role, Teams, Seen        string // in words
	Disabled, Invited        bool   // Invited: has not come yet
}

// userPage is what user.html shows: a user, or a form for a new one.
type userPage struct {
	shell
	New            bool
	User           auth.User
	Seen           string
	Roles          []pick
	Teams          []pick
	Sessions       []sessionLine
	Faults         []formFault
	Link           string // just made: shown once
	ID, Name, Mail string // as typed
	Self           bool
}

// Fault is what is wrong with a field, in words, or "".
func (p userPage) Fault(field string) string { return faultAt(p.Faults, field) }

// pick is one thing to choose from.
type pick struct {
	Value, Words, Hint string
	On                 bool
}

// usersDone are the words of what was just done, by what stands in "did".
var usersDone = map[string]string{
	"saved": "users.saved", "disabled": "users.disabled_done", "enabled": "users.enabled_done", "everywhere": "users.everywhere_done",
}

func (w *Web) users(c *fiber.Ctx, s auth.Session) error {
	all, err := w.Auth.Users(c.UserContext())
	if err != nil {
		return err
	}
	l := ui.Language(c)
	p := usersPage{shell: w.around(c, s)}
	for _, u := range all {
		line := userLine{ID: u.ID, Name: u.Name, Mail: u.Mail, Initials: initials(u.Name), Role: w.Texts.Text(l, "users.role_"+string(u.Role)),
			Disabled: u.Disabled, Invited: !u.HasPassword && u.Subject == "" && u.SeenAt.IsZero(), Seen: w.seen(l, u)}
		for i, t := range u.Teams {
			if i > 0 {
				line.Teams += ", "
			}
			line.Teams += w.Teams(t, l)
		}
		if u.Disabled {
			p.Off++
		}
		p.Users = append(p.Users, line)
	}
	slices.SortStableFunc(p.Users, func(a, b userLine) int {
		switch {
		case a.Disabled == b.Disabled:
			return 0
		case a.Disabled:
			return 1
		}
		return -1
	})
	return w.UI.Render(c, "users", p)
}

func (w *Web) seen(language string, u auth.User) string {
	if u.SeenAt.IsZero() {
		return ""
	}
	return i18n.Moment(language, u.SeenAt.In(w.Zone))
}

// userForm is what was typed of a user.
type userForm struct {
	ID, Name, Mail string
	Role           desk.Role
	Teams          []string
}

func typedUser(c *fiber.Ctx) userForm {
	f := values(c)
	return userForm{ID: f.Get("id"), Name: f.Get("name"), Mail: f.Get("mail"), Role: desk.Role(f.Get("role")), Teams: f["teams"]}
}

func (w *Web) newUser(c *fiber.Ctx, s auth.Session) error {
	return w.showNewUser(c, s, userForm{Role: desk.Agent}, nil)
}

func (w *Web) showNewUser(c *fiber.Ctx, s auth.Session, in userForm, faults []formFault) error {
	p := w.userFields(c, s, in, faults)
	p.New = true
	return w.UI.Render(c, "user", p)
}

// userFields are the fields of the form, as typed or as they are.
func (w *Web) userFields(c *fiber.Ctx, s auth.Session, in userForm, faults []formFault) userPage {
	l := ui.Language(c)
	p := userPage{shell: w.around(c, s), ID: in.ID, Name: in.Name, Mail: in.Mail, Faults: faults}
	p.Narrow = true
	for _, r := range slices.Backward(desk.Roles) {
		p.Roles = append(p.Roles, pick{string(r), w.Texts.Text(l, "users.role_"+string(r)), w.Texts.Text(l, "users.role_"+string(r)+"_hint"), r == in.Role})
	}
	for _, t := range w.Library.Brain().Catalogue.Teams {
		p.Teams = append(p.Teams, pick{t.ID, w.Teams(t.ID, l), "", slices.Contains(in.Teams, t.ID)})
	}
	if len(faults) > 0 {
		c.Status(fiber.StatusUnprocessableEntity)
	}
	return p
}

// addUser makes a user and shows the link with which they choose a password:
// it is made once and not kept, so that this page answers the form itself.
func (w *Web) addUser(c *fiber.Ctx, s auth.Session) error {
	in := typedUser(c)
	u, err := w.Auth.AddUser(c.UserContext(), s.Actor(), auth.NewUser{ID: in.ID, Name: in.Name, Mail: in.Mail, Role: in.Role, Teams: in.Teams}, w.Now())
	if faults := w.formFaults(c, err); len(faults) > 0 {
		return w.showNewUser(c, s, in, faults)
	}
	if err != nil {
		return err
	}
	return w.showLink(c, s, u)
}

// linkUser makes a link for somebody to choose a new password.
func (w *Web) linkUser(c *fiber.Ctx, s auth.Session) error {
	u, err := w.Auth.User(c.UserContext(), c.Params("user"))
	if err != nil {
		return err
	}
	return w.showLink(c, s, u)
}

func (w *Web) showLink(c *fiber.Ctx, s auth.Session, u auth.User) error {
	link, err := w.Auth.Invite(c.UserContext(), s.Actor(), u.ID, w.Now())
	if err != nil {
		return w.userAgain(c, s, u, err)
	}
	p, err := w.userView(c, s, u, nil)
	if err != nil {
		return err
	}
	p.Link = w.address(c, auth.InvitePath+link)
	return w.UI.Render(c, "user", p)
}

// address is where a path of ours stands on the web.
func (w *Web) address(c *fiber.Ctx, path string) string {
	if a := w.Auth.Address(path); a != "" {
		return a
	}
	return c.BaseURL() + path // the name was checked by httpd
}

func (w *Web) user(c *fiber.Ctx, s auth.Session) error {
	u, err := w.Auth.User(c.UserContext(), c.Params("user"))
	if err != nil {
		return err
	}
	p, err := w.userView(c, s, u, nil)
	if err != nil {
		return err
	}
	if key, ok := usersDone[c.Query("did")]; ok {
		p.Notice = w.Texts.Text(ui.Language(c), key)
	}
	return w.UI.Render(c, "user", p)
}

func (w *Web) userView(c *fiber.Ctx, s auth.Session, u auth.User, faults []formFault) (userPage, error) {
	l := ui.Language(c)
	p := w.userFields(c, s, userForm{u.ID, u.Name, u.Mail, u.Role, u.Teams}, faults)
	p.User, p.Seen, p.Self = u, w.seen(l, u), u.ID == s.User.ID
	all, err := w.Auth.Sessions(c.UserContext(), s.Actor(), u.ID, w.Now())
	if err != nil {
		return p, err
	}
	for _, one := range all {
		p.Sessions = append(p.Sessions, w.sessionLine(l, one))
	}
	return p, nil
}

func (w *Web) editUser(c *fiber.Ctx, s auth.Session) error {
	in := typedUser(c)
	u, err := w.Auth.User(c.UserContext(), c.Params("user"))
	if err != nil {
		return err
	}
	in.ID = u.ID
	version := number64(values(c).Get("version"))
	if version == 0 {
		return &balie.InvalidError{Field: "version", Problem: "the form does not say which version it changes", Fix: "open the page again"}
	}
	_, err = w.Auth.EditUser(c.UserContext(), s.Actor(), u.ID, auth.Edit{Version: version, Name: &in.Name, Mail: &in.Mail, Role: &in.Role, Teams: &in.Teams}, w.Now())
	if err == nil {
		return w.userDone(c, u.ID, "saved")
	}
	faults := w.formFaults(c, err)
	if errors.Is(err, balie.ErrStale) {
		c.Status(fiber.StatusConflict)
		faults = []formFault{{"name", w.Texts.Text(ui.Language(c), "users.stale")}}
	}
	if len(faults) == 0 {
		return err
	}
	status := c.Response().StatusCode()
	p, err := w.userView(c, s, u, faults)
	if err != nil {
		return err
	}
	fields := w.userFields(c, s, in, faults)
	p.Name, p.Mail, p.Roles, p.Teams = fields.Name, fields.Mail, fields.Roles, fields.Teams
	if status == fiber.StatusConflict {
		c.Status(status)
	}
	return w.UI.Render(c, "user", p)
}

func (w *Web) userDone(c *fiber.Ctx, id, did string) error {
	return c.Redirect("/settings/users/"+url.PathEscape(id)+"?did="+did, fiber.StatusSeeOther)
}

// userAgain shows a user with what could not be done.
func (w *Web) userAgain(c *fiber.Ctx, s auth.Session, u auth.User, err error) error {
	faults := w.formFaults(c, err)
	if len(faults) == 0 {
		return err
	}
	p, err := w.userView(c, s, u, faults)
	if err != nil {
		return err
	}
	return w.UI.Render(c, "user", p)
}

func (w *Web) disableUser(c *fiber.Ctx, s auth.Session) error {
	u, err := w.Auth.User(c.UserContext(), c.Params("user"))
	if err != nil {
		return err
	}
	if err := w.Auth.Disable(c.UserContext(), s.Actor(), u.ID, w.Now()); err != nil {
		return w.userAgain(c, s, u, err)
	}
	return w.userDone(c, u.ID, "disabled")
}

func (w *Web) enableUser(c *fiber.Ctx, s auth.Session) error {
	id := c.Params("user")
	if err := w.Auth.Enable(c.UserContext(), s.Actor(), id, w.Now()); err != nil {
		return err
	}
	return w.userDone(c, id, "enabled")
}

func (w *Web) endUser(c *fiber.Ctx, s auth.Session) error {
	id := c.Params("user")
	if err := w.Auth.SignOutEverywhere(c.UserContext(), s.Actor(), id, w.Now()); err != nil {
		return err
	}
	return w.userDone(c, id, "everywhere")
}
