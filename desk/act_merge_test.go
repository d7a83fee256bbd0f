package desk_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// One key takes a new question to where it belongs: its words are there, it is
// closed as a duplicate, and a reply to its letter is heard there.
func TestWhatBelongsToAnotherRequestJoinsIt(t *testing.T) {
	w := newWorld(t)
	first := w.question()
	w.pass(time.Minute)
	second := w.mail("jan@klant.example", "Nog iets", "Over die minister: het is dringend.", "")
	v := w.view(sanne, second.ID)
	if len(v.MayBelong) != 1 || v.MayBelong[0].Request.ID != first.ID || v.MayBelong[0].Reasons == "" {
		t.Fatalf("may belong to %+v", v.MayBelong)
	}
	letter := w.letterTo(second.ID, "jan@klant.example")
	for range 2 { // twice is once
		into, err := w.desk.JoinInto(t.Context(), sanne, second.ID, first.ID, w.now)
		if err != nil || into.ID != first.ID || !strings.Contains(into.Preview, "dringend") {
			t.Fatalf("%+v, %v", into, err)
		}
	}
	from := w.get(second.ID)
	if from.State != balie.Closed || from.Outcome != balie.Duplicate || from.Of != first.ID {
		t.Errorf("%+v", from)
	}
	said := 0
	for _, e := range w.view(sanne, first.ID).Entries {
		if e.Message != nil && strings.Contains(e.Message.Text, "dringend") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("its words are there %d times", said)
	}
	w.pass(time.Minute)
	heard := w.mail("jan@klant.example", "Re: Nog iets", "Weten jullie al meer over dat ene ding?", letter.MsgID)
	if heard.ID != first.ID {
		t.Errorf("a reply to the duplicate's letter came to %s, want %s", heard.Ref, first.Ref)
	}
	w.verify()
}

// Whoever else is at work on either, words are taken over once.
func TestAMergeTakesWordsOverOnceWhileOthersWork(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		a, b := w.question(), w.mail("els@klant.example", "Ook", "Wat vinden jullie van de VORIGE minister?", "")
		var g sync.WaitGroup
		for i := range 3 {
			g.Go(func() {
				if _, err := w.desk.Merge(t.Context(), sanne, b.ID, a.ID, w.now); err != nil {
					t.Error(err)
				}
			})
			for _, id := range []balie.ID{a.ID, b.ID, b.ID} {
				g.Go(func() {
					if _, err := w.desk.Note(t.Context(), bram, id, "notitie", nil, fmt.Sprint(i, id, balie.NewID(t0)), w.now); err != nil {
						t.Error(err)
					}
				})
			}
		}
		g.Wait()
		said := 0
		for _, e := range w.view(sanne, a.ID).Entries {
			if e.Message != nil && strings.Contains(e.Message.Text, "VORIGE") {
				said++
			}
		}
		if from := w.get(b.ID); said != 1 || from.Of != a.ID {
			t.Fatalf("%d times, duplicate of %s", said, from.Of)
		}
	}
	w.verify()
}

func TestMergeAndUndoAndDismiss(t *testing.T) {
	w := newWorld(t)
	a, b := w.question(), w.mail("els@klant.example", "Ook", "Wat vinden jullie van de vorige minister?", "")
	into, err := w.desk.Merge(t.Context(), sanne, b.ID, a.ID, w.now)
	if err != nil || !into.IsParticipant(b.Customer) || !slices.Contains(into.Links, b.ID) {
		t.Fatalf("%+v, %v", into, err)
	}
	var move *balie.MoveError
	if _, err := w.desk.Undo(t.Context(), sanne, b.ID, w.get(b.ID).Version, w.now); !errors.As(err, &move) {
		t.Errorf("a merge taken back by halves: %v", err)
	}
	if _, err := w.desk.Merge(t.Context(), sanne, a.ID, a.ID, w.now); err == nil {
		t.Error("with itself")
	}
	c := w.mail("jan@klant.example", "Heel iets anders", "En van de staatssecretaris?", "")
	v := w.view(sanne, c.ID)
	if len(v.MayBelong) == 0 {
		t.Fatal("nothing to dismiss")
	}
	for _, m := range v.MayBelong {
		if _, err := w.desk.Dismiss(t.Context(), sanne, c.ID, m.Seq, w.now); err != nil {
			t.Fatal(err)
		}
	}
	if v := w.view(bram, c.ID); len(v.MayBelong) != 0 {
		t.Errorf("still %+v", v.MayBelong)
	}
}

