package email

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/balie/balie/internal/peers"
)

// startDovecot starts a real server, or skips.
func startDovecot(t testing.TB) *peers.Dovecot {
	t.Helper()
	dir, err := os.MkdirTemp("", "balie-dovecot")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d, err := peers.StartDovecot(dir, map[string]string{desk: "geheim"})
	if errors.Is(err, peers.ErrNoDovecot) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func dovecotConfig(d *peers.Dovecot) MailboxConfig {
	return MailboxConfig{Host: d.Host, Port: d.Port, TLS: "none", User: desk, Password: "geheim", Silence: 5 * time.Second}
}

func TestDovecotMailComesInAndNewMailIsHeardOf(t *testing.T) {
	d := startDovecot(t)
	d.Deliver(desk, simple("een"))
	box, in := NewMailbox(dovecotConfig(d), quietLog()), newSink()
	stop := run(t, box, in)
	in.has(t, 1)
	d.Deliver(desk, simple("twee"))
	in.has(t, 2)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for i, s := range []string{"een", "twee"} {
		if in.body(i) != string(simple(s)) {
			t.Errorf("mail %d is %q", i, in.body(i))
		}
	}
}
