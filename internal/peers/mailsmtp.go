package peers

import (
	"bytes"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Stage is a moment in a mail transaction.
type Stage string

// The moments at which an answer can be scripted.
const (
	AtAuth Stage = "auth"
	AtMail Stage = "mail"
	AtRcpt Stage = "rcpt"
	AtDot  Stage = "dot" // after the final dot
)

// Answer is what the SMTP server says instead of yes.
type Answer struct {
	At   Stage
	Code int    // such as 451; 0: see Drop and Silent
	Text string // may begin with an enhanced code: "5.7.1 no"
	// Drop closes the connection without a word. Taken says that the mail was
	// taken all the same.
	Drop, Taken bool
	Silent      bool // never answers
	Times       int  // how often; 0 is always
}

// Script adds an answer for one recipient, or for all with "*". At AtAuth and
// AtMail only "*" counts.
func (m *Mail) Script(recipient string, a Answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := canonical(recipient)
	m.answers[r] = append(m.answers[r], a)
}

// Transaction is one mail transaction as the server saw it.
type Transaction struct {
	Hello, User string // who said EHLO, who logged in
	From        string
	To          []string // accepted recipients
	UTF8        bool
	Data        []byte // nil when it did not come that far
	Accepted    bool   // the server said 250 after the final dot, or took it silently
}

// Transactions are all mail transactions so far that came to MAIL.
func (m *Mail) Transactions() []Transaction {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.sessions)
}

// Wire is all that clients sent to the SMTP port, byte for byte, one element
// per connection (with StartTLS it ends at the upgrade).
func (m *Mail) Wire() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]string, len(m.wires))
	for i, w := range m.wires {
		out[i] = w.String()
	}
	return out
}

func (m *Mail) smtpServer(upgrade *tls.Config) *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		m.mu.Lock()
		m.callers[c] = true
		m.mu.Unlock()
		return &session{m: m, c: c, hello: c.Hostname(), at: -1}, nil
	}))
	s.Domain = "localhost"
	s.AllowInsecureAuth = true
	s.TLSConfig = upgrade
	s.EnableSMTPUTF8 = m.opts.SMTPUTF8
	s.MaxMessageBytes = 64 << 20
	s.ErrorLog = log.New(io.Discard, "", 0)
	return s
}

// session is one SMTP connection.
type session struct {
	m           *Mail
	c           *smtp.Conn
	hello, user string
	at          int // index of the open transaction in Mail.sessions, or -1
}

