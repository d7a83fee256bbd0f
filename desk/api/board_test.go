package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/progress"
)

// A program sees the board as a lead does: what nobody has taken is counted at
// the desk, and a team member's token does not see the load of others.
func TestTheBoardByTheAPI(t *testing.T) {
	n := openNetwork(t)
	q := n.mail("Factuur", "Er staat iets vreemds op mijn factuur van vorige maand, kijk eens mee.")
	var b api.BoardNow
	for limit := time.Now().Add(20 * time.Second); ; {
		changed := n.overview.Changed()
		n.call(n.tokens[desk.Lead], "GET", "/board", "").into(t, &b)
		if b.Open == 1 && !b.Counting {
			break
		}
		select {
		case <-changed:
		case <-time.After(time.Until(limit)):
			t.Fatalf("the board does not follow: %+v", b)
		}
	}
	if len(b.Teams) < 2 || b.Teams[0].Team != "" || b.Today != nil {
		t.Errorf("%s (%s) is at the desk or a team, and the board says %+v", q.Ref, q.State, b)
	}
	held := 0
	for _, x := range b.Teams {
		held += x.Open
	}
	if held != 1 {
		t.Errorf("one request is open and teams have %d", held)
	}
}

// A program tries promises without putting them in force, and promises whose
// interventions fail their examples are refused.
func TestPromisesByTheAPI(t *testing.T) {
	n := openNetwork(t)
	n.mail("Factuur", "Er staat iets vreemds op mijn factuur van vorige maand, kijk eens mee.")
	var tried api.PromisesTried
	n.call(n.tokens[desk.Agent], "POST", "/progress/try", body(t, map[string]any{"body": string(progress.Sample())})).into(t, &tried)
	if tried.Looked+tried.Judged != 1 || tried.Moved != 0 || len(tried.Failed) != 0 {
		t.Errorf("the same promises change %+v", tried)
	}
	slower := strings.Replace(string(progress.Sample()), "respond: 4h", "respond: 9h", 1)
	n.call(n.tokens[desk.Agent], "POST", "/progress/try", body(t, map[string]any{"body": slower})).into(t, &tried)
	if a := n.call(n.tokens[desk.Lead], "GET", "/documents/progress", ""); a.status != 200 || strings.Contains(a.body, "respond: 9h") {
		t.Errorf("trying put it in force: %d", a.status)
	}
	if a := n.call(n.tokens[desk.Admin], "PUT", "/documents/progress", body(t, map[string]any{"body": slower, "reason": "slower", "base": 1})); a.status != 200 {
		t.Errorf("publish: %d %s", a.status, a.body)
	}
	if a := n.call(n.tokens[desk.Lead], "GET", "/documents/progress", ""); !strings.Contains(a.body, "respond: 9h") {
		t.Errorf("it is not in force: %s", a.body)
	}
}

func body(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
