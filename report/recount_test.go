package report

import (
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// otherTargets are another progress.yaml, published half-way.
const otherTargets = "version: 2\ntargets:\n- id: most\n  kinds: [question, order, fault]\n  respond: 30m\n  update: 4h\n  resolve: 6h\n"

// Whatever happened, in whatever order the book heard of it, its figures are
// those of the raw events: late words, corrections, merges, reopenings, people
// erased, targets changed, the follower stopped anywhere or its file lost.
func TestTheBookIsWhatTheEventsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDesk(t)
		var stories []*story
		at := deskBegan
		changed := false
		for range rapid.IntRange(4, 20).Draw(t, "rounds") {
			at = at.Add(time.Duration(rapid.IntRange(1, 60*60*60).Draw(t, "seconds later"))*time.Second + 123*time.Millisecond)
			for range rapid.IntRange(0, 3).Draw(t, "new") {
				s := newStory(at, rapid.SampledFrom([]string{"email", "phone"}).Draw(t, "channel"), rapid.SampledFrom([]string{"sleutel", "toegangspas", ""}).Draw(t, "of"), rapid.Bool().Draw(t, "known"))
				s.begin(t)
				stories = append(stories, s)
			}
			var changes []balie.Change
			for _, s := range stories {
				if s.at = at; rapid.IntRange(0, 2).Draw(t, "moves") > 0 {
					s.step(t)
				}
				if c, some := s.take(); some {
					changes = append(changes, c)
				}
			}
			if len(changes) > 0 {
				d.commit(changes...)
			}
			if len(stories) > 0 && rapid.IntRange(0, 9).Draw(t, "erase") == 0 {
				i := rapid.IntRange(0, len(stories)-1).Draw(t, "whom")
				if s := stories[i]; !s.person.IsZero() {
					if _, err := d.store.Erase(t.Context(), s.person, "agent:sanne", "asked", at); err != nil {
						t.Fatal(err)
					}
					stories = slices.Delete(stories, i, i+1)
				}
			}
			if !changed && rapid.IntRange(0, 14).Draw(t, "targets") == 0 {
				changed = true
				d.publish(policyDoc, []byte(otherTargets), at.Add(time.Millisecond))
			}
			switch rapid.IntRange(0, 9).Draw(t, "follower") {
			case 0, 1, 2:
				d.catchUp()
			case 3:
				d.again()
			case 4:
				d.book.Close()
				os.Remove(d.file())
				d.open()
			}
		}
		d.catchUp()
		now := at.Add(time.Duration(rapid.IntRange(1, 20*24).Draw(t, "hours later")) * time.Hour)
		zone := amsterdam(t)
		plan := Plan{Version: 2, Goals: []PlanGoal{
			{ID: "a", Metric: FirstTimeRight, Target: 0.7}, {ID: "b", Metric: ResolveP90, Target: 3600, AtMost: true, Except: []string{"sleutel"}},
			{ID: "c", Metric: ResponseKept, Target: 0.9, Scope: Scope{Channel: "phone"}}, {ID: "d", Metric: "luck"},
		}, Finances: Finances{Running: []Amount{{Amount: 1_000_000}}}, Capacities: Capacities{People: []Staff{{FTE: 2, Hours: 36, Rate: 4000, Share: 1}}}}
		p := rapid.SampledFrom([]func(time.Time, *time.Location) Period{WeekOf, MonthOf, QuarterOf, YearOf}).Draw(t, "span")(now, zone).Before(rapid.IntRange(-1, 3).Draw(t, "before"))
		d.agrees(plan, p, Scope{}, now)
		scope := rapid.SampledFrom([]Scope{{Channel: "email"}, {Product: "sleutel"}, {Team: "techniek"}, {Organisation: "klant-a"}, {Product: "none"}}).Draw(t, "scope")
		d.agrees(plan, p, scope, now)
	})
}
