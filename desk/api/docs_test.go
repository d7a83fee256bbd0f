package api_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie/desk"
)

// consoleBlocks are the commands of the page, in order.
func consoleBlocks(t *testing.T) (out []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(page), "```console\n") {
		if i == 0 {
			continue
		}
		block, _, _ := strings.Cut(part, "```")
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				out = append(out, strings.TrimSpace(command))
			}
		}
	}
	return out
}

// What docs/api.md shows works as it stands there: every line is run, in one
// shell, against a desk.
func TestThePageOfTheAPIWorks(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the examples of docs/api.md are not run", tool)
		}
	}
	n := openNetwork(t)
	one := n.mail("Lamp", "De lamp boven mijn bureau is stuk, kan iemand komen kijken?")
	two := n.mail("Nog een lamp", "De lamp bij het raam doet het ook niet meer.")
	if n.decisions(one.ID) == 0 {
		t.Fatal("the request has no decision to judge")
	}
	commands := consoleBlocks(t)
	if len(commands) < 40 {
		t.Fatalf("%d commands on the page", len(commands))
	}
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	for _, c := range commands {
		script.WriteString("echo " + quoted("$ "+c) + "\n" + c + "\n")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script.String())
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "BALIE="+strings.TrimSuffix(n.url, "/api/v1"), "TOKEN="+n.tokens[desk.Admin], "TEAM_TOKEN="+n.tokens[desk.TeamMember], "REF="+one.Ref, "OTHER="+two.Ref)
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(string(out), "\n")
		t.Errorf("%v, at:\n%s", err, strings.Join(lines[max(0, len(lines)-8):], "\n"))
	}
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
