package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/balie/balie"
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
