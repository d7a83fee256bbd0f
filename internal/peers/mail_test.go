package peers

import (
	"context"
	"net"
	"net/smtp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const mailText = "From: a@een.test\r\nTo: b@twee.test\r\nSubject: hallo\r\n\r\n.punt\r\n"

func TestMailBySMTPLandsInTheInboxOfTheOther(t *testing.T) {
	m, err := StartMail(MailOptions{Accounts: map[string]string{"a@een.test": "x", "b@twee.test": "y"}, AuthservID: "mx.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	addr := net.JoinHostPort(m.Host, strconv.Itoa(m.SMTPPort))
	if err := smtp.SendMail(addr, nil, "a@een.test", []string{"B@twee.test"}, []byte(mailText)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := m.Wait(ctx, "b@twee.test", 1)
	if err != nil || string(got[0]) != mailText {
		t.Fatalf("%q, %v", got, err)
	}
	c, err := imapclient.DialInsecure(net.JoinHostPort(m.Host, strconv.Itoa(m.IMAPPort)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login("b@twee.test", "y").Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	list, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	body := string(list[0].BodySection[0].Bytes)
	for _, want := range []string{"Return-Path: <a@een.test>", "Authentication-Results: mx.test; dmarc=pass", mailText} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
}

func TestAForgedSenderFailsTheServersVerdict(t *testing.T) {
	if got := dmarc("evil@drie.test", []byte(mailText)); got != "fail" {
		t.Errorf("dmarc=%s", got)
	}
	if got := dmarc("", []byte(mailText)); got != "fail" {
		t.Errorf("dmarc=%s without a sender", got)
	}
}

func TestAPeerListensOnLoopbackOnly(t *testing.T) {
	if m, err := StartMail(MailOptions{SMTPAddr: "0.0.0.0:0"}); err == nil {
		m.Close()
		t.Fatal("a peer listens for the whole network")
	}
}

func TestAScriptedAnswerIsGivenAsOftenAsAsked(t *testing.T) {
	m, err := StartMail(MailOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.Script("b@twee.test", Answer{At: AtRcpt, Code: 451, Text: "4.7.1 come again", Times: 2})
	addr := net.JoinHostPort(m.Host, strconv.Itoa(m.SMTPPort))
	for i, want := range []string{"451", "451", ""} {
		err := smtp.SendMail(addr, nil, "a@een.test", []string{"b@twee.test"}, []byte(mailText))
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("try %d: %v, want %q", i, err, want)
		}
	}
	if got := len(m.Mailbox("b@twee.test")); got != 1 {
		t.Errorf("%d mails arrived", got)
	}
}
