package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

const (
	// eventType marks our messages' metadata; delivery in its payload is the
	// id by which one is found again.
	eventType = "balie_delivery"
	// maxText is where Slack cuts a message off without a word, in letters.
	maxText = 40_000
	// lookBack is how far Slack's clock may be behind ours.
	lookBack = 10 * time.Minute
	// page and maxPages bound the search for a delivery: 10,000 messages.
	page     = 200
	maxPages = 50
	// accessPause is how long nothing is sent after Slack refused our access:
	// a person must mend it.
	accessPause = 15 * time.Minute
	// ratePause is the pause when Slack says too many without saying how long.
	ratePause = time.Minute
)

// Send posts one message. The message's text is mrkdwn by now. The receipt is
// Slack's ts.
func (s *Slack) Send(ctx context.Context, d balie.Delivery, m balie.Message, _ balie.Request) (string, error) {
	channel, thread, err := s.destination(d.To)
	if err != nil {
		return "", channels.Permanent(err)
	}
	if n := len([]rune(m.Text)); n > maxText {
		return "", channels.Permanent(&balie.InvalidError{Field: "text",
			Problem: fmt.Sprintf("the message has %d letters, Slack takes %d", n, maxText), Fix: "send it in parts"})
	}
	if triedBefore(d) {
		receipt, err := s.find(ctx, d, channel, thread)
		if receipt != "" || err != nil {
			return receipt, err
		}
	}
	return s.post(ctx, d, channel, thread, m.Text)
}

// destination reads "TEAM/CHANNEL" or "TEAM/CHANNEL/TS".
func (s *Slack) destination(to balie.Address) (channel, thread string, err error) {
	parts := strings.Split(to.Value, "/")
	if to.Scheme != balie.Slack || len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		return "", "", &balie.InvalidError{Field: "to", Problem: fmt.Sprintf("%q is not a place in Slack", to.Value),
			Fix: "write TEAM/CHANNEL or TEAM/CHANNEL/TS"}
	}
	if !matches(s.conf.TeamID, parts[0]) {
		return "", "", &balie.InvalidError{Field: "to", Problem: fmt.Sprintf("workspace %q is not %q", parts[0], s.conf.TeamID),
			Fix: "send it by that workspace's channel"}
	}
	if len(parts) == 3 {
		thread = parts[2]
	}
	return parts[1], thread, nil
}

// triedBefore reports whether this delivery may have been posted already: it
// was tried, or claimed by somebody who did not come back.
func triedBefore(d balie.Delivery) bool {
	return d.Attempt > 1 || d.Lease > 1 || d.LastError != ""
}

func (s *Slack) post(ctx context.Context, d balie.Delivery, channel, thread, text string) (string, error) {
	options := []slack.MsgOption{
		slack.MsgOptionText(text, false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType,
			EventPayload: map[string]any{"delivery": d.ID.String()}}),
	}
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, ts, err := s.api.PostMessageContext(ctx, channel, options...)
	if err != nil {
		return "", fmt.Errorf("post to slack: %w", meaning(err))
	}
	// QUIRK: an answer of {"ok": false} without a reason is no error to
	// slack-go; without a ts nobody knows.
	if ts == "" {
		return "", &channels.UnknownError{Err: errors.New("post to slack: the answer has no ts")}
	}
	s.hear()
	return ts, nil
}

// find looks for a delivery among what was said since it was made. "" and no
// error mean that it is not there.
func (s *Slack) find(ctx context.Context, d balie.Delivery, channel, thread string) (string, error) {
	oldest := strconv.FormatInt(d.Created.Add(-lookBack).Unix(), 10) + ".000000"
	if d.Created.IsZero() {
		oldest = ""
	}
	cursor := ""
	for range maxPages {
		said, next, err := s.page(ctx, channel, thread, oldest, cursor)
		if err != nil {
			return "", s.cannotLook(err)
		}
		for _, m := range said {
			if m.Metadata.EventType == eventType && m.Metadata.EventPayload["delivery"] == d.ID.String() {
				s.log.Info("slack had the message already", "channel", s.conf.Name, "delivery", d.ID, "request", d.Request)
				return m.Timestamp, nil
			}
		}
		if next == "" {
			return "", nil
		}
		cursor = next
	}
	return "", &channels.UnknownError{Err: errors.New("look for the message at slack: too much was said since")}
}

