package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) inboxRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/inbox", right: desk.SeeRequests, handle: w.inbox},
		{method: fiber.MethodGet, path: "/inbox/rows", right: desk.SeeRequests, handle: w.inboxRows},
		{method: fiber.MethodPost, path: "/inbox/bulk", right: desk.ActOnRequests, handle: w.bulk},
		{method: fiber.MethodPost, path: "/inbox/undo", right: desk.ActOnRequests, handle: w.undoBulk},
		{method: fiber.MethodGet, path: "/keys", right: desk.SeeRequests, handle: w.keys},
	}
}

const (
	// pageRows is how many requests a piece of the list has: two screens, and
	// within the weight of a first load.
	pageRows = 40
	// askedRows bounds what a page asks for when it hears of changes.
	askedRows = 100
)

// inboxPage is what inbox.html shows.
type inboxPage struct {
	shell
	list
	Views   [][]viewLink // parts of the rail, with a heading but the first
	Own     []ownLink
	Title   string // of the view
	Sorts   []sortLink
	Sorted  string // in words
	Agents  []agentLink
	Teams   []teamLink
	Hows    []string // how a customer knows that it is solved
	CanAct  bool
	Updated string
	Report  *bulkReport
	Here    string // this list, for forms to come back to
	Columns bool
}

// list is the requests of a page, or why there are none.
type list struct {
	Params   params
	Groups   []rowGroup
	Total    string
	None     bool
	Counting bool // the desk is still reading its store
	Indexing string
	More     string // where the next piece is
	Version  uint64
	Now      int64 // of the server, in milliseconds
}

// rowGroup is a part of the list by urgency; Key is "" in other orders.
type rowGroup struct {
	Key, Name, Class string
	Count            int
	Rows             []inboxRow
}

// viewLink is a view in the rail and in the bar on a phone.
type viewLink struct {
	Key, Path, Icon, Name, Short string
	Count                        int
	Counted, Hot, Here           bool
	Heading                      string // of the part that begins here
}

// ownLink is one of somebody's own views.
type ownLink struct {
	viewLink
	AtLeast bool
}

type sortLink struct {
	Path, Name string
	Here       bool
}

// agentLink is somebody a request can be assigned to.
type agentLink struct{ ID, Name, Initials string }

// teamLink is a team a request can be handed out to.
type teamLink struct{ ID, Name string }

// sorts are the orders that a list can be in.
var sorts = []desk.Sort{desk.ByUrgency, desk.Newest, desk.Oldest, desk.Recent}

// railViews are the views of the rail: icon, and whether a number is red.
var railViews = []struct {
	view    desk.View
	icon    string
	heading string // begins a part
	hot     bool
	plain   bool // without a number
	desk    bool // not for team members
}{
	{view: desk.OpenView, icon: "inbox"},
	{view: desk.MineView, icon: "user", desk: true},
	{view: desk.UnassignedView, icon: "users", desk: true},
	{view: desk.BackofficeView, icon: "tool", heading: "inbox.where", desk: true},
	{view: desk.AccountView, icon: "brief", desk: true},
	{view: desk.WaitingView, icon: "wait", desk: true},
	{view: desk.RiskView, icon: "alarm", heading: "inbox.progress", hot: true},
	{view: desk.AftercareView, icon: "heart", desk: true},
	{view: desk.ClosedView, icon: "archive", plain: true},
}

// views are those that an actor has.
func (w *Web) views(a desk.Actor) []desk.View {
	var out []desk.View
	for _, v := range railViews {
		if a.Role != desk.TeamMember || !v.desk {
			out = append(out, v.view)
		}
	}
	for _, t := range w.Library.Brain().Catalogue.Teams {
		if a.Role != desk.TeamMember || slices.Contains(a.Teams, t.ID) {
			out = append(out, desk.TeamView(t.ID))
		}
	}
	return out
}

