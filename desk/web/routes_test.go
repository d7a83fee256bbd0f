package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/internal/token"
)

// The objects that a path can name.
const (
	theirs  = "theirs"  // of the team techniek, which tom is in
	others  = "others'" // that tom's team never had
	unknown = "unknown"
)

// world has a value for every name of a parameter: of each object.
type world struct {
	*rig
	values map[string]map[string]string // parameter, object, value
}

// newWorld has a request of each kind, and an example of everything that a
// path can name. A new parameter gets its line here.
func newWorld(t *testing.T) *world {
	r := newRig(t)
	heating, vague := r.heating(), r.mail("Jan Bakker <jan@klant.example>", vagueSubject, "<p>"+vagueText+"</p>", "")
	said := r.heating() // the team said something about it
	r.mail("Techniek <"+said.Handouts[0].To.Value+">", "Re: "+heatingSubject, "<p>De klep is vervangen.</p>", r.letter(said.ID, said.Handouts[0].To.Value))
	r.settled()
	missing := balie.NewID(r.now().Add(time.Hour))
	all := func(v, none string) map[string]string { return map[string]string{theirs: v, others: v, unknown: none} }
	w := &world{rig: r, values: map[string]map[string]string{
		"ref":          {theirs: heating.Ref, others: vague.Ref, unknown: "ZZZZ-Z"},
		"message":      {theirs: r.message(said.ID, balie.TeamSide), others: r.message(vague.ID, balie.CustomerSide), unknown: missing.String()},
		"sha":          all(strings.Repeat("0", 64), strings.Repeat("1", 64)),
		"token":        all(r.tokens.Link(token.Handout, heating.Handouts[0].ID, r.now().Add(time.Hour)), "nothing"),
		"view":         all(r.ownView(sanne), missing.String()),
		"user":         all("wim", "nobody"),
		"rule":         all("complaint-key", "no-such-rule"),
		"version":      all("1", "99"),
		"product":      all("toegangspas", "no-such-product"),
		"calendar":     all("kantoor", "no-such-hours"),
		"part":         all("ambition", "no-such-part"),
		"customer":     all(heating.Customer.String(), missing.String()),
		"team":         all("techniek", "no-such-team"),
		"organisation": all("akker", "no-such-organisation"),
		"text":         all("receipt", "no_such_text"),
		"language":     all("nl", "xx"),
		"hook":         {theirs: r.webhook("http://127.0.0.1:9/one"), others: r.webhook("http://127.0.0.1:9/two"), unknown: missing.String()},
		"job":          all(r.lookBack(), "NOSUCHJOB"),
	}}
	if _, err := r.auth.AddUser(t.Context(), auth.Command(), auth.NewUser{ID: "wim", Name: "Wim Pol", Role: desk.Agent}, r.now()); err != nil {
		t.Fatal(err)
	}
	return w
}

// message is a message that came in on a side of a request.
func (r *rig) message(request balie.ID, side balie.Side) string {
	r.t.Helper()
	all, err := r.db.Messages(r.t.Context(), request)
	if err != nil {
		r.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(m balie.Message) bool { return m.Side == side && m.Direction == balie.In })
	if i < 0 {
		r.t.Fatalf("request %s has no message of side %d", request, side)
	}
	return all[i].ID.String()
}

