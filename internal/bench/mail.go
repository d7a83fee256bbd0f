package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels/email"
	"github.com/balie/balie/internal/peers"
	"github.com/balie/balie/internal/rig"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/store"
)

// Goals of mail: half of what fetching and parsing alone reach, and a
// millisecond of processor for a mail of 5 kB.
const (
	goalMailCPU = time.Millisecond
	deskAddress = "desk@delinde.example"
	password    = "geheim"
)

// everything is the whole ledger.
var everything store.LedgerFilter

// mailbox is a Dovecot with a balie's site that reads it. Mail out goes to a
// peer on loopback.
type mailbox struct {
	dovecot *peers.Dovecot
	smtp    *peers.Mail
	site    *rig.Site
	written int64
}

// openMailbox is nil where Dovecot is not installed.
func (b *bench) openMailbox(name string) (*mailbox, error) {
	dir, err := b.site(name)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir+"/dovecot", 0o755); err != nil {
		return nil, err
	}
	// Dovecot's own processes must be able to walk into the folder.
	if err := os.Chmod(b.dir, 0o755); err != nil {
		return nil, err
	}
	m := &mailbox{}
	m.dovecot, err = peers.StartDovecot(dir+"/dovecot", map[string]string{deskAddress: password})
	if errors.Is(err, peers.ErrNoDovecot) {
		fmt.Printf("  skipped %s: %v\n", name, err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if m.smtp, err = peers.StartMail(peers.MailOptions{}); err != nil {
		m.dovecot.Close()
		return nil, err
	}
	m.site, err = rig.Lay(dir, rig.Setup{
		Address: deskAddress, Mailbox: &rig.Mailbox{Host: m.dovecot.Host, Port: m.dovecot.Port, User: deskAddress, Password: password},
		SMTP: &rig.SMTP{Host: m.smtp.Host, Port: m.smtp.SMTPPort},
	})
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *mailbox) close() {
	m.dovecot.Close()
	m.smtp.Close()
}

// fill delivers n mails of about 5 kB: a question, a signature, and the HTML
// copy that most programs send along. Their sender says that no automatic
// answer is wanted, so that this measures mail in and not mail out.
func (m *mailbox) fill(n int) error {
	for range n {
		m.written++
		if err := m.dovecot.Deliver(deskAddress, mail(m.written)); err != nil {
			return err
		}
	}
	return nil
}

func mail(n int64) []byte {
	said := text(n)
	var b bytes.Buffer
	fmt.Fprintf(&b, "Received: from mail.klant.example by mx.delinde.example with ESMTPS; %s\r\n", time.Now().Format(time.RFC1123Z))
	fmt.Fprintf(&b, "From: \"Klant %d\" <klant%d@klant%d.example>\r\nTo: %s\r\nSubject: Vraag %d\r\nDate: %s\r\nMessage-ID: <bench-%d@klant.example>\r\n",
		n, n, n%50, deskAddress, n, time.Now().Format(time.RFC1123Z), n)
	b.WriteString("X-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=deel\r\n\r\n")
	b.WriteString("--deel\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + said + "\r\n\r\nMet vriendelijke groet,\r\nKlant\r\n\r\n")
	b.WriteString("--deel\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><style>" + strings.Repeat("p.a {margin:0cm; font-size:11.0pt;}\r\n", 60) +
		"</style></head><body><p class=\"a\">" + strings.ReplaceAll(said, ". ", ".</p>\r\n<p class=\"a\">") + "</p></body></html>\r\n--deel--\r\n")
	return b.Bytes()
}

// taken waits until a running balie has taken in n mails, by its own count.
func (m *mailbox) taken(ctx context.Context, n int) error {
	for {
		got, err := counted(m.site)
		if err == nil && got >= n {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// counted is how many mails a balie says it took in since its start.
func counted(site *rig.Site) (int, error) {
	return site.Counted("balie_intake_messages_total", `channel="email"`)
}

// mail measures a full mailbox from Dovecot to decided and on disk.
func (b *bench) mail(ctx context.Context) error {
	box, err := b.openMailbox("mail")
	if err != nil || box == nil {
		return err
	}
	defer box.close()
	if err := box.fill(b.mails); err != nil {
		return err
	}
	alone, err := b.fetchAlone(ctx, box)
	if err != nil {
		return err
	}
	p, err := box.site.Start(ctx, b.bin)
	if err != nil {
		return err
	}
	defer p.Kill()
	began := time.Now().Add(-p.Ready) // it reads from its first moment on
	memory, err := b.watch(ctx, p, box)
	if err != nil {
		return err
	}
	took := time.Since(began)
	cpu, err := p.CPU()
	if err != nil {
		return err
	}
	whole, err := settled(ctx, p)
	if err != nil {
		return err
	}
	if err := p.Stop(); err != nil {
		return err
	}
	lines, err := stored(ctx, box.site)
	if err != nil {
		return err
	}
	if lines[balie.LedgerTaken] != b.mails {
		return fmt.Errorf("of %d mails the ledger has %v", b.mails, lines)
	}
	rate, each, all := float64(b.mails)/took.Seconds(), cpu/time.Duration(b.mails), whole/time.Duration(b.mails)
	b.table.add(row{
		figure: fmt.Sprintf("mail from Dovecot to decided and on disk, %d of %d bytes, start included", b.mails, len(mail(1))),
		value:  fmt.Sprintf("%.0f/s", rate), limit: fmt.Sprintf("fetch and parse alone %.0f/s", alone),
		ratio: fmt.Sprintf("%.2f", rate/alone), goal: fmt.Sprintf("ratio >= %.1f", goalShare), ok: rate/alone >= goalShare,
	})
	b.table.note("CPU of balie per mail until the last is on disk, start included", "%s", short(each))
	b.table.add(row{figure: "CPU of balie per mail until search, lists and figures have it too", value: short(all), goal: "<= " + goalMailCPU.String(), ok: all <= goalMailCPU})
	b.table.note("RssAnon while they come in", "start %s, half %s, end %s, most %s", mib(memory.start), mib(memory.half), mib(memory.end), mib(memory.most))
	return nil
}

// A process is at rest when it used next to nothing for a while.
const (
	restFor  = 2 * time.Second
	restUses = 40 * time.Millisecond
)

// settled waits until a process is at rest, and gives all that it used: search
// and figures follow what comes in some seconds behind it.
func settled(ctx context.Context, p *rig.Process) (time.Duration, error) {
	last, err := p.CPU()
	for err == nil {
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-time.After(restFor):
		}
		var now time.Duration
		if now, err = p.CPU(); now-last <= restUses {
			return now, err
		}
		last = now
	}
	return last, err
}

// memory is the anonymous memory of a run, in bytes.
type memory struct{ start, half, end, most int64 }

func (b *bench) watch(ctx context.Context, p *rig.Process, box *mailbox) (memory, error) {
	var m memory
	var err error
	if m.start, err = p.RssAnon(); err != nil {
		return m, err
	}
	for {
		n, err := counted(box.site)
		if err != nil {
			return m, err
		}
		if m.end, err = p.RssAnon(); err != nil {
			return m, err
		}
		m.most = max(m.most, m.end)
		if m.half == 0 && n >= b.mails/2 {
			m.half = m.end
		}
		if n >= b.mails {
			return m, nil
		}
		select {
		case <-ctx.Done():
			return m, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// fetchAlone reads the same mailbox in this process, with the product's own
// IMAP and parser, and keeps nothing: the most that mail can reach here.
func (b *bench) fetchAlone(ctx context.Context, box *mailbox) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := &parseOnly{norm: normalize.New(normalize.Options{OwnAddresses: []string{deskAddress}, Country: "NL"}), want: b.mails, done: cancel}
	began := time.Now()
	err := email.NewMailbox(email.MailboxConfig{Name: "desk", Host: box.dovecot.Host, Port: box.dovecot.Port, TLS: "none",
		User: deskAddress, Password: password}, quiet()).Run(ctx, in)
	took := time.Since(began)
	if in.got < b.mails {
		return 0, fmt.Errorf("fetch alone: %d of %d mails: %w", in.got, b.mails, errors.Join(err, ctx.Err()))
	}
	return float64(in.got) / took.Seconds(), nil
}

// parseOnly is a sink that parses and forgets. One mailbox calls it.
type parseOnly struct {
	norm      *normalize.Normalizer
	got, want int
	done      func()
}

func (s *parseOnly) Cursor(context.Context) ([]byte, error) { return nil, nil }

func (s *parseOnly) Keep(_ context.Context, body io.Reader) (balie.Original, error) {
	b, err := io.ReadAll(body)
	return balie.Original{Blob: "alone", Size: int64(len(b)), Inline: b}, err
}

func (s *parseOnly) Receive(_ context.Context, _ []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	out := make([]balie.Receipt, len(raws))
	for i, raw := range raws {
		m, err := s.norm.Message(raw, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw.Original.Inline)), nil })
		if err != nil {
			return nil, err
		}
		out[i] = balie.Receipt{Message: m.ID, Outcome: balie.LedgerTaken}
	}
	if s.got += len(raws); s.got >= s.want {
		s.done()
	}
	return out, nil
}
