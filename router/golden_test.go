package router

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/balie/balie"
)

var update = flag.Bool("update", false, "write the golden files anew")

// catalogueOf knows the names that the golden rules use.
type catalogueOf struct{ teams, products []string }

func (c catalogueOf) HasTeam(id string) bool {
	return strings.Contains(" "+strings.Join(c.teams, " ")+" ", " "+id+" ")
}
func (c catalogueOf) HasProduct(id string) bool {
	return strings.Contains(" "+strings.Join(c.products, " ")+" ", " "+id+" ")
}

var linde = catalogueOf{teams: []string{"techniek", "beveiliging", "accountmanagement"}, products: []string{"sleutel", "pas"}}

// golden runs each .yaml of a txtar file and compares with the .want after it.
func golden(t *testing.T, name string, run func(t *testing.T, a *txtar.Archive, file string, body []byte) string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(a.Files); i++ {
		base, isRules := strings.CutSuffix(a.Files[i].Name, ".yaml")
		if !isRules {
			continue
		}
		body := a.Files[i].Data
		t.Run(base, func(t *testing.T) {
			got := strings.TrimSpace(run(t, a, a.Files[i].Name, body)) + "\n"
			want := find(a, base+".want")
			if *update {
				set(a, i, base+".want", got)
				return
			}
			if got != want {
				t.Errorf("input\n%s\ngot\n%s\nwant\n%s", body, got, want)
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func find(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func set(a *txtar.Archive, after int, name, text string) {
	for i, f := range a.Files {
		if f.Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	rest := append([]txtar.File{{Name: name, Data: []byte(text)}}, a.Files[after+1:]...)
	a.Files = append(a.Files[:after+1], rest...)
}

func TestWhatIsWrongInRulesIsSaidWithPlaceAndFix(t *testing.T) {
	golden(t, "errors.txtar", func(t *testing.T, _ *txtar.Archive, file string, body []byte) string {
		_, err := Compile(file, body, linde)
		if err == nil {
			t.Errorf("%s was accepted:\n%s", file, body)
			return ""
		}
		return err.Error()
	})
}

func TestTraceSaysWhatEachClauseSaw(t *testing.T) {
	golden(t, "traces.txtar", func(t *testing.T, a *txtar.Archive, file string, body []byte) string {
		rs, err := Compile(file, body, linde)
		if err != nil {
			t.Fatal(err)
		}
		var f balie.Facts
		if err := json.Unmarshal([]byte(find(a, strings.TrimSuffix(file, ".yaml")+".json")), &f); err != nil {
			t.Fatal(err)
		}
		trace := rs.Trace(f)
		var b strings.Builder
		b.WriteString(trace.Decision.Reason + "\n")
		for _, r := range trace.Rules {
			b.WriteString(r.ID + ": " + string(r.Is))
			if r.Decided {
				b.WriteString(", decided")
			}
			if r.Why != "" {
				b.WriteString(" (" + r.Why + ")")
			}
			b.WriteString("\n")
			writeClause(&b, r.Clause, "  ")
		}
		return b.String()
	})
}

func writeClause(b *strings.Builder, c Clause, indent string) {
	b.WriteString(indent)
	if c.Join != "" {
		b.WriteString("(" + c.Join + ")")
	} else {
		b.WriteString(c.Text)
	}
	b.WriteString(" = " + string(c.Is))
	for _, s := range c.Saw {
		b.WriteString("; " + s.Fact + " " + s.Value)
	}
	b.WriteString("\n")
	for _, k := range c.Of {
		writeClause(b, k, indent+"  ")
	}
}

func TestWarnings(t *testing.T) {
	golden(t, "warnings.txtar", func(t *testing.T, _ *txtar.Archive, file string, body []byte) string {
		rs, err := Compile(file, body, linde)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, f := range rs.Warnings() {
			b.WriteString(f.Rule + ": " + f.Problem + "; " + f.Fix + "\n")
		}
		if b.Len() == 0 {
			return "none"
		}
		return b.String()
	})
}
