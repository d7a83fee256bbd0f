package normalize

import (
	"strings"

	"github.com/balie/balie"
)

// Line is one message as the command `balie normalize --json` prints it.
type Line struct {
	File        string     `json:"file"`
	Subject     string     `json:"subject"`
	FromEmail   string     `json:"from_email"`
	FromName    string     `json:"from_name"`
	Text        string     `json:"text"` // the whole text
	HTML        string     `json:"html,omitempty"`
	ReplyText   string     `json:"reply_text"` // without quotes and signature
	Attachments []LineFile `json:"attachments"`
	Language    string     `json:"language"`
	Auto        bool       `json:"auto"` // never to be answered automatically
	Bounce      bool       `json:"bounce"`
	DSN         string     `json:"dsn"`
	Hard        bool       `json:"hard"`
	List        bool       `json:"list"`
	Warnings    []string   `json:"warnings,omitempty"`
	Error       string     `json:"error,omitempty"`
}

// LineFile is one file of a Line.
type LineFile struct {
	Name   string `json:"filename"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// LineOf is the line of a message that came out of the named file. err is for
// originals that could not be read at all.
func LineOf(file string, m balie.Message, err error) Line {
	l := Line{
		File: file, Subject: m.Subject, FromEmail: m.From.Value, FromName: m.From.Name,
		Text: m.Full, HTML: m.HTML, ReplyText: m.Text, Attachments: []LineFile{}, Language: m.Language,
		Auto: m.Auto != "" || m.NoReply != "" && m.NoReply != noSender, List: m.Auto == balie.AutoBulk, Warnings: m.Warnings,
	}
	if l.Text == "" {
		l.Text = m.Text
	}
	if b := m.Bounce; b != nil {
		l.Bounce, l.DSN, l.Hard = true, b.Status, b.Hard
	}
	for _, p := range m.Parts {
		l.Attachments = append(l.Attachments, LineFile{p.Name, p.Size, p.SHA256})
	}
	if err != nil {
		l.Error = err.Error()
	}
	return l
}

// LineOfText is the line of a bare text, or of bare HTML when the name ends so.
func LineOfText(name, text string) Line {
	low := strings.ToLower(name)
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n")
	l := Line{File: name, Attachments: []LineFile{}}
	if strings.HasSuffix(low, ".html") || strings.HasSuffix(low, ".htm") {
		l.HTML = SanitizeHTML(text)
		text = TextOfHTML(text)
	}
	l.Text = text
	l.ReplyText, _ = Reply(text)
	l.Language = Language(l.ReplyText)
	return l
}
