package email

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/faults"
)

// SMTPConfig says how mail goes out.
type SMTPConfig struct {
	Host     string
	Port     int
	TLS      string // "tls" (the default), "starttls", or "none" on this machine
	User     string // no login when empty
	Password string
	// From is who writes; Accounts gives another for single accounts
	// (balie.Delivery.Account).
	From     balie.Address
	Accounts map[string]balie.Address
	// Domain is the right side of a Message-ID made here, for a message that
	// came without one.
	Domain string
	// HelloName is how we introduce ourselves; Domain when empty.
	HelloName string
	// Instance names this balie in X-Balie-Loop; Domain when empty.
	Instance string
	// NullSender sends automatic mail with an empty envelope sender (RFC 3834
	// section 3.3), when the server takes it.
	NullSender bool
	TLSConfig  *tls.Config
	// Open gives the bytes of a file that goes with a message. Without it a
	// message with files is refused rather than sent without them.
	Open func(ctx context.Context, id balie.BlobID) (io.ReadCloser, error)
	// CommandTimeout and SubmissionTimeout are how long an answer may take, to a
	// command and to a whole mail: 5 and 12 minutes when zero (RFC 5321 section
	// 4.5.3.2). A lease on a delivery must be longer than both.
	CommandTimeout, SubmissionTimeout time.Duration
}

// SMTP sends mail through one server.
type SMTP struct {
	c   SMTPConfig
	log *slog.Logger

	mu       sync.Mutex
	idle     []*carrier
	refused  map[string]time.Time // recipients refused for policy, and when first
	accepted time.Time            // when the server last took a mail
}

var (
	_ channels.Sender  = (*SMTP)(nil)
	_ channels.Checker = (*SMTP)(nil)
)

// NewSMTP returns a sender. What is wrong with the configuration is told by
// Check and Send.
func NewSMTP(c SMTPConfig, log *slog.Logger) *SMTP {
	c.TLS = cmp.Or(c.TLS, tlsFirst)
	c.Domain = cmp.Or(c.Domain, c.From.Domain(), "localhost")
	c.HelloName = cmp.Or(c.HelloName, c.Domain)
	c.Instance = cmp.Or(c.Instance, c.Domain)
	return &SMTP{c: c, log: log.With("channel", "email"), refused: map[string]time.Time{}}
}

// Check connects, logs in and asks for a sign of life.
func (s *SMTP) Check(ctx context.Context) error {
	if _, err := parseEnvelope(s.c.From.Value); err != nil {
		return &balie.InvalidError{Field: "smtp.from", Problem: err.Error(), Fix: "give the address that the desk writes from"}
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.Noop(); err != nil {
		return fmt.Errorf("ask %s for a sign of life: %w", s.c.Host, err)
	}
	c.Quit()
	return nil
}

// Send hands one mail to the server, in a transaction of its own. receipt is
// what the server answered.
func (s *SMTP) Send(ctx context.Context, d balie.Delivery, m balie.Message, r balie.Request) (receipt string, err error) {
	to, err := parseEnvelope(d.To.Value)
	if err != nil {
		return "", channels.Permanent(err)
	}
	from := s.c.From
	if a, ok := s.c.Accounts[d.Account]; ok {
		from = a
	}
	sender, err := parseEnvelope(from.Value)
	if err != nil {
		return "", later(tenMinutes, fmt.Errorf("the desk's own address: %w", err))
	}
	files, err := s.files(ctx, m)
	if err != nil {
		return "", err
	}
	mail := compose(letter{
		FromName: from.Name, From: sender, ToName: d.To.Name, To: to,
		Subject: subjectLine(cmp.Or(m.Subject, r.Subject), r.Ref, len(m.Thread) > 0),
		Date:    m.At, MsgID: s.msgID(d, m), Thread: m.Thread, Auto: d.Auto, Loop: s.c.Instance,
		Text: m.Text, HTML: m.HTML, Files: files, Unsubscribe: m.Unsubscribe,
	})
	c, err := s.carrier(ctx)
	if err != nil {
		return "", err
	}
	defer c.until(ctx)()
	receipt, err = s.transaction(c, sender, to, d.Auto && s.c.NullSender, mail)
	if err != nil {
		c.close()
		return "", s.judge(to, err)
	}
	s.took(c)
	if err := faults.Hit("smtp.after-data"); err != nil {
		return "", &channels.UnknownError{Err: err}
	}
	return receipt, nil
}

// filesMost bounds the files of one mail, in bytes; the desk takes fewer.
const filesMost = 32 << 20

// files reads what goes with a message.
func (s *SMTP) files(ctx context.Context, m balie.Message) ([]attachment, error) {
	var out []attachment
	left := int64(filesMost)
	for _, p := range m.Parts {
		if p.Blob == "" {
			continue
		}
		if s.c.Open == nil {
			return nil, channels.Permanent(fmt.Errorf("the file %q cannot be read here", p.Name))
		}
		f, err := readFile(ctx, s.c.Open, p, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(f.Body))
		out = append(out, f)
	}
	return out, nil
}

func readFile(ctx context.Context, open func(context.Context, balie.BlobID) (io.ReadCloser, error), p balie.Part, most int64) (attachment, error) {
	body, err := open(ctx, p.Blob)
	if errors.Is(err, balie.ErrNotFound) || errors.Is(err, balie.ErrCorrupt) {
		return attachment{}, channels.Permanent(fmt.Errorf("read the file %q: %w", p.Name, err))
	}
	if err != nil {
		return attachment{}, fmt.Errorf("read the file %q: %w", p.Name, err)
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, most+1))
	switch {
	case errors.Is(err, balie.ErrCorrupt):
		return attachment{}, channels.Permanent(fmt.Errorf("read the file %q: %w", p.Name, err))
	case err != nil:
		return attachment{}, fmt.Errorf("read the file %q: %w", p.Name, err)
	case int64(len(b)) > most:
		return attachment{}, channels.Permanent(fmt.Errorf("the files of a mail have more than %d MiB: %w", filesMost>>20, balie.ErrTooLarge))
	}
	return attachment{p.Name, p.Type, b}, nil
}

