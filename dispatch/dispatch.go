// Package dispatch is in charge of what must go out: it claims deliveries,
// hands them to their channel and writes down what became of them.
//
// Guarantees:
//  1. A delivery is sent by one sender at a time; a late one cannot overwrite
//     a later claim (lease and fencing token).
//  2. It goes out twice only when nobody could know whether the other side
//     took it, and then with the same identity (R5).
//  3. Temporary refusals are tried again with growing pauses; a permanent one,
//     or five days, ends as a delivery an agent sees on the request (R6).
//  4. Of one request and address, what was said first goes first.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/faults"
	"github.com/balie/balie/store"
)

// Store is what dispatch needs of a store.
type Store interface {
	store.Outbox
	Commit(ctx context.Context, c ...balie.Change) error
	Request(ctx context.Context, id balie.ID) (balie.Request, error)
	Changed() <-chan struct{}
}

// Options of a Dispatch; zero values are the defaults.
type Options struct {
	Senders int           // at the same time
	Lease   time.Duration // longer than any sender may take
	Drain   time.Duration // how long running sends get at the end
	GiveUp  time.Duration // after which a delivery is dead
}

// Defaults: the lease is the submission timeout of SMTP (RFC 5321 section
// 4.5.3.2, 12 minutes in all) and a minute; giving up is its section 4.5.4.1.
const (
	defaultSenders = 8
	defaultLease   = 13 * time.Minute
	defaultDrain   = 20 * time.Second
	defaultGiveUp  = 5 * 24 * time.Hour
	pollEvery      = 5 * time.Second       // finds what no wake-up told of (C14)
	minWait        = 10 * time.Millisecond // when what is due waits for another of its request
	writeRetry     = 10 * time.Second
)

// Dispatch sends what is due.
type Dispatch struct {
	store   Store
	senders map[string]channels.Sender
	render  *Renderer
	o       Options
	log     *slog.Logger
	meter   func(channel, result string)

	mu     sync.Mutex
	paused map[string]pause // by channel
}

// pause keeps a whole channel waiting: its server is down or asked for it.
type pause struct {
	until time.Time
	times int
}

