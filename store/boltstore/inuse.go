package boltstore

import (
	"sync"
	"time"

	"github.com/balie/balie"
)

// putWindow is how long a large original may wait for the Change that names
// it before an Erase takes it for left over: a letter is read within seconds.
const putWindow = 10 * time.Minute

// inUse knows which originals somebody is about to name, so that an Erase does
// not take one away between the moment it looked and the moment it removes.
type inUse struct {
	mu    sync.Mutex
	put   map[digest]time.Time // large ones on disk, not named yet
	watch map[digest]bool      // those an Erase looks at: true when somebody named one
}

type digest [32]byte

var errTakenAgain = &balie.UnavailableError{Why: "an original is just being taken in again", RetryAfter: putWindow}

// kept says that a large original is on disk.
func (u *inUse) kept(h digest, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.put == nil {
		u.put = map[digest]time.Time{}
	}
	for h, at := range u.put {
		if len(u.put) < 1000 {
			break
		}
		if now.Sub(at) > putWindow {
			delete(u.put, h)
		}
	}
	u.put[h] = now
}

// naming is called before Changes are stored, and named when they are.
func (u *inUse) naming(list []*encoded) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.watch == nil {
		return
	}
	for h := range hashes(list) {
		if _, ok := u.watch[h]; ok {
			u.watch[h] = true
		}
	}
}

func (u *inUse) named(list []*encoded) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.put) == 0 {
		return
	}
	for h := range hashes(list) {
		delete(u.put, h)
	}
}

// hashes are the originals that Changes name.
func hashes(list []*encoded) func(yield func(digest) bool) {
	return func(yield func(digest) bool) {
		for _, e := range list {
			if e == nil {
				continue
			}
			for _, m := range e.messages {
				for _, ref := range m.refs {
					if !yield(digest(ref)) {
						return
					}
				}
			}
		}
	}
}

// look begins to watch; nil ends it.
func (u *inUse) look(at map[digest]bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.watch = at
}

// note says that an original that is watched is named.
func (u *inUse) note(h digest) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.watch[h]; ok {
		u.watch[h] = true
	}
}

// free calls step while nobody can begin to name the original, unless it is
// named. It says so, or that somebody may still name it.
func (u *inUse) free(h digest, now time.Time, step func() error) (gone bool, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.watch[h] {
		return false, nil
	}
	if at, ok := u.put[h]; ok && now.Sub(at) < putWindow {
		return false, errTakenAgain
	}
	return true, step()
}
