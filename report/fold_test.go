package report

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/progress"
)

// A Monday at nine, in the opening hours of the sample's desk.
var monday = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// told makes a fact of a story: each line is a moment after the one before, in
// hours, and what happened then.
type line struct {
	after float64
	event balie.Event
}

func toldOf(t *testing.T, lines ...line) (*story, Fact) {
	t.Helper()
	s := newStory(monday, "email", "sleutel", true)
	for _, l := range lines {
		s.at = s.at.Add(time.Duration(l.after * float64(time.Hour)))
		if strings.HasPrefix(string(l.event.What), "un") && l.event.Data == nil { // unsent, undone: what was before the last
			l.event.Data = s.before[len(s.before)-1].Standing()
		}
		if !s.tell(l.event) {
			t.Fatalf("%s is refused at %s", l.event.What, s.Request.State)
		}
	}
	f, err := FactOf(s.all, sampleDocs(t))
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}

func by(who string, what balie.What, data ...string) balie.Event {
	e := balie.Event{What: what, By: who}
	for i := 0; i+1 < len(data); i += 2 {
		if e.Data == nil {
			e.Data = map[string]string{}
		}
		e.Data[data[i]] = data[i+1]
	}
	return e
}

func in(h float64) string {
	return monday.Add(time.Duration(h * float64(time.Hour))).Format(time.RFC3339)
}

// receipt is the router's decision that an agent looks, with a promise.
func receipt(promised string) balie.Event {
	e := decided(balie.ToDesk, "klant-a")
	e.Data = map[string]string{"promised": promised, "letter": "x"}
	return e
}

func given(team string) balie.Event {
	return balie.Event{What: balie.HandedOut, By: "agent:sanne", Handout: &balie.Handout{ID: balie.NewID(monday), Team: team, State: balie.Offered, Opened: monday}}
}

func TestWhatWasTakenBackNeverWas(t *testing.T) {
	_, f := toldOf(t, line{0, receipt(in(4))}, line{1, by("agent:sanne", balie.Answered)}, line{0.01, by("agent:sanne", balie.Unsent)})
	if !f.Solved.IsZero() || !f.Responded.IsZero() || f.Words != 0 || f.Automatic {
		t.Errorf("an answer that was taken back counts: %+v", f)
	}
	if want := []string{"router", "desk"}; !reflect.DeepEqual(holders(f), want) {
		t.Errorf("it was at %v, want %v", holders(f), want)
	}
	if f.WordDue.IsZero() {
		t.Error("the customer is to hear nothing any more")
	}
	_, f = toldOf(t, line{0, receipt(in(4))}, line{1, by("agent:sanne", balie.ClosedAs, "outcome", "duplicate")}, line{0.1, by("agent:sanne", balie.Undone)})
	if f.Merged || f.Outcome != "" || !f.Closed.IsZero() {
		t.Errorf("a merge that was taken back counts: %+v", f)
	}
	_, f = toldOf(t, line{0, by("agent:sanne", balie.Answered)}, line{0, by("agent:sanne", balie.Confirmed)}, line{0.1, by("agent:sanne", balie.Undone, "state", "desk")})
	if f.Decided != ToDesk || !f.Solved.IsZero() {
		t.Errorf("a call that was not solved after all is %v, solved %v", f.Decided, f.Solved)
	}
}

func holders(f Fact) []string {
	var out []string
	for _, s := range f.Path {
		out = append(out, s.Holder)
	}
	return out
}

func TestWhoseAnswerItIsThatCounts(t *testing.T) {
	for name, tt := range map[string]struct {
		lines              []line
		automatic, unaided bool
		agent              string
		decided            Decided
	}{
		"from the catalogue":                {[]line{{0, decided(balie.Answered, "")}}, true, true, "", FromCatalogue},
		"reopened, answered by a person":    {[]line{{0, decided(balie.Answered, "")}, {2, by("customer", balie.Reopened)}, {1, by("agent:bram", balie.Answered)}}, false, true, "bram", FromCatalogue},
		"an agent, at once":                 {[]line{{0, by("agent:sanne", balie.Answered)}, {0, by("agent:sanne", balie.Confirmed)}}, false, false, "sanne", SolvedAtOnce},
		"asked, and then the catalogue":     {[]line{{0, decided(balie.Asked, "")}, {2, by("customer", balie.Replied)}, {0, decided(balie.Answered, "")}}, true, true, "", AskedFirst},
		"an agent chose what the router":    {[]line{{0, decided(balie.Asked, "")}, {1, by("agent:bram", balie.Edited, "product", "sleutel")}, {2, by("customer", balie.Replied)}, {0, decided(balie.Answered, "")}}, false, true, "", AskedFirst},
		"looking at the match is no touch":  {[]line{{0, decided(balie.Answered, "")}, {1, by("agent:bram", balie.Judged, "of", "2", "right", "true")}}, true, true, "", FromCatalogue},
		"handed out to account management":  {[]line{{0, receipt(in(4))}, {1, given("accountmanagement")}}, false, false, "", ToDesk},
		"who has it, while nobody answered": {[]line{{0, receipt(in(4))}, {1, by("agent:bram", balie.Edited, "assignee", "bram")}}, false, false, "bram", ToDesk},
	} {
		_, f := toldOf(t, tt.lines...)
		if f.Automatic != tt.automatic || f.Unaided != tt.unaided || f.Agent != tt.agent || f.Decided != tt.decided {
			t.Errorf("%s: automatic %v, unaided %v, agent %q, decided %d", name, f.Automatic, f.Unaided, f.Agent, f.Decided)
		}
	}
}

