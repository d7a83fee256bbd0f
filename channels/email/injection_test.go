package email

import (
	"bufio"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/peers"
)

// payloads are what strangers write to get out of the place they were given.
var payloads = []string{
	"\r\nBcc: v@x.test", "\nBcc: v@x.test", "\rBcc: v@x.test", "a\r\n\r\n<script>", "\u2028Bcc: v@x.test", "\u0085Bcc: v@x.test",
	"x\x00y", "x\x1b[31my", "a\u202egnp.exe", "=?utf-8?Q?=0D=0ABcc:_v@x.test?=", `"quoted" <evil@x.test>`, "evil@x.test, other@x.test",
	"c@d.nl> NOTIFY=NEVER X=<y", strings.Repeat("x", 5000), strings.Repeat("é", 2000), strings.Repeat("woord ", 900), "\xff\xfe", "",
}

var wanted = []string{"From", "To", "Subject", "Date", "Message-Id", "In-Reply-To", "References", "X-Balie-Loop", "Mime-Version", "Content-Type"}

// lines checks the form of a whole mail: CRLF only, no line over 998.
func lines(t interface{ Errorf(string, ...any) }, b string) {
	rest := strings.ReplaceAll(b, "\r\n", "")
	if strings.ContainsAny(rest, "\r\n\x00") {
		t.Errorf("a bare CR, LF or NUL in %q", b)
	}
	for l := range strings.SplitSeq(b, "\r\n") {
		if len(l) > 998 {
			t.Errorf("a line of %d bytes: %q…", len(l), l[:60])
		}
	}
}

