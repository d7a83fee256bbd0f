package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Outgoing is what acts on deliveries need of a store.
type Outgoing interface {
	Commit(ctx context.Context, c ...balie.Change) error
	Request(ctx context.Context, id balie.ID) (balie.Request, error)
	Delivery(ctx context.Context, id balie.ID) (balie.Delivery, error)
}

// RetryDelivery sends a delivery again that was given up or held. One that is
// older than dispatch tries for gets one try.
func RetryDelivery(ctx context.Context, s Outgoing, id balie.ID, by string, now time.Time) (balie.Delivery, error) {
	return changeDelivery(ctx, s, id, balie.Event{What: balie.Requeued, At: now, By: by},
		func(d *balie.Delivery) string {
			if d.Status != balie.Dead && d.Status != balie.Held {
				return fmt.Sprintf("the delivery is %s: only one that is dead or held can be tried again", d.Status)
			}
			d.Status, d.Due, d.Attempt, d.LastError, d.LeasedUntil = balie.Pending, now, 0, "", time.Time{}
			return ""
		})
}

// DiscardDelivery keeps a delivery from going out. It stays, held, with the
// reason.
func DiscardDelivery(ctx context.Context, s Outgoing, id balie.ID, by, reason string, now time.Time) (balie.Delivery, error) {
	if reason = strings.TrimSpace(reason); reason == "" {
		return balie.Delivery{}, &balie.InvalidError{Field: "reason", Problem: "it is not said why", Fix: "give a reason; it is kept with the request"}
	}
	return changeDelivery(ctx, s, id, balie.Event{What: balie.HeldBack, At: now, By: by, Data: map[string]string{"reason": reason}},
		func(d *balie.Delivery) string {
			switch d.Status {
			case balie.SentOK:
				return "the delivery is sent already"
			case balie.Leased:
				return "the delivery is being sent at this moment: look again in a minute"
			}
			d.Status, d.LastError, d.LeasedUntil = balie.Held, "stopped by "+by+": "+reason, time.Time{}
			return ""
		})
}

// changeDelivery changes one delivery and says so on its request, in one
// Change. change returns why it may not be, or "".
func changeDelivery(ctx context.Context, s Outgoing, id balie.ID, e balie.Event, change func(*balie.Delivery) string) (balie.Delivery, error) {
	var d balie.Delivery
	err := store.Retry(ctx, func(ctx context.Context) error {
		var err error
		if d, err = s.Delivery(ctx, id); err != nil {
			return fmt.Errorf("read delivery %s: %w", id, err)
		}
		var c balie.Change
		if !d.Request.IsZero() {
			if c.Request, err = s.Request(ctx, d.Request); err != nil {
				return fmt.Errorf("read the request of delivery %s: %w", id, err)
			}
		}
		if why := change(&d); why != "" {
			return &balie.MoveError{Ref: c.Request.Ref, State: c.Request.State, What: e.What, Why: why}
		}
		c.Deliveries = []balie.Delivery{d}
		if !d.Request.IsZero() {
			if err := c.Do(told(e, d)); err != nil {
				return err
			}
		}
		return s.Commit(ctx, c)
	})
	return d, err
}

// told is the event with what it is about.
func told(e balie.Event, d balie.Delivery) balie.Event {
	data := map[string]string{"delivery": d.ID.String(), "channel": d.Channel}
	for k, v := range e.Data {
		data[k] = v
	}
	e.Data, e.Message = data, d.Message
	return e
}
