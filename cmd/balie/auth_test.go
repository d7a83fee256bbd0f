package main

import (
	"errors"
	"testing"

	"github.com/balie/balie/config"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/outside"
	"github.com/balie/balie/internal/peers"
)

// TestS10_AProviderInsideMustBeAllowed asks a provider on this machine by the
// way out that the settings give.
func TestS10_AProviderInsideMustBeAllowed(t *testing.T) {
	peer, err := peers.StartOIDC()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	cfg := config.Default()
	cfg.SecretKey = config.Plain("a secret key of at least thirty-two bytes")
	cfg.PublicURL = "https://balie.example.nl"
	cfg.Auth.OIDC = &config.OIDC{Issuer: peer.Issuer, ClientID: peer.Client, ClientSecret: config.Plain(peer.Secret), RoleClaim: "groups", Roles: map[string]string{"it": "admin"}}
	o, err := signingIn(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.OIDC.HTTP.Get(peer.Issuer + "/keys"); !errors.Is(err, outside.ErrInside) {
		t.Errorf("%v", err)
	}
	cfg.Outside.Allow = []string{"127.0.0.1"}
	if o, err = signingIn(cfg); err != nil {
		t.Fatal(err)
	}
	res, err := o.OIDC.HTTP.Get(peer.Issuer + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if o.OIDC.Roles["it"] != desk.Admin || o.OIDC.Secret != peer.Secret || o.Idle != cfg.Auth.Idle || len(o.Key) == 0 {
		t.Errorf("%+v", o)
	}
}

// The roles that the settings know are those there are.
func TestSettingsKnowEveryRole(t *testing.T) {
	for _, r := range desk.Roles {
		cfg := config.Default()
		cfg.PublicURL = "https://balie.example.nl"
		cfg.Auth.OIDC = &config.OIDC{Issuer: "https://login.example.nl", ClientID: "b", RoleClaim: "g", Roles: map[string]string{"x": string(r)}}
		cfg.SecretKey = config.Plain("a secret key of at least thirty-two bytes")
		cfg.Form.Enabled = false
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", r, err)
		}
	}
}
