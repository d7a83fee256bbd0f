package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/browse"
)

// site is a whole balie with its mail server, its workspace and its single
// sign-on, as the demo has it, and a desk at which nothing happened yet.
type site struct {
	*world
	t      *testing.T
	asked  int
	looked map[string]bool // pages that axe-core saw
}

// journeyPatience bounds what is waited for; all of it are events.
const journeyPatience = 3 * time.Minute

// Passwords of those whom a journey lets in.
const (
	firstPassword = "een-zeer-lang-eerste-wachtwoord"
	newPassword   = "kroket-met-mosterd-31"
)

// The pages are one desk's: what one journey leaves, the next finds. Each
// makes its own requests, and the rules and the catalogue are put back.
func TestJourneys(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	s := openSite(t, []question{})
	script, err := readDesk()
	if err == nil {
		err = s.letIn(t.Context(), script)
		close(s.awake)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range []struct {
		name string
		walk func(*site)
	}{
		{"TheFirstAdminLetsAnAgentIn", (*site).firstAdmin},
		{"AnAnswerIsTakenBackAndSentBetter", (*site).answer},
		{"ATeamAnswersAndTheCustomerHearsIt", (*site).handOut},
		{"TwoAgentsAnswerAtOnce", (*site).collide},
		{"ARuleIsTriedPublishedAndTakenBack", (*site).changeRule},
		{"AnAnswerOfTheCatalogueIsMended", (*site).changeAnswer},
		{"AQuestionFromTheFormIsFollowed", (*site).form},
		{"AWorkAccountSignsIn", (*site).signOnByWork},
		{"ACallIsWrittenDownByKeyboard", (*site).phone},
		{"ACustomerIsExportedAndErased", (*site).erase},
		{"AllOfItWithoutScript", (*site).withoutScript},
		{"APromiseIsTriedAndPublished", (*site).changePromise},
		{"TheDeskKeepsItsPromise", (*site).promise}, // its guard looks ahead
	} {
		t.Run(j.name, func(t *testing.T) {
			s.t = t
			j.walk(s)
		})
	}
}

// openSite starts it for the people of a script, who said nothing yet.
func openSite(t *testing.T, script []question) *site {
	t.Helper()
	ctx, gone := context.WithCancelCause(t.Context())
	c := demoCmd{Listen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "demo"), out: io.Discard, script: script, patience: journeyPatience}
	w, err := c.open(ctx, gone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(t.Failed()); err != nil {
			t.Error(err)
		}
		gone(nil)
	})
	return &site{world: w, t: t, looked: map[string]bool{}}
}

// visitor is somebody at a browser.
type visitor struct {
	*browse.Browser
	s *site
}

// visit is a browser in which nobody is signed in. When its journey ends,
// nothing may have gone wrong in it.
func (s *site) visit() *visitor {
	s.t.Helper()
	v := &visitor{browse.Open(s.t, s.url), s}
	v.Size(1280, 800)
	s.t.Cleanup(v.Sound)
	return v
}

// as is a browser in which somebody of the desk is signed in.
func (s *site) as(id string) *visitor {
	s.t.Helper()
	v := s.visit()
	in, err := s.app.auth.SignIn(s.t.Context(), auth.Attempt{Name: id, Password: s.passwordOf(id), From: "127.0.0.1", Agent: "test"}, time.Now())
	if err != nil {
		s.t.Fatalf("sign %s in: %v", id, err)
	}
	v.Cookie("balie", in.Token)
	return v
}

func (s *site) passwordOf(id string) string {
	s.t.Helper()
	i := slices.IndexFunc(s.people, func(in signIn) bool { return in.ID == id })
	if i < 0 {
		s.t.Fatalf("nobody is called %s", id)
	}
	return s.people[i].Password
}

// admin is a browser of an admin, who is made when there is none.
func (s *site) admin() *visitor {
	s.t.Helper()
	const id = "noor"
	if !slices.ContainsFunc(s.people, func(in signIn) bool { return in.ID == id }) {
		n := auth.NewUser{ID: id, Name: "Noor Haan", Mail: id + "@" + demoDomain, Role: desk.Admin, Password: firstPassword}
		if _, err := s.app.auth.AddUser(s.t.Context(), setup, n, time.Now()); err != nil {
			s.t.Fatal(err)
		}
		s.people = append(s.people, signIn{ID: id, Name: n.Name, Password: n.Password, Role: string(n.Role)})
	}
	return s.as(id)
}

