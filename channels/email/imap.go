package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/balie/balie"
)

// Limits on one command, besides the longest silence.
const (
	commandTime  = 5 * time.Minute
	commandBytes = 16 << 20  // a UID of a search takes about 8: two million mails
	slowest      = 16 << 10  // bytes per second a body must come in with
	metaBytes    = 4 << 10   // per mail: UID, date, size, and what a server adds unasked
	headerBytes  = 256 << 10 // of a header that is fetched alone
)

// session is one logged-in connection with one folder selected. It is used by
// one goroutine.
type session struct {
	c     *imapclient.Client
	l     *line
	stop  func() bool
	quiet time.Duration
	news  chan struct{} // 1: something changed in the folder
	idles bool

	uidValidity, uidNext uint32
}

// open connects, logs in and selects the folder. The connection ends with ctx.
func (m *Mailbox) open(ctx context.Context, readOnly bool) (*session, error) {
	conn, err := dial(ctx, "imap", m.c.Host, m.c.Port, m.c.TLS)
	if err != nil {
		return nil, err
	}
	s := &session{
		l: &line{Conn: conn, heard: &m.heard, quiet: m.quiet}, quiet: m.quiet, news: make(chan struct{}, 1),
		stop: context.AfterFunc(ctx, func() { conn.Close() }),
	}
	s.arm(1 << 20)
	defer s.l.disarm()
	if err := s.hello(m); err != nil {
		s.close()
		return nil, err
	}
	if err := s.c.Login(m.c.User, m.c.Password).Wait(); err != nil {
		s.close()
		return nil, loginError(m.c.Host, m.c.User, m.c.Password, plain(err))
	}
	s.idles = s.c.Caps().Has(imap.CapIdle)
	if err := s.choose(m.c.Folder, readOnly); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// hello starts the protocol on the connection, with TLS as configured.
func (s *session) hello(m *Mailbox) error {
	opts := &imapclient.Options{UnilateralDataHandler: s.handler()}
	config := tlsConfig(m.c.TLSConfig, m.c.Host)
	var err error
	switch m.c.TLS {
	case tlsStart:
		opts.TLSConfig = config
		s.c, err = imapclient.NewStartTLS(s.l, opts)
	case tlsFirst:
		config.NextProtos = []string{"imap"}
		s.c = imapclient.New(tls.Client(s.l, config), opts)
		err = s.c.WaitGreeting()
	default:
		s.c = imapclient.New(s.l, opts)
		err = s.c.WaitGreeting()
	}
	if err != nil {
		return fmt.Errorf("greet %s: %w", m.c.Host, plain(err))
	}
	return nil
}

// handler only signals: a command inside it would wait for itself.
func (s *session) handler() *imapclient.UnilateralDataHandler {
	signal := func() {
		select {
		case s.news <- struct{}{}:
		default:
		}
	}
	return &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				signal()
			}
		},
	}
}

// choose selects the folder anew, which also says whether it still is the same.
func (s *session) choose(folder string, readOnly bool) error {
	s.arm(commandBytes)
	defer s.l.disarm()
	d, err := s.c.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
	if no(err) {
		return &balie.InvalidError{Field: "imap.folder", Problem: fmt.Sprintf("the server does not open the folder %q: %v", folder, plain(err)), Fix: s.folders()}
	}
	if err != nil {
		return fmt.Errorf("select folder %s: %w", folder, plain(err))
	}
	if d.UIDValidity == 0 {
		return fmt.Errorf("select folder %s: the server names no UIDVALIDITY, so a position cannot be kept", folder)
	}
	s.uidValidity, s.uidNext = d.UIDValidity, uint32(d.UIDNext)
	if s.uidNext != 0 {
		return nil
	}
	// QUIRK: RFC 3501 section 7.1 lets a server leave UIDNEXT out; then the
	// last mail says it.
	last, err := s.search(imap.SearchCriteria{UID: []imap.UIDSet{{{Start: 0, Stop: 0}}}})
	if err != nil {
		return err
	}
	s.uidNext = 1
	for _, r := range last {
		s.uidNext = max(s.uidNext, uint32(r.Stop)+1)
	}
	return nil
}

