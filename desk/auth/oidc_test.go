package auth

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/outside"
	"github.com/balie/balie/internal/peers"
)

var omar = peers.OIDCPerson{Sub: "4711", Name: "Omar Bakker", Mail: "omar@linde.example", Verified: true}

// signOn is a rig with a provider on loopback. Its clock is the machine's, for
// the provider has no other.
type signOnRig struct {
	*rig
	peer    *peers.OIDC
	browser *http.Client
}

func newSignOn(t *testing.T, change func(*OIDC)) *signOnRig {
	t.Helper()
	peer, err := peers.StartOIDC(omar)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	o := OIDC{Issuer: peer.Issuer, Client: peer.Client, Secret: peer.Secret,
		HTTP: outside.Client(outside.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})}
	if change != nil {
		change(&o)
	}
	r := newRig(t, func(a *Options) { a.OIDC = &o })
	r.now = time.Now()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &signOnRig{r, peer, browser}
}

// back goes to the provider as sub and comes back.
func (r *signOnRig) back(sub string) Back {
	r.t.Helper()
	to, cookie, err := r.StartOIDC(r.t.Context(), "/inbox?view=mine", r.now)
	r.must(err)
	res, err := r.browser.PostForm(to, url.Values{"sub": {sub}})
	r.must(err)
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	at, err := res.Location()
	if err != nil {
		r.t.Fatalf("the provider answered %s", res.Status)
	}
	if !strings.HasPrefix(at.String(), "http://localhost"+BackPath+"?") {
		r.t.Fatalf("sent back to %s", at)
	}
	q := at.Query()
	return Back{Code: q.Get("code"), State: q.Get("state"), Issuer: q.Get("iss"), Cookie: cookie, From: "192.0.2.1", Agent: "Firefox"}
}

func (r *signOnRig) finish(b Back) (Session, error) {
	s, _, err := r.FinishOIDC(r.t.Context(), b, r.now)
	return s, err
}

func TestSingleSignOnFindsAUserByMailOnceAndBySubjectAfter(t *testing.T) {
	r := newSignOn(t, nil)
	r.add("noor", desk.Admin)
	r.add("omar", desk.Agent)
	s, next, err := r.FinishOIDC(t.Context(), r.back(omar.Sub), r.now)
	if err != nil || s.User.ID != "omar" || next != "/inbox?view=mine" || !r.alive(s) {
		t.Fatalf("%+v, %q, %v", s, next, err)
	}
	// Their address changed at the provider; they are still themselves.
	r.peer.Know(peers.OIDCPerson{Sub: omar.Sub, Name: "Omar B.", Mail: "o.bakker@linde.example", Verified: true})
	if s, err = r.finish(r.back(omar.Sub)); err != nil || s.User.ID != "omar" {
		t.Errorf("%+v, %v", s, err)
	}
	// Somebody else got the old address: it does not open omar's account.
	r.peer.Know(peers.OIDCPerson{Sub: "0666", Name: "Eve", Mail: omar.Mail, Verified: true})
	if s, err = r.finish(r.back("0666")); !errors.Is(err, ErrNoAccount) {
		t.Errorf("eve is %+v, %v", s.User, err)
	}
	if err := r.Disable(t.Context(), Command(), "omar", r.now); err != nil {
		t.Fatal(err)
	}
	if _, err = r.finish(r.back(omar.Sub)); !errors.Is(err, ErrNoAccount) {
		t.Errorf("a disabled user: %v", err)
	}
}

func TestS8_AnUnverifiedMailAddressOpensNothing(t *testing.T) {
	r := newSignOn(t, nil)
	r.add("noor", desk.Admin)
	r.peer.Know(peers.OIDCPerson{Sub: "0666", Name: "Eve", Mail: "noor@linde.example"})
	if s, err := r.finish(r.back("0666")); !errors.Is(err, ErrNoAccount) {
		t.Errorf("eve is %+v, %v", s.User, err)
	}
}

