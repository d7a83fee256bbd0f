package catalogue

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// idForm is what ids look like: they stand in rules, addresses and exports.
var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Parse reads a catalogue. Its error joins a *balie.InvalidError for every
// problem there is.
func Parse(file string, body []byte) (*Catalogue, error) {
	root, err := open(file, body)
	if err != nil {
		return nil, err
	}
	p := &parsing{reader: reader{file: file}, c: &Catalogue{Version: 1}, owners: map[string]string{}}
	p.document(root)
	p.crossCheck()
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, byPlace)
		return nil, errors.Join(p.problems...)
	}
	return p.c, nil
}

// parsing is the state of one Parse.
type parsing struct {
	reader
	c      *Catalogue
	owners map[string]string // team -> owner.type of a product that names it
	refs   []reference
	// declared are the calendars there are, faulty ones too: one fault is not
	// named twice.
	declared []string
}

// reference is a use of an id that must exist.
type reference struct {
	at        ast.Node
	field, to string
	what      string // "team", "calendar"
}

func byPlace(a, b error) int {
	x, _ := errors.AsType[*balie.InvalidError](a)
	y, _ := errors.AsType[*balie.InvalidError](b)
	if x == nil || y == nil || x.Line != y.Line {
		return at(x) - at(y)
	}
	return x.Col - y.Col
}

func at(e *balie.InvalidError) int {
	if e == nil {
		return 0
	}
	return e.Line
}

func (p *parsing) document(root ast.Node) {
	entries := p.mapping(root, "", "version", "organisation", "currency", "calendars", "teams", "products")
	seen := map[string]bool{}
	for _, e := range entries {
		seen[e.key] = true
		switch e.key {
		case "version":
			p.c.Version = int(p.number(e.value, "version", 1, 1<<30))
		case "organisation":
			p.c.Organisation = p.byLanguage(e.value, "organisation", true)
		case "currency":
			p.c.Currency = p.text(e.value, "currency")
		case "calendars":
			p.calendars(e.value)
		case "teams":
			p.teams(e.value)
		}
	}
	// Products last: they are checked against all of the above.
	for _, e := range entries {
		if e.key == "products" {
			p.products(e.value)
		}
	}
	for _, k := range []string{"teams", "products"} {
		if !seen[k] && len(entries) > 0 {
			p.problem(root, "", fmt.Sprintf("%q is missing", k), "")
		}
	}
}

func (p *parsing) id(at ast.Node, field, id string) bool {
	if idForm.MatchString(id) {
		return true
	}
	p.problem(at, field, fmt.Sprintf("%q cannot be an id", short(id)), "an id has small letters, digits, - and _, at most 64")
	return false
}

func (p *parsing) calendars(n ast.Node) {
	p.c.Calendars = map[string]hours.Calendar{}
	for _, e := range p.mapping(n, "calendars") {
		field := "calendars." + e.key
		if !p.id(e.at, field, e.key) {
			continue
		}
		spec := hours.Spec{}
		for _, k := range p.mapping(e.value, field, "timezone", "week", "holidays", "always_open") {
			switch k.key {
			case "timezone":
				spec.Timezone = p.text(k.value, field+".timezone")
			case "week":
				spec.Week = p.week(k.value, field+".week")
			case "holidays":
				spec.Holidays = p.texts(k.value, field+".holidays")
			case "always_open":
				spec.AlwaysOpen = p.yes(k.value, field+".always_open")
			}
		}
		p.declared = append(p.declared, e.key)
		calendar, err := hours.Parse(spec)
		if err != nil {
			p.calendarProblem(e, field, err)
			continue
		}
		p.c.Calendars[e.key] = calendar
		if p.c.first == "" {
			p.c.first = e.key
		}
	}
}

func (p *parsing) week(n ast.Node, field string) map[string][]string {
	out := map[string][]string{}
	for _, d := range p.mapping(n, field, "mon", "tue", "wed", "thu", "fri", "sat", "sun") {
		out[d.key] = p.texts(d.value, field+"."+d.key)
	}
	return out
}

// calendarProblem gives each thing wrong with a calendar the calendar's place.
func (p *parsing) calendarProblem(e entry, field string, err error) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range many.Unwrap() {
			p.calendarProblem(e, field, err)
		}
		return
	}
	x, ok := errors.AsType[*balie.InvalidError](err)
	if !ok {
		x = &balie.InvalidError{Problem: err.Error()}
	}
	if x.Field != "" {
		field += "." + x.Field
	}
	p.problem(e.at, field, x.Problem, x.Fix)
}

