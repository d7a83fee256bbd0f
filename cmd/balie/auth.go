package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/balie/balie/config"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/outside"
)

// wireAuth makes who signs in, and how.
func (a *app) wireAuth(context.Context) error {
	o, err := signingIn(a.cfg)
	if err != nil {
		return err
	}
	o.Team = func(id string) bool {
		_, ok := a.documents.Brain().Catalogue.Team(id)
		return ok
	}
	a.auth = auth.New(a.store, o, a.log)
	return nil
}

// signingIn are the settings of sign-in as auth has them.
func signingIn(cfg config.Config) (auth.Options, error) {
	o := auth.Options{Idle: cfg.Auth.Idle, Absolute: cfg.Auth.Absolute, PublicURL: cfg.PublicURL}
	if o.PublicURL == "" { // then only this machine is answered
		_, port, _ := net.SplitHostPort(cfg.Listen)
		o.PublicURL = "http://localhost:" + port
	}
	key, err := cfg.SecretKey.Read()
	if err != nil {
		return o, err
	}
	o.Key = []byte(key)
	p := cfg.Auth.OIDC
	if p == nil {
		return o, nil
	}
	secret, err := p.ClientSecret.Read()
	if err != nil {
		return o, err
	}
	roles := map[string]desk.Role{}
	for group, role := range p.Roles {
		roles[group] = desk.Role(role)
	}
	inside, err := insideAllowed(cfg.Outside.Allow)
	o.OIDC = &auth.OIDC{
		Issuer: p.Issuer, Client: p.ClientID, Secret: secret, Scopes: p.Scopes, Claim: p.RoleClaim, Roles: roles, Unknown: desk.Role(p.Unknown),
		HTTP: outside.Client(outside.Options{Allow: inside}),
	}
	return o, err
}

// insideAllowed are the addresses of our own network that may be called.
func insideAllowed(allow []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range allow {
		p, err := config.Network(text)
		if err != nil {
			return nil, fmt.Errorf("outside.allow: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// welcome says how somebody becomes the first admin, while there is none. The
// link goes to a terminal only: what goes elsewhere is kept, and read by
// others (S12).
func (a *app) welcome(ctx context.Context, w *os.File) error {
	needed, err := a.auth.FirstNeeded(ctx)
	if err != nil || !needed {
		return err
	}
	if !terminal(w) {
		a.log.Info("there is no admin yet; balie user link makes the link with which somebody becomes one")
		return nil
	}
	return a.printFirst(ctx, w)
}

// printFirst makes a link for the first admin and prints it for a person.
func (a *app) printFirst(ctx context.Context, w io.Writer) error {
	token, needed, err := a.auth.FirstAdmin(ctx, time.Now())
	if err != nil || !needed {
		return err
	}
	_, err = fmt.Fprintf(w, "\n  There is no admin yet. Whoever opens this becomes one, once, within a day:\n\n  %s\n\n", a.auth.Address(auth.FirstPath+token))
	return err
}
