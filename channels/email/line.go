package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/balie/balie"
)

// errFlood is what reading gives when a server sends more than was asked for.
var errFlood = errors.New("the server sends more than was asked for")

// line is a connection on which somebody must be heard. go-imap knows no
// deadline per command and sets its own to none, so deadlines of the layers
// above are ignored: arm says how long an answer may take.
type line struct {
	net.Conn
	heard *atomic.Int64 // unix nanoseconds of the last byte read

	mu    sync.Mutex
	quiet time.Duration // longest silence
	until time.Time     // when the command must have been answered; zero: nothing is asked
	left  int64         // bytes that may still come
}

// arm starts the clocks for a command: bytes that may come, the longest silence
// and the time for all of it.
func (l *line) arm(bytes int64, quiet, total time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left, l.quiet, l.until = bytes, quiet, time.Now().Add(total)
	l.Conn.SetReadDeadline(l.deadline())
}

// disarm stops the clocks: nothing is asked.
func (l *line) disarm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Time{}
	l.Conn.SetReadDeadline(time.Time{})
}

// deadline is when the next byte must have come. l.mu is held.
func (l *line) deadline() time.Time {
	if l.until.IsZero() {
		return time.Time{}
	}
	if d := time.Now().Add(l.quiet); d.Before(l.until) {
		return d
	}
	return l.until
}

func (l *line) Read(b []byte) (int, error) {
	l.mu.Lock()
	l.Conn.SetReadDeadline(l.deadline())
	l.mu.Unlock()
	n, err := l.Conn.Read(b)
	if n == 0 {
		return n, err
	}
	l.heard.Store(time.Now().UnixNano())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left -= int64(n); l.left < 0 && !l.until.IsZero() {
		return n, errFlood
	}
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	l.mu.Lock()
	l.Conn.SetWriteDeadline(time.Now().Add(max(l.quiet, time.Second)))
	l.mu.Unlock()
	return l.Conn.Write(b)
}

// Deadlines are the line's own business.

func (l *line) SetDeadline(time.Time) error      { return nil }
func (l *line) SetReadDeadline(time.Time) error  { return nil }
func (l *line) SetWriteDeadline(time.Time) error { return nil }

// How a server is spoken to.
const (
	tlsFirst    = "tls"      // TLS from the first byte
	tlsStart    = "starttls" // upgraded, or refused
	tlsNone     = "none"     // loopback only
	dialTimeout = 30 * time.Second
)

// dial connects without TLS and checks that the way asked for is one we go.
func dial(ctx context.Context, field, host string, port int, mode string) (net.Conn, error) {
	switch mode {
	case tlsFirst, tlsStart:
	case tlsNone:
		if !loopback(host) {
			return nil, &balie.InvalidError{Field: field + ".tls", Problem: fmt.Sprintf("without TLS the password for %s travels readable", host),
				Fix: `use "tls" or "starttls"; "none" is for this machine only`}
		}
	default:
		return nil, &balie.InvalidError{Field: field + ".tls", Problem: fmt.Sprintf("%q is not a way to connect", mode), Fix: `use "tls", "starttls" or "none"`}
	}
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", net.JoinHostPort(host, strconv.Itoa(port)), err)
	}
	return c, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// tlsConfig is the configured one for a host, or the default: verified, TLS
// 1.2 or newer.
func tlsConfig(c *tls.Config, host string) *tls.Config {
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	c = c.Clone()
	if c.ServerName == "" {
		c.ServerName = host
	}
	return c
}
