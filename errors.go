package balie

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What a caller can act on. Mapped to HTTP and exit codes in one place each
// (internal/httpd, cmd/balie).
var (
	ErrNotFound  = errors.New("not found")
	ErrDenied    = errors.New("not allowed")
	ErrStale     = errors.New("changed by someone else meanwhile")
	ErrDuplicate = errors.New("already taken in")
	ErrTooLarge  = errors.New("too large")
	ErrThrottled = errors.New("too many at once")
	ErrCorrupt   = errors.New("stored data is damaged")
)

// InvalidError says what is wrong with an input, where, and what to do.
type InvalidError struct {
	File         string
	Line, Col    int // from 1; 0 when unknown
	Field        string
	Problem, Fix string
}

func (e *InvalidError) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, max(e.Col, 1))
		}
		b.WriteString(": ")
	}
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Problem)
	if e.Fix != "" {
		b.WriteString("; " + e.Fix)
	}
	return b.String()
}

// UnavailableError says that the same call will work later.
type UnavailableError struct {
	Why        string
	RetryAfter time.Duration
	Cause      error
}

func (e *UnavailableError) Error() string {
	if e.Cause == nil {
		return e.Why
	}
	return e.Why + ": " + e.Cause.Error()
}

func (e *UnavailableError) Unwrap() error { return e.Cause }

// MoveError says that a request in its present state cannot make a move.
type MoveError struct {
	Ref   string
	State State
	What  What
	Why   string
}

func (e *MoveError) Error() string {
	s := fmt.Sprintf("request %s is %s: it cannot be %s", e.Ref, e.State, e.What)
	if e.Why != "" {
		s += " (" + e.Why + ")"
	}
	return s
}

// RefusedError names the Changes of a Commit that were refused; the others
// were stored. Errs[i] belongs to the i-th Change and is nil when stored.
type RefusedError struct {
	Errs []error
}

func (e *RefusedError) Error() string {
	n := 0
	var first error
	for _, err := range e.Errs {
		if err != nil {
			n++
			if first == nil {
				first = err
			}
		}
	}
	return fmt.Sprintf("%d of %d changes refused: %v", n, len(e.Errs), first)
}

// Unwrap lets errors.Is look through to the single refusals.
func (e *RefusedError) Unwrap() []error {
	var out []error
	for _, err := range e.Errs {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}
