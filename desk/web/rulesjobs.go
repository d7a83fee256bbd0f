package web

import (
	"errors"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/router"
)

// backtestSizes are how many past decisions can be looked at.
var backtestSizes = []int{100, 1000, 5000, 20000}

// backtestPage is what rulesbacktest.html shows.
type backtestPage struct {
	rulesPage
	Job   backtestView
	Sizes []int
	Draft string
	Base  int
	Mine  bool
}

// backtestView is a backtest in words.
type backtestView struct {
	Path         string
	State        string
	Over, Failed bool
	Last         int
	Done, Total  int
	Share        int // of the work, in thousandths
	Changed      int
	Same         int
	Span, Took   string
	Why          string
	Groups       []backtestGroup
	Rows         []backtestRow
	Strip        []stripPart
	StripSays    string
	Never        []findingLine
	Failing      []findingLine
	Current      bool // the draft is still the one it was made with
}

// backtestGroup is the requests of one product that go somewhere else.
type backtestGroup struct {
	Product  string
	N        int
	From, To destination
	Why      string
	Check    bool // an answer goes out, or no longer does: look at it
	Refs     []string
}

// backtestRow is one request that goes somewhere else.
type backtestRow struct {
	Ref, Subject, Before, After, Why string
}

// stripPart is a piece of the bar.
type stripPart struct {
	Class    string
	X, Width int
}

// startBacktest begins to look back.
func (w *Web) startBacktest(c *fiber.Ctx, s auth.Session) error {
	last, err := strconv.Atoi(values(c).Get("last"))
	if err != nil {
		last = backtestSizes[1]
	}
	id, err := w.Rules.StartBacktest(c.UserContext(), s.Actor(), last, w.Now())
	if err != nil {
		return err
	}
	return c.Redirect("/rules/backtest/"+id, fiber.StatusSeeOther)
}

// backtest shows a job. While it runs, the page asks for itself again.
func (w *Web) backtest(c *fiber.Ctx, s auth.Session) error {
	job, err := w.Rules.Backtest(s.Actor(), c.Params("job"))
	if err != nil {
		return err
	}
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	p := backtestPage{rulesPage: w.rulesFrame(c, s, v, ""), Job: w.backtestView(job, v, ui.Language(c)), Sizes: backtestSizes,
		Draft: draftVersion(v.Draft.Seen()), Base: v.Draft.Base, Mine: job.By == s.Actor().ID}
	if last, ok := w.Rules.LastBacktest(s.Actor(), v.Draft); ok {
		p.Job.Current = last.ID == job.ID
	}
	return w.UI.Render(c, "rulesbacktest", p)
}

// cancelBacktest ends a job.
func (w *Web) cancelBacktest(c *fiber.Ctx, s auth.Session) error {
	id := c.Params("job")
	if err := w.Rules.CancelBacktest(s.Actor(), id, w.Now()); err != nil {
		return err
	}
	return c.Redirect("/rules/backtest/"+id, fiber.StatusSeeOther)
}

func (w *Web) backtestView(b desk.Backtest, v desk.RulesView, l string) backtestView {
	r := b.Report
	out := backtestView{Path: "/rules/backtest/" + b.ID, State: string(b.State), Over: b.Over(), Failed: b.State == desk.JobFailed, Last: b.Last,
		Done: b.Done, Total: max(b.Total, b.Done), Changed: r.Changed, Same: r.Total - r.Changed, Why: b.Why, Current: true}
	if out.Total > 0 {
		out.Share = 1000 * out.Done / out.Total
	}
	if b.State == desk.JobDone {
		out.Done = r.Total
		out.Took = w.Texts.Text(l, "rules.took", "s", secondsText(l, b.Took()))
		if !b.From.IsZero() {
			out.Span = w.shortDay(l, b.From) + " – " + w.shortDay(l, b.To)
		}
	}
	for _, g := range r.Groups {
		out.Groups = append(out.Groups, w.backtestGroup(g, l))
	}
	for _, x := range r.Rows {
		out.Rows = append(out.Rows, backtestRow{x.Ref, x.Subject, ruleNameIn(w.Rules.Brain().Rules, x.Before, l), ruleNameIn(b.Rules, x.After, l), afterColon(x.Reason)})
	}
	out.strip(r)
	out.StripSays = w.Texts.Text(l, "rules.strip_says", "same", itoa(out.Same), "changed", itoa(out.Changed))
	for _, id := range r.Never {
		out.Never = append(out.Never, findingLine{Path: rulePath(id), Name: ruleNameIn(b.Rules, id, l)})
	}
	for id, n := range r.Failed {
		out.Failing = append(out.Failing, findingLine{Path: rulePath(id), Name: ruleNameIn(b.Rules, id, l), Problem: itoa(n)})
	}
	return out
}

func (w *Web) backtestGroup(g router.Group, l string) backtestGroup {
	out := backtestGroup{Product: w.productName(g.Product, l), N: g.N, From: w.goesTo(g.Before, "", l), To: w.goesTo(g.After, "", l), Why: afterColon(g.Reason), Refs: g.Refs}
	if g.Product == "" {
		out.Product = w.Texts.Text(l, "rules.no_product")
	}
	if out.From == out.To { // it goes to the same place with something else
		was, is := w.alsoDoes(g.Before, l), w.alsoDoes(g.After, l)
		out.Why = w.Texts.Text(l, "rules.also_changes", "was", orNone(was, w, l), "is", orNone(is, w, l))
	}
	out.Check = out.From != out.To && ((balie.Decision{Do: g.Before}).Deciding().Do == balie.DoAnswer || (balie.Decision{Do: g.After}).Deciding().Do == balie.DoAnswer)
	return out
}

func orNone(list []string, w *Web, l string) string {
	if len(list) == 0 {
		return w.Texts.Text(l, "rules.nothing_more")
	}
	out := list[0]
	for _, x := range list[1:] {
		out += ", " + x
	}
	return out
}

// stripLength is the width of the bar in its own units.
const stripLength = 1000

// strip divides the bar: what stays, then the largest groups.
func (b *backtestView) strip(r router.Report) {
	if r.Total == 0 {
		return
	}
	x := stripLength * b.Same / r.Total
	b.Strip = append(b.Strip, stripPart{"same", 0, max(x-2, 0)})
	for i, g := range r.Groups {
		if i == 3 || x >= stripLength {
			break
		}
		width := max(stripLength*g.N/r.Total, 3)
		b.Strip = append(b.Strip, stripPart{"d" + itoa(i+1), x, min(width-1, stripLength-x)})
		x += width
	}
}

func ruleNameIn(rs *router.Ruleset, id, l string) string {
	for _, r := range rs.Rules() {
		if r.ID == id {
			return r.Name(l)
		}
	}
	return id
}

// afterColon is a reason without the name of its rule.
func afterColon(reason string) string {
	for i := 0; i+2 < len(reason); i++ {
		if reason[i:i+3] == `": ` {
			return reason[i+3:]
		}
	}
	return reason
}

func secondsText(l string, d time.Duration) string {
	s := strconv.FormatFloat(d.Seconds(), 'f', 1, 64)
	if l == "nl" {
		return s[:len(s)-2] + "," + s[len(s)-1:]
	}
	return s
}

// shortDay is "26 okt".
func (w *Web) shortDay(l string, t time.Time) string {
	t = t.In(w.Zone)
	return itoa(t.Day()) + " " + w.Texts.Text(l, "rules.month_"+itoa(int(t.Month())))
}

// isStale reports whether somebody was faster.
func isStale(err error) bool { return errors.Is(err, balie.ErrStale) }
