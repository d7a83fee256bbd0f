package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/channels/channeltest"
	"github.com/balie/balie/internal/peers"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// workspace is a stand-in, a channel that talks to it, and where it is mounted.
type workspace struct {
	peer   *peers.Slack
	slack  *Slack
	sink   *channeltest.Sink
	events string
}

// open starts a workspace whose redeliveries come at once.
func open(t *testing.T, change func(*Config)) workspace {
	t.Helper()
	w := workspace{sink: channeltest.NewSink()}
	w.peer = standIn(t)
	w.slack = New(config(w.peer, change), quiet())
	w.events = channeltest.Serve(t, w.slack, w.sink) + "/slack/events"
	return w
}

func standIn(t *testing.T) *peers.Slack {
	t.Helper()
	p, err := peers.StartSlack(peers.SlackOptions{Users: map[string]string{"U7": "Anna Jansen"},
		Pauses: []time.Duration{0, 0, 0}, Patience: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func config(p *peers.Slack, change func(*Config)) Config {
	o := p.Options()
	c := Config{Name: "slack", SigningSecrets: []string{o.SigningSecret}, BotToken: o.Token, TeamID: o.TeamID,
		AppID: o.AppID, APIURL: p.URL()}
	if change != nil {
		change(&c)
	}
	return c
}

// post sends a body under a head and returns the status and the answer.
func post(t *testing.T, url string, head http.Header, body []byte) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = head
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), resp.Header
}

func TestSlackKeepsThePromisesOfAChannel(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		Package: "github.com/balie/balie/channels/slack",
		Start: func(t *testing.T, sink channels.Sink) channeltest.Line {
			p := standIn(t)
			s := New(config(p, func(c *Config) { c.Patience = 200 * time.Millisecond }), quiet())
			url := channeltest.Serve(t, s, sink) + "/slack/events"
			var mu sync.Mutex
			stamps := map[string]string{}
			return channeltest.Line{Channel: s, Send: func(ctx context.Context, id, text string) channeltest.Answer {
				mu.Lock()
				if stamps[id] == "" {
					stamps[id] = fmt.Sprintf("1764000000.%06d", len(stamps)+1)
				}
				ts := stamps[id]
				mu.Unlock()
				return deliver(ctx, p, url, p.MessageEvent(peers.SlackMessage{TS: ts, User: "U1", Text: text}, "C1"))
			}}
		},
	})
}

// deliver sends an event once.
func deliver(ctx context.Context, p *peers.Slack, url string, event map[string]any) channeltest.Answer {
	o := p.Options()
	body, _ := json.Marshal(map[string]any{"type": "event_callback", "team_id": o.TeamID, "api_app_id": o.AppID, "event": event})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header = peers.SignSlack(o.SigningSecret, time.Now(), body)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return channeltest.TryLater
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	switch {
	case resp.StatusCode == http.StatusOK:
		return channeltest.Received
	case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		return channeltest.TryLater
	}
	return channeltest.Refused
}

func TestR2_MessageAndMentionAreOneQuestion(t *testing.T) {
	w := open(t, nil)
	ts, err := w.peer.Mention(t.Context(), w.events, "U1", "C1", "where is the key?")
	if err != nil {
		t.Fatal(err)
	}
	got := w.sink.Taken()
	if len(got) != 1 || w.sink.Calls() != 2 {
		t.Fatalf("%d questions of %d events", len(got), w.sink.Calls())
	}
	r := got[0]
	if r.Key != "slack:T0BALIE:C1:"+ts || r.Account != "T0BALIE" || r.Format != "slack-event" || !r.Verified ||
		r.Sender.Key() != "slack:T0BALIE/U1" || r.At.IsZero() {
		t.Errorf("taken in as %+v", r)
	}
}

func TestR1_RedeliveryAfterACrashIsTakenIn(t *testing.T) {
	w := open(t, nil)
	w.sink.FailNext(2)
	if _, err := w.peer.Say(t.Context(), w.events, "U1", "D1", "help", ""); err != nil {
		t.Fatalf("slack gave up: %v", err)
	}
	if n := len(w.sink.Taken()); n != 1 || w.sink.Calls() != 3 {
		t.Errorf("%d taken in after %d deliveries, want 1 after 3", n, w.sink.Calls())
	}
}

func TestR2_EditNeverHidesAMessage(t *testing.T) {
	w := open(t, nil)
	m := w.peer.MessageEvent(peers.SlackMessage{TS: "1764000000.000100", User: "U1", Text: "old"}, "C1")
	if err := w.peer.Deliver(t.Context(), w.events, m); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"message_changed", "message_deleted"} {
		e := map[string]any{"type": "message", "subtype": sub, "channel": "C1", "ts": "1764000000.000100",
			"message": m, "previous_message": m}
		if err := w.peer.Deliver(t.Context(), w.events, e); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.sink.Taken(); len(got) != 3 {
		t.Errorf("a message, its edit and its deletion became %d", len(got))
	}
}

