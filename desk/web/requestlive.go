package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
)

// requestLiveRoutes are pieces of the page that its script asks for when it
// hears that something changed. They are shown where they belong, and nothing
// else moves.
func (w *Web) requestLiveRoutes() []route {
	get := func(path string, h handler) route {
		return route{method: fiber.MethodGet, path: path, right: desk.SeeRequests, object: requestObject, handle: h}
	}
	return []route{get("/r/:ref/viewers", w.viewersOf), get("/r/:ref/news", w.newsOf)}
}

// viewersOf is who else has the request open.
func (w *Web) viewersOf(c *fiber.Ctx, s auth.Session) error {
	id, err := w.Desk.Find(c.UserContext(), s.Actor(), c.Params("ref"))
	if err != nil {
		return err
	}
	g := w.pager(c, s, desk.RequestView{Request: balie.Request{ID: id}})
	return w.UI.Part(c, "request", "viewers", requestPage{Viewers: g.viewers()})
}

// newsOf says in words what was said behind a version, or nothing: what
// dispatch and timers write down is no news to a person.
func (w *Web) newsOf(c *fiber.Ctx, s auth.Session) error {
	a := s.Actor()
	id, err := w.Desk.Find(c.UserContext(), a, c.Params("ref"))
	if err != nil {
		return err
	}
	after, err := strconv.ParseUint(c.Query("after"), 10, 64)
	if err != nil {
		return fiber.ErrBadRequest
	}
	v, err := w.Desk.View(c.UserContext(), a, id, w.Now())
	if err != nil {
		return err
	}
	g := w.pager(c, s, v)
	n, who := 0, ""
	count := func(entries []desk.Entry) {
		for _, e := range entries {
			if e.Seq > after && e.Message != nil && e.By != a.By() && !e.Unsent {
				n, who = n+1, g.author(e)
			}
		}
	}
	count(v.Entries)
	for _, h := range v.Handouts {
		count(h.Entries)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	switch n {
	case 0:
		return c.SendStatus(fiber.StatusNoContent)
	case 1:
		return c.SendString(g.text("news_one", "who", who))
	}
	return c.SendString(g.text("news", "n", number(n)))
}
