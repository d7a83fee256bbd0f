package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/balie/balie"
)

// Follow gives take all that a feed has behind a place, in order and at most
// limit events at a time, until ctx ends or something fails. No events: that
// was all for now. Whoever keeps what it makes of events keeps next with it, in
// the same transaction, and goes on from there; whoever was kept from it by an
// error begins again where it was.
//
//	err := store.Follow(ctx, feed, cursor, 500, func(ctx context.Context, events []balie.Event, next store.FeedCursor) error {
//		…
//	})
//
// feed is best one whose Changed is a Gate's: then all followers read the same
// events at the same time, and the store decodes them once.
func Follow(ctx context.Context, feed Feed, at FeedCursor, limit int, take func(ctx context.Context, events []balie.Event, next FeedCursor) error) error {
	for ctx.Err() == nil {
		changed := feed.Changed() // before reading: what comes meanwhile wakes it
		events, next, err := feed.Read(ctx, at, limit)
		if err != nil {
			return fmt.Errorf("read the feed from %q: %w", at, err)
		}
		if len(events) > 0 {
			if err := take(ctx, events, next); err != nil {
				return err
			}
			at = next
		}
		if len(events) == limit {
			continue
		}
		if err := take(ctx, nil, at); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// Gate wakes all that follow a feed together: at once when it was quiet, and no
// more often than its pause while much comes in. So a burst of commits is one
// turn for each of them, and not one for each commit.
type Gate struct {
	feed  interface{ Changed() <-chan struct{} }
	pause time.Duration

	mu      sync.Mutex
	changed chan struct{}
}

// NewGate returns a gate that opens while Run runs.
func NewGate(feed interface{ Changed() <-chan struct{} }, pause time.Duration) *Gate {
	return &Gate{feed: feed, pause: pause, changed: make(chan struct{})}
}

// Changed returns a channel that is closed after the next commit.
func (g *Gate) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

// Run opens the gate at commits until ctx ends.
func (g *Gate) Run(ctx context.Context) error {
	for {
		changed := g.feed.Changed() // before it opens: a commit after this opens it again
		g.open()
		opened := time.Now()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
		t := time.NewTimer(g.pause - time.Since(opened))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
}

func (g *Gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.changed)
	g.changed = make(chan struct{})
}
