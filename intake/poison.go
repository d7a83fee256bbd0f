package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// A message that ends the process (a fault in a parser that recover cannot
// catch, memory) must not do so twice. Before a message is parsed its key is
// written to a slot of a small file; after it the slot is emptied. Nothing is
// synced: only the process dies, not the machine. A key found there at two
// starts is taken in unparsed.
const (
	slots    = 64  // parsed at the same time; more wait
	slotSize = 512 // bytes; longer keys are cut, which is only less exact
	suspect  = 2   // starts after which a key is not parsed any more
)

type poison struct {
	file   *os.File
	free   chan int
	mu     sync.Mutex
	starts map[string]int // key -> at how many starts it was found
	path   string
}

// openPoison reads what was being parsed when the process last ended.
func openPoison(path string) (*poison, error) {
	p := &poison{free: make(chan int, slots), starts: map[string]int{}, path: path}
	for i := range slots {
		p.free <- i
	}
	if path == "" {
		return p, nil
	}
	if err := p.remember(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the note of what is being parsed: %w", err)
	}
	p.file = f
	return p, nil
}

// remember counts the keys left in the slots and keeps the counts beside them.
func (p *poison) remember() error {
	if b, err := os.ReadFile(p.path + ".starts"); err == nil {
		if json.Unmarshal(b, &p.starts) != nil {
			p.starts = map[string]int{}
		}
	}
	b, err := os.ReadFile(p.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the note of what was being parsed: %w", err)
	}
	found := false
	for ; len(b) >= 2; b = b[min(slotSize, len(b)):] {
		n := int(b[0])<<8 | int(b[1])
		if n > 0 && n+2 <= min(slotSize, len(b)) {
			p.starts[string(b[2:2+n])]++
			found = true
		}
	}
	if !found {
		return nil
	}
	out, err := json.Marshal(p.starts)
	if err != nil {
		return err
	}
	return os.WriteFile(p.path+".starts", out, 0o600)
}

// suspected reports whether a key ended the process too often.
func (p *poison) suspected(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts[clipKey(key)] >= suspect
}

// enter notes that a key is being parsed; the returned func takes it back. When
// the note cannot be written the message is parsed all the same.
func (p *poison) enter(key string) (leave func()) {
	slot := <-p.free
	if p.file == nil {
		return func() { p.free <- slot }
	}
	key = clipKey(key)
	b := make([]byte, 2, 2+len(key))
	b[0], b[1] = byte(len(key)>>8), byte(len(key))
	p.file.WriteAt(append(b, key...), int64(slot*slotSize))
	return func() {
		p.file.WriteAt([]byte{0, 0}, int64(slot*slotSize))
		p.free <- slot
	}
}

// forget drops a key that was taken in after all.
func (p *poison) forget(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.starts[clipKey(key)]; !ok {
		return
	}
	delete(p.starts, clipKey(key))
	if b, err := json.Marshal(p.starts); err == nil && p.path != "" {
		os.WriteFile(p.path+".starts", b, 0o600)
	}
}

func clipKey(key string) string {
	if len(key) > slotSize-2 {
		return key[:slotSize-2]
	}
	return key
}
