package api

import (
	"bufio"
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/normalize"
)

// CustomerList is a page of customers.
type CustomerList struct {
	Customers []balie.Person `json:"customers"`
	Next      string         `json:"next,omitempty"`
	Ready     bool           `json:"ready"` // everybody is in the index
}

// CustomerView is a customer with their requests, last changed first.
type CustomerView struct {
	Customer     balie.Person        `json:"customer"`
	Organisation *balie.Organisation `json:"organisation,omitempty"`
	Requests     []balie.Request     `json:"requests"`
	Count        int                 `json:"count"`
	Next         string              `json:"next,omitempty"`
	MergedInto   *balie.ID           `json:"merged_into,omitempty"`
}

// OneCustomer is the part of a path that says which customer.
type OneCustomer struct {
	ID string `path:"id"`
}

func (o OneCustomer) id() (balie.ID, error) {
	id, err := balie.ParseID(o.ID)
	if err != nil || id.IsZero() {
		return id, balie.ErrNotFound
	}
	return id, nil
}

// Changed is what an act on something with a version answers.
type Changed struct {
	ID      string `json:"id"`
	Version uint64 `json:"version"`
}

type changed struct {
	ETag string `header:"ETag"`
	Body Changed
}

func changedPerson(p balie.Person, err error) (*changed, error) {
	if err != nil {
		return nil, err
	}
	return &changed{etag(p.Version), Changed{p.ID.String(), p.Version}}, nil
}

