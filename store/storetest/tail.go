package storetest

import (
	"context"
	"maps"
	"testing"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// A reader that begins at the tail has counted what came before it, and reads
// what comes behind it.
func tail(t *testing.T, s store.Store) {
	ctx := context.Background()
	at, counts, err := s.Tail(ctx)
	if err != nil || at != "" || len(counts) != 0 {
		t.Fatalf("the tail of an empty store is %q with %v: %v", at, counts, err)
	}
	var m maker
	first, second := m.opened(t), m.opened(t)
	if err := s.Commit(ctx, first, second); err != nil {
		t.Fatal(err)
	}
	at, counts, err = s.Tail(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if want := (map[balie.State]int{first.Request.State: 2}); !maps.Equal(counts, want) {
		t.Errorf("counted %v, want %v", counts, want)
	}
	c := balie.Change{Request: first.Request}
	if err := c.Do(balie.Event{What: balie.ClosedAs, At: m.now(), By: "agent:sanne", Data: map[string]string{"outcome": "spam"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(ctx, c); err != nil {
		t.Fatal(err)
	}
	events, _, err := s.Read(ctx, at, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 1 || events[0].What != balie.ClosedAs {
		t.Errorf("behind the tail is %+v", events)
	}
	_, counts, err = s.Tail(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if want := (map[balie.State]int{second.Request.State: 1, balie.Closed: 1}); !maps.Equal(counts, want) {
		t.Errorf("counted %v, want %v", counts, want)
	}
}
