package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store/boltstore"
)

var t0 = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

type site struct {
	t      *testing.T
	app    *fiber.App
	db     *boltstore.DB
	tokens *token.Maker
	id     balie.ID // of the hand-out
	r      balie.ID
}

func newSite(t *testing.T) *site {
	t.Helper()
	db, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tokens, err := token.New([]byte("a secret key of at least thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	u, err := ui.New(texts, ui.Brand{Name: "De Linde"}, web.Pages())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, db: db, tokens: tokens, id: balie.NewID(t0), r: balie.NewID(t0)}
	s.handOut()
	s.app = httpd.New(httpd.Options{Page: u.Problem, Texts: texts, Rate: -1})
	u.Mount(s.app)
	policy := &progress.Policy{Aftercare: progress.Aftercare{Bad: 2, Holds: 30}}
	web.New(web.Parts{Aftercare: desk.NewAftercare(db, func() *intake.Brain { return &intake.Brain{Policy: policy} }), Handouts: desk.NewHandouts(db, hours.Calendar{}, time.Hour), Teams: func(id, _ string) string { return "Techniek" },
		Tokens: tokens, Texts: texts, UI: u, Zone: time.UTC, Now: func() time.Time { return t0 }}).Mount(s.app)
	return s
}

func (s *site) handOut() {
	c := balie.Change{}
	for _, e := range []balie.Event{
		{Request: s.r, What: balie.Opened, At: t0, By: "customer", Data: map[string]string{"ref": s.r.Ref(0), "channel": "email", "subject": "Pomp"}},
		{What: balie.HandedOut, At: t0, By: "router@1", Handout: &balie.Handout{ID: s.id, Team: "techniek", State: balie.Offered, Opened: t0, Due: t0.Add(time.Hour)}},
	} {
		if err := c.Do(e); err != nil {
			s.t.Fatal(err)
		}
	}
	c.Messages = []balie.Message{
		{ID: balie.NewID(t0), Request: s.r, Side: balie.CustomerSide, Direction: balie.In, Text: "CUSTOMERSECRET", At: t0},
		{ID: s.id, Request: s.r, Handout: s.id, Side: balie.TeamSide, Direction: balie.Out, Text: "De pomp <script>alert(1)</script> staat stil", At: t0},
	}
	if err := s.db.Commit(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) do(method, path, body string) (*http.Response, string) {
	s.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Host = "localhost"
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := s.app.Test(req, -1)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(b)
}

// send is do with a body of any kind, from another site's page or none.
func (s *site) send(method, path, kind, body, from string) *http.Response {
	s.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Host = "localhost"
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Sec-Fetch-Site", from)
	res, err := s.app.Test(req, -1)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	return res
}

func (s *site) path() string { return "/h/" + s.tokens.Link(token.Handout, s.id, t0.Add(time.Hour)) }

func (s *site) state() balie.HandoutState {
	r, err := s.db.Request(s.t.Context(), s.r)
	if err != nil {
		s.t.Fatal(err)
	}
	return r.Handouts[0].State
}

func TestATeamFinishesItsHandOutWithoutAnAccount(t *testing.T) {
	s := newSite(t)
	res, page := s.do("GET", s.path(), "")
	if res.StatusCode != 200 || !strings.Contains(page, "De pomp") || !strings.Contains(page, "Gereed melden") {
		t.Fatalf("%d\n%s", res.StatusCode, page)
	}
	if strings.Contains(page, "CUSTOMERSECRET") || strings.Contains(page, "<script>alert") {
		t.Error("the page shows the customer's words, or runs a letter's")
	}
	if res.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(res.Header.Get("X-Robots-Tag"), "noindex") {
		t.Errorf("headers %v", res.Header)
	}
	if s.state() != balie.Offered {
		t.Fatal("a GET moved it")
	}
	res, page = s.do("POST", s.path(), url.Values{"act": {"done"}, "text": {"Pomp vervangen"}}.Encode())
	if res.StatusCode != 303 || s.state() != balie.Done {
		t.Fatalf("%d, %s\n%s", res.StatusCode, s.state(), page)
	}
	if _, page = s.do("GET", s.path(), ""); !strings.Contains(page, "Pomp vervangen") || strings.Contains(page, "<textarea") {
		t.Errorf("afterwards\n%s", page)
	}
}

func TestWhatIsMissingIsSaidAndWhatWasTypedStays(t *testing.T) {
	s := newSite(t)
	if res, page := s.do("POST", s.path(), "act=done&text="); res.StatusCode != 422 || !strings.Contains(page, "errsum") {
		t.Errorf("%d\n%s", res.StatusCode, page)
	}
	s.do("POST", s.path(), "act=refuse&text=niet+van+ons")
	if res, page := s.do("POST", s.path(), "act=done&text=toch+wel"); res.StatusCode != 409 || !strings.Contains(page, "verandert") && !strings.Contains(page, "veranderd") {
		t.Errorf("%d\n%s", res.StatusCode, page)
	}
}

// A link is for one hand-out and for a while; nothing else opens it.
func TestS2_AHandOutOpensByItsOwnLinkOnly(t *testing.T) {
	s := newSite(t)
	for name, path := range map[string]string{
		"another purpose": "/h/" + s.tokens.Link(token.Status, s.id, t0.Add(time.Hour)),
		"expired":         "/h/" + s.tokens.Link(token.Handout, s.id, t0.Add(-time.Hour)),
		"another subject": "/h/" + s.tokens.Link(token.Handout, s.r, t0.Add(time.Hour)),
		"made up":         "/h/" + s.id.String(),
	} {
		if res, _ := s.do("GET", path, ""); res.StatusCode != 404 {
			t.Errorf("%s: GET %d", name, res.StatusCode)
		}
		if res, _ := s.do("POST", path, "act=done&text=x"); res.StatusCode != 404 || s.state() != balie.Offered {
			t.Errorf("%s: POST %d, %s", name, res.StatusCode, s.state())
		}
	}
}
