package web

import (
	"html/template"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/ui"
)

// line is one line of the timeline: something said, or something that happened.
type line struct {
	Kind     string // "in", "out", "note", "sys", "side"
	ID       string // anchor of the page
	Message  string // id of the message
	Icon     string
	Words    []piece // of what happened
	Who      string
	Initials string
	Av       string // class of the disc
	Address  string // who really wrote (S5)
	Marks    []mark
	Meta     string // channel and time
	Time     string
	Lang     string
	Text     string        // a stranger's words, as they are
	HTML     template.HTML // ours, Markdown
	Quoted   string
	Frame    string // where the mail's own HTML is
	Pictures bool   // the frame shows pictures from elsewhere
	Ask      string // where those are asked for
	Original string
	Files    []fileLine
	Warnings []string
	Pending  bool // on its way, can be taken back
	Unsent   bool
	New      bool // said since the reader last looked
	Split    bool // can become a request of its own
	Undo     uint64
	Letter   bool // written by balie itself: folded
	Side     *sideTalk
	Share    bool // a team's words that can be shown to the customer
	Shared   bool
}

// piece is a part of a sentence, in bold or a link.
type piece struct {
	Text string
	Bold bool
	Href string
}

// mark says what is known of who wrote.
type mark struct{ Class, Words string }

// fileLine is a file that came with a message.
type fileLine struct{ Name, Size, Path string }

// sideTalk is the side conversation with a team.
type sideTalk struct {
	Icon, Title, Meta string
	Open              bool
	Lines             []line
}

// lines is the timeline: what was said and done, and each side conversation
// where it began.
func (g *pager) lines() []line {
	var out []line
	placed := map[balie.ID]bool{}
	for _, e := range g.v.Entries {
		if l, ok := g.line(e); ok {
			out = append(out, l)
		}
		if e.What == balie.HandedOut && e.Message == nil {
			for _, h := range g.v.Handouts {
				if !placed[h.ID] && (h.ID == e.Handout || e.Handout.IsZero() && h.Opened.Equal(e.At)) {
					placed[h.ID] = true
					out = append(out, g.side(h)...)
				}
			}
		}
	}
	for _, h := range g.v.Handouts {
		if !placed[h.ID] {
			out = append(out, g.side(h)...)
		}
	}
	return out
}

// side is the side conversation of a hand-out.
func (g *pager) side(h desk.HandoutThread) []line {
	t := sideTalk{Icon: "tool", Open: h.Open() || h.Waits}
	if g.kindOf(h.Team) == balie.Account {
		t.Icon = "brief"
	}
	t.Title = g.text("side", "team", g.Teams(h.Team, g.l))
	n := 0
	for _, e := range h.Entries {
		l, ok := g.line(e)
		if !ok {
			continue
		}
		if e.Message != nil && e.Message.ID == h.ID {
			n++
			l.Kind, l.Letter, l.Icon = "sys", true, "note"
			l.Words = g.sentence("letter_team", map[string]piece{"who": {Text: g.by(e.By), Bold: true}})
			t.Lines = append(t.Lines, l)
			continue
		}
		if e.Message != nil {
			n++
			l.Meta = l.Time
			if e.Message.Direction == balie.In {
				l.Av = "b"
				l.Share = !l.Shared && !g.readOnly()
			}
			if l.Kind == "in" || l.Kind == "out" {
				l.Kind = ""
			}
		}
		t.Lines = append(t.Lines, l)
	}
	if n == 0 && len(t.Lines) == 0 {
		return nil
	}
	key := "side_messages"
	if n == 1 {
		key = "side_message"
	}
	t.Meta = g.text(key, "n", number(n))
	return []line{{Kind: "side", ID: "h-" + h.ID.String(), Side: &t}}
}

func (g *pager) readOnly() bool { return !g.s.Actor().Can(desk.ActOnRequests) }

// line is one entry in words; false when it says nothing a person wants to read.
func (g *pager) line(e desk.Entry) (line, bool) {
	l := line{ID: "e-" + strconv.FormatUint(e.Seq, 10), Time: g.when(e.At), New: e.Seq > g.looked()}
	if e.Undo {
		l.Undo = e.Seq
	}
	if e.Message == nil {
		l.Kind = "sys"
		l.Icon, l.Words = g.happened(e)
		return l, len(l.Words) > 0
	}
	g.said(&l, e)
	if !e.Note && e.Message.Direction == balie.Out && !byPerson(e.By) && e.Message.Side == balie.CustomerSide {
		l.Kind, l.Letter, l.Icon = "sys", true, "mail"
		l.Words = []piece{{Text: g.letter(e)}}
		for _, m := range l.Marks {
			l.Words = append(l.Words, piece{Text: " "}, piece{Text: m.Words, Bold: true})
		}
	}
	return l, true
}

