package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/token"
)

// answered is a site with a customer whose question was answered.
func answered(t *testing.T) (s *site, r balie.Request, p balie.Person) {
	t.Helper()
	s = newSite(t)
	p = balie.Person{ID: balie.NewID(t0), Version: 1, Name: "Fatima", Addresses: []balie.Address{{Scheme: balie.Mail, Value: "f@klant.example"}}}
	c := balie.Change{People: []balie.Person{p}}
	id := balie.NewID(t0)
	for _, e := range []balie.Event{
		{Request: id, What: balie.Opened, At: t0, By: "customer", Data: map[string]string{"ref": id.Ref(1), "channel": "email", "customer": p.ID.String(),
			"subject": "Toegang parkeerdek <b>zaterdag</b>", "language": "nl"}},
		{What: balie.Answered, At: t0, By: "agent:sanne"},
	} {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return s, c.Request, p
}

func (s *site) surveyOf(r balie.Request) string {
	return "/a/" + s.tokens.Link(token.Survey, r.ID, t0.AddDate(0, 0, 30))
}

func (s *site) scoreOf(r balie.Request) (score int, version uint64) {
	s.t.Helper()
	now, err := s.db.Request(s.t.Context(), r.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return now.Score, now.Version
}

// Mail scanners follow every link before a person sees the letter.
func TestAScannerThatFollowsEveryLinkRatesNothing(t *testing.T) {
	s, r, p := answered(t)
	_, version := s.scoreOf(r)
	stop := "/u/" + s.tokens.Link(token.NoMore, p.ID, t0.AddDate(1, 0, 0))
	for _, path := range []string{"", "/1", "/2", "/3", "/4", "/5", "/9", "/x"} {
		if res, _ := s.do("GET", s.surveyOf(r)+path, ""); res.StatusCode != 200 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
		s.do("HEAD", s.surveyOf(r)+path, "")
	}
	for range 3 {
		s.do("GET", stop, "")
	}
	for _, answer := range []string{"on_schedule", "later", "done", "need", "x"} {
		s.do("GET", s.path()+"?answer="+answer, "")
	}
	if score, now := s.scoreOf(r); score != 0 || now != version {
		t.Errorf("score %d, version %d after %d", score, now, version)
	}
	if q, err := s.db.Request(t.Context(), s.r); err != nil || q.Version != 2 {
		t.Errorf("the hand-out's request is at %d, %v", q.Version, err)
	}
	if now, err := s.db.Person(t.Context(), p.ID); err != nil || now.NoSurveys {
		t.Errorf("%+v, %v", now, err)
	}
}

func TestACustomerRatesWithOneClickAndOneButton(t *testing.T) {
	s, r, _ := answered(t)
	res, page := s.do("GET", s.surveyOf(r)+"/4", "")
	if res.StatusCode != 200 || !strings.Contains(page, `value="4" checked`) || !strings.Contains(page, "Je koos een 4") || strings.Contains(page, "<b>zaterdag") {
		t.Fatalf("%d\n%s", res.StatusCode, page)
	}
	if res.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(res.Header.Get("X-Robots-Tag"), "noindex") || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", res.Header)
	}
	res, _ = s.do("POST", s.surveyOf(r), "score=4&text=Top&lang=nl")
	if res.StatusCode != 303 || !strings.HasPrefix(res.Header.Get("Location"), s.surveyOf(r)) {
		t.Fatalf("%d %s", res.StatusCode, res.Header.Get("Location"))
	}
	_, version := s.scoreOf(r)
	if res, _ := s.do("POST", s.surveyOf(r), "score=1&text=anders"); res.StatusCode != 303 { // again, or another
		t.Errorf("a second time: %d", res.StatusCode)
	}
	if score, now := s.scoreOf(r); score != 4 || now != version {
		t.Errorf("after a second POST the score is %d at %d, want 4 at %d", score, now, version)
	}
	if _, page = s.do("GET", s.surveyOf(r), ""); !strings.Contains(page, "Je gaf een 4") || strings.Contains(page, "<textarea") {
		t.Errorf("afterwards\n%s", page)
	}
}

func TestABadScorePromisesThatSomebodyGetsInTouch(t *testing.T) {
	s, r, _ := answered(t)
	s.do("POST", s.surveyOf(r), "score=2&text=")
	if _, page := s.do("GET", s.surveyOf(r)+"/5?lang=en", ""); !strings.Contains(page, "A colleague will get in touch with you") || !strings.Contains(page, "You gave 2") {
		t.Error(page)
	}
}

func TestARatingWithoutAScoreKeepsWhatWasTyped(t *testing.T) {
	s, r, _ := answered(t)
	if res, page := s.do("POST", s.surveyOf(r), "text=Wel+aardig"); res.StatusCode != 422 || !strings.Contains(page, "Kies een cijfer") || !strings.Contains(page, "Wel aardig") {
		t.Errorf("%d\n%s", res.StatusCode, page)
	}
	if res, page := s.do("POST", s.surveyOf(r), url.Values{"score": {"3"}, "text": {strings.Repeat("é", 5000)}}.Encode()); res.StatusCode != 422 || !strings.Contains(page, "te lang") || !strings.Contains(page, `value="3" checked`) {
		t.Errorf("%d", res.StatusCode)
	}
	if score, _ := s.scoreOf(r); score != 0 {
		t.Errorf("score %d", score)
	}
}

func TestS2_ASurveyOpensByItsOwnLinkOnly(t *testing.T) {
	s, r, p := answered(t)
	soon := t0.Add(time.Hour)
	for name, c := range map[string]struct {
		path string
		want int
	}{
		"the link of the status page":  {"/a/" + s.tokens.Link(token.Status, r.ID, soon), 404},
		"the link of a hand-out":       {"/a/" + s.tokens.Link(token.Handout, s.id, soon), 404},
		"the person's own":             {"/a/" + s.tokens.Link(token.NoMore, p.ID, soon), 404},
		"made up":                      {"/a/" + r.ID.String(), 404},
		"of no request":                {"/a/" + s.tokens.Link(token.Survey, p.ID, soon), 404},
		"expired":                      {"/a/" + s.tokens.Link(token.Survey, r.ID, t0.Add(-time.Hour)), 410},
		"of a request that we work on": {"/a/" + s.tokens.Link(token.Survey, s.r, soon), 409},
		"unsubscribing with a survey":  {"/u/" + s.tokens.Link(token.Survey, r.ID, soon), 404},
		"unsubscribing whom we forgot": {"/u/" + s.tokens.Link(token.NoMore, r.ID, soon), 404},
	} {
		if res, _ := s.do("POST", c.path, "score=1"); res.StatusCode != c.want {
			t.Errorf("%s: POST %d, want %d", name, res.StatusCode, c.want)
		}
		if res, _ := s.do("GET", c.path, ""); res.StatusCode != c.want && (c.want != 409 || res.StatusCode != 200) {
			t.Errorf("%s: GET %d, want %d", name, res.StatusCode, c.want)
		}
	}
	if score, _ := s.scoreOf(r); score != 0 {
		t.Errorf("score %d", score)
	}
	if q, err := s.db.Request(t.Context(), s.r); err != nil || q.Score != 0 {
		t.Errorf("another request was rated: %d, %v", q.Score, err)
	}
}

// RFC 8058: the mail program posts by itself, without a cookie, in either form
// of a form, and is sent nowhere else.
func TestOneClickEndsSurveys(t *testing.T) {
	for name, kind := range map[string]string{"form": "application/x-www-form-urlencoded", "multipart": "multipart/form-data; boundary=x"} {
		s, _, p := answered(t)
		stop := "/u/" + s.tokens.Link(token.NoMore, p.ID, t0.AddDate(1, 0, 0))
		body := "List-Unsubscribe=One-Click"
		if name == "multipart" {
			body = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
		}
		res := s.send("POST", stop, kind, body, "cross-site")
		if res.StatusCode != 200 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
		if now, err := s.db.Person(t.Context(), p.ID); err != nil || !now.NoSurveys {
			t.Errorf("%s: %+v, %v", name, now, err)
		}
		if res, _ := s.do("POST", stop, "act=again&lang=nl"); res.StatusCode != 303 {
			t.Errorf("back: %d", res.StatusCode)
		}
		if now, err := s.db.Person(t.Context(), p.ID); err != nil || now.NoSurveys {
			t.Errorf("back: %+v, %v", now, err)
		}
	}
}

func TestATeamAnswersAStatusRequestFromItsLetter(t *testing.T) {
	s := newSite(t)
	for answer, want := range map[string]string{"on_schedule": "Jullie liggen op schema", "later": "Wanneer is het klaar?", "done": "Gereed melden", "need": "Vraag aan de desk"} {
		if res, page := s.do("GET", s.path()+"?answer="+answer, ""); res.StatusCode != 200 || !strings.Contains(page, want) || !strings.Contains(page, "nog niets verstuurd") {
			t.Errorf("%s: %d\n%s", answer, res.StatusCode, page)
		}
	}
	if res, page := s.do("POST", s.path(), "act=later&answer=later&text=Klep+besteld"); res.StatusCode != 422 || !strings.Contains(page, "Klep besteld") || !strings.Contains(page, `href="#until"`) {
		t.Errorf("later without a moment: %d\n%s", res.StatusCode, page)
	}
	until := t0.Add(26 * time.Hour)
	for range 2 {
		if res, page := s.do("POST", s.path(), url.Values{"act": {"later"}, "until": {until.Format("2006-01-02T15:04")}}.Encode()); res.StatusCode != 303 {
			t.Fatalf("%d\n%s", res.StatusCode, page)
		}
	}
	events, err := s.db.Events(t.Context(), s.r, 2)
	if err != nil || len(events) != 2 || events[1].Data["eta"] != until.Format(time.RFC3339) || s.state() != balie.Accepted {
		t.Errorf("%v, %v, %s", events, err, s.state())
	}
}
