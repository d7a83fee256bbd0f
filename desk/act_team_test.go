package desk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

func TestAHandOutSaysAskedKnownTriedMissing(t *testing.T) {
	w := newWorld(t)
	r := w.complete()
	s, err := w.desk.Summarise(t.Context(), sanne, r.ID, "techniek", w.now)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.Summary.Asked, "nieuwe minister") || !strings.Contains(s.Summary.Known, "2.14") || s.Summary.Missing == "" || s.Reach != "mail" || !s.Due.After(w.now) || s.Due.After(s.Promise) {
		t.Fatalf("%+v", s)
	}
	s.Summary.Asked = "Het is koud in 2.14.\n# geen kop"
	s.Summary.Tried = "- radiator opengedraaid\n- herstart"
	r, err = w.desk.HandOut(t.Context(), sanne, desk.HandOut{Request: r.ID, Seen: r.Version, Team: "techniek", Summary: s.Summary, Tell: true, Key: "k"}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	if r.State != balie.WithTeam || len(r.Handouts) != 1 || !r.Handouts[0].Due.Equal(s.Due) || !r.Promised.Equal(s.Promise.Truncate(time.Second)) {
		t.Errorf("%+v", r)
	}
	letter := w.letterTo(r.ID, "techniek@backoffice.delinde.example")
	for _, want := range []string{"> Het is koud in 2.14.", "- radiator opengedraaid\n- herstart", "2.14", "/h/"} {
		if !strings.Contains(letter.Text, want) {
			t.Errorf("the letter lacks %q:\n%s", want, letter.Text)
		}
	}
	if letter.Side != balie.TeamSide || letter.ID != r.Handouts[0].ID || strings.Contains(letter.Text, "> # geen kop") {
		t.Errorf("letter %+v", letter)
	}
	if word := w.letterTo(r.ID, "jan@klant.example"); !strings.Contains(word.Text, "Techniek") {
		t.Errorf("the customer reads\n%s", word.Text)
	}
}

