package desk_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

func ptr[T any](v T) *T { return &v }

// Everything that an edit changes comes back with Undo, and nothing else.
func TestAnEditIsTakenBackWhole(t *testing.T) {
	w := newWorld(t)
	was := w.question()
	r, seq, err := w.desk.Edit(t.Context(), sanne, desk.Edit{Request: was.ID, Subject: ptr("Koud in 2.14"), Product: ptr("klimaat"), Language: ptr("en"), Assignee: ptr("bram"),
		Priority: ptr(balie.Urgent), Fields: map[string]string{"room": "2.14"}, AddTags: []string{"vip", "koud"}}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	if r.Subject != "Koud in 2.14" || r.Kind != balie.Fault || r.Language != "en" || r.Assignee != "bram" || r.Priority != balie.Urgent || r.Fields["room"] != "2.14" || len(r.Tags) != 2 {
		t.Fatalf("%+v", r)
	}
	same, none, err := w.desk.Edit(t.Context(), sanne, desk.Edit{Request: r.ID, Subject: ptr("Koud in 2.14")}, w.now)
	if err != nil || none != 0 || same.Version != r.Version {
		t.Errorf("an edit that changes nothing: seq %d, %v", none, err)
	}
	var move *balie.MoveError
	if _, err := w.desk.Undo(t.Context(), bram, r.ID, seq, w.now); !errors.As(err, &move) {
		t.Errorf("by somebody else: %v", err)
	}
	if _, err := w.desk.Undo(t.Context(), sanne, r.ID, seq, w.now.Add(11*time.Minute)); !errors.As(err, &move) {
		t.Errorf("after eleven minutes: %v", err)
	}
	for range 2 { // twice is once
		if r, err = w.desk.Undo(t.Context(), sanne, r.ID, seq, w.now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	r.Version, r.Changed, r.Tags, was.Tags = was.Version, was.Changed, nil, nil
	if len(r.Fields) == 0 {
		r.Fields = was.Fields
	}
	if !reflect.DeepEqual(r, was) {
		t.Errorf("\n got %+v\nwant %+v", r, was)
	}
	w.verify()
}

// What was changed again since stays as it is.
func TestUndoIsRefusedWhenItWasChangedAgain(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	_, seq, err := w.desk.Assign(t.Context(), sanne, r.ID, "bram", w.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.desk.Edit(t.Context(), bram, desk.Edit{Request: r.ID, Priority: ptr(balie.High)}, w.now); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.desk.Assign(t.Context(), bram, r.ID, "lex", w.now); err != nil {
		t.Fatal(err)
	}
	var move *balie.MoveError
	if _, err := w.desk.Undo(t.Context(), sanne, r.ID, seq, w.now); !errors.As(err, &move) || !strings.Contains(err.Error(), "assignee") {
		t.Errorf("got %v", err)
	}
	if now := w.get(r.ID); now.Assignee != "lex" || now.Priority != balie.High {
		t.Errorf("%+v", now)
	}
}

func TestTheViewOffersUndoWhereItWorks(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	if _, _, err := w.desk.Edit(t.Context(), sanne, desk.Edit{Request: r.ID, Product: ptr("klimaat"), Fields: map[string]string{"room": "2.14"}, AddTags: []string{"vip"}}, w.now); err != nil {
		t.Fatal(err)
	}
	for _, a := range []desk.Actor{sanne, bram} {
		var offered []uint64
		for _, e := range w.view(a, r.ID).Entries {
			if e.Undo {
				offered = append(offered, e.Seq)
			}
		}
		if a.ID == bram.ID && len(offered) != 0 || a.ID == sanne.ID && len(offered) != 1 {
			t.Errorf("%s may undo %v", a.ID, offered)
		}
	}
}

func TestWhatCannotBeIsRefusedWithTheFieldAndAWayOut(t *testing.T) {
	w := newWorld(t)
	r := w.complete()
	for field, in := range map[string]desk.Edit{
		"subject": {Subject: ptr("  ")}, "product": {Product: ptr("eenhoorn")}, "kind": {Kind: ptr("ramp")}, "language": {Language: ptr("fr")},
		"priority": {Priority: ptr(9)}, "assignee": {Assignee: ptr("<script>")}, "customer": {Customer: ptr(balie.NewID(t0))},
		"field.symptom": {Fields: map[string]string{"symptom": "paars"}}, "field.eenhoorn": {Fields: map[string]string{"eenhoorn": "x"}}, "tags": {AddTags: []string{"a,b"}},
	} {
		in.Request = r.ID
		var invalid *balie.InvalidError
		if _, _, err := w.desk.Edit(t.Context(), sanne, in, w.now); !errors.As(err, &invalid) || invalid.Field != field || invalid.Fix == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	if now := w.get(r.ID); now.Version != r.Version {
		t.Error("a refused edit changed the request")
	}
}

func TestResolveAndCloseAreTakenBack(t *testing.T) {
	for _, from := range []string{"desk", "waiting", "planned", "answered"} {
		for name, do := range map[string]func(*world, balie.ID) (balie.Request, uint64, error){
			"resolve": func(w *world, id balie.ID) (balie.Request, uint64, error) {
				return w.desk.Resolve(w.t.Context(), sanne, id, "counter", w.now)
			},
			"spam": func(w *world, id balie.ID) (balie.Request, uint64, error) {
				return w.desk.Close(w.t.Context(), sanne, id, balie.Spam, balie.ID{}, "", w.now)
			},
		} {
			w := newWorld(t)
			was := w.inState(from)
			r, seq, err := do(w, was.ID)
			if err != nil || r.State != balie.Closed || r.Outcome == "" {
				t.Fatalf("%s from %s: %s, %v", name, from, r.State, err)
			}
			r, err = w.desk.Undo(t.Context(), sanne, r.ID, seq, w.now)
			if err != nil {
				t.Fatalf("%s from %s: undo: %v", name, from, err)
			}
			r.Version, r.Changed = was.Version, was.Changed
			if !reflect.DeepEqual(r, was) {
				t.Errorf("%s from %s, taken back:\n got %+v\nwant %+v", name, from, r, was)
			}
			w.verify()
		}
	}
}

func TestClosingNeedsWhatItIsAbout(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	for field, do := range map[string]func() error{
		"outcome": func() error {
			_, _, err := w.desk.Close(t.Context(), sanne, r.ID, balie.Solved, balie.ID{}, "", w.now)
			return err
		},
		"of": func() error {
			_, _, err := w.desk.Close(t.Context(), sanne, r.ID, balie.Duplicate, balie.ID{}, "", w.now)
			return err
		},
		"reason": func() error {
			_, _, err := w.desk.Close(t.Context(), sanne, r.ID, balie.RefusedByDesk, balie.ID{}, "", w.now)
			return err
		},
		"how":  func() error { _, _, err := w.desk.Resolve(t.Context(), sanne, r.ID, "telepathie", w.now); return err },
		"date": func() error { _, err := w.desk.Plan(t.Context(), sanne, r.ID, w.now, "", w.now); return err },
	} {
		var invalid *balie.InvalidError
		if err := do(); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// A complaint is never closed by itself; an agent may.
func TestAnAgentMayAnswerAComplaint(t *testing.T) {
	w := newWorld(t)
	r := w.mail("jan@klant.example", "Klacht", "Ik heb dit nu drie keer gemeld en er gebeurt niets, dit is onacceptabel.", "")
	if r.Kind != balie.Complaint {
		t.Fatalf("kind %s", r.Kind)
	}
	if s := w.reply(r, "Dat spijt ons.", desk.ThenResolve); s.Request.State != balie.AnsweredState {
		t.Errorf("state %s", s.Request.State)
	}
}

func TestAJudgementIsStoredWithItsDecision(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	v := w.view(sanne, r.ID)
	if len(v.Decisions) != 1 || v.Decisions[0].NoTrace != "" || len(v.Decisions[0].Trace.Rules) == 0 {
		t.Fatalf("decisions %+v", v.Decisions)
	}
	r, err := w.desk.Judge(t.Context(), sanne, r.ID, v.Decisions[0].Seq, false, "klimaat", w.now)
	if err != nil || r.Product != "klimaat" {
		t.Fatalf("product %q, %v", r.Product, err)
	}
	if d := w.view(bram, r.ID).Decisions[0]; d.Judged != "wrong" || d.Instead != "klimaat" {
		t.Errorf("%+v", d)
	}
	if _, err := w.desk.Judge(t.Context(), sanne, r.ID, 1, true, "", w.now); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("of what is no decision: %v", err)
	}
	if tr, err := w.desk.Trace(t.Context(), rita, r.ID, v.Decisions[0].Seq); err != nil || len(tr.Rules) == 0 {
		t.Errorf("trace: %v", err)
	}
}

func TestDraftsAreEachAgentsOwnAndExpire(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	if err := w.desk.SaveDraft(t.Context(), sanne, r.ID, "reply", "half af", r.Version, w.now); err != nil {
		t.Fatal(err)
	}
	if d, err := w.desk.Draft(t.Context(), bram, r.ID, "reply"); err != nil || d.Text != "" {
		t.Errorf("another agent's: %+v, %v", d, err)
	}
	if v := w.view(sanne, r.ID); v.Drafts["reply"].Text != "half af" || v.Drafts["reply"].Seen != r.Version {
		t.Errorf("drafts %+v", v.Drafts)
	}
	if err := w.desk.SaveDraft(t.Context(), sanne, r.ID, "../x", "y", 1, w.now); err == nil {
		t.Error("a tab that is none")
	}
	w.reply(r, "af", desk.ThenStay)
	if d, err := w.desk.Draft(t.Context(), sanne, r.ID, "reply"); err != nil || d.Text != "" {
		t.Errorf("after sending: %+v, %v", d, err)
	}
	if err := w.desk.SaveDraft(t.Context(), sanne, r.ID, "reply", "oud", 1, w.now); err != nil {
		t.Fatal(err)
	}
	if n, err := w.db.SweepRecords(t.Context(), w.now.AddDate(0, 0, 31)); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
}

func TestSnippetsAreFilledInAndCheckedWhenSaved(t *testing.T) {
	w := newWorld(t)
	var invalid *balie.InvalidError
	if _, err := w.desk.SaveSnippet(t.Context(), sanne, desk.Snippet{Name: "fout", Text: "Dag {klantnaam}"}, w.now); !errors.As(err, &invalid) || !strings.Contains(invalid.Fix, "{naam}") {
		t.Errorf("an unknown placeholder: %v", err)
	}
	s, err := w.desk.SaveSnippet(t.Context(), sanne, desk.Snippet{Name: "Groet", Language: "nl", Text: "Dag {voornaam}, {ref} van {onderwerp}. {agent}, {datum}"}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	r := w.mail("Jan *Jansen* <jan@klant.example>", "Vraagje", "Wat vinden jullie van de nieuwe minister?", "")
	v := w.view(sanne, r.ID)
	got := w.desk.FillSnippet(v, sanne, s.Text, w.now)
	if want := "Dag Jan, " + r.Ref + " van Vraagje. Sanne Vos, "; !strings.HasPrefix(got, want) || strings.Contains(got, "{") {
		t.Errorf("%q, want %q…", got, want)
	}
	if got := w.desk.FillSnippet(v, sanne, "{naam}", w.now); got != `Jan \*Jansen\*` {
		t.Errorf("a name with markup: %q", got)
	}
	old := s
	if s, err = w.desk.SaveSnippet(t.Context(), bram, s, w.now); err != nil || s.Version != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := w.desk.SaveSnippet(t.Context(), sanne, old, w.now); !errors.Is(err, balie.ErrStale) {
		t.Errorf("over a newer one: %v", err)
	}
	if all, err := w.desk.Snippets(t.Context(), sanne, "nl"); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := w.desk.Snippets(t.Context(), sanne, "en"); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	for range 2 {
		if err := w.desk.DeleteSnippet(t.Context(), sanne, s.ID, w.now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.desk.SaveSnippet(t.Context(), rita, desk.Snippet{Name: "x", Text: "y"}, w.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("by who may only read: %v", err)
	}
}

func TestSuggestionsAreTheCatalogueFilledIn(t *testing.T) {
	w := newWorld(t)
	got := w.desk.Suggest(t.Context(), "Ik ben mijn kastsleutel kwijt, kan ik een nieuwe krijgen?", "nl", w.now)
	if len(got) == 0 || got[0].Product.ID != "sleutel" || got[0].Score < 0.5 || len(got[0].Terms) == 0 || got[0].Answer == "" {
		t.Fatalf("%+v", got)
	}
	r := w.complete()
	v := w.view(sanne, r.ID)
	if for1 := w.desk.SuggestFor(t.Context(), v, w.now); len(for1) == 0 || for1[0].Product.ID != "klimaat" {
		t.Errorf("%+v", for1)
	}
	if none := w.desk.Suggest(t.Context(), "   ", "nl", w.now); none != nil {
		t.Errorf("%+v", none)
	}
}