// looked is the version that the reader last had before them, as far as the
// draft or the refused form says; else all of it counts as seen.
func (g *pager) looked() uint64 {
	if g.in.form != nil && g.in.stale != nil {
		return g.in.form.Seen
	}
	if n, err := strconv.ParseUint(g.c.Query("seen"), 10, 64); err == nil {
		return n
	}
	if d := g.v.Drafts[g.tab()]; d.Text != "" && d.Seen > 0 {
		return d.Seen
	}
	return math.MaxUint64
}

// byPerson reports whether a colleague did it, and not balie.
func byPerson(by string) bool { return strings.HasPrefix(by, "agent:") }

// letter is what a letter that balie wrote is called.
func (g *pager) letter(e desk.Entry) string {
	switch e.What {
	case balie.Answered:
		return g.text("letter_answer")
	case balie.Asked:
		return g.text("letter_ask")
	case balie.HandedOut:
		return g.text("letter_handed_out")
	case balie.ToDesk:
		return g.text("letter_receipt")
	}
	for _, x := range g.v.Entries {
		if x.Message == nil && x.Seq <= e.Seq && x.Seq+2 >= e.Seq && x.What == balie.HandedOut {
			return g.text("letter_handed_out")
		}
		if x.Message == nil && x.Seq <= e.Seq && x.Seq+2 >= e.Seq && x.What == balie.ToDesk {
			return g.text("letter_receipt")
		}
	}
	return g.text("letter")
}

// said fills in what a message says, who said it, and what came with it.
func (g *pager) said(l *line, e desk.Entry) {
	m := e.Message
	l.Message = m.ID.String()
	l.Kind = "in"
	l.Who = g.author(e)
	l.Av = "c"
	if m.Direction == balie.Out || e.Note {
		l.Kind, l.Av = "out", ""
	}
	if e.Note {
		l.Kind = "note"
	}
	l.Initials = initials(l.Who)
	l.Meta = g.meta(e)
	l.Lang = m.Language
	l.New = l.New && (e.Note || m.Direction == balie.In || e.By != g.s.Actor().By())
	l.Unsent, l.Shared = e.Unsent, e.Shared
	l.Quoted = e.Quoted
	switch {
	case m.Direction == balie.In && e.Note: // the customer's, with a score
		l.Text = m.Text
	case m.Direction == balie.In:
		l.Text = m.Text
		l.Address, l.Marks = g.sender(m)
		if e.HTML {
			l.Frame = "/m/" + l.Message + "/html"
			l.Ask = "/m/" + l.Message + "/pictures?r=" + g.v.Request.Ref
			if g.c.Query("pictures") == l.Message {
				l.Frame, l.Pictures = l.Frame+"?images=1", true
			}
		}
		if m.Original != "" && m.Channel == "email" {
			l.Original = "/m/" + l.Message + "/original"
		}
		l.Warnings = m.Warnings
		l.Split = m.Side == balie.CustomerSide && !g.readOnly()
	default:
		l.HTML = ui.Markdown(withoutKeys(m.Text))
	}
	for _, p := range m.Parts {
		if p.Inline && p.CID != "" && e.HTML {
			continue
		}
		name := p.Name
		if name == "" {
			name = g.text("file_unnamed")
		}
		l.Files = append(l.Files, fileLine{name, g.size(p.Size), "/m/" + l.Message + "/files/" + p.SHA256})
	}
	g.posts(l, e)
	if g.v.Unsendable != nil && g.v.Unsendable.Message == m.ID && g.v.Unsendable.Due.After(g.Now()) {
		l.Pending = true
	}
}

// keyLinks are the links in our letters that open a request or a hand-out to
// whoever has them, or speak for them. The page shows what was written, never the key to it.
var keyLinks = regexp.MustCompile(`<?https?://[^\s<>()]+/[ahsu]/[^\s<>()]{20,}>?`)

func withoutKeys(text string) string { return keyLinks.ReplaceAllString(text, "(…)") }

