package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/faults"
)

// step brings the store from one data version to the next. It does a piece of
// the work from a place on (nil: from the beginning) and says where the next
// begins; nil: that was all, and the transaction has the new version number
// too. After a crash a piece has been done or not.
type step func(w *writer, from []byte) (next []byte, err error)

// steps from version 1 on: steps()[0] makes version 2 of version 1.
func steps() []step { return []step{addRecords, refold, refold} }

// metaPlace is where a step that was interrupted goes on, in the meta bucket.
const metaPlace = "migration place"

// addRecords makes the bucket of the desk's own records.
func addRecords(w *writer, _ []byte) ([]byte, error) {
	w.dirty = true
	_, err := w.tx.CreateBucketIfNotExists([]byte(kindRecord.String()))
	return nil, err
}

// refoldPiece is how many requests one transaction refolds: what it rewrites
// is in memory meanwhile, some megabytes.
const refoldPiece = 2000

// refold makes every request anew of its events: requests know more than they
// did (who spoke last, what is assigned to nobody), and the index with them.
func refold(w *writer, from []byte) ([]byte, error) {
	var ids []balie.ID
	var next []byte
	c := w.bucket(kindRequest).Cursor()
	for k, _ := c.Seek(from); k != nil; k, _ = c.Next() {
		if len(k) != 16 {
			return nil, damaged(kindRequest, k, "the key is not an id")
		}
		if len(ids) == refoldPiece {
			next = bytes.Clone(k)
			break
		}
		ids = append(ids, balie.ID(k))
	}
	for _, id := range ids {
		r, err := w.folded(id)
		if err != nil {
			return nil, err
		}
		e := &encoded{id: id, keys: requestKeys(r)}
		if e.request, err = requestRecord(r, e.keys); err != nil {
			return nil, err
		}
		w.writeRequest(e)
	}
	return next, nil
}

// folded is what the events of a request make of it.
func (r *reader) folded(id balie.ID) (balie.Request, error) {
	var out balie.Request
	c := r.bucket(kindEvent).Cursor()
	for k, rec := c.Seek(id[:]); bytes.HasPrefix(k, id[:]); k, rec = c.Next() {
		e, err := readEvent(k, rec)
		if err == nil {
			out, err = out.Apply(e)
		}
		if err != nil {
			return out, fmt.Errorf("fold event %s: %w", where(kindEvent, k), err)
		}
	}
	if out.ID != id {
		return out, damaged(kindRequest, id[:], "has no events")
	}
	return out, nil
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
		for done := false; !done; {
			err := b.Update(func(tx *bolt.Tx) (err error) {
				w := newWriter(tx)
				done, err = w.migrate(steps[version-1], version+1)
				return err
			})
			if err != nil {
				return fmt.Errorf("migrate the store from data version %d: %w", version, err)
			}
		}
	}
	return nil
}

// migrate runs a step from where it stopped.
func (w *writer) migrate(s step, to int) (done bool, err error) {
	var from []byte
	if w.get(kindMeta, []byte(metaPlace)) != nil {
		place, err := w.meta(metaPlace)
		if err != nil {
			return false, err
		}
		from = []byte(place)
	}
	next, err := s(w, from)
	if err != nil {
		return false, err
	}
	if next != nil {
		w.putMeta(metaPlace, string(next))
		return false, w.err
	}
	if from != nil {
		w.del(kindMeta, []byte(metaPlace))
	}
	w.putMeta(metaVersion, strconv.Itoa(to))
	return true, w.err
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