func TestAMessageBecomesARequestOfItsOwn(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	var invalid *balie.InvalidError
	only := w.view(sanne, r.ID).Entries[0].Message
	if _, err := w.desk.Split(t.Context(), sanne, r.ID, only.ID, w.now); !errors.As(err, &invalid) {
		t.Errorf("all there is: %v", err)
	}
	w.pass(time.Minute)
	w.mail("jan@klant.example", "Re: Vraagje", "En de verwarming in kamer 2.14 doet het niet, het is ijskoud.", w.letterTo(r.ID, "jan@klant.example").MsgID)
	entries := w.view(sanne, r.ID).Entries
	var second balie.ID
	for _, e := range entries {
		if e.Message != nil && strings.Contains(e.Message.Text, "ijskoud") {
			second = e.Message.ID
		}
	}
	made, err := w.desk.Split(t.Context(), sanne, r.ID, second, w.now)
	if err != nil || made.State != balie.AtDesk || made.Product != "klimaat" || made.Customer != r.Customer || !strings.Contains(made.Preview, "ijskoud") {
		t.Fatalf("%+v, %v", made, err)
	}
	again, err := w.desk.Split(t.Context(), bram, r.ID, second, w.now)
	if err != nil || again.ID != made.ID {
		t.Errorf("twice: %s and %s, %v", made.Ref, again.Ref, err)
	}
	if v := w.view(sanne, made.ID); len(v.Decisions) != 1 || len(v.Related) == 0 || v.Related[0].Request.ID != r.ID {
		t.Errorf("%+v", v.Related)
	}
	w.verify()
}

func TestLinksGoBothWays(t *testing.T) {
	w := newWorld(t)
	a, b := w.question(), w.mail("els@klant.example", "Ook", "Wat vinden jullie van de vorige minister?", "")
	for range 2 {
		if _, err := w.desk.Link(t.Context(), sanne, a.ID, b.ID, "zelfde oorzaak", w.now); err != nil {
			t.Fatal(err)
		}
	}
	for x, y := range map[balie.ID]balie.ID{a.ID: b.ID, b.ID: a.ID} {
		v := w.view(sanne, x)
		if len(v.Related) != 1 || v.Related[0].Request.ID != y || v.Related[0].Words != "zelfde oorzaak" || len(v.Request.Links) != 1 {
			t.Errorf("%+v", v.Related)
		}
	}
}

// A call is a request like any other: message, match, decision, ledger.
func TestEveryOutcomeOfACall(t *testing.T) {
	tel := balie.Address{Scheme: balie.Tel, Value: "020 123 4567"}
	for outcome, want := range map[desk.CallOutcome]balie.State{
		desk.CallSolved: balie.Closed, desk.CallHandOut: balie.WithTeam, desk.CallDesk: balie.AtDesk, desk.CallWaiting: balie.Waiting, desk.CallCallback: balie.AtDesk,
	} {
		w := newWorld(t)
		in := desk.Call{Key: "k", Channel: "phone", Name: "Saskia de Wit", Address: tel, Subject: "Koud", Text: "Het is koud in 2.14, de verwarming doet het niet.", Product: "klimaat",
			Fields: map[string]string{"room": "2.14", "symptom": "te koud"}, Priority: balie.High, Outcome: outcome, Team: "techniek", Answer: "Draai de knop open.", Took: 134 * time.Second}
		if outcome == desk.CallWaiting {
			in.Subject, in.Text, in.Fields = "", "De verwarming.", map[string]string{"room": "2.14"}
		}
		r, err := w.desk.LogCall(t.Context(), sanne, in, w.now)
		if err != nil {
			t.Errorf("%s: %v", outcome, err)
			continue
		}
		if again, err := w.desk.LogCall(t.Context(), sanne, in, w.now); err != nil || again.ID != r.ID || len(w.all()) != 1 {
			t.Errorf("%s, a double click: %d requests, %v", outcome, len(w.all()), err)
		}
		if r.State != want || r.Product != "klimaat" || r.Kind != balie.Fault || r.Channel != "phone" || r.Priority != balie.High || r.Preview == "" || r.Customer.IsZero() {
			t.Errorf("%s: %+v", outcome, r)
		}
		v := w.view(sanne, r.ID)
		if v.Customer.Person.Name != "Saskia de Wit" || v.Customer.Person.Addresses[0].Value != "+31201234567" || len(v.Decisions) != 1 || v.Decisions[0].Decision.Facts.Match.Product != "klimaat" {
			t.Errorf("%s: customer %+v, decisions %d", outcome, v.Customer.Person, len(v.Decisions))
		}
		if n, err := w.db.CountLedger(t.Context(), ledgerAll); err != nil || n[balie.LedgerTaken] != 1 {
			t.Errorf("%s: ledger %v, %v", outcome, n, err)
		}
		if d := w.deliveries(r.ID); outcome != desk.CallHandOut && len(d) != 0 {
			t.Errorf("%s: somebody known by number only was written to: %+v", outcome, d)
		}
		w.verify()
	}
}

