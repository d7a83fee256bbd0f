package email

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/peers"
)

// webmail is another client on the desk's account.
func webmail(t testing.TB, host string, port int) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialInsecure(net.JoinHostPort(host, fmt.Sprint(port)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(desk, "geheim").Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func flags(t testing.TB, c *imapclient.Client) (out [][]imap.Flag) {
	t.Helper()
	if err := c.Noop().Wait(); err != nil {
		t.Fatal(err)
	}
	if c.Mailbox().NumMessages == 0 {
		return nil
	}
	list, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Flags: true}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		out = append(out, m.Flags)
	}
	return out
}

func TestR1_NothingIsFlaggedOrPassedBeforeItIsStored(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	for i := range 5 {
		m.Deliver(desk, simple(fmt.Sprint("mail ", i)))
	}
	web := webmail(t, m.Host, m.IMAPPort)
	c := configOf(m)
	c.Tidy = "flag"
	in := newSink()
	refusals := 0
	in.refuse = func(raws []balie.Raw) error {
		for _, f := range flags(t, web) {
			if slices.Contains(f, imap.FlagSeen) {
				t.Error("a mail is marked as taken in before the store has it")
			}
		}
		if len(raws) > 0 {
			refusals++
			return errors.New("no space left on device")
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 4 {
		if err := NewMailbox(c, quietLog()).Run(ctx, in); err == nil {
			t.Fatal("Run must end with the store's error")
		}
		if p := in.position(t); p.UID != 0 || len(p.Retry) > 0 || len(in.raws) > 0 {
			t.Fatalf("the store refused, and the position is %+v", p)
		}
	}
	if refusals < 4 {
		t.Fatal("the store was not asked")
	}
	in.refuse = nil
	run(t, NewMailbox(c, quietLog()), in)
	in.has(t, 5)
	eventually(t, "five mails marked", func() bool {
		for _, f := range flags(t, web) {
			if !slices.Contains(f, imap.FlagSeen) {
				return false
			}
		}
		return true
	})
}

// The process may die at any moment: a mail is in the store, or comes again.
func TestR1_StoppedAtEveryStepNoMailIsLost(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	n := 12
	for i := range n {
		m.Deliver(desk, simple(fmt.Sprint("mail ", i)))
	}
	for dieAt := range 5 { // 14 steps: the position, 12 bodies, the mails
		in := newSink()
		steps := 0
		ctx, die := context.WithCancel(t.Context())
		step := func() error {
			if steps++; steps > dieAt*3 {
				die()
				return errors.New("killed")
			}
			return nil
		}
		in.broken = func([]byte) error { return step() }
		in.refuse = func([]balie.Raw) error { return step() }
		NewMailbox(configOf(m), quietLog()).Run(ctx, in)
		in.broken, in.refuse = nil, nil
		if c := in.position(t); len(in.raws) < int(c.UID) {
			t.Fatalf("killed at step %d: the position is %d with %d mails stored", dieAt*3, c.UID, len(in.raws))
		}
		stop := run(t, NewMailbox(configOf(m), quietLog()), in)
		in.until(t, "all mails", func() bool { return len(distinct(in.keys())) == n })
		n++
		m.Deliver(desk, simple(fmt.Sprint("mail ", n)))
		in.until(t, "the mail behind them", func() bool { return len(distinct(in.keys())) == n })
		stop()
		die()
	}
}

// eventually asks the server until something holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

func distinct(keys []string) []string {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return slices.Compact(keys)
}

func TestR2_TheSameMailComesAgainUnderTheSameKey(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	for i := range 5 {
		m.Deliver(desk, simple(fmt.Sprint("mail ", i)))
	}
	first, second := newSink(), newSink()
	for _, in := range []*sink{first, second} {
		stop := run(t, NewMailbox(configOf(m), quietLog()), in)
		in.has(t, 5)
		stop()
	}
	if !slices.Equal(first.keys(), second.keys()) {
		t.Fatalf("first %v, again %v", first.keys(), second.keys())
	}
}

func TestR3_AMailTheStoreRefusesDoesNotHoldUpTheRest(t *testing.T) {
	for _, where := range []string{"keep", "receive"} {
		t.Run(where, func(t *testing.T) {
			m := startMail(t, peers.MailOptions{})
			for i := range 6 {
				m.Deliver(desk, simple(fmt.Sprint("mail ", i)))
			}
			in := newSink()
			poison := errors.New("poison")
			heal := false
			if where == "keep" {
				in.broken = func(b []byte) error {
					if !heal && strings.Contains(string(b), "Subject: mail 2") {
						return poison
					}
					return nil
				}
			} else {
				in.refuse = func(raws []balie.Raw) error {
					for _, r := range raws {
						if !heal && strings.Contains(string(r.Original.Inline), "Subject: mail 2") {
							return poison
						}
					}
					return nil
				}
			}
			box := NewMailbox(configOf(m), quietLog())
			stop := run(t, box, in)
			in.has(t, 5)
			stop()
			if c := in.position(t); c.UID != 6 || len(c.Retry) != 1 || c.Retry[0].UID != 3 || c.Retry[0].Tries != 0 {
				t.Fatalf("position %+v, want 6 with mail 3 to try again, not counted as the mailbox's fault", c)
			}
			in.mu.Lock()
			heal = true
			in.mu.Unlock()
			box = NewMailbox(configOf(m), quietLog())
			box.now = func() time.Time { return time.Now().Add(time.Hour) }
			run(t, box, in)
			in.has(t, 6)
		})
	}
}

func TestR4_MailReadElsewhereStillComesIn(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	for i := range 3 {
		m.Deliver(desk, simple(fmt.Sprint("mail ", i)))
	}
	web := webmail(t, m.Host, m.IMAPPort)
	if err := web.Store(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	in := newSink()
	stop := run(t, NewMailbox(configOf(m), quietLog()), in)
	in.has(t, 3)
	stop()
	m.Deliver(desk, simple("later, gelezen"))
	flags(t, web) // hears of it
	if err := web.Store(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	run(t, NewMailbox(configOf(m), quietLog()), in)
	in.has(t, 4)
}

func TestR4_OurReadingDoesNotMarkMailAsRead(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	m.Deliver(desk, simple("een"))
	in := newSink()
	run(t, NewMailbox(configOf(m), quietLog()), in)
	in.has(t, 1)
	if f := flags(t, webmail(t, m.Host, m.IMAPPort)); len(f[0]) != 0 {
		t.Fatalf("flags %v", f[0])
	}
}

func TestR4_ThirtyDaysOffline(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	m.DeliverAt(desk, "INBOX", time.Now().AddDate(0, 0, -31), simple("voor de storing"))
	c := configOf(m)
	c.NotBefore = time.Now().AddDate(0, 0, -32)
	in := newSink()
	stop := run(t, NewMailbox(c, quietLog()), in)
	in.has(t, 1)
	stop()
	for d := range 30 {
		m.DeliverAt(desk, "INBOX", time.Now().AddDate(0, 0, d-30), simple(fmt.Sprint("dag ", d)))
	}
	// And one that a colleague moved here, with the date of long ago.
	m.DeliverAt(desk, "INBOX", time.Now().AddDate(-1, 0, 0), simple("verplaatst"))
	c.NotBefore = time.Time{} // must not matter any more
	run(t, NewMailbox(c, quietLog()), in)
	in.has(t, 32)
}

func TestR4_HistoryBeforeTheFirstStartStaysOut(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	for i := range 40 {
		m.DeliverAt(desk, "INBOX", time.Now().AddDate(0, 0, -3), simple(fmt.Sprint("oud ", i)))
	}
	m.DeliverAt(desk, "INBOX", time.Now().Add(-25*time.Hour), simple("net te oud"))
	m.DeliverAt(desk, "INBOX", time.Now().Add(-time.Hour), simple("vandaag"))
	m.DeliverAt(desk, "INBOX", time.Now().AddDate(0, 0, -3), simple("oud, later neergezet"))
	in := newSink()
	box := NewMailbox(configOf(m), quietLog())
	run(t, box, in)
	in.has(t, 1)
	m.DeliverAt(desk, "INBOX", time.Now().AddDate(0, 0, -9), simple("na de start verplaatst"))
	in.has(t, 2)
	if in.body(0) != string(simple("vandaag")) || in.body(1) != string(simple("na de start verplaatst")) {
		t.Fatalf("taken in: %q and %q", in.body(0), in.body(1))
	}
	eventually(t, "the 2 counted that should be in the ledger", func() bool {
		n, err := box.Count(t.Context())
		if err != nil || n.Messages+n.Pending != 2 {
			t.Fatalf("counted %+v, %v", n, err)
		}
		return n.Messages == 2
	})
}

func TestR4_NewUIDVALIDITY(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	for i := range 5 {
		m.Deliver(desk, simple(fmt.Sprint("mail ", i)))
	}
	in := newSink()
	stop := run(t, NewMailbox(configOf(m), quietLog()), in)
	in.has(t, 5)
	stop()
	if err := m.Rebuild(desk, "INBOX"); err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		m.Deliver(desk, simple(fmt.Sprint("mail ", i)))
	}
	run(t, NewMailbox(configOf(m), quietLog()), in)
	in.has(t, 12) // the five again, which intake knows by their content, and two new
	if c := in.position(t); c.UIDValidity == 1 || c.UID != 7 {
		t.Fatalf("position %+v", c)
	}
}

func TestR4_DovecotWithNewUIDVALIDITYAndOldDates(t *testing.T) {
	d := startDovecot(t)
	d.DeliverAt(desk, time.Now().AddDate(0, 0, -9), simple("te oud"))
	d.Deliver(desk, simple("een"))
	in := newSink()
	stop := run(t, NewMailbox(dovecotConfig(d), quietLog()), in)
	in.has(t, 1)
	stop()
	if err := d.Rebuild(desk); err != nil {
		t.Fatal(err)
	}
	d.Deliver(desk, simple("twee"))
	box := NewMailbox(dovecotConfig(d), quietLog())
	run(t, box, in)
	in.has(t, 3)
	if got := in.body(2) + in.body(1); !strings.Contains(got, "Subject: een") || !strings.Contains(got, "Subject: twee") {
		t.Fatalf("taken in after the rebuild: %q", got)
	}
	n, err := box.Count(t.Context())
	if err != nil || n.Messages+n.Pending != 2 {
		t.Fatalf("counted %+v, %v", n, err)
	}
}

func TestAMailOverTheLimitComesInAsANoteAndIsNotFetched(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	big := []byte("From: Karin <karin@klant.test>\r\nSubject: een grote\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n" +
		"--q\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>foto\r\n" +
		"--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDe caf=C3=A9machine lekt, zie foto.\r\n--a--\r\n" +
		"--q\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("AAAAAAAA\r\n", 300_000) + "--q--\r\n")
	m.Deliver(desk, simple("voor"))
	m.Deliver(desk, big)
	m.Deliver(desk, simple("na"))
	c := configOf(m)
	c.MaxSize = 1 << 20
	in := newSink()
	run(t, NewMailbox(c, quietLog()), in)
	in.has(t, 3)
	got := in.body(1)
	if len(got) > 64<<10 || !strings.Contains(got, "From: Karin <karin@klant.test>") || !strings.Contains(got, "too large") || !strings.Contains(got, "te groot") ||
		!strings.Contains(got, "De caf=C3=A9machine lekt") {
		t.Fatalf("the note is\n%s", got)
	}
	if in.body(2) != string(simple("na")) {
		t.Fatal("the mail behind it did not come in")
	}
}

func TestALargeMailTravelsThroughTheSinkWhole(t *testing.T) {
	m := startMail(t, peers.MailOptions{TLS: true})
	big := append(simple("foto's"), strings.Repeat("0123456789abcdef\r\n", 500_000)...) // 9 MB
	m.Deliver(desk, big)
	c := configOf(m)
	c.TLS, c.TLSConfig = "tls", trust(m)
	in := newSink()
	run(t, NewMailbox(c, quietLog()), in)
	in.has(t, 1)
	if in.body(0) != string(big) {
		t.Fatalf("%d bytes came in, want %d", len(in.body(0)), len(big))
	}
}

func TestTidyMovesWhatWasTakenInAndNothingElse(t *testing.T) {
	m := startMail(t, peers.MailOptions{})
	m.DeliverAt(desk, "INBOX", time.Now().AddDate(0, 0, -9), simple("geschiedenis"))
	m.Deliver(desk, simple("een"))
	m.Deliver(desk, simple("twee"))
	c := configOf(m)
	c.Tidy = "move:Verwerkt"
	in := newSink()
	box := NewMailbox(c, quietLog())
	run(t, box, in)
	in.has(t, 2)
	m.Deliver(desk, simple("drie"))
	in.has(t, 3)
	web := webmail(t, m.Host, m.IMAPPort)
	eventually(t, "one mail left in the inbox", func() bool { return len(flags(t, web)) == 1 })
	d, err := web.Select("Verwerkt", nil).Wait()
	if err != nil || d.NumMessages != 3 {
		t.Fatalf("moved: %+v, %v", d, err)
	}
}

func TestWhatIsWrongWithTheSettingsIsSaid(t *testing.T) {
	m := startMail(t, peers.MailOptions{TLS: true})
	good := configOf(m)
	good.TLS, good.TLSConfig = "tls", trust(m)
	for _, c := range []struct {
		name string
		edit func(*MailboxConfig)
		want string
	}{
		{"folder", func(c *MailboxConfig) { c.Folder = "Postvak" }, "there are: INBOX"},
		{"password", func(c *MailboxConfig) { c.Password = "fout" }, "log in to"},
		{"certificate", func(c *MailboxConfig) { c.TLSConfig = nil }, "certificate"},
		{"no TLS abroad", func(c *MailboxConfig) { c.TLS, c.Host = "none", "mail.example" }, "travels readable"},
		{"mode", func(c *MailboxConfig) { c.TLS = "ssl" }, `use "tls"`},
		{"tidy", func(c *MailboxConfig) { c.Tidy = "delete" }, "not a way to tidy up"},
	} {
		conf := good
		c.edit(&conf)
		err := NewMailbox(conf, quietLog()).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "fout") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if err := NewMailbox(good, quietLog()).Check(t.Context()); err != nil {
		t.Error(err)
	}
}
