package auth

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/seal"
	"github.com/balie/balie/store"
)

// OIDC is a provider of single sign-on (OpenID Connect).
type OIDC struct {
	Issuer  string
	Client  string
	Secret  string               // "": a public client, PKCE alone
	Scopes  []string             // beside openid, profile and email
	Claim   string               // the claim that names groups, such as "groups"; "": none
	Roles   map[string]desk.Role // by a value of Claim; the most of those that match
	Unknown desk.Role            // of somebody nobody added; "": not let in
	HTTP    *http.Client         // guarded (internal/outside); nil refuses
}

// ErrNoAccount says that the provider knows somebody whom nobody let in here.
var ErrNoAccount = fmt.Errorf("nobody added this account: %w", balie.ErrDenied)

// errSignOn is all that a person learns when single sign-on did not come off.
var errSignOn = fmt.Errorf("single sign-on did not come off: %w", balie.ErrDenied)

// singleSignOn speaks with the provider. What its discovery said is kept; a
// provider that does not answer at the start is asked again.
type singleSignOn struct {
	OIDC
	back string // where it sends people back to
	seal *seal.Seal

	mu       sync.Mutex
	provider *oidc.Provider
	away     error // why it did not answer
	awayAt   time.Time
}

// signOnHolds is how long somebody may take at the provider.
const signOnHolds = 10 * time.Minute

// BackPath is where the provider sends people back to, below the public URL.
const BackPath = "/login/back"

func newSingleSignOn(o Options) *singleSignOn {
	if o.OIDC == nil {
		return nil
	}
	return &singleSignOn{OIDC: *o.OIDC, back: o.PublicURL + BackPath, seal: newSeal(o.Key)}
}

// HasOIDC reports whether there is single sign-on.
func (a *Auth) HasOIDC() bool { return a.sso != nil }

// StartOIDC is where to send somebody, and what their browser must bring back
// in a cookie: nothing is stored until they are who they say.
func (a *Auth) StartOIDC(ctx context.Context, next string, now time.Time) (redirect, cookie string, err error) {
	if a.sso == nil {
		return "", "", balie.ErrNotFound
	}
	p, err := a.sso.discover(ctx)
	if err != nil {
		return "", "", err
	}
	q := ask{State: secret(), Nonce: secret(), Verifier: oauth2.GenerateVerifier(), Next: next, Expires: now.Add(signOnHolds)}
	cookie, err = q.closed(a.sso.seal)
	if err != nil {
		return "", "", err
	}
	return a.sso.config(p).AuthCodeURL(q.State, oidc.Nonce(q.Nonce), oauth2.S256ChallengeOption(q.Verifier)), cookie, nil
}

// Back is what the provider sends somebody back with.
type Back struct {
	Code, State, Issuer string
	Cookie              string // of StartOIDC
	From, Agent         string
}

// FinishOIDC begins a session for whoever comes back from the provider, and
// says where they wanted to go. A second use of the same answer is refused.
func (a *Auth) FinishOIDC(ctx context.Context, b Back, now time.Time) (Session, string, error) {
	if a.sso == nil {
		return Session{}, "", balie.ErrNotFound
	}
	q, err := openAsk(a.sso.seal, b.Cookie)
	if err != nil || !now.Before(q.Expires) || subtle.ConstantTimeCompare([]byte(q.State), []byte(b.State)) != 1 {
		return Session{}, "", errSignOn
	}
	// RFC 9207: whoever answers says who they are, when they can.
	if b.Issuer != "" && b.Issuer != a.sso.Issuer {
		return Session{}, "", errSignOn
	}
	if err := a.unused(ctx, q); err != nil {
		return Session{}, "", err
	}
	who, err := a.sso.exchange(ctx, b.Code, q, a.o.Clock)
	if err != nil {
		var later *balie.UnavailableError
		if errors.As(err, &later) {
			return Session{}, "", err
		}
		a.log.Warn("single sign-on was refused", "err", err)
		return Session{}, "", errSignOn
	}
	s, err := a.signOn(ctx, who, q, b, now)
	return s, q.Next, err
}

func (a *Auth) unused(ctx context.Context, q ask) error {
	_, err := a.store.Record(ctx, signonKind, hashOf(q.State))
	switch {
	case isMissing(err):
		return nil
	case err == nil:
		return errSignOn
	}
	return fmt.Errorf("look for a used sign-on: %w", err)
}

