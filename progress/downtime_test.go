package progress

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// Three days without a guard, and the day after: what came due is caught up in
// order, all of it, and no customer gets a heap of letters.
func TestR12_AfterThreeDaysDownEachRequestGetsOneNotice(t *testing.T) {
	d := newDesk(t, yearPolicy, time.Time{})
	start := d.at("2026-09-07 07:00")
	lives := d.lives(start, 14, 120, 3)
	down, up := d.at("2026-09-15 16:00"), d.at("2026-09-18 16:00")
	p := d.guard()
	ids := d.run(lives, start, up, func(now time.Time) []*Progress {
		if now.After(down) {
			return nil
		}
		return []*Progress{p}
	})
	d.step(d.guard(), up)
	late, notices := 0, 0
	for _, id := range ids {
		if id.IsZero() {
			continue // not asked yet
		}
		told := 0
		fired := map[string]balie.Event{}
		for _, e := range d.events(id) {
			if e.What == balie.Fired {
				fired[e.Data["timer"]+" "+e.Data["cause"]] = e
				if e.At.Equal(up) {
					late++
				}
			}
			if e.What == balie.Told && e.By == By && e.At.Equal(up) {
				told++
			}
		}
		if told > 1 {
			t.Errorf("%d letters at once to the customer of %s:\n%s", told, id, tale(d.events(id)))
		}
		notices += told
		d.judgePromises(d.request(id), d.events(id), fired, up)
	}
	if late < 50 || notices < 10 {
		t.Errorf("only %d timers and %d notices were caught up", late, notices)
	}
	d.inOrder()
	for _, r := range d.all() { // nothing is left for which it is time
		if all := d.setting("").Timers(r, up); len(all) > 0 && !all[0].At.After(up) {
			t.Errorf("%s is still due: %+v", r.Ref, all[0])
		}
	}
}

// The clock of the machine jumps an hour ahead and back, and a year ahead and
// back: nothing goes off twice, and what a year would have set off does not.
func TestR12_AClockThatJumpsSetsNothingOffTwice(t *testing.T) {
	d := newDesk(t, yearPolicy, time.Time{})
	start := d.at("2026-09-07 07:00")
	lives := d.lives(start, 20, 60, 5)
	p, n := d.guard(), 0
	end := start.AddDate(0, 0, 90)
	ids := d.run(lives, start, end, func(now time.Time) []*Progress {
		n++
		jumps := map[int]time.Time{3: now.Add(time.Hour), 5: now.Add(-time.Hour), 7: now.AddDate(1, 0, 0), 9: now.AddDate(-1, 0, 0)}
		if at, ok := jumps[n%20]; ok {
			was := d.now
			d.step(p, at)
			d.now = was
		}
		return []*Progress{p}
	})
	for _, id := range ids {
		seen := map[string]bool{}
		for _, e := range d.events(id) {
			if e.What != balie.Fired {
				continue
			}
			k := e.Data["timer"] + " " + e.Data["cause"]
			if seen[k] {
				t.Errorf("%s went off twice", k)
			}
			seen[k] = true
			if e.At.After(end.AddDate(0, 1, 0)) {
				t.Errorf("%s went off in a year that never was: %s", k, e.At)
			}
		}
		if r := d.request(id); r.State != balie.Closed && r.Kind != balie.Complaint {
			t.Errorf("%s is %s at the end", r.Ref, r.State)
		}
	}
}

// A suspended machine wakes after two months: what it says then is believed
// when it says so for a while.
func TestR12_ALeapThatStaysIsBelieved(t *testing.T) {
	d := begin(t, plainPolicy)
	p := d.guard()
	id := d.ask(question{})
	d.do(id, balie.Event{What: balie.Answered})
	d.step(p, d.now)
	later := d.now.AddDate(0, 2, 0)
	if did := d.step(p, later); did.Fired != 0 || !did.Next.Equal(later.Add(settle)) {
		t.Errorf("at once: %+v", did)
	}
	d.step(p, later.Add(settle))
	if r := d.request(id); r.State != balie.Closed {
		t.Errorf("after a while: %s", r.State)
	}
}

