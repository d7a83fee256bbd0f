package webform

import (
	"context"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
)

// statusPage is what status.html shows.
type statusPage struct {
	Ref, Asked, Subject string
	Words               string // the language of what was typed, when it is another
	Head                string
	Sentence, By, Rest  string // By is the promised moment, in bold
	Share               string // of the promised time that is used, in hundredths; "" when none is promised
	Done                bool
	Steps               []step
	Messages            []bubble
	CanReply            bool
	Write, Button       string // keys of the label of a reply, and of its button
	Hint                string // what a reply does, where it is not plain
	Rate                *rating
	Given               string // the score that was given, in words
	Path, Token         string
	Text                string
	Fault               string
	Sent                bool
}

// step is one line of how it went. Mark is done, cur or todo.
type step struct{ Mark, Text, Note, When string }

// bubble is one message.
type bubble struct {
	Mine      bool
	Who, When string
	Language  string
	Said      string        // what the customer typed
	Wrote     template.HTML // what the desk wrote, from Markdown
	Files     []string
}

// maxShown is how many steps and messages a page has; the newest stay.
const maxShown = 200

// status is the customer's own page.
func (f *Form) status(c *fiber.Ctx) error {
	found, err := f.open(c)
	if err != nil {
		return err
	}
	return f.renderStatus(c, found, statusPage{Token: f.fresh(), Sent: c.Query("sent") == "1"})
}

func (f *Form) renderStatus(c *fiber.Ctx, found found, p statusPage) error {
	l := ui.Language(c)
	p.Path = "/s/" + c.Params("token")
	p.Ref = found.ref
	p.Asked = f.Texts.Text(l, "status.asked", "ref", found.ref, "moment", f.moment(l, found.at))
	if f.today(found.at) {
		p.Asked = f.Texts.Text(l, "status.asked_today", "ref", found.ref, "moment", f.moment(l, found.at))
	}
	r := found.request
	if r.ID.IsZero() {
		p.Subject, p.Head = f.Texts.Text(l, "status.untitled"), f.Texts.Text(l, "status.desk")
		p.Sentence = f.Texts.Text(l, "status.desk_no_promise")
		p.Steps = []step{{"cur", f.Texts.Text(l, "status.step_opened"), "", f.moment(l, found.at)}}
		return f.UI.Render(c, "status", p)
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), f.Patience)
	defer cancel()
	messages, err := f.Requests.Messages(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("read messages for a status page: %w", err)
	}
	events, err := f.Requests.Events(ctx, r.ID, 0)
	if err != nil {
		return fmt.Errorf("read events for a status page: %w", err)
	}
	p.Subject, p.Words = r.Subject, r.Language
	if p.Subject == "" {
		p.Subject = f.Texts.Text(l, "status.untitled")
	}
	f.say(&p, l, r, events)
	p.Steps = f.steps(l, r, events)
	p.Messages = f.bubbles(l, messages)
	p.CanReply = true
	p.Write, p.Button = "status.reply", "status.send"
	if p.Done || r.State == balie.AnsweredState {
		f.done(&p, l, r, events)
	}
	return f.UI.Render(c, "status", p)
}

// say is the state in the customer's words.
func (f *Form) say(p *statusPage, l string, r balie.Request, events []balie.Event) {
	text := func(key string, pairs ...string) string { return f.Texts.Text(l, "status."+key, pairs...) }
	switch r.State {
	case balie.Waiting:
		p.Head, p.Sentence = text("waiting"), text("waiting_more")
		if n := len(r.Pauses); n > 0 && r.Paused() {
			p.Sentence = text("waiting_since", "moment", f.moment(l, r.Pauses[n-1].From))
		}
	case balie.WithTeam:
		p.Head = text("handedout")
		p.Sentence = text("handedout_no_promise", "team", f.team(l, r))
		f.promise(p, l, r, text("handedout_more", "team", f.team(l, r)))
	case balie.Planned:
		p.Head = text("planned_no_date")
		if date, ok := planned(events); ok {
			p.Head = text("planned", "moment", i18n.Moment(l, date.In(f.Zone)))
		}
		p.Sentence = text("planned_more")
	case balie.AnsweredState:
		p.Head, p.Sentence = text("answered"), text("answered_more")
	case balie.Closed:
		p.Done = true
		at := r.ClosedAt(events)
		if r.Outcome == balie.Solved && !r.Solved.IsZero() {
			at = r.Solved
		}
		p.Head = text(ending(r.Outcome), "moment", i18n.Moment(l, at.In(f.Zone)))
		if told := f.Promises.Told(r); r.Outcome == balie.Solved && !r.Solved.IsZero() && !told.Before(r.Solved) {
			p.Sentence = text("in_time")
		}
	default:
		p.Head, p.Sentence = text("desk"), text("desk_no_promise")
		f.promise(p, l, r, text("desk_more"))
	}
}

