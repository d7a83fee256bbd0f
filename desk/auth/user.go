package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/httpd"
)

// NewUser is a user to be made.
type NewUser struct {
	ID, Name, Mail string
	Role           desk.Role
	Teams          []string
	Password       string // "": invited, or signs in elsewhere
}

// Edit changes a user; a nil field stays as it is.
type Edit struct {
	Version    uint64 // as shown in the form; 0: whatever it is now
	Name, Mail *string
	Role       *desk.Role
	Teams      *[]string
}

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func goodID(id string) bool { return idForm.MatchString(id) && id != commandID }

// AddUser makes a user.
func (a *Auth) AddUser(ctx context.Context, by desk.Actor, n NewUser, now time.Time) (User, error) {
	if !by.Can(desk.Manage) {
		return User{}, balie.ErrDenied
	}
	acc, records, err := a.newAccount(ctx, by, n, now)
	if err != nil {
		return User{}, err
	}
	if n.Role == desk.Admin { // from now on nobody needs the first link
		records = append(records, gone(firstKind, firstKey))
	}
	return acc.User, a.added(a.commit(ctx, records...), n.ID)
}

// added says that a name is taken.
func (a *Auth) added(err error, id string) error {
	if errors.Is(err, balie.ErrStale) {
		return &balie.InvalidError{Field: "id", Problem: fmt.Sprintf("there is a user %q already", id), Fix: "take another sign-in name"}
	}
	return err
}

// newAccount checks a new user and gives the records that make it.
func (a *Auth) newAccount(ctx context.Context, by desk.Actor, n NewUser, now time.Time) (*account, []balie.Record, error) {
	acc := &account{User: User{ID: strings.ToLower(strings.TrimSpace(n.ID)), Name: n.Name, Mail: n.Mail, Role: n.Role, Teams: n.Teams, Created: now.UTC()}}
	if err := a.goodUser(ctx, &acc.User); err != nil {
		return nil, nil, err
	}
	if n.Password != "" {
		if err := a.setHash(ctx, acc, n.Password); err != nil {
			return nil, nil, err
		}
	}
	r, err := acc.next()
	if err != nil {
		return nil, nil, err
	}
	return acc, []balie.Record{r, line(now, by, "user.add", "user:"+acc.ID, nil, seenBy(acc.User))}, nil
}

func (a *Auth) setHash(ctx context.Context, acc *account, password string) error {
	if err := goodPassword(password, acc.User); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	acc.Hash = hash
	return nil
}

// seenBy is what an audit line says of a user.
func seenBy(u User) map[string]any {
	return map[string]any{"name": u.Name, "mail": u.Mail, "role": u.Role, "teams": u.Teams, "disabled": u.Disabled}
}

// Bounds of what people type of a user.
const (
	longestName = 100 // letters
	longestMail = 254 // bytes, RFC 5321 section 4.5.3.1.3
)

// goodUser tidies a user and says everything that is wrong with it.
func (a *Auth) goodUser(ctx context.Context, u *User) error {
	u.Name, u.Mail = strings.TrimSpace(u.Name), strings.ToLower(strings.TrimSpace(u.Mail))
	u.Name = cmp.Or(u.Name, u.ID)
	var wrong []error
	bad := func(field, problem, fix string) {
		wrong = append(wrong, &balie.InvalidError{Field: field, Problem: problem, Fix: fix})
	}
	if !goodID(u.ID) {
		bad("id", "this is no sign-in name", "use at most 64 small letters, digits, dots, dashes and underscores")
	}
	if utf8.RuneCountInString(u.Name) > longestName || strings.ContainsFunc(u.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		bad("name", "this is no name", fmt.Sprintf("use at most %d letters on one line", longestName))
	}
	if u.Mail != "" && !goodMail(u.Mail) {
		bad("mail", "this is no mail address", "write it as name@example.nl")
	}
	if !slices.Contains(desk.Roles, u.Role) {
		bad("role", fmt.Sprintf("there is no role %q", clip(string(u.Role), 40)), "use read-only, team-member, agent, lead or admin")
	}
	if u.Role == desk.TeamMember && len(u.Teams) == 0 {
		bad("teams", "a team member needs a team", "name at least one")
	}
	if u.Role != desk.TeamMember {
		u.Teams = nil
	}
	for _, t := range u.Teams {
		if a.o.Team != nil && !a.o.Team(t) {
			bad("teams", fmt.Sprintf("there is no team %q", clip(t, 40)), "name a team of the catalogue")
		}
	}
	if u.Mail != "" {
		p, err := a.directory(ctx)
		if err != nil {
			return err
		}
		if other, ok := p.byMail[u.Mail]; ok && other != u.ID {
			bad("mail", "another user has this mail address", "each user has their own")
		}
	}
	return errors.Join(wrong...)
}

