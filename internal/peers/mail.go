package peers

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"
)

// Inbox is the folder that mail by SMTP lands in.
const Inbox = "INBOX"

// MailOptions say what a mail server offers. The zero value is a server
// without TLS on free ports that takes any mail and has no accounts.
type MailOptions struct {
	// Accounts are mail addresses with their passwords: each is an IMAP login,
	// an SMTP login, and an address whose mail lands in that INBOX.
	Accounts map[string]string
	// TLS speaks TLS from the first byte on both ports; StartTLS offers the
	// upgrade. The certificate is made at start: see Mail.Pool.
	TLS, StartTLS bool
	// RequireAuth refuses MAIL from who has not logged in.
	RequireAuth bool
	// SMTPUTF8 offers addresses outside ASCII (RFC 6531).
	SMTPUTF8 bool
	// AuthservID, when set, makes the server add Authentication-Results to what
	// comes by SMTP: dmarc=pass when the envelope's domain is the one of From.
	AuthservID string
	// IMAPAddr and SMTPAddr are where to listen, "127.0.0.1:0" by default.
	IMAPAddr, SMTPAddr string
}

// Mail is a mail server on loopback: IMAP and SMTP over the same mailboxes.
type Mail struct {
	Host               string
	IMAPPort, SMTPPort int
	Pool               *x509.CertPool // knows the server's certificate; nil without TLS

	opts  MailOptions
	imap  *imapserver.Server
	smtp  *smtp.Server
	users map[string]*imapmemserver.User
	ports []net.Listener
	done  chan struct{}
	wg    sync.WaitGroup

	mu       sync.Mutex
	arrived  map[string][][]byte // by SMTP, by address
	sessions []Transaction
	wires    []*wire
	callers  map[*smtp.Conn]bool // open SMTP connections that said hello
	answers  map[string][]Answer
	changed  chan struct{} // closed and replaced at each arrival or transaction
	closed   bool
}

// StartMail starts both servers.
func StartMail(o MailOptions) (*Mail, error) {
	m := &Mail{
		opts: o, users: map[string]*imapmemserver.User{}, done: make(chan struct{}),
		arrived: map[string][][]byte{}, answers: map[string][]Answer{}, callers: map[*smtp.Conn]bool{}, changed: make(chan struct{}),
	}
	mem := imapmemserver.New()
	for address, password := range o.Accounts {
		u := imapmemserver.NewUser(address, password)
		if err := u.Create(Inbox, nil); err != nil {
			return nil, fmt.Errorf("create the inbox of %s: %w", address, err)
		}
		mem.AddUser(u)
		m.users[canonical(address)] = u
	}
	var config *tls.Config
	if o.TLS || o.StartTLS {
		var err error
		if config, m.Pool, err = selfSigned(); err != nil {
			return nil, fmt.Errorf("make a certificate: %w", err)
		}
	}
	il, err := m.listen(o.IMAPAddr, config)
	if err != nil {
		return nil, fmt.Errorf("listen for IMAP: %w", err)
	}
	sl, err := m.listen(o.SMTPAddr, config)
	if err != nil {
		il.Close()
		return nil, fmt.Errorf("listen for SMTP: %w", err)
	}
	m.ports = []net.Listener{il, sl}
	m.Host = "127.0.0.1"
	m.IMAPPort = il.Addr().(*net.TCPAddr).Port
	m.SMTPPort = sl.Addr().(*net.TCPAddr).Port
	upgrade := config
	if !o.StartTLS {
		upgrade = nil
	}
	m.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return idler{mem.NewSession().(imapserver.SessionIMAP4rev2), m}, nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapMove: {},
			imap.CapESearch: {}, imap.CapNamespace: {}},
		Logger: log.New(io.Discard, "", 0), TLSConfig: upgrade, InsecureAuth: true,
	})
	m.smtp = m.smtpServer(upgrade)
	m.wg.Go(func() { m.imap.Serve(il) })
	m.wg.Go(func() { m.smtp.Serve(recorder{sl, m}) })
	return m, nil
}

