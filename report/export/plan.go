package export

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
)

//go:embed plan.html
var planText string

// planPage is the template, read once.
var planPage = sync.OnceValues(func() (*template.Template, error) {
	return template.New("plan").Parse(planText)
})

// Plan is a version of the plan, to be put on paper.
type Plan struct {
	report.Plan
	InForce    int // the newest version
	At         time.Time
	By, Reason string // who published it as people call them, and why
	Reckoning  report.Reckoning
	Lost       []string // what it names that is there no more
}

// Bounds of what two pages hold. The document has all of it.
const (
	mostStaff   = 4
	mostCosts   = 6 // rows of costs, and of what is replaced
	mostProduct = 6
)

// planView is what plan.html shows: everything in words already.
type planView struct {
	w           Words
	Heading     string
	Over        string
	Old         string // this version is not in force
	Lede        Sentence
	Mission     string
	Parent      string
	Parts       []fact
	Goals       []planGoal
	Counts      bool // the goals say what they count
	MoreGoals   string
	Unaimed     string
	Traffic     string
	Day         template.HTML
	Halves      []planHalf
	Steps       []planStep
	Open        string
	Staff       []planStaff
	Costs       []planRow
	Replaces    []planRow
	Bars        template.HTML
	Products    []planProduct
	Reasons     []planReason
	Missing     string
	Lost        string
	Approved    string
	Unapproved  string
	Before      string
	Foot        string
	Definitions string // where it is; "": nowhere
}

// T is a text of the plan.
func (v planView) T(key string, pairs ...string) string { return v.w.plan(key, pairs...) }

// plan is a text of the plan by key.
func (w Words) plan(key string, pairs ...string) string {
	return w.Texts.Text(w.Language, "plan."+key, pairs...)
}

// said is a text of the plan in the reader's language, else in another.
func (w Words) said(by map[string]string) string {
	if s := by[i18n.Language(w.Language)]; s != "" {
		return s
	}
	for _, l := range i18n.Languages {
		if by[l] != "" {
			return by[l]
		}
	}
	return ""
}

// PlanName is what the planned desk is called.
func (w Words) PlanName(p report.Plan) string {
	if s := w.said(p.Names); s != "" {
		return s
	}
	if w.Desk != "" {
		return w.Desk
	}
	return w.plan("our_desk")
}

// PlanSheet is the plan as two A4 pages in a <main>. definitions is the address
// of the page that explains the metrics; "" has none.
func PlanSheet(p Plan, w Words, definitions string) (template.HTML, error) {
	w.Currency = p.Currency
	t, err := planPage()
	if err != nil {
		return "", fmt.Errorf("read the page of a plan: %w", err)
	}
	v := planView{w: w, Heading: w.PlanName(p.Plan), Over: w.Brand, Definitions: definitions}
	if p.InForce > p.Version {
		v.Old = w.plan("old_version", "n", fmt.Sprint(p.Version), "newest", fmt.Sprint(p.InForce))
	}
	v.Lede = w.planLede(p)
	v.ambition(p)
	v.goals(p)
	v.capacity(p)
	v.money(p)
	v.feasible(p)
	v.approval(p)
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return "", fmt.Errorf("write the page of a plan: %w", err)
	}
	return template.HTML(b.String()), nil
}

// PlanHTML writes the plan as a file that stands by itself, as HTML does a
// factsheet.
func PlanHTML(out io.Writer, p Plan, w Words, css string) error {
	sheet, err := PlanSheet(p, w, "")
	if err != nil {
		return err
	}
	return Standalone(out, w.Language, w.plan("heading", "desk", w.PlanName(p.Plan)), css, sheet)
}

// planLede says what matters: how much, and whether it can be.
func (w Words) planLede(p Plan) Sentence {
	fte := 0.0
	for _, s := range p.Capacities.People {
		fte += s.FTE
	}
	r := p.Reckoning
	lead := []string{w.plan("lede_start", "goals", fmt.Sprint(len(p.Goals)), "fte", w.decimal(fte, 1), "cost", w.Money(float64(r.Costs.Total)))}
	if r.Costs.PerRequest > 0 {
		lead = append(lead, w.plan("lede_cost", "each", w.Money(float64(r.Costs.PerRequest))))
	}
	feasible, known := r.Feasible()
	bold := w.plan("lede_not")
	switch {
	case !known:
		bold = w.plan("lede_unknown")
	case feasible && len(r.Missing) == 0:
		bold = w.plan("lede_feasible")
	case feasible:
		bold = w.plan("lede_unknown")
	}
	return Sentence{Lead: strings.Join(lead, " ") + " ", Bold: bold}
}

