package api

import (
	"context"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/normalize"
)

// people registers who takes part in a request.
func (a *api) people() {
	if a.Desk == nil {
		return
	}
	type participant struct {
		OneRequest
		Body struct {
			Person  string `json:"person,omitempty" doc:"Id of a person, or:"`
			Address string `json:"address,omitempty" doc:"A mail address."`
		}
	}
	onRequest(a, act("/participants", "add-participant", "Let somebody take part: they may reply and are written to"),
		func(ctx context.Context, r balie.Request, in *participant) (*acted, error) {
			person, err := balie.ParseID(in.Body.Person)
			if err != nil {
				return nil, err
			}
			var to balie.Address
			if person.IsZero() {
				var ok bool
				if to, ok = normalize.ParseAddress(in.Body.Address); !ok {
					return nil, &balie.InvalidError{Field: "address", Problem: "that is no mail address", Fix: "write it as name@example.nl, or name a person by id"}
				}
			}
			return did(a.Desk.AddParticipant(ctx, actor(ctx), r.ID, person, to, a.Now()))
		})
	type proposal struct {
		OneRequest
		Body struct {
			Seq uint64 `json:"seq" minimum:"1" doc:"Number of the event that proposed it."`
		}
	}
	onRequest(a, act("/approve", "approve", "Let somebody take part who was proposed"),
		func(ctx context.Context, r balie.Request, in *proposal) (*acted, error) {
			return did(a.Desk.Approve(ctx, actor(ctx), r.ID, in.Body.Seq, a.Now()))
		})
	onRequest(a, act("/dismiss", "dismiss", "Say no to a proposal: a participant, or what the request may belong to"),
		func(ctx context.Context, r balie.Request, in *proposal) (*acted, error) {
			return did(a.Desk.Dismiss(ctx, actor(ctx), r.ID, in.Body.Seq, a.Now()))
		})
	type judge struct {
		OneRequest
		Body struct {
			Event   uint64 `json:"event" minimum:"1" doc:"Number of the event the decision was made in."`
			Right   bool   `json:"right"`
			Product string `json:"product,omitempty" doc:"What it was, when wrong."`
		}
	}
	onRequest(a, act("/judge", "judge", "Say whether the product was the right one; the matcher is measured by it"),
		func(ctx context.Context, r balie.Request, in *judge) (*acted, error) {
			return did(a.Desk.Judge(ctx, actor(ctx), r.ID, in.Body.Event, in.Body.Right, in.Body.Product, a.Now()))
		})
}

// joins registers how requests become one, two, or related.
func (a *api) joins() {
	if a.Desk == nil {
		return
	}
	type into struct {
		OneRequest
		Body struct {
			Into string `json:"into" doc:"The request that goes on, by reference or id."`
		}
	}
	add(a, act("/merge", "merge", "Close it as a duplicate; its words go to the other one"),
		func(ctx context.Context, in *into) (*acted, error) {
			from, to, err := a.two(ctx, in.Name, in.Body.Into)
			if err != nil {
				return nil, err
			}
			return did(a.Desk.Merge(ctx, actor(ctx), from.ID, to.ID, a.Now()))
		})
	type link struct {
		OneRequest
		Body struct {
			To  string `json:"to" doc:"The other request, by reference or id."`
			Why string `json:"why,omitempty"`
		}
	}
	add(a, act("/link", "link", "Say that two requests have to do with each other"),
		func(ctx context.Context, in *link) (*acted, error) {
			x, y, err := a.two(ctx, in.Name, in.Body.To)
			if err != nil {
				return nil, err
			}
			return did(a.Desk.Link(ctx, actor(ctx), x.ID, y.ID, in.Body.Why, a.Now()))
		})
	type split struct {
		OneRequest
		Body struct {
			Message string `json:"message" doc:"The customer's message that is another question."`
		}
	}
	onRequest(a, act("/split", "split", "Make a message a request of its own"),
		func(ctx context.Context, r balie.Request, in *split) (*acted, error) {
			id, err := balie.ParseID(in.Body.Message)
			if err != nil {
				return nil, err
			}
			made, err := a.Desk.Split(ctx, actor(ctx), r.ID, id, a.Now())
			if err != nil {
				return nil, err
			}
			out, err := did(a.Store.Request(ctx, r.ID))
			if err == nil {
				out.Body.Request = &made.ID
			}
			return out, err
		})
}

// two are two requests that the actor may know of.
func (a *api) two(ctx context.Context, x, y string) (balie.Request, balie.Request, error) {
	one, err := a.request(ctx, x)
	if err != nil {
		return one, one, err
	}
	other, err := a.request(ctx, y)
	return one, other, err
}

// calls registers the telephone log.
func (a *api) calls() {
	if a.Desk == nil {
		return
	}
	type call struct {
		Body struct {
			Key      string            `json:"key,omitempty" doc:"Of the call: the same key twice is one call. Without it the Idempotency-Key."`
			Channel  string            `json:"channel" enum:"phone,counter"`
			Person   string            `json:"person,omitempty" doc:"Id of who called, or name and number or mail:"`
			Name     string            `json:"name,omitempty"`
			Number   string            `json:"number,omitempty"`
			Mail     string            `json:"mail,omitempty"`
			For      string            `json:"for,omitempty" doc:"On behalf of whom."`
			Subject  string            `json:"subject,omitempty"`
			Text     string            `json:"text"`
			Product  string            `json:"product,omitempty"`
			Fields   map[string]string `json:"fields,omitempty"`
			Language string            `json:"language,omitempty" enum:"nl,en"`
			Priority int               `json:"priority,omitempty" minimum:"-1" maximum:"2"`
			Outcome  desk.CallOutcome  `json:"outcome" enum:"solved,handout,desk,waiting,callback"`
			Team     string            `json:"team,omitempty" doc:"Of outcome handout."`
			Why      string            `json:"why,omitempty" doc:"Of outcome handout, when fields are missing."`
			Answer   string            `json:"answer,omitempty" doc:"Of outcome solved: what was said."`
			Into     string            `json:"into,omitempty" doc:"Add to this request instead of opening one."`
		}
	}
	add(a, op("POST", "/calls", "log-call", "Write down a telephone call or a visit: it becomes a request like any other", desk.ActOnRequests, noObject).once(),
		func(ctx context.Context, in *call) (*acted, error) {
			b := in.Body
			c := desk.Call{Key: b.Key, Channel: b.Channel, Name: b.Name, For: b.For, Subject: b.Subject, Text: b.Text, Product: b.Product, Fields: b.Fields,
				Language: b.Language, Priority: b.Priority, Outcome: b.Outcome, Team: b.Team, Why: b.Why, Answer: b.Answer}
			if c.Key == "" {
				c.Key = formKey(ctx)
			}
			if c.Key == "" {
				c.Key = balie.NewID(a.Now()).String()
			}
			var err error
			if c.Person, err = balie.ParseID(b.Person); err != nil {
				return nil, err
			}
			switch {
			case b.Number != "":
				c.Address = balie.Address{Scheme: balie.Tel, Value: b.Number, Name: b.Name}
			case b.Mail != "":
				c.Address = balie.Address{Scheme: balie.Mail, Value: b.Mail, Name: b.Name}
			}
			if b.Into != "" {
				r, err := a.request(ctx, b.Into)
				if err != nil {
					return nil, err
				}
				c.Into = r.ID
			}
			return did(a.Desk.LogCall(ctx, actor(ctx), c, a.Now()))
		})
}
