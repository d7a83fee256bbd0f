package email

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/peers"
)

// sink records what a channel hands in. It forgets nothing and, like a store,
// takes mails and position at once or not at all.
type sink struct {
	mu      sync.Mutex
	cursor  []byte
	raws    []balie.Raw
	bodies  map[balie.BlobID][]byte
	batches int
	changed chan struct{}
	// refuse, when set, is asked before anything is stored.
	refuse func(raws []balie.Raw) error
	// broken, when set, is asked before a body is kept.
	broken func(b []byte) error
}

var _ channels.Sink = (*sink)(nil)

func newSink() *sink {
	return &sink{bodies: map[balie.BlobID][]byte{}, changed: make(chan struct{})}
}

func (s *sink) Cursor(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor, nil
}

func (s *sink) Keep(_ context.Context, body io.Reader) (balie.Original, error) {
	b, err := io.ReadAll(body)
	if err != nil {
		return balie.Original{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		if err := s.broken(b); err != nil {
			return balie.Original{}, err
		}
	}
	sum := sha256.Sum256(b)
	o := balie.Original{Blob: balie.BlobID(hex.EncodeToString(sum[:])), Size: int64(len(b))}
	if len(b) <= balie.InlineLimit {
		o.Inline = b
	}
	s.bodies[o.Blob] = b
	return o, nil
}

func (s *sink) Receive(ctx context.Context, cursor []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(raws); err != nil {
			return nil, err
		}
	}
	if cursor != nil {
		s.cursor = cursor
	}
	s.raws = append(s.raws, raws...)
	s.batches++
	close(s.changed)
	s.changed = make(chan struct{})
	return make([]balie.Receipt, len(raws)), nil
}

// body is the original of the i-th mail.
func (s *sink) body(i int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.bodies[s.raws[i].Original.Blob])
}

// keys are the keys of all mails, in order.
func (s *sink) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.raws {
		out = append(out, r.Key)
	}
	return out
}

func (s *sink) position(t testing.TB) cursor {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := parseCursor(s.cursor)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// until waits for a condition on the sink.
func (s *sink) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second) // a busy machine; never reached when all is well
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("waited 30 s for %s; got %d mails: %v", what, len(s.keys()), s.keys())
		}
	}
}

// has waits until n mails came in.
func (s *sink) has(t testing.TB, n int) {
	t.Helper()
	s.until(t, fmt.Sprintf("%d mails", n), func() bool { return len(s.keys()) >= n })
}

const desk = "balie@desk.test"

// startMail starts a mail server with the desk's account.
func startMail(t testing.TB, o peers.MailOptions) *peers.Mail {
	t.Helper()
	if o.Accounts == nil {
		o.Accounts = map[string]string{desk: "geheim"}
	}
	m, err := peers.StartMail(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func configOf(m *peers.Mail) MailboxConfig {
	return MailboxConfig{Host: m.Host, Port: m.IMAPPort, TLS: "none", User: desk, Password: "geheim",
		Silence: 5 * time.Second}
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// run runs a mailbox until stop is called, which returns Run's error.
func run(t testing.TB, m *Mailbox, in channels.Sink) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx, in) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			select {
			case err = <-done:
			case <-time.After(10 * time.Second):
				err = errors.New("Run did not end within 10 s of its context")
			}
		})
		return err
	}
	t.Cleanup(func() { stop() })
	return stop
}

// simple is a small mail.
func simple(subject string) []byte {
	return []byte(strings.ReplaceAll(fmt.Sprintf(`From: Karin <karin@klant.test>
To: balie@desk.test
Subject: %s
Message-ID: <%x@klant.test>
Date: Mon, 02 Nov 2026 10:00:00 +0100

De printer op de derde doet het niet: %s.
`, subject, subject, subject), "\n", "\r\n"))
}

// trust is the client's side of the server's certificate.
func trust(m *peers.Mail) *tls.Config {
	if m.Pool == nil {
		return nil
	}
	return &tls.Config{RootCAs: m.Pool}
}
