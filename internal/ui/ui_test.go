package ui_test

import (
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

func newUI(t *testing.T, page string) (*ui.UI, *fiber.App) {
	t.Helper()
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	u, err := ui.New(texts, ui.Brand{Name: "Desk"}, fstest.MapFS{"x.html": {Data: []byte(page)}})
	if err != nil {
		t.Fatal(err)
	}
	app := httpd.New(httpd.Options{Page: u.Problem, Rate: -1})
	u.Mount(app)
	return u, app
}

func get(t *testing.T, app *fiber.App, path string, headers ...string) (int, string, fiberHeader) {
	t.Helper()
	req := httptest.NewRequest("GET", path, nil)
	req.Host = "localhost"
	req.Header.Set("Accept", "text/html")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := app.Test(req)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b), res.Header.Get
}

type fiberHeader = func(string) string

const minimal = `{{define "body"}}{{template "public" .}}{{end}}{{define "title"}}T{{end}}{{define "main"}}<h1>{{.D}}</h1>{{end}}`

// TestS1_WhatPeopleTypedIsText puts markup through a page and through Markdown.
func TestS1_WhatPeopleTypedIsText(t *testing.T) {
	u, app := newUI(t, minimal)
	app.Get("/", func(c *fiber.Ctx) error { return u.Render(c, "x", `<script>alert(1)</script>{{.Secrets}}`) })
	if _, body, _ := get(t, app, "/"); strings.Contains(body, "<script>alert") || !strings.Contains(body, "{{.Secrets}}") {
		t.Errorf("not escaped: %s", body)
	}
	for in, never := range map[string]string{
		"<script>alert(1)</script>hi":         "<script",
		"[x](javascript:alert(1))":            "javascript:",
		"![x](https://evil.example/p.png)":    "<img",
		"<img src=x onerror=alert(1)>":        "onerror",
		`<p style="position:fixed">x</p>`:     "style",
		"[x](data:text/html,<script>)":        "data:",
		`<a href="https://e" onclick="x">`:    "onclick",
		"<form action=https://evil><input></": "<form",
	} {
		if got := string(ui.Markdown(in)); strings.Contains(got, never) {
			t.Errorf("Markdown(%q) = %q", in, got)
		}
	}
	if got := string(ui.Markdown("**a**\nb\n\n- [c](https://x.nl)")); !strings.Contains(got, "<strong>a</strong><br") || !strings.Contains(got, `rel="nofollow noreferrer"`) {
		t.Errorf("Markdown loses what it should keep: %s", got)
	}
}

func TestStaticFilesAreKeptForEverByTheirHash(t *testing.T) {
	u, app := newUI(t, minimal)
	app.Get("/", func(c *fiber.Ctx) error { return u.Render(c, "x", "") })
	_, body, _ := get(t, app, "/")
	css := regexp.MustCompile(`href="(/static/[0-9a-f]{16}/balie\.css)"`).FindStringSubmatch(body)
	if css == nil {
		t.Fatalf("the page names no stylesheet:\n%s", body)
	}
	status, _, header := get(t, app, css[1])
	if status != 200 || !strings.Contains(header("Cache-Control"), "immutable") || !strings.HasPrefix(header("Content-Type"), "text/css") {
		t.Errorf("%s: %d, %q, %q", css[1], status, header("Cache-Control"), header("Content-Type"))
	}
	if status, _, header = get(t, app, "/static/0000000000000000/boot.js"); status != 200 || strings.Contains(header("Cache-Control"), "immutable") {
		t.Errorf("another version's file: %d, %q", status, header("Cache-Control"))
	}
	if status, _, _ = get(t, app, "/static/x/..%2f..%2fui.go"); status != 404 {
		t.Errorf("outside of the files: %d", status)
	}
}

func TestErrorPage(t *testing.T) {
	_, app := newUI(t, minimal)
	app.Get("/busy", func(*fiber.Ctx) error { return httpd.Throttled(8e9) })
	status, body, header := get(t, app, "/busy", "Accept-Language", "nl")
	if status != 429 || header("Retry-After") != "8" || !strings.Contains(body, "over 8 s") || !strings.Contains(body, header("X-Request-Id")) || !strings.Contains(body, `lang="nl"`) {
		t.Errorf("got %d\n%s", status, body)
	}
	if status, body, _ = get(t, app, "/nowhere/<b>", "Accept-Language", "en"); status != 404 || !strings.Contains(body, `lang="en"`) || strings.Contains(body, "nowhere") {
		t.Errorf("got %d\n%s", status, body)
	}
}

var (
	inlineStyle  = regexp.MustCompile(`(?i)\sstyle\s*=|<style[\s>]`)
	inlineScript = regexp.MustCompile(`(?i)<script[^>]*>[^<]|<script>|\son[a-z]+\s*=\s*["'{]|javascript:`)
	elsewhere    = regexp.MustCompile(`(?i)(?:src|href|action)="(?:https?:)?//`)
)

// TestNoTemplateHasAnythingInline looks at every template of the repository,
// also at those that are not shown in any other test.
func TestNoTemplateHasAnythingInline(t *testing.T) {
	n := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".html" || strings.Contains(path, "testdata") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		for what, re := range map[string]*regexp.Regexp{"a style": inlineStyle, "a script": inlineScript, "another host": elsewhere} {
			if m := re.Find(b); m != nil {
				t.Errorf("%s has %s: %q", path, what, m)
			}
		}
		return nil
	})
	if err != nil || n < 3 {
		t.Fatalf("looked at %d templates: %v", n, err)
	}
}

// TestStylesheetKeepsItsRules: layers decide, not force.
func TestStylesheetKeepsItsRules(t *testing.T) {
	b, err := os.ReadFile("static/balie.css")
	if err != nil {
		t.Fatal(err)
	}
	for what, re := range map[string]string{"!important": `!important`, "an @import": `@import`, "something from elsewhere": `url\(`} {
		if m := regexp.MustCompile(re).Find(b); m != nil {
			t.Errorf("balie.css has %s", what)
		}
	}
	if strings.Count(string(b), "{") != strings.Count(string(b), "}") {
		t.Error("balie.css has unbalanced braces")
	}
}
