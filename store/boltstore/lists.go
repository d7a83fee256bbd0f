package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// pageSize is how many records, and scanPage how many index entries, one read
// transaction looks at: about a millisecond.
const (
	pageSize = 256
	scanPage = 8192
)

// sortSize is the end of an entry by which lists are ordered: time and id.
const sortSize = 8 + 16

// plan is how a list is walked: one or more runs of entries that end in time
// and id and are merged by it.
type plan struct {
	prefixes [][]byte
	back     bool   // newest first
	until    uint64 // last time, in timeOrder; 0: none
	customer bool   // the entries have no time: read all and sort
	rest     bool   // entries must still be matched
}

func newPlan(f store.Filter) plan {
	p := plan{rest: f.Product != ""}
	states := f.States
	if len(states) == 0 {
		states = []balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.Planned, balie.AnsweredState, balie.Closed}
	}
	narrowed := len(f.States) > 0 || f.Team != "" || f.Assignee != "" || f.Unassigned
	switch {
	case !f.Customer.IsZero():
		p.prefixes, p.customer = [][]byte{customerPrefix(f.Customer)}, true
	case f.Order == store.ByNext:
		p.prefixes = [][]byte{{listNext}}
		if !f.DueBy.IsZero() {
			p.until = timeOrder(f.DueBy)
		}
		p.rest = p.rest || narrowed
		return p
	case f.Order == store.ByOpened:
		p.prefixes = [][]byte{{listOpened}}
		p.rest = p.rest || narrowed || !f.DueBy.IsZero()
		return p
	case f.Team != "":
		p.prefixes = [][]byte{teamPrefix(f.Team)}
		p.rest = p.rest || len(f.States) > 0 || f.Assignee != "" || f.Unassigned
	case f.Assignee != "":
		p.prefixes = [][]byte{assigneePrefix(f.Assignee)}
		p.rest = p.rest || len(f.States) > 0 || f.Unassigned
	default:
		free := f.Unassigned && !slices.Contains(states, balie.Closed)
		for _, s := range slices.Compact(slices.Sorted(slices.Values(states))) {
			if free {
				p.prefixes = append(p.prefixes, freePrefix(s))
				continue
			}
			p.prefixes = append(p.prefixes, statePrefix(s))
		}
		p.rest = p.rest || f.Unassigned && !free
	}
	p.rest = p.rest || p.customer || !f.DueBy.IsZero()
	p.back = f.Order == store.ByChangedDesc
	return p
}

// matches looks at a request by its index entries, without reading its JSON.
func matches(f store.Filter, h requestHead) bool {
	if len(f.States) > 0 && !slices.ContainsFunc(f.States, func(s balie.State) bool {
		_, ok := keyWith(h.keys, statePrefix(s))
		return ok
	}) {
		return false
	}
	if _, ok := keyWith(h.keys, teamPrefix(f.Team)); f.Team != "" && !ok {
		return false
	}
	if _, ok := keyWith(h.keys, assigneePrefix(f.Assignee)); f.Assignee != "" && !ok {
		return false
	}
	if _, ok := keyWith(h.keys, []byte{listAssignee}); f.Unassigned && ok {
		return false
	}
	if _, ok := keyWith(h.keys, customerPrefix(f.Customer)); !f.Customer.IsZero() && !ok {
		return false
	}
	next, timed := keyWith(h.keys, []byte{listNext})
	if f.Order == store.ByNext && !timed {
		return false
	}
	if !f.DueBy.IsZero() && (!timed || binary.BigEndian.Uint64(next[1:]) > timeOrder(f.DueBy)) {
		return false
	}
	return f.Product == "" || string(h.product) == f.Product
}

// sortKey is the end of the entry by which a request stands in a list.
func sortKey(o store.Order, h requestHead) ([]byte, bool) {
	prefix := []byte{listState}
	switch o {
	case store.ByNext:
		prefix = []byte{listNext}
	case store.ByOpened:
		prefix = []byte{listOpened}
	}
	k, ok := keyWith(h.keys, prefix)
	if !ok || len(k) < sortSize {
		return nil, false
	}
	return k[len(k)-sortSize:], true
}

// List walks a list page by page. With a Limit the pages are read as they
// stand when they are reached. Without one, the list is that of the moment it
// begins: a request that changes while the caller works is not missed.
func (d *DB) List(ctx context.Context, f store.Filter) iter.Seq2[balie.Request, error] {
	return func(yield func(balie.Request, error) bool) {
		p := newPlan(f)
		after, err := d.place(ctx, f)
		if err != nil {
			yield(balie.Request{}, err)
			return
		}
		if f.Limit <= 0 || p.customer {
			d.listAll(ctx, f, p, after, yield)
			return
		}
		d.listPages(ctx, f, p, after, yield)
	}
}

