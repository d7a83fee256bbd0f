package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// The outbox keeps, per request, all its deliveries in the order in which they
// were made (listQueue). Of each address the first that is pending or leased
// is the head, and only heads are in listDue, with the moment at which they
// can be claimed. So a Claim looks at nothing that it cannot give out.

var statusByte = map[balie.Status]byte{
	balie.Pending: 1, balie.Leased: 2, balie.SentOK: 3, balie.Dead: 4, balie.Held: 5, balie.TakenBack: 6,
}

func unfinished(status byte) bool { return status == 1 || status == 2 }

// queued is a delivery as listQueue has it.
type queued struct {
	key     []byte // created and id
	status  byte
	address [8]byte
	ready   uint64 // when it can be claimed, in timeOrder
}

// queueOf is whose queue a delivery stands in: its request's. A letter of no
// request stands alone, under its own id, or all of those would be one queue
// that grows for ever.
func queueOf(d balie.Delivery) balie.ID {
	if d.Request.IsZero() {
		return d.Message
	}
	return d.Request
}

func queuePrefix(request balie.ID) []byte { return append([]byte{listQueue}, request[:]...) }

func newQueued(d balie.Delivery) queued {
	q := queued{
		key:     append(appendTime(make([]byte, 0, 24), d.Created), d.ID[:]...),
		status:  statusByte[d.Status],
		address: [8]byte(seenKey(d.To.Key())),
		ready:   timeOrder(d.Due),
	}
	if d.Status == balie.Leased {
		q.ready = timeOrder(d.LeasedUntil)
	}
	return q
}

func (q queued) value() []byte {
	v := append(make([]byte, 0, 17), q.status)
	return binary.BigEndian.AppendUint64(append(v, q.address[:]...), q.ready)
}

func (q queued) dueKey() []byte {
	k := binary.BigEndian.AppendUint64([]byte{listDue}, q.ready)
	return append(k, q.key[8:]...)
}

func statusKey(q queued) []byte { return append([]byte{listStatus, q.status}, q.key...) }

// queue reads all deliveries of a request, oldest first.
func (r *reader) queue(request balie.ID) ([]queued, error) {
	prefix := queuePrefix(request)
	var out []queued
	c := r.bucket(kindList).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if len(k) != len(prefix)+24 || len(v) != 17 {
			return nil, damaged(kindList, k, "has a wrong length")
		}
		out = append(out, queued{bytes.Clone(k[len(prefix):]), v[0], [8]byte(v[1:9]), binary.BigEndian.Uint64(v[9:])})
	}
	return out, nil
}

// head is the due key of the first unfinished delivery to an address; nil: none.
func head(queue []queued, address [8]byte) []byte {
	for _, q := range queue {
		if q.address == address && unfinished(q.status) {
			return q.dueKey()
		}
	}
	return nil
}

// writeDelivery puts a delivery and moves the heads it concerns.
func (w *writer) writeDelivery(d balie.Delivery, rec []byte) {
	old, known, err := w.delivery(d.ID)
	if err != nil {
		w.err = err
		return
	}
	if known && queueOf(old) != queueOf(d) {
		w.unqueue(old)
		known = false
	}
	before, err := w.queue(queueOf(d))
	if err != nil {
		w.err = err
		return
	}
	now := newQueued(d)
	after := slices.Clone(before)
	addresses := [][8]byte{now.address}
	if known {
		was := newQueued(old)
		after = slices.DeleteFunc(after, func(q queued) bool { return bytes.Equal(q.key, was.key) })
		addresses = append(addresses, was.address)
		if !bytes.Equal(was.key, now.key) {
			w.del(kindList, append(queuePrefix(queueOf(d)), was.key...))
		}
		if k := statusKey(was); !bytes.Equal(k, statusKey(now)) {
			w.del(kindList, k)
		}
	}
	at, _ := slices.BinarySearchFunc(after, now.key, func(q queued, key []byte) int { return bytes.Compare(q.key, key) })
	after = slices.Insert(after, at, now)
	w.put(kindDelivery, d.ID[:], rec)
	w.put(kindList, append(queuePrefix(queueOf(d)), now.key...), now.value())
	w.put(kindList, statusKey(now), nil)
	w.moveHeads(before, after, addresses)
}

// unqueue takes a delivery out of the queue of a request it has left.
func (w *writer) unqueue(d balie.Delivery) {
	before, err := w.queue(queueOf(d))
	if err != nil {
		w.err = err
		return
	}
	q := newQueued(d)
	after := slices.DeleteFunc(slices.Clone(before), func(o queued) bool { return bytes.Equal(o.key, q.key) })
	w.del(kindList, append(queuePrefix(queueOf(d)), q.key...))
	w.del(kindList, statusKey(q))
	w.moveHeads(before, after, [][8]byte{q.address})
}

func (w *writer) moveHeads(before, after []queued, addresses [][8]byte) {
	for _, a := range addresses {
		was, is := head(before, a), head(after, a)
		if bytes.Equal(was, is) {
			continue
		}
		if was != nil {
			w.del(kindList, was)
		}
		if is != nil {
			w.put(kindList, is, nil)
		}
	}
}

func (r *reader) delivery(id balie.ID) (out balie.Delivery, ok bool, err error) {
	rec := r.get(kindDelivery, id[:])
	if rec == nil {
		return out, false, nil
	}
	p, err := unseal(kindDelivery, id[:], rec)
	if err != nil {
		return out, false, err
	}
	err = decodeJSON(kindDelivery, id[:], p, &out)
	return out, err == nil, err
}

