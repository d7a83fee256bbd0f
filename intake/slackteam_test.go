package intake_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

// slackSays hands in what somebody wrote in Slack, as the channel does.
func (d *desk) slackSays(user, channel, text, ts, thread string) (balie.Receipt, balie.Request) {
	d.t.Helper()
	body, err := json.Marshal(map[string]any{"type": "event_callback", "team_id": "T0LINDE", "event": map[string]any{
		"type": "message", "channel": channel, "user": user, "text": text, "ts": ts, "thread_ts": thread}})
	if err != nil {
		d.t.Fatal(err)
	}
	var sink channels.Sink = d.in.Sink("slack")
	o, err := sink.Keep(d.t.Context(), bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.takeRaw(balie.Raw{Channel: "slack", Format: "slack-event", Account: "T0LINDE", Key: "slack:T0LINDE:" + channel + ":" + ts, At: d.now,
		Sender: balie.Address{Scheme: balie.Slack, Value: "T0LINDE/" + user}, Verified: true, Original: o})
}

// lunchHandedOut is a lunch that the caterers have, by the letter with this ts.
func (d *desk) lunchHandedOut(ts string) balie.Request {
	d.t.Helper()
	_, r := d.take(mail{from: "tom@klant.example", subject: "Lunch", id: "l@klant.example",
		body: "Graag lunch voor vijftien personen in kamer B2.14 op donderdag 26 november om 12:00. Broodjes kaas. Kostenplaats 4711."})
	if r.State == balie.Waiting {
		asked := d.letterTo(r.ID, "tom@klant.example")
		_, r = d.take(mail{from: "tom@klant.example", subject: "Re: Lunch", id: "l2@klant.example", refs: asked.MsgID,
			body: "donderdag om 12:00\nkamer B2.14\n15 personen\nbroodjes kaas\nkostenplaats 4711"})
	}
	if len(r.OpenHandouts()) != 1 {
		d.t.Fatalf("state %s, fields %v: not handed out", r.State, r.Fields)
	}
	letter := d.letterTo(r.ID, "T0LINDE/C0CATERING")
	// What dispatch writes when Slack took the letter: the thread's id is claimed for it.
	c := balie.Change{Request: r, Messages: []balie.Message{letter}, Seen: []string{balie.MessageKey("slack:T0LINDE:C0CATERING:" + ts)}}
	err := c.Do(balie.Event{What: balie.Sent, At: d.now, By: "dispatch", Message: letter.ID, Data: map[string]string{"channel": "slack", "receipt": ts}})
	if err == nil {
		err = d.db.Commit(d.t.Context(), c)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return c.Request
}

func TestATeamFinishesItsHandoutInTheSlackThread(t *testing.T) {
	d := newDesk(t)
	r := d.lunchHandedOut("1790000000.000100")
	rc, got := d.slackSays("U0CHEF", "C0CATERING", "Klaar. De broodjes staan er.", "1790000100.000200", "1790000000.000100")
	if rc.Outcome != balie.LedgerJoined || got.ID != r.ID || len(got.OpenHandouts()) != 0 {
		t.Fatalf("outcome %s, open hand-outs %v", rc.Outcome, got.OpenHandouts())
	}
	if !has(d.events(r.ID), balie.HandoutDone) {
		t.Error("the hand-out is not done")
	}
	before := len(d.letters(r.ID))
	// What they say after that stays theirs: on the same request, for a person
	// to read, and nobody is written to.
	_, late := d.slackSays("U0CHEF", "C0CATERING", "Kunnen er nog broodjes bij?", "1790000200.000300", "1790000000.000100")
	if late.ID != r.ID || late.State != balie.AtDesk || len(d.letters(r.ID)) != before {
		t.Errorf("a word after the end: state %s, letters %v", late.State, d.letters(late.ID))
	}
}

func TestS2_AnotherChannelIsNotTheTeam(t *testing.T) {
	d := newDesk(t)
	r := d.lunchHandedOut("1790000000.000100")
	_, got := d.slackSays("U0MALLORY", "C0OTHER", "Klaar.", "1790000100.000200", "1790000000.000100")
	if got.ID == r.ID || has(d.events(r.ID), balie.HandoutDone) {
		t.Error("somebody in another channel finished the hand-out")
	}
}
