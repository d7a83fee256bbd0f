package search

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/balie/balie"
)

// TestTheIndexIsNeverFarBehind: what came is written down when it is calm, a
// second after it came while it is little, and after five whatever comes.
func TestTheIndexIsNeverFarBehind(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	events := func(n int) []balie.Event {
		var out []balie.Event
		for range n {
			out = append(out, balie.Event{Request: balie.NewID(noon), What: balie.Opened})
		}
		return out
	}
	for _, c := range []struct {
		what  string
		n     int           // requests at noon
		more  int           // and every 100 ms after it
		lasts time.Duration // how long
		due   time.Duration // then
		erase bool
	}{
		{what: "one, just now", n: 1, due: calm},
		{what: "one, and then little more", n: 1, more: 1, lasts: 900 * time.Millisecond, due: 100 * time.Millisecond},
		{what: "much", n: 100, more: 20, lasts: 2 * time.Second, due: calm},
		{what: "much for long", n: 100, more: 20, lasts: 4900 * time.Millisecond, due: 100 * time.Millisecond},
		{what: "too much", n: tooMany, due: 0},
		{what: "an erased person", n: 1, erase: true, due: 0},
	} {
		w := &waiting{}
		w.add(events(c.n), "1", noon)
		now := noon
		for now.Sub(noon) < c.lasts {
			now = now.Add(100 * time.Millisecond)
			w.add(events(c.more), "2", now)
		}
		if c.erase {
			w.add([]balie.Event{{What: balie.Erased}}, "3", now)
		}
		if got := w.due(now); got != c.due {
			t.Errorf("%s: due in %s, want %s", c.what, got, c.due)
		}
	}
	if (&waiting{}).due(noon) < time.Minute {
		t.Error("nothing is due soon")
	}
}

// TestWhatChangesWhileMuchIsWrittenDownIsFound: a request that was written with
// the first piece and closed before the last is found as closed.
func TestWhatChangesWhileMuchIsWrittenDownIsFound(t *testing.T) {
	d := newDesk(t, t.TempDir())
	defer d.close(t)
	d.settle(t)
	d.halt(t)
	var opened []balie.Change
	for range turnRequests + 50 {
		c := d.opened("Jan", "lekkage", "water", nil)
		d.commit(t, c)
		opened = append(opened, c)
	}
	ctx := t.Context()
	x := New(filepath.Join(d.dir, File), d.db, slog.New(slog.DiscardHandler))
	if err := x.start(); err != nil {
		t.Fatal(err)
	}
	defer x.close()
	d.x = x
	w := &waiting{at: x.cursor()}
	read := func() {
		if _, err := x.gather(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	write := func() {
		if err := x.writeDown(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	read()
	write()
	if !w.any() || len(w.ids) != 50 {
		t.Fatalf("%d of %d wait after the first piece", len(w.ids), len(opened))
	}
	first := opened[0].Request
	d.does(t, first.ID, balie.Event{What: balie.ClosedAs, Data: map[string]string{"outcome": string(balie.Spam)}}, 0, "")
	for read(); w.any(); {
		write()
	}
	if got := d.refs(t, Who{Me: "sanne"}, "is:gesloten lekkage"); !slices.Equal(got, []string{first.Ref}) {
		t.Errorf("closed ones: %v, want %s", got, first.Ref)
	}
	if at, _, err := d.db.Tail(ctx); err != nil || x.cursor() != at {
		t.Errorf("it stands at %s of %s: %v", x.cursor(), at, err)
	}
}
