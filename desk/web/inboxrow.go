package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/search"
)

// inboxRow is one request in a list.
type inboxRow struct {
	ID, Ref, Path string
	Icon, Channel string
	Subject, Lang string
	Snippet       []search.Segment
	Unread, Reply bool
	Score         string // of the answer in the catalogue
	Viewers       []rowViewer
	Customer      string
	Product       string
	Holder        rowHolder
	Clock         rowClock
	Assignee      string
	Initials      string
	Age, Opened   string
	Group         string
	CanAct        bool
	New           bool // opened since the page asked last
}

// rowViewer is a colleague who has the request before them.
type rowViewer struct {
	Name   string // first name
	Typing bool
}

// rowHolder says who has it: a dot and words.
type rowHolder struct{ Class, Words string }

// rowClock is the ring and its words.
type rowClock struct {
	Class string // "", "warn", "bad", "hold", "met"
	Share int    // percent
	Words string
	Title string // when it ends
	Ticks bool
}

// channelIcons are drawings by channel.
var channelIcons = map[string]string{"email": "mail", "slack": "chat", "form": "web", "phone": "phone", "counter": "hang"}

// row is a request as the list shows it.
func (g *lister) row(r desk.Row) inboxRow {
	q := r.Request
	out := inboxRow{
		ID: q.ID.String(), Ref: q.Ref, Path: "/r/" + q.Ref, Channel: g.channelName(q.Channel), Icon: channelIcons[q.Channel],
		Subject: q.Subject, Lang: q.Language, Unread: r.Holder.Kind == desk.HeldNew, Reply: r.Reply && r.Holder.Kind != desk.HeldNew,
		Customer: r.Customer.Name, Product: g.productName(q.Product), Holder: g.holder(r.Holder), Clock: g.slaOf(r),
		Assignee: g.names[q.Assignee], Age: g.age(q.Opened), Opened: g.moment(q.Opened), Group: string(r.Group), CanAct: g.a.Can(desk.ActOnRequests),
	}
	if out.Icon == "" {
		out.Icon = "mail"
	}
	if out.Subject == "" {
		out.Subject = g.text("no_subject")
	}
	if q.Assignee != "" {
		if out.Assignee == "" {
			out.Assignee = q.Assignee
		}
		out.Initials = initials(out.Assignee)
	}
	if g.a.Role == desk.TeamMember {
		out.Customer = "" // the desk knows the customer; a team knows its hand-out
		return out
	}
	if out.Customer == "" && len(r.Customer.Addresses) > 0 {
		out.Customer = r.Customer.Addresses[0].Value
	}
	out.Snippet, out.Score, out.Viewers = r.Found, g.score(r), g.viewersOf(q.ID)
	if len(out.Snippet) == 0 && q.Preview != "" {
		out.Snippet = []search.Segment{{Text: q.Preview}}
	}
	return out
}

func (g *lister) channelName(id string) string {
	if _, ok := channelIcons[id]; !ok {
		return id
	}
	return g.text("channel_" + id)
}

func (g *lister) productName(id string) string {
	if id == "" {
		return ""
	}
	if p, ok := g.Library.Brain().Catalogue.Product(id); ok {
		return p.Name(g.language)
	}
	return id
}

// holderClasses are the dots by holder.
var holderClasses = map[desk.HolderKind]string{
	desk.HeldNew: "new", desk.HeldDesk: "desk", desk.HeldBackoffice: "back", desk.HeldAccount: "acct", desk.HeldSupplier: "back",
	desk.HeldApprover: "acct", desk.HeldCustomer: "wait", desk.HeldDate: "wait", desk.HeldAftercare: "care", desk.HeldNobody: "done",
}

func (g *lister) holder(h desk.Holder) rowHolder {
	words := g.text("held_" + string(h.Kind))
	if h.More > 0 {
		words += " +" + strconv.Itoa(h.More)
	}
	return rowHolder{holderClasses[h.Kind], words}
}

// scored is from which certainty an answer is worth showing in the list.
const scored = 0.5

