package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
)

// An edit says on which version it was made: without it nothing is changed,
// and on an old version neither.
func TestAnEditIsMadeOnTheVersionThatWasRead(t *testing.T) {
	n := openNetwork(t)
	agent := n.tokens[desk.Agent]
	r := n.mail("Lamp", "De lamp boven mijn bureau is stuk, kan iemand komen kijken?")
	path := "/requests/" + r.Ref
	read := n.call(agent, "GET", path, "")
	tag := read.header.Get("ETag")
	if tag != fmt.Sprintf("%q", fmt.Sprint(r.Version)) {
		t.Fatalf("ETag %s of version %d", tag, r.Version)
	}
	if a := n.call(agent, "PATCH", path, `{"subject":"Lamp stuk"}`); a.status != 428 || !strings.Contains(a.body, "#if-match") {
		t.Errorf("without If-Match: %d %s", a.status, a.body)
	}
	a := n.call(agent, "PATCH", path, `{"subject":"Lamp stuk"}`, "If-Match", tag)
	var did api.Acted
	a.into(t, &did)
	if did.Version <= r.Version || a.header.Get("ETag") == tag || did.Seq == 0 {
		t.Errorf("edited: %s %s", a.header.Get("ETag"), a.body)
	}
	if b := n.call(agent, "PATCH", path, `{"subject":"Iets anders"}`, "If-Match", tag); b.status != 412 || !strings.Contains(b.body, "#stale") {
		t.Errorf("on the old version: %d %s", b.status, b.body)
	}
	now, err := n.db.Request(t.Context(), r.ID)
	if err != nil || now.Subject != "Lamp stuk" {
		t.Errorf("the subject is %q, %v", now.Subject, err)
	}
}

// Documents are kept in git: read whole, checked, put back on the version that
// was read, and taken back.
func TestADocumentIsReadCheckedPutAndTakenBack(t *testing.T) {
	n := openNetwork(t)
	admin := n.tokens[desk.Admin]
	for _, kind := range []string{"catalogue", "rules", "organisations", "templates"} {
		a := n.call(admin, "GET", "/documents/"+kind, "")
		var d api.Document
		a.into(t, &d)
		tag := a.header.Get("ETag")
		put, _ := json.Marshal(map[string]string{"body": d.Body + "\n# kept in git\n", "reason": "from git"})
		if b := n.call(admin, "PUT", "/documents/"+kind, string(put)); b.status != 428 {
			t.Errorf("%s without If-Match: %d %s", kind, b.status, b.body)
		}
		var checked api.Published
		n.call(admin, "PUT", "/documents/"+kind+"?check=true", string(put)).into(t, &checked)
		if len(checked.Failed) > 0 {
			t.Errorf("%s: examples fail: %+v", kind, checked.Failed)
		}
		b := n.call(admin, "PUT", "/documents/"+kind, string(put), "If-Match", tag)
		if b.status != 200 || b.header.Get("ETag") == tag {
			t.Fatalf("%s: %d %s", kind, b.status, b.body)
		}
		if c := n.call(admin, "PUT", "/documents/"+kind, string(put), "If-Match", tag); c.status != 412 {
			t.Errorf("%s on the old version: %d %s", kind, c.status, c.body)
		}
		if kind == "templates" {
			continue // there was no version before
		}
		if c := n.call(admin, "POST", "/documents/"+kind+"/rollback", `{"version":1,"reason":"no"}`); c.status != 200 || c.header.Get("ETag") != `"3"` {
			t.Errorf("%s back: %d %s", kind, c.status, c.body)
		}
	}
	a := n.call(admin, "PUT", "/documents/rules?check=true", `{"body":"version: 1\nrules:\n- id: a\n"}`)
	if a.status != 422 || !strings.Contains(a.body, `"line"`) {
		t.Errorf("broken rules: %d %s", a.status, a.body)
	}
	if l := n.call(admin, "GET", "/audit?what=rules.", ""); !strings.Contains(l.body, "rules.publish") || !strings.Contains(l.body, "rules.rollback") {
		t.Errorf("the audit log: %s", l.body)
	}
}