func (v *planView) ambition(p Plan) {
	for _, key := range report.AmbitionKeys() {
		text := v.w.said(*p.Ambition.Part(key))
		switch {
		case text == "":
		case key == "mission":
			v.Mission = text
		case key == "parent":
			v.Parent = text
		default:
			v.Parts = append(v.Parts, fact{Name: v.w.plan(key), Value: text})
		}
	}
}

// planGoal is a goal in the table; its Theme only where another begins.
type planGoal struct {
	Theme              string
	Name, Why          string
	Counts, Of, Limits string
	Target, Per, Owner string
	NoMetric           bool
}

func (v *planView) goals(p Plan) {
	w := v.w
	all := slices.Clone(p.Goals)
	slices.SortStableFunc(all, func(a, b report.PlanGoal) int {
		return slices.Index(report.Themes, a.Theme) - slices.Index(report.Themes, b.Theme)
	})
	why, counts, most := v.room(all)
	v.Counts = counts
	theme := report.Theme("")
	for i, g := range all {
		if i == most {
			v.MoreGoals = w.plan("more_goals", "n", fmt.Sprint(len(all)-i))
			break
		}
		x := planGoal{Name: w.said(g.Names), Per: w.plan("per_" + string(g.Span)), Owner: g.Owner, Target: w.planTarget(g), Limits: w.limits(g)}
		if g.Theme != theme {
			theme = g.Theme
			x.Theme = w.plan("theme_" + string(theme))
		}
		if why {
			x.Why = w.said(g.Why)
		}
		m, ok := report.MetricOf(g.Metric)
		x.NoMetric = !ok
		x.Counts, x.Of = w.said(m.Counts), w.said(m.Of)
		v.Goals = append(v.Goals, x)
	}
	var names []string
	for _, m := range p.Unaimed() {
		names = append(names, lower(m.Name(w.language())))
	}
	v.Unaimed = strings.Join(names, " · ")
}

// Heights on the first page in pixels, in the widest font we know (DejaVu Sans).
const (
	pageHeight  = 866 // without margins, header, headings and foot
	bigLine     = 24  // of the mission
	bodyLine    = 16.5
	partLine    = 15 // of the other texts
	smallLine   = 13.7
	themeHeight = 24
	plainGoal   = 24
	bigWidth    = 52 // letters on a line
	lineWidth   = 92
	partWidth   = 31
	countsWidth = 50
	whyWidth    = 36
	bigLines    = 4 // that are printed at most
	partLines   = 8
)

// room is how the goals fit below the ambition: with how they follow from it,
// with what they count, and how many.
func (v *planView) room(all []report.PlanGoal) (why, counts bool, most int) {
	lines := func(s string, width, most int) float64 { return float64(min(most, (len(s)+width-1)/width)) }
	left := pageHeight - bigLine*lines(v.Mission, bigWidth, bigLines) - bodyLine*lines(v.Parent, lineWidth, bigLines)
	for row := range slices.Chunk(v.Parts, 3) {
		high := 0.0
		for _, p := range row {
			high = max(high, lines(p.Value, partWidth, partLines))
		}
		left -= partLine*(high+1) + 9
	}
	themes := map[report.Theme]bool{}
	both, some := 0.0, 0.0
	for _, g := range all {
		themes[g.Theme] = true
		m, _ := report.MetricOf(g.Metric)
		c := 7 + smallLine*lines(v.w.said(m.Counts)+v.w.said(m.Of)+" van "+v.w.limits(g), countsWidth, 99)
		n := 7 + bodyLine*lines(v.w.said(g.Names), whyWidth-6, 99)
		some += max(c, n)
		both += max(c, n+smallLine*lines(v.w.said(g.Why), whyWidth, 99))
	}
	left -= float64(themeHeight * len(themes))
	switch {
	case both <= left:
		return true, true, len(all)
	case some <= left:
		return false, true, len(all)
	}
	return false, false, max(1, int((left-partLine)/plainGoal))
}

