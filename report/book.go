package report

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/store"
)

// Store is what a Book needs of a store.
type Store interface {
	store.Feed
	store.Documents
	Events(ctx context.Context, request balie.ID, after uint64) ([]balie.Event, error)
	List(ctx context.Context, f store.Filter) iter.Seq2[balie.Request, error]
	Instance() string
}

// Options of a Book.
type Options struct {
	Calendar string       // the desk's own, of the catalogue; "" is the one that stands first
	Log      *slog.Logger // nil: nothing is logged
}

func (o Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// File is the name of a book beside its store.
const File = "report.db"

// The file has three buckets:
//
//	facts  request's id      -> record (encode.go): in the order of opening, near enough
//	words  number(4)         -> word: what records name by number
//	meta   format, instance, cursor, remake, documents, running
var (
	bucketFacts = []byte("facts")
	bucketWords = []byte("words")
	bucketMeta  = []byte("meta")
)

const (
	metaFormat    = "format"
	metaInstance  = "instance"
	metaCursor    = "cursor"    // of the feed: all before it is folded
	metaRemake    = "remake"    // while the book is made of all requests: the last that was folded
	metaDocuments = "documents" // the versions by which what is open was judged
	metaRunning   = "running"   // which start of the machine wrote to it last; "" when it was closed
)

// format changes when a record means something else: another one is made anew.
const format = "1"

// mmapSize is the address space of the file: while somebody reads, it cannot be
// mapped anew, and a small one would make writing wait.
const mmapSize = 1 << 30

// lockTimeout is how long Open waits for another balie to let go of the file.
const lockTimeout = 2 * time.Second

// Book is the facts of all requests, in a file of its own that can be made
// anew of the store at any time. One goroutine follows; any number read.
type Book struct {
	path  string
	store Store
	o     Options
	docs  *history

	write    sync.Mutex   // who folds
	swept    time.Time    // when the file was last written anew
	waiting  atomic.Int64 // since when something is not in it, in nanoseconds since 1970; 0: all is
	damaged  atomic.Bool
	remaking atomic.Bool

	dayMu sync.Mutex // of last
	last  Today

	mu     sync.RWMutex // of what follows
	db     *bolt.DB
	words  []string // by number; the first is ""
	byName map[string]uint32
	kinds  []holderKind // by number
}

// holderKind is what a word means as a holder.
type holderKind uint8

const (
	isOpen  holderKind = iota
	isStill            // open, and what was promised stands still
	isDone             // answered or closed
)

func kindOf(word string) holderKind {
	switch {
	case word == "customer" || word == "planned":
		return isStill
	case word == "answered" || strings.HasPrefix(word, "closed:"):
		return isDone
	}
	return isOpen
}

// Open opens the book of a store, or makes one when there is none, it is of
// another format or another store, or it is damaged: then the next CatchUp
// makes it of all there is.
func Open(path string, s Store, o Options) (*Book, error) {
	o.Log = o.log()
	b := &Book{path: path, store: s, o: o, docs: &history{docs: s, calendar: o.Calendar, log: o.Log}}
	why, err := b.open()
	if err == nil && why == "" {
		return b, nil
	}
	if err != nil && errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open the facts of reports %s: another balie has them open: %w", path, err)
	}
	if why != "" || err != nil {
		o.Log.Info("the facts of reports are made anew", "file", path, "why", why, "err", err)
	}
	if err := b.makeAnew(); err != nil {
		return nil, err
	}
	return b, nil
}

// open opens the file and reads what it is. why says that it cannot be used.
func (b *Book) open() (why string, err error) {
	if _, err := os.Stat(b.path); errors.Is(err, os.ErrNotExist) {
		return "there are none yet", nil
	}
	db, err := openFile(b.path)
	if err != nil {
		return "", err
	}
	b.db = db
	if why, err = b.identify(); err != nil || why != "" {
		return why, errors.Join(err, db.Close())
	}
	return "", b.note(metaRunning, bootID())
}

func openFile(path string) (db *bolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil { // that is how bbolt says that pages are damaged
			db, err = nil, fmt.Errorf("open %s: %v", path, p)
		}
	}()
	return bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, FreelistType: bolt.FreelistMapType,
		InitialMmapSize: mmapSize, NoSync: true, NoStatistics: true})
}

