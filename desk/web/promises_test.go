package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie/progress"
)

// An admin sees what other promises would change before they are in force; what
// is wrong is said with its line, and nothing that was typed is lost.
func TestPromisesAreTriedBeforeTheyAreInForce(t *testing.T) {
	r := newRig(t)
	r.pass3()
	admin := r.as(ada)
	before := r.lib.Brain().Policy.Version
	slower := strings.Replace(string(progress.Sample()), "  respond: 4h\n  update: 24h\n  resolve: 40h", "  respond: 9h\n  update: 24h\n  resolve: 80h", 1)
	if slower == string(progress.Sample()) {
		t.Fatal("the sample has another default")
	}
	form := func(body, act, reason string) url.Values {
		return url.Values{"yaml": {body}, "base": {"1"}, "act": {act}, "reason": {reason}}
	}
	res := admin.post("/settings/progress/edit", form(slower, "try", ""))
	if res.StatusCode != http.StatusOK || !strings.Contains(res.body, "9h") || !strings.Contains(res.body, `role="status"`) || r.lib.Brain().Policy.Version != before {
		t.Fatalf("%d, version %d", res.StatusCode, r.lib.Brain().Policy.Version)
	}
	wrong := strings.Replace(slower, "respond: 9h", "respond: soon", 1)
	if res := admin.post("/settings/progress/edit", form(wrong, "publish", "why")); res.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(res.body, "respond: soon") || !strings.Contains(res.body, "errsum") {
		t.Errorf("a faulty draft: %d", res.StatusCode)
	}
	if res := admin.post("/settings/progress/edit", form(slower, "publish", "slower")); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("publish: %d %s", res.StatusCode, res.body)
	}
	if p := r.lib.Brain().Policy; p.Version != before+1 || p.Default.Respond.Hours() != 9 {
		t.Errorf("in force: version %d, respond %s", p.Version, p.Default.Respond)
	}
	if res := admin.post("/settings/progress/edit", form(slower, "publish", "again")); res.StatusCode != http.StatusConflict || !strings.Contains(res.body, "9h") {
		t.Errorf("on an outdated base: %d", res.StatusCode)
	}
	back := url.Values{"to": {"1"}, "base": {"2"}, "reason": {"too slow"}}
	if res := admin.post("/settings/progress/rollback", back); res.StatusCode != http.StatusSeeOther || r.lib.Brain().Policy.Default.Respond.Hours() != 4 {
		t.Errorf("rollback: %d, respond %s", res.StatusCode, r.lib.Brain().Policy.Default.Respond)
	}
}

// The board says why somebody must look and takes a request on by one button.
func TestTheBoardSaysWhatNeedsSomebody(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	r.pass(q.Promised.Add(-30 * time.Minute).Sub(r.now()))
	r.settled()
	u := r.as(sanne)
	res := u.get("/board")
	if res.StatusCode != http.StatusOK || !strings.Contains(res.body, q.Ref) || !strings.Contains(res.body, "/board/take/"+q.Ref) {
		t.Fatalf("%d: %s", res.StatusCode, res.body)
	}
	if res := u.post("/board/take/"+q.Ref, url.Values{}); res.StatusCode != http.StatusSeeOther || r.request(q.ID).Assignee != sanne {
		t.Errorf("%d, assigned to %q", res.StatusCode, r.request(q.ID).Assignee)
	}
}

// A wallboard shows nothing of a person, opens nothing else, and goes dark when
// its link is revoked.
func TestS7_AWallboardShowsNothingOfAPerson(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	r.pass(q.Promised.Add(time.Hour).Sub(r.now()))
	r.settled()
	admin := r.as(ada)
	made := admin.post("/settings/wall", url.Values{"name": {"De hal"}})
	at := strings.Index(made.body, "/wall/")
	if made.StatusCode != http.StatusOK || at < 0 {
		t.Fatalf("%d: %s", made.StatusCode, made.body)
	}
	link := made.body[at : at+strings.IndexByte(made.body[at:], '<')]
	nobody := r.nobody()
	res := nobody.get(link)
	if res.StatusCode != http.StatusOK || !strings.Contains(res.body, q.Ref) {
		t.Fatalf("%d: %s", res.StatusCode, res.body)
	}
	person, err := r.db.Person(t.Context(), q.Customer)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{q.Subject, q.Preview, person.Name, person.Addresses[0].Value, "/r/", "href=\"/inbox"} {
		if secret != "" && strings.Contains(res.body, secret) {
			t.Errorf("the wall says %q", secret)
		}
	}
	token := strings.TrimPrefix(link, "/wall/")
	for _, other := range []string{"/s/" + token, "/h/" + token, "/a/" + token, "/board"} {
		if res := nobody.get(other); res.StatusCode == http.StatusOK {
			t.Errorf("the link of a wall opens %s", other)
		}
	}
	all, err := r.db.ListRecords(t.Context(), "wall", "", "", false, 0)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	admin.post("/settings/wall/revoke", url.Values{"id": {all[0].Key}})
	if res := nobody.get(link); res.StatusCode != http.StatusNotFound {
		t.Errorf("a revoked link: %d", res.StatusCode)
	}
}
