package normalize

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"github.com/balie/balie"
)

// submission is what a form or the API took in, as channels/webform writes it.
type submission struct {
	Version  int               `json:"v"`
	Via      string            `json:"via"` // page, status, api
	Name     string            `json:"name"`
	Email    string            `json:"email"`
	Phone    string            `json:"phone"`
	Subject  string            `json:"subject"`
	Text     string            `json:"text"`
	Language string            `json:"language"`
	Product  string            `json:"product"`
	Fields   map[string]string `json:"fields"`
	Request  string            `json:"request"` // a reply from the status page
	Suspect  []string          `json:"suspect"`
	Digest   string            `json:"digest"`
}

const (
	// formBytes bounds the document of a submission: its texts have limits of
	// their own when they are taken in, files are kept apart.
	formBytes = 4 << 20
	// subjectWords and subjectBytes are how much of the text becomes the
	// subject when there is none.
	subjectWords, subjectBytes = 10, 80
)

// form reads a submission. Fields of the message hold what the form asked:
// "name", "phone", "product", the ids of product fields; "request" only when
// the channel proved whose page it came from; "suspect" when a machine may
// have filled it in.
func (n *Normalizer) form(raw balie.Raw, open Open) (balie.Message, error) {
	m := base(raw)
	in, err := readSubmission(open)
	if err != nil {
		return m, fmt.Errorf("read form: %w", err)
	}
	m.Text = tidy(in.Text)
	m.Subject = formLine(in.Subject)
	if m.Subject == "" {
		m.Subject = firstWords(m.Text)
	}
	m.Language, m.Digest = in.Language, in.Digest
	m.Fields = fieldsOf(in, raw)
	if len(in.Suspect) > 0 {
		m.NoReply = "the form may have been filled in by a machine: " + strings.Join(in.Suspect, ", ")
	}
	m.From, err = n.whoWrote(in, raw)
	return m, err
}

func readSubmission(open Open) (submission, error) {
	var in submission
	r, err := open()
	if err != nil {
		return in, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, formBytes+1))
	if err != nil {
		return in, err
	}
	if len(b) > formBytes {
		return in, fmt.Errorf("longer than %d bytes", formBytes)
	}
	return in, json.Unmarshal(b, &in)
}

// reserved are the names in Message.Fields that only balie itself writes.
var reserved = map[string]bool{"request": true, "suspect": true, "name": true, "phone": true, "email": true, "product": true}

func fieldsOf(in submission, raw balie.Raw) map[string]string {
	fields := map[string]string{}
	for id, v := range in.Fields {
		if !reserved[id] && id != "" {
			fields[formLine(id)] = tidy(v)
		}
	}
	own := map[string]string{"name": in.Name, "phone": in.Phone, "product": in.Product, "suspect": strings.Join(in.Suspect, ",")}
	if raw.Verified {
		own["request"] = in.Request
	}
	maps.DeleteFunc(own, func(_, v string) bool { return v == "" })
	for k, v := range own {
		fields[k] = formLine(v)
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}

// whoWrote is the mail address when it is one, else the phone number, else
// somebody who only has the status page. The error says what was unreadable.
func (n *Normalizer) whoWrote(in submission, raw balie.Raw) (balie.Address, error) {
	name := formLine(in.Name)
	if raw.Verified && !raw.Sender.IsZero() {
		return raw.Sender, nil
	}
	var unread error
	if in.Email != "" {
		if a, ok := mailAddress(in.Email); ok {
			return balie.Address{Scheme: balie.Mail, Value: a, Name: name}, nil
		}
		unread = errors.New("the mail address cannot be read")
	}
	if in.Phone != "" {
		if tel, ok := e164(in.Phone, n.opts.Country); ok {
			return balie.Address{Scheme: balie.Tel, Value: tel, Name: name}, unread
		}
		unread = errors.Join(unread, errors.New("the phone number cannot be read"))
	}
	return balie.Address{Scheme: balie.Web, Name: name}, unread
}

// mailAddress is a bare address local@domain, lower-cased.
func mailAddress(s string) (string, bool) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > 254 || strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsAny(s, " \"<>") {
		return "", false
	}
	_, domain, _ := strings.Cut(s, "@")
	if !strings.Contains(domain, ".") || strings.HasPrefix(domain, "[") {
		return "", false
	}
	return strings.ToLower(s), true
}

func e164(s, country string) (string, bool) {
	if len(s) > 40 {
		return "", false
	}
	num, err := phonenumbers.Parse(s, strings.ToUpper(country))
	if err != nil || !phonenumbers.IsValidNumber(num) {
		return "", false
	}
	return phonenumbers.Format(num, phonenumbers.E164), true
}

// tidy makes line ends \n and drops what no person typed: controls and the
// marks that turn the direction of text around.
func tidy(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), '\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069':
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// formLine is tidy text without line ends, for subjects and names.
func formLine(s string) string { return strings.Join(strings.Fields(tidy(s)), " ") }

// firstWords is the start of a text, for who has no subject.
func firstWords(text string) string {
	words := strings.Fields(text)
	cut := len(words) > subjectWords
	if cut {
		words = words[:subjectWords]
	}
	s := strings.Join(words, " ")
	if len(s) > subjectBytes {
		s, cut = s[:subjectBytes], true
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	if cut {
		s = strings.TrimRight(s, " ,.;:") + "…"
	}
	return s
}
