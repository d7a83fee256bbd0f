package boltstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/balie/balie"
)

// PutBlob keeps a body. One up to balie.InlineLimit comes back in Inline and
// is durable only with the Change that has it; a larger one is on disk.
func (d *DB) PutBlob(ctx context.Context, r io.Reader) (balie.Original, error) {
	if err := d.ready(true); err != nil {
		return balie.Original{}, err
	}
	head, err := io.ReadAll(io.LimitReader(r, balie.InlineLimit+1))
	if err != nil {
		return balie.Original{}, fmt.Errorf("read an original: %w", err)
	}
	if len(head) <= balie.InlineLimit {
		return balie.Original{Blob: blobID(head), Size: int64(len(head)), Inline: head}, nil
	}
	id, n, err := d.blobs.Put(ctx, io.MultiReader(bytes.NewReader(head), r))
	switch {
	case err == nil:
		if key, err := hex.DecodeString(string(id)); err == nil {
			d.inUse.kept(digest(key), d.clock())
		}
		return balie.Original{Blob: id, Size: n}, nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		d.space.full(d.clock())
		return balie.Original{}, &balie.UnavailableError{Why: errFull.Error(), RetryAfter: retryAfter, Cause: err}
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.EROFS):
		return balie.Original{}, d.fail(err)
	}
	return balie.Original{}, err
}

// OpenBlob returns an original; at its end comes balie.ErrCorrupt when it is
// not what was stored.
func (d *DB) OpenBlob(ctx context.Context, id balie.BlobID) (io.ReadCloser, error) {
	key, err := hex.DecodeString(string(id))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("original %.64q: %w", string(id), balie.ErrNotFound)
	}
	var body []byte
	err = d.view(ctx, func(r *reader) (err error) {
		body, err = r.blob(key)
		return err
	})
	if err != nil {
		return nil, err
	}
	if body == nil {
		return d.blobs.Open(id)
	}
	if blobID(body) != id {
		return nil, damaged(kindBlob, key, "is not what was stored")
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// SweepAge is how old an original is before it counts as left over: longer
// than any step between keeping it and naming it.
const SweepAge = 24 * time.Hour

// Sweep removes large originals that no message names and returns how many.
func (d *DB) Sweep(ctx context.Context, now time.Time) (int, error) {
	named, err := d.named(ctx)
	if err != nil {
		return 0, err
	}
	return d.blobs.Sweep(ctx, now.Add(-SweepAge), func(id balie.BlobID) (bool, error) {
		key, err := hex.DecodeString(string(id))
		if err != nil || len(key) != 32 {
			return true, err
		}
		return named[[32]byte(key)], nil
	})
}

// named are the hashes that messages name: 32 bytes for each in memory.
func (d *DB) named(ctx context.Context) (map[[32]byte]bool, error) {
	out := map[[32]byte]bool{}
	var after []byte
	for more := true; more; {
		more = false
		err := d.view(ctx, func(r *reader) error {
			n := 0
			c := r.bucket(kindMessage).Cursor()
			for k, v := c.Seek(after); k != nil; k, v = c.Next() {
				if n++; n > scanPage {
					more = true
					return nil
				}
				h, err := readMessageHead(k, v)
				if err != nil {
					return err
				}
				for _, ref := range h.refs {
					out[[32]byte(ref)] = true
				}
				after = append(bytes.Clone(k), 0)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