// hows are the ways in which a customer knows that a question is solved, the
// likeliest first; they are those of Desk.Resolve.
var hows = []string{"mail", "phone", "counter", "chat", "handed_over", "self"}

// inbox is the list of requests.
func (w *Web) inbox(c *fiber.Ctx, s auth.Session) error {
	g, err := w.listing(c, s)
	if err != nil {
		return err
	}
	p := inboxPage{shell: w.around(c, s), CanAct: g.a.Can(desk.ActOnRequests), Title: g.title(), Columns: true}
	if p.list, err = g.list(c.Query("after")); err != nil {
		return err
	}
	if p.Views, p.Own, err = g.rail(); err != nil {
		return err
	}
	if p.CanAct {
		if p.Agents, err = w.agents(c.UserContext()); err != nil {
			return err
		}
		p.Teams, p.Hows = g.teams(), hows
	}
	for _, o := range sorts {
		q := g.p
		q.Sort = o
		p.Sorts = append(p.Sorts, sortLink{q.Path(), g.text("sort_" + string(o)), o == g.p.Sort})
	}
	p.Sorted, p.Updated, p.Here = g.text("sort_"+string(g.p.Sort)), g.clock(g.now), c.OriginalURL()
	if did := c.Query("did"); did != "" {
		if p.Report, err = w.bulkReport(c.UserContext(), s, did); err != nil {
			return err
		}
		p.Report.show(&p.shell, g)
	}
	return w.UI.Render(c, "inbox", p)
}

// lister makes the rows of one answer.
type lister struct {
	*Web
	c        *fiber.Ctx
	s        auth.Session
	a        desk.Actor
	language string
	now      time.Time // in the desk's zone
	p        params
	own      []ownView
	names    map[string]string // of users
}

// listing reads which list is asked for.
func (w *Web) listing(c *fiber.Ctx, s auth.Session) (*lister, error) {
	g := &lister{Web: w, c: c, s: s, a: s.Actor(), language: ui.Language(c), now: w.Now().In(w.Zone)}
	var err error
	if g.own, err = w.viewsOf(c.UserContext(), s.User.ID); err != nil {
		return nil, err
	}
	f, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		f = url.Values{}
	}
	views := w.views(g.a)
	if id := f.Get("own"); id != "" {
		i := slices.IndexFunc(g.own, func(v ownView) bool { return v.ID() == id })
		if i < 0 {
			return nil, balie.ErrNotFound
		}
		g.p = g.own[i].params(g.language, views)
	} else {
		g.p = asked(f, g.language, views)
	}
	g.names = w.Auth.Names(c.UserContext())
	return g, nil
}

// params are the list that a view of somebody's own stands for.
func (v ownView) params(language string, views []desk.View) params {
	p := asked(url.Values{"view": {v.View}, "sort": {v.Sort}, "q": {v.Query}}, language, views)
	p.Own = v.ID()
	return p
}

func (g *lister) text(key string, pairs ...string) string {
	return g.Texts.Text(g.language, "inbox."+key, pairs...)
}

// title is the name of the list.
func (g *lister) title() string {
	for _, v := range g.own {
		if g.p.Own == v.ID() {
			return v.Name
		}
	}
	return g.viewName(g.p.View)
}

func (g *lister) viewName(v desk.View) string {
	if team, ok := strings.CutPrefix(string(v), "team:"); ok {
		return g.text("view_team", "team", g.Teams(team, g.language))
	}
	if g.a.Role == desk.TeamMember && v == desk.OpenView {
		return g.text("view_ours")
	}
	return g.text("view_" + string(v))
}

// shortName is for the bar on a phone.
func (g *lister) shortName(v desk.View) string {
	if strings.HasPrefix(string(v), "team:") || g.a.Role == desk.TeamMember && v == desk.OpenView {
		return g.viewName(v)
	}
	return g.text("short_" + string(v))
}

