package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// maxDocument is the largest body in bytes: bbolt holds a value in memory, and
// no catalogue comes near.
const maxDocument = 64 << 20

func documentPrefix(kind, name string) []byte {
	return appendName(appendName(nil, kind), name)
}

// PutDocument stores d as version base+1.
func (d *DB) PutDocument(ctx context.Context, doc store.Document, base int) (int, error) {
	if doc.Kind == "" {
		return 0, invalid("kind", "a document has a kind")
	}
	if len(doc.Body) > maxDocument {
		return 0, fmt.Errorf("document %s %s of %d bytes: %w", doc.Kind, doc.Name, len(doc.Body), balie.ErrTooLarge)
	}
	if err := d.ready(false); err != nil {
		return 0, err
	}
	doc.Version = base + 1
	prefix := documentPrefix(doc.Kind, doc.Name)
	key := binary.BigEndian.AppendUint64(bytes.Clone(prefix), uint64(doc.Version))
	rec, err := documentRecord(key, doc)
	if err != nil {
		return 0, err
	}
	err = d.do(ctx, &job{size: len(rec), wake: true, run: func(w *writer) error {
		newest, err := w.newestDocument(prefix)
		if err != nil {
			return err
		}
		if newest != base {
			return fmt.Errorf("document %s %s is at version %d, not %d: %w", doc.Kind, doc.Name, newest, base, balie.ErrStale)
		}
		w.put(kindDocument, key, rec)
		return nil
	}})
	if err != nil {
		return 0, fmt.Errorf("store a document: %w", err)
	}
	return doc.Version, nil
}

// documentRecord is the document without its body, and then the body.
func documentRecord(key []byte, doc store.Document) ([]byte, error) {
	body := doc.Body
	doc.Body = nil
	head, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode document %s %s: %w", doc.Kind, doc.Name, err)
	}
	rec := appendBytes(newRecord(len(head)+len(body)+4), head)
	return seal(kindDocument, key, append(rec, body...)), nil
}

// newestDocument is the last version of a document; 0: there is none.
func (r *reader) newestDocument(prefix []byte) (int, error) {
	c := r.bucket(kindDocument).Cursor()
	end := append(bytes.Clone(prefix), bytes.Repeat([]byte{0xff}, 9)...)
	back := c.Prev
	if k, _ := c.Seek(end); k == nil {
		back = c.Last
	}
	k, v := back()
	if len(k) != len(prefix)+8 || !bytes.HasPrefix(k, prefix) {
		return 0, nil
	}
	doc, err := readDocument(k, v, false)
	return doc.Version, err
}

func readDocument(key, rec []byte, body bool) (store.Document, error) {
	var doc store.Document
	p, err := unseal(kindDocument, key, rec)
	if err != nil {
		return doc, err
	}
	head, rest, ok := cut(p)
	if !ok {
		return doc, damaged(kindDocument, key, "is cut off")
	}
	if err := decodeJSON(kindDocument, key, head, &doc); err != nil {
		return doc, err
	}
	if body {
		doc.Body = bytes.Clone(rest)
	}
	return doc, nil
}

// Document returns a version, the newest for 0.
func (d *DB) Document(ctx context.Context, kind, name string, version int) (store.Document, error) {
	var out store.Document
	err := d.view(ctx, func(r *reader) error {
		prefix := documentPrefix(kind, name)
		v := version
		if v == 0 {
			var err error
			if v, err = r.newestDocument(prefix); err != nil {
				return err
			}
		}
		key := binary.BigEndian.AppendUint64(prefix, uint64(v))
		rec := r.get(kindDocument, key)
		if rec == nil {
			return fmt.Errorf("document %s %s version %d: %w", kind, name, version, balie.ErrNotFound)
		}
		var err error
		out, err = readDocument(key, rec, true)
		return err
	})
	return out, err
}

// DocumentHistory lists versions without their bodies, newest first.
func (d *DB) DocumentHistory(ctx context.Context, kind, name string) ([]store.Document, error) {
	var out []store.Document
	err := d.view(ctx, func(r *reader) error {
		prefix := documentPrefix(kind, name)
		newest, err := r.newestDocument(prefix)
		if err != nil {
			return err
		}
		for v := newest; v > 0; v-- {
			key := binary.BigEndian.AppendUint64(bytes.Clone(prefix), uint64(v))
			doc, err := readDocument(key, r.get(kindDocument, key), false)
			if err != nil {
				return err
			}
			out = append(out, doc)
		}
		return nil
	})
	return out, err
}
