package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// seal closes what a browser keeps for us, so that it can neither be read nor
// changed.
type seal struct{ aead cipher.AEAD }

// newSeal makes one of a secret; without a secret it opens only what it closed
// itself.
func newSeal(key []byte) *seal {
	if len(key) == 0 {
		key = []byte(secret())
	}
	// None of these can be refused: SHA-256 gives 32 bytes, AES takes them.
	k, err := hkdf.Key(sha256.New, key, nil, "balie single sign-on v1", 32)
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
	return &seal{aead}
}

func (s *seal) close(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("close what the browser keeps: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, b, nil)), nil
}

// sealedBytes bounds what is opened.
const sealedBytes = 4096

func (s *seal) open(text string, out any) error {
	if len(text) > sealedBytes {
		return errors.New("too long for a seal of ours")
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	if b, err = s.aead.Open(nil, nil, b, nil); err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}
