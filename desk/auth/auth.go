// Package auth is in charge of who somebody is: users, sign-in, sessions,
// single sign-on, API tokens.
//
// Guarantees:
//  1. Passwords are argon2id; an unknown name takes as long as a wrong
//     password, and a burst of sign-ins neither fills memory nor locks anybody
//     out for good (S8).
//  2. Sessions live on the server: signing out, a new password and disabling a
//     user end them at once.
//  3. Of a session, token or link only a hash is stored.
//  4. Every change of a user, token or session leaves an audit line in the same
//     Change (S13).
//
// What is stored are records (store.Records), their bodies JSON:
//
//	user     by sign-in name        account: User, password hash, epoch
//	session  by hash of its token   who, since when, from where, epoch
//	token    by hash of the token   whose, for what, until when
//	link     by hash of its token   invites a user, or sets a new password
//	first    "admin"                hash of the link that makes the first admin
//	signon   by hash of its state   a single sign-on that was finished
//
// The epoch of an account goes up with each new password, signing out
// everywhere and disabling: a session or link of an earlier one is dead in the
// very Change that raised it.
package auth

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/store"
)

// Store is what auth needs of a store.
type Store interface {
	Commit(ctx context.Context, c ...balie.Change) error
	store.Records
}

// Options are how people sign in; the zero value has passwords only.
type Options struct {
	Idle      time.Duration        // a session nobody used for this long ends; 0: 60 min
	Absolute  time.Duration        // no session is older; 0: 12 h
	PublicURL string               // base of the address single sign-on comes back to
	OIDC      *OIDC                // nil: no single sign-on
	Key       []byte               // seals the cookie of single sign-on; nil: a random one, until the next start
	Team      func(id string) bool // whether a team exists; nil: any
	Clock     func() time.Time     // nil: time.Now
}

// The bounds of a session, when the settings do not say: of a working day, and
// of the time somebody may be away from an open desk.
const (
	defaultIdle     = time.Hour
	defaultAbsolute = 12 * time.Hour
)

// Auth knows who somebody is.
type Auth struct {
	store  Store
	o      Options
	log    *slog.Logger
	hasher *hasher
	pace   *pace
	sso    *singleSignOn // nil: none

	people atomic.Pointer[people] // of Names
	fill   sync.Mutex             // one reader fills people
}

// New returns an Auth.
func New(s Store, o Options, log *slog.Logger) *Auth {
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	if o.Absolute == 0 {
		o.Absolute = defaultAbsolute
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Auth{store: s, o: o, log: log, hasher: newHasher(), pace: newPace(), sso: newSingleSignOn(o)}
}

// User is somebody who signs in.
type User struct {
	ID       string    `json:"id"` // sign-in name, lower case: "sanne"
	Version  uint64    `json:"-"`
	Name     string    `json:"name"` // as colleagues call them
	Mail     string    `json:"mail,omitzero"`
	Role     desk.Role `json:"role"`
	Teams    []string  `json:"teams,omitempty"` // Team.ID, of a team member
	Disabled bool      `json:"disabled,omitzero"`
	Subject  string    `json:"subject,omitzero"` // of single sign-on: issuer and sub
	Profile  Profile   `json:"profile,omitzero"`
	Created  time.Time `json:"created"`
	SeenAt   time.Time `json:"seen_at,omitzero"` // last sign-in
	// HasPassword is false for who signs in elsewhere, or was invited and has
	// not come yet.
	HasPassword bool `json:"-"`
}

// Profile is what somebody chose for themselves.
type Profile struct {
	Language string `json:"language,omitzero"` // "nl", "en"; "" as the browser says
	Theme    string `json:"theme,omitzero"`    // "light", "dark"; "" as the system says
	KeysOff  bool   `json:"keys_off,omitzero"` // no single-key shortcuts (WCAG 2.1.4)
}

// Actor is the user as the desk knows them.
func (u User) Actor() desk.Actor {
	return desk.Actor{ID: u.ID, Name: u.Name, Role: u.Role, Teams: u.Teams}
}

// Session is somebody who is signed in.
type Session struct {
	Token   string // what the cookie holds; only here when just made
	ID      string // its hash: names it in lists and in the store
	User    User
	CSRF    string // goes with every form
	Began   time.Time
	Seen    time.Time // to a few minutes
	Expires time.Time
	Stay    bool   // idleness does not end it, its age does
	From    string // client address, for the list of one's sessions
	Agent   string // browser, likewise
}

// Actor is the user as the desk knows them, and where they are.
func (s Session) Actor() desk.Actor {
	a := s.User.Actor()
	a.From = s.From
	return a
}

// Command is who acts when somebody with access to the machine gives a command.
func Command() desk.Actor {
	return desk.Actor{ID: commandID, Name: "balie", Role: desk.Admin}
}

// commandID is no user's.
const commandID = "cli"
