package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"strconv"
	"sync"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// defaultPage is how many events Read gives when the limit is 0.
const defaultPage = 1000

// Read gives the events behind a cursor in the order of their commits. Several
// follow the feed at the same time, close behind its end: what one of them had
// decoded the others get too.
func (d *DB) Read(ctx context.Context, after store.FeedCursor, limit int) ([]balie.Event, store.FeedCursor, error) {
	n, err := parseCursor(after)
	if err != nil {
		return nil, after, err
	}
	if limit <= 0 {
		limit = defaultPage
	}
	var out []balie.Event
	err = d.view(ctx, func(r *reader) error {
		var end uint64
		c := r.bucket(kindFeed).Cursor()
		if last, _ := c.Last(); len(last) == 8 {
			end = binary.BigEndian.Uint64(last)
		}
		if end < n {
			return &balie.InvalidError{Field: "cursor", Problem: fmt.Sprintf("the feed has no event %d", n),
				Fix: "read again from the beginning: the store was put back from a backup"}
		}
		if end == n {
			return nil
		}
		announced := r.announced
		if end-n <= recentEvents { // whoever comes second waits for the first, and decodes nothing
			d.recent.Lock()
			defer d.recent.Unlock()
			announced = func(key, rec []byte) (balie.Event, error) { return d.recent.announced(r, key, rec) }
		}
		out = make([]balie.Event, 0, min(uint64(limit), end-n))
		for k, v := c.Seek(numberKey(n + 1)); k != nil && len(out) < limit; k, v = c.Next() {
			if want := numberKey(n + 1); !bytes.Equal(k, want) {
				return damaged(kindFeed, want, "is missing")
			}
			e, err := announced(k, v)
			if err != nil {
				return err
			}
			out = append(out, e)
			n++
		}
		return nil
	})
	if err != nil {
		return nil, after, err
	}
	if n == 0 {
		return out, "", nil
	}
	return out, store.FeedCursor(strconv.FormatUint(n, 10)), nil
}

// announced is the event a place in the feed names.
func (r *reader) announced(key, rec []byte) (balie.Event, error) {
	at, err := unseal(kindFeed, key, rec)
	if err != nil {
		return balie.Event{}, err
	}
	return readEvent(at, r.get(kindEvent, at))
}

// Bounds of what is kept decoded of the end of the feed: a second and more of
// all that a machine can take in, for those who gather before they look. A
// longer event is decoded by each that reads it.
const (
	recentEvents = 4096
	recentBytes  = 4 << 20  // of records; decoded it is about as much again
	recentLong   = 16 << 10 // of one record
)

// recent are the last events as they were decoded. An entry counts only for a
// record that is byte for byte the one it was decoded from: what an Erase has
// written anew is decoded anew.
type recent struct {
	sync.Mutex
	at    map[uint64]decoded // by place in the feed
	first uint64             // place of the oldest
	next  uint64             // place behind the newest
	bytes int
}

type decoded struct {
	key   []byte // of the event
	sum   uint32
	size  int
	event balie.Event
}

// announced is the event a place names, decoded once.
func (c *recent) announced(r *reader, key, rec []byte) (balie.Event, error) {
	at, err := unseal(kindFeed, key, rec)
	if err != nil {
		return balie.Event{}, err
	}
	raw := r.get(kindEvent, at)
	payload, err := unseal(kindEvent, at, raw)
	if err != nil {
		return balie.Event{}, err
	}
	n, sum := binary.BigEndian.Uint64(key), binary.LittleEndian.Uint32(raw[2:])
	if have, ok := c.at[n]; ok && have.sum == sum && have.size == len(raw) && bytes.Equal(have.key, at) {
		return handed(have.event), nil
	}
	var e balie.Event
	if err := decodeJSON(kindEvent, at, payload, &e); err != nil {
		return e, err
	}
	c.keep(n, decoded{bytes.Clone(at), sum, len(raw), e})
	return handed(e), nil
}

// handed is an event for one of several readers: a map that two of them had
// would end the process when one writes in it.
func handed(e balie.Event) balie.Event {
	e.Data = maps.Clone(e.Data)
	if e.Handout != nil {
		h := *e.Handout
		e.Handout = &h
	}
	return e
}

// Rest lets go of what is kept in memory for readers that follow closely:
// nothing happens for now.
func (d *DB) Rest() {
	d.recent.Lock()
	defer d.recent.Unlock()
	d.recent.at = nil
}

// keep notes an event that follows on the newest, or is among those noted.
func (c *recent) keep(n uint64, d decoded) {
	if c.at == nil || n > c.next { // nothing yet, or there is a gap
		c.at, c.first, c.next, c.bytes = map[uint64]decoded{}, n, n, 0
	}
	if n < c.first {
		return
	}
	c.bytes -= c.at[n].size
	delete(c.at, n)
	c.next = max(c.next, n+1)
	if d.size <= recentLong {
		c.at[n] = d
		c.bytes += d.size
	}
	for c.next-c.first > recentEvents || c.bytes > recentBytes {
		c.bytes -= c.at[c.first].size
		delete(c.at, c.first)
		c.first++
	}
}

// Tail is the place behind the newest event, and how many requests stand in
// each state at that place: about 50 ms for a million.
func (d *DB) Tail(ctx context.Context) (store.FeedCursor, map[balie.State]int, error) {
	var at store.FeedCursor
	counts := map[balie.State]int{}
	err := d.view(ctx, func(r *reader) error {
		if last, _ := r.bucket(kindFeed).Cursor().Last(); len(last) == 8 {
			at = store.FeedCursor(strconv.FormatUint(binary.BigEndian.Uint64(last), 10))
		}
		c := r.bucket(kindList).Cursor()
		prefix := []byte{listState}
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			if len(k) != 2+sortSize {
				return damaged(kindList, k, "has a wrong length")
			}
			counts[balie.State(k[1])]++
		}
		return nil
	})
	return at, counts, err
}

func parseCursor(c store.FeedCursor) (uint64, error) {
	if c == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(string(c), 10, 64)
	if err != nil {
		return 0, &balie.InvalidError{Field: "cursor", Problem: fmt.Sprintf("%.40q is not a place in the feed", string(c)),
			Fix: "use the cursor of an earlier answer, or none"}
	}
	return n, nil
}