// customers registers what can be done with people who ask.
func (a *api) customers() {
	if a.Customers == nil {
		return
	}
	type find struct {
		Words        string `query:"q" maxLength:"200" doc:"Words of a name, an address, a number; without any, everybody."`
		Organisation string `query:"organisation" doc:"Id of one."`
		After        string `query:"after"`
		Limit        int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	type list struct{ Body CustomerList }
	add(a, op("GET", "/customers", "list-customers", "Find customers by words, by name", desk.SeeDocuments, customerObject),
		func(ctx context.Context, in *find) (*list, error) {
			l, err := a.Customers.Find(ctx, actor(ctx), desk.CustomerQuery{Words: in.Words, Organisation: in.Organisation, After: in.After, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			out := CustomerList{Customers: []balie.Person{}, Next: l.Next, Ready: l.Ready}
			for _, x := range l.Lines {
				out.Customers = append(out.Customers, x.Person)
			}
			return &list{out}, nil
		})
	type one struct {
		OneCustomer
		After string `query:"after" doc:"Go on with requests behind this one: next of the page before."`
	}
	type view struct {
		ETag string `header:"ETag"`
		Body CustomerView
	}
	add(a, op("GET", "/customers/{id}", "get-customer", "Read a customer and their requests", desk.SeeDocuments, customerObject),
		func(ctx context.Context, in *one) (*view, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			after, err := balie.ParseID(in.After)
			if err != nil {
				return nil, err
			}
			p, err := a.Customers.View(ctx, actor(ctx), id, after)
			if err != nil {
				return nil, err
			}
			out := CustomerView{Customer: p.Person, Requests: append([]balie.Request{}, p.Requests...), Count: p.Count}
			if p.Of.ID != "" {
				out.Organisation = &p.Of
			}
			if !p.Next.IsZero() {
				out.Next = p.Next.String()
			}
			if !p.Into.IsZero() {
				out.MergedInto = &p.Into
			}
			return &view{etag(p.Person.Version), out}, nil
		})
	a.customerEdits()
	a.customerRights()
}

func (a *api) customerEdits() {
	type edit struct {
		OneCustomer
		IfMatch string `header:"If-Match" doc:"The ETag that was read."`
		Body    struct {
			Name         *string `json:"name,omitempty"`
			Organisation *string `json:"organisation,omitempty"`
			Language     *string `json:"language,omitempty" enum:"nl,en"`
			Add          string  `json:"add,omitempty" doc:"A mail address, or a telephone number, that is theirs."`
			Remove       string  `json:"remove,omitempty" doc:"One that is not."`
		}
	}
	add(a, op("PATCH", "/customers/{id}", "edit-customer", "Change name, organisation, language or addresses", desk.ActOnRequests, customerObject),
		func(ctx context.Context, in *edit) (*changed, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			seen, err := ifMatch(in.IfMatch)
			if err != nil {
				return nil, err
			}
			e := desk.CustomerEdit{Version: seen, Name: in.Body.Name, Organisation: in.Body.Organisation, Language: in.Body.Language,
				Add: reached(in.Body.Add), Remove: reached(in.Body.Remove)}
			return changedPerson(a.Customers.Edit(ctx, actor(ctx), id, e, a.Now()))
		})
	type merge struct {
		OneCustomer
		Body struct {
			Gone   string `json:"gone" doc:"Id of the one that goes: addresses and requests come along."`
			Reason string `json:"reason"`
		}
	}
	add(a, op("POST", "/customers/{id}/merge", "merge-customers", "Make two records of the same person one", desk.ActOnRequests, customerObject).once(),
		func(ctx context.Context, in *merge) (*changed, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			gone, err := OneCustomer{in.Body.Gone}.id()
			if err != nil {
				return nil, err
			}
			return changedPerson(a.Customers.Merge(ctx, actor(ctx), id, gone, in.Body.Reason, a.Now()))
		})
}

// reached is a mail address, or else a telephone number; nil for "".
func reached(s string) *balie.Address {
	if s == "" {
		return nil
	}
	if to, ok := normalize.ParseAddress(s); ok {
		return &to
	}
	return &balie.Address{Scheme: balie.Tel, Value: s}
}

// customerRights registers what a customer may ask for (AVG).
func (a *api) customerRights() {
	add(a, op("GET", "/customers/{id}/export", "export-customer", "Download all that is kept of a customer, as a zip file", desk.EraseCustomer, customerObject),
		func(ctx context.Context, in *OneCustomer) (*huma.StreamResponse, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			x, err := a.Customers.Export(ctx, actor(ctx), id, a.Now())
			if err != nil {
				return nil, err
			}
			return a.written(x.Name(), func(ctx context.Context, w *bufio.Writer) error { return x.Write(ctx, w) }), nil
		})
	type counts struct {
		Body struct {
			Requests int  `json:"requests"`          // of their own
			Joined   int  `json:"joined"`            // of others in which they take part
			Messages int  `json:"messages"`          // as far as is counted
			More     bool `json:"more,omitempty"`    // there are more
			Version  int  `json:"version,omitempty"` // of the record
		}
	}
	add(a, op("GET", "/customers/{id}/erasure", "count-erasure", "Say what erasing a customer would take away", desk.EraseCustomer, customerObject),
		func(ctx context.Context, in *OneCustomer) (*counts, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			e, err := a.Customers.ErasureOf(ctx, actor(ctx), id)
			if err != nil {
				return nil, err
			}
			out := &counts{}
			out.Body.Requests, out.Body.Joined, out.Body.Messages, out.Body.More = e.Own, e.Joined, e.Messages, e.More
			out.Body.Version = int(e.Person.Version)
			return out, nil
		})
	type erase struct {
		OneCustomer
		Body struct {
			Reason string `json:"reason" doc:"Why; kept with the numbers, without a name."`
		}
	}
	type erased struct {
		Body struct {
			Requests  int       `json:"requests"`
			Messages  int       `json:"messages"`
			Originals int       `json:"originals"`
			At        time.Time `json:"at"`
		}
	}
	add(a, op("POST", "/customers/{id}/erase", "erase-customer", "Remove a customer for good: words, files, addresses", desk.EraseCustomer, customerObject).once(),
		func(ctx context.Context, in *erase) (*erased, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			n, err := a.Customers.Erase(ctx, actor(ctx), id, in.Body.Reason, a.Now())
			if err != nil {
				return nil, err
			}
			out := &erased{}
			out.Body.Requests, out.Body.Messages, out.Body.Originals, out.Body.At = n.Requests, n.Messages, n.Originals, a.Now().UTC()
			return out, nil
		})
}
