package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/balie/balie/internal/yamltree"
)

// roles are those of desk.Roles; a test holds them to it.
var roles = []string{"read-only", "team-member", "agent", "lead", "admin"}

// Bounds of a session.
const (
	shortestIdle  = time.Minute
	oldestSession = 7 * 24 * time.Hour
)

func (k *check) auth() {
	a := k.c.Auth
	if a.Idle < shortestIdle {
		k.problem("auth.idle", fmt.Sprintf("%s is too short", a.Idle), "give %s or more", shortestIdle)
	}
	if a.Absolute < a.Idle || a.Absolute > oldestSession {
		k.problem("auth.absolute", fmt.Sprintf("%s is not possible", a.Absolute), "give more than auth.idle and at most %s", oldestSession)
	}
	if a.OIDC != nil {
		k.oidc(*a.OIDC)
	}
	for i, text := range k.c.Outside.Allow {
		if _, err := Network(text); err != nil {
			k.problem(fmt.Sprintf("outside.allow[%d]", i), fmt.Sprintf("%q is neither an address nor a network", yamltree.Short(text)), "write 10.20.0.15 or 10.20.0.0/24")
		}
	}
}

func (k *check) oidc(o OIDC) {
	if o.Issuer == "" {
		k.problem("auth.oidc.issuer", "there is no issuer", "give the address of the provider, as its discovery document says it")
	} else if u := k.web("auth.oidc.issuer", o.Issuer); u != nil && u.Scheme != "https" && !loopback(u.Hostname()) {
		k.problem("auth.oidc.issuer", "the provider is asked without encryption", "give an https address")
	}
	if o.ClientID == "" {
		k.problem("auth.oidc.client_id", "there is no client_id", "give the one the provider made for balie")
	}
	if k.c.PublicURL == "" {
		k.problem("public_url", "single sign-on is on and there is no public_url", "give the address at which people reach this balie: https://balie.example.nl")
	}
	if len(o.Roles) > 0 && o.RoleClaim == "" {
		k.problem("auth.oidc.role_claim", "there are roles and no claim to read them from", "name the claim with somebody's groups, such as groups")
	}
	for _, group := range slices.Sorted(maps.Keys(o.Roles)) {
		k.oneOf("auth.oidc.roles."+group, o.Roles[group], roles...)
	}
	switch o.Unknown {
	case "":
	case "admin", "team-member":
		k.problem("auth.oidc.unknown", "nobody becomes "+o.Unknown+" unseen", "use read-only, agent or lead, or leave it out")
	default:
		k.oneOf("auth.oidc.unknown", o.Unknown, roles...)
	}
}

// Network reads an address or a network.
func Network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}
