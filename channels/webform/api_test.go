package webform_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels/webform"
)

// call posts a body to the API.
func (s *site) call(body string, headers ...string) page {
	s.t.Helper()
	req, err := http.NewRequest("POST", s.base+"/api/v1/intake", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiSecret)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return s.do(req)
}

type answer struct {
	Message, Request, Ref, Outcome string
	StatusURL                      string `json:"status_url"`
	Type, Field                    string
}

func (p page) answer(t *testing.T) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(p.body), &a); err != nil {
		t.Fatalf("%d %q: %v", p.StatusCode, p.body, err)
	}
	return a
}

func TestAPIHandsIn(t *testing.T) {
	s := open(t, nil)
	p := s.call(`{"name":"Fatima","email":"f@example.nl","phone":"020-1234567","subject":"Pas","text":"Pas werkt niet","language":"nl","product":"pass",
		"fields":{"plate":"G-123-AB"},"attachments":[{"filename":"../a.txt","type":"text/plain","content":"` + base64.StdEncoding.EncodeToString([]byte("hello")) + `"}]}`)
	a := p.answer(t)
	r := s.lastRequest()
	if p.StatusCode != 201 || a.Request != r.ID.String() || a.Ref != r.Ref || a.Outcome != "taken" || a.Message == "" {
		t.Fatalf("got %d %+v", p.StatusCode, a)
	}
	if q := s.get(strings.TrimPrefix(a.StatusURL, s.base)); q.StatusCode != 200 || !strings.Contains(q.body, r.Ref) {
		t.Errorf("status_url %s: %d", a.StatusURL, q.StatusCode)
	}
	raw := s.taken()[0]
	if raw.Verified || raw.Account != "shop" || len(raw.Files) != 1 || raw.Files[0].Name != "a.txt" || raw.Files[0].Original.Size != 5 {
		t.Errorf("handed in %+v", raw)
	}
	m, _ := s.Messages(t.Context(), r.ID)
	if m[0].Fields["plate"] != "G-123-AB" || m[0].Fields["product"] != "pass" || m[0].Subject != "Pas" || m[0].Proof != balie.Unproven {
		t.Errorf("the desk reads %+v", m[0])
	}
}

// TestR2_SameKeyIsOneQuestion: 50 at once, then once more.
func TestR2_SameKeyIsOneQuestion(t *testing.T) {
	s := open(t, nil)
	const body = `{"text":"De koffie is op"}`
	answers := make([]page, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = s.call(body, "Idempotency-Key", `"k-1"`) })
	}
	wg.Wait()
	last := s.call(body, "Idempotency-Key", `"k-1"`)
	for _, p := range answers {
		switch p.StatusCode {
		case 201:
			if p.body != last.body {
				t.Fatalf("answers differ:\n%s\n%s", p.body, last.body)
			}
		case 409:
			if p.Header.Get("Retry-After") == "" {
				t.Error("409 without Retry-After")
			}
		default:
			t.Errorf("got %d %s", p.StatusCode, p.body)
		}
	}
	if n := len(s.taken()); n != 1 || last.StatusCode != 201 {
		t.Fatalf("%d questions, the last answer %d", n, last.StatusCode)
	}
}

// TestR2_OtherBodyUnderTheSameKeyIsRefused, also when it comes first to a
// process that was started since: the digest lies with the message.
func TestR2_OtherBodyUnderTheSameKeyIsRefused(t *testing.T) {
	s := open(t, nil)
	if p := s.call(`{"text":"a"}`, "Idempotency-Key", `"k"`); p.StatusCode != 201 {
		t.Fatalf("got %d", p.StatusCode)
	}
	p := s.call(`{"text":"b"}`, "Idempotency-Key", `"k"`)
	if p.StatusCode != 422 || !strings.HasSuffix(p.answer(t).Type, "#key-reused") {
		t.Errorf("got %d %s", p.StatusCode, p.body)
	}
	if p = s.call(`{"text":"a"}`, "Idempotency-Key", `k`); p.StatusCode != 201 {
		t.Errorf("the same key without quotes: got %d", p.StatusCode)
	}
	if p = s.call(`{"text":"a"}`, "Idempotency-Key", `"l"`); p.StatusCode != 201 || len(s.taken()) != 2 {
		t.Errorf("the same body under another key: got %d, %d questions", p.StatusCode, len(s.taken()))
	}
	s.call(`{"text":"a"}`)
	s.call(`{"text":"a"}`)
	if n := len(s.taken()); n != 4 {
		t.Errorf("without a key every call is a question: got %d, want 4", n)
	}
}

