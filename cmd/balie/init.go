package main

import (
	"crypto/rand"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/config"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/router"
)

type initCmd struct {
	Dir      string `arg:"" optional:"" help:"Directory for the files; made when it is not there." type:"path"`
	Language string `help:"Of the desk: nl or en." enum:"nl,en" default:"nl"`
	Example  bool   `help:"Only print a balie.yaml with every setting, explained."`
}

//go:embed sample/organisations.*.yaml
var samples embed.FS

// Run writes the files of a new desk. It never overwrites one.
func (c *initCmd) Run() error {
	if c.Example {
		_, err := os.Stdout.Write(config.Example())
		return err
	}
	if c.Dir == "" {
		return &balie.InvalidError{Field: "DIR", Problem: "no directory is named", Fix: "balie init desk makes one; balie init . uses this one"}
	}
	files, err := newDesk(c.Language)
	if err != nil {
		return err
	}
	if err := free(c.Dir, files); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(c.Dir, f.name), f.body, f.mode); err != nil {
			return err
		}
		fmt.Printf("%-20s %s\n", f.name, f.what)
	}
	next(os.Stdout, c.Dir)
	return nil
}

// newFile is a file of a new desk.
type newFile struct {
	name, what string
	mode       os.FileMode
	body       []byte
}

// keyBytes is twice what secret_key must have.
const keyBytes = 64

func newDesk(language string) ([]newFile, error) {
	organisations, err := samples.ReadFile("sample/organisations." + language + ".yaml")
	if err != nil {
		return nil, err
	}
	key := make([]byte, keyBytes)
	rand.Read(key)
	// Rules say in which language examples are that do not say so themselves,
	// whatever the desk's own language is.
	return []newFile{
		{"balie.yaml", "settings: channels, addresses, limits", 0o644, config.Start(language)},
		{"catalogue.yaml", "a sample of products, teams and opening hours; make it yours", 0o644, catalogue.Sample()},
		{"rules.yaml", "what happens with a question", 0o644, router.Sample()},
		{"organisations.yaml", "customers and their account managers", 0o644, organisations},
		{"progress.yaml", "what is promised, and how it is kept", 0o644, progress.Sample()},
		{"plan.yaml", "why the desk is there, its goals, what it needs and costs", 0o644, report.SamplePlan()},
		{"secret.key", "signs links; new, for you alone", 0o600, []byte(base64.RawURLEncoding.EncodeToString(key) + "\n")},
	}, nil
}

// free refuses a directory in which one of the files exists, and names all
// that do.
func free(dir string, files []newFile) error {
	var there []string
	for _, f := range files {
		_, err := os.Lstat(filepath.Join(dir, f.name))
		if err == nil {
			there = append(there, f.name)
		} else if !errors.Is(err, os.ErrNotExist) {
			return &balie.InvalidError{Field: "DIR", Problem: fmt.Sprintf("%s cannot be used: %v", dir, err), Fix: "name a directory"}
		}
	}
	if len(there) == 0 {
		return nil
	}
	return &balie.InvalidError{Field: "DIR", Problem: fmt.Sprintf("in %s there is already %s", dir, strings.Join(there, ", ")), Fix: "nothing was written; name an empty directory"}
}

// writeNew writes a file that must not exist yet, all of it or not at all.
func writeNew(name string, body []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write a new file: %w", err)
	}
	_, err = f.Write(body)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		os.Remove(name)
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// next says what to do now.
func next(w io.Writer, dir string) {
	file := filepath.Join(dir, "balie.yaml")
	fmt.Fprintf(w, `
Next:
  balie check --config %[1]s     says whether all of it holds
  balie serve --config %[1]s     starts; the form is at http://127.0.0.1:8080/
Then fill in mail in balie.yaml (the commented lines) and try it with
  balie check --config %[1]s --connect
`, file)
}