// Whether the customer is told is decided after the summary was written.
func TestATeamReadsWhetherTheCustomerKnows(t *testing.T) {
	for tell, want := range map[bool]string{true: "De klant heeft bericht gekregen dat jullie het oppakken.", false: "De klant weet nog niet dat jullie het oppakken."} {
		w := newWorld(t)
		r := w.complete()
		s, err := w.desk.Summarise(t.Context(), sanne, r.ID, "techniek", w.now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.desk.HandOut(t.Context(), sanne, desk.HandOut{Request: r.ID, Seen: r.Version, Team: "techniek", Summary: s.Summary, Tell: tell, Key: "k"}, w.now)
		if err != nil {
			t.Fatal(err)
		}
		if letter := w.letterTo(r.ID, "techniek@backoffice.delinde.example"); !strings.Contains(letter.Text, want) {
			t.Errorf("tell %t: the team reads\n%s", tell, letter.Text)
		}
	}
}

func TestAHandOutWithSomethingMissingNeedsAReason(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	product := "klimaat"
	r, _, err := w.desk.Edit(t.Context(), sanne, desk.Edit{Request: r.ID, Product: &product}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	in := desk.HandOut{Request: r.ID, Seen: r.Version, Team: "techniek", Summary: desk.Summary{Asked: "koud"}, Key: "k"}
	var invalid *balie.InvalidError
	if _, err := w.desk.HandOut(t.Context(), sanne, in, w.now); !errors.As(err, &invalid) || invalid.Field != "why" || invalid.Fix == "" {
		t.Fatalf("got %v", err)
	}
	for _, bad := range []func(*desk.HandOut){
		func(h *desk.HandOut) { h.Team = "nergens" }, func(h *desk.HandOut) { h.Summary.Asked = " " }, func(h *desk.HandOut) { h.Due = w.now },
	} {
		h := in
		h.Why = "het is urgent"
		bad(&h)
		if _, err := w.desk.HandOut(t.Context(), sanne, h, w.now); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", h, err)
		}
	}
	in.Why = "het is urgent"
	r, err = w.desk.HandOut(t.Context(), sanne, in, w.now)
	if err != nil || r.State != balie.WithTeam {
		t.Fatalf("%s, %v", r.State, err)
	}
	again, err := w.desk.HandOut(t.Context(), sanne, in, w.now)
	if err != nil || len(again.Handouts) != 1 {
		t.Errorf("a double click: %d hand-outs, %v", len(again.Handouts), err)
	}
}

// The side conversation: the team is written to in the thread of its letter,
// its answer comes to the request, and the customer hears of neither until an
// agent shares it.
func TestTheSideConversationReachesTheCustomerOnlyWhenShared(t *testing.T) {
	w := newWorld(t)
	r, h := w.handedOut()
	before := len(w.deliveries(r.ID))
	w.pass(time.Minute)
	r, err := w.desk.TellTeam(t.Context(), sanne, r.ID, h, "Karim, zie jij dit?", nil, "k", w.now)
	if err != nil {
		t.Fatal(err)
	}
	ask := w.letterTo(r.ID, "techniek@backoffice.delinde.example")
	if len(w.deliveries(r.ID)) != before+1 || ask.Side != balie.TeamSide || ask.Handout != h || len(ask.Thread) == 0 || ask.Text != "Karim, zie jij dit?" {
		t.Fatalf("%+v", ask)
	}
	w.mail("techniek@backoffice.delinde.example", "Re: klimaat", "De klep was *stuk*, half uur werk.", ask.MsgID)
	v := w.view(sanne, r.ID)
	if len(v.Handouts) != 1 || !v.Handouts[0].Waits {
		t.Fatalf("hand-outs %+v", v.Handouts)
	}
	thread := v.Handouts[0].Entries
	said := thread[len(thread)-1].Message
	for _, e := range v.Entries {
		if e.Message != nil && e.Message.Side == balie.TeamSide {
			t.Error("a team's words stand between those of customer and desk")
		}
	}
	quoted, err := w.desk.Share(t.Context(), sanne, r.ID, said.ID, w.now)
	if err != nil || quoted != `> De klep was \*stuk\*, half uur werk.` {
		t.Fatalf("%q, %v", quoted, err)
	}
	if v := w.view(sanne, r.ID); v.Handouts[0].Entries[len(thread)-1].Shared {
		t.Error("shared before anything went out")
	}
	s, err := w.desk.Reply(t.Context(), sanne, desk.Reply{Request: r.ID, Seen: v.Request.Version, Text: "Van Techniek:\n\n" + quoted, Shares: []balie.ID{said.ID}, Key: "s"}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	if v := w.view(sanne, r.ID); !v.Handouts[0].Entries[len(thread)-1].Shared {
		t.Error("not marked as shared")
	}
	if _, err := w.desk.Unsend(t.Context(), sanne, r.ID, s.Message, w.now); err != nil {
		t.Fatal(err)
	}
	if v := w.view(sanne, r.ID); v.Handouts[0].Entries[len(thread)-1].Shared {
		t.Error("marked as shared although it was taken back")
	}
	// What is no team's word cannot be shared.
	if _, err := w.desk.Share(t.Context(), sanne, r.ID, ask.ID, w.now); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("our own letter: %v", err)
	}
}

func TestAWithdrawnTeamIsTold(t *testing.T) {
	w := newWorld(t)
	r, h := w.handedOut()
	var invalid *balie.InvalidError
	if _, err := w.desk.WithdrawHandout(t.Context(), sanne, r.ID, h, " ", w.now); !errors.As(err, &invalid) {
		t.Errorf("without a reason: %v", err)
	}
	w.pass(time.Minute)
	r, err := w.desk.WithdrawHandout(t.Context(), sanne, r.ID, h, "de klant trekt het in", w.now)
	if err != nil || r.State != balie.AtDesk {
		t.Fatalf("%s, %v", r.State, err)
	}
	if l := w.letterTo(r.ID, "techniek@backoffice.delinde.example"); !strings.Contains(l.Text, "de klant trekt het in") {
		t.Errorf("the team reads\n%s", l.Text)
	}
	if again, err := w.desk.WithdrawHandout(t.Context(), sanne, r.ID, h, "x", w.now); err != nil || again.Version != r.Version {
		t.Errorf("twice: %v", err)
	}
}

func TestATeamMemberActsOnItsOwnHandOutOnly(t *testing.T) {
	w := newWorld(t)
	r, h := w.handedOut()
	if err := w.desk.TeamAct(t.Context(), cato, r.ID, h, desk.FinishHandout, "klaar", w.now); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("another team: %v", err)
	}
	if err := w.desk.TeamAct(t.Context(), sanne, r.ID, h, desk.FinishHandout, "klaar", w.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("an agent: %v", err)
	}
	if err := w.desk.TeamAct(t.Context(), tom, r.ID, h, desk.FinishHandout, "klep vervangen", w.now); err != nil {
		t.Fatal(err)
	}
	if now := w.get(r.ID); now.State != balie.AtDesk {
		t.Errorf("state %s", now.State)
	}
}

