package channeltest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

// Sink keeps in memory what a channel hands in, under the rules of
// channels.Sink: a key is taken once, and what Receive returned nil for is
// "durable". It fails and hangs on request.
type Sink struct {
	mu      sync.Mutex
	taken   []balie.Raw
	bodies  map[balie.BlobID][]byte
	keys    map[string]balie.Receipt
	cursor  []byte
	fail    []error
	hang    map[int]chan struct{} // by the number of the call, from 1
	calls   int
	changed chan struct{} // closed and replaced when something happens
}

var _ channels.Sink = (*Sink)(nil)

// NewSink returns an empty Sink.
func NewSink() *Sink {
	return &Sink{bodies: map[balie.BlobID][]byte{}, keys: map[string]balie.Receipt{},
		hang: map[int]chan struct{}{}, changed: make(chan struct{})}
}

// ErrFull is what a failing Sink says.
var ErrFull = errors.New("no space left on device")

// FailNext makes the next n calls of Receive fail.
func (s *Sink) FailNext(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.fail = append(s.fail, ErrFull)
	}
}

// HangNext makes the next call of Receive hang until release is called or its
// context ends.
func (s *Sink) HangNext() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan struct{})
	s.hang[s.calls+1] = c
	return sync.OnceFunc(func() { close(c) })
}

// Cursor is what was last given to Receive.
func (s *Sink) Cursor(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.cursor), nil
}

// Keep keeps a body under its hash.
func (s *Sink) Keep(_ context.Context, body io.Reader) (balie.Original, error) {
	b, err := io.ReadAll(body)
	if err != nil {
		return balie.Original{}, fmt.Errorf("keep original: %w", err)
	}
	sum := sha256.Sum256(b)
	o := balie.Original{Blob: balie.BlobID(hex.EncodeToString(sum[:])), Size: int64(len(b))}
	if len(b) <= balie.InlineLimit {
		o.Inline = b
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies[o.Blob] = b
	return o, nil
}

// Receive takes messages in, all or none.
func (s *Sink) Receive(ctx context.Context, cursor []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	if err := s.script(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.wake()
	var out []balie.Receipt
	for _, r := range raws {
		have, again := s.keys[r.Key]
		if again {
			have.Duplicate = true
			out = append(out, have)
			continue
		}
		if r.Original.Blob == "" {
			return nil, errors.New("a raw without its original")
		}
		id := balie.NewID(time.Now())
		receipt := balie.Receipt{Message: id, Request: id, Ref: id.Ref(0), Outcome: balie.LedgerTaken}
		s.keys[r.Key] = receipt
		s.taken = append(s.taken, r)
		out = append(out, receipt)
	}
	if cursor != nil {
		s.cursor = bytes.Clone(cursor)
	}
	return out, nil
}

// script does what a test asked of this call.
func (s *Sink) script(ctx context.Context) error {
	s.mu.Lock()
	s.calls++
	hang := s.hang[s.calls]
	var err error
	if hang == nil && len(s.fail) > 0 {
		err, s.fail = s.fail[0], s.fail[1:]
	}
	s.wake()
	s.mu.Unlock()
	if hang == nil {
		return err
	}
	select {
	case <-hang:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wake tells those who wait; with mu held.
func (s *Sink) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Taken is what is durable, in order.
func (s *Sink) Taken() []balie.Raw {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]balie.Raw(nil), s.taken...)
}

// Body is the original of a raw as it came in.
func (s *Sink) Body(r balie.Raw) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.bodies[r.Original.Blob])
}

// BodyOf is the hash of the body that a key came with.
func (s *Sink) BodyOf(key string) (balie.BlobID, bool) {
	for _, r := range s.Taken() {
		if r.Key == key {
			return r.Original.Blob, true
		}
	}
	return "", false
}

// WaitTaken waits until n messages are durable.
func (s *Sink) WaitTaken(ctx context.Context, n int) ([]balie.Raw, error) {
	err := s.wait(ctx, func() bool { return len(s.taken) >= n })
	return s.Taken(), err
}

// WaitCalls waits until Receive was called n times in all.
func (s *Sink) WaitCalls(ctx context.Context, n int) error {
	return s.wait(ctx, func() bool { return s.calls >= n })
}

// Calls is how often Receive was called.
func (s *Sink) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *Sink) wait(ctx context.Context, done func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for the channel: %w", ctx.Err())
		}
	}
}
