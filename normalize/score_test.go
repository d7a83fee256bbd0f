package normalize

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/balie/balie"
)

// shared is the folder with the data sets that mail parsers publish, or a
// skip: it lies beside the repository and is not part of it.
func shared(t testing.TB) string {
	dir := os.Getenv("BALIE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	dir = filepath.Join(dir, "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no shared data beside the repository")
	}
	return dir
}

func opener(b []byte) Open {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

func read(b []byte) (balie.Message, error) {
	return New(Options{}).Message(balie.Raw{Channel: "email", Format: "mime"}, opener(b))
}

// TestScore writes the lines the scorers of the data read, when asked to.
func TestScore(t *testing.T) {
	out := os.Getenv("BALIE_SCORE_OUT")
	if out == "" {
		t.Skip("set BALIE_SCORE_OUT to a file to write the lines")
	}
	dir := shared(t)
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	enc := json.NewEncoder(f)
	for _, set := range []string{"zammad", "mail-parser", "enmime", "mimekit", "mikel-mail", "rt", "bounce-sisimai", "reply-discourse", "reply-talon", "reply-crisp", "reply-github"} {
		entries, err := os.ReadDir(filepath.Join(dir, set))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := e.Name()
			if name == "SOURCE" || name == "expected.jsonl" {
				continue
			}
			b, err := os.ReadFile(filepath.Join(dir, set, name))
			if err != nil {
				t.Fatal(err)
			}
			line := Line{}
			if strings.HasPrefix(set, "reply-") && !strings.HasSuffix(name, ".eml") {
				line = LineOfText(set+"/"+name, string(b))
			} else {
				m, err := read(b)
				line = LineOf(set+"/"+name, m, err)
			}
			if err := enc.Encode(line); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSanitizeScore writes the sanitised hostile HTML of the data.
func TestSanitizeScore(t *testing.T) {
	out := os.Getenv("BALIE_SCORE_OUT")
	if out == "" {
		t.Skip("set BALIE_SCORE_OUT to a file to write the lines")
	}
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	enc := json.NewEncoder(f)
	for _, c := range hostile(t) {
		if err := enc.Encode(map[string]string{"id": c.ID, "html": SanitizeHTML(c.Payload)}); err != nil {
			t.Fatal(err)
		}
	}
}

type hostileCase struct{ ID, Payload string }

// hostile are the published cases of two sanitisers.
func hostile(t testing.TB) []hostileCase {
	var out []hostileCase
	for _, set := range []string{"html-dompurify", "html-bluemonday"} {
		b, err := os.ReadFile(filepath.Join(shared(t), set, "cases.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
			var c hostileCase
			if err := json.Unmarshal(l, &c); err != nil {
				t.Fatal(err)
			}
			out = append(out, c)
		}
	}
	return out
}
