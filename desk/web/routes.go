package web

import (
	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
)

// object is what a route's path names; its access is checked for each of them.
type object string

// The kinds of object.
const (
	noObject       object = ""         // the route shows what its role may see
	requestObject  object = "request"  // :ref
	messageObject  object = "message"  // :message, belongs to a request
	customerObject object = "customer" // :customer
	ownObject      object = "own"      // the user's own drafts, views, sessions
	documentObject object = "document" // rules, catalogue, templates
	userObject     object = "user"
	deliveryObject object = "delivery"
	handoutObject  object = "handout" // of a team member
)

// route is one address of the desk. What is not in a table is not served, so
// the table of rights (S7) has them all.
type route struct {
	method string
	path   string
	right  desk.Right // what the role must have; "" for everyone signed in
	object object
	handle func(c *fiber.Ctx, s auth.Session) error
	// public routes need no session: sign-in, first admin, assets.
	public func(c *fiber.Ctx) error
}