// TestS8_OnlyTheAnswerToOurQuestionCounts changes one thing of a good answer
// at a time.
func TestS8_OnlyTheAnswerToOurQuestionCounts(t *testing.T) {
	r := newSignOn(t, nil)
	r.add("omar", desk.Agent)
	other := r.back(omar.Sub)
	for name, change := range map[string]func(b *Back){
		"no state":            func(b *Back) { b.State = "" },
		"another's state":     func(b *Back) { b.State = other.State },
		"no cookie":           func(b *Back) { b.Cookie = "" },
		"another's cookie":    func(b *Back) { b.Cookie = other.Cookie },
		"a changed cookie":    func(b *Back) { b.Cookie = "A" + b.Cookie[1:] },
		"state of the cookie": func(b *Back) { b.State, b.Cookie = other.State, other.Cookie }, // the code's verifier differs
		"another provider":    func(b *Back) { b.Issuer = "https://evil.example" },
		"a made up code":      func(b *Back) { b.Code = "x" },
		"another's code":      func(b *Back) { b.Code = other.Code },
		"no code":             func(b *Back) { b.Code = "" },
	} {
		b := r.back(omar.Sub)
		if change(&b); b.Cookie != "" && strings.HasPrefix(name, "a changed") && b.Cookie == r.back(omar.Sub).Cookie {
			continue
		}
		if s, err := r.finish(b); !errors.Is(err, errSignOn) {
			t.Errorf("%s: %+v, %v", name, s.User, err)
		}
		if name == "another's code" || name == "state of the cookie" {
			other = r.back(omar.Sub) // its code is spent
		}
	}
	late := r.back(omar.Sub)
	if _, _, err := r.FinishOIDC(t.Context(), late, r.now.Add(signOnHolds)); !errors.Is(err, errSignOn) {
		t.Errorf("after ten minutes: %v", err)
	}
	for name, lie := range map[string]func(map[string]any){
		"nonce":     func(c map[string]any) { c["nonce"] = "another" },
		"no nonce":  func(c map[string]any) { delete(c, "nonce") },
		"audience":  func(c map[string]any) { c["aud"] = "another" },
		"issuer":    func(c map[string]any) { c["iss"] = "https://evil.example" },
		"expired":   func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() },
		"nobody":    func(c map[string]any) { delete(c, "sub") },
		"no claims": func(c map[string]any) { clear(c) },
	} {
		r.peer.Lie(lie)
		if s, err := r.finish(r.back(omar.Sub)); !errors.Is(err, errSignOn) {
			t.Errorf("%s: %+v, %v", name, s.User, err)
		}
	}
	r.peer.Lie(nil)
	if _, err := r.finish(r.back(omar.Sub)); err != nil {
		t.Errorf("a good answer: %v", err)
	}
	if strings.Contains(r.log.String(), r.peer.Secret) || strings.Contains(r.log.String(), other.Code) {
		t.Errorf("a secret is logged:\n%s", r.log)
	}
}

func TestS8_AnAnswerIsUsedOnce(t *testing.T) {
	r := newSignOn(t, nil)
	r.add("omar", desk.Agent)
	b := r.back(omar.Sub)
	if _, err := r.finish(b); err != nil {
		t.Fatal(err)
	}
	seen := len(r.peer.Refused())
	if _, err := r.finish(b); !errors.Is(err, errSignOn) {
		t.Errorf("a second use: %v", err)
	}
	if len(r.peer.Refused()) != seen {
		t.Error("the provider was asked about an answer that was used already")
	}
}

// TestS8_TheVerifierIsOurs: whoever steals a code cannot trade it.
func TestS8_TheVerifierIsOurs(t *testing.T) {
	r := newSignOn(t, nil)
	r.add("omar", desk.Agent)
	stolen, own := r.back(omar.Sub), r.back(omar.Sub)
	own.Code = stolen.Code
	if _, err := r.finish(own); !errors.Is(err, errSignOn) {
		t.Errorf("a stolen code: %v", err)
	}
	if got := r.peer.Refused(); len(got) == 0 || got[len(got)-1] != "verifier" {
		t.Errorf("refused for %q", got)
	}
}

func TestRolesComeFromTheProvidersGroups(t *testing.T) {
	r := newSignOn(t, func(o *OIDC) {
		o.Claim, o.Roles = "groups", map[string]desk.Role{"desk": desk.Agent, "leads": desk.Lead, "it-admins": desk.Admin}
	})
	r.add("noor", desk.Admin)
	who := func(sub string, groups ...string) (Session, error) {
		r.peer.Know(peers.OIDCPerson{Sub: sub, Name: "Per " + sub, Mail: sub + "@linde.example", Verified: true, Groups: groups})
		return r.finish(r.back(sub))
	}
	if s, err := who("1", "staff", "desk", "leads"); err != nil || s.User.Role != desk.Lead || s.User.Name != "Per 1" || s.User.ID != "1" {
		t.Errorf("a newcomer: %+v, %v", s.User, err)
	}
	if s, err := who("1", "desk"); err != nil || s.User.Role != desk.Agent {
		t.Errorf("in another group: %+v, %v", s.User, err)
	}
	if _, err := who("1", "staff"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("in no group of ours: %v", err)
	}
	if _, err := who("2", "staff"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("a stranger: %v", err)
	}
	if s, err := who("3", "it-admins"); err != nil || s.User.Role != desk.Admin {
		t.Errorf("mapped to admin: %+v, %v", s.User, err)
	}
}

func TestS8_NobodyBecomesAdminUnlessMapped(t *testing.T) {
	r := newSignOn(t, func(o *OIDC) { o.Unknown = desk.Admin })
	if s, err := r.finish(r.back(omar.Sub)); !errors.Is(err, ErrNoAccount) {
		t.Errorf("%+v, %v", s.User, err)
	}
	r = newSignOn(t, func(o *OIDC) { o.Unknown = desk.ReadOnly })
	if s, err := r.finish(r.back(omar.Sub)); err != nil || s.User.Role != desk.ReadOnly || s.User.ID != "omar" {
		t.Errorf("%+v, %v", s.User, err)
	}
}

// TestS10_TheProviderIsNotInsideUnlessAllowed, and one that is away is tried again.
func TestS10_TheProviderIsNotInsideUnlessAllowed(t *testing.T) {
	r := newSignOn(t, func(o *OIDC) { o.HTTP = outside.Client(outside.Options{}) })
	_, _, err := r.StartOIDC(t.Context(), "/", r.now)
	var later *balie.UnavailableError
	if !errors.As(err, &later) || !errors.Is(err, outside.ErrInside) {
		t.Errorf("%v", err)
	}
}
