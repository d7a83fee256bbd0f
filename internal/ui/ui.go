// Package ui is in charge of how pages look and are put together: the layout,
// the parts, the stylesheet, the scripts, and one set of templates per language.
//
// Guarantees:
//  1. No page has a style attribute, an inline script or anything from another
//     host: the strict Content-Security-Policy of httpd holds as it is (tested).
//  2. What people typed is escaped by html/template; the only typed HTML are
//     our own icons and Markdown that went through the sanitiser.
//  3. Files under /static/HASH/ never change: HASH is over their content.
package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
)

//go:embed parts pages static
var files embed.FS

// Brand is what the desk's own organisation puts on its pages.
type Brand struct {
	Name          string            `json:"name"`
	Taglines      map[string]string `json:"taglines"` // by language
	Urgent        string            `json:"urgent"`   // phone number for what cannot wait
	OpeningHours  map[string]string `json:"hours"`    // as people say them, by language
	Accessibility string            `json:"accessibility"`
	Privacy       string            `json:"privacy"`
}

// Tagline is what stands under the name.
func (b Brand) Tagline(language string) string { return b.Taglines[language] }

// Hours are the opening hours as people say them.
func (b Brand) Hours(language string) string { return b.OpeningHours[language] }

// Tel is the urgent number as a link. The number is configuration, and all but
// digits and + is dropped, so that the scheme is ours.
func (b Brand) Tel() template.URL {
	digits := strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, b.Urgent)
	return template.URL("tel:" + digits)
}

// UI renders pages.
type UI struct {
	brand Brand
	hash  string
	parts trees                       // of every page
	words map[string]template.FuncMap // by language
	pages map[string]map[string]*page // by language and name
	files map[string]asset
}

// asset is a static file, as it is and packed, which is done when a browser
// first asks for it. Pages are never packed: they hold a secret beside what a
// stranger wrote (BREACH).
type asset struct {
	plain  []byte
	packed func() []byte
}

func newAsset(b []byte) asset {
	return asset{b, sync.OnceValue(func() []byte {
		var out bytes.Buffer
		z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err != nil {
			panic(err) // there is such a level
		}
		z.Write(b) // a buffer takes everything
		z.Close()
		return out.Bytes()
	})}
}

// New reads the parts and the pages: ui's own and those of each tree, the
// *.html in its root. A page defines "title", "main" and "body", which names
// the layout ("public" or "center") it is in.
func New(texts *i18n.Texts, brand Brand, pages ...fs.FS) (*UI, error) {
	u := &UI{brand: brand, words: map[string]template.FuncMap{}, pages: map[string]map[string]*page{}, files: map[string]asset{}}
	if u.brand.Name == "" {
		u.brand.Name = "balie"
	}
	if err := u.readFiles(); err != nil {
		return nil, err
	}
	icons, err := readIcons()
	if err != nil {
		return nil, err
	}
	for _, l := range i18n.Languages {
		u.words[l], u.pages[l] = words(texts, l, icons), map[string]*page{}
	}
	if err := u.readParts(); err != nil {
		return nil, err
	}
	own, err := fs.Sub(files, "pages")
	if err != nil {
		return nil, err
	}
	for _, tree := range append([]fs.FS{own}, pages...) {
		if err := u.findPages(tree); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *UI) readFiles() error {
	names, err := fs.Glob(files, "static/*")
	if err != nil {
		return err
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", name, len(b))
		h.Write(b)
		u.files[path.Base(name)] = newAsset(b)
	}
	u.hash = hex.EncodeToString(h.Sum(nil))[:16]
	return nil
}

// view is what a template sees: D is the page's own struct.
type view struct {
	Language  string
	Languages []string
	Here      string // the path of the page, for the other languages
	Brand     Brand
	hash      string
	D         any
}

// Asset is the address of a static file.
func (v view) Asset(name string) string { return "/static/" + v.hash + "/" + name }

type languageKey struct{}

// Speak fixes the language of the answer, when the form that was sent says it.
func Speak(c *fiber.Ctx, language string) { c.Locals(languageKey{}, i18n.Language(language)) }

// Language is the language of the answer.
func Language(c *fiber.Ctx) string {
	if l, ok := c.Locals(languageKey{}).(string); ok {
		return l
	}
	return httpd.Language(c)
}

// Render answers with a page. data is the page's struct, D in the template.
func (u *UI) Render(c *fiber.Ctx, page string, data any) error {
	return u.Part(c, page, "body", data)
}

// Part answers with one of the templates that a page defines: a script puts it
// where it belongs.
func (u *UI) Part(c *fiber.Ctx, page, part string, data any) error {
	l := Language(c)
	of, ok := u.pages[l][page]
	if !ok {
		return fmt.Errorf("there is no page %q", page)
	}
	t, err := of.put()
	if err != nil {
		return fmt.Errorf("put page %s together: %w", page, err)
	}
	v := view{Language: l, Languages: i18n.Languages, Here: httpd.Local(c.Path()), Brand: u.brand, hash: u.hash, D: data}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, v); err != nil {
		return fmt.Errorf("render %s of page %s: %w", part, page, err)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	c.Set(fiber.HeaderContentLanguage, l)
	c.Vary(fiber.HeaderAcceptLanguage)
	return c.Send(b.Bytes())
}

// Problem shows a problem as a page; it is httpd.Options.Page.
func (u *UI) Problem(c *fiber.Ctx, p httpd.Problem) error {
	d := struct {
		httpd.Problem
		Again string
	}{Problem: p}
	if c.Method() == fiber.MethodGet && (p.Status >= 500 || p.Status == fiber.StatusTooManyRequests) {
		d.Again = httpd.Local(c.Path())
	}
	return u.Render(c, "error", d)
}

// types are said here: what the machine's own table says differs by machine.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// Mount serves the static files.
func (u *UI) Mount(r fiber.Router) {
	r.Get("/static/:hash/:file", func(c *fiber.Ctx) error {
		b, ok := u.files[c.Params("file")]
		if !ok {
			return fiber.ErrNotFound
		}
		c.Set(fiber.HeaderContentType, types[path.Ext(c.Params("file"))])
		// While replicas are being replaced, a page of the other version asks
		// here: it gets what there is, and nobody keeps that.
		if c.Params("hash") == u.hash {
			c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
		}
		c.Vary(fiber.HeaderAcceptEncoding)
		if !strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
			return c.Send(b.plain)
		}
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(b.packed())
	})
}
