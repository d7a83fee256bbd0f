package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
)

// wireReports opens the facts of reports beside the store, and makes what shows
// figures of them.
func (a *app) wireReports(context.Context) error {
	if !a.trial { // the file is of the one that runs
		var err error
		a.book, err = report.Open(filepath.Join(a.cfg.Data, report.File), a.store, report.Options{Calendar: a.cfg.Desk.Calendar, Log: a.log})
		if err != nil {
			return err
		}
	}
	a.reports = desk.NewReports(a.store, a.book, a.documents, a.letters(), desk.ReportsOptions{
		Calendar: a.calendar(), Name: a.documents.Brain().Catalogue.Organisation, CSS: ui.Stylesheet(), PublicURL: a.cfg.PublicURL, Log: a.log,
	})
	return nil
}

// closeReports lets go of the facts; nothing follows or asks any more.
func (a *app) closeReports() error {
	if a.book == nil {
		return nil
	}
	return a.book.Close()
}

// traffic is how much comes in, for who looks for more than usual.
type traffic struct{ a *app }

// Daily counts requests by day.
func (t traffic) Daily(ctx context.Context, about string, from, to time.Time) ([]progress.Series, error) {
	by, ok := map[string]report.By{progress.AboutProduct: report.ByProduct, progress.AboutPlace: report.ByPlace, progress.AboutCustomer: report.ByOrganisation}[about]
	if !ok {
		return nil, fmt.Errorf("count requests by %q: %w", about, balie.ErrNotFound)
	}
	if err := t.a.book.CatchUp(ctx); err != nil {
		return nil, err
	}
	all, err := t.a.book.Counts(ctx, by, from, to)
	if err != nil {
		return nil, err
	}
	out := make([]progress.Series, 0, len(all))
	for id, days := range all {
		out = append(out, progress.Series{ID: id, Name: t.name(about, id), Days: days})
	}
	slices.SortFunc(out, func(x, y progress.Series) int { return cmp.Compare(x.ID, y.ID) })
	return out, nil
}

// name is what people call it.
func (t traffic) name(about, id string) string {
	b := t.a.documents.Brain()
	switch about {
	case progress.AboutProduct:
		if p, ok := b.Catalogue.Product(id); ok {
			return p.Name(t.a.cfg.Desk.Language)
		}
	case progress.AboutCustomer:
		for _, o := range b.Organisations {
			if o.ID == id {
				return o.Name
			}
		}
	}
	return id
}