// promise says until when, and honestly when that has passed.
func (f *Form) promise(p *statusPage, l string, r balie.Request, sentence string) {
	now := f.Now()
	promised := f.Promises.Told(r)
	if promised.IsZero() {
		return
	}
	p.Share = "100"
	if !now.Before(promised) {
		p.Sentence = f.Texts.Text(l, "status.late")
		return
	}
	before, after, _ := strings.Cut(sentence, "{moment}")
	p.Sentence, p.By, p.Rest = before, f.moment(l, promised), after
	if total := promised.Sub(r.Opened); total > 0 {
		p.Share = strconv.Itoa(min(100, max(1, int(100*now.Sub(r.Opened)/total))))
	}
}

// ending is the text for how a request ended. Why the desk closed one (spam,
// a duplicate) is its own note and not told here.
func ending(o balie.Outcome) string {
	switch o {
	case balie.Solved:
		return "closed_solved"
	case balie.NoAnswer:
		return "closed_no_answer"
	case balie.WithdrawnByIt:
		return "closed_withdrawn"
	}
	return "closed"
}

// planned is the date that was last agreed.
func planned(events []balie.Event) (time.Time, bool) {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].What != balie.PlannedFor {
			continue
		}
		t, err := time.Parse(time.RFC3339, events[i].Data["date"])
		return t, err == nil
	}
	return time.Time{}, false
}

// team is who has it in hand, in the customer's words.
func (f *Form) team(l string, r balie.Request) string {
	if open := r.OpenHandouts(); len(open) == 1 {
		return f.teamName(l, open[0].Team)
	}
	return f.Texts.Text(l, "status.some_team")
}

func (f *Form) teamName(l, id string) string {
	if f.Teams != nil {
		if n := f.Teams.TeamName(id, l); n != "" {
			return n
		}
	}
	return f.Texts.Text(l, "status.some_team")
}

// told are the events a customer reads, and under which key.
var told = map[balie.What]string{
	balie.Opened: "opened", balie.Asked: "asked", balie.Replied: "replied", balie.HandedOut: "handed_out",
	balie.PlannedFor: "planned", balie.Answered: "answered", balie.Reopened: "reopened",
	balie.Confirmed: "closed", balie.Lapsed: "closed", balie.Unanswered: "closed", balie.ClosedAs: "closed",
}

// steps are how it went so far and what is still to come.
func (f *Form) steps(l string, r balie.Request, events []balie.Event) []step {
	var out []step
	back := takenBack(events)
	for _, e := range events {
		key, ok := told[e.What]
		if !ok || back[strconv.FormatUint(e.Seq, 10)] {
			continue
		}
		s := step{Mark: "done", When: f.moment(l, e.At)}
		team := ""
		if e.Handout != nil {
			team = f.teamName(l, e.Handout.Team)
		}
		s.Text = f.Texts.Text(l, "status.step_"+key, "team", team)
		out = append(out, s)
	}
	if len(out) > maxShown {
		out = out[len(out)-maxShown:]
	}
	if r.State == balie.Closed || len(out) == 0 {
		return out
	}
	out[len(out)-1].Mark = "cur"
	if r.State == balie.WithTeam {
		out[len(out)-1].Note = f.Texts.Text(l, "status.step_contact")
	}
	todo := step{Mark: "todo", Text: f.Texts.Text(l, "status.step_solved")}
	if promised := f.Promises.Told(r); f.Now().Before(promised) && !r.Paused() {
		todo.When = f.Texts.Text(l, "status.before", "moment", f.moment(l, promised))
	}
	return append(out, todo)
}

