package letters

import (
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// Digest is what a team has in hand at the beginning of its day.
type Digest struct {
	Team     balie.Team
	Language string
	Parts    []DigestPart // those that have lines, the most pressing first; each hand-out in one
}

// DigestKind says why a hand-out stands where it does in a digest.
type DigestKind string

// The parts of a digest, in their order.
const (
	DigestLate   DigestKind = "late"   // due before now
	DigestToday  DigestKind = "today"  // due before the day is over
	DigestSilent DigestKind = "silent" // the desk has heard nothing for too long
	DigestOpen   DigestKind = "open"   // the rest
)

// DigestPart is the hand-outs of one kind.
type DigestPart struct {
	Kind  DigestKind
	Lines []DigestLine
}

// DigestLine is one hand-out.
type DigestLine struct {
	Handout balie.ID
	Ref     string
	About   string    // the product; "" when it has none
	Due     time.Time // zero: no moment was said
	Said    time.Time // when its team last said something; since it got it when it never did
	Urgent  bool
}

// Len is how many hand-outs are in it.
func (d Digest) Len() int {
	n := 0
	for _, p := range d.Parts {
		n += len(p.Lines)
	}
	return n
}

// digestMost is how many hand-outs a letter names: nobody reads more in a
// morning, and Slack takes no longer message.
const digestMost = 40

// Digest is the letter with a team's day: what is late, due today, silent, and
// the rest, each with the link to its own page. A list, not a table: it reads
// the same on a phone, in Slack, and in a mail without markup.
func (w *Writer) Digest(d Digest, now time.Time) Letter {
	l := d.Language
	n := d.Len()
	all := []string{w.texts.Text(l, "mail.digest", "n", strconv.Itoa(n))}
	if n == 1 {
		all[0] = w.texts.Text(l, "mail.digest_one")
	}
	left := digestMost
	for _, p := range d.Parts {
		shown := p.Lines[:min(len(p.Lines), left)]
		if left -= len(shown); len(shown) == 0 {
			continue
		}
		var lines strings.Builder
		for _, x := range shown {
			lines.WriteString("- " + w.digestLine(l, p.Kind, x, now) + "\n")
		}
		head := w.texts.Text(l, "mail.digest_"+string(p.Kind), "n", strconv.Itoa(len(p.Lines)))
		all = append(all, "**"+head+"**", lines.String())
	}
	if n > digestMost {
		all = append(all, w.texts.Text(l, "mail.digest_more", "n", strconv.Itoa(n-digestMost)))
	}
	all = append(all, w.texts.Text(l, "mail.digest_close"), w.texts.Text(l, "mail.bye", "desk", w.desk(l)))
	return Letter{
		Subject: w.texts.Text(l, "mail.digest_subject", "team", d.Team.Name(l), "n", strconv.Itoa(n), "day", w.Day(l, now)),
		Text:    strings.Join(all, "\n\n"),
	}
}

// digestLine is one hand-out in words: what, which, and what is pressing.
func (w *Writer) digestLine(l string, kind DigestKind, x DigestLine, now time.Time) string {
	key := "mail.digest_due"
	switch {
	case kind == DigestLate:
		key = "mail.digest_due_late"
	case kind == DigestSilent:
		key = "mail.digest_said"
	case x.Due.IsZero():
		key = "mail.digest_undue"
	}
	about := escape(x.About)
	if about == "" {
		about = w.texts.Text(l, "mail.digest_untitled")
	}
	line := "**" + x.Ref + "** " + about + ": " + w.texts.Text(l, key, "moment", w.moment(l, x.Due), "since", w.moment(l, x.Said))
	if x.Urgent {
		line = w.texts.Text(l, "mail.digest_urgent") + " " + line
	}
	if page := w.HandoutLink(x.Handout, now); page != "" {
		line += " [" + w.texts.Text(l, "mail.digest_link") + "](" + page + ")"
	}
	return line
}
