package web

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/router"
)

func (w *Web) rulesRoutes() []route {
	get, post := fiber.MethodGet, fiber.MethodPost
	see := func(path string, h handler) route {
		return route{method: get, path: path, right: desk.SeeDocuments, object: documentObject, handle: h}
	}
	do := func(method, path string, h handler) route {
		return route{method: method, path: path, right: desk.Publish, object: documentObject, handle: h}
	}
	return []route{
		see("/rules", w.rules),
		do(get, "/rules/new", w.newRule),
		do(post, "/rules/new", w.editRule),
		see("/rules/test", w.rulesTest),
		{method: post, path: "/rules/test", right: desk.SeeDocuments, object: documentObject, handle: w.tryRules},
		see("/rules/history", w.rulesHistory),
		see("/rules/history/:version", w.rulesVersion),
		do(post, "/rules/rollback", w.rollbackRules),
		do(get, "/rules/review", w.rulesReview),
		do(post, "/rules/publish", w.publishRules),
		do(post, "/rules/reapply", w.reapplyRules),
		do(post, "/rules/discard", w.discardRules),
		do(post, "/rules/restore", w.restoreRules),
		do(post, "/rules/move", w.moveRule),
		see("/rules/text", w.rulesText),
		do(post, "/rules/text", w.saveRulesText),
		do(post, "/rules/backtest", w.startBacktest),
		do(get, "/rules/backtest/:job", w.backtest),
		do(post, "/rules/backtest/:job", w.cancelBacktest),
		see("/rules/rule/:rule", w.rule),
		do(post, "/rules/rule/:rule", w.editRule),
		see("/rules/:rule", w.rule),
		do(post, "/rules/:rule", w.editRule),
	}
}

// ownPlaces are addresses that a rule's id may not hide.
var ownPlaces = map[string]bool{"new": true, "test": true, "history": true, "rollback": true, "review": true, "publish": true,
	"reapply": true, "discard": true, "restore": true, "move": true, "text": true, "backtest": true, "rule": true}

// rulePath is the page of a rule.
func rulePath(id string) string {
	if ownPlaces[id] {
		return "/rules/rule/" + id
	}
	return "/rules/" + id
}

// rulesPage is what every page about rules has around it.
type rulesPage struct {
	shell
	Can  bool // the reader may change rules
	List []ruleLine
	Bar  rulesBar
	Seen desk.DraftSeen
}

// ruleLine is one rule of the list.
type ruleLine struct {
	ID, Path, Name           string
	N                        int
	To                       destination
	Off, Here, Changed, Warn bool
	Failed                   int // of its examples
	Spark                    spark
	Hits                     int
	Last                     string // when it matched last
}

// spark is a line of the last fourteen days.
type spark struct {
	Points, X, Y string
	Says         string // the same in words
}

// destination is where something goes, with the colour of who has it then.
type destination struct{ Class, Text string }

// rulesBar says how far the draft is.
type rulesBar struct {
	Begun, Stale, Problem bool
	InForce, Next         int
	Changed, Failed       int
	Examples              int
	Saved                 string
	Backtest              *desk.Backtest
	Reviewing, Blocked    bool // the review is open; it cannot be published as it is
}

// Of is how many decisions the backtest looked at.
func (b rulesBar) Of() int { return b.Backtest.Report.Total }

// rulesFrame is the list and the bar; open is the rule that is being shown.
func (w *Web) rulesFrame(c *fiber.Ctx, s auth.Session, v desk.RulesView, open string) rulesPage {
	l := ui.Language(c)
	a := s.Actor()
	p := rulesPage{shell: w.around(c, s), Can: a.Can(desk.Publish), Seen: v.Draft.Seen()}
	p.Notice, p.Undo = w.rulesNotice(c, l)
	hits := w.Rules.Hits(w.Now())
	marked := map[string]bool{}
	for _, id := range v.Changed() {
		marked[id] = true
	}
	for i, r := range v.Rules.Rules() {
		h := hits[r.ID]
		line := ruleLine{ID: r.ID, Path: rulePath(r.ID), Name: r.Name(l), N: i + 1, To: w.goesTo(r.Then, r.Ask, l), Off: r.Disabled, Here: r.ID == open,
			Changed: marked[r.ID], Hits: h.Month, Last: w.lastHit(l, h.Last), Spark: w.sparkOf(h, l)}
		for _, f := range v.Failed {
			if f.Rule == r.ID {
				line.Failed++
			}
		}
		for _, f := range v.Warnings {
			line.Warn = line.Warn || f.Rule == r.ID
		}
		p.List = append(p.List, line)
	}
	p.Bar = rulesBar{Begun: v.Draft.Begun(), Stale: v.Draft.Stale(), Problem: v.Problem != nil, InForce: v.Draft.InForce, Next: v.Draft.InForce + 1,
		Changed: len(v.Changed()), Failed: len(v.Failed), Examples: v.Examples}
	if v.Draft.Begun() {
		p.Bar.Saved = clockText(l, v.Draft.Saved.In(w.Zone))
	}
	if b, ok := w.Rules.LastBacktest(a, v.Draft); ok {
		p.Bar.Backtest = &b
	}
	return p
}

