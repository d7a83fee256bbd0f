package boltstore

import (
	"bytes"
	"encoding/hex"
	"strings"
	"time"

	"github.com/balie/balie"
)

// kindOriginal is the kind of the records that say which originals an Erase
// may have to remove: person, slash, hash.
const kindOriginal = "erasing_original"

// removeBatch is how many originals one transaction removes, of at most 64 KiB.
const removeBatch = 100

// originals removes what only the person's messages named.
func (e *eraser) originals() error {
	prefix := e.who.person.String() + "/"
	noted, err := e.d.ListRecords(e.ctx, kindOriginal, prefix, "", false, 0)
	if err != nil || len(noted) == 0 {
		return err
	}
	watched := map[digest]bool{}
	for _, r := range noted {
		h, err := hex.DecodeString(strings.TrimPrefix(r.Key, prefix))
		if err != nil || len(h) != len(digest{}) {
			return damaged(kindRecord, recordKey(r.Kind, r.Key), "names no original")
		}
		watched[digest(h)] = false
	}
	var all []digest
	for h := range watched {
		all = append(all, h)
	}
	e.d.inUse.look(watched)
	defer e.d.inUse.look(nil)
	since := time.Now() // of the files, not of the desk
	if err := e.stillNamed(); err != nil {
		return err
	}
	for len(all) > 0 {
		n := min(len(all), removeBatch)
		if err := e.remove(all[:n], since); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// stillNamed notes which of the originals that are watched are named.
func (e *eraser) stillNamed() error {
	for _, k := range []kind{kindMessage, kindRecord} {
		var after []byte
		for more := true; more; {
			err := e.d.view(e.ctx, func(r *reader) (err error) {
				after, more, err = r.eachNamed(k, after, e.d.inUse.note)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// remove takes originals away that are not named: files first, so that the
// record that names them goes last.
func (e *eraser) remove(some []digest, since time.Time) error {
	gone := map[digest]bool{}
	for _, h := range some {
		free, err := e.d.inUse.free(h, e.d.clock(), func() error { return e.removeFile(h, since) })
		if err != nil {
			return err
		}
		gone[h] = free
	}
	return e.do(func(w *writer) error {
		n := 0
		for _, h := range some {
			free, err := e.d.inUse.free(h, e.d.clock(), func() error { return nil })
			if err != nil {
				return err
			}
			if gone[h] && free {
				w.removePieces(h)
				n++
			}
			key := e.who.person.String() + "/" + hex.EncodeToString(h[:])
			w.writeRecord(record{key: recordKey(kindOriginal, key)}, e.at)
		}
		return w.count(e.who.person, 0, 0, n)
	})
}

func (e *eraser) removeFile(h digest, since time.Time) error {
	ok, err := e.d.blobs.Remove(balie.BlobID(hex.EncodeToString(h[:])), since)
	if err == nil && !ok {
		err = errTakenAgain
	}
	return err
}

// removePieces takes an original out of the store itself.
func (w *writer) removePieces(h digest) {
	var keys [][]byte
	c := w.bucket(kindBlob).Cursor()
	for k, _ := c.Seek(h[:]); bytes.HasPrefix(k, h[:]); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		w.del(kindBlob, k)
	}
}
