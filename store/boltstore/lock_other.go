//go:build !unix

package boltstore

import (
	"fmt"
	"os"
	"time"
)

// acquire only opens the file: bbolt's own lock must do here.
func acquire(name string, _ time.Duration) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the store: %w", err)
	}
	return f, nil
}
