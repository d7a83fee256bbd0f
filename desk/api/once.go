package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/httpd"
)

// keyHeader makes an act happen once (draft-ietf-httpapi-idempotency-key-header).
const keyHeader = "Idempotency-Key"

// How long an answer is kept for its key, and the longest key, in bytes.
const (
	keyHolds  = 24 * time.Hour
	keyLimit  = 200
	keyRecord = "api-key"
)

// answer is what an act answered, kept for its key. It names requests and
// versions, never what people said.
type answer struct {
	Asked  string `json:"asked"` // hash of what was asked
	Status int    `json:"status"`
	ETag   string `json:"etag,omitempty"`
	Body   []byte `json:"body"`
}

// running are the keys of acts that are under way.
type running struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (r *running) enter(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys[key] {
		return false
	}
	if r.keys == nil {
		r.keys = map[string]bool{}
	}
	r.keys[key] = true
	return true
}

func (r *running) leave(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.keys, key)
}

type onceKey struct{}

// formKey is the key of the act under way, as the desk's acts take it; "" when
// the caller gave none.
func formKey(ctx context.Context) string {
	k, _ := ctx.Value(onceKey{}).(string)
	return k
}

// once answers a POST whose key is known with what was answered then.
func (a *api) once(c *fiber.Ctx) error {
	given := c.Get(keyHeader)
	if c.Method() != fiber.MethodPost || given == "" {
		return c.Next()
	}
	key, err := readKey(given)
	if err != nil {
		return err
	}
	who, _ := c.Locals(actorKey{}).(interface{ By() string })
	key = hashed(who.By(), key)
	if !a.running.enter(key) {
		return &httpd.Refusal{Status: fiber.StatusConflict, Slug: "in-progress", RetryAfter: time.Second, Err: errors.New(key)}
	}
	defer a.running.leave(key)
	asked := hashed(c.Method(), c.Path(), string(c.Body()))
	old, err := a.answered(c.UserContext(), key)
	switch {
	case err == nil && old.Asked != asked:
		return &httpd.Refusal{Status: fiber.StatusUnprocessableEntity, Slug: "key-reused", Err: errors.New(key)}
	case err == nil:
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		c.Set("Idempotency-Replayed", "true")
		if old.ETag != "" {
			c.Set(fiber.HeaderETag, old.ETag)
		}
		return c.Status(old.Status).Send(old.Body)
	case !errors.Is(err, balie.ErrNotFound):
		return err
	}
	c.Locals(onceKey{}, "api:"+key[:40])
	if err := c.Next(); err != nil {
		return err
	}
	a.keep(c, key, asked)
	return nil
}

func hashed(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

func (a *api) answered(ctx context.Context, key string) (answer, error) {
	var out answer
	r, err := a.Store.Record(ctx, keyRecord, key)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(r.Body, &out)
}

// keep writes an answer down. The act is done, so that this fails is no reason
// to refuse it: the desk's own acts know their key.
func (a *api) keep(c *fiber.Ctx, key, asked string) {
	o, _ := c.Locals(outcomeKey{}).(*outcome)
	status := c.Response().StatusCode()
	if o == nil || o.err != nil || !o.keyed || status >= fiber.StatusMultipleChoices {
		return
	}
	body, err := json.Marshal(answer{asked, status, string(c.Response().Header.Peek(fiber.HeaderETag)), c.Response().Body()})
	if err == nil {
		r := balie.Record{Kind: keyRecord, Key: key, Version: 1, Expires: a.Now().Add(keyHolds), Body: body}
		err = a.Store.Commit(c.UserContext(), balie.Change{Records: []balie.Record{r}})
	}
	if err != nil && !errors.Is(err, balie.ErrStale) {
		a.Log.Warn("an answer could not be kept for its key", "err", err)
	}
}

// readKey reads a key: a string in quotes (RFC 8941), or bare as many send it.
func readKey(s string) (string, error) {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if s == "" || len(s) > keyLimit || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		return "", &balie.InvalidError{Field: keyHeader, Problem: "it is no key", Fix: fmt.Sprintf("send at most %d letters without spaces, in quotes", keyLimit)}
	}
	return s, nil
}
