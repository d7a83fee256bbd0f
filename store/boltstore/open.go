package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/blobdir"
)

var (
	_ store.Store  = (*DB)(nil)
	_ store.Eraser = (*DB)(nil)
)

// ErrLocked says that another process has the store open.
var ErrLocked = errors.New("another balie has the store open")

const (
	storeFile  = "balie.db"
	newFile    = "balie.db.new"
	lockFile   = "LOCK"
	blobFolder = "originals"
)

// lockTimeout is how long Open waits for another balie to let go.
const lockTimeout = 2 * time.Second

// defaultMmap is 4 GiB, and 1 GiB where an int has 32 bits.
const defaultMmap = 1 << (28 + strconv.IntSize/32*2)

const restoreFix = "put the newest backup back: balie restore BACKUP --to %s"

// Options of a store; the zero value is right for a desk.
type Options struct {
	// MmapSize is how much address space the file gets at once, in bytes.
	// While a reader is busy the file cannot be mapped anew, so that a small
	// one makes a backup stop all writers. 0: 4 GiB (1 GiB on 32 bits).
	MmapSize int
	// MinFree is the free space in bytes below which nothing is taken in any
	// more. 0: 512 MiB; negative: none.
	MinFree int64
	// Salvage opens a store of which one meta page is damaged: the last commit
	// may be missing. It is for copying out what can be read.
	Salvage bool
	// Clock is for the look at the free space; nil: time.Now.
	Clock func() time.Time
	// Unsynced is for a store that can be made again, such as a simulated one:
	// nothing is sure to be on disk before Close. It breaks the first guarantee
	// of every store, so nobody who takes questions in may set it.
	Unsynced bool
}

// DB is an open store.
type DB struct {
	dir      string
	instance string
	bolt     *bolt.DB
	blobs    *blobdir.Dir
	lock     *os.File
	clock    func() time.Time
	space    space

	jobs    chan *job
	stop    chan struct{}
	stopped chan struct{}
	close   sync.Once
	fault   atomic.Pointer[balie.UnavailableError]
	inUse   inUse
	erasing sync.Mutex // one Erase at a time

	feedMu  sync.Mutex
	changed chan struct{}
	recent  recent
}

// Open opens the store in a folder and makes it when there never was one.
func Open(dir string, o Options) (*DB, error) { return open(dir, o, steps()) }

func open(dir string, o Options, steps []step) (db *DB, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the store: %w", err)
	}
	lock, err := acquire(filepath.Join(dir, lockFile), lockTimeout)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	newest := len(steps) + 1
	m, err := whatIsThere(dir, newest)
	if err != nil {
		return nil, err
	}
	b, err := openFile(filepath.Join(dir, storeFile), o)
	if err != nil {
		return nil, refuse(dir, err)
	}
	defer func() {
		if err != nil {
			b.Close()
		}
	}()
	instance, err := identify(dir, b, m, newest)
	if err != nil {
		return nil, err
	}
	if err := migrate(dir, b, steps); err != nil {
		return nil, err
	}
	if want := (marker{instance, newest}); m != want {
		if err := writeMarker(dir, want); err != nil {
			return nil, err
		}
	}
	if !o.Salvage {
		if err := scrub(dir, b); err != nil {
			return nil, err
		}
	}
	// On a full disk or a damaged record it is left at that: what was kept stays
	// readable, and the leases run out by themselves.
	_ = release(b)
	blobs, err := blobdir.Open(filepath.Join(dir, blobFolder))
	if err != nil {
		return nil, err
	}
	return start(dir, instance, b, blobs, lock, o), nil
}

func start(dir, instance string, b *bolt.DB, blobs *blobdir.Dir, lock *os.File, o Options) *DB {
	d := &DB{
		dir: dir, instance: instance, bolt: b, blobs: blobs, lock: lock,
		clock: o.Clock, space: newSpace(dir, o.MinFree),
		jobs: make(chan *job, maxJobs), stop: make(chan struct{}), stopped: make(chan struct{}),
		changed: make(chan struct{}),
	}
	if d.clock == nil {
		d.clock = time.Now
	}
	go d.committer()
	return d
}

// Close waits for the commit that runs and lets go of the store.
func (d *DB) Close() error {
	err := error(nil)
	d.close.Do(func() {
		close(d.stop)
		<-d.stopped
		if d.bolt.NoSync {
			err = d.bolt.Sync()
		}
		err = errors.Join(err, d.bolt.Close(), d.blobs.Close(), d.lock.Close())
	})
	return err
}

