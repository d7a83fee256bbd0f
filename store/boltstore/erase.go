package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// An Erase takes these steps, each of them durable by itself and done again
// without harm:
//
//  1. The person goes, the addresses are freed, and two records are written:
//     KindErasing with the addresses, KindErased. From here on no Change can
//     bring the person into a request (checkErased), so that what follows ends.
//  2. Every request of the person's is erased in one transaction: its events
//     are written anew, it is made of them, its version goes up. Whoever has
//     read it before is stale.
//  3. Messages, events, deliveries and ledger lines that have an address of
//     theirs elsewhere are looked for in the whole store.
//  4. Originals that only their messages named are removed. Which, was noted
//     in the transaction that took the name away (kindOriginal).
//  5. KindErasing goes, and the next Open overwrites the free pages (scrub.go).
type eraser struct {
	d      *DB
	ctx    context.Context
	who    erasee
	by     string
	reason string
	at     time.Time
}

// erasing is the body of a KindErasing record.
type erasing struct {
	By        string          `json:"by"`
	Reason    string          `json:"reason"`
	At        time.Time       `json:"at"`
	Addresses []balie.Address `json:"addresses"`
}

// erased is the body of a KindErased record.
type erased struct {
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	Requests  int       `json:"requests"`
	Messages  int       `json:"messages"`
	Originals int       `json:"originals"`
}

func (e erased) counts() store.Erased {
	return store.Erased{Requests: e.Requests, Messages: e.Messages, Originals: e.Originals}
}

// Erase removes a person.
func (d *DB) Erase(ctx context.Context, person balie.ID, by, reason string, now time.Time) (store.Erased, error) {
	d.erasing.Lock()
	defer d.erasing.Unlock()
	if err := d.ready(false); err != nil {
		return store.Erased{}, err
	}
	e := &eraser{d: d, ctx: ctx, who: erasee{person: person}, by: by, reason: reason, at: now.UTC()}
	out, done, err := e.begin()
	if err == nil && !done {
		out, err = e.run()
	}
	if err != nil {
		return out, fmt.Errorf("erase person %s: %w", person, err)
	}
	return out, nil
}

func (e *eraser) run() (store.Erased, error) {
	for _, step := range []func() error{e.requests, e.mentions, e.originals} {
		if err := step(); err != nil {
			return store.Erased{}, err
		}
	}
	var out erased
	err := e.do(func(w *writer) (err error) {
		if out, err = w.erasedOf(e.who.person); err != nil {
			return err
		}
		w.writeRecord(record{key: e.key(store.KindErasing)}, e.at)
		w.putMeta(metaScrub, "free pages")
		return nil
	})
	return out.counts(), err
}

// do is one durable step; readers of the feed hear of it.
func (e *eraser) do(run func(*writer) error) error {
	return e.d.do(e.ctx, &job{wake: true, run: func(w *writer) error {
		err := run(w)
		if err != nil && !errors.Is(err, balie.ErrNotFound) {
			w.err = errors.Join(w.err, err) // it may have written: nothing of it counts
		}
		return err
	}})
}

func (e *eraser) key(kind string) []byte { return recordKey(kind, e.who.person.String()) }

// begin is the first step, or goes on with one that was interrupted.
func (e *eraser) begin() (out store.Erased, done bool, err error) {
	err = e.do(func(w *writer) error {
		rec, under, err := w.record(e.key(store.KindErasing))
		if err != nil {
			return err
		}
		if under {
			return e.goOn(rec)
		}
		p, ok, err := w.person(e.who.person)
		if err != nil {
			return err
		}
		if !ok {
			old, err := w.erasedOf(e.who.person)
			out, done = old.counts(), err == nil
			return err
		}
		return e.removePerson(w, p)
	})
	return out, done, err
}

func (e *eraser) goOn(rec balie.Record) error {
	var body erasing
	if err := json.Unmarshal(rec.Body, &body); err != nil {
		return damaged(kindRecord, e.key(store.KindErasing), "cannot be read ("+err.Error()+")")
	}
	e.by, e.reason, e.at, e.who.addresses = body.By, body.Reason, body.At, body.Addresses
	return nil
}

func (e *eraser) removePerson(w *writer, p balie.Person) error {
	under, err := json.Marshal(erasing{By: e.by, Reason: e.reason, At: e.at, Addresses: p.Addresses})
	if err != nil {
		return err
	}
	if err := w.putErased(e.who.person, erased{By: e.by, At: e.at}); err != nil {
		return err
	}
	e.who.addresses = p.Addresses
	key := e.key(store.KindErasing)
	w.writeRecord(record{key: key, rec: encodeRecord(key, balie.Record{Version: 1, Body: under})}, e.at)
	for _, a := range p.Addresses {
		w.del(kindList, addressKey(a))
	}
	w.del(kindPerson, p.ID[:])
	return nil
}

// erasedOf is what a person's KindErased record says; balie.ErrNotFound.
func (r *reader) erasedOf(person balie.ID) (erased, error) {
	var out erased
	key := recordKey(store.KindErased, person.String())
	rec, ok, err := r.record(key)
	if err == nil && !ok {
		err = notFound("person", person)
	}
	if err == nil {
		err = decodeJSON(kindRecord, key, rec.Body, &out)
	}
	return out, err
}

func (w *writer) putErased(person balie.ID, e erased) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	w.writeRecord(record{key: recordKey(store.KindErased, person.String()), forced: true, rec: body}, e.At)
	return nil
}

// count adds to what was erased, in the transaction that erases it.
func (w *writer) count(person balie.ID, requests, messages, originals int) error {
	e, err := w.erasedOf(person)
	if err != nil {
		return err
	}
	e.Requests, e.Messages, e.Originals = e.Requests+requests, e.Messages+messages, e.Originals+originals
	return w.putErased(person, e)
}

// checkErased refuses a Change that brings an erased person into a request: it
// was decided on before.
func (w *writer) checkErased(e *encoded, old requestHead) error {
	for k := range eachKey(e.keys) {
		if k[0] != listCustomer || hasKey(old.keys, k) {
			continue
		}
		person := balie.ID(k[1:17])
		if w.get(kindRecord, recordKey(store.KindErased, person.String())) != nil {
			return fmt.Errorf("person %s is erased: %w", person, balie.ErrStale)
		}
	}
	return nil
}

// errStuck cannot happen: a request that was erased is the person's no more.
var errStuck = errors.New("a request stays the person's after it was erased")

// requests erases all that the person is customer of, or takes part in.
func (e *eraser) requests() error {
	prefix := customerPrefix(e.who.person)
	var last []byte
	for {
		var next []byte
		err := e.d.view(e.ctx, func(r *reader) error {
			k, _ := r.bucket(kindList).Cursor().Seek(prefix)
			if !bytes.HasPrefix(k, prefix) {
				return nil
			}
			if len(k) != len(prefix)+16 {
				return damaged(kindList, k, "has a wrong length")
			}
			next = bytes.Clone(k[len(prefix):])
			return nil
		})
		if err != nil || next == nil {
			return err
		}
		if bytes.Equal(next, last) {
			return errStuck
		}
		if err := e.request(balie.ID(next)); err != nil {
			return err
		}
		last = next
	}
}

func (e *eraser) request(id balie.ID) error {
	return e.do(func(w *writer) error {
		c, err := e.clear(&w.reader, id)
		if err != nil || c == nil {
			return err
		}
		if err := c.close(); err != nil {
			return err
		}
		return c.write(w)
	})
}
