package progress

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// life is what happens to one request of a simulated year, besides what the
// guard does.
type life struct {
	opens int  // minutes into the year
	odd   bool // at a moment that was chosen
	q     question
	moves []move
}

// move is one thing somebody does, so many minutes after the one before.
type move struct {
	after int
	do    string
}

// nights are moments of a year at which time itself is odd: both nights the
// clock changes, the end of January, the last night of the year.
var nights = []string{"2026-03-29 00:30", "2026-03-29 03:10", "2026-10-25 01:40", "2026-10-25 02:20", "2026-01-31 23:50", "2026-12-31 23:59", "2026-04-27 10:00"}

// drawLife draws the life of a request that opens within a number of days.
func drawLife(d *desk, start time.Time, days int) *rapid.Generator[life] {
	products := []string{"", "sleutel", "lekkage", "klimaat", "werkplek", "vergadercatering"}
	what := []string{"tell", "tell", "ask", "ask", "handout", "handout", "answer", "answer", "answer", "plan", "reply", "reply", "says", "done", "done", "refuse", "reopen", "note", "urgent", "bounce", "rate", "withdraw"}
	return rapid.Custom(func(t *rapid.T) life {
		l := life{opens: rapid.IntRange(0, days*24*60).Draw(t, "opens")}
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			l.opens = int(d.at(rapid.SampledFrom(nights).Draw(t, "night")).Sub(start) / time.Minute)
			l.opens, l.odd = max(l.opens%(days*24*60), 0), true
		}
		l.q = question{product: rapid.SampledFrom(products).Draw(t, "product"), priority: rapid.SampledFrom([]int{0, 0, 0, balie.Urgent}).Draw(t, "priority")}
		if rapid.IntRange(0, 19).Draw(t, "complaint") == 0 {
			l.q.kind = balie.Complaint
		}
		if rapid.IntRange(0, 9).Draw(t, "machine") == 0 {
			l.q.wrote = func(m *balie.Message) { m.Auto = balie.AutoSystem }
		}
		for range rapid.IntRange(0, 7).Draw(t, "moves") {
			l.moves = append(l.moves, move{rapid.SampledFrom([]int{3, 30, 200, 700, 1500, 4000, 9000}).Draw(t, "base") + rapid.IntRange(0, 2000).Draw(t, "after"), rapid.SampledFrom(what).Draw(t, "do")})
		}
		return l
	})
}

// lives draws lives that begin all through a number of days: what is drawn
// alone begins early for the most part.
func (d *desk) lives(start time.Time, days, n, seed int) []life {
	all := rapid.SliceOfN(drawLife(d, start, days), n, n).Example(seed)
	for i := range all {
		if !all[i].odd {
			all[i].opens = i*days*24*60/n + all[i].opens%(24*60)
		}
	}
	return all
}

// play does one move, if it is possible.
func (d *desk) play(id balie.ID, do string) {
	r := d.request(id)
	open := r.OpenHandouts()
	handout := func(what balie.What, by string) {
		if len(open) > 0 {
			d.try(id, balie.Event{What: what, By: by, Data: map[string]string{"handout": open[0].ID.String(), "reason": "zo"}}, false)
		}
	}
	switch do {
	case "tell":
		d.try(id, balie.Event{What: balie.Told}, false)
	case "ask":
		d.try(id, balie.Event{What: balie.Asked, Data: map[string]string{"fields": "room"}}, false)
	case "handout":
		if r.State == balie.AtDesk || r.State == balie.WithTeam {
			d.handOut(id, []string{"techniek", "receptie", "catering"}[(int(r.Ref[3])+len(r.Handouts))%3], 6*time.Hour)
		}
	case "answer":
		if len(open) == 0 {
			d.try(id, balie.Event{What: balie.Answered}, false)
		}
	case "plan":
		date := d.now.AddDate(0, 0, 4)
		d.try(id, balie.Event{What: balie.PlannedFor, Data: map[string]string{"date": date.UTC().Format(time.RFC3339)}, Next: date}, false)
	case "reply":
		d.try(id, balie.Event{What: balie.Replied, By: "customer"}, false)
	case "says":
		handout(balie.TeamSaid, "team:x")
	case "done":
		handout(balie.HandoutDone, "team:x")
	case "refuse":
		handout(balie.HandoutRefused, "team:x")
	case "reopen":
		d.try(id, balie.Event{What: balie.Reopened, By: "customer"}, false)
	case "note":
		d.try(id, balie.Event{What: balie.Noted}, false)
	case "urgent":
		d.try(id, balie.Event{What: balie.Tagged, Data: map[string]string{"add": "haast"}}, false)
	case "bounce":
		d.try(id, balie.Event{What: balie.Bounced, By: "mail server", Data: map[string]string{"hard": "true"}}, false)
	case "rate":
		if r.State == balie.AnsweredState || r.Outcome == balie.Solved {
			d.try(id, balie.Event{What: balie.Rated, By: "customer", Data: map[string]string{"score": "2"}}, false)
		}
	case "withdraw":
		handout(balie.HandoutWithdrawn, "agent:sanne")
	case "end": // what nobody ended is ended by an agent
		for range open {
			d.play(id, "withdraw")
		}
		if s := d.request(id).State; s == balie.AtDesk || s == balie.Planned {
			d.play(id, "answer")
		}
	}
}

