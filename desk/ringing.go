package desk

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// RingingStore is what following the telephone needs of a store.
type RingingStore interface {
	store.Ledger
	Lookup(ctx context.Context, q store.Query) (store.Found, error)
	Changed() <-chan struct{}
}

// Ring is a telephone call that is going on and not written down yet.
type Ring struct {
	ID      string // the telephone's own id of the call
	At      time.Time
	Address balie.Address // "" when withheld
	Person  balie.Person  // zero: nobody known
	Line    string
}

// Bounds of what is shown of the telephone.
const (
	ringFor     = 15 * time.Minute       // a call that nobody wrote down is forgotten
	ringPause   = 200 * time.Millisecond // between two looks: what comes in a burst is one
	mostRinging = 20
)

// Ringing are the calls that the telephone announced and that are no request
// yet. It is a memory of what the ledger says: after a restart it reads it
// again.
type Ringing struct {
	store RingingStore
	log   *slog.Logger

	mu      sync.Mutex
	rings   []Ring // newest first
	changed chan struct{}
}

// NewRinging returns a silent one.
func NewRinging(s RingingStore, log *slog.Logger) *Ringing {
	return &Ringing{store: s, log: log, changed: make(chan struct{})}
}

// Run follows the telephone until ctx ends.
func (g *Ringing) Run(ctx context.Context, clock func() time.Time) error {
	for ctx.Err() == nil {
		more := g.store.Changed()
		if err := g.look(ctx, clock()); err != nil && ctx.Err() == nil {
			g.log.Error("calls that ring are not seen", "err", err)
		}
		pause(ctx, ringPause)
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
	return nil
}

// look reads what rang lately: one line of the ledger for each event, and which
// of those calls became a request meanwhile.
func (g *Ringing) look(ctx context.Context, now time.Time) error {
	var rings []Ring
	f := store.LedgerFilter{Channel: "phone", Outcome: balie.LedgerHeld, Since: now.Add(-ringFor), Limit: 3 * mostRinging}
	for e, err := range g.store.ListLedger(ctx, f) {
		if err != nil {
			return fmt.Errorf("read what rang: %w", err)
		}
		i := slices.IndexFunc(rings, func(r Ring) bool { return r.ID == e.MsgID })
		if i >= 0 {
			rings[i].At = e.At // the first sign of it
			continue
		}
		if e.MsgID != "" && len(rings) < mostRinging {
			rings = append(rings, Ring{ID: e.MsgID, At: e.At, Address: balie.Address{Scheme: balie.Tel, Value: e.From}, Line: e.Account})
		}
	}
	if len(rings) > 0 {
		var q store.Query
		for _, r := range rings {
			q.Seen = append(q.Seen, "call:"+r.ID)
			if !r.Address.IsZero() {
				q.Addresses = append(q.Addresses, r.Address)
			}
		}
		found, err := g.store.Lookup(ctx, q)
		if err != nil {
			return fmt.Errorf("look up who rang: %w", err)
		}
		rings = slices.DeleteFunc(rings, func(r Ring) bool { _, logged := found.Seen["call:"+r.ID]; return logged })
		for i := range rings {
			rings[i].Person = found.Addresses[rings[i].Address.Key()]
		}
	}
	g.set(rings)
	return nil
}

func (g *Ringing) set(rings []Ring) {
	g.mu.Lock()
	defer g.mu.Unlock()
	same := slices.EqualFunc(g.rings, rings, func(a, b Ring) bool {
		return a.ID == b.ID && a.Person.ID == b.Person.ID && a.Person.Version == b.Person.Version
	})
	g.rings = rings
	if !same {
		close(g.changed)
		g.changed = make(chan struct{})
	}
}

// All are the calls that go on, newest first, for those who may take them.
func (g *Ringing) All(a Actor, now time.Time) []Ring {
	if !a.Can(ActOnRequests) {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Ring
	for _, r := range g.rings {
		if now.Sub(r.At) < ringFor {
			out = append(out, r)
		}
	}
	return out
}

// Changed returns a channel that is closed when a call comes or goes.
func (g *Ringing) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

// Forget drops the person from what rang: they were erased.
func (g *Ringing) Forget(person balie.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.rings {
		if g.rings[i].Person.ID == person {
			g.rings[i].Person, g.rings[i].Address = balie.Person{}, balie.Address{}
		}
	}
}
