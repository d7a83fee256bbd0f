package email

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie/internal/peers"
)

func TestR14_BlackHoledConnectionIsNoticed(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	m.Deliver(desk, simple("een"))
	p := startProxy(t, net.JoinHostPort(m.Host, fmt.Sprint(m.IMAPPort)))
	c := configOf(m)
	c.Port = p.port
	c.Poll, c.Silence = 20*time.Millisecond, 200*time.Millisecond
	box, in := NewMailbox(c, quietLog()), newSink()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx, in) }()
	in.has(t, 1)
	p.swallow()
	m.Deliver(desk, simple("twee"))
	// The line is lost, a new one is tried at once, and greets nobody either.
	if err := <-ended; err == nil {
		t.Fatal("a line on which nobody answers was not noticed within 20 s")
	}
	last, within := box.Heard()
	if time.Since(last) < within {
		t.Errorf("last heard %v ago, healthy within %v: a silent line counts as healthy", time.Since(last), within)
	}
	if _, within := NewMailbox(MailboxConfig{}, quietLog()).Heard(); within > 5*time.Minute {
		t.Errorf("by default silence is healthy for %v, promised are 5 minutes", within)
	}
}

// proxy is a line that can go dead without being closed.
type proxy struct {
	port int
	mu   sync.Mutex
	dead bool
}

func (p *proxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

func (p *proxy) copy(dst io.Writer, src io.Reader) {
	b := make([]byte, 32<<10)
	for {
		n, err := src.Read(b)
		if err != nil {
			return
		}
		p.mu.Lock()
		dead := p.dead
		p.mu.Unlock()
		if dead {
			continue
		}
		if _, err := dst.Write(b[:n]); err != nil {
			return
		}
	}
}

func startProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{port: l.Addr().(*net.TCPAddr).Port}
	var wg sync.WaitGroup
	var conns []net.Conn
	wg.Go(func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				a.Close()
				continue
			}
			conns = append(conns, a, b)
			wg.Go(func() { p.copy(a, b); a.Close() })
			wg.Go(func() { p.copy(b, a); b.Close() })
		}
	})
	t.Cleanup(func() {
		l.Close()
		for _, c := range conns {
			c.Close()
		}
		wg.Wait()
	})
	return p
}
