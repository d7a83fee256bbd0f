package catalogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/yamltree"
)

// idForm is what ids look like: they stand in rules, addresses and exports.
var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// sizeLimit is in bytes; a catalogue of 2,000 products is about 3 MiB.
const sizeLimit = 4 << 20

// Parse reads a catalogue. Its error joins a *balie.InvalidError for every
// problem there is.
func Parse(file string, body []byte) (*Catalogue, error) {
	p := &parsing{Reader: yamltree.Reader{File: file, MaxBytes: sizeLimit}, c: &Catalogue{Version: 1}, owners: map[string]string{}}
	root := p.Open(body)
	if p.Count() == 0 {
		p.document(root)
		p.crossCheck()
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	p.c.at = make(map[string]int, len(p.c.Products))
	for i, x := range p.c.Products {
		p.c.at[x.ID] = i
	}
	return p.c, nil
}

// parsing is the state of one Parse.
type parsing struct {
	yamltree.Reader
	c      *Catalogue
	owners map[string]string // team -> owner.type of a product that names it
	refs   []reference
	// declared are the calendars there are, faulty ones too: one fault is not
	// named twice.
	declared []string
}

// reference is a use of an id that must exist.
type reference struct {
	at        yamltree.Node
	field, to string
	what      string // "team", "calendar"
}

func (p *parsing) document(root yamltree.Node) {
	if root.Absent() {
		p.Problem(root, "", "the file is empty", "start with teams: and products:")
		return
	}
	entries := p.Mapping(root, "", "version", "organisation", "currency", "calendars", "teams", "products")
	seen := map[string]bool{}
	for _, e := range entries {
		seen[e.Key] = true
		switch e.Key {
		case "version":
			p.c.Version = p.Int(e.Value, "version", 1, 1<<30)
		case "organisation":
			p.c.Organisation = p.byLanguage(e.Value, "organisation")
		case "currency":
			p.c.Currency = p.Text(e.Value, "currency")
		case "calendars":
			p.calendars(e.Value)
		case "teams":
			p.teams(e.Value)
		}
	}
	// Products last: they are checked against all of the above.
	for _, e := range entries {
		if e.Key == "products" {
			p.products(e.Value)
		}
	}
	for _, k := range []string{"teams", "products"} {
		if !seen[k] && len(entries) > 0 {
			p.Problem(root, "", fmt.Sprintf("%q is missing", k), "")
		}
	}
}

func (p *parsing) id(at yamltree.Node, field, id string) bool {
	if idForm.MatchString(id) {
		return true
	}
	p.Problem(at, field, fmt.Sprintf("%q cannot be an id", yamltree.Short(id)), "an id has small letters, digits, - and _, at most 64")
	return false
}

func (p *parsing) calendars(n yamltree.Node) {
	p.c.Calendars = map[string]hours.Calendar{}
	for _, e := range p.Mapping(n, "calendars") {
		field := "calendars." + e.Key
		if !p.id(e.At, field, e.Key) {
			continue
		}
		spec := hours.Spec{}
		for _, k := range p.Mapping(e.Value, field, "timezone", "week", "holidays", "always_open") {
			switch k.Key {
			case "timezone":
				spec.Timezone = p.Text(k.Value, field+".timezone")
			case "week":
				spec.Week = p.week(k.Value, field+".week")
			case "holidays":
				spec.Holidays = p.Texts(k.Value, field+".holidays")
			case "always_open":
				spec.AlwaysOpen = p.Bool(k.Value, field+".always_open")
			}
		}
		p.declared = append(p.declared, e.Key)
		calendar, err := hours.Parse(spec)
		if err != nil {
			p.Wrong(e.At, field, err)
			continue
		}
		p.c.Calendars[e.Key] = calendar
		if p.c.first == "" {
			p.c.first = e.Key
		}
	}
}

func (p *parsing) week(n yamltree.Node, field string) map[string][]string {
	out := map[string][]string{}
	for _, d := range p.Mapping(n, field, "mon", "tue", "wed", "thu", "fri", "sat", "sun") {
		out[d.Key] = p.Texts(d.Value, field+"."+d.Key)
	}
	return out
}

func (p *parsing) teams(n yamltree.Node) {
	for _, e := range p.Mapping(n, "teams") {
		field := "teams." + e.Key
		if !p.id(e.At, field, e.Key) {
			continue
		}
		t := balie.Team{ID: e.Key, Names: map[string]string{}}
		for _, k := range p.Mapping(e.Value, field, "nl", "en", "kind", "reach", "calendar") {
			switch k.Key {
			case "kind":
				t.Kind = balie.TeamKind(p.OneOf(k.Value, field+".kind", "backoffice", "account", "supplier", "approver"))
			case "reach":
				t.Reach = p.reach(k.Value, field+".reach")
			case "calendar":
				t.Calendar = p.Text(k.Value, field+".calendar")
				p.refs = append(p.refs, reference{k.Value, field + ".calendar", t.Calendar, "calendar"})
			default:
				t.Names[k.Key] = strings.TrimSpace(p.Text(k.Value, field+"."+k.Key))
			}
		}
		for _, l := range Languages {
			if t.Names[l] == "" {
				p.Problem(e.At, field, fmt.Sprintf("the name in %q is missing", l), "every text is given in "+strings.Join(Languages, " and "))
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

func (p *parsing) reach(n yamltree.Node, field string) balie.Address {
	entries := p.Mapping(n, field, "mail", "slack", "hook", "tel")
	if len(entries) > 1 {
		p.Problem(entries[1].At, field, "a team is reached in one way", "keep one of them")
	}
	if len(entries) == 0 {
		return balie.Address{}
	}
	e := entries[0]
	a := balie.Address{Scheme: balie.Scheme(e.Key), Value: strings.TrimSpace(p.Text(e.Value, field))}
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
		p.Problem(e.Value, field+"."+e.Key, fmt.Sprintf("%q is not an address of that kind", yamltree.Short(a.Value)),
			"for example mail: team@desk.example, slack: T0TEAM/C0CHANNEL, tel: +31201234567, or hook: the id of a webhook")
	}
	return a
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
			p.Problem(ref.at, ref.field, fmt.Sprintf("%s %q does not exist", ref.what, yamltree.Short(ref.to)), yamltree.Suggest(ref.to, known[ref.what]))
		}
	}
}

// byLanguage reads {nl: …, en: …}, each of which must be there.
func (p *parsing) byLanguage(n yamltree.Node, field string) map[string]string {
	out := map[string]string{}
	for _, e := range p.Mapping(n, field, Languages...) {
		if s := strings.TrimSpace(p.Text(e.Value, e.Field)); s != "" {
			out[e.Key] = s
		}
	}
	for _, l := range Languages {
		if out[l] == "" {
			p.Problem(n, field, fmt.Sprintf("the text in %q is missing", l), "every text is given in "+strings.Join(Languages, " and "))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// day reads a date of the catalogue's zone.
func (p *parsing) day(n yamltree.Node, field string) time.Time {
	t, err := yamltree.ParseDay(p.Text(n, field), p.c.zone())
	p.Wrong(n, field, err)
	return t
}

// zone is the one dates in the catalogue are meant in.
func (c *Catalogue) zone() *time.Location { return c.Calendars[c.first].Zone() }