// score is how sure the catalogue is of its answer, for a question that nobody
// has answered yet. It asks no store.
func (g *lister) score(r desk.Row) string {
	q := r.Request
	if q.State != balie.AtDesk || !q.Responded.IsZero() || q.Preview == "" {
		return ""
	}
	best, ok := g.sureOf(q)
	if !ok || best < scored {
		return ""
	}
	return strconv.Itoa(int(math.Round(best*100))) + "%"
}

// viewersOf are the others who are on a request.
func (g *lister) viewersOf(id balie.ID) []rowViewer {
	var out []rowViewer
	for _, v := range g.Presence.Of(id, g.Now()) {
		if v.ID == g.a.ID {
			continue
		}
		first, _, _ := strings.Cut(v.Name, " ")
		out = append(out, rowViewer{first, v.Typing})
		if len(out) == 1 { // one chip fits
			break
		}
	}
	return out
}

// slaOf is the ring of a row.
func (g *lister) slaOf(r desk.Row) rowClock {
	k := r.Clock
	out := rowClock{Share: int(math.Round(k.Share * 100))}
	switch {
	case k.IsZero():
		return rowClock{Class: "none", Words: ""}
	case k.Met:
		out.Class, out.Words, out.Share = "met", g.text("sla_met"), 100
	case k.Paused:
		out.Class, out.Words = "hold", g.text("sla_paused")
	case k.Late:
		out.Class, out.Words, out.Share = "bad", "−"+g.span(-k.Left), 100
	case k.Soon:
		out.Class, out.Words = "warn", g.span(k.Left)
	case r.Group == desk.TodayGroup || k.Left < 4*time.Hour:
		out.Words = g.span(k.Left)
	default:
		out.Words = g.day(k.Due)
	}
	out.Ticks = k.Running()
	out.Title = g.text("sla_"+string(k.Kind), "when", g.moment(k.Due))
	return out
}

// span is opening time in words: "42 min", "3 u 41", "2 d".
func (g *lister) span(d time.Duration) string {
	minutes := int(d.Minutes())
	switch {
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 24*60:
		return fmt.Sprintf("%d %s %02d", minutes/60, g.text("hour"), minutes%60)
	}
	return fmt.Sprintf("%d %s", minutes/60, g.text("hour"))
}

// weekdays are short names by language, Sunday first.
var weekdays = map[string][]string{
	"nl": {"zo", "ma", "di", "wo", "do", "vr", "za"},
	"en": {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
}

var months = map[string][]string{
	"nl": {"", "jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"},
	"en": {"", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
}

// day is a moment of these days: "wo 11.00", or "12 mrt" further off.
func (g *lister) day(t time.Time) string {
	t = t.In(g.Zone)
	if d := t.Sub(g.now); d > 6*24*time.Hour || d < -6*24*time.Hour {
		return fmt.Sprintf("%d %s", t.Day(), months[g.language][t.Month()])
	}
	if g.language == "en" {
		return weekdays["en"][t.Weekday()] + t.Format(" 15:04")
	}
	return weekdays["nl"][t.Weekday()] + t.Format(" 15.04")
}

// moment is a time in full, for who hovers over the short one.
func (g *lister) moment(t time.Time) string {
	t = t.In(g.Zone)
	if g.language == "en" {
		return fmt.Sprintf("%s %d %s %s", weekdays["en"][t.Weekday()], t.Day(), months["en"][t.Month()], t.Format("15:04"))
	}
	return fmt.Sprintf("%s %d %s %s", weekdays["nl"][t.Weekday()], t.Day(), months["nl"][t.Month()], t.Format("15.04"))
}

// clock is the time of day with seconds.
func (g *lister) clock(t time.Time) string {
	if g.language == "en" {
		return t.In(g.Zone).Format("15:04:05")
	}
	return t.In(g.Zone).Format("15.04.05")
}

// age is how long ago something began: "4 m", "3 u", "2 d".
func (g *lister) age(t time.Time) string {
	d := g.now.Sub(t)
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d m", max(int(d.Minutes()), 0))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d %s", int(d.Hours()), g.text("hour"))
	case d < 100*24*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	}
	return fmt.Sprintf("%d %s", int(d.Hours()/24/30), g.text("month"))
}
