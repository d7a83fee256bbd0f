package web_test

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
)

const (
	passSubject = "Pas werkt niet meer op de derde"
	passText    = "Goedemorgen, mijn toegangspas doet het sinds vanochtend niet meer op de derde verdieping. Kan iemand dit nakijken?"
	answerText  = "Dag Fatima, ik laat je rechten nu herstellen."
)

// pass3 is a request about a pass, of a key account, that stays at the desk.
func (r *rig) pass3() balie.Request {
	r.t.Helper()
	return r.mail("Fatima El Amrani <fatima.el.amrani@akker.example>", passSubject, passText, "")
}

// field is the value of an input of a page.
func (a answer) field(name string) string {
	m := regexp.MustCompile(`<input[^>]* name="` + regexp.QuoteMeta(name) + `" value="([^"]*)"`).FindStringSubmatch(a.body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// compose is the form of the composer as a browser sends it, files and all.
func (u *user) compose(q balie.Request, v url.Values, files ...[2]string) answer {
	u.r.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	put := func(name, value string) {
		if err := w.WriteField(name, value); err != nil {
			u.r.t.Fatal(err)
		}
	}
	put("csrf", u.CSRF)
	for name, all := range v {
		for _, x := range all {
			put(name, x)
		}
	}
	for _, f := range files {
		p, err := w.CreateFormFile("files", f[0])
		if err != nil {
			u.r.t.Fatal(err)
		}
		p.Write([]byte(f[1]))
	}
	w.Close()
	return u.do(u.request("POST", "/r/"+q.Ref+"/compose", w.FormDataContentType(), b.String()))
}

// reply is the form of an answer to a request as the agent had it before them.
func reply(q balie.Request, text string) url.Values {
	return url.Values{"tab": {"reply"}, "act": {"send"}, "key": {"key-" + text}, "seen": {strconv.FormatUint(q.Version, 10)}, "text": {text}, "then": {"stay"}}
}

// letters are the texts that agents wrote to the customer, and what became of them.
func (r *rig) letters(q balie.Request) (texts []string, statuses []balie.Status) {
	r.t.Helper()
	all, err := r.db.Messages(r.t.Context(), q.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	sent, err := r.db.Deliveries(r.t.Context(), q.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range all {
		if m.Direction == balie.Out && m.Side == balie.CustomerSide && m.Full != "" {
			texts = append(texts, m.Text)
		}
	}
	for _, d := range sent {
		if !d.Auto {
			statuses = append(statuses, d.Status)
		}
	}
	return texts, statuses
}

func TestARequestShowsWhatWasSaidAndWhyItIsHere(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	r.as(sanne).sees("/r/"+q.Ref, 200, passSubject, "Fatima El Amrani", "fatima.el.amrani@akker.example", "Akker Zorg", "Waarom hier?", "Compleet?",
		"Ontvangstbevestiging verstuurd", "Naar backoffice")
	if p := r.as(sanne).get("/r/" + q.Ref).Header.Get("Content-Security-Policy"); !strings.Contains(p, "frame-src 'self'") {
		t.Errorf("the page may not frame a mail: %s", p)
	}
	r.as(sanne).sees("/r/"+q.Ref+"/complete", 200, "at-complete")
	r.as(sanne).sees("/r/"+q.Ref+"/why", 200, "at-why")
	r.as(sanne).sees("/r/"+q.ID.String(), 200, passSubject)
	r.as(sanne).sees("/r/7K3Q-F", 404)
	if a := r.as(rita).sees("/r/"+q.Ref, 200, passSubject); strings.Contains(a.body, `class="composer`) || strings.Contains(a.body, `action="/r/`+q.Ref+`/assign"`) {
		t.Error("somebody who only reads is offered acts")
	}
	if a := r.as(rita).post("/r/"+q.Ref+"/assign", url.Values{"to": {"me"}}); a.StatusCode != 403 {
		t.Errorf("somebody who only reads takes a request: %d", a.StatusCode)
	}
}

// The page never shows a link that opens a hand-out or a status page to
// whoever has it: who may only read could act with it.
func TestS7_ThePageShowsNoKeysOfLetters(t *testing.T) {
	r := newRig(t)
	q := r.heating()
	all, err := r.db.Messages(t.Context(), q.ID)
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`/[hs]/[a-z0-9]{20,}`)
	found := 0
	for _, m := range all {
		found += len(key.FindAllString(m.Text, -1))
	}
	if found == 0 {
		t.Fatal("no letter has a link: the test shows nothing")
	}
	for _, who := range []string{sanne, rita, tom} {
		if k := key.FindString(r.as(who).sees("/r/"+q.Ref, 200).body); k != "" {
			t.Errorf("%s reads the key %s", who, k)
		}
	}
}

// A reply to what is no longer the newest is not sent; its text stays, and what
// is new is marked and shown beside it.
func TestAReplyToAnOlderVersionIsRefusedAndItsTextKept(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	if a := r.as(bram).compose(q, reply(q, "Je pas is weer actief. Probeer je het nog eens?")); a.StatusCode != 303 {
		t.Fatalf("Bram's reply: %d\n%s", a.StatusCode, a.body)
	}
	a := r.as(sanne).compose(q, reply(q, answerText))
	if a.StatusCode != 409 {
		t.Fatalf("a reply to an older version: %d, want 409\n%s", a.StatusCode, a.body)
	}
	for _, want := range []string{answerText, "Nog niet verstuurd.", "Bram schreef om", "nieuw voor jou", "Je pas is weer actief", `value="anyway"`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page does not show %q\n%s", want, a.body)
		}
	}
	if texts, _ := r.letters(q); len(texts) != 1 {
		t.Fatalf("letters %q, want Bram's alone", texts)
	}
	// The text is there as well when the page is opened anew.
	r.as(sanne).sees("/r/"+q.Ref, 200, answerText)
	v := reply(q, answerText)
	v.Set("act", "anyway")
	if a = r.as(sanne).compose(q, v); a.StatusCode != 303 {
		t.Fatalf("sent anyway: %d\n%s", a.StatusCode, a.body)
	}
	if texts, _ := r.letters(q); len(texts) != 2 {
		t.Fatalf("letters %q, want both", texts)
	}
}

// A reply waits; until then it comes back with its text and the state before
// it, also when the page was closed meanwhile.
func TestAReplyCanBeTakenBack(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	v := reply(q, answerText)
	v.Set("then", "resolve")
	if a := r.as(sanne).compose(q, v); a.StatusCode != 303 || !strings.Contains(a.Header.Get("Location"), "did=sent") {
		t.Fatalf("%d %q\n%s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	if got := r.request(q.ID).State; got != balie.AnsweredState {
		t.Fatalf("after sending it is %s", got)
	}
	r.pass(4 * time.Second)
	a := r.as(sanne).sees("/r/"+q.Ref, 200, `action="/r/`+q.Ref+`/unsend"`, `data-seconds="6"`, "staat klaar")
	if r.as(bram).sees("/r/"+q.Ref, 200); strings.Contains(r.as(bram).get("/r/"+q.Ref).body, "/unsend") {
		t.Error("somebody else can take it back")
	}
	a = r.as(sanne).post("/r/"+q.Ref+"/unsend", url.Values{"message": {a.field("message")}})
	if a.StatusCode != 303 {
		t.Fatalf("taking back: %d\n%s", a.StatusCode, a.body)
	}
	r.as(sanne).sees("/r/"+q.Ref+"?tab=reply", 200, answerText+"</textarea>")
	if got := r.request(q.ID).State; got != balie.AtDesk {
		t.Errorf("after taking back it is %s", got)
	}
	if _, statuses := r.letters(q); len(statuses) != 1 || statuses[0] != balie.TakenBack {
		t.Errorf("deliveries %v, want one taken back", statuses)
	}
}

func TestAReplyThatHasGoneIsNotOfferedToBeTakenBack(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	r.as(sanne).compose(q, reply(q, answerText))
	r.pass(11 * time.Second)
	if a := r.as(sanne).sees("/r/"+q.Ref, 200, answerText); strings.Contains(a.body, "/unsend") || strings.Contains(a.body, "staat klaar") {
		t.Error("it is still said to wait")
	}
}

// A double click, going back and sending again: one reply.
func TestSendingTheSameFormTwiceIsOneReply(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	for range 3 {
		if a := r.as(sanne).compose(q, reply(q, answerText)); a.StatusCode != 303 {
			t.Fatalf("%d\n%s", a.StatusCode, a.body)
		}
	}
	if texts, statuses := r.letters(q); len(texts) != 1 || len(statuses) != 1 {
		t.Fatalf("letters %q, deliveries %v", texts, statuses)
	}
}

func TestADraftSurvives(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	u, path := r.as(sanne), "/r/"+q.Ref
	for tab, text := range map[string]string{"reply": "Dag Fatima, half", "note": "Navragen bij Karim"} {
		a := u.post(path+"/draft", url.Values{"tab": {tab}, "text": {text}, "seen": {strconv.FormatUint(q.Version, 10)}})
		if a.StatusCode != 204 {
			t.Fatalf("%s: %d\n%s", tab, a.StatusCode, a.body)
		}
	}
	u.sees(path+"?tab=reply", 200, "Dag Fatima, half</textarea>", "Hier staat een concept")
	u.sees(path+"?tab=note", 200, "Navragen bij Karim</textarea>")
	if a := r.as(bram).get(path); strings.Contains(a.body, "Dag Fatima, half") {
		t.Error("a colleague reads the draft")
	}
	// Without scripts: a button keeps it, and shows how it will look.
	v := reply(q, "Dag **Fatima**")
	v.Set("act", "preview")
	if a := u.compose(q, v); a.StatusCode != 303 || !strings.Contains(u.get(a.Header.Get("Location")).body, "<strong>Fatima</strong>") {
		t.Errorf("preview: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	// What is sent is no draft any more.
	u.compose(q, reply(q, answerText))
	if a := u.get(path + "?tab=reply"); strings.Contains(a.body, "Fatima**") {
		t.Error("the draft outlived its reply")
	}
}

func TestAnEmptyReplyIsSaidInThePage(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	v := reply(q, "  ")
	if a := r.as(sanne).compose(q, v); a.StatusCode != 422 || !strings.Contains(a.body, "Er staat niets om te lezen") || !strings.Contains(a.body, "<title>Fout: ") {
		t.Errorf("%d\n%s", a.StatusCode, a.body)
	}
	v = reply(q, answerText)
	v.Set("recipients", "1") // and none of them is ticked
	if a := r.as(sanne).compose(q, v); a.StatusCode != 422 || !strings.Contains(a.body, "Kies wie dit krijgt") || !strings.Contains(a.body, answerText) {
		t.Errorf("%d\n%s", a.StatusCode, a.body)
	}
	v.Set("to", "mail:evil@elsewhere.example")
	if a := r.as(sanne).compose(q, v); a.StatusCode != 422 {
		t.Errorf("a reply to somebody who does not take part: %d", a.StatusCode)
	}
}

func TestAttachmentsGoAlong(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	big := strings.Repeat("plattegrond ", 20_000)
	a := r.as(sanne).compose(q, reply(q, answerText), [2]string{"../../plan.txt", big}, [2]string{"klein.txt", "klein"})
	if a.StatusCode != 303 {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	page := r.as(sanne).sees("/r/"+q.Ref, 200, ">plan.txt<", ">klein.txt<", "240 kB").body
	path := regexp.MustCompile(`/m/[A-Z0-9]+/files/[0-9a-f]{64}`).FindString(page)
	if got := r.as(sanne).get(path); got.StatusCode != 200 || got.body != big {
		t.Errorf("the file is %d, %d bytes", got.StatusCode, len(got.body))
	}
	// A form of somebody else stores nothing.
	u := *r.as(sanne)
	u.CSRF = "wrong"
	if a := u.compose(q, reply(q, "nep"), [2]string{"x.txt", "x"}); a.StatusCode != 403 {
		t.Errorf("a form without its token: %d", a.StatusCode)
	}
}

func TestHandingOutNeedsAReasonWhileSomethingIsMissing(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	u := r.as(sanne)
	page := u.sees("/r/"+q.Ref+"?tab=backoffice", 200, "Beveiliging en toegang (per mail", "Waarom nu al uitzetten?", "Voor wie is de pas")
	v := url.Values{"tab": {"backoffice"}, "act": {"send"}, "key": {"h1"}, "seen": {page.field("seen")}, "team": {"beveiliging"},
		"asked": {"Pas opent de derde niet"}, "known": {"Fatima El Amrani"}, "tried": {"Pas getest"}, "missing": {"Rechten herstellen"}, "tell": {"1"}}
	if a := u.compose(q, v); a.StatusCode != 422 || !strings.Contains(a.body, "Pas getest") {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	v.Set("why", "Balie is om vijf uur dicht")
	if a := u.compose(q, v); a.StatusCode != 303 {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	got := r.request(q.ID)
	if got.State != balie.WithTeam || got.Handouts[0].Team != "beveiliging" {
		t.Fatalf("it is %s, %+v", got.State, got.Handouts)
	}
	u.sees("/r/"+q.Ref, 200, "Zijgesprek met Beveiliging en toegang", "Uitgezet naar Beveiliging en toegang", "Pas getest", "aangeboden")
	h := got.Handouts[0].ID.String()
	if a := u.post("/r/"+q.Ref+"/tell", url.Values{"handout": {h}, "text": {"Lukt het vandaag?"}, "key": {"t1"}}); a.StatusCode != 303 {
		t.Fatalf("telling the team: %d\n%s", a.StatusCode, a.body)
	}
	if a := u.post("/r/"+q.Ref+"/withdraw", url.Values{"handout": {h}, "reason": {"toch zelf"}}); a.StatusCode != 303 || r.request(q.ID).State != balie.AtDesk {
		t.Fatalf("withdrawing: %d, %s\n%s", a.StatusCode, r.request(q.ID).State, a.body)
	}
	u.sees("/r/"+q.Ref, 200, "Lukt het vandaag?", "trok het uitzetten naar")
}

// A team member reads its own thread, acts in it, and learns nothing of what is
// between the customer and the desk.
func TestS7_ATeamMemberSeesNothingOfTheCustomer(t *testing.T) {
	r := newRig(t)
	q := r.heating()
	const secret = "GEHEIMNOTITIE"
	if _, err := r.desk.Note(t.Context(), r.as(sanne).Actor(), q.ID, secret, nil, "n", r.now()); err != nil {
		t.Fatal(err)
	}
	q = r.request(q.ID)
	r.as(sanne).compose(q, reply(q, "ANTWOORDAANKLANT"))
	u, path := r.as(tom), "/r/"+q.Ref
	page := u.sees(path, 200, "Gereed melden", "Techniek")
	for _, no := range []string{secret, "ANTWOORDAANKLANT", "/assign", "composer", "Waarom hier", "side-col", "els.mulder@akker.example/"} {
		if strings.Contains(page.body, no) {
			t.Errorf("a team member reads %q", no)
		}
	}
	for _, m := range r.messages(q) {
		if m.Side == balie.TeamSide {
			continue
		}
		for _, p := range []string{"/html", "/original", "/pictures"} {
			if a := u.get("/m/" + m.ID.String() + p); a.StatusCode != 404 {
				t.Errorf("GET /m/%s%s: %d, want 404", m.ID, p, a.StatusCode)
			}
		}
	}
	for _, act := range []string{"assign", "resolve", "close", "note", "undo", "edit", "tell", "withdraw", "draft", "unsend", "share"} {
		if a := u.post(path+"/"+act, url.Values{"to": {"me"}, "tab": {"note"}, "text": {"x"}}); a.StatusCode != 403 && a.StatusCode != 404 {
			t.Errorf("a team member does %s: %d", act, a.StatusCode)
		}
	}
	h := q.Handouts[0].ID.String()
	if a := u.post(path+"/team", url.Values{"handout": {h}, "act": {"done"}, "text": {""}}); a.StatusCode != 422 {
		t.Errorf("done without words: %d", a.StatusCode)
	}
	if a := u.post(path+"/team", url.Values{"handout": {h}, "act": {"done"}, "text": {"Pomp vervangen"}}); a.StatusCode != 303 || r.request(q.ID).State != balie.AtDesk {
		t.Errorf("done: %d, %s", a.StatusCode, r.request(q.ID).State)
	}
	other := r.vague()
	if a, b := u.get("/r/"+other.Ref), u.get("/r/7K3Q-F"); a.StatusCode != 404 || b.StatusCode != 404 {
		t.Errorf("somebody else's request %d, one that is not there %d", a.StatusCode, b.StatusCode)
	}
	// The desk reads what the team said and puts it into the reply on purpose.
	page = r.as(sanne).sees(path, 200, "Pomp vervangen", "In antwoord zetten")
	id := regexp.MustCompile(`form="share-form" name="message" value="([A-Z0-9]+)"`).FindStringSubmatch(page.body)
	if a := r.as(sanne).post(path+"/share", url.Values{"message": {id[1]}}); a.StatusCode != 303 || !strings.Contains(r.as(sanne).get(a.Header.Get("Location")).body, "Pomp vervangen") {
		t.Errorf("sharing: %d", a.StatusCode)
	}
}

func (r *rig) messages(q balie.Request) []balie.Message {
	r.t.Helper()
	all, err := r.db.Messages(r.t.Context(), q.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// Every button of the page does what it says, and what can be taken back can.
func TestWhatTheButtonsDo(t *testing.T) {
	r := newRig(t)
	q, other := r.pass3(), r.vague()
	u, path := r.as(sanne), "/r/"+q.Ref
	act := func(name string, v url.Values) string {
		t.Helper()
		a := u.post(path+"/"+name, v)
		if a.StatusCode != 303 {
			t.Fatalf("%s: %d\n%s", name, a.StatusCode, a.body)
		}
		u.sees(a.Header.Get("Location"), 200)
		return a.Header.Get("Location")
	}
	undo := func(at string) {
		t.Helper()
		to, err := url.Parse(at)
		if err != nil || to.Query().Get("undo") == "" {
			t.Fatalf("%q offers nothing to undo", at)
		}
		act("undo", url.Values{"seq": {to.Query().Get("undo")}})
	}
	is := func(what string, ok func(balie.Request) bool) {
		t.Helper()
		if got := r.request(q.ID); !ok(got) {
			t.Fatalf("%s: %+v", what, got)
		}
	}
	at := act("assign", url.Values{"to": {"me"}})
	is("assigned", func(q balie.Request) bool { return q.Assignee == sanne })
	undo(at)
	is("not assigned any more", func(q balie.Request) bool { return q.Assignee == "" })
	act("edit", url.Values{"priority": {"1"}, "subject": {"Pas 3-Oost"}})
	is("edited", func(q balie.Request) bool { return q.Priority == 1 && q.Subject == "Pas 3-Oost" })
	act("fields", url.Values{"field.holder": {"Fatima El Amrani"}, "was.holder": {""}})
	is("filled", func(q balie.Request) bool { return q.Fields["holder"] == "Fatima El Amrani" })
	act("link", url.Values{"other": {other.Ref}, "why": {"zelfde storing"}})
	is("linked", func(q balie.Request) bool { return len(q.Links) == 1 })
	act("participant", url.Values{"address": {"karim@akker.example"}, "name": {"Karim Ouali"}})
	is("participant", func(q balie.Request) bool { return len(q.Participants) == 1 })
	act("plan", url.Values{"date": {"2030-03-08T10:00"}, "note": {"monteur"}})
	is("planned", func(q balie.Request) bool { return q.State == balie.Planned })
	at = act("resolve", url.Values{"how": {"phone"}})
	is("resolved", func(q balie.Request) bool { return q.State == balie.Closed && q.Outcome == balie.Solved })
	undo(at)
	is("not resolved any more", func(q balie.Request) bool { return q.State != balie.Closed })
	act("close", url.Values{"outcome": {"spam"}})
	is("closed", func(q balie.Request) bool { return q.Outcome == balie.Spam })
	act("reopen", url.Values{})
	is("open again", func(q balie.Request) bool { return q.State == balie.AtDesk })
	if a := u.post(path+"/link", url.Values{"other": {"7K3Q-F"}}); a.StatusCode != 422 || !strings.Contains(a.body, "Er is geen verzoek met dat nummer") {
		t.Errorf("linking to nothing: %d", a.StatusCode)
	}
}

// Whoever wrote is shown by the address they really wrote from, and what only
// looks like somebody is marked (S5).
func TestS5_WhoWroteIsShownHonestly(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	own := r.letterOf(q)
	for name, c := range map[string]struct{ from, dmarc, want string }{
		"failed":              {`"Fatima El Amrani" <fatima.el.amrani@akker.example>`, "fail", "Afzender is vals"},
		"unproven":            {`"Fatima El Amrani" <fatima.el.amrani@akker.example>`, "none", "afzender niet bewezen"},
		"address in the name": {`"fatima.el.amrani@akker.example" <evil@elsewhere.example>`, "pass", "evil@elsewhere.example"},
		"look-alike domain":   {`"F. Amrani" <fatima@akkcr.example>`, "pass", "Lijkt op akker.example, maar is het niet"},
		"a colleague":         {`"Bram de Groot" <bram@mail.example>`, "pass", "Lijkt op collega Bram de Groot, maar is het niet"},
	} {
		raw := fmt.Sprintf("Authentication-Results: mx.delinde.example; dmarc=%s header.from=x\r\nFrom: %s\r\nTo: desk@delinde.example\r\nSubject: Re: pas\r\nDate: %s\r\nMessage-ID: <s5-%d@x.example>\r\nIn-Reply-To: <%s>\r\n\r\nNog iets over de pas: %s\r\n",
			c.dmarc, c.from, r.now().Format(time.RFC1123Z), len(name), own, name)
		got := r.raw(raw)
		if got.IsZero() {
			t.Errorf("%s: it was not taken in", name)
			continue
		}
		r.as(sanne).sees("/r/"+r.request(got).Ref, 200, html.EscapeString(c.want))
	}
}

// letterOf is the Message-ID of the newest letter to the customer.
func (r *rig) letterOf(q balie.Request) string {
	r.t.Helper()
	id := ""
	for _, m := range r.messages(q) {
		if m.Direction == balie.Out && m.Side == balie.CustomerSide {
			id = m.MsgID
		}
	}
	return id
}

// raw brings a mail in as it stands, and gives its request.
func (r *rig) raw(mail string) balie.ID {
	r.t.Helper()
	r.taken++
	sink := r.intake.Sink("email/desk/INBOX")
	o, err := sink.Keep(r.t.Context(), strings.NewReader(mail))
	if err != nil {
		r.t.Fatal(err)
	}
	got, err := sink.Receive(r.t.Context(), nil, balie.Raw{Channel: "email", Format: "mime", Account: "desk", Key: fmt.Sprintf("imap:desk/INBOX/1/%d", r.taken), At: r.now(), Original: o})
	if err != nil {
		r.t.Fatal(err)
	}
	return got[0].Request
}

func TestSnippetsAreWrittenAndInserted(t *testing.T) {
	r := newRig(t)
	q := r.pass3()
	u := r.as(sanne)
	if a := u.post("/snippets", url.Values{"name": {"Groet"}, "language": {"nl"}, "text": {"Dag {voornaam}, hartelijk bedankt."}}); a.StatusCode != 303 {
		t.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	page := u.sees("/snippets", 200, "Groet", "{voornaam}")
	id := regexp.MustCompile(`/snippets\?id=([^"]+)"`).FindStringSubmatch(page.body)[1]
	u.sees("/snippets?id="+id, 200, "hartelijk bedankt.</textarea>")
	v := reply(q, "Eerst dit.")
	v.Set("act", "snippet")
	v.Set("snippet", id)
	a := u.compose(q, v)
	u.sees(a.Header.Get("Location"), 200, "Eerst dit.\n\nDag Fatima, hartelijk bedankt.")
	if a := u.post("/snippets", url.Values{"name": {""}, "text": {"x"}}); a.StatusCode != 422 {
		t.Errorf("a snippet without a name: %d", a.StatusCode)
	}
	if a := u.post("/snippets/delete", url.Values{"id": {id}}); a.StatusCode != 303 || strings.Contains(u.get("/snippets").body, "hartelijk") {
		t.Errorf("deleting: %d", a.StatusCode)
	}
	if a := r.as(tom).get("/snippets"); a.StatusCode != 403 {
		t.Errorf("a team member manages snippets: %d", a.StatusCode)
	}
}
