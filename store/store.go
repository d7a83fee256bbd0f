// Package store is in charge of what "durable" means: the interfaces that
// boltstore and pgstore fulfil and that storetest holds them to.
//
// Guarantees of every store:
//  1. When Commit returns nil, all of every Change is on disk.
//  2. When it returns a *balie.RefusedError, the refused Changes left no trace
//     and the others are on disk. Any other error: the outcome is unknown.
//  3. A read never shows half a Change, and never a damaged record: that is
//     balie.ErrCorrupt.
//
// Everything returned belongs to the caller. No call holds a transaction open
// while the caller works: iterators page through with short ones.
package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/balie/balie"
)

// Store is everything; its users ask for the small interface they need.
type Store interface {
	Requests
	Timeline
	Outbox
	Feed
	Blobs
	Documents
	People
	Records
	Eraser
	Ledger
	Keeper
}

// Requests are written by Change and listed by Filter.
type Requests interface {
	// Commit stores each Change whole or not at all, in order; Changes of one
	// call may build on each other. See the package's guarantees for errors.
	Commit(ctx context.Context, c ...balie.Change) error
	Request(ctx context.Context, id balie.ID) (balie.Request, error)
	// Lookup answers many small questions in one read.
	Lookup(ctx context.Context, q Query) (Found, error)
	List(ctx context.Context, f Filter) iter.Seq2[balie.Request, error]
	// Count counts what List would give, without Limit and After.
	Count(ctx context.Context, f Filter) (int, error)
}

// Query asks for several things at once.
type Query struct {
	Seen      []string        // dedupe keys
	Refs      []string        // spoken references
	Addresses []balie.Address // whose are they
	Requests  []balie.ID
	People    []balie.ID
}

// Claim says what a Seen key was claimed for.
type Claim struct {
	Request balie.ID
	Message balie.ID
}

// Found has an entry only for what was found.
type Found struct {
	Seen      map[string]Claim
	Refs      map[string]balie.ID
	Addresses map[string]balie.Person // by Address.Key
	Requests  map[balie.ID]balie.Request
	People    map[balie.ID]balie.Person
}

// Order of a list.
type Order uint8

// The orders.
const (
	ByChangedDesc Order = iota // newest change first
	ByChanged                  // longest unchanged first
	ByNext                     // what progress must look at first; only those with a Next
	ByOpened                   // oldest first
)

// Filter says which requests a list has; the zero value has all. Conditions
// are and-ed.
type Filter struct {
	States     []balie.State
	Team       string   // with an open hand-out to this team
	Assignee   string   // assigned to this agent
	Unassigned bool     // assigned to nobody
	Customer   balie.ID // of this person, also as a participant
	Product    string
	DueBy      time.Time // Next at or before
	Order      Order
	After      balie.ID // go on behind this request of the same list
	Limit      int      // 0: all
}

// Timeline is what happened on one request.
type Timeline interface {
	// Events of a request with Seq > after, in order.
	Events(ctx context.Context, request balie.ID, after uint64) ([]balie.Event, error)
	// Messages of a request, oldest first.
	Messages(ctx context.Context, request balie.ID) ([]balie.Message, error)
	Message(ctx context.Context, id balie.ID) (balie.Message, error)
	// Deliveries of a request, oldest first.
	Deliveries(ctx context.Context, request balie.ID) ([]balie.Delivery, error)
}

// Claimed is a delivery and all a sender needs for it.
type Claimed struct {
	Delivery balie.Delivery
	Message  balie.Message
	Request  balie.Request
}

// Outbox is what must go out.
type Outbox interface {
	// Claim leases up to n deliveries that are due, oldest first, until
	// now+lease. Of one request and address only the oldest unfinished one is
	// given out: what was said first arrives first. An expired lease is
	// claimed again with a higher Lease.
	Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]Claimed, error)
	// NextDue is when the next Claim can give something; zero: nothing waits.
	NextDue(ctx context.Context) (time.Time, error)
	Delivery(ctx context.Context, id balie.ID) (balie.Delivery, error)
	// ListDeliveries lists by status, oldest first.
	ListDeliveries(ctx context.Context, status balie.Status, limit int) ([]balie.Delivery, error)
}

// FeedCursor is a place in the feed; the empty one is its beginning.
type FeedCursor string

// Feed is all events of all requests in an order in which a reader never
// misses one. A follower takes Changed, reads from its own place until it gets
// fewer than it asked for, and waits on what it took: Follow has that loop.
// Many can follow: those close behind the end share what is decoded, so the
// Decision of an event, alone of all that a store returns, is not the caller's
// to change.
type Feed interface {
	Read(ctx context.Context, after FeedCursor, limit int) ([]balie.Event, FeedCursor, error)
	// Tail is the place behind the newest event, and how many requests stand in
	// each state at that place.
	Tail(ctx context.Context) (FeedCursor, map[balie.State]int, error)
	// Changed returns a channel that is closed at the next commit.
	Changed() <-chan struct{}
}

