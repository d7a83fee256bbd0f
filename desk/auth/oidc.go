package auth

import "github.com/balie/balie/desk"

// OIDC is a provider of single sign-on.
type OIDC struct {
	Issuer  string
	Client  string
	Secret  string               // "": a public client, PKCE alone
	Scopes  []string             // beside openid, profile and email
	Claim   string               // the claim that names groups, such as "groups"; "": none
	Roles   map[string]desk.Role // by a value of Claim; the most of those that match
	Unknown desk.Role            // of somebody nobody added; "": not let in
}

type singleSignOn struct{}

func newSingleSignOn(Options) *singleSignOn { return nil }
