package email

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

// MailboxConfig says which folder of which account to read.
type MailboxConfig struct {
	Name      string // Raw.Account; User when empty
	Host      string
	Port      int
	TLS       string // "tls" (the default), "starttls", or "none" on this machine
	User      string
	Password  string
	Folder    string // INBOX when empty
	TLSConfig *tls.Config
	Poll      time.Duration // longest time between two looks; 2 minutes when zero, 9 at most
	MaxSize   int64         // larger mails come in without their files; 30 MiB when zero
	// NotBefore bounds what of the history comes in at the first start; a day
	// before it when zero. What arrives later always comes in.
	NotBefore time.Time
	// Tidy is what happens in the mailbox to mail that was taken in: nothing
	// (""), "flag" (\Seen and the keyword $Balie), or "move:Folder".
	Tidy string
	// Silence is the longest a server may be silent when asked; 90 s when zero.
	Silence time.Duration
}

const (
	pollDefault    = 2 * time.Minute
	pollMost       = 9 * time.Minute // RFC 2177 says 29; NAT tables say less
	silenceDefault = 90 * time.Second
	sizeDefault    = 30 << 20
	historyDefault = 24 * time.Hour
)

// Mailbox takes in the mail of one folder.
type Mailbox struct {
	c     MailboxConfig
	log   *slog.Logger
	quiet time.Duration
	heard atomic.Int64 // unix nanoseconds
	now   func() time.Time
	// careful is how many mails are asked for one by one, after a line was lost
	// while several were. Only Run uses it.
	careful int

	mu  sync.Mutex
	cur *cursor // as last stored; nil before Run
}

var (
	_ channels.Channel  = (*Mailbox)(nil)
	_ channels.Listener = (*Mailbox)(nil)
	_ channels.Checker  = (*Mailbox)(nil)
)

// NewMailbox returns the channel of one folder. What is wrong with the
// configuration is told by Check and Run.
func NewMailbox(c MailboxConfig, log *slog.Logger) *Mailbox {
	if c.TLS == "" {
		c.TLS = tlsFirst
	}
	if c.Folder == "" {
		c.Folder = "INBOX"
	}
	if c.Name == "" {
		c.Name = c.User
	}
	if c.Poll <= 0 {
		c.Poll = pollDefault
	}
	c.Poll = min(c.Poll, pollMost)
	if c.MaxSize <= 0 {
		c.MaxSize = sizeDefault
	}
	if c.Silence <= 0 {
		c.Silence = silenceDefault
	}
	m := &Mailbox{c: c, quiet: c.Silence, now: time.Now}
	m.log = log.With("channel", m.Name())
	return m
}

// Name is "email/", the account and the folder.
func (m *Mailbox) Name() string { return "email/" + m.c.User + "/" + m.c.Folder }

// Heard is when the server last said anything. Between two looks it may be
// silent for Poll; then it has to answer.
func (m *Mailbox) Heard() (time.Time, time.Duration) {
	within := m.c.Poll + 2*m.quiet
	ns := m.heard.Load()
	if ns == 0 {
		return time.Time{}, within
	}
	return time.Unix(0, ns), within
}

// Check connects, logs in and opens the folder.
func (m *Mailbox) Check(ctx context.Context) error {
	s, err := m.open(ctx, true)
	if err != nil {
		return err
	}
	defer s.leave()
	return m.tidyTarget(s, false)
}

// Run takes in until ctx ends or the line is lost.
func (m *Mailbox) Run(ctx context.Context, in channels.Sink) error {
	for {
		progress, err := m.session(ctx, in)
		if ctx.Err() != nil {
			return nil
		}
		if !progress {
			return err
		}
		m.log.Warn("line lost, connecting again", "err", err)
	}
}

// session is one connection. progress says that mail came in by it.
func (m *Mailbox) session(ctx context.Context, in channels.Sink) (progress bool, err error) {
	stored, err := in.Cursor(ctx)
	if err != nil {
		return false, fmt.Errorf("ask for the position in the mailbox: %w", err)
	}
	cur, err := parseCursor(stored)
	if err != nil {
		return false, err
	}
	s, err := m.open(ctx, m.c.Tidy == "")
	if err != nil {
		return false, err
	}
	defer s.close()
	if err := m.tidyTarget(s, true); err != nil {
		return false, err
	}
	r := &round{m: m, s: s, in: in, cur: cur}
	for {
		if err := r.run(ctx); err != nil {
			return r.taken > 0, err
		}
		if err := s.idle(ctx, m.pause(r.cur)); err != nil {
			return r.taken > 0, err
		}
		if err := s.choose(m.c.Folder, m.c.Tidy == ""); err != nil {
			return r.taken > 0, err
		}
	}
}

// noIdlePoll is how often a server is asked that cannot tell by itself.
const noIdlePoll = 30 * time.Second

