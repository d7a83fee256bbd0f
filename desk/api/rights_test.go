package api_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/balie/balie/desk"
)

// Who may, by right.
var may = map[string][]desk.Role{
	"see":       {desk.ReadOnly, desk.TeamMember, desk.Agent, desk.Lead, desk.Admin},
	"act":       {desk.Agent, desk.Lead, desk.Admin},
	"team":      {desk.TeamMember},
	"documents": {desk.ReadOnly, desk.Agent, desk.Lead, desk.Admin},
	"publish":   {desk.Admin},
	"audit":     {desk.Lead, desk.Admin},
	"erase":     {desk.Lead, desk.Admin},
	"manage":    {desk.Admin},
	"":          {desk.ReadOnly, desk.TeamMember, desk.Agent, desk.Lead, desk.Admin},
}

// row is what the table knows of an operation: which right it needs, what is
// sent, and what whoever may is answered about something that is not there.
type row struct {
	right  string
	body   string
	status int // 0: 404
	query  string
}

// nobody is an id of nothing.
const nobody = "01KAZ5V9QJ6X3E8M4R2T7W1Y0C"

// table is every operation. One that is not in it fails the test.
var table = map[string]row{
	"me":            {right: "", status: 200},
	"list-requests": {right: "see", status: 200}, "show-request": {right: "see"}, "list-views": {right: "see", status: 200},
	"get-message": {right: "see"}, "get-original": {right: "see"}, "get-file": {right: "see"},
	"reply": {right: "act", body: `{"text":"x","seen":1}`}, "note": {right: "act", body: `{"text":"x"}`}, "ask": {right: "act", body: `{"fields":["a"],"seen":1}`},
	"hand-out": {right: "act", body: `{"team":"techniek","seen":1,"asked":"x"}`}, "withdraw-handout": {right: "act", body: `{"reason":"x"}`}, "tell-team": {right: "act", body: `{"text":"x"}`},
	"accept-handout": {right: "team", body: `{}`}, "finish-handout": {right: "team", body: `{"text":"x"}`}, "refuse-handout": {right: "team", body: `{"text":"x"}`}, "ask-desk": {right: "team", body: `{"text":"x"}`},
	"undo": {right: "act", body: `{"seq":1}`}, "unsend": {right: "act", body: `{"message":"` + nobody + `"}`}, "edit-request": {right: "act", body: `{"subject":"x"}`}, "assign": {right: "act", body: `{"to":""}`},
	"resolve": {right: "act", body: `{"how":"phone"}`}, "close": {right: "act", body: `{"outcome":"spam"}`}, "reopen": {right: "act", body: `{"reason":"x"}`}, "plan": {right: "act", body: `{"date":"2027-01-01T09:00:00Z"}`},
	"add-participant": {right: "act", body: `{"address":"a@b.example"}`}, "approve": {right: "act", body: `{"seq":1}`}, "dismiss": {right: "act", body: `{"seq":1}`}, "judge": {right: "act", body: `{"event":1,"right":true}`},
	"merge": {right: "act", body: `{"into":"` + nobody + `"}`}, "link": {right: "act", body: `{"to":"` + nobody + `"}`}, "split": {right: "act", body: `{"message":"` + nobody + `"}`},
	"suggest": {right: "act"}, "release-message": {right: "manage"},
	"list-snippets": {right: "documents", status: 200}, "add-snippet": {right: "act", body: `{"name":"x","text":"{nonsense}"}`, status: 422},
	"change-snippet": {right: "act", body: `{"name":"x","text":"x"}`}, "delete-snippet": {right: "act", status: 204},
	"log-call":       {right: "act", body: `{"channel":"phone","text":"x","outcome":"desk","into":"` + nobody + `"}`},
	"list-customers": {right: "documents", status: 200}, "get-customer": {right: "documents"}, "edit-customer": {right: "act", body: `{"name":"x"}`},
	"merge-customers": {right: "act", body: `{"gone":"01KAZ5V9QJ6X3E8M4R2T7W1Y0D","reason":"x"}`},
	"export-customer": {right: "erase"}, "count-erasure": {right: "erase"}, "erase-customer": {right: "erase", body: `{"reason":"x"}`},
	"list-teams": {right: "documents", status: 200}, "list-organisations": {right: "documents", status: 200},
	"set-team": {right: "publish", body: `{"team":{"id":"x"},"reason":"x"}`, status: 422}, "set-organisation": {right: "publish", body: `{"organisation":{"id":"x","name":"x"},"reason":"x"}`, status: 422},
	"get-plan": {right: "documents", status: 200}, "check-plan": {right: "documents", body: `{"body":"goals: x"}`, status: 422}, "put-plan": {right: "publish", body: `{"body":"goals: x","reason":"x","base":0}`, status: 422},
	"approve-plan": {right: "manage", body: `{"version":1,"by":"x","role":"x"}`},
	"get-document": {right: "documents", status: 200}, "document-history": {right: "documents", status: 200}, "diff-versions": {right: "documents", query: "?from=99"},
	"diff-draft": {right: "documents", body: `{"body":"x"}`, status: 422}, "publish-document": {right: "publish", body: `{"body":"x","reason":"x"}`, status: 422}, "rollback-document": {right: "publish", body: `{"version":99,"reason":"x"}`},
	"get-board": {right: "documents", status: 200}, "try-progress": {right: "documents", body: `{"body":"default: x"}`, status: 422},
	"test-rules": {right: "documents", body: `{"body":"x"}`, status: 422}, "backtest-rules": {right: "publish", body: `{"body":"x"}`, status: 422},
	"list-deliveries": {right: "audit", status: 200}, "retry-delivery": {right: "manage"}, "discard-delivery": {right: "manage", body: `{"reason":"x"}`},
	"list-ledger": {right: "audit", status: 200}, "count-ledger": {right: "audit", status: 200}, "list-audit": {right: "audit", status: 200}, "get-config": {right: "audit", status: 200}, "health": {right: "audit", status: 200},
	"list-users": {right: "manage", status: 200}, "add-user": {right: "manage", body: `{"id":"X X","role":"agent"}`, status: 422}, "set-password": {right: "manage", body: `{"password":"a long enough password 1"}`},
	"set-role": {right: "manage", body: `{"role":"agent"}`}, "disable-user": {right: "manage"}, "enable-user": {right: "manage"}, "invite-user": {right: "manage"},
	"list-tokens": {right: "manage", status: 200}, "revoke-token": {right: "manage"},
	"list-webhooks": {right: "manage", status: 200}, "get-webhook": {right: "manage"}, "add-webhook": {right: "manage", body: `{"name":"x","url":"x"}`, status: 422},
	"change-webhook": {right: "manage", body: `{"name":"x","url":"https://a.example/"}`}, "rotate-webhook": {right: "manage"}, "remove-webhook": {right: "manage"}, "test-webhook": {right: "manage"},
}

