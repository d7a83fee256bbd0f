package report

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/balie/balie"
)

// dictionary is the words as they were when a pass began.
type dictionary struct {
	words []string
	kinds []holderKind
}

func (d dictionary) word(n uint32) string {
	if int(n) >= len(d.words) {
		return ""
	}
	return d.words[n]
}

// numbers of the words of a scope; ok is false when there is no fact with one of
// them.
func (b *Book) number(word string) (uint32, bool) {
	if word == "" {
		return 0, true
	}
	n, ok := b.byName[word]
	return n, ok
}

// visit is called with each fact of a pass; the fact is only there until it
// returns.
type visit func(key []byte, p *packed) error

// readers is how many goroutines read the book for one factsheet.
func readers() int { return max(1, min(2, runtime.GOMAXPROCS(0))) }

// pieces is in how many ranges the book is cut for them, so that none waits
// long for the other when more came in at one time than at another.
const pieces = 32

// pass reads all facts whose request was made at or after a moment, in parts at
// the same time: make gives the visitor of each. All see the same state.
func (b *Book) pass(ctx context.Context, from time.Time, parts int, begin func(d dictionary) []visit) error {
	b.mu.RLock()
	if b.db == nil {
		b.mu.RUnlock()
		return &balie.UnavailableError{Why: "the facts of reports are closed", RetryAfter: time.Minute}
	}
	var txs []*bolt.Tx
	var err error
	for range parts {
		var tx *bolt.Tx
		if tx, err = b.db.Begin(false); err != nil {
			break
		}
		txs = append(txs, tx)
	}
	d := dictionary{b.words, b.kinds}
	var visitors []visit
	if err == nil {
		visitors = begin(d)
	}
	b.mu.RUnlock()
	defer func() {
		for _, tx := range txs {
			tx.Rollback() // it only read
		}
	}()
	if err != nil {
		return fmt.Errorf("read the facts of reports: %w", err)
	}
	var cuts [][]byte
	if err := b.guard(func() error { cuts = cut(txs[0], from); return nil }); err != nil {
		return err
	}
	var next atomic.Int64
	errs := make([]error, parts)
	var g sync.WaitGroup
	for i := range parts {
		g.Go(func() {
			errs[i] = b.guard(func() error { return walk(ctx, txs[i], cuts, &next, visitors[i]) })
		})
	}
	g.Wait()
	return errors.Join(errs...)
}

// idOf is the first id of a moment.
func idOf(t time.Time) []byte {
	var id balie.ID
	binary.BigEndian.PutUint64(id[:8], uint64(max(t.UnixMilli(), 0))<<16)
	return id[:]
}

// cut divides the ids from a moment on into ranges of equal time: n+1 borders.
func cut(tx *bolt.Tx, from time.Time) [][]byte {
	c := tx.Bucket(bucketFacts).Cursor()
	first, _ := c.First()
	if !from.IsZero() {
		first, _ = c.Seek(idOf(from))
	}
	last, _ := c.Last()
	if first == nil {
		return nil
	}
	a, z := binary.BigEndian.Uint64(first)>>16, binary.BigEndian.Uint64(last)>>16
	cuts := [][]byte{bytes.Clone(first)}
	for i := uint64(1); i < pieces; i++ {
		cuts = append(cuts, idOf(time.UnixMilli(int64(a+(z-a)*i/pieces))))
	}
	return append(cuts, bytes.Repeat([]byte{0xff}, 17))
}