// lower is a name within a sentence.
func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// planTarget is what a goal aims at.
func (w Words) planTarget(g report.PlanGoal) string {
	v := w.in(g.Metric, g.Target)
	if unitOf(g.Metric) == report.Share {
		v = w.aim(g.Target)
	}
	if !g.Measured() {
		v = w.decimal(g.Target, digitsOf(g.Target))
	}
	if g.AtMost {
		return w.plan("at_most", "v", v)
	}
	return w.plan("at_least", "v", v)
}

// digitsOf is how many digits a number was written with, two at most.
func digitsOf(v float64) int {
	for d := range 2 {
		scale := math.Pow10(d)
		if math.Abs(v*scale-math.Round(v*scale)) < 1e-9 {
			return d
		}
	}
	return 2
}

// limits are what a goal is only of, or not of.
func (w Words) limits(g report.PlanGoal) string {
	var only, out []string
	for _, x := range []struct{ id, name string }{
		{g.Scope.Channel, w.plan("channel_" + g.Scope.Channel)}, {g.Scope.Product, w.Product(g.Scope.Product)},
		{g.Scope.Team, w.Team(g.Scope.Team)}, {g.Scope.Organisation, w.Organisation(g.Scope.Organisation)},
	} {
		if x.id != "" {
			only = append(only, x.name)
		}
	}
	if len(only) > 0 {
		out = append(out, w.plan("only", "what", strings.Join(only, ", ")))
	}
	if len(g.Except) > 0 {
		names := make([]string, len(g.Except))
		for i, id := range g.Except {
			names[i] = w.Product(id)
		}
		out = append(out, w.plan("except", "what", strings.Join(names, ", ")))
	}
	return strings.Join(out, " ")
}

// planReason is one thing that must hold.
type planReason struct {
	Text  string
	Holds bool
}

func (v *planView) feasible(p Plan) {
	w, r := v.w, p.Reckoning
	for _, x := range r.Reasons {
		write := func(n float64) string { return w.decimal(n, 1) }
		if x.Unit == report.Money {
			write = w.Money
		}
		need := write(x.Need)
		if x.ID == "peak" {
			need = w.Number(int(x.Need))
		}
		v.Reasons = append(v.Reasons, planReason{w.plan("why_"+x.ID, "have", write(x.Have), "need", need, "at", w.clock(r.PeakMinute)), x.Holds})
	}
	var missing []string
	for _, id := range r.Missing {
		missing = append(missing, w.plan("miss_"+id))
	}
	if len(missing) > 0 {
		v.Missing = w.plan("missing", "what", strings.Join(missing, ", "))
	}
	if len(p.Lost) > 0 {
		v.Lost = w.plan("lost", "what", strings.Join(p.Lost, ", "))
	}
}

func (v *planView) approval(p Plan) {
	w := v.w
	on := func(t time.Time) string {
		return i18n.Day(w.Language, t.In(w.zone())) + " " + fmt.Sprint(t.In(w.zone()).Year())
	}
	n := fmt.Sprint(p.Version)
	if a, ok := p.Plan.Approved(); ok {
		v.Approved = w.plan("approved_by", "n", n, "by", a.By, "role", a.Role, "on", on(a.On))
		if a.Note != "" {
			v.Approved += " " + a.Note
		}
	} else {
		v.Unapproved = w.plan("not_approved", "n", n)
		for _, a := range slices.Backward(p.Approvals) {
			if a.Version < p.Version {
				v.Before = w.plan("approved_before", "n", fmt.Sprint(a.Version), "by", a.By, "role", a.Role, "on", on(a.On))
				break
			}
		}
	}
	v.Foot = w.plan("foot", "n", n, "on", on(p.At), "by", p.By, "reason", strings.TrimRight(p.Reason, ". "))
	if p.Version == 0 {
		v.Foot, v.Unapproved = "", ""
	}
}

// clock is a minute of the day as a clock shows it.
func (w Words) clock(minute int) string {
	s := report.WriteMinute(minute)
	if w.english() {
		return s
	}
	return strings.Replace(s, ":", ".", 1) + " uur"
}
