// Package arch is in charge of the shape of the source: who may import whom,
// and the habits of docs/design.md and CONTRIBUTING.md that a machine can see.
//
// Guarantees:
//  1. A check reads source and nothing else: it needs no build and no network.
//  2. It tells every breach at once, each with its place.
//  3. Each check is itself tested on a breach (breach_test.go).
//
// A new package gets its place in imports.go. What documents say of the code
// is held true by the tests here too (docs_test.go).
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// module is the import path that all of ours begin with.
const module = "github.com/balie/balie"

// File is one Go file.
type File struct {
	Path string // slash-separated, from the root
	Dir  string // "." for the root
	Test bool
	Text string
	Tree *ast.File
}

// Source is all that is written in a repository.
type Source struct {
	Go    []File
	Other map[string]string // pages, styles, scripts, configuration, documents
	set   *token.FileSet
}

// others are the endings of what is read beside Go.
var others = []string{".html", ".css", ".js", ".mjs", ".yaml", ".yml", ".md", ".sql", ".svg"}

// Read reads the source in a folder. Test inputs and what Git ignores are no
// part of it.
func Read(root fs.FS) (*Source, error) {
	s := &Source{Other: map[string]string{}, set: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(name)
		}
		goFile := path.Ext(name) == ".go"
		if !goFile && !slices.Contains(others, path.Ext(name)) {
			return nil
		}
		body, err := fs.ReadFile(root, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if !goFile {
			s.Other[name] = string(body)
			return nil
		}
		return s.add(name, body)
	})
	return s, err
}

func skip(dir string) error {
	base := path.Base(dir)
	hidden := strings.HasPrefix(base, ".") && dir != "."
	if hidden || base == "testdata" || dir == "bin" || dir == "data" {
		return fs.SkipDir
	}
	return nil
}

func (s *Source) add(name string, body []byte) error {
	if strings.HasPrefix(string(body), "//go:build deps\n") {
		return nil // never built: it keeps modules in go.mod
	}
	tree, err := parser.ParseFile(s.set, name, body, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("parse %s: %w", name, err)
	}
	s.Go = append(s.Go, File{Path: name, Dir: path.Dir(name), Test: strings.HasSuffix(name, "_test.go"),
		Text: string(body), Tree: tree})
	return nil
}

// at is a breach with its place.
func (s *Source) at(n ast.Node, format string, args ...any) string {
	p := s.set.Position(n.Pos())
	return fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...))
}

// shipped are the files that are not tests.
func (s *Source) shipped() []File {
	return slices.DeleteFunc(slices.Clone(s.Go), func(f File) bool { return f.Test })
}

// dirs are the packages' folders, in order.
func (s *Source) dirs() []string {
	var out []string
	for _, f := range s.shipped() {
		out = append(out, f.Dir)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
