package api

import (
	"context"
	"fmt"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// DeliveryList are deliveries of one status, oldest first; More says that
// there are others behind them.
type DeliveryList struct {
	Deliveries []DeliveryLine `json:"deliveries"`
	More       bool           `json:"more,omitempty"`
}

// DeliveryLine is a delivery and the reference of its request.
type DeliveryLine struct {
	balie.Delivery
	Ref string `json:"ref,omitempty"`
}

// OneDelivery is the part of a path that says which delivery.
type OneDelivery struct {
	ID string `path:"id"`
}

// deliveries registers what can be asked about what must go out.
func (a *api) deliveries() {
	type list struct{ Body DeliveryList }
	type one struct{ Body DeliveryLine }
	type filter struct {
		Status []string `query:"status" enum:"pending,leased,sent,dead,held" doc:"Only of these; without any, all that are not sent."`
		Limit  int      `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	}
	add(a, op("GET", "/deliveries", "list-deliveries", "List deliveries by status, oldest first", desk.SeeAudit, deliveryObject),
		func(ctx context.Context, in *filter) (*list, error) {
			out, err := a.listDeliveries(ctx, in.Status, in.Limit)
			return &list{out}, err
		})
	add(a, op("POST", "/deliveries/{id}/retry", "retry-delivery", "Send a delivery again that was given up or held", desk.Manage, deliveryObject),
		func(ctx context.Context, in *OneDelivery) (*one, error) {
			id, err := deliveryID(in.ID)
			if err != nil {
				return nil, err
			}
			out, err := a.after(ctx, id, a.upkeep().Retry(ctx, actor(ctx), id, a.Now()))
			return &one{out}, err
		})
	type discard struct {
		OneDelivery
		Body struct {
			Reason string `json:"reason" doc:"Why it must not go out; kept with the request."`
		}
	}
	add(a, op("POST", "/deliveries/{id}/discard", "discard-delivery", "Keep a delivery from going out", desk.Manage, deliveryObject),
		func(ctx context.Context, in *discard) (*one, error) {
			id, err := deliveryID(in.ID)
			if err != nil {
				return nil, err
			}
			out, err := a.after(ctx, id, a.upkeep().Discard(ctx, actor(ctx), id, in.Body.Reason, a.Now()))
			return &one{out}, err
		})
}

// upkeep are the acts of looking after balie; without a running one, those
// that need the store alone.
func (a *api) upkeep() *desk.Upkeep {
	if a.Upkeep != nil {
		return a.Upkeep
	}
	return desk.NewUpkeep(a.Store, nil, nil)
}

// after is a delivery after an act on it.
func (a *api) after(ctx context.Context, id balie.ID, err error) (DeliveryLine, error) {
	if err != nil {
		return DeliveryLine{}, err
	}
	d, err := a.Store.Delivery(ctx, id)
	if err != nil {
		return DeliveryLine{}, err
	}
	return a.line(ctx, d)
}

func deliveryID(s string) (balie.ID, error) {
	id, err := balie.ParseID(s)
	if err == nil && id.IsZero() {
		err = &balie.InvalidError{Field: "id", Problem: "no delivery is named", Fix: "give its id; balie deliveries list shows them"}
	}
	return id, err
}

func (a *api) listDeliveries(ctx context.Context, status []string, limit int) (DeliveryList, error) {
	out := DeliveryList{Deliveries: []DeliveryLine{}}
	if len(status) == 0 {
		status = []string{string(balie.Dead), string(balie.Held), string(balie.Leased), string(balie.Pending)}
	}
	for _, s := range status {
		room := limit - len(out.Deliveries)
		found, err := a.Store.ListDeliveries(ctx, balie.Status(s), room+1)
		if err != nil {
			return out, fmt.Errorf("list deliveries: %w", err)
		}
		if len(found) > room {
			out.More, found = true, found[:room]
		}
		for _, d := range found {
			l, err := a.line(ctx, d)
			if err != nil {
				return out, err
			}
			out.Deliveries = append(out.Deliveries, l)
		}
		if out.More {
			break
		}
	}
	return out, nil
}

func (a *api) line(ctx context.Context, d balie.Delivery) (DeliveryLine, error) {
	l := DeliveryLine{Delivery: d}
	if d.Request.IsZero() {
		return l, nil
	}
	r, err := a.Store.Request(ctx, d.Request)
	if err != nil {
		return l, fmt.Errorf("read the request of delivery %s: %w", d.ID, err)
	}
	l.Ref = r.Ref
	return l, nil
}
