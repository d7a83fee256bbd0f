// Package web is in charge of the desk's pages: one handler file and one page
// for each screen.
//
// Guarantees:
//  1. A GET changes nothing.
//  2. What is not in the table of routes is not served, and every row says
//     which right and which object it needs (S7).
//  3. A form counts only with its session's token and from our own pages (S8).
//  4. Whoever has the link of a hand-out sees its own thread with the desk,
//     never a word between desk and customer.
package web

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/hooks"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
)

//go:embed pages/*.html
var pages embed.FS

// Pages are the templates, for ui.New.
func Pages() fs.FS {
	sub, err := fs.Sub(pages, "pages")
	if err != nil {
		panic(err) // the folder is built in
	}
	return sub
}

// Sessions tells who is signed in.
type Sessions interface {
	// Session is the session of a cookie, or ErrNotFound.
	Session(ctx context.Context, token string, now time.Time) (auth.Session, error)
	// Look is Session without counting as use.
	Look(ctx context.Context, token string, now time.Time) (auth.Session, error)
}

// Records keep what belongs to a user alone, and tell what a request is.
type Records interface {
	Commit(ctx context.Context, c ...balie.Change) error
	Request(ctx context.Context, id balie.ID) (balie.Request, error)
	Record(ctx context.Context, kind, key string) (balie.Record, error)
	ListRecords(ctx context.Context, kind, prefix, after string, back bool, limit int) ([]balie.Record, error)
}

// Parts is what the pages work with.
type Parts struct {
	Sessions  Sessions
	Auth      *auth.Auth // users and how they sign in
	Desk      *desk.Desk
	Records   Records // what belongs to a user alone: views, reports of bulk acts
	Overview  *desk.Overview
	Day       desk.DayFigures // of the board; nil: none are kept
	Presence  *desk.Presence
	Library   *desk.Library
	Handouts  *desk.Handouts
	Reports   *desk.Reports                    // figures
	Policies  *desk.Policies                   // working on what is promised
	Plans     *desk.Plans                      // the desk's plan
	Aftercare *desk.Aftercare                  // how it went
	Rules     *desk.Rules                      // working on the rules
	Hooks     *hooks.Hooks                     // who is told what happens
	Products  *desk.Products                   // working on the catalogue
	Upkeep    *desk.Upkeep                     // deliveries, what was not taken in, words of letters
	Trail     *desk.Trail                      // the audit log
	Lines     Lines                            // channels; nil: none
	Customers *desk.Customers                  // who asks
	Ringing   *desk.Ringing                    // calls that the telephone announced; nil: no telephone
	Places    *desk.Places                     // organisations and teams
	Teams     func(id, language string) string // the name of a team
	Tokens    *token.Maker
	Texts     *i18n.Texts
	UI        *ui.UI
	Zone      *time.Location
	Secure    bool // served by https: cookies are for https alone
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
	// Configured is the configuration in force, secrets named and not shown.
	Configured func() []Setting
}

// Web is the pages.
type Web struct {
	Parts
	streams streams
}

// New returns the pages.
func New(p Parts) *Web {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	return &Web{Parts: p, streams: newStreams()}
}

// Mount mounts every page: what is in the table, and nothing else.
func (w *Web) Mount(r fiber.Router) {
	for _, rt := range w.allRoutes() {
		r.Add(rt.method, rt.path, w.serve(rt)...)
	}
}
