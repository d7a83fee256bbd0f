package email

import (
	"testing"

	"github.com/balie/balie/internal/peers"
)

func TestMailComesInAndNewMailIsHeardOfAtOnce(t *testing.T) {
	for _, o := range []struct {
		name string
		opts peers.MailOptions
		tls  string
	}{
		{"plain", peers.MailOptions{}, "none"},
		{"tls", peers.MailOptions{TLS: true}, "tls"},
		{"starttls", peers.MailOptions{StartTLS: true}, "starttls"},
	} {
		t.Run(o.name, func(t *testing.T) {
			m := startMail(t, o.opts)
			for _, s := range []string{"een", "twee", "drie"} {
				if err := m.Deliver(desk, simple(s)); err != nil {
					t.Fatal(err)
				}
			}
			c := configOf(m)
			c.TLS = o.tls
			c.TLSConfig = trust(m)
			box, in := NewMailbox(c, quietLog()), newSink()
			stop := run(t, box, in)
			in.has(t, 3)
			if err := m.Deliver(desk, simple("vier")); err != nil {
				t.Fatal(err)
			}
			in.has(t, 4)
			if err := stop(); err != nil {
				t.Fatalf("Run ended with %v", err)
			}
			for i, s := range []string{"een", "twee", "drie", "vier"} {
				if got := in.body(i); got != string(simple(s)) {
					t.Errorf("mail %d is\n%q, want\n%q", i, got, simple(s))
				}
			}
		})
	}
}
