package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/balie/balie"
)

// maxRecordKey is the longest kind and the longest key in bytes: both stand in
// keys of the store whole, so that a kind can be listed by prefix.
const maxRecordKey = 200

// maxRecordBody is the largest body in bytes: a quarter of a transaction.
const maxRecordBody = maxBytes / 4

// sweepBatch is how many records one transaction sweeps: a few milliseconds.
const sweepBatch = 512

// record is one of the desk's own things as it will be written.
type record struct {
	key     []byte
	base    uint64 // the version that must be stored; forced: none must
	forced  bool
	expires time.Time
	rec     []byte // nil: it is removed
}

// recordKey is kind and key; with part of a key it is the prefix of a list.
func recordKey(kind, key string) []byte {
	return append(append(append(make([]byte, 0, 1+len(kind)+len(key)), byte(len(kind))), kind...), key...)
}

// expiresKey is the entry by which SweepRecords finds a record.
func expiresKey(expires time.Time, key []byte) []byte {
	return append(appendTime(append(make([]byte, 0, 9+len(key)), listExpires), expires), key...)
}

func (e *encoded) addRecords(c balie.Change) error {
	for i, r := range c.Records {
		if r.Kind == "" || r.Key == "" || len(r.Kind) > maxRecordKey || len(r.Key) > maxRecordKey {
			return invalid("records", "kind or key of record %d is empty or longer than %d bytes", i, maxRecordKey)
		}
		if len(r.Body) > maxRecordBody {
			return fmt.Errorf("record %s/%s of %d bytes: %w", r.Kind, r.Key, len(r.Body), balie.ErrTooLarge)
		}
		out := record{key: recordKey(r.Kind, r.Key), base: r.Version - 1, forced: r.Version == 0, expires: r.Expires}
		for _, o := range e.records {
			if bytes.Equal(o.key, out.key) {
				return invalid("records", "record %s/%s is there twice", r.Kind, r.Key)
			}
		}
		if r.Body != nil && !out.forced {
			out.rec = encodeRecord(out.key, r)
		}
		if r.Body != nil && out.forced {
			out.rec = append([]byte{}, r.Body...) // its version is known when it is written
		}
		e.records = append(e.records, out)
		e.size += len(r.Body) + len(out.key)
	}
	return nil
}

// encodeRecord writes version and expiry in front of the body.
func encodeRecord(key []byte, r balie.Record) []byte {
	rec := binary.AppendUvarint(newRecord(len(r.Body)+18), r.Version)
	return seal(kindRecord, key, append(appendTime(rec, r.Expires), r.Body...))
}

func readRecord(key, rec []byte) (balie.Record, error) {
	var out balie.Record
	p, err := unseal(kindRecord, key, rec)
	if err != nil {
		return out, err
	}
	version, w := binary.Uvarint(p)
	if w <= 0 || version == 0 || len(p) < w+8 {
		return out, damaged(kindRecord, key, "is cut off")
	}
	if len(key) < 3 || int(key[0])+2 > len(key) || key[0] == 0 {
		return out, damaged(kindRecord, key, "has no kind or no key")
	}
	n := 1 + int(key[0])
	out = balie.Record{Kind: string(key[1:n]), Key: string(key[n:]), Version: version,
		Expires: orderTime(p[w:]), Body: append([]byte{}, p[w+8:]...)}
	return out, nil
}

// expired reports whether a record counts as gone.
func expired(r balie.Record, now time.Time) bool {
	return !r.Expires.IsZero() && !now.Before(r.Expires)
}

// record returns what is stored under a key, also when it is past its Expires.
func (r *reader) record(key []byte) (out balie.Record, ok bool, err error) {
	rec := r.get(kindRecord, key)
	if rec == nil {
		return out, false, nil
	}
	out, err = readRecord(key, rec)
	return out, err == nil, err
}

// checkRecords compares versions. Whoever read before could not see a record
// past its Expires, so that here too it counts as none.
func (w *writer) checkRecords(e *encoded) error {
	for _, r := range e.records {
		old, ok, err := w.record(r.key)
		if err != nil {
			return err
		}
		if ok && expired(old, e.now) {
			old.Version = 0
		}
		if !r.forced && old.Version != r.base {
			return fmt.Errorf("record %q is at version %d, not %d: %w", r.key[1:], old.Version, r.base, balie.ErrStale)
		}
		if r.forced && old.Version == math.MaxUint64 {
			return invalid("records", "record %q has no next version", r.key[1:])
		}
	}
	return nil
}

// writeRecord puts or removes a record and moves its entry. One that is forced
// gets the version after the stored one: whoever read that is stale then.
func (w *writer) writeRecord(r record, now time.Time) {
	old, ok, err := w.record(r.key)
	if err != nil {
		w.err = err
		return
	}
	if ok && !old.Expires.IsZero() {
		w.del(kindList, expiresKey(old.Expires, r.key))
	}
	if r.rec == nil {
		if ok {
			w.del(kindRecord, r.key)
		}
		return
	}
	rec := r.rec
	if r.forced {
		if expired(old, now) {
			old.Version = 0
		}
		rec = encodeRecord(r.key, balie.Record{Version: old.Version + 1, Expires: r.expires, Body: rec})
	}
	w.put(kindRecord, r.key, rec)
	if !r.expires.IsZero() {
		w.put(kindList, expiresKey(r.expires, r.key), nil)
	}
}

