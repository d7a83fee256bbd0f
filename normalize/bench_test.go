package normalize

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// mailOf is a usual mail with a text, its HTML twin and one attachment, of
// about the given size.
func mailOf(size int) []byte {
	var b bytes.Buffer
	text := strings.Repeat("De printer op de derde verdieping doet het niet meer, kan iemand kijken?\r\n", 1+min(size, 100<<10)/4/75)
	fmt.Fprintf(&b, "From: Sanne de Vries <sanne@example.nl>\r\nTo: desk@example.nl\r\nSubject: =?utf-8?q?Storing_printer_=E2=82=AC?=\r\nDate: Mon, 3 Mar 2025 10:12:00 +0100\r\nMessage-ID: <%d@example.nl>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n", size)
	fmt.Fprintf(&b, "--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n--in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>%s</p></body></html>\r\n--in--\r\n", text, strings.ReplaceAll(text, "\r\n", "<br>\r\n"))
	if rest := size - b.Len(); rest > 0 {
		b.WriteString("--out\r\nContent-Type: application/pdf; name=\"bijlage.pdf\"\r\nContent-Disposition: attachment; filename=\"bijlage.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xfe, 1, 2}, 19))
		for range rest / 78 {
			b.WriteString(line + "\r\n")
		}
	}
	b.WriteString("--out--\r\n")
	return b.Bytes()
}

func BenchmarkMail(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"5kB", 5 << 10}, {"200kB", 200 << 10}, {"20MB", 20 << 20}} {
		mail := mailOf(size.bytes)
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				if m, err := read(mail); err != nil || m.Subject == "" {
					b.Fatal(err)
				}
			}
		})
	}
}
