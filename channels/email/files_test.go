package email

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/peers"
)

// kept gives files by name.
func kept(files map[balie.BlobID]string) func(context.Context, balie.BlobID) (io.ReadCloser, error) {
	return func(_ context.Context, id balie.BlobID) (io.ReadCloser, error) {
		b, ok := files[id]
		if !ok {
			return nil, fmt.Errorf("original %s: %w", id, balie.ErrNotFound)
		}
		return io.NopCloser(strings.NewReader(b)), nil
	}
}

// unwrap gives the files of a mail, by name, and its texts by type.
func unwrap(t rapid.TB, mail []byte) (files, said map[string]string) {
	msg, err := netmail.ReadMessage(bytes.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	files, said = map[string]string{}, map[string]string{}
	var walk func(header func(string) string, body io.Reader)
	walk = func(header func(string) string, body io.Reader) {
		kind, params, err := mime.ParseMediaType(header("Content-Type"))
		if err != nil {
			t.Fatalf("content type %q: %v", header("Content-Type"), err)
		}
		if strings.HasPrefix(kind, "multipart/") {
			r := multipart.NewReader(body, params["boundary"])
			for {
				p, err := r.NextRawPart()
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				walk(p.Header.Get, p)
			}
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		disposition, p, _ := mime.ParseMediaType(header("Content-Disposition"))
		if disposition != "attachment" {
			said[kind] = string(b)
			return
		}
		raw, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r\n", "").Replace(string(b)))
		if err != nil {
			t.Fatalf("file %q: %v", p["filename"], err)
		}
		files[p["filename"]] = string(raw)
	}
	walk(msg.Header.Get, msg.Body)
	return files, said
}

func TestFilesArriveWithTheAnswer(t *testing.T) {
	server := startMail(t, peers.MailOptions{})
	c := smtpOf(server)
	pdf := "%PDF-1.7\r\n" + strings.Repeat("\x00\xff een plan\n", 100)
	c.Open = kept(map[balie.BlobID]string{"a": pdf, "b": ""})
	s := sender(t, c)
	d, m, r := answer("karin@klant.test")
	m.Parts = []balie.Part{{Name: "plan ‘déf’.pdf", Type: "application/pdf", Blob: "a"}, {Name: "leeg.txt", Type: "text/plain; charset=x", Blob: "b"}}
	if _, err := s.Send(t.Context(), d, m, r); err != nil {
		t.Fatal(err)
	}
	files, said := unwrap(t, server.Mailbox("karin@klant.test")[0])
	if files["plan ‘déf’.pdf"] != pdf || len(files) != 2 {
		t.Errorf("files %q", files)
	}
	if !strings.Contains(said["text/plain"], "Hij is gemaakt.") || !strings.Contains(said["text/html"], "Hij is gemaakt.") {
		t.Errorf("texts %q", said)
	}
}

// A mail whose file is gone does not go out without it: somebody sees it.
func TestAMissingFileStopsTheMail(t *testing.T) {
	server := startMail(t, peers.MailOptions{})
	for name, open := range map[string]func(context.Context, balie.BlobID) (io.ReadCloser, error){"gone": kept(nil), "unreadable here": nil} {
		c := smtpOf(server)
		c.Open = open
		d, m, r := answer("karin@klant.test")
		m.Parts = []balie.Part{{Name: "plan.pdf", Blob: "a"}}
		if _, err := sender(t, c).Send(t.Context(), d, m, r); !channels.IsPermanent(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(server.Mailbox("karin@klant.test")); n != 0 {
		t.Errorf("%d mails went out", n)
	}
}

// S6: whatever a file is called and holds, the mail has the texts and files it
// was given, and no header more.
func TestS6_AFileCannotChangeTheMail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := letter{From: envelope{value: "desk@desk.test"}, To: envelope{value: "k@klant.test"}, Subject: "x", MsgID: "a@desk.test", Text: "tekst", HTML: "<p>tekst</p>",
			Files: []attachment{{
				Name: rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a\r\nBcc: x@y.z", `"; filename="b`, "é\x00.pdf", strings.Repeat("é", 300)})).Draw(t, "name"),
				Type: rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"text/plain\r\nBcc: x@y.z", "multipart/mixed", "message/rfc822", "text/html"})).Draw(t, "type"),
				Body: rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
			}}}
		mail := compose(l)
		files, said := unwrap(t, mail)
		if len(files) != 1 || len(said) != 2 {
			t.Fatalf("%d files, %d texts", len(files), len(said))
		}
		for _, b := range files {
			if b != string(l.Files[0].Body) {
				t.Fatalf("got %q, want %q", b, l.Files[0].Body)
			}
		}
		for line := range bytes.SplitSeq(mail, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n") || bytes.HasPrefix(line, []byte("Bcc:")) {
				t.Fatalf("a line of %d bytes: %.200q", len(line), line)
			}
		}
	})
}
