package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestS12_TheListOfSettingsHasNoSecret(t *testing.T) {
	const canary = "CANARY-9f3b"
	t.Setenv("MY_KEY", canary)
	c, err := Parse("balie.yaml", []byte("desk: {name: {nl: De Linde, en: De Linde}, timezone: Europe/Amsterdam}\npublic_url: https://desk.example\nsecret_key: {env: MY_KEY}\n"+
		"email:\n  mailboxes:\n  - {name: desk, host: imap.example, user: u, password: {file: /run/secrets/imap}}\n"), []string{"MY_KEY=" + canary, "BALIE_LISTEN=127.0.0.1:8080"})
	if err != nil {
		t.Log(err)
	}
	c.OldKey = Plain(canary)
	all := map[string]Given{}
	for _, g := range c.Given() {
		all[g.Field] = g
		if strings.Contains(fmt.Sprintf("%+v", g), canary) {
			t.Errorf("the secret stands in %+v", g)
		}
	}
	for field, want := range map[string]Given{
		"desk.timezone":               {Value: "Europe/Amsterdam", From: "file"},
		"listen":                      {Value: "127.0.0.1:8080", From: "environment"},
		"secret_key":                  {Value: "env MY_KEY", From: "file", Secret: true},
		"email.mailboxes[0].password": {Value: "file /run/secrets/imap", From: "file", Secret: true},
		"limits.daily_cap":            {Value: "10", From: "default"},
		"email.mailboxes[0].host":     {Value: "imap.example", From: "file"},
	} {
		want.Field = field
		if all[field] != want {
			t.Errorf("got %+v, want %+v", all[field], want)
		}
	}
}
