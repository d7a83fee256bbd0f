package balie

import (
	"testing"
	"time"
)

// What stood still is counted from the moves: while the customer is asked, and
// between an answer and its being opened again.
func TestAPauseLastsAsLongAsTheCustomerIsAsked(t *testing.T) {
	c := inState(t, AtDesk)
	at := func(m int) time.Time { return t0.Add(time.Duration(m) * time.Minute) }
	for _, e := range []Event{
		{What: Asked, At: at(10), By: "agent:sanne", Data: map[string]string{"fields": "kamer"}},
		{What: Noted, At: at(15), By: "agent:sanne"},
		{What: Replied, At: at(30), By: "customer"},
		{What: Answered, At: at(40), By: "agent:sanne"},
		{What: Lapsed, At: at(50), By: "timer"},
		{What: Reopened, At: at(70), By: "customer"},
	} {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
		if e.What == Lapsed && !c.Request.Solved.Equal(at(40)) {
			t.Errorf("solved at %s, want when it was answered", c.Request.Solved)
		}
	}
	r := c.Request
	want := []Pause{{at(10), at(30), ForCustomer}, {at(40), at(70), AfterAnswer}}
	if len(r.Pauses) != 2 || r.Pauses[0] != want[0] || r.Pauses[1] != want[1] || r.Paused() || !r.Solved.IsZero() {
		t.Errorf("%+v, solved %s", r.Pauses, r.Solved)
	}
}

// A close that is taken back stopped no clock.
func TestACloseTakenBackIsNoPause(t *testing.T) {
	c := inState(t, AtDesk)
	before := c.Request
	for _, e := range []Event{
		{What: ClosedAs, At: t0.Add(time.Hour), By: "agent:sanne", Data: map[string]string{"outcome": "spam"}},
		{What: Undone, At: t0.Add(2 * time.Hour), By: "agent:sanne", Data: before.Standing()},
	} {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.Request.Pauses) != 0 || !c.Request.Solved.IsZero() {
		t.Errorf("%+v", c.Request)
	}
}

// A letter that came to nothing is on the request until one arrives; what
// happens to a team's letter is not the customer's.
func TestALetterThatCameToNothingIsSeen(t *testing.T) {
	c := inState(t, AtDesk)
	do := func(what What, data map[string]string) {
		t.Helper()
		if err := c.Do(Event{What: what, At: t0, By: "dispatch", Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	do(Undelivered, map[string]string{"side": OtherSide})
	do(Bounced, map[string]string{"hard": "false"})
	if !c.Request.Failed.IsZero() {
		t.Error("a team's letter or a delay is no failure")
	}
	if do(Bounced, map[string]string{"hard": "true"}); c.Request.Failed.IsZero() {
		t.Error("a hard bounce is not seen")
	}
	if do(Sent, nil); !c.Request.Failed.IsZero() {
		t.Error("still failed after one arrived")
	}
}

// What was set off is known, and bounded.
func TestTimersThatFiredAreKnown(t *testing.T) {
	c := inState(t, AtDesk)
	for range 2 * FiredLimit {
		if err := c.Do(Event{What: Fired, At: t0, By: "timer", Data: map[string]string{"timer": "overdue", "cause": "resolution"}}); err != nil {
			t.Fatal(err)
		}
	}
	if r := c.Request; len(r.Fired) != FiredLimit || !r.HasFired("overdue", "resolution") || r.HasFired("overdue", "handout") {
		t.Errorf("%d, %v", len(r.Fired), r.Fired)
	}
}
