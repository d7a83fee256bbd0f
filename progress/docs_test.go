package progress

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page says of every timer and every key what it is, and its example holds.
func TestTheDocumentIsExplainedAsItIs(t *testing.T) {
	b, err := os.ReadFile("../docs/progress.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(page, -1) {
		rows = append(rows, m[1])
	}
	timers := []TimerKind{SoonTimer, DelayTimer, OverdueTimer, SilentTimer, HandoutSoonTimer, HandoutOverdueTimer, TeamSilentTimer, ReminderTimer,
		UnansweredTimer, LapsedTimer, ResumedTimer, AftercareTimer, BouncedTimer, PassedTimer, ReopenedTimer, ScoredTimer}
	for _, k := range timers {
		if !slices.Contains(rows, string(k)) {
			t.Errorf("timer %s is not explained", k)
		}
		if o := occasions[k]; o != "" && !regexp.MustCompile("(?m)^\\| `"+string(k)+"` .*\\| `"+string(o)+"` \\|$").MatchString(page) {
			t.Errorf("timer %s is the occasion %s, and the page does not say so", k, o)
		}
	}
	for _, k := range append([]string{"targets", "default", "inform", "remind", "closing", "aftercare", "signals", "interventions"}, promiseKeys...) {
		if !slices.Contains(rows, k) {
			t.Errorf("key %s is not explained", k)
		}
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(examples) == 0 {
		t.Fatal("no example")
	}
	for _, m := range examples {
		if _, err := Parse("docs/progress.md", []byte(m[1]), theCatalogue(t)); err != nil {
			t.Error(err)
		}
		for _, k := range []string{"at", "per_day", "gap", "before", "overdue", "most", "digest", "passed", "waiting", "solved", "reopen", "sample", "every", "bad", "holds", "days", "history", "least", "surely"} {
			if !strings.Contains(m[1], k+":") {
				t.Errorf("the example does not show %s", k)
			}
		}
	}
}