// A call that is sent again with its key happens once, and is answered as the
// first time; other words under the same key are refused.
func TestR2_AKeyMakesAnActHappenOnce(t *testing.T) {
	n := openNetwork(t)
	agent := n.tokens[desk.Agent]
	r := n.mail("Lamp", "De lamp boven mijn bureau is stuk, kan iemand komen kijken?")
	for _, c := range []struct{ path, body, other string }{
		{"/requests/" + r.Ref + "/note", `{"text":"Gezien."}`, `{"text":"Niet gezien."}`},
		{"/requests/" + r.Ref + "/assign", `{"to":"sanne"}`, `{"to":""}`},
		{"/calls", `{"channel":"phone","name":"Piet","number":"0201234567","text":"Waar is de fietsenstalling?","outcome":"desk"}`, `{"channel":"phone","text":"Iets anders","outcome":"desk"}`},
	} {
		key := []string{"Idempotency-Key", `"` + c.path + `"`}
		first := n.call(agent, "POST", c.path, c.body, key...)
		again := n.call(agent, "POST", c.path, c.body, key...)
		if first.status != 200 || again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("%s: %d %s, again %d %s", c.path, first.status, first.body, again.status, again.body)
		}
		if other := n.call(agent, "POST", c.path, c.other, key...); other.status != 422 || !strings.Contains(other.body, "#key-reused") {
			t.Errorf("%s with other words: %d %s", c.path, other.status, other.body)
		}
		if strings.Contains(first.body, "Gezien") || strings.Contains(first.body, "Piet") {
			t.Errorf("%s: what is kept for a key says what people said: %s", c.path, first.body)
		}
	}
	messages, err := n.db.Messages(t.Context(), r.ID)
	notes := 0
	for _, m := range messages {
		if m.Text == "Gezien." {
			notes++
		}
	}
	if err != nil || notes != 1 {
		t.Errorf("%d notes, %v", notes, err)
	}
}

// What comes in while somebody turns pages neither repeats nor hides a request.
func TestPagesHangTogetherWhileRequestsComeIn(t *testing.T) {
	n := openNetwork(t)
	want := map[string]bool{}
	for i := range 12 {
		want[n.mail(fmt.Sprint("Lamp ", i), "De lamp boven mijn bureau is stuk, kan iemand komen kijken?").Ref] = true
	}
	agent := n.tokens[desk.Agent]
	list := func(query string) api.RequestList {
		var l api.RequestList
		for deadline := time.After(10 * time.Second); ; {
			changed := n.overview.Changed() // before looking: what changes after it is heard
			n.call(agent, "GET", "/requests?limit=5"+query, "").into(t, &l)
			if !l.Counting && (l.Total == nil || *l.Total >= len(want)) { // a list straight from the store has no total
				return l
			}
			select {
			case <-changed:
			case <-deadline:
				return l
			}
		}
	}
	for _, query := range []string{"&view=open&sort=newest", "&view=open&sort=oldest", ""} {
		seen := map[string]int{}
		for after, pages := "", 0; pages < 10; pages++ {
			l := list(query + "&after=" + after)
			for _, r := range l.Requests {
				seen[r.Ref]++
			}
			n.mail("Nieuw", "Kan iemand naar de printer op de derde kijken?")
			if after = l.Next; after == "" {
				break
			}
		}
		for ref := range want {
			if seen[ref] != 1 {
				t.Errorf("%q: %s comes %d times", query, ref, seen[ref])
			}
		}
	}
}

// A reply goes out after a pause; what was said meanwhile refuses it; it can be
// taken back; and nothing of it is told to who may not see it.
func TestAReplyIsSentRefusedAndTakenBack(t *testing.T) {
	n := openNetwork(t)
	agent := n.tokens[desk.Agent]
	r := n.mail("Lamp", "De lamp boven mijn bureau is stuk, kan iemand komen kijken?")
	path := "/requests/" + r.Ref
	a := n.call(agent, "POST", path+"/reply", fmt.Sprintf(`{"seen":%d,"text":"We komen **morgen**.","then":"stay","files":[{"filename":"plan.txt","type":"text/plain","content":"aGFsbG8="}]}`, r.Version))
	var did api.Acted
	a.into(t, &did)
	if did.Message.IsZero() || did.Due == nil {
		t.Fatalf("no message: %s", a.body)
	}
	m := n.call(agent, "GET", "/messages/"+did.Message.String(), "")
	var said balie.Message
	m.into(t, &said)
	if len(said.Parts) != 1 {
		t.Fatalf("the reply has no file: %s", m.body)
	}
	if f := n.call(agent, "GET", "/messages/"+did.Message.String()+"/files/"+said.Parts[0].SHA256, ""); f.body != "hallo" || !strings.Contains(f.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file: %d %q %s", f.status, f.body, f.header.Get("Content-Disposition"))
	}
	if f := n.call(n.tokens[desk.TeamMember], "GET", "/messages/"+did.Message.String(), ""); f.status != 404 {
		t.Errorf("a team member reads the customer's thread: %d", f.status)
	}
	bram := n.token("bram", desk.Agent)
	if b := n.call(bram, "POST", path+"/reply", fmt.Sprintf(`{"seen":%d,"text":"Ik ook."}`, r.Version)); b.status != 409 || !strings.Contains(b.body, "#stale") {
		t.Errorf("against an older version: %d %s", b.status, b.body)
	}
	if b := n.call(agent, "POST", path+"/unsend", fmt.Sprintf(`{"message":%q}`, did.Message)); b.status != 200 {
		t.Errorf("unsend: %d %s", b.status, b.body)
	}
}

// BenchmarkBearer is a call that does nothing but know who asks.
func BenchmarkBearer(b *testing.B) {
	n := openNetwork(b)
	plain := n.tokens[desk.Agent]
	for b.Loop() {
		if _, err := n.auth.Bearer(b.Context(), plain, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/call")
}
