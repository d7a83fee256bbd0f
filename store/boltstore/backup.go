package boltstore

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
)

// A backup is a tar archive:
//
//	balie-backup.json   header: what this is, and which store it is of
//	balie.db            the store as of one moment
//	originals/HASH…     all large originals
//	manifest.json       SHA-256 of balie.db, counts of all; last, so that an
//	                    archive that was cut off has none
const (
	headerName    = "balie-backup.json"
	manifestName  = "manifest.json"
	archiveFormat = 1
)

// header is the beginning of a backup.
type header struct {
	Format      int       `json:"format"`
	Instance    string    `json:"instance"`
	DataVersion int       `json:"data_version"`
	Made        time.Time `json:"made"`
}

// manifest is the end of a backup.
type manifest struct {
	header
	SHA256    string         `json:"sha256"` // of balie.db
	Size      int64          `json:"size"`   // of balie.db, bytes
	Counts    map[string]int `json:"counts"` // records by bucket
	Originals int            `json:"originals"`
}

// Backup writes a consistent copy. The copy of balie.db is taken in one read
// transaction; writers go on meanwhile as long as Options.MmapSize is larger
// than the file.
func (d *DB) Backup(ctx context.Context, w io.Writer) error {
	if d.closed() {
		return errClosed
	}
	t := tar.NewWriter(&writerUntil{ctx, w})
	m := manifest{header: header{Format: archiveFormat, Instance: d.instance, Made: d.clock().UTC()}}
	err := d.view(ctx, func(r *reader) error {
		var err error
		if _, m.DataVersion, err = r.identity(); err != nil {
			return err
		}
		m.Counts = r.counts()
		if err := tarJSON(t, headerName, m.Made, m.header); err != nil {
			return err
		}
		return tarStore(t, r.tx, &m)
	})
	if err == nil {
		err = d.tarOriginals(ctx, t, &m)
	}
	if err == nil {
		err = tarJSON(t, manifestName, m.Made, m)
	}
	if err == nil {
		err = t.Close()
	}
	if err != nil {
		return fmt.Errorf("make a backup: %w", err)
	}
	return nil
}

// counts are the records by bucket.
func (r *reader) counts() map[string]int {
	out := map[string]int{}
	for k := kindMeta; k < kindCount; k++ {
		if b := r.tx.Bucket([]byte(k.String())); b != nil { // an older store lacks some
			out[k.String()] = b.Stats().KeyN
		}
	}
	return out
}

func tarJSON(t *tar.Writer, name string, made time.Time, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), ModTime: made}); err != nil {
		return err
	}
	_, err = t.Write(b)
	return err
}

func tarStore(t *tar.Writer, tx *bolt.Tx, m *manifest) error {
	m.Size = tx.Size()
	if err := t.WriteHeader(&tar.Header{Name: storeFile, Mode: 0o600, Size: m.Size, ModTime: m.Made}); err != nil {
		return err
	}
	h := sha256.New()
	if _, err := tx.WriteTo(io.MultiWriter(t, h)); err != nil {
		return err
	}
	m.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}

// tarOriginals adds the large originals. What a message of the copy names was
// on disk before the copy began, and Sweep leaves it alone.
func (d *DB) tarOriginals(ctx context.Context, t *tar.Writer, m *manifest) error {
	return d.blobs.List(ctx, func(id balie.BlobID, size int64, changed time.Time) error {
		f, err := d.blobs.Open(id)
		if errors.Is(err, balie.ErrNotFound) {
			return nil // nobody named it and it was swept
		}
		if err != nil {
			return err
		}
		defer f.Close()
		m.Originals++
		if err := t.WriteHeader(&tar.Header{Name: blobFolder + "/" + string(id), Mode: 0o600, Size: size, ModTime: changed}); err != nil {
			return err
		}
		_, err = io.Copy(t, f)
		return err
	})
}

func (d *DB) closed() bool {
	select {
	case <-d.stop:
		return true
	default:
		return false
	}
}

// writerUntil stops a copy when the caller has gone.
type writerUntil struct {
	ctx context.Context
	w   io.Writer
}

func (w *writerUntil) Write(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.w.Write(p)
}

// hashing passes on what is read and hashes it.
type hashing struct {
	r io.Reader
	h hash.Hash
	n int64
}

func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.h.Write(p[:n])
	h.n += int64(n)
	return n, err
}
