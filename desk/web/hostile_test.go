package web_test

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
)

// partsPerMail is how many hostile pieces one mail carries; each is a part of
// its own, and cleaned on its own.
const partsPerMail = 24

// hostile are pieces of HTML that attack whoever reads them: our own, and the
// published ones when they are there.
func hostile(t *testing.T) []string {
	t.Helper()
	own, err := filepath.Glob("testdata/hostile/*.html")
	if err != nil || len(own) == 0 {
		t.Fatalf("no hostile mail: %v", err)
	}
	var out []string
	for _, name := range own {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	root := cmp.Or(os.Getenv("BALIE_SHARED"), filepath.Join("..", "..", "..", "shared"))
	for _, set := range []string{"html-bluemonday", "html-dompurify"} {
		f, err := os.Open(filepath.Join(root, "data", set, "cases.jsonl"))
		if err != nil {
			t.Logf("without the published set %s", set)
			continue
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c struct{ Payload string }
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatal(err)
			}
			out = append(out, c.Payload)
		}
	}
	return out
}

// hostileMail carries pieces of HTML, and plays tricks in its head too.
func (r *rig) hostileMail(n int, pieces []string) balie.Request {
	r.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "Authentication-Results: mx.delinde.example; dmarc=pass header.from=klant.example\r\nFrom: \"<script>alert('from')</script>\" <h%d@klant.example>\r\n"+
		"To: desk@delinde.example\r\nSubject: <img src=x onerror=alert('subject')> </title><script>alert(0)</script> %d\r\nDate: %s\r\nMessage-ID: <h%d@klant.example>\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", n, n, r.now().Format(time.RFC1123Z), n)
	for _, p := range pieces {
		fmt.Fprintf(&b, "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n", base64.StdEncoding.EncodeToString([]byte(p)))
	}
	fmt.Fprintf(&b, "--b\r\nContent-Type: image/svg+xml; name=\"<svg onload=alert(1)>.svg\"\r\nContent-Disposition: attachment\r\n\r\n<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>\r\n--b--\r\n")
	return r.request(r.raw(b.String()))
}

// Hostile mail on the real page in a real browser: no script of it runs, it
// asks nobody elsewhere for anything, and the page's policy has nothing to
// refuse, because nothing of it reaches the page.
func TestS1_HostileMailDoesNothingInABrowser(t *testing.T) {
	r := newRig(t)
	u := r.as(sanne)
	pieces := hostile(t)
	var all []balie.Request
	for i := 0; len(pieces) > 0; i++ {
		n := min(partsPerMail, len(pieces))
		all = append(all, r.hostileMail(i, pieces[:n]))
		pieces = pieces[n:]
	}
	b := u.browser()
	loaded := `performance.getEntriesByType("resource").some(e => e.name.endsWith("/html") && e.responseEnd > 0)`
	for _, q := range all {
		b.Go("/r/"+q.Ref, ".msg.in")
		b.Click(".asmail > summary")
		b.Until(loaded)
		if got := b.Text("h1"); !strings.Contains(got, "<img src=x") {
			t.Errorf("the subject is %q", got)
		}
	}
	for _, q := range all {
		for _, m := range r.messages(q) {
			if m.Direction == balie.In {
				b.Go("/m/"+m.ID.String()+"/html", "body")
			}
		}
	}
	b.Sound()
}

// The pictures of a mail are fetched when somebody asked for it, from the hosts
// that were shown, in that one view.
func TestS1_PicturesFromElsewhereAreAskedForFirst(t *testing.T) {
	r := newRig(t)
	u := r.as(sanne)
	q := r.mail("Ravi Ramdin <ravi@akker.example>", "Nieuwsbericht", `<p>Zie <b>foto</b></p><img src="https://cdn.elsewhere.example/a.png"><img src="http://plain.elsewhere.example/b.png"><img src="https://evil.example/x'; script-src *//.png">`, "")
	m := r.inbound(q).ID.String()
	plain := u.sees("/m/"+m+"/html", 200, "<b>foto</b>")
	if strings.Contains(plain.body, "elsewhere.example") || strings.Contains(plain.Header.Get("Content-Security-Policy"), "https:") {
		t.Errorf("pictures before anybody asked: %s\n%s", plain.Header.Get("Content-Security-Policy"), plain.body)
	}
	for name, want := range map[string]string{"X-Frame-Options": "SAMEORIGIN", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		if got := plain.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if p := plain.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "sandbox ") || strings.Contains(p, "allow-scripts") || strings.Contains(p, "allow-same-origin") || !strings.Contains(p, "default-src 'none'") {
		t.Errorf("the policy of the mail is %s", p)
	}
	u.sees("/m/"+m+"/pictures?r="+q.Ref, 200, "cdn.elsewhere.example", "?pictures="+m)
	u.sees("/r/"+q.Ref+"?pictures="+m, 200, "/m/"+m+"/html?images=1")
	text := r.pass3()
	if a := u.sees("/m/"+r.inbound(text).ID.String()+"/html", 200, "toegangspas"); !strings.HasPrefix(a.Header.Get("Content-Security-Policy"), "sandbox ") {
		t.Error("a mail of text alone is shown as a page of ours")
	}
	asked := u.sees("/m/"+m+"/html?images=1", 200, "https://cdn.elsewhere.example/a.png")
	policy := asked.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "img-src data: https://cdn.elsewhere.example;") {
		t.Errorf("the policy with pictures is %s", policy)
	}
}

