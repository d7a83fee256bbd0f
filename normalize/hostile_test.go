package normalize

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/balie/balie"
)

// unsafe finds what must never stand in HTML that is shown.
func unsafe(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	depth, deepest := 0, 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if deepest > maxHTMLDepth {
				return fmt.Sprint("depth ", deepest)
			}
			return ""
		}
		tok := z.Token()
		switch kind {
		case html.CommentToken, html.DoctypeToken:
			return "comment or doctype"
		case html.EndTagToken:
			if depth--; depth < 0 {
				return "closes more than it opens"
			}
		case html.StartTagToken:
			if !void(tok.DataAtom) {
				depth++
				deepest = max(deepest, depth)
			}
			switch tok.Data {
			case "script", "style", "iframe", "object", "embed", "form", "input", "button", "textarea", "select", "svg", "math", "base", "meta", "link", "template", "noscript", "video", "audio", "frameset":
				return "<" + tok.Data
			}
			for _, a := range tok.Attr {
				if bad := unsafeAttribute(tok.Data, a); bad != "" {
					return bad
				}
			}
		}
	}
}

var link = regexp.MustCompile(`^(?i)\s*(https?://|mailto:|tel:)`)

func unsafeAttribute(tag string, a html.Attribute) string {
	switch {
	case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "id", a.Key == "name", a.Key == "class", a.Key == "srcset", a.Key == "background", a.Key == "action":
		return tag + " " + a.Key
	case a.Key == "src" && !strings.HasPrefix(strings.ToLower(a.Val), "cid:"):
		return "loads " + a.Val
	case a.Key == "href" && !link.MatchString(a.Val):
		return "links to " + a.Val
	}
	return ""
}

func TestS1_HostileHTMLIsHarmless(t *testing.T) {
	for _, s := range []string{
		`<img src=x onerror=fetch('/api/users')><svg onload=alert(1)><a href="jav&#x09;ascript:alert(1)">klik</a>`,
		`<form action=https://evil><input name=password><button>log in</button></form>`,
		`<div style="position:fixed;inset:0;background:url(https://t.example)" id="app" class="row">log in again</div>`,
		`<img src="https://t.example/p.gif"><img src="data:image/svg+xml,x"><img src="HTTP://t.example/q">`,
		`<img src="//t.example/p.gif"><img srcset="https://t.example/a 1x"><table background="https://t.example/b"><tr><td>x</td></tr></table>`,
		`<style>@import "https://t.example/c"</style><link rel=stylesheet href=https://t.example/d><object data=https://t.example/e></object>`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`,
		`</div></div></body><script src=https://t.example></script><div>tekst`,
		`<a href="//evil.example">a</a><a href="/desk">b</a><a href="https:evil">c</a><a href="data:text/html,x">d</a><a href="cid:x">e</a>`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<svg><style><img src="</style><img src=x onerror=alert(1)//">`,
		`<meta http-equiv=refresh content="0;url=https://evil"><base href=https://evil><iframe srcdoc="<script>alert(1)</script>">`,
		strings.Repeat("<div>", 5000) + "diep",
		"<a href=\"https://x.example/\u0000\">nul</a><b>\xff</b>",
	} {
		if bad := unsafe(SanitizeHTML(s)); bad != "" {
			t.Errorf("%.80q: %s in %.200q", s, bad, SanitizeHTML(s))
		}
	}
}

func TestS1_PublishedHostileHTMLIsHarmless(t *testing.T) {
	for _, c := range hostile(t) {
		if bad := unsafe(SanitizeHTML(c.Payload)); bad != "" {
			t.Errorf("%s: %s", c.ID, bad)
		}
	}
}

