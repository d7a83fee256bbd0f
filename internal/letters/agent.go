package letters

import (
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
)

// Reply is an agent's words to the customer, as written, with the agent's name
// and the desk's under them, and below a line the number and the link.
func (w *Writer) Reply(r balie.Request, to Reader, text, agent string, now time.Time) Letter {
	l := to.Language
	all := []string{asTyped(text), w.signature(l, agent), "---", w.texts.Text(l, "mail.reference", "ref", r.Ref)}
	if link := w.StatusLink(r.ID, now); link != "" {
		all = append(all, w.texts.Text(l, "mail.status_link", "link", link))
	}
	subject := to.Subject
	if subject == "" {
		subject = w.texts.Text(l, "mail.subject")
	}
	return Letter{Subject: subject, Text: strings.Join(all, "\n\n")}
}

// asTyped keeps the lines of what somebody typed: Markdown would run them
// together.
func asTyped(text string) string {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r", "")), "\n")
	for i, l := range lines {
		if l = strings.TrimRight(l, " \t"); l != "" && i < len(lines)-1 {
			l += "  "
		}
		lines[i] = l
	}
	return strings.Join(lines, "\n")
}

func (w *Writer) signature(language, agent string) string {
	if agent == "" {
		return w.texts.Text(language, "mail.bye", "desk", w.desk(language))
	}
	return w.texts.Text(language, "mail.bye_agent", "agent", escape(agent), "desk", w.desk(language))
}

// Day is a day as people write it in a language, in the desk's zone.
func (w *Writer) Day(language string, t time.Time) string {
	return i18n.Day(language, t.In(w.o.Zone))
}

// Moment is a day and time as people write it in a language, in the desk's zone.
func (w *Writer) Moment(language string, t time.Time) string { return w.moment(language, t) }

// Desk is the desk's name in a language.
func (w *Writer) Desk(language string) string { return w.desk(language) }