// Files of strangers download, whatever they call themselves.
func TestS1_FilesOnlyDownload(t *testing.T) {
	r := newRig(t)
	u := r.as(sanne)
	files := []struct{ name, kind, body, wantKind, wantName string }{
		{"../../etc/passwd", "text/plain", "root", "text/plain", "passwd"},
		{"rekening.html", "text/html", "<script>alert(1)</script>", "application/octet-stream", "rekening.html"},
		{"plaatje.svg", "image/svg+xml", "<svg onload='alert(1)'/>", "application/octet-stream", "plaatje.svg"},
		{"foto.png", "image/png", "<html><script>alert(1)</script>", "image/png", "foto.png"},
		{"stuk.xhtml", "application/xhtml+xml", "<html/>", "application/octet-stream", "stuk.xhtml"},
		{"code.js", "text/javascript", "alert(1)", "application/octet-stream", "code.js"},
		{"a\"; filename=\"evil.exe", "application/pdf", "%PDF", "application/pdf", "a\"; filename=\"evil.exe"},
		{"plan – één \u202efdp.exe", "application/x-msdownload", "MZ", "application/octet-stream", "plan – één fdp.exe"},
		{"", "image/jpeg", "jpg", "image/jpeg", ""},
	}
	var b strings.Builder
	b.WriteString("From: Ravi Ramdin <ravi@akker.example>\r\nTo: desk@delinde.example\r\nSubject: Bestanden\r\nMessage-ID: <files@akker.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nZie bijlagen bij mijn vraag over de sleutel\r\n")
	for _, f := range files {
		fmt.Fprintf(&b, "--b\r\nContent-Type: %s\r\nContent-Disposition: attachment; filename*=UTF-8''%s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n",
			f.kind, percentAll(f.name), base64.StdEncoding.EncodeToString([]byte(f.body)))
	}
	b.WriteString("--b--\r\n")
	q := r.request(r.raw(b.String()))
	m := r.inbound(q)
	if len(m.Parts) != len(files) {
		t.Fatalf("%d files came in, want %d", len(m.Parts), len(files))
	}
	for i, f := range files {
		got := u.get("/m/" + m.ID.String() + "/files/" + m.Parts[i].SHA256)
		disposition := got.Header.Get("Content-Disposition")
		kind, params, err := mime.ParseMediaType(disposition)
		if got.StatusCode != 200 || got.body != f.body || err != nil || kind != "attachment" {
			t.Errorf("%q: %d %q %q (%v)", f.name, got.StatusCode, got.body, disposition, err)
			continue
		}
		if f.wantName != "" && params["filename"] != f.wantName || strings.ContainsAny(disposition, "\r\n\u202e") || regexp.MustCompile(`[^ -~]`).MatchString(disposition) {
			t.Errorf("%q is called %q by %q", f.name, params["filename"], disposition)
		}
		if k := got.Header.Get("Content-Type"); k != f.wantKind {
			t.Errorf("%q is served as %q, want %q", f.name, k, f.wantKind)
		}
		if p := got.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "sandbox;") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: policy %q, sniffing %q", f.name, p, got.Header.Get("X-Content-Type-Options"))
		}
	}
	got := u.get("/m/" + m.ID.String() + "/original")
	if !strings.Contains(got.Header.Get("Content-Disposition"), ".eml") || got.Header.Get("Content-Type") != "application/octet-stream" || got.body != b.String() {
		t.Errorf("the original is %q, %q, %d of %d bytes", got.Header.Get("Content-Disposition"), got.Header.Get("Content-Type"), len(got.body), b.Len())
	}
	for _, path := range []string{"/m/" + q.ID.String() + "/html", "/m/nonsense/html", "/m/" + m.ID.String() + "/files/" + strings.Repeat("0", 64), "/m/" + m.ID.String() + "/files/..%2f..%2fetc%2fpasswd"} {
		if a := u.get(path); a.StatusCode != 404 {
			t.Errorf("GET %s: %d", path, a.StatusCode)
		}
	}
}

// inbound is the first message that came in.
func (r *rig) inbound(q balie.Request) balie.Message {
	r.t.Helper()
	for _, m := range r.messages(q) {
		if m.Direction == balie.In {
			return m
		}
	}
	r.t.Fatal("nothing came in")
	return balie.Message{}
}

func percentAll(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}