// Record returns one of the desk's own things.
func (d *DB) Record(ctx context.Context, kind, key string) (balie.Record, error) {
	var out balie.Record
	err := d.view(ctx, func(r *reader) error {
		var ok bool
		var err error
		if len(kind) > maxRecordKey {
			return fmt.Errorf("record %.80q: %w", kind, balie.ErrNotFound)
		}
		if out, ok, err = r.record(recordKey(kind, key)); err == nil && (!ok || expired(out, d.clock())) {
			err = fmt.Errorf("record %s/%.80q: %w", kind, key, balie.ErrNotFound)
		}
		return err
	})
	if err != nil {
		return balie.Record{}, err
	}
	return out, nil
}

// ListRecords lists a kind by key, page by page.
func (d *DB) ListRecords(ctx context.Context, kind, prefix, after string, back bool, limit int) ([]balie.Record, error) {
	if kind == "" || len(kind) > maxRecordKey {
		return nil, nil
	}
	p := newRecordRange(kind, prefix, after, back)
	now := d.clock()
	var out []balie.Record
	for more := true; more; {
		more = false
		err := d.view(ctx, func(r *reader) error {
			c := r.bucket(kindRecord).Cursor()
			k, v := p.first(c)
			for n := 0; p.has(k) && (limit <= 0 || len(out) < limit); n++ {
				if n == pageSize {
					more = true
					return nil
				}
				rec, err := readRecord(k, v)
				if err != nil {
					return err
				}
				if !expired(rec, now) {
					out = append(out, rec)
				}
				p.passed(k)
				k, v = p.next(c)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// recordRange is the part of the bucket that a list has left: from, not to.
type recordRange struct {
	from, to []byte
	back     bool
}

func newRecordRange(kind, prefix, after string, back bool) recordRange {
	from := recordKey(kind, prefix)
	p := recordRange{from: from, to: behind(from), back: back}
	at := recordKey(kind, after)
	switch {
	case after == "":
	case back && bytes.Compare(at, p.to) < 0:
		p.to = at
	case !back && bytes.Compare(at, p.from) >= 0:
		p.from = append(at, 0)
	}
	return p
}

// behind is the first key that does not have a prefix. A prefix begins with
// the length of a kind, which is never 255.
func behind(prefix []byte) []byte {
	p := bytes.TrimRight(bytes.Clone(prefix), "\xff")
	p[len(p)-1]++
	return p
}

func (p *recordRange) first(c cursor) (key, value []byte) {
	if !p.back {
		return c.Seek(p.from)
	}
	if k, _ := c.Seek(p.to); k == nil {
		return c.Last()
	}
	return c.Prev()
}

func (p *recordRange) next(c cursor) (key, value []byte) {
	if p.back {
		return c.Prev()
	}
	return c.Next()
}

func (p *recordRange) has(key []byte) bool {
	return key != nil && bytes.Compare(key, p.from) >= 0 && bytes.Compare(key, p.to) < 0
}

// passed takes a key out of what is left.
func (p *recordRange) passed(key []byte) {
	if p.back {
		p.to = bytes.Clone(key)
		return
	}
	p.from = append(bytes.Clone(key), 0)
}

// SweepRecords removes what is past its Expires, a batch at a time.
func (d *DB) SweepRecords(ctx context.Context, now time.Time) (int, error) {
	total := 0
	for {
		waits := false
		err := d.view(ctx, func(r *reader) error {
			keys, err := r.pastRecords(now, 1)
			waits = len(keys) > 0
			return err
		})
		if err != nil || !waits {
			return total, err
		}
		if err := d.ready(false); err != nil {
			return total, err
		}
		n := 0
		err = d.do(ctx, &job{run: func(w *writer) error {
			keys, err := w.pastRecords(now, sweepBatch)
			if err != nil {
				return err
			}
			n = len(keys)
			for _, key := range keys {
				w.writeRecord(record{key: key}, now)
			}
			return nil
		}})
		if err != nil {
			return total, fmt.Errorf("sweep records: %w", err)
		}
		total += n
	}
}

// pastRecords are the keys of up to n records that are past their Expires.
func (r *reader) pastRecords(now time.Time, n int) ([][]byte, error) {
	var out [][]byte
	c := r.bucket(kindList).Cursor()
	prefix := []byte{listExpires}
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(out) < n; k, _ = c.Next() {
		if len(k) < 12 {
			return nil, damaged(kindList, k, "has a wrong length")
		}
		if binary.BigEndian.Uint64(k[1:]) > timeOrder(now) {
			break
		}
		rec, ok, err := r.record(k[9:])
		if err != nil {
			return nil, err
		}
		if !ok || !bytes.Equal(expiresKey(rec.Expires, k[9:]), k) {
			return nil, damaged(kindList, k, "names a record that is not there")
		}
		out = append(out, bytes.Clone(k[9:]))
	}
	return out, nil
}
