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
package auth

import (
	"context"
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

// User is somebody who signs in.
type User struct {
	ID       string // sign-in name, lower case: "sanne"
	Version  uint64
	Name     string // as colleagues call them
	Mail     string
	Role     desk.Role
	Teams    []string // Team.ID, of a team member
	Disabled bool
	Subject  string // of single sign-on: issuer and sub
	Profile  Profile
	Created  time.Time
	SeenAt   time.Time // last sign-in
}

// Profile is what somebody chose for themselves.
type Profile struct {
	Language string // "nl", "en"; "" as the browser says
	Theme    string // "light", "dark"; "" as the system says
	KeysOff  bool   // no single-key shortcuts (WCAG 2.1.4)
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
	Expires time.Time
	From    string // client address, for the list of one's sessions
	Agent   string // browser, likewise
}
