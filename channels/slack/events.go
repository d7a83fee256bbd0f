package slack

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

const (
	// eventLimit is the largest request body in bytes. A message has at most
	// 40,000 letters and 50 blocks.
	eventLimit = 1 << 20
	// window is how old, or how far ahead, a signature may be.
	window = 5 * time.Minute
	// minSecret is the shortest signing secret accepted; Slack's have 32.
	minSecret = 16
)

// The ways in which a signature can be wrong. Outside they are all the same.
var (
	errNoSignature  = errors.New("signature or timestamp is missing")
	errOutOfTime    = errors.New("timestamp is outside five minutes")
	errNotSigned    = errors.New("signature does not match")
	errNoneAccepted = errors.New("no signing secret is set")
)

// verify checks Slack's signature over the raw body (v0). More than one secret
// is accepted during rotation.
func verify(now time.Time, secrets []string, timestamp, signature string, body []byte) error {
	if timestamp == "" || signature == "" {
		return errNoSignature
	}
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errNoSignature
	}
	if now.Sub(time.Unix(at, 0)).Abs() > window {
		return errOutOfTime
	}
	given, err := hex.DecodeString(strings.TrimPrefix(signature, "v0="))
	if err != nil || !strings.HasPrefix(signature, "v0=") {
		return errNotSigned
	}
	tried := false
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue // an empty secret would let everybody sign
		}
		tried = true
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte("v0:" + timestamp + ":"))
		h.Write(body)
		if hmac.Equal(given, h.Sum(nil)) {
			return nil
		}
	}
	if !tried {
		return errNoneAccepted
	}
	return errNotSigned
}

// event is what the channel must know of a request; normalize reads the rest.
type event struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	TeamID    string `json:"team_id"`
	AppID     string `json:"api_app_id"`
	EventID   string `json:"event_id"`
	EventTime int64  `json:"event_time"`
	Event     struct {
		Type     string          `json:"type"`
		Subtype  string          `json:"subtype"`
		Channel  json.RawMessage `json:"channel"` // an id, an object in events we leave alone
		User     json.RawMessage `json:"user"`
		BotID    string          `json:"bot_id"`
		TS       string          `json:"ts"`
		EventTS  string          `json:"event_ts"`
		Message  *said           `json:"message"`
		Previous *said           `json:"previous_message"`
	} `json:"event"`
}

type said struct {
	User  string `json:"user"`
	BotID string `json:"bot_id"`
}

func (s *Slack) events(c *fiber.Ctx, in channels.Sink) error {
	leave, err := s.door.Enter()
	if err != nil {
		return err
	}
	defer leave()
	body, err := channels.Body(c, eventLimit)
	if err != nil {
		return err
	}
	err = verify(s.conf.Now(), s.conf.SigningSecrets, channels.Header(c, "X-Slack-Request-Timestamp"),
		channels.Header(c, "X-Slack-Signature"), body)
	if err != nil {
		s.log.Warn("slack request refused", "channel", s.conf.Name, "err", err)
		return fiber.NewError(fiber.StatusUnauthorized, "the request is not signed by Slack for this desk")
	}
	s.hear()
	var e event
	if err := json.Unmarshal(body, &e); err != nil && e.Event.Type == "" {
		e = event{Type: unreadable} // signed, so from Slack: kept for a person
	}
	switch e.Type {
	case "url_verification":
		c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
		return c.SendString(e.Challenge)
	case unreadable:
		return s.take(c, in, body, e.raw(s.conf, body))
	}
	if !matches(s.conf.TeamID, e.TeamID) || !matches(s.conf.AppID, e.AppID) {
		s.log.Warn("slack event of another workspace or app refused", "channel", s.conf.Name,
			"team", e.TeamID, "app", e.AppID)
		return balie.ErrDenied
	}
	if !e.message() {
		s.report(e)
		return c.SendStatus(fiber.StatusOK)
	}
	raw := e.raw(s.conf, body)
	raw.Sender.Name = s.names.of(c.UserContext(), jsonText(e.Event.User))
	return s.take(c, in, body, raw)
}