// happening is what comes next in the world.
type happening struct {
	at   time.Time
	life int
	move int // -1 opens it
}

// run lets a world go by under guards. turn is called before each look and
// gives the guards that look.
func (d *desk) run(lives []life, start, end time.Time, turn func(now time.Time) []*Progress) []balie.ID {
	var todo []happening
	for i, l := range lives {
		at := start.Add(time.Duration(l.opens) * time.Minute)
		todo = append(todo, happening{at, i, -1})
		for j, m := range l.moves {
			at = at.Add(time.Duration(m.after) * time.Minute)
			todo = append(todo, happening{at, i, j})
		}
	}
	if last := end.AddDate(0, 0, -40); last.After(start) { // in a long run everything is ended
		for i := range lives {
			todo = append(todo, happening{last, i, 1 << 20})
		}
	}
	slices.SortStableFunc(todo, func(a, b happening) int { return a.at.Compare(b.at) })
	ids := make([]balie.ID, len(lives))
	for next := start; !next.After(end); {
		d.now = next.UTC()
		for len(todo) > 0 && !todo[0].at.After(next) {
			h := todo[0]
			todo = todo[1:]
			switch {
			case h.move < 0:
				ids[h.life] = d.ask(lives[h.life].q)
			case h.move >= len(lives[h.life].moves):
				d.play(ids[h.life], "end")
			default:
				d.play(ids[h.life], lives[h.life].moves[h.move].do)
			}
		}
		then := end.Add(time.Minute)
		if len(todo) > 0 {
			then = todo[0].at
		}
		for _, p := range turn(next) {
			did := d.step(p, next)
			if !did.Next.IsZero() && did.Next.Before(then) {
				then = did.Next
			}
		}
		next = then
		if !next.After(d.now) {
			next = d.now.Add(time.Second)
		}
	}
	return ids
}

const yearPolicy = `
targets:
- {id: urgent, priorities: [urgent], respond: 1h, update: 4h, resolve: 6h, calendar: altijd}
default: {respond: 4h, update: 12h, resolve: 20h}
inform: {delay: true, at: 0.9, silent: true, per_day: 2}
remind: {before: 0.75, overdue: 8h, most: 3, silent: 16h, passed: 2}
closing: {waiting: [2, 5, 8], solved: 5, reopen: 10}
aftercare: {sample: 0.5, every: 60, bad: 2, holds: 30}
`

// A year goes by, with a guard that is now and then another one, and with two
// at once. What it must have done is found without it, minute by minute.
func TestR12_AYearInWhichNothingIsForgotten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		seed   int
		guards func(d *desk) func(time.Time) []*Progress
	}{
		{"one that is restarted", 7, func(d *desk) func(time.Time) []*Progress {
			p, n := d.guard(), 0
			return func(time.Time) []*Progress {
				if n++; n%97 == 0 {
					p = d.guard()
				}
				return []*Progress{p}
			}
		}},
		{"two at once", 11, func(d *desk) func(time.Time) []*Progress {
			a, b, n := d.guard(), d.guard(), 0
			return func(time.Time) []*Progress {
				if n++; n%2 == 0 {
					return []*Progress{b, a}
				}
				return []*Progress{a, b}
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, yearPolicy, time.Time{})
			start := d.at("2026-01-05 07:00")
			lives := d.lives(start, 365, 220, tt.seed)
			end := start.AddDate(0, 0, 365+60)
			ids := d.run(lives, start, end, tt.guards(d))
			n := 0
			for _, id := range ids {
				n += d.judge(id, end)
			}
			if n < len(ids)*3/2 {
				t.Errorf("only %d timers went off for %d requests", n, len(ids))
			}
			t.Logf("%d requests, %d timers", len(ids), n)
			d.inOrder()
		})
	}
}

// inOrder reports timers that went off in another order than they were due, or
// before they were.
func (d *desk) inOrder() {
	d.t.Helper()
	var last time.Time
	var at time.Time
	var cursor = d.start()
	for {
		events, next, err := d.db.Read(d.t.Context(), cursor, 1000)
		d.must(err)
		if len(events) == 0 {
			return
		}
		cursor = next
		for _, e := range events {
			if e.What != balie.Fired {
				continue
			}
			due, err := time.Parse(time.RFC3339, e.Data["due"])
			d.must(err)
			if due.After(e.At) {
				d.t.Errorf("%s went off at %s, before it was due at %s", e.Data["timer"], e.At, due)
			}
			if e.At.Equal(at) && due.Before(last) {
				d.t.Errorf("%s of %s was due at %s, and went off after what was due at %s", e.Data["timer"], e.Request, due, last)
				d.t.Log(tale(d.events(e.Request)))
			}
			at, last = e.At, due
		}
	}
}

