package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
)

// door is the socket that HTTP listens on. It outlives the apps behind it:
// while one makes room for the next, callers wait in the kernel's queue.
type door struct {
	mu     sync.Mutex // between a new app and the end of ctx
	base   *os.File
	closed bool
}

// openDoor listens until ctx ends: then nobody may queue any more for whom no
// app will come.
func openDoor(ctx context.Context, address string) (*door, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	defer ln.Close() // the file is a socket of its own
	base, err := ln.(*net.TCPListener).File()
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	d := &door{base: base}
	context.AfterFunc(ctx, func() { d.close() })
	return d, nil
}

// listener is the door for one app.
func (d *door) listener() (net.Listener, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("listen again: %w", net.ErrClosed)
	}
	ln, err := net.FileListener(d.base)
	if err != nil {
		return nil, fmt.Errorf("listen again: %w", err)
	}
	return ln, nil
}

func (d *door) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	return d.base.Close()
}
