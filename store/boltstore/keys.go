package boltstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"time"

	"github.com/balie/balie"
)

// The lists bucket holds all index entries, told apart by their first byte.
// What changes with every event is ordered by time, because keys in random
// order cost several times the throughput; that is why a customer's requests
// are listed without their time and sorted when read.
const (
	listState    = 'A' // state(1) changed(8) request(16)
	listFree     = 'U' // state(1) changed(8) request(16): open and assigned to nobody
	listTeam     = 'T' // len team changed(8) request(16): an open hand-out
	listAssignee = 'G' // len agent changed(8) request(16)
	listCustomer = 'C' // person(16) request(16): also participants
	listNext     = 'N' // next(8) request(16)
	listOpened   = 'O' // opened(8) request(16)
	listRef      = 'R' // reference = request(16)
	listMessage  = 'm' // request(16) message(16)
	listQueue    = 'q' // request(16) created(8) delivery(16) = status(1) address(8) time(8)
	listDue      = 'd' // time(8) delivery(16): first unfinished one of a request and address
	listStatus   = 's' // status(1) created(8) delivery(16)
	listAddress  = 'a' // address key = person(16)
	listLine     = 'l' // message(16) = at(8)
	listExpires  = 'x' // expires(8) len kind key: a record of the desk that ends
)

// maxName is the longest text in a key; a longer one is keyed by its hash.
const maxName = 200

// maxAddress is the longest address in bytes; mail allows 254.
const maxAddress = 1024

// appendTime appends a moment so that bytes sort as time does; the zero time
// sorts first. Beyond the years 1678 and 2262 all moments are alike.
func appendTime(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, timeOrder(t))
}

func timeOrder(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	const most = 9_223_372_036 // seconds that fit an int64 of nanoseconds
	n := int64(1<<63 - 1)
	switch s := t.Unix(); {
	case s <= -most:
		n = -1<<63 + 1
	case s < most:
		n = t.UnixNano()
	}
	return uint64(n) ^ 1<<63
}

// orderTime is the inverse of appendTime.
func orderTime(b []byte) time.Time {
	n := binary.BigEndian.Uint64(b)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(n^1<<63)).UTC()
}

func appendName(b []byte, s string) []byte {
	if len(s) > maxName {
		h := sha256.Sum256([]byte(s))
		return append(append(b, 255), h[:]...)
	}
	return append(append(b, byte(len(s))), s...)
}

func statePrefix(s balie.State) []byte  { return []byte{listState, byte(s)} }
func freePrefix(s balie.State) []byte   { return []byte{listFree, byte(s)} }
func teamPrefix(team string) []byte     { return appendName([]byte{listTeam}, team) }
func assigneePrefix(who string) []byte  { return appendName([]byte{listAssignee}, who) }
func customerPrefix(id balie.ID) []byte { return append([]byte{listCustomer}, id[:]...) }

func refKey(ref string) []byte          { return appendName([]byte{listRef}, ref) }
func addressKey(a balie.Address) []byte { return append([]byte{listAddress}, a.Key()...) }

// requestKeys are the index entries of a request, each behind its length.
func requestKeys(r balie.Request) []byte {
	changed := appendTime(nil, r.Changed)
	out := make([]byte, 0, 256)
	var buf [256]byte
	add := func(key []byte) { out = appendBytes(out, append(key, r.ID[:]...)) }
	add(append(append(buf[:0], listState, byte(r.State)), changed...))
	add(append(append(buf[:0], listOpened), appendTime(nil, r.Opened)...))
	if !r.Next.IsZero() {
		add(appendTime(append(buf[:0], listNext), r.Next))
	}
	switch {
	case r.Assignee == "" && r.State != balie.Closed:
		add(append(append(buf[:0], listFree, byte(r.State)), changed...))
	case r.Assignee != "":
		add(append(appendName(append(buf[:0], listAssignee), r.Assignee), changed...))
	}
	for i, h := range r.Handouts {
		if h.Open() && !openBefore(r.Handouts[:i], h.Team) {
			add(append(appendName(append(buf[:0], listTeam), h.Team), changed...))
		}
	}
	if !r.Customer.IsZero() {
		add(append(append(buf[:0], listCustomer), r.Customer[:]...))
	}
	for _, p := range r.Participants {
		if p != r.Customer {
			add(append(append(buf[:0], listCustomer), p[:]...))
		}
	}
	if r.Ref != "" {
		out = appendBytes(out, refKey(r.Ref))
	}
	return out
}

func openBefore(hs []balie.Handout, team string) bool {
	for _, h := range hs {
		if h.Open() && h.Team == team {
			return true
		}
	}
	return false
}

// eachKey goes through what requestKeys made.
func eachKey(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(list) > 0 {
			key, rest, ok := cut(list)
			if !ok || !yield(key) {
				return
			}
			list = rest
		}
	}
}

func hasKey(list, key []byte) bool {
	for k := range eachKey(list) {
		if bytes.Equal(k, key) {
			return true
		}
	}
	return false
}

// keyWith returns the entry with a prefix.
func keyWith(list, prefix []byte) ([]byte, bool) {
	for k := range eachKey(list) {
		if bytes.HasPrefix(k, prefix) {
			return k, true
		}
	}
	return nil, false
}

func eventKey(id balie.ID, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 24), id[:]...), seq)
}

func messageKey(request, id balie.ID) []byte {
	return append(append([]byte{listMessage}, request[:]...), id[:]...)
}

// seenKey is a dedupe key as it is stored. 128 bits of SHA-256: whoever finds
// two texts with the same ones has hidden only a message of his own.
func seenKey(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:16]
}

// numberKey is a place in the feed.
func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