// folders says which folders there are, for whoever mistyped one.
func (s *session) folders() string {
	list, err := s.c.List("", "*", nil).Collect()
	if err != nil || len(list) == 0 {
		return "look up the folder's name in a mail program"
	}
	names := make([]string, 0, 20)
	for _, f := range list[:min(len(list), 20)] {
		names = append(names, f.Mailbox)
	}
	return "there are: " + strings.Join(names, ", ")
}

// arm starts the clocks for a command that may bring so many bytes.
func (s *session) arm(bytes int64) {
	s.l.arm(bytes, s.quiet, commandTime+time.Duration(bytes/slowest)*time.Second)
}

// close ends the connection without asking, so that a silent server cannot
// hold us.
func (s *session) close() {
	s.stop()
	s.l.Conn.Close()
	if s.c != nil {
		s.c.Close()
	}
}

// leave says goodbye first, when the server still listens.
func (s *session) leave() {
	s.l.arm(1<<20, 5*time.Second, 5*time.Second)
	s.c.Logout().Wait()
	s.close()
}

// search returns the UIDs that match, ascending. A set that is open or larger
// than the folder is a server's mistake or worse.
func (s *session) search(what imap.SearchCriteria) (imap.UIDSet, error) {
	s.arm(commandBytes)
	defer s.l.disarm()
	d, err := s.c.UIDSearch(&what, nil).Wait()
	if err != nil {
		return nil, fmt.Errorf("search: %w", plain(err))
	}
	set, ok := d.All.(imap.UIDSet)
	if !ok || set.Dynamic() {
		return nil, errors.New("search: the server answered with something that is no list of UIDs")
	}
	var n uint64
	for _, r := range set {
		n += uint64(r.Stop) - uint64(r.Start) + 1
	}
	if box := s.c.Mailbox(); box != nil && n > uint64(box.NumMessages)+10_000 {
		return nil, fmt.Errorf("search: the server names %d mails in a folder of %d", n, box.NumMessages)
	}
	return set, nil
}

// after is what lies behind a UID.
func after(uid uint32) imap.SearchCriteria {
	return imap.SearchCriteria{UID: []imap.UIDSet{{{Start: imap.UID(uid) + 1, Stop: 0}}}}
}

// these are the given UIDs.
func these(uids []uint32) imap.SearchCriteria {
	return imap.SearchCriteria{UID: []imap.UIDSet{setOf(uids)}}
}

func setOf(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		set.AddNum(imap.UID(u))
	}
	return set
}

// cut takes at most n UIDs greater than floor off the front of a set.
func cut(set imap.UIDSet, floor uint32, n int) (uids []uint32, rest imap.UIDSet) {
	for i, r := range set {
		// QUIRK: RFC 3501 section 6.4.8: "n:*" always matches the last mail, also
		// when its UID is less than n.
		for u := max(uint64(r.Start), uint64(floor)+1); u <= uint64(r.Stop); u++ {
			if len(uids) == n {
				rest = append(imap.UIDSet{{Start: imap.UID(u), Stop: r.Stop}}, set[i+1:]...)
				return uids, rest
			}
			uids = append(uids, uint32(u))
		}
	}
	return uids, nil
}

// idle waits until something changes in the folder, for at most d.
func (s *session) idle(ctx context.Context, d time.Duration) error {
	if !s.idles {
		return s.wait(ctx, min(d, noIdlePoll))
	}
	s.l.arm(1<<20, s.quiet, s.quiet)
	cmd, err := s.c.Idle()
	if err != nil {
		s.l.disarm()
		return fmt.Errorf("begin to wait for news: %w", plain(err))
	}
	s.l.arm(1<<20, d+s.quiet, d+s.quiet)
	werr := s.wait(ctx, d)
	s.l.arm(1<<20, s.quiet, s.quiet)
	defer s.l.disarm()
	if err := errors.Join(cmd.Close(), cmd.Wait()); err != nil && werr == nil {
		return fmt.Errorf("end waiting for news: %w", plain(err))
	}
	return werr
}

func (s *session) wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.news:
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.c.Closed():
		return errors.New("the server closed the line")
	}
	return nil
}

// no reports whether the server refused a command and the line is still good.
func no(err error) bool {
	var e *imap.Error
	return errors.As(err, &e) && e.Type != imap.StatusResponseTypeBye
}

// plain gives a lost line one name, however the library noticed.
func plain(err error) error {
	if err == nil || no(err) {
		return err
	}
	if errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("the line was lost")
	}
	return err
}
