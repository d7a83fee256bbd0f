package search

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// File is the index's name in the data directory; SQLite has two more beside
// it. All three may be removed while balie does not run.
const File = "search.db"

// layout is the version of tables, analysis and filters. Another one in the
// file: it is made again.
const layout = "3"

// readers is how many searches run at the same time. Each has a page cache of
// cacheSize KiB.
const (
	readers   = 3
	cacheSize = 4096
)

// Store is what the index reads.
type Store interface {
	store.Requests
	store.Timeline
	store.Feed
	Instance() string
}

// Index is the full-text index of all requests.
type Index struct {
	store Store
	path  string
	log   *slog.Logger

	mu    sync.RWMutex // held to read while a search runs, to write while the file is made anew
	write *sql.DB      // one connection: of Run and Reindex, one at a time (writing)
	read  *sql.DB

	writing sync.Mutex
	stemmer *stemmer // under writing
	purging bool     // under writing: a purge is under way

	done, total atomic.Int64 // of the making of the index
	ready       atomic.Bool
	again       atomic.Bool // the file is damaged: make it anew
	wake        chan struct{}

	movedMu sync.Mutex
	moved   chan struct{}
}

// tables of the index. A place is a number that grows with the order of
// opening: the newest have the greatest. What is open stands in a table of its
// own too, so that to search in it costs the same whatever came before.
const tables = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE docs (place INTEGER PRIMARY KEY, request BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, opened INTEGER NOT NULL);
CREATE TABLE texts (place INTEGER PRIMARY KEY, cut INTEGER NOT NULL, head TEXT NOT NULL, text TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(t, content='', contentless_delete=1, detail=none, prefix='3 5', tokenize="ascii tokenchars '=~@^:%-'");
CREATE VIRTUAL TABLE openwords USING fts5(t, content='', contentless_delete=1, detail=none, prefix='3 5', tokenize="ascii tokenchars '=~@^:%-'");
`

// New returns the index in a file that Run opens, or begins.
func New(path string, s Store, log *slog.Logger) *Index {
	return &Index{store: s, path: path, log: log, stemmer: newStemmer(), wake: make(chan struct{}, 1), moved: make(chan struct{})}
}

// start opens the file that is there, or begins a new one: what cannot be read
// is made again.
func (x *Index) start() error {
	err := x.open()
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		x.log.Warn("the search index is made again", "why", err)
	}
	return x.begin()
}

var errOther = errors.New("it is of another store or another version of balie")

// open opens a file that is there.
func (x *Index) open() error {
	if _, err := os.Stat(x.path); err != nil {
		return err
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.connect(); err != nil {
		x.disconnect()
		return err
	}
	ctx := context.Background()
	if x.meta(ctx, x.write, "layout") != layout || x.meta(ctx, x.write, "instance") != x.store.Instance() {
		x.disconnect()
		return errOther
	}
	x.ready.Store(x.meta(ctx, x.write, "built") == "yes")
	return nil
}

// begin makes an empty index in place of whatever is there.
func (x *Index) begin() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ready.Store(false)
	x.done.Store(0)
	x.disconnect()
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(x.path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the old search index: %w", err)
		}
	}
	if err := x.connect(); err != nil {
		return fmt.Errorf("begin a search index: %w", err)
	}
	if _, err := x.write.Exec(tables); err != nil {
		return fmt.Errorf("begin a search index in %s: %w", x.path, err)
	}
	_, err := x.write.Exec(`INSERT INTO meta VALUES ('layout', ?), ('instance', ?)`, layout, x.store.Instance())
	return err
}

// connect opens the two sides. The file holds customers' words: its owner
// alone reads it.
func (x *Index) connect() error {
	f, err := os.OpenFile(x.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	if x.write, err = x.side("synchronous(NORMAL)", "secure_delete(ON)"); err != nil {
		return err
	}
	x.write.SetMaxOpenConns(1)
	if x.read, err = x.side("query_only(ON)"); err != nil {
		return err
	}
	x.read.SetMaxOpenConns(readers)
	x.read.SetMaxIdleConns(readers)
	return nil
}

func (x *Index) side(pragmas ...string) (*sql.DB, error) {
	path, err := filepath.Abs(x.path)
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	for _, p := range append([]string{"journal_mode(WAL)", "busy_timeout(5000)", fmt.Sprintf("cache_size(-%d)", cacheSize)}, pragmas...) {
		q.Add("_pragma", p)
	}
	// QUIRK: the driver cuts its arguments off at the first question mark, so
	// a path is written as a URL.
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	return db, db.Ping()
}

func (x *Index) disconnect() {
	for _, db := range []*sql.DB{x.read, x.write} {
		if db != nil {
			db.Close()
		}
	}
	x.read, x.write = nil, nil
}

// close closes the file; searches find nothing then.
func (x *Index) close() {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.disconnect()
	x.ready.Store(false)
}

// querier is a connection or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (x *Index) meta(ctx context.Context, q querier, name string) string {
	var v string
	if err := q.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = ?`, name).Scan(&v); err != nil {
		return ""
	}
	return v
}

