package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
)

// writer is a write transaction. Its first failed put sets err, after which
// the transaction is thrown away.
type writer struct {
	reader
	err   error
	dirty bool
	feed  uint64 // last number given out; 0: not looked up yet
}

func newWriter(tx *bolt.Tx) *writer { return &writer{reader: reader{tx: tx}} }

func (w *writer) put(k kind, key, value []byte) {
	if w.err != nil {
		return
	}
	w.dirty = true
	if err := w.bucket(k).Put(key, value); err != nil {
		w.err = fmt.Errorf("put %s: %w", where(k, key), err)
	}
}

func (w *writer) del(k kind, key []byte) {
	if w.err != nil {
		return
	}
	w.dirty = true
	if err := w.bucket(k).Delete(key); err != nil {
		w.err = fmt.Errorf("delete %s: %w", where(k, key), err)
	}
}

// check looks whether a Change may be written. It writes nothing.
func (w *writer) check(e *encoded) error {
	for _, step := range []func(*encoded) error{
		w.checkRequest, w.checkSeen, w.checkMessages, w.checkDeliveries, w.checkPeople, w.checkLedger, w.checkRecords,
	} {
		if err := step(e); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) checkRequest(e *encoded) error {
	if e.id.IsZero() {
		return nil
	}
	var old requestHead
	if rec := w.get(kindRequest, e.id[:]); rec != nil {
		var err error
		if old, err = readRequestHead(e.id[:], rec); err != nil {
			return err
		}
	}
	if old.version != e.base {
		return fmt.Errorf("request %s is at version %d, not %d: %w", e.ref, old.version, e.base, balie.ErrStale)
	}
	if e.request == nil {
		return nil
	}
	if owner := w.get(kindList, refKey(e.ref)); e.ref != "" && owner != nil && !bytes.Equal(owner, e.id[:]) {
		return fmt.Errorf("reference %s is taken: %w", e.ref, balie.ErrStale)
	}
	return w.checkErased(e, old)
}

func (w *writer) checkSeen(e *encoded) error {
	for _, p := range e.seen {
		rec := w.get(kindSeen, p.key)
		if rec == nil {
			continue
		}
		if _, err := readClaim(p.key, rec); err != nil {
			return err
		}
		return fmt.Errorf("a key is claimed already: %w", balie.ErrDuplicate)
	}
	return nil
}

func (w *writer) checkMessages(e *encoded) error {
	for _, m := range e.messages {
		if e.id.IsZero() && !m.request.IsZero() && w.get(kindRequest, m.request[:]) == nil {
			return invalid("messages", "message %s belongs to request %s, which is not there", m.id, m.request)
		}
		if rec := w.get(kindMessage, m.id[:]); rec != nil {
			if _, err := readMessageHead(m.id[:], rec); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) checkDeliveries(e *encoded) error {
	for _, d := range e.deliveries {
		old, known, err := w.delivery(d.ID)
		if err != nil {
			return err
		}
		if known && old.Lease != d.Lease {
			return fmt.Errorf("delivery %s has lease %d, not %d: %w", d.ID, old.Lease, d.Lease, balie.ErrStale)
		}
		if known && d.Status == balie.TakenBack && (old.Status == balie.Leased || old.Status == balie.SentOK) {
			return fmt.Errorf("delivery %s is %s: it cannot be taken back: %w", d.ID, old.Status, balie.ErrStale)
		}
		if !d.Request.IsZero() && d.Request != e.id && w.get(kindRequest, d.Request[:]) == nil {
			return invalid("deliveries", "delivery %s is for request %s, which is not there", d.ID, d.Request)
		}
		if !e.hasMessage(d.Message) && w.get(kindMessage, d.Message[:]) == nil {
			return invalid("deliveries", "delivery %s is for message %s, which is not there", d.ID, d.Message)
		}
		if _, err := w.queue(queueOf(d.Delivery)); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoded) hasMessage(id balie.ID) bool {
	for _, m := range e.messages {
		if m.id == id {
			return true
		}
	}
	return false
}

// checkPeople looks at all people of the Change together, so that an address
// can go from one to the other.
func (w *writer) checkPeople(e *encoded) error {
	owner := map[string]balie.ID{} // zero: given up in this Change
	for _, p := range e.people {
		old, _, err := w.person(p.ID)
		if err != nil {
			return err
		}
		if old.Version != p.Version-1 {
			return fmt.Errorf("person %s is at version %d, not %d: %w", p.ID, old.Version, p.Version-1, balie.ErrStale)
		}
		for _, a := range old.Addresses {
			owner[a.Key()] = balie.ID{}
		}
	}
	for _, p := range e.people {
		for _, a := range p.Addresses {
			has, ok := owner[a.Key()]
			if v := w.get(kindList, addressKey(a)); !ok && len(v) == 16 {
				has = balie.ID(v)
			}
			if !has.IsZero() && has != p.ID {
				return fmt.Errorf("an address of person %s belongs to %s: %w", p.ID, has, balie.ErrStale)
			}
			owner[a.Key()] = p.ID
		}
	}
	return nil
}

func (w *writer) checkLedger(e *encoded) error {
	for _, l := range e.ledger {
		if at := w.get(kindList, lineKey(l.id)); at != nil && len(at) != 8 {
			return damaged(kindList, lineKey(l.id), "is not a time")
		}
	}
	return nil
}

func lineKey(id balie.ID) []byte { return append([]byte{listLine}, id[:]...) }

// write puts a Change that was checked.
func (w *writer) write(e *encoded) {
	if e.request != nil {
		w.writeRequest(e)
	}
	for _, m := range e.messages {
		w.writeMessage(m)
	}
	// A blob that is there is written again all the same: content under its
	// own hash cannot differ, and a damaged copy is mended.
	for _, p := range e.blobs {
		w.put(kindBlob, p.key, p.rec)
	}
	for _, d := range e.deliveries {
		w.writeDelivery(d.Delivery, d.rec)
	}
	w.writePeople(e)
	for _, l := range e.ledger {
		if at := w.get(kindList, lineKey(l.id)); at != nil && !bytes.Equal(at, l.at) {
			w.del(kindLedger, line{id: l.id, at: at}.key())
		}
		w.put(kindLedger, l.key(), l.rec)
		w.put(kindList, lineKey(l.id), l.at)
	}
	if e.cursor != nil {
		w.put(kindCursor, e.cursor.key, e.cursor.rec)
	}
	for _, p := range e.seen {
		w.put(kindSeen, p.key, p.rec)
	}
	for _, r := range e.records {
		w.writeRecord(r, e.now)
	}
}

func (w *writer) writeRequest(e *encoded) {
	var old requestHead
	if rec := w.get(kindRequest, e.id[:]); rec != nil {
		if old, w.err = readRequestHead(e.id[:], rec); w.err != nil {
			return
		}
	}
	for k := range eachKey(old.keys) {
		if !hasKey(e.keys, k) {
			w.del(kindList, k)
		}
	}
	for k := range eachKey(e.keys) {
		if hasKey(old.keys, k) {
			continue
		}
		var value []byte
		if k[0] == listRef {
			value = e.id[:]
		}
		w.put(kindList, k, value)
	}
	w.put(kindRequest, e.id[:], e.request)
	for _, p := range e.events {
		w.put(kindEvent, p.key, p.rec)
		w.announce(p.key)
	}
}

// announce gives an event the next place in the feed. The committer is alone,
// so the order of places is the order of commits.
func (w *writer) announce(event []byte) {
	if w.feed == 0 {
		if last, _ := w.bucket(kindFeed).Cursor().Last(); len(last) == 8 {
			w.feed = binary.BigEndian.Uint64(last)
		}
	}
	w.feed++
	key := numberKey(w.feed)
	w.put(kindFeed, key, seal(kindFeed, key, append(newRecord(len(event)), event...)))
}

func (w *writer) writeMessage(m message) {
	if rec := w.get(kindMessage, m.id[:]); rec != nil {
		var old messageHead
		if old, w.err = readMessageHead(m.id[:], rec); w.err != nil {
			return
		}
		if old.request != m.request {
			w.del(kindList, messageKey(old.request, m.id))
		}
		if old.apart && m.text == nil {
			w.del(kindText, m.id[:])
		}
	}
	w.put(kindMessage, m.id[:], m.rec)
	w.put(kindList, messageKey(m.request, m.id), nil)
	if m.text != nil {
		w.put(kindText, m.id[:], m.text)
	}
}

// writePeople frees all addresses before it claims any, as checkPeople looked
// at them.
func (w *writer) writePeople(e *encoded) {
	for _, p := range e.people {
		old, _, err := w.person(p.ID)
		if err != nil {
			w.err = err
			return
		}
		for _, a := range old.Addresses {
			if !p.Has(a) {
				w.del(kindList, addressKey(a))
			}
		}
	}
	for _, p := range e.people {
		w.put(kindPerson, p.ID[:], p.rec)
		for _, a := range p.Addresses {
			w.put(kindList, addressKey(a), bytes.Clone(p.ID[:]))
		}
	}
}
