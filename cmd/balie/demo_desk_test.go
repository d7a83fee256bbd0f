package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store"
)

// The desk of the demo is played by real acts: one that is refused, or a view
// that stays empty, would leave a visitor with an error or with nothing to see.
func TestDemo_TheDeskHasWorkInEveryView(t *testing.T) {
	s := openSite(t, []question{})
	if err := s.openDesk(t.Context()); err != nil {
		t.Fatal(err)
	}
	open := []balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.Planned, balie.AnsweredState}
	want, err := s.db.Count(t.Context(), store.Filter{States: open})
	if err != nil || want < 12 {
		t.Fatalf("%d requests are open, %v", want, err)
	}
	var rows []desk.Row
	s.until("the overview has all of it", s.app.overview.Changed, func() (bool, error) {
		p, err := s.app.overview.Page(t.Context(), setup, desk.Query{}, "", 1000, time.Now())
		rows = p.Rows
		return len(rows) == want, err
	})
	has := func(what string, is func(balie.Request) bool) {
		t.Helper()
		if !slices.ContainsFunc(rows, func(row desk.Row) bool { return is(row.Request) }) {
			t.Errorf("nothing in the demo is %s", what)
		}
	}
	has("unassigned", func(r balie.Request) bool { return r.Assignee == "" })
	has("somebody's", func(r balie.Request) bool { return r.Assignee == "sanne" })
	has("at a team", func(r balie.Request) bool { return r.State == balie.WithTeam })
	has("waiting for a customer", func(r balie.Request) bool { return r.State == balie.Waiting })
	if s.first == "" || len(s.people) < 6 {
		t.Errorf("a visitor gets %d people and the link %q", len(s.people), s.first)
	}
}

// What the engine did in the past of the demo is what its board, its timelines
// and its figures tell.
func TestDemo_ThePastWasGuarded(t *testing.T) {
	s := openSite(t, []question{})
	if err := s.openDesk(t.Context()); err != nil {
		t.Fatal(err)
	}
	fired := func(question string) map[string]string {
		t.Helper()
		events, err := s.db.Events(t.Context(), s.about(question).ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		did := map[string]string{}
		for _, e := range events {
			if e.What == balie.Fired {
				did[e.Data["timer"]] += e.Data["did"] + ";"
			}
		}
		return did
	}
	for _, want := range []struct{ question, timer, did string }{
		{"w-kast", "delay", "told"},
		{"w-luifel", "handout_overdue", "asked for a status"},
		{"w-stempel", "reminder", "told the customer"},
		{"p-zonder", "unanswered", "closed"},
		{"p-kraan", "aftercare", "asked"},
		{"p-boos", "scored_badly", "call-back"},
	} {
		if did := fired(want.question)[want.timer]; !strings.Contains(did, want.did) {
			t.Errorf("of %s the timer %s did %q, want %s", want.question, want.timer, did, want.did)
		}
	}
	if r := s.about("w-kast"); !slices.ContainsFunc(r.Fired, func(f string) bool { return strings.HasPrefix(f, "delay:") }) || slices.ContainsFunc(r.Fired, func(f string) bool { return strings.HasPrefix(f, "overdue:resolution:") }) {
		t.Errorf("the customer was not told before it was late: %v", r.Fired)
	}
	if a, b := s.about("p-lift").Score, s.about("p-boos").Score; a != 5 || b != 1 {
		t.Errorf("the scores are %d and %d", a, b)
	}
	if r := s.about("p-boos"); !slices.Contains(r.Tags, progress.CallBackTag) {
		t.Errorf("nobody is to ring who is unhappy: %v", r.Tags)
	}
}