// signOn begins the session and marks the answer as used, in one Change: of
// two that come at once the store takes one.
func (a *Auth) signOn(ctx context.Context, who identity, q ask, b Back, now time.Time) (Session, error) {
	acc, err := a.recognise(ctx, who, b.From, now)
	if err != nil {
		return Session{}, err
	}
	used, err := record(signonKind, hashOf(q.State), 1, q.Expires.Add(signOnHolds), struct{}{})
	if err != nil {
		return Session{}, err
	}
	s, err := a.begin(ctx, acc, Attempt{From: b.From, Agent: b.Agent}, now, used)
	if errors.Is(err, balie.ErrStale) {
		return Session{}, errSignOn
	}
	return s, err
}

func (o *singleSignOn) config(p *oidc.Provider) *oauth2.Config {
	at := p.Endpoint()
	at.AuthStyle = o.style(p)
	return &oauth2.Config{ClientID: o.Client, ClientSecret: o.Secret, Endpoint: at, RedirectURL: o.back,
		Scopes: append([]string{oidc.ScopeOpenID, "profile", "email"}, o.Scopes...)}
}

// style is how we say who we are: as discovery says, else in the header (OpenID
// Connect Discovery 1.0 section 3). Trying one after the other, as oauth2 does
// by itself, sends a code twice that holds once.
func (o *singleSignOn) style(p *oidc.Provider) oauth2.AuthStyle {
	var said struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := p.Claims(&said); err != nil {
		said.Methods = nil
	}
	if o.Secret == "" || slices.Contains(said.Methods, "client_secret_post") && !slices.Contains(said.Methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// askAgain is how long a provider that did not answer is left alone: everybody
// who signs in meanwhile would wait for it in turn.
const askAgain = 5 * time.Second

// discover asks the provider what it can do, once.
func (o *singleSignOn) discover(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider != nil {
		return o.provider, nil
	}
	if o.HTTP == nil {
		return nil, errors.New("single sign-on has no way out")
	}
	if o.away != nil && time.Since(o.awayAt) < askAgain {
		return nil, o.away
	}
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, o.HTTP), o.Issuer)
	if err != nil {
		o.away = &balie.UnavailableError{Why: "the provider of single sign-on does not answer", RetryAfter: askAgain, Cause: err}
		o.awayAt = time.Now()
		return nil, o.away
	}
	o.provider = p
	return p, nil
}

// identity is who the provider says somebody is.
type identity struct {
	Subject string // issuer and sub
	Mail    string // only when the provider verified it
	Name    string
	User    string // what it calls them
	Groups  []string
}

