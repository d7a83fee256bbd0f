package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// session is a session as stored; its key is the hash of its token.
type session struct {
	User  string    `json:"user"`
	Epoch uint64    `json:"epoch,omitzero"`
	Began time.Time `json:"began"`
	Seen  time.Time `json:"seen"`
	Stay  bool      `json:"stay,omitzero"`
	From  string    `json:"from,omitzero"`
	Agent string    `json:"agent,omitzero"`
}

// expires is when it ends unless it is used before.
func (s session) expires(o Options) time.Time {
	oldest := s.Began.Add(o.Absolute)
	idle := s.Seen.Add(o.Idle)
	if s.Stay || idle.After(oldest) {
		return oldest
	}
	return idle
}

func (s session) session(id string, u User, o Options) Session {
	return Session{ID: id, User: u, Began: s.Began, Seen: s.Seen, Expires: s.expires(o), Stay: s.Stay, From: s.From, Agent: s.Agent}
}

// csrf is the form token of a session. It follows from the session's token,
// which only the browser has, so that it is not stored either.
func csrf(token string) string {
	m := hmac.New(sha256.New, []byte(token))
	m.Write([]byte("balie csrf v1"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:18])
}

// touches is into how many parts the idle time is cut: a session's use is
// written down at most once in each.
const touches = 12

// Session is who has a token; balie.ErrNotFound when the session is over. It
// asks the store each time, so an ended session is dead at once.
func (a *Auth) Session(ctx context.Context, token string, now time.Time) (Session, error) {
	s, r, in, err := a.look(ctx, token, now)
	if err == nil && now.Sub(in.Seen) > a.o.Idle/touches {
		in.Seen = now.UTC()
		a.touch(ctx, r, in)
	}
	return s, err
}

// Look is Session without counting as use: what a page asks by itself must not
// keep a desk open that nobody sits at.
func (a *Auth) Look(ctx context.Context, token string, now time.Time) (Session, error) {
	s, _, _, err := a.look(ctx, token, now)
	return s, err
}

func (a *Auth) look(ctx context.Context, token string, now time.Time) (Session, balie.Record, session, error) {
	var in session
	if len(token) != len(secret()) {
		return Session{}, balie.Record{}, in, balie.ErrNotFound
	}
	r, err := a.store.Record(ctx, sessionKind, hashOf(token))
	if err != nil {
		return Session{}, r, in, fmt.Errorf("read session: %w", err)
	}
	if err := read(r, &in); err != nil {
		return Session{}, r, in, err
	}
	acc, err := a.account(ctx, in.User)
	if err != nil {
		return Session{}, r, in, err
	}
	if acc.Disabled || acc.Epoch != in.Epoch || !now.Before(in.expires(a.o)) {
		return Session{}, r, in, balie.ErrNotFound
	}
	s := in.session(r.Key, acc.User, a.o)
	s.CSRF = csrf(token)
	return s, r, in, nil
}

// touch writes down that a session is used. On a full disk people still read.
func (a *Auth) touch(ctx context.Context, old balie.Record, in session) {
	r, err := record(old.Kind, old.Key, old.Version+1, in.expires(a.o), in)
	if err == nil {
		err = a.commit(ctx, r)
	}
	if err != nil && !errors.Is(err, balie.ErrStale) {
		a.log.Warn("the use of a session could not be written down", "err", err)
	}
}

// Sessions are the live sessions of a user, newest first: their own, or
// anybody's for who may manage users.
func (a *Auth) Sessions(ctx context.Context, by desk.Actor, id string, now time.Time) ([]Session, error) {
	if err := may(by, id); err != nil {
		return nil, err
	}
	acc, err := a.account(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Session
	err = a.eachSession(ctx, id, func(key string, in session) {
		if in.Epoch == acc.Epoch && now.Before(in.expires(a.o)) {
			out = append(out, in.session(key, acc.User, a.o))
		}
	})
	slices.SortFunc(out, func(x, y Session) int { return y.Seen.Compare(x.Seen) })
	return out, err
}

// Revoke ends one session of a user by its ID.
func (a *Auth) Revoke(ctx context.Context, by desk.Actor, session string, now time.Time) error {
	in, err := a.stored(ctx, session)
	if err != nil {
		return err
	}
	if err := may(by, in.User); err != nil {
		return err
	}
	return a.commit(ctx, gone(sessionKind, session), line(now, by, "session.revoke", "session:"+short(session), map[string]any{"user": in.User, "agent": in.Agent}, nil))
}

func (a *Auth) stored(ctx context.Context, key string) (session, error) {
	var in session
	if len(key) != sha256.Size*2 {
		return in, balie.ErrNotFound
	}
	r, err := a.store.Record(ctx, sessionKind, key)
	if err != nil {
		return in, fmt.Errorf("read session: %w", err)
	}
	return in, read(r, &in)
}

// eachSession calls use with the sessions of a user. There are as many as
// people signed in within half a day.
func (a *Auth) eachSession(ctx context.Context, id string, use func(key string, in session)) error {
	all, err := a.store.ListRecords(ctx, sessionKind, "", "", false, 0)
	if err != nil {
		return fmt.Errorf("list sessions: %w", err)
	}
	for _, r := range all {
		var in session
		if err := read(r, &in); err != nil {
			return err
		}
		if in.User == id {
			use(r.Key, in)
		}
	}
	return nil
}

// sessionsOf are the records that remove all sessions of a user.
func (a *Auth) sessionsOf(ctx context.Context, id string) ([]balie.Record, error) {
	var out []balie.Record
	err := a.eachSession(ctx, id, func(key string, _ session) { out = append(out, gone(sessionKind, key)) })
	return out, err
}

func isMissing(err error) bool { return errors.Is(err, balie.ErrNotFound) }
