package desk_test

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

func (w *world) reply(r balie.Request, text string, then desk.Then) desk.Sent {
	w.t.Helper()
	s, err := w.desk.Reply(w.t.Context(), sanne, desk.Reply{Request: r.ID, Seen: r.Version, Text: text, Then: then, Key: text}, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// An answer goes to whoever asked, in their thread, after the time to undo.
func TestAReplyAnswersTheCustomersMail(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	s := w.reply(r, "Daar gaan wij niet **over**.", desk.ThenResolve)
	if s.Request.State != balie.AnsweredState || !s.Due.Equal(w.now.Add(undoSend)) {
		t.Fatalf("state %s, due %v", s.Request.State, s.Due)
	}
	m := w.letterTo(r.ID, "jan@klant.example")
	if m.ID != s.Message || m.Text != "Daar gaan wij niet **over**." || len(m.Thread) == 0 || !m.At.Equal(s.Due) {
		t.Errorf("message %+v", m)
	}
	for _, want := range []string{"Daar gaan wij niet **over**.", "Sanne Vos", "De Linde", r.Ref, "https://desk.delinde.example/s/"} {
		if !strings.Contains(m.Full, want) {
			t.Errorf("the letter lacks %q:\n%s", want, m.Full)
		}
	}
	if d := w.deliveryOf(r.ID, s.Message); !d.Due.Equal(s.Due) || d.Status != balie.Pending {
		t.Errorf("delivery %+v", d)
	}
}

func TestRepliesBringARequestWhereTheySay(t *testing.T) {
	for _, c := range []struct {
		from, then, want string
	}{
		{"desk", "stay", "desk"}, {"desk", "wait", "waiting"}, {"desk", "resolve", "answered"},
		{"waiting", "stay", "waiting"}, {"waiting", "wait", "waiting"}, {"waiting", "resolve", "answered"},
		{"handedout", "stay", "handedout"}, {"handedout", "wait", "handedout"},
		{"planned", "stay", "planned"}, {"planned", "wait", "waiting"}, {"planned", "resolve", "answered"},
		{"answered", "stay", "answered"}, {"answered", "wait", "waiting"}, {"answered", "resolve", "answered"},
		{"closed", "stay", "closed"}, {"closed", "wait", "waiting"}, {"closed", "resolve", "closed"},
	} {
		w := newWorld(t)
		r := w.inState(c.from)
		s := w.reply(r, "tekst", desk.Then(c.then))
		if got := s.Request.State.String(); got != c.want {
			t.Errorf("%s, then %s: %s, want %s", c.from, c.then, got, c.want)
			continue
		}
		// Taken back, it is where it was.
		if _, err := w.desk.Unsend(t.Context(), bram, r.ID, s.Message, w.now.Add(time.Second)); err != nil {
			t.Errorf("%s, then %s: unsend: %v", c.from, c.then, err)
			continue
		}
		after := w.get(r.ID)
		after.Version, after.Changed, after.Next, r.Next = r.Version, r.Changed, time.Time{}, time.Time{}
		if !reflect.DeepEqual(after, r) {
			t.Errorf("%s, then %s, taken back:\n got %+v\nwant %+v", c.from, c.then, after, r)
		}
		w.verify()
	}
}

// inState is a request in a state.
func (w *world) inState(state string) balie.Request {
	w.t.Helper()
	if state == "handedout" {
		r, _ := w.handedOut()
		return r
	}
	r := w.question()
	var err error
	switch state {
	case "waiting":
		r = w.reply(r, "welke?", desk.ThenWait).Request
	case "planned":
		r, err = w.desk.Plan(w.t.Context(), sanne, r.ID, w.now.AddDate(0, 0, 3), "monteur", w.now)
	case "answered":
		r = w.reply(r, "zo", desk.ThenResolve).Request
	case "closed":
		r, _, err = w.desk.Resolve(w.t.Context(), sanne, r.ID, "phone", w.now)
	}
	if err != nil || r.State.String() != state {
		w.t.Fatalf("state %s, want %s: %v", r.State, state, err)
	}
	return r
}

// A team that still has it would be forgotten by an answer that closes.
func TestAnAnswerDoesNotCloseWhatATeamHas(t *testing.T) {
	w := newWorld(t)
	r, _ := w.handedOut()
	var move *balie.MoveError
	if _, err := w.desk.Reply(t.Context(), sanne, desk.Reply{Request: r.ID, Seen: r.Version, Text: "klaar", Then: desk.ThenResolve, Key: "k"}, w.now); !errors.As(err, &move) {
		t.Errorf("got %v", err)
	}
	if now := w.get(r.ID); now.Version != r.Version {
		t.Error("a refused reply changed the request")
	}
}

// What is written against an older version is refused, with what is new.
func TestAReplyAgainstAnOlderVersionIsRefusedAndShowsWhatIsNew(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	seen := r.Version
	w.mail("jan@klant.example", "Re: Vraagje", "O, ik heb het al gevonden.", w.letterTo(r.ID, "jan@klant.example").MsgID)
	in := desk.Reply{Request: r.ID, Seen: seen, Text: "Daar gaan wij niet over.", Key: "k"}
	_, err := w.desk.Reply(t.Context(), sanne, in, w.now)
	var stale *desk.StaleError
	if !errors.As(err, &stale) || !errors.Is(err, balie.ErrStale) {
		t.Fatalf("got %v", err)
	}
	if len(stale.New) != 1 || !strings.Contains(stale.New[0].Text, "al gevonden") {
		t.Errorf("new: %+v", stale.New)
	}
	if n := len(w.deliveries(r.ID)); n != 1 {
		t.Errorf("%d letters, want the receipt alone", n)
	}
	in.Anyway = true
	if _, err := w.desk.Reply(t.Context(), sanne, in, w.now); err != nil {
		t.Errorf("anyway: %v", err)
	}
}

func TestTwoAgentsCollideOnce(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	w.reply(r, "Sanne antwoordt.", desk.ThenResolve)
	var stale *desk.StaleError
	in := desk.Reply{Request: r.ID, Seen: r.Version, Text: "Bram ook.", Then: desk.ThenResolve, Key: "b"}
	if _, err := w.desk.Reply(t.Context(), bram, in, w.now); !errors.As(err, &stale) {
		t.Errorf("the second agent: %v", err)
	}
	// What one does oneself, and what is only edited, makes nothing stale.
	s := w.get(r.ID)
	p := balie.High
	if _, _, err := w.desk.Edit(t.Context(), bram, desk.Edit{Request: r.ID, Priority: &p}, w.now); err != nil {
		t.Fatal(err)
	}
	in = desk.Reply{Request: r.ID, Seen: s.Version - 1, Text: "Nog iets.", Key: "c"}
	if _, err := w.desk.Reply(t.Context(), sanne, in, w.now); err != nil {
		t.Errorf("after one's own reply and an edit: %v", err)
	}
}

// R5: a double click, a reload, a second tab with the same form: one answer.
func TestR5_ADoubleClickIsOneReply(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	in := desk.Reply{Request: r.ID, Seen: r.Version, Text: "Eén keer.", Then: desk.ThenResolve, Key: "form-1"}
	first, err := w.desk.Reply(t.Context(), sanne, in, w.now)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan desk.Sent, 4)
	for range cap(done) {
		go func() {
			again, err := w.desk.Reply(t.Context(), sanne, in, w.now.Add(time.Second))
			if err != nil {
				t.Error(err)
			}
			done <- again
		}()
	}
	for range cap(done) {
		if again := <-done; again.Message != first.Message || !again.Due.Equal(first.Due) {
			t.Errorf("again: %+v, first %+v", again, first)
		}
	}
	if n := len(w.deliveries(r.ID)); n != 2 {
		t.Errorf("%d letters, want receipt and answer", n)
	}
}

// R5: what is taken back in time is sent to nobody, shown on no page of the
// customer's, and its text is in the draft.
func TestR5_UnsentIsSentToNobody(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	s := w.reply(r, "Toch niet.", desk.ThenResolve)
	if err := w.desk.SaveDraft(t.Context(), sanne, r.ID, "reply", "al verder getypt", s.Request.Version, w.now); err != nil {
		t.Fatal(err)
	}
	for range 2 { // twice is once
		text, err := w.desk.Unsend(t.Context(), sanne, r.ID, s.Message, w.now.Add(time.Second))
		if err != nil || text != "Toch niet." {
			t.Fatalf("%q, %v", text, err)
		}
	}
	claimed, err := w.db.Claim(t.Context(), w.now.Add(time.Hour), time.Minute, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claimed {
		if c.Message.ID == s.Message {
			t.Error("it goes out all the same")
		}
	}
	if m, err := w.db.Message(t.Context(), s.Message); err != nil || m.Side == balie.CustomerSide {
		t.Errorf("it stands on the customer's side: %+v, %v", m, err)
	}
	d, err := w.desk.Draft(t.Context(), sanne, r.ID, "reply")
	if err != nil || d.Text != "Toch niet.\n\nal verder getypt" {
		t.Errorf("draft %+v, %v", d, err)
	}
	v := w.view(sanne, r.ID)
	if v.Request.State != balie.AtDesk || v.Request.Spoke != r.Spoke || v.Request.Responded != r.Responded || v.Unsendable != nil {
		t.Errorf("request %+v", v.Request)
	}
	found := false
	for _, e := range v.Entries {
		if e.Message != nil && e.Message.ID == s.Message {
			found = e.Unsent && len(e.Posts) == 1 && e.Posts[0].Status == balie.TakenBack
		}
	}
	if !found {
		t.Error("the timeline does not show what was taken back")
	}
}

func TestR5_WhatHasGoneOutIsNotTakenBack(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	s := w.reply(r, "Weg.", desk.ThenResolve)
	for range 2 { // the receipt, then the answer behind it
		claimed, err := w.db.Claim(t.Context(), s.Due, time.Minute, 10)
		if err != nil || len(claimed) != 1 {
			t.Fatal(claimed, err)
		}
		var move *balie.MoveError
		if claimed[0].Message.ID == s.Message {
			if _, err := w.desk.Unsend(t.Context(), sanne, r.ID, s.Message, s.Due); !errors.As(err, &move) {
				t.Errorf("while it is being sent: %v", err)
			}
		}
		d := claimed[0].Delivery
		d.Status = balie.SentOK
		if err := w.db.Commit(t.Context(), balie.Change{Deliveries: []balie.Delivery{d}}); err != nil {
			t.Fatal(err)
		}
	}
	var move *balie.MoveError
	if _, err := w.desk.Unsend(t.Context(), sanne, r.ID, s.Message, s.Due); !errors.As(err, &move) {
		t.Errorf("after it was sent: %v", err)
	}
	if w.get(r.ID).State != balie.AnsweredState {
		t.Error("the state changed")
	}
}

// A reply that came while the answer waited stands: taking the answer back
// does not undo the customer.
func TestUnsendKeepsWhatHappenedSince(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	s := w.reply(r, "Zo.", desk.ThenResolve)
	w.mail("jan@klant.example", "Re: Vraagje", "Wacht, er is nog iets heel anders stuk.", w.letterTo(r.ID, "jan@klant.example").MsgID)
	if _, err := w.desk.Unsend(t.Context(), sanne, r.ID, s.Message, w.now); err != nil {
		t.Fatal(err)
	}
	if now := w.get(r.ID); now.State != balie.AtDesk || now.ReopenCount != 1 || now.Spoke != balie.CustomerSide {
		t.Errorf("%+v", now)
	}
}

// Nor does it undo a colleague.
func TestUnsendKeepsWhatAColleagueDidSince(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	w.pass(time.Minute)
	s := w.reply(r, "Zo.", desk.ThenStay)
	in := desk.Reply{Request: r.ID, Seen: s.Request.Version, Text: "Welke kamer?", Then: desk.ThenWait, Key: "b"}
	theirs, err := w.desk.Reply(t.Context(), bram, in, w.now.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Unsend(t.Context(), sanne, r.ID, s.Message, w.now.Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	if now := w.get(r.ID); now.State != balie.Waiting || now.Rounds != 1 || !now.SpokeAt.Equal(theirs.Request.SpokeAt) {
		t.Errorf("%+v", now)
	}
	if d := w.deliveryOf(r.ID, theirs.Message); d.Status != balie.Pending {
		t.Errorf("the colleague's reply is %s", d.Status)
	}
}

func TestARecipientTakesPartOrIsRefused(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	colleague := balie.Address{Scheme: balie.Mail, Value: "piet@klant.example", Name: "Piet"}
	in := desk.Reply{Request: r.ID, Seen: r.Version, Text: "Hallo.", To: []balie.Address{colleague}, Key: "k"}
	var invalid *balie.InvalidError
	if _, err := w.desk.Reply(t.Context(), sanne, in, w.now); !errors.As(err, &invalid) || invalid.Field != "to" {
		t.Fatalf("a stranger: %v", err)
	}
	r, err := w.desk.AddParticipant(t.Context(), sanne, r.ID, balie.ID{}, colleague, w.now)
	if err != nil {
		t.Fatal(err)
	}
	in.Seen = r.Version
	in.To = []balie.Address{{Scheme: balie.Mail, Value: "jan@klant.example"}, colleague}
	if _, err := w.desk.Reply(t.Context(), sanne, in, w.now); err != nil {
		t.Fatal(err)
	}
	if m := w.letterTo(r.ID, "piet@klant.example"); len(m.To) != 2 {
		t.Errorf("to %+v", m.To)
	}
	v := w.view(sanne, r.ID)
	if len(v.Participants) != 1 || v.Participants[0].Name != "Piet" || len(v.Recipients) != 1 || v.Recipients[0].Value != "jan@klant.example" {
		t.Errorf("participants %+v, recipients %+v", v.Participants, v.Recipients)
	}
}

// Somebody known by telephone only hears it by telephone; what they were told
// is kept.
func TestWithoutAWayBackAReplyIsWhatWasSaid(t *testing.T) {
	w := newWorld(t)
	r, err := w.desk.LogCall(t.Context(), sanne, desk.Call{Key: "c", Channel: "phone", Address: balie.Address{Scheme: balie.Tel, Value: "06 12345678"}, Name: "Jan",
		Text: "Wat vinden jullie van de nieuwe minister?", Outcome: desk.CallDesk}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	if v := w.view(sanne, r.ID); v.NoWayBack != desk.NoAddress {
		t.Errorf("no way back: %q", v.NoWayBack)
	}
	s := w.reply(r, "Teruggebeld: daar gaan wij niet over.", desk.ThenResolve)
	if s.Request.State != balie.AnsweredState || len(w.deliveries(r.ID)) != 0 {
		t.Errorf("state %s, deliveries %+v", s.Request.State, w.deliveries(r.ID))
	}
}

func TestAFileGoesWithTheReplyAndIsFoundAgain(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	f, err := w.desk.KeepFile(t.Context(), sanne, "../../etc/plan.pdf", "application/pdf; x=y", strings.NewReader("%PDF-1.7 een plan"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.desk.Reply(t.Context(), sanne, desk.Reply{Request: r.ID, Seen: r.Version, Text: "Zie bijlage.", Files: []desk.File{f}, Key: "k"}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	m := w.letterTo(r.ID, "jan@klant.example")
	if len(m.Parts) != 1 || m.Parts[0].Name != "plan.pdf" || m.Parts[0].Type != "application/pdf" {
		t.Fatalf("parts %+v", m.Parts)
	}
	body, p, err := w.desk.OpenPart(t.Context(), bram, s.Message, m.Parts[0].SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if b, err := io.ReadAll(body); err != nil || string(b) != "%PDF-1.7 een plan" || p.Name != "plan.pdf" {
		t.Errorf("%q, %+v, %v", b, p, err)
	}
}

func TestMissingFieldsAreAskedInOneLetter(t *testing.T) {
	w := newWorld(t)
	r := w.question()
	product := "klimaat"
	r, _, err := w.desk.Edit(t.Context(), sanne, desk.Edit{Request: r.ID, Product: &product}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.desk.AskMissing(t.Context(), sanne, r.ID, nil, r.Version, "k", w.now)
	if err != nil {
		t.Fatal(err)
	}
	if s.Request.State != balie.Waiting || strings.Join(s.Request.Asked, ",") != "room,symptom" {
		t.Errorf("state %s, asked %v", s.Request.State, s.Request.Asked)
	}
	v := w.view(sanne, r.ID)
	if v.Product.Missing != 2 || !v.Product.Fields[0].Asked {
		t.Errorf("%+v", v.Product)
	}
	// The answer is read, and the request goes on by the rules.
	now := w.mail("jan@klant.example", "Re: Vraagje", "Kamer 2.14\nte koud", w.letterTo(r.ID, "jan@klant.example").MsgID)
	if now.Fields["room"] == "" || now.Fields["symptom"] != "te koud" {
		t.Errorf("fields %v", now.Fields)
	}
	var invalid *balie.InvalidError
	if _, err := w.desk.AskMissing(t.Context(), sanne, r.ID, []string{"schoenmaat"}, now.Version+99, "k2", w.now); !errors.As(err, &invalid) || invalid.Field != "fields" {
		t.Errorf("an unknown field: %v", err)
	}
}
