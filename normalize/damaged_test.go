package normalize

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// Each way a mail can be damaged leaves its words readable.
func TestR3_DamagedMailIsReadable(t *testing.T) {
	const words = "de lift is stuk"
	head := "From: a@b.nl\r\nSubject: Lift\r\n"
	for name, mail := range map[string]string{
		"header line without colon":      head + "dit is geen veld\r\nTo: x@y.nl\r\n\r\n" + words,
		"no empty line after the header": head + words + "\r\n",
		"unknown charset":                head + "Content-Type: text/plain; charset=klingon-8\r\n\r\n" + words,
		"unknown encoding":               head + "Content-Transfer-Encoding: rot13\r\n\r\n" + words,
		"base64 with odd letters":        head + "Content-Transfer-Encoding: base64\r\n\r\nZGUgbG*lmdCBpcyBzdHVr!\r\n",
		"base64 cut off":                 head + "Content-Transfer-Encoding: base64\r\n\r\nZGUgbGlmdCBpcyBzdHVrI",
		"base64 padded in the middle":    head + "Content-Transfer-Encoding: base64\r\n\r\nZGUgbGlmdA==\r\nIGlzIHN0dWs=\r\n",
		"base64 padded within a line":    head + "Content-Transfer-Encoding: base64\r\n\r\nZGUgbGlmdA==IGlzIHN0dWs=\r\n",
		"no end of the multipart":        head + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n" + words,
		"no boundary parameter":          head + "Content-Type: multipart/mixed\r\n\r\n--abcdef\r\nContent-Type: text/plain\r\n\r\n" + words + "\r\n--abcdef--\r\n",
		"boundary never used":            head + "Content-Type: multipart/mixed; boundary=x\r\n\r\n" + words,
		"inner multipart not closed":     head + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\n\r\n" + words + "\r\n--x\r\nContent-Type: image/png\r\n\r\nx\r\n--x--",
		"part without a header":          head + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + words + "\r\n--x--\r\n",
		"mixed line ends":                head + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n\r\n--x\n\n" + words + "\n--x--\n",
		"CR line ends":                   strings.ReplaceAll(head+"\r\n"+words, "\r\n", "\r"),
		"mbox line first":                "From a@b.nl Mon Mar  3 10:12:00 2025\r\n" + head + "\r\n" + words,
		"byte order mark first":          "\xef\xbb\xbf" + head + "\r\n" + words,
		"empty lines first":              "\r\n\r\n" + head + "\r\n" + words,
		"no header at all":               words,
		"space before the colon":         "From : a@b.nl\r\nSubject : Lift\r\n\r\n" + words,
		"broken quoted-printable":        head + "Content-Transfer-Encoding: quoted-printable\r\n\r\nde lift=\r\n is stuk =ZZ =",
		"several content types":          head + "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n" + words + "\r\n--x--",
		"NULs":                           head + "\r\nde lift\x00 is stuk",
		"quoted-printable multipart":     head + "Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n--x\r\n\r\n" + words + "\r\n--x--",
	} {
		m, err := read([]byte(mail))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if rest := strings.TrimSpace(strings.TrimPrefix(m.Text, words)); !strings.HasPrefix(m.Text, words) || rest != "" && rest != "=ZZ" {
			t.Errorf("%s: got the text %q", name, m.Text)
		}
		if name == "header line without colon" && !strings.Contains(m.Subject, "geen veld") {
			t.Errorf("%s: a line is gone: %q", name, m.Subject)
		}
		if name != "no header at all" && (m.From.Value != "a@b.nl" || !strings.HasPrefix(m.Subject, "Lift")) {
			t.Errorf("%s: from %q, subject %q", name, m.From.Value, m.Subject)
		}
	}
}

