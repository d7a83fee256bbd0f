package boltstore

import (
	"bytes"
	"encoding/json"

	"github.com/balie/balie"
)

// mentions looks through the whole store for the person's addresses in what is
// not of their own requests: half a second per GiB (BenchmarkErase). What was written before
// the first step is there; what is written later is of somebody new.
func (e *eraser) mentions() error {
	needles := e.who.needles()
	if len(needles) == 0 {
		return nil
	}
	for _, k := range []kind{kindMessage, kindEvent, kindDelivery, kindLedger} {
		var after []byte
		for more := true; more; {
			var found [][]byte
			err := e.d.view(e.ctx, func(r *reader) error {
				found, after, more = r.having(k, needles, after)
				return nil
			})
			if err != nil {
				return err
			}
			if err := e.each(k, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// needles are the addresses as they stand in a record, in small letters.
func (p erasee) needles() [][]byte {
	var out [][]byte
	for _, a := range p.addresses {
		text, err := appendJSON(nil, a.Value)
		if err != nil || a.Value == "" {
			continue
		}
		if text = bytes.ToLower(text); len(a.Value) >= shortest {
			text = text[1 : len(text)-1] // also within a longer text
		}
		out = append(out, text)
	}
	return out
}

// having are the keys of records in which one of the needles stands, in a page
// behind a place.
func (r *reader) having(k kind, needles [][]byte, after []byte) (found [][]byte, place []byte, more bool) {
	c := r.bucket(k).Cursor()
	n := 0
	var low []byte
	for key, rec := c.Seek(after); key != nil; key, rec = c.Next() {
		if n++; n > scanPage {
			return found, bytes.Clone(key), true
		}
		low = appendLower(low[:0], rec)
		for _, needle := range needles {
			if bytes.Contains(low, needle) {
				found = append(found, bytes.Clone(key))
				break
			}
		}
	}
	return found, nil, false
}

// appendLower appends b with its ASCII letters small.
func appendLower(to, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

// each takes the person out of what was found, each request once.
func (e *eraser) each(k kind, keys [][]byte) error {
	done := map[balie.ID]bool{}
	for _, key := range keys {
		if k == kindLedger {
			if err := e.line(key); err != nil {
				return err
			}
			continue
		}
		of, err := e.requestOf(k, key)
		switch {
		case err != nil:
			return err
		case of.IsZero() && k == kindMessage:
			err = e.held(balie.ID(key))
		case of.IsZero() && k == kindDelivery:
			err = e.heldBy(balie.ID(key))
		case !of.IsZero() && !done[of]:
			done[of] = true
			err = e.request(of)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// requestOf is the request a record belongs to.
func (e *eraser) requestOf(k kind, key []byte) (out balie.ID, err error) {
	err = e.d.view(e.ctx, func(r *reader) error {
		switch k {
		case kindEvent:
			if len(key) != 24 {
				return damaged(k, key, "has a wrong key")
			}
			out = balie.ID(key[:16])
		case kindDelivery:
			d, _, err := r.delivery(balie.ID(key))
			out = d.Request
			return err
		case kindMessage:
			h, err := readMessageHead(key, r.get(k, key))
			out = h.request
			return err
		}
		return nil
	})
	return out, err
}

// heldBy is held for the message of a delivery.
func (e *eraser) heldBy(id balie.ID) error {
	d, err := e.d.Delivery(e.ctx, id)
	if err != nil {
		return err
	}
	return e.held(d.Message)
}

// held takes the person out of a message that belongs to no request, and out of
// its deliveries.
func (e *eraser) held(id balie.ID) error {
	return e.do(func(w *writer) error {
		m, ok, err := w.message(id)
		if err != nil || !ok || !m.Request.IsZero() {
			return err
		}
		c := &clearing{e: e, shells: map[balie.ID]int{}}
		if err := c.clearMessage(&w.reader, m); err != nil {
			return err
		}
		if err := c.clearQueue(&w.reader, m.ID); err != nil {
			return err
		}
		return c.write(w)
	})
}

// line empties a line of the ledger that has an address of theirs.
func (e *eraser) line(key []byte) error {
	return e.do(func(w *writer) error {
		if len(key) != 24 {
			return damaged(kindLedger, key, "the key is not that of a line")
		}
		rec := w.get(kindLedger, key)
		if rec == nil {
			return nil
		}
		h, err := readLedgerHead(key, rec)
		if err != nil {
			return err
		}
		var l balie.LedgerEntry
		if err := json.Unmarshal(h.json, &l); err != nil {
			return damaged(kindLedger, key, "cannot be read ("+err.Error()+")")
		}
		if !e.quoted(l) {
			return nil
		}
		now, err := w.emptied(line{id: balie.ID(key[8:]), at: bytes.Clone(key[:8])})
		if err == nil && now.rec != nil {
			w.put(kindLedger, key, now.rec)
		}
		return err
	})
}

func (e *eraser) quoted(l balie.LedgerEntry) bool {
	for _, text := range []string{l.From, l.Key, l.MsgID, l.Subject, l.Reason} {
		if e.who.mentions(text) {
			return true
		}
	}
	return false
}
