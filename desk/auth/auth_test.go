package auth

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/store/boltstore"
)

var t0 = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

const password = "fiets lamp kaneel donderdag"

// rig is an Auth over a real store, with a clock of its own.
type rig struct {
	*Auth
	t   testing.TB
	db  *boltstore.DB
	dir string
	log *bytes.Buffer
	now time.Time
}

func newRig(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, dir: filepath.Join(t.TempDir(), "data"), log: &bytes.Buffer{}, now: t0}
	db, err := boltstore.Open(r.dir, boltstore.Options{MinFree: -1, MmapSize: 64 << 20, Clock: func() time.Time { return r.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	o := Options{PublicURL: "http://localhost", Clock: func() time.Time { return r.now }}
	for _, c := range change {
		c(&o)
	}
	r.db = db
	r.Auth = New(db, o, slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	r.hasher.kib = 64 // tests that measure set it back
	return r
}

func (r *rig) add(id string, role desk.Role) User {
	r.t.Helper()
	u, err := r.AddUser(r.t.Context(), Command(), NewUser{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Mail: id + "@linde.example", Role: role, Password: password}, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

func (r *rig) in(name string) Session {
	r.t.Helper()
	s, err := r.try(name, password, "192.0.2.1")
	if err != nil {
		r.t.Fatalf("%s signs in: %v", name, err)
	}
	return s
}

func (r *rig) try(name, password, from string) (Session, error) {
	return r.SignIn(r.t.Context(), Attempt{Name: name, Password: password, From: from, Agent: "Firefox"}, r.now)
}

func (r *rig) alive(s Session) bool {
	r.t.Helper()
	_, err := r.Session(r.t.Context(), s.Token, r.now)
	if err != nil && !errors.Is(err, balie.ErrNotFound) {
		r.t.Fatal(err)
	}
	return err == nil
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestS8_AnUnknownNameCostsAsMuchAsAWrongPassword counts the work, which no
// noise of the machine disturbs, and looks at the time as well.
func TestS8_AnUnknownNameCostsAsMuchAsAWrongPassword(t *testing.T) {
	r := newRig(t)
	r.hasher.kib = argonKiB
	r.add("noor", desk.Admin)
	r.add("gone", desk.Agent)
	r.must(r.Disable(t.Context(), Command(), "gone", r.now))
	if _, err := r.AddUser(t.Context(), Command(), NewUser{ID: "invited", Role: desk.Agent}, r.now); err != nil {
		t.Fatal(err)
	}
	took := map[string][]time.Duration{}
	for i := range 15 {
		for _, name := range []string{"noor", "nobody", "gone", "invited", "nobody@linde.example", "../x"} {
			before, at := r.hasher.done.Load(), time.Now()
			_, err := r.try(name, "wrong wrong wrong", "192.0.2.9")
			took[name] = append(took[name], time.Since(at))
			if err != ErrWrong {
				t.Fatalf("%s, try %d: %v", name, i, err)
			}
			if n := r.hasher.done.Load() - before; n != 1 {
				t.Errorf("%s cost %d hashes", name, n)
			}
			r.now = r.now.Add(longestWait)
		}
	}
	middle := func(name string) time.Duration { return slices.Sorted(slices.Values(took[name]))[7] }
	for _, name := range []string{"nobody", "gone", "invited"} {
		if ratio := float64(middle(name)) / float64(middle("noor")); ratio < 0.7 || ratio > 1.4 {
			t.Errorf("%s takes %.2f times as long as a wrong password", name, ratio)
		}
	}
	if _, err := r.try("gone", password, "192.0.2.9"); err != ErrWrong {
		t.Errorf("a disabled user with the right password: %v", err)
	}
}

func TestS8_GuessingIsSlowedAndLocksNobodyOut(t *testing.T) {
	r := newRig(t)
	r.add("noor", desk.Admin)
	r.in("noor") // from the office
	var waits []time.Duration
	hashes := r.hasher.done.Load()
	for range 200 { // one a second
		_, err := r.try("noor", "guess guess guess", "198.51.100.7")
		var refusal *httpd.Refusal
		if errors.As(err, &refusal) {
			if !errors.Is(err, balie.ErrThrottled) {
				t.Fatal(err)
			}
			waits = append(waits, refusal.RetryAfter)
		} else if err != ErrWrong {
			t.Fatal(err)
		}
		r.now = r.now.Add(time.Second)
	}
	if n := r.hasher.done.Load() - hashes; n > 15 {
		t.Errorf("200 guesses in 200 seconds: %d were tried", n)
	}
	if len(waits) == 0 || slices.Max(waits) < 64*time.Second || slices.Max(waits) > longestWait {
		t.Errorf("waits do not grow, or without bound: %v", waits)
	}
	// Whom they were guessing at works on.
	if _, err := r.try("noor", password, "192.0.2.1"); err != nil {
		t.Errorf("noor, from where she always is: %v", err)
	}
	// And from a new place after the wait at the latest.
	r.now = r.now.Add(longestWait)
	if _, err := r.try("noor", password, "203.0.113.5"); err != nil {
		t.Errorf("noor, from a new place: %v", err)
	}
	// One address that tries many names is slowed too; so is the hundredth at once.
	n := 0
	for i := range 60 {
		if _, err := r.try("user"+string(rune('a'+i%26))+string(rune('a'+i/26)), "guess", "198.51.100.8"); err == ErrWrong {
			n++
		}
	}
	if n > freeOfAddress+1 {
		t.Errorf("one address tried %d names at one moment", n)
	}
}

func TestS8_KnownPlacesAreSlowedToo(t *testing.T) {
	r := newRig(t)
	r.add("noor", desk.Admin)
	r.in("noor")
	tried := 0
	for range 50 {
		if _, err := r.try("noor", "guess guess guess", "192.0.2.1"); err == ErrWrong {
			tried++
		}
	}
	if tried > freeOfAccount+1 {
		t.Errorf("%d guesses at one moment", tried)
	}
}

func TestS8_SignInBeginsANewSession(t *testing.T) {
	r := newRig(t)
	r.add("noor", desk.Admin)
	a, b := r.in("noor"), r.in("NOOR@linde.example ")
	if a.Token == b.Token || a.CSRF == b.CSRF || a.ID == b.ID || len(a.Token) < 43 {
		t.Fatalf("two sessions share something: %+v %+v", a, b)
	}
	if !r.alive(a) || !r.alive(b) {
		t.Fatal("a session does not live")
	}
	if got, err := r.Session(t.Context(), b.Token, r.now); err != nil || got.CSRF != b.CSRF || got.User.ID != "noor" || got.Token != "" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, chosen := range []string{"", "x", strings.Repeat("a", 43), a.ID, a.ID[:43]} {
		if _, err := r.Session(t.Context(), chosen, r.now); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("token %q: %v", chosen, err)
		}
	}
}

func TestS8_EndedSessionsAreDeadAtOnce(t *testing.T) {
	for name, end := range map[string]func(r *rig, s, other Session) error{
		"signed out":     func(r *rig, s, _ Session) error { return r.SignOut(r.t.Context(), s, r.now) },
		"signed out all": func(r *rig, s, _ Session) error { return r.SignOutEverywhere(r.t.Context(), s.Actor(), "sanne", r.now) },
		"withdrawn":      func(r *rig, s, other Session) error { return r.Revoke(r.t.Context(), other.Actor(), s.ID, r.now) },
		"new password": func(r *rig, _, _ Session) error {
			return r.SetPassword(r.t.Context(), Command(), "sanne", password+"!", r.now)
		},
		"own new password": func(r *rig, s, _ Session) error {
			_, err := r.ChangePassword(r.t.Context(), s, password, password+"?", r.now)
			return err
		},
		"disabled": func(r *rig, _, _ Session) error { return r.Disable(r.t.Context(), Command(), "sanne", r.now) },
		"disabled, let in": func(r *rig, _, _ Session) error {
			return errors.Join(r.Disable(r.t.Context(), Command(), "sanne", r.now), r.Enable(r.t.Context(), Command(), "sanne", r.now))
		},
		"password by link": func(r *rig, _, _ Session) error {
			l, err := r.Invite(r.t.Context(), Command(), "sanne", r.now)
			if err == nil {
				_, err = r.UseInvite(r.t.Context(), l, password+".", Attempt{}, r.now)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.add("noor", desk.Admin)
			r.add("sanne", desk.Agent)
			bystander, s, other := r.in("noor"), r.in("sanne"), r.in("sanne")
			r.must(end(r, s, other))
			if r.alive(s) {
				t.Error("the session lives on")
			}
			if one := name == "signed out" || name == "withdrawn"; r.alive(other) != one {
				t.Errorf("the other session: alive is %v", !one)
			}
			if !r.alive(bystander) {
				t.Error("somebody else was signed out")
			}
			// A use that was being written down meanwhile does not bring it back.
			r.touch(t.Context(), balie.Record{Kind: sessionKind, Key: s.ID, Version: 1}, session{User: "sanne", Began: r.now, Seen: r.now})
			if r.alive(s) {
				t.Error("a late use brought it back")
			}
		})
	}
}

func TestS8_SessionsEndByIdlenessAndByAge(t *testing.T) {
	r := newRig(t)
	r.add("noor", desk.Admin)
	idle := r.in("noor")
	used := r.in("noor")
	stay, err := r.SignIn(t.Context(), Attempt{Name: "noor", Password: password, From: "192.0.2.1", Stay: true}, r.now)
	r.must(err)
	for range 23 { // half-hours
		r.now = r.now.Add(30 * time.Minute)
		if !r.alive(used) {
			t.Fatalf("a used session ended at %s", r.now)
		}
	}
	if r.alive(idle) || !r.alive(stay) {
		t.Errorf("after %s: idle %v, stay %v", r.now.Sub(t0), r.alive(idle), r.alive(stay))
	}
	r.now = t0.Add(12 * time.Hour)
	if r.alive(used) || r.alive(stay) {
		t.Error("a session is older than twelve hours")
	}
}

func TestS8_LinksHoldOnceAndForAWhile(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	boss := NewUser{ID: "noor", Name: "Noor", Password: password}
	void, needed, err := r.FirstAdmin(ctx, r.now)
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	link, _, err := r.FirstAdmin(ctx, r.now)
	r.must(err)
	for name, bad := range map[string]string{"made up": "x", "void": void, "empty": "", "its hash": hashOf(link)} {
		if _, err := r.UseFirst(ctx, bad, boss, Attempt{}, r.now); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("first link, %s: %v", name, err)
		}
	}
	if _, err := r.UseFirst(ctx, link, boss, Attempt{}, r.now.Add(FirstHolds)); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("first link after a day: %v", err)
	}
	if _, err := r.UseFirst(ctx, link, NewUser{ID: "noor", Password: "short"}, Attempt{}, r.now); err == nil || r.CheckFirst(ctx, link, r.now) != nil {
		t.Errorf("a weak password, and the link is spent by it: %v", err)
	}
	s, err := r.UseFirst(ctx, link, boss, Attempt{}, r.now)
	if err != nil || s.User.Role != desk.Admin || !r.alive(s) {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := r.UseFirst(ctx, link, NewUser{ID: "eve", Password: password}, Attempt{}, r.now); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("the first link opens twice: %v", err)
	}
	if _, needed, err := r.FirstAdmin(ctx, r.now); needed || err != nil {
		t.Errorf("there is an admin, and a link: %v", err)
	}

	r.add("sanne", desk.Agent)
	invite := func() string {
		l, err := r.Invite(ctx, s.Actor(), "sanne", r.now)
		r.must(err)
		return l
	}
	one, two := invite(), invite()
	if _, err := r.UseInvite(ctx, one, password+"1", Attempt{}, r.now.Add(InviteHolds)); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("an invitation after a week: %v", err)
	}
	if u, err := r.Invited(ctx, one, r.now); err != nil || u.ID != "sanne" {
		t.Errorf("%v, %v", u, err)
	}
	if _, err := r.UseInvite(ctx, one, password+"1", Attempt{}, r.now); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]string{"used": one, "before the new password": two} {
		if _, err := r.UseInvite(ctx, l, password+"2", Attempt{}, r.now); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("an invitation, %s: %v", name, err)
		}
	}
	three := invite()
	r.must(r.Disable(ctx, s.Actor(), "sanne", r.now))
	if _, err := r.UseInvite(ctx, three, password+"3", Attempt{}, r.now); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("an invitation of a disabled user: %v", err)
	}
}

