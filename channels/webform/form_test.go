package webform_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels/webform"
)

// upload sends a form with files.
func (s *site) upload(values url.Values, files ...[3]string) page {
	s.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range values {
		w.WriteField(k, v[0])
	}
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="file"; filename="`+f[0]+`"`)
		h.Set("Content-Type", f[1])
		p, err := w.CreatePart(h)
		if err != nil {
			s.t.Fatal(err)
		}
		p.Write([]byte(f[2]))
	}
	w.Close()
	req, err := http.NewRequest("POST", s.base+"/form", &b)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return s.do(req)
}

func TestQuestionGetsAReceiptAndAStatusPage(t *testing.T) {
	s := open(t, nil)
	at := s.ask("Pas werkt niet meer op de derde", "name", "Fatima", "email", "Fatima@Example.nl", "product", "pass")
	p := s.get(at)
	r := s.lastRequest()
	if p.StatusCode != 200 || !strings.Contains(p.body, r.Ref) {
		t.Fatalf("receipt: %d, without %s", p.StatusCode, r.Ref)
	}
	path, _, _ := strings.Cut(at, "/received")
	if p = s.get(path); p.StatusCode != 200 || !strings.Contains(p.body, "Pas werkt niet meer") || !strings.Contains(p.body, "We kijken ernaar") {
		t.Fatalf("status page: %d\n%s", p.StatusCode, p.body)
	}
	if p.Header.Get("X-Robots-Tag") == "" || p.Header.Get("Referrer-Policy") != "no-referrer" || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a secret page may be indexed, referred to or cached: %v", p.Header)
	}
	m, _ := s.Messages(t.Context(), r.ID)
	if m[0].From != (balie.Address{Scheme: balie.Mail, Value: "fatima@example.nl", Name: "Fatima"}) || m[0].Fields["product"] != "pass" || m[0].Language != "nl" {
		t.Errorf("the desk reads %+v", m[0])
	}
}

// TestR1_NoReceiptWhenTheStoreFails: nothing is confirmed that is not on disk,
// what was typed is not lost, and trying again is one question.
func TestR1_NoReceiptWhenTheStoreFails(t *testing.T) {
	for name, set := range map[string]func(*desk){
		"before it stored": func(d *desk) { d.fail = &balie.UnavailableError{Why: "disk full", RetryAfter: 7 * time.Second} },
		"after it stored":  func(d *desk) { d.fail, d.after = errors.New("no answer from the store"), true },
		"keeping":          func(d *desk) { d.failKeep = errors.New("no space left") },
	} {
		s := open(t, nil)
		v := url.Values{"token": {s.fresh("/form")}, "text": {"De koffie is op"}, "email": {"a@b.nl"}}
		set(s.desk)
		p := s.post("/form", v)
		if p.StatusCode != 503 || p.Header.Get("Retry-After") == "" {
			t.Fatalf("%s: got %d, Retry-After %q", name, p.StatusCode, p.Header.Get("Retry-After"))
		}
		if !strings.Contains(p.body, "De koffie is op") || !strings.Contains(p.body, v.Get("token")) || strings.Contains(p.body, "disk full") {
			t.Errorf("%s: the page lost the words or the token, or tells the cause", name)
		}
		s.desk.fail, s.desk.failKeep = nil, nil
		if p = s.post("/form", v); p.StatusCode != 303 {
			t.Fatalf("%s: the second try got %d", name, p.StatusCode)
		}
		if n := len(s.taken()); n != 1 {
			t.Errorf("%s: %d questions, want 1", name, n)
		}
	}
}

// TestR2_FiftyClicksAreOneQuestion: all get the same receipt.
func TestR2_FiftyClicksAreOneQuestion(t *testing.T) {
	s := open(t, nil)
	v := url.Values{"token": {s.fresh("/form")}, "text": {"De koffie is op"}}
	places := make([]string, 50)
	var wg sync.WaitGroup
	for i := range places {
		wg.Go(func() {
			res, err := s.client.PostForm(s.base+"/form", v)
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
			places[i] = res.Header.Get("Location")
		})
	}
	wg.Wait()
	for _, at := range places {
		if at == "" || at != places[0] {
			t.Fatalf("receipts differ: %q and %q", at, places[0])
		}
	}
	if n := len(s.taken()); n != 1 {
		t.Fatalf("%d questions, want 1", n)
	}
}

// TestR2_BackAndAnotherQuestionIsAnother: the same form sent with other words
// is not taken for the first.
func TestR2_BackAndAnotherQuestionIsAnother(t *testing.T) {
	s := open(t, nil)
	token := s.fresh("/form")
	first := s.post("/form", url.Values{"token": {token}, "text": {"De koffie is op"}})
	second := s.post("/form", url.Values{"token": {token}, "text": {"De lamp is stuk"}})
	if first.Header.Get("Location") == second.Header.Get("Location") || len(s.taken()) != 2 {
		t.Fatalf("%d questions; receipts %s and %s", len(s.taken()), first.Header.Get("Location"), second.Header.Get("Location"))
	}
}

func TestMistakesAreNamedWhereTheyAre(t *testing.T) {
	s := open(t, nil)
	for _, tc := range []struct {
		name, field string
		v           url.Values
	}{
		{"no question", "text", url.Values{"text": {"  "}, "name": {"Fatima"}}},
		{"no address", "email", url.Values{"text": {"x"}, "email": {"pieter.hoekstra@"}}},
		{"S6 line end in an address", "email", url.Values{"text": {"x"}, "email": {"a@b.nl\r\nBcc: v@x.nl"}}},
		{"S6 envelope in an address", "email", url.Values{"text": {"x"}, "email": {"c@d.nl> NOTIFY=NEVER X=<y"}}},
		{"too long", "text", url.Values{"text": {strings.Repeat("é", 20_001)}}},
		{"no such product", "product", url.Values{"text": {"x"}, "product": {"<script>"}}},
		{"long name", "name", url.Values{"text": {"x"}, "name": {strings.Repeat("n", 201)}}},
	} {
		tc.v.Set("token", s.fresh("/form"))
		p := s.post("/form", tc.v)
		if p.StatusCode != 422 || !strings.Contains(p.body, "<title>Fout: ") || !strings.Contains(p.body, `href="#`+tc.field+`"`) || !strings.Contains(p.body, `id="`+tc.field+`-e"`) {
			t.Errorf("%s: got %d; title, summary or field does not say so\n%s", tc.name, p.StatusCode, p.body)
		}
		if strings.Contains(p.body, "<script>") {
			t.Errorf("%s: unescaped", tc.name)
		}
	}
	if len(s.taken()) != 0 {
		t.Error("a form with mistakes was taken in")
	}
}

func TestFilesComeAlong(t *testing.T) {
	s := open(t, nil)
	p := s.upload(url.Values{"token": {s.fresh("/form")}, "text": {"Zie foto"}, "lang": {"en"}},
		[3]string{"foto.jpg", "image/jpeg", strings.Repeat("j", 300_000)}, [3]string{"leeg.txt", "text/plain", ""}, [3]string{"b.txt", "no type", "b"})
	if p.StatusCode != 303 || !strings.Contains(p.Header.Get("Location"), "lang=en") {
		t.Fatalf("got %d %s\n%s", p.StatusCode, p.Header.Get("Location"), p.body)
	}
	files := s.taken()[0].Files
	if len(files) != 2 || files[0].Name != "foto.jpg" || files[0].Type != "image/jpeg" || files[0].Original.Size != 300_000 || files[1].Type != "application/octet-stream" {
		t.Fatalf("got %+v", files)
	}
	var doc struct{ Files []struct{ Name string } }
	if err := json.Unmarshal(s.taken()[0].Original.Inline, &doc); err != nil || len(doc.Files) != 2 {
		t.Errorf("the original names %v, %v", doc.Files, err)
	}
}

// TestS6_FileNames are for show: the last element, nothing hidden in it.
func TestS6_FileNames(t *testing.T) {
	s := open(t, nil)
	want := map[string]string{
		"../../etc/passwd": "passwd", `..\\..\\x.exe`: "x.exe", "CON": "_CON", "con.txt": "_con.txt", "....": "bestand",
		"invoice\u202efdp.exe": "invoicefdp.exe", "a\tb.pdf": "ab.pdf", ".htaccess": "htaccess",
		strings.Repeat("é", 200) + ".pdf": strings.Repeat("é", 73) + ".pdf",
	}
	for name, clean := range want {
		p := s.upload(url.Values{"token": {s.fresh("/form")}, "text": {name}}, [3]string{name, "text/plain", "x"})
		raws := s.taken()
		if p.StatusCode != 303 || len(raws) == 0 || len(raws[len(raws)-1].Files) != 1 {
			t.Errorf("%q: got %d", name, p.StatusCode)
			continue
		}
		if got := raws[len(raws)-1].Files[0].Name; got != clean {
			t.Errorf("%q: got %q, want %q", name, got, clean)
		}
	}
}

// TestR8_FilesOverTheLimit are refused in words, with the question kept.
func TestR8_FilesOverTheLimit(t *testing.T) {
	s := open(t, func(c *webform.Config) { c.MaxBytes, c.MaxFiles = 100_000, 2 })
	for name, files := range map[string][][3]string{
		"together too large": {{"a", "", strings.Repeat("x", 60_000)}, {"b", "", strings.Repeat("x", 60_000)}},
		"too many":           {{"a", "", "x"}, {"b", "", "x"}, {"c", "", "x"}},
	} {
		p := s.upload(url.Values{"token": {s.fresh("/form")}, "text": {"Zie foto"}}, files...)
		if p.StatusCode != 413 || !strings.Contains(p.body, "Zie foto") || !strings.Contains(p.body, `id="file-e"`) {
			t.Errorf("%s: got %d\n%s", name, p.StatusCode, p.body)
		}
	}
	if p := s.upload(url.Values{"token": {"x"}}, [3]string{"a", "", strings.Repeat("x", 2<<20)}); p.StatusCode != 413 {
		t.Errorf("far too large: got %d", p.StatusCode)
	}
	if len(s.taken()) != 0 {
		t.Error("a question with too much was taken in")
	}
}

// TestS4_FormIsNoMailCannon: who fills in what no person sees, or faster than
// a person can, is answered in the same way and marked.
func TestS4_FormIsNoMailCannon(t *testing.T) {
	s := open(t, nil)
	s.desk.held = true
	shape := func(at string) string {
		body := s.get(at).body
		for _, re := range []string{refText.String(), `/s/[0-9a-z]+`} {
			body = replaceAll(re, body, "·")
		}
		return body
	}
	honest := shape(s.ask("WIN http://evil.example", "name", "http://evil.example", "email", "victim@example.nl"))
	trapped := shape(s.ask("WIN http://evil.example", "name", "http://evil.example", "email", "victim@example.nl", "extra", "x"))
	token := tokenField.FindStringSubmatch(s.get("/form").body)[1]
	quick := s.post("/form", url.Values{"token": {token}, "text": {"WIN http://evil.example"}, "email": {"victim@example.nl"}})
	if quick.StatusCode != 303 {
		t.Fatalf("a quick one got %d", quick.StatusCode)
	}
	if honest != trapped || honest != shape(quick.Header.Get("Location")) {
		t.Error("the answer tells who was taken for a machine")
	}
	if strings.Contains(honest, "evil.example") {
		t.Error("the receipt repeats what was typed")
	}
	for i, want := range []string{"", "honeypot", "fast"} {
		m, _ := s.Message(t.Context(), s.desk.order[i])
		if m.Fields["suspect"] != want || (want != "") != (m.NoReply != "") {
			t.Errorf("question %d: suspect %q, no reply %q; want %q", i, m.Fields["suspect"], m.NoReply, want)
		}
	}
	if p := s.get(trimmed(quick.Header.Get("Location"))); p.StatusCode != 200 {
		t.Errorf("the status page of a held question: %d", p.StatusCode)
	}
}

func TestS4_OneAddressIsNotFlooded(t *testing.T) {
	s := open(t, func(c *webform.Config) { c.PerAddress = 12 })
	got := map[int]int{}
	for i := range 20 {
		p := s.post("/form", url.Values{"token": {s.fresh("/form")}, "text": {fmt.Sprint("vraag ", i)}, "email": {"Victim@example.nl"}})
		got[p.StatusCode]++
		if p.StatusCode == 429 && (p.Header.Get("Retry-After") == "" || !strings.Contains(p.body, fmt.Sprint("vraag ", i))) {
			t.Error("429 without Retry-After or without the words")
		}
	}
	if got[303] != 6 || got[429] != 14 {
		t.Fatalf("of 20 questions for one address: %v, want 6 taken", got)
	}
	if p := s.post("/form", url.Values{"token": {s.fresh("/form")}, "text": {"x"}, "email": {"other@example.nl"}}); p.StatusCode != 303 {
		t.Errorf("another address got %d", p.StatusCode)
	}
}

func TestR8_OneClientIsBounded(t *testing.T) {
	s := open(t, func(c *webform.Config) { c.PerClient = 8 })
	got := map[int]int{}
	for range 5 {
		got[s.post("/form", url.Values{"token": {s.fresh("/form")}, "text": {"x"}}).StatusCode]++
	}
	if got[303] != 2 || got[429] != 3 {
		t.Fatalf("got %v", got)
	}
}

// TestS8_FormTokens: without a token of ours nothing is taken, and the words
// are not lost.
func TestS8_FormTokens(t *testing.T) {
	s := open(t, nil)
	old := s.fresh("/form")
	s.clock.pass(25 * time.Hour)
	status := s.tokens.Link("status", balie.NewID(monday), monday.AddDate(1, 0, 0))
	for name, token := range map[string]string{"none": "", "made up": "abc", "expired": old, "of another purpose": status} {
		p := s.post("/form", url.Values{"token": {token}, "text": {"De koffie is op"}})
		m := tokenField.FindStringSubmatch(p.body)
		if p.StatusCode != 422 || m == nil || m[1] == token || !strings.Contains(p.body, "De koffie is op") {
			t.Errorf("%s: got %d, a fresh token %v", name, p.StatusCode, m)
		}
	}
	if len(s.taken()) != 0 {
		t.Error("a form that is not ours was taken in")
	}
	req, _ := http.NewRequest("POST", s.base+"/form", strings.NewReader(`{"text":"x"}`))
	req.Header.Set("Content-Type", "text/plain")
	if p := s.do(req); p.StatusCode != 415 {
		t.Errorf("JSON as text/plain: got %d, want 415", p.StatusCode)
	}
}

// TestS6_HostHeader: links come from the configured address.
func TestS6_HostHeader(t *testing.T) {
	s := open(t, nil)
	at := s.ask("De koffie is op")
	req, _ := http.NewRequest("GET", s.base+at, nil)
	req.Header.Set("X-Forwarded-Host", "evil.example")
	if p := s.do(req); strings.Contains(p.body, "evil.example") || !strings.Contains(p.body, s.base+"/s/") {
		t.Error("the link on the receipt is not of the configured address")
	}
	if !strings.HasPrefix(at, "/s/") {
		t.Errorf("redirected to %q", at)
	}
	req, _ = http.NewRequest("GET", s.base+"/form", nil)
	req.Host = "evil.example"
	if p := s.do(req); p.StatusCode != 421 || strings.Contains(p.body, "evil.example") {
		t.Errorf("another host: got %d", p.StatusCode)
	}
}

// TestS6_OddParts throws damaged forms at the reader: an answer under 500 each
// time, and nothing taken in.
func TestS6_OddParts(t *testing.T) {
	s := open(t, nil)
	b := "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhi\r\n"
	for name, body := range map[string]string{
		"no end":      b,
		"no boundary": "hello",
		"empty":       "",
		"huge head":   "--b\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\nx\r\n--b--\r\n",
		"many parts":  strings.Repeat(b, 200) + "--b--\r\n",
		"bad token":   strings.ReplaceAll(b, "text", "to\x00ken") + "--b--\r\n",
	} {
		req, _ := http.NewRequest("POST", s.base+"/form", strings.NewReader(body))
		req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		if p := s.do(req); p.StatusCode < 400 || p.StatusCode >= 500 {
			t.Errorf("%s: got %d", name, p.StatusCode)
		}
	}
	if len(s.taken()) != 0 {
		t.Error("a damaged form was taken in")
	}
}
