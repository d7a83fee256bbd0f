package normalize

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/balie/balie"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMailAsPeopleReadIt compares whole mails of our own making with the
// message each must give: testdata/mime/*.txtar holds in.eml and want.json.
func TestMailAsPeopleReadIt(t *testing.T) {
	files, err := filepath.Glob("testdata/mime/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden mails", err)
	}
	n := New(Options{OwnAddresses: []string{"desk@example.nl"}, TrustedAuthserv: []string{"mx.example.nl"}})
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			m, err := n.Message(balie.Raw{Channel: "email", Format: "mime", Account: "desk", Key: "k", At: time.Date(2025, 3, 3, 9, 12, 0, 0, time.UTC)}, opener(a.Files[0].Data))
			if err != nil {
				t.Fatal(err)
			}
			got := golden(t, m)
			if *update {
				a.Files = append(a.Files[:1], txtar.File{Name: "want.json", Data: got})
				if err := os.WriteFile(f, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(a.Files) < 2 {
				t.Fatal("no want.json")
			}
			if d := cmp.Diff(string(a.Files[1].Data), string(got)); d != "" {
				t.Errorf("want -, got +\n%s", d)
			}
		})
	}
}

// golden is the message with the HTML, which is not stored, beside it.
func golden(t *testing.T, m balie.Message) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(struct {
		balie.Message
		HTML string `json:"html,omitzero"`
	}{m, m.HTML}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same mail by two mailboxes is one; another mail under the same
// Message-ID is not.
func TestR2_IdentityIsTheSendersWords(t *testing.T) {
	mail := "From: a@b.nl\r\nTo: desk@example.nl\r\nSubject: Vraag\r\nDate: Mon, 3 Mar 2025 10:12:00 +0100\r\nMessage-ID: <1@b.nl>\r\n\r\nHoi\r\n"
	digest := func(s string) string {
		m, err := read([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return m.Digest
	}
	want := digest(mail)
	same := map[string]string{
		"other trace":     "Delivered-To: x\r\nReceived: by mx; Mon, 3 Mar 2025 10:13:00 +0100\r\n" + mail,
		"LF line ends":    strings.ReplaceAll(mail, "\r\n", "\n"),
		"empty lines":     mail + "\r\n\r\n",
		"folded header":   strings.Replace(mail, "To: desk@example.nl", "To:\r\n desk@example.nl", 1),
		"no last newline": strings.TrimRight(mail, "\r\n"),
	}
	for name, s := range same {
		if digest(s) != want {
			t.Errorf("%s: taken for another mail", name)
		}
	}
	for _, change := range [][2]string{{"From: a", "From: c"}, {"Vraag", "Vraag!"}, {"Hoi", "Hoi!"}, {"10:12", "10:11"}, {"<1@", "<2@"}, {"To: desk", "To: info"}, {"\r\n\r\nHoi", "\r\nCc: x@y.nl\r\n\r\nHoi"}} {
		if digest(strings.Replace(mail, change[0], change[1], 1)) == want {
			t.Errorf("%q for %q: taken for the same mail", change[1], change[0])
		}
	}
}

// What one leaf holds comes out of the original byte for byte.
func TestFileComesOutOfTheOriginal(t *testing.T) {
	mail := mailOf(3 << 20)
	m, err := read(mail)
	if err != nil || len(m.Parts) != 1 || m.Parts[0].Name != "bijlage.pdf" {
		t.Fatalf("parts %+v, err %v", m.Parts, err)
	}
	r, part, err := OpenPart(opener(mail), m.Parts[0].SHA256)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != part.Size || sumOf(b.Bytes()) != part.SHA256 || part != m.Parts[0] {
		t.Errorf("got %d bytes with sum %s, want %+v", b.Len(), sumOf(b.Bytes()), part)
	}
	r, _, err = OpenPart(opener(mail), part.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	r.Read(make([]byte, 10))
	if err := r.Close(); err != nil { // waits for the reader behind it
		t.Errorf("close in the middle: %v", err)
	}
	if _, _, err := OpenPart(opener(mail), "none"); err == nil {
		t.Error("a file that is not there was opened")
	}
	uu := "From: a@b.nl\n\nZie bijlage\nbegin 644 lijst.csv\n#0V%T\n`\nend\n"
	m, _ = read([]byte(uu))
	if len(m.Parts) != 1 || m.Text != "Zie bijlage" {
		t.Fatalf("uuencoded: %+v %q", m.Parts, m.Text)
	}
	if r, _, err := OpenPart(opener([]byte(uu)), m.Parts[0].SHA256); err != nil {
		t.Error(err)
	} else if b := make([]byte, 9); true {
		n, _ := r.Read(b)
		if string(b[:n]) != "Cat" {
			t.Errorf("got %q", b[:n])
		}
		r.Close()
	}
}
