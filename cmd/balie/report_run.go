package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/balie/balie/config"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store/boltstore"
)

// runReports sends factsheets by mail until ctx ends.
func (a *app) runReports(ctx context.Context) error {
	clock := a.clock
	if clock == nil {
		clock = time.Now
	}
	return a.reports.Run(ctx, clock)
}

// reportsAlone are the figures of a store that no balie serves: opened when
// they are first asked for, and brought up to date.
type reportsAlone struct {
	get  func() (*desk.Reports, error)
	book *report.Book
}

func newReportsAlone(cfg config.Config, db *boltstore.DB, library func() (*desk.Library, error), log *slog.Logger) *reportsAlone {
	r := &reportsAlone{}
	r.get = sync.OnceValues(func() (*desk.Reports, error) {
		lib, err := library()
		if err != nil {
			return nil, err
		}
		book, err := report.Open(filepath.Join(cfg.Data, report.File), db, report.Options{Calendar: cfg.Desk.Calendar, Log: log})
		if err != nil {
			return nil, err
		}
		r.book = book
		if err := book.CatchUp(context.Background()); err != nil {
			return nil, err
		}
		return desk.NewReports(db, book, lib, nil, desk.ReportsOptions{
			Calendar: book.Calendar(context.Background()), Name: lib.Brain().Catalogue.Organisation, CSS: ui.Stylesheet(), PublicURL: cfg.PublicURL, Log: log,
		}), nil
	})
	return r
}

// close lets go of the book; nothing asks any more.
func (r *reportsAlone) close() error {
	if r.book == nil {
		return nil
	}
	return r.book.Close()
}