// New returns a Dispatch over the senders by channel name. meter counts
// results and may be nil.
func New(s Store, senders map[string]channels.Sender, o Options, log *slog.Logger, meter func(channel, result string)) *Dispatch {
	if o.Senders == 0 {
		o.Senders = defaultSenders
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.Drain == 0 {
		o.Drain = defaultDrain
	}
	if o.GiveUp == 0 {
		o.GiveUp = defaultGiveUp
	}
	if meter == nil {
		meter = func(string, string) {}
	}
	return &Dispatch{store: s, senders: senders, render: NewRenderer(), o: o, log: log, meter: meter, paused: map[string]pause{}}
}

// Run sends until ctx ends; then what is being sent gets Options.Drain.
func (d *Dispatch) Run(ctx context.Context) error {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go func() { // bounds the end: Run waits for its senders
		select {
		case <-ctx.Done():
			t := time.NewTimer(d.o.Drain)
			defer t.Stop()
			select {
			case <-t.C:
				stop()
			case <-sending.Done():
			}
		case <-sending.Done():
		}
	}()
	p := &pool{free: make(chan struct{}, d.o.Senders), ended: make(chan struct{}, 1)}
	defer p.wg.Wait()
	for ctx.Err() == nil {
		wake := d.store.Changed()
		n, err := d.fill(ctx, sending, p)
		if err != nil && ctx.Err() == nil {
			d.log.Error("the outbox could not be read", "err", err)
		}
		if n == 0 || err != nil {
			d.wait(ctx, wake, p.ended)
		}
	}
	return nil
}

// pool is the senders at work.
type pool struct {
	wg    sync.WaitGroup
	free  chan struct{} // holds one for each sender at work
	ended chan struct{} // one of them is free again
}

// fill claims as much as there are free senders.
func (d *Dispatch) fill(ctx, sending context.Context, p *pool) (int, error) {
	n := cap(p.free) - len(p.free)
	if n == 0 {
		return 0, nil
	}
	now := time.Now()
	claimed, err := d.store.Claim(ctx, now, d.o.Lease, n)
	for _, c := range claimed {
		p.free <- struct{}{}
		p.wg.Go(func() {
			d.deliver(sending, c, now)
			<-p.free
			select {
			case p.ended <- struct{}{}:
			default:
			}
		})
	}
	return len(claimed), err
}

// wait sleeps until something changed, a sender is free, something is due, or
// the poll.
func (d *Dispatch) wait(ctx context.Context, wake, ended <-chan struct{}) {
	pause := pollEvery
	if due, err := d.store.NextDue(ctx); err == nil && !due.IsZero() {
		pause = min(max(time.Until(due), minWait), pollEvery)
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-ended:
	case <-t.C:
	}
}

// Step claims what is due at now and sends it; it returns how many were
// claimed. Simulations call it with their own clock.
func (d *Dispatch) Step(ctx context.Context, now time.Time) (int, error) {
	claimed, err := d.store.Claim(ctx, now, d.o.Lease, d.o.Senders)
	if err != nil {
		return 0, fmt.Errorf("claim deliveries: %w", err)
	}
	var g errgroup.Group
	g.SetLimit(d.o.Senders)
	for _, c := range claimed {
		g.Go(func() error {
			d.deliver(ctx, c, now)
			return nil
		})
	}
	return len(claimed), g.Wait()
}

// deliver sends one delivery and writes down what became of it.
func (d *Dispatch) deliver(ctx context.Context, c store.Claimed, now time.Time) {
	if faults.Hit("dispatch.after-claim") != nil {
		return
	}
	result := d.send(ctx, c, now)
	if faults.Hit("dispatch.after-send") != nil {
		return
	}
	d.meter(c.Delivery.Channel, string(result.delivery.Status))
	if err := d.write(ctx, c, result); err != nil {
		// The lease ends and another sender looks again; for a sent one that is
		// the one window in which a letter goes out twice, under one identity.
		d.log.Error("what became of a delivery could not be stored", "delivery", c.Delivery.ID, "err", err)
	}
}

// result is what a try made of a delivery, and the event for the request when
// it is final.
type result struct {
	delivery balie.Delivery
	event    *balie.Event
	thread   string // the name by which replies refer to it, when the other side gives one
}

func (d *Dispatch) send(ctx context.Context, c store.Claimed, now time.Time) result {
	dl := c.Delivery
	if until, ok := d.waiting(dl.Channel, now); ok {
		dl.Due, dl.Status = until, balie.Pending
		return result{delivery: dl}
	}
	dl.Attempt++
	s, ok := d.senders[dl.Channel]
	if !ok {
		return dead(dl, now, fmt.Errorf("there is no channel %q to send by", dl.Channel))
	}
	receipt, err := d.try(ctx, s, dl, c)
	if err == nil {
		d.clear(dl.Channel)
		dl.Status, dl.Receipt, dl.LastError = balie.SentOK, receipt, ""
		e := &balie.Event{What: balie.Sent, At: now, By: "dispatch", Message: dl.Message,
			Data: map[string]string{"delivery": dl.ID.String(), "channel": dl.Channel, "receipt": receipt}}
		return result{dl, aside(e, c.Message), threadID(s, dl, receipt)}
	}
	res := d.failed(dl, now, err)
	res.event = aside(res.event, c.Message)
	return res
}

// try calls the sender; a panic in it is an error of this delivery alone.
func (d *Dispatch) try(ctx context.Context, s channels.Sender, dl balie.Delivery, c store.Claimed) (receipt string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sending failed: %v", p)
		}
	}()
	m := d.render.Message(s, dl.Channel, c.Message)
	return s.Send(ctx, dl, m, c.Request)
}

