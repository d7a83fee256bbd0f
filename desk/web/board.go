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
)

func (w *Web) boardRoutes() []route {
	get, post := fiber.MethodGet, fiber.MethodPost
	return []route{
		{method: get, path: "/board", right: desk.SeeDocuments, handle: w.board},
		{method: get, path: "/board/now", right: desk.SeeDocuments, handle: w.boardNow},
		{method: get, path: "/board/wall", right: desk.SeeDocuments, handle: w.boardWall},
		{method: post, path: "/board/take/:ref", right: desk.ActOnRequests, object: requestObject, handle: w.boardTake},
		{method: get, path: "/board/inform", right: desk.ActOnRequests, handle: w.inform},
		{method: post, path: "/board/inform", right: desk.ActOnRequests, handle: w.sendWord},
		{method: get, path: "/settings/wall", right: desk.Manage, handle: w.walls},
		{method: post, path: "/settings/wall", right: desk.Manage, handle: w.addWall},
		{method: post, path: "/settings/wall/revoke", right: desk.Manage, handle: w.revokeWall},
		{method: get, path: "/wall/:token", object: linkObject, public: w.wall},
	}
}

// boardPage is what board.html and wall.html show.
type boardPage struct {
	shell
	boardView
	Again string // where a screen asks for it anew
}

// boardView is the board in words.
type boardView struct {
	At, Stamp    string
	Counting     bool
	CanAct       bool
	LateN, SoonN int
	Tiles        []boardTile
	Alarms       []alarmRow
	Loads        []loadRow
	Words        []wordRow
	Wordless     int
	Inflow       *inflowView
}

// boardTile is one number at the top.
type boardTile struct {
	Name, Big, Goal, Class string
	Spark                  *sparkLine
}

// alarmRow is a request that somebody must look at.
type alarmRow struct {
	Ref, Path, Subject, Lang, Customer string
	Holder                             rowHolder
	Clock                              rowClock
	Words, Why, WhyLang                string
	Act, Icon, Go                      string // what the button says and where it leads
	Take                               bool   // it is an act: a form
}

// loadRow is what a team has, drawn in a box of loadWidth.
type loadRow struct {
	Name, Class           string
	Open, Day, Late       int
	Cap, Fill, Over, From int
}

// wordRow is a customer who waits for word.
type wordRow struct{ Ref, Path, Customer, Subject, Lang, Promised, Left, Class string }

// board is how the desk stands.
func (w *Web) board(c *fiber.Ctx, s auth.Session) error {
	v, err := w.boardOf(c, s)
	if err != nil {
		return err
	}
	return w.UI.Render(c, "board", boardPage{shell: w.around(c, s), boardView: v})
}

// boardNow is the part of the board that changes.
func (w *Web) boardNow(c *fiber.Ctx, s auth.Session) error {
	v, err := w.boardOf(c, s)
	if err != nil {
		return err
	}
	return w.UI.Part(c, "board", "boardbody", boardPage{shell: w.around(c, s), boardView: v})
}

// boardWall is the board on a large screen, for who is signed in.
func (w *Web) boardWall(c *fiber.Ctx, s auth.Session) error {
	b, err := w.Overview.Board(c.UserContext(), s.Actor(), w.Day, w.Now())
	if err != nil {
		return err
	}
	return w.onWall(c, boardPage{shell: w.around(c, s), boardView: w.onlyNumbers(c, b), Again: "/board/wall"})
}

// onlyNumbers is a board as a wall shows it: without anything of a person, and
// without acts.
func (w *Web) onlyNumbers(c *fiber.Ctx, b desk.Board) boardView {
	g := &lister{Web: w, c: c, a: desk.Actor{Role: desk.ReadOnly}, language: ui.Language(c), now: b.At.In(w.Zone)}
	v := g.boardView(nameless(b))
	for i := range v.Alarms {
		v.Alarms[i].Go, v.Alarms[i].Path = "", ""
	}
	for i := range v.Words {
		v.Words[i].Path = ""
	}
	return v
}