// clockText is a time of day as people write it: 11.41 or 11:41.
func clockText(language string, t time.Time) string {
	if i18n.Language(language) == "en" {
		return t.Format("15:04")
	}
	return t.Format("15.04")
}

// lastHit is when a rule matched last, as short as it can be.
func (w *Web) lastHit(l string, t time.Time) string {
	if t.IsZero() {
		return w.Texts.Text(l, "rules.never")
	}
	now, t := w.Now().In(w.Zone), t.In(w.Zone)
	switch days := dayNumber(now) - dayNumber(t); {
	case days == 0:
		return clockText(l, t)
	case days < 7:
		return w.Texts.Text(l, "rules.day_"+strconv.Itoa(int(t.Weekday()))) + " " + clockText(l, t)
	}
	return strconv.Itoa(t.Day()) + " " + w.Texts.Text(l, "rules.month_"+strconv.Itoa(int(t.Month())))
}

func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// The box a spark is drawn in.
const (
	sparkLeft, sparkRight = 2.0, 49.0
	sparkTop, sparkBottom = 3.0, 15.0
)

func (w *Web) sparkOf(h desk.RuleHits, l string) spark {
	most, sum := 1, 0
	for _, n := range h.Trend {
		most, sum = max(most, n), sum+n
	}
	var b strings.Builder
	s := spark{Says: w.Texts.Text(l, "rules.trend_says", "n", strconv.Itoa(sum), "most", strconv.Itoa(most*min(sum, 1)))}
	for i, n := range h.Trend {
		x := sparkLeft + (sparkRight-sparkLeft)*float64(i)/float64(len(h.Trend)-1)
		y := sparkBottom - (sparkBottom-sparkTop)*float64(n)/float64(most)
		s.X, s.Y = tenth(x), tenth(y)
		b.WriteString(s.X + "," + s.Y + " ")
	}
	s.Points = strings.TrimSpace(b.String())
	return s
}

