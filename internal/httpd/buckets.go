package httpd

import (
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
)

// Buckets count how often each key may do something: rate times a second on
// the long run, burst times at once. They remember a bounded number of keys.
// A rate below zero lets everything pass.
type Buckets struct {
	every, room time.Duration // between two, and how far ahead a key may be
	most        int

	mu   sync.Mutex
	full map[string]time.Time // when the key's bucket is full again
}

// NewBuckets returns buckets for at most most keys.
func NewBuckets(rate float64, burst, most int) *Buckets {
	b := &Buckets{most: most, full: map[string]time.Time{}}
	if rate > 0 {
		b.every = time.Duration(float64(time.Second) / rate)
		b.room = time.Duration(max(burst, 1)) * b.every
	}
	return b
}

// Take takes one from a key's bucket. It returns 0, or how long to wait for
// the next one when there is none.
func (b *Buckets) Take(key string, now time.Time) time.Duration {
	if b.every == 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	full := b.full[key]
	if full.Before(now) || full.After(now.Add(2*b.room)) { // the clock was set back
		full = now
	}
	if wait := full.Add(b.every).Sub(now) - b.room; wait > 0 {
		return wait
	}
	if _, known := b.full[key]; !known && len(b.full) >= b.most {
		b.forget(now)
	}
	b.full[key] = full.Add(b.every)
	return 0
}

// forget drops the keys that are full again, and, when there are none, some
// others: a flood of new keys must not cost memory.
func (b *Buckets) forget(now time.Time) {
	for k, full := range b.full {
		if full.Before(now) {
			delete(b.full, k)
		}
	}
	for k := range b.full {
		if len(b.full) < b.most*15/16 {
			return
		}
		delete(b.full, k)
	}
}

// paced refuses a client that asks too often.
func (s *server) paced(c *fiber.Ctx) error {
	if wait := s.clients.Take(ClientKey(c), s.Now()); wait > 0 {
		return Throttled(wait)
	}
	return c.Next()
}

// Throttled is an error that is answered with 429 and when to come again.
func Throttled(wait time.Duration) error {
	return &Refusal{fiber.StatusTooManyRequests, "throttled", wait, balie.ErrThrottled}
}
