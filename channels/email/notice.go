package email

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"strings"
)

// note says why a mail comes in as a note of ours.
type note string

const (
	noteTooLarge   note = "too large"
	noteUnreadable note = "cannot be fetched"
)

// where is the mail that a note stands for.
type where struct {
	meta
	Account, Folder string
	Limit           int64
}

// piece is a text of a mail as it is encoded there.
type piece struct {
	kind, charset, encoding string
	body                    []byte
}

// notice makes a mail that stands for one that does not come in whole: the
// headers that say who wrote, when and about what, a note for people, the text
// where that could be had (it may be nil), and the whole header as it was.
func notice(kind note, w where, head []byte, text *piece) []byte {
	var b bytes.Buffer
	fields := headerFields(head)
	for _, f := range fields {
		if !structural(f) {
			b.Write(f)
		}
	}
	if len(fields) == 0 {
		fmt.Fprintf(&b, "Subject: Mail %d in %s (%s)\r\n", w.uid, printable(w.Folder), kind)
		if !w.at.IsZero() {
			fmt.Fprintf(&b, "Date: %s\r\n", w.at.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
		}
	}
	sum := sha256.Sum256(append([]byte(w.Account+"\x00"+w.Folder+"\x00"+string(kind)), head...))
	boundary := fmt.Sprintf("balie-note-%x", sum[:12])
	fmt.Fprintf(&b, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%q\r\n\r\n", boundary)
	fmt.Fprintf(&b, "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n", boundary, crlf(words(kind, w)))
	if text != nil {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: %s; charset=%q\r\nContent-Transfer-Encoding: %s\r\n\r\n", boundary,
			text.kind, cmp.Or(token(text.charset), "us-ascii"), cmp.Or(token(text.encoding), "7bit"))
		b.WriteString(crlf(strings.ReplaceAll(string(text.body), boundary, "")))
		b.WriteString("\r\n")
	}
	if len(head) > 0 {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: text/rfc822-headers\r\nContent-Disposition: attachment; filename=\"headers.txt\"\r\n\r\n", boundary)
		b.WriteString(crlf(strings.ReplaceAll(string(head), boundary, "")))
		b.WriteString("\r\n")
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.Bytes()
}

// words is the note itself, in both languages: whose desk it is, is not known
// here.
func words(kind note, w where) string {
	place := fmt.Sprintf("%s, %s, UID %d", printable(w.Account), printable(w.Folder), w.uid)
	if kind == noteTooLarge {
		size, limit := w.size>>20, w.Limit>>20
		return fmt.Sprintf("[balie] Deze mail is te groot om over te nemen (%d MiB; de grens is %d MiB). De bijlagen staan in de mailbox (%s).\n\n"+
			"[balie] This mail is too large to take in (%d MiB; the limit is %d MiB). Its files are in the mailbox (%s).\n",
			size, limit, place, size, limit, place)
	}
	return fmt.Sprintf("[balie] Deze mail is niet op te halen, ook niet na herhaald proberen. Kijk ernaar in de mailbox zelf (%s).\n\n"+
		"[balie] This mail cannot be fetched, also after trying again and again. Please look at it in the mailbox itself (%s).\n", place, place)
}

// headerFields splits a header into its fields, each with its continuation
// lines and CRLF. Lines that are no field are left out.
func headerFields(head []byte) [][]byte {
	var out [][]byte
	ok := false
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if ok {
				n := len(out) - 1
				out[n] = append(append(out[n], line...), '\r', '\n')
			}
			continue
		}
		if ok = isField(line); ok {
			out = append(out, append(bytes.Clone(line), '\r', '\n'))
		}
	}
	return out
}

// isField reports whether a line begins with a field name (RFC 5322 section 2.2).
func isField(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	if i < 1 {
		return false
	}
	for _, c := range bytes.TrimRight(line[:i], " \t") {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// token is a value that a server gave, when it can stand in a header as it is.
func token(s string) string {
	for i := range len(s) {
		if !atom(rune(s[i])) {
			return ""
		}
	}
	if len(s) > 40 {
		return ""
	}
	return s
}

// structural reports whether a field says how the body is built.
func structural(field []byte) bool {
	name, _, _ := bytes.Cut(field, []byte(":"))
	n := strings.ToLower(strings.TrimSpace(string(name)))
	return n == "mime-version" || strings.HasPrefix(n, "content-")
}

// crlf makes every line end CRLF, whatever it was.
func crlf(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.ReplaceAll(s, "\n", "\r\n")
}
