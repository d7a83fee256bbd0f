// Package normalize is in charge of turning what a channel took in into a
// message in the desk's own terms.
//
// Guarantees:
//  1. Every input gives a message a person can read, and an error only says
//     what had to be guessed or could not be read at all.
//  2. It is pure: the same bytes give the same message. No I/O but reading the
//     original.
//  3. Work is bounded: depth, parts, sizes and time (limits.go).
package normalize

import (
	"fmt"
	"io"

	"github.com/balie/balie"
)

// Open gives the original once more from its start.
type Open func() (io.ReadCloser, error)

// Options is what the desk knows that a message does not say.
type Options struct {
	// OwnAddresses are the desk's mail addresses, lower-cased: mail from them
	// is a loop.
	OwnAddresses []string
	// TrustedAuthserv are the authserv-ids of the desk's own mail servers; only
	// their Authentication-Results count (RFC 8601). None: every sender is
	// unproven.
	TrustedAuthserv []string
	// Country is the region for phone numbers without a country code, "NL".
	Country string
}

// Normalizer makes messages of originals.
type Normalizer struct{ opts Options }

// New returns a Normalizer.
func New(o Options) *Normalizer { return &Normalizer{o} }

// Message reads one original. The message is always usable; the error says
// what was guessed or unreadable, for the ledger and for the person who looks.
func (n *Normalizer) Message(raw balie.Raw, open Open) (balie.Message, error) {
	switch raw.Format {
	case "mime":
		return n.mime(raw, open)
	case "form":
		return n.form(raw, open)
	case "slack-event":
		return n.slack(raw, open)
	case "call":
		return n.call(raw, open)
	}
	return base(raw), fmt.Errorf("format %q is not known", raw.Format)
}

// base is the message as far as the channel itself knows it.
func base(raw balie.Raw) balie.Message {
	m := balie.Message{
		Side: balie.CustomerSide, Direction: balie.In,
		Channel: raw.Channel, Account: raw.Account, Key: raw.Key,
		From: raw.Sender, Original: raw.Original.Blob, At: raw.At,
	}
	if raw.Verified {
		m.Proof = balie.Proven
	}
	for _, f := range raw.Files {
		m.Parts = append(m.Parts, balie.Part{Name: f.Name, Type: f.Type, Size: f.Original.Size,
			SHA256: string(f.Original.Blob), Blob: f.Original.Blob})
	}
	return m
}