var mailForm = regexp.MustCompile(`^[^\s@<>,;:"()\\]+@[^\s@<>,;:"()\\]+\.[^\s@<>,;:"()\\]+$`)

func goodMail(s string) bool { return len(s) <= longestMail && mailForm.MatchString(s) }

// EditUser changes a user. The last admin stays one.
func (a *Auth) EditUser(ctx context.Context, by desk.Actor, id string, e Edit, now time.Time) (User, error) {
	if !by.Can(desk.Manage) {
		return User{}, balie.ErrDenied
	}
	return a.changeUnlessStale(ctx, id, e.Version, func(acc *account) ([]balie.Record, error) {
		before := acc.User
		edit(&acc.User, e)
		if err := a.goodUser(ctx, &acc.User); err != nil {
			return nil, err
		}
		if before.Role == desk.Admin && acc.Role != desk.Admin {
			if err := a.notLast(ctx, id); err != nil {
				return nil, err
			}
		}
		records := []balie.Record{line(now, by, "user.edit", "user:"+id, seenBy(before), seenBy(acc.User))}
		if acc.Role == desk.Admin && !acc.Disabled {
			records = append(records, gone(firstKind, firstKey))
		}
		return records, nil
	})
}

func edit(u *User, e Edit) {
	if e.Name != nil {
		u.Name = *e.Name
	}
	if e.Mail != nil {
		u.Mail = *e.Mail
	}
	if e.Role != nil {
		u.Role = *e.Role
	}
	if e.Teams != nil {
		u.Teams = *e.Teams
	}
}

// errOverwrites ends a change that was prepared against an older version; it
// is not tried again.
type errOverwrites struct{ error }

func (a *Auth) changeUnlessStale(ctx context.Context, id string, version uint64, f func(*account) ([]balie.Record, error)) (User, error) {
	u, err := a.change(ctx, id, func(acc *account) ([]balie.Record, error) {
		if version != 0 && acc.Version != version {
			return nil, errOverwrites{errors.New("the user was changed meanwhile")}
		}
		return f(acc)
	})
	var over errOverwrites
	if errors.As(err, &over) {
		return u, fmt.Errorf("%w: %w", over.error, balie.ErrStale)
	}
	return u, err
}

// notLast refuses to leave the desk without an admin.
func (a *Auth) notLast(ctx context.Context, id string) error {
	p, err := a.load(ctx, time.Time{})
	if err != nil {
		return err
	}
	if slices.ContainsFunc(p.all, func(u User) bool { return u.ID != id && u.Role == desk.Admin && !u.Disabled }) {
		return nil
	}
	return &balie.InvalidError{Field: "role", Problem: "this is the last admin", Fix: "make somebody else admin first"}
}

// SetPassword gives a user a new password and ends their sessions and links.
// It is for who manages users; people change their own by ChangePassword.
func (a *Auth) SetPassword(ctx context.Context, by desk.Actor, id, password string, now time.Time) error {
	if !by.Can(desk.Manage) {
		return balie.ErrDenied
	}
	return a.newPassword(ctx, by, id, password, now)
}

