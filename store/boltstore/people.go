package boltstore

import (
	"bytes"
	"context"

	"github.com/balie/balie"
)

// Person returns one person.
func (d *DB) Person(ctx context.Context, id balie.ID) (balie.Person, error) {
	var out balie.Person
	err := d.view(ctx, func(r *reader) error {
		var ok bool
		var err error
		if out, ok, err = r.person(id); err == nil && !ok {
			err = notFound("person", id)
		}
		return err
	})
	return out, err
}

func (r *reader) person(id balie.ID) (out balie.Person, ok bool, err error) {
	rec := r.get(kindPerson, id[:])
	if rec == nil {
		return out, false, nil
	}
	p, err := unseal(kindPerson, id[:], rec)
	if err != nil {
		return out, false, err
	}
	err = decodeJSON(kindPerson, id[:], p, &out)
	return out, err == nil, err
}

// ListPeople lists by id, those behind after.
func (d *DB) ListPeople(ctx context.Context, after balie.ID, limit int) ([]balie.Person, error) {
	var out []balie.Person
	for more := true; more; {
		more = false
		err := d.view(ctx, func(r *reader) error {
			c := r.bucket(kindPerson).Cursor()
			n := 0
			k, _ := c.Seek(after[:])
			if bytes.Equal(k, after[:]) {
				k, _ = c.Next()
			}
			for ; k != nil && (limit <= 0 || len(out) < limit); k, _ = c.Next() {
				if n++; n > pageSize {
					more = true
					return nil
				}
				if len(k) != 16 {
					return damaged(kindPerson, k, "has a wrong key")
				}
				p, _, err := r.person(balie.ID(k))
				if err != nil {
					return err
				}
				out = append(out, p)
				after = p.ID
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Cursor is where a channel must read on; nil: none yet.
func (d *DB) Cursor(ctx context.Context, channel string) ([]byte, error) {
	var out []byte
	err := d.view(ctx, func(r *reader) error {
		key := []byte(channel)
		if len(key) == 0 {
			return nil
		}
		rec := r.get(kindCursor, key)
		if rec == nil {
			return nil
		}
		p, err := unseal(kindCursor, key, rec)
		out = append([]byte{}, p...)
		return err
	})
	return out, err
}
