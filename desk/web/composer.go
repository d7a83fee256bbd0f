package web

import (
	"context"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

// The tabs of the composer; each has a draft of its own.
const (
	replyTab   = "reply"
	noteTab    = "note"
	backTab    = "backoffice"
	accountTab = "account"
)

var tabs = []struct{ id, icon, key string }{
	{replyTab, "reply", "r"}, {noteTab, "note", "n"}, {backTab, "tool", "b"}, {accountTab, "brief", "c"},
}

// composer is what stands under the timeline.
type composer struct {
	Tab, Path   string
	Tabs        []composerTab
	Label       string
	Text        string
	Saved       string // when the draft was saved
	Preview     template.HTML
	Seen        uint64
	Key         string
	Stale       *staleView
	Suggestion  *suggestionView
	To          []recipient
	ToLine      string
	NoWay       string
	Then        []option
	Languages   []option
	Snippets    []option
	Channel     string
	Handout     *handoutForm
	Fault       string
	Focus       bool
	Again       string // files that must be chosen again
	Shares      []string
	MostBytes   int64
	Placeholder string
}

type composerTab struct {
	ID, Icon, Words, Key, Path string
	On, Draft                  bool
}

// staleView says what was said since the reader last looked.
type staleView struct{ Words, Href, See string }

// recipient is somebody who can get a reply.
type recipient struct {
	Value, Words string
	On           bool
}

// suggestionView is a catalogue answer that can be put into the reply.
type suggestionView struct {
	Product, Name, Percent string
	Fill, Tick             float64 // of the bar, 0 to 60
	Terms                  []string
	Answer, Why            string
	Judge                  uint64
}

// handoutForm is a hand-out before it goes out.
type handoutForm struct {
	Teams    []option
	Due      string
	Promise  string
	Summary  desk.Summary
	Missing  string // names of what is missing; then a reason is asked for
	Why      string
	Tell     bool
	CanTell  bool
	Account  bool
	Language string
}

// tab is the tab that is open.
func (g *pager) tab() string {
	want := g.c.Query("tab")
	if g.in.form != nil {
		want = g.in.form.Tab
	}
	for _, t := range tabs {
		if t.id == want {
			return want
		}
	}
	if g.v.NoWayBack != "" {
		return noteTab
	}
	return replyTab
}

// team is who a hand-out would go to: who was chosen, else the product's
// owner or the customer's account manager, else the first.
func (g *pager) team(tab string) string {
	teams := g.teams(tab)
	want := []string{g.c.Query("team"), g.v.Product.Owner}
	if tab == accountTab {
		want = []string{g.c.Query("team"), g.v.Customer.Organisation.AccountManager, g.v.Product.Owner}
	}
	if g.in.form != nil && g.in.form.Team != "" {
		want = append([]string{g.in.form.Team}, want...)
	}
	for _, id := range want {
		if slices.ContainsFunc(teams, func(t balie.Team) bool { return t.ID == id }) {
			return id
		}
	}
	if len(teams) > 0 {
		return teams[0].ID
	}
	return ""
}

// teams are those a tab hands out to.
func (g *pager) teams(tab string) []balie.Team {
	return slices.DeleteFunc(slices.Clone(g.v.Teams), func(t balie.Team) bool { return (t.Kind == balie.Account) != (tab == accountTab) })
}

func (g *pager) composer() composer {
	tab := g.tab()
	p := composer{Tab: tab, Path: g.path + "/compose", Seen: g.v.Request.Version, Key: balie.NewID(g.Now()).String(), MostBytes: uploadBytes}
	for _, t := range tabs {
		p.Tabs = append(p.Tabs, composerTab{ID: t.id, Icon: t.icon, Words: g.text("tab_" + t.id), Key: t.key, Path: g.path + "?tab=" + t.id + "#compose",
			On: t.id == tab, Draft: g.v.Drafts[t.id].Text != "" && t.id != tab})
	}
	d := g.v.Drafts[tab]
	p.Text = d.Text
	if !d.Saved.IsZero() {
		p.Saved = g.text("draft_saved", "when", g.when(d.Saved))
	}
	p.Focus = g.c.Query("tab") != ""
	if id, err := balie.ParseID(g.c.Query("share")); err == nil && !id.IsZero() {
		p.Shares = []string{id.String()}
	}
	g.typed(&p)
	switch tab {
	case backTab, accountTab:
		g.handing(&p, tab)
	case noteTab:
		p.Label, p.Placeholder = g.text("note_label"), g.text("note_hint")
		p.Snippets = g.snippetChoices()
	default:
		g.replying(&p)
	}
	if g.c.Query("preview") == "1" && p.Text != "" {
		p.Preview = ui.Markdown(p.Text)
	}
	return p
}

// typed puts back what came with a form that was not carried out.
func (g *pager) typed(p *composer) {
	f := g.in.form
	if f == nil {
		return
	}
	p.Text, p.Key, p.Fault = f.Text, f.Key, g.in.fault
	var names []string
	for _, x := range f.Files {
		names = append(names, x.Name)
	}
	if len(names) > 0 {
		p.Again = g.text("files_again", "files", strings.Join(names, ", "))
	}
	for _, id := range f.Shares {
		p.Shares = append(p.Shares, id.String())
	}
	if g.in.stale != nil {
		p.Stale = g.stale(g.in.stale)
	}
}

// replying is the tab that writes to the customer.
func (g *pager) replying(p *composer) {
	r := g.v.Request
	name := g.nameOf(g.v.Customer.Person)
	p.Label = g.text("reply_label", "name", name)
	p.Placeholder = g.text("reply_hint", "name", name)
	if g.v.NoWayBack != "" {
		p.NoWay = g.text("noway_" + g.v.NoWayBack)
	}
	p.Snippets = g.snippetChoices()
	p.To, p.ToLine = g.recipients()
	then := desk.ThenStay
	language := g.language()
	if f := g.in.form; f != nil {
		then = desk.Then(f.Then)
		if f.Language != "" {
			language = f.Language
		}
	}
	for _, t := range []desk.Then{desk.ThenStay, desk.ThenWait, desk.ThenResolve} {
		if t == desk.ThenWait && r.State != balie.AtDesk && r.State != balie.Waiting {
			continue
		}
		p.Then = append(p.Then, option{string(t), g.text("then_" + string(t)), t == then})
	}
	for _, l := range []string{"nl", "en"} {
		p.Languages = append(p.Languages, option{l, g.text("language_" + l), l == language})
	}
	p.Suggestion = g.suggestion(*p)
}

// recipients are who can get the reply: the customer and the participants,
// those that are chosen already marked.
func (g *pager) recipients() (out []recipient, names string) {
	on := g.v.Recipients
	if f := g.in.form; f != nil && f.chosen {
		on = f.To
	}
	seen := map[string]bool{}
	add := func(a balie.Address, name string) {
		if seen[a.Key()] || a.Scheme == balie.Web || a.Scheme == balie.Hook || a.IsZero() {
			return
		}
		seen[a.Key()] = true
		words := a.Value
		if name != "" && name != a.Value {
			words = name + " · " + a.Value
		}
		out = append(out, recipient{a.Key(), words, slices.ContainsFunc(on, func(b balie.Address) bool { return a.Key() == b.Key() })})
	}
	for _, a := range on {
		add(a, a.Name)
	}
	for _, p := range append([]balie.Person{g.v.Customer.Person}, g.v.Participants...) {
		for _, a := range p.Addresses {
			if a.Scheme == balie.Mail {
				add(a, p.Name)
			}
		}
	}
	var chosen []string
	for _, a := range on {
		v := a.Value
		if a.Scheme == balie.Slack || a.Scheme == balie.Web {
			v = g.channel(map[balie.Scheme]string{balie.Slack: "slack", balie.Web: "form"}[a.Scheme])
		}
		chosen = append(chosen, v)
	}
	return out, strings.Join(chosen, ", ")
}

// suggestion is the likeliest catalogue answer, unless somebody said it is not.
func (g *pager) suggestion(p composer) *suggestionView {
	if g.in.stale != nil || g.v.Unsendable != nil || g.v.Request.State == balie.Closed {
		return nil
	}
	all := g.Desk.SuggestFor(g.c.UserContext(), g.v, g.Now())
	if len(all) == 0 || !all[0].Likely() {
		return nil
	}
	s := all[0]
	v := &suggestionView{Product: s.Product.ID, Name: s.Product.Name(g.l), Percent: percent(s.Score), Fill: 60 * min(max(s.Score, 0), 1),
		Tick: 60 * min(max(s.Threshold, 0), 1), Terms: s.Terms, Answer: s.Answer, Why: s.NoAnswer}
	if len(v.Terms) > 4 {
		v.Terms = v.Terms[:4]
	}
	for _, d := range g.v.Decisions {
		if d.Decision.Facts.Match.Product == s.Product.ID && d.Judged == "wrong" {
			return nil
		}
		if v.Judge == 0 && d.Decision.Facts.Match.Product == s.Product.ID && d.Judged == "" {
			v.Judge = d.Seq
		}
	}
	return v
}

func (g *pager) snippetChoices() []option {
	var out []option
	for _, s := range g.snippets {
		out = append(out, option{Value: s.ID, Words: s.Name})
	}
	return out
}

// handing is the tab that hands out.
func (g *pager) handing(p *composer, tab string) {
	f := &handoutForm{Account: tab == accountTab, CanTell: g.v.NoWayBack == "", Tell: g.v.NoWayBack == ""}
	p.Handout = f
	team := g.team(tab)
	for _, t := range g.teams(tab) {
		f.Teams = append(f.Teams, option{t.ID, g.teamWords(t), t.ID == team})
	}
	if g.draft != nil {
		f.Summary, f.Due, f.Language = g.draft.Summary, g.local(g.draft.Due), g.draft.Language
		if !g.draft.Promise.IsZero() {
			f.Promise = g.when(g.draft.Promise)
		}
		var missing []string
		for _, x := range g.draft.Missing {
			missing = append(missing, shortPrompt(x, g.l))
		}
		f.Missing = strings.Join(missing, ", ")
	}
	if in := g.in.form; in != nil {
		f.Summary, f.Why, f.Tell = in.Summary, in.Why, in.Tell
		if in.Due != "" {
			f.Due = in.Due
		}
	}
}

// teamWords is a team with how it is reached and how much it has open.
func (g *pager) teamWords(t balie.Team) string {
	reach := "reach_queue"
	switch t.Reach.Scheme {
	case balie.Mail:
		reach = "reach_mail"
	case balie.Slack:
		reach = "reach_slack"
	case balie.Hook:
		reach = "reach_hook"
	}
	n := g.load[desk.TeamView(t.ID)]
	return g.text("team_option", "team", t.Name(g.l), "reach", g.text(reach), "n", number(n))
}

// stale says who said something meanwhile.
func (g *pager) stale(e *desk.StaleError) *staleView {
	s := &staleView{Words: g.text("stale_happened"), Href: g.path + "#timeline-end"}
	if len(e.New) == 0 {
		return s
	}
	m := e.New[len(e.New)-1]
	who := m.From.Name
	for _, x := range g.v.Entries {
		if x.Message != nil && x.Message.ID == m.ID {
			who, s.Href = g.author(x), "#e-"+number(int(x.Seq))
		}
	}
	for _, h := range g.v.Handouts {
		for _, x := range h.Entries {
			if x.Message != nil && x.Message.ID == m.ID {
				who, s.Href = g.author(x), "#h-"+h.ID.String()
			}
		}
	}
	first, _, _ := strings.Cut(who, " ")
	s.Words = g.text("stale", "name", first, "when", g.when(m.At))
	s.See = g.text("stale_see", "name", first)
	return s
}

// assignMenu is who the request can be given to.
type assignMenu struct {
	Name, Initials string // "" when nobody has it
	Mine           bool
	Options        []option
}

// colleagues are the users who handle requests.
func (w *Web) colleagues(c context.Context) ([]auth.User, error) {
	if w.Auth == nil {
		return nil, nil
	}
	all, err := w.Auth.Users(c)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(u auth.User) bool { return u.Disabled || !u.Actor().Can(desk.ActOnRequests) }), nil
}

