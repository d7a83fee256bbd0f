package report

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// Whatever happened, the flow of a book is that of its facts one by one, its
// three columns are those of the factsheet, and it loses nobody.
func TestTheFlowOfABookIsThatOfItsFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDesk(t)
		at := deskBegan
		var stories []*story
		for range rapid.IntRange(1, 7).Draw(t, "rounds") {
			at = at.Add(time.Duration(rapid.IntRange(60, 40*60*60).Draw(t, "seconds later")) * time.Second)
			s := newStory(at, rapid.SampledFrom([]string{"email", "phone", "form"}).Draw(t, "channel"), "sleutel", true)
			s.begin(t)
			stories = append(stories, s)
			for _, s := range stories {
				s.at = at
				s.step(t)
				if c, some := s.take(); some {
					d.commit(c)
				}
			}
		}
		d.catchUp()
		zone := amsterdam(t)
		p := rapid.SampledFrom([]func(time.Time, *time.Location) Period{WeekOf, MonthOf, YearOf}).Draw(t, "span")(at, zone)
		scope := rapid.SampledFrom([]Scope{{}, {}, {Channel: "email"}, {Team: "techniek"}, {Product: "none"}}).Draw(t, "scope")
		got, err := d.book.FlowOf(t.Context(), p, scope)
		if err != nil {
			t.Fatal(err)
		}
		want := &FlowSum{}
		for f, err := range d.book.Facts(t.Context(), p, scope) {
			if err != nil {
				t.Fatal(err)
			}
			want.Add(f)
		}
		sameFlow(t, "full", got.Full(2), want.Full(2))
		sameFlow(t, "sheet", got.Sheet(), want.Sheet())
		sameFlow(t, "factsheet", got.Sheet(), d.sheet(Plan{}, p, scope, at.Add(time.Hour)).Flow)
	})
}

func sameFlow(t *rapid.T, name string, got, want Flow) {
	if got.Total != want.Total || !slices.Equal(got.Nodes, want.Nodes) || !slices.EqualFunc(got.Edges, want.Edges, func(a, b FlowEdge) bool {
		a.Median, b.Median = 0, 0 // a factsheet has none
		return a == b
	}) {
		t.Fatalf("%s: %+v\nwant %+v", name, got, want)
	}
}

// A desk that hands out what its rules gave it, over a real store: folded from
// events, that is one difference, with the number of requests.
func TestWhatTheDeskDidByHandIsFoundInEvents(t *testing.T) {
	d := newDesk(t)
	at := deskBegan
	handOut := func(s *story, by, team string) {
		e := balie.Event{What: balie.HandedOut, By: by, Handout: &balie.Handout{ID: balie.NewID(s.at), Team: team, State: balie.Offered, Opened: s.at}}
		if by != "agent:sanne" {
			e.Decision = &balie.Decision{Rule: "owner", Ruleset: 3, Matched: []string{"owner"}}
		}
		s.tell(e)
	}
	for i := range 30 {
		at = at.Add(time.Minute)
		s := newStory(at, "email", "sleutel", true)
		switch {
		case i < 12: // the desk hands out by hand
			s.tell(balie.Event{What: balie.ToDesk, By: "router@3", Decision: &balie.Decision{Rule: "unsure", Ruleset: 3, Matched: []string{"unsure"}}})
			s.at = at.Add(time.Hour)
			handOut(s, "agent:sanne", "techniek")
		case i < 20: // the desk answers
			s.tell(balie.Event{What: balie.ToDesk, By: "router@3", Decision: &balie.Decision{Rule: "unsure", Ruleset: 3, Matched: []string{"unsure"}}})
			s.at = at.Add(time.Hour)
			s.tell(balie.Event{What: balie.Answered, By: "agent:sanne"})
		default: // a rule asks, and hands out what it was told
			s.tell(balie.Event{What: balie.Asked, By: "router@3", Data: map[string]string{"fields": "room"}, Decision: &balie.Decision{Rule: "incomplete", Ruleset: 3, Matched: []string{"incomplete"}}})
			s.at = at.Add(2 * time.Hour)
			s.tell(balie.Event{What: balie.Replied, By: "customer"})
			handOut(s, "router@3", "techniek")
		}
		c, _ := s.take()
		d.commit(c)
	}
	d.catchUp()
	design := Design{Version: 3, sends: map[string]bool{"techniek": true}}
	for i, r := range []struct{ id, goes string }{{"incomplete", GoesCustomer}, {"owner", GoesOwner}, {"unsure", GoesDesk}} {
		rule := DesignRule{Goes: r.goes}
		rule.ID, rule.Place = r.id, i+1
		design.Rules = append(design.Rules, rule)
	}
	r, err := d.book.Flow(t.Context(), MonthOf(at, amsterdam(t)), Scope{}, design, nil, at)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Difference{{Kind: HandedByHand, Rule: "unsure", Team: "techniek", Count: 12, Of: 20}}; !slices.Equal(r.Differences, want) {
		t.Errorf("%+v, want %+v", r.Differences, want)
	}
	if n, _ := r.Happened.Node("holder:desk"); n.Count != 20 || n.Waited.Round(time.Minute) != time.Hour {
		t.Errorf("the desk: %+v", n)
	}
	if n, _ := r.Happened.Node("holder:customer"); n.Count != 10 || n.Waited.Round(10*time.Minute) != 2*time.Hour {
		t.Errorf("the customer: %+v", n)
	}
	if got := r.Taken["unsure"]; got != (Taken{Count: 20, Of: 20, Made: 40}) {
		t.Errorf("taken: %+v", got)
	}
}
