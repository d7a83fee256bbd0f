package letters

import (
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/token"
)

// Scores are what a customer can give, from the worst to the best.
const (
	WorstScore = 1
	BestScore  = 5
)

// noMoreDays is how long the way out of surveys holds: whoever finds an old
// letter still finds it.
const noMoreDays = 3 * 365

// Survey asks a customer how it went: one link for each score, good for a
// number of days, and the way to be asked no more, which goes in the letter's
// header too. It names the reference and nothing that anybody typed but the
// reader's own subject. Without a public URL there is nothing to ask with: the
// zero Letter.
func (w *Writer) Survey(r balie.Request, to Reader, person balie.ID, days int, now time.Time) Letter {
	link := w.SurveyLink(r.ID, days, now)
	if link == "" {
		return Letter{}
	}
	l := to.Language
	var scores strings.Builder
	for n := BestScore; n >= WorstScore; n-- {
		score := strconv.Itoa(n)
		scores.WriteString("- [" + w.texts.Text(l, "mail.survey_score_"+score) + "](" + link + "/" + score + ")\n")
	}
	all := []string{w.hello(to), w.texts.Text(l, "mail.survey", "ref", r.Ref), scores.String(), w.texts.Text(l, "mail.survey_reopen")}
	all = append(all, w.texts.Text(l, "mail.bye", "desk", w.desk(l)), "---")
	out := Letter{Subject: w.texts.Text(l, "mail.survey_subject")}
	if to.Subject != "" {
		out.Subject = to.Subject
	}
	if !person.IsZero() {
		out.Unsubscribe = w.NoMoreLink(person, now)
		all = append(all, w.texts.Text(l, "mail.survey_stop", "link", out.Unsubscribe))
	}
	out.Text = strings.Join(all, "\n\n")
	return out
}

// SurveyLink is the secret address at which a request is rated within a number
// of days, or "" without a public URL; "/4" behind it is a score.
func (w *Writer) SurveyLink(request balie.ID, days int, now time.Time) string {
	if w.o.PublicURL == "" {
		return ""
	}
	return w.o.PublicURL + "/a/" + w.tokens.Link(token.Survey, request, now.AddDate(0, 0, days))
}

// NoMoreLink is the secret address at which a person ends surveys, or "".
func (w *Writer) NoMoreLink(person balie.ID, now time.Time) string {
	if w.o.PublicURL == "" {
		return ""
	}
	return w.o.PublicURL + "/u/" + w.tokens.Link(token.NoMore, person, now.AddDate(0, 0, noMoreDays))
}