// listen opens a loopback port, with TLS from the first byte when asked for.
func (m *Mail) listen(addr string, config *tls.Config) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("%s is not a loopback address", ip)
	}
	if m.opts.TLS {
		l = tls.NewListener(l, config)
	}
	return l, nil
}

// Deliver puts a mail into the INBOX of an account, as it is.
func (m *Mail) Deliver(mailbox string, rfc822 []byte) error {
	return m.DeliverAt(mailbox, Inbox, time.Time{}, rfc822)
}

// DeliverAt puts a mail into a folder of an account with the INTERNALDATE at;
// the zero time is now.
func (m *Mail) DeliverAt(mailbox, folder string, at time.Time, rfc822 []byte) error {
	u := m.users[canonical(mailbox)]
	if u == nil {
		return fmt.Errorf("there is no account %s", mailbox)
	}
	_, err := u.Append(folder, literal{bytes.NewReader(rfc822)}, &imap.AppendOptions{Time: at})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wake()
	return err
}

// CreateFolder makes a folder in an account.
func (m *Mail) CreateFolder(mailbox, folder string) error {
	u := m.users[canonical(mailbox)]
	if u == nil {
		return fmt.Errorf("there is no account %s", mailbox)
	}
	return u.Create(folder, nil)
}

// Rebuild makes a folder anew, empty and with another UIDVALIDITY, as after a
// migration. Open connections still see the old one.
func (m *Mail) Rebuild(mailbox, folder string) error {
	u := m.users[canonical(mailbox)]
	if u == nil {
		return fmt.Errorf("there is no account %s", mailbox)
	}
	if err := u.Delete(folder); err != nil {
		return err
	}
	return u.Create(folder, nil)
}

// Mailbox is what arrived by SMTP for an address, oldest first.
func (m *Mail) Mailbox(addr string) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([][]byte(nil), m.arrived[canonical(addr)]...)
}

// Wait returns what arrived by SMTP for an address as soon as that is at least
// n mails.
func (m *Mail) Wait(ctx context.Context, addr string, n int) ([][]byte, error) {
	for {
		m.mu.Lock()
		got, changed := m.arrived[canonical(addr)], m.changed
		m.mu.Unlock()
		if len(got) >= n {
			return append([][]byte(nil), got...), nil
		}
		select {
		case <-changed:
		case <-m.done:
			return got, errors.New("the mail server was closed")
		case <-ctx.Done():
			return got, fmt.Errorf("wait for %d mails to %s, got %d: %w", n, addr, len(got), ctx.Err())
		}
	}
}

// Close ends both servers and waits for them.
func (m *Mail) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	close(m.done)
	m.mu.Unlock()
	// The servers close only listeners they know: a very early Close is ours.
	for _, p := range m.ports {
		p.Close()
	}
	m.imap.Close()
	m.smtp.Close()
	m.wg.Wait()
	return nil
}

// wake tells waiters that something changed. m.mu is held.
func (m *Mail) wake() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// canonical is the form under which an address is looked up.
func canonical(addr string) string { return strings.ToLower(strings.Trim(addr, "<> ")) }

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// idler is an IMAP session that tells news while the client waits for it.
// QUIRK: imapmemserver does not tell what came between the last command and
// IDLE, so this one looks again whenever something arrives.
type idler struct {
	imapserver.SessionIMAP4rev2
	m *Mail
}

// lookAgain is how often a waiting client is told what others did over IMAP.
const lookAgain = 50 * time.Millisecond

func (i idler) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	t := time.NewTicker(lookAgain)
	defer t.Stop()
	for {
		i.m.mu.Lock()
		changed := i.m.changed
		i.m.mu.Unlock()
		if err := i.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-t.C:
		case <-stop:
			return nil
		}
	}
}
