package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Store is what a Book needs of a store.
type Store interface {
	store.Feed
	store.Documents
	Events(ctx context.Context, request balie.ID, after uint64) ([]balie.Event, error)
	List(ctx context.Context, f store.Filter) iter.Seq2[balie.Request, error]
	Instance() string
}

// Options of a Book.
type Options struct {
	Calendar string // the desk's own, of the catalogue; "" is the one that stands first
	Log      *slog.Logger
}

var errNotYet = errors.New("not there")

// File is the name of a book beside its store.
const File = "report.db"

// Book is the facts of all requests, in a file of its own.
type Book struct {
	store Store
	o     Options
}

// Open opens the book of a store, or makes one: then Follow fills it.
func Open(path string, s Store, o Options) (*Book, error) { return nil, fmt.Errorf("open %s: %w", path, errNotYet) }

// Close lets go of the file. No other call may run.
func (b *Book) Close() error { return nil }

// Follow keeps the book up to date until ctx ends.
func (b *Book) Follow(ctx context.Context) error { return errNotYet }

// CatchUp folds all that has happened until now.
func (b *Book) CatchUp(ctx context.Context) error { return errNotYet }

// Behind is how far the book is behind what happened.
func (b *Book) Behind(now time.Time) time.Duration { return 0 }

// Facts gives the facts of all requests that were opened in a period, oldest
// first, each as it is now.
func (b *Book) Facts(ctx context.Context, p Period, scope Scope) iter.Seq2[Fact, error] { return nil }

// Factsheet reckons the figures of a period against a plan.
func (b *Book) Factsheet(ctx context.Context, plan Plan, p Period, scope Scope, now time.Time) (Factsheet, error) {
	return Factsheet{}, errNotYet
}

// Today reckons the figures of the day so far.
func (b *Book) Today(ctx context.Context, now time.Time) (Today, error) { return Today{}, errNotYet }

// By is what requests are counted by.
type By string

// What Counts counts by.
const (
	ByProduct      By = "product"
	ByPlace        By = "place"
	ByCustomer     By = "customer" // a person's id
	ByOrganisation By = "organisation"
	ByChannel      By = "channel"
)

// Counts are the requests opened on each day from one until another, not
// included, by what they are of: as many numbers as days. Duplicates and spam
// do not count.
func (b *Book) Counts(ctx context.Context, by By, from, to time.Time) (map[string][]int, error) {
	return nil, errNotYet
}
