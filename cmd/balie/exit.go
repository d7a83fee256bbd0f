package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/store/boltstore"
)

// Exit codes, as docs/operations.md lists them.
const (
	exitUnknown     = 1  // damaged data, or something nobody thought of
	exitInvalid     = 2  // an input is wrong; the text says where and how to mend it
	exitNotFound    = 3  // there is no such thing
	exitDenied      = 4  // not allowed
	exitStale       = 5  // changed meanwhile, or not possible in its state
	exitTooMuch     = 6  // too large or too many
	exitUnavailable = 75 // the same call will work later (EX_TEMPFAIL)
)

// explain writes an error for a person and returns its exit code.
func explain(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		if i == 0 {
			line = "balie: " + line
		}
		fmt.Fprintln(w, harmless(line)) // it may hold what strangers wrote
	}
	return exitCode(err)
}

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	var invalid *balie.InvalidError
	var move *balie.MoveError
	var later *balie.UnavailableError
	switch {
	case errors.As(err, &invalid):
		return exitInvalid
	case errors.Is(err, balie.ErrNotFound):
		return exitNotFound
	case errors.Is(err, balie.ErrDenied):
		return exitDenied
	case errors.Is(err, balie.ErrStale), errors.As(err, &move):
		return exitStale
	case errors.Is(err, balie.ErrTooLarge), errors.Is(err, balie.ErrThrottled):
		return exitTooMuch
	case errors.As(err, &later), errors.Is(err, boltstore.ErrLocked):
		return exitUnavailable
	}
	return exitUnknown
}
