package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// How long links hold.
const (
	FirstHolds  = 24 * time.Hour
	InviteHolds = 7 * 24 * time.Hour
)

// firstKey is the one link that makes the first admin.
const firstKey = "admin"

// first is that link as stored.
type first struct {
	Hash    string    `json:"hash"`
	Created time.Time `json:"created"`
}

// FirstAdmin makes the link with which somebody becomes the first admin, while
// there is none. A link that was made before is void.
func (a *Auth) FirstAdmin(ctx context.Context, now time.Time) (token string, needed bool, err error) {
	p, err := a.directory(ctx)
	if err != nil || p.admins > 0 {
		return "", false, err
	}
	token = secret()
	r, err := record(firstKind, firstKey, 0, now.Add(FirstHolds), first{hashOf(token), now.UTC()})
	if err != nil {
		return "", false, err
	}
	return token, true, a.commit(ctx, r, line(now, Command(), "link.make", "link:first", nil, nil))
}

// FirstNeeded reports whether there is no admin yet.
func (a *Auth) FirstNeeded(ctx context.Context) (bool, error) {
	p, err := a.directory(ctx)
	return err == nil && p.admins == 0, err
}

// CheckFirst is nil while a link of FirstAdmin holds, else balie.ErrNotFound.
func (a *Auth) CheckFirst(ctx context.Context, token string, now time.Time) error {
	_, err := a.firstLink(ctx, token, now)
	return err
}

func (a *Auth) firstLink(ctx context.Context, token string, now time.Time) (balie.Record, error) {
	r, err := a.store.Record(ctx, firstKind, firstKey)
	if err != nil {
		return r, fmt.Errorf("read link: %w", err)
	}
	var f first
	if err := read(r, &f); err != nil {
		return r, err
	}
	p, err := a.directory(ctx)
	if err != nil {
		return r, err
	}
	if subtle.ConstantTimeCompare([]byte(f.Hash), []byte(hashOf(token))) != 1 || p.admins > 0 || !now.Before(r.Expires) {
		return r, balie.ErrNotFound
	}
	return r, nil
}

// UseFirst makes the first admin, signed in, and spends the link.
func (a *Auth) UseFirst(ctx context.Context, token string, n NewUser, t Attempt, now time.Time) (Session, error) {
	r, err := a.firstLink(ctx, token, now)
	if err != nil {
		return Session{}, err
	}
	n.Role, n.Teams = desk.Admin, nil
	if err := goodPassword(n.Password, User{ID: n.ID, Name: n.Name}); err != nil {
		return Session{}, err
	}
	by := desk.Actor{ID: strings.ToLower(strings.TrimSpace(n.ID)), From: t.From}
	acc, records, err := a.newAccount(ctx, by, n, now)
	if err != nil {
		return Session{}, err
	}
	// Version, not 0: of two who use it at once one finds it spent.
	spent := balie.Record{Kind: firstKind, Key: firstKey, Version: r.Version + 1}
	if err := a.commit(ctx, append(records, spent, line(now, by, "link.use", "link:first", nil, nil))...); err != nil {
		return Session{}, a.spentOr(ctx, err, firstKind, firstKey, acc.ID)
	}
	return a.begin(ctx, *acc, t, now)
}

// spentOr tells a link that was used meanwhile from a name that is taken.
func (a *Auth) spentOr(ctx context.Context, err error, kind, key, id string) error {
	if !errors.Is(err, balie.ErrStale) {
		return err
	}
	if _, missing := a.store.Record(ctx, kind, key); missing != nil {
		return balie.ErrNotFound
	}
	return a.added(err, id)
}

// link invites a user or lets them set a new password, as stored.
type link struct {
	User    string    `json:"user"`
	Epoch   uint64    `json:"epoch,omitzero"`
	By      string    `json:"by"`
	Created time.Time `json:"created"`
}

// Invite makes a link with which a user sets a password: the first one, or a
// new one. It holds once and for seven days; a new password voids it.
func (a *Auth) Invite(ctx context.Context, by desk.Actor, id string, now time.Time) (token string, err error) {
	if !by.Can(desk.Manage) {
		return "", balie.ErrDenied
	}
	acc, err := a.account(ctx, id)
	if err != nil {
		return "", err
	}
	if acc.Disabled {
		return "", &balie.InvalidError{Field: "id", Problem: "this user is disabled", Fix: "let them in again first"}
	}
	token = secret()
	r, err := record(linkKind, hashOf(token), 1, now.Add(InviteHolds), link{User: id, Epoch: acc.Epoch, By: by.ID, Created: now.UTC()})
	if err != nil {
		return "", err
	}
	return token, a.commit(ctx, r, line(now, by, "link.make", "user:"+id, nil, map[string]any{"until": r.Expires}))
}

// Invited is the user whom a link invites; balie.ErrNotFound when it is spent,
// void or too old.
func (a *Auth) Invited(ctx context.Context, token string, now time.Time) (User, error) {
	acc, _, err := a.invited(ctx, token, now)
	return acc.User, err
}

func (a *Auth) invited(ctx context.Context, token string, now time.Time) (account, balie.Record, error) {
	r, err := a.store.Record(ctx, linkKind, hashOf(token))
	if err != nil {
		return account{}, r, fmt.Errorf("read link: %w", err)
	}
	var l link
	if err := read(r, &l); err != nil {
		return account{}, r, err
	}
	acc, err := a.account(ctx, l.User)
	if err != nil {
		return account{}, r, err
	}
	if acc.Disabled || acc.Epoch != l.Epoch || !now.Before(r.Expires) {
		return account{}, r, balie.ErrNotFound
	}
	return acc, r, nil
}

// UseInvite sets the password of whoever has the link, spends it and signs
// them in.
func (a *Auth) UseInvite(ctx context.Context, token, password string, t Attempt, now time.Time) (Session, error) {
	acc, r, err := a.invited(ctx, token, now)
	if err != nil {
		return Session{}, err
	}
	by := acc.Actor()
	by.From = t.From
	if err := a.setHash(ctx, &acc, password); err != nil {
		return Session{}, err
	}
	dead, err := a.sessionsOf(ctx, acc.ID)
	if err != nil {
		return Session{}, err
	}
	acc.raise()
	own, err := acc.next()
	if err != nil {
		return Session{}, err
	}
	spent := balie.Record{Kind: linkKind, Key: r.Key, Version: r.Version + 1}
	err = a.commit(ctx, slices.Concat(dead, []balie.Record{own, spent, line(now, by, "user.password", "user:"+acc.ID, nil, map[string]any{"by": "link"})})...)
	if errors.Is(err, balie.ErrStale) {
		return Session{}, balie.ErrNotFound
	}
	if err != nil {
		return Session{}, err
	}
	return a.begin(ctx, acc, t, now)
}

// Address is where a path of ours stands on the web, for links that are
// shown; "" when no public address is set.
func (a *Auth) Address(path string) string {
	if a.o.PublicURL == "" {
		return ""
	}
	return a.o.PublicURL + path
}

// Where links lead to, below the public URL; the token stands behind.
const (
	FirstPath  = "/first/"
	InvitePath = "/invite/"
)
