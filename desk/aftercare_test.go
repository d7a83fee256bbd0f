package desk_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store/boltstore"
)

// solvedFor is a store with a request that was answered, and its customer.
func solvedFor(t *testing.T) (*boltstore.DB, *desk.Aftercare, balie.Request, balie.Person) {
	t.Helper()
	db, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := balie.Person{ID: balie.NewID(t0), Version: 1, Name: "Fatima", Addresses: []balie.Address{{Scheme: balie.Mail, Value: "f@klant.example"}}}
	c := balie.Change{People: []balie.Person{p}}
	id := balie.NewID(t0)
	do(t, &c, balie.Event{Request: id, What: balie.Opened, At: t0, By: "customer", Data: map[string]string{"ref": id.Ref(0), "channel": "email", "customer": p.ID.String()}},
		balie.Event{What: balie.Answered, At: t0, By: "agent:sanne"})
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	policy := &progress.Policy{Aftercare: progress.Aftercare{Bad: 2, Holds: 30}}
	return db, desk.NewAftercare(db, func() *intake.Brain { return &intake.Brain{Policy: policy} }), c.Request, p
}

func do(t *testing.T, c *balie.Change, events ...balie.Event) {
	t.Helper()
	for _, e := range events {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAScoreIsGivenOnceForEachTimeItWasSolved(t *testing.T) {
	db, a, r, _ := solvedFor(t)
	got, err := a.Rate(t.Context(), r.ID, 2, "Duurde te lang", t0)
	if err != nil || got.Given != 2 || !got.Bad || got.Can {
		t.Fatalf("%+v, %v", got, err)
	}
	again, err := a.Rate(t.Context(), r.ID, 5, "toch goed", t0.Add(time.Hour))
	if err != nil || again.Given != 2 {
		t.Errorf("a second score counts: %+v, %v", again, err)
	}
	events, err := db.Events(t.Context(), r.ID, 0)
	if err != nil || len(events) != 3 || events[2].What != balie.Rated || events[2].Data["score"] != "2" {
		t.Fatalf("%v, %v", events, err)
	}
	m, err := db.Message(t.Context(), events[2].Message)
	if err != nil || m.Text != "Duurde te lang" || m.Side != balie.DeskSide {
		t.Errorf("the remark: %+v, %v", m, err)
	}
	now, err := db.Request(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	c := balie.Change{Request: now}
	do(t, &c, balie.Event{What: balie.Reopened, At: t0.Add(2 * time.Hour), By: "customer"})
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var move *balie.MoveError
	if _, err := a.Rate(t.Context(), r.ID, 5, "", t0.Add(3*time.Hour)); !errors.As(err, &move) {
		t.Errorf("what we work on is rated: %v", err)
	}
	c = balie.Change{Request: c.Request}
	do(t, &c, balie.Event{What: balie.Answered, At: t0.Add(4 * time.Hour), By: "agent:sanne"})
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got, err := a.Rate(t.Context(), r.ID, 5, "", t0.Add(5*time.Hour)); err != nil || got.Given != 5 || got.Bad {
		t.Errorf("solved again: %+v, %v", got, err)
	}
}

func TestAScoreIsGivenInTimeAndIsAScore(t *testing.T) {
	_, a, r, _ := solvedFor(t)
	var invalid *balie.InvalidError
	for _, n := range []int{-1, 0, 6} {
		if _, err := a.Rate(t.Context(), r.ID, n, "", t0); !errors.As(err, &invalid) {
			t.Errorf("a score of %d: %v", n, err)
		}
	}
	var move *balie.MoveError
	if _, err := a.Rate(t.Context(), r.ID, 4, "", t0.AddDate(0, 0, 30)); !errors.As(err, &move) {
		t.Errorf("after 30 days: %v", err)
	}
	if _, err := a.Rate(t.Context(), balie.NewID(t0), 4, "", t0); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("of no request: %v", err)
	}
	if got, err := a.Rate(t.Context(), r.ID, 4, "", t0.AddDate(0, 0, 30).Add(-time.Second)); err != nil || got.Given != 4 {
		t.Errorf("in time: %+v, %v", got, err)
	}
}

func TestS4_WhoWantsNoSurveysSaysSoOnceAndItLeavesATrace(t *testing.T) {
	db, a, _, p := solvedFor(t)
	for range 3 { // a mail program may say it again
		if err := a.SetSurveys(t.Context(), p.ID, false, t0); err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Person(t.Context(), p.ID)
	if err != nil || !got.NoSurveys || got.Version != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	lines, err := db.ListRecords(t.Context(), desk.AuditKind, "", "", false, 0)
	if err != nil || len(lines) != 1 {
		t.Errorf("%d audit lines, %v", len(lines), err)
	}
	if err := a.SetSurveys(t.Context(), balie.NewID(t0), false, t0); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

func TestS13_OfWhoWasErasedNoScoreIsTaken(t *testing.T) {
	db, a, r, p := solvedFor(t)
	if _, err := db.Erase(t.Context(), p.ID, "agent:lex", "AVG", t0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Rate(t.Context(), r.ID, 4, "Ik ben het, Fatima", t0); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("rated: %v", err)
	}
	if err := a.SetSurveys(t.Context(), p.ID, false, t0); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("made a person again: %v", err)
	}
}
