package web

import (
	"math"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) requestRoutes() []route {
	get := func(path string, h handler) route {
		return route{method: fiber.MethodGet, path: path, right: desk.SeeRequests, object: requestObject, handle: h}
	}
	return []route{
		get("/r/:ref", w.request),
		get("/r/:ref/complete", w.request),
		get("/r/:ref/why", w.request),
	}
}

// The parts of the request page; on a narrow screen each is a page.
const (
	talkPart     = "talk"
	completePart = "complete"
	whyPart      = "why"
)

// framed is the policy of the request page: it may frame our own routes, which
// is how a mail's HTML is shown.
var framed = strings.Replace(httpd.Policy, "form-action", "frame-src 'self'; form-action", 1)

// requestPage is what request.html shows.
type requestPage struct {
	shell
	Path     string // "/r/7K3Q-F"
	Part     string // talkPart, …
	ReadOnly bool
	R        balie.Request
	Version  uint64
	Subject  string
	Lang     string // of what the customer wrote
	Facts    []fact
	Number   string // the customer's telephone
	Holder   holderView
	Assign   assignMenu
	More     moreMenu
	Viewers  []viewer
	Lines    []line
	Belongs  []belonging
	Proposed []proposal
	Threads  []threadPanel
	Complete completePanel
	Clocks   []clockView
	Deadline *deadlineView
	Why      whyPanel
	Customer customerPanel
	Related  []related
	Composer composer
	Sending  *sending
	Fault    string // what was wrong with the form that came
	Resolved bool   // nothing is left to resolve
}

// fact is a word about the request under its subject; Extra ones are left out
// where there is little room.
type fact struct {
	Words string
	Extra bool
}

// holderView says who has the request in hand: a dot and words.
type holderView struct{ Class, Words string }

// viewer is a colleague who has the request open.
type viewer struct {
	Name, Initials, Words string
	Typing                bool
}

// sending is a reply that can still be taken back.
type sending struct {
	Message string
	Seconds int // until it goes out
	Whole   int // of how many
	Share   int // percent of it that is left
}

// undoSeconds is what the ring of a reply on its way counts down from; a desk
// that waits longer has a longer ring.
const undoSeconds = 10

// typed is what came with a form that was not carried out, so that it is shown
// again as it was.
type typed struct {
	fault string
	stale *desk.StaleError
	form  *composed
}

// request is the page of one request.
func (w *Web) request(c *fiber.Ctx, s auth.Session) error {
	id, err := w.Desk.Find(c.UserContext(), s.Actor(), c.Params("ref"))
	if err != nil {
		return err
	}
	return w.showRequest(c, s, id, typed{})
}

// showRequest answers with the page, with what was typed when a form comes back.
func (w *Web) showRequest(c *fiber.Ctx, s auth.Session, id balie.ID, in typed) error {
	a := s.Actor()
	v, err := w.Desk.View(c.UserContext(), a, id, w.Now())
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentSecurityPolicy, framed)
	if a.Role == desk.TeamMember {
		return w.teamRequest(c, s, v, in)
	}
	g, err := w.paging(c, s, v, in)
	if err != nil {
		return err
	}
	return w.UI.Render(c, "request", g.page())
}

// pager makes the page of one request, in one language.
type pager struct {
	*Web
	c        *fiber.Ctx
	s        auth.Session
	v        desk.RequestView
	in       typed
	l        string
	path     string
	why      *desk.DecisionView // the decision that is explained
	snippets []desk.Snippet
	draft    *desk.HandoutDraft
	people   []auth.User       // who a request can be given to
	names    map[string]string // of users, by sign-in name
	load     map[desk.View]int
}

// pager makes pages, or pieces of them, of a request.
func (w *Web) pager(c *fiber.Ctx, s auth.Session, v desk.RequestView) *pager {
	g := &pager{Web: w, c: c, s: s, v: v, l: ui.Language(c), path: "/r/" + v.Request.Ref}
	if w.Auth != nil {
		g.names = w.Auth.Names(c.UserContext())
	}
	return g
}

// paging reads what a page needs besides the request itself. Whatever the
// data, that is four store calls at most.
func (w *Web) paging(c *fiber.Ctx, s auth.Session, v desk.RequestView, in typed) (*pager, error) {
	g := w.pager(c, s, v)
	g.in = in
	ctx, a := c.UserContext(), s.Actor()
	var err error
	if g.why, err = g.explained(); err != nil {
		return nil, err
	}
	if w.Overview != nil {
		g.load = w.Overview.Counts(a, w.Now())
	}
	if !a.Can(desk.ActOnRequests) {
		return g, nil
	}
	if g.people, err = w.colleagues(ctx); err != nil {
		return nil, err
	}
	if kind := g.tab(); kind == backTab || kind == accountTab {
		if team := g.team(kind); team != "" {
			d, err := w.Desk.Summarise(ctx, a, v.Request.ID, team, w.Now())
			if err != nil {
				return nil, err
			}
			g.draft = &d
		}
		return g, nil
	}
	g.snippets, err = w.Desk.Snippets(ctx, a, g.language())
	return g, err
}

