package peers

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

func startSlack(t *testing.T, o SlackOptions) *Slack {
	t.Helper()
	s, err := StartSlack(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSlackComesAgainUntilItIsTaken(t *testing.T) {
	s := startSlack(t, SlackOptions{Pauses: []time.Duration{0, 0, 0}})
	var retries []string
	status := http.StatusServiceUnavailable
	balie := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		retries = append(retries, r.Header.Get("X-Slack-Retry-Num"))
		if len(retries) == 3 {
			status = http.StatusOK
		}
		w.WriteHeader(status)
	}))
	defer balie.Close()
	if _, err := s.Say(t.Context(), balie.URL, "U1", "C1", "hello", ""); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(retries, []string{"", "1", "2"}) {
		t.Errorf("retries %q", retries)
	}
	retries, status = retries[:0:0], http.StatusForbidden
	for range 3 {
		retries = append(retries, "") // beyond the third nothing is taken
	}
	if _, err := s.Say(t.Context(), balie.URL, "U1", "C1", "hello", ""); err == nil || len(retries) != 3+4 {
		t.Errorf("after %d deliveries: %v", len(retries)-3, err)
	}
}

// TestSlackIsUnderstoodByItsClient: the client that balie uses reads every
// answer.
func TestSlackIsUnderstoodByItsClient(t *testing.T) {
	s := startSlack(t, SlackOptions{Users: map[string]string{"U1": "Anna"}})
	api := slack.New(s.Options().Token, slack.OptionAPIURL(s.URL()))
	if who, err := api.AuthTestContext(t.Context()); err != nil || who.TeamID != s.Options().TeamID {
		t.Errorf("auth.test: %+v, %v", who, err)
	}
	if u, err := api.GetUserInfoContext(t.Context(), "U1"); err != nil || u.RealName != "Anna" {
		t.Errorf("users.info: %+v, %v", u, err)
	}
	root := s.Chat("U1", "C1", "where?")
	_, ts, err := api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText("there", false), slack.MsgOptionTS(root),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "x", EventPayload: map[string]any{"delivery": "d1"}}))
	if err != nil {
		t.Fatal(err)
	}
	said, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: "C1",
		Timestamp: root, IncludeAllMetadata: true})
	if err != nil || len(said) != 2 || said[1].Timestamp != ts || said[1].Metadata.EventPayload["delivery"] != "d1" {
		t.Errorf("conversations.replies: %+v, %v", said, err)
	}
	h, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: "C1"})
	if err != nil || len(h.Messages) != 1 || h.Messages[0].Timestamp != root {
		t.Errorf("conversations.history: %+v, %v", h, err)
	}
	_, _, _, err = api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: "C1", Timestamp: "1.2"})
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != "thread_not_found" {
		t.Errorf("a thread that is not there: %v", err)
	}
	s.Fail("auth.test", SlackFault{Status: 429, RetryAfter: 9 * time.Second})
	var limited *slack.RateLimitedError
	if _, err := api.AuthTestContext(t.Context()); !errors.As(err, &limited) || limited.RetryAfter != 9*time.Second {
		t.Errorf("too many: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if got, err := s.Wait(ctx, "C1", 1); err != nil || got[0].TS != ts {
		t.Errorf("posted %+v, %v", got, err)
	}
}
