package web_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/internal/browse"
	"github.com/balie/balie/internal/outside"
	"github.com/balie/balie/internal/peers"
	"github.com/balie/balie/store/boltstore"
)

// cookie is what an answer sets under a name.
func (a answer) cookie(name string) *http.Cookie {
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (u *user) signIn(name, password string, more ...string) answer {
	u.r.t.Helper()
	v := url.Values{"name": {name}, "password": {password}, "lang": {"nl"}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return u.do(u.request(http.MethodPost, "/login", "application/x-www-form-urlencoded", v.Encode()))
}

func TestS8_TheSessionCookieIsStrict(t *testing.T) {
	r := newRig(t)
	u := r.nobody()
	a := u.signIn(sanne, password, "next", "/call")
	c := a.cookie("balie")
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/call" || c == nil {
		t.Fatalf("%d to %q, cookie %v\n%s", a.StatusCode, a.Header.Get("Location"), c, a.body)
	}
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure || c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Errorf("the cookie is %s", c.Raw)
	}
	if c = u.signIn(sanne, password, "stay", "1").cookie("balie"); c.Expires.Sub(r.now()) < 11*time.Hour {
		t.Errorf("who stays gets %s", c.Raw)
	}
	r.secure(true)
	c = u.signIn(sanne, password).cookie("__Host-balie")
	if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("behind https the cookie is %v", c)
	}
}

// secure says whether the desk is served by https, as its settings do.
func (r *rig) secure(on bool) { r.web.Secure = on }

func TestS8_SigningInEndsTheSessionThatWasThere(t *testing.T) {
	r := newRig(t)
	u := *r.as(sanne)
	old := u.Token
	a := u.signIn(sanne, password)
	c := a.cookie("balie")
	if c == nil || c.Value == old {
		t.Fatalf("no new session: %v", c)
	}
	if _, err := r.auth.Session(t.Context(), old, r.now()); err == nil {
		t.Error("the session from before lives on")
	}
	// A token that was put into the browser is not taken up.
	u.Token = strings.Repeat("A", 43)
	if c := u.signIn(sanne, password).cookie("balie"); c == nil || c.Value == u.Token {
		t.Errorf("a chosen token: %v", c)
	}
}

func TestS8_ARefusedSignInTellsNothing(t *testing.T) {
	r := newRig(t)
	if err := r.auth.Disable(t.Context(), auth.Command(), bram, r.now()); err != nil {
		t.Fatal(err)
	}
	u := r.nobody()
	page := func(name, pass string) string {
		a := u.signIn(name, pass)
		if a.StatusCode != http.StatusUnprocessableEntity || len(a.Cookies()) > 0 {
			t.Errorf("%s: %d, %v", name, a.StatusCode, a.Cookies())
		}
		if strings.Contains(a.body, pass) {
			t.Errorf("%s: the password stands in the page", name)
		}
		return strings.ReplaceAll(a.body, name, "NAME")
	}
	wrong := page(sanne, "not-the-password-1")
	for name, other := range map[string]string{"unknown": page("nobody", "not-the-password-1"), "disabled": page(bram, password)} {
		if other != wrong {
			t.Errorf("%s has a page of its own:\n%s\nbeside\n%s", name, other, wrong)
		}
	}
	var last answer
	for range 10 {
		last = u.signIn(lex, "not-the-password-1")
	}
	if last.StatusCode != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" || !strings.Contains(last.body, "Wacht") {
		t.Errorf("guessing on: %d\n%s", last.StatusCode, last.body)
	}
}

func TestS8_SignInLeadsNowhereElse(t *testing.T) {
	r := newRig(t)
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", "", "/"} {
		if to := r.nobody().signIn(sanne, password, "next", next).Header.Get("Location"); to != "/inbox" {
			t.Errorf("next=%q leads to %q", next, to)
		}
	}
}

func TestS8_FormsOfOthersAreRefused(t *testing.T) {
	r := newRig(t)
	forms := map[string]string{"/login": "name=sanne&password=" + password, "/logout": "", "/profile": "", "/profile/language": "language=en", "/profile/password": "",
		"/profile/session": "", "/profile/everywhere": "", "/settings/users": "id=eve&role=admin", "/settings/users/sanne": "role=admin", "/settings/users/sanne/link": "",
		"/settings/users/sanne/disable": "", "/settings/tokens": "name=x&only=see&days=30", "/settings/tokens/revoke": ""}
	u := r.as(ada)
	lines := r.audited()
	for path, body := range forms {
		own := u.CSRF
		for name, change := range map[string]func(*http.Request){
			"another site":             func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") },
			"another host of the site": func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "same-site") },
			"an old browser elsewhere": func(q *http.Request) {
				q.Header.Del("Sec-Fetch-Site")
				q.Header.Set("Origin", "https://evil.example")
			},
		} {
			q := u.request(http.MethodPost, path, "application/x-www-form-urlencoded", body+"&csrf="+own)
			change(q)
			if a := u.do(q); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s from %s: %d", path, name, a.StatusCode)
			}
		}
		if path == "/login" {
			continue
		}
		for name, token := range map[string]string{"none": "", "another session's": r.as(sanne).CSRF} {
			q := u.request(http.MethodPost, path, "application/x-www-form-urlencoded", body+"&csrf="+token)
			if a := u.do(q); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s with the token of %s: %d", path, name, a.StatusCode)
			}
		}
	}
	if now := r.audited() - 1; now != lines { // sanne signed in
		t.Errorf("something was done: %d lines, then %d", lines, now)
	}
}