func (p *parsing) teams(n ast.Node) {
	for _, e := range p.mapping(n, "teams") {
		field := "teams." + e.key
		if !p.id(e.at, field, e.key) {
			continue
		}
		t := balie.Team{ID: e.key, Names: map[string]string{}}
		for _, k := range p.mapping(e.value, field, "nl", "en", "kind", "reach", "calendar") {
			switch k.key {
			case "kind":
				t.Kind = balie.TeamKind(p.oneOf(k.value, field+".kind", "backoffice", "account", "supplier", "approver"))
			case "reach":
				t.Reach = p.reach(k.value, field+".reach")
			case "calendar":
				t.Calendar = p.text(k.value, field+".calendar")
				p.refs = append(p.refs, reference{k.value, field + ".calendar", t.Calendar, "calendar"})
			default:
				t.Names[k.key] = strings.TrimSpace(p.text(k.value, field+"."+k.key))
			}
		}
		for _, l := range Languages {
			if t.Names[l] == "" {
				p.problem(e.at, field, fmt.Sprintf("the name in %q is missing", l), "every text is given in "+strings.Join(Languages, " and "))
			}
		}
		p.c.Teams = append(p.c.Teams, t)
	}
}

// Forms of an address a team can be reached at.
var (
	mailForm  = regexp.MustCompile(`^[^\s@<>,;:"()\[\]\\]{1,64}@[a-z0-9]([a-z0-9.-]{0,250})[a-z0-9]$`)
	slackForm = regexp.MustCompile(`^([A-Z0-9]+/)?[CGDU][A-Z0-9]+$`)
	telForm   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

func (p *parsing) reach(n ast.Node, field string) balie.Address {
	entries := p.mapping(n, field, "mail", "slack", "hook", "tel")
	if len(entries) > 1 {
		p.problem(entries[1].at, field, "a team is reached in one way", "keep one of them")
	}
	for _, e := range entries {
		a := balie.Address{Scheme: balie.Scheme(e.key), Value: strings.TrimSpace(p.text(e.value, field))}
		good := false
		switch a.Scheme {
		case balie.Mail:
			a.Value = strings.ToLower(a.Value)
			good = mailForm.MatchString(a.Value)
		case balie.Slack:
			good = slackForm.MatchString(a.Value)
		case balie.Tel:
			good = telForm.MatchString(a.Value)
		case balie.Hook:
			good = idForm.MatchString(a.Value)
		}
		if !good {
			p.problem(e.value, field+"."+e.key, fmt.Sprintf("%q is not an address of that kind", short(a.Value)),
				"for example mail: team@desk.example, slack: T0TEAM/C0CHANNEL, tel: +31201234567, or hook: the id of a webhook")
		}
		return a
	}
	return balie.Address{}
}

// crossCheck looks at what only the whole document can tell.
func (p *parsing) crossCheck() {
	teams := make([]string, len(p.c.Teams))
	for i, t := range p.c.Teams {
		teams[i] = t.ID
		if t.Kind != "" {
			continue
		}
		p.c.Teams[i].Kind = balie.Backoffice
		if p.owners[t.ID] == "account" {
			p.c.Teams[i].Kind = balie.Account
		}
	}
	known := map[string][]string{"team": teams, "calendar": p.declared}
	for _, ref := range p.refs {
		if ref.to != "" && !slices.Contains(known[ref.what], ref.to) {
			p.problem(ref.at, ref.field, fmt.Sprintf("%s %q does not exist", ref.what, short(ref.to)), meant(ref.to, known[ref.what]))
		}
	}
}

// day reads a date of the catalogue's zone.
func (p *parsing) day(n ast.Node, field string) time.Time {
	s := p.text(n, field)
	t, err := time.ParseInLocation(time.DateOnly, s, p.c.zone())
	if err != nil {
		p.problem(n, field, fmt.Sprintf("%q is not a date", short(s)), "write it as 2026-11-24")
	}
	return t
}

// zone is the one dates in the catalogue are meant in.
func (c *Catalogue) zone() *time.Location { return c.Calendars[c.first].Zone() }
