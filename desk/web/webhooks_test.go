package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/hooks"
)

// webhook makes one and gives its id.
func (r *rig) webhook(address string) string {
	r.t.Helper()
	k, _, err := r.hooks.Add(r.t.Context(), desk.Actor{ID: ada, Role: desk.Admin}, hooks.Hook{Name: "Planning", URL: address}, r.now())
	if err != nil {
		r.t.Fatal(err)
	}
	return k.ID
}

var whsec = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`)

// An admin adds a webhook, gets its secret once, and sees what a test call
// came to; the receiver can check it with the published library.
func TestS9_AWebhookIsMadeTriedAndRemovedInPages(t *testing.T) {
	r := newRig(t)
	var secret atomic.Value
	var checked atomic.Bool
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		wh, err := webhooks.NewWebhook(secret.Load().(string))
		if err == nil {
			err = wh.VerifyIgnoringTimestamp(body, q.Header) // the rig has a clock of its own
		}
		checked.Store(err == nil && strings.Contains(string(body), "balie.test"))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer listener.Close()
	u := r.as(ada)
	wrong := u.post("/settings/webhooks", url.Values{"name": {""}, "url": {"nowhere"}, "which": {"some"}, "private": {"yes"}})
	if wrong.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(wrong.body, `value="nowhere"`) {
		t.Errorf("a form with faults: %d", wrong.StatusCode)
	}
	made := u.post("/settings/webhooks", url.Values{"name": {"Planning"}, "url": {listener.URL}, "which": {"some"}, "events": {"opened", "closed"}, "private": {"no"}})
	shown := whsec.FindString(strings.ReplaceAll(made.body, "&#43;", "+"))
	if made.StatusCode != http.StatusOK || shown == "" {
		t.Fatalf("no secret is shown: %d\n%s", made.StatusCode, made.body)
	}
	secret.Store(shown)
	all, err := r.hooks.List(t.Context())
	if err != nil || len(all) != 1 || len(all[0].Events) != 2 {
		t.Fatal(all, err)
	}
	path := "/settings/webhooks/" + all[0].ID
	if a := u.get(path); whsec.MatchString(a.body) || !strings.Contains(a.body, listener.URL) {
		t.Errorf("the secret is shown again, or the page is another: %d", a.StatusCode)
	}
	if a := u.post(path+"/test", nil); a.StatusCode != http.StatusOK || !checked.Load() || !strings.Contains(a.body, "204") {
		t.Errorf("the test call: %d, its signature holds: %v", a.StatusCode, checked.Load())
	}
	rotated := u.post(path+"/rotate", nil)
	if next := whsec.FindString(strings.ReplaceAll(rotated.body, "&#43;", "+")); next == "" || next == shown {
		t.Errorf("no new secret is shown")
	}
	if a := u.post(path+"/remove", nil); a.StatusCode != http.StatusSeeOther {
		t.Errorf("remove: %d", a.StatusCode)
	}
	if a := u.get("/settings/webhooks"); strings.Contains(a.body, "Planning") {
		t.Error("it is still there")
	}
}
