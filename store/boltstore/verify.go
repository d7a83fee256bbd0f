package boltstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// maxFlaws is where Verify stops: a file that is broken in more places is put
// back from a backup, not mended.
const maxFlaws = 1000

// verifier goes through one consistent state of the store. It keeps no copy of
// it: each record's entries are looked up, and each entry's record, which
// compares the index with a rebuilt one both ways.
type verifier struct {
	reader
	d           *DB
	ctx         context.Context
	report      func(done, total int)
	flaws       []store.Flaw
	done, total int
}

// Verify refolds every request, checks every record and every index entry, and
// reads every original. It holds one read transaction: while it runs, the file
// cannot reuse what is deleted.
func (d *DB) Verify(ctx context.Context, report func(done, total int)) (flaws []store.Flaw, err error) {
	if report == nil {
		report = func(int, int) {}
	}
	v := &verifier{d: d, ctx: ctx, report: report}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			v.flaw(storeFile, "cannot be walked: %v", p)
			flaws, err = v.flaws, nil
		}
	}()
	err = d.bolt.View(func(tx *bolt.Tx) error {
		v.tx = tx
		return v.run()
	})
	if errors.Is(err, errTooMany) {
		err = nil
	}
	return v.flaws, err
}

var errTooMany = errors.New("too many flaws")

func (v *verifier) flaw(where, what string, args ...any) {
	if len(v.flaws) < maxFlaws {
		v.flaws = append(v.flaws, store.Flaw{Where: where, What: fmt.Sprintf(what, args...)})
	}
}

// bad notes an error about a record, if there is one.
func (v *verifier) bad(k kind, key []byte, err error) bool {
	if err != nil {
		v.flaw(where(k, key), "%v", err)
	}
	return err != nil
}

func (v *verifier) run() error {
	for k := kindMeta; k < kindCount; k++ {
		if v.tx.Bucket([]byte(k.String())) == nil {
			v.flaw(k.String(), "the bucket is missing")
			return nil
		}
		v.total += v.bucket(k).Stats().KeyN
	}
	for _, s := range []struct {
		k    kind
		step func(key, rec []byte)
	}{
		{kindMeta, v.sealed(kindMeta)}, {kindRequest, v.request1}, {kindEvent, v.event},
		{kindFeed, v.place}, {kindMessage, v.message1}, {kindText, v.text}, {kindBlob, v.piece},
		{kindDelivery, v.delivery1}, {kindDocument, v.document}, {kindPerson, v.person1},
		{kindLedger, v.line}, {kindCursor, v.sealed(kindCursor)}, {kindSeen, v.claim}, {kindRecord, v.record1}, {kindList, v.entry},
	} {
		if err := v.each(s.k, s.step); err != nil {
			return err
		}
	}
	return v.files()
}

// each calls step for every record of a bucket.
func (v *verifier) each(k kind, step func(key, rec []byte)) error {
	c := v.bucket(k).Cursor()
	var last []byte
	for key, rec := c.First(); key != nil; key, rec = c.Next() {
		if v.done++; v.done%scanPage == 0 {
			v.report(v.done, v.total)
			if v.ctx.Err() != nil {
				return context.Cause(v.ctx)
			}
		}
		if last != nil && bytes.Compare(last, key) >= 0 || !bytes.Equal(v.findKey(k, key), key) {
			v.flaw(where(k, key), "stands where it cannot be found")
		}
		last = bytes.Clone(key)
		step(key, rec)
		if len(v.flaws) >= maxFlaws {
			return errTooMany
		}
	}
	v.report(v.done, v.total)
	return nil
}

// findKey is how a reader comes to a key: a damaged branch page leads astray.
func (v *verifier) findKey(k kind, key []byte) []byte {
	found, _ := v.bucket(k).Cursor().Seek(key)
	return found
}

func (v *verifier) sealed(k kind) func(key, rec []byte) {
	return func(key, rec []byte) {
		_, err := unseal(k, key, rec)
		v.bad(k, key, err)
	}
}

