package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// TokenPrefix begins every API token, so that people and scanners of leaked
// secrets know it.
const TokenPrefix = "balie_"

// Token is an API token: somebody's, for some of what they may do.
type Token struct {
	ID      string // its hash: names it in lists and in the store
	Name    string // what it is for
	User    string
	Only    []desk.Right
	Hint    string // its last letters
	Created time.Time
	Expires time.Time
	Used    time.Time // to ten minutes; zero: never
}

// token is a token as stored; its key is its hash.
type token struct {
	Name    string       `json:"name"`
	User    string       `json:"user"`
	Only    []desk.Right `json:"only"`
	Hint    string       `json:"hint"`
	Created time.Time    `json:"created"`
	Expires time.Time    `json:"expires"`
	Used    time.Time    `json:"used,omitzero"`
}

// NewToken is a token to be made.
type NewToken struct {
	Name  string
	Only  []desk.Right // at least one
	Holds time.Duration
}

// Bounds of a token.
const (
	longestToken = 366 * 24 * time.Hour
	mostTokens   = 50 // of one user
	usedEvery    = 10 * time.Minute
)

// Rights are those a token can be for, as forms list them.
var Rights = []desk.Right{desk.SeeRequests, desk.ActOnRequests, desk.ActAsTeam, desk.SeeDocuments, desk.Publish, desk.SeeAudit, desk.EraseCustomer, desk.Manage}

// MakeToken makes a token of the actor's own and returns it: it is shown once.
func (a *Auth) MakeToken(ctx context.Context, by desk.Actor, n NewToken, now time.Time) (Token, string, error) {
	if by.Only != nil { // a token makes no tokens
		return Token{}, "", balie.ErrDenied
	}
	if err := goodToken(by, n); err != nil {
		return Token{}, "", err
	}
	mine, err := a.Tokens(ctx, by, by.ID, now)
	if err != nil {
		return Token{}, "", err
	}
	if len(mine) >= mostTokens {
		return Token{}, "", &balie.InvalidError{Field: "name", Problem: fmt.Sprintf("you have %d tokens", len(mine)), Fix: "withdraw one that is not used"}
	}
	plain := TokenPrefix + secret()
	t := token{Name: strings.TrimSpace(n.Name), User: by.ID, Only: n.Only, Hint: plain[len(plain)-4:], Created: now.UTC(), Expires: now.Add(n.Holds).UTC()}
	r, err := record(tokenKind, hashOf(plain), 1, t.Expires, t)
	if err != nil {
		return Token{}, "", err
	}
	err = a.commit(ctx, r, line(now, by, "token.make", "token:"+short(r.Key), nil, map[string]any{"name": t.Name, "only": t.Only, "expires": t.Expires}))
	return t.token(r.Key), plain, err
}

func (t token) token(id string) Token {
	return Token{id, t.Name, t.User, t.Only, t.Hint, t.Created, t.Expires, t.Used}
}

func goodToken(by desk.Actor, n NewToken) error {
	name := strings.TrimSpace(n.Name)
	switch {
	case name == "" || utf8.RuneCountInString(name) > longestName:
		return &balie.InvalidError{Field: "name", Problem: "say what the token is for", Fix: "use at most 100 letters"}
	case len(n.Only) == 0:
		return &balie.InvalidError{Field: "only", Problem: "the token may do nothing", Fix: "choose at least one"}
	case n.Holds <= 0 || n.Holds > longestToken:
		return &balie.InvalidError{Field: "holds", Problem: "a token holds for a year at most", Fix: "choose how long"}
	}
	for _, r := range n.Only {
		if !by.Can(r) {
			return &balie.InvalidError{Field: "only", Problem: "you may not do this yourself", Fix: "choose from what you may do"}
		}
	}
	return nil
}

// Tokens are the tokens of a user, or of everybody for who may manage users
// when user is "", newest first.
func (a *Auth) Tokens(ctx context.Context, by desk.Actor, user string, now time.Time) ([]Token, error) {
	if err := may(by, user); err != nil {
		return nil, err
	}
	var out []Token
	err := a.eachToken(ctx, func(key string, t token) {
		if (user == "" || t.User == user) && now.Before(t.Expires) {
			out = append(out, t.token(key))
		}
	})
	slices.SortFunc(out, func(x, y Token) int { return y.Created.Compare(x.Created) })
	return out, err
}

func (a *Auth) eachToken(ctx context.Context, use func(key string, t token)) error {
	all, err := a.store.ListRecords(ctx, tokenKind, "", "", false, 0)
	if err != nil {
		return fmt.Errorf("list tokens: %w", err)
	}
	for _, r := range all {
		var t token
		if err := read(r, &t); err != nil {
			return err
		}
		use(r.Key, t)
	}
	return nil
}

// tokensOf are the records that remove all tokens of a user.
func (a *Auth) tokensOf(ctx context.Context, id string) ([]balie.Record, error) {
	var out []balie.Record
	err := a.eachToken(ctx, func(key string, t token) {
		if t.User == id {
			out = append(out, gone(tokenKind, key))
		}
	})
	return out, err
}

// RevokeToken withdraws a token: one's own, or anybody's for who may manage
// users.
func (a *Auth) RevokeToken(ctx context.Context, by desk.Actor, id string, now time.Time) error {
	if len(id) != len(hashOf("")) {
		return balie.ErrNotFound
	}
	r, err := a.store.Record(ctx, tokenKind, id)
	if err != nil {
		return fmt.Errorf("read token: %w", err)
	}
	var t token
	if err := read(r, &t); err != nil {
		return err
	}
	if err := may(by, t.User); err != nil {
		return err
	}
	return a.commit(ctx, gone(tokenKind, id), line(now, by, "token.revoke", "token:"+short(id), map[string]any{"name": t.Name, "user": t.User}, nil))
}

// Bearer is who an API token speaks for, with no more rights than the token has
// and its user has now; balie.ErrNotFound when it does not hold.
func (a *Auth) Bearer(ctx context.Context, plain string, now time.Time) (desk.Actor, error) {
	if len(plain) != len(TokenPrefix)+len(secret()) || !strings.HasPrefix(plain, TokenPrefix) {
		return desk.Actor{}, balie.ErrNotFound
	}
	r, err := a.store.Record(ctx, tokenKind, hashOf(plain))
	if err != nil {
		return desk.Actor{}, fmt.Errorf("read token: %w", err)
	}
	var t token
	if err := read(r, &t); err != nil {
		return desk.Actor{}, err
	}
	acc, err := a.account(ctx, t.User)
	if err != nil {
		return desk.Actor{}, err
	}
	if acc.Disabled || !now.Before(t.Expires) {
		return desk.Actor{}, balie.ErrNotFound
	}
	if now.Sub(t.Used) > usedEvery {
		a.used(ctx, r, t, now)
	}
	actor := acc.Actor()
	actor.Only = append([]desk.Right{}, t.Only...) // never nil: that would be all
	actor.Via = "token:" + t.Name
	return actor, nil
}

// used writes down that a token was used. On a full disk it works all the same.
func (a *Auth) used(ctx context.Context, old balie.Record, t token, now time.Time) {
	t.Used = now.UTC()
	r, err := record(old.Kind, old.Key, old.Version+1, t.Expires, t)
	if err == nil {
		err = a.commit(ctx, r)
	}
	if err != nil && !errors.Is(err, balie.ErrStale) {
		a.log.Warn("the use of a token could not be written down", "err", err)
	}
}
