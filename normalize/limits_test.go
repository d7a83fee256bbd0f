package normalize

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// bounded runs f and fails when it takes more time or memory than any mail
// may: generous, because the machine is shared.
func bounded(t *testing.T, name string, mib uint64, f func()) {
	t.Helper()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	got := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%s: %v, %d MiB allocated", name, took, got)
	if underRace {
		mib *= 20
	}
	if got > mib {
		t.Errorf("%s: %d MiB allocated, at most %d", name, got, mib)
	}
	if took > time.Minute { // unbounded work took longer even alone on the machine
		t.Errorf("%s: took %v", name, took)
	}
}

func TestS11_MailBombsAreBounded(t *testing.T) {
	deep := func(n int) []byte {
		var b bytes.Buffer
		b.WriteString("From: a@b.nl\r\nSubject: diep\r\n")
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
		}
		b.WriteString("\r\nhoi")
		return b.Bytes()
	}
	flat := "From: a@b.nl\r\nSubject: plat\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
	for name, c := range map[string]struct {
		mail []byte
		mib  uint64
		warn string
	}{
		"20,000 levels":           {deep(20000), 16, "deeper than 32"},
		"200,000 parts":           {[]byte(flat + strings.Repeat("--x\r\n\r\na\r\n", 200000)), 300, "more than 1,000 parts"},
		"header of 30 MB":         {[]byte("From: a@b.nl\r\nSubject: kop\r\nX-A: " + strings.Repeat("a", 30<<20) + "\r\n\r\nhoi"), 16, "longer than 1 MB"},
		"400,000 fields":          {[]byte("From: a@b.nl\r\nSubject: velden\r\n" + strings.Repeat("X-A: b\r\n", 400000) + "\r\nhoi"), 64, ""},
		"one line of 30 MB":       {[]byte("From: a@b.nl\r\nSubject: regel\r\n\r\n" + strings.Repeat("a", 30<<20)), 100, "was cut"},
		"20,000 addresses":        {[]byte("From: a@b.nl\r\nSubject: adressen\r\nTo: " + strings.Repeat("x@y.nl,\r\n ", 20000) + "\r\n\r\nhoi"), 64, ""},
		"100,000 ids":             {[]byte("From: a@b.nl\r\nSubject: ids\r\nReferences: " + strings.Repeat("<x@y.nl>\r\n ", 90000) + "\r\n\r\nhoi"), 64, ""},
		"brackets and comments":   {[]byte("From: a@b.nl\r\nTo: " + strings.Repeat("(<\"", 100000) + "\r\nSubject: haken\r\n\r\nhoi"), 64, ""},
		"HTML of 200,000 levels":  {[]byte("From: a@b.nl\r\nSubject: html\r\nContent-Type: text/html\r\n\r\n" + strings.Repeat("<div><blockquote>", 100000) + "hoi"), 200, ""},
		"introductions":           {[]byte("From: a@b.nl\r\nSubject: citaten\r\n\r\n" + strings.Repeat("On 1 Jan 2025 10:00 <a\n", 80000)), 400, ""},
		"introductions of quotes": {[]byte("From: a@b.nl\r\nSubject: citaten\r\n\r\n" + strings.Repeat("x on 1 Jan 2025 10:00 wrote a\n", 60000)), 400, ""},
		"signature of nothing":    {[]byte("From: a@b.nl\r\nSubject: leeg\r\n\r\nhoi" + strings.Repeat("\n", 500000) + "mvg\nik"), 64, ""},
		"half header blocks":      {[]byte("From: a@b.nl\r\nSubject: koppen\r\n\r\n" + strings.Repeat("From: x\n\n", 200000)), 400, ""},
		"encoded words":           {[]byte("From: a@b.nl\r\nSubject: " + strings.Repeat("=?utf-8?q?", 100000) + "\r\n\r\nhoi"), 200, ""},
		"base64 of one endless":   {[]byte("From: a@b.nl\r\nSubject: b64\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("A", 30<<20)), 16, ""},
		"parameters":              {[]byte("From: a@b.nl\r\nSubject: p\r\nContent-Type: text/plain; " + strings.Repeat("a*1=b;", 100000) + "\r\n\r\nhoi"), 64, ""},
		"quotes and text by turn": {[]byte("From: a@b.nl\r\nSubject: beurt\r\n\r\n" + strings.Repeat("On 1 Jan 2025 10:00 a@b.nl wrote:\n> a\nb\n", 40000)), 400, ""},
		"uuencode":                {[]byte("From: a@b.nl\r\nSubject: uu\r\n\r\n" + strings.Repeat("begin 644 a\n#0V%T\n", 80000)), 200, ""},
	} {
		bounded(t, name, c.mib, func() {
			m, err := read(c.mail)
			if err != nil || m.From.Value == "" || len(m.Subject) == 0 {
				t.Errorf("%s: from %q, subject %.40q, err %v", name, m.From.Value, m.Subject, err)
			}
			if len(m.Parts) > maxParts || len(m.To) > maxAddresses || len(m.Thread) > maxThread {
				t.Errorf("%s: %d parts, %d recipients, %d ids", name, len(m.Parts), len(m.To), len(m.Thread))
			}
			if c.warn != "" && !slices.ContainsFunc(m.Warnings, func(w string) bool { return strings.Contains(w, c.warn) }) {
				t.Errorf("%s: nobody is told: %q", name, m.Warnings)
			}
		})
	}
}

// endless gives a mail with a huge attachment without holding it itself.
type endless struct {
	head io.Reader
	left int64
}

func (e *endless) Read(p []byte) (int, error) {
	if n, err := e.head.Read(p); err == nil {
		return n, nil
	}
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.left))
	for i := range p[:n] {
		p[i] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\r\n"[i%74]
	}
	e.left -= int64(n)
	return n, nil
}

func TestS11_AttachmentsAreNotHeld(t *testing.T) {
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(&endless{strings.NewReader("From: a@b.nl\r\nSubject: groot\r\nContent-Type: application/zip; name=groot.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"), 60 << 20}), nil
	}
	bounded(t, "60 MiB attachment", 8, func() {
		tr, _, err := readTree(open)
		if err != nil || tr.root.size < 40<<20 {
			t.Errorf("size %d, err %v", tr.root.size, err)
		}
	})
}

func TestS11_LongQuoteIsStrippedInNoTime(t *testing.T) {
	b, err := os.ReadFile(shared(t) + "/reply-github/email_long_quote.txt")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	Reply(string(b))
	if took := time.Since(start); took > time.Second { // measured 3 ms; the machine is shared
		t.Errorf("%d bytes took %v", len(b), took)
	}
}
