package peers

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SignSlack is the head of a request that Slack signed at a time.
func SignSlack(secret string, at time.Time, body []byte) http.Header {
	ts := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("v0:" + ts + ":"))
	m.Write(body)
	return http.Header{
		"Content-Type":              {"application/json"},
		"X-Slack-Request-Timestamp": {ts},
		"X-Slack-Signature":         {"v0=" + hex.EncodeToString(m.Sum(nil))},
	}
}

// Say lets a user write in a channel and tells balie, as often as Slack would.
// threadTS answers in a thread. A channel whose id begins with D is a direct
// message.
func (s *Slack) Say(ctx context.Context, eventsURL, user, channel, text, threadTS string) (ts string, err error) {
	m := s.add(channel, SlackMessage{User: user, Text: text, ThreadTS: threadTS})
	return m.TS, s.Deliver(ctx, eventsURL, s.MessageEvent(m, channel))
}

// Chat lets a user write in a channel without telling balie.
func (s *Slack) Chat(user, channel, text string) (ts string) {
	return s.add(channel, SlackMessage{User: user, Text: text}).TS
}

// Mention is Say in a channel where the bot was called: Slack tells of it
// twice, as a message and as a mention.
func (s *Slack) Mention(ctx context.Context, eventsURL, user, channel, text string) (ts string, err error) {
	m := s.add(channel, SlackMessage{User: user, Text: "<@" + s.opts.BotUser + "> " + text})
	e := s.MessageEvent(m, channel)
	if err := s.Deliver(ctx, eventsURL, e); err != nil {
		return m.TS, err
	}
	delete(e, "channel_type")
	e["type"] = "app_mention"
	return m.TS, s.Deliver(ctx, eventsURL, e)
}

// MessageEvent is the event that tells of a message.
func (s *Slack) MessageEvent(m SlackMessage, channel string) map[string]any {
	e := s.shape(m, false)
	e["channel"], e["event_ts"] = channel, m.TS
	e["channel_type"] = "channel"
	if strings.HasPrefix(channel, "D") {
		e["channel_type"] = "im"
	}
	return e
}

// Deliver sends any event, again after each pause while it is not answered
// with 2xx in time. The error is the last answer.
func (s *Slack) Deliver(ctx context.Context, eventsURL string, event map[string]any) error {
	body, err := json.Marshal(s.envelope(event))
	if err != nil {
		return fmt.Errorf("make slack event: %w", err)
	}
	reason := ""
	for try := 0; ; try++ {
		head := SignSlack(s.opts.SigningSecret, time.Now(), body)
		if try > 0 {
			head.Set("X-Slack-Retry-Num", strconv.Itoa(try))
			head.Set("X-Slack-Retry-Reason", reason)
		}
		stop, err := s.send(ctx, eventsURL, head, body)
		if err == nil {
			return nil
		}
		if stop || try >= len(s.opts.Pauses) {
			return err
		}
		reason = "http_error"
		if errors.Is(err, context.DeadlineExceeded) {
			reason = "http_timeout"
		}
		select {
		case <-time.After(s.opts.Pauses[try]):
		case <-ctx.Done():
			return fmt.Errorf("%w; then %w", err, ctx.Err())
		}
	}
}

func (s *Slack) envelope(event map[string]any) map[string]any {
	s.mu.Lock()
	s.events++
	n := s.events
	s.mu.Unlock()
	return map[string]any{"token": "verification", "team_id": s.opts.TeamID, "api_app_id": s.opts.AppID,
		"type": "event_callback", "event_id": fmt.Sprintf("Ev%08d", n), "event_time": time.Now().Unix(), "event": event,
		"authorizations": []map[string]any{{"team_id": s.opts.TeamID, "user_id": s.opts.BotUser, "is_bot": true}}}
}

// send sends once; stop says that Slack must not come again.
func (s *Slack) send(ctx context.Context, to string, head http.Header, body []byte) (stop bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return true, fmt.Errorf("send slack event: %w", err)
	}
	req.Header = head
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return false, fmt.Errorf("send slack event: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 == 2 {
		return false, nil
	}
	return resp.Header.Get("X-Slack-No-Retry") == "1", fmt.Errorf("send slack event: the answer is %s", resp.Status)
}