// msgID is the message's own id, or one made of the delivery's: the same every
// time it is sent.
func (s *SMTP) msgID(d balie.Delivery, m balie.Message) string {
	if id := strings.Trim(m.MsgID, "<> "); isMsgID(id) && strings.Contains(id, "@") {
		return id
	}
	return strings.ToLower(d.ID.String()) + "@" + s.c.Domain
}

// transaction is one mail to one recipient.
func (s *SMTP) transaction(c *carrier, from, to envelope, null bool, mail []byte) (string, error) {
	if ok, _ := c.Extension("SMTPUTF8"); to.utf8 && !ok {
		return "", channels.Permanent(&balie.InvalidError{Field: "to",
			Problem: fmt.Sprintf("the mail server takes no addresses such as %s", to.value), Fix: "ask for another address"})
	}
	opts := &smtp.MailOptions{UTF8: to.utf8 || from.utf8, Size: int64(len(mail))}
	sender := from.value
	if null {
		sender = ""
	}
	err := c.Mail(sender, opts)
	var refused *smtp.SMTPError
	if null && errors.As(err, &refused) && refused.Code >= 500 {
		// Many submission servers take no empty sender.
		err = c.Mail(from.value, opts)
	}
	if err != nil {
		return "", &stageError{atMail, err}
	}
	if err := c.Rcpt(to.value, nil); err != nil {
		return "", &stageError{atRcpt, err}
	}
	if err := faults.Hit("smtp.after-rcpt"); err != nil {
		return "", err
	}
	w, err := c.Data()
	if err != nil {
		return "", &stageError{atData, err}
	}
	if _, err := w.Write(mail); err != nil {
		// Without the final dot the server throws away what it got.
		return "", &stageError{atData, err}
	}
	answer, err := w.CloseWithResponse()
	if err != nil {
		return "", &stageError{atDot, err}
	}
	return clip(printable(answer.StatusText), 200), nil
}

// connect opens a connection and logs in. All its errors concern every mail.
func (s *SMTP) connect(ctx context.Context) (*carrier, error) {
	conn, err := dial(ctx, "smtp", s.c.Host, s.c.Port, s.c.TLS)
	if err != nil {
		return nil, later(time.Minute, err)
	}
	c := &carrier{raw: conn, since: time.Now()}
	defer c.until(ctx)()
	if err := s.greet(c); err != nil {
		conn.Close()
		return nil, later(time.Minute, fmt.Errorf("greet %s: %w", s.c.Host, err))
	}
	if err := s.login(c); err != nil {
		c.close()
		return nil, later(tenMinutes, loginError(s.c.Host, s.c.User, s.c.Password, err))
	}
	return c, nil
}

func (s *SMTP) greet(c *carrier) error {
	config := tlsConfig(s.c.TLSConfig, s.c.Host)
	command := cmp.Or(s.c.CommandTimeout, 5*time.Minute)
	var conn net.Conn = writeGuard{c.raw, command}
	c.raw.SetDeadline(time.Now().Add(min(command, time.Minute)))
	var err error
	switch s.c.TLS {
	case tlsFirst:
		t := tls.Client(conn, config)
		if err = t.Handshake(); err == nil {
			c.Client = smtp.NewClient(t)
		}
	case tlsStart:
		c.Client, err = smtp.NewClientStartTLS(conn, config)
	default:
		c.Client = smtp.NewClient(conn)
	}
	if err != nil {
		return err
	}
	c.CommandTimeout = command
	c.SubmissionTimeout = cmp.Or(s.c.SubmissionTimeout, 12*time.Minute)
	return c.Hello(s.c.HelloName)
}

func (s *SMTP) login(c *carrier) error {
	if s.c.User == "" {
		return nil
	}
	ok, offered := c.Extension("AUTH")
	if !ok {
		return errors.New("the server offers no login on this port")
	}
	mechanism := sasl.NewPlainClient("", s.c.User, s.c.Password)
	if names := strings.Fields(strings.ToUpper(offered)); !slices.Contains(names, "PLAIN") && slices.Contains(names, "LOGIN") {
		mechanism = sasl.NewLoginClient(s.c.User, s.c.Password)
	}
	return c.Auth(mechanism)
}
