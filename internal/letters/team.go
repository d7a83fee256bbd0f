package letters

import (
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/token"
)

// Four is a summary in words, each part plain text of one or more lines; a line
// that begins with "- " is an item of a list.
type Four struct{ Asked, Known, Tried, Missing string }

// Four is the summary as balie would write it, for an agent to go on from.
func (w *Writer) Four(s Summary) Four {
	tried := "mail.team_untold"
	if s.Told {
		tried = "mail.team_tried_text"
	}
	return Four{strings.TrimSpace(s.Asked), w.known(s), w.texts.Text(s.Language, tried), w.missing(s)}
}

// HandOut is the letter to the team.
func (w *Writer) HandOut(r balie.Request, h balie.Handout, s Summary, now time.Time) Letter {
	return w.HandOutAs(r, h, s, w.Four(s), now)
}

// HandOutAs is the letter to the team with a summary that an agent wrote.
func (w *Writer) HandOutAs(r balie.Request, h balie.Handout, s Summary, f Four, now time.Time) Letter {
	l := s.Language
	paragraphs := []string{w.texts.Text(l, "mail.team_intro", "moment", w.moment(l, s.Due)), w.texts.Text(l, "mail.team_asked"), quote(f.Asked)}
	for _, part := range []struct{ head, text string }{
		{"mail.team_known", f.Known}, {"mail.team_tried", f.Tried}, {"mail.team_missing", f.Missing},
	} {
		if strings.TrimSpace(part.text) != "" {
			paragraphs = append(paragraphs, w.texts.Text(l, part.head), lines(part.text))
		}
	}
	paragraphs = append(paragraphs, w.teamPage(l, h, now)...)
	paragraphs = append(paragraphs, w.texts.Text(l, "mail.team_mail"), w.texts.Text(l, "mail.bye", "desk", w.desk(l)))
	return Letter{Subject: w.teamSubject(s), Text: strings.Join(paragraphs, "\n\n")}
}

// ToTeam is an agent's word in the side conversation.
func (w *Writer) ToTeam(h balie.Handout, s Summary, text, agent string, now time.Time) Letter {
	paragraphs := append([]string{asTyped(text), w.signature(s.Language, agent)}, w.teamPage(s.Language, h, now)...)
	return Letter{Subject: w.teamSubject(s), Text: strings.Join(paragraphs, "\n\n")}
}

// Withdrawn tells a team that its hand-out is taken back.
func (w *Writer) Withdrawn(s Summary, reason string) Letter {
	paragraphs := []string{w.texts.Text(s.Language, "mail.team_withdrawn")}
	if reason = strings.TrimSpace(reason); reason != "" {
		paragraphs = append(paragraphs, quote(reason))
	}
	paragraphs = append(paragraphs, w.texts.Text(s.Language, "mail.bye", "desk", w.desk(s.Language)))
	return Letter{Subject: w.teamSubject(s), Text: strings.Join(paragraphs, "\n\n")}
}

func (w *Writer) teamSubject(s Summary) string {
	return w.texts.Text(s.Language, "mail.team_subject", "product", w.about(s), "team", s.Team.Name(s.Language))
}

func (w *Writer) teamPage(language string, h balie.Handout, now time.Time) []string {
	link := w.HandoutLink(h.ID, now)
	if link == "" {
		return nil
	}
	return []string{w.texts.Text(language, "mail.team_page", "link", link)}
}

// HandoutLink is the secret address of the page of whoever got a hand-out, or
// "" without a public URL.
func (w *Writer) HandoutLink(handout balie.ID, now time.Time) string {
	return w.link("/h/", token.Handout, handout, now)
}

func (w *Writer) known(s Summary) string {
	out := []string{"- " + w.texts.Text(s.Language, "mail.team_from", "name", s.From)}
	for _, f := range s.Product.Fields {
		if v := s.Known[f.ID]; v != "" {
			out = append(out, "- "+f.Prompt(s.Language)+" "+v)
		}
	}
	return strings.Join(out, "\n")
}

func (w *Writer) missing(s Summary) string {
	if len(s.Missing) == 0 {
		return w.texts.Text(s.Language, "mail.team_nothing")
	}
	var out []string
	for _, f := range s.Missing {
		out = append(out, "- "+f.Prompt(s.Language))
	}
	return strings.Join(out, "\n")
}

// lines makes plain text Markdown that shows just its characters, with its
// lines and lists kept.
func lines(s string) string {
	var out []string
	for line := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(s, "\r", "")), "\n") {
		if item, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok {
			out = append(out, "- "+escape(item))
			continue
		}
		out = append(out, plainLine(line)+"  ")
	}
	return strings.TrimRight(strings.Join(out, "\n"), " \n")
}

// plainLine is a line whose beginning Markdown would not take for a list or a
// rule.
func plainLine(s string) string {
	s = escape(s)
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") || strings.HasPrefix(s, "=") {
		s = `\` + s
	}
	return s
}

// Quote makes foreign words a Markdown block quote in which nothing is markup.
func Quote(words string) string { return quote(words) }

// Escape makes foreign words plain text on one line of Markdown.
func Escape(words string) string { return escape(words) }