func TestS6_NothingAStrangerWroteBecomesAHeaderOrARecipient(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	for _, p := range payloads {
		c := smtpOf(m)
		c.From.Name, c.Instance = "Balie "+p, "desk "+p
		s := sender(t, c)
		d, msg, r := answer("karin@klant.test")
		d.To.Name = p
		msg.Subject, msg.Text, msg.HTML = "Vraag "+p, p, "<p>"+p
		msg.Thread = []string{"goed@klant.test", p, p + "@x.test", strings.Repeat("a", 1000) + "@x.test"}
		r.Ref = "7K3Q-F"
		if _, err := s.Send(t.Context(), d, msg, r); err != nil {
			t.Errorf("%q: %v", p, err)
			continue
		}
		got := m.Mailbox("karin@klant.test")
		b := string(got[len(got)-1])
		lines(t, b)
		mail := parse(t, []byte(b))
		names := slices.Sorted(maps.Keys(mail.Header))
		want := slices.Sorted(slices.Values(wanted))
		if !slices.Equal(names, want) {
			t.Errorf("%q: headers %v, want %v", p, names, want)
		}
		for k, v := range mail.Header {
			if len(v) != 1 {
				t.Errorf("%q: %d times %s", p, len(v), k)
			}
		}
		for _, k := range []string{"From", "To"} {
			list, err := mail.Header.AddressList(k)
			if err != nil || len(list) != 1 || list[0].Address != map[string]string{"From": desk, "To": "karin@klant.test"}[k] {
				t.Errorf("%q: %s is %v (%v)", p, k, list, err)
			}
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(mail.Header.Get("Subject"))
		if err != nil || !strings.HasSuffix(subject, " [7K3Q-F]") || strings.Count(subject, "[7K3Q-F]") != 1 {
			t.Errorf("%q: subject %q, %v", p, subject, err)
		}
	}
	for _, tr := range m.Transactions() {
		if !slices.Equal(tr.To, []string{"karin@klant.test"}) || tr.From != desk {
			t.Errorf("transaction from %s to %v", tr.From, tr.To)
		}
	}
}

func TestS6_AnAddressCannotCarryCommands(t *testing.T) {
	m := startMail(t, peers.MailOptions{SMTPUTF8: true})
	s := sender(t, smtpOf(m))
	for _, to := range []string{
		"", "@", "a@", "@b.nl", "a b@c.nl", "a@b c.nl", "c@d.nl> NOTIFY=NEVER X=<y", "c@d.nl>\r\nRCPT TO:<v@x.test", "c@d.nl\n", "c\r@d.nl",
		"<c@d.nl>", "c\x00@d.nl", "\"a b\"@d.nl", "\"a\\\"b\"@d.nl", "@relay.nl:c@d.nl", "c@[127.0.0.1]", "c,v@d.nl", "c;v@d.nl", "c:v@d.nl", "c(x)@d.nl",
		"c@d..nl", "c@-d.nl", "c@d.nl SIZE=1", "c\u2028@d.nl", "c\u200b@d.nl", "c@d\u202e.nl", "c\u00a0@d.nl", strings.Repeat("a", 65) + "@d.nl", "a@" + strings.Repeat("b.", 130) + "nl", "c\xff@d.nl",
	} {
		if _, err := send(t, s, to); !channels.IsPermanent(err) {
			t.Errorf("%q: %v, want it refused for good", to, err)
		}
	}
	if w := strings.Join(m.Wire(), ""); strings.Contains(w, "RCPT") {
		t.Errorf("something reached the wire:\n%s", w)
	}
}

func TestS6_ABodyCannotEndTheMail(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	s := sender(t, smtpOf(m))
	end := "MAIL FROM:<evil@x.test>\r\nRCPT TO:<v@x.test>\r\nDATA\r\nsmuggled\r\n.\r\n"
	for _, e := range []string{"\n.\n", "\r.\r", "\r\n.\r\n", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r\n\x00.\r\n", "\x85.\x85", "\u2028.\u2028"} {
		d, msg, r := answer("karin@klant.test")
		msg.Text, msg.HTML = "begin"+e+end+"eind", "begin"+e+end+"eind"
		if _, err := s.Send(t.Context(), d, msg, r); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.Transactions(); len(got) != 9 || len(m.Mailbox("v@x.test")) != 0 {
		t.Fatalf("the server saw %d mails, want 9; the smuggled recipient got %d", len(got), len(m.Mailbox("v@x.test")))
	}
	for _, b := range m.Mailbox("karin@klant.test") {
		lines(t, string(b))
	}
	wire := strings.Join(m.Wire(), "")
	if n := strings.Count(wire, "\r\n.\r\n"); n != 9 || strings.ContainsAny(strings.ReplaceAll(wire, "\r\n", ""), "\r\n") {
		t.Errorf("9 mails, and %d ends of mail or a bare CR or LF on the wire:\n%q", n, wire)
	}
}

// texts reads the two texts of a mail back.
func texts(t *rapid.T, b []byte) (plain, html string) {
	r := textproto.NewReader(bufio.NewReader(strings.NewReader(string(b))))
	h, err := r.ReadMIMEHeader()
	if err != nil {
		t.Fatalf("header: %v in %q", err, b)
	}
	_, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	mr := multipart.NewReader(r.R, params["boundary"])
	for i := 0; ; i++ {
		p, err := mr.NextRawPart()
		if err == io.EOF {
			return plain, html
		}
		if err != nil {
			t.Fatalf("part %d: %v in %q", i, err, b)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(text)
			continue
		}
		plain = string(text)
	}
}

func TestWhatIsWrittenIsWhatIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := letter{
			FromName: rapid.String().Draw(t, "from"), ToName: rapid.String().Draw(t, "to"),
			From: envelope{value: desk}, To: envelope{value: "karin@klant.test"},
			Subject: subjectLine(rapid.String().Draw(t, "subject"), "7K3Q-F", rapid.Bool().Draw(t, "answer")),
			Date:    noon, MsgID: "x@desk.test", Thread: rapid.SliceOfN(rapid.StringMatching(`[a-z<> \r\n]{1,9}@[a-z]{1,4}`), 0, 60).Draw(t, "thread"),
			Text: rapid.String().Draw(t, "text"), HTML: "<p>" + rapid.String().Draw(t, "html"),
		}
		b := compose(l)
		lines(t, string(b))
		plain, html := texts(t, b)
		same := func(got, want string) bool {
			norm := func(s string) string { return strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n") }
			return norm(got) == norm(crlf(plainText(want)))
		}
		if !same(plain, l.Text) || !same(html, l.HTML) {
			t.Errorf("text %q came back as %q; html %q as %q", l.Text, plain, l.HTML, html)
		}
		if string(b) != string(compose(l)) {
			t.Error("the same letter gives other bytes")
		}
	})
}

