package desk

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// counted is the board made by looking at every open request of the store.
type counted struct {
	Open, Late, Soon, Wordless int
	Teams                      map[string]TeamLoad
	Alarms, Words              []string
}

func (l *lists) counted(t failer) counted {
	t.Helper()
	out := counted{Teams: map[string]TeamLoad{}}
	type alarm struct {
		ref             string
		class, priority int
		due, word       int64
		id              string
	}
	var alarms, words []alarm
	for r, err := range l.db.List(context.Background(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.State == balie.Closed {
			continue
		}
		clocks := l.brain.Setting(l.cal, l.orgOf(t, r)).Clocks(r, l.now)
		k := clocks.Nearest()
		byHand := !r.Failed.IsZero() || slices.Contains(r.Tags, "call-back")
		a := alarm{r.Ref, 3, int(r.Priority), noDue, noDue, r.ID.String()}
		if !k.IsZero() {
			a.due = k.Due.UnixNano()
		}
		if r.State != balie.AnsweredState {
			out.Open++
		}
		if k.Late {
			out.Late++
		} else if k.Soon {
			out.Soon++
		}
		carry := func(team string) {
			x := out.Teams[team]
			x.Team = team
			x.Open++
			if k.Late {
				x.Late++
			}
			out.Teams[team] = x
		}
		if r.State == balie.AtDesk {
			carry("")
		}
		var seen []string
		for _, h := range r.OpenHandouts() {
			if !slices.Contains(seen, h.Team) {
				seen = append(seen, h.Team)
				carry(h.Team)
			}
		}
		switch {
		case k.Late && r.Priority >= balie.High:
			a.class = 0
		case byHand:
			a.class = 1
		case k.Late:
			a.class = 2
		}
		if k.Late || k.Soon || byHand {
			alarms = append(alarms, a)
		}
		if r.State != balie.AtDesk && r.State != balie.WithTeam {
			continue
		}
		for _, at := range []time.Time{r.Promised, clocks.Update.Due} {
			if !at.IsZero() {
				a.word = min(a.word, at.UnixNano())
			}
		}
		if a.word == noDue {
			continue
		}
		if a.word < l.now.UnixNano() {
			out.Wordless++
		}
		words = append(words, a)
	}
	slices.SortFunc(alarms, func(x, y alarm) int {
		return cmp.Or(cmp.Compare(x.class, y.class), cmp.Compare(y.priority, x.priority), cmp.Compare(x.due, y.due), cmp.Compare(x.id, y.id))
	})
	slices.SortFunc(words, func(x, y alarm) int { return cmp.Or(cmp.Compare(x.word, y.word), cmp.Compare(x.id, y.id)) })
	for _, x := range alarms[:min(len(alarms), 12)] {
		out.Alarms = append(out.Alarms, x.ref)
	}
	for _, x := range words[:min(len(words), 6)] {
		out.Words = append(out.Words, x.ref)
	}
	return out
}

// shown is a board as counted has it. Teams that have nothing are left out.
func shown(b Board) counted {
	out := counted{Open: b.Open, Late: b.Late, Soon: b.Soon, Wordless: b.Wordless, Teams: map[string]TeamLoad{}}
	for _, t := range b.Teams {
		if t.Open > 0 {
			out.Teams[t.Team] = t
		}
	}
	for _, x := range b.Alarms {
		out.Alarms = append(out.Alarms, x.Request.Ref)
	}
	for _, x := range b.Words {
		out.Words = append(out.Words, x.Request.Ref)
	}
	return out
}

// After whatever happened, the board is what a look at every request says.
func TestTheBoardIsWhatTheStoreSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLists(t, tempDir(t))
		defer l.close(t)
		for i := range rapid.IntRange(5, 40).Draw(t, "steps") {
			l.step(t)
			if i%9 == 8 && len(l.known) > 0 {
				l.act(t, rapid.SampledFrom(l.known).Draw(t, "whom"), balie.Event{What: balie.Tagged, Data: map[string]string{"add": CallBack}})
				l.now = l.now.Add(time.Duration(rapid.IntRange(0, 30*60).Draw(t, "minutes pass")) * time.Minute)
			}
		}
		l.settle(t)
		b, err := l.over.Board(context.Background(), sanne, nil, l.now)
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(l.counted(t), shown(b)); d != "" {
			t.Fatalf("(-store +board):\n%s", d)
		}
	})
}

// Every reason is said, the most telling first, with the act that helps.
func TestTheBoardSaysWhyAndWhatHelps(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	out := func(said time.Time, state balie.HandoutState) []balie.Handout {
		return []balie.Handout{{Team: "techniek", State: state, Opened: at, Said: said, Due: at.Add(time.Hour)}}
	}
	later := at.Add(time.Minute)
	for _, x := range []struct {
		name string
		r    balie.Request
		why  WhyKind
		act  AlarmAct
	}{
		{"a letter that came to nothing goes before all", balie.Request{State: balie.AtDesk, Failed: later, Tags: []string{CallBack}}, WhyLetter, ActCall},
		{"a call-back", balie.Request{State: balie.AtDesk, Tags: []string{CallBack}, Spoke: balie.CustomerSide, SpokeAt: later}, WhyCall, ActCall},
		{"the customer came back", balie.Request{State: balie.AtDesk, Opened: at, Spoke: balie.CustomerSide, SpokeAt: later}, WhyReplied, ActOpen},
		{"the team answered", balie.Request{State: balie.AtDesk, Opened: at, Spoke: balie.TeamSide, SpokeAt: later}, WhyTeamSaid, ActOpen},
		{"nobody has it", balie.Request{State: balie.AtDesk, Opened: at}, WhyUnassigned, ActTake},
		{"whoever has it does not answer", balie.Request{State: balie.AtDesk, Opened: at, Assignee: "sanne"}, WhyUnanswered, ActOpen},
		{"the team has not taken it on", balie.Request{State: balie.WithTeam, Opened: at, Handouts: out(time.Time{}, balie.Offered)}, WhyOffered, ActTeam},
		{"the team is silent since it took it on", balie.Request{State: balie.WithTeam, Opened: at, Handouts: out(later, balie.Accepted)}, WhySilent, ActTeam},
		{"the customer asks while the team has it", balie.Request{State: balie.WithTeam, Opened: at, Spoke: balie.CustomerSide, SpokeAt: later, Handouts: out(time.Time{}, balie.Accepted)}, WhyReplied, ActTell},
	} {
		y := terms{}.why(x.r)
		if y.Kind != x.why || y.act(x.r) != x.act {
			t.Errorf("%s: %s and %s, want %s and %s", x.name, y.Kind, y.act(x.r), x.why, x.act)
		}
	}
}

// S7: a team member sees no load of others.
func TestS7_ATeamMemberHasNoBoard(t *testing.T) {
	l := newLists(t, t.TempDir())
	defer l.close(t)
	l.settle(t)
	if _, err := l.over.Board(context.Background(), tomas, nil, l.now); err == nil {
		t.Error("a team member sees the board")
	}
}