// takenBack are the numbers of events that an agent took back: for the customer
// they did not happen.
func takenBack(events []balie.Event) map[string]bool {
	out := map[string]bool{}
	for _, e := range events {
		switch e.What {
		case balie.Unsent:
			out[e.Data["seq"]] = true
		case balie.Undone:
			out[e.Data["undoes"]] = true
		}
	}
	return out
}

// bubbles are what customer and desk said to each other: no word of a team's
// thread and no note.
func (f *Form) bubbles(l string, messages []balie.Message) []bubble {
	var out []bubble
	for _, m := range messages {
		if m.Side != balie.CustomerSide || !m.Handout.IsZero() || m.At.After(f.Now()) { // not said yet
			continue
		}
		b := bubble{Mine: m.Direction == balie.In, When: f.moment(l, m.At), Language: m.Language}
		if b.Language == "" {
			b.Language = l
		}
		for _, p := range m.Parts {
			if !p.Inline {
				b.Files = append(b.Files, p.Name)
			}
		}
		if b.Mine {
			b.Who, b.Said = f.Texts.Text(l, "status.you"), m.Text
		} else {
			b.Who, b.Wrote = f.Texts.Text(l, "status.desk_name"), ui.Markdown(m.Text)
			if m.From.Name != "" {
				b.Who = m.From.Name
			}
		}
		out = append(out, b)
	}
	if len(out) > maxShown {
		out = out[len(out)-maxShown:]
	}
	return out
}

// moment is a time as people say it: today without the day.
func (f *Form) moment(l string, t time.Time) string {
	t = t.In(f.Zone)
	if f.today(t) {
		if l == "en" {
			return t.Format("15:04")
		}
		return t.Format("15.04") + " uur"
	}
	return i18n.Moment(l, t)
}

func (f *Form) today(t time.Time) bool {
	const day = "2006-01-02"
	return t.In(f.Zone).Format(day) == f.Now().In(f.Zone).Format(day)
}

// reply takes in what the customer writes on the page. The link proves whose
// request it is.
func (f *Form) reply(c *fiber.Ctx, sink channels.Sink) error {
	found, err := f.open(c)
	if err != nil {
		return err
	}
	if found.request.ID.IsZero() {
		return fmt.Errorf("reply to what is not decided yet: %w", balie.ErrNotFound)
	}
	v, err := url.ParseQuery(string(c.Body()))
	if err != nil || !strings.HasPrefix(c.Get(fiber.HeaderContentType), fiber.MIMEApplicationForm) {
		return fiber.ErrUnsupportedMediaType
	}
	ui.Speak(c, v.Get("lang"))
	l := ui.Language(c)
	p := statusPage{Token: v.Get("token"), Text: strings.TrimSpace(v.Get("text"))}
	id, err := f.Tokens.ParseLink(token.Form, p.Token, f.Now())
	switch {
	case err != nil:
		p.Token, p.Fault = f.fresh(), f.Texts.Text(l, "form.stale")
	case p.Text == "":
		p.Fault = f.Texts.Text(l, "status.reply_missing")
	case utf8.RuneCountInString(p.Text) > textLetters:
		p.Fault = f.Texts.Text(l, "form.text_long", "most", strconv.Itoa(textLetters))
	}
	if p.Fault != "" {
		c.Status(fiber.StatusUnprocessableEntity)
		return f.renderStatus(c, found, p)
	}
	leave, err := f.door.Enter()
	var receipt balie.Receipt
	if err == nil {
		defer leave()
		err = f.admit(c, "", f.Now())
	}
	if err == nil {
		d := document{Via: "status", Language: l, Text: p.Text, Request: found.request.ID.String()}
		receipt, err = f.ask(c, sink, id, d, nil)
	}
	if err != nil {
		status, key := f.wait(c, err)
		if status == 0 {
			return err
		}
		c.Status(status)
		p.Fault = f.Texts.Text(l, key)
		return f.renderStatus(c, found, p)
	}
	if !receipt.Request.IsZero() && receipt.Request != found.request.ID { // it follows up as a question of its own
		return c.Redirect(f.statusPath(receipt.Message)+"?lang="+l+"&sent=1#messages", fiber.StatusSeeOther)
	}
	return c.Redirect("/s/"+c.Params("token")+"?lang="+l+"&sent=1#messages", fiber.StatusSeeOther)
}
