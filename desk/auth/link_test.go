package auth

import (
	"errors"
	"sync"
	"testing"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

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
