package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
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

// measure signs in wrongly and keeps the least time of each name. Each try costs
// one hash, whoever it is.
func (r *rig) measure(least map[string]time.Duration) {
	r.t.Helper()
	for range 10 {
		for _, name := range []string{"noor", "nobody", "gone", "invited", "nobody@linde.example", "../x"} {
			before, at := r.hasher.done.Load(), time.Now()
			_, err := r.try(name, "wrong wrong wrong", "192.0.2.9")
			took := time.Since(at)
			if least[name] == 0 || took < least[name] {
				least[name] = took
			}
			if err != ErrWrong {
				r.t.Fatalf("%s: %v", name, err)
			}
			if n := r.hasher.done.Load() - before; n != 1 {
				r.t.Errorf("%s cost %d hashes", name, n)
			}
			r.now = r.now.Add(longestWait)
		}
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
	// The least of many tries is what the work takes; what is more is the
	// machine's other work. A busy machine gets more tries.
	least := map[string]time.Duration{}
	for round := range 4 {
		r.measure(least)
		worst := 1.0
		for _, name := range []string{"nobody", "gone", "invited"} {
			ratio := float64(least[name]) / float64(least["noor"])
			worst = max(worst, ratio, 1/ratio)
		}
		if worst < 1.3 {
			break
		}
		if round == 3 {
			t.Errorf("one of them takes %.2f times as long as another: %v", worst, least)
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
