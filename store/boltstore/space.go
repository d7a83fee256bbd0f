package boltstore

import (
	"sync"
	"time"
)

// defaultMinFree is enough to answer, close and clean up for a day.
const defaultMinFree = 512 << 20

// spaceCheck is how long an answer about free space is believed.
const spaceCheck = 10 * time.Second

// space watches the disk: below the mark nothing new is taken in, until there
// is twice as much, so that the store does not flutter.
type space struct {
	dir string
	min uint64

	mu      sync.Mutex
	checked time.Time
	isLow   bool
}

func newSpace(dir string, minFree int64) space {
	switch {
	case minFree == 0:
		minFree = defaultMinFree
	case minFree < 0:
		minFree = 0
	}
	return space{dir: dir, min: uint64(minFree)}
}

// low reports whether nothing new may be taken in.
func (s *space) low(now time.Time) bool {
	if s.min == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.checked); !s.checked.IsZero() && age >= 0 && age < spaceCheck {
		return s.isLow
	}
	s.checked = now
	free, err := freeBytes(s.dir)
	if err != nil {
		return s.isLow // the commit itself will tell
	}
	if s.isLow {
		s.isLow = free < 2*s.min
	} else {
		s.isLow = free < s.min
	}
	return s.isLow
}

// full notes that a write did not fit, whatever the last look said.
func (s *space) full(now time.Time) {
	if s.min == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checked, s.isLow = now, true
}