func TestR2_KeyInProgress(t *testing.T) {
	s := open(t, nil)
	s.desk.hold = make(chan struct{})
	done := make(chan page)
	go func() { done <- s.call(`{"text":"a"}`, "Idempotency-Key", `"k"`) }()
	var p page
	for p.Response == nil || p.StatusCode == 201 {
		// Whoever is first waits in Receive; the other is told so. When this
		// one is first, it is the one that waits.
		second := make(chan page, 1)
		go func() { second <- s.call(`{"text":"a"}`, "Idempotency-Key", `"k"`) }()
		select {
		case p = <-second:
		case p = <-done:
			done = second
		}
	}
	if p.StatusCode != 409 || p.Header.Get("Retry-After") != "1" || !strings.HasSuffix(p.answer(t).Type, "#in-progress") {
		t.Errorf("got %d %s", p.StatusCode, p.body)
	}
	close(s.desk.hold)
	if p = <-done; p.StatusCode != 201 {
		t.Errorf("the first got %d", p.StatusCode)
	}
}

func TestR1_APIConfirmsOnlyWhatIsStored(t *testing.T) {
	s := open(t, nil)
	s.desk.fail, s.desk.after = fmt.Errorf("password=hunter2"), true
	p := s.call(`{"text":"a"}`, "Idempotency-Key", `"k"`)
	if p.StatusCode != 503 || p.Header.Get("Retry-After") == "" || strings.Contains(p.body, "hunter2") {
		t.Fatalf("got %d, Retry-After %q, %s", p.StatusCode, p.Header.Get("Retry-After"), p.body)
	}
	s.desk.fail = nil
	if p = s.call(`{"text":"a"}`, "Idempotency-Key", `"k"`); p.StatusCode != 201 || len(s.taken()) != 1 {
		t.Errorf("the second try: %d, %d questions", p.StatusCode, len(s.taken()))
	}
}

func TestS9_APITokens(t *testing.T) {
	s := open(t, nil)
	for name, header := range map[string]string{"none": "", "wrong": "Bearer " + strings.ToUpper(apiSecret), "basic": "Basic " + apiSecret, "part": "Bearer " + apiSecret[:20], "empty": "Bearer "} {
		p := s.call(`{"text":"a"}`, "Authorization", header)
		if p.StatusCode != 401 || p.Header.Get("WWW-Authenticate") == "" || strings.Contains(p.body, apiSecret) {
			t.Errorf("%s: got %d", name, p.StatusCode)
		}
	}
	if p := s.call(strings.Repeat("x", 900_000), "Authorization", "Bearer no"); p.StatusCode != 401 || !p.Close {
		t.Errorf("a large body without a token: got %d, connection kept %v; want 401 before it is read", p.StatusCode, !p.Close)
	}
	if len(s.taken()) != 0 {
		t.Error("a call without a token was taken in")
	}
	for _, bad := range [][]webform.APIToken{{{ID: "", Secret: apiSecret}}, {{ID: "a", Secret: "short"}}, {{ID: "a:b", Secret: apiSecret}}, {{ID: "a", Secret: apiSecret}, {ID: "a", Secret: apiSecret + "2"}}} {
		if _, err := webform.New(webform.Config{API: bad}, webform.Parts{}, nil); err == nil {
			t.Errorf("tokens %+v are accepted", bad)
		}
	}
}