// lookBack is a backtest of an admin's draft.
func (r *rig) lookBack() string {
	r.t.Helper()
	id, err := r.rules.StartBacktest(r.t.Context(), desk.Actor{ID: ada, Role: desk.Admin}, 10, r.now())
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// ownView is the id of a view that a user kept.
func (r *rig) ownView(user string) string {
	r.t.Helper()
	a := r.as(user).post("/inbox/views", url.Values{"name": {"Vleugel C"}, "q": {"vleugel"}})
	_, id, ok := strings.Cut(a.Header.Get("Location"), "own=")
	if a.StatusCode != http.StatusSeeOther || !ok {
		r.t.Fatalf("a view is not kept: %d %q\n%s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	return id
}

var parameter = regexp.MustCompile(`:([a-z]+)`)

// path is a route's path with the values of an object in it.
func (w *world) path(t *testing.T, pattern, object string) string {
	t.Helper()
	return parameter.ReplaceAllStringFunc(pattern, func(p string) string {
		v, ok := w.values[p[1:]]
		if !ok {
			t.Fatalf("%s: there is no example of %s: add a line to newWorld in routes_test.go", pattern, p)
		}
		return v[object]
	})
}

// public are the addresses without a session that have no signed link.
var public = []string{"/login", "/login/sso", "/logout", "/first/:token", "/invite/:token", "/login/back"}

// TestS7_EveryRouteSaysWhoMay: a route without a right is everybody's own
// things, or somebody's who has its link; a path with a parameter says what
// kind of thing it names.
func TestS7_EveryRouteSaysWhoMay(t *testing.T) {
	r := newRig(t)
	seen := map[string]bool{}
	for _, rt := range r.web.Table() {
		name := rt.Method + " " + rt.Path
		if seen[name] {
			t.Errorf("%s is in the table twice", name)
		}
		seen[name] = true
		switch {
		case rt.Public && rt.Object != "link" && !slices.Contains(public, rt.Path):
			t.Errorf("%s is open to everybody and needs no link", name)
		case !rt.Public && rt.Right == "" && rt.Object != "own":
			t.Errorf("%s has no right, and is not of one's own things", name)
		case strings.Contains(rt.Path, ":") && rt.Object == "":
			t.Errorf("%s names something and does not say which kind of thing", name)
		case rt.Method != http.MethodGet && rt.Method != http.MethodPost:
			t.Errorf("%s: a form can only be posted", name)
		}
	}
}

// expected is which status a role must get from a route for an object; 0: any
// that is no refusal.
func expected(rt web.Row, role desk.Role, object string) int {
	a := desk.Actor{Role: role}
	switch {
	case rt.Right != "" && !a.Can(desk.Right(rt.Right)):
		return http.StatusForbidden
	case !strings.Contains(rt.Path, ":"):
		return 0
	case object == unknown:
		return http.StatusNotFound
	case object == others && role == desk.TeamMember && (rt.Object == "request" || rt.Object == "message"):
		return http.StatusNotFound
	}
	return 0
}

// loose are routes that name a second thing beside that of the path, in the
// form or behind it, which the plainest call does not have: who may is as
// expected, but they find nothing. Their own tests call them in full.
var loose = map[string]bool{
	"GET /m/:message/files/:sha": true, "GET /m/:message/pictures": true, "POST /inbox/undo": true, "POST /settings/tokens/revoke": true,
	"POST /plan/rollback": true, "GET /plan/file": true,
	"POST /catalogue/rollback": true, "POST /catalogue/product/:product/example": true, "POST /settings/templates/rollback": true,
	"POST /r/:ref/undo": true, "POST /r/:ref/judge": true, "POST /r/:ref/approve": true, "POST /r/:ref/dismiss": true,
	"POST /r/:ref/split": true, "POST /r/:ref/withdraw": true, "POST /r/:ref/reschedule": true, "POST /r/:ref/team": true, "POST /r/:ref/tell": true, "POST /r/:ref/unsend": true, "POST /r/:ref/share": true,
}

// TestS7_EveryRouteRoleAndObject asks for every route as every role, for an
// object of the role's own team, for another's and for one that is not there.
func TestS7_EveryRouteRoleAndObject(t *testing.T) {
	w := newWorld(t)
	people := map[string]desk.Role{rita: desk.ReadOnly, tom: desk.TeamMember, sanne: desk.Agent, lex: desk.Lead, ada: desk.Admin}
	for _, rt := range w.web.Table() {
		if rt.Public || rt.Path == "/live" {
			continue
		}
		name := rt.Method + " " + rt.Path
		for _, object := range []string{unknown, others, theirs} {
			path := w.path(t, rt.Path, object)
			if got, want := w.nobody().ask(rt, path).StatusCode, map[bool]int{true: http.StatusSeeOther, false: http.StatusUnauthorized}[rt.Method == http.MethodGet]; got != want {
				t.Errorf("%s as nobody: %d, want %d", name, got, want)
			}
			for id, role := range people {
				u := w.fresh(id)
				got, want := u.ask(rt, path).StatusCode, expected(rt, role, object)
				refused := got == http.StatusUnauthorized || got == http.StatusForbidden || got == http.StatusNotFound
				switch {
				case want == 0 && got >= 500:
					t.Errorf("%s (%s) as %s: %d", name, object, role, got)
				case want == 0 && refused && !loose[name] && !w.ownOnly(rt, id):
					t.Errorf("%s (%s) as %s is refused: %d", name, object, role, got)
				case want != 0 && got != want:
					t.Errorf("%s (%s) as %s: %d, want %d", name, object, role, got, want)
				}
			}
		}
	}
}

// ownOnly reports whether a thing is sanne's own and another asks for it.
func (w *world) ownOnly(rt web.Row, id string) bool {
	return rt.Object == "own" && strings.Contains(rt.Path, ":") && id != sanne
}

// fresh is a user whose session stands, also when an act of the table ended it.
func (w *world) fresh(id string) *user {
	u := w.as(id)
	if _, err := w.auth.Look(w.t.Context(), u.Token, w.now()); err == nil {
		return u
	}
	delete(w.users, id)
	return w.as(id)
}

// ask asks for a route in the plainest way: a form has its token and no more.
func (u *user) ask(rt web.Row, path string) answer {
	u.r.t.Helper()
	if rt.Method == http.MethodGet {
		return u.get(path)
	}
	if rt.Files {
		return u.do(u.request(http.MethodPost, path, "multipart/form-data; boundary=b",
			fmt.Sprintf("--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n%s\r\n--b--\r\n", u.CSRF)))
	}
	return u.post(path, nil)
}

// varies is what differs between two answers that say the same: the id of the
// request, and what was asked for.
var varies = regexp.MustCompile(`[0-9A-HJKMNP-TV-Z]{26}|name="csrf" value="[^"]*"`)

// TestS7_UnknownAndForbiddenLookAlike: somebody cannot tell a request of
// another team from one that is not there.
func TestS7_UnknownAndForbiddenLookAlike(t *testing.T) {
	w := newWorld(t)
	tom := w.as(tom)
	for _, rt := range w.web.Table() {
		if rt.Public || rt.Object != "request" && rt.Object != "message" {
			continue
		}
		for _, accept := range []string{"text/html", "application/json"} {
			body := func(object string) string {
				path := w.path(t, rt.Path, object)
				form := url.Values{"csrf": {tom.CSRF}}.Encode()
				kind := "application/x-www-form-urlencoded"
				if rt.Method == http.MethodGet {
					form, kind = "", ""
				}
				req := tom.request(rt.Method, path, kind, form)
				req.Header.Set("Accept", accept)
				a := tom.do(req)
				head := fmt.Sprint(a.StatusCode, a.Header["Content-Type"], a.Header["Cache-Control"], a.Header["Location"])
				text := strings.ReplaceAll(a.body, path, "PATH")
				return head + "\n" + varies.ReplaceAllString(text, "ID")
			}
			if a, b := body(others), body(unknown); a != b {
				t.Errorf("%s %s (%s): of another team\n%s\nnot there\n%s", rt.Method, rt.Path, accept, a, b)
			}
		}
	}
}
