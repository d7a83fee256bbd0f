package httpd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
)

const (
	// readAhead is what fasthttp reads of a body before the handler runs.
	readAhead = 8 << 10
	// drainBytes is how much of an unread body is read away to keep the
	// connection; with more, closing is cheaper for both.
	drainBytes = 64 << 10
	// chunk is how much memory is asked for at a time while a body arrives.
	chunk = 64 << 10
)

// body refuses what announces more than its route takes, and sees to it that
// what a handler did not read is not taken for the next request.
//
// QUIRK: fasthttp 1.69 with streamed bodies neither enforces its limit nor
// skips what was left unread: the rest of a body would be read as a request,
// which behind a proxy is another customer's.
func (s *server) body(c *fiber.Ctx) error {
	length := c.Request().Header.ContentLength()
	if length == -1 { // chunked
		closeAfter(c)
		return fiber.ErrLengthRequired
	}
	// QUIRK: fiber unpacks an encoded body without a bound.
	if e := c.Get(fiber.HeaderContentEncoding); e != "" && !strings.EqualFold(e, "identity") {
		closeAfter(c)
		return fiber.ErrUnsupportedMediaType
	}
	if int64(length) > s.most(c.Path()) {
		closeAfter(c)
		return balie.ErrTooLarge
	}
	err := c.Next()
	if length > readAhead && !s.drained(c, length) {
		closeAfter(c)
	}
	return err
}

// most is how many bytes a body for a path may have.
func (s *server) most(path string) int64 {
	most, longest := s.Body, -1
	for prefix, n := range s.Large {
		if strings.HasPrefix(path, prefix) && len(prefix) > longest {
			most, longest = n, len(prefix)
		}
	}
	return most
}

// drained reports whether all of the body is read, reading a small rest away.
func (s *server) drained(c *fiber.Ctx, length int) bool {
	if c.Locals(readKey) == true {
		return true
	}
	body := c.Context().RequestBodyStream()
	if body == nil { // c.Body() took it; a broken one is shorter
		return len(c.Request().Body()) == length
	}
	if length > drainBytes {
		return false
	}
	_, err := io.Copy(io.Discard, body)
	return err == nil
}

// closeAfter ends the connection after the answer and lets the client read it:
// closing with unread bytes would make the kernel throw the answer away.
func closeAfter(c *fiber.Ctx) {
	c.Context().SetConnectionClose()
	if k, ok := c.Context().Conn().(*conn); ok {
		k.linger.Store(true)
	}
}

// Limit reads the body into memory, at most n bytes, and out of the room that
// all bodies share; c.Body() has it then. Routes that read a body have a
// Limit or a Stream in front.
func Limit(n int64) fiber.Handler {
	return func(c *fiber.Ctx) error {
		length := int64(c.Request().Header.ContentLength())
		if length > n {
			return balie.ErrTooLarge
		}
		if length <= 0 {
			return c.Next()
		}
		b := room(c)
		held, err := b.read(c.Context().RequestBodyStream(), int(length))
		defer b.give(int64(cap(held)))
		if err != nil {
			closeAfter(c)
			return err
		}
		c.Locals(readKey, true)
		c.Request().SetBodyRaw(held)
		return c.Next()
	}
}

// Stream is the body, to be read once from front to end, and at most n bytes
// of it. Each piece must arrive within the read timeout, all of it within
// total: a slow line may take longer than a request without files, a trickle
// may not last for ever. The caller calls Read to the end or leaves the rest.
func Stream(c *fiber.Ctx, n int64, total time.Duration) (io.Reader, error) {
	length := int64(c.Request().Header.ContentLength())
	if length > n {
		return nil, balie.ErrTooLarge
	}
	body := c.Context().RequestBodyStream()
	if body == nil {
		return strings.NewReader(""), nil
	}
	return &stream{c: c, body: body, left: length, conn: c.Context().Conn(), until: time.Now().Add(total)}, nil
}

// piece is how long a streamed body may be silent.
const piece = 15 * time.Second

type stream struct {
	c     *fiber.Ctx
	body  io.Reader
	left  int64
	conn  net.Conn
	until time.Time
}

func (s *stream) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	deadline := time.Now().Add(piece)
	if deadline.After(s.until) {
		deadline = s.until
	}
	s.conn.SetReadDeadline(deadline)
	n, err := s.body.Read(p)
	s.left -= int64(n)
	if s.left <= 0 {
		s.c.Locals(readKey, true)
		return n, io.EOF
	}
	return n, broken(err)
}

// broken says what the end of a connection in the middle of a body means.
func broken(err error) error {
	var timeout net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return fiber.ErrRequestTimeout
	case errors.Is(err, io.EOF):
		return fmt.Errorf("read body: %w", fiber.ErrBadRequest)
	}
	return fmt.Errorf("read body: %w: %w", fiber.ErrBadRequest, err)
}

// room is the memory all bodies of the app share.
func room(c *fiber.Ctx) *budget {
	if s, ok := c.Locals(serverKey).(*server); ok {
		return s.memory
	}
	return &budget{left: memoryBytes}
}

// budget is memory that is shared. It is asked for as bytes arrive: a client
// that only announces takes none.
type budget struct {
	mu   sync.Mutex
	left int64 // bytes
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
}

// read reads length bytes. What it returns is taken from the budget by its
// capacity, also on error.
func (b *budget) read(body io.Reader, length int) ([]byte, error) {
	var held []byte
	for len(held) < length {
		if len(held) == cap(held) {
			grown := min(max(2*cap(held), chunk), length)
			if !b.take(int64(grown)) {
				return held, &balie.UnavailableError{Why: "bodies fill the memory they may have", RetryAfter: 5 * time.Second}
			}
			next := make([]byte, len(held), grown)
			copy(next, held)
			b.give(int64(cap(held)))
			held = next
		}
		n, err := body.Read(held[len(held):cap(held)])
		held = held[:len(held)+n]
		if err != nil && len(held) < length {
			return held, broken(err)
		}
	}
	return held, nil
}
