// Package token is in charge of what proves that something came from us: the
// Message-IDs of our mail, the links to status and hand-out pages, form tokens.
//
// Guarantees:
//  1. A token is bound to one purpose and one subject; another is refused.
//  2. Comparison takes constant time; two keys may be valid during rotation.
//  3. Links expire; Message-IDs do not: a reply may come after a year.
package token

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
)

// Purposes of a link.
const (
	Status  = "status"  // the customer's own status page
	Handout = "handout" // the page of whoever got a hand-out
	Form    = "form"    // a form that was shown and may be sent once
	Survey  = "survey"  // how a request went: its subject is the request
	Wall    = "wall"    // the board on a screen for all to see
	NoMore  = "nomore"  // no more surveys: its subject is the person
)

// ErrExpired is of a link that was ours and held: it is a balie.ErrNotFound too.
var ErrExpired = fmt.Errorf("link expired: %w", balie.ErrNotFound)

// Maker makes and checks tokens. The first key signs, all are accepted.
type Maker struct{ keys [][]byte }

// New returns a Maker. A key is a secret of at least 32 bytes.
func New(keys ...[]byte) (*Maker, error) {
	m := &Maker{}
	for _, k := range keys {
		if len(k) < 32 {
			return nil, &balie.InvalidError{Field: "secret_key", Problem: fmt.Sprintf("a key has %d bytes", len(k)), Fix: "give at least 32"}
		}
		d, err := hkdf.Key(sha256.New, k, nil, "balie token v1", 32)
		if err != nil {
			return nil, err
		}
		m.keys = append(m.keys, d)
	}
	if len(m.keys) == 0 {
		return nil, &balie.InvalidError{Field: "secret_key", Problem: "there is no key", Fix: "give one of at least 32 bytes"}
	}
	return m, nil
}

var enc = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// mac is the first n bytes of the HMAC over purpose and subject.
func mac(key []byte, n int, purpose string, subject ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	for _, s := range subject {
		h.Write([]byte{0})
		h.Write(s)
	}
	return h.Sum(nil)[:n]
}

// idMAC is the length of the MAC in a Message-ID in bytes: 80 bits, more than
// can be tried by mail.
const idMAC = 10

// MessageID is the Message-ID, without <>, of a mail that carries message id:
// "{ulid}.{mac}@{domain}".
func (m *Maker) MessageID(id balie.ID, domain string) string {
	return strings.ToLower(id.String()) + "." + enc.EncodeToString(mac(m.keys[0], idMAC, "message", id[:])) + "@" + domain
}

// ParseMessageID returns the message a Message-ID of ours belongs to. ours
// says that it looks like one of ours; ok that its MAC is right too.
func (m *Maker) ParseMessageID(msgid string) (id balie.ID, ours, ok bool) {
	local, _, _ := strings.Cut(strings.Trim(strings.TrimSpace(msgid), "<>"), "@")
	ulid, tag, found := strings.Cut(local, ".")
	if !found || len(ulid) != 26 || len(tag) != enc.EncodedLen(idMAC) {
		return id, false, false
	}
	id, err := balie.ParseID(ulid)
	if err != nil {
		return balie.ID{}, false, false
	}
	given, err := enc.DecodeString(strings.ToLower(tag))
	if err != nil {
		return id, true, false
	}
	return id, true, m.valid(given, "message", id[:])
}

func (m *Maker) valid(given []byte, purpose string, subject ...[]byte) bool {
	ok := false
	for _, k := range m.keys {
		if hmac.Equal(given, mac(k, len(given), purpose, subject...)) {
			ok = true
		}
	}
	return ok
}

// linkMAC is the length of the MAC in a link, in bytes.
const linkMAC = 16

// Link is a token for one purpose and subject that holds until expires (to the
// second). It is safe in a URL path.
func (m *Maker) Link(purpose string, subject balie.ID, expires time.Time) string {
	var b [16 + 8 + linkMAC]byte
	copy(b[:], subject[:])
	binary.BigEndian.PutUint64(b[16:], uint64(expires.Unix()))
	copy(b[24:], mac(m.keys[0], linkMAC, purpose, b[:24]))
	return enc.EncodeToString(b[:])
}

// ParseLink returns the subject of a link, or balie.ErrNotFound when it is not
// ours, for another purpose, or expired.
func (m *Maker) ParseLink(purpose, link string, now time.Time) (balie.ID, error) {
	b, err := enc.DecodeString(link)
	if err != nil || len(b) != 16+8+linkMAC || !m.valid(b[24:], purpose, b[:24]) {
		return balie.ID{}, balie.ErrNotFound
	}
	if now.Unix() > int64(binary.BigEndian.Uint64(b[16:24])) {
		return balie.ID{}, ErrExpired
	}
	return balie.ID(b[:16]), nil
}
