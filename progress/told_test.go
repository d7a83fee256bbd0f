package progress_test

import (
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/progress"
)

// What is noted on a request that is done gives it no new time to be reopened.
func TestTheTimeToReopenRunsFromTheCloseOn(t *testing.T) {
	at := func(day int) time.Time { return surveyed.AddDate(0, 0, day) }
	var c balie.Change
	do := func(e balie.Event) {
		t.Helper()
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	days := hours.Calendar{} // every day is an opening day
	weeks := &progress.Policy{Closing: progress.Closing{Solved: 5, Reopen: 10}}
	until := func(p *progress.Policy) time.Time { return p.ReopensUntil(c.Request, c.Events, days, 3) }

	do(balie.Event{Request: balie.NewID(surveyed), What: balie.Opened, At: at(0), By: "customer", Data: map[string]string{"ref": "X"}})
	if got := until(weeks); !got.IsZero() {
		t.Errorf("open: %v", got)
	}
	do(balie.Event{What: balie.Answered, At: at(1), By: "agent:x"})
	if got := until(weeks); !got.IsZero() {
		t.Errorf("answered, and not closed yet: %v", got)
	}
	if got := until(nil); !got.Equal(at(4)) {
		t.Errorf("where nothing closes by itself: %v, want three days after the answer", got)
	}
	do(balie.Event{What: balie.Lapsed, At: at(6), By: "timer"})
	do(balie.Event{What: balie.Rated, At: at(9), By: "customer", Data: map[string]string{"score": "4"}})
	do(balie.Event{What: balie.Noted, At: at(12), By: "agent:x"})
	if got := until(weeks); !got.Equal(at(16)) {
		t.Errorf("closed on the sixth: %v, want the sixteenth", got)
	}
	if got := until(&progress.Policy{}); !got.Equal(at(9)) {
		t.Errorf("as configured: %v, want the ninth", got)
	}
}

// Who is asked something does not lose the time in which we waited for them.
func TestWhatWasToldMovesWithWhatStoodStill(t *testing.T) {
	at := func(hour int) time.Time { return surveyed.Add(time.Duration(hour) * time.Hour) }
	s := progress.Setting{}
	r := balie.Request{Opened: at(0), State: balie.AtDesk}
	if got := s.Told(r); !got.IsZero() {
		t.Errorf("told nothing: %v", got)
	}
	r.Promised, r.PromisedAt = at(10), at(1)
	r.Pauses = []balie.Pause{{From: at(2), To: at(5), Why: balie.ForCustomer}}
	if got := s.Told(r); !got.Equal(at(13)) {
		t.Errorf("three hours later than %v: %v", at(10), got)
	}
	r.PromisedAt = at(6) // it was said after the pause
	if got := s.Told(r); !got.Equal(at(10)) {
		t.Errorf("said since: %v", got)
	}
}
