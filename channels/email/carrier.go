package email

import (
	"context"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	idleMost  = 4                // connections kept for the next mail
	idleTime  = 20 * time.Second // less than any server waits
	reuseMost = 50               // mails over one connection
	resetTime = 10 * time.Second
)

// carrier is a logged-in connection to the mail server.
type carrier struct {
	*smtp.Client
	raw   net.Conn
	since time.Time
	mails int
	end   *time.Timer // closes it when nobody wants it
}

func (c *carrier) close() { c.raw.Close() }

// until closes the connection when ctx ends, until the returned function is
// called.
func (c *carrier) until(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, c.close)
}

// carrier is a connection that is ready for a mail: a kept one that still
// answers, or a new one.
func (s *SMTP) carrier(ctx context.Context) (*carrier, error) {
	for {
		c := s.kept()
		if c == nil {
			return s.connect(ctx)
		}
		stop := c.until(ctx)
		command := c.CommandTimeout
		c.CommandTimeout = min(command, resetTime)
		err := c.Noop()
		c.CommandTimeout = command
		stop()
		if err == nil {
			return c, nil
		}
		c.close()
	}
}

func (s *SMTP) kept() *carrier {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.idle) > 0 {
		c := s.idle[len(s.idle)-1]
		s.idle = s.idle[:len(s.idle)-1]
		if c.end.Stop() {
			return c
		}
	}
	return nil
}

// took notes that the server took a mail and keeps the connection for the next.
func (s *SMTP) took(c *carrier) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = time.Now()
	if c.mails++; c.mails >= reuseMost || len(s.idle) >= idleMost {
		c.close()
		return
	}
	c.end = time.AfterFunc(idleTime, c.close)
	s.idle = append(s.idle, c)
}

// Close ends kept connections.
func (s *SMTP) Close() error {
	for c := s.kept(); c != nil; c = s.kept() {
		c.close()
	}
	return nil
}

// writeGuard bounds every write: go-smtp bounds commands, but not the body of
// a mail, so a server that stops reading would hold us for ever.
type writeGuard struct {
	net.Conn
	most time.Duration
}

func (g writeGuard) Write(b []byte) (int, error) {
	g.Conn.SetWriteDeadline(time.Now().Add(g.most))
	return g.Conn.Write(b)
}
