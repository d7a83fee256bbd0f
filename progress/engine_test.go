package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
)

// A Tuesday, with four weeks without holidays behind it.
const tuesday = "2026-09-08 09:00"

func begin(t testing.TB, policy string) *desk {
	d := newDesk(t, policy, time.Time{})
	d.now = d.at(tuesday)
	return d
}

func TestR12_ABrokenPromiseIsSaidBeforeAndAfter(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	id := d.ask(question{product: ""})
	d.now = d.at("2026-09-08 10:00")
	d.do(id, balie.Event{What: balie.Told}) // an agent's word: the response is met
	d.until(p, d.at("2026-09-10 12:00"))
	// Sixteen hours from Tuesday 9:00 in days of nine and a half: 90 % is at
	// Wednesday 13:54, all of it 15:30. Nothing was heard since Tuesday 10:00,
	// but for the letter at 13:54.
	diff(t, "went off", d.fired(id, "due", "held"), []string{
		"due_soon|2026-09-09T09:30:00Z|", "delay|2026-09-09T11:54:00Z|", "overdue|2026-09-09T13:30:00Z|"})
	diff(t, "told", d.told(id), []string{"delay"})
	if r := d.request(id); !r.Heard.Equal(d.at("2026-09-09 13:54")) || r.State != balie.AtDesk {
		t.Errorf("heard %s, state %s", r.Heard, r.State)
	}
	for _, e := range d.events(id) {
		if e.What == balie.Told && e.By == By {
			m := d.message(e.Message)
			if !strings.Contains(m.Text, "uiterlijk") || !strings.Contains(m.Text, "9 september") || m.To[0].Value != "klant1@akker.example" {
				t.Errorf("to %v:\n%s", m.To, m.Text)
			}
		}
	}
}

func TestR12_WhoIsAskedIsRemindedAndThenClosed(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	id := d.ask(question{})
	d.do(id, balie.Event{What: balie.Asked, Data: map[string]string{"fields": "room"}})
	d.until(p, d.at("2026-09-30 09:00"))
	diff(t, "went off", d.fired(id, "cause", "due"), []string{
		"reminder|asked:1/1|2026-09-10T07:00:00Z", "reminder|asked:1/2|2026-09-15T07:00:00Z", "unanswered|asked:1/3|2026-09-18T07:00:00Z"})
	diff(t, "told", d.told(id), []string{"reminder", "reminder", "closed"})
	if r := d.request(id); r.State != balie.Closed || r.Outcome != balie.NoAnswer {
		t.Errorf("%s %s", r.State, r.Outcome)
	}
}

func TestR12_WhatIsAnsweredIsClosedAndAskedAbout(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	id := d.ask(question{})
	d.do(id, balie.Event{What: balie.Answered})
	d.until(p, d.at("2026-09-30 09:00"))
	diff(t, "went off", d.fired(id, "due", "did", "held"), []string{
		"lapsed|2026-09-15T07:00:00Z|closed|", "aftercare|2026-09-15T08:00:00Z|asked how it went|"})
	if r := d.request(id); r.State != balie.Closed || r.Outcome != balie.Solved {
		t.Errorf("%s %s", r.State, r.Outcome)
	}
	// An agent takes the close back: it closes again after as long.
	d.do(id, balie.Event{What: balie.Undone, Data: map[string]string{"state": "answered"}})
	d.until(p, d.at("2026-10-20 09:00"))
	if r := d.request(id); r.State != balie.Closed || !strings.Contains(pairs(map[string]string{"": strings.Join(r.Fired, " ")}), "#1") {
		t.Errorf("%s, fired %v", r.State, r.Fired)
	}
}

func TestAComplaintIsClosedByAPersonAlone(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	id := d.ask(question{kind: balie.Complaint})
	d.do(id, balie.Event{What: balie.Answered})
	d.until(p, d.at("2026-09-24 09:00"))
	if r := d.request(id); r.State != balie.AnsweredState {
		t.Errorf("closed by itself: %s", r.State)
	}
	diff(t, "went off", d.fired(id, "due", "did", "held"), []string{
		"lapsed|2026-09-15T07:00:00Z|alerted assignee|a complaint is closed by a person",
		"lapsed|2026-09-22T07:00:00Z|alerted assignee|a complaint is closed by a person"})
}

func TestR12_ATeamIsKeptToItsTerm(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	id := d.ask(question{})
	d.handOut(id, "techniek", 8*time.Hour)
	d.until(p, d.at("2026-09-11 17:00"))
	var got []string
	for _, f := range d.fired(id, "due", "did", "held") {
		if strings.HasPrefix(f, "handout") || strings.HasPrefix(f, "team") {
			got = append(got, f)
		}
	}
	diff(t, "went off", got, []string{
		"handout_due|2026-09-08T13:00:00Z|reminded: techniek|",
		"handout_overdue|2026-09-08T15:00:00Z|asked for a status: techniek|",
		"handout_overdue|2026-09-09T13:30:00Z|asked for a status: techniek|",
		"team_silent|2026-09-09T13:30:00Z|nothing|the team was reminded 3 times"})
	for _, e := range d.events(id) {
		if e.What == balie.ToldTeam {
			if m := d.message(e.Message); m.Side != balie.TeamSide || m.To[0].Value != "techniek@backoffice.delinde.example" || strings.Contains(m.Text, "Waar blijft") {
				t.Errorf("%+v", m)
			}
		}
	}
}

