package webform_test

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/token"
)

// TestS2_StatusPageShowsOnlyTheCustomersSide: not a word of a team, of a note,
// or of why the desk closed it.
func TestS2_StatusPageShowsOnlyTheCustomersSide(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Pas werkt niet"))
	r := s.lastRequest()
	handout := &balie.Handout{ID: balie.NewID(monday), Team: "access", State: balie.Offered}
	s.desk.do(t, r.ID, balie.Event{What: balie.HandedOut, By: "agent:noor", Handout: handout},
		balie.Event{What: balie.Noted, By: "agent:noor", Data: map[string]string{"x": "SECRET-EVENT"}})
	for side, text := range map[balie.Side]string{balie.TeamSide: "SECRET-TEAM", balie.DeskSide: "SECRET-NOTE", balie.CustomerSide: "We kijken het na"} {
		s.desk.say(balie.Message{Request: r.ID, Side: side, Direction: balie.Out, Text: text})
	}
	s.desk.say(balie.Message{Request: r.ID, Side: balie.CustomerSide, Handout: handout.ID, Direction: balie.Out, Text: "SECRET-THREAD"})
	s.desk.say(balie.Message{Request: balie.NewID(monday), Side: balie.CustomerSide, Text: "SECRET-OTHER"})
	p := s.get(at)
	if strings.Contains(p.body, "SECRET") || !strings.Contains(p.body, "We kijken het na") || !strings.Contains(p.body, "Toegang en beveiliging") {
		t.Errorf("got %d\n%s", p.StatusCode, p.body)
	}
	s.desk.do(t, r.ID, balie.Event{What: balie.ClosedAs, By: "agent:noor", Data: map[string]string{"outcome": "spam", "reason": "SECRET-REASON"}})
	if p = s.get(at); strings.Contains(p.body, "SECRET") || strings.Contains(strings.ToLower(p.body), "spam") {
		t.Errorf("a closed request tells why")
	}
}

func TestStatusInTheCustomersWords(t *testing.T) {
	handout := &balie.Handout{ID: balie.NewID(monday), Team: "access", State: balie.Offered}
	promised := balie.Event{What: balie.Edited, By: "router@1", Data: map[string]string{"promised": monday.Add(2 * time.Hour).Format(time.RFC3339)}}
	for name, tc := range map[string]struct {
		events []balie.Event
		nl, en string
	}{
		"at the desk":        {nil, "We kijken ernaar", "We are looking at it"},
		"with a promise":     {[]balie.Event{promised}, "Uiterlijk <b>12.38 uur</b> hoor je van ons.", "by <b>12:38</b> at the latest"},
		"waiting":            {[]balie.Event{{What: balie.Asked, By: "router@1"}}, "We hebben nog iets van je nodig", "We need something more from you"},
		"handed out":         {[]balie.Event{promised, {What: balie.HandedOut, By: "agent:x", Handout: handout}}, "Het ligt bij Toegang en beveiliging. Uiterlijk <b>12.38 uur</b>", "It is with Access and security."},
		"planned":            {[]balie.Event{{What: balie.PlannedFor, By: "agent:x", Data: map[string]string{"date": "2026-11-26T15:00:00Z"}}}, "Afspraak op donderdag 26 november, 15.00 uur", "Appointment on Thursday 26 November, 15:00"},
		"answered":           {[]balie.Event{{What: balie.Answered, By: "agent:x"}}, "Is je vraag hiermee opgelost?", "Does this solve your question?"},
		"solved":             {[]balie.Event{{What: balie.Answered, By: "agent:x"}, {What: balie.Confirmed, By: "customer"}}, "Opgelost op dinsdag 24 november", "Solved on Tuesday 24 November"},
		"closed, no answer":  {[]balie.Event{{What: balie.Asked, By: "agent:x"}, {What: balie.Unanswered, By: "timer"}}, "omdat we geen antwoord kregen", "because we had no answer"},
		"closed as spam":     {[]balie.Event{{What: balie.ClosedAs, By: "agent:x", Data: map[string]string{"outcome": "spam"}}}, "Afgerond op", "Finished on"},
		"a promise not kept": {[]balie.Event{{What: balie.Edited, By: "x", Data: map[string]string{"promised": monday.Add(-time.Hour).Format(time.RFC3339)}}}, "langer dan we beloofden", "longer than we promised"},
	} {
		s := open(t, nil)
		at := trimmed(s.ask("Pas werkt niet"))
		s.desk.do(t, s.lastRequest().ID, tc.events...)
		if p := s.get(at + "?lang=nl"); !strings.Contains(p.body, tc.nl) {
			t.Errorf("%s: not %q in\n%s", name, tc.nl, p.body)
		}
		if p := s.get(at + "?lang=en"); !strings.Contains(p.body, tc.en) || !strings.Contains(p.body, `<html lang="en">`) {
			t.Errorf("%s: not %q in\n%s", name, tc.en, p.body)
		}
	}
}

