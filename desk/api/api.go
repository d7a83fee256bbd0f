// Package api is in charge of what commands and programs may ask of a running
// balie: the same acts and views as the pages, as JSON under /api/v1.
//
// Guarantees:
//
//  1. Every error is an RFC 9457 problem as httpd maps it; an invalid document
//     names every fault with its line and column.
//
//  2. No read of the store is open while an answer is written, but for a
//     backup, whose writers go on meanwhile.
//
//  3. A streamed answer ends with the trailer Balie-End: without "ok" in it,
//     it is not whole.
//
//  4. Every answer says which balie gave it (Balie-Version).
//
//  5. Every operation says which right it needs and whose object it touches
//     (x-right, x-object in the OpenAPI document), and is refused without it.
//
// There are two doors. Whoever can reach the socket may do everything: only
// the owner of the store can open it. On the network an API token says who
// acts: as its user, with no more rights than the token has (Mount).
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/hooks"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/store"
)

// Names of what every answer carries.
const (
	VersionHeader = "Balie-Version"
	EndTrailer    = "Balie-End"
)

// Host is the name the API answers to; there is no network behind it.
const Host = "localhost"

// documentBytes is the largest body: a catalogue of thousands of products is
// under 2 MiB.
const documentBytes = 16 << 20

// Parts are what the API speaks for. What is nil has no operations.
type Parts struct {
	Store     store.Store
	Library   func() (*desk.Library, error) // read when first needed
	Auth      *auth.Auth                    // who signs in
	Desk      *desk.Desk                    // acts on requests
	Overview  *desk.Overview
	Customers *desk.Customers
	Places    *desk.Places
	Upkeep    *desk.Upkeep
	Reports   func() (*desk.Reports, error) // read when first needed
	Trail     *desk.Trail
	Hooks     *hooks.Hooks
	Plans     func() (*desk.Plans, error) // nil: made of the documents
	Policies  *desk.Policies              // what is promised
	Day       desk.DayFigures             // of the board; nil: none are kept
	Mailboxes []Mailbox                   // none: not running
	Health    func() (ok bool, state any) // nil: only the store's
	Config    func() []Setting            // what is in force, without secrets
	Also      [][]byte                    // OpenAPI documents of what else is under /api/v1
	UI        *ui.UI                      // shows the readable page; nil: there is none
	Version   string
	Calendar  string  // of the catalogue; the desk's own opening hours
	Language  string  // of examples that do not say
	Rate      float64 // calls a second of one token; 0: 20
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// API is the operations, behind one or both doors.
type API struct {
	Parts
	done    chan struct{} // closed when the server stops
	streams sync.WaitGroup
	paces   *httpd.Buckets // by token
	running running        // Idempotency-Keys of acts under way

	document document // of the network's door
}

// api is one door.
type api struct {
	*API
	huma    huma.API
	network bool
	naming  *naming
}

// Bounds of what one token may ask.
const (
	callRate  = 20  // a second, when the settings do not say
	callBurst = 100 // at once
	maxTokens = 5000
)

// New returns the operations. Serve and Mount open their doors.
func New(p Parts) *API {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	if p.Rate == 0 {
		p.Rate = callRate
	}
	return &API{Parts: p, done: make(chan struct{}), paces: httpd.NewBuckets(p.Rate, callBurst, maxTokens)}
}

// Serve is New and API.Serve, for whoever needs the socket alone.
func Serve(ctx context.Context, p Parts, ln net.Listener) error { return New(p).Serve(ctx, ln) }

// Serve answers on a listener with all rights until ctx ends; it returns when
// every streamed answer has ended too, also those of the network.
func (x *API) Serve(ctx context.Context, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { close(x.done) })
	defer stop()
	a := &api{API: x, naming: newNaming()}
	err := httpd.Serve(ctx, a.socket(), ln)
	x.streams.Wait()
	return err
}

// socket is the API as an app of its own.
func (a *api) socket() *fiber.App {
	app := httpd.New(httpd.Options{Hosts: []string{Host}, Rate: -1, Body: documentBytes, Memory: 4 * documentBytes, Log: a.Log})
	app.Use(a.answers, httpd.Limit(documentBytes), a.known, a.once, again)
	c := a.config()
	c.OpenAPIPath = "/api/v1/openapi"
	a.huma = humafiber.New(app, c)
	a.register()
	return app
}

func (a *api) config() huma.Config {
	c := huma.DefaultConfig("balie", a.Version)
	c.CreateHooks, c.DocsPath, c.SchemasPath, c.OpenAPIPath = nil, "", "", ""
	c.RejectUnknownQueryParameters = true
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", a.naming.name)
	return c
}

func (a *api) register() {
	for _, add := range []func(){a.requests, a.acts, a.lifecycle, a.people, a.joins, a.teamActs, a.calls, a.messages, a.releasing, a.snippets, a.customers, a.places, a.views,
		a.deliveries, a.ledger, a.documents, a.rules, a.exports, a.keeping, a.users, a.tokens, a.audit, a.webhooks, a.plan, a.figures, a.flow, a.board, a.promises} {
		add()
	}
}

type outcomeKey struct{}

// outcome carries an operation's error past huma, which would answer it with
// words of its own.
type outcome struct {
	err   error
	keyed bool // the answer may be kept for its Idempotency-Key
}

// answers gives every answer its version, and hands errors to httpd.
func (a *api) answers(c *fiber.Ctx) error {
	c.Set(VersionHeader, a.Version)
	o := &outcome{}
	c.Locals(outcomeKey{}, o)
	if err := c.Next(); err != nil {
		return err
	}
	if o.err != nil {
		return o.err
	}
	if c.Response().StatusCode() >= fiber.StatusBadRequest {
		return refused(c.Response().StatusCode(), c.Response().Body())
	}
	return nil
}

