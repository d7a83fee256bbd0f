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

// Sweep removes large originals that no message and no record names and
// returns how many.
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
		return named[digest(key)], nil
	})
}

// named are the hashes that messages name, or records of the desk (a draft's
// file has no message yet): 32 bytes for each in memory.
func (d *DB) named(ctx context.Context) (map[digest]bool, error) {
	out := map[digest]bool{}
	for _, k := range []kind{kindMessage, kindRecord} {
		var after []byte
		for more := true; more; {
			err := d.view(ctx, func(r *reader) (err error) {
				after, more, err = r.eachNamed(k, after, func(h digest) { out[h] = true })
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// eachNamed calls step for what a page of messages or records names, and says
// where the next page begins.
func (r *reader) eachNamed(k kind, after []byte, step func(digest)) (place []byte, more bool, err error) {
	own := recordKey(kindOriginal, "") // these name what an Erase may remove
	c := r.bucket(k).Cursor()
	n := 0
	for key, rec := c.Seek(after); key != nil; key, rec = c.Next() {
		if n++; n > scanPage {
			return bytes.Clone(key), true, nil
		}
		switch {
		case k == kindMessage:
			h, err := readMessageHead(key, rec)
			if err != nil {
				return nil, false, err
			}
			for _, ref := range h.refs {
				step(digest(ref))
			}
		case !bytes.HasPrefix(key, own):
			eachHash(rec, step)
		}
	}
	return nil, false, nil
}

// eachHash calls step for every hash that is written out in a text.
func eachHash(text []byte, step func(digest)) {
	run := 0
	for i, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			run = 0
			continue
		}
		if run++; run < 64 {
			continue
		}
		if h, err := hex.DecodeString(string(text[i-63 : i+1])); err == nil {
			step(digest(h))
		}
	}
}
