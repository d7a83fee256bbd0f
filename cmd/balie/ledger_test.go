package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie/internal/peers"
)

// Every mail in the mailbox has its line: the ledger is compared with a real
// IMAP server, through the socket of the running balie.
func TestLedgerAgreesWithTheMailbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := makeDesk(dir); err != nil {
		t.Fatal(err)
	}
	mail, err := peers.StartMail(peers.MailOptions{Accounts: map[string]string{
		"desk@desk.test": canaries["imap.pw"], "noor@een.test": "x"}, AuthservID: "mx.desk.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer mail.Close()
	conf := deskYAML[:strings.Index(deskYAML, "email:")] + fmt.Sprintf(`email:
  domain: desk.test
  trusted_authserv_ids: [mx.desk.test]
  smtp: {host: 127.0.0.1, port: %d, tls: none, from: "Desk <desk@desk.test>"}
  mailboxes: [{name: desk, host: 127.0.0.1, port: %d, tls: none, user: desk@desk.test, password: {file: imap.pw}}]
`, mail.SMTPPort, mail.IMAPPort)
	if err := os.WriteFile(filepath.Join(dir, "balie.yaml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := startServer(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	const n = 3
	for i := range n {
		m := fmt.Sprintf("From: Noor <noor@een.test>\r\nTo: desk@desk.test\r\nDate: %s\r\nMessage-ID: <m%d@een.test>\r\nSubject: Vraag %d\r\nAuthentication-Results: mx.desk.test; dmarc=pass header.from=een.test\r\n\r\nWaar is het %d?\r\n",
			time.Now().Format(time.RFC1123Z), i, i, i)
		if err := mail.Deliver("desk@desk.test", []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := mail.Wait(ctx, "noor@een.test", n); err != nil { // a receipt for each
		t.Fatal(err, s.text())
	}
	out := command(dir, "ledger", "--json")
	var got ledgerAnswer
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(got.Mailboxes) != 1 || got.Mailboxes[0].Problem != "" || got.Mailboxes[0].Messages != n || got.Mailboxes[0].Lines != n || got.Mailboxes[0].Difference != 0 {
		t.Errorf("got %s", out)
	}
	if m := command(dir, "export", "messages"); !bytes.Contains(m, []byte(`"msgid":"m1@een.test"`)) {
		t.Errorf("the export lacks the Message-ID:\n%s", m)
	}
}
