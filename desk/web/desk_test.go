package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/channels/webform"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/hooks"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/browse"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/outside"
	"github.com/balie/balie/internal/seal"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store/boltstore"
)

// tuesday is a working day in opening hours, in the future: a browser throws
// away cookies that are past their time.
var tuesday = time.Date(2030, 3, 5, 9, 2, 0, 0, time.UTC)

// The users of the rig; everybody's password is the same.
const (
	sanne = "sanne" // agent
	bram  = "bram"  // agent
	lex   = "lex"   // lead
	ada   = "ada"   // admin
	tom   = "tom"   // of the team techniek
	rita  = "rita"  // read-only

	password = "kroket-met-mosterd-31"
)

var staff = []auth.NewUser{
	{ID: ada, Name: "Ada Bos", Mail: "ada@delinde.example", Role: desk.Admin},
	{ID: sanne, Name: "Sanne Vos", Mail: "sanne@delinde.example", Role: desk.Agent},
	{ID: bram, Name: "Bram de Groot", Mail: "bram@delinde.example", Role: desk.Agent},
	{ID: lex, Name: "Lex Jansen", Mail: "lex@delinde.example", Role: desk.Lead},
	{ID: tom, Name: "Tom Smit", Mail: "tom@delinde.example", Role: desk.TeamMember, Teams: []string{"techniek"}},
	{ID: rita, Name: "Rita Blom", Mail: "rita@delinde.example", Role: desk.ReadOnly},
}

// rig is the desk as cmd/balie runs it, on loopback, over a store of its own
// and with a clock of its own.
type rig struct {
	t         testing.TB
	base      string // http://127.0.0.1:port
	db        *boltstore.DB
	lib       *desk.Library
	desk      *desk.Desk
	overview  *desk.Overview
	presence  *desk.Presence
	people    *search.People
	customers *desk.Customers
	ringing   *desk.Ringing
	rules     *desk.Rules
	auth      *auth.Auth
	intake    *intake.Intake
	tokens    *token.Maker
	texts     *i18n.Texts
	web       *web.Web
	lines     *lines
	products  *desk.Products

	mu     sync.Mutex
	at     time.Time
	taken  int
	users  map[string]*user
	stop   func()
	hooks  *hooks.Hooks
	inside []netip.Prefix // of ours that may be called
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

// pass lets the desk's clock run.
func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

// newRig starts a desk with its users and no requests.
func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, at: tuesday, users: map[string]*user{}, inside: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	var err error
	must := func(what string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "data")
	made := seed()
	if err = made.err; err == nil {
		err = os.CopyFS(dir, made.store)
	}
	must("copy the seed")
	r.db, err = boltstore.Open(dir, boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	must("open the store")
	t.Cleanup(func() { r.db.Close() })
	r.texts = made.texts
	r.lib, err = desk.OpenLibrary(t.Context(), r.db, sampleDocuments)
	must("open the documents")
	r.tokens, err = token.New([]byte("a secret key of at least thirty-two bytes"))
	must("make the tokens")
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	calendar := r.calendar()
	norm := normalize.New(normalize.Options{OwnAddresses: []string{"desk@delinde.example"}, TrustedAuthserv: []string{"mx.delinde.example"}, Country: "NL"})
	letter := letters.New(r.texts, r.tokens, letters.Options{Domain: "delinde.example", Desk: map[string]string{"nl": "De Linde", "en": "De Linde"}, PublicURL: "https://desk.delinde.example", Zone: calendar.Zone(), Words: r.lib.Texts})
	r.intake, err = intake.New(r.db, norm, r.lib.Brain, r.tokens, letter,
		intake.Options{Calendar: calendar, Language: "nl", Leads: []balie.Address{{Scheme: balie.Mail, Value: "lex@delinde.example"}}}, log, intake.Meter{}, r.now)
	must("make the intake")
	r.auth = auth.New(r.db, auth.Options{Clock: r.now}, log)
	r.desk = desk.New(r.db, r.lib, letter, r.tokens, desk.Options{Calendar: calendar, Language: "nl"}, log)
	r.overview = desk.NewOverview(r.db, r.lib.Brain, nil, desk.OverviewOptions{Calendar: calendar}, log)
	r.presence = desk.NewPresence()
	r.rules = desk.NewRules(r.db, r.lib, desk.RulesOptions{Calendar: calendar, Language: "nl", Log: log})
	r.people = search.NewPeople(filepath.Join(dir, search.PeopleFile), r.db, log)
	r.customers = desk.NewCustomers(r.db, r.lib, r.people, nil, log)
	r.ringing = desk.NewRinging(r.db, log)
	r.serve(log)
	return r
}

// seeded is what every rig begins with: hashing passwords and reading pages
// takes longer than most tests.
type seeded struct {
	store fs.FS // with the users
	texts *i18n.Texts
	pages *ui.UI
	err   error
}

// seed makes it once.
var seed = sync.OnceValue(func() (s seeded) {
	if s.texts, s.err = i18n.Load(); s.err != nil {
		return s
	}
	if s.pages, s.err = ui.New(s.texts, ui.Brand{Name: "De Linde"}, webform.Pages(), web.Pages()); s.err != nil {
		return s
	}
	dir, err := os.MkdirTemp("", "balie-seed")
	if err != nil {
		s.err = err
		return s
	}
	defer os.RemoveAll(dir)
	if s.err = staffed(filepath.Join(dir, "data")); s.err == nil {
		s.store, s.err = inMemory(filepath.Join(dir, "data"))
	}
	return s
})

// staffed makes a store with the users.
func staffed(dir string) error {
	db, err := boltstore.Open(dir, boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		return err
	}
	a := auth.New(db, auth.Options{}, slog.New(slog.DiscardHandler))
	for _, u := range staff {
		u.Password = password
		if _, err := a.AddUser(context.Background(), auth.Command(), u, tuesday); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	return db.Close()
}

// inMemory are the files of a folder.
func inMemory(dir string) (fs.FS, error) {
	files := fstest.MapFS{}
	return files, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = &fstest.MapFile{Data: b, Mode: 0o600}
		return err
	})
}

