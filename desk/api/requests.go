package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// RequestList is a page of requests; Next is where the following one goes on.
type RequestList struct {
	Requests []balie.Request `json:"requests"`
	Next     string          `json:"next,omitempty"`
	Total    *int            `json:"total,omitempty"`    // of a search: in all of the list
	More     bool            `json:"more,omitempty"`     // there are more than Total
	Counting bool            `json:"counting,omitempty"` // the index is being made: there may be others
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
	Q        string   `query:"q" maxLength:"500" doc:"A search as in the list of the desk: words, and filters such as is:open at:backoffice customer:visser."`
	View     string   `query:"view" doc:"A view by its id, see GET /views; without one, all."`
	Sort     string   `query:"sort" enum:"urgency,newest,oldest,recent" doc:"Of open requests; what is closed comes newest first."`
	State    []string `query:"state" doc:"Only in these states: desk, waiting, handedout, planned, answered, closed. This and the three below do not go with q, view or sort."`
	Team     string   `query:"team" doc:"Only with an open hand-out to this team."`
	Customer string   `query:"customer" doc:"Only of this person: an id, a mail address or a telephone number."`
	Channel  string   `query:"channel" doc:"Only that came by this channel."`
	Limit    int      `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	After    string   `query:"after" doc:"Go on behind this place: next of the page before."`
}

// plain reports whether a list is asked for by what the store knows.
func (in *listRequests) plain() bool {
	return len(in.State) > 0 || in.Team != "" || in.Customer != "" || in.Channel != ""
}

// searched reports whether a list is asked for as the pages of the desk do.
func (in *listRequests) searched() bool { return in.Q != "" || in.View != "" || in.Sort != "" }

// requests registers what can be asked about requests.
func (a *api) requests() {
	type list struct{ Body RequestList }
	add(a, op("GET", "/requests", "list-requests", "List requests: by search, by view, or newest change first", desk.SeeRequests, requestObject).
		described("Pages hang together by `next`: what comes in meanwhile neither repeats nor hides a request."),
		func(ctx context.Context, in *listRequests) (*list, error) {
			if in.searched() && in.plain() {
				return nil, &balie.InvalidError{Field: "q", Problem: "state, team, customer and channel do not go with q, view or sort", Fix: "say it in q: status:waiting at:techniek channel:email"}
			}
			if in.searched() || actor(ctx).Role == desk.TeamMember && !in.plain() { // the index knows what a team may see
				out, err := a.found(ctx, in)
				return &list{out}, err
			}
			if actor(ctx).Role == desk.TeamMember {
				return nil, balie.ErrDenied
			}
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
	type view struct {
		ETag string `header:"ETag" doc:"The version: what If-Match of an edit says."`
		Body RequestView
	}
	add(a, op("GET", "/requests/{name}", "show-request", "Show a request with its events, messages, deliveries and decisions", desk.SeeRequests, requestObject).
		described("A team member sees the outline, and the messages of its own hand-outs."),
		func(ctx context.Context, in *one) (*view, error) {
			r, err := a.request(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			out, err := a.seen(ctx, r)
			return &view{etag(out.Request.Version), out}, err
		})
}

// found is a page of a list as the desk shows it.
func (a *api) found(ctx context.Context, in *listRequests) (RequestList, error) {
	out := RequestList{Requests: []balie.Request{}}
	if a.Overview == nil {
		return out, &balie.UnavailableError{Why: "searching needs a running balie", RetryAfter: time.Minute}
	}
	q := desk.Query{View: desk.View(in.View), Sort: desk.Sort(in.Sort)}
	if q.View == "" {
		q.View = desk.AllView
	}
	var unclear []search.Problem
	q.Find, unclear = search.ParseQuery(in.Q, "en")
	if len(unclear) > 0 {
		return out, &balie.InvalidError{Field: "q", Problem: fmt.Sprintf("%.80q is no filter", unclear[0].Word), Fix: "see docs/api.md for the filters; put words with a colon between quotation marks"}
	}
	p, err := a.Overview.Page(ctx, actor(ctx), q, in.After, in.Limit, a.Now())
	if err != nil {
		return out, err
	}
	for _, r := range p.Rows {
		out.Requests = append(out.Requests, r.Request)
	}
	out.Next, out.Total, out.More, out.Counting = p.Next, &p.Total, p.AtLeast, p.Counting || p.Indexed < 1
	return out, nil
}

// seen is all of a request that the actor may see. A message never carries a
// signed link of ours: whoever has it acts as the one it was sent to.
func (a *api) seen(ctx context.Context, r balie.Request) (RequestView, error) {
	who := actor(ctx)
	if who.Role == desk.TeamMember {
		return a.outline(ctx, r, who)
	}
	out, err := a.view(ctx, r.ID)
	if a.network {
		for i, m := range out.Messages {
			out.Messages[i] = exported(m, "").Message
		}
	}
	return out, err
}

func (a *api) outline(ctx context.Context, r balie.Request, who desk.Actor) (RequestView, error) {
	out := RequestView{Events: []balie.Event{}, Messages: []balie.Message{}, Deliveries: []balie.Delivery{}, Traces: []Traced{}}
	if a.Desk == nil {
		return out, balie.ErrNotFound
	}
	v, err := a.Desk.View(ctx, who, r.ID, a.Now())
	if err != nil {
		return out, err
	}
	out.Request = v.Request
	for _, h := range v.Handouts {
		for _, e := range h.Entries {
			if e.Message != nil {
				out.Messages = append(out.Messages, exported(*e.Message, "").Message)
			}
		}
	}
	return out, nil
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
