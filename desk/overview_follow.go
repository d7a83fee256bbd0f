package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/store"
)

// OverviewStore is what the overview needs of a store.
type OverviewStore interface {
	store.Requests
	store.Feed
}

// OverviewOptions are the desk's settings for lists.
type OverviewOptions struct {
	Calendar hours.Calendar // of requests without a product; its zone says when today ends
}

// Overview is all that is open, in memory, and the way to what is closed. Run
// alone changes it; everybody else reads.
type Overview struct {
	store OverviewStore
	brain func() *intake.Brain
	find  *search.Index
	o     OverviewOptions
	log   *slog.Logger

	mu      sync.RWMutex
	open    *board
	total   int // of all requests, closed ones too
	ready   bool
	news    news
	changed chan struct{}

	cursor store.FeedCursor // of Run
}

// NewOverview returns an overview that is empty until Run has read the store.
// find may be nil: then words find nothing.
func NewOverview(s OverviewStore, brain func() *intake.Brain, find *search.Index, o OverviewOptions, log *slog.Logger) *Overview {
	return &Overview{
		store: s, brain: brain, find: find, o: o, log: log,
		open: newBoard(terms{}), news: newNews(time.Now()), changed: make(chan struct{}),
	}
}

// Bounds of a turn of Run.
const (
	overviewEvents   = 1000
	overviewRequests = 256 // read at once
	overviewRetry    = time.Second
	lookAtBrain      = time.Second // how soon a new catalogue is seen
)

// Run reads the store and follows it until ctx ends. What goes wrong is logged
// and tried again: without the newest changes the desk still works.
func (o *Overview) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := o.follow(ctx)
		if ctx.Err() != nil {
			break
		}
		o.log.Error("the overview of open requests stands still", "err", err)
		var invalid *balie.InvalidError
		if errors.As(err, &invalid) { // the feed is not the one it was
			o.mu.Lock()
			o.ready = false
			o.mu.Unlock()
		}
		pause(ctx, overviewRetry)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// follow reads all that is open and then what changes, until something fails.