func (s *Slack) page(ctx context.Context, channel, thread, oldest, cursor string) ([]slack.Message, string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if thread != "" {
		said, _, next, err := s.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Oldest: oldest, Cursor: cursor, Limit: page, IncludeAllMetadata: true})
		return said, next, err
	}
	h, err := s.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: channel, Oldest: oldest, Cursor: cursor, Limit: page, IncludeAllMetadata: true})
	if err != nil {
		return nil, "", err
	}
	return h.Messages, h.ResponseMetaData.NextCursor, nil
}

// cannotLook says what becomes of a delivery that cannot be looked for. Where
// nobody can ever know, it is posted: twice is better than never.
func (s *Slack) cannotLook(err error) error {
	var said slack.SlackErrorResponse
	if errors.As(err, &said) {
		switch said.Err {
		case "thread_not_found", "message_not_found":
			return nil // the post says it better
		case "missing_scope", "not_allowed_token_type", "no_permission":
			s.log.Warn("slack lets us not look for a message that may have been sent: it may appear twice",
				"channel", s.conf.Name, "needed", said.Needed)
			return nil
		}
	}
	// What was not asked must not count as posted or refused: only when.
	err = fmt.Errorf("look for the message at slack: %w", meaning(err))
	var unknown *channels.UnknownError
	if errors.As(err, &unknown) {
		return unknown
	}
	return err
}

// final are the refusals that concern this message or its place: trying again
// is useless.
var final = []string{
	"as_user_not_supported", "cannot_reply_to_message", "channel_not_found", "invalid_arguments", "invalid_blocks",
	"invalid_metadata_format", "invalid_metadata_schema", "is_archived", "markdown_text_conflict", "messages_tab_disabled",
	"metadata_must_be_sent_from_app", "metadata_too_large", "msg_blocks_too_long", "msg_too_long", "no_text",
	"not_in_channel", "restricted_action", "restricted_action_non_threadable_channel",
	"restricted_action_read_only_channel", "restricted_action_thread_locked", "restricted_action_thread_only_channel",
	"slack_connect_canvas_sharing_blocked", "slack_connect_file_link_sharing_blocked", "thread_not_found",
	"user_disabled", "user_not_found",
}

// access are the refusals of who we are: nothing can be sent until a person
// mends it, and nothing of what waits is lost by then.
var access = []string{
	"access_denied", "account_inactive", "accesslimited", "ekm_access_denied", "enterprise_is_restricted",
	"invalid_auth", "missing_scope", "no_permission", "not_allowed_token_type", "not_authed", "org_login_required",
	"team_access_not_granted", "token_expired", "token_revoked", "two_factor_setup_required",
}

// halfway are answers after which Slack may have done it all the same.
var halfway = []string{"fatal_error", "internal_error", "request_timeout", "service_unavailable"}

// meaning makes of an error of slack-go what the desk can act on.
func meaning(err error) error {
	var said slack.SlackErrorResponse
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &limited):
		return &channels.LaterError{After: limited.RetryAfter, Pause: true, Err: err}
	case errors.As(err, &said):
		return refusal(said.Err, err)
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		return &channels.LaterError{After: ratePause, Pause: true, Err: err}
	case errors.As(err, &status) && status.Code < http.StatusInternalServerError:
		return err
	case neverSent(err):
		return err
	}
	return &channels.UnknownError{Err: err}
}

func refusal(code string, err error) error {
	switch {
	case code == "ratelimited" || code == "rate_limited":
		return &channels.LaterError{After: ratePause, Pause: true, Err: err}
	case slices.Contains(final, code):
		return channels.Permanent(err)
	case slices.Contains(access, code):
		return &channels.LaterError{After: accessPause, Pause: true, Err: &channels.AuthError{Err: err}}
	case slices.Contains(halfway, code):
		return &channels.UnknownError{Err: err}
	}
	return err // said no, in words we do not know: try again, at last a person sees it
}

// neverSent reports whether the request surely did not reach Slack.
func neverSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var shape *json.UnsupportedTypeError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" || errors.As(err, &shape)
}
