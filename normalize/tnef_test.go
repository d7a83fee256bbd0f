package normalize

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Files in Outlook's winmail.dat are files of the mail.
func TestFilesInWinmailDatAreFound(t *testing.T) {
	dir := filepath.Join(shared(t), "mimekit-tnef")
	b, err := os.ReadFile(filepath.Join(dir, "expected.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		var c struct {
			File     string
			Expected []struct{ Filename string }
		}
		if err := json.Unmarshal([]byte(l), &c); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, f := range c.Expected {
			if !strings.HasPrefix(f.Filename, "body.") { // the text, not a file
				want = append(want, f.Filename)
			}
		}
		for _, f := range readTNEF(raw) {
			if f.name != "body.html" {
				got = append(got, f.name)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: got %q, want %q", c.File, got, want)
		}
	}
}
