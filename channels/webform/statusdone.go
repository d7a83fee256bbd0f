package webform

import (
	"slices"
	"strconv"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
)

// rating is how a customer can say how it went. The form posts to the desk's
// own page: this one changes nothing.
type rating struct {
	Path   string
	Scores []scoreBox
	Fault  string // at the scores; only the desk's page has one
	Until  string
	// Whole: the words go with the score or reopen, in one form. Else what is
	// written is a reply and stands apart.
	Whole bool
}

// Whole reports whether the one form is for both.
func (p statusPage) Whole() bool { return p.Rate != nil && p.Rate.Whole }

// scoreBox is one score that can be chosen.
type scoreBox struct {
	N, Name string
	On      bool
}

// done says what can still be done with a request that is answered or closed:
// say how it went, open it again, or ask on.
func (f *Form) done(p *statusPage, l string, r balie.Request, events []balie.Event) {
	text := func(key string, pairs ...string) string { return f.Texts.Text(l, "status."+key, pairs...) }
	until := f.Promises.Reopens(r, events)
	late := !until.IsZero() && f.Now().After(until)
	switch {
	case late:
		p.Write, p.Button, p.Hint = "status.follow", "status.follow_send", text("follow_hint", "ref", r.Ref)
	case !until.IsZero():
		p.Button, p.Hint = "status.reopen", text("reopen_until", "day", i18n.Day(l, until.In(f.Zone)))
	default:
		p.Button = "status.reopen"
	}
	last, ok := f.Promises.Rates(r, f.Now())
	switch given := scored(events); {
	case given > 0:
		p.Given = text("given", "score", strconv.Itoa(given))
	case ok:
		p.Rate = &rating{Path: "/a/" + f.Tokens.Link(token.Survey, r.ID, last), Whole: p.Done && !late,
			Until: f.Texts.Text(l, "survey.until", "day", i18n.Day(l, last.In(f.Zone)))}
		for n := 1; n <= 5; n++ {
			s := strconv.Itoa(n)
			p.Rate.Scores = append(p.Rate.Scores, scoreBox{N: s, Name: f.Texts.Text(l, "survey.score_"+s)})
		}
	}
}

// scored is the score that was given since it was last reopened; 0: none.
func scored(events []balie.Event) int {
	for _, e := range slices.Backward(events) {
		switch e.What {
		case balie.Rated:
			n, _ := strconv.Atoi(e.Data["score"])
			return n
		case balie.Reopened:
			return 0
		}
	}
	return 0
}
