package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/hooks"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/outside"
	"github.com/balie/balie/internal/seal"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/store/boltstore"
)

// network is a desk with its door for programs, over a real store.
type network struct {
	t        testing.TB
	db       *boltstore.DB
	url      string
	auth     *auth.Auth
	intake   *intake.Intake
	overview *desk.Overview
	tokens   map[desk.Role]string
	n        int
}

// roles are who has a token in the rig, by sign-in name.
var roles = map[desk.Role]string{desk.ReadOnly: "rita", desk.TeamMember: "tom", desk.Agent: "sanne", desk.Lead: "lex", desk.Admin: "ada"}

func openNetwork(t testing.TB) *network {
	t.Helper()
	n := &network{t: t, tokens: map[desk.Role]string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	var err error
	n.db, err = boltstore.Open(filepath.Join(dir, "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	must(err)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	lib, err := desk.OpenLibrary(t.Context(), n.db, first)
	must(err)
	texts, err := i18n.Load()
	must(err)
	maker, err := token.New([]byte("a secret key of at least thirty-two bytes"))
	must(err)
	calendar := lib.Brain().Catalogue.Calendars["kantoor"]
	write := letters.New(texts, maker, letters.Options{Domain: "delinde.example", Desk: map[string]string{"nl": "De Linde", "en": "De Linde"}, PublicURL: "https://desk.delinde.example", Zone: calendar.Zone()})
	norm := normalize.New(normalize.Options{OwnAddresses: []string{"desk@delinde.example"}, TrustedAuthserv: []string{"mx.delinde.example"}, Country: "NL"})
	n.intake, err = intake.New(n.db, norm, lib.Brain, maker, write, intake.Options{Calendar: calendar, Language: "nl"}, log, intake.Meter{}, nil)
	must(err)
	n.auth = auth.New(n.db, auth.Options{}, log)
	index := search.New(filepath.Join(dir, search.File), n.db, log)
	people := search.NewPeople(filepath.Join(dir, search.PeopleFile), n.db, log)
	n.overview = desk.NewOverview(n.db, lib.Brain, index, desk.OverviewOptions{Calendar: calendar}, log)
	told := hooks.New(n.db, seal.New("webhooks", []byte("secret")), outside.Client(outside.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}), log, nil)
	pages, err := ui.New(texts, ui.Brand{Name: "De Linde"}, api.Pages())
	must(err)
	x := api.New(api.Parts{Store: n.db, Auth: n.auth, Library: func() (*desk.Library, error) { return lib, nil },
		Desk:     desk.New(n.db, lib, write, maker, desk.Options{Calendar: calendar, Language: "nl"}, log),
		Overview: n.overview, Customers: desk.NewCustomers(n.db, lib, people, index, log), Places: desk.NewPlaces(n.db, lib),
		Upkeep: desk.NewUpkeep(n.db, lib, n.intake), Trail: desk.NewTrail(n.db), Policies: desk.NewPolicies(n.db, lib, calendar), Hooks: told, UI: pages, Rate: 1000,
		Config: func() []api.Setting {
			return []api.Setting{{Key: "secret_key", Value: "file", Source: "file", Secret: true}}
		},
		Log: log, Version: "v1.2.3", Calendar: "kantoor", Language: "nl"})
	app := httpd.New(httpd.Options{Rate: -1, Large: api.Bodies(), Log: log})
	x.Describe(app)
	must(x.Mount(app))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	n.url = "http://" + ln.Addr().String() + "/api/v1"
	ctx, stop := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{index.Run, people.Run, n.overview.Run, told.Run,
		func(ctx context.Context) error { return httpd.Serve(ctx, app, ln) }} {
		g.Go(func() error { return run(ctx) })
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		n.intake.Close()
		n.db.Close()
	})
	for role, id := range roles {
		n.tokens[role] = n.token(id, role)
	}
	return n
}

// token makes a user and a token of theirs; without rights, all they have.
func (n *network) token(id string, role desk.Role, only ...desk.Right) string {
	n.t.Helper()
	u := auth.NewUser{ID: id, Name: id, Role: role}
	if role == desk.TeamMember {
		u.Teams = []string{"techniek"}
	}
	made, err := n.auth.AddUser(n.t.Context(), auth.Command(), u, time.Now())
	if err != nil {
		n.t.Fatal(err)
	}
	if len(only) == 0 {
		for _, r := range auth.Rights {
			if made.Actor().Can(r) {
				only = append(only, r)
			}
		}
	}
	_, plain, err := n.auth.MakeToken(n.t.Context(), made.Actor(), auth.NewToken{Name: "test of " + id, Only: only, Holds: time.Hour}, time.Now())
	if err != nil {
		n.t.Fatal(err)
	}
	return plain
}

// mail makes a request of a mail.
func (n *network) mail(subject, text string) balie.Request {
	n.t.Helper()
	n.n++
	eml := fmt.Sprintf("Authentication-Results: mx.delinde.example; dmarc=pass header.from=klant.example\r\nFrom: Noor <noor@klant.example>\r\nTo: desk@delinde.example\r\n"+
		"Subject: %s\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <m%d@klant.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", subject, n.n, text)
	sink := n.intake.Sink("email")
	o, err := sink.Keep(n.t.Context(), bytes.NewReader([]byte(eml)))
	if err != nil {
		n.t.Fatal(err)
	}
	got, err := sink.Receive(n.t.Context(), nil, balie.Raw{Channel: "email", Format: "mime", Account: "desk", Key: fmt.Sprint("k", n.n), At: time.Now(), Original: o})
	if err != nil || len(got) != 1 {
		n.t.Fatal(got, err)
	}
	r, err := n.db.Request(n.t.Context(), got[0].Request)
	if err != nil {
		n.t.Fatal(err)
	}
	return r
}

// answered is an answer of the network's door.
type answered struct {
	status int
	header http.Header
	body   string
}

// into reads the body.
func (a answered) into(t testing.TB, v any) {
	t.Helper()
	if a.status >= 300 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatal(err, a.body)
	}
}

// call asks with a token; headers come in pairs.
func (n *network) call(token, method, path, body string, headers ...string) answered {
	n.t.Helper()
	req, err := http.NewRequest(method, n.url+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return answered{resp.StatusCode, resp.Header, string(b)}
}

// decisions is how many decisions a request has.
func (n *network) decisions(id balie.ID) (all int) {
	n.t.Helper()
	events, err := n.db.Events(n.t.Context(), id, 0)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, e := range events {
		if e.Decision != nil {
			all++
		}
	}
	return all
}