// unreadable is our own type for a signed body that is not an event.
const unreadable = "unreadable"

func matches(want, got string) bool { return want == "" || want == got }

// take hands a message in and acknowledges it.
func (s *Slack) take(c *fiber.Ctx, in channels.Sink, body []byte, raw balie.Raw) error {
	receipt, err := channels.Take(c.UserContext(), in, body, raw, s.conf.Patience)
	if err != nil {
		return err
	}
	s.log.Debug("slack message taken in", "channel", s.conf.Name, "key", raw.Key, "message", receipt.Message,
		"retry", channels.Header(c, "X-Slack-Retry-Num"), "duplicate", receipt.Duplicate)
	return c.SendStatus(fiber.StatusOK)
}

// message reports whether the event is somebody's words, or a change of them.
func (e event) message() bool {
	return e.Event.Type == "message" || e.Event.Type == "app_mention"
}

// report logs an event that is no message; some of them an operator must see.
func (s *Slack) report(e event) {
	switch {
	case e.Type == "app_rate_limited":
		s.log.Error("slack holds events back: too many in an hour", "channel", s.conf.Name)
	case e.Event.Type == "tokens_revoked" || e.Event.Type == "app_uninstalled":
		s.log.Error("slack ended our access", "channel", s.conf.Name, "event", e.Event.Type)
	default:
		s.log.Debug("slack event is no message", "channel", s.conf.Name, "type", e.Type, "event", e.Event.Type)
	}
}

// raw is the event as every way in hands it to the sink.
func (e event) raw(conf Config, body []byte) balie.Raw {
	r := balie.Raw{Channel: "slack", Format: "slack-event", Account: e.TeamID, Verified: true,
		Key: e.key(body), At: e.at(conf.Now())}
	if e.Type == unreadable {
		r.Account, r.Verified = conf.TeamID, false
	}
	if u := e.user(); u != "" {
		r.Sender = balie.Address{Scheme: balie.Slack, Value: e.TeamID + "/" + u}
	}
	return r
}

// key is the message's place and time: a message and its app_mention are one.
// An edit or deletion has its own, so that it can never hide a message.
func (e event) key(body []byte) string {
	channel, ts := jsonText(e.Event.Channel), cmp.Or(e.Event.TS, e.Event.EventTS)
	if channel == "" || ts == "" {
		sum := sha256.Sum256(body)
		return "slack:" + e.TeamID + ":" + hex.EncodeToString(sum[:])
	}
	key := "slack:" + e.TeamID + ":" + channel + ":" + ts
	switch e.Event.Subtype {
	case "message_changed", "message_deleted", "message_replied":
		key += ":" + e.Event.Subtype
	}
	return key
}

// jsonText is a JSON string, or "" for anything else.
func jsonText(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

// user is who wrote, as Slack calls them.
func (e event) user() string {
	var now, before said
	if e.Event.Message != nil {
		now = *e.Event.Message
	}
	if e.Event.Previous != nil {
		before = *e.Event.Previous
	}
	return cmp.Or(now.User, now.BotID, before.User, before.BotID, jsonText(e.Event.User), e.Event.BotID)
}

// at is when the message was written, by Slack's clock.
func (e event) at(now time.Time) time.Time {
	if s, f, ok := strings.Cut(e.Event.TS, "."); ok {
		sec, err1 := strconv.ParseInt(s, 10, 64)
		micro, err2 := strconv.ParseInt(f, 10, 64)
		if err1 == nil && err2 == nil && len(f) == 6 && sec > 0 {
			return time.Unix(sec, micro*1000).UTC()
		}
	}
	if e.EventTime > 0 {
		return time.Unix(e.EventTime, 0).UTC()
	}
	return now.UTC()
}
