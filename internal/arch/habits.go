package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what a person reads in one go, in lines.
const (
	longestFunc = 120
	longestFile = 600
)

// Docs are the packages that do not say what they are in charge of.
func (s *Source) Docs() []string {
	said := map[string]bool{}
	for _, f := range s.shipped() {
		if f.Tree.Doc != nil && strings.Contains(strings.Join(strings.Fields(f.Tree.Doc.Text()), " "), "in charge of") {
			said[f.Dir] = true
		}
	}
	var out []string
	for _, dir := range s.dirs() {
		if !said[dir] {
			out = append(out, dir+`: no package comment says "in charge of"`)
		}
	}
	return out
}

// Lengths are the functions and files that are too long.
func (s *Source) Lengths() []string {
	var out []string
	for _, f := range s.Go {
		if n := strings.Count(f.Text, "\n"); n > longestFile {
			out = append(out, fmt.Sprintf("%s:1: the file has %d lines, at most %d", f.Path, n, longestFile))
		}
		for _, d := range f.Tree.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := s.set.Position(fn.End()).Line - s.set.Position(fn.Pos()).Line + 1
			if n > longestFunc {
				out = append(out, s.at(fn, "%s has %d lines, at most %d", fn.Name.Name, n, longestFunc))
			}
		}
	}
	return out
}

// Inits are the functions that run unasked. A program says in main what it does.
func (s *Source) Inits() []string {
	var out []string
	for _, f := range s.Go {
		for _, d := range f.Tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				out = append(out, s.at(fn, "there is an init function"))
			}
		}
	}
	return out
}

// unfinished is in two parts so that this file is none.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// Unfinished are the notes of what somebody meant to do later.
func (s *Source) Unfinished() []string {
	var out []string
	look := func(name, text string) {
		for i, line := range strings.Split(text, "\n") {
			if word := unfinished.FindString(line); word != "" {
				out = append(out, fmt.Sprintf("%s:%d: %s", name, i+1, word))
			}
		}
	}
	for _, f := range s.Go {
		look(f.Path, f.Text)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Other)) {
		look(name, s.Other[name])
	}
	return out
}

// clients are the places that may make or borrow an HTTP client. Elsewhere a
// request to an address that somebody else chose could reach inside (S10).
var clients = map[string]string{
	"channels/slack":       "calls the address of its configuration, without redirects",
	"channels/channeltest": "closes connections of tests",
	"internal/outside":     "guards every call to an address that somebody chose",
	"desk/auth":            "asks the provider of single sign-on by the client of internal/outside it is given",
	"desk/hooks":           "calls the addresses of webhooks by the client of internal/outside",
	"internal/peers":       "stands in for the outside, on loopback",
	"internal/bench":       "measures the binary it started, on loopback",
	"internal/deskbench":   "asks the pages it serves itself, on loopback",
	"internal/torture":     "kills the binary it started, on loopback",
	"internal/rig":         "talks to the binary it started, on loopback",
	"cmd/balie":            "talks to a running balie through its socket, and plays the customers of the demonstration",
}

// Clients are the HTTP clients made where none should be.
func (s *Source) Clients() []string {
	var out []string
	for _, f := range s.shipped() {
		if clients[f.Dir] != "" {
			continue
		}
		ast.Inspect(f.Tree, func(n ast.Node) bool {
			if name := selected(n, "http"); slices.Contains([]string{"Client", "Transport", "DefaultClient", "Get", "Post", "PostForm", "Head"}, name) {
				out = append(out, s.at(n, "http.%s is used here: outgoing HTTP has its own places (internal/arch/habits.go)", name))
			}
			return true
		})
	}
	return out
}

// trusted are the conversions by which text becomes markup.
var trusted = []string{"HTML", "HTMLAttr", "JS", "JSStr", "CSS", "URL", "Srcset"}

// Markup are the places where text is declared to be safe in a page.
func (s *Source) Markup() []string {
	var out []string
	for _, f := range s.shipped() {
		// The sheets of report/export are drawings and templates that escape every
		// name themselves; their tests put markup into each (S6).
		if f.Dir == "internal/ui" || f.Dir == "report/export" {
			continue
		}
		ast.Inspect(f.Tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && slices.Contains(trusted, selected(call.Fun, "template")) {
				out = append(out, s.at(n, "only internal/ui and report/export declare text to be safe markup"))
			}
			return true
		})
	}
	return out
}

// statement is how SQL begins.
var statement = regexp.MustCompile(`(?is)^\s*(select\s.+\sfrom|insert\s+into|update\s.+\sset|delete\s+from|create\s+(table|index)|alter\s+table|drop\s+table)\s`)

// Statements are SQL texts put together from values.
func (s *Source) Statements() []string {
	var out []string
	for _, f := range s.shipped() {
		ast.Inspect(f.Tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if slices.Contains([]string{"Sprintf", "Sprint", "Appendf"}, selected(n.Fun, "fmt")) && slices.ContainsFunc(n.Args, isSQL) {
					out = append(out, s.at(n, "SQL is put together by fmt: pass values as parameters"))
				}
			case *ast.BinaryExpr:
				if n.Op == token.ADD && isSQL(n.X) && !isText(n.Y) {
					out = append(out, s.at(n, "SQL is put together with +: pass values as parameters"))
				}
			}
			return true
		})
	}
	return out
}

func isSQL(e ast.Expr) bool {
	text, ok := literal(e)
	return ok && statement.MatchString(text+" ")
}

func isText(e ast.Expr) bool {
	_, ok := literal(e)
	return ok
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// selected is the name taken from a package, or "".
func selected(n ast.Node, pkg string) string {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := sel.X.(*ast.Ident); !ok || x.Name != pkg {
		return ""
	}
	return sel.Sel.Name
}

// pure are the packages that decide: the same input gives the same output.
var pure = []string{".", "normalize", "catalogue", "router", "internal/hours", "internal/yamltree"}

// ownSpeed measures how long the matcher takes; no figure of it decides.
const ownSpeed = "catalogue/score.go"

// Pure are the clocks, files and lines in packages that only reckon.
func (s *Source) Pure() []string {
	var out []string
	for _, f := range s.shipped() {
		if !slices.Contains(pure, f.Dir) || f.Path == ownSpeed {
			continue
		}
		for _, i := range f.Tree.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			if slices.Contains([]string{"os", "os/exec", "net", "net/http", "log", "log/slog"}, p) {
				out = append(out, s.at(i, "%s only reckons and imports %s", f.Dir, p))
			}
		}
		ast.Inspect(f.Tree, func(n ast.Node) bool {
			if name := selected(n, "time"); slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker"}, name) {
				out = append(out, s.at(n, "time.%s: time is an argument here", name))
			}
			return true
		})
	}
	return out
}
