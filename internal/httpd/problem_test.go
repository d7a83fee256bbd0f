package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
)

// TestErrorsTellNoInternals provokes every kind of answer.
func TestErrorsTellNoInternals(t *testing.T) {
	const secret = "password=hunter2"
	var log bytes.Buffer
	errs := map[string]error{
		"invalid": &balie.InvalidError{Field: "owner", Problem: "no such team", Fix: "name one"},
		"missing": fmt.Errorf(secret+": %w", balie.ErrNotFound), "denied": fmt.Errorf(secret+": %w", balie.ErrDenied),
		"stale": fmt.Errorf(secret+": %w", balie.ErrStale), "throttled": Throttled(1500 * time.Millisecond),
		"later": &balie.UnavailableError{Why: secret, RetryAfter: 7 * time.Second}, "large": balie.ErrTooLarge,
		"corrupt": fmt.Errorf(secret+": %w", balie.ErrCorrupt), "unknown": errors.New(secret), "busy": balie.ErrThrottled,
		"move": &balie.MoveError{Ref: "7K3Q-F", State: balie.Closed, What: balie.Answered},
	}
	addr := start(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(app *fiber.App) {
		for path, err := range errs {
			app.Get("/api/"+path, func(*fiber.Ctx) error { return err })
		}
		app.Get("/api/panic", func(*fiber.Ctx) error { panic(secret) })
		app.Post("/api/post", func(c *fiber.Ctx) error { return nil })
	})
	for _, tc := range []struct {
		request string
		want    int
		retry   string
	}{
		{"GET /api/invalid", 422, ""}, {"GET /api/missing", 404, ""}, {"GET /api/denied", 403, ""},
		{"GET /api/stale", 409, ""}, {"GET /api/throttled", 429, "2"}, {"GET /api/busy", 429, "10"}, {"GET /api/later", 503, "7"},
		{"GET /api/large", 413, ""}, {"GET /api/corrupt", 500, ""}, {"GET /api/unknown", 500, ""}, {"GET /api/move", 409, ""},
		{"GET /api/panic", 500, ""}, {"GET /api/nowhere/" + secret, 404, ""}, {"GET /api/post", 405, ""},
		{"GET /api/post HTTP/1.1\r\nX: " + strings.Repeat("x", 20_000), 431, ""},
		{"POST /api/post HTTP/1.1\r\nTransfer-Encoding: chunked", 411, ""},
		{"POST /api/post HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 0", 415, ""},
		{"GET /api/stale HTTP/1.1\r\nIf-Match: \"3\"", 412, ""},
		{"GET /api/" + secret + "\x00 HTTP/1.1\r\nBad header " + secret, 400, ""},
	} {
		request := tc.request
		if !strings.Contains(request, " HTTP/1.1") {
			request += " HTTP/1.1"
		}
		res := say(t, addr, request+"\r\nHost: localhost\r\n\r\n")
		body, _ := io.ReadAll(res.Body)
		var p Problem
		if err := json.Unmarshal(body, &p); err != nil {
			t.Errorf("%.40s: no problem but %.100s", tc.request, body)
			continue
		}
		if res.StatusCode != tc.want || p.Status != tc.want || res.Header.Get("Retry-After") != tc.retry {
			t.Errorf("%.40s: got %d (%d), Retry-After %q; want %d, %q", tc.request, res.StatusCode, p.Status, res.Header.Get("Retry-After"), tc.want, tc.retry)
		}
		if p.Title == "" || p.Title == Key(p.Slug, "title") || p.Instance == "" || !strings.HasPrefix(p.Type, docs) || res.Header.Get("Content-Type") != MIMEProblem {
			t.Errorf("%.40s: incomplete problem %+v, type %s", tc.request, p, res.Header.Get("Content-Type"))
		}
		if strings.Contains(string(body), "hunter2") {
			t.Errorf("%.40s: the answer tells internals: %s", tc.request, body)
		}
		if res.Header.Get("Content-Security-Policy") != Policy || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%.40s: security headers are missing", tc.request)
		}
	}
	if !strings.Contains(log.String(), "hunter2") {
		t.Error("the log does not have the cause")
	}
}

func TestEveryProblemIsExplained(t *testing.T) {
	doc, err := os.ReadFile("PROBLEMS.md")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Slugs() {
		if !strings.Contains(string(doc), "\n## "+s+"\n") {
			t.Errorf("PROBLEMS.md has no heading %q", s)
		}
		for _, part := range []string{"title", "detail"} {
			if texts.Raw(Key(s, part)) == nil {
				t.Errorf("there is no text %q", Key(s, part))
			}
		}
	}
}