// refused is what huma found wrong with a request before its operation ran.
func refused(status int, body []byte) error {
	var m huma.ErrorModel
	if status != fiber.StatusUnprocessableEntity || json.Unmarshal(body, &m) != nil || len(m.Errors) == 0 {
		return fiber.NewError(status)
	}
	var all []error
	for _, e := range m.Errors {
		all = append(all, &balie.InvalidError{Field: e.Location, Problem: e.Message, Fix: "see the operation in /api/v1/openapi.json"})
	}
	return errors.Join(all...)
}

// again puts the body that httpd.Limit read back to where huma looks for it.
func again(c *fiber.Ctx) error {
	if body := c.Body(); len(body) > 0 {
		c.Request().SetBodyStream(newBody(body), len(body))
	}
	return c.Next()
}

// actBytes is the room for a body with files in base64 (20 MiB of them).
const actBytes = 28 << 20

// operation is an operation with what it asks of whoever calls it.
type operation struct {
	huma.Operation
	right  desk.Right // "": whoever has a token
	object object
	local  bool // on the socket alone
	keyed  bool // an Idempotency-Key makes it happen once
	secret bool // its answer is shown once and kept nowhere
	check  bool // it changes nothing although it is a POST
}

// object is whose access an operation checks besides the right.
type object string

// The kinds of object.
const (
	noObject       object = ""
	requestObject  object = "request"
	messageObject  object = "message"
	customerObject object = "customer"
	documentObject object = "document"
	userObject     object = "user"
	deliveryObject object = "delivery"
	hookObject     object = "webhook"
	snippetObject  object = "snippet"
	ownObject      object = "own"
)

// op names an operation.
func op(method, path, id, summary string, right desk.Right, o object) operation {
	tag, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return operation{right: right, object: o,
		Operation: huma.Operation{Method: method, Path: "/api/v1" + path, OperationID: id, Summary: summary, Tags: []string{tag}}}
}

// onSocket keeps an operation from the network.
func (o operation) onSocket() operation { o.local = true; return o }

// once lets an Idempotency-Key make it happen once.
func (o operation) once() operation { o.keyed = true; return o }

// shownOnce says that the answer holds a secret.
func (o operation) shownOnce() operation { o.secret = true; return o }

// reads says that a POST changes nothing.
func (o operation) reads() operation { o.check = true; return o }

// described are the words of the document besides the summary.
func (o operation) described(words string) operation { o.Description = words; return o }

// allowed refuses whoever lacks the right, before anything is said about what
// they sent.
func (o operation) allowed(hc huma.Context, next func(huma.Context)) {
	ctx := hc.Context()
	if o.right == "" || actor(ctx).Can(o.right) {
		next(hc)
		return
	}
	if out, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		out.err = balie.ErrDenied
	}
}

// patience bounds an operation of the network: fiber's context never ends by itself.
const patience = 50 * time.Second

// add registers an operation. Its errors are answered by httpd.
func add[I, O any](a *api, op operation, do func(context.Context, *I) (*O, error)) {
	if a.network && op.local {
		return
	}
	op.MaxBodyBytes, a.naming.operation = actBytes, op.OperationID
	op.Extensions = map[string]any{"x-right": string(op.right), "x-object": string(op.object)}
	if op.check {
		op.Extensions["x-reads"] = true
	}
	if a.network {
		op.Security = []map[string][]string{{"token": {}}}
	}
	if op.keyed {
		op.Parameters = append(op.Parameters, &huma.Param{Name: keyHeader, In: "header", Schema: &huma.Schema{Type: "string"},
			Description: "Sent again with the same key, the act happens once and gives the same answer, for a day."})
	}
	op.Middlewares = huma.Middlewares{op.allowed}
	huma.Register(a.huma, op.Operation, func(ctx context.Context, in *I) (*O, error) {
		o, _ := ctx.Value(outcomeKey{}).(*outcome)
		if o == nil {
			return nil, errors.New("an operation was called outside its door")
		}
		o.keyed = op.keyed && !op.secret
		if a.network {
			var cancel func()
			ctx, cancel = context.WithTimeout(ctx, patience)
			defer cancel()
		}
		out, err := do(ctx, in)
		o.err = err
		if err != nil {
			return nil, err
		}
		return out, nil
	})
}

// request is a request that a person names by reference or id, and that the
// actor may know of.
func (a *api) request(ctx context.Context, name string) (balie.Request, error) {
	id, err := balie.ParseID(name)
	if err != nil || id.IsZero() {
		ref, ok := balie.ParseRef(name)
		if !ok {
			return balie.Request{}, &balie.InvalidError{Field: "request", Problem: fmt.Sprintf("%.40q is no reference and no id", name),
				Fix: "write it as 7K3Q-P, or the 26 letters of the id"}
		}
		found, err := a.Store.Lookup(ctx, store.Query{Refs: []string{ref}})
		if err != nil {
			return balie.Request{}, fmt.Errorf("look up reference %s: %w", ref, err)
		}
		if id, ok = found.Refs[ref]; !ok {
			return balie.Request{}, fmt.Errorf("request %s: %w", ref, balie.ErrNotFound)
		}
	}
	r, err := a.Store.Request(ctx, id)
	if err == nil && !actor(ctx).Sees(r) {
		return balie.Request{}, fmt.Errorf("request %s: %w", r.Ref, balie.ErrNotFound)
	}
	return r, err
}
