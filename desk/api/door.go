package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
)

// prefix is what every operation begins with.
const prefix = "/api/v1"

// Bodies are the paths that take more than others, for httpd.Options.Large.
func Bodies() map[string]int64 {
	return map[string]int64{
		prefix + "/documents": documentBytes, prefix + "/rules": documentBytes, prefix + "/requests": actBytes, prefix + "/calls": actBytes,
	}
}

// Describe mounts the document of all that is under /api/v1, and its page: for
// everybody, before anything else that is mounted there. Mount writes them.
func (x *API) Describe(r fiber.Router) {
	r.Get(prefix+"/openapi.json", x.document.json)
	r.Get(prefix+"/docs", func(c *fiber.Ctx) error { return x.document.page(c, x.UI) })
}

// Mount opens the door for programs on the network: with a token of desk/auth,
// as whoever made it. What others serve under /api/v1 must be mounted before.
func (x *API) Mount(app *fiber.App) error {
	a := &api{API: x, network: true, naming: newNaming()}
	app.Use(prefix, a.answers, a.known, httpd.Limit(actBytes), a.once, again)
	c := a.config()
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer",
		Description: "A token of an admin's settings: balie_ and its letters. It acts as the user who made it, with the rights it was given."}}
	a.huma = humafiber.New(app, c)
	a.register()
	app.Use(prefix, func(*fiber.Ctx) error { return fiber.ErrNotFound })
	return x.document.make(a.huma.OpenAPI(), x.Also)
}

type actorKey struct{}

// actor is who acts.
func actor(ctx context.Context) desk.Actor {
	a, _ := ctx.Value(actorKey{}).(desk.Actor) // without one: nobody, who may do nothing
	return a
}

// known lets those through who say who they are, before a byte of their body
// takes memory.
func (a *api) known(c *fiber.Ctx) error {
	if !a.network {
		c.Locals(actorKey{}, auth.Command())
		return c.Next()
	}
	scheme, plain, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	plain = strings.TrimSpace(plain)
	if !strings.EqualFold(scheme, "bearer") || plain == "" {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="balie"`)
		return fiber.ErrUnauthorized
	}
	now := a.Now()
	who, err := a.Auth.Bearer(c.UserContext(), plain, now)
	if errors.Is(err, balie.ErrNotFound) {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="balie", error="invalid_token"`)
		return fiber.ErrUnauthorized
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(plain))
	if wait := a.paces.Take(hex.EncodeToString(sum[:12]), now); wait > 0 {
		return httpd.Throttled(wait)
	}
	if from := httpd.Client(c); from.IsValid() {
		who.From = from.String()
	}
	c.Locals(actorKey{}, who)
	return c.Next()
}