// S7: what somebody may not see does not exist for them, whatever the act; and
// what their role may not do changes nothing.
func TestS7_EveryActChecksRoleAndObject(t *testing.T) {
	w := newWorld(t)
	r, h := w.handedOut()
	other := w.question()
	ctx, now := t.Context(), w.now
	letter := r.Handouts[0].ID
	subject := "x"
	for name, act := range map[string]func(a desk.Actor, id balie.ID) error{
		"reschedule": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.Reschedule(ctx, a, id, h, true, now)
			return err
		},
		"reply": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.Reply(ctx, a, desk.Reply{Request: id, Text: "x", Anyway: true, Key: "k"}, now)
			return err
		},
		"unsend": func(a desk.Actor, id balie.ID) error { _, err := w.desk.Unsend(ctx, a, id, letter, now); return err },
		"note": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.Note(ctx, a, id, "x", nil, "k", now)
			return err
		},
		"summarise": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.Summarise(ctx, a, id, "techniek", now)
			return err
		},
		"hand out": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.HandOut(ctx, a, desk.HandOut{Request: id, Team: "catering", Anyway: true, Summary: desk.Summary{Asked: "x"}, Key: "k"}, now)
			return err
		},
		"withdraw": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.WithdrawHandout(ctx, a, id, h, "x", now)
			return err
		},
		"tell team": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.TellTeam(ctx, a, id, h, "x", nil, "k", now)
			return err
		},
		"share": func(a desk.Actor, id balie.ID) error { _, err := w.desk.Share(ctx, a, id, letter, now); return err },
		"ask": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.AskMissing(ctx, a, id, nil, 99, "k", now)
			return err
		},
		"edit": func(a desk.Actor, id balie.ID) error {
			_, _, err := w.desk.Edit(ctx, a, desk.Edit{Request: id, Subject: &subject}, now)
			return err
		},
		"assign": func(a desk.Actor, id balie.ID) error {
			_, _, err := w.desk.Assign(ctx, a, id, "sanne", now)
			return err
		},
		"resolve": func(a desk.Actor, id balie.ID) error {
			_, _, err := w.desk.Resolve(ctx, a, id, "phone", now)
			return err
		},
		"close": func(a desk.Actor, id balie.ID) error {
			_, _, err := w.desk.Close(ctx, a, id, balie.Spam, balie.ID{}, "", now)
			return err
		},
		"reopen": func(a desk.Actor, id balie.ID) error { _, err := w.desk.Reopen(ctx, a, id, "", now); return err },
		"plan": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.Plan(ctx, a, id, now.AddDate(0, 0, 1), "", now)
			return err
		},
		"undo": func(a desk.Actor, id balie.ID) error { _, err := w.desk.Undo(ctx, a, id, 1, now); return err },
		"participant": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.AddParticipant(ctx, a, id, balie.ID{}, balie.Address{Scheme: balie.Mail, Value: "a@b.example"}, now)
			return err
		},
		"approve": func(a desk.Actor, id balie.ID) error { _, err := w.desk.Approve(ctx, a, id, 1, now); return err },
		"dismiss": func(a desk.Actor, id balie.ID) error { _, err := w.desk.Dismiss(ctx, a, id, 1, now); return err },
		"join": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.JoinInto(ctx, a, id, other.ID, now)
			return err
		},
		"merge": func(a desk.Actor, id balie.ID) error { _, err := w.desk.Merge(ctx, a, other.ID, id, now); return err },
		"split": func(a desk.Actor, id balie.ID) error { _, err := w.desk.Split(ctx, a, id, letter, now); return err },
		"link": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.Link(ctx, a, id, other.ID, "", now)
			return err
		},
		"judge": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.Judge(ctx, a, id, 2, true, "", now)
			return err
		},
		"call into": func(a desk.Actor, id balie.ID) error {
			_, err := w.desk.LogCall(ctx, a, desk.Call{Key: "k", Channel: "phone", Text: "x", Outcome: desk.CallDesk, Into: id}, now)
			return err
		},
		"draft": func(a desk.Actor, id balie.ID) error { return w.desk.SaveDraft(ctx, a, id, "reply", "x", 1, now) },
	} {
		versions := [2]uint64{w.get(r.ID).Version, w.get(other.ID).Version}
		if err := act(rita, r.ID); !errors.Is(err, balie.ErrDenied) {
			t.Errorf("%s by who may only read: %v", name, err)
		}
		if err := act(sanne, balie.NewID(now)); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("%s on what is not there: %v", name, err)
		}
		if err := act(cato, r.ID); !errors.Is(err, balie.ErrNotFound) && !(name == "call into" && errors.Is(err, balie.ErrDenied)) {
			t.Errorf("%s by another team: %v", name, err)
		}
		if err := act(tom, r.ID); !errors.Is(err, balie.ErrDenied) && !(name == "draft" && err == nil) && !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("%s by the team that has it: %v", name, err)
		}
		if now := [2]uint64{w.get(r.ID).Version, w.get(other.ID).Version}; now != versions {
			t.Errorf("%s: a refused act changed a request", name)
		}
	}
	for _, name := range []string{other.Ref, other.ID.String(), "7K3Q-F", "niets", ""} {
		if _, err := w.desk.Find(ctx, tom, name); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("find %q: %v", name, err)
		}
	}
	for _, name := range []string{r.Ref, strings.ToLower(r.Ref), r.ID.String(), "#" + r.Ref} {
		if id, err := w.desk.Find(ctx, tom, name); err != nil || id != r.ID {
			t.Errorf("find %q: %v", name, err)
		}
	}
}

