package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Events of a request with Seq > after, in order.
func (d *DB) Events(ctx context.Context, request balie.ID, after uint64) ([]balie.Event, error) {
	var out []balie.Event
	err := d.view(ctx, func(r *reader) error {
		c := r.bucket(kindEvent).Cursor()
		want := after + 1
		for k, v := c.Seek(eventKey(request, want)); bytes.HasPrefix(k, request[:]); k, v = c.Next() {
			e, err := readEvent(k, v)
			if err != nil {
				return err
			}
			if e.Seq != want {
				return damaged(kindEvent, eventKey(request, want), "is missing")
			}
			out = append(out, e)
			want++
		}
		return nil
	})
	return out, err
}

func readEvent(key, rec []byte) (balie.Event, error) {
	var e balie.Event
	p, err := unseal(kindEvent, key, rec)
	if err != nil {
		return e, err
	}
	err = decodeJSON(kindEvent, key, p, &e)
	return e, err
}

// Messages of a request, oldest first.
func (d *DB) Messages(ctx context.Context, request balie.ID) ([]balie.Message, error) {
	var out []balie.Message
	err := d.view(ctx, func(r *reader) (err error) {
		out, err = r.messagesOf(request)
		return err
	})
	slices.SortStableFunc(out, func(a, b balie.Message) int {
		return cmp.Or(a.At.Compare(b.At), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return out, err
}

// messagesOf reads all messages of a request, by id.
func (r *reader) messagesOf(request balie.ID) ([]balie.Message, error) {
	var out []balie.Message
	prefix := append([]byte{listMessage}, request[:]...)
	c := r.bucket(kindList).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		if len(k) != len(prefix)+16 {
			return out, damaged(kindList, k, "has a wrong length")
		}
		m, ok, err := r.message(balie.ID(k[len(prefix):]))
		if err != nil {
			return out, err
		}
		if !ok || m.Request != request {
			return out, damaged(kindList, k, "names a message that is not there")
		}
		out = append(out, m)
	}
	return out, nil
}

// Message returns one message.
func (d *DB) Message(ctx context.Context, id balie.ID) (balie.Message, error) {
	var out balie.Message
	err := d.view(ctx, func(r *reader) error {
		var ok bool
		var err error
		if out, ok, err = r.message(id); err == nil && !ok {
			err = notFound("message", id)
		}
		return err
	})
	return out, err
}

func (r *reader) message(id balie.ID) (out balie.Message, ok bool, err error) {
	rec := r.get(kindMessage, id[:])
	if rec == nil {
		return out, false, nil
	}
	h, err := readMessageHead(id[:], rec)
	if err != nil {
		return out, false, err
	}
	if err := decodeJSON(kindMessage, id[:], h.json, &out); err != nil {
		return out, false, err
	}
	if !h.apart {
		return out, true, nil
	}
	p, err := unseal(kindText, id[:], r.get(kindText, id[:]))
	if err != nil {
		return out, false, err
	}
	text, full, ok := cut(p)
	if !ok {
		return out, false, damaged(kindText, id[:], "is cut off")
	}
	out.Text, out.Full = string(text), string(full)
	return out, true, nil
}

// defaultPage is how many events Read gives when the limit is 0.
const defaultPage = 1000

// Read gives the events behind a cursor in the order of their commits.
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
		c := r.bucket(kindFeed).Cursor()
		if last, _ := c.Last(); n > 0 && (len(last) != 8 || binary.BigEndian.Uint64(last) < n) {
			return &balie.InvalidError{Field: "cursor", Problem: fmt.Sprintf("the feed has no event %d", n),
				Fix: "read again from the beginning: the store was put back from a backup"}
		}
		for k, v := c.Seek(numberKey(n + 1)); k != nil && len(out) < limit; k, v = c.Next() {
			if want := numberKey(n + 1); !bytes.Equal(k, want) {
				return damaged(kindFeed, want, "is missing")
			}
			e, err := r.announced(k, v)
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

// announced is the event a place in the feed names.
func (r *reader) announced(key, rec []byte) (balie.Event, error) {
	at, err := unseal(kindFeed, key, rec)
	if err != nil {
		return balie.Event{}, err
	}
	return readEvent(at, r.get(kindEvent, at))
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