// Instance is the random id made when the store was.
func (d *DB) Instance() string { return d.instance }

// whatIsThere reads the marker, makes a store where there never was one, and
// refuses one that is missing or empty.
func whatIsThere(dir string, newest int) (marker, error) {
	m, err := readMarker(dir)
	if err != nil {
		return m, err
	}
	if m.DataVersion > newest {
		return m, tooNew(dir, m.DataVersion, newest)
	}
	info, err := os.Stat(filepath.Join(dir, storeFile))
	switch {
	case errors.Is(err, os.ErrNotExist) && m.Instance == "":
		return m, create(dir, newest)
	case errors.Is(err, os.ErrNotExist):
		return m, refuse(dir, errors.New("the file is missing"))
	case err != nil:
		return m, fmt.Errorf("look at the store: %w", err)
	case info.Size() == 0:
		return m, refuse(dir, errors.New("the file is empty"))
	}
	return m, nil
}

// refuse says that a store cannot be used, why, and what to do.
func refuse(dir string, err error) error {
	if errors.Is(err, ErrLocked) {
		return err
	}
	return &refusal{balie.InvalidError{
		File:    filepath.Join(dir, storeFile),
		Problem: "the store cannot be used: " + err.Error(),
		Fix:     fmt.Sprintf(restoreFix, dir),
	}, err}
}

// refusal is an InvalidError that keeps its cause.
type refusal struct {
	balie.InvalidError
	cause error
}

func (r *refusal) Error() string { return r.InvalidError.Error() }

func (r *refusal) Unwrap() []error { return []error{&r.InvalidError, r.cause, balie.ErrCorrupt} }

func tooNew(dir string, has, newest int) error {
	return &balie.InvalidError{
		File:    filepath.Join(dir, storeFile),
		Problem: fmt.Sprintf("the store has data version %d; this balie knows versions up to %d", has, newest),
		Fix:     "start the newer balie, or put a backup of the older one back",
	}
}

// create makes a whole store beside its place and then gives it its name, so
// that a crash leaves none or a good one.
func create(dir string, version int) error {
	tmp := filepath.Join(dir, newFile)
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("make a store: %w", err)
	}
	b, err := bolt.Open(tmp, 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		return fmt.Errorf("make a store: %w", err)
	}
	err = b.Update(func(tx *bolt.Tx) error {
		for k := kindMeta; k < kindCount; k++ {
			if _, err := tx.CreateBucket([]byte(k.String())); err != nil {
				return err
			}
		}
		w := newWriter(tx)
		w.putMeta(metaInstance, newInstance())
		w.putMeta(metaVersion, strconv.Itoa(version))
		return w.err
	})
	if e := b.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("make a store: %w", err)
	}
	return publish(dir, newFile, storeFile)
}

// publish gives a file that is on disk its name, and makes the name durable.
func publish(dir, from, to string) error {
	if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
		return fmt.Errorf("name %s: %w", to, err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the folder of the store: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync the folder of the store: %w", err)
	}
	return nil
}

// openFile opens the file after a look at its structure: on damaged pages
// bbolt panics, also in goroutines of its own.
func openFile(path string, o Options) (b *bolt.DB, err error) {
	if err := checkStructure(path, o.Salvage); err != nil {
		return nil, err
	}
	size := o.MmapSize
	if size == 0 {
		size = defaultMmap
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			b, err = nil, fmt.Errorf("open it: %v", p)
		}
	}()
	b, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
		InitialMmapSize: size, NoStatistics: true, NoSync: o.Unsynced,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: %w", path, ErrLocked)
	}
	return b, err
}

// identify reads which store the file is and compares it with the marker.
func identify(dir string, b *bolt.DB, m marker, newest int) (string, error) {
	d := &DB{bolt: b}
	var instance string
	var version int
	err := d.view(context.Background(), func(r *reader) (err error) {
		for k := kindMeta; k < kindCount; k++ {
			if r.tx.Bucket([]byte(k.String())) == nil && k == kindMeta {
				return errors.New("it is not a store of balie")
			}
		}
		instance, version, err = r.identity()
		return err
	})
	if err != nil {
		return "", refuse(dir, err)
	}
	if version > newest {
		return "", tooNew(dir, version, newest)
	}
	if m.Instance != "" && m.Instance != instance {
		return "", refuse(dir, fmt.Errorf("it is another store than %s names", markerFile))
	}
	return instance, nil
}
