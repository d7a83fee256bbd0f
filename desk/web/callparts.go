package web

import (
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

// guide works out what stands beside a call.
type guide struct {
	*lister
	in      desk.CallDraft
	product string            // chosen by hand, or that fits best
	said    string            // its answer
	team    string            // that would get it
	read    map[string]string // fields that the words filled in
}

func (w *Web) callGuide(c *fiber.Ctx, s auth.Session, in desk.CallDraft) *guide {
	return &guide{lister: &lister{Web: w, c: c, s: s, a: s.Actor(), language: ui.Language(c), now: w.Now().In(w.Zone)}, in: in}
}

func (g *guide) text(key string, pairs ...string) string {
	return g.Texts.Text(g.language, "phone."+key, pairs...)
}

// callerPart is who calls.
type callerPart struct {
	Typed    string
	People   []personOption
	Name     string // of whoever is chosen
	Path     string
	Initials string
	Line     string // number, and by what they were recognised
	Of       string // organisation
	Key      bool
	Manager  string
	Language string
	Reach    []string
	New      bool // an address of nobody, or a name that finds nobody
	Known    bool // what was typed is an address: only the name is asked
	Requests []callerRequest
	Likely   string // ref of the request it may be about

	person balie.ID
	mail   bool // can be written to
}

// personOption is somebody whom the words can mean.
type personOption struct {
	ID, Name, Line string
	On             bool
}

// callerRequest is a request of whoever calls.
type callerRequest struct {
	ID, Ref, Path, Subject, Lang string
	Open, First                  bool
	State, Class                 string
	When                         string
}

func (g *guide) caller() (callerPart, error) {
	typed := g.in.Caller
	p := callerPart{Typed: typed}
	who, err := g.Customers.Caller(g.c.UserContext(), g.a, typed, g.in.Person)
	if err != nil {
		return p, err
	}
	p.Known = !who.Address.IsZero()
	for _, x := range who.Found {
		p.People = append(p.People, personOption{x.ID.String(), nameOrAddress(x.Person), g.lineOf(x), x.ID == who.Chosen.ID})
	}
	x := who.Chosen
	if x.ID.IsZero() {
		p.New = typed != "" && (p.Known || len(who.Found) == 0)
		return p, nil
	}
	p.person, p.Name, p.Path, p.Initials = x.ID, nameOrAddress(x.Person), customerPath(x.ID), initials(nameOrAddress(x.Person))
	p.Of, p.Key = x.Of.Name, x.Of.KeyAccount
	if x.Of.AccountManager != "" {
		p.Manager = g.Teams(x.Of.AccountManager, g.language)
	}
	p.Line = g.text("chosen")
	if x.Has(who.Address) {
		p.Line = who.Address.Value + " · " + g.text("known_by_"+string(who.Address.Scheme))
	}
	if x.Language != "" {
		p.Language = g.languageName(g.language, x.Language)
	}
	for _, a := range x.Addresses {
		p.mail = p.mail || a.Channel() != ""
		if a.Scheme != balie.Web {
			p.Reach = append(p.Reach, a.Value)
		}
	}
	for _, r := range who.Requests {
		row := callerRequest{ID: r.ID.String(), Ref: r.Ref, Path: "/r/" + r.Ref, Subject: r.Subject, Lang: r.Language, Open: r.State != balie.Closed,
			State: g.Texts.Text(g.language, "request.state_"+r.State.String()), Class: stateClass(r.State), When: g.day(r.Changed)}
		if row.Subject == "" {
			row.Subject = g.Texts.Text(g.language, "inbox.no_subject")
		}
		row.First = row.Open && p.Likely == ""
		if row.First {
			p.Likely = r.Ref
		}
		p.Requests = append(p.Requests, row)
	}
	return p, nil
}

// stateClass is the dot of a state.
func stateClass(s balie.State) string {
	switch s {
	case balie.AtDesk:
		return "desk"
	case balie.WithTeam:
		return "back"
	case balie.Waiting, balie.Planned:
		return "wait"
	case balie.AnsweredState:
		return "care"
	}
	return "done"
}

func nameOrAddress(p balie.Person) string {
	if p.Name == "" && len(p.Addresses) > 0 {
		return p.Addresses[0].Value
	}
	return p.Name
}

// lineOf tells people of the same name apart.
func (g *guide) lineOf(x desk.CustomerLine) string {
	var parts []string
	if x.Of.Name != "" {
		parts = append(parts, x.Of.Name)
	}
	for _, a := range x.Addresses[:min(len(x.Addresses), 2)] {
		parts = append(parts, a.Value)
	}
	return strings.Join(parts, " · ")
}

// answersPart is what fits the words, and what would be written down.
type answersPart struct {
	Matches  []matchLine
	Auto     string // the product nobody chose by hand
	None     bool   // it is none of them, by hand
	Others   []option
	Fields   []callField
	Have     int
	Need     int
	Say      template.HTML
	SayName  string
	NoAnswer string
	Product  string // its name
	Who      string
	Mailed   bool
	By       string // until when the desk comes back
	Teams    []option
	AskWhy   bool
	Outcomes []outcome
}

// matchLine is a product that fits.
type matchLine struct {
	ID, Name string
	Terms    []string
	Percent  string
	Width    int // of 60
	On       bool
}

// callField is something to ask.
type callField struct {
	fieldRow
	Got bool
}

// outcome is a way to end the call.
type outcome struct {
	Key, Value, Name, Hint, Class string
	On                            bool
}

// shown is from which certainty a product is shown at all: below it is noise.
const shown = 0.1

// answers works out what fits; asked: the form was refused for want of a reason.
func (g *guide) answers(who callerPart, asked bool) answersPart {
	var p answersPart
	words := strings.TrimSpace(g.in.Subject + "\n" + g.in.Text)
	chosen := g.in.Product
	for _, s := range g.Desk.Suggest(g.c.UserContext(), words, g.in.Language, g.Now()) {
		if chosen == "" && s.Score >= scored {
			chosen, p.Auto = s.Product.ID, s.Product.ID
		}
		if s.Score < shown && s.Product.ID != chosen {
			continue
		}
		p.Matches = append(p.Matches, matchLine{s.Product.ID, s.Product.Name(g.language), s.Terms, percent(s.Score),
			int(math.Round(60 * s.Score)), s.Product.ID == chosen})
	}
	p.None = chosen == "-"
	listed := false
	for _, m := range p.Matches {
		listed = listed || m.On
	}
	for _, x := range g.Library.Brain().Catalogue.Products {
		p.Others = append(p.Others, option{x.ID, x.Name(g.language), x.ID == chosen && !listed})
	}
	g.fill(&p, chosen, words)
	g.wrap(&p, who, asked)
	return p
}

// fill works out what of the product is known and what can be said.
func (g *guide) fill(p *answersPart, chosen, words string) {
	s, known, ok := g.Desk.SuggestProduct(chosen, words, g.in.Language, g.in.Fields, g.Now())
	if !ok {
		return
	}
	g.product, g.said, g.read, g.team = chosen, s.Answer, known, s.Product.Owner
	p.Product, p.SayName = s.Product.Name(g.language), s.Product.Name(g.language)
	if s.Answer != "" {
		p.Say = ui.Markdown(s.Answer)
	} else if _, has := s.Product.Answer(g.language); has {
		p.NoAnswer = g.text("answer_waits")
	}
	view := &pager{Web: g.Web, c: g.c, s: g.s, l: g.language}
	for _, f := range s.Product.Fields {
		if !f.Required && known[f.ID] == "" {
			continue
		}
		missing := false
		for _, m := range s.Missing {
			missing = missing || m.ID == f.ID
		}
		row := callField{fieldRow: view.field(desk.FieldView{Field: f, Value: known[f.ID], Invalid: missing && known[f.ID] != ""}), Got: known[f.ID] != "" && !missing}
		p.Fields = append(p.Fields, row)
		if f.Required {
			p.Need++
			if row.Got {
				p.Have++
			}
		}
	}
	cal := g.Library.Brain().Catalogue.Calendar(s.Product)
	if s.Product.Respond > 0 {
		p.By = g.day(cal.Add(g.Now(), s.Product.Respond))
	}
}

// wrap works out how the call can end, and which end is proposed.
func (g *guide) wrap(p *answersPart, who callerPart, asked bool) {
	product, known := g.Library.Brain().Catalogue.Product(g.product)
	if g.in.Team != "" {
		g.team = g.in.Team
	}
	p.Who, p.Mailed = who.Name, who.mail
	p.AskWhy = asked || g.in.Why != ""
	missing := p.Need - p.Have
	class, teamName := "back", ""
	for _, t := range g.Library.Brain().Catalogue.Teams {
		p.Teams = append(p.Teams, option{t.ID, t.Name(g.language), t.ID == g.team})
		if t.ID == g.team {
			teamName = t.Name(g.language)
			if t.Kind == balie.Account {
				class = "acct"
			}
		}
	}
	out := []outcome{
		{Key: "1", Value: string(desk.CallSolved), Name: g.text("solved"), Hint: g.text("solved_hint")},
		{Key: "2", Value: string(desk.CallHandOut), Name: g.text("handout"), Hint: g.text("handout_choose"), Class: class},
		{Key: "3", Value: string(desk.CallDesk), Name: g.text("desk"), Hint: g.text("desk_hint", "name", firstName(g.s.User.Name))},
		{Key: "4", Value: string(desk.CallWaiting), Name: g.text("waiting"), Hint: g.text("waiting_none")},
		{Key: "5", Value: string(desk.CallCallback), Name: g.text("callback"), Hint: g.text("callback_hint")},
	}
	if teamName != "" {
		out[1].Name, out[1].Hint = g.text("handout_to", "team", teamName), g.text("handout_hint")
		if product.Resolve > 0 {
			out[1].Hint = g.text("handout_by", "when", g.day(g.Library.Brain().Catalogue.Calendar(product).Add(g.Now(), product.Resolve)))
		}
	}
	if missing > 0 {
		out[3].Hint = g.text("waiting_n", "n", strconv.Itoa(missing))
	}
	out[g.proposed(known, product, missing)].On = true
	p.Outcomes = out
}

// proposed is which outcome Ctrl+Enter takes.
func (g *guide) proposed(known bool, product balie.Product, missing int) int {
	switch {
	case !known:
		return 2
	case product.Kind == balie.Question && g.said != "":
		return 0
	case missing > 0 && g.in.Why == "":
		return 2
	case g.team != "" && product.Kind != balie.Question:
		return 1
	}
	return 2
}

func firstName(name string) string {
	first, _, _ := strings.Cut(name, " ")
	return first
}

func (g *guide) ring(r desk.Ring) ringLine {
	l := ringLine{Path: "/call?call=" + url.QueryEscape(r.ID), Who: r.Person.Name, Number: r.Address.Value, When: g.timeOf(r.At)}
	if l.Who == "" {
		l.Who = g.text("unknown")
	}
	if l.Number == "" {
		l.Number = g.text("withheld")
	}
	return l
}

func (g *guide) timeOf(t time.Time) string {
	if g.language == "en" {
		return t.In(g.Zone).Format("15:04")
	}
	return t.In(g.Zone).Format("15.04")
}

// today is who called today.
func (g *guide) today() ([]callLine, error) {
	y, m, d := g.now.Date()
	all, err := g.Customers.CallsSince(g.c.UserContext(), g.a, time.Date(y, m, d, 0, 0, 0, 0, g.Zone))
	if err != nil {
		return nil, err
	}
	var out []callLine
	for _, l := range all {
		who := l.Who
		if who == "" {
			who = g.text("unknown")
		}
		out = append(out, callLine{g.timeOf(l.At), who, "/r/" + l.Request.Ref, l.Request.Ref,
			g.Texts.Text(g.language, "request.state_"+l.Request.State.String()), stateClass(l.Request.State)})
	}
	return out, nil
}
