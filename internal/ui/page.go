package ui

import (
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"sync"
	"text/template/parse"

	"github.com/balie/balie/internal/i18n"
)

// trees are parsed templates by name.
type trees map[string]*parse.Tree

// page is one page in one language. It is put together when somebody first
// asks for it, of its own templates and those parts that they use: all pages
// with all parts in all languages were half of the memory at rest and a tenth
// of a start.
type page struct {
	from  fs.FS
	file  string
	parts trees
	words template.FuncMap
	put   func() (*template.Template, error)
}

func newPage(from fs.FS, file string, parts trees, words template.FuncMap) *page {
	p := &page{from: from, file: file, parts: parts, words: words}
	p.put = sync.OnceValues(p.compose)
	return p
}

// compose copies the parts that the page uses: escaping rewrites them for
// where they stand.
func (p *page) compose() (*template.Template, error) {
	own, err := read(p.from, p.file, p.words)
	if err != nil {
		return nil, fmt.Errorf("read page %s: %w", p.file, err)
	}
	t := template.New("").Funcs(p.words)
	var wanted []string
	for name := range own {
		wanted = append(wanted, name)
	}
	seen := map[string]bool{}
	for len(wanted) > 0 {
		name := wanted[0]
		wanted = wanted[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		tree := own[name]
		if part := p.parts[name]; tree == nil && part != nil {
			tree = part.Copy()
		}
		if tree == nil {
			continue // html/template says so when it is used
		}
		if _, err := t.AddParseTree(name, tree); err != nil {
			return nil, fmt.Errorf("add %s to page %s: %w", name, p.file, err)
		}
		wanted = uses(tree.Root, wanted)
	}
	return t, nil
}

// uses adds the names of the templates that a node calls.
func uses(n parse.Node, to []string) []string {
	branch := func(b parse.BranchNode) []string {
		to = uses(b.List, to)
		return uses(b.ElseList, to)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return to
		}
		for _, x := range n.Nodes {
			to = uses(x, to)
		}
	case *parse.IfNode:
		return branch(n.BranchNode)
	case *parse.RangeNode:
		return branch(n.BranchNode)
	case *parse.WithNode:
		return branch(n.BranchNode)
	case *parse.TemplateNode:
		return append(to, n.Name)
	}
	return to
}

// read parses the templates of a file. A file's text outside of them is none.
func read(from fs.FS, file string, words template.FuncMap) (trees, error) {
	b, err := fs.ReadFile(from, file)
	if err != nil {
		return nil, err
	}
	t, err := template.New(file).Funcs(words).Parse(string(b))
	if err != nil {
		return nil, err
	}
	out := trees{}
	for _, x := range t.Templates() {
		if x.Tree != nil && !parse.IsEmptyTree(x.Tree.Root) {
			out[x.Name()] = x.Tree
		}
	}
	return out, nil
}

// readParts parses what all pages share. Languages differ in what the words of
// a template say, not in how it is read.
func (u *UI) readParts() error {
	names, err := fs.Glob(files, "parts/*.html")
	if err != nil {
		return err
	}
	u.parts = trees{}
	for _, name := range names {
		some, err := read(files, name, u.words[i18n.Languages[0]])
		if err != nil {
			return fmt.Errorf("read the parts: %w", err)
		}
		for name, tree := range some {
			u.parts[name] = tree
		}
	}
	return nil
}

func (u *UI) findPages(from fs.FS) error {
	names, err := fs.Glob(from, "*.html")
	if err != nil {
		return err
	}
	for _, name := range names {
		for l, words := range u.words {
			u.pages[l][strings.TrimSuffix(name, ".html")] = newPage(from, name, u.parts, words)
		}
	}
	return nil
}

// Check puts every page together. Pages are part of the program, so a test
// asks for this and a start does not.
func (u *UI) Check() error {
	for _, pages := range u.pages {
		for _, p := range pages {
			if _, err := p.put(); err != nil {
				return err
			}
		}
	}
	return nil
}