func (r *rig) audited() int {
	r.t.Helper()
	all, err := r.db.ListRecords(r.t.Context(), desk.AuditKind, "", "", false, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(all)
}

func TestSomebodyIsInvitedAndComes(t *testing.T) {
	r := newRig(t)
	boss := r.as(ada)
	a := boss.post("/settings/users", url.Values{"id": {"noor"}, "name": {"Noor Jansen"}, "role": {"team-member"}})
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "minstens één team") || !strings.Contains(a.body, `value="Noor Jansen"`) {
		t.Fatalf("without a team: %d\n%s", a.StatusCode, a.body)
	}
	a = boss.post("/settings/users", url.Values{"id": {"noor"}, "name": {"Noor Jansen"}, "role": {"team-member"}, "teams": {"techniek"}})
	link := regexp.MustCompile(`(/invite/[A-Za-z0-9_-]{43})<`).FindStringSubmatch(a.body)
	if a.StatusCode != http.StatusOK || link == nil || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	if strings.Contains(boss.sees("/settings/users/noor", 200, "Noor Jansen").body, "/invite/") {
		t.Error("the link is shown twice")
	}
	u := *r.nobody()
	u.sees(link[1], 200, "Noor Jansen", `autocomplete="new-password"`)
	if a = u.post(link[1], url.Values{"password": {"kort"}}); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "errsum") {
		t.Errorf("a short password: %d", a.StatusCode)
	}
	a = u.post(link[1], url.Values{"password": {"kameel lantaarn fiets"}})
	c := a.cookie("balie")
	if a.StatusCode != http.StatusSeeOther || c == nil {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	u.sees(link[1], 404, "Deze link werkt niet meer")
	u.Token = c.Value
	u.sees("/profile", 200, "Noor Jansen", "Teamlid")
	// Withdrawn: what was open ends at once.
	if a = boss.post("/settings/users/noor/disable", nil); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", a.StatusCode)
	}
	if a = u.get("/profile"); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login?next=%2Fprofile") {
		t.Errorf("%d to %q", a.StatusCode, a.Header.Get("Location"))
	}
}

