package boltstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie/internal/faults"
)

// step brings the store from one data version to the next, in one transaction
// together with the new version number: after a crash it has been done or not.
type step func(*writer) error

// steps from version 1 on: steps()[0] makes version 2 of version 1.
func steps() []step { return []step{addRecords} }

// addRecords makes the bucket of the desk's own records.
func addRecords(w *writer) error {
	w.dirty = true
	_, err := w.tx.CreateBucketIfNotExists([]byte(kindRecord.String()))
	return err
}

// migrate runs the steps a store lacks, after the file as it is was copied.
func migrate(dir string, b *bolt.DB, steps []step) error {
	version, err := dataVersion(b)
	if err != nil {
		return refuse(dir, err)
	}
	if version > len(steps) {
		return nil
	}
	if err := keepOld(dir, b, version); err != nil {
		return fmt.Errorf("keep the store as it was before migrating: %w", err)
	}
	return runSteps(b, version, steps)
}

// runSteps runs the steps from a version on.
func runSteps(b *bolt.DB, version int, steps []step) error {
	for ; version <= len(steps); version++ {
		if err := faults.Hit("store.before-migration-step"); err != nil {
			return err
		}
		err := b.Update(func(tx *bolt.Tx) error {
			w := newWriter(tx)
			if err := steps[version-1](w); err != nil {
				return err
			}
			w.putMeta(metaVersion, strconv.Itoa(version+1))
			return w.err
		})
		if err != nil {
			return fmt.Errorf("migrate the store from data version %d: %w", version, err)
		}
	}
	return nil
}

func dataVersion(b *bolt.DB) (version int, err error) {
	err = b.View(func(tx *bolt.Tx) error {
		r := &reader{tx: tx}
		_, version, err = r.identity()
		return err
	})
	return version, err
}

// keepOld copies the file before the first step that changes it. A copy that
// is there already was made before a migration that was interrupted.
func keepOld(dir string, b *bolt.DB, version int) error {
	name := fmt.Sprintf("%s.v%d", storeFile, version)
	if _, err := os.Stat(filepath.Join(dir, name)); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	tmp := filepath.Join(dir, name+".new")
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = b.View(func(tx *bolt.Tx) error { return copyTo(f, tx) })
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return publish(dir, name+".new", name)
}

func copyTo(w io.Writer, tx *bolt.Tx) error {
	_, err := tx.WriteTo(w)
	return err
}
