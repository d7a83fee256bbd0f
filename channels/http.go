package channels

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
)

// Take keeps a body and hands it in: raw gets its Original. It returns only
// for what is durable; any other outcome is a *balie.UnavailableError, so that
// the outside comes again. patience bounds the wait.
func Take(ctx context.Context, in Sink, body []byte, raw balie.Raw, patience time.Duration) (balie.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	original, err := in.Keep(ctx, bytes.NewReader(body))
	if err != nil {
		return balie.Receipt{}, tryLater(err)
	}
	raw.Original = original
	receipts, err := in.Receive(ctx, nil, raw)
	if err != nil {
		return balie.Receipt{}, tryLater(err)
	}
	if len(receipts) != 1 {
		return balie.Receipt{}, tryLater(errors.New("there is no receipt"))
	}
	return receipts[0], nil
}

// tryLater makes of every failure the promise that the same call works later.
// What a sink says about the moment (unavailable, throttled) stands.
func tryLater(err error) error {
	var u *balie.UnavailableError
	if errors.As(err, &u) || errors.Is(err, balie.ErrThrottled) {
		return err
	}
	return &balie.UnavailableError{Why: "the message could not be kept", RetryAfter: comeBack, Cause: err}
}

// Body reads a request's body as it came over the wire, up to limit bytes;
// more is balie.ErrTooLarge. The app must have StreamRequestBody set, so that
// an announced length costs no memory.
func Body(c *fiber.Ctx, limit int64) ([]byte, error) {
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		raw := c.Context().Request.Body()
		if int64(len(raw)) > limit {
			return nil, balie.ErrTooLarge
		}
		return append([]byte(nil), raw...), nil
	}
	body, err := io.ReadAll(io.LimitReader(stream, limit+1))
	switch {
	case err != nil:
		return nil, fiber.NewError(fiber.StatusBadRequest, "the body ended early")
	case int64(len(body)) > limit:
		c.Context().SetConnectionClose() // what was not read must not become the next request
		return nil, balie.ErrTooLarge
	}
	return body, nil
}

// Header is a copy of a request header: fasthttp uses its bytes again.
func Header(c *fiber.Ctx, name string) string { return strings.Clone(c.Get(name)) }
