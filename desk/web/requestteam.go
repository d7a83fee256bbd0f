package web

import (
	"html/template"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

// teamPage is what requestteam.html shows: a request as a team member sees it,
// its own hand-outs and nothing between desk and customer.
type teamPage struct {
	shell
	Path, Ref string
	Team      string
	Fault     string
	Handouts  []teamHandout
}

// teamHandout is one hand-out of the member's teams.
type teamHandout struct {
	ID, Team, State, Due string
	Late, Open, Accepted bool
	Letter               template.HTML
	Lines                []line
	Text, Until          string
}

func (w *Web) teamRequest(c *fiber.Ctx, s auth.Session, v desk.RequestView, in typed) error {
	g := w.pager(c, s, v)
	g.in = in
	p := teamPage{shell: g.around(c, s), Path: g.path, Ref: v.Request.Ref, Fault: in.fault}
	for _, h := range v.Handouts {
		t := teamHandout{ID: h.ID.String(), Team: w.Teams(h.Team, g.l), State: w.Texts.Text(g.l, "handout.state_"+string(h.State)), Open: h.Open(),
			Accepted: h.State == balie.Accepted, Late: h.Overdue}
		if !h.Due.IsZero() {
			t.Due = i18n.Moment(g.l, h.Due.In(w.Zone))
		}
		for _, e := range h.Entries {
			if e.Message != nil && e.Message.ID == h.ID {
				t.Letter = ui.Markdown(withoutKeys(e.Message.Text))
				continue
			}
			if l, ok := g.line(e); ok {
				t.Lines = append(t.Lines, g.toTeam(l, e))
			}
		}
		if in.form != nil && in.form.Key == t.ID {
			t.Text, t.Until = in.form.Text, values(g.c).Get("until")
		}
		p.Team = t.Team
		p.Handouts = append(p.Handouts, t)
	}
	p.Notice, _ = g.notice()
	return w.UI.Render(c, "requestteam", p)
}

// toTeam is a line as its team sees it: the desk speaks with one voice, and
// nothing leads to what the team may not see.
func (g *pager) toTeam(l line, e desk.Entry) line {
	l.Split, l.Share, l.Undo, l.Original = false, false, 0, ""
	if e.Message == nil {
		return l
	}
	if e.Message.Direction == balie.Out {
		l.Who, l.Av = g.Texts.Text(g.l, "handout.desk"), ""
		l.Initials = initials(l.Who)
	} else {
		l.Av = "b"
	}
	l.Kind, l.Meta = "", l.Time
	return l
}

// teamAct is what a team does with its hand-out.
func (w *Web) teamAct(x doing) (string, uint64, error) {
	h, err := x.handout()
	if err != nil {
		return "", 0, err
	}
	in := desk.HandoutAct{Act: x.form.Get("act"), Words: x.form.Get("text"), Until: w.until(x.form.Get("until"))}
	return "team_done", 0, w.Desk.TeamDo(x.c.UserContext(), x.a, x.id, h, in, w.Now())
}
