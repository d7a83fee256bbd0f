package config

import (
	"strings"
	"testing"
)

func TestSignInSettingsThatCannotWorkAreNamed(t *testing.T) {
	const good = "public_url: https://balie.example.nl\nsecret_key: {env: X}\n"
	for _, c := range []struct{ in, field, says string }{
		{"auth: {idle: 1s}", "auth.idle", "too short"},
		{"auth: {idle: 2h, absolute: 1h}", "auth.absolute", "not possible"},
		{"auth: {oidc: {client_id: balie}}", "auth.oidc.issuer", "no issuer"},
		{"auth: {oidc: {issuer: 'http://login.example.nl', client_id: balie}}", "auth.oidc.issuer", "without encryption"},
		{"auth: {oidc: {issuer: 'https://login.example.nl'}}", "auth.oidc.client_id", "no client_id"},
		{"auth: {oidc: {issuer: 'https://login.example.nl', client_id: b, roles: {x: agent}}}", "auth.oidc.role_claim", "no claim"},
		{"auth: {oidc: {issuer: 'https://login.example.nl', client_id: b, role_claim: g, roles: {x: boss}}}", "auth.oidc.roles.x", "not known"},
		{"auth: {oidc: {issuer: 'https://login.example.nl', client_id: b, unknown: admin}}", "auth.oidc.unknown", "nobody becomes admin"},
		{"outside: {allow: [intranet]}", "outside.allow[0]", "neither"},
	} {
		_, err := Parse("balie.yaml", []byte(good+c.in+"\n"), nil)
		if err == nil || !strings.Contains(err.Error(), c.field) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.in, err)
		}
	}
	in := good + "auth: {oidc: {issuer: 'http://127.0.0.1:9', client_id: b, unknown: read-only}}\noutside: {allow: [127.0.0.0/8, '::1']}\n"
	if _, err := Parse("balie.yaml", []byte(in), nil); err != nil {
		t.Error(err)
	}
}
