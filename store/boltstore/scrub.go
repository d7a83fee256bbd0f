package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// metaScrub says, in the meta bucket, that the file still has on free pages
// what an Erase removed.
const metaScrub = "scrub"

// scrub overwrites the free pages when an Erase asked for it. bbolt leaves
// what was deleted or replaced where it stood until the page is needed again;
// while the store is open nobody else can tell which pages a reader or the
// committer has in hand, so that it is done here, before anybody has begun.
//
// A crash halfway has changed only pages that nobody reads, and the mark is
// still there. The commit that takes it away also makes the older meta page
// point to a whole tree again.
func scrub(dir string, b *bolt.DB) error {
	wanted := false
	err := b.View(func(tx *bolt.Tx) error {
		r := &reader{tx: tx}
		wanted = r.get(kindMeta, []byte(metaScrub)) != nil
		return nil
	})
	if err != nil || !wanted {
		return err
	}
	if err := zeroFree(filepath.Join(dir, storeFile)); err != nil {
		return fmt.Errorf("overwrite what was erased: %w", err)
	}
	err = b.Update(func(tx *bolt.Tx) error {
		w := newWriter(tx)
		w.del(kindMeta, []byte(metaScrub))
		return w.err
	})
	if err != nil {
		return fmt.Errorf("note that what was erased is overwritten: %w", err)
	}
	return nil
}

// zeroFree writes zeros on every page that the newest state does not use.
func zeroFree(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	s, root, err := readMeta(f, false)
	if err != nil {
		return err
	}
	if err := s.tree(root, span{}, 0); err != nil {
		return err
	}
	zero, page := make([]byte, s.pageSize), make([]byte, s.pageSize)
	for id := uint64(2); id < s.pages; id++ {
		if s.seen[id] {
			continue
		}
		at := int64(id) * s.pageSize
		if _, err := f.ReadAt(page, at); err != nil {
			return err
		}
		if bytes.Equal(page, zero) {
			continue
		}
		if _, err := f.WriteAt(zero, at); err != nil {
			return err
		}
	}
	return f.Sync()
}
