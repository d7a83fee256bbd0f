package auth

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

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
