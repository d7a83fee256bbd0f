package phone

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/balie/balie"
)

const (
	// window is how old, or how far ahead, a signature may be.
	window = 5 * time.Minute
	// minSecret and maxSecret bound a secret in bytes, as Standard Webhooks
	// does.
	minSecret, maxSecret = 24, 64
	// maxID is the longest webhook-id in bytes.
	maxID = 255
)

// The ways in which a signature can be wrong. Outside they are all the same.
var (
	errMissing      = errors.New("webhook-id, webhook-timestamp or webhook-signature is missing")
	errBadID        = errors.New("webhook-id has a sign it may not have")
	errOutOfTime    = errors.New("webhook-timestamp is outside five minutes")
	errNotSigned    = errors.New("no signature matches")
	errNoneAccepted = errors.New("no usable secret is set")
)

// signed is what came with a body to prove it.
type signed struct{ id, timestamp, signature string }

// verify checks the signature over the raw body. More than one secret is
// accepted during rotation, and more than one signature may come.
func (s signed) verify(now time.Time, secrets []string, body []byte) error {
	if s.id == "" || s.timestamp == "" || s.signature == "" {
		return errMissing
	}
	if !validID(s.id) {
		return errBadID
	}
	at, err := strconv.ParseInt(s.timestamp, 10, 64)
	if err != nil {
		return errMissing
	}
	if now.Sub(time.Unix(at, 0)).Abs() > window {
		return errOutOfTime
	}
	head := http.Header{}
	head.Set(webhooks.HeaderWebhookID, s.id)
	head.Set(webhooks.HeaderWebhookTimestamp, s.timestamp)
	head.Set(webhooks.HeaderWebhookSignature, s.signature)
	tried := false
	for _, secret := range secrets {
		key, err := secretKey(secret)
		if err != nil {
			continue // an empty secret would let everybody sign
		}
		tried = true
		w, err := webhooks.NewWebhookRaw(key)
		// The window is checked above, against our clock.
		if err == nil && w.VerifyIgnoringTimestamp(body, head) == nil {
			return nil
		}
	}
	if !tried {
		return errNoneAccepted
	}
	return errNotSigned
}

// validID: printable, without spaces and without the dot that parts id,
// timestamp and body in what is signed.
func validID(id string) bool {
	if len(id) > maxID {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c >= 0x7f || c == '.' {
			return false
		}
	}
	return true
}

func secretKey(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, errNoneAccepted
	}
	return key, nil
}

// Validate says what is missing in a Config.
func (c Config) Validate() error {
	const fix = `make one with: printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64)"`
	if len(c.Secrets) == 0 {
		return &balie.InvalidError{Field: "secret", Problem: "there is no secret for call events", Fix: fix}
	}
	for _, s := range c.Secrets {
		if _, err := secretKey(s); err != nil {
			return &balie.InvalidError{Field: "secret", Problem: "a secret is not base64 of 24 to 64 bytes", Fix: fix}
		}
	}
	return nil
}

func hash(body []byte) balie.BlobID {
	sum := sha256.Sum256(body)
	return balie.BlobID(hex.EncodeToString(sum[:]))
}
