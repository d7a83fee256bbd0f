package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// shape is what a store holds per question taken in, with its real bytes, to
// be written again by the least that a store on bbolt can do.
type shape struct {
	questions int
	puts      int // per question
	bytes     int // per question
	buckets   []bucket
}

// bucket is the entries of one kind: a bucket of the store, or one index of it.
type bucket struct {
	name    []byte
	random  bool // keys in any order: hashes and names
	entries []entry
}

type entry struct{ key, value []byte }

// readShape reads a stopped balie's store.
func readShape(dir string) (*shape, error) {
	db, err := bolt.Open(filepath.Join(dir, "balie.db"), 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("open the store to see what is in it: %w", err)
	}
	defer db.Close()
	s := &shape{}
	err = db.View(func(tx *bolt.Tx) error {
		if b := tx.Bucket([]byte("requests")); b != nil {
			s.questions = b.Stats().KeyN
		}
		if s.questions == 0 {
			return errors.New("there are no requests to count by")
		}
		return tx.ForEach(s.read)
	})
	if err != nil {
		return nil, fmt.Errorf("see what is in the store: %w", err)
	}
	total := 0
	for i := range s.buckets {
		b := &s.buckets[i]
		for _, e := range b.entries {
			total += len(e.key) + len(e.value)
		}
		s.puts += len(b.entries)
		if b.random {
			rand.Shuffle(len(b.entries), func(i, j int) { b.entries[i], b.entries[j] = b.entries[j], b.entries[i] })
		}
	}
	s.puts /= s.questions
	s.bytes = total / s.questions
	return s, nil
}

// read takes a bucket's entries over. The index entries of all kinds are in
// one bucket, told apart by their first byte; each kind grows at its own end.
func (s *shape) read(name []byte, b *bolt.Bucket) error {
	if b.Stats().KeyN < s.questions/2 {
		return nil // documents, cursors: not of a question
	}
	hashed := string(name) == "seen" || string(name) == "blobs"
	first := byte(0)
	return b.ForEach(func(k, v []byte) error {
		if n := len(s.buckets); n == 0 || string(s.buckets[n-1].name) != string(name) || string(name) == "lists" && k[0] != first {
			first = k[0]
			random := hashed || string(name) == "lists" && (first == 'R' || first == 'a')
			s.buckets = append(s.buckets, bucket{name: bytes.Clone(name), random: random})
		}
		into := &s.buckets[len(s.buckets)-1]
		into.entries = append(into.entries, entry{bytes.Clone(k), bytes.Clone(v)})
		return nil
	})
}

// appended is how full pages are left to which only the end is written.
const appended = 0.9

// change is the share of one question in every bucket.
func (s *shape) change(n int) func(tx *bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		for _, b := range s.buckets {
			from, to := len(b.entries)*n/s.questions, len(b.entries)*(n+1)/s.questions
			if from == to {
				continue
			}
			into := tx.Bucket(b.name)
			if !b.random {
				into.FillPercent = appended
			}
			for _, e := range b.entries[from:to] {
				if err := into.Put(e.key, e.value); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// bareMost is how many callers share one transaction, as in boltstore.
const bareMost = 1024

// commit writes the questions again into a fresh bbolt file, callers at once,
// each waiting for its own to be durable, and returns how many a second. It
// looks at nothing, checks nothing and encodes nothing.
func (s *shape) commit(dir string, callers int, lasts time.Duration) (float64, error) {
	db, err := bolt.Open(filepath.Join(dir, "bare.db"), 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
		InitialMmapSize: 1 << 32, NoStatistics: true})
	if err != nil {
		return 0, fmt.Errorf("open a bare store: %w", err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		for _, b := range s.buckets {
			if _, err := tx.CreateBucketIfNotExists(b.name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("make a bare store: %w", err)
	}
	c := &committer{db: db, jobs: make(chan *job, bareMost), done: make(chan struct{})}
	go c.run()
	var next atomic.Int64
	began := time.Now()
	end := began.Add(lasts)
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for errs[i] == nil && time.Now().Before(end) {
				n := int(next.Add(1) - 1)
				if n >= s.questions {
					return
				}
				j := &job{s.change(n), make(chan error, 1)}
				c.jobs <- j
				errs[i] = <-j.done
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	close(c.jobs)
	<-c.done
	for _, err := range errs {
		if err != nil {
			return 0, fmt.Errorf("write to a bare store: %w", err)
		}
	}
	return float64(min(int(next.Load()), s.questions)) / took.Seconds(), nil
}

// committer writes what waits in one transaction.
type committer struct {
	db   *bolt.DB
	jobs chan *job
	done chan struct{}
}

type job struct {
	put  func(*bolt.Tx) error
	done chan error
}

func (c *committer) run() {
	defer close(c.done)
	for j := range c.jobs {
		batch := []*job{j}
		for len(c.jobs) > 0 && len(batch) < bareMost {
			batch = append(batch, <-c.jobs)
		}
		err := c.db.Update(func(tx *bolt.Tx) error {
			for _, j := range batch {
				if err := j.put(tx); err != nil {
					return err
				}
			}
			return nil
		})
		for _, j := range batch {
			j.done <- err
		}
	}
}