func (w *Web) boardOf(c *fiber.Ctx, s auth.Session) (boardView, error) {
	b, err := w.Overview.Board(c.UserContext(), s.Actor(), w.Day, w.Now())
	if err != nil {
		return boardView{}, err
	}
	g := &lister{Web: w, c: c, s: s, a: s.Actor(), language: ui.Language(c), now: b.At.In(w.Zone), names: w.Auth.Names(c.UserContext())}
	return g.boardView(b), nil
}

func (g *lister) boardWord(key string, pairs ...string) string {
	return g.Texts.Text(g.language, "board."+key, pairs...)
}

// boardView puts a board in words.
func (g *lister) boardView(b desk.Board) boardView {
	v := boardView{At: i18n.Moment(g.language, g.now), Stamp: g.now.Format(time.RFC3339), Counting: b.Counting, LateN: b.Late, SoonN: b.Soon,
		Wordless: b.Wordless, CanAct: g.a.Can(desk.ActOnRequests), Tiles: g.tiles(b), Loads: g.loads(b.Teams)}
	for _, x := range b.Alarms {
		v.Alarms = append(v.Alarms, g.alarm(x))
	}
	for _, x := range b.Words {
		v.Words = append(v.Words, g.waits(x))
	}
	if b.Today != nil && len(b.Today.Slots) > 0 {
		v.Inflow = g.inflow(*b.Today)
	}
	return v
}

func (g *lister) alarm(x desk.Alarm) alarmRow {
	row := g.row(x.Row)
	out := alarmRow{Ref: row.Ref, Path: row.Path, Subject: row.Subject, Lang: row.Lang, Customer: row.Customer, Holder: row.Holder, Clock: row.Clock}
	switch {
	case row.Assignee != "" && x.Request.State == balie.AtDesk:
		out.Holder.Words = row.Assignee
	case x.Holder.Team != "":
		out.Holder.Words = g.teamName(x.Holder.Team)
	case x.Holder.Kind == desk.HeldNew, x.Holder.Kind == desk.HeldDesk:
		out.Holder = rowHolder{"new", g.boardWord("nobody")}
	}
	switch k := x.Clock; {
	case k.Late:
		out.Words = g.boardWord("late_by", "time", g.span(-k.Left))
	case k.Running():
		out.Words = g.boardWord("left", "time", g.span(k.Left))
	}
	out.Why, out.WhyLang = g.whyWords(x.Why), ""
	if x.Why.Text != "" {
		out.WhyLang = row.Lang
	}
	out.Act, out.Icon = g.boardWord("act_"+string(x.Act)), actIcons[x.Act]
	out.Go, out.Take = row.Path+actTabs[x.Act], x.Act == desk.ActTake && row.CanAct
	if !row.CanAct {
		out.Act, out.Icon, out.Go = g.boardWord("act_open"), "arrow", row.Path
	}
	return out
}

var (
	actIcons = map[desk.AlarmAct]string{desk.ActCall: "phone", desk.ActTeam: "flag", desk.ActTell: "mail", desk.ActTake: "user", desk.ActOpen: "arrow"}
	actTabs  = map[desk.AlarmAct]string{desk.ActCall: "?tab=note", desk.ActTeam: "?tab=backoffice", desk.ActTell: "?tab=reply"}
)

// whyWords is a reason as a person reads it.
func (g *lister) whyWords(y desk.Why) string {
	since := g.hm(y.Since)
	if g.now.Sub(y.Since) > 20*time.Hour {
		since = g.day(y.Since)
	}
	switch y.Kind {
	case desk.WhyReplied:
		if y.Text == "" {
			return g.boardWord("why_replied_plain", "when", since)
		}
		return g.boardWord("why_replied", "text", y.Text)
	case desk.WhyIncomplete:
		var names []string
		for _, f := range y.Fields {
			names = append(names, shortPrompt(f, g.language))
		}
		return g.boardWord("why_incomplete", "fields", strings.Join(names, ", "))
	case desk.WhyUnassigned:
		return g.boardWord("why_unassigned", "age", g.age(y.Since))
	}
	return g.boardWord("why_"+string(y.Kind), "when", since)
}