func tenth(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', 1, 64) }

// goesTo is what a rule or decision does, in a word or two: where it decides
// that something goes.
func (w *Web) goesTo(do []balie.Action, ask router.Ask, l string) destination {
	t := func(key string, pairs ...string) string { return w.Texts.Text(l, "rules."+key, pairs...) }
	for _, a := range do {
		switch a.Do {
		case balie.DoAnswer:
			return destination{"care", t("to_answer")}
		case balie.DoOffer:
			return destination{"care", t("to_offer")}
		case balie.DoAsk:
			return destination{"wait", t("to_ask")}
		case balie.DoDesk:
			return destination{"desk", t("to_desk")}
		case balie.DoDiscard:
			return destination{"done", t("to_discard")}
		case balie.DoHandOut:
			return w.toTeam(a.Team, ask, l)
		}
	}
	return destination{"new", t("to_next")}
}

func (w *Web) toTeam(id string, ask router.Ask, l string) destination {
	switch ask {
	case router.AskOwner:
		return destination{"back", w.Texts.Text(l, "rules.to_owner")}
	case router.AskAccountTeam:
		return destination{"acct", w.Texts.Text(l, "rules.to_account")}
	}
	class := "back"
	if t, ok := w.Rules.Brain().Catalogue.Team(id); ok && t.Kind == balie.Account {
		class = "acct"
	}
	return destination{class, w.Teams(id, l)}
}

// alsoDoes is what a decision does besides where it goes.
func (w *Web) alsoDoes(do []balie.Action, l string) []string {
	var out []string
	for _, a := range do {
		if a.Do.Decides() {
			continue
		}
		value := a.Value
		switch a.Do {
		case balie.DoPriority, balie.DoKind:
			value = w.choiceText(string(a.Do), a.Value, l)
		case balie.DoProduct:
			value = w.productName(a.Value, l)
		}
		out = append(out, w.Texts.Text(l, "rules.does_"+string(a.Do), "value", value))
	}
	return out
}

func (w *Web) productName(id, l string) string {
	if p, ok := w.Rules.Brain().Catalogue.Product(id); ok {
		return p.Name(l)
	}
	return id
}

// rulesNotice says what the last act did, and how it is taken back.
func (w *Web) rulesNotice(c *fiber.Ctx, l string) (string, *undo) {
	did := c.Query("did")
	switch did {
	case "saved", "added", "removed", "moved", "copied", "reapplied", "restored", "text":
		return w.Texts.Text(l, "rules.did_"+did), nil
	case "discarded":
		return w.Texts.Text(l, "rules.did_discarded"), &undo{Path: "/rules/restore"}
	case "published", "rolledback":
		n, err := strconv.Atoi(c.Query("v"))
		if err != nil || n != w.Rules.Brain().Rules.Version {
			return "", nil
		}
		back := c.QueryInt("back", n-1)
		if back < 1 {
			return w.Texts.Text(l, "rules.did_"+did, "n", strconv.Itoa(n)), nil
		}
		return w.Texts.Text(l, "rules.did_"+did, "n", strconv.Itoa(n)),
			&undo{Path: "/rules/rollback", Fields: map[string]string{"version": strconv.Itoa(back), "base": strconv.Itoa(n)}}
	}
	return "", nil
}

// seenOf is the draft that a form was made from.
func seenOf(f url.Values) desk.DraftSeen {
	base, err := strconv.Atoi(f.Get("base"))
	version, err2 := strconv.ParseUint(f.Get("draft"), 10, 64)
	if err != nil || err2 != nil {
		return desk.DraftSeen{} // of no draft there is
	}
	return desk.DraftSeen{Base: base, Version: version}
}

// rulesHome is what rules.html shows beside the list.
type rulesHome struct {
	rulesPage
	Warnings []findingLine
	Failed   []findingLine
	Problem  string
	Sizes    []int
	Rules    int
}

// findingLine is something a person should look at.
type findingLine struct {
	Path, Name, Example, Problem, Fix string
}

func (w *Web) rules(c *fiber.Ctx, s auth.Session) error {
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	l := ui.Language(c)
	p := rulesHome{rulesPage: w.rulesFrame(c, s, v, ""), Sizes: backtestSizes, Rules: len(v.Rules.Rules())}
	p.Warnings, p.Failed = w.findingLines(v, v.Warnings, l), w.findingLines(v, v.Failed, l)
	if v.Problem != nil {
		p.Problem = v.Problem.Error()
	}
	return w.UI.Render(c, "rules", p)
}

func (w *Web) findingLines(v desk.RulesView, all []router.Finding, l string) []findingLine {
	var out []findingLine
	for _, f := range all {
		r, _, _ := v.Rule(f.Rule)
		problem, fix := w.inWords(l, f.Problem), w.inWords(l, f.Fix)
		out = append(out, findingLine{rulePath(f.Rule), r.Name(l), f.Example, problem, fix})
	}
	return out
}

// moveRule moves a rule one up or down, or to a place.
func (w *Web) moveRule(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	v, err := w.Rules.View(c.UserContext(), s.Actor(), w.Now())
	if err != nil {
		return err
	}
	id := f.Get("rule")
	_, at, ok := v.Rule(id)
	if !ok {
		return &balie.InvalidError{Field: "rule", Problem: fmt.Sprintf("there is no rule %q", id), Fix: "look at the list again"}
	}
	to := at
	switch f.Get("to") {
	case "up":
		to--
	case "down":
		to++
	default:
		n, err := strconv.Atoi(f.Get("to"))
		if err != nil {
			return &balie.InvalidError{Field: "to", Problem: fmt.Sprintf("%q is no place", f.Get("to")), Fix: "use up, down or a number from 1"}
		}
		to = n - 1
	}
	if _, err := w.Rules.MoveRule(c.UserContext(), s.Actor(), seenOf(f), id, to, w.Now()); err != nil {
		return err
	}
	back := rulePath(id)
	if f.Get("from") == "list" {
		back = "/rules"
	}
	return c.Redirect(back+"?did=moved", fiber.StatusSeeOther)
}