// place is where a list goes on; nil is its beginning.
func (d *DB) place(ctx context.Context, f store.Filter) ([]byte, error) {
	if f.After.IsZero() {
		return nil, nil
	}
	var out []byte
	err := d.view(ctx, func(r *reader) error {
		rec := r.get(kindRequest, f.After[:])
		if rec == nil {
			return notFound("request", f.After)
		}
		h, err := readRequestHead(f.After[:], rec)
		if err != nil {
			return err
		}
		k, ok := sortKey(f.Order, h)
		if !ok { // it has left the list by Next
			return notFound("request in the list", f.After)
		}
		out = bytes.Clone(k)
		return nil
	})
	return out, err
}

func (d *DB) listPages(ctx context.Context, f store.Filter, p plan, after []byte, yield func(balie.Request, error) bool) {
	left := f.Limit
	for {
		var page []balie.Request
		more := false
		err := d.view(ctx, func(r *reader) (err error) {
			page, after, more, err = r.page(f, p, after, min(left, pageSize))
			return err
		})
		for _, q := range page {
			if !yield(q, nil) {
				return
			}
		}
		if err != nil {
			yield(balie.Request{}, err)
			return
		}
		if left -= len(page); left == 0 || !more {
			return
		}
	}
}

// page reads up to n requests behind a place, and the place it came to.
func (r *reader) page(f store.Filter, p plan, after []byte, n int) (out []balie.Request, place []byte, more bool, err error) {
	m := newMerge(r, p, after)
	for i := 0; len(out) < n && i < scanPage; i++ {
		key, ok := m.next()
		if !ok {
			return out, after, false, m.err
		}
		id := balie.ID(key[len(key)-16:])
		h, err := r.head(id, key)
		if err != nil {
			return out, after, false, err
		}
		if !p.rest || matches(f, h) {
			var q balie.Request
			if err := decodeJSON(kindRequest, id[:], h.json, &q); err != nil {
				return out, after, false, err
			}
			out = append(out, q)
		}
		after = append(after[:0:0], key[len(key)-sortSize:]...)
	}
	return out, after, true, nil
}

// head reads the front of a request that an index entry names, and believes
// the entry only when the request has it too.
func (r *reader) head(id balie.ID, entry []byte) (requestHead, error) {
	rec := r.get(kindRequest, id[:])
	if rec == nil {
		return requestHead{}, damaged(kindList, entry, "names a request that is not there")
	}
	h, err := readRequestHead(id[:], rec)
	if err == nil && !hasKey(h.keys, entry) {
		err = damaged(kindList, entry, "is not an entry of the request it names")
	}
	return h, err
}

// listAll takes down which requests are in the list now and reads them page by
// page. It costs 16 bytes per request.
func (d *DB) listAll(ctx context.Context, f store.Filter, p plan, after []byte, yield func(balie.Request, error) bool) {
	ids, err := d.members(ctx, f, p, after)
	if err != nil {
		yield(balie.Request{}, err)
		return
	}
	left := f.Limit
	for chunk := range slices.Chunk(ids, pageSize) {
		var page []balie.Request
		err := d.view(ctx, func(r *reader) error {
			for _, id := range chunk {
				q, ok, err := r.request(id)
				if err != nil {
					return err
				}
				if ok {
					page = append(page, q)
				}
			}
			return nil
		})
		for _, q := range page {
			if !yield(q, nil) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
		if err != nil {
			yield(balie.Request{}, err)
			return
		}
	}
}

// members are the ids of a list as it stands in one transaction: about 50 ms
// for a million.
func (d *DB) members(ctx context.Context, f store.Filter, p plan, after []byte) ([]balie.ID, error) {
	var out []balie.ID
	err := d.view(ctx, func(r *reader) error {
		if p.customer {
			var err error
			out, err = r.ofCustomer(f, p, after)
			return err
		}
		return r.scan(f, p, after, func(id balie.ID) { out = append(out, id) })
	})
	return out, err
}

// scan calls step for each member behind a place.
func (r *reader) scan(f store.Filter, p plan, after []byte, step func(balie.ID)) error {
	m := newMerge(r, p, after)
	for {
		key, ok := m.next()
		if !ok {
			return m.err
		}
		id := balie.ID(key[len(key)-16:])
		if p.rest {
			h, err := r.head(id, key)
			if err != nil {
				return err
			}
			if !matches(f, h) {
				continue
			}
		}
		step(id)
	}
}

// ofCustomer reads all requests of one person and sorts them.
func (r *reader) ofCustomer(f store.Filter, p plan, after []byte) ([]balie.ID, error) {
	var keys [][]byte
	c := r.bucket(kindList).Cursor()
	prefix := p.prefixes[0]
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		if len(k) != len(prefix)+16 {
			return nil, damaged(kindList, k, "has a wrong length")
		}
		h, err := r.head(balie.ID(k[len(prefix):]), k)
		if err != nil {
			return nil, err
		}
		if s, ok := sortKey(f.Order, h); ok && matches(f, h) {
			keys = append(keys, s)
		}
	}
	order := bytes.Compare
	if f.Order == store.ByChangedDesc {
		order = func(a, b []byte) int { return bytes.Compare(b, a) }
	}
	slices.SortFunc(keys, order)
	var out []balie.ID
	for _, k := range keys {
		if after == nil || order(k, after) > 0 {
			out = append(out, balie.ID(k[8:]))
		}
	}
	return out, nil
}

