package main

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/web"
)

// lookWithin is how soon the desk looks at what a team says, in opening hours.
const lookWithin = 2 * time.Hour

// mountPages mounts the pages that are not a channel's.
func (a *app) mountPages(r fiber.Router) {
	calendar := a.documents.Brain().Catalogue.Calendars[a.cfg.Desk.Calendar]
	web.New(web.Parts{
		Handouts: desk.NewHandouts(a.store, calendar, lookWithin), Teams: offered{a}.TeamName,
		Tokens: a.tokens, Texts: a.texts, UI: a.ui, Zone: a.zone,
	}).Mount(r)
}