func TestS8_OfTwoWhoUseALinkAtOnceOneGetsIn(t *testing.T) {
	for name, use := range map[string]func(r *rig) func(id string) error{
		"first": func(r *rig) func(string) error {
			l, _, err := r.FirstAdmin(r.t.Context(), r.now)
			r.must(err)
			return func(id string) error {
				_, err := r.UseFirst(r.t.Context(), l, NewUser{ID: id, Password: password}, Attempt{}, r.now)
				return err
			}
		},
		"invite": func(r *rig) func(string) error {
			r.add("sanne", desk.Agent)
			l, err := r.Invite(r.t.Context(), Command(), "sanne", r.now)
			r.must(err)
			return func(id string) error {
				_, err := r.UseInvite(r.t.Context(), l, password+id, Attempt{}, r.now)
				return err
			}
		},
	} {
		r := newRig(t)
		try := use(r)
		var g sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			g.Go(func() { errs[i] = try("user" + string(rune('a'+i))) })
		}
		g.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if !errors.Is(err, balie.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if in != 1 {
			t.Errorf("%s: %d got in: %v", name, in, errs)
		}
	}
}

// TestS8_OnlyHashesAreStored looks for the secrets in every file of the store.
func TestS8_OnlyHashesAreStored(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	first, _, err := r.FirstAdmin(ctx, r.now)
	r.must(err)
	r.add("noor", desk.Admin)
	s := r.in("noor")
	link, err := r.Invite(ctx, s.Actor(), "noor", r.now)
	r.must(err)
	_, token, err := r.MakeToken(ctx, s.Actor(), NewToken{Name: "export", Only: []desk.Right{desk.SeeRequests}, Holds: time.Hour}, r.now)
	r.must(err)
	canaries := map[string]string{"password": password, "session": s.Token, "form token": s.CSRF, "link": link, "first link": first, "API token": token[len(TokenPrefix):]}
	seen := 0
	err = filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Type() != 0 {
			return err
		}
		b, err := os.ReadFile(path)
		for what, c := range canaries {
			if bytes.Contains(b, []byte(c)) {
				t.Errorf("the %s stands in %s", what, filepath.Base(path))
			}
		}
		if bytes.Contains(b, []byte("argon2id")) {
			seen++
		}
		return err
	})
	if err != nil || seen == 0 {
		t.Fatalf("the store was not looked at: %v", err)
	}
}

