package email

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/peers"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func smtpOf(m *peers.Mail) SMTPConfig {
	return SMTPConfig{Host: m.Host, Port: m.SMTPPort, TLS: "none", User: desk, Password: "geheim",
		From: balie.Address{Scheme: balie.Mail, Value: desk, Name: "Balie"}, Domain: "desk.test",
		CommandTimeout: 5 * time.Second, SubmissionTimeout: 5 * time.Second}
}

func sender(t testing.TB, c SMTPConfig) *SMTP {
	s := NewSMTP(c, quietLog())
	t.Cleanup(func() { s.Close() })
	return s
}

// answer is a delivery of an agent's answer to one address.
func answer(to string) (balie.Delivery, balie.Message, balie.Request) {
	return balie.Delivery{ID: balie.NewID(noon), Channel: "email", To: balie.Address{Scheme: balie.Mail, Value: to, Name: "Karin"}},
		balie.Message{Subject: "Printer op de derde", Text: "Hij is gemaakt.\n", HTML: "<p>Hij is gemaakt.</p>", At: noon,
			MsgID: "01k.abc@desk.test", Thread: []string{"twee@klant.test", "een@klant.test"}},
		balie.Request{Ref: "7K3Q-F"}
}

func send(t testing.TB, s *SMTP, to string) (string, error) {
	t.Helper()
	d, m, r := answer(to)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return s.Send(ctx, d, m, r)
}

func parse(t testing.TB, b []byte) *mail.Message {
	t.Helper()
	msg, err := mail.ReadMessage(strings.NewReader(string(b)))
	if err != nil {
		t.Fatalf("the mail cannot be parsed: %v\n%s", err, b)
	}
	return msg
}