func TestS1_WhatIsHarmlessStays(t *testing.T) {
	for in, want := range map[string]string{
		`<p>Zie <a href="https://example.nl/a?b=1&amp;c=2">hier</a> of <a href="mailto:a@b.nl">mail</a></p>`: `<p>Zie <a href="https://example.nl/a?b=1&amp;c=2" rel="noopener noreferrer nofollow ugc" target="_blank">hier</a> of <a href="mailto:a@b.nl" rel="noopener noreferrer nofollow ugc" target="_blank">mail</a></p>`,
		`<img src="cid:a@b" alt="foto">`:                 `<img src="cid:a@b" alt="foto">`,
		`<table><tr><td colspan="2">a</td></tr></table>`: `<table><tr><td colspan="2">a</td></tr></table>`,
		`1 < 2 &amp; 3`: `1 &lt; 2 &amp; 3`,
	} {
		if got := SanitizeHTML(in); got != want {
			t.Errorf("%q:\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestS6_NamesAndSubjectsCarryNothingAlong(t *testing.T) {
	for in, want := range map[string]string{
		"../../etc/passwd":                  "passwd",
		`..\..\x.exe`:                       "x.exe",
		"=?utf-8?q?=2E=2E=2F=2E=2E=2Fx?=":   "x",
		"a\x00.pdf":                         "a.pdf",
		"invoice\u202efdp.exe":              "invoicefdp.exe",
		"a\r\nBcc: v@x.nl":                  "a Bcc: v@x.nl",
		"..":                                "",
		"C:\\Users\\x\\rapport \u20ac.docx": "rapport €.docx",
		"b\u2028c\u0085d.txt":               "b cd.txt",
		"\x1b[31mrood.txt":                  "[31mrood.txt",
	} {
		if got := CleanName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := CleanName(strings.Repeat("é", 300) + ".pdf"); len(got) > maxName || !strings.HasSuffix(got, "….pdf") {
		t.Errorf("long name: %d bytes, %q", len(got), got)
	}
	m, err := read([]byte("From: =?utf-8?q?a=0D=0ABcc:_v=40x.nl?= <a@b.nl>\r\nReply-To: =?utf-8?q?=00b?= <b@b.nl>\r\nSubject: =?utf-8?q?een=0Atwee=1B[31m?= \x07drie\r\nMessage-ID: <a\x00b\x1b@c.nl>\r\nIn-Reply-To: <x y@z>\r\n" +
		"Content-Type: application/pdf; name=\"=?utf-8?q?..=2Fa=0Ab?=\"\r\nContent-ID: <c\x00id@x>\r\n\r\nx"))
	if err != nil {
		t.Fatal(err)
	}
	sound(t, m)
	if m.From.Name != "a Bcc: v@x.nl" || m.Subject != "een twee[31m drie" || m.Thread[0] != "xy@z" || m.Parts[0].Name != "a b" {
		t.Errorf("from %q, subject %q, thread %q, parts %+v", m.From.Name, m.Subject, m.Thread, m.Parts)
	}
}

func TestS5_OnlyTheDesksOwnServerProvesASender(t *testing.T) {
	const own = "Received: from out.b.nl (out.b.nl [192.0.2.1]) by mx.example.nl; Mon, 3 Mar 2025 10:12:01 +0100\r\n"
	const foreign = "Received: from evil (evil [192.0.2.6]) by out.b.nl; Mon, 3 Mar 2025 10:12:00 +0100\r\n"
	ar := func(id, results string) string {
		return "Authentication-Results: " + id + "; " + results + "\r\n"
	}
	from := "From: Jan <jan@b.nl>\r\n"
	pass := "dmarc=pass header.from=b.nl"
	for name, c := range map[string]struct {
		head string
		want balie.Proof
	}{
		"pass of our server":              {ar("mx.example.nl", pass) + own + from, balie.Proven},
		"below our own Received":          {own + ar("mx.example.nl", pass) + foreign + from, balie.Proven},
		"id in capitals":                  {ar("MX.example.NL", pass) + own + from, balie.Proven},
		"none":                            {own + from, balie.Unproven},
		"of another server":               {ar("mx.evil.example", pass) + own + from, balie.Unproven},
		"below a foreign Received":        {own + foreign + ar("mx.example.nl", pass) + from, balie.Unproven},
		"forged below the real one":       {ar("mx.example.nl", "dmarc=none header.from=b.nl") + own + "X-A: b\r\nSubject: x\r\n" + ar("mx.example.nl", pass) + from, balie.Unproven},
		"forged right below the real one": {ar("mx.example.nl", "dmarc=none header.from=b.nl") + ar("mx.example.nl", pass) + from, balie.Unproven},
		"in the body":                     {from + "\r\n" + ar("mx.example.nl", pass), balie.Unproven},
		"pass for another domain":         {ar("mx.example.nl", "dmarc=pass header.from=evil.example") + own + from, balie.Unproven},
		"fail":                            {ar("mx.example.nl", "dmarc=fail header.from=b.nl") + own + from, balie.Failed},
		"fail, yet DKIM of the domain":    {ar("mx.example.nl", "dmarc=fail header.from=b.nl; dkim=pass header.d=b.nl") + own + from, balie.Failed},
		"aligned DKIM alone":              {ar("mx.example.nl", "dkim=pass header.d=mail.b.nl") + own + from, balie.Proven},
		"aligned SPF alone":               {ar("mx.example.nl", "spf=pass smtp.mailfrom=x@bounce.b.nl") + own + from, balie.Proven},
		"DKIM of a mail service":          {ar("mx.example.nl", "dkim=pass header.d=esp.example; spf=pass smtp.mailfrom=esp.example") + own + from, balie.Unproven},
		"several senders":                 {ar("mx.example.nl", pass) + own + "From: jan@b.nl, piet@evil.example\r\n", balie.Failed},
		"two From fields":                 {ar("mx.example.nl", pass) + own + from + "From: piet@evil.example\r\n", balie.Failed},
		"no sender":                       {ar("mx.example.nl", pass) + own + "From: Jan\r\n", balie.Unproven},
		"DKIM of a neighbour under nl":    {ar("mx.example.nl", "dkim=pass header.d=nl") + own + from, balie.Unproven},
	} {
		mail := []byte(c.head + "\r\nhoi")
		m, err := New(Options{TrustedAuthserv: []string{"mx.example.nl"}}).Message(balie.Raw{Format: "mime"}, opener(mail))
		if err != nil || m.Proof != c.want {
			t.Errorf("%s: got %d, want %d (err %v)", name, m.Proof, c.want, err)
		}
		if m, _ := read(mail); m.Proof != balie.Unproven {
			t.Errorf("%s: proven without a server to trust", name)
		}
	}
}

// One fixture for each reason not to answer automatically (RFC 3834).
func TestS4_MachinesGetNoAutomaticAnswer(t *testing.T) {
	n := New(Options{OwnAddresses: []string{"desk@example.nl"}, TrustedAuthserv: []string{"mx.example.nl"}})
	for head, want := range map[string]balie.Auto{
		"Auto-Submitted: auto-generated\r\n":                                     balie.AutoSystem,
		"Auto-Submitted: auto-replied (vacation)\r\n":                            balie.AutoReply,
		"Auto-Submitted: auto-notified; owner=x\r\n":                             balie.AutoSystem,
		"List-Id: <x.example>\r\n":                                               balie.AutoBulk,
		"Precedence: bulk\r\n":                                                   balie.AutoBulk,
		"Precedence: auto_reply\r\n":                                             balie.AutoReply,
		"X-Autoreply: yes\r\n":                                                   balie.AutoReply,
		"Subject: Automatisch antwoord: vraag\r\n":                               balie.AutoReply,
		"Subject: Out of Office: question\r\n":                                   balie.AutoReply,
		"X-Balie-Loop: 1\r\n":                                                    balie.AutoLoop,
		"From: Desk <desk@example.nl>\r\n":                                       balie.AutoLoop,
		"Auto-Submitted: no\r\n":                                                 "",
		"Subject: Automatisch afsluiten werkt niet\r\n":                          "",
		"Return-Path: <>\r\n":                                                    "",
		"X-Auto-Response-Suppress: OOF, AutoReply\r\n":                           "",
		"From: no-reply@b.nl\r\n":                                                "",
		"From: niet.beantwoorden+x@b.nl\r\n":                                     "",
		"From: bounce-123@b.nl\r\n":                                              "",
		"From: lijst-request@b.nl\r\n":                                           "",
		"From: geen adres\r\n":                                                   "",
		"Authentication-Results: mx.example.nl; dmarc=fail header.from=b.nl\r\n": "",
		strings.Repeat("Received: from a by b\r\n", 60):                          "",
	} {
		from := "From: a@b.nl\r\n"
		if strings.HasPrefix(head, "From:") {
			from = ""
		}
		m, err := n.Message(balie.Raw{Format: "mime"}, opener([]byte(head+from+"\r\nhoi")))
		if err != nil || m.Auto != want {
			t.Errorf("%.60q: auto %q, want %q, err %v", head, m.Auto, want, err)
		}
		person := head == "Auto-Submitted: no\r\n" || strings.Contains(head, "afsluiten")
		if silent := m.Auto != "" || m.NoReply != ""; silent == person {
			t.Errorf("%.60q: auto %q, no reply %q", head, m.Auto, m.NoReply)
		}
	}
}

// What people forward or write about bounces is not one.
func TestMailAboutABounceIsAQuestion(t *testing.T) {
	for _, mail := range []string{
		"From: jan@b.nl\r\nSubject: FW: Undelivered Mail Returned to Sender\r\n\r\nIk kreeg dit, wat nu?\r\n\r\nYour message could not be delivered.\r\n550 5.1.1 User unknown\r\n",
		"From: jan@b.nl\r\nSubject: mail komt terug\r\n\r\nAls ik mail krijg ik: 550 user unknown, permanent error\r\n",
		"From: postmaster@b.nl\r\nSubject: nieuwe printer\r\n\r\nGraag een nieuwe printer.\r\n",
	} {
		if m, err := read([]byte(mail)); err != nil || m.Bounce != nil {
			t.Errorf("%.60q: %+v", mail, m.Bounce)
		}
	}
}