func (g *lister) waits(x desk.Alarm) wordRow {
	row := g.row(x.Row)
	left := x.Word.Sub(g.now)
	out := wordRow{Ref: row.Ref, Path: row.Path, Customer: row.Customer, Subject: row.Product, Promised: g.boardWord("promised", "when", g.hm(x.Word))}
	if out.Subject == "" {
		out.Subject, out.Lang = row.Subject, row.Lang
	}
	if y, m, d := x.Word.In(g.Zone).Date(); y != g.now.Year() || m != g.now.Month() || d != g.now.Day() {
		out.Promised = g.boardWord("promised", "when", g.day(x.Word))
	}
	switch {
	case left < 0:
		out.Class, out.Left = "bad strong", g.boardWord("over_by", "time", g.span(-left))
	default:
		out.Class, out.Left = "muted", g.boardWord("in", "time", g.span(left))
	}
	return out
}

func (g *lister) teamName(id string) string {
	if t, ok := g.Library.Brain().Catalogue.Team(id); ok {
		return t.Name(g.language)
	}
	return id
}

// loadWidth is the width of a bar, in the units of its drawing.
const loadWidth = 240

// loads are the bars of the teams, all on one scale.
func (g *lister) loads(all []desk.TeamLoad) []loadRow {
	most := 1
	for _, t := range all {
		most = max(most, t.Open, t.Day)
	}
	at := func(n int) int { return int(math.Round(float64(n) * loadWidth / float64(most))) }
	var out []loadRow
	for _, t := range all {
		if t.Team != "" && t.Open == 0 && t.Day == 0 {
			continue // nothing there, and nothing known of what it handles
		}
		r := loadRow{Name: g.boardWord("desk"), Class: "desk", Open: t.Open, Day: t.Day, Late: t.Late}
		if t.Team != "" {
			r.Name, r.Class = g.teamName(t.Team), "back"
			if x, ok := g.Library.Brain().Catalogue.Team(t.Team); ok && x.Kind == balie.Account {
				r.Class = "acct"
			}
		}
		r.Cap, r.Fill = at(t.Day), at(t.Open)
		if t.Day > 0 && t.Open > t.Day {
			r.From, r.Over, r.Fill = r.Cap, r.Fill-r.Cap, r.Cap
		}
		if t.Day == 0 { // nothing to hold it against
			r.Cap = loadWidth
		}
		out = append(out, r)
	}
	return out
}

// boardTake takes a request on from the board.
func (w *Web) boardTake(c *fiber.Ctx, s auth.Session) error {
	id, err := w.Desk.Find(c.UserContext(), s.Actor(), c.Params("ref"))
	if err != nil {
		return err
	}
	if _, _, err := w.Desk.Assign(c.UserContext(), s.Actor(), id, s.User.ID, w.Now()); err != nil {
		return err
	}
	return c.Redirect("/r/"+url.PathEscape(c.Params("ref")), fiber.StatusSeeOther)
}

func minutes(d time.Duration) string { return strconv.Itoa(int(math.Round(d.Minutes()))) + " min" }

// hm is a time of the day: "15.04" or "15:04".
func (g *lister) hm(t time.Time) string {
	if g.language == "en" {
		return t.In(g.Zone).Format("15:04")
	}
	return t.In(g.Zone).Format("15.04")
}

// decimal is a number with one decimal, as the language writes it.
func (g *lister) decimal(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	if g.language == "nl" {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

func inPercent(v float64) string { return fmt.Sprintf("%.0f%%", 100*v) }
