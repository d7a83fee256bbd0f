package arch

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// top is the root of the repository.
func top(t *testing.T) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("where is this file?")
	}
	return filepath.Join(filepath.Dir(file), "..", "..")
}

func source(t *testing.T) *Source {
	t.Helper()
	s, err := Read(os.DirFS(top(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Go) < 100 {
		t.Fatalf("%d Go files found: this is not the repository", len(s.Go))
	}
	return s
}

// checks are all checks, by what they keep.
var checks = map[string]func(*Source) []string{
	"imports":    (*Source).Imports,
	"docs":       (*Source).Docs,
	"lengths":    (*Source).Lengths,
	"inits":      (*Source).Inits,
	"state":      (*Source).State,
	"unfinished": (*Source).Unfinished,
	"clients":    (*Source).Clients,
	"markup":     (*Source).Markup,
	"statements": (*Source).Statements,
	"pure":       (*Source).Pure,
}

func TestTheSourceKeepsItsShape(t *testing.T) {
	s := source(t)
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			if breaches := check(s); len(breaches) > 0 {
				t.Errorf("%d:\n%s", len(breaches), strings.Join(breaches, "\n"))
			}
		})
	}
}