func TestAnAnswerArrivesInItsThreadWithTheReference(t *testing.T) {
	for _, o := range []struct {
		name string
		opts peers.MailOptions
		tls  string
	}{
		{"plain", peers.MailOptions{}, "none"},
		{"tls", peers.MailOptions{TLS: true, RequireAuth: true}, "tls"},
		{"starttls", peers.MailOptions{StartTLS: true, RequireAuth: true}, "starttls"},
	} {
		t.Run(o.name, func(t *testing.T) {
			m := startMail(t, o.opts)
			c := smtpOf(m)
			c.TLS, c.TLSConfig = o.tls, trust(m)
			s := sender(t, c)
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, err := send(t, s, "karin@klant.test"); err != nil {
					t.Fatal(err)
				}
			}
			got := m.Mailbox("karin@klant.test")
			if len(got) != 2 || string(got[0]) != string(got[1]) {
				t.Fatalf("two copies of one message must be the same bytes, got %q", got)
			}
			h := parse(t, got[0]).Header
			for name, want := range map[string]string{
				"From": `"Balie" <balie@desk.test>`, "To": `"Karin" <karin@klant.test>`,
				"Subject": "Re: Printer op de derde [7K3Q-F]", "Message-Id": "<01k.abc@desk.test>",
				"In-Reply-To": "<twee@klant.test>", "References": "<een@klant.test> <twee@klant.test>",
				"X-Balie-Loop": "desk.test", "Auto-Submitted": "",
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestR6_WhatTheServerSaysDecidesWhetherToTryAgain(t *testing.T) {
	const temporary, permanent, pause, unknown = "temporary", "permanent", "pause", "unknown"
	kind := func(err error) string {
		var l *channels.LaterError
		var u *channels.UnknownError
		switch {
		case err == nil:
			return "sent"
		case channels.IsPermanent(err):
			return permanent
		case errors.As(err, &l) && l.Pause:
			return pause
		case errors.As(err, &u):
			return unknown
		}
		return temporary
	}
	for _, c := range []struct {
		name string
		on   string
		a    peers.Answer
		want string
	}{
		{"greylisted", "karin@klant.test", peers.Answer{At: peers.AtRcpt, Code: 451, Text: "4.7.1 come again"}, temporary},
		{"mailbox full", "karin@klant.test", peers.Answer{At: peers.AtRcpt, Code: 452, Text: "4.2.2 full"}, temporary},
		{"no such user", "karin@klant.test", peers.Answer{At: peers.AtRcpt, Code: 550, Text: "5.1.1 unknown"}, permanent},
		{"no such user, no enhanced code", "karin@klant.test", peers.Answer{At: peers.AtRcpt, Code: 550, Text: "unknown"}, permanent},
		{"relaying denied", "karin@klant.test", peers.Answer{At: peers.AtRcpt, Code: 554, Text: "5.7.1 relay access denied"}, pause},
		{"login wanted", "karin@klant.test", peers.Answer{At: peers.AtRcpt, Code: 530, Text: "5.7.0 log in"}, pause},
		{"login refused", "*", peers.Answer{At: peers.AtAuth, Code: 535, Text: "5.7.8 no"}, pause},
		{"login not now", "*", peers.Answer{At: peers.AtAuth, Code: 454, Text: "4.7.0 later"}, pause},
		{"our address refused", "*", peers.Answer{At: peers.AtMail, Code: 553, Text: "5.7.1 not yours"}, pause},
		{"too large", "*", peers.Answer{At: peers.AtMail, Code: 552, Text: "5.3.4 too large"}, permanent},
		{"server going down", "*", peers.Answer{At: peers.AtMail, Code: 421, Text: "4.3.2 going down"}, pause},
		{"disk full at the end", "*", peers.Answer{At: peers.AtDot, Code: 452, Text: "4.3.1 full"}, temporary},
		{"content refused", "*", peers.Answer{At: peers.AtDot, Code: 554, Text: "5.6.0 no"}, permanent},
		{"gone at the recipient", "karin@klant.test", peers.Answer{At: peers.AtRcpt, Drop: true}, temporary},
		{"gone after the dot", "*", peers.Answer{At: peers.AtDot, Drop: true}, unknown},
		{"silent after the dot", "*", peers.Answer{At: peers.AtDot, Silent: true}, unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := startMail(t, peers.MailOptions{})
			m.Script(c.on, c.a)
			conf := smtpOf(m)
			conf.SubmissionTimeout = 100 * time.Millisecond
			_, err := send(t, sender(t, conf), "karin@klant.test")
			if got := kind(err); got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
}

func TestR6_ADeadServerPausesTheQueue(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	m.Close()
	_, err := send(t, sender(t, smtpOf(m)), "karin@klant.test")
	var l *channels.LaterError
	if !errors.As(err, &l) || !l.Pause {
		t.Fatalf("got %v, want a pause of the whole queue", err)
	}
}

// One recipient whose own server answers 5.7.1 must not hold up everybody.
func TestR6_OneRecipientsPolicyDoesNotHoldUpTheOthers(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	m.Script("groep@dicht.test", peers.Answer{At: peers.AtRcpt, Code: 550, Text: "5.7.1 members only"})
	s := sender(t, smtpOf(m))
	if _, err := send(t, s, "groep@dicht.test"); err == nil || channels.IsPermanent(err) {
		t.Fatalf("the first refusal may be ours: got %v, want a pause", err)
	}
	if _, err := send(t, s, "karin@klant.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := send(t, s, "groep@dicht.test"); !channels.IsPermanent(err) {
		t.Fatalf("others were accepted since: got %v, want permanent", err)
	}
}

func TestR5_ASecondCopyAfterSilenceHasTheSameMessageID(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	m.Script("*", peers.Answer{At: peers.AtDot, Drop: true, Taken: true, Times: 1})
	s := sender(t, smtpOf(m))
	d, msg, r := answer("karin@klant.test")
	for _, id := range []string{msg.MsgID, ""} {
		msg.MsgID = id
		_, err := s.Send(t.Context(), d, msg, r)
		var u *channels.UnknownError
		if id != "" && !errors.As(err, &u) {
			t.Fatalf("got %v, want an unknown outcome", err)
		}
		if _, err := s.Send(t.Context(), d, msg, r); err != nil {
			t.Fatal(err)
		}
		got := m.Mailbox("karin@klant.test")
		n := len(got)
		a, b := parse(t, got[n-2]).Header.Get("Message-Id"), parse(t, got[n-1]).Header.Get("Message-Id")
		if a != b || a == "" {
			t.Errorf("the copies have the Message-IDs %q and %q", a, b)
		}
	}
}

func TestAutomaticMailSaysSoAndHasNoSenderToBounceTo(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	c := smtpOf(m)
	c.NullSender = true
	s := sender(t, c)
	d, msg, r := answer("karin@klant.test")
	d.Auto = true
	if _, err := s.Send(t.Context(), d, msg, r); err != nil {
		t.Fatal(err)
	}
	if from := m.Transactions()[0].From; from != "" {
		t.Errorf("envelope sender is %q, want none", from)
	}
	if got := parse(t, m.Mailbox("karin@klant.test")[0]).Header.Get("Auto-Submitted"); got != "auto-replied" {
		t.Errorf("Auto-Submitted: %q", got)
	}
	m.Script("*", peers.Answer{At: peers.AtMail, Code: 550, Text: "5.7.1 no empty sender", Times: 1})
	if _, err := s.Send(t.Context(), d, msg, r); err != nil {
		t.Fatalf("a server that takes no empty sender: %v", err)
	}
}

func TestAnAddressOutsideASCIIIsSentWhereTheServerCan(t *testing.T) {
	without, with := startMail(t, peers.MailOptions{}), startMail(t, peers.MailOptions{SMTPUTF8: true})
	if _, err := send(t, sender(t, smtpOf(without)), "jürgen@klant.test"); !channels.IsPermanent(err) {
		t.Errorf("without SMTPUTF8: %v, want permanent", err)
	}
	if _, err := send(t, sender(t, smtpOf(with)), "jürgen@klant.test"); err != nil {
		t.Error(err)
	}
	if _, err := send(t, sender(t, smtpOf(without)), "info@bücher.test"); err != nil {
		t.Error(err)
	}
	if len(without.Mailbox("info@xn--bcher-kva.test")) != 1 {
		t.Error("a domain outside ASCII must go out as A-labels")
	}
}

func TestAConnectionIsUsedForManyMailsAndReplacedWhenItDied(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	s := sender(t, smtpOf(m))
	for range 10 {
		if _, err := send(t, s, "karin@klant.test"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.Wire()); n != 1 {
		t.Errorf("10 mails took %d connections", n)
	}
	s.mu.Lock()
	s.idle[0].raw.Close()
	s.mu.Unlock()
	if _, err := send(t, s, "karin@klant.test"); err != nil {
		t.Fatalf("after the kept connection died: %v", err)
	}
}

func TestAServerThatStopsReadingDoesNotHoldASenderForEver(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	m.Script("karin@klant.test", peers.Answer{At: peers.AtRcpt, Silent: true})
	c := smtpOf(m)
	c.CommandTimeout = 50 * time.Millisecond
	start := time.Now()
	if _, err := send(t, sender(t, c), "karin@klant.test"); err == nil || time.Since(start) > 5*time.Second {
		t.Fatalf("got %v after %v", err, time.Since(start))
	}
}

func TestASurveyHasItsWayOutInItsHeader(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	s := sender(t, smtpOf(m))
	for address, want := range map[string][2]string{
		"https://desk.example/u/abc":  {"<https://desk.example/u/abc>", "List-Unsubscribe=One-Click"},
		"http://127.0.0.1:8080/u/abc": {"<http://127.0.0.1:8080/u/abc>", ""}, // one click wants https
		"":                            {"", ""},
		"javascript:alert(1)":         {"", ""},
		"https://desk.example/u/a>\r\nBcc: x@evil.test": {"", ""},
		"https://desk.example/u/a,b":                    {"", ""},
	} {
		d, msg, r := answer("karin@klant.test")
		msg.Unsubscribe = address
		if _, err := s.Send(t.Context(), d, msg, r); err != nil {
			t.Fatal(err)
		}
		box := m.Mailbox("karin@klant.test")
		h := parse(t, box[len(box)-1]).Header
		if got := [2]string{h.Get("List-Unsubscribe"), h.Get("List-Unsubscribe-Post")}; got != want || h.Get("Bcc") != "" {
			t.Errorf("%q: %q, Bcc %q, want %q", address, got, h.Get("Bcc"), want)
		}
	}
}
