package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/internal/hours"
)

// lookWithin is how soon the desk looks at what a team says, in opening hours.
const lookWithin = 2 * time.Hour

// calendar is the desk's own opening hours.
func (a *app) calendar() hours.Calendar {
	cat := a.documents.Brain().Catalogue
	if a.cfg.Desk.Calendar == "" {
		return cat.Calendar(balie.Product{}) // the first one
	}
	return cat.Calendars[a.cfg.Desk.Calendar]
}

// wireDesk makes what people at the desk work with, and its pages.
func (a *app) wireDesk(context.Context) error {
	calendar := a.calendar()
	a.desk = desk.New(a.store, a.documents, a.letters(), a.tokens, desk.Options{
		Calendar: calendar, Language: a.cfg.Desk.Language, ReopenDays: a.cfg.Limits.ReopenDays,
	}, a.log)
	a.search = search.New(filepath.Join(a.cfg.Data, search.File), a.feed, a.log)
	a.overview = desk.NewOverview(a.feed, a.documents.Brain, a.search, desk.OverviewOptions{Calendar: calendar}, a.log)
	a.presence = desk.NewPresence()
	a.rules = desk.NewRules(a.feed, a.documents, desk.RulesOptions{Calendar: calendar, Language: a.cfg.Desk.Language, Log: a.log})
	parts := web.Parts{
		Sessions: a.auth, Auth: a.auth, Records: a.store, Desk: a.desk, Library: a.documents, Rules: a.rules, Overview: a.overview, Presence: a.presence,
		Aftercare: desk.NewAftercare(a.store, a.documents.Brain),
		Day:       a.book,
		Reports:   a.reports,
		Handouts:  desk.NewHandouts(a.store, calendar, lookWithin), Teams: offered{a}.TeamName,
		Tokens: a.tokens, Texts: a.texts, UI: a.ui, Zone: a.zone, Log: a.log,
		Secure: strings.HasPrefix(a.cfg.PublicURL, "https:"),
	}
	plans := a.plans()
	parts.Plans = plans
	a.wireBackstage(&parts)
	a.wireCustomers(&parts)
	if err := a.wireHooks(&parts); err != nil {
		return err
	}
	a.operations = a.programs(parts, plans)
	a.web = web.New(parts)
	return nil
}

// followDesk keeps lists and the pages that show them up to date until ctx ends.
func (a *app) followDesk(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{
		a.feed.Run, a.overview.Run, a.rules.Run, a.search.Run, a.web.Run, a.products.Run, a.hooks.Run, a.followPeople, a.book.Follow, a.runReports,
	} {
		g.Go(func() error {
			err := run(ctx)
			if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
				return nil // it was stopped in the middle of reading
			}
			return err
		})
	}
	return g.Wait()
}
