package auth

import (
	"errors"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

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
