package boltstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"runtime/debug"

	"crypto/sha256"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// reader is a transaction that reads. What get returns dies with it.
type reader struct {
	tx      *bolt.Tx
	buckets [kindCount]*bolt.Bucket
}

func (r *reader) bucket(k kind) *bolt.Bucket {
	if r.buckets[k] == nil {
		b := r.tx.Bucket([]byte(buckets[k].name))
		if b == nil {
			panic("bucket " + buckets[k].name + " is missing")
		}
		b.FillPercent = buckets[k].fill
		r.buckets[k] = b
	}
	return r.buckets[k]
}

func (r *reader) get(k kind, key []byte) []byte { return r.bucket(k).Get(key) }

// view runs a short read. A panic or a fault in it is damage in the file:
// bbolt trusts its pages.
func (d *DB) view(ctx context.Context, step func(*reader) error) (err error) {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read %s: %v: %w", storeFile, p, balie.ErrCorrupt)
		}
	}()
	return d.bolt.View(func(tx *bolt.Tx) error { return step(&reader{tx: tx}) })
}

func notFound(what string, id balie.ID) error {
	return fmt.Errorf("%s %s: %w", what, id, balie.ErrNotFound)
}

// Request returns a request as it stands.
func (d *DB) Request(ctx context.Context, id balie.ID) (balie.Request, error) {
	var out balie.Request
	err := d.view(ctx, func(r *reader) error {
		var ok bool
		var err error
		if out, ok, err = r.request(id); err == nil && !ok {
			err = notFound("request", id)
		}
		return err
	})
	return out, err
}

func (r *reader) request(id balie.ID) (out balie.Request, ok bool, err error) {
	rec := r.get(kindRequest, id[:])
	if rec == nil {
		return out, false, nil
	}
	h, err := readRequestHead(id[:], rec)
	if err != nil {
		return out, false, err
	}
	err = decodeJSON(kindRequest, id[:], h.json, &out)
	return out, err == nil, err
}

// Lookup answers many small questions in one read.
func (d *DB) Lookup(ctx context.Context, q store.Query) (store.Found, error) {
	f := store.Found{
		Seen: map[string]store.Claim{}, Refs: map[string]balie.ID{},
		Addresses: map[string]balie.Person{}, Requests: map[balie.ID]balie.Request{}, People: map[balie.ID]balie.Person{},
	}
	err := d.view(ctx, func(r *reader) error {
		for _, step := range []func(store.Query, store.Found) error{
			r.findSeen, r.findRefs, r.findAddresses, r.findRequests, r.findPeople,
		} {
			if err := step(q, f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return store.Found{}, err
	}
	return f, nil
}

func readClaim(key, rec []byte) (store.Claim, error) {
	p, err := unseal(kindSeen, key, rec)
	if err != nil {
		return store.Claim{}, err
	}
	if len(p) != 32 {
		return store.Claim{}, damaged(kindSeen, key, "has a wrong length")
	}
	return store.Claim{Request: balie.ID(p[:16]), Message: balie.ID(p[16:])}, nil
}

func (r *reader) findSeen(q store.Query, f store.Found) error {
	for _, s := range q.Seen {
		key := seenKey(s)
		rec := r.get(kindSeen, key)
		if rec == nil {
			continue
		}
		c, err := readClaim(key, rec)
		if err != nil {
			return err
		}
		f.Seen[s] = c
	}
	return nil
}

// findRefs believes an index entry only when the request has it too.
func (r *reader) findRefs(q store.Query, f store.Found) error {
	for _, ref := range q.Refs {
		key := refKey(ref)
		id := r.get(kindList, key)
		if id == nil {
			continue
		}
		if len(id) != 16 {
			return damaged(kindList, key, "is not an id")
		}
		h, err := readRequestHead(id, r.get(kindRequest, id))
		if err != nil {
			return err
		}
		if !hasKey(h.keys, key) {
			return damaged(kindList, key, "names a request that has another reference")
		}
		f.Refs[ref] = balie.ID(id)
	}
	return nil
}

func (r *reader) findAddresses(q store.Query, f store.Found) error {
	for _, a := range q.Addresses {
		key := addressKey(a)
		id := r.get(kindList, key)
		if id == nil {
			continue
		}
		if len(id) != 16 {
			return damaged(kindList, key, "is not an id")
		}
		p, ok, err := r.person(balie.ID(id))
		if err != nil {
			return err
		}
		if !ok || !p.Has(a) {
			return damaged(kindList, key, "names a person without that address")
		}
		f.Addresses[a.Key()] = p
	}
	return nil
}

func (r *reader) findRequests(q store.Query, f store.Found) error {
	for _, id := range q.Requests {
		req, ok, err := r.request(id)
		if err != nil {
			return err
		}
		if ok {
			f.Requests[id] = req
		}
	}
	return nil
}

func (r *reader) findPeople(q store.Query, f store.Found) error {
	for _, id := range q.People {
		p, ok, err := r.person(id)
		if err != nil {
			return err
		}
		if ok {
			f.People[id] = p
		}
	}
	return nil
}

func blobID(b []byte) balie.BlobID {
	h := sha256.Sum256(b)
	return balie.BlobID(hex.EncodeToString(h[:]))
}

// blob puts the pieces of an original together; nil when it is not here.
func (r *reader) blob(id []byte) ([]byte, error) {
	c := r.bucket(kindBlob).Cursor()
	var out []byte
	i := 0
	for k, v := c.Seek(id); bytes.HasPrefix(k, id); k, v = c.Next() {
		p, err := unseal(kindBlob, k, v)
		if err != nil {
			return nil, err
		}
		if len(k) != len(id)+1 || int(k[len(id)]) != i || len(p) == 0 {
			return nil, damaged(kindBlob, k, "is not the next piece")
		}
		if i++; out == nil {
			out = make([]byte, 0, (int(p[0])+1)*chunkSize)
		}
		out = append(out, p[1:]...)
		if p[0] == 0 {
			return out, nil
		}
	}
	if i > 0 {
		return nil, damaged(kindBlob, id, "lacks its last piece")
	}
	return nil, nil
}
