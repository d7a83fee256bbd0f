package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/store/boltstore"
)

// Load of the rounds: how many clients of each kind, and what each waits
// between two items, so that some thousands come in within the minutes.
var (
	clients = map[string]int{"api": 4, "form": 2, "phone": 2, "slack": 2, "mail": 1}
	between = 15 * time.Millisecond
)

// longestLife is how long a process may live; a start takes half a second, so
// that some die while they start.
const longestLife = 1500 * time.Millisecond

// killed kills a balie at random moments under mixed load, lets it end its
// work and judges.
func killed(ctx context.Context, dir, bin string, rounds int, rng *rand.Rand) (*world, *verdict, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	w, err := newWorld(dir, bin)
	if err != nil {
		return nil, nil, err
	}
	defer w.close()
	work, stop := w.load(ctx)
	for range rounds {
		if err := w.die(ctx, time.Duration(rng.Int64N(int64(longestLife)))); err != nil {
			stop()
			return nil, nil, errors.Join(err, work())
		}
	}
	stop() // no new items; each client still insists on the one it has
	if err := w.run(ctx, func() error { return errors.Join(work(), w.allTaken(ctx)) }); err != nil {
		return nil, nil, err
	}
	if err := w.drain(ctx); err != nil {
		return nil, nil, err
	}
	v, err := w.judge(ctx)
	return w, v, err
}

// die runs a balie for a while and kills it. One that ends by itself is an
// error: nothing here gives it a reason.
func (w *world) die(ctx context.Context, after time.Duration) error {
	p, err := w.site.Launch(w.bin)
	if err != nil {
		return err
	}
	t := time.NewTimer(after)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-p.Done():
		return fmt.Errorf("balie ended by itself: %v; see %s", p.Err(), w.site.LogFile())
	}
	p.Kill()
	w.noteEnd()
	return ctx.Err()
}

// load starts the clients. stop keeps them from new items; wait returns when
// the items under way are acknowledged.
func (w *world) load(ctx context.Context) (wait func() error, stop func()) {
	g, gctx := errgroup.WithContext(ctx)
	ended := make(chan struct{})
	for kind, many := range clients {
		send := w.senders()[kind]
		for c := range many {
			g.Go(func() error {
				for n := c; ; n += many {
					if err := send(gctx, n); err != nil {
						return fmt.Errorf("hand in %s %d: %w", kind, n, err)
					}
					select {
					case <-ended:
						return nil
					case <-time.After(between):
					}
				}
			})
		}
	}
	return g.Wait, sync.OnceFunc(func() { close(ended) })
}

// drainTime bounds each wait at the end.
const drainTime = 60 * time.Second

// lastOnesNumber is where the mails begin that only show that those before
// them were read.
const lastOnesNumber = 1_000_000

// allTaken waits until a running balie has read the mailbox to its end: a mail
// behind all others is answered. There are two, because a mail server may
// number mails that came at once in another order.
func (w *world) allTaken(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	for range 2 {
		n := lastOnesNumber + w.lastMails
		w.lastMails++
		if err := w.post(ctx, n); err != nil {
			return err
		}
		if _, err := w.mail.Wait(ctx, fmt.Sprintf("mail-%d@klant.example", n), 1); err != nil {
			return fmt.Errorf("wait until the mailbox is read: %w", err)
		}
	}
	return nil
}

// drain starts balie as often as letters wait, as if the leases of those who
// died had run out: they last longer than anybody likes to watch.
func (w *world) drain(ctx context.Context) error {
	for range 5 {
		left, err := w.expire(ctx)
		if err != nil || left == 0 {
			return err
		}
		if err := w.run(ctx, func() error { return w.untilTried(ctx, left) }); err != nil {
			return err
		}
	}
	return nil // what still waits is for judge
}

// expire makes every letter that waits due now and returns how many do.
func (w *world) expire(ctx context.Context) (int, error) {
	db, err := boltstore.Open(w.site.Data(), boltstore.Options{MinFree: -1})
	if err != nil {
		return 0, fmt.Errorf("open the store to let leases run out: %w", err)
	}
	defer db.Close()
	n := 0
	for _, s := range []balie.Status{balie.Pending, balie.Leased} { // in this order: leased ones become pending
		all, err := db.ListDeliveries(ctx, s, 0)
		if err != nil {
			return n, err
		}
		n += len(all)
		for _, d := range all {
			d.Status, d.Due, d.LeasedUntil = balie.Pending, time.Now(), time.Time{}
			if err := db.Commit(ctx, balie.Change{Deliveries: []balie.Delivery{d}}); err != nil {
				return n, fmt.Errorf("let a lease run out: %w", err)
			}
		}
	}
	return n, nil
}

// untilTried waits until a balie tried to send n letters since its start.
func (w *world) untilTried(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	for {
		tried, err := w.site.Counted("balie_dispatch_deliveries_total", "")
		if err != nil || tried >= n {
			return err
		}
		if err := pause(ctx, soon); err != nil {
			return fmt.Errorf("wait until %d letters were tried, %d were: %w", n, tried, err)
		}
	}
}
