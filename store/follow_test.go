package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// numbers is a feed of numbered events.
type numbers struct {
	mu      sync.Mutex
	n       uint64
	changed chan struct{}
	reads   int
}

func (f *numbers) add(n uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n += n
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *numbers) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

func (f *numbers) Tail(context.Context) (store.FeedCursor, map[balie.State]int, error) {
	return "", nil, nil
}

func (f *numbers) Read(_ context.Context, after store.FeedCursor, limit int) ([]balie.Event, store.FeedCursor, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	at, err := strconv.ParseUint(string("0"+after), 10, 64)
	if err != nil {
		return nil, after, err
	}
	var out []balie.Event
	for len(out) < limit && at < f.n {
		at++
		out = append(out, balie.Event{Seq: at})
	}
	return out, store.FeedCursor(fmt.Sprint(at)), nil
}

// gated is a feed behind a gate.
type gated struct {
	*numbers
	gate *store.Gate
}

func (g gated) Changed() <-chan struct{} { return g.gate.Changed() }

// TestAFollowerBehindAGateMissesNothing: commits come at any moment, also while
// the gate waits, and each event is taken once and in order.
func TestAFollowerBehindAGateMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &numbers{changed: make(chan struct{})}
		g := gated{f, store.NewGate(f, 100*time.Millisecond)}
		var got []uint64
		caught := 0
		var all sync.WaitGroup
		all.Go(func() { _ = g.gate.Run(ctx) })
		all.Go(func() {
			_ = store.Follow(ctx, g, "", 3, func(_ context.Context, events []balie.Event, _ store.FeedCursor) error {
				if len(events) == 0 {
					caught++
				}
				for _, e := range events {
					got = append(got, e.Seq)
				}
				return nil
			})
		})
		const bursts, each = 50, 7
		for i := range bursts {
			f.add(each)
			time.Sleep(time.Duration(i) * time.Millisecond)
		}
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		var want []uint64
		for i := range uint64(bursts * each) {
			want = append(want, i+1)
		}
		if !slices.Equal(got, want) {
			t.Errorf("took %v", got)
		}
		if caught > 20 {
			t.Errorf("in 1.4 s it was woken %d times: no gate", caught)
		}
		before := time.Now()
		reads := f.reads
		f.add(1)
		synctest.Wait()
		if f.reads == reads || time.Since(before) > 0 {
			t.Error("when it was quiet the first commit waits")
		}
		cancel()
		all.Wait()
	})
}

// TestFollowEndsWithWhatItsFollowerSays: where it was is the follower's to know.
func TestFollowEndsWithWhatItsFollowerSays(t *testing.T) {
	f := &numbers{changed: make(chan struct{}), n: 5}
	broken := errors.New("disk")
	err := store.Follow(t.Context(), f, "2", 2, func(_ context.Context, events []balie.Event, next store.FeedCursor) error {
		if events[0].Seq != 3 || next != "4" {
			t.Errorf("began at %d, then %s", events[0].Seq, next)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}
