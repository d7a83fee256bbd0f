package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"github.com/balie/balie"
)

// socketName is the socket of a running balie, in its data directory.
const socketName = "balie.sock"

// socketPath is the longest path of a socket in bytes, everywhere: the kernel
// has room for 104 to 108.
const socketPath = 100

// listenSocket listens on the socket in the data directory. Whoever calls it
// has the store open: a socket that is there already is of a balie that ended.
//
// The socket is made in a folder that only we can enter and moved into place
// when its rights are set, so that at no moment anybody else can connect.
func listenSocket(dir string) (net.Listener, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	defer root.Close()
	if err := removeSocket(root); err != nil {
		return nil, err
	}
	private, err := os.MkdirTemp(dir, ".socket-")
	if err != nil {
		return nil, fmt.Errorf("make the socket: %w", err)
	}
	defer os.RemoveAll(private)
	made := filepath.Join(private, socketName)
	var ln *net.UnixListener
	err = withShortPath(private, func(short string) (err error) {
		ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(short, socketName), Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make the socket: %w", err)
	}
	ln.SetUnlinkOnClose(false) // it will be elsewhere
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, filepath.Join(dir, socketName))); err != nil {
		ln.Close()
		return nil, fmt.Errorf("make the socket: %w", err)
	}
	return &socketListener{ln, dir}, nil
}

// openSocket listens for commands, once: whoever says that balie is ready has
// called it before.
func (a *app) openSocket() (err error) {
	if a.socket == nil {
		a.socket, err = listenSocket(a.cfg.Data)
	}
	return err
}

// socketListener takes its socket away when it closes.
type socketListener struct {
	*net.UnixListener
	dir string
}

// Close is of net.Listener; what cannot be removed is found stale later.
func (l *socketListener) Close() error {
	err := l.UnixListener.Close()
	if err == nil {
		if root, rerr := os.OpenRoot(l.dir); rerr == nil {
			removeSocket(root)
			root.Close()
		}
	}
	return err
}

// removeSocket removes a socket that nobody listens on any more. Anything else
// under its name is left alone: who put it there must look.
func removeSocket(root *os.Root) error {
	i, err := root.Lstat(socketName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && i.Mode().Type() != fs.ModeSocket {
		return notASocket(filepath.Join(root.Name(), socketName))
	}
	if err == nil {
		err = root.Remove(socketName)
	}
	if err != nil {
		return fmt.Errorf("remove the old socket: %w", err)
	}
	return nil
}

func notASocket(path string) error {
	return &balie.InvalidError{File: path, Problem: "this should be the socket of balie and is something else", Fix: "find out who put it there and move it away"}
}

// dialSocket connects to the balie that runs over a data directory.
// fs.ErrNotExist and syscall.ECONNREFUSED: none runs.
func dialSocket(dir string) (net.Conn, error) {
	path := filepath.Join(dir, socketName)
	i, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if i.Mode().Type() != fs.ModeSocket {
		return nil, notASocket(path)
	}
	var conn net.Conn
	err = withShortPath(dir, func(short string) (err error) {
		conn, err = net.Dial("unix", filepath.Join(short, socketName))
		return err
	})
	return conn, err
}

// withShortPath calls use with a path to a folder that leaves room for a
// socket's name in it.
func withShortPath(dir string, use func(short string) error) error {
	if len(dir)+1+len(socketName) <= socketPath {
		return use(dir)
	}
	if runtime.GOOS != "linux" {
		return &balie.InvalidError{File: dir, Field: "data", Problem: fmt.Sprintf("the path is over %d bytes, too long for a socket", socketPath), Fix: "use a shorter data directory"}
	}
	// QUIRK: the kernel bounds the text of a socket's path, not its place in
	// the tree; by the descriptor of its folder every socket has a short one.
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return use(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
}
