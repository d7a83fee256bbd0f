package intake_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

func TestQuestionsGoWhereADeskWouldSendThem(t *testing.T) {
	for name, c := range map[string]struct {
		m       mail
		state   balie.State
		product string
		team    string
	}{
		"answer from the catalogue":    {keyAsked, balie.AnsweredState, "sleutel", ""},
		"complete fault to its team":   {heatingFault, balie.WithTeam, "klimaat", "techniek"},
		"incomplete order is asked":    {mail{from: "jan@klant.example", subject: "Pas", body: "Ik heb een nieuwe toegangspas nodig voor een stagiair.", id: "p@x"}, balie.Waiting, "toegangspas", ""},
		"nonsense to a person":         {mail{from: "jan@klant.example", subject: "Vraagje", body: "Wat vinden jullie van de nieuwe minister?", id: "n@x"}, balie.AtDesk, "", ""},
		"fire goes out at once":        {mail{from: "jan@klant.example", subject: "Help", body: "Er is brand in de pantry op de tweede!", id: "f@x"}, balie.WithTeam, "", "techniek"},
		"a complaint is for a person":  {mail{from: "jan@klant.example", subject: "Klacht", body: "Ik heb dit nu drie keer gemeld en er gebeurt niets, dit is onacceptabel.", id: "k@x"}, balie.AtDesk, "klacht", ""},
		"quotation to account manager": {mail{from: "bo@akker.example", subject: "Offerte", body: "Kunt u een offerte maken voor een open dag met vierhonderd bezoekers?", id: "q@x"}, balie.WithTeam, "dienstverlening", "accountmanagement"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			_, r := d.take(c.m)
			if r.State != c.state || c.product != "" && r.Product != c.product {
				t.Errorf("state %s, product %q; want %s, %q\n%+v", r.State, r.Product, c.state, c.product, d.events(r.ID))
			}
			if c.team != "" && (len(r.Handouts) != 1 || r.Handouts[0].Team != c.team) {
				t.Errorf("hand-outs %+v, want team %s", r.Handouts, c.team)
			}
			if len(d.letters(r.ID)) == 0 {
				t.Error("the customer heard nothing")
			}
		})
	}
}

