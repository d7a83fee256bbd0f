package simulate

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// earlier is a store whose first documents are as old as the simulation.
type earlier struct {
	*boltstore.DB
	from time.Time
}

// PutDocument dates what setup writes.
func (e earlier) PutDocument(ctx context.Context, d store.Document, base int) (int, error) {
	if d.By == "setup" {
		d.At = e.from
	}
	return e.DB.PutDocument(ctx, d, base)
}

// counts are the requests a day, from the book of reports.
type counts struct{ w *world }

var counted = map[string]report.By{
	progress.AboutProduct: report.ByProduct, progress.AboutPlace: report.ByPlace, progress.AboutCustomer: report.ByCustomer,
}

// Daily counts requests by product, place or customer. Customers are named by
// what they call themselves: their ids differ in every run.
func (c counts) Daily(ctx context.Context, about string, from, to time.Time) ([]progress.Series, error) {
	all, err := c.w.book.Counts(ctx, counted[about], from, to)
	if err != nil {
		return nil, err
	}
	cat := c.w.lib.Brain().Catalogue
	var out []progress.Series
	for _, id := range slices.Sorted(maps.Keys(all)) {
		s := progress.Series{ID: id, Name: id, Days: all[id]}
		switch about {
		case progress.AboutProduct:
			if p, ok := cat.Product(id); ok {
				s.Name = p.Name("nl")
			}
		case progress.AboutCustomer:
			if who, err := balie.ParseID(id); err == nil {
				p, err := c.w.db.Person(ctx, who)
				if err != nil {
					return nil, err
				}
				s.Name = p.Name
			}
		}
		out = append(out, s)
	}
	return out, nil
}
