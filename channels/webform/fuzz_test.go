package webform

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

// FuzzAPI: whatever a program sends is refused in words or kept within limits.
func FuzzAPI(f *testing.F) {
	f.Add([]byte(`{"text":"Pas werkt niet","fields":{"plate":"G-123-AB"}}`), `"k-1"`)
	f.Add([]byte(`{"text":"a","text":"b"}`), `"a\"b"`)
	f.Add([]byte(`[[[[`), `"`)
	f.Fuzz(func(t *testing.T, body []byte, key string) {
		h, err := readHanded(body)
		var invalid *balie.InvalidError
		if err != nil && !errors.As(err, &invalid) {
			t.Errorf("%q: %v is not said for people", body, err)
		}
		if err == nil && (strings.ContainsAny(h.Name+h.Email+h.Subject, "\r\n\x00") || utf8.RuneCountInString(h.Text) > textLetters || h.Fields["request"] != "") {
			t.Errorf("%q: got %+v", body, h)
		}
		if k, err := readKey(key); err == nil && (len(k) > keyLetters || strings.ContainsAny(k, "\r\n\x00")) {
			t.Errorf("key %q: got %q", key, k)
		}
	})
}

// nowhere keeps nothing and says so.
type nowhere struct{ channels.Sink }

func (nowhere) Keep(_ context.Context, r io.Reader) (balie.Original, error) {
	n, err := io.Copy(io.Discard, r)
	return balie.Original{Size: n, Blob: "x"}, err
}

// FuzzForm: whatever a browser sends, names of files are names, and nothing
// goes past the limits.
func FuzzForm(f *testing.F) {
	f.Add("--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhi\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../a\"\r\n\r\nx\r\n--b--\r\n")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhi\r\n")
	f.Add("")
	form := &Form{Config: Config{MaxFiles: 2, MaxBytes: 100}}
	f.Fuzz(func(t *testing.T, body string) {
		r := &partReader{r: strings.NewReader(body)}
		in, _ := form.readParts(t.Context(), r, multipart.NewReader(r, "b"), nowhere{}, func(url.Values) error { return nil })
		var total int64
		for _, file := range in.files {
			total += file.Original.Size
			if strings.ContainsAny(file.Name, "/\\\r\n\x00") || file.Name == "" || len(file.Name) > nameBytes || !utf8.ValidString(file.Name) {
				t.Errorf("%q: a file called %q", body, file.Name)
			}
		}
		if total > form.MaxBytes || len(in.files) > form.MaxFiles+1 {
			t.Errorf("%q: %d files of %d bytes", body, len(in.files), total)
		}
	})
}
