package arch

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) // a Tuesday

// The channel that docs/add-a-channel.md writes compiles, keeps what
// channeltest asks of every channel, and gives messages. Its files are laid
// over the tree, not into it.
func TestTheChannelInTheDocumentWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package")
	}
	dir, root := t.TempDir(), top(t)
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, text := range blocks(document(t, "docs/add-a-channel.md"), "go") {
		line, _, _ := strings.Cut(text, "\n")
		text = strings.TrimPrefix(text, line+"\n")
		name, ok := strings.CutPrefix(line, "// file: ")
		if !ok {
			if name, text, ok = inserted(t, root, line, text); !ok {
				continue
			}
		}
		at := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(root, filepath.FromSlash(name))] = at
	}
	if len(overlay.Replace) < 5 {
		t.Fatalf("%d files in the document", len(overlay.Replace))
	}
	body, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, body, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	for _, pkg := range []string{"channels/note", "normalize"} {
		// Built and run apart: there is no such folder to run in or to vet.
		bin := filepath.Join(dir, filepath.Base(pkg)+".test")
		build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", list, "-o", bin, "./"+pkg)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		run := exec.CommandContext(ctx, bin, "-test.run", "Note", "-test.v")
		run.Dir = dir
		if out, err := run.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestNote") {
			t.Errorf("%s: %v\n%s", pkg, err, out)
		}
	}
}

// inserted is a file with lines added: "// insert: FILE before LINE".
func inserted(t *testing.T, root, line, text string) (name, whole string, ok bool) {
	t.Helper()
	rest, ok := strings.CutPrefix(line, "// insert: ")
	if !ok {
		return "", "", false
	}
	name, before, _ := strings.Cut(rest, " before ")
	body, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(body), "\t"+before+"\n") != 1 {
		t.Fatalf("%s has no one line %q", name, before)
	}
	return name, strings.Replace(string(body), "\t"+before+"\n", text+"\t"+before+"\n", 1), true
}
