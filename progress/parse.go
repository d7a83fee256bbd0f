package progress

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/yamltree"
	"github.com/balie/balie/router"
)

const (
	// sizeLimit is in bytes; a thousand targets are about 200 KiB.
	sizeLimit = 1 << 20
	// promiseLimit bounds a promise: a year of opening time by day and night.
	promiseLimit = 366 * 24 * time.Hour
	// dayLimit bounds what is counted in days.
	dayLimit = 1000
	// targetLimit bounds how many targets a request is held against.
	targetLimit = 1000
)

// idForm is what the id of a target looks like.
var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// clockForm is a time of the day.
var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// Words of the document and what they stand for.
var (
	kindWords     = []string{"question", "order", "fault", "complaint", "wish", "compliment"}
	priorityWords = []string{"low", "normal", "high", "urgent"}
	priorities    = map[string]int{"low": balie.Low, "normal": balie.Normal, "high": balie.High, "urgent": balie.Urgent}
	channelWords  = []string{"email", "slack", "form", "phone", "counter"}
)

// Parse reads the document of kind "progress". The names of products, teams and
// calendars in it must be in the catalogue; nil leaves them unchecked. The
// error joins a *balie.InvalidError for every problem there is.
func Parse(file string, body []byte, c *catalogue.Catalogue) (*Policy, error) {
	p := &parsing{Reader: yamltree.Reader{File: file, MaxBytes: sizeLimit}, c: c, p: &Policy{Version: 1, source: slices.Clone(body)}}
	if root := p.Open(body); p.Count() == 0 {
		p.document(root)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return p.p, nil
}

// parsing is the state of one Parse.
type parsing struct {
	yamltree.Reader
	c *catalogue.Catalogue
	p *Policy
}

func (p *parsing) document(root yamltree.Node) {
	for _, e := range p.Mapping(root, "", "version", "targets", "default", "inform", "remind", "closing", "aftercare", "signals", "interventions") {
		switch e.Key {
		case "version":
			p.p.Version = p.Int(e.Value, "version", 1, 1<<30)
		case "targets":
			p.targets(e.Value)
		case "default":
			p.p.Default = p.promise(e.Value, "default")
		case "inform":
			p.inform(e.Value)
		case "remind":
			p.remind(e.Value)
		case "closing":
			p.closing(e.Value)
		case "aftercare":
			p.aftercare(e.Value)
		case "signals":
			p.signals(e.Value)
		case "interventions":
			p.interventions(e.Value)
		}
	}
}

// known is the catalogue as the router looks names up in it.
type known struct{ *catalogue.Catalogue }

func (k known) HasTeam(id string) bool {
	_, ok := k.Team(id)
	return ok
}

func (k known) HasProduct(id string) bool {
	_, ok := k.Product(id)
	return ok
}

func (p *parsing) interventions(n yamltree.Node) {
	var names router.Lookup
	if p.c != nil {
		names = known{p.c}
	}
	p.p.Interventions = router.ReadInterventions(&p.Reader, n, names)
}

// promiseKeys are the keys of a promise.
var promiseKeys = []string{"respond", "update", "resolve", "calendar"}

func (p *parsing) promise(n yamltree.Node, field string) Promise {
	var out Promise
	for _, e := range p.Mapping(n, field, promiseKeys...) {
		p.promised(&out, e)
	}
	return out
}

// promised reads one key of a promise, if it is one.
func (p *parsing) promised(to *Promise, e yamltree.Entry) {
	switch e.Key {
	case "respond":
		to.Respond = p.duration(e.Value, e.Field, time.Minute)
	case "update":
		to.Update = p.duration(e.Value, e.Field, time.Minute)
	case "resolve":
		to.Resolve = p.duration(e.Value, e.Field, time.Minute)
	case "calendar":
		to.Calendar = p.calendar(e.Value, e.Field)
	}
}

// duration reads a length of time of at least so much.
func (p *parsing) duration(n yamltree.Node, field string, least time.Duration) time.Duration {
	text := p.Text(n, field)
	if days := strings.TrimRight(text, "d"); days != text && days != "" && strings.Trim(days, "0123456789.") == "" {
		p.Problem(n, field, fmt.Sprintf("%q is in days, and a day has no length in opening hours", yamltree.Short(text)), "write hours of opening time: 8h, 16h30m")
		return least
	}
	d, err := yamltree.ParseDuration(text)
	switch {
	case err != nil:
		p.Wrong(n, field, err)
	case d < least:
		p.Problem(n, field, fmt.Sprintf("%s is too little", yamltree.Short(text)), "give "+short(least)+" or more")
	case d > promiseLimit:
		p.Problem(n, field, fmt.Sprintf("%s is too much", yamltree.Short(text)), "give a year (8784h) or less")
	default:
		return d
	}
	return least
}

// short is a length of time without its zero parts: 1h30m, 45m, 8h.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// named reads the name of something in the catalogue.
func (p *parsing) named(n yamltree.Node, field, what, name string, all []string) {
	if p.c != nil && name != "" && !slices.Contains(all, name) {
		p.Problem(n, field, fmt.Sprintf("%s %q does not exist", what, yamltree.Short(name)), yamltree.Suggest(name, all))
	}
}

func (p *parsing) calendar(n yamltree.Node, field string) string {
	name := p.Text(n, field)
	if p.c != nil {
		var all []string
		for id := range p.c.Calendars {
			all = append(all, id)
		}
		slices.Sort(all)
		p.named(n, field, "calendar", name, all)
	}
	return name
}

// words reads a list of words out of a closed list; a single one counts as a list.
func (p *parsing) words(n yamltree.Node, field string, words ...string) []string {
	var out []string
	for _, item := range p.Items(n, field) {
		switch w := p.OneOf(item, field, words...); {
		case w == "":
		case slices.Contains(out, w):
			p.Problem(item, field, fmt.Sprintf("%q stands here twice", w), "remove one of them")
		default:
			out = append(out, w)
		}
	}
	return out
}

// names reads a list of names, each once.
func (p *parsing) names(n yamltree.Node, field, what string, all []string) []string {
	var out []string
	for _, item := range p.Items(n, field) {
		switch name := strings.TrimSpace(p.Text(item, field)); {
		case name == "":
			p.Problem(item, field, "this name is empty", "remove it")
		case slices.Contains(out, name):
			p.Problem(item, field, fmt.Sprintf("%q stands here twice", yamltree.Short(name)), "remove one of them")
		default:
			if all != nil {
				p.named(item, field, what, name, all)
			}
			out = append(out, name)
		}
	}
	return out
}

// lengthOf is a length of time as it is written; "" when there is none.
func lengthOf(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return short(d)
}
