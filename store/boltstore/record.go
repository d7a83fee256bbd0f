package boltstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/balie/balie"
)

// A record is
//
//	type(1) version(1) CRC-32C(4) payload
//
// The checksum goes over type, version, bucket key and payload, so that a
// record found under another key is as damaged as a changed one.
const (
	headSize      = 6
	recordVersion = 1
)

// kind is the type byte of a record: one per bucket.
type kind byte

const (
	kindMeta kind = iota + 1
	kindRequest
	kindEvent
	kindFeed
	kindMessage
	kindText
	kindBlob
	kindDelivery
	kindDocument
	kindPerson
	kindLedger
	kindCursor
	kindSeen
	kindRecord // of the desk itself
	kindList   // index entries: no record, but a bucket
	kindCount
)

// bucketNames by kind. FillPercent: what is only appended fills its pages.
var buckets = [kindCount]struct {
	name string
	fill float64
}{
	kindMeta:     {"meta", 0.5},
	kindRequest:  {"requests", 0.7},
	kindEvent:    {"events", 0.9},
	kindFeed:     {"feed", 1},
	kindMessage:  {"messages", 0.9},
	kindText:     {"texts", 1},
	kindBlob:     {"blobs", 0.9},
	kindDelivery: {"deliveries", 0.8},
	kindDocument: {"documents", 0.5},
	kindPerson:   {"people", 0.7},
	kindLedger:   {"ledger", 1},
	kindCursor:   {"cursors", 0.5},
	kindSeen:     {"seen", 0.5},
	kindRecord:   {"records", 0.7},
	kindList:     {"lists", 0.7},
}

func (k kind) String() string { return buckets[k].name }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(k kind, version byte, key, payload []byte) uint32 {
	c := crc32.Update(0, castagnoli, []byte{byte(k), version})
	c = crc32.Update(c, castagnoli, key)
	return crc32.Update(c, castagnoli, payload)
}

// newRecord begins a record; the payload is appended to it and seal ends it.
func newRecord(size int) []byte { return make([]byte, headSize, headSize+size) }

// seal fills in the head of a record.
func seal(k kind, key, rec []byte) []byte {
	rec[0], rec[1] = byte(k), recordVersion
	binary.LittleEndian.PutUint32(rec[2:], checksum(k, recordVersion, key, rec[headSize:]))
	return rec
}

// unseal checks a record and returns its payload, which is the store's memory
// and dies with the transaction.
func unseal(k kind, key, rec []byte) ([]byte, error) {
	if len(rec) < headSize {
		return nil, damaged(k, key, "is too short")
	}
	if kind(rec[0]) != k {
		return nil, damaged(k, key, fmt.Sprintf("has type %d", rec[0]))
	}
	payload := rec[headSize:]
	if binary.LittleEndian.Uint32(rec[2:]) != checksum(k, rec[1], key, payload) {
		return nil, damaged(k, key, "has a wrong checksum")
	}
	if rec[1] != recordVersion {
		return nil, damaged(k, key, fmt.Sprintf("has version %d, which this balie does not know", rec[1]))
	}
	return payload, nil
}

// damaged names the bucket and the key of a record that cannot be trusted.
func damaged(k kind, key []byte, what string) error {
	return fmt.Errorf("record %s %s: %w", where(k, key), what, balie.ErrCorrupt)
}

// where names a record for a person.
func where(k kind, key []byte) string {
	s := fmt.Sprintf("%s/%x", k, key)
	if len(key) >= 16 {
		switch k {
		case kindRequest, kindEvent, kindMessage, kindText, kindDelivery, kindPerson:
			s += " (" + balie.ID(key[:16]).String() + ")"
		}
	}
	return s
}

func decodeJSON(k kind, key, payload []byte, into any) error {
	if err := json.Unmarshal(payload, into); err != nil {
		return damaged(k, key, "cannot be read ("+err.Error()+")")
	}
	return nil
}

// scratch lets encoders share their buffers: what is kept is copied out once.
var scratch = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// appendJSON appends v without escaping for HTML, which nothing here needs.
func appendJSON(rec []byte, v any) ([]byte, error) {
	b := scratch.Get().(*bytes.Buffer)
	defer scratch.Put(b)
	b.Reset()
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return append(rec, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...), nil
}

// jsonRecord is a record with nothing but JSON.
func jsonRecord(k kind, key []byte, v any) ([]byte, error) {
	rec, err := appendJSON(newRecord(512), v)
	if err != nil {
		return nil, fmt.Errorf("encode a record of %s: %w", k, err)
	}
	return seal(k, key, rec), nil
}

// appendBytes appends b behind its length.
func appendBytes(to, b []byte) []byte {
	return append(binary.AppendUvarint(to, uint64(len(b))), b...)
}

// cut takes a length-prefixed piece off the front.
func cut(b []byte) (piece, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	return b[w : w+int(n)], b[w+int(n):], true
}
