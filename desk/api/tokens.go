package api

import (
	"context"
	"time"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
)

// TokenLine is an API token without itself.
type TokenLine struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	User    string       `json:"user"`
	Only    []desk.Right `json:"only"`
	Hint    string       `json:"hint"` // its last letters
	Created time.Time    `json:"created"`
	Expires time.Time    `json:"expires"`
	Used    time.Time    `json:"used,omitzero"`
}

// tokens registers which programs may speak for whom. A token makes no tokens:
// that is done by somebody who is signed in.
func (a *api) tokens() {
	if a.Auth == nil {
		return
	}
	type list struct {
		Body struct {
			Tokens []TokenLine `json:"tokens"`
		}
	}
	add(a, op("GET", "/tokens", "list-tokens", "List the API tokens of everybody", desk.Manage, userObject),
		func(ctx context.Context, _ *struct{}) (*list, error) {
			all, err := a.Auth.Tokens(ctx, actor(ctx), "", a.Now())
			out := &list{}
			out.Body.Tokens = []TokenLine{}
			for _, t := range all {
				out.Body.Tokens = append(out.Body.Tokens, line(t))
			}
			return out, err
		})
	type one struct {
		ID string `path:"id"`
	}
	add(a, op("DELETE", "/tokens/{id}", "revoke-token", "Withdraw an API token", desk.Manage, userObject),
		func(ctx context.Context, in *one) (*struct{}, error) {
			return nil, a.Auth.RevokeToken(ctx, actor(ctx), in.ID, a.Now())
		})
}

func line(t auth.Token) TokenLine {
	return TokenLine{t.ID, t.Name, t.User, t.Only, t.Hint, t.Created, t.Expires, t.Used}
}
