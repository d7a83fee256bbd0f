package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/peers"
)

// letter is what a customer, a team or a lead got, as they got it.
type letter struct {
	to       string // an address, or a Slack channel
	subject  string // in Slack the first line
	text     string
	msgID    string
	kind     string // which of the desk's letters it is: answer, ask, offer, handedout, receipt, team, alert
	language string
	refs     []string // the numbers it names
}

// The desk's letters, by the text that only they have.
var letterKinds = []struct {
	kind string
	keys []string
}{
	{"team", []string{"mail.team_intro"}},
	{"alert", []string{"mail.alert"}},
	{"answer", []string{"mail.answer_intro"}},
	{"ask", []string{"mail.ask_intro"}},
	{"offer", []string{"mail.offer_intro"}},
	{"handedout", []string{"mail.handed_out", "mail.handed_out_plain", "mail.handed_out_urgent"}},
	{"receipt", []string{"mail.receipt", "mail.reopened"}},
	{"guard", []string{"mail.guard_delay", "mail.guard_delay_plain", "mail.guard_delay_late", "mail.guard_delay_late_plain", "mail.guard_progress", "mail.guard_progress_plain", "mail.guard_remind", "mail.guard_remind_plain"}},
}

// letterKind says which letter a text is and in which language, by the fixed
// words around its placeholders; "" when it is none.
func letterKind(texts *i18n.Texts, text string) (kind, language string) {
	text = plainWords(text)
	for _, k := range letterKinds {
		for _, key := range k.keys {
			for _, l := range i18n.Languages {
				if holdsAll(text, placeholder.Split(texts.Text(l, key), -1)) {
					return k.kind, l
				}
			}
		}
	}
	return "", ""
}

var (
	placeholder = regexp.MustCompile(`\{[a-z_]+\}`)
	refWords    = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4,16}-[0-9A-HJKMNP-TV-Z]\b`)
)

// holdsAll reports whether all parts stand in text in this order.
func holdsAll(text string, parts []string) bool {
	for _, p := range parts {
		p = plainWords(p)
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return true
}

// plainWords is text without markup and line ends: mail, Slack and the texts
// themselves differ in those.
func plainWords(s string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("*", "", "_", "", ">", "", "&gt;", "", "\n", " ").Replace(s)), " ")
}

// newLetters are what balie sent since the last look, by mail and in Slack.
func (w *world) newLetters() []letter {
	var out []letter
	all := w.mail.Transactions()
	for _, t := range all[w.looked:] {
		if !t.Accepted || t.User == "" { // only balie logs in
			continue
		}
		for _, to := range t.To {
			out = append(out, w.readMail(to, t.Data))
		}
	}
	w.looked = len(all)
	slices.Sort(w.slacks)
	for _, channel := range slices.Compact(w.slacks) {
		posted := w.slack.Posted(channel)
		for _, m := range posted[w.posts[channel]:] {
			out = append(out, w.readPost(channel, m))
		}
		w.posts[channel] = len(posted)
	}
	return out
}

func (w *world) readPost(channel string, m peers.SlackMessage) letter {
	l := letter{to: "#" + channel, subject: firstSentence(m.Text), text: m.Text, msgID: "slack:" + channel + ":" + m.TS}
	l.kind, l.language = letterKind(w.app.texts, m.Text)
	l.refs = refWords.FindAllString(m.Text, -1)
	return l
}

// firstSentence is the first line of a post after its greeting.
func firstSentence(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.ReplaceAll(line, "*", ""))
		if line != "" && !strings.HasSuffix(line, ",") {
			return line
		}
	}
	return text
}

// readMail reads a letter as a mail program shows it.
func (w *world) readMail(to string, data []byte) letter {
	l := letter{to: to}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		l.subject = "(cannot be read: " + err.Error() + ")"
		return l
	}
	l.msgID = strings.Trim(m.Header.Get("Message-ID"), "<> ")
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		l.subject = m.Header.Get("Subject")
	}
	l.text = textOf(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	l.kind, l.language = letterKind(w.app.texts, l.text)
	l.refs = refWords.FindAllString(l.subject, -1)
	return l
}

// textOf is the plain text of a body.
func textOf(contentType, encoding string, body io.Reader) string {
	kind, params, err := mime.ParseMediaType(contentType)
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err != nil {
				return ""
			}
			if s := textOf(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); s != "" {
				return s
			}
		}
	}
	if err == nil && kind != "text/plain" {
		return ""
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return ""
	}
	return string(b)
}