// look has axe-core look at the page as it is, light and dark, once for each
// place.
func (v *visitor) look(place string) {
	v.s.t.Helper()
	if v.s.looked[place] {
		return
	}
	v.s.looked[place] = true
	for _, dark := range []bool{true, false} {
		v.Dark(dark)
		v.Accessible()
	}
}

// set gives a field a value, as choosing does.
func (v *visitor) set(selector, value string) {
	v.s.t.Helper()
	v.Do(chromedp.WaitReady(chromedp.CSS(selector)))
	browse.Get(v.Browser, chromedp.Evaluate[bool](fmt.Sprintf(`(() => { const f = document.querySelector(%q); f.value = %q;
		for (const e of ["input", "change"]) f.dispatchEvent(new Event(e, { bubbles: true })); return f.value === %[2]q; })()`, selector, value)))
}

// send sends what is in the composer, as Ctrl and Enter do.
func (v *visitor) send() {
	v.s.t.Helper()
	v.Bound()
	v.Do(chromedp.Focus(chromedp.CSS("#msg")), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}

// leave takes the focus out of fields, where keys are letters.
func (v *visitor) leave() {
	v.s.t.Helper()
	v.Bound()
	v.Until(`(document.activeElement?.blur(), !document.activeElement?.matches("input, textarea, select"))`)
}

// see waits until a text stands in what a selector names.
func (v *visitor) see(selector, text string) {
	v.s.t.Helper()
	v.Until(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((el) => el.innerText.includes(%q))`, selector, text))
}

// path is where the browser is.
func (v *visitor) path() string {
	v.s.t.Helper()
	return browse.Get(v.Browser, chromedp.Evaluate[string](`location.pathname + location.search`))
}

// ask brings in a mail and is the request it became, with the Message-ID.
func (s *site) ask(from, subject, text string) (balie.Request, string) {
	s.t.Helper()
	s.asked++
	id, err := s.bring(s.t.Context(), question{ID: fmt.Sprintf("journey%d", s.asked), Via: "mail", From: from, Subject: subject, Text: text})
	if err != nil {
		s.t.Fatal(err)
	}
	_, domain, _ := strings.Cut(strings.TrimSuffix(from, ">"), "@")
	return s.request(id), fmt.Sprintf("journey%d.%s@%s", s.asked, s.run, domain)
}

func (s *site) request(id balie.ID) balie.Request {
	s.t.Helper()
	r, err := s.db.Request(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// listed waits until lists have what was done to a request.
func (s *site) listed(r balie.Request) {
	s.t.Helper()
	s.until("the overview has "+r.Ref, s.app.overview.Changed, func() (bool, error) {
		p, err := s.app.overview.Page(s.t.Context(), setup, desk.Query{}, "", 1000, time.Now())
		return slices.ContainsFunc(p.Rows, func(row desk.Row) bool { return row.Request.ID == r.ID && row.Request.Version >= r.Version }), err
	})
}

// until waits for something to be so, looking again after each change.
func (s *site) until(what string, changes func() <-chan struct{}, so func() (bool, error)) {
	s.t.Helper()
	limit := time.After(journeyPatience)
	for {
		changed := changes()
		done, err := so()
		if err != nil {
			s.t.Fatalf("wait until %s: %v", what, err)
		}
		if done {
			return
		}
		select {
		case <-changed:
		case <-limit:
			s.t.Fatalf("it does not come about that %s", what)
		}
	}
}

// got waits for a letter to somebody in which a text stands.
func (s *site) got(to, holds string) (letter, mail.Header) {
	s.t.Helper()
	var l letter
	var head mail.Header
	s.until(to+" gets a mail with "+holds, s.db.Changed, func() (bool, error) {
		for _, t := range s.mail.Transactions() {
			if !t.Accepted || t.User == "" || !slices.Contains(t.To, to) {
				continue
			}
			if l = s.readMail(to, t.Data); !strings.Contains(plainWords(l.text), holds) {
				continue
			}
			m, err := mail.ReadMessage(bytes.NewReader(t.Data))
			if err == nil {
				head = m.Header
			}
			return true, err
		}
		return false, nil
	})
	return l, head
}

// teamLink is the page of a hand-out, in the letter to its team.
var teamLink = regexp.MustCompile(`/h/[\w.~-]+`)
