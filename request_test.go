package balie

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var t0 = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// open returns a Change with a request that has just been opened.
func open(t rapid.TB) *Change {
	c := &Change{}
	err := c.Do(Event{Request: NewID(t0), What: Opened, At: t0, By: "customer", Data: map[string]string{
		"ref": "7K3Q-F", "channel": "email", "subject": "Sleutel", "language": "nl"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func handout() *Handout { return &Handout{ID: NewID(t0), Team: "techniek", State: Offered, Opened: t0} }

// The moves of the table, each from each state: what is not listed is refused.
func TestMovesAreThoseOfTheTable(t *testing.T) {
	allowed := map[What][]State{
		ToDesk:           {0, AtDesk, Waiting, WithTeam, Planned, AnsweredState},
		Asked:            {0, AtDesk},
		Answered:         {0, AtDesk, Planned},
		HandedOut:        {0, AtDesk, WithTeam},
		HandoutDone:      {WithTeam},
		HandoutRefused:   {WithTeam},
		HandoutReturned:  {WithTeam},
		HandoutWithdrawn: {WithTeam},
		HandoutAccepted:  {WithTeam},
		PlannedFor:       {AtDesk, WithTeam},
		Resumed:          {Planned},
		Replied:          {Waiting},
		Reopened:         {AnsweredState, Closed},
		Confirmed:        {AnsweredState},
		Lapsed:           {AnsweredState},
		Unanswered:       {Waiting},
		ClosedAs:         {0, AtDesk, Waiting, WithTeam, Planned, AnsweredState},
		Undone:           {Closed},
		Unsent:           {AtDesk, Waiting, WithTeam, Planned, AnsweredState, Closed},
	}
	for what, from := range allowed {
		for s := State(0); s <= Closed; s++ {
			c := inState(t, s)
			e := event(what, c.Request)
			err := c.Do(e)
			want := false
			for _, f := range from {
				want = want || f == s
			}
			if want && err != nil {
				t.Errorf("%s from %s: %v", what, s, err)
			}
			var move *MoveError
			if !want && !errors.As(err, &move) {
				t.Errorf("%s from %s: got %v, want a *MoveError", what, s, err)
			}
		}
	}
	if len(allowed) != len(moves) {
		t.Errorf("the test knows %d moves, the table has %d", len(allowed), len(moves))
	}
}

func inState(t rapid.TB, s State) *Change {
	c := open(t)
	path := map[State][]Event{
		0: nil, AtDesk: {{What: ToDesk}}, Waiting: {{What: Asked}}, WithTeam: {{What: HandedOut, Handout: handout()}},
		Planned: {{What: ToDesk}, {What: PlannedFor}}, AnsweredState: {{What: Answered}},
		Closed: {{What: Answered}, {What: Confirmed}},
	}
	for _, e := range path[s] {
		e.At, e.By = t0, "agent:sanne"
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	if c.Request.State != s {
		t.Fatalf("state %s, want %s", c.Request.State, s)
	}
	return c
}

func event(what What, r Request) Event {
	e := Event{What: what, At: t0, By: "agent:sanne", Data: map[string]string{"outcome": "spam", "state": "desk", "preview": "het lekt"}}
	if what == HandedOut {
		e.Handout = handout()
	}
	if len(r.Handouts) > 0 {
		e.Data["handout"] = r.Handouts[0].ID.String()
	}
	return e
}

// Whatever happens to a request, folding its events again gives the same one,
// and what must hold of every request holds.
func TestRequestIsTheFoldOfItsEvents(t *testing.T) {
	whats := []What{ToDesk, Asked, Answered, HandedOut, HandoutAccepted, HandoutDone, HandoutRefused, HandoutReturned,
		HandoutWithdrawn, PlannedFor, Resumed, Replied, Reopened, Confirmed, Lapsed, Unanswered, ClosedAs, Undone,
		Unsent, Told, TeamSaid, Received, Noted, Tagged, Filled, Edited, Joined, Sent}
	rapid.Check(t, func(t *rapid.T) {
		c := open(t)
		at := t0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			at = at.Add(time.Minute)
			e := event(rapid.SampledFrom(whats).Draw(t, "what"), c.Request)
			e.At = at
			e.By = rapid.SampledFrom([]string{"router@1", "agent:sanne", "customer"}).Draw(t, "by")
			if hs := c.Request.OpenHandouts(); len(hs) > 0 {
				e.Data["handout"] = rapid.SampledFrom(hs).Draw(t, "handout").ID.String()
			}
			before := c.Request
			if err := c.Do(e); err != nil && !reflect.DeepEqual(before, c.Request) {
				t.Fatalf("a refused %s changed the request", e.What)
			}
			invariants(t, c.Request)
		}
		var again Request
		for _, e := range c.Events {
			var err error
			if again, err = again.Apply(e); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(again, c.Request) {
			t.Fatalf("folded again\n got %+v\nwant %+v", again, c.Request)
		}
	})
}

func invariants(t *rapid.T, r Request) {
	open := len(r.OpenHandouts())
	if r.State == WithTeam && open == 0 {
		t.Fatal("with a team, but nobody has it")
	}
	if r.State == Closed && (open > 0 || !r.Next.IsZero() || r.Outcome == "") {
		t.Fatalf("closed with %d open hand-outs, next %v, outcome %q", open, r.Next, r.Outcome)
	}
	if r.State != Closed && r.Outcome != "" {
		t.Fatalf("%s with outcome %q", r.State, r.Outcome)
	}
}

func TestTheRouterNeverAnswersAComplaint(t *testing.T) {
	c := open(t)
	if err := c.Do(Event{What: Edited, At: t0, Data: map[string]string{"kind": "complaint"}}); err != nil {
		t.Fatal(err)
	}
	var move *MoveError
	if err := c.Do(Event{What: Answered, At: t0, By: "router@3"}); !errors.As(err, &move) {
		t.Fatalf("got %v, want a *MoveError", err)
	}
	if err := c.Do(Event{What: Answered, At: t0, By: "agent:sanne"}); err != nil {
		t.Fatalf("an agent may: %v", err)
	}
}

func TestTheRouterAsksTwiceThenAPersonLooks(t *testing.T) {
	c := open(t)
	for range MaxRounds {
		for _, w := range []What{Asked, Replied} {
			if err := c.Do(Event{What: w, At: t0, By: "router@1"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var move *MoveError
	if err := c.Do(Event{What: Asked, At: t0, By: "router@1"}); !errors.As(err, &move) {
		t.Fatalf("got %v, want a *MoveError", err)
	}
}

func TestAnOlderVersionIsStale(t *testing.T) {
	c := open(t)
	if _, err := c.Request.Apply(Event{Seq: 1, What: ToDesk, At: t0}); !errors.Is(err, ErrStale) {
		t.Fatalf("got %v, want ErrStale", err)
	}
}

func TestUndoTakesACloseBack(t *testing.T) {
	c := inState(t, Waiting)
	for _, e := range []Event{{What: ClosedAs, Data: map[string]string{"outcome": "spam"}}, {What: Undone}} {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	if c.Request.State != Waiting || c.Request.Outcome != "" {
		t.Fatalf("got %s %q, want waiting again", c.Request.State, c.Request.Outcome)
	}
}

// A moment is stored in UTC, whatever zone reckoned it.
func TestTimesAreStoredInUTC(t *testing.T) {
	amsterdam := time.FixedZone("CET", 3600)
	c := open(t)
	h := handout()
	h.Due = t0.In(amsterdam)
	if err := c.Do(Event{What: HandedOut, At: t0.In(amsterdam), Next: t0.In(amsterdam), Handout: h}); err != nil {
		t.Fatal(err)
	}
	r, e := c.Request, c.Events[1]
	for name, at := range map[string]time.Time{"at": e.At, "next": e.Next, "due": r.Handouts[0].Due, "changed": r.Changed, "request next": r.Next} {
		if at.Location() != time.UTC || !at.Equal(t0) {
			t.Errorf("%s is %v", name, at)
		}
	}
}

// What the customer last wrote stands in lists, and who spoke last; what the
// desk or a team says leaves the customer's words where they are.
func TestListsShowTheCustomersLastWords(t *testing.T) {
	c := open(t)
	at := t0
	say := func(what What, by, preview string) {
		t.Helper()
		at = at.Add(time.Minute)
		e := Event{What: what, At: at, By: by, Data: map[string]string{"handout": ""}}
		if preview != "" {
			e.Data["preview"] = preview
		}
		if len(c.Request.Handouts) > 0 {
			e.Data["handout"] = c.Request.Handouts[0].ID.String()
		}
		if what == HandedOut {
			e.Handout = handout()
		}
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		what        What
		by, preview string
		spoke       Side
		shows       string
		responded   bool
	}{
		{ToDesk, "router@1", "", CustomerSide, "", false},
		{Told, "router@1", "", DeskSide, "", false}, // a receipt is no response
		{Received, "customer", "het lekt nog", CustomerSide, "het lekt nog", false},
		{HandedOut, "agent:sanne", "", CustomerSide, "het lekt nog", false},
		{TeamSaid, "team:techniek", "geheim", TeamSide, "het lekt nog", false},
		{Told, "agent:sanne", "", DeskSide, "het lekt nog", true},
		{Noted, "agent:sanne", "", DeskSide, "het lekt nog", true},
	} {
		say(step.what, step.by, step.preview)
		r := c.Request
		if r.Spoke != step.spoke || r.Preview != step.shows || r.Responded.IsZero() == step.responded {
			t.Fatalf("after %s by %s: spoke %d, preview %q, responded %v", step.what, step.by, r.Spoke, r.Preview, r.Responded)
		}
	}
}

// An out-of-office reply is nobody speaking.
func TestAMachineSaysNothing(t *testing.T) {
	c := inState(t, AtDesk)
	before := c.Request
	if err := c.Do(Event{What: Received, At: t0.Add(time.Hour), By: "customer", Data: map[string]string{"auto": "auto-reply", "preview": "Ik ben er niet"}}); err != nil {
		t.Fatal(err)
	}
	if r := c.Request; r.Spoke != before.Spoke || r.SpokeAt != before.SpokeAt || r.Preview != before.Preview {
		t.Errorf("spoke %d at %v, preview %q", r.Spoke, r.SpokeAt, r.Preview)
	}
}

// A reply that did not go out leaves no trace in state, clocks and lists.
func TestUnsentIsAsIfItHadNotBeenWritten(t *testing.T) {
	for _, what := range []What{Told, Asked, Answered} {
		c := inState(t, AtDesk)
		before := c.Request
		if err := c.Do(Event{What: what, At: t0.Add(time.Minute), By: "agent:sanne", Data: map[string]string{"fields": "kamer"}}); err != nil {
			t.Fatal(err)
		}
		if err := c.Do(Event{What: Unsent, At: t0.Add(2 * time.Minute), By: "agent:sanne", Data: before.Standing()}); err != nil {
			t.Fatal(err)
		}
		after := c.Request
		after.Version, after.Changed = before.Version, before.Changed
		if !reflect.DeepEqual(after, before) {
			t.Errorf("%s taken back\n got %+v\nwant %+v", what, after, before)
		}
	}
}

// An agent who opens a request again said nothing for the customer.
func TestReopenedByAnAgentIsNobodysWord(t *testing.T) {
	c := inState(t, Closed)
	spoke := c.Request.Spoke
	if err := c.Do(Event{What: Reopened, At: t0, By: "agent:sanne"}); err != nil || c.Request.Spoke != spoke || c.Request.State != AtDesk {
		t.Errorf("%+v, %v", c.Request, err)
	}
}

func TestAFieldCanBeEmptiedAgain(t *testing.T) {
	c := inState(t, AtDesk)
	for _, v := range []string{"3.08", ""} {
		if err := c.Do(Event{What: Filled, At: t0, By: "agent:sanne", Data: map[string]string{"kamer": v}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, there := c.Request.Fields["kamer"]; there {
		t.Errorf("fields %v", c.Request.Fields)
	}
}