// judge holds the timers of a request against its other events.
func (d *desk) judge(id balie.ID, end time.Time) int {
	d.t.Helper()
	events, r := d.events(id), d.request(id)
	fired := map[string]balie.Event{}
	for _, e := range events {
		if e.What != balie.Fired {
			continue
		}
		k := e.Data["timer"] + " " + e.Data["cause"]
		if _, twice := fired[k]; twice {
			d.t.Errorf("%s: %s went off twice", r.Ref, k)
		}
		fired[k] = e
		if due, err := time.Parse(time.RFC3339, e.Data["due"]); err != nil || e.At.Sub(due) > 2*time.Second {
			d.t.Errorf("%s: %s was due at %s and went off at %s\n%s", r.Ref, k, due, e.At, tale(events))
		}
	}
	if open := r.State != balie.Closed; open && r.Kind != balie.Complaint {
		d.t.Errorf("%s is %s at the end: forgotten (%v)", r.Ref, r.State, r.Fired)
	}
	d.judgePromises(r, events, fired, end)
	d.judgeHandouts(r, fired)
	return len(fired)
}

func (d *desk) judgePromises(r balie.Request, events []balie.Event, fired map[string]balie.Event, end time.Time) {
	d.t.Helper()
	s := d.setting("")
	p, _ := s.Promise(r)
	_, cal := s.named(p.Calendar)
	var response, resolution time.Time
	for k, e := range fired {
		if due, err := time.Parse(time.RFC3339, e.Data["due"]); err == nil && strings.HasPrefix(k, "overdue response") {
			response = due
		} else if err == nil && strings.HasPrefix(k, "overdue resolution") {
			resolution = due
		}
	}
	w := walk{s: s, cal: cal, events: events}
	if want := w.response(p.Respond, end); !want.Equal(response) {
		d.t.Errorf("%s: the response was late since %v, and the guard says %v\n%s", r.Ref, want, response, tale(events))
	}
	w = walk{s: s, cal: cal, events: events}
	if want := w.resolution(p.Resolve, end); !want.Equal(resolution) {
		d.t.Errorf("%s: the answer was late since %v, and the guard says %v\n%s", r.Ref, want, resolution, tale(events))
	}
}

func (d *desk) judgeHandouts(r balie.Request, fired map[string]balie.Event) {
	d.t.Helper()
	for _, h := range r.Handouts {
		late := (h.Ended.IsZero() || h.Ended.After(h.Due)) && h.State != balie.Withdrawn && pausedAt(r, h.Due) == ""
		_, said := fired["handout_overdue "+h.ID.String()+"@"+stamp(h.Due)]
		if late && !said {
			d.t.Errorf("%s: hand-out was due %s, ended %s, and nobody was told", r.Ref, h.Due, h.Ended)
		}
		if said && h.Ended.Before(h.Due) && !h.Ended.IsZero() {
			d.t.Errorf("%s: hand-out was done in time, and is said to be late", r.Ref)
		}
	}
}

// walk goes through the life of a request minute by minute, and knows nothing
// of legs, calendars' arithmetic or timers.
type walk struct {
	s      Setting
	cal    hours.Calendar
	events []balie.Event
	r      balie.Request
	next   int
}

// to applies the events up to a moment.
func (w *walk) to(at time.Time) {
	for w.next < len(w.events) && !w.events[w.next].At.After(at) {
		var err error
		if w.r, err = w.r.Apply(w.events[w.next]); err != nil {
			panic(err)
		}
		w.next++
	}
}

// response is since when the first response was late; zero when it was not.
func (w *walk) response(promise time.Duration, end time.Time) time.Time {
	opened := w.events[0].At
	used := time.Duration(0)
	for at := opened; at.Before(end); at = at.Add(time.Minute) {
		w.to(at)
		if used >= promise {
			if w.r.Responded.IsZero() && len(w.r.Handouts) == 0 && w.r.State == balie.AtDesk {
				return at
			}
			return time.Time{}
		}
		if w.cal.IsOpen(at) {
			used += time.Minute
		}
	}
	return time.Time{}
}

// resolution is since when the answer was late.
func (w *walk) resolution(promise time.Duration, end time.Time) time.Time {
	used := time.Duration(0)
	for at := w.events[0].At; at.Before(end); at = at.Add(time.Minute) {
		w.to(at)
		running := w.r.State == balie.AtDesk || w.r.State == balie.WithTeam
		if running && used >= promise {
			return at
		}
		cal := w.cal
		if open := w.r.OpenHandouts(); len(open) > 0 {
			_, cal = w.s.teamHours(w.r, open[0].Team)
		}
		if running && cal.IsOpen(at) {
			used += time.Minute
		}
		if w.next == len(w.events) && !running {
			break
		}
	}
	return time.Time{}
}

// tale is what happened, for a failure.
func tale(events []balie.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "  %s %s %s %s\n", e.At.In(time.UTC).Format("Mon 2006-01-02 15:04:05"), e.By, e.What, pairs(e.Data))
	}
	return b.String()
}
