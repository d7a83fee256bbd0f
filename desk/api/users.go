package api

import (
	"context"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
)

// UserLine is a user as commands show them.
type UserLine struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Mail     string    `json:"mail,omitempty"`
	Role     desk.Role `json:"role"`
	Teams    []string  `json:"teams,omitempty"`
	Disabled bool      `json:"disabled,omitempty"`
	Password bool      `json:"password"` // has one
	SeenAt   time.Time `json:"seen_at,omitzero"`
}

// UserLink is a link that was just made; it is nowhere else.
type UserLink struct {
	Link  string    `json:"link"`
	Until time.Time `json:"until"`
}

func userLine(u auth.User) UserLine {
	return UserLine{u.ID, u.Name, u.Mail, u.Role, u.Teams, u.Disabled, u.HasPassword, u.SeenAt}
}

// OneUser is the part of a path that says which user.
type OneUser struct {
	ID string `path:"id"`
}

// users registers what can be asked about who signs in.
func (a *api) users() {
	if a.Auth == nil {
		return
	}
	type list struct {
		Body struct {
			Users []UserLine `json:"users"`
		}
	}
	add(a, op("GET", "/users", "list-users", "List users by sign-in name", desk.Manage, userObject),
		func(ctx context.Context, _ *struct{}) (*list, error) {
			all, err := a.Auth.Users(ctx)
			out := &list{}
			out.Body.Users = []UserLine{}
			for _, u := range all {
				out.Body.Users = append(out.Body.Users, userLine(u))
			}
			return out, err
		})
	type one struct{ Body UserLine }
	type newUser struct {
		Body struct {
			ID       string    `json:"id"`
			Name     string    `json:"name,omitempty"`
			Mail     string    `json:"mail,omitempty"`
			Role     desk.Role `json:"role"`
			Teams    []string  `json:"teams,omitempty"`
			Password string    `json:"password,omitempty" doc:"Without one the user needs a link."`
		}
	}
	add(a, op("POST", "/users", "add-user", "Add a user", desk.Manage, userObject),
		func(ctx context.Context, in *newUser) (*one, error) {
			b := in.Body
			u, err := a.Auth.AddUser(ctx, actor(ctx), auth.NewUser{ID: b.ID, Name: b.Name, Mail: b.Mail, Role: b.Role, Teams: b.Teams, Password: b.Password}, a.Now())
			return &one{userLine(u)}, err
		})
	a.changeUsers()
	a.userLinks()
}

// changeUsers registers acts on one user.
func (a *api) changeUsers() {
	type one struct{ Body UserLine }
	now := func(ctx context.Context, id string, err error) (*one, error) {
		if err != nil {
			return nil, err
		}
		u, err := a.Auth.User(ctx, id)
		return &one{userLine(u)}, err
	}
	type password struct {
		OneUser
		Body struct {
			Password string `json:"password"`
		}
	}
	add(a, op("POST", "/users/{id}/password", "set-password", "Give a user a new password and end their sessions", desk.Manage, userObject),
		func(ctx context.Context, in *password) (*one, error) {
			return now(ctx, in.ID, a.Auth.SetPassword(ctx, actor(ctx), in.ID, in.Body.Password, a.Now()))
		})
	type role struct {
		OneUser
		Body struct {
			Role  desk.Role `json:"role"`
			Teams []string  `json:"teams,omitempty"`
		}
	}
	add(a, op("POST", "/users/{id}/role", "set-role", "Change what a user may do", desk.Manage, userObject),
		func(ctx context.Context, in *role) (*one, error) {
			e := auth.Edit{Role: &in.Body.Role}
			if in.Body.Teams != nil {
				e.Teams = &in.Body.Teams
			}
			_, err := a.Auth.EditUser(ctx, actor(ctx), in.ID, e, a.Now())
			return now(ctx, in.ID, err)
		})
	add(a, op("POST", "/users/{id}/disable", "disable-user", "Keep a user out; sessions, links and tokens end", desk.Manage, userObject),
		func(ctx context.Context, in *OneUser) (*one, error) {
			return now(ctx, in.ID, a.Auth.Disable(ctx, actor(ctx), in.ID, a.Now()))
		})
	add(a, op("POST", "/users/{id}/enable", "enable-user", "Let a user in again", desk.Manage, userObject),
		func(ctx context.Context, in *OneUser) (*one, error) {
			return now(ctx, in.ID, a.Auth.Enable(ctx, actor(ctx), in.ID, a.Now()))
		})
}

// userLinks registers what makes links.
func (a *api) userLinks() {
	type link struct{ Body UserLink }
	add(a, op("POST", "/users/{id}/link", "invite-user", "Make a link with which a user chooses a password", desk.Manage, userObject).shownOnce(),
		func(ctx context.Context, in *OneUser) (*link, error) {
			token, err := a.Auth.Invite(ctx, actor(ctx), in.ID, a.Now())
			if err != nil {
				return nil, err
			}
			return &link{UserLink{a.Auth.Address(auth.InvitePath + token), a.Now().Add(auth.InviteHolds)}}, nil
		})
	add(a, op("POST", "/first-link", "first-admin", "Make the link with which somebody becomes the first admin", desk.Manage, userObject).onSocket(),
		func(ctx context.Context, _ *struct{}) (*link, error) {
			token, needed, err := a.Auth.FirstAdmin(ctx, a.Now())
			if err != nil {
				return nil, err
			}
			if !needed {
				return nil, &balie.InvalidError{Field: "user", Problem: "there is an admin already", Fix: "name the user the link is for"}
			}
			return &link{UserLink{a.Auth.Address(auth.FirstPath + token), a.Now().Add(auth.FirstHolds)}}, nil
		})
}