// What is asked for is read from the reply, and the request goes on by itself.
func TestAnAnswerToTheQuestionsCompletesTheRequest(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(mail{from: "jan@klant.example", subject: "Pas", body: "Ik heb een nieuwe toegangspas nodig voor een stagiair.", id: "p@x"})
	asked := d.letterTo(r.ID, "jan@klant.example")
	if !strings.Contains(asked.Text, "Voor wie is de pas?") {
		t.Fatalf("asked: %s", asked.Text)
	}
	d.now = d.now.Add(time.Hour)
	rc, r := d.take(mail{from: "jan@klant.example", subject: "Re: Pas", body: "Voor Anna de Wit.", id: "p2@x", refs: asked.MsgID})
	if rc.Outcome != balie.LedgerJoined || r.State != balie.WithTeam || r.Fields["holder"] == "" {
		t.Fatalf("outcome %s, state %s, fields %v", rc.Outcome, r.State, r.Fields)
	}
	if n := len(d.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	team := d.letterTo(r.ID, r.Handouts[0].To.Value)
	if !strings.Contains(team.Text, "stagiair") || !strings.Contains(team.Text, "Anna de Wit") {
		t.Errorf("the team does not read the question and the answer:\n%s", team.Text)
	}
}

func TestTwoRoundsOfQuestionsThenAPerson(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(mail{from: "jan@klant.example", subject: "Pas", body: "Ik heb een nieuwe toegangspas nodig voor een stagiair.", id: "p@x"})
	for i := range 2 {
		d.now = d.now.Add(time.Hour)
		l := d.letterTo(r.ID, "jan@klant.example")
		_, r = d.take(mail{from: "jan@klant.example", subject: "Re: Pas", body: "Wat kost dat eigenlijk?", id: "r" + string(rune('0'+i)) + "@x", refs: l.MsgID})
	}
	if r.State != balie.AtDesk || r.Rounds != balie.MaxRounds {
		t.Fatalf("state %s after %d rounds", r.State, r.Rounds)
	}
}

func TestReplyReopensInTimeAndThanksDoNot(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(keyAsked)
	l := d.letterTo(r.ID, "piet@klant.example")
	_, r = d.take(mail{from: "piet@klant.example", subject: "Re: Sleutel", body: "Bedankt voor de snelle hulp!\n\nGroeten, Piet", id: "t@x", refs: l.MsgID})
	if r.State != balie.AnsweredState || r.ReopenCount != 0 {
		t.Fatalf("thanks: state %s, reopened %d", r.State, r.ReopenCount)
	}
	d.now = d.now.Add(time.Minute)
	_, r = d.take(mail{from: "piet@klant.example", subject: "Re: Sleutel", body: "Bedankt, maar de sleutel past niet.", id: "t2@x", refs: l.MsgID})
	if r.State != balie.AtDesk || r.ReopenCount != 1 {
		t.Fatalf("more than thanks: state %s, reopened %d", r.State, r.ReopenCount)
	}
	if all := d.letters(r.ID); !strings.Contains(all[len(all)-1].Message.Text, "weer opgepakt") {
		t.Errorf("the customer reads\n%s", all[len(all)-1].Message.Text)
	}
}

func TestALateReplyIsANewLinkedRequest(t *testing.T) {
	d := newDesk(t)
	_, old := d.take(keyAsked)
	l := d.letterTo(old.ID, "piet@klant.example")
	d.now = d.now.AddDate(0, 1, 0)
	_, r := d.take(mail{from: "piet@klant.example", subject: "Re: Sleutel", body: "De sleutel die ik kreeg past niet meer.", id: "late@x", refs: l.MsgID})
	if r.ID == old.ID || len(r.Links) != 1 || r.Links[0] != old.ID {
		t.Fatalf("request %s (old %s), links %v", r.Ref, old.Ref, r.Links)
	}
	if l := d.letterTo(r.ID, "piet@klant.example"); !strings.Contains(l.Text, "Je schreef over vraag **"+old.Ref+"**") {
		t.Errorf("the customer does not read why it is a new one:\n%s", l.Text)
	}
}

// A team answers its letter by mail. Its words come to the request, and
// nothing of them goes to the customer.
func TestTheTeamsAnswerStaysOnTheTeamsSide(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(heatingFault)
	before := len(d.letters(r.ID))
	l := d.letterTo(r.ID, "techniek@backoffice.delinde.example")
	rc, r := d.take(mail{from: "techniek@backoffice.delinde.example", subject: "Re: klimaat", body: "Klaar, klep vervangen. Wat een gepriegel weer.", id: "team@x", refs: l.MsgID})
	if rc.Outcome != balie.LedgerJoined || r.State != balie.AtDesk || r.Handouts[0].State != balie.Done {
		t.Fatalf("outcome %s, state %s, hand-out %s", rc.Outcome, r.State, r.Handouts[0].State)
	}
	m, err := d.db.Message(t.Context(), rc.Message)
	if err != nil || m.Side != balie.TeamSide {
		t.Fatalf("side %d, %v", m.Side, err)
	}
	if n := len(d.letters(r.ID)); n != before {
		t.Errorf("%d letters after the team's answer, want %d: the customer was written to", n, before)
	}
}

func TestANewQuestionOfAPersonWithAnOpenOneMayBelongToIt(t *testing.T) {
	d := newDesk(t)
	_, first := d.take(heatingFault)
	_, r := d.take(mail{from: "els@klant.example", subject: "Nog iets", body: "De verwarming tikt nu ook, in kamer 2.14 is het koud.", id: "nog@x"})
	for _, e := range d.events(r.ID) {
		if e.What == balie.MayBelong && e.Data["ref"] == first.Ref && strings.Contains(e.Data["reasons"], "same product") {
			return
		}
	}
	t.Errorf("no hint at %s in %+v", first.Ref, d.events(r.ID))
}

// A customer picks one of two products by its number.
func TestAnOfferIsChosenByNumber(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(mail{from: "jan@klant.example", subject: "Pas", body: "Ik heb een nieuwe toegangspas nodig voor een stagiair.", id: "p@x"})
	c := balie.Change{Request: r}
	for _, e := range []balie.Event{
		{What: balie.Replied, At: d.now, By: "customer"},
		{What: balie.Asked, At: d.now, By: "router@1", Data: map[string]string{"fields": "product:parkeren,product:openingstijden"}},
	} {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	l := d.letterTo(r.ID, "jan@klant.example")
	_, r = d.take(mail{from: "jan@klant.example", subject: "Re: Pas", body: "2", id: "two@x", refs: l.MsgID})
	if r.Product != "openingstijden" || r.State != balie.AnsweredState {
		t.Fatalf("product %s, state %s", r.Product, r.State)
	}
}

// Every message has one line in the ledger, whatever became of it.
func TestEveryMessageHasOneLineInTheLedger(t *testing.T) {
	d := newDesk(t)
	d.take(keyAsked)
	d.take(heatingFault)
	d.take(mail{from: "news@shop.example", subject: "Nieuws", body: "Onze aanbiedingen", id: "l@x", extra: "List-Id: <news.shop.example>\r\nPrecedence: bulk\r\n"})
	d.takeRaw(d.raw(keyAsked.bytes(), "imap:info/INBOX/1/1"))
	d.takeRaw(d.raw([]byte{0xff, 0xfe, 0}, ""))
	counts, err := d.db.CountLedger(t.Context(), store.LedgerFilter{})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	if total != 5 || counts[balie.LedgerHeld] != 1 || counts[balie.LedgerDuplicate] != 1 {
		t.Errorf("ledger %v, want 5 lines, one held, one duplicate", counts)
	}
}

func TestAnOutOfOfficeMovesNothing(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(mail{from: "jan@klant.example", subject: "Pas", body: "Ik heb een nieuwe toegangspas nodig voor een stagiair.", id: "p@x"})
	l := d.letterTo(r.ID, "jan@klant.example")
	before := len(d.letters(r.ID))
	rc, r := d.take(mail{from: "jan@klant.example", subject: "Afwezig: Je vraag", body: "Ik ben er tot maandag niet.", id: "ooo@x", refs: l.MsgID, extra: "Auto-Submitted: auto-replied\r\n"})
	if rc.Outcome != balie.LedgerJoined || r.State != balie.Waiting || len(d.letters(r.ID)) != before {
		t.Fatalf("outcome %s, state %s, %d letters", rc.Outcome, r.State, len(d.letters(r.ID)))
	}
}

func TestABounceIsTiedToItsLetter(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(keyAsked)
	l := d.letterTo(r.ID, "piet@klant.example")
	dsn := "From: mailer-daemon@klant.example\r\nTo: desk@delinde.example\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; piet@klant.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n" +
		"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <" + l.MsgID + ">\r\n\r\n--b--\r\n"
	_, r = d.takeRaw(d.raw([]byte(dsn), ""))
	if !has(d.events(r.ID), balie.Bounced) || r.State != balie.AnsweredState || len(d.requests()) != 1 {
		t.Fatalf("state %s, %d requests, events %+v", r.State, len(d.requests()), d.events(r.ID))
	}
}

// A wild guess at a product makes nobody a complainer: no lead is called.
func TestSmallTalkAlertsNobody(t *testing.T) {
	d := newDesk(t)
	for i, body := range []string{"zomaar iets", "tot morgen", "hallo daar", "see you soon"} {
		_, r := d.take(mail{from: "an@klant.example", subject: "x", body: body, id: string(rune('a'+i)) + "@x"})
		if r.State != balie.AtDesk || has(d.events(r.ID), balie.Alerted) {
			t.Errorf("%q: state %s, kind %q, events %+v", body, r.State, r.Kind, d.events(r.ID))
		}
	}
}

// A call that was solved while it lasted is registered, closed, and nobody is
// written to or sent for.
func TestACallSolvedAtOnceIsClosed(t *testing.T) {
	d := newDesk(t)
	_, r := d.takeRaw(d.call("1", "ended", `,"agent":"sanne","outcome":"solved","note":"De lamp in C3.02 knippert, uit en aan hielp."`))
	if r.State != balie.Closed || r.Outcome != balie.Solved || len(r.Handouts) != 0 || len(d.letters(r.ID)) != 0 {
		t.Fatalf("state %s, outcome %s, hand-outs %v", r.State, r.Outcome, r.Handouts)
	}
}

func TestPraiseAlarmsNobody(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(mail{from: "an@klant.example", subject: "Compliment", body: "Complimenten voor de monteur van vanochtend, super snel!", id: "c@x"})
	if r.State != balie.AtDesk || r.Kind != balie.Compliment || has(d.events(r.ID), balie.Alerted) {
		t.Fatalf("state %s, kind %s, events %+v", r.State, r.Kind, d.events(r.ID))
	}
}

// Whoever asked reads on the status page by when they hear, as the receipt says.
func TestTheDesksPromiseIsKeptWithTheRequest(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(mail{from: "jan@klant.example", subject: "Vraagje", body: "Wat vinden jullie van de nieuwe minister?", id: "n@x"})
	if r.State != balie.AtDesk || !r.Promised.After(d.now) || !r.Promised.Equal(r.Next) {
		t.Errorf("state %s, promised %v, next %v", r.State, r.Promised, r.Next)
	}
}

// Lists show the customer's last words; a machine's and a team's are not theirs.
func TestListsShowWhatTheCustomerWroteLast(t *testing.T) {
	d := newDesk(t)
	_, r := d.take(mail{from: "jan@klant.example", subject: "Vraagje", body: "Wat vinden jullie\r\n\r\nvan de nieuwe minister?" + strings.Repeat(" héél", 100), id: "n@x"})
	if !strings.HasPrefix(r.Preview, "Wat vinden jullie van de nieuwe minister? héél") || len(r.Preview) > balie.PreviewLimit || !utf8.ValidString(r.Preview) {
		t.Fatalf("preview %q", r.Preview)
	}
	letter := d.letterTo(r.ID, "jan@klant.example")
	d.take(mail{from: "jan@klant.example", subject: "Afwezig", body: "Ik ben met vakantie.", id: "a@x", refs: letter.MsgID, extra: "Auto-Submitted: auto-replied\r\n"})
	_, r = d.take(mail{from: "jan@klant.example", subject: "Re: Vraagje", body: "Laat maar.\n\n> Wat vinden jullie", id: "n2@x", refs: letter.MsgID})
	if r.Preview != "Laat maar." || r.Spoke != balie.CustomerSide {
		t.Errorf("preview %q, spoke %d", r.Preview, r.Spoke)
	}
	_, r = d.take(mail{from: "jan@klant.example", subject: "Afwezig", body: "Ik ben met vakantie.", id: "a2@x", refs: letter.MsgID, extra: "Auto-Submitted: auto-replied\r\n"})
	if r.Preview != "Laat maar." {
		t.Errorf("after an automatic reply: preview %q", r.Preview)
	}
}