func (a *Auth) newPassword(ctx context.Context, by desk.Actor, id, password string, now time.Time, more ...balie.Record) error {
	dead, err := a.sessionsOf(ctx, id)
	if err != nil {
		return err
	}
	acc, err := a.account(ctx, id)
	if err != nil {
		return err
	}
	if err := a.setHash(ctx, &acc, password); err != nil {
		return err
	}
	hash := acc.Hash
	_, err = a.change(ctx, id, func(acc *account) ([]balie.Record, error) {
		acc.Hash = hash
		acc.raise()
		return slices.Concat(dead, more, []balie.Record{line(now, by, "user.password", "user:"+id, nil, nil)}), nil
	})
	return err
}

// ChangePassword gives somebody a new password who knows the old one, ends all
// their sessions and begins a new one.
func (a *Auth) ChangePassword(ctx context.Context, s Session, old, password string, now time.Time) (Session, error) {
	acc, err := a.account(ctx, s.User.ID)
	if err != nil {
		return Session{}, err
	}
	by := pacedBy(acc.ID, s.From, true)
	if wait := a.pace.begin(by, now); wait > 0 {
		return Session{}, httpd.Throttled(wait)
	}
	right, err := a.hasher.check(ctx, old, acc.Hash)
	if err != nil {
		return Session{}, err
	}
	if !right {
		return Session{}, ErrWrong
	}
	a.pace.right(by, now)
	if err := a.newPassword(ctx, s.Actor(), acc.ID, password, now); err != nil {
		return Session{}, err
	}
	if acc, err = a.account(ctx, acc.ID); err != nil {
		return Session{}, err
	}
	return a.begin(ctx, acc, Attempt{From: s.From, Agent: s.Agent, Stay: s.Stay}, now)
}

// Disable ends all of a user's sessions, links and tokens and keeps them out.
func (a *Auth) Disable(ctx context.Context, by desk.Actor, id string, now time.Time) error {
	if !by.Can(desk.Manage) {
		return balie.ErrDenied
	}
	sessions, err := a.sessionsOf(ctx, id)
	if err != nil {
		return err
	}
	tokens, err := a.tokensOf(ctx, id)
	if err != nil {
		return err
	}
	_, err = a.change(ctx, id, func(acc *account) ([]balie.Record, error) {
		if acc.Role == desk.Admin {
			if err := a.notLast(ctx, id); err != nil {
				return nil, err
			}
		}
		before := seenBy(acc.User)
		acc.Disabled = true
		acc.raise()
		return slices.Concat(sessions, tokens, []balie.Record{line(now, by, "user.disable", "user:"+id, before, seenBy(acc.User))}), nil
	})
	return err
}

// Enable lets a user in again.
func (a *Auth) Enable(ctx context.Context, by desk.Actor, id string, now time.Time) error {
	if !by.Can(desk.Manage) {
		return balie.ErrDenied
	}
	_, err := a.change(ctx, id, func(acc *account) ([]balie.Record, error) {
		before := seenBy(acc.User)
		acc.Disabled = false
		return []balie.Record{line(now, by, "user.enable", "user:"+id, before, seenBy(acc.User))}, nil
	})
	return err
}

// SaveProfile keeps what somebody chose for themselves.
func (a *Auth) SaveProfile(ctx context.Context, s Session, p Profile, now time.Time) error {
	if !slices.Contains([]string{"", "nl", "en"}, p.Language) {
		return &balie.InvalidError{Field: "language", Problem: "this language is not there", Fix: "choose nl or en"}
	}
	if !slices.Contains([]string{"", "light", "dark"}, p.Theme) {
		return &balie.InvalidError{Field: "theme", Problem: "there is no such theme", Fix: "choose light or dark"}
	}
	_, err := a.change(ctx, s.User.ID, func(acc *account) ([]balie.Record, error) {
		before := acc.Profile
		acc.Profile = p
		return []balie.Record{line(now, s.Actor(), "user.profile", "user:"+acc.ID, before, p)}, nil
	})
	return err
}
