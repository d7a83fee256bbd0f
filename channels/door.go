package channels

import (
	"sync"
	"time"

	"github.com/balie/balie"
)

// comeBack is what a sender is told when a message could not be made durable:
// long enough for a full disk to be seen, short enough for a restart.
const comeBack = 30 * time.Second

// Door is what a channel mounted on HTTP lets its callers through. It opens
// with the channel, shuts when the channel's context ends, and then waits for
// those who are inside. The zero Door is open.
type Door struct {
	mu     sync.Mutex
	shut   bool
	inside int
	empty  chan struct{} // closed when the last one left a shut door
}

// Enter lets one caller in, who must call leave. On a shut door the error is a
// *balie.UnavailableError.
func (d *Door) Enter() (leave func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return nil, &balie.UnavailableError{Why: "the desk is closing for a moment", RetryAfter: comeBack}
	}
	d.inside++
	return d.leave, nil
}

func (d *Door) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	if d.shut && d.inside == 0 {
		close(d.empty)
	}
}

// Open opens the door, again after a Shut.
func (d *Door) Open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut, d.empty = false, nil
}

// Shut lets nobody in any more and waits for those inside; their own deadlines
// bound the wait.
func (d *Door) Shut() {
	d.mu.Lock()
	if d.shut {
		d.mu.Unlock()
		return
	}
	d.shut, d.empty = true, make(chan struct{})
	empty := d.empty
	if d.inside == 0 {
		close(empty)
	}
	d.mu.Unlock()
	<-empty
}