// list reads one piece of the list.
func (g *lister) list(after string) (list, error) {
	page, err := g.Overview.Page(g.c.UserContext(), g.a, g.p.query(), after, pageRows, g.now)
	if err != nil {
		return list{}, err
	}
	l := list{Params: g.p, Version: page.Version, Now: g.now.UnixMilli(), Counting: page.Counting,
		None: len(page.Rows) == 0 && after == "", Total: strconv.Itoa(page.Total)}
	if page.AtLeast {
		l.Total += "+"
	}
	if page.Indexed < 1 && g.p.find.Words() {
		l.Indexing = strconv.Itoa(int(page.Indexed*100)) + "%"
	}
	if page.Next != "" {
		v := url.Values{"view": {string(g.p.View)}, "sort": {string(g.p.Sort)}, "q": {g.p.find.String()}, "after": {page.Next}}
		l.More = inboxPath(v)
	}
	for _, r := range page.Rows {
		if n := len(l.Groups); n == 0 || l.Groups[n-1].Key != string(r.Group) {
			l.Groups = append(l.Groups, g.group(r.Group, page.Groups[r.Group]))
		}
		last := &l.Groups[len(l.Groups)-1]
		last.Rows = append(last.Rows, g.row(r))
	}
	return l, nil
}

// group is an empty group.
func (g *lister) group(key desk.Group, n int) rowGroup {
	out := rowGroup{Key: string(key), Count: n}
	if key != "" {
		out.Name = g.text("group_" + string(key))
	}
	switch key {
	case desk.LateGroup:
		out.Class = "bad"
	case desk.SoonGroup:
		out.Class = "warn"
	}
	return out
}

// rail is the views with their numbers.
func (g *lister) rail() ([][]viewLink, []ownLink, error) {
	counts := g.Overview.Counts(g.a, g.now)
	var parts [][]viewLink
	for _, v := range railViews {
		if g.a.Role == desk.TeamMember && v.desk {
			continue
		}
		if len(parts) == 0 || v.heading != "" {
			parts = append(parts, nil)
		}
		l := g.link(v.view, v.icon, counts)
		l.Counted, l.Hot = !v.plain, v.hot && l.Count > 0
		if v.heading != "" {
			l.Heading = g.Texts.Text(g.language, v.heading)
		}
		last := len(parts) - 1
		parts[last] = append(parts[last], l)
	}
	if g.a.Role == desk.TeamMember {
		for _, t := range g.a.Teams {
			l := g.link(desk.TeamView(t), "tool", counts)
			l.Counted = true
			parts[0] = append(parts[0], l)
		}
	}
	own, err := g.ownRail()
	return parts, own, err
}

func (g *lister) link(v desk.View, icon string, counts map[desk.View]int) viewLink {
	q := params{View: v, Sort: g.p.Sort}
	return viewLink{Key: string(v), Path: q.Path(), Icon: icon, Name: g.viewName(v), Short: g.shortName(v),
		Count: counts[v], Here: v == g.p.View && g.p.Own == ""}
}

// ownRail is the user's own views, counted.
func (g *lister) ownRail() ([]ownLink, error) {
	views := g.views(g.a)
	var out []ownLink
	for _, v := range g.own {
		n, exact, err := g.Overview.Count(g.c.UserContext(), g.a, v.params(g.language, views).query(), g.now)
		if err != nil {
			return nil, err
		}
		out = append(out, ownLink{viewLink{Key: "own-" + v.ID(), Path: "/inbox?own=" + v.ID(), Icon: "tag", Name: v.Name, Short: v.Name,
			Count: n, Counted: true, Here: v.ID() == g.p.Own}, !exact})
	}
	return out, nil
}