// Count counts what List would give, without Limit and After.
func (d *DB) Count(ctx context.Context, f store.Filter) (int, error) {
	f.After, f.Limit = balie.ID{}, 0
	p := newPlan(f)
	n := 0
	err := d.view(ctx, func(r *reader) error {
		if p.customer {
			ids, err := r.ofCustomer(f, p, nil)
			n = len(ids)
			return err
		}
		return r.scan(f, p, nil, func(balie.ID) { n++ })
	})
	return n, err
}

// merge goes through several runs of entries as one, ordered by their ends.
type merge struct {
	p    plan
	runs []*run
	err  error
}

// run is one prefix and the entry it stands at.
type run struct {
	prefix []byte
	c      cursor
	key    []byte
}

type cursor interface {
	Seek([]byte) ([]byte, []byte)
	Next() ([]byte, []byte)
	Prev() ([]byte, []byte)
	Last() ([]byte, []byte)
}

func newMerge(r *reader, p plan, after []byte) *merge {
	m := &merge{p: p}
	for _, prefix := range p.prefixes {
		u := &run{prefix: prefix, c: r.bucket(kindList).Cursor()}
		if p.back {
			u.seekBack(after)
		} else {
			u.seek(after)
		}
		m.settle(u)
		m.runs = append(m.runs, u)
	}
	return m
}

// seek goes to the first entry behind a place.
func (u *run) seek(after []byte) {
	at := append(bytes.Clone(u.prefix), after...)
	u.key, _ = u.c.Seek(at)
	if after != nil && bytes.Equal(u.key, at) {
		u.key, _ = u.c.Next()
	}
}

// seekBack goes to the last entry before a place.
func (u *run) seekBack(after []byte) {
	at := append(bytes.Clone(u.prefix), after...)
	if after == nil {
		at = append(at, bytes.Repeat([]byte{0xff}, sortSize+1)...)
	}
	if k, _ := u.c.Seek(at); k == nil {
		u.key, _ = u.c.Last()
		return
	}
	u.key, _ = u.c.Prev()
}

// settle ends a run that has left its prefix.
func (m *merge) settle(u *run) {
	if !bytes.HasPrefix(u.key, u.prefix) {
		u.key = nil
		return
	}
	if len(u.key) != len(u.prefix)+sortSize {
		m.err = damaged(kindList, u.key, "has a wrong length")
		u.key = nil
	}
}

// next is the next entry of all runs.
func (m *merge) next() ([]byte, bool) {
	var best *run
	for _, u := range m.runs {
		if u.key == nil {
			continue
		}
		if best == nil {
			best = u
			continue
		}
		c := cmp.Compare(string(u.key[len(u.prefix):]), string(best.key[len(best.prefix):]))
		if c < 0 != m.p.back {
			best = u
		}
	}
	if best == nil || m.err != nil {
		return nil, false
	}
	key := best.key
	if m.p.until != 0 && binary.BigEndian.Uint64(key[len(best.prefix):]) > m.p.until {
		return nil, false
	}
	if m.p.back {
		best.key, _ = best.c.Prev()
	} else {
		best.key, _ = best.c.Next()
	}
	m.settle(best)
	return key, true
}
