package api

import (
	"context"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// lifecycle registers edits and moves of a request.
func (a *api) lifecycle() {
	if a.Desk == nil {
		return
	}
	a.editing()
	a.ending()
	type seq struct {
		OneRequest
		Body struct {
			Seq uint64 `json:"seq" minimum:"1" doc:"As the act answered."`
		}
	}
	onRequest(a, act("/undo", "undo", "Take back an own edit or closing of the last ten minutes"),
		func(ctx context.Context, r balie.Request, in *seq) (*acted, error) {
			return did(a.Desk.Undo(ctx, actor(ctx), r.ID, in.Body.Seq, a.Now()))
		})
	type message struct {
		OneRequest
		Body struct {
			Message string `json:"message" doc:"As the reply answered."`
		}
	}
	onRequest(a, act("/unsend", "unsend", "Take back an own reply that has not gone out"),
		func(ctx context.Context, r balie.Request, in *message) (*acted, error) {
			id, err := balie.ParseID(in.Body.Message)
			if err != nil {
				return nil, err
			}
			if _, err := a.Desk.Unsend(ctx, actor(ctx), r.ID, id, a.Now()); err != nil {
				return nil, err
			}
			return did(a.Store.Request(ctx, r.ID))
		})
}

// Edited is what of a request is changed; what is absent stays.
type Edited struct {
	Subject    *string           `json:"subject,omitempty"`
	Product    *string           `json:"product,omitempty" doc:"Id of the catalogue; empty: none."`
	Kind       *string           `json:"kind,omitempty" enum:"question,order,fault,complaint,wish,compliment"`
	Language   *string           `json:"language,omitempty" enum:"nl,en"`
	Assignee   *string           `json:"assignee,omitempty" doc:"A user's sign-in name; empty: nobody."`
	Priority   *int              `json:"priority,omitempty" minimum:"-1" maximum:"2" doc:"-1 low, 0 normal, 1 high, 2 urgent."`
	Customer   *string           `json:"customer,omitempty" doc:"Id of a person."`
	Fields     map[string]string `json:"fields,omitempty"`
	AddTags    []string          `json:"add_tags,omitempty" maxItems:"30"`
	RemoveTags []string          `json:"remove_tags,omitempty" maxItems:"30"`
}

func (a *api) editing() {
	type edit struct {
		OneRequest
		IfMatch string `header:"If-Match" doc:"The ETag that was read. Needed: 428 without it, 412 when the request changed since."`
		Body    Edited
	}
	onRequest(a, op("PATCH", "/requests/{name}", "edit-request", "Change properties and fields", desk.ActOnRequests, requestObject),
		func(ctx context.Context, r balie.Request, in *edit) (*acted, error) {
			seen, err := ifMatch(in.IfMatch)
			if err != nil {
				return nil, err
			}
			b := in.Body
			e := desk.Edit{Request: r.ID, Seen: seen, Subject: b.Subject, Product: b.Product, Kind: b.Kind, Language: b.Language, Assignee: b.Assignee,
				Priority: b.Priority, Fields: b.Fields, AddTags: b.AddTags, RemoveTags: b.RemoveTags}
			if seen == 0 { // no request has this version
				return nil, balie.ErrStale
			}
			if b.Customer != nil {
				id, err := balie.ParseID(*b.Customer)
				if err != nil {
					return nil, err
				}
				e.Customer = &id
			}
			if err := a.colleague(ctx, b.Assignee); err != nil {
				return nil, err
			}
			return didSeq(a.Desk.Edit(ctx, actor(ctx), e, a.Now()))
		})
	type assign struct {
		OneRequest
		Body struct {
			To string `json:"to" doc:"A user's sign-in name; empty: nobody."`
		}
	}
	onRequest(a, act("/assign", "assign", "Give it to a colleague"),
		func(ctx context.Context, r balie.Request, in *assign) (*acted, error) {
			if err := a.colleague(ctx, &in.Body.To); err != nil {
				return nil, err
			}
			return didSeq(a.Desk.Assign(ctx, actor(ctx), r.ID, in.Body.To, a.Now()))
		})
}

// colleague refuses a name that is nobody's: the desk has no users.
func (a *api) colleague(ctx context.Context, name *string) error {
	if name == nil || *name == "" || a.Auth == nil {
		return nil
	}
	if _, ok := a.Auth.Names(ctx)[*name]; !ok {
		return &balie.InvalidError{Field: "assignee", Problem: "there is no such user", Fix: "use the sign-in name of a colleague"}
	}
	return nil
}

// ending registers moves to an end, and back.
func (a *api) ending() {
	type resolve struct {
		OneRequest
		Body struct {
			How string `json:"how" enum:"phone,counter,handed_over,mail,chat,self" doc:"How the customer knows."`
		}
	}
	onRequest(a, act("/resolve", "resolve", "Close it as solved: the customer knows, and nothing goes out"),
		func(ctx context.Context, r balie.Request, in *resolve) (*acted, error) {
			return didSeq(a.Desk.Resolve(ctx, actor(ctx), r.ID, in.Body.How, a.Now()))
		})
	type closing struct {
		OneRequest
		Body struct {
			Outcome balie.Outcome `json:"outcome" enum:"withdrawn,duplicate,spam,refused"`
			Of      string        `json:"of,omitempty" doc:"Of a duplicate: the other one, by reference or id."`
			Reason  string        `json:"reason,omitempty" doc:"Needed for refused."`
		}
	}
	onRequest(a, act("/close", "close", "Close it without an answer"),
		func(ctx context.Context, r balie.Request, in *closing) (*acted, error) {
			var of balie.Request
			if in.Body.Of != "" {
				var err error
				if of, err = a.request(ctx, in.Body.Of); err != nil {
					return nil, err
				}
			}
			return didSeq(a.Desk.Close(ctx, actor(ctx), r.ID, in.Body.Outcome, of.ID, in.Body.Reason, a.Now()))
		})
	type reason struct {
		OneRequest
		Body struct {
			Reason string `json:"reason"`
		}
	}
	onRequest(a, act("/reopen", "reopen", "Take up again what was closed"),
		func(ctx context.Context, r balie.Request, in *reason) (*acted, error) {
			return did(a.Desk.Reopen(ctx, actor(ctx), r.ID, in.Body.Reason, a.Now()))
		})
	type plan struct {
		OneRequest
		Body struct {
			Date time.Time `json:"date"`
			Note string    `json:"note,omitempty"`
		}
	}
	onRequest(a, act("/plan", "plan", "Put it away until a date"),
		func(ctx context.Context, r balie.Request, in *plan) (*acted, error) {
			return did(a.Desk.Plan(ctx, actor(ctx), r.ID, in.Body.Date, in.Body.Note, a.Now()))
		})
}