// S7: a team sees its own thread, and of the customer what the hand-out's
// letter says.
func TestS7_ATeamMemberSeesItsThreadAndNoMore(t *testing.T) {
	w := newWorld(t)
	r, h := w.handedOut()
	if _, err := w.desk.Note(t.Context(), sanne, r.ID, "GEHEIM-NOTITIE", nil, "n", w.now); err != nil {
		t.Fatal(err)
	}
	v, err := w.desk.View(t.Context(), tom, r.ID, w.now)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Entries)+len(v.Deliveries)+len(v.Decisions)+len(v.Related)+len(v.Drafts)+len(v.Recipients) != 0 || v.Request.Subject+v.Request.Preview != "" || v.Request.Fields != nil || !v.Customer.Person.ID.IsZero() {
		t.Errorf("a team member sees %+v", v)
	}
	if len(v.Handouts) != 1 || v.Handouts[0].ID != h || len(v.Handouts[0].Entries) == 0 {
		t.Errorf("hand-outs %+v", v.Handouts)
	}
	full := w.view(sanne, r.ID)
	for _, e := range full.Entries {
		if e.Message == nil {
			continue
		}
		if _, _, err := w.desk.Original(t.Context(), tom, e.Message.ID); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("a team member opens what the customer wrote: %v", err)
		}
	}
	if _, err := w.desk.View(t.Context(), cato, r.ID, w.now); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("another team: %v", err)
	}
}