func TestALateWordOnAMatchCounts(t *testing.T) {
	_, f := toldOf(t, line{0, decided(balie.Answered, "")}, line{500, by("agent:bram", balie.Judged, "of", "2", "right", "true")},
		line{1, by("agent:bram", balie.Judged, "of", "2", "right", "false")}, line{900, by("customer", balie.Rated, "score", "2")})
	if f.Judged != 1 || f.JudgedOK != 0 || f.Score != 2 || f.Scored.IsZero() {
		t.Errorf("%d looked at, %d right, score %d at %s", f.Judged, f.JudgedOK, f.Score, f.Scored)
	}
}

// The customer is informed in time when there is word by each moment they were
// promised it, be it that it will be later.
func TestWordsToTheCustomerAreCountedByWhatWasPromised(t *testing.T) {
	delay := []line{{20, by("timer", balie.Fired, "timer", string(progress.DelayTimer), "cause", "x")}, {0, by("timer", balie.Told, "letter", "x")}}
	for name, tt := range map[string]struct {
		lines       []line
		words, late int
	}{
		"answered in time":           {[]line{{0, receipt(in(4))}, {1, by("agent:sanne", balie.Answered)}}, 1, 0},
		"answered too late":          {[]line{{0, receipt(in(4))}, {6, by("agent:sanne", balie.Answered)}}, 1, 1},
		"a receipt is no word":       {[]line{{0, receipt(in(4))}}, 0, 0},
		"silence until it is closed": {[]line{{0, receipt(in(4))}, {30, by("agent:sanne", balie.ClosedAs, "outcome", "refused")}}, 1, 1},
		"a note is no word":          {[]line{{0, receipt(in(4))}, {6, by("agent:sanne", balie.Noted)}, {1, by("agent:sanne", balie.Answered)}}, 1, 1},
		"nor is another priority":    {[]line{{0, receipt(in(4))}, {6, by("agent:sanne", balie.Edited, "priority", "1")}, {1, by("agent:sanne", balie.Answered)}}, 1, 1},
		// Told at once, then by Tuesday at nine; the answer is there on Monday.
		"a new moment, kept": {[]line{{0, receipt(in(4))}, {1, by("agent:sanne", balie.Told, "promised", in(24))}, {3, by("agent:sanne", balie.Answered)}}, 2, 0},
		// Word in between leaves the moment as it is: the customer counts on it.
		"a new moment, broken":  {[]line{{0, receipt(in(4))}, {1, by("agent:sanne", balie.Told, "promised", in(24))}, {1, by("agent:sanne", balie.Told)}, {28, by("agent:sanne", balie.Answered)}}, 2, 1},
		"told that it is later": {append([]line{{0, receipt(in(4))}, {1, by("agent:sanne", balie.Told, "promised", in(24))}}, append(delay, line{9, by("agent:sanne", balie.Answered)})...), 3, 0},
	} {
		if _, f := toldOf(t, tt.lines...); f.Words != tt.words || f.WordsLate != tt.late {
			t.Errorf("%s: %d words, %d late, want %d, %d", name, f.Words, f.WordsLate, tt.words, tt.late)
		}
	}
}

// A target that is changed does not change what was said of the past.
func TestAChangedTargetJudgesNothingAgain(t *testing.T) {
	docs := sampleDocs(t)
	strict, err := progress.Parse("progress", []byte(otherTargets), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, before := toldOf(t, line{0, decided(balie.ToDesk, "")}, line{0.9, by("agent:sanne", balie.Answered)})
	later := func(at time.Time) progress.Setting {
		x := docs(at)
		if at.IsZero() || at.After(monday.Add(10*time.Hour)) {
			x.Policy = strict
		}
		return x
	}
	after, err := FactOf(s.all, later)
	if err != nil {
		t.Fatal(err)
	}
	if !before.RespondKept || !after.RespondKept || after.RespondTarget != before.RespondTarget {
		t.Errorf("a response after 54 minutes was kept %v, and is %v of %v", before.RespondKept, after.RespondKept, after.RespondTarget)
	}
	if !before.ResolveKept || !after.ResolveKept || after.ResolveTarget != before.ResolveTarget {
		t.Errorf("an answer after 54 minutes was in time %v, and is %v of %v", before.ResolveKept, after.ResolveKept, after.ResolveTarget)
	}
	_, open := toldOf(t, line{0, decided(balie.ToDesk, "")})
	openNow, err := FactOf(s.all[:2], later)
	if err != nil {
		t.Fatal(err)
	}
	if open.RespondTarget == openNow.RespondTarget || openNow.RespondTarget != 30*time.Minute {
		t.Errorf("what is open is judged by %v, want the target of now", openNow.RespondTarget)
	}
}