// TestS8_PasswordsAreHashedWithEnoughWork holds the parameters to the least
// that OWASP's cheat sheet on password storage allows.
func TestS8_PasswordsAreHashedWithEnoughWork(t *testing.T) {
	hash, err := newHasher().hash(t.Context(), password)
	p, ok := parsePHC(hash)
	if err != nil || !ok || p.kib < 19<<10 || p.passes < 2 || len(p.salt) < 16 || !strings.HasPrefix(hash, "$argon2id$v=19$") {
		t.Errorf("%s, %v", hash, err)
	}
	again, err := newHasher().hash(t.Context(), password)
	if err != nil || again == hash {
		t.Errorf("two hashes of one password are the same: %v", err)
	}
}

// TestS8_ABurstOfSignInsIsBounded: thirty at once would hold 570 MiB.
func TestS8_ABurstOfSignInsIsBounded(t *testing.T) {
	r := newRig(t)
	r.hasher.kib = argonKiB
	r.add("noor", desk.Admin)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	burst := func(n int) (refused int) {
		var g sync.WaitGroup
		errs := make([]error, n)
		for i := range errs {
			g.Go(func() { _, errs[i] = r.hasher.check(context.WithoutCancel(t.Context()), "wrong wrong wrong", "") })
		}
		g.Wait()
		for _, err := range errs {
			if errors.Is(err, balie.ErrThrottled) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		return refused
	}
	if n := burst(30); n != 0 {
		t.Errorf("of 30 at once %d were sent away", n)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 200<<20 {
		t.Errorf("30 at once took %d MiB", grown>>20)
	} else {
		t.Logf("30 at once took %d MiB", grown>>20)
	}
	if n := burst(200); n == 0 {
		t.Error("of 200 at once nobody was sent away")
	}
	if r.hasher.waiting.Load() != 0 || len(r.hasher.slots) != 0 {
		t.Error("somebody still waits")
	}
}

func TestS8_ATokenIsScopedExpiresAndIsWithdrawn(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.add("noor", desk.Admin)
	r.add("sanne", desk.Agent)
	sanne := r.in("sanne").Actor()
	mk := func() (Token, string) {
		tok, plain, err := r.MakeToken(ctx, sanne, NewToken{Name: "export", Only: []desk.Right{desk.SeeRequests}, Holds: 24 * time.Hour}, r.now)
		r.must(err)
		return tok, plain
	}
	tok, plain := mk()
	a, err := r.Bearer(ctx, plain, r.now)
	if err != nil || a.ID != "sanne" || !a.Can(desk.SeeRequests) || a.Can(desk.ActOnRequests) {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, _, err := r.MakeToken(ctx, a, NewToken{Name: "x", Only: []desk.Right{desk.SeeRequests}, Holds: time.Hour}, r.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("a token made a token: %v", err)
	}
	if err := r.SignOutEverywhere(ctx, a, "sanne", r.now); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("a token signed its user out: %v", err)
	}
	if _, _, err := r.MakeToken(ctx, sanne, NewToken{Name: "x", Only: []desk.Right{desk.Manage}, Holds: time.Hour}, r.now); err == nil {
		t.Error("an agent made a token of an admin")
	}
	if got, err := r.Tokens(ctx, sanne, "sanne", r.now); err != nil || len(got) != 1 || !got[0].Used.Equal(r.now) || got[0].Hint != plain[len(plain)-4:] {
		t.Errorf("%+v, %v", got, err)
	}
	dead := func(name, plain string, now time.Time) {
		t.Helper()
		if _, err := r.Bearer(ctx, plain, now); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dead("expired", plain, r.now.Add(24*time.Hour))
	dead("changed", plain[:len(plain)-1]+"_", r.now)
	dead("its hash", TokenPrefix+tok.ID[:43], r.now)
	r.must(r.RevokeToken(ctx, sanne, tok.ID, r.now))
	dead("withdrawn", plain, r.now)
	_, second := mk()
	r.must(r.Disable(ctx, Command(), "sanne", r.now))
	dead("of a disabled user", second, r.now)
	r.must(r.Enable(ctx, Command(), "sanne", r.now))
	dead("of a user let in again", second, r.now)
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	u := User{ID: "sanne", Name: "Sanne de Vries"}
	for _, p := range []string{"", "kort", "Wachtwoord2026!", "welkom123456", "aaaaaaaaaaaa", "123456789012", "qwertyuiop12", "sanne1234567890", "SannedeVries2026", strings.Repeat("lang ", 200)} {
		err := goodPassword(p, u)
		var invalid *balie.InvalidError
		if !errors.As(err, &invalid) || invalid.Fix == "" {
			t.Errorf("%q: %v", p, err)
		}
		if p != "" && err != nil && strings.Contains(err.Error(), p) {
			t.Errorf("the password stands in its error: %v", err)
		}
	}
	for _, p := range []string{password, "correct horse battery", "9vK!x2#mQz7Lp", "de trein naar Weesp"} {
		if err := goodPassword(p, u); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func TestTheLastAdminStays(t *testing.T) {
	r := newRig(t)
	r.add("noor", desk.Admin)
	agent := desk.Agent
	if _, err := r.EditUser(t.Context(), Command(), "noor", Edit{Role: &agent}, r.now); err == nil {
		t.Error("the last admin became an agent")
	}
	if err := r.Disable(t.Context(), Command(), "noor", r.now); err == nil {
		t.Error("the last admin was disabled")
	}
	r.add("omar", desk.Admin)
	if _, err := r.EditUser(t.Context(), Command(), "noor", Edit{Role: &agent}, r.now); err != nil {
		t.Error(err)
	}
}

func TestTwoAdminsDoNotOverwriteEachOther(t *testing.T) {
	r := newRig(t)
	u := r.add("noor", desk.Admin)
	name, other := "Noor J.", "Noor Jansen"
	if _, err := r.EditUser(t.Context(), Command(), "noor", Edit{Version: u.Version, Name: &name}, r.now); err != nil {
		t.Fatal(err)
	}
	if _, err := r.EditUser(t.Context(), Command(), "noor", Edit{Version: u.Version, Name: &other}, r.now); !errors.Is(err, balie.ErrStale) {
		t.Errorf("the second edit: %v", err)
	}
	if r.Names(t.Context())["noor"] != name {
		t.Errorf("names %v", r.Names(t.Context()))
	}
}

// TestS7_WhoMayNotManageChangesNobody tries every act on users as each role.
func TestS7_WhoMayNotManageChangesNobody(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.add("noor", desk.Admin)
	r.add("sanne", desk.Agent)
	s := r.in("sanne")
	_, _, err := r.MakeToken(ctx, s.Actor(), NewToken{Name: "x", Only: []desk.Right{desk.SeeRequests}, Holds: time.Hour}, r.now)
	r.must(err)
	mine, err := r.Tokens(ctx, s.Actor(), "sanne", r.now)
	r.must(err)
	for _, role := range desk.Roles[:4] {
		by := desk.Actor{ID: "eve", Role: role, Teams: []string{"x"}}
		name := "Eve"
		_, add := r.AddUser(ctx, by, NewUser{ID: "mallory", Role: desk.Admin}, r.now)
		_, edit := r.EditUser(ctx, by, "sanne", Edit{Name: &name}, r.now)
		_, invite := r.Invite(ctx, by, "sanne", r.now)
		_, sessions := r.Sessions(ctx, by, "sanne", r.now)
		_, tokens := r.Tokens(ctx, by, "sanne", r.now)
		_, all := r.Tokens(ctx, by, "", r.now)
		for what, err := range map[string]error{
			"add": add, "edit": edit, "invite": invite, "sessions": sessions, "tokens": tokens, "all tokens": all,
			"password": r.SetPassword(ctx, by, "sanne", password, r.now), "disable": r.Disable(ctx, by, "sanne", r.now), "enable": r.Enable(ctx, by, "sanne", r.now),
			"revoke": r.Revoke(ctx, by, s.ID, r.now), "everywhere": r.SignOutEverywhere(ctx, by, "sanne", r.now), "token": r.RevokeToken(ctx, by, mine[0].ID, r.now),
		} {
			if !errors.Is(err, balie.ErrDenied) && !errors.Is(err, balie.ErrNotFound) {
				t.Errorf("%s as %s: %v", what, role, err)
			}
		}
	}
	if !r.alive(s) {
		t.Error("sanne was signed out")
	}
}

// TestS13_EveryActLeavesALine does everything once and reads the log.
func TestS13_EveryActLeavesALine(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	link, _, err := r.FirstAdmin(ctx, r.now)
	r.must(err)
	s, err := r.UseFirst(ctx, link, NewUser{ID: "noor", Password: password}, Attempt{From: "192.0.2.77"}, r.now)
	r.must(err)
	by := s.Actor()
	r.add("sanne", desk.Agent)
	lead := desk.Lead
	_, err = r.EditUser(ctx, by, "sanne", Edit{Role: &lead}, r.now)
	r.must(err)
	r.must(r.SetPassword(ctx, by, "sanne", password, r.now))
	other := r.in("sanne")
	r.must(r.Revoke(ctx, by, other.ID, r.now))
	r.must(r.SignOutEverywhere(ctx, by, "sanne", r.now))
	r.must(r.SaveProfile(ctx, s, Profile{Language: "en"}, r.now))
	_, err = r.Invite(ctx, by, "sanne", r.now)
	r.must(err)
	tok, _, err := r.MakeToken(ctx, by, NewToken{Name: "x", Only: []desk.Right{desk.Manage}, Holds: time.Hour}, r.now)
	r.must(err)
	r.must(r.RevokeToken(ctx, by, tok.ID, r.now))
	r.must(r.Disable(ctx, by, "sanne", r.now))
	r.must(r.Enable(ctx, by, "sanne", r.now))
	r.must(r.SignOut(ctx, s, r.now))

	all, err := r.db.ListRecords(ctx, desk.AuditKind, "", "", false, 0)
	r.must(err)
	got := map[string]desk.AuditLine{}
	for _, rec := range all {
		l, err := desk.ParseAudit(rec)
		r.must(err)
		got[l.Act] = l
	}
	for _, act := range []string{"link.make", "link.use", "user.add", "user.edit", "user.password", "session.begin", "session.revoke", "session.end-all",
		"user.profile", "token.make", "token.revoke", "user.disable", "user.enable", "session.end"} {
		if l, ok := got[act]; !ok || l.By == "" || l.Object == "" || !l.At.Equal(r.now) {
			t.Errorf("%s: %+v", act, l)
		}
	}
	if l := got["user.edit"]; l.By != "agent:noor" || l.From != "192.0.2.77" || !bytes.Contains(l.Before, []byte(`"agent"`)) || !bytes.Contains(l.After, []byte(`"lead"`)) {
		t.Errorf("%+v", l)
	}
	if _, err := r.EditUser(ctx, by, "sanne", Edit{Role: new(desk.Role)}, r.now); err == nil {
		t.Fatal("no role was taken")
	}
	after, err := r.db.ListRecords(ctx, desk.AuditKind, "", "", false, 0)
	if err != nil || len(after) != len(all) {
		t.Errorf("a refused act left a line: %d, %d, %v", len(all), len(after), err)
	}
}

// TestS12_NoSecretInLogsOrErrors looks for canaries in all that is said.
func TestS12_NoSecretInLogsOrErrors(t *testing.T) {
	const canary = "CANARY-kameel-lantaarn-99"
	r := newRig(t)
	ctx := t.Context()
	r.add("noor", desk.Admin)
	s := r.in("noor")
	var said []string
	say := func(err error) {
		if err != nil {
			said = append(said, err.Error())
		}
	}
	_, err := r.try("noor", canary, "192.0.2.1")
	say(err)
	_, err = r.try(canary, canary, "192.0.2.1")
	say(err)
	_, err = r.Session(ctx, canary, r.now)
	say(err)
	_, err = r.Session(ctx, (canary + strings.Repeat("x", 43))[:43], r.now)
	say(err)
	_, err = r.Bearer(ctx, TokenPrefix+(canary + strings.Repeat("x", 43))[:43], r.now)
	say(err)
	_, err = r.ChangePassword(ctx, s, canary, canary, r.now)
	say(err)
	_, err = r.ChangePassword(ctx, s, password, "noor"+canary[:6], r.now)
	say(err)
	_, err = r.UseInvite(ctx, canary, canary, Attempt{}, r.now)
	say(err)
	_, err = r.UseFirst(ctx, canary, NewUser{ID: "x", Password: canary}, Attempt{}, r.now)
	say(err)
	r.db.Close()
	_, err = r.try("noor", canary, "192.0.2.1")
	say(err)
	if len(said) != 10 {
		t.Fatalf("%d errors: %q", len(said), said)
	}
	for _, text := range append(said, r.log.String()) {
		if strings.Contains(text, canary[:6]) || strings.Contains(text, s.Token) || strings.Contains(text, "192.0.2.1") {
			t.Errorf("a secret is said: %s", text)
		}
	}
}

func BenchmarkBearer(b *testing.B) {
	r := newRig(b)
	r.add("noor", desk.Admin)
	_, plain, err := r.MakeToken(b.Context(), r.in("noor").Actor(), NewToken{Name: "x", Only: []desk.Right{desk.SeeRequests}, Holds: time.Hour}, r.now)
	r.must(err)
	for b.Loop() {
		if _, err := r.Bearer(b.Context(), plain, r.now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSession(b *testing.B) {
	r := newRig(b)
	r.add("noor", desk.Admin)
	s := r.in("noor")
	for b.Loop() {
		if _, err := r.Session(b.Context(), s.Token, r.now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPassword(b *testing.B) {
	h := newHasher()
	for b.Loop() {
		if _, err := h.check(b.Context(), password, ""); err != nil {
			b.Fatal(err)
		}
	}
}
