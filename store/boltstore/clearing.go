package boltstore

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/balie/balie"
)

// clearing is all that is written anew when a person is taken out of a
// request, so that nothing is put before everything is known to be readable.
type clearing struct {
	e          *eraser
	before     balie.Request
	own        bool             // the person is its customer
	shells     map[balie.ID]int // messages of which nothing else remains
	emptied    int              // those of them that were more until now
	messages   []message
	originals  [][]byte // that emptied messages named
	lines      []line
	deliveries []delivery
	events     []pair // written anew
	after      *encoded
	history    []balie.Event
}

// clear makes the plan for one request; nil: there is nothing to do.
func (e *eraser) clear(r *reader, id balie.ID) (*clearing, error) {
	before, ok, err := r.request(id)
	if err != nil || !ok {
		return nil, err
	}
	c := &clearing{e: e, before: before, shells: map[balie.ID]int{},
		own: !before.Customer.IsZero() && before.Customer == e.who.person}
	for _, step := range []func(*reader) error{c.clearMessages, c.clearDeliveries, c.clearEvents} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	if !before.IsParticipant(e.who.person) && len(c.messages)+len(c.deliveries)+len(c.events)+len(c.lines) == 0 {
		return nil, nil
	}
	return c, nil
}

func (c *clearing) clearMessages(r *reader) error {
	all, err := r.messagesOf(c.before.ID)
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := c.clearMessage(r, m); err != nil {
			return err
		}
	}
	return nil
}

// clearMessage empties a message of theirs, or takes them out of one of others.
func (c *clearing) clearMessage(r *reader, m balie.Message) error {
	now := c.e.who.messageOf(m)
	theirs := c.own || c.e.who.wrote(m)
	if theirs {
		c.shells[m.ID]++
		now = shell(m)
		if err := c.clearLine(r, m.ID); err != nil {
			return err
		}
	}
	rec, err := encodeMessage(now)
	if err != nil || bytes.Equal(rec.rec, r.get(kindMessage, m.ID[:])) {
		return err
	}
	c.messages = append(c.messages, rec)
	if theirs {
		c.emptied++
		c.originals = append(c.originals, originals(m)...)
	}
	return nil
}

// clearLine empties the line that the ledger has of a message.
func (c *clearing) clearLine(r *reader, id balie.ID) error {
	at := r.get(kindList, lineKey(id))
	if at == nil {
		return nil
	}
	now, err := r.emptied(line{id: id, at: bytes.Clone(at)})
	if err == nil && now.rec != nil {
		c.lines = append(c.lines, now)
	}
	return err
}

// emptied is a line of the ledger without what it quotes; no rec: it quotes
// nothing.
func (r *reader) emptied(l line) (line, error) {
	key := l.key()
	stored := r.get(kindLedger, key)
	h, err := readLedgerHead(key, stored)
	if err != nil {
		return l, err
	}
	var e balie.LedgerEntry
	if err := decodeJSON(kindLedger, key, h.json, &e); err != nil {
		return l, err
	}
	now, err := encodeLineAs(l.id, bareLine(e))
	if err != nil || bytes.Equal(now.rec, stored) {
		return l, err
	}
	return now, nil
}

func (c *clearing) clearDeliveries(r *reader) error { return c.clearQueue(r, c.before.ID) }

func (c *clearing) clearQueue(r *reader, of balie.ID) error {
	queue, err := r.queue(of)
	if err != nil {
		return err
	}
	for _, q := range queue {
		d, err := r.listed(q.key)
		if err != nil {
			return err
		}
		now := d
		switch who := c.e.who; {
		case d.To.IsZero() && d.Status == balie.TakenBack: // done before
		case c.own || who.has(d.To) || c.shells[d.Message] > 0:
			now = bareDelivery(d)
		case who.mentions(d.LastError) || who.mentions(d.Receipt):
			now.LastError, now.Receipt = "", ""
		}
		if now == d {
			continue
		}
		rec, err := jsonRecord(kindDelivery, d.ID[:], now)
		if err != nil {
			return err
		}
		c.deliveries = append(c.deliveries, delivery{now, rec})
	}
	return nil
}

func (c *clearing) clearEvents(r *reader) error {
	cur := r.bucket(kindEvent).Cursor()
	id := c.before.ID
	for k, v := cur.Seek(id[:]); bytes.HasPrefix(k, id[:]); k, v = cur.Next() {
		e, err := readEvent(k, v)
		if err != nil {
			return err
		}
		now := e
		switch {
		case e.What == balie.Erased: // of somebody else: nothing of anybody is in it
		case c.own || c.shells[e.Message] > 0:
			now = bareEvent(e)
		default:
			now = c.e.who.eventOf(e)
		}
		c.history = append(c.history, now)
		rec, err := jsonRecord(kindEvent, k, now)
		if err != nil {
			return err
		}
		if !bytes.Equal(rec, v) {
			c.events = append(c.events, pair{bytes.Clone(k), rec})
		}
	}
	return nil
}

// close adds the event that says so and makes the request of its events.
func (c *clearing) close() error {
	at := c.e.at
	if at.Before(c.before.Changed) {
		at = c.before.Changed
	}
	e := balie.Event{Request: c.before.ID, Seq: c.before.Version + 1, What: balie.Erased, At: at, By: c.e.by,
		Data: map[string]string{"person": c.e.who.person.String(), "reason": c.e.reason}}
	var after balie.Request
	for _, e := range append(c.history, e) {
		var err error
		if after, err = after.Apply(e); err != nil {
			return fmt.Errorf("fold request %s: %w", c.before.Ref, err)
		}
	}
	c.after = &encoded{id: after.ID, keys: requestKeys(after)}
	p := pair{key: eventKey(after.ID, e.Seq)}
	var err error
	if p.rec, err = jsonRecord(kindEvent, p.key, e); err != nil {
		return err
	}
	c.after.events = []pair{p}
	c.after.request, err = requestRecord(after, c.after.keys)
	return err
}

// write puts what was made. In the feed earlier events keep their places.
func (c *clearing) write(w *writer) error {
	for _, p := range c.events {
		w.put(kindEvent, p.key, p.rec)
	}
	requests := 0
	if c.after != nil {
		w.writeRequest(c.after)
		requests = 1
	}
	for _, m := range c.messages {
		w.writeMessage(m)
	}
	for _, d := range c.deliveries {
		w.writeDelivery(d.Delivery, d.rec)
	}
	for _, l := range c.lines {
		w.put(kindLedger, l.key(), l.rec)
	}
	for _, h := range c.originals {
		key := recordKey(kindOriginal, c.e.who.person.String()+"/"+hex.EncodeToString(h))
		w.writeRecord(record{key: key, forced: true, rec: []byte{}}, c.e.at)
	}
	return w.count(c.e.who.person, requests, c.emptied, 0)
}
