package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/store"
)

// The kinds of our records.
const (
	userKind    = "user"
	sessionKind = "session"
	tokenKind   = "token"
	linkKind    = "link"
	firstKind   = "first"
	signonKind  = "signon"
)

// account is a user as stored.
type account struct {
	User
	Hash  string   `json:"hash,omitzero"`   // of the password, in PHC form
	Epoch uint64   `json:"epoch,omitzero"`  // see the package comment
	Known []string `json:"known,omitempty"` // hashes of addresses they signed in from, newest first
}

// secret is 256 random bits as text.
func secret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashOf is what is stored of a secret. It is a fast hash: a secret is 256
// random bits, nobody guesses it.
func hashOf(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// read decodes the body of a record.
func read(r balie.Record, out any) error {
	if err := json.Unmarshal(r.Body, out); err != nil {
		return fmt.Errorf("read %s record: %w: %w", r.Kind, balie.ErrCorrupt, err)
	}
	return nil
}

// record encodes v as the given version of a record.
func record(kind, key string, version uint64, expires time.Time, v any) (balie.Record, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return balie.Record{}, fmt.Errorf("write %s record: %w", kind, err)
	}
	return balie.Record{Kind: kind, Key: key, Version: version, Body: b, Expires: expires.UTC()}, nil
}

// gone removes a record.
func gone(kind, key string) balie.Record { return balie.Record{Kind: kind, Key: key} }

// account reads a user; ErrNotFound.
func (a *Auth) account(ctx context.Context, id string) (account, error) {
	var acc account
	if !goodID(id) { // also keeps a key of any length out of the store
		return acc, balie.ErrNotFound
	}
	r, err := a.store.Record(ctx, userKind, id)
	if err != nil {
		return acc, fmt.Errorf("read user: %w", err)
	}
	return accountOf(r)
}

func accountOf(r balie.Record) (account, error) {
	var acc account
	if err := read(r, &acc); err != nil {
		return acc, err
	}
	acc.Version, acc.HasPassword = r.Version, acc.Hash != ""
	return acc, nil
}

// next is the record of an account after a change; it fills in Version.
func (acc *account) next() (balie.Record, error) {
	acc.Version++
	acc.HasPassword = acc.Hash != ""
	return record(userKind, acc.ID, acc.Version, time.Time{}, acc)
}

// raise ends all sessions and links of an account.
func (acc *account) raise() { acc.Epoch++ }

// change reads an account, lets edit change it and stores it with what edit
// returns, in one Change.
func (a *Auth) change(ctx context.Context, id string, edit func(*account) ([]balie.Record, error)) (User, error) {
	var u User
	err := store.Retry(ctx, func(ctx context.Context) error {
		acc, err := a.account(ctx, id)
		if err != nil {
			return err
		}
		more, err := edit(&acc)
		if err != nil {
			return err
		}
		r, err := acc.next()
		if err != nil {
			return err
		}
		if err := a.commit(ctx, append(more, r)...); err != nil {
			return err
		}
		u = acc.User
		return nil
	})
	return u, err
}

// commit stores records in one Change.
func (a *Auth) commit(ctx context.Context, records ...balie.Record) error {
	err := a.store.Commit(ctx, balie.Change{Records: records})
	if slices.ContainsFunc(records, func(r balie.Record) bool { return r.Kind == userKind }) {
		a.forget()
	}
	var refused *balie.RefusedError
	if errors.As(err, &refused) && len(refused.Errs) == 1 {
		return refused.Errs[0]
	}
	return err
}

// line is the audit line of an act.
func line(now time.Time, by desk.Actor, act, object string, before, after any) balie.Record {
	return by.Audit(now, act, object, before, after)
}
