package i18n_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/balie/balie/internal/i18n"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// TestEveryTextInEveryLanguage: nobody reads a key, or a sentence with a gap.
func TestEveryTextInEveryLanguage(t *testing.T) {
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range texts.Keys() {
		by := texts.Raw(key)
		var want []string
		for i, l := range i18n.Languages {
			s, ok := by[l]
			if !ok || strings.TrimSpace(s) == "" {
				t.Errorf("%s has no text in %s", key, l)
			}
			got := placeholder.FindAllString(s, -1)
			slices.Sort(got)
			got = slices.Compact(got)
			if i == 0 {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s in %s has %v, in %s %v", key, l, got, i18n.Languages[0], want)
			}
		}
		for l := range by {
			if !slices.Contains(i18n.Languages, l) {
				t.Errorf("%s has a text in %q, which is no language of the desk", key, l)
			}
		}
	}
}

var used = regexp.MustCompile(`\{\{[^}]*?\b(?:t|cut) "([a-z_]+\.[a-z_]+)"`)

// TestEveryKeyInATemplateExists looks through the templates of the repository.
func TestEveryKeyInATemplateExists(t *testing.T) {
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	root := filepath.Join("..", "..")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".html" || strings.Contains(path, "testdata") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range used.FindAllStringSubmatch(string(b), -1) {
			n++
			if texts.Raw(m[1]) == nil {
				t.Errorf("%s uses %q, which there is no text for", path, m[1])
			}
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatalf("looked at %d keys: %v", n, err)
	}
}

// TestS6_PlaceholdersAreLiteral: what a customer typed is no template.
func TestS6_PlaceholdersAreLiteral(t *testing.T) {
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	got := texts.Text("en", "status.asked", "ref", "{moment}", "moment", "{{.Secrets}}{ref}")
	if want := "Question {moment}, asked on {{.Secrets}}{ref}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
