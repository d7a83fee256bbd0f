package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) placesRoutes() []route {
	get, post := fiber.MethodGet, fiber.MethodPost
	of := func(method, path string, right desk.Right, h handler) route {
		return route{method: method, path: path, right: right, object: documentObject, handle: h}
	}
	return []route{
		of(get, "/organisations", desk.SeeDocuments, w.organisations),
		of(get, "/organisations/new", desk.Publish, w.newOrganisation),
		of(post, "/organisations/new", desk.Publish, w.addOrganisation),
		of(get, "/organisations/of/:organisation", desk.SeeDocuments, w.organisation),
		of(post, "/organisations/of/:organisation", desk.Publish, w.editOrganisation),
		of(get, "/teams", desk.SeeDocuments, w.teams),
		of(get, "/teams/:team", desk.SeeDocuments, w.team),
		of(post, "/teams/:team", desk.Publish, w.editTeam),
	}
}

// organisationsPage is what organisations.html shows.
type organisationsPage struct {
	shell
	Rows    []organisationRow
	Version string
	Can     bool
}

// organisationRow is one organisation of the list.
type organisationRow struct {
	Path, People, Name, Domains, Manager, Segment string
	Key                                           bool
}

func organisationPath(id string) string { return "/organisations/of/" + url.PathEscape(id) }