// pause is how long to wait for news.
func (m *Mailbox) pause(c cursor) time.Duration {
	d := m.c.Poll
	if _, next := c.due(m.now()); !next.IsZero() {
		d = min(d, next.Sub(m.now()))
	}
	return max(d, 0)
}

// since is the oldest INTERNALDATE that comes in at the first start.
func (m *Mailbox) since() time.Time {
	if !m.c.NotBefore.IsZero() {
		return m.c.NotBefore.UTC()
	}
	return m.now().Add(-historyDefault).UTC()
}

// key names a mail: the same on redelivery.
func (m *Mailbox) key(uidValidity, uid uint32) string {
	return fmt.Sprintf("%s%d", m.prefix(uidValidity), uid)
}

// prefix begins the keys of all mails of this folder.
func (m *Mailbox) prefix(uidValidity uint32) string {
	return fmt.Sprintf("imap:%s/%s/%d/", m.c.Name, m.c.Folder, uidValidity)
}

// raw is a mail as the rest of balie gets it.
func (m *Mailbox) raw(uidValidity uint32, f fetched) balie.Raw {
	at := f.at
	if at.IsZero() {
		at = m.now()
	}
	return balie.Raw{Channel: "email", Format: "mime", Account: m.c.Name,
		Key: m.key(uidValidity, f.uid), At: at.UTC(), Original: f.original}
}

// remember keeps the stored position for Count.
func (m *Mailbox) remember(c cursor) {
	c = c.clone()
	m.mu.Lock()
	m.cur = &c
	m.mu.Unlock()
}

// Counted is what a mailbox holds that should be in the ledger.
type Counted struct {
	UIDValidity uint32
	Prefix      string   // of the ledger keys of these mails
	Messages    int      // that were dealt with: each has a ledger line
	Pending     int      // that were not yet: newer, or waiting for another try
	UIDs        []uint32 // of Messages; the key is Prefix and the UID
}

// Count looks, by a connection of its own, at what lies in the mailbox since
// the first start. What was moved or deleted since is not counted, so the
// ledger may hold more, never less.
func (m *Mailbox) Count(ctx context.Context) (Counted, error) {
	m.mu.Lock()
	cur := m.cur
	m.mu.Unlock()
	if cur == nil {
		return Counted{}, &balie.UnavailableError{Why: "the mailbox was not read yet", RetryAfter: time.Minute}
	}
	s, err := m.open(ctx, true)
	if err != nil {
		return Counted{}, err
	}
	defer s.leave()
	n := Counted{UIDValidity: s.uidValidity, Prefix: m.prefix(s.uidValidity)}
	c, _ := cur.settle(s.uidValidity, s.uidNext, cur.Since)
	waiting := map[uint32]bool{}
	for _, r := range c.Retry {
		waiting[r.UID] = true
	}
	found, err := m.wanted(s, c, 0)
	if err != nil {
		return n, err
	}
	for uids, rest := cut(found, 0, chunkMost); len(uids) > 0; uids, rest = cut(rest, 0, chunkMost) {
		old, err := m.historyOf(s, c, uids)
		if err != nil {
			return n, err
		}
		for _, u := range uids {
			switch {
			case old[u]:
			case u > c.UID || waiting[u]:
				n.Pending++
			default:
				n.Messages++
				n.UIDs = append(n.UIDs, u)
			}
		}
	}
	return n, nil
}

// wanted searches for the mails behind floor that may have to come in: all from
// Base on, and of the older ones those that are not older than Since by a day's
// margin, for a server compares dates without their zone.
func (m *Mailbox) wanted(s *session, c cursor, floor uint32) (imap.UIDSet, error) {
	if floor+1 >= c.Base {
		return s.search(after(floor))
	}
	old := imap.SearchCriteria{UID: []imap.UIDSet{{{Start: imap.UID(floor) + 1, Stop: imap.UID(c.Base) - 1}}},
		Since: c.Since.AddDate(0, 0, -1)}
	set, err := s.search(old)
	if err != nil {
		return nil, err
	}
	newer, err := s.search(after(c.Base - 1))
	if err != nil {
		return nil, err
	}
	for _, r := range newer {
		// "n:*" matches the last mail even below n.
		if uint32(r.Stop) >= c.Base {
			set.AddRange(max(r.Start, imap.UID(c.Base)), r.Stop)
		}
	}
	return set, nil
}

// historyOf says which of the mails are history.
func (m *Mailbox) historyOf(s *session, c cursor, uids []uint32) (map[uint32]bool, error) {
	old := map[uint32]bool{}
	if uids[0] >= c.Base {
		return old, nil
	}
	metas, err := s.metas(uids)
	if err != nil {
		return nil, err
	}
	for _, f := range metas {
		old[f.uid] = c.history(f.uid, f.at)
	}
	return old, nil
}