func (g *pager) text(key string, pairs ...string) string {
	return g.Texts.Text(g.l, "request."+key, pairs...)
}

// language is that of the request, which replies are written in.
func (g *pager) language() string {
	if g.v.Request.Language != "" {
		return g.v.Request.Language
	}
	return g.l
}

func (g *pager) page() requestPage {
	r := g.v.Request
	p := requestPage{
		shell: g.around(g.c, g.s), Path: g.path, Part: g.part(), R: r, Version: r.Version, Subject: r.Subject, Lang: r.Language,
		ReadOnly: !g.s.Actor().Can(desk.ActOnRequests), Fault: g.in.fault,
		Resolved: r.State == balie.Closed,
	}
	if p.Subject == "" {
		p.Subject = g.text("no_subject")
	}
	p.Facts, p.Number = g.facts()
	p.Holder = g.holder()
	p.Viewers = g.viewers()
	p.Lines = g.lines()
	p.Threads = g.threads()
	p.Complete = g.complete()
	p.Clocks, p.Deadline = g.clocks(), g.deadline()
	p.Why = g.explain()
	p.Customer = g.customer()
	p.Related = g.related()
	if !p.ReadOnly {
		p.Belongs, p.Proposed = g.belongs(), g.proposed()
		p.Assign, p.More = g.assign(), g.more()
		p.Composer = g.composer()
		p.Sending = g.sending()
	}
	if p.Notice == "" {
		p.Notice, p.Undo = g.notice()
	}
	return p
}

func (g *pager) part() string {
	for _, part := range []string{completePart, whyPart} {
		if strings.HasSuffix(g.c.Path(), "/"+part) {
			return part
		}
	}
	return talkPart
}

// facts stand under the subject: who, where from, by which channel.
func (g *pager) facts() (facts []fact, number string) {
	who := g.v.Customer.Person
	if name := g.nameOf(who); name != "" {
		facts = append(facts, fact{name, false})
	}
	if o := g.v.Customer.Organisation.Name; o != "" {
		facts = append(facts, fact{o, true})
	}
	facts = append(facts, fact{g.text("via", "channel", g.channel(g.v.Request.Channel)), false})
	for _, a := range who.Addresses {
		if a.Scheme == balie.Tel {
			return facts, a.Value
		}
	}
	return facts, ""
}

// nameOf is what a person is called: a name, else an address.
func (g *pager) nameOf(p balie.Person) string {
	if p.Name != "" {
		return p.Name
	}
	if len(p.Addresses) > 0 {
		return p.Addresses[0].Value
	}
	return ""
}

// channel is a channel in words.
func (g *pager) channel(id string) string {
	key := "channel_" + id
	if words := g.text(key); words != "request."+key {
		return words
	}
	return id
}

// holder says who has the request.
func (g *pager) holder() holderView {
	r := g.v.Request
	if open := r.OpenHandouts(); r.State == balie.WithTeam && len(open) > 0 {
		h := holderView{"back", g.Teams(open[0].Team, g.l)}
		if g.kindOf(open[0].Team) == balie.Account {
			h.Class = "acct"
		}
		if len(open) > 1 {
			h.Words = g.text("holder_more", "team", h.Words, "n", number(len(open)-1))
		}
		return h
	}
	classes := map[balie.State]string{balie.AtDesk: "desk", balie.Waiting: "wait", balie.WithTeam: "back", balie.Planned: "wait",
		balie.AnsweredState: "care", balie.Closed: "done"}
	return holderView{classes[r.State], g.text("state_" + r.State.String())}
}

func (g *pager) kindOf(team string) balie.TeamKind {
	i := slices.IndexFunc(g.v.Teams, func(t balie.Team) bool { return t.ID == team })
	if i < 0 {
		return ""
	}
	return g.v.Teams[i].Kind
}

// viewers are the colleagues who have the request before them.
func (g *pager) viewers() []viewer {
	if g.Presence == nil {
		return nil
	}
	var out []viewer
	for _, x := range g.Presence.Of(g.v.Request.ID, g.Now()) {
		if x.ID == g.s.User.ID {
			continue
		}
		key := "looking"
		if x.Typing {
			key = "typing"
		}
		first, _, _ := strings.Cut(x.Name, " ")
		out = append(out, viewer{x.Name, initials(x.Name), g.text(key, "name", first), x.Typing})
	}
	return out
}

// sending is the actor's latest reply while it can be taken back.
func (g *pager) sending() *sending {
	u := g.v.Unsendable
	if u == nil {
		return nil
	}
	left := u.Due.Sub(g.Now())
	if left <= 0 {
		return nil
	}
	seconds := int(math.Ceil(left.Seconds()))
	whole := max(undoSeconds, seconds)
	return &sending{Message: u.Message.String(), Whole: whole, Seconds: seconds, Share: seconds * 100 / whole}
}