// walk visits ranges until none is left.
func walk(ctx context.Context, tx *bolt.Tx, cuts [][]byte, next *atomic.Int64, see visit) error {
	c := tx.Bucket(bucketFacts).Cursor()
	var p packed
	for {
		i := int(next.Add(1)) - 1
		if i >= len(cuts)-1 {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for k, v := c.Seek(cuts[i]); k != nil && bytes.Compare(k, cuts[i+1]) < 0; k, v = c.Next() {
			if err := p.unpack(k, v); err != nil {
				return err
			}
			if err := see(k, &p); err != nil {
				return err
			}
		}
	}
}

// pageFacts is how many facts are read before the caller sees them: no
// transaction is open while it works.
const pageFacts = 2000

// Facts gives the facts of all requests of a scope that were opened in a
// period, oldest first, each as it is now.
func (b *Book) Facts(ctx context.Context, p Period, scope Scope) iter.Seq2[Fact, error] {
	return func(yield func(Fact, error) bool) {
		after := idOf(p.From.Add(-idSlack))
		for {
			some, last, err := b.page(ctx, after, p, scope)
			if err != nil {
				yield(Fact{}, err)
				return
			}
			for _, f := range some {
				if !yield(f, nil) {
					return
				}
			}
			if last == nil {
				return
			}
			after = append(last, 0)
		}
	}
}

// idSlack is how much later a request can be opened than its id was made, and
// the other way round: an id is made while a message is read.
const idSlack = 48 * time.Hour

// page reads facts from an id on; last is the id to go on behind, nil at the
// end.
func (b *Book) page(ctx context.Context, from []byte, p Period, scope Scope) (out []Fact, last []byte, err error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.db == nil {
		return nil, nil, &balie.UnavailableError{Why: "the facts of reports are closed", RetryAfter: time.Minute}
	}
	d := dictionary{b.words, b.kinds}
	in, ok := b.narrow(scope)
	if !ok {
		return nil, nil, nil
	}
	end := idOf(p.To.Add(idSlack))
	err = b.guard(func() error {
		return b.db.View(func(tx *bolt.Tx) error {
			c := tx.Bucket(bucketFacts).Cursor()
			var x packed
			n := 0
			for k, v := c.Seek(from); k != nil && bytes.Compare(k, end) < 0; k, v = c.Next() {
				if n == pageFacts {
					return nil
				}
				n++
				last = bytes.Clone(k)
				if err := x.unpack(k, v); err != nil {
					return err
				}
				if !p.Has(moment(x.opened)) || !in.has(&x) {
					continue
				}
				f, err := x.fact(k, d.words)
				if err != nil {
					return err
				}
				out = append(out, f)
			}
			last = nil
			return nil
		})
	})
	return out, last, err
}

// narrowed is a scope by the numbers of its words; 0 is all.
type narrowed struct {
	channel, product, team, organisation uint32
}

// narrow is a scope by number; ok is false when there is nothing in it.
func (b *Book) narrow(s Scope) (n narrowed, ok bool) {
	ok = true
	for _, x := range []struct {
		word string
		to   *uint32
	}{{s.Channel, &n.channel}, {s.Product, &n.product}, {s.Team, &n.team}, {s.Organisation, &n.organisation}} {
		number, known := b.number(x.word)
		*x.to, ok = number, ok && known
	}
	return n, ok
}

func (n narrowed) has(p *packed) bool {
	return (n.channel == 0 || n.channel == p.n[wordChannel]) && (n.product == 0 || n.product == p.n[wordProduct]) &&
		(n.organisation == 0 || n.organisation == p.n[wordOrganisation]) && (n.team == 0 || p.hasTeam(n.team))
}

// sweepEvery is how often at most the file is written anew after people were
// erased.
const sweepEvery = 10 * time.Minute

// metaDirty says that somebody was erased since the file was written anew.
const metaDirty = "dirty"

// sweepWords writes the file anew after somebody was erased: their places go
// from the dictionary, and what stood in pages that are free now goes too.
func (b *Book) sweepWords(ctx context.Context) error {
	if _, dirty, err := b.noted(metaDirty); err != nil || !dirty {
		return err
	}
	if !b.swept.IsZero() && time.Since(b.swept) < sweepEvery {
		return nil
	}
	used, err := b.usedWords(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	err = b.db.Update(func(tx *bolt.Tx) error {
		words := tx.Bucket(bucketWords)
		for n, w := range b.words {
			if n == 0 || w == "" || used[n] {
				continue
			}
			if err := words.Delete(binary.BigEndian.AppendUint32(nil, uint32(n))); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketMeta).Delete([]byte(metaDirty))
	})
	if err == nil {
		err = b.rewrite()
	}
	if err != nil {
		return fmt.Errorf("write the facts of reports anew: %w", err)
	}
	b.swept = time.Now()
	return nil
}

// rewrite copies what is in the file to a new one, which takes its place.
func (b *Book) rewrite() error {
	next := b.path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	to, err := openFile(next)
	if err != nil {
		return err
	}
	const batch = 4 << 20 // bytes of one transaction
	err = b.guard(func() error { return bolt.Compact(to, b.db, batch) })
	if err = errors.Join(err, to.Close()); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	if err := b.db.Close(); err != nil {
		return err
	}
	if err := os.Rename(next, b.path); err != nil {
		return err
	}
	if b.db, err = openFile(b.path); err != nil {
		return err
	}
	return b.db.View(b.readWords)
}

// usedWords are the numbers of all words that facts have.
func (b *Book) usedWords(ctx context.Context) ([]bool, error) {
	var used []bool
	err := b.pass(ctx, time.Time{}, 1, func(d dictionary) []visit {
		used = make([]bool, len(d.words))
		number := make(map[string]int, len(d.words))
		for n, w := range d.words {
			number[w] = n
		}
		note := func(words ...string) {
			for _, w := range words {
				used[number[w]] = true
			}
		}
		return []visit{func(key []byte, p *packed) error {
			f, err := p.fact(key, d.words)
			if err != nil {
				return err
			}
			note(string(f.Outcome), string(f.Kind), f.Channel, f.Product, f.Language, f.Place, f.Team, f.Agent, f.Organisation, f.Rule)
			note(f.Teams...)
			for _, s := range f.Path {
				note(s.Holder, s.Rule)
			}
			for _, r := range f.Rulings {
				note(r.Rule)
				note(r.Also...)
			}
			return nil
		}}
	})
	return used, err
}
