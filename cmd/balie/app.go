package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/config"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/hooks"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/dispatch"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store/boltstore"
)

// app is a running balie: every part, wired. serve, demo, bench and torture
// all run this one.
type app struct {
	cfg        config.Config
	log        *slog.Logger
	store      *boltstore.DB
	documents  *desk.Library
	texts      *i18n.Texts
	tokens     *token.Maker
	zone       *time.Location
	intake     *intake.Intake
	dispatch   *dispatch.Dispatch
	supervisor *channels.Supervisor
	lines      lines
	ui         *ui.UI
	auth       *auth.Auth
	desk       *desk.Desk
	overview   *desk.Overview
	feed       feed
	rules      *desk.Rules
	search     *search.Index
	people     *search.People
	customers  *desk.Customers
	ringing    *desk.Ringing
	presence   *desk.Presence
	products   *desk.Products
	hooks      *hooks.Hooks
	guard      *progress.Progress
	book       *report.Book
	reports    *desk.Reports
	operations *api.API // for commands and programs
	web        *web.Web
	http       *fiber.App
	metrics    *metrics
	tracing    *tracing
	socket     net.Listener     // of the commands
	trial      bool             // never run
	clock      func() time.Time // of what comes in; nil: now
	after      <-chan struct{}  // guarding begins when it is closed; nil: at once
}

// newApp wires a balie over an open store. Nothing runs yet.
func newApp(ctx context.Context, cfg config.Config, db *boltstore.DB, first firstDocuments, log *slog.Logger) (*app, error) {
	a := &app{cfg: cfg, log: log, store: db, feed: newFeed(db), metrics: newMetrics()}
	return a, a.wire(ctx, first)
}

// tryApp wires an app and lets it go, to see that a configuration holds. It
// touches nothing of the app that runs over the same store.
func tryApp(ctx context.Context, cfg config.Config, db *boltstore.DB, first firstDocuments, log *slog.Logger) error {
	a := &app{cfg: cfg, log: log, store: db, feed: newFeed(db), metrics: newMetrics(), trial: true}
	return a.wire(ctx, first)
}

func (a *app) wire(ctx context.Context, first firstDocuments) error {
	steps := []func(context.Context) error{
		func(ctx context.Context) (err error) {
			a.documents, err = desk.OpenLibrary(ctx, a.store, first)
			return err
		},
		a.wireWords, a.wireTracing, a.wireIntake, a.wireChannels, a.wireAuth, a.wireReports, a.wireProgress, a.wireDesk, a.wireHTTP,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// firstDocuments gives the documents of the first start.
type firstDocuments = func(kind string) (file string, body []byte, err error)

// wireWords sets up texts, tokens and the zone.
func (a *app) wireWords(context.Context) error {
	var err error
	if a.texts, err = i18n.Load(); err != nil {
		return err
	}
	if a.zone, err = time.LoadLocation(a.cfg.Desk.Timezone); err != nil {
		return &balie.InvalidError{Field: "desk.timezone", Problem: err.Error(), Fix: "use a name such as Europe/Amsterdam"}
	}
	keys, err := a.keys()
	if err != nil {
		return err
	}
	a.tokens, err = token.New(keys...)
	return err
}

// keys are the signing key and, during rotation, the one before it.
func (a *app) keys() ([][]byte, error) {
	var keys [][]byte
	for _, s := range []config.Secret{a.cfg.SecretKey, a.cfg.OldKey} {
		v, err := s.Read()
		if err != nil {
			return nil, err
		}
		if v != "" {
			keys = append(keys, []byte(v))
		}
	}
	return keys, nil
}

func (a *app) letters() *letters.Writer {
	return letters.New(a.texts, a.tokens, letters.Options{
		Domain: a.cfg.Email.Domain, Desk: a.cfg.Desk.Name, PublicURL: a.cfg.PublicURL, Zone: a.zone, Words: a.documents.Texts,
	})
}

func (a *app) wireIntake(context.Context) error {
	norm := normalize.New(a.normalizing())
	cat := a.documents.Brain().Catalogue
	calendar, ok := cat.Calendars[a.cfg.Desk.Calendar]
	if a.cfg.Desk.Calendar == "" {
		calendar, ok = cat.Calendar(balie.Product{}), true // the first one
	}
	if !ok {
		return &balie.InvalidError{Field: "desk.calendar", Problem: fmt.Sprintf("the catalogue has no calendar %q", a.cfg.Desk.Calendar), Fix: "name one of its calendars"}
	}
	o := intake.Options{
		Calendar: calendar, Language: a.cfg.Desk.Language,
		ReopenDays: a.cfg.Limits.ReopenDays, DailyCap: a.cfg.Limits.DailyCap,
	}
	if !a.trial { // the note is of the one that runs
		o.Inflight = filepath.Join(a.cfg.Data, "inflight")
	}
	var err error
	if o.Leads, err = leadsOf(a.cfg); err != nil {
		return err
	}
	a.intake, err = intake.New(a.store, norm, a.documents.Brain, a.tokens, a.letters(), o, a.log, a.metrics.intake(), a.clock)
	return err
}

// normalizing is what reading a message needs to know of the desk.
func (a *app) normalizing() normalize.Options {
	o := normalize.Options{TrustedAuthserv: a.cfg.Email.TrustedAuthserv, Country: a.cfg.Desk.Country}
	add := func(s string) {
		if to, ok := normalize.ParseAddress(s); ok {
			o.OwnAddresses = append(o.OwnAddresses, to.Value)
		}
	}
	for _, m := range a.cfg.Email.Mailboxes {
		add(m.User)
	}
	if s := a.cfg.Email.SMTP; s != nil {
		add(s.From)
		for _, from := range s.Accounts {
			add(from)
		}
	}
	return o
}

func (a *app) wireHTTP(context.Context) error {
	o := httpd.Options{
		PublicURL: a.cfg.PublicURL, AnyHost: []string{"/healthz", "/readyz", "/metrics"},
		Proxies: a.cfg.HTTP.Proxies, Rate: a.cfg.HTTP.Rate, Texts: a.texts, Page: a.web.Problem, Log: a.log, Large: a.bodies(),
	}
	a.http = httpd.New(o)
	a.health(a.http)
	a.ui.Mount(a.http)
	a.web.Mount(a.http)
	return a.mountPrograms(a.http, a.supervisor.Mount)
}

// run serves until ctx ends, in the order that loses nothing: channels and
// HTTP stop first, then what is being sent.
func (a *app) run(ctx context.Context, ln net.Listener) error {
	err := a.openSocket()
	if err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.operations.Serve(gctx, a.socket) })
	g.Go(func() error { return a.supervisor.Run(gctx) })
	g.Go(func() error { return a.dispatch.Run(gctx) })
	g.Go(func() error { return a.serveHTTP(gctx, ln) })
	g.Go(func() error { return a.followDesk(gctx) })
	g.Go(func() error { return a.guarding(gctx) })
	g.Go(func() error { return a.rest(gctx) })
	g.Go(func() error { return a.watchStore(gctx) })
	g.Go(func() error { return a.sweep(gctx) })
	g.Go(func() error { return a.serveMetrics(gctx) })
	err = g.Wait()
	a.tracing.close()
	for _, close := range []func() error{a.intake.Close, a.closeReports} {
		if cerr := close(); err == nil {
			err = cerr
		}
	}
	return err
}