// operation is one of the document.
type operation struct {
	id, method, path, right, object string
}

func operations(t *testing.T, n *network) []operation {
	t.Helper()
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			ID     string  `json:"operationId"`
			Right  *string `json:"x-right"`
			Object string  `json:"x-object"`
		}
	}
	a := n.call("", "GET", "/openapi.json", "")
	a.into(t, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %q", doc.OpenAPI)
	}
	var out []operation
	for path, methods := range doc.Paths {
		for method, o := range methods {
			if o.Right == nil {
				t.Errorf("%s %s does not say which right it needs", method, path)
				continue
			}
			out = append(out, operation{o.ID, strings.ToUpper(method), strings.TrimPrefix(path, "/api/v1"), *o.Right, o.Object})
		}
	}
	slices.SortFunc(out, func(x, y operation) int { return strings.Compare(x.id, y.id) })
	return out
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

// filled is a path with things that are not there, but for one request.
func (o operation) filled(name string) string {
	p := strings.NewReplacer("{kind}", "rules", "{name}", name, "{sha256}", strings.Repeat("0", 64)).Replace(o.path)
	return placeholder.ReplaceAllString(p, nobody)
}

// TestS7_EveryOperationRoleAndObject asks for every operation of the document
// as everybody. Who has no token is told nothing; who lacks the right is
// refused; who has it is told that what is not there is not there.
func TestS7_EveryOperationRoleAndObject(t *testing.T) {
	n := openNetwork(t)
	hidden := n.mail("Vraag over de factuur", "Er staat iets vreemds op mijn factuur van vorige maand, kijk eens mee.")
	var seen []string
	for _, o := range operations(t, n) {
		seen = append(seen, o.id)
		r, ok := table[o.id]
		if !ok {
			t.Errorf("%s is not in the table", o.id)
			continue
		}
		if r.right != o.right {
			t.Errorf("%s needs %q, the table says %q", o.id, o.right, r.right)
		}
		headers := []string{"If-Match", `"98"`}
		if a := n.call("", o.method, o.filled(nobody)+r.query, r.body, headers...); a.status != 401 || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s without a token: %d %s", o.id, a.status, a.body)
		}
		for role := range roles {
			want := r.status
			if want == 0 {
				want = 404
			}
			if !slices.Contains(may[r.right], role) {
				want = 403
			}
			a := n.call(n.tokens[role], o.method, o.filled(nobody)+r.query, r.body, headers...)
			if a.status != want {
				t.Errorf("%s as %s: %d, want %d: %s", o.id, role, a.status, want, a.body)
			}
			if role != desk.TeamMember || o.object != "request" || !strings.Contains(o.path, "{name}") {
				continue
			}
			b := n.call(n.tokens[role], o.method, o.filled(hidden.Ref)+r.query, r.body, headers...)
			if b.status != want || unnamed(b.body) != unnamed(a.body) {
				t.Errorf("%s of a request of others: %d %s, of none %d %s", o.id, b.status, b.body, a.status, a.body)
			}
		}
	}
	for id := range table {
		if !slices.Contains(seen, id) {
			t.Errorf("%s is in the table and not in the document", id)
		}
	}
}

