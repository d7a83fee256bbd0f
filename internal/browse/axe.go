package browse

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// axeFile is where scripts/install-test-tools.sh puts axe-core, from the root.
const axeFile = ".cache/axe-core/axe.min.js"

// rules are those of WCAG 2.2 AA and what axe holds for good practice beside.
const rules = `["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]`

// violation is what axe says of one rule.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Accessible fails the test when axe-core finds anything wrong with the page
// as it is now. Without axe-core it says so and goes on.
func (b *Browser) Accessible() {
	b.t.Helper()
	script, err := axe()
	if err != nil {
		b.t.Log("not looked at with axe-core (scripts/install-test-tools.sh fetches it): ", err)
		return
	}
	Get(b, chromedp.Evaluate[bool](script+";true"))
	found := Get(b, chromedp.Evaluate[[]violation](
		`axe.run(document, {runOnly: `+rules+`, resultTypes: ["violations"], preload: false}).then(r => r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => ({html: n.html.slice(0, 300), failureSummary: n.failureSummary}))})))`,
		chromedp.EvalAwaitPromise))
	for _, v := range found {
		var where strings.Builder
		for _, n := range v.Nodes {
			fmt.Fprintf(&where, "\n  %s\n    %s", n.HTML, strings.ReplaceAll(n.Summary, "\n", "\n    "))
		}
		b.t.Errorf("axe: %s (%s): %s, on %s%s", v.ID, v.Impact, v.Help, strings.SplitN(b.where(), "\n", 2)[0], where.String())
	}
}

// axe is the script, looked for from here to the root of the repository.
func axe() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = up
	}
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(axeFile)))
	return string(b), err
}
