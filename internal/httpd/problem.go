package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
)

// Problem is what a client is told about an error (RFC 9457). It never has
// anything of the cause in it but what an InvalidError says for people.
type Problem struct {
	Type       string  `json:"type"`
	Title      string  `json:"title"`
	Status     int     `json:"status"`
	Detail     string  `json:"detail,omitempty"`
	Instance   string  `json:"instance"` // the id of the request
	Field      string  `json:"field,omitempty"`
	Fix        string  `json:"fix,omitempty"`
	RetryAfter int     `json:"retry_after,omitempty"` // seconds
	Faults     []Fault `json:"faults,omitempty"`      // all of an invalid document, where they are known to be more than Detail

	Slug     string `json:"-"` // the last part of Type
	Language string `json:"-"`
}

// Fault is one thing that is wrong with a document that was handed in.
type Fault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Col     int    `json:"col,omitempty"`
	Field   string `json:"field,omitempty"`
	Problem string `json:"problem"`
	Fix     string `json:"fix,omitempty"`
}

// faults are all InvalidErrors of an error that has several, or one with a
// place in a file.
func faults(err error) []Fault {
	var out []Fault
	for _, e := range invalids(err) {
		out = append(out, Fault{e.File, e.Line, e.Col, e.Field, e.Problem, e.Fix})
	}
	if len(out) == 1 && out[0].File == "" {
		return nil
	}
	return out
}

// invalids looks through wrapped and joined errors.
func invalids(err error) []*balie.InvalidError {
	switch e := err.(type) {
	case *balie.InvalidError:
		return []*balie.InvalidError{e}
	case interface{ Unwrap() error }:
		return invalids(e.Unwrap())
	case interface{ Unwrap() []error }:
		var out []*balie.InvalidError
		for _, one := range e.Unwrap() {
			out = append(out, invalids(one)...)
		}
		return out
	}
	return nil
}

// docs is where the problems are explained; each slug is a heading there.
const docs = "https://github.com/balie/balie/blob/main/internal/httpd/PROBLEMS.md#"

// MIMEProblem is the media type of a problem.
const MIMEProblem = "application/problem+json"

// Refusal is an error that says itself how it is answered.
type Refusal struct {
	Status     int
	Slug       string        // a heading of PROBLEMS.md
	RetryAfter time.Duration // 0: not said
	Err        error
}

func (r *Refusal) Error() string { return r.Slug + ": " + r.Err.Error() }
func (r *Refusal) Unwrap() error { return r.Err }

// kind is a row of the table of errors.
type kind struct {
	err    error
	status int
	slug   string
}

// table says what our errors are over HTTP.
var table = []kind{
	{balie.ErrNotFound, fiber.StatusNotFound, "not-found"},
	{balie.ErrDenied, fiber.StatusForbidden, "denied"},
	{balie.ErrStale, fiber.StatusConflict, "stale"},
	{balie.ErrDuplicate, fiber.StatusConflict, "duplicate"},
	{balie.ErrTooLarge, fiber.StatusRequestEntityTooLarge, "too-large"},
	{balie.ErrThrottled, fiber.StatusTooManyRequests, "throttled"},
	{balie.ErrCorrupt, fiber.StatusInternalServerError, "fault"},
	{context.DeadlineExceeded, fiber.StatusServiceUnavailable, "unavailable"},
	{context.Canceled, fiber.StatusServiceUnavailable, "unavailable"},
}

// slugs are for errors that fiber makes, by status.
var slugs = map[int]string{
	400: "bad-request", 401: "signed-out", 403: "denied", 404: "not-found", 405: "method",
	406: "media-type", 408: "too-slow", 409: "stale", 411: "length-required", 412: "stale",
	413: "too-large", 415: "media-type", 421: "wrong-host", 422: "invalid", 428: "if-match", 429: "throttled",
	431: "head-too-large", 500: "fault", 503: "unavailable",
}

// Slugs are all kinds of problem there are, for tests and documents.
func Slugs() []string {
	seen := map[string]bool{"moved": true, "in-progress": true, "key-reused": true}
	for _, s := range slugs {
		seen[s] = true
	}
	for _, k := range table {
		seen[k.slug] = true
	}
	var out []string
	for s := range seen {
		out = append(out, s)
	}
	return out
}

// Key is the key in the texts of what a slug says.
func Key(slug, part string) string {
	return "error." + strings.ReplaceAll(slug, "-", "_") + "_" + part
}

// waits are what is said when the error does not say how long to wait.
var waits = map[int]time.Duration{429: 10 * time.Second, 503: 30 * time.Second}