// Letters are right whatever the label says, or when there is none.
func TestR3_WrongCharsetsAreGuessed(t *testing.T) {
	for name, c := range map[string][3]string{
		"8-bit without a label":    {"", "caf\xe9 \x80 5", "café € 5"},
		"UTF-8 without a label":    {"", "café €", "café €"},
		"UTF-8 called Latin":       {"iso-8859-1", "café €", "café €"},
		"Latin called UTF-8":       {"utf-8", "een caf\xe9 in Cura\xe7ao", "een café in Curaçao"},
		"Latin called ASCII":       {"us-ascii", "caf\xe9", "café"},
		"Windows signs in Latin":   {"iso-8859-1", "\x93hoi\x94", "“hoi”"},
		"unknown name":             {"x-foo", "caf\xe9", "café"},
		"UTF-8 cut in a letter":    {"utf-8", "café caf\xc3", "café caf\ufffd"},
		"Cyrillic without a label": {"", "\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0?", "Привет, как дела?"},
		"Japanese":                 {"iso-2022-jp", "\x1b$B$3$s\x1b(B", "こん"},
		"Shift_JIS called JIS":     {"iso-2022-jp", "\x83c\x81[\x83\x8b", "ツール"},
		"UTF-7":                    {"utf-7", "caf+AOk-", "café"},
		"byte order mark":          {"utf-8", "\xef\xbb\xbfhoi", "hoi"},
	} {
		ct := "Content-Type: text/plain; charset=" + c[0] + "\r\n"
		if c[0] == "" {
			ct = ""
		}
		m, err := read([]byte("From: a@b.nl\r\n" + ct + "\r\n" + c[1]))
		if err != nil || m.Text != c[2] {
			t.Errorf("%s: got %q, want %q, err %v", name, m.Text, c[2], err)
		}
	}
}

// Senders that cannot be read do not lose the mail, nor make an address up.
func TestR3_SenderUnknownIsKept(t *testing.T) {
	for from, want := range map[string]balie.Address{
		"<>":                               {},
		"a@b.nl\x00@c.nl":                  {Name: "a@b.nl@c.nl"},
		"evil@x.nl <good@y.nl>":            {Scheme: balie.Mail, Value: "good@y.nl", Name: "evil@x.nl"},
		"<@relay:a@b.nl>":                  {Scheme: balie.Mail, Value: "a@b.nl"},
		"Jan Jansen":                       {Name: "Jan Jansen"},
		"jan@ (Jan)":                       {Name: "Jan"},
		"a@b.nl (Jan Jansen)":              {Scheme: balie.Mail, Value: "a@b.nl", Name: "Jan Jansen"},
		"Jansen, Jan <jan@b.nl>":           {Scheme: balie.Mail, Value: "jan@b.nl", Name: "Jansen, Jan"},
		`"Jan \"de baas\"" <a@b.nl>`:       {Scheme: balie.Mail, Value: "a@b.nl", Name: `Jan "de baas"`},
		"=?utf-8?q?Jan_=C3=AB?= <A@B.NL>":  {Scheme: balie.Mail, Value: "a@b.nl", Name: "Jan ë"},
		"Jan =?iso-8859-1?q?=EB?= <a@b.nl": {Scheme: balie.Mail, Value: "a@b.nl", Name: "Jan ë"},
		"c@d.nl> NOTIFY=NEVER X=<y":        {Name: "c@d.nl> NOTIFY=NEVER X="},
		"jos\xe9 <a@b.nl>":                 {Scheme: balie.Mail, Value: "a@b.nl", Name: "josé"},
	} {
		m, err := read([]byte("From: " + from + "\r\n\r\nhoi"))
		if err != nil || m.Text != "hoi" {
			t.Errorf("%q: text %q, err %v", from, m.Text, err)
		}
		if m.From != want {
			t.Errorf("%q: got %+v, want %+v", from, m.From, want)
		}
		if want.IsZero() && m.NoReply == "" {
			t.Errorf("%q: an automatic answer would go to nobody", from)
		}
	}
}

// go-message gives nothing, or worse something else, for these; it is why a
// reader of our own reads all mail.
func TestR3_WhatGoMessageReadsWrong(t *testing.T) {
	mixed := "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\neen\r\n--x\n\ntwee\n--x--\n"
	e, err := message.Read(strings.NewReader(mixed))
	if err != nil {
		t.Fatal(err)
	}
	theirs := 0
	e.Walk(func(path []int, e *message.Entity, err error) error {
		if path != nil {
			theirs++
		}
		return err
	})
	m, err := read([]byte(mixed))
	if err != nil || m.Text != "een\n\ntwee" {
		t.Errorf("got %q, err %v", m.Text, err)
	}
	if theirs == 2 {
		t.Log("go-message reads mixed line ends right by now")
	}
}