// failed decides what becomes of a delivery that did not go out.
func (d *Dispatch) failed(dl balie.Delivery, now time.Time, err error) result {
	if channels.IsPermanent(err) {
		return dead(dl, now, err)
	}
	if now.Sub(dl.Created) >= d.o.GiveUp {
		return dead(dl, now, fmt.Errorf("given up after %d tries: %w", dl.Attempt, err))
	}
	dl.Status, dl.LastError = balie.Pending, clip(err.Error())
	dl.Due = now.Add(backoff(dl.Channel, dl.Attempt, dl.ID))
	var later *channels.LaterError
	if errors.As(err, &later) {
		if later.After > 0 {
			dl.Due = now.Add(later.After)
		}
		if later.Pause {
			dl.Due = d.hold(dl.Channel, now, later.After)
		}
	}
	d.log.Warn("a delivery waits", "delivery", dl.ID, "channel", dl.Channel, "attempt", dl.Attempt, "due", dl.Due, "err", err)
	return result{delivery: dl}
}

// aside says of an event that its letter was not for the customer.
func aside(e *balie.Event, m balie.Message) *balie.Event {
	if e != nil && m.Side != balie.CustomerSide {
		e.Data["side"] = balie.OtherSide
	}
	return e
}

func dead(dl balie.Delivery, now time.Time, err error) result {
	dl.Status, dl.LastError = balie.Dead, clip(err.Error())
	return result{delivery: dl, event: &balie.Event{What: balie.Undelivered, At: now, By: "dispatch", Message: dl.Message, Next: now,
		Data: map[string]string{"delivery": dl.ID.String(), "channel": dl.Channel, "error": dl.LastError}}}
}

func threadID(s channels.Sender, dl balie.Delivery, receipt string) string {
	if t, ok := s.(channels.Threader); ok {
		return t.ThreadID(dl, receipt)
	}
	return ""
}

// write stores a result, and its event on the request when it is final. When
// the send took the last moment of the process, it gets a little longer.
func (d *Dispatch) write(ctx context.Context, c store.Claimed, res result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeRetry)
	defer cancel()
	if res.event == nil || c.Request.ID.IsZero() {
		return d.store.Commit(ctx, balie.Change{Deliveries: []balie.Delivery{res.delivery}})
	}
	return store.Retry(ctx, func(ctx context.Context) error {
		r, err := d.store.Request(ctx, c.Request.ID)
		if err != nil {
			return err
		}
		now, err := d.store.Delivery(ctx, res.delivery.ID)
		if err != nil {
			return err
		}
		if now.Lease != res.delivery.Lease { // somebody else has it by now
			return nil
		}
		change := balie.Change{Request: r, Deliveries: []balie.Delivery{res.delivery}}
		if res.thread != "" { // the claim is for the letter, so that a reply finds it
			change.Messages, change.Seen = []balie.Message{c.Message}, []string{balie.MessageKey(res.thread)}
		}
		if err := change.Do(*res.event); err != nil {
			return err
		}
		return d.store.Commit(ctx, change)
	})
}

// waiting reports whether a channel is paused, and until when.
func (d *Dispatch) waiting(channel string, now time.Time) (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.paused[channel]
	return p.until, now.Before(p.until)
}

// hold pauses a whole channel, longer each time.
func (d *Dispatch) hold(channel string, now time.Time, after time.Duration) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.paused[channel]
	if now.Before(p.until) {
		return p.until
	}
	p.times++
	if after == 0 {
		after = step(pauses, p.times)
	}
	p.until = now.Add(after)
	d.paused[channel] = p
	return p.until
}

func (d *Dispatch) clear(channel string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.paused, channel)
}

// errorLimit bounds what is kept of a server's words, in bytes.
const errorLimit = 500

func clip(s string) string {
	if len(s) > errorLimit {
		return s[:errorLimit] + "…"
	}
	return s
}