func TestReplyFromTheStatusPage(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Pas werkt niet"))
	r := s.lastRequest()
	v := url.Values{"token": {s.fresh(at)}, "text": {"Nummer 0041"}, "lang": {"nl"}}
	first, second := s.post(at, v), s.post(at, v)
	if first.StatusCode != 303 || second.StatusCode != 303 || !strings.HasPrefix(first.Header.Get("Location"), at) {
		t.Fatalf("got %d and %d to %q", first.StatusCode, second.StatusCode, first.Header.Get("Location"))
	}
	raws := s.taken()
	if len(raws) != 2 || !raws[1].Verified {
		t.Fatalf("%d messages, the reply verified %v; want 2, true", len(raws), raws[len(raws)-1].Verified)
	}
	m, _ := s.Messages(t.Context(), r.ID)
	if len(m) != 2 || m[1].Text != "Nummer 0041" || m[1].Proof != balie.Proven || m[1].Fields["request"] != r.ID.String() {
		t.Fatalf("the desk reads %+v", m)
	}
	if p := s.get(first.Header.Get("Location")); !strings.Contains(p.body, "Nummer 0041") || !strings.Contains(p.body, "Je bericht is verstuurd") {
		t.Errorf("the page does not show the reply")
	}
	for name, bad := range map[string]url.Values{"empty": {"token": v["token"], "text": {" "}}, "no token": {"text": {"hoi"}}} {
		p := s.post(at, bad)
		if p.StatusCode != 422 || !strings.Contains(p.body, "Fout: ") || bad.Get("text") == "hoi" && !strings.Contains(p.body, ">hoi</textarea>") {
			t.Errorf("%s: got %d", name, p.StatusCode)
		}
	}
}

// TestR1_ReplyIsConfirmedOnlyWhenStored.
func TestR1_ReplyIsConfirmedOnlyWhenStored(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Pas werkt niet"))
	v := url.Values{"token": {s.fresh(at)}, "text": {"Nummer 0041"}}
	s.desk.fail = &balie.UnavailableError{Why: "full", RetryAfter: time.Second}
	p := s.post(at, v)
	if p.StatusCode != 503 || p.Header.Get("Retry-After") == "" || !strings.Contains(p.body, "Nummer 0041") {
		t.Fatalf("got %d, Retry-After %q, and the words are lost or not:\n%s", p.StatusCode, p.Header.Get("Retry-After"), p.body)
	}
}

// TestS7_StatusLinks: unknown, altered, expired and of another purpose look
// alike.
func TestS7_StatusLinks(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Pas werkt niet"))
	r := s.lastRequest()
	other := "/s/" + s.tokens.Link("handout", r.ID, monday.AddDate(1, 0, 0))
	unknown := "/s/" + s.tokens.Link("status", balie.NewID(monday), monday.AddDate(1, 0, 0))
	last := at[len(at)-1]
	altered := at[:len(at)-1] + string("0123456789abcdefgh"[(int(last)+1)%10])
	if altered == at {
		t.Fatal("not altered")
	}
	shapes := map[string]bool{}
	check := func(name, path string) {
		p := s.get(path)
		if p.StatusCode != 404 {
			t.Errorf("%s: got %d", name, p.StatusCode)
		}
		shapes[replaceAll(`<code>[^<]*</code>`, p.body, "")] = true
	}
	check("another purpose", other)
	check("unknown", unknown)
	check("altered", altered)
	check("a reference", "/s/"+r.Ref)
	check("an id", "/s/"+r.ID.String())
	s.clock.pass(91 * 24 * time.Hour)
	check("expired", at)
	if len(shapes) != 1 {
		t.Errorf("refusals differ in %d ways", len(shapes))
	}
}

// TestS2_JoinedQuestionDoesNotOpenTheOther: somebody's question that an agent
// joins to another's request does not open that request to them.
func TestS2_JoinedQuestionDoesNotOpenTheOther(t *testing.T) {
	s := open(t, nil)
	s.ask("Mijn geheime vraag SECRET")
	victim := s.lastRequest()
	at := trimmed(s.ask("hoi"))
	s.desk.mu.Lock()
	id := s.desk.order[1]
	m := s.desk.messages[id]
	m.Request = victim.ID
	s.desk.messages[id] = m
	s.desk.mu.Unlock()
	if p := s.get(at); p.StatusCode != 200 || strings.Contains(p.body, "SECRET") {
		t.Errorf("got %d with the other's words", p.StatusCode)
	}
	if p := s.post(at, url.Values{"token": {s.fresh("/form")}, "text": {"x"}}); p.StatusCode != 404 {
		t.Errorf("a reply got %d", p.StatusCode)
	}
}