// sampleDocuments are the sample catalogue and rules, and one organisation.
func sampleDocuments(kind string) (string, []byte, error) {
	switch kind {
	case desk.CatalogueDoc:
		return "catalogue.yaml", catalogue.Sample(), nil
	case desk.RulesDoc:
		return "rules.yaml", router.Sample(), nil
	case desk.OrganisationsDoc:
		break
	default:
		return kind, nil, nil // what is built in
	}
	return "organisations.yaml", []byte("organisations:\n- id: akker\n  name: Akker Zorg\n  domains: [akker.example]\n  key_account: true\n  account_manager: accountmanagement\n"), nil
}

func (r *rig) calendar() hours.Calendar { return r.lib.Brain().Catalogue.Calendars["kantoor"] }

// team is a team's name, as cmd/balie gives it.
func (r *rig) team(id, language string) string {
	if t, ok := r.lib.Brain().Catalogue.Team(id); ok {
		return t.Name(language)
	}
	return id
}

// serve answers on loopback until the test ends.
func (r *rig) serve(log *slog.Logger) {
	r.t.Helper()
	pages := seed().pages
	parts := web.Parts{
		Policies: desk.NewPolicies(r.db, r.lib, r.calendar()),
		Sessions: r.auth, Auth: r.auth, Records: r.db, Desk: r.desk, Library: r.lib, Rules: r.rules, Overview: r.overview, Presence: r.presence,
		Aftercare: desk.NewAftercare(r.db, r.lib.Brain), Handouts: desk.NewHandouts(r.db, r.calendar(), 2*time.Hour), Teams: r.team,
		Tokens: r.tokens, Texts: r.texts, UI: pages, Zone: r.calendar().Zone(), Log: log, Now: r.now,
	}
	parts.Reports = desk.NewReports(r.db, r.known(), r.lib, nil, desk.ReportsOptions{Calendar: r.calendar(), Name: map[string]string{"nl": "De Linde", "en": "De Linde"}, Log: log})
	parts.Plans = desk.NewPlans(r.db, r.lib, nil)
	parts.Customers, parts.Ringing, parts.Places = r.customers, r.ringing, desk.NewPlaces(r.db, r.lib)
	r.hooks = hooks.New(r.db, seal.New("webhooks", []byte("secret")), outside.Client(outside.Options{Allow: r.inside}), log, r.now)
	parts.Hooks = r.hooks
	r.backstage(&parts, log)
	r.web = web.New(parts)
	app := httpd.New(httpd.Options{Page: r.web.Problem, Texts: r.texts, Log: log, Rate: -1, Large: web.Uploads()})
	pages.Mount(app)
	r.web.Mount(app)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.base = "http://" + ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.overview.Run(ctx) })
	g.Go(func() error { return r.people.Run(ctx) })
	g.Go(func() error { return r.ringing.Run(ctx, r.now) })
	g.Go(func() error { return r.rules.Run(ctx) })
	g.Go(func() error { return r.web.Run(ctx) })
	g.Go(func() error { return r.products.Run(ctx) })
	g.Go(func() error { return httpd.Serve(ctx, app, ln) })
	r.stop = sync.OnceFunc(func() {
		cancel()
		for _, u := range r.users {
			u.client.CloseIdleConnections()
		}
		if err := g.Wait(); err != nil && ctx.Err() == nil {
			r.t.Errorf("the desk ended: %v", err)
		}
	})
	r.t.Cleanup(r.stop)
}