func (g *pager) assign() assignMenu {
	who := g.v.Request.Assignee
	m := assignMenu{Mine: who == g.s.User.ID}
	if who != "" {
		name := g.by("agent:" + who)
		m.Initials = initials(name)
		m.Name, _, _ = strings.Cut(name, " ")
	}
	for _, u := range g.people {
		if u.ID != g.s.User.ID {
			m.Options = append(m.Options, option{u.ID, u.Name, u.ID == who})
		}
	}
	return m
}

// moreMenu is what else can be done with the request.
type moreMenu struct {
	Open, CanReopen bool
	Hows            []option
	Priorities      []option
	Kinds           []option
	Products        []option
	Languages       []option
	Plan            string
	CanPlan         bool
}

func (g *pager) more() moreMenu {
	r := g.v.Request
	m := moreMenu{Open: r.State != balie.Closed, CanReopen: r.State == balie.Closed || r.State == balie.AnsweredState,
		CanPlan: r.State == balie.AtDesk || r.State == balie.WithTeam, Plan: g.local(g.Now().Add(24 * time.Hour).Truncate(time.Hour))}
	for _, how := range []string{"told", "phone", "counter", "handed_over", "confirmed"} {
		m.Hows = append(m.Hows, option{how, g.text("how_" + how), false})
	}
	for _, p := range []string{"2", "1", "0", "-1"} {
		m.Priorities = append(m.Priorities, option{p, g.text("priority_" + p), p == number(r.Priority)})
	}
	for _, k := range []balie.Kind{balie.Question, balie.Order, balie.Fault, balie.Complaint, balie.Wish, balie.Compliment} {
		m.Kinds = append(m.Kinds, option{string(k), g.text("kind_" + string(k)), k == r.Kind})
	}
	for _, p := range g.v.Products {
		m.Products = append(m.Products, option{p.ID, p.Name(g.l), p.ID == r.Product})
	}
	for _, l := range []string{"nl", "en"} {
		m.Languages = append(m.Languages, option{l, g.text("language_" + l), l == r.Language})
	}
	return m
}
