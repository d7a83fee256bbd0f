package normalize

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzMIME(f *testing.F) {
	for _, m := range goldenMails(f) {
		f.Add(m)
	}
	f.Add([]byte("From: a\r\nContent-Type: multipart/mixed; boundary=\"a\"\r\n\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n--a--"))
	f.Add([]byte("Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#0V%T\n`\nend\n"))
	f.Add([]byte("Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\neJ8+IgEAAQ==\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := read(b)
		if err != nil {
			t.Fatal(err)
		}
		sound(t, m)
		again, _ := read(b)
		if again.Digest != m.Digest || again.Text != m.Text || len(again.Parts) != len(m.Parts) {
			t.Fatal("the same bytes gave another message")
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add("Hoi\n\nOp 1 jan. 2025 om 10:00 schreef Jan <a@b.nl>:\n> Ja\n")
	f.Add("Yes\n-- \nJohn\n")
	f.Add("-----Original Message-----\nFrom: a\nTo: b\nSubject: c\n")
	f.Add("> On 1 Jan 2025 at 10:00, a <a@b.nl> wrote:\n>> x\n")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		reply, rest := Reply(s)
		// Every word of the reply is the writer's own.
		in := map[string]int{}
		for _, w := range strings.Fields(s) {
			in[w]++
		}
		for _, w := range strings.Fields(reply) {
			if in[w]--; in[w] < 0 && !strings.Contains(s, w) {
				t.Fatalf("%q is not in the text", w)
			}
		}
		if strings.TrimSpace(s) != "" && strings.TrimSpace(reply) == "" && strings.TrimSpace(rest) == "" {
			t.Fatal("the words are gone")
		}
	})
}

func FuzzHTML(f *testing.F) {
	f.Add(`<p onclick=x>a<img src=cid:x><a href="https://b.nl">c</a>`)
	f.Add(`<svg><style><!--</style><img src=x onerror=alert(1)>`)
	f.Add("<blockquote><pre>a\nb</pre></blockquote><ul><li>c")
	f.Add("<noscript><p title=\"</noscript><img src=x>\">")
	f.Fuzz(func(t *testing.T, s string) {
		clean := SanitizeHTML(s)
		if bad := unsafe(clean); bad != "" {
			t.Fatalf("%s in %q", bad, clean)
		}
		if !utf8.ValidString(clean) || !utf8.ValidString(TextOfHTML(strings.ToValidUTF8(s, ""))) {
			t.Fatal("invalid UTF-8")
		}
	})
}
