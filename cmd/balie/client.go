package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/config"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/store/boltstore"
)

// onStore is embedded in every command that works on the store.
type onStore struct {
	Config string `help:"The configuration file." default:"balie.yaml" type:"path" short:"c" env:"BALIE_CONFIG"`
}

// client speaks the API of desk/api: with the balie that runs, or with one
// over the store for the length of this command. Either way it is the same
// code that answers.
type client struct {
	http    *http.Client
	running bool
	end     func() error
}

// connect finds the running balie, or opens the store.
func (o onStore) connect(ctx context.Context) (*client, error) {
	cfg, err := config.Load(o.Config)
	if err != nil {
		return nil, err
	}
	return connect(ctx, cfg, filepath.Dir(o.Config))
}

// with calls use with a client and ends it after.
func (o onStore) with(ctx context.Context, use func(*client) error) error {
	c, err := o.connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(use(c), c.end())
}

// tries is how often is looked for a socket: a balie that has the store open
// and is starting has none yet.
const tries = 3

// connect finds the balie that runs over cfg.Data, or opens the store; beside
// is where the documents of a first start lie.
func connect(ctx context.Context, cfg config.Config, beside string) (*client, error) {
	var locked error
	for range tries {
		conn, err := dialSocket(cfg.Data)
		if err == nil {
			conn.Close()
			return running(ctx, cfg.Data)
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("reach the running balie: %w", err)
		}
		c, err := alone(cfg, beside)
		if !errors.Is(err, boltstore.ErrLocked) {
			return c, err
		}
		locked = err // boltstore has waited; meanwhile the other may listen
	}
	return nil, &balie.UnavailableError{RetryAfter: 5 * time.Second, Cause: locked,
		Why: fmt.Sprintf("a balie has the store in %s open and does not answer on its socket: it is starting, stopping or hangs", cfg.Data)}
}

// answerTime is how long a running balie may take to say that it is there.
const answerTime = 5 * time.Second

// running is a client of the balie that listens on the socket.
func running(ctx context.Context, dir string) (*client, error) {
	c := newClient(func() (net.Conn, error) { return dialSocket(dir) })
	c.running = true
	c.end = func() error {
		c.http.CloseIdleConnections()
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var h api.Health
	if err := c.get(ctx, "/health", nil, &h); err != nil {
		c.end()
		return nil, &balie.UnavailableError{Why: "the running balie does not answer on its socket", Cause: err, RetryAfter: answerTime}
	}
	if h.Version != version() {
		fmt.Fprintf(os.Stderr, "balie: the running balie is %s, this command is %s: restart it, or use its own command\n", harmless(h.Version), version())
	}
	return c, nil
}

// alone opens the store and answers from within this process.
func alone(cfg config.Config, beside string) (*client, error) {
	if err := there(cfg.Data); err != nil {
		return nil, err
	}
	db, err := boltstore.Open(cfg.Data, boltstore.Options{MinFree: cfg.Limits.MinFree})
	if err != nil {
		return nil, err
	}
	signing, err := signingIn(cfg)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	p := api.Parts{
		Store: db, Auth: auth.New(db, signing, log), Version: version(), Calendar: cfg.Desk.Calendar, Language: cfg.Desk.Language,
		Log: log,
		Library: sync.OnceValues(func() (*desk.Library, error) {
			return desk.OpenLibrary(context.Background(), db, documentsBeside(beside))
		}),
	}
	figures := newReportsAlone(cfg, db, p.Library, log)
	p.Reports = figures.get
	ln := newMemory()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- api.Serve(ctx, p, ln) }()
	c := newClient(ln.Dial)
	c.end = func() error {
		c.http.CloseIdleConnections()
		stop()
		return errors.Join(<-served, figures.close(), db.Close())
	}
	return c, nil
}

// there reports when there is no store yet: a command that only looks must not
// make one.
func there(dir string) error {
	for _, name := range []string{"balie.db", "INSTANCE"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look for the store: %w", err)
		}
	}
	return &balie.InvalidError{File: dir, Field: "data", Problem: "there is no store yet", Fix: "start balie serve, which makes it, or name the right file with --config"}
}

func newClient(dial func() (net.Conn, error)) *client {
	return &client{http: &http.Client{Transport: &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return dial() },
		DisableCompression: true,
	}}}
}

// ask sends one request and returns its answer, which the caller closes.
func (c *client) ask(ctx context.Context, method, path string, query url.Values, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	u := url.URL{Scheme: "http", Host: api.Host, Path: "/api/v1" + path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Language", "en")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask balie: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		return nil, problem(resp)
	}
	return resp, nil
}

// do sends a request and reads its JSON answer into out.
func (c *client) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	resp, err := c.ask(ctx, method, path, query, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the answer of balie: %w", err)
	}
	return nil
}

func (c *client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.do(ctx, http.MethodGet, path, query, nil, out)
}

// stream reads a streamed answer with read and says when it is not whole.
func (c *client) stream(ctx context.Context, path string, query url.Values, read func(io.Reader) error) error {
	resp, err := c.ask(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := read(resp.Body); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("the answer was cut off: %w", err)
	}
	if end := resp.Trailer.Get(api.EndTrailer); end != "ok" {
		return fmt.Errorf("the answer is not whole: %q", end)
	}
	return nil
}

// problemBytes bounds what is read of an answer that says no.
const problemBytes = 8 << 20

// problem is the error that an answer tells of, as if it had happened here.
func problem(resp *http.Response) error {
	var p httpd.Problem
	b, err := io.ReadAll(io.LimitReader(resp.Body, problemBytes))
	if err != nil || json.Unmarshal(b, &p) != nil || p.Status == 0 {
		return fmt.Errorf("balie answered %s", resp.Status)
	}
	other := ""
	if v := resp.Header.Get(api.VersionHeader); v != version() {
		other = fmt.Sprintf(" (the running balie is %s, this command is %s)", v, version())
	}
	told := fmt.Errorf("%s%s", p.Detail, other)
	switch p.Status {
	case http.StatusUnprocessableEntity:
		return invalid(p)
	case http.StatusNotFound:
		// What the page says of a link is of no use here.
		return &toldError{fmt.Errorf("not found%s", other), balie.ErrNotFound}
	case http.StatusForbidden:
		return &toldError{told, balie.ErrDenied}
	case http.StatusConflict, http.StatusPreconditionFailed:
		return &toldError{told, balie.ErrStale}
	case http.StatusRequestEntityTooLarge:
		return &toldError{told, balie.ErrTooLarge}
	case http.StatusTooManyRequests:
		return &toldError{told, balie.ErrThrottled}
	case http.StatusServiceUnavailable:
		return &balie.UnavailableError{Why: told.Error(), RetryAfter: time.Duration(p.RetryAfter) * time.Second}
	}
	return fmt.Errorf("%w; the log has it under %s", told, p.Instance)
}

// invalid is everything that was wrong.
func invalid(p httpd.Problem) error {
	if len(p.Faults) == 0 {
		return &balie.InvalidError{Field: p.Field, Problem: p.Detail, Fix: p.Fix}
	}
	var all []error
	for _, f := range p.Faults {
		all = append(all, &balie.InvalidError{File: f.File, Line: f.Line, Col: f.Col, Field: f.Field, Problem: f.Problem, Fix: f.Fix})
	}
	return errors.Join(all...)
}

// toldError has the words of the answer and is one of our errors for exitCode.
type toldError struct{ told, kind error }

func (e *toldError) Error() string { return e.told.Error() }
func (e *toldError) Unwrap() error { return e.kind }
