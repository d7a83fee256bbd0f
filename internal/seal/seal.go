// Package seal is in charge of closing what must be kept and not be read: a
// webhook's secret in the store, a sign-in under way in the browser.
//
// Guarantees:
//  1. What was closed can neither be read nor changed without the key
//     (AES-256-GCM, a key of its own for each purpose by HKDF, RFC 5869).
//  2. While keys rotate, the first closes and all open.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// Seal closes and opens for one purpose.
type Seal struct{ keys []cipher.AEAD }

// keyBytes is the length of an AES-256 key.
const keyBytes = 32

// New makes a seal of secrets; without any it opens only what it closed itself.
func New(purpose string, secrets ...[]byte) *Seal {
	s := &Seal{}
	if len(secrets) == 0 {
		secrets = [][]byte{[]byte(rand.Text() + rand.Text())}
	}
	for _, secret := range secrets {
		// None of these can be refused: the length is right and AES takes it.
		k, err := hkdf.Key(sha256.New, secret, nil, "balie "+purpose, keyBytes)
		if err != nil {
			panic(err)
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			panic(err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			panic(err)
		}
		s.keys = append(s.keys, aead)
	}
	return s
}

// Close is b, closed, as text that is safe in a cookie and in JSON. about is
// what it belongs to: opened for something else, it does not open.
func (s *Seal) Close(b []byte, about string) string {
	return base64.RawURLEncoding.EncodeToString(s.keys[0].Seal(nil, nil, b, []byte(about)))
}

// ErrClosed says that a text is not a seal of ours, or for something else.
var ErrClosed = errors.New("this was not closed by us for this")

// Open is the inverse of Close.
func (s *Seal) Open(text, about string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, ErrClosed
	}
	for _, k := range s.keys {
		if out, err := k.Open(nil, nil, b, []byte(about)); err == nil {
			return out, nil
		}
	}
	return nil, ErrClosed
}