// On well-formed mail we say what go-message says.
func TestReadsWellFormedMailAsGoMessageDoes(t *testing.T) {
	for _, f := range goldenMails(t) {
		e, err := message.Read(bytes.NewReader(f))
		if err != nil {
			t.Fatal(err)
		}
		var theirs, ours [][]byte
		e.Walk(func(_ []int, e *message.Entity, err error) error {
			if e.MultipartReader() == nil {
				b, _ := io.ReadAll(e.Body)
				theirs = append(theirs, bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
			}
			return nil
		})
		tr := &tree{}
		if err := readLenient(bytes.NewReader(f), tr); err != nil {
			t.Fatal(err)
		}
		var walk func(n *node)
		walk = func(n *node) {
			for _, c := range n.children {
				walk(c)
			}
			if n.children == nil {
				s := string(n.held)
				if isText(n.kind) {
					s, _ = n.text()
				}
				ours = append(ours, []byte(s))
			}
		}
		walk(tr.root)
		if len(ours) != len(theirs) {
			t.Fatalf("%d leaves, go-message %d", len(ours), len(theirs))
		}
		for i := range ours {
			if len(ours[i]) > 0 && !bytes.Equal(ours[i], theirs[i]) {
				t.Errorf("leaf %d: got %q, go-message %q", i, ours[i], theirs[i])
			}
		}
	}
}

// Whatever the bytes are, there is a message that can be stored and shown.
func TestR3_AnyBytesGiveAMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
			"From: a@b.nl\r\n", "Subject: =?utf-8?b?w6k=?=\r\n", "\r\n", "\n", "--x\r\n", "--x--\r\n", "Content-Type: multipart/mixed; boundary=x\r\n",
			"Content-Type: message/rfc822\r\n", "Content-Transfer-Encoding: base64\r\n", "Content-Type: text/html\r\n", "<b>\xff</b>", "begin 644 x\n", "end\n", "> ",
			"On 1 Jan 2025 x wrote:\n", "\x00", "=?", "?=", ":", "-- \n", "Content-Type: application/ms-tnef\r\n",
		}), 0, 30).Draw(t, "pieces")
		raw := append([]byte(strings.Join(pieces, "")), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")...)
		m, err := read(raw)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		sound(t, m)
	})
}

// sound fails when a message holds what must never leave the package.
func sound(t interface{ Fatalf(string, ...any) }, m balie.Message) {
	for _, s := range []string{m.Subject, m.From.Name, m.From.Value, m.Text, m.Full, m.HTML, m.MsgID, strings.Join(m.Thread, " "), strings.Join(m.Warnings, " ")} {
		if !utf8.ValidString(s) {
			t.Fatalf("invalid UTF-8: %q", s)
		}
	}
	lines := []string{m.Subject, m.From.Name, m.From.Value, m.MsgID, m.ReplyTo.Name, m.ReplyTo.Value}
	for _, p := range m.Parts {
		lines = append(lines, p.Name, p.Type, p.CID)
		if strings.ContainsAny(p.Name, `/\`) || len(p.Name) > maxName {
			t.Fatalf("name %q", p.Name)
		}
	}
	for _, s := range lines {
		if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || hidden(r) || r == '\u2028' }) >= 0 || !utf8.ValidString(s) {
			t.Fatalf("controls in %q", s)
		}
	}
	if m.Digest == "" {
		t.Fatalf("no digest")
	}
}

// Of the mails others published to break parsers none is lost.
func TestR3_PublishedDamagedMailIsReadable(t *testing.T) {
	dir := shared(t)
	n := 0
	for _, set := range []string{"zammad", "mail-parser", "enmime", "mimekit", "mikel-mail", "rt", "bounce-sisimai"} {
		files, _ := filepath.Glob(filepath.Join(dir, set, "*.*"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			m, err := read(b)
			if err != nil {
				t.Errorf("%s: %v", f, err)
			}
			sound(t, m)
			n++
		}
	}
	if n < 300 {
		t.Errorf("only %d mails", n)
	}
}

// goldenMails are our own mails of testdata/mime.
func goldenMails(t testing.TB) [][]byte {
	files, err := filepath.Glob("testdata/mime/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a.Files[0].Data)
	}
	return out
}