func TestAPlannedDateIsReached(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	id := d.ask(question{})
	date := d.at("2026-09-14 10:00")
	d.do(id, balie.Event{What: balie.PlannedFor, Next: date, Data: map[string]string{"date": date.UTC().Format(time.RFC3339)}})
	d.until(p, d.at("2026-09-14 09:59"))
	if f := d.fired(id); len(f) != 0 {
		t.Errorf("while it stands still %v went off", f)
	}
	d.until(p, date)
	diff(t, "went off", d.fired(id), []string{"resumed"})
	if r := d.request(id); r.State != balie.AtDesk {
		t.Errorf("state %s", r.State)
	}
}

const rulesPolicy = plainPolicy + `
interventions:
- {id: late, on: [overdue], when: clock.kind == "resolution", do: [{raise: high}, {notify: lead}, {notify: assignee}, {tag: late}]}
- {id: again, on: [overdue], when: clock.kind == "resolution", do: [{tag: late}, {raise: high}]}
- {id: never, on: [overdue], when: request.priority == "low", do: [{tag: x}]}
- {id: bounced, on: [bounced], when: "true", do: [{call_back: true}]}
- {id: around, on: [reassigned], when: request.passed > 2, do: [{escalate: lead}]}
- {id: account, on: [scored_badly], when: customer.key_account, do: [{notify: account}]}
- {id: silent, on: [team_silent], when: "true", do: [{ask_status: true}, {tell_customer: progress}]}
- {id: nothing, on: [reopened], when: "true", do: [{tag: late}]}
`

func TestInterventionsAreCarriedOutAndLeaveTheirTrace(t *testing.T) {
	d := begin(t, rulesPolicy)
	p := d.guard()
	id := d.ask(question{org: "akker"})
	d.now = d.now.Add(time.Minute)
	d.do(id, balie.Event{What: balie.Told})
	d.until(p, d.at("2026-09-09 16:00"))
	diff(t, "late", d.fired(id, "rules", "did")[2:], []string{"overdue|late,again|raised to high, alerted lead, alerted assignee, tagged late"})
	r := d.request(id)
	if r.Priority != balie.High || strings.Join(r.Tags, ",") != "late" {
		t.Errorf("priority %d, tags %v", r.Priority, r.Tags)
	}
	alerts := 0
	ds, err := d.db.Deliveries(t.Context(), id)
	d.must(err)
	for _, x := range ds {
		if x.To.Value == "lead@desk.example" {
			alerts++
			if m := d.message(x.Message); !strings.Contains(m.Text, r.Ref) || strings.Contains(m.Text, "Waar blijft") {
				t.Errorf("an alert says %q", m.Text)
			}
		}
	}
	if alerts != 1 { // the lead is told as the assignee's stand-in too, and once
		t.Errorf("%d alerts", alerts)
	}
	d.do(id, balie.Event{What: balie.Undelivered, By: "dispatch", Data: map[string]string{"channel": "email"}})
	d.do(id, balie.Event{What: balie.Answered})
	d.step(p, d.now.Add(time.Hour))
	d.do(id, balie.Event{What: balie.Reopened})
	d.step(p, d.now.Add(time.Hour))
	d.do(id, balie.Event{What: balie.Answered})
	d.do(id, balie.Event{What: balie.Rated, Data: map[string]string{"score": "1"}})
	d.step(p, d.now.Add(time.Hour))
	var got []string
	for _, f := range d.fired(id, "rules", "did") {
		for _, k := range []string{"bounced", "reopened", "scored"} {
			if strings.HasPrefix(f, k) {
				got = append(got, f)
			}
		}
	}
	diff(t, "afterwards", got, []string{"bounced|bounced|tagged call-back, alerted assignee", "reopened|nothing|nothing", "scored_badly|account|alerted account"})
}

func TestReassignedTooOften(t *testing.T) {
	d := begin(t, rulesPolicy)
	p := d.guard()
	id := d.ask(question{})
	for _, who := range []string{"sanne", "bram", "piet", "kees"} {
		d.do(id, balie.Event{What: balie.Edited, Data: map[string]string{"assignee": who}})
		d.step(p, d.now.Add(time.Minute))
	}
	diff(t, "went off", d.fired(id, "cause", "rules"), []string{"reassigned|passed:3|around"})
	if r := d.request(id); strings.Join(r.Tags, ",") != EscalatedTag {
		t.Errorf("tags %v", r.Tags)
	}
}

func TestR12_TwoGuardsOverOneStoreDoEachThingOnce(t *testing.T) {
	d := begin(t, rulesPolicy)
	one, two := d.guard(), d.guard()
	id := d.ask(question{})
	d.do(id, balie.Event{What: balie.Told})
	for end := d.at("2026-09-18 12:00"); d.now.Before(end); {
		at := d.now.Add(time.Hour)
		d.step(one, at)
		d.step(two, at)
	}
	seen := map[string]bool{}
	for _, e := range d.events(id) {
		if e.What == balie.Fired {
			k := e.Data["timer"] + e.Data["cause"]
			if seen[k] {
				t.Errorf("%s went off twice", k)
			}
			seen[k] = true
		}
	}
	if len(seen) < 4 {
		t.Errorf("only %v", seen)
	}
}

// A timer that a request does not remember any more, because many others went
// off since, is not tried for ever.
func TestR12_AClaimOutlivesWhatARequestRemembers(t *testing.T) {
	d := begin(t, plainPolicy)
	id := d.ask(question{})
	d.now = d.now.Add(time.Minute)
	d.do(id, balie.Event{What: balie.Told})
	c := balie.Change{Request: d.request(id), Seen: []string{"timer:" + id.String() + ":due_soon:resolution:16h"}}
	d.must(c.Do(balie.Event{What: balie.Noted, At: d.now, By: "agent:sanne"}))
	d.commit(c)
	d.until(d.guard(), d.at("2026-09-09 16:00"))
	diff(t, "went off", d.fired(id), []string{"delay", "overdue"})
}