// identify reads whose the book is and its dictionary.
func (b *Book) identify() (why string, err error) {
	err = b.guard(func() error {
		return b.db.View(func(tx *bolt.Tx) error {
			m := tx.Bucket(bucketMeta)
			if m == nil || tx.Bucket(bucketFacts) == nil || tx.Bucket(bucketWords) == nil {
				why = "it is no book"
				return nil
			}
			get := func(name string) string { return string(m.Get([]byte(name))) }
			switch running := get(metaRunning); {
			case get(metaFormat) != format:
				why = "they are of another format"
			case get(metaInstance) != b.store.Instance():
				why = "they are of another store"
			case running != "" && running != bootID():
				why = "the machine stopped while they were written"
			}
			if why != "" {
				return nil
			}
			b.remaking.Store(m.Get([]byte(metaRemake)) != nil || m.Get([]byte(metaCursor)) == nil)
			return b.readWords(tx)
		})
	})
	return why, err
}

func (b *Book) readWords(tx *bolt.Tx) error {
	b.words, b.byName, b.kinds = []string{""}, map[string]uint32{}, []holderKind{isOpen}
	c := tx.Bucket(bucketWords).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if len(k) != 4 || int(binary.BigEndian.Uint32(k)) < len(b.words) {
			return errDamaged
		}
		for len(b.words) < int(binary.BigEndian.Uint32(k)) { // taken out
			b.words, b.kinds = append(b.words, ""), append(b.kinds, isOpen)
		}
		b.byName[string(v)] = uint32(len(b.words))
		b.words, b.kinds = append(b.words, string(v)), append(b.kinds, kindOf(string(v)))
	}
	return nil
}

// bootID names the start of the machine: what a process wrote before it died
// is there, what the machine had not written when it stopped may not be.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(id) == 0 {
		return "unknown " + time.Now().String()
	}
	return strings.TrimSpace(string(id))
}

// makeAnew puts an empty book in the place of the one there is.
func (b *Book) makeAnew() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.db != nil {
		b.db.Close() // nothing of it is wanted
	}
	if err := os.Remove(b.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("make the facts of reports anew: %w", err)
	}
	db, err := openFile(b.path)
	if err != nil {
		return fmt.Errorf("make the facts of reports: %w", err)
	}
	b.db = db
	b.words, b.byName, b.kinds = []string{""}, map[string]uint32{}, []holderKind{isOpen}
	b.remaking.Store(true)
	b.damaged.Store(false)
	return db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketFacts, bucketWords, bucketMeta} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		m := tx.Bucket(bucketMeta)
		return errors.Join(m.Put([]byte(metaFormat), []byte(format)), m.Put([]byte(metaInstance), []byte(b.store.Instance())),
			m.Put([]byte(metaRunning), []byte(bootID())))
	})
}

func (b *Book) note(name, value string) error {
	return b.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put([]byte(name), []byte(value)) })
}

func (b *Book) noted(name string) (value string, there bool, err error) {
	err = b.guard(func() error {
		return b.db.View(func(tx *bolt.Tx) error {
			v := tx.Bucket(bucketMeta).Get([]byte(name))
			value, there = string(v), v != nil
			return nil
		})
	})
	return value, there, err
}

// guard runs something that reads the file: damaged pages make bbolt panic.
// What is damaged is made anew by the next CatchUp.
func (b *Book) guard(run func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
		if errors.Is(err, errDamaged) {
			b.damaged.Store(true)
			err = &balie.UnavailableError{Why: "the facts of reports are damaged and made anew", RetryAfter: time.Minute, Cause: err}
		}
	}()
	return run()
}

// Close lets go of the file. No other call may run.
func (b *Book) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.db == nil {
		return nil
	}
	err := b.db.Sync()
	if err == nil {
		err = b.note(metaRunning, "")
	}
	err = errors.Join(err, b.db.Sync(), b.db.Close())
	b.db = nil
	if err != nil {
		return fmt.Errorf("close the facts of reports: %w", err)
	}
	return nil
}

// Ready reports whether all requests are in the book: while it is made anew,
// figures are too low.
func (b *Book) Ready() bool { return !b.remaking.Load() }

// Calendar is the desk's own opening hours, by the documents of now.
func (b *Book) Calendar(ctx context.Context) hours.Calendar {
	return b.docs.inForce(ctx)(time.Time{}).Calendar
}