func TestALongChainStaysBounded(t *testing.T) {
	var thread []string
	for i := range 500 {
		thread = append(thread, strings.Repeat("x", 200)+string(rune('a'+i%26))+strings.Repeat("y", i%40)+"@klant.test")
	}
	thread = append(thread, "eerste@klant.test")
	chain := references(thread)
	if len(chain) > 21 || chain[0] != "eerste@klant.test" || chain[len(chain)-1] != thread[0] {
		t.Fatalf("%d ids, from %s to %s", len(chain), chain[0], chain[len(chain)-1])
	}
	lines(t, string(compose(letter{From: envelope{value: desk}, To: envelope{value: desk}, MsgID: "x@y", Thread: thread})))
}

func TestTheSubjectCarriesReAndReferenceOnce(t *testing.T) {
	for in, want := range map[string]string{
		"Printer":                     "Re: Printer [7K3Q-F]",
		"Re: Printer":                 "Re: Printer [7K3Q-F]",
		"RE: Antw: re: Printer":       "Re: Printer [7K3Q-F]",
		"Re: Printer [7K3Q-F]":        "Re: Printer [7K3Q-F]",
		"[7K3Q-F] Re[2]: x [7K3Q-F] ": "Re: x [7K3Q-F]",
		"FW: Printer":                 "Re: FW: Printer [7K3Q-F]",
		"":                            "Re: [7K3Q-F]",
	} {
		if got := subjectLine(in, "7K3Q-F", true); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
	if got := subjectLine("Printer", "", false); got != "Printer" {
		t.Errorf("%q", got)
	}
}

func FuzzParseEnvelope(f *testing.F) {
	for _, s := range append(payloads, "a@b.nl", "jürgen@bücher.test", "a.b+c@x-y.example") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parseEnvelope(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(e.value, "<> \r\n\t\x00\"\\,;:()[]") || strings.Count(e.value, "@") != 1 || len(e.value) > addressMost {
			t.Errorf("%q gives %q", s, e.value)
		}
		if again, err := parseEnvelope(e.value); err != nil || again != e {
			t.Errorf("%q gives %+v, and that %+v, %v", s, e, again, err)
		}
	})
}

func FuzzNotice(f *testing.F) {
	f.Add([]byte("From: a@b.nl\r\nSubject: x\r\n y\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\nbody"))
	f.Add([]byte("no header at all\r\n: x\r\nA: b\rBcc: c\nD: e"))
	f.Fuzz(func(t *testing.T, head []byte) {
		b := notice(noteTooLarge, where{meta: meta{uid: 3, size: 99 << 20}, Account: desk, Folder: "INBOX", Limit: 30 << 20}, head, &piece{"text/plain", string(head), "base64", head})
		r := textproto.NewReader(bufio.NewReader(strings.NewReader(string(b))))
		var h textproto.MIMEHeader
		for {
			line, err := r.ReadContinuedLine()
			if err != nil || line == "" {
				break
			}
			if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, "Content-Type") {
				if h == nil {
					h = textproto.MIMEHeader{}
				}
				h.Add("Content-Type", strings.TrimSpace(v))
			}
		}
		if len(h["Content-Type"]) != 1 {
			t.Fatalf("content types %v in\n%q", h["Content-Type"], b)
		}
		_, params, err := mime.ParseMediaType(h.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := multipart.NewReader(r.R, params["boundary"]).NextPart()
		if err != nil {
			t.Fatalf("%v in\n%q", err, b)
		}
		text, _ := io.ReadAll(p)
		if !strings.Contains(string(text), "te groot") {
			t.Fatalf("the note is %q", text)
		}
	})
}
