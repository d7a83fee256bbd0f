package arch

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Each check sees the breach it is for, and lets the like of it pass that is
// allowed.
func TestEachCheckSeesItsBreach(t *testing.T) {
	const pkg = "// Package p is in charge of p.\npackage p\n"
	for _, c := range []struct {
		check, path, text string
		want              string // "": no breach
	}{
		{"imports", "product.go", pkg + `import _ "golang.org/x/net/html"`, "the root imports the standard library only"},
		{"imports", "product.go", pkg + `import _ "github.com/balie/balie/store"`, "the root imports the standard library only"},
		{"imports", "product.go", pkg + `import _ "strings"`, ""},
		{"imports", "router/x.go", pkg + `import _ "github.com/balie/balie/intake"`, "it stands to the right"},
		{"imports", "intake/x.go", pkg + `import _ "github.com/balie/balie/router"`, ""},
		{"imports", "normalize/x.go", pkg + `import _ "github.com/balie/balie/catalogue"`, "neighbours"},
		{"imports", "dispatch/x.go", pkg + `import _ "github.com/balie/balie/intake"`, "neighbours"},
		{"imports", "desk/web/x.go", pkg + `import _ "github.com/balie/balie/desk/api"`, "neighbours"},
		{"imports", "desk/web/x.go", pkg + `import _ "github.com/balie/balie/config"`, "only a program wires it"},
		{"imports", "intake/x.go", pkg + `import _ "github.com/balie/balie/channels/email"`, "only a program wires it"},
		{"imports", "intake/x.go", pkg + `import _ "github.com/balie/balie/store/boltstore"`, "only a program wires it"},
		{"imports", "channels/fax/x.go", pkg + `import _ "github.com/balie/balie/store"`, "it may import only"},
		{"imports", "channels/fax/x.go", pkg + `import _ "github.com/balie/balie/normalize"`, "it may import only"},
		{"imports", "channels/fax/x.go", pkg + `import _ "github.com/balie/balie/channels/email"`, "it may import only"},
		{"imports", "channels/fax/x.go", pkg + `import _ "github.com/balie/balie/internal/httpd"`, ""},
		{"imports", "store/boltstore/x.go", pkg + `import _ "github.com/balie/balie/intake"`, "it may import only"},
		{"imports", "config/x.go", pkg + `import _ "github.com/balie/balie/store"`, "it may import only"},
		{"imports", "internal/httpd/x.go", pkg + `import _ "github.com/balie/balie/internal/ui"`, "may"},
		{"imports", "intake/x.go", pkg + `import _ "github.com/balie/balie/internal/httpd"`, "may"},
		{"imports", "intake/x.go", pkg + `import _ "github.com/balie/balie/internal/peers"`, "may"},
		{"imports", "intake/x.go", pkg + `import _ "github.com/gofiber/fiber/v2"`, "it belongs in channels"},
		{"imports", "desk/x.go", pkg + `import _ "cel.dev/cel-go/cel"`, "it belongs in router"},
		{"imports", "dispatch/x.go", pkg + `import _ "go.etcd.io/bbolt"`, "it belongs in store/boltstore"},
		{"imports", "store/boltstore/x.go", pkg + `import _ "github.com/jackc/pgx/v5"`, "it belongs in store/pgstore"},
		{"imports", "webhooks/x.go", pkg, "no place yet"},
		{"docs", "intake/x.go", "// Package p does things.\npackage p\n", "in charge of"},
		{"docs", "intake/x.go", pkg, ""},
		{"lengths", "intake/x.go", pkg + "func f() {\n" + strings.Repeat("\tg()\n", longestFunc-1) + "}\n", "f has 121 lines"},
		{"lengths", "intake/x.go", pkg + "func f() {\n" + strings.Repeat("\tg()\n", longestFunc-2) + "}\n", ""},
		{"lengths", "intake/x.go", pkg + strings.Repeat("\n", longestFile), "the file has 602 lines"},
		{"inits", "intake/x.go", pkg + "func init() {}", "init function"},
		{"inits", "intake/x.go", pkg + "type t int\nfunc (t) init() {}", ""},
		{"unfinished", "intake/x.go", pkg + "// TO" + "DO: later", "intake/x.go:3"},
		{"unfinished", "docs/rules.md", "a\nb FIX" + "ME\n", "docs/rules.md:2"},
		{"clients", "intake/x.go", pkg + "import \"net/http\"\nvar _ = &http.Client{}", "http.Client"},
		{"clients", "desk/x.go", pkg + "import \"net/http\"\nfunc f() { http.Get(\"\") }", "http.Get"},
		{"clients", "channels/slack/x.go", pkg + "import \"net/http\"\nvar _ = &http.Client{}", ""},
		{"markup", "desk/web/x.go", pkg + "import \"html/template\"\nfunc f(s string) any { return template.HTML(s) }", "only internal/ui"},
		{"markup", "desk/web/x.go", pkg + "import \"html/template\"\nfunc f(s string) any { return template.URL(s) }", "only internal/ui"},
		{"markup", "internal/ui/x.go", pkg + "import \"html/template\"\nfunc f(s string) any { return template.HTML(s) }", ""},
		{"statements", "store/pgstore/x.go", pkg + "import \"fmt\"\nfunc f(s string) string { return fmt.Sprintf(\"SELECT a FROM t WHERE b = '%s'\", s) }", "by fmt"},
		{"statements", "store/pgstore/x.go", pkg + "func f(s string) string { return \"delete from t where a = \" + s }", "with +"},
		{"statements", "store/pgstore/x.go", pkg + "const q = `SELECT a FROM t WHERE b = $1`", ""},
		{"pure", "router/x.go", pkg + "import \"time\"\nfunc f() any { return time.Now() }", "time is an argument"},
		{"pure", "normalize/x.go", pkg + `import _ "os"`, "only reckons"},
		{"state", "desk/x.go", pkg + "var count int", "begins empty"},
		{"state", "desk/x.go", pkg + "var seen = make(map[string]bool)", "begins empty"},
		{"state", "desk/x.go", pkg + "import \"sync\"\nvar mu = sync.Mutex{}", "lock"},
		{"state", "desk/x.go", pkg + "var seen = map[string]bool{}\nfunc f() { seen[\"a\"] = true }", "changed here"},
		{"state", "desk/x.go", pkg + "var seen = map[string]bool{}\nfunc f() { delete(seen, \"a\") }", "changed here"},
		{"state", "desk/x.go", pkg + "var n = 1\nfunc f() { n++ }", "changed here"},
		{"state", "desk/x.go", pkg + "var n = 1\nfunc f() { n := 2; n++; _ = n }", ""},
		{"state", "desk/x.go", pkg + "var seen = map[string]bool{\"a\": true}\nfunc f(seen map[string]bool) { seen[\"b\"] = true }", ""},
	} {
		s, err := Read(fstest.MapFS{c.path: {Data: []byte(c.text)}})
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		got := strings.Join(checks[c.check](s), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s of %s:\n%s\ngot %q, want %q", c.check, c.path, c.text, got, c.want)
		}
	}
}

// A table that stands in one file and is changed in another.
func TestStateIsSeenAcrossFiles(t *testing.T) {
	s, err := Read(fstest.MapFS{
		"desk/a.go": {Data: []byte("package desk\nvar table = map[string]int{\"a\": 1}\n")},
		"desk/b.go": {Data: []byte("package desk\nfunc f() { table[\"b\"]++ }\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.State(); len(got) != 1 || !strings.HasPrefix(got[0], "desk/b.go:2:") {
		t.Errorf("%q", got)
	}
}
