package boltstore

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// inlineText is the size in bytes of a message record from which its text is
// a record of its own: two of these fit a page, and what is listed stays small.
const inlineText = 1900

// chunkSize is the piece of a blob, in bytes, of which two fill a page.
const chunkSize = 1960

// encoded is a Change as it will be written. Everything that takes time is
// done here, in the caller's goroutine; the committer only compares and puts.
type encoded struct {
	id            balie.ID
	ref           string
	base, version uint64
	request       []byte // nil: no request, or one that only must be at version
	keys          []byte // index entries of request
	events        []pair
	messages      []message
	blobs         []pair // chunks
	deliveries    []delivery
	people        []person
	ledger        []line
	cursor        *pair
	seen          []pair
	records       []record
	now           time.Time // what is past its Expires is gone
	size          int       // bytes, roughly
}

type pair struct{ key, rec []byte }

type message struct {
	id, request balie.ID
	rec, text   []byte // text: nil when it is in rec
	refs        [][]byte
}

type delivery struct {
	balie.Delivery
	rec []byte
}

type person struct {
	balie.Person
	rec []byte
}

type line struct {
	id      balie.ID
	at, rec []byte
}

// encode checks all that can be checked without the store, and writes the
// records. Its error is the Change's refusal.
func encode(c balie.Change) (*encoded, error) {
	e := &encoded{id: c.Request.ID, ref: c.Request.Ref, version: c.Request.Version}
	for _, step := range []func(balie.Change) error{
		e.addRequest, e.addMessages, e.addBlobs, e.addDeliveries, e.addPeople, e.addRest, e.addRecords,
	} {
		if err := step(c); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func invalid(field, problem string, args ...any) error {
	return &balie.InvalidError{Field: field, Problem: fmt.Sprintf(problem, args...)}
}

func (e *encoded) addRequest(c balie.Change) error {
	if e.id.IsZero() {
		if len(c.Events) > 0 {
			return invalid("events", "there are events, but no request they belong to")
		}
		return nil
	}
	n := uint64(len(c.Events))
	if e.version < n || e.version == 0 {
		return invalid("request", "version %d cannot follow from %d events", e.version, n)
	}
	e.base = e.version - n
	for i, ev := range c.Events {
		if ev.Request != e.id || ev.Seq != e.base+uint64(i)+1 {
			return invalid("events", "event %d of request %s stands where event %d of %s belongs",
				ev.Seq, ev.Request, e.base+uint64(i)+1, e.id)
		}
		p := pair{key: eventKey(e.id, ev.Seq)}
		var err error
		if p.rec, err = jsonRecord(kindEvent, p.key, ev); err != nil {
			return err
		}
		e.size += len(p.rec)
		e.events = append(e.events, p)
	}
	if n == 0 {
		return nil
	}
	if c.Request.State < balie.AtDesk || c.Request.State > balie.Closed {
		return invalid("state", "a request that is %s cannot be stored", c.Request.State)
	}
	e.keys = requestKeys(c.Request)
	var err error
	e.request, err = requestRecord(c.Request, e.keys)
	e.size += len(e.request)
	return err
}

// requestRecord is version, product, index entries and then the request: what
// lists and the committer need is in front of the JSON.
func requestRecord(r balie.Request, keys []byte) ([]byte, error) {
	rec := newRecord(len(keys) + 700)
	rec = binary.AppendUvarint(rec, r.Version)
	rec = appendBytes(rec, []byte(r.Product))
	rec = appendBytes(rec, keys)
	rec, err := appendJSON(rec, r)
	if err != nil {
		return nil, fmt.Errorf("encode request %s: %w", r.Ref, err)
	}
	return seal(kindRequest, r.ID[:], rec), nil
}

// requestHead is the front of a request record.
type requestHead struct {
	version uint64
	product []byte
	keys    []byte
	json    []byte
}

func readRequestHead(key, rec []byte) (requestHead, error) {
	var h requestHead
	payload, err := unseal(kindRequest, key, rec)
	if err != nil {
		return h, err
	}
	v, w := binary.Uvarint(payload)
	if w <= 0 {
		return h, damaged(kindRequest, key, "has no version")
	}
	var ok bool
	h.version = v
	if h.product, payload, ok = cut(payload[w:]); !ok {
		return h, damaged(kindRequest, key, "is cut off")
	}
	if h.keys, h.json, ok = cut(payload); !ok {
		return h, damaged(kindRequest, key, "is cut off")
	}
	return h, nil
}

func (e *encoded) addMessages(c balie.Change) error {
	for i, m := range c.Messages {
		if m.ID.IsZero() {
			return invalid("messages", "message %d has no id", i)
		}
		if !e.id.IsZero() && m.Request != e.id {
			return invalid("messages", "message %s belongs to request %q, not %q", m.ID, m.Request, e.id)
		}
		for _, o := range c.Messages[:i] {
			if o.ID == m.ID {
				return invalid("messages", "message %s is there twice", m.ID)
			}
		}
		rec, err := encodeMessage(m)
		if err != nil {
			return err
		}
		e.size += len(rec.rec) + len(rec.text)
		e.messages = append(e.messages, rec)
	}
	return nil
}

// encodeMessage writes request, names of originals and a mark whether the text
// stands apart, then the message.
func encodeMessage(m balie.Message) (message, error) {
	out := message{id: m.ID, request: m.Request}
	apart := len(m.Text)+len(m.Full) > inlineText-700
	text := m
	if apart {
		m.Text, m.Full = "", ""
	}
	rec := append(newRecord(1024), m.Request[:]...)
	rec = append(rec, mark(apart))
	refs := originals(m)
	out.refs = refs
	rec = binary.AppendUvarint(rec, uint64(len(refs)))
	for _, id := range refs {
		rec = append(rec, id...)
	}
	rec, err := appendJSON(rec, m)
	if err != nil {
		return out, fmt.Errorf("encode message %s: %w", m.ID, err)
	}
	out.rec = seal(kindMessage, m.ID[:], rec)
	if apart {
		t := newRecord(len(text.Text) + len(text.Full) + 8)
		t = append(appendBytes(t, []byte(text.Text)), text.Full...)
		out.text = seal(kindText, m.ID[:], t)
	}
	return out, nil
}

func mark(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// originals are the hashes a message names, as bytes.
func originals(m balie.Message) [][]byte {
	var out [][]byte
	add := func(id balie.BlobID) {
		if b, err := hex.DecodeString(string(id)); err == nil && len(b) == 32 {
			out = append(out, b)
		}
	}
	add(m.Original)
	for _, p := range m.Parts {
		add(p.Blob)
	}
	return out
}

// messageHead is the front of a message record.
type messageHead struct {
	request balie.ID
	apart   bool
	refs    [][]byte
	json    []byte
}

func readMessageHead(key, rec []byte) (messageHead, error) {
	var h messageHead
	p, err := unseal(kindMessage, key, rec)
	if err != nil {
		return h, err
	}
	if len(p) < 18 {
		return h, damaged(kindMessage, key, "is cut off")
	}
	h.request, h.apart = balie.ID(p[:16]), p[16] == 1
	n, w := binary.Uvarint(p[17:])
	p = p[17+max(w, 0):]
	if w <= 0 || n > uint64(len(p)/32) {
		return h, damaged(kindMessage, key, "is cut off")
	}
	for range n {
		h.refs = append(h.refs, p[:32])
		p = p[32:]
	}
	h.json = p
	return h, nil
}

func (e *encoded) addBlobs(c balie.Change) error {
	for _, b := range c.Blobs {
		id, err := hex.DecodeString(string(b.ID))
		if err != nil || len(id) != 32 {
			return invalid("blobs", "%.80q is not the hash of an original", string(b.ID))
		}
		if len(b.Data) > balie.InlineLimit {
			return fmt.Errorf("original %s of %d bytes inside a change: %w", b.ID, len(b.Data), balie.ErrTooLarge)
		}
		if blobID(b.Data) != b.ID {
			return invalid("blobs", "original %s has other content than its name says", b.ID)
		}
		e.blobs = append(e.blobs, chunks(id, b.Data)...)
		e.size += len(b.Data)
	}
	return nil
}

// chunks cuts a blob so that it fills pages; each piece says how many follow.
func chunks(id, body []byte) []pair {
	n := max((len(body)+chunkSize-1)/chunkSize, 1)
	out := make([]pair, n)
	for i := range out {
		key := append(append(make([]byte, 0, 33), id...), byte(i))
		piece := body[i*chunkSize : min((i+1)*chunkSize, len(body))]
		rec := append(newRecord(len(piece)+1), byte(n-1-i))
		out[i] = pair{key, seal(kindBlob, key, append(rec, piece...))}
	}
	return out
}

func (e *encoded) addDeliveries(c balie.Change) error {
	for i, d := range c.Deliveries {
		if d.ID.IsZero() || d.Message.IsZero() {
			return invalid("deliveries", "delivery %d has no id or no message", i)
		}
		if _, ok := statusByte[d.Status]; !ok {
			return invalid("deliveries", "there is no status %.40q", string(d.Status))
		}
		for _, o := range c.Deliveries[:i] {
			if o.ID == d.ID {
				return invalid("deliveries", "delivery %s is there twice", d.ID)
			}
		}
		rec, err := jsonRecord(kindDelivery, d.ID[:], d)
		if err != nil {
			return err
		}
		e.size += len(rec)
		e.deliveries = append(e.deliveries, delivery{d, rec})
	}
	return nil
}

func (e *encoded) addPeople(c balie.Change) error {
	for i, p := range c.People {
		if p.ID.IsZero() || p.Version == 0 {
			return invalid("people", "person %d has no id or no version", i)
		}
		for _, o := range c.People[:i] {
			if o.ID == p.ID {
				return invalid("people", "person %s is there twice", p.ID)
			}
		}
		for _, a := range p.Addresses {
			if a.IsZero() || len(a.Key()) > maxAddress {
				return invalid("people", "an address of person %s is empty or longer than %d bytes", p.ID, maxAddress)
			}
		}
		rec, err := jsonRecord(kindPerson, p.ID[:], p)
		if err != nil {
			return err
		}
		e.size += len(rec)
		e.people = append(e.people, person{p, rec})
	}
	return nil
}

// addRest adds the ledger, the cursor and the dedupe keys.
func (e *encoded) addRest(c balie.Change) error {
	for _, l := range c.Ledger {
		rec, err := encodeLine(l)
		if err != nil {
			return err
		}
		e.ledger = append(e.ledger, rec)
		e.size += len(rec.rec)
	}
	if c.Cursor != nil {
		if len(c.Cursor.Channel) == 0 || len(c.Cursor.Channel) > maxAddress {
			return invalid("cursor", "the name of its channel is empty or longer than %d bytes", maxAddress)
		}
		key := []byte(c.Cursor.Channel)
		rec := append(newRecord(len(c.Cursor.Value)), c.Cursor.Value...)
		e.cursor = &pair{key, seal(kindCursor, key, rec)}
	}
	claim := store.Claim{Request: e.id}
	if len(c.Messages) > 0 {
		claim.Message = c.Messages[0].ID
	}
	for i, s := range c.Seen {
		if contains(c.Seen[:i], s) {
			continue
		}
		key := seenKey(s)
		rec := append(append(newRecord(32), claim.Request[:]...), claim.Message[:]...)
		e.seen = append(e.seen, pair{key, seal(kindSeen, key, rec)})
	}
	e.size += 64 * len(e.seen)
	return nil
}

func contains(ss []string, s string) bool {
	for _, o := range ss {
		if o == s {
			return true
		}
	}
	return false
}

// encodeLine writes what lines are counted by in front of the line.
func encodeLine(l balie.LedgerEntry) (line, error) { return encodeLineAs(lineID(l), l) }

func encodeLineAs(id balie.ID, l balie.LedgerEntry) (line, error) {
	out := line{id: id, at: appendTime(nil, l.At)}
	key := out.key()
	rec := newRecord(400)
	for _, s := range []string{l.Channel, l.Account, l.Outcome} {
		rec = appendBytes(rec, []byte(s))
	}
	rec, err := appendJSON(rec, l)
	if err != nil {
		return out, fmt.Errorf("encode a line of the ledger: %w", err)
	}
	out.rec = seal(kindLedger, key, rec)
	return out, nil
}

func (l line) key() []byte { return append(append(make([]byte, 0, 24), l.at...), l.id[:]...) }

// lineID is the message's; a line about what never became one has a hash.
func lineID(l balie.LedgerEntry) balie.ID {
	if !l.Message.IsZero() {
		return l.Message
	}
	return balie.ID(seenKey(strings.Join([]string{l.Channel, l.Account, l.Key, l.At.String()}, "\x00")))
}
