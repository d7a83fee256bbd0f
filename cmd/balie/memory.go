package main

import (
	"errors"
	"net"
	"sync"
)

// memory is a listener within the process. Unlike that of fasthttp, its
// connections may be given a deadline while they are written to.
type memory struct {
	calls chan net.Conn
	once  sync.Once
	ended chan struct{}
}

var errNoAnswer = errors.New("nobody answers any more")

func newMemory() *memory { return &memory{calls: make(chan net.Conn), ended: make(chan struct{})} }

// Dial connects to whoever accepts.
func (m *memory) Dial() (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.calls <- far:
		return near, nil
	case <-m.ended:
		return nil, errNoAnswer
	}
}

// Accept is of net.Listener.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.calls:
		return c, nil
	case <-m.ended:
		return nil, net.ErrClosed
	}
}

// Close is of net.Listener.
func (m *memory) Close() error {
	m.once.Do(func() { close(m.ended) })
	return nil
}

// Addr is of net.Listener.
func (m *memory) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "memory" }
