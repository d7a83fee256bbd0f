package letters

import (
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
)

// ReplyAddress is where an answer to a message goes: never the Reply-To of an
// unproven mail, which would make balie write to whomever the sender likes.
func ReplyAddress(m balie.Message) balie.Address {
	if !m.ReplyTo.IsZero() && (m.ReplyTo.Scheme == balie.Slack || m.Proof == balie.Proven) {
		return m.ReplyTo
	}
	return m.From
}

// CapKeys are the claims that count automatic letters to an address on a day,
// most of them at the most: the n-th letter claims the n-th key.
func CapKeys(a balie.Address, most int, now time.Time) []string {
	day := now.UTC().Format("20060102")
	keys := make([]string, most)
	for i := range keys {
		keys[i] = "auto:" + day + ":" + strconv.Itoa(i) + ":" + a.Key()
	}
	return keys
}

// Delay tells the customer that what was promised takes longer. next is when
// they hear more; the zero time names none.
func (w *Writer) Delay(r balie.Request, to Reader, p balie.Product, promised, next, now time.Time) Letter {
	key := "mail.guard_delay"
	if !promised.After(now) {
		key = "mail.guard_delay_late"
	}
	return w.frame(r, to, now, w.product(to.Language, key, p, "promised", w.moment(to.Language, promised)), w.hearMore(to.Language, next))
}

// Progress tells the customer that we are still on it. t may be the zero Team:
// then it is with the desk.
func (w *Writer) Progress(r balie.Request, to Reader, p balie.Product, t balie.Team, next, now time.Time) Letter {
	l := to.Language
	with := w.texts.Text(l, "mail.guard_with_desk")
	if t.ID != "" {
		with = w.texts.Text(l, "mail.guard_with_team", "team", escape(t.Name(l)))
	}
	return w.frame(r, to, now, w.product(l, "mail.guard_progress", p), with, w.hearMore(l, next))
}

// hearMore says when the customer hears more; without a moment, that they do.
func (w *Writer) hearMore(language string, next time.Time) string {
	if next.IsZero() {
		return w.texts.Text(language, "mail.guard_hear_more")
	}
	return w.texts.Text(language, "mail.guard_hear_by", "moment", w.moment(language, next))
}

// product is a sentence about a product, or about "your question" without one.
func (w *Writer) product(language, key string, p balie.Product, pairs ...string) string {
	if p.ID == "" {
		return w.texts.Text(language, key+"_plain", pairs...)
	}
	return w.texts.Text(language, key, append(pairs, "product", escape(p.Name(language)))...)
}

// Remind reminds the customer of what was asked: the fields, where they are
// known. closes is when it is closed without an answer; zero: not.
func (w *Writer) Remind(r balie.Request, to Reader, p balie.Product, fields []balie.Field, closes, now time.Time) Letter {
	l := to.Language
	all := []string{w.product(l, "mail.guard_remind", p)}
	if len(fields) > 0 {
		var list strings.Builder
		for i, f := range fields {
			list.WriteString(strconv.Itoa(i+1) + ". " + f.Prompt(l) + "\n")
		}
		all = append(all, list.String())
	}
	all = append(all, w.texts.Text(l, "mail.guard_remind_reply"))
	if !closes.IsZero() {
		all = append(all, w.texts.Text(l, "mail.guard_remind_closes", "day", w.Day(l, closes)))
	}
	return w.frame(r, to, now, all...)
}

// Unanswered tells the customer that their question is closed because we heard
// nothing, and how it goes on when they answer. days are opening days.
func (w *Writer) Unanswered(r balie.Request, to Reader, p balie.Product, days int, now time.Time) Letter {
	return w.frame(r, to, now, w.product(to.Language, "mail.guard_unanswered", p), w.texts.Text(to.Language, "mail.guard_unanswered_reply", "n", strconv.Itoa(days)))
}

// TeamReminder reminds whoever has a hand-out of when it is due.
func (w *Writer) TeamReminder(h balie.Handout, s Summary, now time.Time) Letter {
	l := s.Language
	all := []string{
		w.texts.Text(l, "mail.guard_team", "product", escape(w.about(s)), "moment", w.moment(l, h.Due)),
		w.texts.Text(l, "mail.guard_team_reply"),
	}
	all = append(all, w.teamPage(l, h, now)...)
	all = append(all, w.texts.Text(l, "mail.bye", "desk", w.desk(l)))
	return Letter{Subject: w.teamSubject(s), Text: strings.Join(all, "\n\n")}
}

// Signal tells a lead that something has more requests than its history
// explains.
func (w *Writer) Signal(language, name string, count int, expected float64) Letter {
	about := w.texts.Text(language, "progress.signal", "name", escape(name), "n", strconv.Itoa(count), "expected", decimal(language, expected))
	return Letter{Subject: w.texts.Text(language, "mail.alert_subject"), Text: about + "\n\n" + w.texts.Text(language, "mail.bye", "desk", w.desk(language))}
}

// decimal is a number with one decimal, as people write it.
func decimal(language string, f float64) string {
	text := strconv.FormatFloat(f, 'f', 1, 64)
	if i18n.Language(language) == "nl" {
		return strings.Replace(text, ".", ",", 1)
	}
	return text
}