func TestR3_SignedButUnreadableIsKeptForAPerson(t *testing.T) {
	w := open(t, nil)
	body := []byte(`{"type": "event_callback", "event": `)
	head := peers.SignSlack(w.peer.Options().SigningSecret, time.Now(), body)
	if code, answer, _ := post(t, w.events, head, body); code != http.StatusOK {
		t.Fatalf("%d %s", code, answer)
	}
	if got := w.sink.Taken(); len(got) != 1 || !bytes.Equal(w.sink.Body(got[0]), body) {
		t.Errorf("kept: %+v", got)
	}
}

func TestEventsThatAreNoMessagesAreAcknowledgedAndNotTakenIn(t *testing.T) {
	w := open(t, nil)
	for _, e := range []map[string]any{
		{"type": "reaction_added", "user": "U1"}, {"type": "tokens_revoked"},
		{"type": "channel_created", "channel": map[string]any{"id": "C9"}},
		{"type": "team_join", "user": map[string]any{"id": "U9"}},
	} {
		if err := w.peer.Deliver(t.Context(), w.events, e); err != nil {
			t.Errorf("%v: %v", e, err)
		}
	}
	if got := w.sink.Taken(); len(got) != 0 {
		t.Errorf("taken in: %+v", got)
	}
}

func TestR14_CheckComparesTheWorkspace(t *testing.T) {
	w := open(t, func(c *Config) { c.TeamID = "TOTHER" })
	if err := w.slack.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "T0BALIE") {
		t.Errorf("a token of another workspace: %v", err)
	}
	w = open(t, func(c *Config) { c.BotToken = "xoxb-revoked" })
	err := w.slack.Check(t.Context())
	if !channels.IsAuth(err) || !strings.Contains(err.Error(), "invalid_auth") {
		t.Errorf("a wrong token: %v", err)
	}
	if last, within := w.slack.Heard(); !last.IsZero() || within <= 0 {
		t.Errorf("heard at %v within %v", last, within)
	}
	w = open(t, nil)
	if err := w.slack.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if last, _ := w.slack.Heard(); last.IsZero() {
		t.Error("the answer was not heard")
	}
}

func TestR1_QuestionsComeInWhileTheTokenIsRefused(t *testing.T) {
	w := open(t, func(c *Config) { c.BotToken = "xoxb-revoked" })
	if err := w.slack.Run(t.Context(), w.sink); !channels.IsAuth(err) {
		t.Fatalf("Run with a refused token: %v", err)
	}
	if _, err := w.peer.Say(t.Context(), w.events, "U1", "D1", "help", ""); err != nil || len(w.sink.Taken()) != 1 {
		t.Errorf("%v, %d taken in", err, len(w.sink.Taken()))
	}
}

func TestWhoWritesIsCalledByName(t *testing.T) {
	w := open(t, nil)
	for _, user := range []string{"U7", "U7", "U8", "U9"} {
		if _, err := w.peer.Say(t.Context(), w.events, user, "D1", "help", ""); err != nil {
			t.Fatal(err)
		}
	}
	got := w.sink.Taken()
	if got[0].Sender.Name != "Anna Jansen" || got[1].Sender.Name != "Anna Jansen" || got[2].Sender.Name != "" {
		t.Errorf("senders %+v, %+v, %+v", got[0].Sender, got[1].Sender, got[2].Sender)
	}
	// U7 once; U8 is not known; after that nobody is asked for a while.
	if n := w.peer.Calls("users.info"); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestR1_SlackThatTellsNoNamesHoldsNothingUp(t *testing.T) {
	w := open(t, nil)
	asked := make(chan struct{}, 9)
	w.slack.names.ask = func(ctx context.Context, _ string) (string, error) {
		asked <- struct{}{}
		<-ctx.Done()
		return "", ctx.Err()
	}
	for range 2 {
		if _, err := w.peer.Say(t.Context(), w.events, "U1", "D1", "help", ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.sink.Taken()) != 2 || len(asked) != 1 {
		t.Errorf("%d taken in, asked %d times", len(w.sink.Taken()), len(asked))
	}
}

func TestS12_TokenFollowsNoRedirect(t *testing.T) {
	elsewhere := standIn(t)
	w := open(t, nil)
	w.peer.Fail("auth.test", peers.SlackFault{Status: http.StatusFound, Location: elsewhere.URL() + "auth.test"})
	if err := w.slack.Check(t.Context()); err == nil {
		t.Error("a redirect was taken for an answer")
	}
	if n := elsewhere.Calls("auth.test"); n != 0 {
		t.Errorf("the token went elsewhere %d times", n)
	}
}

func delivery(to string) balie.Delivery {
	now := time.Now()
	return balie.Delivery{ID: balie.NewID(now), Request: balie.NewID(now), Channel: "slack", Created: now, Attempt: 1, Lease: 1,
		To: balie.Address{Scheme: balie.Slack, Value: to}}
}
