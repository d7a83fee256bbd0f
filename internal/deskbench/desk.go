package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/channels/webform"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// now is when everything happens: a Tuesday morning.
var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// agent is who looks.
var agent = desk.Actor{ID: "noor", Name: "Noor Jansen", Role: desk.Lead}

const password = "een lang genoeg wachtwoord voor noor"

// site is the desk as serve wires it, in this process, with a clock that
// stands still.
type site struct {
	db       *boltstore.DB
	lib      *desk.Library
	calendar hours.Calendar
	find     *search.Index
	overview *desk.Overview
	began    time.Time // when it started
	base     string
	cookie   string
	client   *http.Client

	cancel context.CancelFunc
	tasks  *errgroup.Group
}

func documents(kind string) (string, []byte, error) {
	switch kind {
	case desk.CatalogueDoc:
		return "catalogue.yaml", catalogue.Sample(), nil
	case desk.RulesDoc:
		return "rules.yaml", router.Sample(), nil
	case desk.OrganisationsDoc:
		return "organisations.yaml", []byte("organisations: []\n"), nil
	}
	return kind, nil, nil // what is built in
}

// open opens a store and starts what follows it.
func open(ctx context.Context, dir string) (*site, error) {
	db, err := boltstore.Open(dir, boltstore.Options{MinFree: -1, Clock: func() time.Time { return now }})
	if err != nil {
		return nil, err
	}
	s := &site{db: db, client: &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if s.lib, err = desk.OpenLibrary(ctx, db, documents); err != nil {
		return nil, err
	}
	s.calendar = s.lib.Brain().Catalogue.Calendar(balie.Product{})
	return s, nil
}

// start runs overview, index and pages until stop.
func (s *site) start(dir string) error {
	log := slog.New(slog.DiscardHandler)
	s.began = time.Now()
	s.find = search.New(filepath.Join(dir, search.File), s.db, log)
	s.overview = desk.NewOverview(s.db, s.lib.Brain, s.find, desk.OverviewOptions{Calendar: s.calendar}, log)
	ctx, cancel := context.WithCancel(context.Background())
	s.tasks, ctx = errgroup.WithContext(ctx)
	s.cancel = cancel
	s.tasks.Go(func() error { return s.overview.Run(ctx) })
	s.tasks.Go(func() error { return s.find.Run(ctx) })
	return s.serve(ctx, log)
}

// serve listens with the desk's pages and signs the agent in.
func (s *site) serve(ctx context.Context, log *slog.Logger) error {
	texts, err := i18n.Load()
	if err != nil {
		return err
	}
	tokens, err := token.New([]byte("a key that signs links on this machine, for a while"))
	if err != nil {
		return err
	}
	pages, err := ui.New(texts, ui.Brand{Name: "De Linde"}, webform.Pages(), web.Pages())
	if err != nil {
		return err
	}
	clock := func() time.Time { return now }
	who := auth.New(s.db, auth.Options{Clock: clock}, log)
	if _, err := who.AddUser(ctx, auth.Command(), auth.NewUser{ID: agent.ID, Name: agent.Name, Role: agent.Role, Mail: "noor@delinde.example", Password: password}, now); err != nil && !errors.As(err, new(*balie.InvalidError)) { // a kept store has her
		return fmt.Errorf("add the agent: %w", err)
	}
	session, err := who.SignIn(ctx, auth.Attempt{Name: agent.ID, Password: password, From: "127.0.0.1", Agent: "deskbench"}, now)
	if err != nil {
		return fmt.Errorf("sign the agent in: %w", err)
	}
	s.cookie = session.Token
	letter := letters.New(texts, tokens, letters.Options{Domain: "delinde.example", PublicURL: "https://desk.delinde.example", Zone: s.calendar.Zone()})
	w := web.New(web.Parts{
		Sessions: who, Auth: who, Records: s.db, Desk: desk.New(s.db, s.lib, letter, tokens, desk.Options{Calendar: s.calendar, Language: "nl"}, log),
		Library: s.lib, Overview: s.overview, Presence: desk.NewPresence(), Handouts: desk.NewHandouts(s.db, s.calendar, 2*time.Hour),
		Teams: func(id, _ string) string { return id }, Tokens: tokens, Texts: texts, UI: pages, Zone: s.calendar.Zone(), Log: log, Now: clock,
	})
	app := httpd.New(httpd.Options{Page: w.Problem, Texts: texts, Log: log, Rate: -1})
	pages.Mount(app)
	w.Mount(app)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.base = "http://" + ln.Addr().String()
	s.tasks.Go(func() error { return w.Run(ctx) })
	s.tasks.Go(func() error { return httpd.Serve(ctx, app, ln) })
	return nil
}

func (s *site) stop() error {
	s.client.CloseIdleConnections()
	s.cancel()
	return s.tasks.Wait()
}

// ready waits until overview and index have all there is, and says how long
// the overview took.
func (s *site) ready(ctx context.Context) (overview time.Duration, err error) {
	for {
		changed := s.overview.Changed()
		if s.overview.Ready() {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	overview = time.Since(s.began)
	at, _, err := s.db.Tail(ctx)
	if err != nil {
		return 0, err
	}
	return overview, s.find.Wait(ctx, at)
}

// get asks for a page and says how long it took, as the browser sees it.
func (s *site) get(ctx context.Context, path string) (time.Duration, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+path, nil)
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Accept-Language", "nl")
	req.AddCookie(&http.Cookie{Name: "balie", Value: s.cookie})
	began := time.Now()
	res, err := s.client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	took := time.Since(began)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", path, res.Status)
	}
	return took, int(n), err
}

func storeFilter(states []balie.State, n int) store.Filter {
	return store.Filter{States: states, Limit: n}
}

// times are how long each of many things took.
type times []time.Duration

// at is the time that a share of them did not exceed.
func (t times) at(share float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(t))
	return s[min(int(share*float64(len(s))), len(s)-1)]
}

// another is a second overview of the same store, read whole.
func (s *site) another(ctx context.Context) (*desk.Overview, error) {
	o := desk.NewOverview(s.db, s.lib.Brain, nil, desk.OverviewOptions{Calendar: s.calendar}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	for !o.Ready() {
		changed := o.Changed()
		if o.Ready() {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	cancel()
	return o, <-ended
}
