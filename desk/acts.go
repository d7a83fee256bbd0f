package desk

import (
	"log/slog"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/store"
)

// Store is what the desk needs of a store.
type Store interface {
	store.Requests
	store.Timeline
	store.Outbox
	store.Documents
	store.People
	store.Records
	store.Blobs
	store.Ledger
}

// Options are the desk's settings for what people do.
type Options struct {
	Calendar   hours.Calendar // of the desk itself
	Language   string         // when a request's own is not known
	UndoSend   time.Duration  // how long a reply waits before it goes out; 0: 10 s
	ReopenDays int            // opening days
}

// Desk is what people may do with requests. Every act is one Change, signed by
// its actor, and checks role and object itself: ErrNotFound for what the actor
// may not see, ErrDenied for what the role may not do, *StaleError when
// something was said meanwhile, *balie.MoveError when the state refuses it.
type Desk struct {
	store  Store
	lib    *Library
	write  *letters.Writer
	tokens *token.Maker
	o      Options
	log    *slog.Logger
}

// undoSend is how long a reply waits, when the settings do not say.
const undoSend = 10 * time.Second

// New returns the acts.
func New(s Store, l *Library, w *letters.Writer, t *token.Maker, o Options, log *slog.Logger) *Desk {
	if o.UndoSend == 0 {
		o.UndoSend = undoSend
	}
	return &Desk{s, l, w, t, o, log}
}

// Then says what becomes of a request after a reply.
type Then string

// What a reply can be followed by.
const (
	ThenStay    Then = "stay"    // the request stays where it is
	ThenWait    Then = "wait"    // it waits for the customer
	ThenResolve Then = "resolve" // it is answered
)

// File is what an agent attaches: kept by Store.PutBlob first.
type File struct {
	Name, Type string
	Original   balie.Original
}

// Reply is what an agent writes to the customer.
type Reply struct {
	Request  balie.ID
	Seen     uint64          // the version the agent had before them
	Anyway   bool            // send although something was said since
	Text     string          // Markdown
	To       []balie.Address // as shown when send was pressed; empty: the customer
	Then     Then
	Language string // "": the request's
	Files    []File
	Shares   []balie.ID // a team's messages that are quoted in it (Share): marked as shown
	Key      string     // of the form: the same key twice is one reply
}

// Sent is a reply on its way: until Due it can be taken back.
type Sent struct {
	Request balie.Request
	Message balie.ID
	Due     time.Time
}

// StaleError says that something was said since the version an act was
// prepared against. It is a balie.ErrStale.
type StaleError struct {
	Request balie.Request
	New     []balie.Message // what was said, oldest first
	Events  []balie.Event   // and what else happened
}

func (e *StaleError) Error() string {
	return "something was said on request " + e.Request.Ref + " meanwhile"
}

// Is makes it a balie.ErrStale, although trying again would not help.
func (e *StaleError) Is(target error) bool { return target == balie.ErrStale }

// Summary is what a hand-out tells whoever gets it: asked, known, tried, missing.
type Summary struct{ Asked, Known, Tried, Missing string }

// HandOut is a request given to a team.
type HandOut struct {
	Request balie.ID
	Seen    uint64
	Anyway  bool
	Team    string // Team.ID
	Summary Summary
	Due     time.Time // zero: the promise to the customer less a margin
	Why     string    // why now, when fields are missing
	Tell    bool      // tell the customer who works on it and by when
	Key     string
}

// Edit changes properties; a nil field stays as it is.
type Edit struct {
	Request                          balie.ID
	Seen                             uint64 // the version the editor had before them; 0: whatever it is
	Subject, Product, Kind, Language *string
	Assignee                         *string // a user's ID, "" for nobody
	Priority                         *int
	Customer                         *balie.ID
	Fields                           map[string]string // required fields filled in by hand
	AddTags, RemoveTags              []string
}

// Call is a telephone call (or a visit) that an agent writes down.
type Call struct {
	Key      string // of the form: the same key twice is one call
	Channel  string // "phone" or "counter"
	Person   balie.ID
	Name     string        // of a person not known yet
	Address  balie.Address // number or mail of a person not known yet
	For      string        // on behalf of
	Subject  string
	Text     string
	Product  string
	Fields   map[string]string
	Language string
	Priority int
	Outcome  CallOutcome
	Team     string   // for CallHandOut
	Why      string   // for CallHandOut, when fields are missing
	Answer   string   // what the caller was told, for CallSolved
	Into     balie.ID // add to this request instead of opening one
	CallID   string   // of the webhook's call, when there was one
	Took     time.Duration
}

// CallOutcome is what came of a call.
type CallOutcome string

// The outcomes, by their keys 1 to 5.
const (
	CallSolved   CallOutcome = "solved"   // answered at once
	CallHandOut  CallOutcome = "handout"  // to a team
	CallDesk     CallOutcome = "desk"     // stays at the desk
	CallWaiting  CallOutcome = "waiting"  // the caller comes back with what is missing
	CallCallback CallOutcome = "callback" // the desk calls back
)
