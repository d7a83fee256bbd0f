package boltstore

import (
	"bytes"
	"context"
	"iter"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// ledgerHead is what lines are counted by.
type ledgerHead struct {
	channel, account, outcome []byte
	json                      []byte
}

func readLedgerHead(key, rec []byte) (ledgerHead, error) {
	var h ledgerHead
	p, err := unseal(kindLedger, key, rec)
	if err != nil {
		return h, err
	}
	for _, to := range []*[]byte{&h.channel, &h.account, &h.outcome} {
		var ok bool
		if *to, p, ok = cut(p); !ok {
			return h, damaged(kindLedger, key, "is cut off")
		}
	}
	h.json = p
	return h, nil
}

func (h ledgerHead) matches(f store.LedgerFilter) bool {
	return (f.Channel == "" || f.Channel == string(h.channel)) &&
		(f.Account == "" || f.Account == string(h.account)) &&
		(f.Outcome == "" || f.Outcome == string(h.outcome))
}

// ListLedger lists lines, newest first.
func (d *DB) ListLedger(ctx context.Context, f store.LedgerFilter) iter.Seq2[balie.LedgerEntry, error] {
	return func(yield func(balie.LedgerEntry, error) bool) {
		var before []byte
		left := f.Limit
		for {
			var page []balie.LedgerEntry
			more, err := d.ledgerPage(ctx, f, &before, func(k []byte, h ledgerHead) error {
				var e balie.LedgerEntry
				err := decodeJSON(kindLedger, k, h.json, &e)
				if err == nil {
					page = append(page, e)
				}
				return err
			})
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
			if err != nil {
				yield(balie.LedgerEntry{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// ledgerPage goes through a page of lines before a place, newest first.
func (d *DB) ledgerPage(ctx context.Context, f store.LedgerFilter, before *[]byte, step func([]byte, ledgerHead) error) (more bool, err error) {
	err = d.view(ctx, func(r *reader) error {
		c := r.bucket(kindLedger).Cursor()
		back := c.Last
		if *before != nil {
			if k, _ := c.Seek(*before); k != nil {
				back = c.Prev
			}
		}
		k, v := back()
		since := appendTime(nil, f.Since)
		for n := 0; k != nil; k, v = c.Prev() {
			if !f.Since.IsZero() && bytes.Compare(k, since) < 0 {
				return nil
			}
			if n++; n > pageSize {
				more = true
				return nil
			}
			h, err := readLedgerHead(k, v)
			if err != nil {
				return err
			}
			if h.matches(f) {
				if err := step(k, h); err != nil {
					return err
				}
			}
			*before = bytes.Clone(k)
		}
		return nil
	})
	return more, err
}

// CountLedger counts lines by outcome.
func (d *DB) CountLedger(ctx context.Context, f store.LedgerFilter) (map[string]int, error) {
	out := map[string]int{}
	var before []byte
	for more := true; more; {
		var err error
		more, err = d.ledgerPage(ctx, f, &before, func(_ []byte, h ledgerHead) error {
			out[string(h.outcome)]++
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
