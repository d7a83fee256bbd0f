package main

import (
	"time"

	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// gatePause is how often at most those who follow the feed look at it while
// much comes in. Pages that show what changes gather it for longer.
const gatePause = 100 * time.Millisecond

// feed is the store for whoever follows what happens on requests: lists, search,
// figures, timers, webhooks. They wake together and share what is decoded, so
// that one more costs little. Whoever must know at once uses the store itself.
type feed struct {
	*boltstore.DB
	*store.Gate
}

func newFeed(db *boltstore.DB) feed { return feed{db, store.NewGate(db, gatePause)} }

// Changed returns a channel that is closed soon after the next commit.
func (f feed) Changed() <-chan struct{} { return f.Gate.Changed() }