func (o *Overview) follow(ctx context.Context) error {
	brain := o.brain()
	if err := o.start(ctx, brain); err != nil {
		return err
	}
	look := time.NewTicker(lookAtBrain)
	defer look.Stop()
	for ctx.Err() == nil {
		changed := o.store.Changed()
		more, err := o.turn(ctx)
		if err != nil {
			return err
		}
		if b := o.brain(); b.Catalogue != brain.Catalogue { // promises and teams may be others
			brain = b
			if err := o.load(ctx, brain); err != nil {
				return err
			}
		}
		if more {
			continue
		}
		o.settled()
		select {
		case <-changed:
		case <-look.C:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// start notes where the feed ends and how much there is up to there, and reads
// what is open. Going on after a failure, it keeps its place.
func (o *Overview) start(ctx context.Context, brain *intake.Brain) error {
	if o.Ready() {
		return o.load(ctx, brain)
	}
	cursor, counts, err := o.store.Tail(ctx)
	if err != nil {
		return fmt.Errorf("find the end of the feed: %w", err)
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	if err := o.load(ctx, brain); err != nil {
		return err
	}
	o.cursor = cursor
	o.mu.Lock()
	o.total = total
	o.mu.Unlock()
	return nil
}

// openStates are all but closed.
var openStates = []balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.Planned, balie.AnsweredState}

// load makes a new board of all that is open now, beside the one in use.
func (o *Overview) load(ctx context.Context, brain *intake.Brain) error {
	b := newBoard(newTerms(brain, o.o.Calendar))
	var some []balie.Request
	add := func() error {
		people, err := o.customers(ctx, some)
		if err != nil {
			return err
		}
		for _, r := range some {
			b.set(r, people[r.Customer].Organisation)
		}
		some = some[:0]
		return nil
	}
	for r, err := range o.store.List(ctx, store.Filter{States: openStates, Order: store.ByChanged}) {
		if err != nil {
			return fmt.Errorf("list what is open: %w", err)
		}
		if some = append(some, r); len(some) == overviewRequests {
			if err := add(); err != nil {
				return err
			}
		}
	}
	if err := add(); err != nil {
		return err
	}
	b.sort()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open = b
	return nil
}

func (o *Overview) customers(ctx context.Context, requests []balie.Request) (map[balie.ID]balie.Person, error) {
	var ids []balie.ID
	for _, r := range requests {
		if !r.Customer.IsZero() {
			ids = append(ids, r.Customer)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := o.store.Lookup(ctx, store.Query{People: ids})
	if err != nil {
		return nil, fmt.Errorf("look up customers: %w", err)
	}
	return found.People, nil
}

// turn takes in what the feed has behind the cursor; more: there may be more.
func (o *Overview) turn(ctx context.Context) (more bool, err error) {
	events, next, err := o.store.Read(ctx, o.cursor, overviewEvents)
	if err != nil {
		return false, fmt.Errorf("read the feed from %q: %w", o.cursor, err)
	}
	if len(events) == 0 {
		return false, nil
	}
	var ids []balie.ID
	fresh := map[balie.ID]bool{} // by id: it was opened among these events
	opened := 0
	for _, e := range events {
		if _, ok := fresh[e.Request]; !ok {
			ids = append(ids, e.Request)
			fresh[e.Request] = false
		}
		if e.What == balie.Opened {
			fresh[e.Request] = true
			opened++
		}
	}
	found, err := o.store.Lookup(ctx, store.Query{Requests: ids})
	if err != nil {
		return false, fmt.Errorf("look up what changed: %w", err)
	}
	var all []balie.Request
	for _, id := range ids {
		if r, ok := found.Requests[id]; ok {
			all = append(all, r)
		}
	}
	people, err := o.customers(ctx, all)
	if err != nil {
		return false, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.total += opened
	for _, r := range all {
		o.take(r, people[r.Customer].Organisation)
	}
	o.cursor = next
	o.signal()
	return len(events) == overviewEvents, nil
}

// take puts one request as it is now on the board, and notes what that means.
func (o *Overview) take(r balie.Request, org string) {
	was := o.open.has(r.ID)
	c := RequestChange{Request: r.ID, Version: r.Version, What: RequestChanged}
	switch {
	case r.State == balie.Closed:
		o.open.remove(r.ID)
		c.What = RequestClosed
	case !was:
		c.What = RequestOpened
	}
	if r.State != balie.Closed {
		o.open.set(r, org)
	}
	o.news.add(c, teamsOf(r, false))
}

func (o *Overview) settled() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ready {
		o.ready = true
		o.signal()
	}
}

func (o *Overview) signal() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// Ready reports whether all that is open has been read: before that, counts
// are too low.
func (o *Overview) Ready() bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.ready
}

// Changed returns a channel that is closed at the next change of the overview.
func (o *Overview) Changed() <-chan struct{} {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.changed
}

// Since are the changes behind a version that the actor may know of, oldest
// first and each request once, and the version after them. false: they are
// forgotten, read the page again.
func (o *Overview) Since(a Actor, version uint64) ([]RequestChange, uint64, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.news.since(a, version)
}

// mostNews is how many changes are remembered: a page that was away for longer
// reads itself again.
const mostNews = 4096

// news are the latest changes, numbered. The first number is the time of the
// start, so that a page of an earlier start is not taken for one of this.
type news struct {
	ring  []newsItem
	first uint64 // number of the oldest in ring
	next  uint64
}

type newsItem struct {
	change RequestChange
	teams  []string // that have or had it
}

func newNews(start time.Time) news {
	n := uint64(start.UnixMicro())
	return news{first: n, next: n}
}

func (n *news) add(c RequestChange, teams []string) {
	i := int(n.next % mostNews)
	if len(n.ring) < mostNews && n.ring == nil {
		n.ring = make([]newsItem, mostNews)
	}
	n.ring[i] = newsItem{c, teams}
	n.next++
	if n.next-n.first > mostNews {
		n.first = n.next - mostNews
	}
}

func (n *news) since(a Actor, version uint64) ([]RequestChange, uint64, bool) {
	if version < n.first || version > n.next {
		return nil, n.next, false
	}
	last := map[balie.ID]uint64{}
	for i := version; i < n.next; i++ {
		last[n.ring[i%mostNews].change.Request] = i
	}
	var out []RequestChange
	for i := version; i < n.next; i++ {
		item := n.ring[i%mostNews]
		if last[item.change.Request] == i && a.seesTeams(item.teams) {
			out = append(out, item.change)
		}
	}
	return out, n.next, true
}
