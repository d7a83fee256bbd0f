// Package api is in charge of what commands and programs may ask of a running
// balie: the same acts and views as the pages, as JSON under /api/v1.
//
// Guarantees:
//  1. Every error is an RFC 9457 problem as httpd maps it; an invalid document
//     names every fault with its line and column.
//  2. No read of the store is open while an answer is written, but for a
//     backup, whose writers go on meanwhile.
//  3. A streamed answer ends with the trailer Balie-End: without "ok" in it,
//     it is not whole.
//  4. Every answer says which balie gave it (Balie-Version).
//
// Whoever can reach the listener may do everything: it is for a socket that
// only the owner of the store can open.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
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

// By is how acts over this API are signed.
const By = "agent:cli"

// Parts are what the API speaks for.
type Parts struct {
	Store     store.Store
	Library   func() (*desk.Library, error) // read when first needed
	Auth      *auth.Auth                    // who signs in
	Mailboxes []Mailbox                     // none: not running
	Health    func() (ok bool, state any)   // nil: only the store's
	Version   string
	Calendar  string // of the catalogue; the desk's own opening hours
	Language  string // of examples that do not say
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// api is what the operations share.
type api struct {
	Parts
	done    <-chan struct{} // closed when the server stops
	huma    huma.API
	streams sync.WaitGroup
}

// Serve answers on a listener until ctx ends; it returns when every streamed
// answer has ended too.
func Serve(ctx context.Context, p Parts, ln net.Listener) error {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	a := &api{Parts: p, done: ctx.Done()}
	err := httpd.Serve(ctx, a.app(), ln)
	a.streams.Wait()
	return err
}

// app is the API as a fiber app.
func (a *api) app() *fiber.App {
	app := httpd.New(httpd.Options{Hosts: []string{Host}, Rate: -1, Body: documentBytes, Memory: 4 * documentBytes, Log: a.Log})
	app.Use(a.answers, httpd.Limit(documentBytes), again)
	c := huma.DefaultConfig("balie", a.Version)
	c.CreateHooks, c.DocsPath, c.SchemasPath = nil, "", ""
	c.OpenAPIPath = "/api/v1/openapi"
	c.RejectUnknownQueryParameters = true
	a.huma = humafiber.New(app, c)
	for _, add := range []func(){a.requests, a.deliveries, a.ledger, a.documents, a.rules, a.exports, a.keeping, a.users} {
		add()
	}
	return app
}

type outcomeKey struct{}

// outcome carries an operation's error past huma, which would answer it with
// words of its own.
type outcome struct{ err error }

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

// add registers an operation. Its errors are answered by httpd.
func add[I, O any](a *api, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	op.MaxBodyBytes = documentBytes
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err == nil {
			return out, nil
		}
		if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
			o.err = err
		}
		return nil, err
	})
}

// op names an operation.
func op(method, path, id, summary string) huma.Operation {
	return huma.Operation{Method: method, Path: "/api/v1" + path, OperationID: id, Summary: summary}
}

// requestID is the id of a request that a person names by reference or id.
func (a *api) requestID(ctx context.Context, name string) (balie.ID, error) {
	if id, err := balie.ParseID(name); err == nil && !id.IsZero() {
		return id, nil
	}
	ref, ok := balie.ParseRef(name)
	if !ok {
		return balie.ID{}, &balie.InvalidError{Field: "request", Problem: fmt.Sprintf("%.40q is no reference and no id", name),
			Fix: "write it as 7K3Q-P, or the 26 letters of the id"}
	}
	found, err := a.Store.Lookup(ctx, store.Query{Refs: []string{ref}})
	if err != nil {
		return balie.ID{}, fmt.Errorf("look up reference %s: %w", ref, err)
	}
	id, ok := found.Refs[ref]
	if !ok {
		return id, fmt.Errorf("request %s: %w", ref, balie.ErrNotFound)
	}
	return id, nil
}
