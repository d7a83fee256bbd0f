package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// summary is the table at the end: what was counted outside.
func (a *account) summary(t tally, took time.Duration) {
	if a.json {
		a.encode(t)
		return
	}
	a.printf("\n%s\n", a.paint(bold, "What those outside counted"))
	row := func(n int, what, hue string) { a.printf("  %s  %s\n", a.paint(hue, fmt.Sprintf("%4d", n)), what) }
	row(t.Sent, "messages handed over by customers, teams and machines", bold)
	row(t.Answered, "answered at once from the catalogue", green)
	row(t.Asked, "asked back for what was missing, or which of two was meant", yellow)
	row(t.HandedOut, "handed out to a team or an account manager", yellow)
	row(t.Desk, "put before a person at the desk", blue)
	row(t.joined, "joined to the request they belong to", dim)
	row(t.held, "held back: nobody needs to act", dim)
	row(t.repeated, "the same once more: known, and nothing done twice", dim)
	bad := func(n int) string {
		if n > 0 {
			return red
		}
		return green
	}
	row(t.Lost, "lost", bad(t.Lost))
	row(t.Duplicates, "letters or requests too many", bad(t.Duplicates))
	letters := 0
	for _, n := range t.letters {
		letters += n
	}
	a.printf("  %d letters arrived (%d at teams, %d at the lead) about %d requests, in %.1f s.\n", letters,
		t.letters["team"], t.letters["alert"], t.Requests, took.Seconds())
	for _, l := range t.strays {
		a.printf("  %s\n", a.paint(red, "✗ a letter nobody waited for: "+l.to+": "+cut(l.subject, 60)))
	}
	if len(t.wrong) == 0 {
		a.printf("  %s\n", a.paint(green, "Every question ended where it should."))
		return
	}
	a.printf("\n%s\n", a.paint(red, fmt.Sprintf("%d ended otherwise than they should", len(t.wrong))))
	for _, one := range t.wrong {
		a.printf("  %s (%s): %s\n", one.q.ID, cut(one.q.said(), 50), strings.Join(one.faults, "; "))
	}
}

// byHand says where to try it.
func (a *account) byHand(w *world) {
	if a.json {
		return
	}
	a.desk(w)
	a.printf("\n%s\n", a.paint(bold, "Try it by hand"))
	a.printf("  the form     %s/\n", w.url)
	a.printf("  a question   %s\n", w.status)
	a.printf("  the mail     SMTP %s:%d to %s; IMAP port %d, password %s\n", w.mail.Host, w.mail.SMTPPort, demoDesk,
		w.mail.IMAPPort, w.password)
	a.printf("  health       %s/healthz\n", w.url)
	a.printf("\n  %s\n", a.paint(dim, "# the API"))
	a.printf("  curl %s/api/v1/intake -H 'Authorization: Bearer %s' \\\n", w.url, w.apiToken)
	a.printf("    --json '{\"email\":\"you@example.nl\",\"text\":\"Hoe laat gaat het gebouw open?\"}'\n")
	a.printf("\n  %s\n", a.paint(dim, "# a missed call, signed as Standard Webhooks says"))
	for _, line := range phoneLines(w) {
		a.printf("  %s\n", line)
	}
	a.printf("\n%s\n", a.paint(bold, "Ctrl-C stops it."))
}

// desk says where the desk is and who can sign in.
func (a *account) desk(w *world) {
	a.printf("\n%s  %s\n", a.paint(bold, "The desk"), a.paint(green, w.url+"/inbox"))
	for _, p := range w.people {
		a.printf("  %-12s %-16s password %s   %s\n", p.ID, p.Name, p.Password, a.paint(dim, p.Role))
	}
	a.printf("  %-12s %-16s with the work account, no password\n", demoNewcomer.Sub, demoNewcomer.Name)
	a.printf("  Become its first admin, once:\n  %s\n", a.paint(green, w.first))
	a.printf("%s\n", a.paint(dim, "  Two minutes: take a question and answer it, hand one out (B), note a call (Shift C); as admin change a rule,\n"+
		"  see what it would change, publish it, take it back. Somebody writes every twenty seconds for a while."))
}

// phoneLines are shell lines that sign and send a missed call.
func phoneLines(w *world) []string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(w.phoneKey, "whsec_"))
	if err != nil {
		return nil
	}
	return []string{
		`t=$(date +%s); id=hand-$t; b='{"type":"call.missed","timestamp":"'$(date -u +%FT%TZ)'","data":{"call_id":"'$id'",`,
		`"direction":"inbound","from":"+31612345678","to":"` + demoLine + `"}}'`,
		`s=$(printf %s "$id.$t.$b" | openssl dgst -sha256 -binary -mac HMAC \`,
		`  -macopt hexkey:` + hex.EncodeToString(key) + ` | base64)`,
		`curl ` + w.url + `/phone/calls -H "webhook-id: $id" -H "webhook-timestamp: $t" \`,
		`  -H "webhook-signature: v1,$s" --json "$b"`,
	}
}

// demoPhoneKey is a fresh secret in the form of Standard Webhooks.
func demoPhoneKey() string {
	key := make([]byte, 24)
	rand.Read(key) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}
