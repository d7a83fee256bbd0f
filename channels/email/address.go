package email

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/balie/balie"
)

// Lengths of RFC 5321 section 4.5.3.1, in bytes.
const (
	localMost   = 64
	addressMost = 254
)

// envelope is an address as it goes on the wire: a local part of atoms and
// dots and a domain of A-labels. It cannot hold what ends an address or a
// command: no angle brackets, spaces, quotes, controls.
type envelope struct {
	value string
	utf8  bool // the local part needs SMTPUTF8
}

// parseEnvelope reads an address by a grammar stricter than RFC 5321: no quoted
// local parts, no address literals, no comments.
func parseEnvelope(address string) (envelope, error) {
	bad := func(why string) (envelope, error) {
		return envelope{}, &balie.InvalidError{Field: "to", Problem: fmt.Sprintf("%q is no address that mail can be sent to: %s", clip(printable(address), 80), why),
			Fix: "correct the address"}
	}
	i := strings.LastIndexByte(address, '@')
	if i < 1 {
		return bad("there is nothing before the @")
	}
	local, domain := address[:i], address[i+1:]
	if len(local) > localMost {
		return bad("the part before the @ is too long")
	}
	if !utf8.ValidString(address) {
		return bad("it is no valid text")
	}
	out := envelope{}
	for _, r := range local {
		switch {
		case r > unicode.MaxASCII:
			if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
				return bad(fmt.Sprintf("%q cannot stand before the @", r))
			}
			out.utf8 = true
		case !atom(r):
			return bad(fmt.Sprintf("%q cannot stand before the @", r))
		}
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil || ascii == "" || !hostname(ascii) {
		return bad("the part after the @ is no domain")
	}
	out.value = local + "@" + ascii
	if len(out.value) > addressMost {
		return bad("it is too long")
	}
	return out, nil
}

// atom reports whether an ASCII character may stand in a local part: atext of
// RFC 5322 section 3.2.3, and the dot wherever people have it.
func atom(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	}
	return strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
}

// hostname reports whether a domain is made of letters, digits, dashes and dots.
func hostname(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
				return false
			}
		}
	}
	return true
}

// clip cuts a text to at most n bytes, at a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
