package search

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// PeopleFile is the name of the index of people in the data directory. It may
// be removed while balie does not run.
const PeopleFile = "people.db"

// peopleLayout is the version of the tables of people and of their words.
const peopleLayout = "2"

// Bounds of a turn through the people.
const (
	peopleTurn   = 500
	peoplePause  = 500 * time.Millisecond // between turns: what follows quickly is one turn
	mostWords    = 8                      // of a search
	peopleCache  = 2048                   // KiB
	mostAnswered = 200                    // people of one answer
)

// PeopleStore is what the index of people reads.
type PeopleStore interface {
	store.Requests
	store.People
	store.Feed
	Instance() string
}

// People is the index by which customers are found while somebody types: by
// words of their name, by address, by a number however it is written, and by
// organisation. Like Index it is a copy, and is made again when it is lost.
type People struct {
	store PeopleStore
	path  string
	log   *slog.Logger

	mu    sync.Mutex // one writer; also held while the file is opened or closed
	db    atomic.Pointer[sql.DB]
	ready atomic.Bool
	moved chan struct{} // closed when it has caught up; under mu
}

// peopleTables: a person stands in names once, with all the words that stand in
// words, so that they can be taken out again.
const peopleTables = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE names (place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, name TEXT NOT NULL, words TEXT NOT NULL);
CREATE INDEX by_name ON names (name, id);
CREATE TABLE words (word TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (word, place)) WITHOUT ROWID;
`

// NewPeople returns the index in a file that Run opens, or begins.
func NewPeople(path string, s PeopleStore, log *slog.Logger) *People {
	return &People{store: s, path: path, log: log, moved: make(chan struct{})}
}

// Run opens the index, looks who changed while it was closed, and follows the
// feed until ctx ends. What goes wrong is logged and tried again.
func (x *People) Run(ctx context.Context) error {
	defer x.close()
	for ctx.Err() == nil {
		err := x.open(ctx)
		if err == nil {
			err = x.turns(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		x.log.Error("the index of people stands still", "err", err)
		x.close()
		var invalid *balie.InvalidError
		if damaged(err) || errors.As(err, &invalid) {
			x.remove()
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
		}
	}
	return nil
}

// open opens the file, or begins a new one when it is another's.
func (x *People) open(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	db, err := x.connect()
	if err == nil && peopleMeta(ctx, db, "instance") != x.store.Instance()+" "+peopleLayout {
		db.Close()
		x.remove()
		db, err = x.begin(ctx)
	}
	if err != nil {
		return fmt.Errorf("open the index of people: %w", err)
	}
	x.db.Store(db)
	return nil
}

func (x *People) connect() (*sql.DB, error) {
	f, err := os.OpenFile(x.path, os.O_RDWR|os.O_CREATE, 0o600) // customers' names: its owner alone reads it
	if err != nil {
		return nil, err
	}
	f.Close()
	path, err := filepath.Abs(x.path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"_pragma": {"journal_mode(WAL)", "busy_timeout(5000)", "synchronous(NORMAL)", "secure_delete(ON)", fmt.Sprintf("cache_size(-%d)", peopleCache)}}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	return db, db.Ping()
}

func (x *People) begin(ctx context.Context) (*sql.DB, error) {
	db, err := x.connect()
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, peopleTables); err != nil {
		db.Close()
		return nil, err
	}
	_, err = db.ExecContext(ctx, `INSERT INTO meta VALUES ('instance', ?)`, x.store.Instance()+" "+peopleLayout)
	return db, err
}

func (x *People) remove() {
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(x.path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			x.log.Warn("the old index of people stays", "err", err)
		}
	}
}

func (x *People) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ready.Store(false)
	if db := x.db.Swap(nil); db != nil {
		db.Close()
	}
}

func peopleMeta(ctx context.Context, q querier, name string) string {
	var v string
	if q.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = ?`, name).Scan(&v) != nil {
		return ""
	}
	return v
}

// turns compares everybody once, and then follows the feed.
func (x *People) turns(ctx context.Context) error {
	at, _, err := x.store.Tail(ctx)
	if err != nil {
		return fmt.Errorf("find the end of the feed: %w", err)
	}
	if err := x.compare(ctx); err != nil {
		return err
	}
	return store.Follow(ctx, x.store, at, turnEvents, func(ctx context.Context, events []balie.Event, _ store.FeedCursor) error {
		if len(events) > 0 {
			return x.follow(ctx, events)
		}
		x.ready.Store(true)
		x.signal()
		sleep(ctx, peoplePause)
		return nil
	})
}

