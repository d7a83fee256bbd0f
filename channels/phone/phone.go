// Package phone is in charge of telephone calls: the events that a telephone
// system, or the desk's own screen, tells of them over a signed webhook.
//
// Guarantees:
//  1. An event is answered 2xx only when it is durable; otherwise 503, so that
//     it is sent again.
//  2. Only what was signed by Standard Webhooks within five minutes is looked
//     at. The same webhook-id again gets the same receipt, and is refused when
//     it comes with other words.
//  3. A caller's number proves nothing.
//
// calls.go documents the events. Calling back is work for an agent: nothing is
// sent by telephone.
package phone

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/httpd"
)

// Config is one telephone line.
type Config struct {
	Name    string   // "phone"
	Account string   // which line or system; Name when empty
	Secrets []string // "whsec_…", two during rotation
	// Body tells with which body a key was taken in, so that an id that comes
	// with other words is refused also after a restart. Without it only the
	// last remembered ids are compared.
	Body     func(ctx context.Context, message balie.ID, key string) (balie.BlobID, bool, error)
	Patience time.Duration    // how long an event may take to be kept
	Now      func() time.Time // time.Now when nil
}

// patience is under the 15 to 30 s after which senders of webhooks give up.
const patience = 10 * time.Second

// Phone is the channel.
type Phone struct {
	conf   Config
	log    *slog.Logger
	door   channels.Door
	bodies remembered
}

var (
	_ channels.Channel = (*Phone)(nil)
	_ channels.Mounter = (*Phone)(nil)
	_ channels.Checker = (*Phone)(nil)
)

// New returns the channel of a line. Without a secret it takes nothing in.
func New(c Config, log *slog.Logger) *Phone {
	c.Name = cmp.Or(c.Name, "phone")
	c.Account = cmp.Or(c.Account, c.Name)
	c.Patience = cmp.Or(c.Patience, patience)
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Phone{conf: c, log: log, bodies: remembered{by: map[string]balie.BlobID{}}}
}

// Name is the channel's name.
func (p *Phone) Name() string { return p.conf.Name }

// Run waits for ctx: calls come in through Mount.
func (p *Phone) Run(ctx context.Context, _ channels.Sink) error {
	p.door.Open()
	<-ctx.Done()
	p.door.Shut()
	return nil
}

// Check says what is missing in the Config; there is no line to try.
func (p *Phone) Check(context.Context) error { return p.conf.Validate() }

// Mount mounts the endpoint that call events are sent to.
func (p *Phone) Mount(r fiber.Router, in channels.Sink) {
	r.Post("/phone/calls", httpd.Limit(callLimit), func(c *fiber.Ctx) error { return p.calls(c, in) })
}

// receipt is the answer to an event.
type receipt struct {
	Message   balie.ID `json:"message"`
	Request   balie.ID `json:"request"`
	Ref       string   `json:"ref"`
	Outcome   string   `json:"outcome"`
	Duplicate bool     `json:"duplicate"`
}

func (p *Phone) calls(c *fiber.Ctx, in channels.Sink) error {
	leave, err := p.door.Enter()
	if err != nil {
		return err
	}
	defer leave()
	body, err := channels.Body(c, callLimit)
	if err != nil {
		return err
	}
	s := signed{id: channels.Header(c, "webhook-id"), timestamp: channels.Header(c, "webhook-timestamp"),
		signature: channels.Header(c, "webhook-signature")}
	if err := s.verify(p.conf.Now(), p.conf.Secrets, body); err != nil {
		p.log.Warn("call event refused", "channel", p.conf.Name, "err", err)
		return fiber.NewError(fiber.StatusUnauthorized, "the event is not signed for this desk")
	}
	e, err := readCall(body)
	if err != nil {
		return err
	}
	return p.take(c, in, body, e, s.id)
}

// take hands an event in and answers with its receipt.
func (p *Phone) take(c *fiber.Ctx, in channels.Sink, body []byte, e call, id string) error {
	raw := balie.Raw{Channel: "phone", Format: "call", Account: p.conf.Account, At: e.at,
		Key: "call:" + p.conf.Account + ":" + id}
	ctx := c.UserContext()
	known, err := channels.Take(ctx, in, body, raw, p.conf.Patience)
	if err != nil {
		return err
	}
	if err := p.sameWords(ctx, known, raw.Key, body); err != nil {
		return err
	}
	p.log.Debug("call event taken in", "channel", p.conf.Name, "key", raw.Key, "message", known.Message,
		"duplicate", known.Duplicate)
	return c.JSON(receipt{known.Message, known.Request, known.Ref, known.Outcome, known.Duplicate})
}

// sameWords refuses an id that was used before for another event: its sender
// would otherwise believe that both were taken in.
func (p *Phone) sameWords(ctx context.Context, known balie.Receipt, key string, body []byte) error {
	now := hash(body)
	if !known.Duplicate {
		p.bodies.put(key, now)
		return nil
	}
	first, ok := p.bodies.get(key)
	if !ok && p.conf.Body != nil {
		var err error
		ctx, cancel := context.WithTimeout(ctx, p.conf.Patience)
		defer cancel()
		if first, ok, err = p.conf.Body(ctx, known.Message, key); err != nil {
			return &balie.UnavailableError{Why: "the first event with this id cannot be read", RetryAfter: time.Minute,
				Cause: fmt.Errorf("look up body of %s: %w", key, err)}
		}
	}
	if ok && first != now {
		return &balie.InvalidError{Field: "webhook-id", Problem: "this id was used before for another event",
			Fix: "give each event its own id, and send it unchanged when sending it again"}
	}
	return nil
}

// maxRemembered is how many ids are compared without asking the store: an hour
// of a very busy desk.
const maxRemembered = 10_000

// remembered are the bodies of the last ids.
type remembered struct {
	mu    sync.Mutex
	by    map[string]balie.BlobID
	order []string // oldest first
}

func (r *remembered) put(key string, b balie.BlobID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, have := r.by[key]; have {
		return
	}
	if len(r.order) == maxRemembered {
		delete(r.by, r.order[0])
		r.order = r.order[1:]
	}
	r.by[key] = b
	r.order = append(r.order, key)
}

func (r *remembered) get(key string) (balie.BlobID, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.by[key]
	return b, ok
}