func TestAPIRefusesWhatItWouldHaveToGuess(t *testing.T) {
	s := open(t, nil)
	for _, tc := range []struct {
		body, field string
		want        int
	}{
		{`{"text":"a","team":"x"}`, "team", 422},
		{`{"text":"a","Text":"b"}`, "Text", 422},
		{`{"text":"a","text":"b"}`, "text", 422},
		{`{"text":5}`, "text", 422},
		{`{"name":"x"}`, "text", 422},
		{`{"text":"a","email":"a@b.nl\r\nBcc: v@x.nl"}`, "email", 422},
		{`{"text":"a","email":"pieter@"}`, "email", 422},
		{`{"text":"a","subject":"x\r\nBcc: v@x.nl"}`, "subject", 422},
		{`{"text":"a","language":"klingon"}`, "language", 422},
		{`{"text":"a","fields":{"request":"01JD8ZZZZZZZZZZZZZZZZZZZZZ"}}`, "fields.request", 422},
		{`{"text":"a","fields":{"suspect":""}}`, "fields.suspect", 422},
		{`{"text":"a","attachments":[{"filename":"a","content":"***"}]}`, "body", 422},
		{`{"text":"a","attachments":[{"path":"/etc/passwd"}]}`, "body", 422},
		{`[]`, "body", 422}, {``, "body", 422}, {`{"text":"a"} {}`, "body", 422}, {`{"text":"a"`, "body", 422},
		{"{\"text\":\"\xff\"}", "body", 422},
		{strings.Repeat("[", 200_000), "body", 422},
		{`{"text":"` + strings.Repeat("x", 2<<20) + `"}`, "", 413},
	} {
		p := s.call(tc.body, "Accept", "application/json")
		if p.StatusCode != tc.want || tc.field != "" && p.answer(t).Field != tc.field {
			t.Errorf("%.60s: got %d %s; want %d, field %q", tc.body, p.StatusCode, p.body, tc.want, tc.field)
		}
	}
	for _, key := range []string{`"`, `"a`, `a b`, `"a"b"`, `"\x"`, `""`, `"` + strings.Repeat("k", 300) + `"`} {
		if p := s.call(`{"text":"a"}`, "Idempotency-Key", key); p.StatusCode != 422 {
			t.Errorf("Idempotency-Key %s: got %d", key, p.StatusCode)
		}
	}
	if p := s.call(`{"text":"a"}`, "Content-Type", "text/plain"); p.StatusCode != 415 {
		t.Errorf("text/plain: got %d", p.StatusCode)
	}
	if len(s.taken()) != 0 {
		t.Errorf("%d of them were taken in", len(s.taken()))
	}
}

// TestOpenAPIDescribesTheAPI: every field, and nothing that is not there.
func TestOpenAPIDescribesTheAPI(t *testing.T) {
	s := open(t, nil)
	var doc struct {
		Paths      map[string]map[string]struct{ Responses map[string]any }
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal([]byte(s.get("/api/v1/openapi.json").body), &doc); err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{"201", "401", "409", "413", "415", "422", "429", "503"} {
		if doc.Paths["/api/v1/intake"]["post"].Responses[status] == nil {
			t.Errorf("status %s is not described", status)
		}
	}
	for name := range doc.Components.Schemas["Question"].Properties {
		value := `"x"`
		switch name {
		case "email":
			value = `"a@b.nl"`
		case "language":
			value = `"nl"`
		case "fields":
			value = `{"a":"b"}`
		case "attachments":
			value = `[{"filename":"a","type":"b","content":"YQ=="}]`
		}
		body := fmt.Sprintf(`{"text":"a",%q:%s}`, name, value)
		if name == "text" {
			body = `{"text":"x"}`
		}
		if p := s.call(body); p.StatusCode != 201 {
			t.Errorf("%s is described but refused: %s", name, p.body)
		}
	}
	p := s.call(`{"text":"a"}`)
	var got map[string]any
	if err := json.Unmarshal([]byte(p.body), &got); err != nil {
		t.Fatal(err)
	}
	for k := range got {
		if doc.Components.Schemas["Taken"].Properties[k] == nil {
			t.Errorf("%s is answered but not described", k)
		}
	}
	if reflect.DeepEqual(got, map[string]any{}) {
		t.Error("an empty answer")
	}
}

// TestR8_APIAttachmentsNeedRoom: the limit is the configured one.
func TestR8_APIAttachmentsNeedRoom(t *testing.T) {
	s := open(t, func(c *webform.Config) { c.APIBytes = 4 << 20 })
	content := base64.StdEncoding.EncodeToString(make([]byte, 2<<20))
	if p := s.call(`{"text":"a","attachments":[{"filename":"a","content":"` + content + `"}]}`); p.StatusCode != 201 {
		t.Fatalf("got %d %.200s", p.StatusCode, p.body)
	}
	if size := s.taken()[0].Files[0].Original.Size; size != 2<<20 {
		t.Errorf("kept %d bytes", size)
	}
	s.clock.pass(time.Second)
}
