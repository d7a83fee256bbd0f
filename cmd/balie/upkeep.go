package main

import (
	"context"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/desk/web"
)

// wireCustomers gives the pages what customers, teams and the telephone work with.
func (a *app) wireCustomers(p *web.Parts) {
	a.people = search.NewPeople(filepath.Join(a.cfg.Data, search.PeopleFile), a.feed, a.log)
	a.customers = desk.NewCustomers(a.store, a.documents, a.people, a.search, a.log)
	a.ringing = desk.NewRinging(a.feed, a.log)
	p.Customers, p.Ringing, p.Places = a.customers, a.ringing, desk.NewPlaces(a.store, a.documents)
}

// followPeople keeps who is found and who rings up to date until ctx ends, and
// first goes on with erasures that were interrupted.
func (a *app) followPeople(ctx context.Context) error {
	n, err := desk.Resume(ctx, a.store, time.Now())
	if err != nil && ctx.Err() == nil {
		a.log.Error("an erasure that was interrupted does not go on", "err", err)
	}
	if n > 0 {
		a.log.Info("went on with erasures that were interrupted", "people", n)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.people.Run(ctx) })
	g.Go(func() error { return a.ringing.Run(ctx, time.Now) })
	g.Go(func() error { return a.sweepRecords(ctx) })
	return g.Wait()
}

// recordsEvery is how often records past their time are removed.
const recordsEvery = time.Hour

// sweepRecords removes sessions, links and drafts past their time: nobody reads
// them any more.
func (a *app) sweepRecords(ctx context.Context) error {
	t := time.NewTicker(recordsEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			if _, err := a.store.SweepRecords(ctx, now); err != nil && ctx.Err() == nil {
				a.log.Error("records past their time could not be swept", "err", err)
			}
		}
	}
}