// TestR5_WhatCanStillBeTakenBackIsNotShown: a reply is said when it goes out;
// one that was taken back was never said.
func TestR5_WhatCanStillBeTakenBackIsNotShown(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Pas werkt niet"))
	r := s.lastRequest()
	s.desk.say(balie.Message{Request: r.ID, Side: balie.CustomerSide, Direction: balie.Out, Text: "NOG-NIET", At: monday.AddDate(1, 0, 0)})
	s.desk.do(t, r.ID, balie.Event{What: balie.Answered, By: "agent:noor"})
	seq := s.lastRequest().Version
	if p := s.get(at); strings.Contains(p.body, "NOG-NIET") || !strings.Contains(p.body, "Beantwoord") {
		t.Errorf("while it waits:\n%s", p.body)
	}
	s.desk.do(t, r.ID, balie.Event{What: balie.Unsent, By: "agent:noor", Data: map[string]string{"state": "desk", "seq": strconv.FormatUint(seq, 10)}})
	if p := s.get(at); strings.Contains(p.body, "Beantwoord") {
		t.Errorf("taken back, and yet among the steps:\n%s", p.body)
	}
}

// solve answers and closes the last request.
func (s *site) solve(r balie.ID) {
	s.t.Helper()
	s.desk.do(s.t, r, balie.Event{What: balie.Answered, By: "agent:x"}, balie.Event{What: balie.Confirmed, By: "customer"})
}

var surveyForm = regexp.MustCompile(`action="/a/([a-z0-9]+)"`)

// A customer says how it went, or that it is not solved, from one form; neither
// is done by opening the page.
func TestWhatIsSolvedCanBeRatedOrReopenedFromItsPage(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Toegang parkeerdek zaterdag"))
	r := s.lastRequest()
	s.solve(r.ID)
	p := s.get(at + "?lang=nl")
	form := surveyForm.FindStringSubmatch(p.body)
	if form == nil || !strings.Contains(p.body, `formaction="`+at+`"`) || !strings.Contains(p.body, "Verstuur oordeel") || !strings.Contains(p.body, "Heropenen kan tot en met") {
		t.Fatalf("got\n%s", p.body)
	}
	if id, err := s.tokens.ParseLink(token.Survey, form[1], s.clock.now()); err != nil || id != r.ID {
		t.Errorf("it rates %v, %v", id, err)
	}
	if n := len(s.taken()); n != 1 {
		t.Errorf("looking made %d messages", n-1)
	}
	v := url.Values{"token": {s.fresh(at)}, "text": {"De slagboom gaat niet open"}, "lang": {"nl"}, "score": {"1"}}
	if a := s.post(at, v); a.StatusCode != 303 {
		t.Errorf("reopening: %d", a.StatusCode)
	}
	v.Set("text", "")
	if a := s.post(at, v); a.StatusCode != 422 || !strings.Contains(a.body, "errsum") {
		t.Errorf("reopening without a word: %d", a.StatusCode)
	}
}

func TestAScoreThatWasGivenIsShownAndNotAskedAgain(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Pas werkt niet"))
	r := s.lastRequest()
	s.solve(r.ID)
	s.desk.do(t, r.ID, balie.Event{What: balie.Rated, By: "customer", Data: map[string]string{"score": "4"}})
	if p := s.get(at + "?lang=nl"); !strings.Contains(p.body, "Je gaf een 4") || surveyForm.MatchString(p.body) || !strings.Contains(p.body, "Niet opgelost, heropen") {
		t.Errorf("got\n%s", p.body)
	}
	s.desk.do(t, r.ID, balie.Event{What: balie.Reopened, By: "customer"}, balie.Event{What: balie.Answered, By: "agent:x"})
	if p := s.get(at + "?lang=nl"); strings.Contains(p.body, "Je gaf een 4") || !surveyForm.MatchString(p.body) {
		t.Errorf("solved again:\n%s", p.body)
	}
}

func TestTheTimeAfterWhichAReplyIsANewQuestionIsSaid(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Pas werkt niet"))
	old := s.lastRequest()
	s.solve(old.ID)
	s.clock.pass(31 * 24 * time.Hour)
	s.desk.do(t, old.ID, balie.Event{What: balie.Noted, By: "agent:x"}) // gives no new time
	p := s.get(at + "?lang=nl")
	if !strings.Contains(p.body, "wordt een nieuwe vraag") || strings.Contains(p.body, "heropen") || surveyForm.MatchString(p.body) {
		t.Fatalf("got\n%s", p.body)
	}
	s.desk.follow = true // as intake does after the time to reopen
	a := s.post(at, url.Values{"token": {s.fresh(at)}, "text": {"Nu is de pas kwijt"}, "lang": {"nl"}})
	to, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	if a.StatusCode != 303 || to == at {
		t.Fatalf("got %d to %s", a.StatusCode, to)
	}
	if p := s.get(to); p.StatusCode != 200 || !strings.Contains(p.body, "Nu is de pas kwijt") || strings.Contains(p.body, "Vraag "+old.Ref) {
		t.Errorf("the new question: %d\n%s", p.StatusCode, p.body)
	}
}

func TestWhoKeepsUsWaitingReadsSinceWhen(t *testing.T) {
	s := open(t, nil)
	at := trimmed(s.ask("Pas werkt niet"))
	s.desk.do(t, s.lastRequest().ID, balie.Event{What: balie.Asked, By: "agent:x"})
	s.clock.pass(24 * time.Hour)
	if p := s.get(at + "?lang=nl"); !strings.Contains(p.body, "We wachten op jou sinds dinsdag 24 november") {
		t.Errorf("got\n%s", p.body)
	}
}