// due are the ids of up to n deliveries that can be claimed.
func (r *reader) due(now time.Time, n int) ([]balie.ID, error) {
	var out []balie.ID
	c := r.bucket(kindList).Cursor()
	prefix := []byte{listDue}
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(out) < n; k, _ = c.Next() {
		if len(k) != 25 {
			return nil, damaged(kindList, k, "has a wrong length")
		}
		if binary.BigEndian.Uint64(k[1:]) > timeOrder(now) {
			break
		}
		out = append(out, balie.ID(k[9:]))
	}
	return out, nil
}

// Claim leases up to n deliveries that are due, those due longest first. A
// delivery that is Held does not hold up the ones behind it.
func (d *DB) Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]store.Claimed, error) {
	var waiting []balie.ID
	err := d.view(ctx, func(r *reader) (err error) {
		waiting, err = r.due(now, n)
		return err
	})
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	if err := d.ready(false); err != nil {
		return nil, err
	}
	var leased []balie.Delivery
	err = d.do(ctx, &job{run: func(w *writer) (err error) {
		leased, err = w.lease(now, lease, n)
		return err
	}})
	if err != nil {
		return nil, fmt.Errorf("lease deliveries: %w", err)
	}
	var out []store.Claimed
	err = d.view(ctx, func(r *reader) error {
		for _, l := range leased {
			c, err := r.claimed(l)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

func (w *writer) lease(now time.Time, lease time.Duration, n int) ([]balie.Delivery, error) {
	ids, err := w.due(now, n)
	if err != nil {
		return nil, err
	}
	out := make([]balie.Delivery, 0, len(ids))
	recs := make([][]byte, 0, len(ids))
	for _, id := range ids {
		del, ok, err := w.delivery(id)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, damaged(kindDelivery, id[:], "is missing")
		}
		del.Status, del.LeasedUntil = balie.Leased, now.Add(lease)
		del.Lease++
		rec, err := jsonRecord(kindDelivery, id[:], del)
		if err != nil {
			return nil, err
		}
		out, recs = append(out, del), append(recs, rec)
	}
	for i, del := range out {
		w.writeDelivery(del, recs[i])
	}
	return out, nil
}

// claimed adds to a delivery what its sender needs.
func (r *reader) claimed(d balie.Delivery) (store.Claimed, error) {
	c := store.Claimed{Delivery: d}
	var ok bool
	var err error
	if c.Message, ok, err = r.message(d.Message); err == nil && !ok {
		err = damaged(kindMessage, d.Message[:], "is missing")
	}
	if err != nil {
		return c, err
	}
	if d.Request.IsZero() {
		return c, nil
	}
	if c.Request, ok, err = r.request(d.Request); err == nil && !ok {
		err = damaged(kindRequest, d.Request[:], "is missing")
	}
	return c, err
}

// NextDue is when the next Claim can give something; zero: nothing waits.
func (d *DB) NextDue(ctx context.Context) (time.Time, error) {
	var out time.Time
	err := d.view(ctx, func(r *reader) error {
		k, _ := r.bucket(kindList).Cursor().Seek([]byte{listDue})
		if len(k) != 25 || k[0] != listDue {
			return nil
		}
		out = orderTime(k[1:])
		if out.IsZero() { // due at the zero time: at once
			out = time.Unix(0, 0).UTC()
		}
		return nil
	})
	return out, err
}

// Delivery returns one delivery.
func (d *DB) Delivery(ctx context.Context, id balie.ID) (balie.Delivery, error) {
	var out balie.Delivery
	err := d.view(ctx, func(r *reader) error {
		var ok bool
		var err error
		if out, ok, err = r.delivery(id); err == nil && !ok {
			err = notFound("delivery", id)
		}
		return err
	})
	return out, err
}

// Deliveries of a request, oldest first.
func (d *DB) Deliveries(ctx context.Context, request balie.ID) ([]balie.Delivery, error) {
	var out []balie.Delivery
	err := d.view(ctx, func(r *reader) error {
		queue, err := r.queue(request)
		if err != nil {
			return err
		}
		for _, q := range queue {
			del, err := r.listed(q.key)
			if err != nil {
				return err
			}
			out = append(out, del)
		}
		return nil
	})
	return out, err
}

// listed is the delivery that an index entry ending in created and id names.
func (r *reader) listed(key []byte) (balie.Delivery, error) {
	id := balie.ID(key[len(key)-16:])
	d, ok, err := r.delivery(id)
	if err == nil && (!ok || !bytes.Equal(newQueued(d).key, key[len(key)-24:])) {
		err = damaged(kindList, key, "names a delivery that is not there")
	}
	return d, err
}

// ListDeliveries lists by status, oldest first.
func (d *DB) ListDeliveries(ctx context.Context, status balie.Status, limit int) ([]balie.Delivery, error) {
	var out []balie.Delivery
	after := []byte{listStatus, statusByte[status]}
	prefix := bytes.Clone(after)
	for more := true; more; {
		err := d.view(ctx, func(r *reader) error {
			c := r.bucket(kindList).Cursor()
			more = false
			n := 0
			for k, _ := c.Seek(after); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
				if limit > 0 && len(out) >= limit {
					return nil
				}
				if n++; n > pageSize {
					more = true
					return nil
				}
				del, err := r.listed(k)
				if err != nil {
					return err
				}
				if del.Status == status {
					out = append(out, del)
				}
				after = append(bytes.Clone(k), 0)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