func (x *People) signal() {
	x.mu.Lock()
	defer x.mu.Unlock()
	close(x.moved)
	x.moved = make(chan struct{})
}

// Moved returns a channel that is closed when the index has caught up next.
func (x *People) Moved() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.moved
}

// Ready reports whether everybody is found.
func (x *People) Ready() bool { return x.ready.Load() }

// compare brings the index in line with the store: who is new, who changed and
// who is gone.
func (x *People) compare(ctx context.Context) error {
	var after balie.ID
	for {
		people, err := x.store.ListPeople(ctx, after, peopleTurn)
		if err != nil {
			return fmt.Errorf("list people to index: %w", err)
		}
		upTo := "ffffffffffffffffffffffffffffffff"
		if len(people) == peopleTurn {
			upTo = hex.EncodeToString(people[len(people)-1].ID[:])
		}
		if err := x.put(ctx, people, hex.EncodeToString(after[:]), upTo); err != nil {
			return err
		}
		if len(people) < peopleTurn {
			return nil
		}
		after = people[len(people)-1].ID
	}
}

// follow takes in the people of requests that something happened to.
func (x *People) follow(ctx context.Context, events []balie.Event) error {
	q := store.Query{}
	seen := map[balie.ID]bool{}
	var ids []balie.ID
	person := func(s string) {
		if id, err := balie.ParseID(s); err == nil && !id.IsZero() && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	asked := map[balie.ID]bool{} // requests, and those whose people their events say
	for _, e := range events {
		switch e.What {
		case balie.Opened, balie.Joined, balie.Erased:
			person(e.Data["customer"])
			person(e.Data["person"])
			asked[e.Request] = asked[e.Request] || e.What == balie.Opened
		case balie.Received, balie.Edited, balie.Replied, balie.Reopened:
			person(e.Data["customer"])
			if !asked[e.Request] {
				asked[e.Request] = true
				q.Requests = append(q.Requests, e.Request)
			}
		}
	}
	found, err := x.store.Lookup(ctx, q)
	if err != nil {
		return fmt.Errorf("look up requests of people: %w", err)
	}
	for _, r := range found.Requests {
		for _, id := range peopleOf(r) {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return x.Take(ctx, ids...)
}

// Take looks at people again, at once: they were changed by hand, or erased.
func (x *People) Take(ctx context.Context, ids ...balie.ID) error {
	for some := range slices.Chunk(ids, peopleTurn) {
		found, err := x.store.Lookup(ctx, store.Query{People: some})
		if err != nil {
			return fmt.Errorf("look up people to index: %w", err)
		}
		var people []balie.Person
		for _, p := range found.People {
			people = append(people, p)
		}
		if err := x.put(ctx, people, "", ""); err != nil {
			return err
		}
		for _, id := range some {
			if _, ok := found.People[id]; !ok {
				if err := x.drop(ctx, id); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// drop takes somebody out who is not there any more, and cuts the log, in which
// their name would stay.
func (x *People) drop(ctx context.Context, id balie.ID) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	db := x.db.Load()
	if db == nil {
		return nil // it compares everybody when it is opened
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	w, err := newPeopleWriter(ctx, tx)
	if err != nil {
		return err
	}
	there, err := w.remove(ctx, id)
	if err != nil {
		return fmt.Errorf("take a person out of the index: %w", err)
	}
	if err := tx.Commit(); err != nil || !there {
		return err
	}
	_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

// put writes people who are not in the index as they are. With from and to it
// also takes those out whose id lies between (from is not, to is one of them)
// and who are not among the people.
func (x *People) put(ctx context.Context, people []balie.Person, from, to string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	db := x.db.Load()
	if db == nil || len(people) == 0 && to == "" {
		return nil
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	w, err := newPeopleWriter(ctx, tx)
	if err == nil && to != "" {
		err = w.keepOnly(ctx, people, from, to)
	}
	for _, p := range people {
		if err == nil {
			err = w.put(ctx, p)
		}
	}
	if err != nil {
		return fmt.Errorf("index %d people: %w", len(people), err)
	}
	return tx.Commit()
}