// unnamed is a problem without the id of its call.
func unnamed(body string) string {
	var p map[string]any
	if json.Unmarshal([]byte(body), &p) != nil {
		return body
	}
	delete(p, "instance")
	b, _ := json.Marshal(p)
	return string(b)
}

// A token does no more than it was made for, whoever made it.
func TestS7_ATokenHasNoMoreRightsThanItWasGiven(t *testing.T) {
	n := openNetwork(t)
	looks := n.token("ida", desk.Admin, desk.SeeRequests)
	r := n.mail("Lamp", "De lamp boven mijn bureau is stuk, kan iemand komen kijken?")
	for path, want := range map[string]int{"/requests": 200, "/requests/" + r.Ref: 200, "/users": 403, "/audit": 403, "/documents/rules": 403} {
		if a := n.call(looks, "GET", path, ""); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	if a := n.call(looks, "POST", "/requests/"+r.Ref+"/note", `{"text":"x"}`); a.status != 403 {
		t.Errorf("a note: %d", a.status)
	}
	for _, wrong := range []string{"balie_", "balie_" + strings.Repeat("a", 52), looks + "x", "Basic"} {
		if a := n.call(wrong, "GET", "/me", ""); a.status != 401 || !strings.Contains(a.header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%q: %d %s", wrong, a.status, a.header.Get("WWW-Authenticate"))
		}
	}
}

// What happens over the API names the token, in the request's events and in
// the audit log.
func TestS13_EventsAndAuditLinesNameTheToken(t *testing.T) {
	n := openNetwork(t)
	r := n.mail("Lamp", "De lamp boven mijn bureau is stuk, kan iemand komen kijken?")
	if a := n.call(n.tokens[desk.Agent], "POST", "/requests/"+r.Ref+"/note", `{"text":"Gezien."}`); a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	events, err := n.db.Events(t.Context(), r.ID, r.Version)
	if err != nil || len(events) == 0 {
		t.Fatal(events, err)
	}
	if e := events[len(events)-1]; e.By != "agent:sanne" || e.Via != "token:test of sanne" {
		t.Errorf("the event is by %q via %q", e.By, e.Via)
	}
	n.call(n.tokens[desk.Admin], "POST", "/users", `{"id":"piet","role":"agent"}`)
	a := n.call(n.tokens[desk.Lead], "GET", "/audit?what=user.add&object=piet", "")
	if !strings.Contains(a.body, `"via":"token:test of ada"`) || !strings.Contains(a.body, `"from":"127.0.0.1"`) {
		t.Errorf("the audit log: %s", a.body)
	}
}
