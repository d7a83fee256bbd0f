package intake_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/store/boltstore"
)

// lossy is a store whose commits are durable but say that they failed, as a
// disk or a network can (fault C6).
type lossy struct {
	*boltstore.DB
	fail int
}

func (l *lossy) Commit(ctx context.Context, c ...balie.Change) error {
	err := l.DB.Commit(ctx, c...)
	if l.fail > 0 && err == nil {
		l.fail--
		return errors.New("no answer from the disk")
	}
	return err
}

func TestR1_AFailedCommitIsNeverAcknowledgedAndComesAgainOnce(t *testing.T) {
	d := newDesk(t)
	raw := d.raw(keyAsked.bytes(), "")
	l := &lossy{DB: d.db, fail: 1}
	d.startOver(l)
	if _, err := d.sink().Receive(t.Context(), []byte("cursor"), raw); err == nil {
		t.Fatal("acknowledged though the commit said nothing")
	}
	if c, _ := d.db.Cursor(t.Context(), "email/desk/INBOX"); c != nil {
		t.Fatal("the cursor went ahead of the message")
	}
	rs, err := d.sink().Receive(t.Context(), []byte("cursor"), raw)
	if err != nil || !rs[0].Duplicate || rs[0].Ref == "" {
		t.Fatalf("second time: %+v, %v", rs, err)
	}
	if n := len(d.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestR2_AllTrafficThriceInAnyOrderIsTheSameQuestions(t *testing.T) {
	d := newDesk(t)
	_, waiting := d.take(mail{from: "jan@klant.example", subject: "Pas", body: "Ik heb een nieuwe toegangspas nodig voor een stagiair.", id: "p@x"})
	asked := d.letterTo(waiting.ID, "jan@klant.example")
	all := []mail{keyAsked, heatingFault,
		{from: "jan@klant.example", subject: "Re: Pas", body: "Voor Anna de Wit.", id: "p2@x", refs: asked.MsgID},
		{from: "an@klant.example", subject: "geen id", body: "Hoe laat gaat het gebouw open?"},
		{from: "an@klant.example", subject: "geen id", body: "Waar kan ik parkeren?"},
	}
	var raws []balie.Raw
	for _, m := range all {
		for copy := range 3 { // the same mailbox again, and two others
			raws = append(raws, d.raw(m.bytes(), fmt.Sprintf("imap:box%d/INBOX/1/%s", copy%2, m.body[:9])))
		}
	}
	seed := rand.Uint64()
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(raws), func(i, j int) { raws[i], raws[j] = raws[j], raws[i] })
	for len(raws) > 0 {
		n := min(4, len(raws))
		if _, err := d.sink().Receive(t.Context(), nil, raws[:n]...); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		raws = raws[n:]
	}
	if n := len(d.requests()); n != 5 {
		t.Errorf("seed %d: %d requests, want 5", seed, n)
	}
	sent := map[string]int{}
	for _, r := range d.requests() {
		for _, l := range d.letters(r.ID) {
			sent[l.Delivery.To.Value+l.Message.Subject+l.Message.Text]++
		}
	}
	for k, n := range sent {
		if n > 1 {
			t.Errorf("seed %d: written %d times: %s", seed, n, k)
		}
	}
}

func TestR2_TheSameMailAtOnceFromManySidesIsOneRequest(t *testing.T) {
	d := newDesk(t)
	raw := d.raw(keyAsked.bytes(), "")
	var wg sync.WaitGroup
	for i := range 16 {
		raw := raw
		if i%2 == 1 {
			raw.Key = fmt.Sprintf("imap:box%d/INBOX/1/1", i)
		}
		wg.Go(func() {
			if _, err := d.sink().Receive(t.Context(), nil, raw); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(d.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestR2_AForgedMessageIDHidesNoOtherMail(t *testing.T) {
	d := newDesk(t)
	d.take(keyAsked)
	forged := keyAsked
	forged.from, forged.body = "els@klant.example", "De verwarming in kamer 2.14 doet het niet."
	rc, r := d.take(forged)
	if rc.Duplicate || r.ID.IsZero() {
		t.Fatalf("swallowed: %+v", rc)
	}
	m, err := d.db.Message(t.Context(), rc.Message)
	if err != nil || len(m.Warnings) == 0 {
		t.Errorf("no warning on it: %+v, %v", m.Warnings, err)
	}
}

func TestR3_WhatCannotBeReadIsPutBeforeAPersonAndHoldsNothingUp(t *testing.T) {
	d := newDesk(t)
	raws := []balie.Raw{d.raw([]byte{0, 0xff, 0xfe, 1, 2}, "bad"), d.raw(keyAsked.bytes(), "good")}
	raws[0].Format = "unheard-of"
	rs, err := d.sink().Receive(t.Context(), nil, raws...)
	if err != nil {
		t.Fatal(err)
	}
	if rs[0].Outcome != balie.LedgerKept || rs[1].Outcome != balie.LedgerTaken {
		t.Fatalf("outcomes %s, %s", rs[0].Outcome, rs[1].Outcome)
	}
	r, err := d.db.Request(t.Context(), rs[0].Request)
	if err != nil || r.State != balie.AtDesk {
		t.Fatalf("state %s, %v", r.State, err)
	}
	b, err := d.db.OpenBlob(t.Context(), raws[0].Original.Blob)
	if err != nil {
		t.Fatalf("the original is gone: %v", err)
	}
	b.Close()
}

// A message that ended the process at two starts is not parsed a third time.
func TestR3_AMessageThatEndsTheProcessDoesSoAtMostTwice(t *testing.T) {
	d := newDesk(t)
	raw := d.raw(keyAsked.bytes(), "poison")
	for range 2 { // what a process that died while parsing leaves behind
		note := make([]byte, 512)
		binary.BigEndian.PutUint16(note, uint16(len(raw.Key)))
		copy(note[2:], raw.Key)
		if err := os.WriteFile(d.o.Inflight, note, 0o600); err != nil {
			t.Fatal(err)
		}
		d.start()
	}
	rc, r := d.takeRaw(raw)
	if rc.Outcome != balie.LedgerKept || r.State != balie.AtDesk {
		t.Fatalf("outcome %s, state %s", rc.Outcome, r.State)
	}
	m, err := d.db.Message(t.Context(), rc.Message)
	if err != nil || m.Text != "" || m.Original == "" {
		t.Errorf("it was parsed, or its original is gone: %+v", m)
	}
}

// forgedReplies is who writes by which proof against which clue; join says
// whether the reply may come to the request. Attack 9.
var forgedReplies = []struct {
	name, from     string
	proven, failed bool
	refs, subject  string // "token", "wrong", "" ; "ref" puts the number in the subject
	join           bool
}{
	{"token, same sender, unproven", "piet@klant.example", false, false, "token", "", true},
	{"token, same sender, proven", "piet@klant.example", true, false, "token", "", true},
	{"token, same sender, forged", "piet@klant.example", false, true, "token", "", false},
	{"token, other sender, proven", "x@evil.example", true, false, "token", "", false},
	{"wrong token, same sender, unproven", "piet@klant.example", false, false, "wrong", "", false},
	{"wrong token, other sender, proven", "x@evil.example", true, false, "wrong", "", false},
	{"number, same sender, proven", "piet@klant.example", true, false, "", "ref", true},
	{"number, same sender, unproven", "piet@klant.example", false, false, "", "ref", false},
	{"number, other sender, proven", "x@evil.example", true, false, "", "ref", false},
	{"own first mail, same sender, proven", "piet@klant.example", true, false, "own", "", true},
	{"own first mail, same sender, unproven", "piet@klant.example", false, false, "own", "", false},
	{"own first mail, other sender", "x@evil.example", true, false, "own", "", false},
}

func TestS2_AReferenceIsNotAKey(t *testing.T) {
	for i, c := range forgedReplies {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			_, r := d.take(keyAsked)
			l := d.letterTo(r.ID, "piet@klant.example")
			reply := mail{from: c.from, subject: "Re: Je vraag", body: "Stuur de sleutel maar naar mijn nieuwe adres.", id: fmt.Sprintf("f%d@x", i), proven: c.proven, failed: c.failed}
			switch c.refs {
			case "token":
				reply.refs = l.MsgID
			case "wrong":
				i := strings.IndexByte(l.MsgID, '.') + 1
				other := "0"
				if l.MsgID[i] == '0' {
					other = "1"
				}
				reply.refs = l.MsgID[:i] + other + l.MsgID[i+1:]
			case "own":
				reply.refs = keyAsked.id
			}
			if c.subject == "ref" {
				reply.subject = "Re: Je vraag [" + r.Ref + "]"
			}
			_, got := d.take(reply)
			if joined := got.ID == r.ID; joined != c.join {
				t.Errorf("joined %v, want %v", joined, c.join)
			}
			if got.ID != r.ID && got.State != balie.AtDesk && c.refs != "wrong" {
				t.Errorf("a doubtful reply is %s, want desk", got.State)
			}
		})
	}
}

func TestS3_AForgedTeamReplyMovesNothingAndSendsNothing(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(heatingFault)
	l := d.letterTo(r.ID, "techniek@backoffice.delinde.example")
	before := len(d.letters(r.ID))
	for i, m := range []mail{
		{from: "x@evil.example", refs: l.MsgID},
		{from: "techniek@backoffice.delinde.example", refs: l.MsgID, failed: true},
		{from: "desk@delinde.example", refs: l.MsgID},
		{from: "sanne@delinde.example", refs: l.MsgID, proven: true},
	} {
		m.subject, m.body, m.id = "Re: klimaat", "Klaar. Mail de klant dat alles vergoed wordt.", fmt.Sprintf("t%d@x", i)
		if _, got := d.take(m); got.ID == r.ID {
			t.Errorf("%s joined", m.from)
		}
	}
	now, err := d.db.Request(t.Context(), r.ID)
	if err != nil || now.Version != r.Version || len(d.letters(r.ID)) != before {
		t.Errorf("the request moved: %+v, %v", now, err)
	}
}

func TestS4_NothingAnUnprovenSenderTypedIsRepeated(t *testing.T) {
	for _, body := range []string{"Wat kost een borrel bij WIN http://evil.example", keyAsked.body + " WIN http://evil.example", "zomaar iets WIN http://evil.example",
		"Ik heb een nieuwe toegangspas nodig WIN http://evil.example"} {
		d := newDesk(t)
		_, r := d.take(mail{from: `"WIN http://evil.example" <victim@klant.example>`, subject: "WIN http://evil.example", body: body, id: "c@x"})
		m := d.letterTo(r.ID, "victim@klant.example")
		if strings.Contains(m.Subject+m.Text, "evil") || strings.Contains(m.Subject+m.Text, "WIN") {
			t.Errorf("repeated: %s\n%s", m.Subject, m.Text)
		}
	}
}

func TestS4_AnAddressGetsAtMostTheDaysLetters(t *testing.T) {
	d := newDesk(t)
	d.o.DailyCap = 3
	d.start()
	sent := 0
	for i := range 10 {
		_, r := d.take(mail{from: "victim@klant.example", subject: "x", body: fmt.Sprintf("zomaar iets %d", i), id: fmt.Sprintf("%d@x", i)})
		sent += d.sentTo(r.ID, "victim@klant.example")
	}
	if sent != 3 {
		t.Errorf("%d letters on one day, want 3", sent)
	}
	d.now = d.now.AddDate(0, 0, 1)
	if _, r := d.take(mail{from: "victim@klant.example", subject: "x", body: "de volgende dag", id: "next@x"}); d.sentTo(r.ID, "victim@klant.example") != 1 {
		t.Errorf("the next day %d letters, want 1", d.sentTo(r.ID, "victim@klant.example"))
	}
}

func TestS4_AutomaticMailIsNeverAnswered(t *testing.T) {
	for name, extra := range map[string]string{
		"auto-submitted": "Auto-Submitted: auto-generated\r\n", "list": "List-Id: <l.x>\r\n", "bulk": "Precedence: bulk\r\n",
		"suppress": "X-Auto-Response-Suppress: All\r\n", "null sender": "Return-Path: <>\r\n",
	} {
		d := newDesk(t)
		rc, r := d.take(mail{from: "jan@klant.example", subject: "Sleutel", body: keyAsked.body, id: "a@x", extra: extra})
		for _, l := range d.letters(r.ID) {
			if l.Delivery.To.Value == "jan@klant.example" {
				t.Errorf("%s: answered (%s)", name, rc.Outcome)
			}
		}
	}
	d := newDesk(t)
	for _, from := range []string{"no-reply@shop.example", "mailer-daemon@x.example", "desk@delinde.example"} {
		_, r := d.take(mail{from: from, subject: "Sleutel", body: keyAsked.body, id: from})
		if n := len(d.letters(r.ID)); n > 0 && !r.ID.IsZero() {
			t.Errorf("%s was answered", from)
		}
	}
}

// call is one event of a telephone call.
func (d *desk) call(id, event, extra string) balie.Raw {
	body := fmt.Sprintf(`{"type":"call.%s","timestamp":"2026-11-24T09:00:00Z","data":{"call_id":"c1","direction":"inbound","from":"0612345678","to":"0201234567"%s}}`, event, extra)
	o, err := d.sink().Keep(d.t.Context(), bytes.NewReader([]byte(body)))
	if err != nil {
		d.t.Fatal(err)
	}
	return balie.Raw{Channel: "phone", Format: "call", Account: "line", Key: "call:line:" + id, At: d.now, Verified: true, Original: o}
}

func TestR2_EventsOfOneCallInAnyOrderAreOneRequest(t *testing.T) {
	for i, order := range [][]string{{"ringing", "missed", "voicemail"}, {"voicemail", "missed", "ringing"}, {"missed", "ringing", "voicemail"}, {"ringing", "voicemail", "missed", "ringing"}} {
		d := newDesk(t)
		for j, e := range order {
			extra := ""
			if e == "voicemail" {
				extra = `,"transcript":"De verwarming in kamer 2.14 doet het niet."`
			}
			d.takeRaw(d.call(fmt.Sprintf("%s-%d", e, j), e, extra))
		}
		rs := d.requests()
		if len(rs) != 1 {
			t.Fatalf("order %d: %d requests, want 1", i, len(rs))
		}
		ms, err := d.db.Messages(t.Context(), rs[0].ID)
		if err != nil || len(ms) != 1 || !strings.Contains(ms[0].Text, "verwarming") || ms[0].From.Value != "+31612345678" {
			t.Errorf("order %d: messages %+v, %v", i, ms, err)
		}
	}
}

// What an agent noted before the call ended is part of the question.
func TestANoteBeforeTheEndOfACallIsNotLost(t *testing.T) {
	d := newDesk(t)
	d.takeRaw(d.call("1", "answered", `,"note":"De verwarming in kamer 2.14 doet het niet."`))
	d.takeRaw(d.call("2", "ended", ""))
	rs := d.requests()
	if len(rs) != 1 || rs[0].Product != "klimaat" {
		t.Fatalf("requests %+v", rs)
	}
}

func (d *desk) startOver(s intake.Store) {
	d.t.Helper()
	old := d.override
	d.override = s
	d.start()
	d.override = old
}

// sentTo counts a request's letters to an address.
func (d *desk) sentTo(request balie.ID, to string) int {
	n := 0
	for _, l := range d.letters(request) {
		if l.Delivery.To.Value == to {
			n++
		}
	}
	return n
}

func TestR2_TheSameMailTwiceInOneBatchIsOneRequest(t *testing.T) {
	d := newDesk(t)
	raw := d.raw(keyAsked.bytes(), "")
	rs, err := d.sink().Receive(t.Context(), nil, raw, raw, raw)
	if err != nil || rs[1].Ref != rs[0].Ref || !rs[2].Duplicate {
		t.Fatalf("%+v, %v", rs, err)
	}
	if n := len(d.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// An answer that would repeat what somebody typed does not go to an unproven
// address by itself.
func TestS4_AnAnswerWithTheirOwnWordsGoesToProvenSendersOnly(t *testing.T) {
	cat, err := catalogue.Parse("sample.yaml", bytes.Replace(catalogue.Sample(), []byte(`answer: "Een sleutel vraagt u hier aan`), []byte(`answer: "Voor {room} en {holder}, vraag {reference}: een sleutel vraagt u hier aan`), 1))
	if err != nil {
		t.Fatal(err)
	}
	b := *sample(t)
	b.Catalogue = cat
	for _, proven := range []bool{false, true} {
		d := newDesk(t)
		d.brain = &b
		d.start()
		_, r := d.take(mail{from: "victim@klant.example", subject: "Sleutel", id: "w@x", proven: proven,
			body: "Mijn collega WIN-nu-geld heeft een extra sleutel nodig van kamer B2.14, hoe regel ik dat? Sleutelhouder: Jan de Vries"})
		m := d.letterTo(r.ID, "victim@klant.example")
		if !proven && (r.State != balie.AtDesk || strings.Contains(m.Text, "B2.14")) {
			t.Errorf("unproven: %s\n%s", r.State, m.Text)
		}
		if proven && r.State == balie.AnsweredState && !strings.Contains(m.Text, r.Ref+": een sleutel") {
			t.Errorf("proven: %s\n%s", r.State, m.Text)
		}
	}
}
