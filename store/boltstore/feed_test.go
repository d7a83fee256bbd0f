package boltstore

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// fed commits requests with n further events each, of words of a size.
func fed(t *testing.T, db *DB, requests, n, size int) []balie.Request {
	t.Helper()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var out []balie.Request
	var all []balie.Change
	for i := range requests {
		r := balie.Request{ID: balie.NewID(noon)}
		var c balie.Change
		do := func(e balie.Event) {
			e.Request, e.Seq, e.At, e.By = r.ID, r.Version+1, noon.Add(time.Duration(i)*time.Second), "router"
			var err error
			if r, err = r.Apply(e); err != nil {
				t.Fatal(err)
			}
			c.Events = append(c.Events, e)
		}
		do(balie.Event{What: balie.Opened, Data: map[string]string{"ref": fmt.Sprintf("R%05d-A", i), "channel": "email"}})
		do(balie.Event{What: balie.ToDesk})
		for j := range n {
			do(balie.Event{What: balie.Tagged, Data: map[string]string{"add": fmt.Sprint("t", j)},
				Decision: &balie.Decision{Facts: balie.Facts{Message: balie.MessageFacts{Text: strings.Repeat("w", size)}}}})
		}
		c.Request = r
		out, all = append(out, r), append(all, c)
	}
	if err := db.Commit(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFollowersOfOneFeedReadTheSame: several read at the same time from
// different places in pieces of different size, and each gets what the events
// of the requests are, also of what is too long or too long ago to be kept.
func TestFollowersOfOneFeedReadTheSame(t *testing.T) {
	db := openTest(t, t.TempDir())
	requests := fed(t, db, 900, 4, 40)
	requests = append(requests, fedLong(t, db)...)
	var want []balie.Event
	for _, r := range requests {
		events, err := db.Events(t.Context(), r.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, events...)
	}
	var all sync.WaitGroup
	for _, limit := range []int{1, 7, 100, 500, 1000, 5000} {
		all.Go(func() {
			var got []balie.Event
			ctx, cancel := context.WithCancel(t.Context())
			_ = store.Follow(ctx, db, "", limit, func(_ context.Context, events []balie.Event, _ store.FeedCursor) error {
				if got = append(got, events...); len(events) == 0 {
					cancel()
				}
				return nil
			})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("in pieces of %d: %d events, want %d, or other ones", limit, len(got), len(want))
			}
		})
	}
	all.Wait()
	if n := len(db.recent.at); n == 0 || n > recentEvents || db.recent.bytes > recentBytes {
		t.Errorf("%d events of %d bytes are kept", n, db.recent.bytes)
	}
	db.Rest()
	if got, _, err := db.Read(t.Context(), store.FeedCursor(fmt.Sprint(len(want)-3)), 0); err != nil || !reflect.DeepEqual(got, want[len(want)-3:]) {
		t.Errorf("after a rest the last three are %v, %v", got, err)
	}
}

// fedLong adds long events, and one that is too long to be kept.
func fedLong(t *testing.T, db *DB) []balie.Request {
	t.Helper()
	noon := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	r := balie.Request{ID: balie.NewID(noon)}
	var c balie.Change
	for i, size := range []int{0, 9000, 9000, recentLong, 10} {
		e := balie.Event{Request: r.ID, Seq: uint64(i + 1), At: noon, By: "router", What: balie.Tagged, Data: map[string]string{"add": fmt.Sprint("l", i)},
			Decision: &balie.Decision{Facts: balie.Facts{Message: balie.MessageFacts{Text: strings.Repeat("w", size)}}}}
		switch i {
		case 0:
			e.What, e.Data, e.Decision = balie.Opened, map[string]string{"ref": "L00001-A", "channel": "email"}, nil
		case 1:
			e.What, e.Data = balie.ToDesk, nil
		}
		var err error
		if r, err = r.Apply(e); err != nil {
			t.Fatal(err)
		}
		c.Events = append(c.Events, e)
	}
	c.Request = r
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return []balie.Request{r}
}

// TestWhatAFollowerDoesToAnEventIsItsOwn: the next one reads it as it was.
func TestWhatAFollowerDoesToAnEventIsItsOwn(t *testing.T) {
	db := openTest(t, t.TempDir())
	fed(t, db, 3, 1, 10)
	first, _, err := db.Read(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range first {
		for k := range e.Data {
			e.Data[k] = "mine"
		}
	}
	second, _, err := db.Read(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range second {
		if e.Data["add"] == "mine" || e.Data["ref"] == "mine" {
			t.Errorf("event %d of %s has another reader's words: %v", e.Seq, e.Request, e.Data)
		}
	}
}
