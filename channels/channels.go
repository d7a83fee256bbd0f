// Package channels is in charge of what a channel is: how it hands questions
// in, how it sends answers out, and how a failing one is kept from hurting the
// others.
//
// Guarantees:
//  1. A channel tells the outside "received" only after Sink.Receive returned nil.
//  2. A channel that fails is started again with growing pauses; the others
//     do not notice.
//  3. Health is what a channel hears, not that its goroutine lives.
package channels

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
)

// Channel is one way in which people reach the desk.
type Channel interface {
	// Name is unique in one balie and stays the same: cursors hang on it.
	Name() string
	// Run takes in until ctx ends or the line does; nil only when ctx ended.
	// A channel that is only mounted on HTTP waits for ctx.
	Run(ctx context.Context, in Sink) error
}

// Sender sends answers out. The message has been rendered for the channel.
type Sender interface {
	// Send hands one delivery over. receipt is what the other side calls it.
	// An error means: unknown or not now, try again, unless it is Permanent.
	Send(ctx context.Context, d balie.Delivery, m balie.Message, r balie.Request) (receipt string, err error)
}

// Renderer is a sender with a markup of its own: it makes a letter's Markdown
// what its people read.
type Renderer interface {
	Render(m balie.Message) balie.Message
}

// Threader is a sender whose other side names what it posts, so that replies
// refer to it by that name and not by our Message-ID.
type Threader interface {
	// ThreadID is the id, as in Message.Thread of a reply, of what Send posted.
	ThreadID(d balie.Delivery, receipt string) string
}

// Mounter is a channel that is spoken to over HTTP.
type Mounter interface {
	Mount(r fiber.Router, in Sink)
}

// Checker is a channel that can try its line, for "balie check --connect".
type Checker interface {
	Check(ctx context.Context) error
}

// Listener is a channel that hears something even when no customer writes: a
// poll answered, a keepalive.
type Listener interface {
	// Heard is when the other side was last heard, and how long a silence is
	// still healthy.
	Heard() (last time.Time, within time.Duration)
}

// Sink is where a channel hands in what it took.
type Sink interface {
	// Cursor is what the channel last gave to Receive; nil the first time.
	Cursor(ctx context.Context) ([]byte, error)
	// Keep makes the body safe; a large one is on disk when Keep returns, a
	// small one travels in Original.Inline.
	Keep(ctx context.Context, body io.Reader) (balie.Original, error)
	// Receive takes messages in. nil means all durable: only now may the
	// outside be told. cursor, when not nil, is where to read on; it is stored
	// with the messages. Receipts are in the order of raws. An error means
	// that the outcome is unknown: the sender must come again.
	Receive(ctx context.Context, cursor []byte, raws ...balie.Raw) ([]balie.Receipt, error)
}

// PermanentError says that trying again is useless.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// Permanent marks an error of Send as final for this delivery.
func Permanent(err error) error { return &PermanentError{err} }

// IsPermanent reports whether trying again is useless.
func IsPermanent(err error) bool {
	var p *PermanentError
	return errors.As(err, &p)
}

// LaterError says when to try again, as the other side asked (Retry-After). Pause
// means that the whole channel must wait, not only this delivery.
type LaterError struct {
	After time.Duration
	Pause bool
	Err   error
}

func (e *LaterError) Error() string { return e.Err.Error() }
func (e *LaterError) Unwrap() error { return e.Err }

// UnknownError says that nobody knows whether the other side took the message:
// it is sent again with the same identity.
type UnknownError struct{ Err error }

func (e *UnknownError) Error() string { return "outcome unknown: " + e.Err.Error() }
func (e *UnknownError) Unwrap() error { return e.Err }
