package balie

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// ID is a ULID (https://github.com/ulid/spec): 48 bits of milliseconds since
// 1970 and 80 random bits. It names a thing; it never orders things, because a
// clock may step back (order on a request is Event.Seq).
type ID [16]byte

// alphabet is Crockford's base 32: no I, L, O or U.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewID returns a fresh ID for a thing that came to be at t.
func NewID(t time.Time) ID {
	var id ID
	ms := uint64(max(t.UnixMilli(), 0))
	binary.BigEndian.PutUint64(id[:8], ms<<16)
	rand.Read(id[6:]) // never fails since Go 1.24
	return id
}

// IsZero reports whether the ID names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Time is the moment the ID was made, to the millisecond.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC()
}

// String is the ULID text form, 26 characters.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var b [26]byte
	for i := 25; i >= 0; i-- {
		b[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(b[:])
}

// ParseID reads the ULID text form, in either case. The empty text is the zero ID.
func ParseID(s string) (ID, error) {
	var id ID
	if s == "" {
		return id, nil
	}
	if len(s) != 26 || s[0] > '7' {
		return id, &InvalidError{Field: "id", Problem: fmt.Sprintf("%q is not an id", clip(s, 40)), Fix: "an id has 26 letters and digits"}
	}
	var hi, lo uint64
	for _, c := range strings.ToUpper(s) {
		v := strings.IndexRune(alphabet, c)
		if v < 0 {
			return ID{}, &InvalidError{Field: "id", Problem: fmt.Sprintf("%q is not an id", s), Fix: "an id has only digits and the letters A-Z without I, L, O, U"}
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, nil
}

// MarshalText makes an ID its ULID text in JSON and as a map key.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	*id = v
	return err
}

// refLength is the number of letters and digits of a reference before its
// check letter. 32^4 is a million: on a busy desk a taken one is met often
// enough that the longer form is a daily path, not a rarity.
const refLength = 4

// Ref is the spoken reference of a request ("7K3Q-F"): letters of its ULID's
// random part, a dash and one check letter. longer says how many letters more
// than usual, for when the shorter one is taken.
func (id ID) Ref(longer int) string {
	n := min(refLength+longer, 16)
	s := id.String()[10 : 10+n]
	return s + "-" + string(checkLetter(s))
}

// ParseRef reads a reference as people write it (lower case, without the
// dash, O for 0, I or L for 1) and reports whether its check letter is right.
func ParseRef(s string) (string, bool) {
	var b []byte
	for _, c := range strings.ToUpper(s) {
		switch c {
		case '-', ' ', '#':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if !strings.ContainsRune(alphabet, c) {
			return "", false
		}
		b = append(b, byte(c))
	}
	if len(b) < refLength+1 || len(b) > 17 {
		return "", false
	}
	body, check := string(b[:len(b)-1]), b[len(b)-1]
	if checkLetter(body) != check {
		return "", false
	}
	return body + "-" + string(check), true
}

// checkLetter is a weighted sum modulo 31, a prime: it catches every single
// wrong letter and every swap of two neighbours.
func checkLetter(s string) byte {
	sum := 0
	for i := range len(s) {
		sum += (i + 1) * strings.IndexByte(alphabet, s[i])
	}
	return alphabet[sum%31]
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
