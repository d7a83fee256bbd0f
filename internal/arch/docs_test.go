package arch

import (
	"flag"
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/router"
)

var update = flag.Bool("update", false, "write the lists of tests in docs/promises.md anew")

func document(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(top(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const promises = "docs/promises.md"

var (
	promiseTest    = regexp.MustCompile(`^Test([RS]\d+)_`)
	promiseHeading = regexp.MustCompile(`(?m)^### ([RS]\d+) `)
	namedTest      = regexp.MustCompile("`(Test\\w*[A-Za-z0-9])`") // "Test…_" is only a beginning
)

const (
	listBegins = "<!-- tests: written by go test ./internal/arch -run Promises -update -->\n"
	listEnds   = "<!-- end -->"
)

// promiseTests are the tests of each promise, as a list by package.
func promiseTests(s *Source) map[string]string {
	by := map[string]map[string][]string{}
	for _, f := range s.Go {
		for _, d := range f.Tree.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !f.Test {
				continue
			}
			m := promiseTest.FindStringSubmatch(fn.Name.Name)
			if m == nil {
				continue
			}
			if by[m[1]] == nil {
				by[m[1]] = map[string][]string{}
			}
			by[m[1]][f.Dir] = append(by[m[1]][f.Dir], "`"+fn.Name.Name+"`")
		}
	}
	out := map[string]string{}
	for id, dirs := range by {
		var b strings.Builder
		for _, dir := range slices.Sorted(maps.Keys(dirs)) {
			slices.Sort(dirs[dir])
			fmt.Fprintf(&b, "- %s: %s\n", dir, strings.Join(dirs[dir], ", "))
		}
		out[id] = b.String()
	}
	return out
}

// docs/promises.md lists the tests that are there, and none that are not.
func TestPromisesNameTheirTests(t *testing.T) {
	want := promiseTests(source(t))
	doc := document(t, promises)
	parts := promiseHeading.Split(doc, -1)
	var ids []string
	for _, m := range promiseHeading.FindAllStringSubmatch(doc, -1) {
		ids = append(ids, m[1])
	}
	fresh := parts[0]
	for i, id := range ids {
		head, rest, ok := strings.Cut(parts[i+1], listBegins)
		list, tail, closed := strings.Cut(rest, listEnds)
		if !ok || !closed {
			t.Fatalf("%s has no list of tests between %q and %q", id, listBegins, listEnds)
		}
		if list != want[id] && !*update {
			t.Errorf("%s lists\n%s\nthere are\n%s\nrun: go test ./internal/arch -run Promises -update", id, list, want[id])
		}
		fresh += "### " + id + " " + head + listBegins + want[id] + listEnds + tail
		delete(want, id)
	}
	if len(ids) != 15+13 {
		t.Errorf("%d promises, want R1 to R15 and S1 to S13", len(ids))
	}
	for id := range want {
		t.Errorf("there are tests of %s, which is no promise", id)
	}
	if *update && fresh != doc {
		if err := os.WriteFile(filepath.Join(top(t), filepath.FromSlash(promises)), []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Tests that the prose of any document names are there.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	s := source(t)
	have := map[string]bool{}
	for _, f := range s.Go {
		for _, d := range f.Tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.Test {
				have[fn.Name.Name] = true
			}
		}
	}
	for name, text := range s.Other {
		if filepath.Ext(name) != ".md" || name == promises && *update {
			continue
		}
		for _, m := range namedTest.FindAllStringSubmatch(text, -1) {
			if !have[m[1]] {
				t.Errorf("%s names %s, which is no test", name, m[1])
			}
		}
	}
}

// facts are the names of balie.Facts with their types in words.
func facts(typ reflect.Type, prefix string, out map[string]string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name = prefix + name; f.Type.Kind() == reflect.Struct {
			facts(f.Type, name+".", out)
			continue
		}
		switch f.Type.Kind() {
		case reflect.String:
			out[name] = "text"
		case reflect.Bool:
			out[name] = "true or false"
		case reflect.Int, reflect.Float64:
			out[name] = "number"
		case reflect.Slice:
			out[name] = "list of texts"
		case reflect.Map:
			out[name] = "texts by name"
		}
	}
}

var factRow = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([a-z ]+) \\| (.+) \\|$")

// The table of docs/rules.md has each fact with its type, and no other.
func TestRulesDocumentHasEveryFact(t *testing.T) {
	want, got := map[string]string{}, map[string]string{}
	facts(reflect.TypeFor[balie.Facts](), "", want)
	text := section(t, document(t, "docs/rules.md"), "## Facts")
	for _, m := range factRow.FindAllStringSubmatch(text, -1) {
		got[m[1]] = m[2]
	}
	for name, typ := range want {
		if got[name] != typ {
			t.Errorf("%s is a %s; docs/rules.md says %q", name, typ, got[name])
		}
	}
	for name := range got {
		if want[name] == "" {
			t.Errorf("docs/rules.md has %s, which is no fact", name)
		}
	}
}

func section(t *testing.T, doc, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(doc, heading+"\n")
	if !ok {
		t.Fatalf("there is no %q", heading)
	}
	if i := strings.Index(rest, "\n## "); i >= 0 {
		return rest[:i]
	}
	return rest
}

// keys are the words that a package's parser allows: the literals in calls of
// Mapping and OneOf, and in the tables named.
func keys(s *Source, dir string, tables ...string) []string {
	var out []string
	add := func(e ast.Expr) {
		if text, ok := literal(e); ok && text != "" {
			out = append(out, text)
		}
	}
	for _, f := range s.shipped() {
		if f.Dir != dir {
			continue
		}
		ast.Inspect(f.Tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				sel, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || len(n.Args) < 3 {
					return true
				}
				if sel.Sel.Name == "Mapping" || sel.Sel.Name == "OneOf" {
					for _, a := range n.Args[2:] {
						add(a)
					}
				}
			case *ast.ValueSpec:
				lit, ok := first(n.Values).(*ast.CompositeLit)
				if ok && slices.Contains(tables, n.Names[0].Name) {
					for _, e := range lit.Elts {
						add(e)
					}
				}
			}
			return true
		})
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func first(list []ast.Expr) ast.Expr {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// Each word that the two parsers know stands in their document.
func TestDocumentsHaveEveryKey(t *testing.T) {
	s := source(t)
	for _, c := range []struct {
		dir, doc string
		tables   []string
		least    int
	}{
		{"router", "docs/rules.md", []string{"actionNames", "kinds", "priorities", "states", "autos", "modes", "owners", "roles"}, 50},
		{"catalogue", "docs/catalogue.md", []string{"fieldTypes", "given"}, 50},
	} {
		doc := document(t, c.doc)
		all := keys(s, c.dir, c.tables...)
		if len(all) < c.least {
			t.Errorf("%s: only %d keys found: %q", c.dir, len(all), all)
		}
		for _, k := range all {
			if !strings.Contains(doc, "`"+k+"`") && !strings.Contains(doc, "`{"+k+"}`") {
				t.Errorf("%s does not tell of %q", c.doc, k)
			}
		}
	}
}

var block = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// blocks are the code blocks of a document in a language.
func blocks(doc, language string) []string {
	var out []string
	for _, m := range block.FindAllStringSubmatch(doc, -1) {
		if m[1] == language {
			out = append(out, m[2])
		}
	}
	return out
}

// names says what exists in the sample catalogue.
type names struct{ c *catalogue.Catalogue }

func (n names) HasTeam(id string) bool    { _, ok := n.c.Team(id); return ok }
func (n names) HasProduct(id string) bool { _, ok := n.c.Product(id); return ok }

// The rulesets in docs/rules.md compile with the sample catalogue, and their
// examples hold.
func TestRulesInTheDocumentWork(t *testing.T) {
	c, err := catalogue.Parse("sample.yaml", catalogue.Sample())
	if err != nil {
		t.Fatal(err)
	}
	brain := &intake.Brain{Catalogue: c, Matcher: catalogue.Train(c, catalogue.TrainOptions{})}
	n := 0
	for _, text := range blocks(document(t, "docs/rules.md"), "yaml") {
		if !strings.HasPrefix(text, "version:") {
			continue
		}
		n++
		rs, err := router.Compile("docs/rules.md", []byte(text), names{c})
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		brain.Rules = rs
		known := intake.Known{Calendar: c.Calendar(balie.Product{}), Language: "nl"}
		for _, f := range rs.Check(func(question, language string) balie.Facts {
			m := balie.Message{Channel: "email", Text: question, Language: language, From: balie.Address{Scheme: balie.Mail, Value: "jan@klant.example"}}
			d, _ := intake.Decide(brain, m, known, noon)
			return d.Facts
		}) {
			t.Errorf("%+v", f)
		}
		for _, w := range rs.Warnings() {
			t.Errorf("%+v", w)
		}
	}
	if n == 0 {
		t.Error("there is no ruleset in docs/rules.md")
	}
}

// The catalogues in docs/catalogue.md are read without a problem.
func TestCataloguesInTheDocumentWork(t *testing.T) {
	n := 0
	for _, text := range blocks(document(t, "docs/catalogue.md"), "yaml") {
		if !strings.HasPrefix(text, "version:") {
			continue
		}
		n++
		if _, err := catalogue.Parse("docs/catalogue.md", []byte(text)); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
	if n == 0 {
		t.Error("there is no catalogue in docs/catalogue.md")
	}
}
