package boltstore

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/blobdir"
)

// HeldReason is the LastError of deliveries that a restore holds: nobody knows
// whether they went out after the backup was made.
const HeldReason = "held after restore"

// holdBatch is how many deliveries are held in one transaction.
const holdBatch = 1000

// maxManifest bounds a JSON entry of an archive, in bytes.
const maxManifest = 1 << 20

// RestoreOptions of a restore; the zero value is right for a desk.
type RestoreOptions struct {
	// Store is how the restored store is opened meanwhile.
	Store Options
}

// Report says what a backup has.
type Report struct {
	Instance    string
	DataVersion int
	Made        time.Time
	Counts      map[string]int // records by bucket
	Originals   int
	Bytes       int64 // of the store
	Held        int   // deliveries an agent must look at before they go out
	Flaws       []store.Flaw
}

// Restore puts a backup into an empty folder. The store gets its name last, so
// that a restore that was cut off leaves none.
func Restore(archive io.Reader, dir string, o RestoreOptions) (Report, error) {
	r, err := restore(archive, dir, o)
	if err != nil {
		return r, fmt.Errorf("restore a backup: %w", err)
	}
	return r, nil
}

func restore(archive io.Reader, dir string, o RestoreOptions) (Report, error) {
	if err := emptyFolder(dir); err != nil {
		return Report{}, err
	}
	lock, err := acquire(filepath.Join(dir, lockFile), lockTimeout)
	if err != nil {
		return Report{}, err
	}
	defer lock.Close()
	m, err := unpack(archive, dir)
	if err != nil {
		return Report{}, err
	}
	out := Report{Instance: m.Instance, DataVersion: m.DataVersion, Made: m.Made,
		Counts: m.Counts, Originals: m.Originals, Bytes: m.Size}
	b, err := openFile(filepath.Join(dir, newFile), o.Store)
	if err != nil {
		return out, brokenArchive(err.Error())
	}
	out.Held, err = prepare(b, m)
	if e := b.Close(); err == nil {
		err = e
	}
	if err != nil {
		return out, err
	}
	if err := publish(dir, newFile, storeFile); err != nil {
		return out, err
	}
	out.DataVersion = len(steps()) + 1
	return out, writeMarker(dir, marker{m.Instance, out.DataVersion})
}

// prepare compares a restored file with its manifest, brings it to the newest
// data version and holds what waited to go out.
func prepare(b *bolt.DB, m manifest) (int, error) {
	err := b.View(func(tx *bolt.Tx) error {
		r := &reader{tx: tx}
		instance, version, err := r.identity()
		if err != nil {
			return err
		}
		if instance != m.Instance || version != m.DataVersion {
			return brokenArchive("its store is another one than its manifest says")
		}
		if counts := r.counts(); !maps.Equal(counts, m.Counts) {
			return brokenArchive(fmt.Sprintf("it has %v records, its manifest says %v", counts, m.Counts))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := runSteps(b, m.DataVersion, steps()); err != nil {
		return 0, err
	}
	return hold(b)
}

// hold keeps back all deliveries that are not finished.
func hold(b *bolt.DB) (int, error) {
	total := 0
	for {
		n := 0
		err := b.Update(func(tx *bolt.Tx) error {
			w := newWriter(tx)
			ids, err := w.unsent(holdBatch)
			if err != nil {
				return err
			}
			n = len(ids)
			for _, id := range ids {
				if err := w.setDelivery(id, balie.Held, HeldReason); err != nil {
					return err
				}
			}
			return w.err
		})
		if err != nil {
			return total, fmt.Errorf("hold deliveries: %w", err)
		}
		if total += n; n < holdBatch {
			return total, nil
		}
	}
}

// unsent are the ids of deliveries that are pending or leased.
func (r *reader) unsent(n int) ([]balie.ID, error) {
	var out []balie.ID
	c := r.bucket(kindList).Cursor()
	for k, _ := c.Seek([]byte{listStatus, 1}); len(k) > 2 && k[0] == listStatus && unfinished(k[1]) && len(out) < n; k, _ = c.Next() {
		if len(k) != 26 {
			return nil, damaged(kindList, k, "has a wrong length")
		}
		out = append(out, balie.ID(k[10:]))
	}
	return out, nil
}

// setDelivery gives a stored delivery, which nobody has any more, another
// status and says why.
func (w *writer) setDelivery(id balie.ID, status balie.Status, why string) error {
	d, ok, err := w.delivery(id)
	if err == nil && !ok {
		err = damaged(kindDelivery, id[:], "is missing")
	}
	if err != nil {
		return err
	}
	d.Status, d.LeasedUntil, d.LastError = status, time.Time{}, why
	rec, err := jsonRecord(kindDelivery, id[:], d)
	if err == nil {
		w.writeDelivery(d, rec)
	}
	return err
}

func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into the folder: %w", err)
	}
	if len(there) > 0 {
		return &balie.InvalidError{File: dir, Problem: fmt.Sprintf("the folder is not empty: %s is in it", there[0].Name()),
			Fix: "restore into a new folder, or move what is there away first"}
	}
	return nil
}

func brokenArchive(why string) error {
	return &refusal{balie.InvalidError{Problem: "the backup is damaged: " + why, Fix: "use another one"}, balie.ErrCorrupt}
}

// unpack writes what an archive has and checks it against the manifest.
func unpack(archive io.Reader, dir string) (manifest, error) {
	u := &unpacking{dir: dir, t: tar.NewReader(archive)}
	var err error
	if u.blobs, err = blobdir.Open(filepath.Join(dir, blobFolder)); err != nil {
		return manifest{}, err
	}
	defer u.blobs.Close()
	for i := 0; ; i++ {
		h, err := u.t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return manifest{}, brokenArchive(err.Error())
		}
		if i == 0 && h.Name != headerName {
			return manifest{}, &balie.InvalidError{Problem: "this is not a backup of balie", Fix: "name a file that `balie backup` made"}
		}
		if err := u.entry(h.Name); err != nil {
			return manifest{}, err
		}
	}
	return u.m, u.check()
}

