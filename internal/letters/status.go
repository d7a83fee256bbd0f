package letters

import (
	"strings"
	"time"

	"github.com/balie/balie"
)

// What a team can answer to the question how it stands, as its page takes it
// (query "answer"), in the order of the letter.
var StatusAnswers = []string{"on_schedule", "later", "done", "need"}

// StatusRequest asks whoever has a hand-out how it stands, with a link for each
// answer to its own page. It goes in the thread of the hand-out; without a
// public URL a reply to it is the answer.
func (w *Writer) StatusRequest(h balie.Handout, s Summary, now time.Time) Letter {
	l := s.Language
	due := s.Due
	if due.IsZero() {
		due = h.Due
	}
	key := "mail.status_intro"
	switch {
	case due.IsZero():
		key = "mail.status_intro_plain"
	case now.After(due):
		key = "mail.status_intro_late"
	}
	all := []string{w.texts.Text(l, key, "moment", w.moment(l, due)), w.texts.Text(l, "mail.status_about", "product", escape(w.about(s)))}
	if page := w.HandoutLink(h.ID, now); page != "" {
		var answers strings.Builder
		for _, a := range StatusAnswers {
			answers.WriteString("- [" + w.texts.Text(l, "mail.status_"+a) + "](" + page + "?answer=" + a + ")\n")
		}
		all = append(all, answers.String())
	}
	all = append(all, w.texts.Text(l, "mail.status_reply"), w.texts.Text(l, "mail.bye", "desk", w.desk(l)))
	return Letter{Subject: w.teamSubject(s), Text: strings.Join(all, "\n\n")}
}

// about is what a hand-out is about, as its letters call it.
func (w *Writer) about(s Summary) string {
	if s.Product.ID == "" {
		return w.texts.Text(s.Language, "mail.subject")
	}
	return s.Product.Name(s.Language)
}
