package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// letter is a mail to be written. Its texts may come from strangers; nothing in
// it can end a header line or begin another part.
type letter struct {
	FromName, ToName string
	From, To         envelope
	Subject          string
	Date             time.Time
	MsgID            string   // without <>
	Thread           []string // newest first, without <>
	Auto             bool
	Loop             string // who we are, so that we know our own mail
	Text, HTML       string // HTML may be empty
	Unsubscribe      string // where whoever gets it ends letters like it; "" where nobody can
	Files            []attachment
}

// attachment is a file that goes with a mail.
type attachment struct {
	Name, Type string
	Body       []byte
}

// compose writes a mail. The same letter gives the same bytes, so that a second
// copy can be known as one.
func compose(l letter) []byte {
	var b bytes.Buffer
	field(&b, "From", addressHeader(l.FromName, l.From.value))
	field(&b, "To", addressHeader(l.ToName, l.To.value))
	field(&b, "Subject", phrase(l.Subject))
	field(&b, "Date", l.Date.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	field(&b, "Message-ID", "<"+l.MsgID+">")
	if chain := references(l.Thread); len(chain) > 0 {
		fmt.Fprintf(&b, "In-Reply-To: <%s>\r\n", chain[len(chain)-1])
		fmt.Fprintf(&b, "References: <%s>\r\n", strings.Join(chain, ">\r\n <"))
	}
	if l.Auto {
		kind := "auto-generated"
		if len(l.Thread) > 0 {
			kind = "auto-replied"
		}
		field(&b, "Auto-Submitted", kind)
		field(&b, "X-Auto-Response-Suppress", "OOF, AutoReply")
	}
	unsubscribe(&b, l.Unsubscribe)
	if loop := printable(l.Loop); loop != "" {
		field(&b, "X-Balie-Loop", phrase(loop))
	}
	b.WriteString("MIME-Version: 1.0\r\n")
	body(&b, l)
	return b.Bytes()
}

// unsubscribe writes the way out of letters like this one: for mail programs
// that show it (RFC 2369 section 3.2), and by one POST where it is safe (RFC 8058
// section 3.1, which wants https). That the signature of the mail covers both
// lines is the mail server's part.
func unsubscribe(b *bytes.Buffer, address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !isMsgID(u.String()) || strings.Contains(address, ",") {
		return
	}
	fmt.Fprintf(b, "List-Unsubscribe: <%s>\r\n", u)
	if u.Scheme == "https" {
		field(b, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
}

// body writes the text, and beside it the HTML when there is one, and behind
// them the files.
func body(b *bytes.Buffer, l letter) {
	if len(l.Files) == 0 {
		said(b, l)
		return
	}
	outer := boundary(l, "files")
	fmt.Fprintf(b, "Content-Type: multipart/mixed; boundary=%q\r\n\r\n--%s\r\n", outer, outer)
	said(b, l)
	for _, f := range l.Files {
		fmt.Fprintf(b, "\r\n--%s\r\n", outer)
		enclosed(b, f)
	}
	fmt.Fprintf(b, "\r\n--%s--\r\n", outer)
}

// boundary is made of what it bounds, so no text can hold it; files are in
// base64, which has no dash.
func boundary(l letter, of string) string {
	sum := sha256.Sum256([]byte(l.MsgID + "\x00" + l.Text + "\x00" + l.HTML + "\x00" + of))
	return fmt.Sprintf("balie-%x", sum[:15])
}

func said(b *bytes.Buffer, l letter) {
	if l.HTML == "" {
		part(b, "text/plain", l.Text)
		return
	}
	inner := boundary(l, "")
	fmt.Fprintf(b, "Content-Type: multipart/alternative; boundary=%q\r\n\r\n", inner)
	fmt.Fprintf(b, "--%s\r\n", inner)
	part(b, "text/plain", l.Text)
	fmt.Fprintf(b, "\r\n--%s\r\n", inner)
	part(b, "text/html", l.HTML)
	fmt.Fprintf(b, "\r\n--%s--\r\n", inner)
}

// fileNameMost bounds a file's name in a header, in bytes: encoded it is three
// times as long, and a line may have 998 (RFC 5322 section 2.1.1).
const fileNameMost = 200

// enclosed writes one file in base64.
func enclosed(b *bytes.Buffer, f attachment) {
	name := clip(printable(f.Name), fileNameMost)
	if name == "" {
		name = "file"
	}
	fmt.Fprintf(b, "Content-Type: %s\r\n", fileType(f.Type))
	fmt.Fprintf(b, "Content-Disposition: %s\r\n", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
	const line = 57 // bytes, 76 in base64 (RFC 2045 section 6.8)
	for chunk := range slices.Chunk(f.Body, line) {
		b.WriteString(base64.StdEncoding.EncodeToString(chunk) + "\r\n")
	}
}

// fileType is a media type that may stand in a header. Of a mail in a mail
// RFC 2046 section 5.2.1 forbids base64, so it goes as bytes.
func fileType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(t, "/") || strings.HasPrefix(t, "multipart/") || strings.HasPrefix(t, "message/") || !isASCII(t) || len(t) > 100 {
		return "application/octet-stream"
	}
	return t
}

// part writes one text in quoted-printable: lines of at most 76, no bare CR or
// LF whatever the text holds.
func part(b *bytes.Buffer, kind, text string) {
	fmt.Fprintf(b, "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", kind)
	w := quotedprintable.NewWriter(b)
	w.Write([]byte(crlf(plainText(text)))) // a bytes.Buffer takes all
	w.Close()
	if !bytes.HasSuffix(b.Bytes(), []byte("\r\n")) {
		b.WriteString("\r\n")
	}
}

// plainText takes controls out of a body, but for line ends and tabs.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

const (
	foldAt      = 76  // characters in a header line, where it can be folded
	wordMost    = 60  // characters in a word that is not encoded
	subjectMost = 240 // bytes
	nameMost    = 120 // bytes
	idMost      = 250 // bytes; a longer one would not fit a line with its neighbours
	chainLast   = 20  // ids kept of a long chain, besides the first
)

// field writes a header line, folded between words.
func field(b *bytes.Buffer, name, value string) {
	n, _ := fmt.Fprintf(b, "%s:", name)
	for word := range strings.FieldsSeq(value) {
		if n+1+len(word) > foldAt && n > len(name)+1 {
			b.WriteString("\r\n")
			n = 0
		}
		b.WriteString(" " + word)
		n += 1 + len(word)
	}
	b.WriteString("\r\n")
}

// phrase is a text for a header: as it is, or in encoded words when it has
// other than ASCII, something that looks encoded, or a word too long to fold.
func phrase(s string) string {
	s = printable(s)
	long := slices.ContainsFunc(strings.Fields(s), func(w string) bool { return len(w) > wordMost })
	if !long && !strings.Contains(s, "=?") && isASCII(s) {
		return s
	}
	const chunk = 45 // bytes; 60 in base64, 72 with the frame of an encoded word
	var words []string
	for len(s) > 0 {
		n := min(len(s), chunk)
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?B?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

// addressHeader is a name and an address. The name is quoted or encoded, so it
// cannot pass for another address.
func addressHeader(name, address string) string {
	name = clip(printable(name), nameMost)
	if name == "" {
		return "<" + address + ">"
	}
	if p := phrase(name); p != name {
		return p + " <" + address + ">"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" <` + address + ">"
}

// references is the chain of ids oldest first, trimmed to the first and the
// last ones (RFC 5322 section 3.6.4). What is no id is left out.
func references(thread []string) []string {
	var chain []string
	for _, id := range thread {
		if id = strings.Trim(id, "<> "); isMsgID(id) && !slices.Contains(chain, id) {
			chain = append(chain, id)
		}
		if len(chain) > 1000 {
			break
		}
	}
	slices.Reverse(chain)
	if len(chain) > chainLast+1 {
		chain = append(chain[:1:1], chain[len(chain)-chainLast:]...)
	}
	return chain
}

// isMsgID reports whether an id can stand between angle brackets.
func isMsgID(s string) bool {
	if len(s) < 1 || len(s) > idMost {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '<' || s[i] == '>' {
			return false
		}
	}
	return true
}

var replyPrefix = regexp.MustCompile(`(?i)^\s*(re|antw|aw|sv|betr)\s*(\[\d+\])?\s*:\s*`)

// subjectLine is a subject with the reference once, at its end, and Re: once
// when it answers something.
func subjectLine(subject, ref string, answer bool) string {
	tag := ""
	s := printable(subject)
	if ref != "" {
		tag = "[" + ref + "]"
		s = strings.Join(strings.Fields(strings.ReplaceAll(s, tag, " ")), " ")
		tag = " " + tag
	}
	if answer {
		for replyPrefix.MatchString(s) {
			s = replyPrefix.ReplaceAllString(s, "")
		}
		s = strings.TrimSpace("Re: " + s)
	}
	return strings.TrimSpace(clip(s, subjectMost) + tag)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