// api is what the commands ask.
func (a *app) api() api.Parts {
	p := api.Parts{
		Store: a.store, Version: version(), Calendar: a.cfg.Desk.Calendar, Language: a.cfg.Desk.Language, Log: a.log,
		Library: func() (*desk.Library, error) { return a.documents, nil },
		Auth:    a.auth,
		Health:  func() (bool, any) { return a.healthy() },
	}
	for _, m := range a.lines.mailboxes {
		p.Mailboxes = append(p.Mailboxes, api.Mailbox{Name: m.Name(), Count: func(ctx context.Context) (api.Counted, error) {
			n, err := m.Count(ctx)
			return api.Counted{Prefix: n.Prefix, UIDs: n.UIDs, Pending: n.Pending}, err
		}})
	}
	return p
}

// serveHTTP answers until ctx ends. That a client dawdled at the end is said,
// and is no reason to end badly or to give up a reload.
func (a *app) serveHTTP(ctx context.Context, ln net.Listener) error {
	err := httpd.Serve(ctx, a.http, ln)
	if errors.Is(err, httpd.ErrCutOff) {
		a.log.Warn("stopped while a client was still sending", "err", err)
		return nil
	}
	return err
}

// watchEvery is how often the store's own fault is looked at.
const watchEvery = time.Second

// watchStore ends the process when the disk said that it may have lost what
// it was given: nothing after a failed sync can be believed (R7).
func (a *app) watchStore(ctx context.Context) error {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := a.store.Fault(); err != nil {
				return fmt.Errorf("the disk failed; balie stops so that nothing is acknowledged that is not kept: %w", err)
			}
		}
	}
}

// Originals that no message came to name (a crash between keeping and storing)
// are looked for an hour after the start, when a start's own work is done, and
// then once a day.
const (
	firstSweep = time.Hour
	sweepEvery = 24 * time.Hour
)

// sweep removes what was kept for messages that were never stored: their
// senders were told to come again, and did.
func (a *app) sweep(ctx context.Context) error {
	t := time.NewTimer(firstSweep)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			n, err := a.store.Sweep(ctx, time.Now())
			if err != nil && ctx.Err() == nil {
				a.log.Error("originals without a message could not be swept", "err", err)
			}
			if n > 0 {
				a.log.Info("swept originals that no message names", "originals", n)
			}
			t.Reset(sweepEvery)
		}
	}
}

// documentsBeside gives the first documents from the files beside balie.yaml.
func documentsBeside(dir string) firstDocuments {
	return func(kind string) (string, []byte, error) {
		file := filepath.Join(dir, kind+".yaml")
		b, err := os.ReadFile(file)
		if (kind == desk.ProgressDoc || kind == desk.PlanDoc) && errors.Is(err, os.ErrNotExist) {
			return file, nil, nil // the desk is older than this document
		}
		if err != nil {
			return file, nil, &balie.InvalidError{File: file, Problem: "cannot be read: " + err.Error(), Fix: "run balie init, which writes one"}
		}
		return file, b, nil
	}
}
