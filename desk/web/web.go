// Package web is in charge of the desk's pages: one handler file and one page
// for each screen.
//
// Guarantees:
//  1. A GET changes nothing.
//  2. Whoever has the link of a hand-out sees its own thread with the desk,
//     never a word between desk and customer.
package web

import (
	"embed"
	"io/fs"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/desk"
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

// Parts is what the pages work with.
type Parts struct {
	Handouts *desk.Handouts
	Teams    func(id, language string) string // the name of a team
	Tokens   *token.Maker
	Texts    *i18n.Texts
	UI       *ui.UI
	Zone     *time.Location
	Now      func() time.Time // nil: time.Now
}

// Web is the pages.
type Web struct{ Parts }

// New returns the pages.
func New(p Parts) *Web {
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Web{p}
}

// Mount mounts every page.
func (w *Web) Mount(r fiber.Router) {
	r.Get("/h/:token", w.handout)
	r.Post("/h/:token", w.actHandout)
}
