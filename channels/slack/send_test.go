package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/peers"
)

func say(text string) balie.Message { return balie.Message{Text: text} }

func TestAnswerArrivesInTheThread(t *testing.T) {
	w := open(t, nil)
	ts, err := w.peer.Say(t.Context(), w.events, "U1", "C1", "where is the key?", "")
	if err != nil {
		t.Fatal(err)
	}
	d := delivery("T0BALIE/C1/" + ts)
	receipt, err := w.slack.Send(t.Context(), d, say("At *reception*."), balie.Request{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := w.peer.Wait(ctx, "C1", 1)
	if err != nil {
		t.Fatal(err)
	}
	m := got[0]
	if m.TS != receipt || m.ThreadTS != ts || m.Text != "At *reception*." || m.Form["unfurl_links"] != "false" {
		t.Errorf("posted %+v, receipt %s", m, receipt)
	}
	if !strings.Contains(string(m.Metadata), d.ID.String()) {
		t.Errorf("cannot be found again by %s", m.Metadata)
	}
}

func TestR5_AfterAnUnknownOutcomeItIsNotPostedTwice(t *testing.T) {
	for _, place := range []string{"T0BALIE/C1/%s", "T0BALIE/C1"} {
		w := open(t, nil)
		ts, err := w.peer.Say(t.Context(), w.events, "U1", "C1", "where?", "")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(place, "%s") {
			place = fmt.Sprintf(place, ts)
		}
		d := delivery(place)
		w.peer.Fail("chat.postMessage", peers.SlackFault{Silent: true})
		_, err = w.slack.Send(t.Context(), d, say("There."), balie.Request{})
		var unknown *channels.UnknownError
		if !errors.As(err, &unknown) {
			t.Fatalf("%s: slack fell silent: %v", place, err)
		}
		for attempt := 2; attempt < 4; attempt++ {
			d.Attempt, d.Lease = attempt, uint64(attempt)
			receipt, err := w.slack.Send(t.Context(), d, say("There."), balie.Request{})
			if err != nil {
				t.Fatalf("%s: attempt %d: %v", place, attempt, err)
			}
			copies := slices.DeleteFunc(w.peer.Posted("C1"), func(m peers.SlackMessage) bool { return m.Text != "There." })
			if len(copies) != 1 || copies[0].TS != receipt {
				t.Fatalf("%s: %d copies, receipt %s", place, len(copies), receipt)
			}
		}
	}
}

func TestR5_FoundAgainBehindManyOthers(t *testing.T) {
	w := open(t, nil)
	d := delivery("T0BALIE/C1")
	w.peer.Fail("chat.postMessage", peers.SlackFault{Silent: true})
	if _, err := w.slack.Send(t.Context(), d, say("There."), balie.Request{}); err == nil {
		t.Fatal("slack fell silent and no error")
	}
	for range 2*page + 1 {
		w.peer.Chat("U1", "C1", "chatter")
	}
	d.Attempt = 2
	if _, err := w.slack.Send(t.Context(), d, say("There."), balie.Request{}); err != nil {
		t.Fatal(err)
	}
	if got := w.peer.Posted("C1"); len(got) != 1 {
		t.Errorf("%d copies", len(got))
	}
	if n := w.peer.Calls("conversations.history"); n != 3 {
		t.Errorf("%d pages were turned, want 3", n)
	}
}

func TestR5_WhatNeverArrivedIsPosted(t *testing.T) {
	w := open(t, nil)
	d := delivery("T0BALIE/C1")
	w.peer.Fail("chat.postMessage", peers.SlackFault{Deaf: true})
	if _, err := w.slack.Send(t.Context(), d, say("There."), balie.Request{}); err == nil {
		t.Fatal("slack hung up and no error")
	}
	d.Lease = 2 // a crash before the attempt was counted
	if _, err := w.slack.Send(t.Context(), d, say("There."), balie.Request{}); err != nil {
		t.Fatal(err)
	}
	if got := w.peer.Posted("C1"); len(got) != 1 {
		t.Errorf("%d copies", len(got))
	}
}

func TestR5_WhileNobodyCanLookItIsNotPosted(t *testing.T) {
	w := open(t, nil)
	d := delivery("T0BALIE/C1")
	d.Attempt = 2
	for _, f := range []peers.SlackFault{{Status: 500}, {Deaf: true}, {Code: "internal_error"},
		{Status: 429, RetryAfter: 7 * time.Second}, {Code: "invalid_auth"}} {
		w.peer.Fail("conversations.history", f)
		if _, err := w.slack.Send(t.Context(), d, say("x"), balie.Request{}); err == nil || channels.IsPermanent(err) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if n := w.peer.Calls("chat.postMessage"); n != 0 {
		t.Errorf("posted %d times", n)
	}
	w.peer.Fail("conversations.history", peers.SlackFault{Code: "missing_scope"}) // nobody can ever know
	if _, err := w.slack.Send(t.Context(), d, say("x"), balie.Request{}); err != nil || len(w.peer.Posted("C1")) != 1 {
		t.Errorf("without the right to look: %v, %d posted", err, len(w.peer.Posted("C1")))
	}
}

func TestR6_WhatSlackSaysDecidesWhatBecomesOfAnAnswer(t *testing.T) {
	const (
		again = iota // try again with the usual pauses
		final
		pause
		unknown
		auth
	)
	cases := []struct {
		fault peers.SlackFault
		want  int
		after time.Duration
	}{
		{peers.SlackFault{Status: 429, RetryAfter: 42 * time.Second}, pause, 42 * time.Second},
		{peers.SlackFault{Status: 429}, pause, ratePause},
		{peers.SlackFault{Code: "ratelimited"}, pause, ratePause},
		{peers.SlackFault{Code: "channel_not_found"}, final, 0},
		{peers.SlackFault{Code: "is_archived"}, final, 0},
		{peers.SlackFault{Code: "not_in_channel"}, final, 0},
		{peers.SlackFault{Code: "msg_too_long"}, final, 0},
		{peers.SlackFault{Code: "account_inactive"}, auth, accessPause},
		{peers.SlackFault{Code: "token_revoked"}, auth, accessPause},
		{peers.SlackFault{Code: "missing_scope"}, auth, accessPause},
		{peers.SlackFault{Code: "fatal_error"}, unknown, 0},
		{peers.SlackFault{Code: "a_word_of_tomorrow"}, again, 0},
		{peers.SlackFault{Status: 502}, unknown, 0},
		{peers.SlackFault{Status: 404}, again, 0},
		{peers.SlackFault{Silent: true}, unknown, 0},
	}
	w := open(t, nil)
	for _, c := range cases {
		w.peer.Fail("chat.postMessage", c.fault)
		_, err := w.slack.Send(t.Context(), delivery("T0BALIE/C1"), say("x"), balie.Request{})
		var later *channels.LaterError
		var lost *channels.UnknownError
		got := again
		switch {
		case err == nil:
			t.Errorf("%+v: no error", c.fault)
			continue
		case channels.IsPermanent(err):
			got = final
		case channels.IsAuth(err):
			got = auth
		case errors.As(err, &later):
			got = pause
		case errors.As(err, &lost):
			got = unknown
		}
		if got != c.want {
			t.Errorf("%+v: %v is kind %d, want %d", c.fault, err, got, c.want)
		}
		if errors.As(err, &later) && (later.After != c.after || !later.Pause) {
			t.Errorf("%+v: wait %v (all: %v), want %v", c.fault, later.After, later.Pause, c.after)
		}
	}
}

func TestR6_NobodyThereIsNoUnknownOutcome(t *testing.T) {
	w := open(t, nil)
	w.peer.Close()
	_, err := w.slack.Send(t.Context(), delivery("T0BALIE/C1"), say("x"), balie.Request{})
	var unknown *channels.UnknownError
	if err == nil || channels.IsPermanent(err) || errors.As(err, &unknown) {
		t.Errorf("connection refused: %v", err)
	}
}

func TestR6_WhereSlackCannotBringItIsFinal(t *testing.T) {
	w := open(t, nil)
	for _, to := range []string{"", "T0BALIE", "T0BALIE/", "TOTHER/C1", "T0BALIE/C1/1.2/3", "C1"} {
		_, err := w.slack.Send(t.Context(), delivery(to), say("x"), balie.Request{})
		if !channels.IsPermanent(err) {
			t.Errorf("to %q: %v", to, err)
		}
	}
	d := delivery("T0BALIE/C1")
	d.To.Scheme = balie.Mail
	if _, err := w.slack.Send(t.Context(), d, say("x"), balie.Request{}); !channels.IsPermanent(err) {
		t.Errorf("a mail address: %v", err)
	}
	if _, err := w.slack.Send(t.Context(), delivery("T0BALIE/C1"), say(strings.Repeat("é", maxText+1)), balie.Request{}); !channels.IsPermanent(err) {
		t.Errorf("longer than Slack takes: %v", err)
	}
	if n := w.peer.Calls("chat.postMessage"); n != 0 {
		t.Errorf("posted %d times", n)
	}
}

func TestS12_TokenIsInNoError(t *testing.T) {
	w := open(t, func(c *Config) { c.BotToken = "xoxb-canary-9133" })
	for _, f := range []peers.SlackFault{{Deaf: true}, {Status: 500}, {Code: "invalid_auth"}, {}} {
		w.peer.Fail("chat.postMessage", f)
		_, err := w.slack.Send(t.Context(), delivery("T0BALIE/C1"), say("x"), balie.Request{})
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), "canary") {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
