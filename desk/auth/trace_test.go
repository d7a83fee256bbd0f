package auth

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie/desk"
)

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