// Blobs are originals by their hash.
type Blobs interface {
	// PutBlob makes a large body durable before a Change names it.
	PutBlob(ctx context.Context, r io.Reader) (balie.Original, error)
	OpenBlob(ctx context.Context, id balie.BlobID) (io.ReadCloser, error)
}

// Document is one version of the rules, the catalogue, a calendar, a template.
type Document struct {
	Kind    string // "catalogue", "rules", "organisations", "templates", "progress"
	Name    string // "" where there is only one
	Version int    // from 1
	Body    []byte
	At      time.Time
	By      string
	Reason  string
}

// Documents are versioned.
type Documents interface {
	// PutDocument stores d as version base+1 and returns it; ErrStale when the
	// newest version is not base.
	PutDocument(ctx context.Context, d Document, base int) (int, error)
	// Document returns a version, the newest for 0; ErrNotFound.
	Document(ctx context.Context, kind, name string, version int) (Document, error)
	// DocumentHistory lists versions without their bodies, newest first.
	DocumentHistory(ctx context.Context, kind, name string) ([]Document, error)
}

// People are customers.
type People interface {
	Person(ctx context.Context, id balie.ID) (balie.Person, error)
	ListPeople(ctx context.Context, after balie.ID, limit int) ([]balie.Person, error)
}

// Records are the desk's own things; they are written by Change.Records.
type Records interface {
	// Record returns one, or ErrNotFound; one past its Expires is not found.
	Record(ctx context.Context, kind, key string) (balie.Record, error)
	// ListRecords lists a kind by key, those that begin with prefix and stand
	// behind after; backwards from the last when back is true (then after is
	// the key to stay before; "" the end). limit 0: all.
	ListRecords(ctx context.Context, kind, prefix, after string, back bool, limit int) ([]balie.Record, error)
	// SweepRecords removes what is past its Expires and says how many.
	SweepRecords(ctx context.Context, now time.Time) (int, error)
}

// Kinds of the records that a store writes itself while it erases. Their key
// is the person's id.
const (
	// KindErasing is there while an Erase is not done: call it again. It has
	// the addresses that are looked for, and goes with the last step.
	KindErasing = "erasing"
	// KindErased stays: nobody can make that person a customer again. It says
	// when, by whom and how much, and nothing of the person.
	KindErased = "erased"
)

// Erased says what erasing a person removed.
type Erased struct {
	Requests, Messages, Originals int
}

// Eraser removes a person (AVG, GDPR art. 17): records, messages, originals and
// what requests say of them. Numbers for reports stay: a request keeps its
// reference, states, times, product and channel.
type Eraser interface {
	// Erase is durable and whole when it returns nil; after an interruption it
	// is called again and goes on. by and reason stand in the events it leaves
	// (balie.Erased, one for each request). Of a person that is erased already
	// it gives what was erased; of one that never was, balie.ErrNotFound.
	//
	// All messages of the person's own requests become shells (side, channel,
	// direction, time); in the requests of others, those that the person wrote.
	// What others wrote of the person in requests of their own stays: only a
	// reader can judge it. The deliveries concerned that had not gone out are
	// balie.TakenBack. Dedupe keys stay, as hashes: the same mail is no new
	// question. Records of the desk are their owners' to clear.
	Erase(ctx context.Context, person balie.ID, by, reason string, now time.Time) (Erased, error)
}

// LedgerFilter chooses lines of the ledger; the zero value has all.
type LedgerFilter struct {
	Channel, Account, Outcome string
	Since                     time.Time
	Limit                     int
}

// Ledger is one line for every message of every channel.
type Ledger interface {
	// ListLedger lists lines, newest first.
	ListLedger(ctx context.Context, f LedgerFilter) iter.Seq2[balie.LedgerEntry, error]
	// CountLedger counts lines by outcome.
	CountLedger(ctx context.Context, f LedgerFilter) (map[string]int, error)
}

// Keeper is what an operator needs of a store.
type Keeper interface {
	Cursor(ctx context.Context, channel string) ([]byte, error) // nil: none yet
	// Instance is the random id made when the store was, the base of keys.
	Instance() string
	// Verify refolds every request, checks every record and rebuilds every
	// index in memory; report gets progress. It returns what is wrong.
	Verify(ctx context.Context, report func(done, total int)) ([]Flaw, error)
	// Backup writes a consistent copy that restore accepts.
	Backup(ctx context.Context, w io.Writer) error
	// Fault is nil while the store can be written; else why not.
	Fault() error
	Close() error
}

// Flaw is something wrong in stored data.
type Flaw struct {
	Where string // bucket and key, in words
	What  string
}

// maxRetries is how often Retry tries: with two writers on one request each
// loses at most once per commit of the other.
const maxRetries = 8

// Retry calls step again while it fails with balie.ErrStale: read, decide,
// commit, and once more when somebody was faster.
func Retry(ctx context.Context, step func(context.Context) error) error {
	var err error
	for range maxRetries {
		if err = step(ctx); !errors.Is(err, balie.ErrStale) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return err
}
