// Package slack is in charge of Slack: questions that come in as events, and
// answers that go out into the thread they were asked in.
//
// Guarantees:
//  1. Slack hears 200 only for what is durable; otherwise 503, so that it
//     comes again. A redelivery is recognised by the message's place and time,
//     never by the retry header.
//  2. Only what Slack signed within five minutes, for this workspace and app,
//     is looked at.
//  3. After an unknown outcome the conversation is searched for the delivery
//     before it is posted again.
//  4. What a customer typed cannot mention, call or disguise a link.
//
// Events come over HTTP here. Whatever the way in, an event becomes a Raw in
// one place (event.raw), so that a socket can be a second way in.
package slack

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/slack-go/slack"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/httpd"
)

// Config is one workspace.
type Config struct {
	Name           string   // "slack"
	SigningSecrets []string // two during rotation
	BotToken       string   // without it, answers cannot be sent
	TeamID         string   // empty: any workspace the app is in
	AppID          string   // empty: any app that has the signing secret
	APIURL         string   // https://slack.com/api/ when empty
	HTTP           *http.Client
	Patience       time.Duration    // how long an event may take to be kept
	Now            func() time.Time // time.Now when nil
}

const (
	// patience is longer than the three seconds after which Slack comes again:
	// what is kept late is recognised then.
	patience = 10 * time.Second
	// askEvery is how often Slack is asked whether the token is still good.
	askEvery = 2 * time.Minute
	// silence is how long Slack may not have been heard.
	silence = 5 * time.Minute
	// callTimeout bounds one call of the Web API.
	callTimeout = 20 * time.Second
	// defaultAPI is Slack's own.
	defaultAPI = "https://slack.com/api/"
)

// Slack is the channel.
type Slack struct {
	conf  Config
	log   *slog.Logger
	api   *slack.Client
	door  channels.Door
	names *names
	heard atomic.Int64 // Unix nanoseconds
}

var (
	_ channels.Channel  = (*Slack)(nil)
	_ channels.Sender   = (*Slack)(nil)
	_ channels.Mounter  = (*Slack)(nil)
	_ channels.Checker  = (*Slack)(nil)
	_ channels.Listener = (*Slack)(nil)
)

// New returns the channel of a workspace. A Config without a signing secret is
// refused by Validate; such a channel takes nothing in.
func New(c Config, log *slog.Logger) *Slack {
	c.Name = cmp.Or(c.Name, "slack")
	c.APIURL = cmp.Or(c.APIURL, defaultAPI)
	if c.APIURL[len(c.APIURL)-1] != '/' {
		c.APIURL += "/"
	}
	c.Patience = cmp.Or(c.Patience, patience)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: callTimeout}
	}
	client := *c.HTTP
	// The token goes to the configured place and nowhere else.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.HTTP = &client
	api := slack.New(c.BotToken, slack.OptionAPIURL(c.APIURL), slack.OptionHTTPClient(c.HTTP))
	s := &Slack{conf: c, log: log, api: api, names: &names{now: c.Now, known: map[string]named{}}}
	if c.BotToken != "" {
		s.names.ask = s.whoIs
	}
	return s
}

// Validate says what is missing in a Config.
func (c Config) Validate() error {
	for _, s := range c.SigningSecrets {
		if len(s) < minSecret {
			return &balie.InvalidError{Field: "signing_secret", Problem: "a signing secret is too short",
				Fix: "copy it from Basic Information at api.slack.com/apps"}
		}
	}
	if len(c.SigningSecrets) == 0 {
		return &balie.InvalidError{Field: "signing_secret", Problem: "there is no signing secret",
			Fix: "copy it from Basic Information at api.slack.com/apps"}
	}
	return nil
}

// Name is the channel's name.
func (s *Slack) Name() string { return s.conf.Name }

// Run asks Slack now and then whether the bot token is good, until ctx ends.
// Events come in through Mount whether or not it is: a question is taken in
// although it cannot be answered yet.
func (s *Slack) Run(ctx context.Context, _ channels.Sink) error {
	s.door.Open()
	for {
		if s.conf.BotToken != "" {
			if err := s.Check(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			s.door.Shut()
			return nil
		case <-time.After(askEvery):
		}
		if ctx.Err() != nil { // both at once
			s.door.Shut()
			return nil
		}
	}
}

// Heard is when Slack last sent an event or answered. Without a bot token it
// cannot be asked, and silence means nothing. That Slack answers does not
// prove that it can reach us.
func (s *Slack) Heard() (time.Time, time.Duration) {
	var last time.Time
	if n := s.heard.Load(); n != 0 {
		last = time.Unix(0, n)
	}
	if s.conf.BotToken == "" {
		return last, 0
	}
	return last, silence
}

func (s *Slack) hear() { s.heard.Store(time.Now().UnixNano()) }

// Check tries the token and compares the workspace.
func (s *Slack) Check(ctx context.Context) error {
	if err := s.conf.Validate(); err != nil {
		return err
	}
	if s.conf.BotToken == "" {
		return &balie.InvalidError{Field: "bot_token", Problem: "there is no bot token: answers cannot be sent",
			Fix: "copy it from OAuth & Permissions at api.slack.com/apps"}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	who, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return fmt.Errorf("ask slack who we are: %w", meaning(err))
	}
	s.hear()
	if s.conf.TeamID != "" && who.TeamID != s.conf.TeamID {
		return &channels.AuthError{Err: &balie.InvalidError{Field: "team_id",
			Problem: fmt.Sprintf("the bot token is of workspace %q, not %q", who.TeamID, s.conf.TeamID),
			Fix:     "set team_id to the workspace the app was installed in"}}
	}
	return nil
}

// Mount mounts the endpoint that Slack sends its events to.
func (s *Slack) Mount(r fiber.Router, in channels.Sink) {
	r.Post("/slack/events", httpd.Limit(eventLimit), func(c *fiber.Ctx) error { return s.events(c, in) })
}