var _ smtp.AuthSession = (*session)(nil)

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.scripted(AtAuth, "*"); err != nil {
			return err
		}
		want, ok := s.m.opts.Accounts[user]
		if !ok || subtle.ConstantTimeCompare([]byte(want), []byte(password)) != 1 {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	if s.m.opts.RequireAuth && s.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	if err := s.scripted(AtMail, "*"); err != nil {
		return err
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.at = len(s.m.sessions)
	s.m.sessions = append(s.m.sessions, Transaction{Hello: s.hello, User: s.user, From: from, UTF8: opts != nil && opts.UTF8})
	s.m.wake()
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.scripted(AtRcpt, to); err != nil {
		return err
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	t := &s.m.sessions[s.at]
	t.To = append(t.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.m.mu.Lock()
	t := &s.m.sessions[s.at]
	t.Data = b
	to, from := slices.Clone(t.To), t.From
	s.m.wake()
	s.m.mu.Unlock()
	for _, rcpt := range append(to, "*") {
		a, ok := s.m.answer(AtDot, rcpt)
		if !ok {
			continue
		}
		if a.Taken {
			s.take(from, to, b)
		}
		if err := s.play(a); err != nil {
			return err
		}
	}
	s.take(from, to, b)
	return nil
}

// take hands an accepted mail to its recipients.
func (s *session) take(from string, to []string, b []byte) {
	head := s.m.trace(s, from, b)
	for _, rcpt := range to {
		if s.m.users[canonical(rcpt)] != nil {
			s.m.Deliver(rcpt, append([]byte(head), b...))
		}
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.sessions[s.at].Accepted = true
	for _, rcpt := range to {
		s.m.arrived[canonical(rcpt)] = append(s.m.arrived[canonical(rcpt)], b)
	}
	s.m.wake()
}

// trace is what a mail server writes above a mail that it takes.
func (m *Mail) trace(s *session, from string, b []byte) string {
	head := fmt.Sprintf("Return-Path: <%s>\r\n", from)
	if m.opts.AuthservID != "" {
		head += fmt.Sprintf("Authentication-Results: %s; dmarc=%s header.from=%s\r\n", m.opts.AuthservID, dmarc(from, b), fromDomain(b))
	}
	return head + fmt.Sprintf("Received: from %s by localhost with ESMTP; %s\r\n", s.hello, time.Now().Format(time.RFC1123Z))
}

// dmarc is the verdict on a mail: its envelope and its From agree, or not.
func dmarc(from string, b []byte) string {
	_, domain, _ := strings.Cut(from, "@")
	if domain == "" || !strings.EqualFold(domain, fromDomain(b)) {
		return "fail"
	}
	return "pass"
}

func fromDomain(b []byte) string {
	msg, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return ""
	}
	a, err := mail.ParseAddress(msg.Header.Get("From"))
	if err != nil {
		return ""
	}
	_, domain, _ := strings.Cut(a.Address, "@")
	return domain
}

func (s *session) Reset() { s.at = -1 }
func (s *session) Logout() error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	delete(s.m.callers, s.c)
	s.m.wake()
	return nil
}

// Settle waits until no SMTP connection is open: what a client that ended had
// handed over has become a transaction, or never will.
func (m *Mail) Settle(ctx context.Context) error {
	for {
		m.mu.Lock()
		open, changed := len(m.callers), m.changed
		m.mu.Unlock()
		if open == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for %d SMTP connections to end: %w", open, ctx.Err())
		}
	}
}

// scripted plays the answer for a recipient at a stage, if there is one.
func (s *session) scripted(at Stage, rcpt string) error {
	a, ok := s.m.answer(at, rcpt)
	if !ok && rcpt != "*" {
		a, ok = s.m.answer(at, "*")
	}
	if !ok {
		return nil
	}
	return s.play(a)
}

// answer takes the next scripted answer for a recipient at a stage.
func (m *Mail) answer(at Stage, rcpt string) (Answer, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.answers[canonical(rcpt)]
	for i, a := range list {
		if a.At != at {
			continue
		}
		switch a.Times {
		case 0:
		case 1:
			m.answers[canonical(rcpt)] = slices.Delete(slices.Clone(list), i, i+1)
		default:
			list[i].Times--
		}
		return a, true
	}
	return Answer{}, false
}

// play does what a scripted answer says.
func (s *session) play(a Answer) error {
	if a.Silent {
		<-s.m.done
	}
	if a.Drop || a.Silent {
		s.c.Conn().Close()
		return io.ErrClosedPipe
	}
	e := &smtp.SMTPError{Code: a.Code, EnhancedCode: smtp.NoEnhancedCode, Message: a.Text}
	var x, y, z int
	if n, _ := fmt.Sscanf(a.Text, "%d.%d.%d", &x, &y, &z); n == 3 {
		_, text, _ := strings.Cut(a.Text, " ")
		e.EnhancedCode, e.Message = smtp.EnhancedCode{x, y, z}, text
	}
	return e
}

// recorder keeps what each client of a listener sends.
type recorder struct {
	net.Listener
	m *Mail
}

func (r recorder) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: c}
	r.m.mu.Lock()
	r.m.wires = append(r.m.wires, w)
	r.m.mu.Unlock()
	return w, nil
}

type wire struct {
	net.Conn
	mu  sync.Mutex
	got bytes.Buffer
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	w.got.Write(b[:n])
	w.mu.Unlock()
	return n, err
}

func (w *wire) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.got.String()
}