func TestACallSolvedAtOnceCanBeTakenBack(t *testing.T) {
	w := newWorld(t)
	r, err := w.desk.LogCall(t.Context(), sanne, desk.Call{Key: "k", Channel: "counter", Text: "Waar is de kantine?", Outcome: desk.CallSolved, Answer: "Beneden."}, w.now)
	if err != nil || r.State != balie.Closed || r.Outcome != balie.Solved {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = w.desk.Undo(t.Context(), sanne, r.ID, r.Version, w.now)
	if err != nil || r.State != balie.AtDesk {
		t.Errorf("%s, %v", r.State, err)
	}
}

func TestACallIsAddedToWhatRunsAlready(t *testing.T) {
	w := newWorld(t)
	r := w.inState("waiting")
	got, err := w.desk.LogCall(t.Context(), sanne, desk.Call{Key: "k", Channel: "phone", Person: r.Customer, Address: balie.Address{Scheme: balie.Tel, Value: "06 12345678"},
		Text: "Hij belt: het is kamer 3.", Outcome: desk.CallDesk, Into: r.ID}, w.now)
	if err != nil || got.ID != r.ID || got.State != balie.AtDesk || !strings.Contains(got.Preview, "kamer 3") {
		t.Fatalf("%+v, %v", got, err)
	}
	v := w.view(sanne, r.ID)
	if len(v.Customer.Person.Addresses) != 2 || len(v.Participants) != 0 {
		t.Errorf("the number is not the customer's now: %+v", v.Customer.Person)
	}
	if n, err := w.db.CountLedger(t.Context(), ledgerAll); err != nil || n[balie.LedgerJoined] != 1 {
		t.Errorf("ledger %v, %v", n, err)
	}
}

func TestACallWithoutWhatIsNeededIsRefused(t *testing.T) {
	w := newWorld(t)
	good := desk.Call{Key: "k", Channel: "phone", Text: "koud", Product: "klimaat", Outcome: desk.CallHandOut, Team: "techniek"}
	for field, bad := range map[string]func(*desk.Call){
		"why": func(*desk.Call) {}, "text": func(c *desk.Call) { c.Text = "" }, "channel": func(c *desk.Call) { c.Channel = "duif" },
		"outcome": func(c *desk.Call) { c.Outcome = "?" }, "team": func(c *desk.Call) { c.Team = "" }, "address": func(c *desk.Call) { c.Address = balie.Address{Scheme: balie.Tel, Value: "abc"} },
		"field.symptom": func(c *desk.Call) { c.Fields = map[string]string{"symptom": "paars"} }, "product": func(c *desk.Call) { c.Product = "x" }, "key": func(c *desk.Call) { c.Key = "" },
		"priority": func(c *desk.Call) { c.Priority = 7 },
	} {
		in := good
		bad(&in)
		var invalid *balie.InvalidError
		if _, err := w.desk.LogCall(t.Context(), sanne, in, w.now); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if len(w.all()) != 0 {
		t.Error("a refused call left something")
	}
	if _, err := w.desk.LogCall(t.Context(), rita, good, w.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("by who may only read: %v", err)
	}
}
