package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestS8_CSRFEveryFormNeedsItsSessionsToken posts to every route of the table
// as another site would make a browser do.
func TestS8_CSRFEveryFormNeedsItsSessionsToken(t *testing.T) {
	w := newWorld(t)
	u, other := w.fresh(ada), w.as(bram)
	before := w.state()
	const form = "application/x-www-form-urlencoded"
	token := url.Values{"csrf": {u.CSRF}}.Encode()
	for _, rt := range w.web.Table() {
		if rt.Public || rt.Method == http.MethodGet {
			continue
		}
		path := w.path(t, rt.Path, theirs)
		for name, c := range map[string]struct {
			kind, body string
			change     func(*http.Request)
		}{
			"without a token":         {form, "act=assign", nil},
			"another session's token": {form, url.Values{"csrf": {other.CSRF}}.Encode(), nil},
			"another site's page": {form, token, func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", "cross-site")
			}},
			"a neighbour's page": {form, token, func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", "same-site")
			}},
			"another origin, old browser": {form, token, func(r *http.Request) {
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Set("Origin", "https://evil.example")
			}},
			"no origin at all, old browser": {form, token, func(r *http.Request) {
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Set("Origin", "null")
			}},
			"JSON as text": {"text/plain", `{"csrf":"` + u.CSRF + `"}`, nil},
		} {
			req := u.request(http.MethodPost, path, c.kind, c.body)
			if c.change != nil {
				c.change(req)
			}
			a := u.do(req)
			if a.StatusCode != http.StatusForbidden && a.StatusCode != http.StatusUnsupportedMediaType {
				t.Errorf("POST %s, %s: %d\n%.300s", rt.Path, name, a.StatusCode, a.body)
			}
		}
	}
	if after := w.state(); after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
}

// state is what a refused form must leave as it was.
func (r *rig) state() string {
	r.t.Helper()
	var b strings.Builder
	for _, q := range r.requests() {
		b.WriteString(q.Ref + " " + q.State.String() + " " + q.Changed.String() + "\n")
	}
	for _, kind := range []string{"user", "session", "view", "draft", "snippet", "token", "audit"} {
		all, err := r.db.ListRecords(r.t.Context(), kind, "", "", false, 0)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, rec := range all {
			b.WriteString(kind + " " + rec.Key + " " + string(rec.Body) + "\n")
		}
	}
	return b.String()
}
