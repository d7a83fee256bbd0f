package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie/desk"
)

// people is who there is, for pages: names by sign-in name.
type people struct {
	at     time.Time
	all    []User
	names  map[string]string
	byMail map[string]string
	admins int // that can sign in
}

// staleAfter is how long names are believed. Our own changes are seen at once;
// this is for those of another process over the same store.
const staleAfter = 10 * time.Second

// directory reads all users, or has them still.
func (a *Auth) directory(ctx context.Context) (*people, error) {
	if p := a.people.Load(); p != nil && a.o.Clock().Sub(p.at).Abs() < staleAfter {
		return p, nil
	}
	a.fill.Lock()
	defer a.fill.Unlock()
	at := a.o.Clock()
	if p := a.people.Load(); p != nil && at.Sub(p.at).Abs() < staleAfter {
		return p, nil
	}
	p, err := a.load(ctx, at)
	if err != nil {
		return nil, err
	}
	a.people.Store(p)
	return p, nil
}

// forget makes the next directory read the users again. It waits for whoever
// is reading them now, so that nothing from before the change is kept.
func (a *Auth) forget() {
	a.fill.Lock()
	defer a.fill.Unlock()
	a.people.Store(nil)
}

func (a *Auth) load(ctx context.Context, at time.Time) (*people, error) {
	all, err := a.store.ListRecords(ctx, userKind, "", "", false, 0)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	p := &people{at: at, names: map[string]string{}, byMail: map[string]string{}}
	for _, r := range all {
		acc, err := accountOf(r)
		if err != nil {
			return nil, err
		}
		p.add(acc.User)
	}
	return p, nil
}

func (p *people) add(u User) {
	p.all = append(p.all, u)
	p.names[u.ID] = u.Name
	if u.Mail != "" {
		p.byMail[u.Mail] = u.ID
	}
	if u.Role == desk.Admin && !u.Disabled {
		p.admins++
	}
}

// Users are all users by sign-in name. The list is shared: it is not changed.
func (a *Auth) Users(ctx context.Context) ([]User, error) {
	p, err := a.directory(ctx)
	if err != nil {
		return nil, err
	}
	return p.all, nil
}

// User is one user, or balie.ErrNotFound.
func (a *Auth) User(ctx context.Context, id string) (User, error) {
	acc, err := a.account(ctx, id)
	return acc.User, err
}

// Names are the names of all users by sign-in name, for pages. The map is
// shared: it is not changed. When they cannot be read it is empty, and pages
// show sign-in names.
func (a *Auth) Names(ctx context.Context) map[string]string {
	p, err := a.directory(ctx)
	if err != nil {
		a.log.Warn("names of users could not be read", "err", err)
		return nil
	}
	return p.names
}

// idOf is the sign-in name of what somebody typed: that name, or a mail address.
func (a *Auth) idOf(ctx context.Context, typed string) (string, error) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if !strings.Contains(typed, "@") {
		return typed, nil
	}
	p, err := a.directory(ctx)
	if err != nil {
		return "", err
	}
	if id, ok := p.byMail[typed]; ok {
		return id, nil
	}
	return typed, nil
}