type unpacking struct {
	dir       string
	t         *tar.Reader
	blobs     *blobdir.Dir
	h         header
	m         manifest
	sum       string
	size      int64
	originals int
}

func (u *unpacking) entry(name string) error {
	switch {
	case name == headerName:
		if err := u.json(&u.h); err != nil {
			return err
		}
		if newest := len(steps()) + 1; u.h.Format != archiveFormat || u.h.DataVersion > newest {
			return &balie.InvalidError{Problem: fmt.Sprintf("the backup has format %d and data version %d; this balie knows format %d and versions up to %d",
				u.h.Format, u.h.DataVersion, archiveFormat, newest), Fix: "restore it with the newer balie"}
		}
		return nil
	case name == manifestName:
		return u.json(&u.m)
	case name == storeFile:
		return u.store()
	case path.Dir(name) == blobFolder:
		return u.original(balie.BlobID(path.Base(name)))
	}
	return brokenArchive(fmt.Sprintf("it has an entry %.80q", name))
}

func (u *unpacking) json(into any) error {
	b, err := io.ReadAll(io.LimitReader(u.t, maxManifest))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		return brokenArchive(err.Error())
	}
	return nil
}

func (u *unpacking) store() error {
	f, err := os.OpenFile(filepath.Join(u.dir, newFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	h := &hashing{r: u.t, h: sha256.New()}
	_, err = io.Copy(f, h)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = brokenArchive("it is cut off")
	}
	if err == nil {
		err = f.Sync()
	}
	u.sum, u.size = hex.EncodeToString(h.h.Sum(nil)), h.n
	return errors.Join(err, f.Close())
}

func (u *unpacking) original(id balie.BlobID) error {
	got, _, err := u.blobs.Put(context.Background(), u.t)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return brokenArchive("it is cut off")
	}
	if err != nil {
		return err
	}
	if got != id {
		return brokenArchive(fmt.Sprintf("original %.64s is not what was stored", id))
	}
	u.originals++
	return nil
}

func (u *unpacking) check() error {
	switch {
	case u.m.Format == 0:
		return brokenArchive("it has no end: it was cut off")
	case u.m.header != u.h:
		return brokenArchive("its beginning and its end do not belong together")
	case u.sum != u.m.SHA256 || u.size != u.m.Size:
		return brokenArchive("its store is not what was backed up")
	case u.originals != u.m.Originals:
		return brokenArchive(fmt.Sprintf("it has %d originals of %d", u.originals, u.m.Originals))
	}
	return nil
}

// VerifyBackup restores a backup into a temporary folder and checks all of it.
func VerifyBackup(archive io.Reader) (Report, error) {
	dir, err := os.MkdirTemp("", "balie-verify-")
	if err != nil {
		return Report{}, fmt.Errorf("verify a backup: %w", err)
	}
	defer os.RemoveAll(dir)
	to := filepath.Join(dir, "store")
	out, err := Restore(archive, to, RestoreOptions{})
	if err != nil {
		return out, err
	}
	db, err := Open(to, Options{MinFree: -1})
	if err != nil {
		return out, fmt.Errorf("open the restored store: %w", err)
	}
	defer db.Close()
	if out.Flaws, err = db.Verify(context.Background(), nil); err != nil {
		return out, fmt.Errorf("check the restored store: %w", err)
	}
	if len(out.Flaws) > 0 {
		f := out.Flaws[0]
		return out, brokenArchive(fmt.Sprintf("%d flaws, the first in %s: %s", len(out.Flaws), f.Where, f.What))
	}
	return out, nil
}
