package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// RequestList is a page of requests; Next is where the following one goes on.
type RequestList struct {
	Requests []balie.Request `json:"requests"`
	Next     string          `json:"next,omitempty"`
}

// RequestView is all that is known of one request.
type RequestView struct {
	Request    balie.Request    `json:"request"`
	Customer   *balie.Person    `json:"customer,omitempty"`
	Events     []balie.Event    `json:"events"`
	Messages   []balie.Message  `json:"messages"`
	Deliveries []balie.Delivery `json:"deliveries"`
	Traces     []Traced         `json:"traces"`
}

// Traced is one decision on a request, rule by rule.
type Traced struct {
	Event uint64        `json:"event"` // its number
	Trace *router.Trace `json:"trace,omitempty"`
	Why   string        `json:"why,omitempty"` // there is none
}

type listRequests struct {
	State    []string `query:"state" doc:"Only in these states: desk, waiting, handedout, planned, answered, closed."`
	Team     string   `query:"team" doc:"Only with an open hand-out to this team."`
	Customer string   `query:"customer" doc:"Only of this person: an id, a mail address or a telephone number."`
	Channel  string   `query:"channel" doc:"Only that came by this channel."`
	Limit    int      `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	After    string   `query:"after" doc:"Go on behind this request: next of the page before."`
}

// requests registers what can be asked about requests.
func (a *api) requests() {
	type list struct{ Body RequestList }
	type view struct{ Body RequestView }
	add(a, op("GET", "/requests", "list-requests", "List requests, newest change first"),
		func(ctx context.Context, in *listRequests) (*list, error) {
			f, err := a.filter(ctx, in)
			if err != nil {
				return nil, err
			}
			out, err := a.page(ctx, f, in.Channel, in.Limit)
			return &list{out}, err
		})
	type one struct {
		Name string `path:"name" doc:"The reference or the id."`
	}
	add(a, op("GET", "/requests/{name}", "show-request", "Show a request with its events, messages, deliveries and decisions"),
		func(ctx context.Context, in *one) (*view, error) {
			id, err := a.requestID(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			out, err := a.view(ctx, id)
			return &view{out}, err
		})
}

func (a *api) filter(ctx context.Context, in *listRequests) (store.Filter, error) {
	f := store.Filter{Team: in.Team}
	for _, s := range in.State {
		var state balie.State
		if err := state.UnmarshalText([]byte(s)); err != nil {
			return f, err
		}
		f.States = append(f.States, state)
	}
	var err error
	if f.After, err = balie.ParseID(in.After); err != nil {
		return f, err
	}
	if in.Customer != "" {
		f.Customer, err = a.person(ctx, in.Customer)
	}
	return f, err
}

// person is the person with an id or an address.
func (a *api) person(ctx context.Context, name string) (balie.ID, error) {
	if id, err := balie.ParseID(name); err == nil {
		return id, nil
	}
	address := balie.Address{Scheme: balie.Tel, Value: name}
	if strings.Contains(name, "@") {
		to, ok := normalize.ParseAddress(name)
		if !ok {
			return balie.ID{}, &balie.InvalidError{Field: "customer", Problem: fmt.Sprintf("%.80q is no address", name), Fix: "write it as name@example.nl"}
		}
		address = to
	} else if strings.Contains(name, "/") {
		address.Scheme = balie.Slack
	}
	found, err := a.Store.Lookup(ctx, store.Query{Addresses: []balie.Address{address}})
	if err != nil {
		return balie.ID{}, fmt.Errorf("look up a customer: %w", err)
	}
	p, ok := found.Addresses[address.Key()]
	if !ok {
		return balie.ID{}, fmt.Errorf("customer: %w", balie.ErrNotFound)
	}
	return p.ID, nil
}

// page reads one request more than it gives, to know whether there is more.
func (a *api) page(ctx context.Context, f store.Filter, channel string, limit int) (RequestList, error) {
	out := RequestList{Requests: []balie.Request{}}
	if channel == "" {
		f.Limit = limit + 1
	}
	for r, err := range a.Store.List(ctx, f) {
		if err != nil {
			return out, fmt.Errorf("list requests: %w", err)
		}
		if channel != "" && r.Channel != channel {
			continue
		}
		if len(out.Requests) == limit {
			out.Next = out.Requests[limit-1].ID.String()
			return out, nil
		}
		out.Requests = append(out.Requests, r)
	}
	return out, nil
}

func (a *api) view(ctx context.Context, id balie.ID) (RequestView, error) {
	var out RequestView
	var err error
	if out.Request, err = a.Store.Request(ctx, id); err != nil {
		return out, err
	}
	if out.Events, err = a.Store.Events(ctx, id, 0); err != nil {
		return out, err
	}
	if out.Messages, err = a.Store.Messages(ctx, id); err != nil {
		return out, err
	}
	if out.Deliveries, err = a.Store.Deliveries(ctx, id); err != nil {
		return out, err
	}
	if !out.Request.Customer.IsZero() {
		p, err := a.Store.Person(ctx, out.Request.Customer)
		if err != nil {
			return out, fmt.Errorf("read the customer of request %s: %w", out.Request.Ref, err)
		}
		out.Customer = &p
	}
	out.Traces = a.traces(ctx, out.Events)
	return out, nil
}

// traces explains the decisions among events. One that cannot be explained
// says why: the request is shown all the same.
func (a *api) traces(ctx context.Context, events []balie.Event) []Traced {
	out := []Traced{}
	for _, e := range events {
		if e.Decision == nil {
			continue
		}
		t := Traced{Event: e.Seq}
		lib, err := a.Library()
		if err == nil {
			trace, terr := lib.Trace(ctx, *e.Decision)
			t.Trace, err = &trace, terr
		}
		if err != nil {
			t.Trace, t.Why = nil, err.Error()
		}
		out = append(out, t)
	}
	return out
}
