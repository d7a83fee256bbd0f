package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/balie/balie/internal/seal"
)

// ask is what the cookie carries, sealed, while somebody is at the provider.
type ask struct {
	State, Nonce, Verifier string
	Next                   string
	Expires                time.Time
}

// askPurpose is what the seal is for: nothing closed for it opens elsewhere.
const askPurpose = "single sign-on v2"

// newSeal makes one of a secret; without a secret it opens only what it closed
// itself.
func newSeal(key []byte) *seal.Seal {
	if len(key) == 0 {
		return seal.New(askPurpose)
	}
	return seal.New(askPurpose, key)
}

// closed is the question as the browser keeps it.
func (q ask) closed(s *seal.Seal) (string, error) {
	b, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("close what the browser keeps: %w", err)
	}
	return s.Close(b, askPurpose), nil
}

// askBytes bounds what is opened.
const askBytes = 4096

// openAsk is the inverse of closed.
func openAsk(s *seal.Seal, text string) (ask, error) {
	var q ask
	if len(text) > askBytes {
		return q, errors.New("too long for a seal of ours")
	}
	b, err := s.Open(text, askPurpose)
	if err != nil {
		return q, err
	}
	return q, json.Unmarshal(b, &q)
}
