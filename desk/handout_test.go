package desk_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/store/boltstore"
)

var t0 = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// handedOut is a store with one request that two teams have.
func handedOut(t *testing.T) (db *boltstore.DB, r balie.Request, first, second balie.ID) {
	t.Helper()
	db, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	id := balie.NewID(t0)
	first, second = balie.NewID(t0), balie.NewID(t0)
	c := balie.Change{}
	for _, e := range []balie.Event{
		{Request: id, What: balie.Opened, At: t0, By: "customer", Data: map[string]string{"ref": id.Ref(0), "channel": "email"}},
		{What: balie.HandedOut, At: t0, By: "router@1", Handout: &balie.Handout{ID: first, Team: "techniek", To: balie.Address{Scheme: balie.Mail, Value: "t@x.example"}, State: balie.Offered, Opened: t0}},
		{What: balie.HandedOut, At: t0, By: "router@1", Handout: &balie.Handout{ID: second, Team: "catering", State: balie.Offered, Opened: t0}},
	} {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	c.Messages = []balie.Message{
		{ID: balie.NewID(t0), Request: id, Side: balie.CustomerSide, Direction: balie.In, Text: "secret of the customer", At: t0},
		{ID: first, Request: id, Handout: first, Side: balie.TeamSide, Direction: balie.Out, Text: "letter to techniek", At: t0},
		{ID: second, Request: id, Handout: second, Side: balie.TeamSide, Direction: balie.Out, Text: "letter to catering", At: t0},
	}
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return db, c.Request, first, second
}

func acts(db *boltstore.DB) *desk.Handouts { return desk.NewHandouts(db, hours.Calendar{}, time.Hour) }

func TestATeamSeesItsOwnThreadOnly(t *testing.T) {
	db, _, first, second := handedOut(t)
	h := acts(db)
	if err := h.Act(t.Context(), second, desk.AskDesk, "Mag het ook vegan?", t0); err != nil {
		t.Fatal(err)
	}
	v, err := h.Open(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Thread) != 1 || v.Thread[0].Text != "letter to techniek" {
		t.Errorf("techniek sees %+v", v.Thread)
	}
}

func TestTheLastTeamToFinishBringsTheRequestBackToTheDesk(t *testing.T) {
	db, r, first, second := handedOut(t)
	h := acts(db)
	for _, step := range []struct {
		id    balie.ID
		act   string
		state balie.State
	}{{first, desk.AcceptHandout, balie.WithTeam}, {first, desk.FinishHandout, balie.WithTeam}, {second, desk.RefuseHandout, balie.AtDesk}} {
		if err := h.Act(t.Context(), step.id, step.act, "klep vervangen", t0); err != nil {
			t.Fatal(err)
		}
		now, err := db.Request(t.Context(), r.ID)
		if err != nil || now.State != step.state {
			t.Fatalf("after %s: %s, want %s (%v)", step.act, now.State, step.state, err)
		}
	}
	if ds, err := db.Deliveries(t.Context(), r.ID); err != nil || len(ds) != 0 {
		t.Errorf("a team's words went out: %+v, %v", ds, err)
	}
}

func TestADoubleClickIsOneAct(t *testing.T) {
	db, r, first, _ := handedOut(t)
	h := acts(db)
	for range 3 {
		if err := h.Act(t.Context(), first, desk.FinishHandout, "klaar", t0); err != nil {
			t.Fatal(err)
		}
	}
	ms, err := db.Messages(t.Context(), r.ID)
	if err != nil || len(ms) != 4 {
		t.Errorf("%d messages, want 4 (%v)", len(ms), err)
	}
}

func TestWhatCannotBeDoneIsRefusedAndChangesNothing(t *testing.T) {
	db, r, first, _ := handedOut(t)
	h := acts(db)
	var invalid *balie.InvalidError
	if err := h.Act(t.Context(), first, desk.FinishHandout, "  ", t0); !errors.As(err, &invalid) {
		t.Errorf("done without words: %v", err)
	}
	if err := h.Act(t.Context(), first, "close", "x", t0); !errors.As(err, &invalid) {
		t.Errorf("an unknown act: %v", err)
	}
	if err := h.Act(t.Context(), balie.NewID(t0), desk.FinishHandout, "x", t0); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("another hand-out: %v", err)
	}
	if now, err := db.Request(t.Context(), r.ID); err != nil || now.Version != r.Version {
		t.Errorf("the request changed: %+v, %v", now, err)
	}
	if err := h.Act(t.Context(), first, desk.FinishHandout, "klaar", t0); err != nil {
		t.Fatal(err)
	}
	var move *balie.MoveError
	if err := h.Act(t.Context(), first, desk.RefuseHandout, "toch niet", t0); !errors.As(err, &move) {
		t.Errorf("refused after done: %v", err)
	}
}

func TestATeamSaysHowItStandsAndNothingMovesForTheCustomer(t *testing.T) {
	db, r, first, _ := handedOut(t)
	h := acts(db)
	eta := t0.Add(48 * time.Hour)
	late := desk.HandoutAct{Act: desk.LaterThanDue, Until: eta, Words: "De klep is besteld"}
	for range 2 { // a double click
		if err := h.Do(t.Context(), first, late, desk.Actor{}, t0.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	now, err := db.Request(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	ho, _ := now.Handout(first)
	if ho.State != balie.Accepted || !ho.Said.Equal(t0.Add(time.Minute)) || !ho.Due.IsZero() || !now.Promised.IsZero() || now.State != balie.WithTeam {
		t.Errorf("the hand-out is %+v, the request %v promised %v", ho, now.State, now.Promised)
	}
	events, err := db.Events(t.Context(), r.ID, r.Version)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d events, %v: want accepted and said", len(events), err)
	}
	said := events[1]
	if said.What != balie.TeamSaid || said.Data["status"] != "later" || said.Data["eta"] != eta.Format(time.RFC3339) || said.Message.IsZero() {
		t.Errorf("%+v", said)
	}
	fine := desk.HandoutAct{Act: desk.OnSchedule}
	for _, at := range []time.Time{t0.Add(time.Hour), t0.Add(2 * time.Hour), t0.AddDate(0, 0, 1)} {
		if err := h.Do(t.Context(), first, fine, desk.Actor{}, at); err != nil {
			t.Fatal(err)
		}
	}
	if events, err = db.Events(t.Context(), r.ID, said.Seq); err != nil || len(events) != 2 {
		t.Errorf("%d events, %v: want one for each day", len(events), err)
	}
}

func TestLaterNeedsAMomentToComeAndAnOpenHandOut(t *testing.T) {
	db, _, first, _ := handedOut(t)
	h := acts(db)
	var invalid *balie.InvalidError
	for _, until := range []time.Time{{}, t0, t0.AddDate(2, 0, 0)} {
		if err := h.Do(t.Context(), first, desk.HandoutAct{Act: desk.LaterThanDue, Until: until}, desk.Actor{}, t0); !errors.As(err, &invalid) || invalid.Field != "until" {
			t.Errorf("until %v: %v", until, err)
		}
	}
	if err := h.Act(t.Context(), first, desk.FinishHandout, "klaar", t0); err != nil {
		t.Fatal(err)
	}
	var move *balie.MoveError
	if err := h.Do(t.Context(), first, desk.HandoutAct{Act: desk.OnSchedule}, desk.Actor{}, t0); !errors.As(err, &move) {
		t.Errorf("of what is done: %v", err)
	}
}
