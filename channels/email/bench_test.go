package email

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/peers"
)

// counter is a sink that only counts, so that fetching alone is measured.
type counter struct {
	*sink
	n    atomic.Int64
	want int64
	done chan struct{}
}

func (c *counter) Receive(_ context.Context, cursor []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	if len(raws) > 0 && c.n.Add(int64(len(raws))) >= c.want {
		close(c.done)
	}
	return nil, nil
}

// cpu is what this process used so far.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fetchAll takes in b.N mails of about 4 KB and reports mails per second and
// CPU per mail; with a peer in this process its work is counted too.
func fetchAll(b *testing.B, c MailboxConfig, deliver func([]byte) error) {
	body := append(simple("meting"), strings.Repeat("Een regel van een gewone mail, met woorden.\r\n", 85)...)
	for i := range b.N {
		if err := deliver(append(body, fmt.Sprint(i)...)); err != nil {
			b.Fatal(err)
		}
	}
	in := &counter{sink: newSink(), want: int64(b.N), done: make(chan struct{})}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	b.ResetTimer()
	start := cpu()
	go func() { ended <- NewMailbox(c, quietLog()).Run(ctx, in) }()
	select {
	case <-in.done:
	case err := <-ended:
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(float64((cpu()-start).Microseconds())/float64(b.N), "cpu-µs/mail")
	cancel()
	<-ended
}

func BenchmarkFetchPeer(b *testing.B) {
	m := startMail(b, peers.MailOptions{})
	fetchAll(b, configOf(m), func(mail []byte) error { return m.Deliver(desk, mail) })
}

func BenchmarkFetchDovecot(b *testing.B) {
	d := startDovecot(b)
	fetchAll(b, dovecotConfig(d), func(mail []byte) error { return d.Deliver(desk, mail) })
}

func BenchmarkCompose(b *testing.B) {
	l := letter{From: envelope{value: desk}, To: envelope{value: "karin@klant.test"}, Subject: "Re: Printer [7K3Q-F]", Date: noon,
		MsgID: "x@desk.test", Text: strings.Repeat("Een regel van een gewoon antwoord.\n", 40), HTML: strings.Repeat("<p>Een regel.</p>\n", 40)}
	b.ReportAllocs()
	for b.Loop() {
		compose(l)
	}
}

func BenchmarkSend(b *testing.B) {
	m := startMail(b, peers.MailOptions{})
	s := sender(b, smtpOf(m))
	d, msg, r := answer("karin@klant.test")
	for b.Loop() {
		if _, err := s.Send(b.Context(), d, msg, r); err != nil {
			b.Fatal(err)
		}
	}
}
