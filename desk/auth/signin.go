package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/store"
)

// ErrWrong is all that anybody learns of a sign-in that was refused: the name
// is unknown, the password is wrong, or the user is disabled.
var ErrWrong = fmt.Errorf("name or password is wrong: %w", balie.ErrDenied)

// Attempt is somebody who wants in.
type Attempt struct {
	Name     string // sign-in name or mail address
	Password string
	From     string // client address, by httpd.ClientKey
	Agent    string // browser
	Stay     bool   // idleness does not end the session
}

// nameBytes bounds what is looked up and remembered of a typed name.
const nameBytes = 200

// SignIn begins a session with a new token. ErrWrong when it is refused, a
// balie.ErrThrottled that says how long to wait when guessed too often or when
// too many sign in at this moment.
func (a *Auth) SignIn(ctx context.Context, t Attempt, now time.Time) (Session, error) {
	if len(t.Name) > nameBytes || len(t.Password) > passwordBytes {
		return Session{}, ErrWrong
	}
	id, err := a.idOf(ctx, t.Name)
	if err != nil {
		return Session{}, err
	}
	acc, err := a.account(ctx, id)
	if err != nil && !isMissing(err) {
		return Session{}, err
	}
	by := pacedBy(id, t.From, slices.Contains(acc.Known, placeOf(id, t.From)))
	if wait := a.pace.begin(by, now); wait > 0 {
		return Session{}, httpd.Throttled(wait)
	}
	right, err := a.hasher.check(ctx, t.Password, acc.Hash)
	if err != nil {
		a.pace.right(by, now) // nobody looked at it
		return Session{}, err
	}
	if !right || acc.Disabled {
		a.log.Info("sign-in refused", "user_known", acc.ID != "")
		return Session{}, ErrWrong
	}
	a.pace.right(by, now)
	return a.begin(ctx, acc, t, now)
}

// begin stores a new session for whoever proved to be acc.
func (a *Auth) begin(ctx context.Context, acc account, t Attempt, now time.Time, more ...balie.Record) (Session, error) {
	var s Session
	err := store.Retry(ctx, func(ctx context.Context) error {
		latest, err := a.account(ctx, acc.ID)
		if err != nil {
			return err
		}
		if latest.Hash != acc.Hash || latest.Epoch != acc.Epoch || latest.Disabled {
			return ErrWrong // changed while the password was being checked
		}
		seen := latest
		seen.SeenAt = now.UTC()
		seen.Known = remember(seen.Known, placeOf(acc.ID, t.From))
		var records []balie.Record
		s, records, err = a.fresh(&seen, t, now)
		if err != nil {
			return err
		}
		return a.commit(ctx, append(records, more...)...)
	})
	return s, err
}

// fresh is a new session and its records: its own, the account's and the
// audit line's.
func (a *Auth) fresh(acc *account, t Attempt, now time.Time) (Session, []balie.Record, error) {
	token := secret()
	in := session{User: acc.ID, Epoch: acc.Epoch, Began: now.UTC(), Seen: now.UTC(), Stay: t.Stay, From: t.From, Agent: clip(t.Agent, agentBytes)}
	own, err := record(sessionKind, hashOf(token), 1, in.expires(a.o), in)
	if err != nil {
		return Session{}, nil, err
	}
	acct, err := acc.next()
	if err != nil {
		return Session{}, nil, err
	}
	s := in.session(own.Key, acc.User, a.o)
	s.Token, s.CSRF = token, csrf(token)
	return s, []balie.Record{own, acct, line(now, s.Actor(), "session.begin", "session:"+short(own.Key), nil, map[string]any{"agent": in.Agent, "stay": in.Stay})}, nil
}

// knownPlaces is how many addresses of an account are remembered.
const knownPlaces = 8

// placeOf is an address somebody signed in from, so that it can be known again
// without being kept.
func placeOf(id, from string) string { return hashOf(id + "\n" + from)[:16] }

func remember(known []string, place string) []string {
	known = slices.DeleteFunc(slices.Clone(known), func(k string) bool { return k == place })
	known = slices.Insert(known, 0, place)
	return known[:min(len(known), knownPlaces)]
}

// agentBytes bounds what is kept of the browser's name.
const agentBytes = 200

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// short names a session or token in audit lines and lists, where its whole
// hash would only be noise.
func short(hash string) string { return clip(hash, 12) }

// SignOut ends a session.
func (a *Auth) SignOut(ctx context.Context, s Session, now time.Time) error {
	return a.commit(ctx, gone(sessionKind, s.ID), line(now, s.Actor(), "session.end", "session:"+short(s.ID), nil, nil))
}

// SignOutEverywhere ends all sessions of a user, and the links that were sent
// to them: their own, or anybody's for who may manage users.
func (a *Auth) SignOutEverywhere(ctx context.Context, by desk.Actor, id string, now time.Time) error {
	if err := may(by, id); err != nil {
		return err
	}
	dead, err := a.sessionsOf(ctx, id)
	if err != nil {
		return err
	}
	_, err = a.change(ctx, id, func(acc *account) ([]balie.Record, error) {
		acc.raise()
		return append(dead, line(now, by, "session.end-all", "user:"+id, nil, nil)), nil
	})
	return err
}

// may reports who may act on the sessions, profile and tokens of a user.
func may(by desk.Actor, id string) error {
	if by.Can(desk.Manage) || by.ID == id && by.Only == nil {
		return nil
	}
	return balie.ErrNotFound
}