func setMeta(ctx context.Context, tx *sql.Tx, name, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// Progress is how far the index is made.
type Progress struct {
	Done, Total int // requests
	Ready       bool
}

// Share is Progress as 0 to 1.
func (p Progress) Share() float64 {
	switch {
	case p.Ready:
		return 1
	case p.Total == 0:
		return 0
	}
	return min(float64(p.Done)/float64(p.Total), 0.99)
}

// Progress says how far the index is made. Before it is Ready a search finds
// some of what there is.
func (x *Index) Progress() Progress {
	return Progress{int(x.done.Load()), int(x.total.Load()), x.ready.Load()}
}

// Size is what the index takes on disk, in bytes.
func (x *Index) Size() int64 {
	var n int64
	for _, end := range []string{"", "-wal"} {
		if i, err := os.Stat(x.path + end); err == nil {
			n += i.Size()
		}
	}
	return n
}

// damaged reports whether an error says that the file is no index any more.
func damaged(err error) bool {
	if err == nil {
		return false
	}
	s := err.Error()
	return strings.Contains(s, "malformed") || strings.Contains(s, "not a database") || strings.Contains(s, "corrupt")
}

// put writes documents with the place in the feed up to which they are, at
// once or not at all.
func (x *Index) put(ctx context.Context, docs []document, after func(*sql.Tx) error) error {
	tx, err := x.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := putDocuments(ctx, tx, docs); err != nil {
		return fmt.Errorf("index %d requests: %w", len(docs), err)
	}
	if err := after(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// putDocuments writes all places, then all texts and then all words.
//
// QUIRK: a statement that may have to be taken back alone (ON CONFLICT,
// RETURNING) opens a savepoint, at which FTS5 writes out the words it has
// gathered: one segment for every request, and most of the time spent in
// merging them. So words come last, by themselves.
func putDocuments(ctx context.Context, tx *sql.Tx, docs []document) error {
	if len(docs) == 0 {
		return nil
	}
	places, err := putPlaces(ctx, tx, docs)
	if err != nil {
		return err
	}
	err = each(ctx, tx, `REPLACE INTO texts VALUES (?, ?, ?, ?)`, func(put func(...any) error) error {
		for i, d := range docs {
			if err := put(places[i], d.cut, d.head, d.text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	order := make([]int, len(docs)) // FTS5 also writes out what it has when a number is not greater than the last
	var open, closed []int
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })
	for _, i := range order {
		if docs[i].open {
			open = append(open, i)
		} else {
			closed = append(closed, i)
		}
	}
	words := func(of []int) func(put func(...any) error) error {
		return func(put func(...any) error) error {
			for _, i := range of {
				if err := put(places[i], docs[i].tokens); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if err := each(ctx, tx, `REPLACE INTO words (rowid, t) VALUES (?, ?)`, words(order)); err != nil {
		return err
	}
	err = each(ctx, tx, `DELETE FROM openwords WHERE rowid = ?`, func(put func(...any) error) error {
		for _, i := range closed {
			if err := put(places[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return each(ctx, tx, `REPLACE INTO openwords (rowid, t) VALUES (?, ?)`, words(open))
}

// each runs one statement for many.
func each(ctx context.Context, tx *sql.Tx, query string, run func(put func(...any) error) error) error {
	s, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer s.Close()
	return run(func(values ...any) error {
		_, err := s.ExecContext(ctx, values...)
		return err
	})
}

// putPlaces gives each document the place that its request has or gets.
func putPlaces(ctx context.Context, tx *sql.Tx, docs []document) ([]int64, error) {
	s, err := tx.PrepareContext(ctx, `INSERT INTO docs (request, version, opened) VALUES (?, ?, ?)
		ON CONFLICT (request) DO UPDATE SET version = excluded.version, opened = excluded.opened RETURNING place`)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	places := make([]int64, len(docs))
	for i, d := range docs {
		if err := s.QueryRowContext(ctx, d.request[:], int64(d.version), d.opened.Unix()).Scan(&places[i]); err != nil {
			return nil, err
		}
	}
	return places, nil
}

// remove takes requests out that the store does not have any more.
func remove(ctx context.Context, tx *sql.Tx, ids []balie.ID) error {
	for _, id := range ids {
		var place int64
		err := tx.QueryRowContext(ctx, `DELETE FROM docs WHERE request = ? RETURNING place`, id[:]).Scan(&place)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM words WHERE rowid = ?`, place); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM openwords WHERE rowid = ?`, place); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM texts WHERE place = ?`, place); err != nil {
			return err
		}
	}
	return nil
}