// request1 folds the events of a request and compares.
func (v *verifier) request1(key, rec []byte) {
	h, err := readRequestHead(key, rec)
	if v.bad(kindRequest, key, err) {
		return
	}
	var stored, folded balie.Request
	if v.bad(kindRequest, key, decodeJSON(kindRequest, key, h.json, &stored)) {
		return
	}
	if !bytes.Equal(stored.ID[:], key) || stored.Version != h.version || stored.Product != string(h.product) {
		v.flaw(where(kindRequest, key), "its head is not that of the request")
	}
	c := v.bucket(kindEvent).Cursor()
	for k, rec := c.Seek(key); bytes.HasPrefix(k, key); k, rec = c.Next() {
		e, err := readEvent(k, rec)
		if err == nil {
			folded, err = folded.Apply(e)
		}
		if v.bad(kindEvent, k, err) {
			return
		}
	}
	if !sameJSON(stored, folded) {
		v.flaw(where(kindRequest, key), "is not what its events make of it")
	}
	keys := requestKeys(stored)
	if !bytes.Equal(keys, h.keys) {
		v.flaw(where(kindRequest, key), "its index entries are not those of the request")
	}
	for k := range eachKey(keys) {
		if k[0] == listRef {
			v.want(kindRequest, key, k, key)
			continue
		}
		v.want(kindRequest, key, k, nil)
	}
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// want looks for the index entry that a record must have.
func (v *verifier) want(k kind, key, entry, value []byte) {
	found, has := v.bucket(kindList).Cursor().Seek(entry)
	if !bytes.Equal(found, entry) {
		v.flaw(where(k, key), "its index entry %x is missing", entry)
		return
	}
	if !bytes.Equal(has, value) {
		v.flaw(where(kindList, entry), "has value %x, not %x", has, value)
	}
}

func (v *verifier) event(key, rec []byte) {
	e, err := readEvent(key, rec)
	if v.bad(kindEvent, key, err) {
		return
	}
	if !bytes.Equal(eventKey(e.Request, e.Seq), key) {
		v.flaw(where(kindEvent, key), "stands in the place of another event")
	}
	if v.get(kindRequest, e.Request[:]) == nil {
		v.flaw(where(kindEvent, key), "its request is missing")
	}
}

// place checks the feed: no number is missing and each names an event. That
// each event has a place follows from the counts.
func (v *verifier) place(key, rec []byte) {
	n := uint64(0)
	if len(key) == 8 {
		n = uint64(len(key))
	}
	_, err := v.announced(key, rec)
	if n == 0 && err == nil {
		err = errors.New("the key is not a number")
	}
	v.bad(kindFeed, key, err)
	first, _ := v.bucket(kindFeed).Cursor().First()
	if !bytes.Equal(first, key) {
		return
	}
	events, places := v.bucket(kindEvent).Stats().KeyN, v.bucket(kindFeed).Stats().KeyN
	last, _ := v.bucket(kindFeed).Cursor().Last()
	if events != places || !bytes.Equal(last, numberKey(uint64(places))) || !bytes.Equal(first, numberKey(1)) {
		v.flaw(kindFeed.String(), "has %d places, the last %x, for %d events", places, last, events)
	}
}

func (v *verifier) message1(key, rec []byte) {
	h, err := readMessageHead(key, rec)
	if v.bad(kindMessage, key, err) {
		return
	}
	m, _, err := v.message(balie.ID(key))
	if v.bad(kindMessage, key, err) {
		return
	}
	if !bytes.Equal(m.ID[:], key) || m.Request != h.request {
		v.flaw(where(kindMessage, key), "its head is not that of the message")
	}
	v.want(kindMessage, key, messageKey(m.Request, m.ID), nil)
	for _, ref := range h.refs {
		if k, _ := v.bucket(kindBlob).Cursor().Seek(ref); bytes.HasPrefix(k, ref) {
			continue
		}
		id := balie.BlobID(hex.EncodeToString(ref))
		if _, err := v.d.blobs.Size(id); err != nil {
			v.flaw(where(kindMessage, key), "names an original that is missing: %v", err)
		}
	}
}

func (v *verifier) text(key, rec []byte) {
	_, err := unseal(kindText, key, rec)
	if v.bad(kindText, key, err) {
		return
	}
	h, err := readMessageHead(key, v.get(kindMessage, key))
	if err != nil || !h.apart {
		v.flaw(where(kindText, key), "belongs to no message")
	}
}

// piece reads a whole original at its first piece.
func (v *verifier) piece(key, rec []byte) {
	_, err := unseal(kindBlob, key, rec)
	if v.bad(kindBlob, key, err) {
		return
	}
	if len(key) != 33 {
		v.flaw(where(kindBlob, key), "the key is not that of a piece")
		return
	}
	body, err := v.blob(key[:32])
	if key[32] != 0 {
		if k, _ := v.bucket(kindBlob).Cursor().Seek(key[:32]); !bytes.HasPrefix(k, key[:32]) || k[32] != 0 {
			v.flaw(where(kindBlob, key), "its first piece is missing")
		}
		return
	}
	if v.bad(kindBlob, key, err) {
		return
	}
	if string(blobID(body)) != hex.EncodeToString(key[:32]) {
		v.flaw(where(kindBlob, key), "is not what its hash says")
	}
}

func (v *verifier) delivery1(key, rec []byte) {
	if len(key) != 16 {
		v.flaw(where(kindDelivery, key), "the key is not an id")
		return
	}
	d, _, err := v.delivery(balie.ID(key))
	if v.bad(kindDelivery, key, err) {
		return
	}
	if !bytes.Equal(d.ID[:], key) {
		v.flaw(where(kindDelivery, key), "stands in the place of another delivery")
	}
	if !d.Request.IsZero() && v.get(kindRequest, d.Request[:]) == nil || v.get(kindMessage, d.Message[:]) == nil {
		v.flaw(where(kindDelivery, key), "its request or message is missing")
	}
	q := newQueued(d)
	v.want(kindDelivery, key, append(queuePrefix(queueOf(d)), q.key...), q.value())
	v.want(kindDelivery, key, statusKey(q), nil)
	queue, err := v.queue(queueOf(d))
	if v.bad(kindDelivery, key, err) || !unfinished(q.status) {
		return
	}
	if bytes.Equal(head(queue, q.address), q.dueKey()) {
		v.want(kindDelivery, key, q.dueKey(), nil)
	}
}

func (v *verifier) document(key, rec []byte) {
	doc, err := readDocument(key, rec, false)
	if v.bad(kindDocument, key, err) {
		return
	}
	prefix := documentPrefix(doc.Kind, doc.Name)
	if !bytes.Equal(key, append(prefix, numberKey(uint64(doc.Version))...)) {
		v.flaw(where(kindDocument, key), "stands in the place of another document")
	}
	if doc.Version > 1 && v.get(kindDocument, append(prefix, numberKey(uint64(doc.Version-1))...)) == nil {
		v.flaw(where(kindDocument, key), "the version before it is missing")
	}
}

func (v *verifier) person1(key, rec []byte) {
	if len(key) != 16 {
		v.flaw(where(kindPerson, key), "the key is not an id")
		return
	}
	p, _, err := v.person(balie.ID(key))
	if v.bad(kindPerson, key, err) {
		return
	}
	if !bytes.Equal(p.ID[:], key) {
		v.flaw(where(kindPerson, key), "stands in the place of another person")
	}
	for _, a := range p.Addresses {
		v.want(kindPerson, key, addressKey(a), key)
	}
}

func (v *verifier) line(key, rec []byte) {
	h, err := readLedgerHead(key, rec)
	if v.bad(kindLedger, key, err) {
		return
	}
	var e balie.LedgerEntry
	if v.bad(kindLedger, key, decodeJSON(kindLedger, key, h.json, &e)) {
		return
	}
	if e.Channel != string(h.channel) || e.Account != string(h.account) || e.Outcome != string(h.outcome) {
		v.flaw(where(kindLedger, key), "its head is not that of the line")
	}
	if len(key) != 24 {
		v.flaw(where(kindLedger, key), "the key is not that of a line")
		return
	}
	v.want(kindLedger, key, lineKey(balie.ID(key[8:])), key[:8])
}

func (v *verifier) claim(key, rec []byte) {
	_, err := readClaim(key, rec)
	v.bad(kindSeen, key, err)
}

func (v *verifier) record1(key, rec []byte) {
	r, err := readRecord(key, rec)
	if v.bad(kindRecord, key, err) {
		return
	}
	if !r.Expires.IsZero() {
		v.want(kindRecord, key, expiresKey(r.Expires, key), nil)
	}
}

// entry looks whether the record that an index entry names has it too.
func (v *verifier) entry(key, value []byte) {
	if ok, why := v.confirmed(key, value); !ok {
		v.flaw(where(kindList, key), "%s", why)
	}
}

func (v *verifier) confirmed(key, value []byte) (bool, string) {
	const short, wrong = "is too short", "its record does not have it"
	if key[0] == listExpires {
		r, ok, err := v.record(key[min(9, len(key)):])
		return err == nil && ok && bytes.Equal(expiresKey(r.Expires, key[9:]), key), wrong
	}
	if len(key) < 17 && key[0] != listRef && key[0] != listAddress {
		return false, short
	}
	id := key[max(len(key)-16, 0):]
	switch key[0] {
	case listRef, listAddress:
		id = value
		if len(id) != 16 {
			return false, "its value is not an id"
		}
	}
	switch key[0] {
	case listState, listFree, listTeam, listAssignee, listCustomer, listNext, listOpened, listRef:
		h, err := readRequestHead(id, v.get(kindRequest, id))
		return err == nil && hasKey(h.keys, key), wrong
	case listMessage:
		h, err := readMessageHead(id, v.get(kindMessage, id))
		return err == nil && bytes.Equal(messageKey(h.request, balie.ID(id)), key), wrong
	case listAddress:
		p, ok, err := v.person(balie.ID(id))
		return err == nil && ok && hasAddress(p, key), wrong
	case listLine:
		return len(value) == 8 && v.get(kindLedger, append(bytes.Clone(value), id...)) != nil, wrong
	case listQueue, listDue, listStatus:
		return v.outboxEntry(key, id), wrong
	}
	return false, "is of an unknown kind " + strconv.QuoteRune(rune(key[0]))
}

func hasAddress(p balie.Person, key []byte) bool {
	for _, a := range p.Addresses {
		if bytes.Equal(addressKey(a), key) {
			return true
		}
	}
	return false
}

func (v *verifier) outboxEntry(key, id []byte) bool {
	d, ok, err := v.delivery(balie.ID(id))
	if err != nil || !ok {
		return false
	}
	q := newQueued(d)
	switch key[0] {
	case listQueue:
		return bytes.Equal(key, append(queuePrefix(queueOf(d)), q.key...))
	case listStatus:
		return bytes.Equal(key, statusKey(q))
	}
	queue, err := v.queue(queueOf(d))
	return err == nil && bytes.Equal(head(queue, q.address), key)
}

// files reads the large originals.
func (v *verifier) files() error {
	return v.d.blobs.List(v.ctx, func(id balie.BlobID, _ int64, _ time.Time) error {
		f, err := v.d.blobs.Open(id)
		if err != nil {
			v.flaw(blobFolder+"/"+string(id), "%v", err)
			return nil
		}
		defer f.Close()
		if _, err := io.Copy(io.Discard, f); err != nil {
			v.flaw(blobFolder+"/"+string(id), "%v", err)
		}
		return nil
	})
}
