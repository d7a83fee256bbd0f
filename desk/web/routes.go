package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
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
	hookObject     object = "webhook"
	linkObject     object = "link" // whoever has the signed link
)

// handler answers a signed-in person.
type handler func(c *fiber.Ctx, s auth.Session) error

// route is one address of the desk.
type route struct {
	method string
	path   string
	right  desk.Right // what the role must have; "" for everyone signed in
	object object
	handle handler
	public fiber.Handler // instead of handle: without a session
	body   int64         // bytes of a body, when more than formBytes
	files  bool          // multipart: the handler reads the body and checks its token by w.genuine
	// anywhere: also from another site's page. Only for what its link alone may
	// do, without a session.
	anywhere bool
}

// formBytes is how much a form may send: a long reply and its fields.
const formBytes = 512 << 10

// allRoutes is the table of everything that is served.
func (w *Web) allRoutes() []route {
	return slices.Concat(
		w.handoutRoutes(),
		w.surveyRoutes(),
		w.signinRoutes(),
		w.profileRoutes(),
		w.usersRoutes(),
		w.tokensRoutes(),
		w.webhooksRoutes(),
		w.inboxRoutes(),
		w.boardRoutes(),
		w.catalogueRoutes(),
		w.settingsRoutes(),
		w.progressRoutes(),
		w.channelsRoutes(),
		w.hoursRoutes(),
		w.templatesRoutes(),
		w.deliveriesRoutes(),
		w.auditRoutes(),
		w.intakeRoutes(),
		w.viewRoutes(),
		w.liveRoutes(),
		w.rulesRoutes(),
		w.requestRoutes(),
		w.requestLiveRoutes(),
		w.requestActRoutes(),
		w.composeRoutes(),
		w.filesRoutes(),
		w.snippetRoutes(),
		w.callRoutes(),
		w.customersRoutes(),
		w.placesRoutes(),
		w.figuresRoutes(),
		w.figuresMailRoutes(),
		w.planRoutes(),
		w.flowRoutes(),
	)
}

// serve is what answers a route.
func (w *Web) serve(rt route) []fiber.Handler {
	size := max(rt.body, formBytes)
	answer := func(c *fiber.Ctx) error { return w.signedIn(c, rt) }
	if rt.public != nil {
		answer = rt.public
	}
	var chain []fiber.Handler
	if !rt.anywhere {
		chain = append(chain, w.fromHere)
	}
	if rt.method != fiber.MethodGet && !rt.files {
		chain = append(chain, httpd.Limit(size))
	}
	return append(chain, answer)
}
