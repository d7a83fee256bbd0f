package report

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/yamltree"
)

//go:embed plan.sample.yaml
var planSample []byte

// SamplePlan is a plan to begin with.
func SamplePlan() []byte { return slices.Clone(planSample) }

// planLimit is in bytes; the sample has a twentieth of it.
const planLimit = 256 << 10

// Bounds of what a plan can say: beyond them it is a slip of the pen.
const (
	mostPeople   = 10_000
	mostHours    = 60 // a week for one FTE
	mostRequests = 1_000_000
	mostHandling = 8 * time.Hour
	mostYears    = 50
	mostMoney    = 1e12 // hundredths
	planText     = 1200 // bytes of one text
	planItems    = 100  // of one list
)

// ChannelIDs are the channels that a plan can name.
var ChannelIDs = []string{"email", "slack", "form", "phone", "counter"}

// PlanNames are what exists at the desk, for what a plan names. An empty list
// is not held against: so a plan is read that was published before something
// it names was taken out.
type PlanNames struct {
	Teams, Products, Organisations, Calendars []string
}

// ParsePlan reads plan.yaml. Its error joins a *balie.InvalidError for every
// problem there is.
func ParsePlan(file string, body []byte, names PlanNames) (Plan, error) {
	r := &planReader{Reader: yamltree.Reader{File: file, MaxBytes: planLimit, Others: planWords}, names: names}
	p := &r.plan
	p.Currency = "EUR"
	for _, e := range r.Mapping(r.Open(body), "", "version", "name", "currency", "ambition", "goals", "capacities", "finances") {
		switch e.Key {
		case "name":
			p.Names = r.words(e.Value, e.Field)
		case "currency":
			p.Currency = r.currency(e.Value, e.Field)
		case "ambition":
			r.ambition(e)
		case "goals":
			for i, n := range r.items(e) {
				r.goal(n, fmt.Sprintf("goals[%d]", i))
			}
		case "capacities":
			r.capacities(e)
		case "finances":
			r.finances(e)
		}
	}
	if err := r.Err(); err != nil {
		return Plan{}, err
	}
	return *p, nil
}

// planWords are words of other formats for our keys.
var planWords = map[string]string{"shrinkage": "occupied", "period": "span", "responsible": "owner",
	"depreciation": "years", "kpi": "metric", "value": "target", "amount_a_year": "amount"}

// planReader is the state of one ParsePlan.
type planReader struct {
	yamltree.Reader
	plan  Plan
	names PlanNames
	goals map[string]int // ids to the line they stand on
	staff map[string]int
}

// items is a list with a bound.
func (r *planReader) items(e yamltree.Entry) []yamltree.Node {
	all := r.List(e.Value, e.Field)
	if len(all) > planItems {
		r.Problem(e.Value, e.Field, fmt.Sprintf("there are %d of them, the limit is %d", len(all), planItems), "gather what belongs together")
		return nil
	}
	return all
}

// words reads a text by language.
func (r *planReader) words(n yamltree.Node, field string) map[string]string {
	out := map[string]string{}
	before := r.Count()
	for _, e := range r.Mapping(n, field, i18n.Languages...) {
		text := strings.TrimSpace(r.Text(e.Value, e.Field))
		if len(text) > planText {
			r.Problem(e.Value, e.Field, fmt.Sprintf("the text has %d bytes, the limit is %d", len(text), planText), "the plan is two pages: say it shorter")
		}
		if text != "" {
			out[e.Key] = text
		}
	}
	if len(out) == 0 && r.Count() == before {
		r.Problem(n, field, "there is no text in any language", `write it under "nl" or "en"`)
	}
	return out
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

func (r *planReader) currency(n yamltree.Node, field string) string {
	s := strings.TrimSpace(r.Text(n, field))
	if !currencyCode.MatchString(s) {
		r.Problem(n, field, fmt.Sprintf("%q is not a currency", yamltree.Short(s)), "write its three letters, such as EUR")
	}
	return s
}

// ambitionKeys are the questions of the ambition, in the order of the plan.
var ambitionKeys = []string{"mission", "parent", "purpose", "strengths", "principals", "customers", "skills", "capacities"}

// Part is one text of an ambition by its key, to read and to set.
func (a *Ambition) Part(key string) *map[string]string {
	switch key {
	case "mission":
		return &a.Mission
	case "parent":
		return &a.Parent
	case "purpose":
		return &a.Purpose
	case "strengths":
		return &a.Strengths
	case "principals":
		return &a.Principals
	case "customers":
		return &a.Customers
	case "skills":
		return &a.Skills
	case "capacities":
		return &a.Capacities
	}
	return nil
}

// AmbitionKeys are the keys of Part, in the order in which they are shown.
func AmbitionKeys() []string { return slices.Clone(ambitionKeys) }

func (r *planReader) ambition(e yamltree.Entry) {
	for _, x := range r.Mapping(e.Value, e.Field, ambitionKeys...) {
		*r.plan.Ambition.Part(x.Key) = r.words(x.Value, x.Field)
	}
}

var planID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// id reads an id that is there once.
func (r *planReader) id(e yamltree.Entry, seen *map[string]int) string {
	id := strings.TrimSpace(r.Text(e.Value, e.Field))
	if *seen == nil {
		*seen = map[string]int{}
	}
	line, _ := e.Value.Place()
	switch first, twice := (*seen)[id]; {
	case !planID.MatchString(id):
		r.Problem(e.Value, e.Field, fmt.Sprintf("%q is not an id", yamltree.Short(id)), "use at most 40 small letters, digits, - and _")
	case twice:
		r.Problem(e.Value, e.Field, fmt.Sprintf("%q is there twice, first on line %d", id, first), "give each its own id")
	default:
		(*seen)[id] = line
	}
	return id
}

// share reads "70%", or 0.7.
func (r *planReader) share(n yamltree.Node, field string, low, high float64) float64 {
	return r.parsed(n, field, func(s string) (float64, error) { return parseShare(s, low, high) })
}

// duration reads a length of time between two.
func (r *planReader) duration(n yamltree.Node, field string, low, high time.Duration) time.Duration {
	d := r.parsed(n, field, func(s string) (float64, error) {
		d, err := yamltree.ParseDuration(s)
		return float64(d), err
	})
	if d := time.Duration(d); d != 0 && (d < low || d > high) {
		r.Problem(n, field, fmt.Sprintf("%s is out of bounds", d), fmt.Sprintf("give %s to %s", plainTime(low), plainTime(high)))
	}
	return time.Duration(d)
}

// money reads an amount in whole units and hundredths.
func (r *planReader) money(n yamltree.Node, field string) int64 {
	return int64(r.parsed(n, field, parseMoney))
}

// parsed reads one value with a parser.
func (r *planReader) parsed(n yamltree.Node, field string, parse func(string) (float64, error)) float64 {
	before := r.Count()
	s := strings.TrimSpace(r.Text(n, field))
	if r.Count() > before {
		return 0
	}
	v, err := parse(s)
	r.Wrong(n, field, err)
	return v
}