// posts say what became of a message of ours, when that is not simply sent.
func (g *pager) posts(l *line, e desk.Entry) {
	for _, p := range e.Posts {
		switch p.Status {
		case balie.Dead:
			l.Marks = append(l.Marks, mark{"bad", g.text("post_dead", "to", p.To.Value, "why", clipped(p.Error, 160))})
		case balie.Held:
			l.Marks = append(l.Marks, mark{"warn", g.text("post_held", "to", p.To.Value)})
		case balie.Pending, balie.Leased:
			if p.Error != "" {
				l.Marks = append(l.Marks, mark{"warn", g.text("post_again", "to", p.To.Value, "when", g.when(p.Due), "why", clipped(p.Error, 160))})
			}
			if e.Message.Side == balie.CustomerSide && p.Due.After(g.Now()) && p.Error == "" {
				l.Pending = true
			}
		}
	}
	if l.Pending {
		l.Meta = g.text("ready", "channel", g.channel(e.Message.Channel), "when", l.Time)
	}
	if e.Unsent {
		l.Marks = append(l.Marks, mark{"line", g.text("taken_back")})
	}
}

// author is who said it, as the page calls them.
func (g *pager) author(e desk.Entry) string {
	m := e.Message
	if m.Direction == balie.In && !e.Note {
		if m.From.Name != "" {
			return m.From.Name
		}
		if m.Side == balie.TeamSide {
			return g.by(e.By)
		}
		if g.v.Customer.Person.Has(m.From) && g.v.Customer.Person.Name != "" {
			return g.v.Customer.Person.Name
		}
		if m.From.Value != "" {
			return m.From.Value
		}
		return g.text("unknown")
	}
	return g.by(e.By)
}

// meta says by which channel and when.
func (g *pager) meta(e desk.Entry) string {
	when := g.when(e.At)
	switch {
	case e.Note && e.Message.Direction == balie.In:
		return g.text("remark_meta", "when", when)
	case e.Note:
		return g.text("note_meta", "when", when)
	case e.Message.Side == balie.TeamSide:
		return when
	}
	return g.channel(e.Message.Channel) + " · " + when
}

// by is who did something: a colleague, the customer, a team, balie itself.
func (g *pager) by(by string) string {
	kind, id, _ := strings.Cut(by, ":")
	if name := g.names[id]; kind == "agent" && name != "" {
		return name
	}
	if name := g.v.People[by]; name != "" {
		return name
	}
	switch {
	case kind == "team":
		return g.Teams(id, g.l)
	case kind == "agent":
		return id
	case by == "customer":
		if name := g.nameOf(g.v.Customer.Person); name != "" {
			return name
		}
		return g.text("customer")
	}
	return "balie"
}

// when is a moment as short as it can be said: a time today, else with its day.
func (g *pager) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t, now := t.In(g.Zone), g.Now().In(g.Zone)
	clock := t.Format("15.04")
	if g.l == "en" {
		clock = t.Format("15:04")
	}
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return clock
	}
	day := strconv.Itoa(t.Day()) + " " + g.text("month_"+strconv.Itoa(int(t.Month())))
	if t.Year() != now.Year() {
		day += " " + strconv.Itoa(t.Year())
	}
	return day + " " + clock
}

// size is a number of bytes as people say it.
func (g *pager) size(n int64) string {
	unit, v := "B", float64(n)
	for _, u := range []string{"kB", "MB", "GB"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, u
	}
	digits := 0
	if unit != "B" && v < 10 {
		digits = 1
	}
	s := strconv.FormatFloat(math.Round(v*10)/10, 'f', digits, 64)
	if g.l == "nl" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + " " + unit
}

// duration is a stretch of opening time as people say it.
func (g *pager) duration(d time.Duration) string {
	d = d.Abs().Round(time.Minute)
	hours, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case hours == 0:
		return g.text("minutes", "n", number(minutes))
	case hours < 10 && minutes > 0:
		return g.text("hours_minutes", "h", number(hours), "m", number(minutes))
	}
	return g.text("hours", "n", number(hours))
}

func number(n int) string { return strconv.Itoa(n) }

// clipped is the beginning of a text of others.
func clipped(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// entryOf is the entry of a message.
func (g *pager) entryOf(id balie.ID) (desk.Entry, bool) {
	i := slices.IndexFunc(g.v.Entries, func(e desk.Entry) bool { return e.Message != nil && e.Message.ID == id })
	if i < 0 {
		return desk.Entry{}, false
	}
	return g.v.Entries[i], true
}