func TestTheFirstAdminComesByLink(t *testing.T) {
	r := newRig(t)
	r.emptied()
	link, _, err := r.auth.FirstAdmin(t.Context(), r.now())
	if err != nil {
		t.Fatal(err)
	}
	u := *r.nobody()
	u.sees("/first/"+link, 200, "Eerste beheerder")
	a := u.post("/first/"+link, url.Values{"id": {"Bad Id"}, "mail": {"x"}, "password": {"1"}})
	if a.StatusCode != http.StatusUnprocessableEntity || strings.Count(a.body, `class="ferr"`) < 1 {
		t.Errorf("%d\n%s", a.StatusCode, a.body)
	}
	a = u.post("/first/"+link, url.Values{"id": {"noor"}, "name": {"Noor"}, "password": {"kameel lantaarn fiets"}})
	c := a.cookie("balie")
	if a.StatusCode != http.StatusSeeOther || c == nil {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	u.Token = c.Value
	u.sees("/settings/users", 200, "noor")
	r.nobody().sees("/first/"+link, 404, "Deze link werkt niet meer")
}

// emptied takes all users out of the store.
func (r *rig) emptied() {
	r.t.Helper()
	dir := r.t.TempDir()
	r.auth = newAuth(r, dir)
	r.web.Auth, r.web.Sessions = r.auth, r.auth
}

func TestAnAdminMakesATokenAndWithdrawsIt(t *testing.T) {
	r := newRig(t)
	u := r.as(ada)
	if a := u.post("/settings/tokens", url.Values{"name": {"export"}, "days": {"30"}}); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, `value="export"`) {
		t.Errorf("for nothing: %d", a.StatusCode)
	}
	a := u.post("/settings/tokens", url.Values{"name": {"export"}, "only": {"see", "documents"}, "days": {"30"}})
	made := regexp.MustCompile(`balie_[A-Za-z0-9_-]{43}`).FindString(a.body)
	if a.StatusCode != http.StatusOK || made == "" {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	if actor, err := r.auth.Bearer(t.Context(), made, r.now()); err != nil || actor.ID != ada || actor.Can(desk.Manage) || !actor.Can(desk.SeeDocuments) {
		t.Errorf("%+v, %v", actor, err)
	}
	page := u.sees("/settings/tokens", 200, "export", "verzoeken zien")
	if strings.Contains(page.body, made) {
		t.Error("the token is shown twice")
	}
	id := regexp.MustCompile(`name="token" value="([0-9a-f]{64})"`).FindStringSubmatch(page.body)
	if a = u.post("/settings/tokens/revoke", url.Values{"token": {id[1]}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", a.StatusCode)
	}
	if _, err := r.auth.Bearer(t.Context(), made, r.now()); err == nil {
		t.Error("the token lives on")
	}
}

func TestTheProfileIsOnesOwn(t *testing.T) {
	r := newRig(t)
	u := *r.as(sanne)
	if a := u.post("/profile", url.Values{"language": {"en"}, "theme": {"dark"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	u.sees("/profile?did=saved", 200, `lang="en"`, `data-theme="dark"`, `data-keys="off"`, "Saved.")
	if a := u.post("/profile/language", url.Values{"language": {"nl"}, "next": {"/profile"}}); a.Header.Get("Location") != "/profile" {
		t.Errorf("to %q", a.Header.Get("Location"))
	}
	u.sees("/profile", 200, `lang="nl"`, `data-theme="dark"`)
	// Another's session cannot be ended from here.
	other := r.as(bram)
	u.post("/profile/session", url.Values{"session": {other.ID}})
	other.sees("/profile", 200, "Bram")
	// A new password: this browser stays, the others go.
	second := r.nobody().signIn(sanne, password).cookie("balie")
	if a := u.post("/profile/password", url.Values{"old": {"wrong"}, "password": {"kameel lantaarn fiets"}}); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "klopt niet") {
		t.Errorf("the old one wrong: %d", a.StatusCode)
	}
	a := u.post("/profile/password", url.Values{"old": {password}, "password": {"kameel lantaarn fiets"}})
	fresh := a.cookie("balie")
	if a.StatusCode != http.StatusSeeOther || fresh == nil || fresh.Value == u.Token {
		t.Fatalf("%d %v\n%s", a.StatusCode, fresh, a.body)
	}
	for name, dead := range map[string]string{"before": u.Token, "elsewhere": second.Value} {
		if _, err := r.auth.Session(t.Context(), dead, r.now()); err == nil {
			t.Errorf("the session %s lives on", name)
		}
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	r := newRig(t)
	u := *r.as(sanne)
	a := u.post("/logout", nil)
	if c := a.cookie("balie"); a.StatusCode != http.StatusSeeOther || c == nil || c.Value != "" || c.MaxAge >= 0 && c.Expires.After(time.Now()) {
		t.Errorf("%d, %v", a.StatusCode, c)
	}
	if a = u.get("/profile"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("afterwards %d", a.StatusCode)
	}
}

// TestSingleSignOnInABrowser goes the whole way, with a provider on loopback.
func TestSingleSignOnInABrowser(t *testing.T) {
	r := newRig(t)
	peer, err := peers.StartOIDC(peers.OIDCPerson{Sub: "1", Name: "Sanne Vos", Mail: "sanne@delinde.example", Verified: true}, peers.OIDCPerson{Sub: "2", Name: "Eve", Mail: "eve@delinde.example", Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	r.signOn(peer)
	b := browse.Open(t, r.base)
	b.Go("/login?next=/profile", "a.primary")
	b.Accessible()
	b.Click("a.primary")
	b.See(`button[value="2"]`)
	b.Expect("403")
	b.Click(`button[value="2"]`)
	b.See("#fault")
	b.Click("a.primary")
	b.Click(`button[value="1"]`)
	b.See(".setlist")
	if got := b.Text("h2"); got != "Sanne Vos" {
		t.Errorf("signed in as %q", got)
	}
	for _, s := range b.Strays() {
		if !strings.HasPrefix(s, peer.Issuer+"/") {
			t.Errorf("asked %s", s)
		}
	}
	if f := b.Faults(); len(f) > 0 {
		t.Errorf("faults: %q", f)
	}
}

// signOn lets the rig's users sign in by a provider. Both have the machine's
// clock, for the provider has no other.
func (r *rig) signOn(peer *peers.OIDC) {
	r.mu.Lock()
	r.at = time.Now()
	r.mu.Unlock()
	r.auth = auth.New(r.db, auth.Options{PublicURL: r.base, Clock: r.now, OIDC: &auth.OIDC{
		Issuer: peer.Issuer, Client: peer.Client, Secret: peer.Secret,
		HTTP: outside.Client(outside.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})}}, r.web.Log)
	r.web.Auth, r.web.Sessions = r.auth, r.auth
}

var _ web.Sessions = (*auth.Auth)(nil)

// newAuth is an Auth over an empty store.
func newAuth(r *rig, dir string) *auth.Auth {
	db, err := boltstore.Open(filepath.Join(dir, "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { db.Close() })
	return auth.New(db, auth.Options{Clock: r.now}, r.web.Log)
}
