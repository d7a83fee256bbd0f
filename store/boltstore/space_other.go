//go:build !unix || openbsd || netbsd || solaris

package boltstore

import "errors"

// freeBytes is not known here: a full disk is noticed when a write fails.
func freeBytes(string) (uint64, error) { return 0, errors.ErrUnsupported }