// Describe is the problem an error is.
func (s *server) describe(c *fiber.Ctx, err error) Problem {
	p := Problem{Status: fiber.StatusInternalServerError, Slug: "fault", Instance: ID(c), Language: Language(c)}
	s.classify(c, &p, err)
	p.Type = docs + p.Slug
	p.Title = s.texts.Text(p.Language, Key(p.Slug, "title"))
	if p.Detail == "" {
		p.Detail = s.texts.Text(p.Language, Key(p.Slug, "detail"))
	}
	if p.RetryAfter == 0 {
		p.RetryAfter = seconds(waits[p.Status])
	}
	return p
}

func (s *server) classify(c *fiber.Ctx, p *Problem, err error) {
	var invalid *balie.InvalidError
	var move *balie.MoveError
	var later *balie.UnavailableError
	var refusal *Refusal
	var known *fiber.Error
	switch {
	case errors.As(err, &refusal):
		p.Status, p.Slug, p.RetryAfter = refusal.Status, refusal.Slug, seconds(refusal.RetryAfter)
		return
	case errors.As(err, &invalid):
		p.Status, p.Slug = fiber.StatusUnprocessableEntity, "invalid"
		p.Detail, p.Field, p.Fix, p.Faults = invalid.Problem, invalid.Field, invalid.Fix, faults(err)
		return
	case errors.As(err, &move):
		p.Status, p.Slug, p.Detail = fiber.StatusConflict, "moved", move.Error()
		return
	case errors.As(err, &later):
		p.Status, p.Slug, p.RetryAfter = fiber.StatusServiceUnavailable, "unavailable", seconds(later.RetryAfter)
		return
	case errors.As(err, &known):
		p.Status, p.Slug = known.Code, slugs[known.Code]
		if p.Slug == "" {
			p.Status, p.Slug = fiber.StatusInternalServerError, "fault"
			if known.Code < 500 {
				p.Status, p.Slug = fiber.StatusBadRequest, "bad-request"
			}
		}
		return
	}
	for _, k := range table {
		if errors.Is(err, k.err) {
			p.Status, p.Slug = k.status, k.slug
			break
		}
	}
	if p.Slug == "stale" && c.Get(fiber.HeaderIfMatch) != "" {
		p.Status = fiber.StatusPreconditionFailed
	}
}

// answer is fiber's ErrorHandler: the one place where an error becomes an
// answer. It also gets what fasthttp refuses before any handler ran.
func (s *server) answer(c *fiber.Ctx, err error) error {
	s.dress(c)
	p := s.describe(c, err)
	if p.Status >= 500 {
		s.Log.Error("request refused", "id", p.Instance, "method", c.Method(), "route", c.Route().Path, "status", p.Status, "err", err)
	}
	if p.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(p.RetryAfter))
	}
	if p.Status == fiber.StatusUnauthorized && len(c.Response().Header.Peek(fiber.HeaderWWWAuthenticate)) == 0 {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
	}
	c.Set(fiber.HeaderContentLanguage, p.Language)
	c.Status(p.Status)
	if wantsPage(c) {
		if s.Page == nil {
			c.Type("txt", "utf-8")
			return c.SendString(p.Title + "\n\n" + p.Detail + "\n\n" + p.Instance + "\n")
		}
		return s.Page(c, p)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, MIMEProblem)
	return c.Send(body)
}

// wantsPage reports whether a person with a browser is asking.
func wantsPage(c *fiber.Ctx) bool {
	return !strings.HasPrefix(c.Path(), "/api/") && strings.Contains(c.Get(fiber.HeaderAccept), "text/html")
}

// recovered makes a panic an error, so that it costs one request and not the
// process.
func (s *server) recovered(c *fiber.Ctx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.Log.Error("panic in a request", "id", ID(c), "route", c.Route().Path, "panic", r, "stack", string(debug.Stack()))
			closeAfter(c)
			err = fiber.ErrInternalServerError
		}
	}()
	return c.Next()
}

// seconds are whole seconds, rounded up: too early would be refused again.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// Language is the language to answer a request in: what ?lang= says, else the
// best of Accept-Language that there are texts in, else Dutch.
func Language(c *fiber.Ctx) string {
	if l := c.Query("lang"); l != "" {
		return i18n.Language(l)
	}
	best, quality := i18n.Languages[0], 0.0
	for i, part := range strings.Split(c.Get(fiber.HeaderAcceptLanguage), ",") {
		if i == 20 { // nobody reads more
			break
		}
		tag, params, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64)
		}
		primary, _, _ := strings.Cut(strings.TrimSpace(tag), "-")
		for _, l := range i18n.Languages {
			if primary == l && q > quality {
				best, quality = l, q
			}
		}
	}
	return best
}