// teams are those that work can be handed out to, without account management:
// that is the customer's own.
func (g *lister) teams() []teamLink {
	var out []teamLink
	for _, t := range g.Library.Brain().Catalogue.Teams {
		if t.Kind == balie.Backoffice || t.Kind == balie.Supplier {
			out = append(out, teamLink{t.ID, t.Name(g.language)})
		}
	}
	slices.SortFunc(out, func(a, b teamLink) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// agents are those who handle requests, by name.
func (w *Web) agents(ctx context.Context) ([]agentLink, error) {
	all, err := w.Auth.Users(ctx)
	if err != nil {
		return nil, err
	}
	var out []agentLink
	for _, u := range all {
		if !u.Disabled && u.Actor().Can(desk.ActOnRequests) {
			out = append(out, agentLink{u.ID, u.Name, initials(u.Name)})
		}
	}
	slices.SortFunc(out, func(a, b agentLink) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// rowsPart is what a page gets that heard of changes: rows to put in place of
// those it shows, those that are new to it, and the numbers of the views.
type rowsPart struct {
	shell
	list
	Rows    []inboxRow
	Gone    []string // asked for, and not in this list any more
	Views   [][]viewLink
	Own     []ownLink
	Updated string
}

// inboxRows answers with some rows of a list, by their ids.
func (w *Web) inboxRows(c *fiber.Ctx, s auth.Session) error {
	g, err := w.listing(c, s)
	if err != nil {
		return err
	}
	ids, err := someIDs(c.Query("ids"))
	if err != nil {
		return err
	}
	p := rowsPart{shell: w.around(c, s), Updated: g.clock(g.now), list: list{Params: g.p, Now: g.now.UnixMilli()}}
	ids, opened, version := g.since(c.Query("since"), ids)
	p.Version = version
	if p.Rows, p.Gone, err = g.rowsOf(ids, opened); err != nil {
		return err
	}
	if p.Views, p.Own, err = g.rail(); err != nil {
		return err
	}
	return w.UI.Part(c, "inbox", "fresh", p)
}

// since adds what changed behind a version to ids, and says what was opened.
func (g *lister) since(after string, ids []balie.ID) (all []balie.ID, opened map[balie.ID]bool, version uint64) {
	opened = map[balie.ID]bool{}
	from, err := strconv.ParseUint(after, 10, 64)
	if err != nil {
		_, version, _ = g.Overview.Since(g.a, 0)
		return ids, opened, version
	}
	changes, version, _ := g.Overview.Since(g.a, from)
	for _, ch := range changes[max(0, len(changes)-askedRows):] {
		opened[ch.Request] = ch.What == desk.RequestOpened
		if !slices.Contains(ids, ch.Request) {
			ids = append(ids, ch.Request)
		}
	}
	return ids, opened, version
}

// rowsOf are the rows of some requests; gone are those not in this list.
func (g *lister) rowsOf(ids []balie.ID, opened map[balie.ID]bool) (rows []inboxRow, gone []string, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	found, err := g.Overview.Rows(g.c.UserContext(), g.a, g.p.query(), ids, g.now)
	if err != nil {
		return nil, nil, err
	}
	there := map[balie.ID]bool{}
	for _, r := range found {
		there[r.Request.ID] = true
		row := g.row(r)
		row.New = opened[r.Request.ID]
		rows = append(rows, row)
	}
	for _, id := range ids {
		if !there[id] {
			gone = append(gone, id.String())
		}
	}
	return rows, gone, nil
}

// someIDs reads a list of ids.
func someIDs(s string) ([]balie.ID, error) {
	if s == "" {
		return nil, nil
	}
	words := strings.Split(s, ",")
	if len(words) > askedRows {
		return nil, balie.ErrTooLarge
	}
	var out []balie.ID
	for _, word := range words {
		id, err := balie.ParseID(word)
		if err != nil {
			return nil, &balie.InvalidError{Field: "ids", Problem: "this is no id of a request", Fix: "load the page again"}
		}
		out = append(out, id)
	}
	return out, nil
}

// keysPage is the list of keys as a page of its own.
type keysPage struct{ shell }

func (w *Web) keys(c *fiber.Ctx, s auth.Session) error {
	p := keysPage{w.around(c, s)}
	p.Narrow = true
	return w.UI.Render(c, "keys", p)
}