// settled waits until the overview has all that was committed before.
func (r *rig) settled() {
	r.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		changed := r.overview.Changed()
		if r.caughtUp() {
			return
		}
		select {
		case <-changed:
		case <-limit:
			r.t.Fatal("the overview does not follow the store")
		}
	}
}

// caughtUp reports whether lists show the newest version of every request.
func (r *rig) caughtUp() bool {
	if !r.overview.Ready() {
		return false
	}
	p, err := r.overview.Page(r.t.Context(), desk.Actor{Role: desk.Admin}, desk.Query{}, "", 1000, r.now())
	if err != nil {
		r.t.Fatal(err)
	}
	seen := map[balie.ID]uint64{}
	for _, row := range p.Rows {
		seen[row.Request.ID] = row.Request.Version
	}
	for _, q := range r.requests() {
		if q.State != balie.Closed && seen[q.ID] != q.Version || q.State == balie.Closed && seen[q.ID] != 0 {
			return false
		}
	}
	return true
}

// user is somebody who is signed in and asks for pages.
type user struct {
	auth.Session
	r      *rig
	client *http.Client
}

// as is a user, signed in; each has one session.
func (r *rig) as(id string) *user {
	r.t.Helper()
	if u := r.users[id]; u != nil {
		return u
	}
	s, err := r.auth.SignIn(r.t.Context(), auth.Attempt{Name: id, Password: password, From: "127.0.0.1", Agent: "test"}, r.now())
	if err != nil {
		r.t.Fatalf("sign %s in: %v", id, err)
	}
	u := &user{Session: s, r: r, client: &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	r.users[id] = u
	return u
}

// nobody is somebody who is not signed in.
func (r *rig) nobody() *user {
	u := r.users[""]
	if u == nil {
		u = &user{r: r, client: &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
		r.users[""] = u
	}
	return u
}

// answer is a page with its body read.
type answer struct {
	*http.Response
	body string
}

// request is one of this user's, with the headers a browser sends.
func (u *user) request(method, path, kind, body string) *http.Request {
	u.r.t.Helper()
	req, err := http.NewRequestWithContext(u.r.t.Context(), method, u.r.base+path, strings.NewReader(body))
	if err != nil {
		u.r.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "nl")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if method != http.MethodGet {
		req.Header.Set("Origin", u.r.base)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if u.Token != "" {
		req.AddCookie(&http.Cookie{Name: "balie", Value: u.Token})
	}
	return req
}

func (u *user) do(req *http.Request) answer {
	u.r.t.Helper()
	res, err := u.client.Do(req)
	if err != nil {
		u.r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		u.r.t.Fatal(err)
	}
	return answer{res, string(b)}
}

// get asks for a page.
func (u *user) get(path string) answer {
	u.r.t.Helper()
	return u.do(u.request(http.MethodGet, path, "", ""))
}

// post sends a form with its token.
func (u *user) post(path string, v url.Values) answer {
	u.r.t.Helper()
	if v == nil {
		v = url.Values{}
	}
	if !v.Has("csrf") {
		v.Set("csrf", u.CSRF)
	}
	return u.do(u.request(http.MethodPost, path, "application/x-www-form-urlencoded", v.Encode()))
}

// sees fails the test unless the page has the status and all of these texts.
func (u *user) sees(path string, status int, texts ...string) answer {
	u.r.t.Helper()
	a := u.get(path)
	if a.StatusCode != status {
		u.r.t.Fatalf("GET %s: %d, want %d\n%s", path, a.StatusCode, status, a.body)
	}
	for _, s := range texts {
		if !strings.Contains(a.body, s) {
			u.r.t.Errorf("GET %s does not show %q\n%s", path, s, a.body)
		}
	}
	return a
}

// browser is a browser in which the user is signed in.
func (u *user) browser() *browse.Browser {
	u.r.t.Helper()
	b := browse.Open(u.r.t, u.r.base)
	if u.Token != "" {
		b.Cookie("balie", u.Token)
	}
	return b
}

// mail brings a mail in, as the mail channel does, and gives its request. from
// is "Name <address>"; answers is the Message-ID it replies to, "" for none. A
// body that begins with < is HTML.
func (r *rig) mail(from, subject, body, answers string) balie.Request {
	r.t.Helper()
	r.taken++
	var b strings.Builder
	address := strings.TrimSuffix(from[strings.LastIndexByte(from, '<')+1:], ">")
	fmt.Fprintf(&b, "Authentication-Results: mx.delinde.example; dmarc=pass header.from=%s\r\n", address[strings.IndexByte(address, '@')+1:])
	fmt.Fprintf(&b, "From: %s\r\nTo: desk@delinde.example\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <m%d@customer.example>\r\n", from, subject, r.now().Format(time.RFC1123Z), r.taken)
	if answers != "" {
		fmt.Fprintf(&b, "In-Reply-To: <%[1]s>\r\nReferences: <%[1]s>\r\n", answers)
	}
	kind := "plain"
	if strings.HasPrefix(body, "<") {
		kind = "html"
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/" + kind + "; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + strings.ReplaceAll(body, "\n", "\r\n") + "\r\n")
	sink := r.intake.Sink("email/desk/INBOX")
	o, err := sink.Keep(r.t.Context(), bytes.NewReader([]byte(b.String())))
	if err != nil {
		r.t.Fatal(err)
	}
	got, err := sink.Receive(r.t.Context(), nil, balie.Raw{Channel: "email", Format: "mime", Account: "desk", Key: fmt.Sprintf("imap:desk/INBOX/1/%d", r.taken), At: r.now(), Original: o})
	if err != nil {
		r.t.Fatal(err)
	}
	if got[0].Request.IsZero() {
		return balie.Request{}
	}
	return r.request(got[0].Request)
}

// ask brings in a mail of somebody of a key account about something.
func (r *rig) ask(who, subject, body string) balie.Request {
	r.t.Helper()
	return r.mail(who+" <"+strings.ToLower(strings.Join(strings.Fields(who), "."))+"@akker.example>", subject, body, "")
}

func (r *rig) request(id balie.ID) balie.Request {
	r.t.Helper()
	q, err := r.db.Request(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return q
}
