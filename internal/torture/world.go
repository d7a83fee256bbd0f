package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/balie/balie/internal/peers"
	"github.com/balie/balie/internal/rig"
)

const (
	deskAddress = "desk@delinde.example"
	password    = "geheim"
)

// world is one balie with everybody it talks to: a mailbox, a mail server for
// what goes out, a Slack workspace, and programs that hand questions in.
type world struct {
	bin     string
	site    *rig.Site
	imap    mailbox
	mail    *peers.Mail
	slack   *peers.Slack
	dovecot *peers.Dovecot // nil: imap is the loopback server

	mu    sync.Mutex
	items map[string]*item // by marker
	ends  []int            // how many transactions the mail server had seen when each process ended

	lastMails int
}

// mailbox is where mail lands that balie must find.
type mailbox interface {
	Deliver(user string, rfc822 []byte) error
}

// newWorld starts the peers around an empty site in dir.
func newWorld(dir, bin string) (w *world, err error) {
	w = &world{bin: bin, items: map[string]*item{}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.mail, err = peers.StartMail(peers.MailOptions{Accounts: map[string]string{deskAddress: password}}); err != nil {
		return nil, err
	}
	w.slack, err = peers.StartSlack(peers.SlackOptions{TeamID: "T0LINDE", Users: map[string]string{"U1": "Jan Jansen"}, Pauses: pauses(), Patience: patience})
	if err != nil {
		return nil, err
	}
	box := &rig.Mailbox{Host: w.mail.Host, Port: w.mail.IMAPPort, User: deskAddress, Password: password}
	w.imap = w.mail
	folder := filepath.Join(dir, "dovecot")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	switch w.dovecot, err = peers.StartDovecot(folder, map[string]string{deskAddress: password}); {
	case errors.Is(err, peers.ErrNoDovecot):
		w.dovecot = nil
	case err != nil:
		return nil, err
	default:
		box.Host, box.Port, w.imap = w.dovecot.Host, w.dovecot.Port, w.dovecot
	}
	w.site, err = rig.Lay(dir, rig.Setup{Address: deskAddress, Mailbox: box, SMTP: &rig.SMTP{Host: w.mail.Host, Port: w.mail.SMTPPort},
		Slack: w.slack, Phone: true, DailyCap: 1000})
	return w, err
}

// patience is how long a client waits for an answer; pauses are how often and
// how soon Slack comes again: its own pauses are longer than a round here.
const patience = 10 * time.Second

func pauses() []time.Duration {
	out := make([]time.Duration, 600)
	for i := range out {
		out[i] = 100 * time.Millisecond
	}
	return out
}

func (w *world) close() {
	if w.dovecot != nil {
		w.dovecot.Close()
	}
	if w.slack != nil {
		w.slack.Close()
	}
	if w.mail != nil {
		w.mail.Close()
	}
}

// settleTime bounds how long the mail server may take with what a process that
// ended had handed over.
const settleTime = 10 * time.Second

// noteEnd writes down how far the mail server is when a process ended and all
// that it had handed over is dealt with: a letter in the server's own buffers
// is of the process that died, not of the next.
func (w *world) noteEnd() {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	if err := w.mail.Settle(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
	}
	n := len(w.mail.Transactions())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, n)
}

// posted is what balie wrote in all Slack channels it may write to, oldest first.
func (w *world) posted() []peers.SlackMessage {
	all := append(w.slack.Posted("D1"), w.slack.Posted("C0CATERING")...)
	slices.SortFunc(all, func(a, b peers.SlackMessage) int { return cmp.Compare(a.TS, b.TS) })
	return all
}

// run starts a balie and ends it again with SIGTERM after work returned.
func (w *world) run(ctx context.Context, work func() error) error {
	p, err := w.site.Start(ctx, w.bin)
	if err != nil {
		return err
	}
	defer p.Kill()
	if err := work(); err != nil {
		return err
	}
	err = p.Stop()
	w.noteEnd()
	if err != nil {
		return fmt.Errorf("end after the work: %w", err)
	}
	return nil
}