// exchange trades the code for who somebody is: PKCE, signature, issuer,
// audience, expiry and nonce all hold, or it is an error.
func (o *singleSignOn) exchange(ctx context.Context, code string, q ask, clock func() time.Time) (identity, error) {
	p, err := o.discover(ctx)
	if err != nil {
		return identity{}, err
	}
	ctx = oidc.ClientContext(ctx, o.HTTP)
	t, err := o.config(p).Exchange(ctx, code, oauth2.VerifierOption(q.Verifier))
	if err != nil {
		return identity{}, fmt.Errorf("exchange the code: %w", quiet(err))
	}
	raw, ok := t.Extra("id_token").(string)
	if !ok {
		return identity{}, errors.New("the answer has no id_token")
	}
	id, err := p.VerifierContext(ctx, &oidc.Config{ClientID: o.Client, Now: clock}).Verify(ctx, raw)
	if err != nil {
		return identity{}, fmt.Errorf("check the id_token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(q.Nonce)) != 1 {
		return identity{}, errors.New("the id_token is not the answer to what was asked: its nonce differs")
	}
	return o.identity(id)
}

// quiet leaves out what the provider answered: its words may repeat the code
// or the secret (S12).
func quiet(err error) error {
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response != nil {
		return fmt.Errorf("the provider answered %d %q", said.Response.StatusCode, clip(said.ErrorCode, 60))
	}
	return err
}

func (o *singleSignOn) identity(id *oidc.IDToken) (identity, error) {
	var c struct {
		Mail     string  `json:"email"`
		Verified verdict `json:"email_verified"`
		Name     string  `json:"name"`
		User     string  `json:"preferred_username"`
	}
	if err := id.Claims(&c); err != nil {
		return identity{}, fmt.Errorf("read the claims: %w", err)
	}
	who := identity{Subject: id.Issuer + " " + id.Subject, Name: c.Name, User: c.User}
	if c.Verified {
		who.Mail = strings.ToLower(strings.TrimSpace(c.Mail))
	}
	if id.Subject == "" {
		return identity{}, errors.New("the id_token names nobody")
	}
	if o.Claim == "" {
		return who, nil
	}
	var all map[string]any
	if err := id.Claims(&all); err != nil {
		return identity{}, fmt.Errorf("read the claims: %w", err)
	}
	who.Groups = texts(all[o.Claim])
	return who, nil
}

// verdict is email_verified.
//
// QUIRK: OpenID Connect Core 5.1 says it is a boolean; AWS Cognito sends the
// text "true". Everything else is no.
type verdict bool

func (v *verdict) UnmarshalJSON(b []byte) error {
	*v = string(b) == "true" || string(b) == `"true"`
	return nil
}

// texts is a claim that is a text or a list of them.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// role is the most that somebody's groups give, or "".
func (o *singleSignOn) role(groups []string) desk.Role {
	best := -1
	for _, g := range groups {
		if r, ok := o.Roles[g]; ok {
			best = max(best, slices.Index(desk.Roles, r))
		}
	}
	if best < 0 {
		return ""
	}
	return desk.Roles[best]
}

// recognise finds the user of an identity: by issuer and subject; else, once,
// by a mail address the provider verified; else it makes one, when the
// settings say so.
func (a *Auth) recognise(ctx context.Context, who identity, from string, now time.Time) (account, error) {
	p, err := a.directory(ctx)
	if err != nil {
		return account{}, err
	}
	role := a.sso.role(who.Groups)
	for _, u := range p.all {
		if u.Subject == who.Subject {
			return a.mapped(ctx, u.ID, who, role, from, now)
		}
	}
	if id, ok := p.byMail[who.Mail]; ok && who.Mail != "" {
		return a.mapped(ctx, id, who, role, from, now)
	}
	return a.newcomer(ctx, p, who, cmp.Or(role, a.sso.Unknown), from, now)
}

// mapped ties a user to an identity and gives them the role of their groups.
// A mail address that is tied to another identity already opens nothing.
func (a *Auth) mapped(ctx context.Context, id string, who identity, role desk.Role, from string, now time.Time) (account, error) {
	var acc account
	err := store.Retry(ctx, func(ctx context.Context) error {
		var err error
		if acc, err = a.account(ctx, id); err != nil {
			return err
		}
		if acc.Disabled || acc.Subject != "" && acc.Subject != who.Subject {
			return ErrNoAccount
		}
		// Who is in no mapped group any more has lost the way in.
		if len(a.sso.Roles) > 0 && role == "" && a.sso.Unknown == "" {
			return ErrNoAccount
		}
		role, err := a.roleOf(ctx, acc, role)
		if err != nil {
			return err
		}
		if acc.Subject == who.Subject && acc.Role == role {
			return nil
		}
		before := seenBy(acc.User)
		acc.Subject, acc.Role = who.Subject, role
		r, err := acc.next()
		if err != nil {
			return err
		}
		by := acc.Actor()
		by.From = from
		return a.commit(ctx, r, line(now, by, "user.sign-on", "user:"+id, before, seenBy(acc.User)))
	})
	return acc, err
}

// roleOf is the role that the groups say. The role somebody has stays when
// there is no mapping, when the new one would need teams that nobody named, and
// for the last admin.
func (a *Auth) roleOf(ctx context.Context, acc account, mapped desk.Role) (desk.Role, error) {
	if mapped == "" || mapped == desk.TeamMember && len(acc.Teams) == 0 {
		return acc.Role, nil
	}
	if acc.Role == desk.Admin && mapped != desk.Admin {
		err := a.notLast(ctx, acc.ID)
		var last *balie.InvalidError
		if errors.As(err, &last) {
			return acc.Role, nil
		}
		return mapped, err
	}
	return mapped, nil
}

// newcomer makes a user of an identity that is not known.
func (a *Auth) newcomer(ctx context.Context, p *people, who identity, role desk.Role, from string, now time.Time) (account, error) {
	if role == "" || role == desk.TeamMember || role == desk.Admin && a.sso.role(who.Groups) != desk.Admin {
		return account{}, ErrNoAccount
	}
	n := NewUser{ID: freeID(p, who), Name: clip(who.Name, longestName), Mail: who.Mail, Role: role}
	by := desk.Actor{ID: n.ID, From: from}
	acc, records, err := a.newAccount(ctx, by, n, now)
	if err != nil {
		return account{}, err
	}
	acc.Subject = who.Subject
	acc.Version = 0
	if records[0], err = acc.next(); err != nil {
		return account{}, err
	}
	return *acc, a.commit(ctx, records...)
}

// freeID is a sign-in name for a newcomer.
func freeID(p *people, who identity) string {
	local, _, _ := strings.Cut(cmp.Or(who.User, who.Mail, who.Name), "@")
	base := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		case r == ' ':
			return '.'
		}
		return -1
	}, strings.ToLower(local)), "._-")
	base = clip(cmp.Or(base, "user"), 50)
	if _, taken := p.names[base]; !taken && goodID(base) {
		return base
	}
	for i := 2; ; i++ {
		id := fmt.Sprintf("%s-%d", base, i)
		if _, taken := p.names[id]; !taken {
			return id
		}
	}
}
