package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// State are the package variables that can change while the program runs.
// Tables, patterns, errors and embedded files are filled in once; a pool or a
// value made on first use is nobody's to see.
func (s *Source) State() []string {
	var out []string
	vars := map[string]map[string]bool{} // package -> its variables
	specs := map[any]bool{}
	for _, f := range s.shipped() {
		for _, spec := range packageVars(f) {
			if f.Dir != "internal/bench" { // measures, and is no part of the desk
				out = append(out, s.unset(spec)...)
			}
			specs[spec] = true
			for _, n := range spec.Names {
				if vars[f.Dir] == nil {
					vars[f.Dir] = map[string]bool{}
				}
				vars[f.Dir][n.Name] = true
			}
		}
	}
	for _, f := range s.shipped() {
		// A name that the parser resolved to something else is the function's
		// own; what stands in another file it leaves open.
		ours := func(id *ast.Ident) bool {
			return vars[f.Dir][id.Name] && (id.Obj == nil || specs[id.Obj.Decl])
		}
		if f.Dir != "internal/faults" { // counts, for tests, over all the process
			out = append(out, s.writes(f, ours)...)
		}
	}
	return out
}

func packageVars(f File) []*ast.ValueSpec {
	var out []*ast.ValueSpec
	for _, d := range f.Tree.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, sp := range g.Specs {
			spec := sp.(*ast.ValueSpec)
			if spec.Doc == nil {
				spec.Doc = g.Doc
			}
			if spec.Names[0].Name != "_" {
				out = append(out, spec)
			}
		}
	}
	return out
}

// unset is a variable that begins empty, and so is there to be filled.
func (s *Source) unset(spec *ast.ValueSpec) []string {
	if len(spec.Values) == 0 {
		if spec.Doc != nil && slices.ContainsFunc(spec.Doc.List, func(c *ast.Comment) bool {
			return strings.HasPrefix(c.Text, "//go:embed ")
		}) {
			return nil
		}
		return []string{s.at(spec, "%s begins empty: state belongs to a value that somebody made", spec.Names[0].Name)}
	}
	for _, v := range spec.Values {
		switch v := v.(type) {
		case *ast.CallExpr:
			if id, ok := v.Fun.(*ast.Ident); ok && (id.Name == "make" || id.Name == "new") {
				return []string{s.at(spec, "%s begins empty: state belongs to a value that somebody made", spec.Names[0].Name)}
			}
		case *ast.CompositeLit:
			if name := selected(v.Type, "sync"); name == "Mutex" || name == "RWMutex" || name == "Map" || name == "Once" {
				return []string{s.at(spec, "%s is a lock or map for all the program", spec.Names[0].Name)}
			}
			if selected(v.Type, "atomic") != "" {
				return []string{s.at(spec, "%s is a counter for all the program", spec.Names[0].Name)}
			}
		}
	}
	return nil
}

// writes are the places in functions that change a package variable.
func (s *Source) writes(f File, ours func(*ast.Ident) bool) []string {
	var out []string
	told := func(n ast.Node, target ast.Expr) {
		if id := root(target); id != nil && ours(id) {
			out = append(out, s.at(n, "%s is changed here: it is a table for all the program", id.Name))
		}
	}
	for _, d := range f.Tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok == token.DEFINE {
					return true
				}
				for _, l := range n.Lhs {
					told(n, l)
				}
			case *ast.IncDecStmt:
				told(n, n.X)
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "delete" || id.Name == "clear") && len(n.Args) > 0 {
					told(n, n.Args[0])
				}
			}
			return true
		})
	}
	return out
}

// root is the variable that a target is, or is a part of.
func root(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return nil
}
