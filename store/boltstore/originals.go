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

// stillNamed notes which of the originals that are watched a message names, or
// a record of the desk: a draft's file has no message yet.
func (e *eraser) stillNamed() error {
	for _, k := range []kind{kindMessage, kindRecord} {
		var after []byte
		for more := true; more; {
			err := e.d.view(e.ctx, func(r *reader) (err error) {
				after, more, err = e.namedIn(r, k, after)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *eraser) namedIn(r *reader, k kind, after []byte) (place []byte, more bool, err error) {
	own := recordKey(kindOriginal, "")
	c := r.bucket(k).Cursor()
	n := 0
	for key, rec := c.Seek(after); key != nil; key, rec = c.Next() {
		if n++; n > scanPage {
			return bytes.Clone(key), true, nil
		}
		if k == kindMessage {
			h, err := readMessageHead(key, rec)
			if err != nil {
				return nil, false, err
			}
			for _, ref := range h.refs {
				e.d.inUse.note(digest(ref))
			}
			continue
		}
		if !bytes.HasPrefix(key, own) {
			e.namedInText(rec)
		}
	}
	return nil, false, nil
}

// namedInText notes every hash that is written out in a record.
func (e *eraser) namedInText(text []byte) {
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
			e.d.inUse.note(digest(h))
		}
	}
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