// Whatever happened to a request: its timers are in order, none of them went
// off before, and each that goes off is not there afterwards.
func TestR12_TimersOfAnyHistory(t *testing.T) {
	d := &desk{t: t, cat: theCatalogue(t)}
	d.read(yearPolicy)
	d.now = d.at("2026-03-20 09:00")
	whats := []balie.What{balie.Told, balie.Asked, balie.Answered, balie.HandedOut, balie.Replied, balie.Reopened, balie.ToDesk, balie.PlannedFor,
		balie.Resumed, balie.Bounced, balie.Rated, balie.Lapsed, balie.Unanswered, balie.Noted, balie.Edited, balie.HandoutDone, balie.Undone, balie.Fired}
	rapid.Check(t, func(t *rapid.T) {
		s := d.setting("")
		now := d.now
		c := balie.Change{Request: balie.Request{ID: balie.NewID(now)}}
		add := func(e balie.Event) { e.At = now; _ = c.Do(e) }
		add(balie.Event{What: balie.Opened, By: "customer", Data: map[string]string{"ref": "R1", "channel": "email", "product": rapid.SampledFrom([]string{"", "sleutel", "lekkage"}).Draw(t, "product")}})
		add(balie.Event{What: balie.ToDesk, By: "router@1", Data: map[string]string{"promised": now.Add(4 * time.Hour).UTC().Format(time.RFC3339), "letter": "x"}})
		for range rapid.IntRange(0, 12).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 6000).Draw(t, "minutes")) * time.Minute)
			e := balie.Event{What: rapid.SampledFrom(whats).Draw(t, "what"), By: "agent:sanne", Data: map[string]string{}}
			switch e.What {
			case balie.HandedOut:
				e.Handout = &balie.Handout{ID: balie.NewID(now), Team: "techniek", State: balie.Offered, Opened: now, Due: now.Add(20 * time.Hour)}
			case balie.HandoutDone:
				if open := c.Request.OpenHandouts(); len(open) > 0 {
					e.Data["handout"] = open[0].ID.String()
				}
			case balie.PlannedFor:
				e.Data["date"] = now.AddDate(0, 0, 3).UTC().Format(time.RFC3339)
			case balie.Bounced:
				e.Data["hard"] = "true"
			case balie.Rated:
				e.Data["score"] = "1"
			case balie.Edited:
				e.Data["assignee"] = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "who")
			case balie.Fired: // the next one goes off
				all := s.Timers(c.Request, now)
				if len(all) == 0 {
					continue
				}
				e.By, e.Data["timer"], e.Data["cause"] = By, string(all[0].Kind), all[0].Cause
				add(e)
				for _, x := range s.Timers(c.Request, now) {
					if x.Kind == all[0].Kind && x.Cause == all[0].Cause {
						t.Fatalf("%s %s goes off again", x.Kind, x.Cause)
					}
				}
				continue
			}
			add(e)
			all := s.Timers(c.Request, now)
			if !slices.IsSortedFunc(all, func(a, b Timer) int { return a.At.Compare(b.At) }) {
				t.Fatalf("not in order: %+v", all)
			}
			for _, x := range all {
				if c.Request.HasFired(string(x.Kind), x.Cause) {
					t.Fatalf("%s %s went off already", x.Kind, x.Cause)
				}
			}
		}
	})
}

// Who was not reminded, because nobody was there to do it, is not closed for it.
func TestR12_NobodyIsClosedWithoutTheirReminders(t *testing.T) {
	d := begin(t, plainPolicy)
	id := d.ask(question{})
	d.do(id, balie.Event{What: balie.Asked})
	d.step(d.guard(), d.now)
	d.step(d.guard(), d.at("2026-09-25 10:00")) // all three days are past
	diff(t, "told", d.told(id), []string{"reminder"})
	p := d.guard()
	d.until(p, d.at("2026-10-20 10:00"))
	diff(t, "went off", d.fired(id, "due"), []string{"reminder|2026-09-10T07:00:00Z", "reminder|2026-09-30T08:00:00Z", "unanswered|2026-10-05T08:00:00Z"})
}