func (w *Web) organisations(c *fiber.Ctx, s auth.Session) error {
	all, version, err := w.Places.Organisations(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	l := ui.Language(c)
	p := organisationsPage{shell: w.around(c, s), Version: strconv.Itoa(version), Can: s.Actor().Can(desk.Publish)}
	for _, o := range all {
		row := organisationRow{Path: organisationPath(o.ID), People: "/customers?org=" + url.QueryEscape(o.ID), Name: o.Name, Domains: strings.Join(o.Domains, ", "), Segment: o.Segment, Key: o.KeyAccount}
		if row.Name == "" {
			row.Name = o.ID
		}
		if o.AccountManager != "" {
			row.Manager = w.Teams(o.AccountManager, l)
		}
		p.Rows = append(p.Rows, row)
	}
	p.here("/customers")
	if c.Query("did") == "saved" {
		p.Notice = w.Texts.Text(l, "teams.did_published")
	}
	return w.UI.Render(c, "organisations", p)
}

// here marks a place of the rail for pages that stand below another path.
func (sh *shell) here(place string) {
	for i := range sh.Nav {
		sh.Nav[i].Here = sh.Nav[i].Path == place
	}
}

// organisationPage is what organisation.html shows.
type organisationPage struct {
	shell
	New      bool
	Path     string
	People   string
	O        balie.Organisation
	Domains  string // one on a line
	Managers []option
	Base     int
	Reason   string
	Can      bool
	Conflict bool
	Faults   []formFault
}

// Fault is what is wrong with a field, in words, or "".
func (p organisationPage) Fault(field string) string { return faultAt(p.Faults, field) }

func (w *Web) organisation(c *fiber.Ctx, s auth.Session) error {
	all, version, err := w.Places.Organisations(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	id := c.Params("organisation")
	i := slices.IndexFunc(all, func(o balie.Organisation) bool { return o.ID == id })
	if i < 0 {
		return balie.ErrNotFound
	}
	return w.showOrganisation(c, s, organisationPage{O: all[i], Base: version})
}

func (w *Web) newOrganisation(c *fiber.Ctx, s auth.Session) error {
	_, version, err := w.Places.Organisations(c.UserContext(), s.Actor())
	if err != nil {
		return err
	}
	return w.showOrganisation(c, s, organisationPage{New: true, Base: version})
}

func (w *Web) showOrganisation(c *fiber.Ctx, s auth.Session, p organisationPage) error {
	l := ui.Language(c)
	p.shell, p.Can = w.around(c, s), s.Actor().Can(desk.Publish)
	p.here("/customers")
	p.Narrow = true
	p.Path, p.People = organisationPath(p.O.ID), "/customers?org="+url.QueryEscape(p.O.ID)
	if p.New {
		p.Path = "/organisations/new"
	}
	if p.Domains == "" {
		p.Domains = strings.Join(p.O.Domains, "\n")
	}
	for _, t := range w.Library.Brain().Catalogue.Teams {
		if t.Kind == balie.Account {
			p.Managers = append(p.Managers, option{t.ID, t.Name(l), t.ID == p.O.AccountManager})
		}
	}
	return w.UI.Render(c, "organisation", p)
}

func (w *Web) addOrganisation(c *fiber.Ctx, s auth.Session) error { return w.putOrganisation(c, s, "") }

func (w *Web) editOrganisation(c *fiber.Ctx, s auth.Session) error {
	return w.putOrganisation(c, s, c.Params("organisation"))
}

func (w *Web) putOrganisation(c *fiber.Ctx, s auth.Session, was string) error {
	f := values(c)
	o := balie.Organisation{ID: was, Name: strings.TrimSpace(f.Get("name")), Domains: strings.Fields(strings.ReplaceAll(f.Get("domains"), ",", " ")),
		KeyAccount: f.Get("key") != "", Segment: strings.TrimSpace(f.Get("segment")), AccountManager: f.Get("manager")}
	if was == "" {
		o.ID = strings.TrimSpace(f.Get("id"))
	}
	base, _ := strconv.Atoi(f.Get("base"))
	_, err := w.Places.SetOrganisation(c.UserContext(), s.Actor(), base, was, o, f.Get("reason"), w.Now())
	if err == nil {
		return c.Redirect("/organisations?did=saved", fiber.StatusSeeOther)
	}
	p := organisationPage{New: was == "", O: o, Domains: f.Get("domains"), Base: base, Reason: f.Get("reason"), Conflict: errors.Is(err, balie.ErrStale)}
	if p.Faults = w.placeFaults(c, err); len(p.Faults) == 0 && !p.Conflict {
		return err
	}
	c.Status(fiber.StatusUnprocessableEntity)
	if p.Conflict {
		c.Status(fiber.StatusConflict)
		if _, version, err := w.Places.Organisations(c.UserContext(), s.Actor()); err == nil {
			p.Base = version // sent again, it goes on top of what is in force
		}
	}
	return w.showOrganisation(c, s, p)
}

func (w *Web) placeFaults(c *fiber.Ctx, err error) []formFault {
	var out []formFault
	l := ui.Language(c)
	for _, e := range invalidFields(err) {
		field := e.Field
		if i := strings.LastIndexByte(field, '.'); i >= 0 {
			field = field[i+1:]
		}
		key := "teams.wrong_" + field
		words := w.Texts.Text(l, key)
		if words == key {
			words = w.Texts.Text(l, "request.fault", "problem", e.Problem, "fix", e.Fix)
		}
		out = append(out, formFault{field, words})
	}
	return out
}

// teamsPage is what teams.html shows.
type teamsPage struct {
	shell
	Rows    []teamRow
	Version string
	Can     bool
}

// teamRow is one team of the list.
type teamRow struct {
	ID, Path, Name, Kind, Class, Icon, Reach, Calendar string
	Members, Open                                      int
	Queue                                              string // its hand-outs in the inbox
}

// teamIcons are drawings by kind of team.
var teamIcons = map[balie.TeamKind]string{balie.Backoffice: "tool", balie.Account: "brief", balie.Supplier: "users", balie.Approver: "check"}

func (w *Web) teams(c *fiber.Ctx, s auth.Session) error {
	users, err := w.Auth.Users(c.UserContext())
	if err != nil {
		return err
	}
	l := ui.Language(c)
	cat := w.Library.Brain().Catalogue
	counts := w.Overview.Counts(s.Actor(), w.Now())
	p := teamsPage{shell: w.around(c, s), Version: strconv.Itoa(cat.Version), Can: s.Actor().Can(desk.Publish)}
	p.here("/customers")
	for _, t := range cat.Teams {
		row := w.teamRow(t, l, counts)
		for _, u := range users {
			if !u.Disabled && slices.Contains(u.Teams, t.ID) {
				row.Members++
			}
		}
		p.Rows = append(p.Rows, row)
	}
	if c.Query("did") == "saved" {
		p.Notice = w.Texts.Text(l, "teams.did_published")
	}
	return w.UI.Render(c, "teams", p)
}

func (w *Web) teamRow(t balie.Team, l string, counts map[desk.View]int) teamRow {
	row := teamRow{ID: t.ID, Path: "/teams/" + url.PathEscape(t.ID), Name: t.Name(l), Kind: w.Texts.Text(l, "teams.kind_"+string(t.Kind)), Class: "back",
		Icon: teamIcons[t.Kind], Reach: t.Reach.Value, Calendar: t.Calendar, Open: counts[desk.TeamView(t.ID)], Queue: "/inbox?view=" + url.QueryEscape(string(desk.TeamView(t.ID)))}
	if t.Kind == balie.Account || t.Kind == balie.Approver {
		row.Class = "acct"
	}
	if row.Icon == "" {
		row.Icon = "users"
	}
	return row
}

// placePage is what team.html shows.
type placePage struct {
	shell
	T         teamRow
	Names     []teamName
	Kinds     []option
	Schemes   []option
	Reach     string
	Calendars []option
	Members   []memberLine
	Products  []option
	Base      int
	Reason    string
	Can       bool
	Conflict  bool
	Faults    []formFault
}

// Fault is what is wrong with a field, in words, or "".
func (p placePage) Fault(field string) string { return faultAt(p.Faults, field) }

type teamName struct{ Language, Words, Value string }

type memberLine struct{ Path, Name, Initials, Mail string }

func (w *Web) team(c *fiber.Ctx, s auth.Session) error {
	cat := w.Library.Brain().Catalogue
	t, ok := cat.Team(c.Params("team"))
	if !ok {
		return balie.ErrNotFound
	}
	return w.showTeam(c, s, t, placePage{Base: cat.Version})
}

func (w *Web) showTeam(c *fiber.Ctx, s auth.Session, t balie.Team, p placePage) error {
	l := ui.Language(c)
	users, err := w.Auth.Users(c.UserContext())
	if err != nil {
		return err
	}
	p.shell, p.Can = w.around(c, s), s.Actor().Can(desk.Publish)
	p.here("/customers")
	p.T, p.Reach = w.teamRow(t, l, w.Overview.Counts(s.Actor(), w.Now())), t.Reach.Value
	cat := w.Library.Brain().Catalogue
	for _, x := range catalogue.Languages {
		p.Names = append(p.Names, teamName{x, w.languageName(l, x), t.Names[x]})
	}
	for _, k := range []balie.TeamKind{balie.Backoffice, balie.Account, balie.Supplier, balie.Approver} {
		p.Kinds = append(p.Kinds, option{string(k), w.Texts.Text(l, "teams.kind_"+string(k)), k == t.Kind})
	}
	for _, x := range []balie.Scheme{"", balie.Mail, balie.Slack, balie.Hook} {
		p.Schemes = append(p.Schemes, option{string(x), w.Texts.Text(l, "teams.reach_"+string(x)), x == t.Reach.Scheme})
	}
	for id := range cat.Calendars {
		p.Calendars = append(p.Calendars, option{id, id, id == t.Calendar})
	}
	slices.SortFunc(p.Calendars, func(a, b option) int { return strings.Compare(a.Value, b.Value) })
	for _, u := range users {
		if !u.Disabled && slices.Contains(u.Teams, t.ID) {
			m := memberLine{Name: u.Name, Initials: initials(u.Name), Mail: u.Mail}
			if s.Actor().Can(desk.Manage) {
				m.Path = "/settings/users/" + url.PathEscape(u.ID)
			}
			p.Members = append(p.Members, m)
		}
	}
	for _, x := range cat.Products {
		if x.Owner == t.ID {
			p.Products = append(p.Products, option{productPath(x.ID), x.Name(l), false})
		}
	}
	return w.UI.Render(c, "team", p)
}

func (w *Web) editTeam(c *fiber.Ctx, s auth.Session) error {
	cat := w.Library.Brain().Catalogue
	t, ok := cat.Team(c.Params("team"))
	if !ok {
		return balie.ErrNotFound
	}
	f := values(c)
	t.Names = map[string]string{}
	for _, l := range catalogue.Languages {
		if v := strings.TrimSpace(f.Get("name." + l)); v != "" {
			t.Names[l] = v
		}
	}
	t.Kind, t.Calendar = balie.TeamKind(f.Get("kind")), f.Get("calendar")
	t.Reach = balie.Address{Scheme: balie.Scheme(f.Get("scheme")), Value: strings.TrimSpace(f.Get("reach"))}
	if t.Reach.Scheme == "" {
		t.Reach = balie.Address{}
	}
	base, _ := strconv.Atoi(f.Get("base"))
	_, err := w.Places.SetTeam(c.UserContext(), s.Actor(), base, t, f.Get("reason"), w.Now())
	if err == nil {
		return c.Redirect("/teams?did=saved", fiber.StatusSeeOther)
	}
	p := placePage{Base: base, Reason: f.Get("reason"), Conflict: errors.Is(err, balie.ErrStale)}
	if p.Faults = w.placeFaults(c, err); len(p.Faults) == 0 && !p.Conflict {
		if errors.Is(err, balie.ErrNotFound) {
			return balie.ErrStale // the version the form was made from is not one of ours
		}
		return err
	}
	c.Status(fiber.StatusUnprocessableEntity)
	if p.Conflict {
		c.Status(fiber.StatusConflict)
		p.Base = w.Library.Brain().Catalogue.Version
	}
	return w.showTeam(c, s, t, p)
}
