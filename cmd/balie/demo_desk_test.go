package main

import (
	"slices"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// The desk of the demo is played by real acts: one that is refused, or a view
// that stays empty, would leave a visitor with an error or with nothing to see.
func TestDemo_TheDeskHasWorkInEveryView(t *testing.T) {
	s := openSite(t, []question{})
	if err := s.openDesk(t.Context()); err != nil {
		t.Fatal(err)
	}
	var rows []desk.Row
	s.until("the overview has all of it", s.app.overview.Changed, func() (bool, error) {
		p, err := s.app.overview.Page(t.Context(), setup, desk.Query{}, "", 1000, time.Now())
		rows = p.Rows
		return len(rows) >= 15, err
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
