package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Bounds of what is known of hits.
const (
	hitDays   = 90              // how far back days are counted
	hitBatch  = 500             // events read at a time
	hitSave   = time.Minute     // between two times of writing the counts down
	hitWait   = 2 * time.Second // for the last time of writing, at the end
	trendDays = 14
	monthDays = 30
)

// The record that counts are kept in between two runs.
const (
	hitsKind = "rulehits"
	hitsKey  = "all"
)

// RuleHits is how often a rule matched.
type RuleHits struct {
	Month int            // in the last 30 days
	Trend [trendDays]int // in each of the last 14, today last
	Last  time.Time      // zero: not in the last 90 days
}

// Hits says of each rule by its id how often it matched; a rule that never did
// is not there. It reads no store.
func (r *Rules) Hits(now time.Time) map[string]RuleHits { return r.hits.seen(now) }

// hitStore is what counting hits needs of a store.
type hitStore interface {
	store.Feed
	Commit(ctx context.Context, c ...balie.Change) error
	Record(ctx context.Context, kind, key string) (balie.Record, error)
}

// ruleDays is how often one rule matched on each day.
type ruleDays struct {
	Last time.Time     `json:"last"`
	Days map[int64]int `json:"days"`
}

// hitBook counts decisions from the feed as they come. It is all in memory,
// and written down now and then with the place in the feed it belongs to, so
// that a start goes on where the last run ended.
type hitBook struct {
	store hitStore
	zone  *time.Location

	mu     sync.Mutex
	cursor store.FeedCursor
	rules  map[string]*ruleDays
	dirty  bool
}

func newHitBook(s hitStore, zone *time.Location) *hitBook {
	return &hitBook{store: s, zone: zone, rules: map[string]*ruleDays{}}
}

// storedHits is a hitBook in its record.
type storedHits struct {
	Cursor store.FeedCursor     `json:"cursor"`
	Zone   string               `json:"zone"` // days are those of this zone
	Rules  map[string]*ruleDays `json:"rules"`
}

// day numbers the days in the desk's zone.
func (b *hitBook) day(t time.Time) int64 {
	y, m, d := t.In(b.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}

func (b *hitBook) seen(now time.Time) map[string]RuleHits {
	today := b.day(now)
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[string]RuleHits, len(b.rules))
	for id, r := range b.rules {
		h := RuleHits{Last: r.Last}
		for day, n := range r.Days {
			ago := today - day
			if ago >= 0 && ago < monthDays {
				h.Month += n
			}
			if ago >= 0 && ago < trendDays {
				h.Trend[trendDays-1-ago] += n
			}
		}
		out[id] = h
	}
	return out
}

// run reads the feed until ctx ends.
func (b *hitBook) run(ctx context.Context, log *slog.Logger) error {
	if err := b.load(ctx); err != nil {
		return err
	}
	saved := time.Now()
	for {
		changed := b.store.Changed()
		n, err := b.step(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			log.Warn("rule hits: the feed could not be read", "err", err)
		}
		if time.Since(saved) > hitSave {
			if err := b.save(ctx); err != nil && ctx.Err() == nil {
				log.Warn("rule hits: the counts could not be written down", "err", err)
			}
			saved = time.Now()
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-changed:
		case <-time.After(hitSave):
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), hitWait)
			defer cancel()
			if err := b.save(end); err != nil {
				log.Warn("rule hits: the counts could not be written down", "err", err)
			}
			return nil
		}
	}
}

// step reads on in the feed and says how many events there were.
func (b *hitBook) step(ctx context.Context, now time.Time) (int, error) {
	b.mu.Lock()
	cursor := b.cursor
	b.mu.Unlock()
	events, next, err := b.store.Read(ctx, cursor, hitBatch)
	if err != nil {
		return 0, fmt.Errorf("read the feed: %w", err)
	}
	if len(events) == 0 {
		return 0, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	oldest := b.day(now) - hitDays
	for _, e := range events {
		if e.Decision != nil {
			b.count(e, oldest)
		}
	}
	b.cursor, b.dirty = next, true
	return len(events), nil
}

// count adds one decision; days that are too old are dropped.
func (b *hitBook) count(e balie.Event, oldest int64) {
	day := b.day(e.At)
	if day < oldest {
		return
	}
	for _, id := range e.Decision.Matched {
		r := b.rules[id]
		if r == nil {
			r = &ruleDays{Days: map[int64]int{}}
			b.rules[id] = r
		}
		r.Days[day]++
		if e.At.After(r.Last) {
			r.Last = e.At
		}
	}
}

// load goes on where the last run wrote its counts down. Counts that cannot be
// read, or are of another zone, are made again from the feed.
func (b *hitBook) load(ctx context.Context) error {
	rec, err := b.store.Record(ctx, hitsKind, hitsKey)
	if errors.Is(err, balie.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the hits of the rules: %w", err)
	}
	var in storedHits
	if json.Unmarshal(rec.Body, &in) != nil || in.Zone != b.zone.String() || in.Rules == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cursor, b.rules = in.Cursor, in.Rules
	return nil
}

func (b *hitBook) save(ctx context.Context) error {
	body, err := b.body(time.Now())
	if body == nil || err != nil {
		return err
	}
	if err := b.store.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: hitsKind, Key: hitsKey, Body: body}}}); err != nil {
		return fmt.Errorf("write the hits of the rules: %w", err)
	}
	return nil
}

// body is the counts to write down, without old days; nil when nothing changed.
func (b *hitBook) body(now time.Time) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.dirty {
		return nil, nil
	}
	b.dirty = false
	oldest := b.day(now) - hitDays
	for id, r := range b.rules {
		maps.DeleteFunc(r.Days, func(day int64, _ int) bool { return day < oldest })
		if len(r.Days) == 0 {
			delete(b.rules, id)
		}
	}
	return json.Marshal(storedHits{b.cursor, b.zone.String(), b.rules})
}
