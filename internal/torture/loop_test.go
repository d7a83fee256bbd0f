package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/peers"
	"github.com/balie/balie/internal/rig"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// Two desks that write to each other, on a mail server that proves both: the
// worst case, where nothing but the mails themselves says that no person wrote
// them.
func TestS4_TwoBaliesAnsweringEachOtherStop(t *testing.T) {
	const a, b, verdictOf = "desk@een.example", "desk@twee.example", "mx.test"
	dir := folder(t)
	bin := build(t, dir)
	server, err := peers.StartMail(peers.MailOptions{Accounts: map[string]string{a: password, b: password}, AuthservID: verdictOf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	ctx := bounded(t)
	var sites []*rig.Site
	var balies []*rig.Process
	for i, address := range []string{a, b} {
		site := desk(t, filepath.Join(dir, fmt.Sprint("desk", i)), server, address, verdictOf)
		p, err := site.Start(ctx, bin)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		sites, balies = append(sites, site), append(balies, p)
	}
	question := fmt.Sprintf("Authentication-Results: %s; dmarc=pass header.from=een.example\r\nFrom: Desk <%s>\r\nTo: %s\r\nSubject: Vraag\r\nDate: %s\r\nMessage-ID: <eerste@een.example>\r\n\r\n"+
		"Er ligt water onder de gootsteen op de derde verdieping.\r\n", verdictOf, a, b, time.Now().Format(time.RFC1123Z))
	if err := server.Deliver(b, []byte(question)); err != nil {
		t.Fatal(err)
	}
	// The second desk's receipt comes into the first one's mailbox; once that
	// is decided on, whatever would go out is in the same commit.
	for i := range sites {
		untilTaken(ctx, t, sites[len(sites)-1-i])
	}
	for _, p := range balies {
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	mails := 1 // the question
	for _, tr := range server.Transactions() {
		if tr.Accepted {
			mails++
		}
	}
	for i, site := range sites {
		if n := waiting(ctx, t, site); n > 0 {
			t.Errorf("desk %d has %d letters more to send", i, n)
		}
	}
	if mails > 2 {
		t.Errorf("%d mails went round, want at most 2", mails)
	}
	if mails < 2 {
		t.Errorf("the second desk did not answer: the test shows nothing")
	}
}

func desk(t *testing.T, dir string, server *peers.Mail, address, authserv string) *rig.Site {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	site, err := rig.Lay(dir, rig.Setup{Address: address, Authserv: []string{authserv},
		Mailbox: &rig.Mailbox{Host: server.Host, Port: server.IMAPPort, User: address, Password: password},
		SMTP:    &rig.SMTP{Host: server.Host, Port: server.SMTPPort}})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// untilTaken waits until a desk has taken a mail in and sent what it wanted to.
func untilTaken(ctx context.Context, t *testing.T, site *rig.Site) {
	t.Helper()
	for {
		n, err := site.Counted("balie_intake_messages_total", `channel="email"`)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
		if err := pause(ctx, soon); err != nil {
			t.Fatalf("no mail came: %v", err)
		}
	}
}

// waiting is how many letters a stopped desk would still send.
func waiting(ctx context.Context, t *testing.T, site *rig.Site) int {
	t.Helper()
	db, err := boltstore.Open(site.Data(), boltstore.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n := 0
	for _, s := range []balie.Status{balie.Pending, balie.Leased} {
		all, err := db.ListDeliveries(ctx, s, 0)
		if err != nil {
			t.Fatal(err)
		}
		n += len(all)
	}
	for e, err := range db.ListLedger(ctx, store.LedgerFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: from %s, %q: %s %s", filepath.Base(site.Dir), e.From, e.Subject, e.Outcome, e.Reason)
	}
	return n
}
