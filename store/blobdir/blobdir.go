// Package blobdir is in charge of large originals: files under the SHA-256 of
// their content.
//
// Guarantees:
//  1. When Put returns, the content and its name are on disk.
//  2. A reader gets the content that was put, or an error: the hash is checked
//     while reading and a difference is balie.ErrCorrupt at the end.
//  3. Sweep never takes a file that Put made or renewed since olderThan.
//
// On disk:
//
//	DIR/3f/3f8a…   one file per content, named by all of its hash
//	DIR/tmp/       what is being written; left-overs are swept too
package blobdir

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"github.com/balie/balie"
)

// copyBuffer is how much of a body is in memory at once, in bytes.
const copyBuffer = 64 << 10

const tmpDir = "tmp"

// Dir is a directory of originals.
type Dir struct {
	root *os.Root
	// mu keeps Sweep from removing a file between its look and Put's rename.
	mu sync.Mutex
}

// Open opens the directory and makes it when it is missing.
func Open(dir string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of originals: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory of originals: %w", err)
	}
	d := &Dir{root: root}
	if err := d.mkdir(tmpDir); err != nil {
		root.Close()
		return nil, err
	}
	return d, nil
}

// Close lets go of the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Put stores a body and returns its name and size in bytes.
func (d *Dir) Put(ctx context.Context, r io.Reader) (balie.BlobID, int64, error) {
	tmp := path.Join(tmpDir, rand.Text())
	f, err := d.root.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", 0, fmt.Errorf("make a file for an original: %w", err)
	}
	h := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(f, h), &reader{ctx, r}, make([]byte, copyBuffer))
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		d.root.Remove(tmp)
		return "", 0, fmt.Errorf("write an original: %w", err)
	}
	id := balie.BlobID(hex.EncodeToString(h.Sum(nil)))
	if err := d.publish(tmp, id); err != nil {
		d.root.Remove(tmp)
		return "", 0, err
	}
	return id, n, nil
}

// publish gives a written file its name. A file of that name is replaced: the
// new one is known to be whole, and young for Sweep.
func (d *Dir) publish(tmp string, id balie.BlobID) error {
	sub := string(id[:2])
	if err := d.mkdir(sub); err != nil {
		return err
	}
	d.mu.Lock()
	err := d.root.Rename(tmp, name(id))
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("name an original: %w", err)
	}
	return d.sync(sub)
}

// mkdir makes a directory durable, parent entry included.
func (d *Dir) mkdir(sub string) error {
	err := d.root.Mkdir(sub, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make a directory of originals: %w", err)
	}
	return d.sync(".")
}

func (d *Dir) sync(sub string) error {
	f, err := d.root.Open(sub)
	if err != nil {
		return fmt.Errorf("open a directory of originals: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync a directory of originals: %w", err)
	}
	return nil
}

// Open returns the content; at its end comes balie.ErrCorrupt when it is not
// what was put. A missing one is balie.ErrNotFound.
func (d *Dir) Open(id balie.BlobID) (io.ReadCloser, error) {
	if !valid(id) {
		return nil, fmt.Errorf("original %.64q: %w", string(id), balie.ErrNotFound)
	}
	f, err := d.root.Open(name(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("original %s: %w", id, balie.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open original %s: %w", id, err)
	}
	return &checked{f: f, h: sha256.New(), id: id}, nil
}

// Size is the size of an original in bytes; balie.ErrNotFound without it.
func (d *Dir) Size(id balie.BlobID) (int64, error) {
	if !valid(id) {
		return 0, fmt.Errorf("original %.64q: %w", string(id), balie.ErrNotFound)
	}
	info, err := d.root.Stat(name(id))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("original %s: %w", id, balie.ErrNotFound)
	}
	if err != nil {
		return 0, fmt.Errorf("look at original %s: %w", id, err)
	}
	return info.Size(), nil
}

// List calls step for every original, in order of name.
func (d *Dir) List(ctx context.Context, step func(id balie.BlobID, size int64, changed time.Time) error) error {
	return fs.WalkDir(d.root.FS(), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		id := balie.BlobID(path.Base(p))
		if e.IsDir() || path.Dir(p) == tmpDir || !valid(id) {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // swept meanwhile
		}
		if err != nil {
			return err
		}
		return step(id, info.Size(), info.ModTime())
	})
}

// Sweep removes originals that nobody names and that are older than a moment,
// and left-over temporary files; it returns how many.
func (d *Dir) Sweep(ctx context.Context, olderThan time.Time, referenced func(balie.BlobID) (bool, error)) (int, error) {
	n, err := d.sweepTmp(olderThan)
	if err != nil {
		return n, err
	}
	err = d.List(ctx, func(id balie.BlobID, _ int64, changed time.Time) error {
		if !changed.Before(olderThan) {
			return nil
		}
		used, err := referenced(id)
		if err != nil || used {
			return err
		}
		gone, err := d.remove(name(id), olderThan)
		if gone {
			n++
		}
		return err
	})
	return n, err
}

func (d *Dir) sweepTmp(olderThan time.Time) (int, error) {
	n := 0
	left, err := fs.ReadDir(d.root.FS(), tmpDir)
	if err != nil {
		return 0, fmt.Errorf("list temporary originals: %w", err)
	}
	for _, e := range left {
		gone, err := d.remove(path.Join(tmpDir, e.Name()), olderThan)
		if err != nil {
			return n, err
		}
		if gone {
			n++
		}
	}
	return n, nil
}

// remove looks again under the lock: Put may have renewed the file meanwhile.
func (d *Dir) remove(p string, olderThan time.Time) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := d.root.Stat(p)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(olderThan) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", p, err)
	}
	if err := d.root.Remove(p); err != nil {
		return false, fmt.Errorf("remove %s: %w", p, err)
	}
	return true, nil
}

// Remove takes an original away, durably, and reports whether it is gone: one
// that Put made or renewed since olderThan stays.
func (d *Dir) Remove(id balie.BlobID, olderThan time.Time) (bool, error) {
	if !valid(id) {
		return true, nil
	}
	if _, err := d.remove(name(id), olderThan); err != nil {
		return false, err
	}
	_, err := d.Size(id)
	if !errors.Is(err, balie.ErrNotFound) {
		return false, err
	}
	if err := d.sync(string(id[:2])); !errors.Is(err, fs.ErrNotExist) {
		return true, err
	}
	return true, nil
}

func name(id balie.BlobID) string { return path.Join(string(id[:2]), string(id)) }

func valid(id balie.BlobID) bool {
	if len(id) != hex.EncodedLen(sha256.Size) {
		return false
	}
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// reader stops a copy when the caller has gone.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

type checked struct {
	f  *os.File
	h  hash.Hash
	id balie.BlobID
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	c.h.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(c.h.Sum(nil)) != string(c.id) {
		return n, fmt.Errorf("original %s is not what was stored: %w", c.id, balie.ErrCorrupt)
	}
	return n, err
}

func (c *checked) Close() error { return c.f.Close() }
