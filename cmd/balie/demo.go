package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store/boltstore"
)

// demoCmd is a whole desk on this machine: the balie that serve runs, and
// around it the mail server, the workspace, the customers and the teams it
// talks to.
type demoCmd struct {
	Once   bool   `help:"Exit when all questions have ended; 1 when one ended otherwise than it should."`
	JSON   bool   `name:"json" help:"Print one JSON line per question and one for all."`
	Data   string `help:"Keep the store here, in a new or empty directory. Without it the store goes when the demo stops." type:"path"`
	Listen string `help:"Address of the form, the API and the webhooks. When taken, another port is used." default:"127.0.0.1:8080"`
	Log    string `help:"Write balie's own log here; otherwise it goes beside the store." type:"path"`

	out      io.Writer     // standard output when nil
	script   []question    // demo/questions.yaml when nil
	patience time.Duration // how long a question may take before it counts as lost; 10 s when 0
}

// demoPatience is how long a question may take on a busy machine.
const demoPatience = 10 * time.Second

// Run plays all questions, and then stays up until it is stopped.
func (c *demoCmd) Run(ctx context.Context) error {
	began := time.Now()
	var err error
	if c.script == nil {
		if c.script, err = readScript(demoFiles); err != nil {
			return err
		}
	}
	if c.out == nil {
		c.out = os.Stdout
	}
	ctx, gone := context.WithCancelCause(ctx)
	defer gone(nil)
	w, err := c.open(ctx, gone)
	if err != nil {
		return err
	}
	err = c.play(ctx, w, began)
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		err = nil // stopped by hand
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	return errors.Join(err, w.close(err != nil))
}

// errDemo says that a question ended otherwise than it should.
var errDemo = errors.New("not every question ended where it should")

// play asks all questions, sums up, and stays for those asked by hand.
func (c *demoCmd) play(ctx context.Context, w *world, began time.Time) error {
	w.out.opening(w, time.Since(began))
	if err := w.playAll(ctx, c.script); err != nil {
		return err
	}
	t, err := w.tally(ctx)
	if err != nil {
		return err
	}
	w.out.summary(t, time.Since(began))
	if !c.Once {
		if err := w.openDesk(ctx); err != nil {
			return err
		}
		w.out.byHand(w)
		return w.stay(ctx)
	}
	if !t.good() {
		return errDemo
	}
	return nil
}

// open starts the peers and the balie between them. gone is called when that
// balie ends by itself.
func (c *demoCmd) open(ctx context.Context, gone context.CancelCauseFunc) (*world, error) {
	w := &world{out: newAccount(c.out, c.JSON), run: strings.ToLower(rand.Text()[:8]), sent: map[string]sending{}, awake: make(chan struct{}), patience: c.patience}
	if w.patience == 0 {
		w.patience = demoPatience
	}
	if c.Once { // it has no past to play first
		close(w.awake)
	}
	err := errors.Join(c.place(w), w.startPeers(c.script))
	if err == nil {
		err = c.startDesk(ctx, w, gone)
	}
	if err != nil {
		return nil, errors.Join(err, w.close(false))
	}
	return w, nil
}

// place finds the directory of the store. One that was used before is refused:
// the stand-in mail server numbers its mail from the start again.
func (c *demoCmd) place(w *world) error {
	if c.Data == "" {
		dir, err := os.MkdirTemp("", "balie-demo-")
		w.dir, w.temporary = dir, true
		return err
	}
	w.dir = c.Data
	found, err := os.ReadDir(c.Data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("open the place for the store: %w", err)
	}
	if len(found) > 0 {
		return &balie.InvalidError{Field: "--data", Problem: c.Data + " is not empty", Fix: "name a directory that is new or empty"}
	}
	return os.MkdirAll(c.Data, 0o700)
}

// startDesk starts balie, wired as serve wires it.
func (c *demoCmd) startDesk(ctx context.Context, w *world, gone context.CancelCauseFunc) error {
	log, err := c.openLog(w)
	if err != nil {
		return err
	}
	ln, err := c.listen(w)
	if err != nil {
		return err
	}
	w.url = "http://" + ln.Addr().String()
	cfg := w.config(ln.Addr().String())
	if w.db, err = boltstore.Open(cfg.Data, boltstore.Options{MinFree: cfg.Limits.MinFree}); err != nil {
		return errors.Join(err, ln.Close())
	}
	w.app = &app{cfg: cfg, log: log, store: w.db, feed: newFeed(w.db), metrics: newMetrics(), clock: w.clock, after: w.awake}
	if err = w.app.wire(ctx, demoDocuments); err != nil {
		return errors.Join(err, ln.Close())
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop, w.ended = stop, make(chan error, 1)
	go func() {
		err := w.app.run(run, ln)
		if run.Err() == nil {
			gone(fmt.Errorf("balie ended by itself: %w", err))
		}
		w.ended <- err
	}()
	return nil
}

func (c *demoCmd) openLog(w *world) (*slog.Logger, error) {
	w.logFile = c.Log
	if w.logFile == "" {
		w.logFile = filepath.Join(w.dir, "balie.log")
	}
	f, err := os.OpenFile(w.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open balie's log: %w", err)
	}
	w.closers = append(w.closers, f)
	return slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug})), nil
}

// listen takes the wanted port, or any other one when somebody has it.
func (c *demoCmd) listen(w *world) (net.Listener, error) {
	ln, err := net.Listen("tcp", c.Listen)
	if err == nil {
		return ln, nil
	}
	host, _, bad := net.SplitHostPort(c.Listen)
	if bad != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	other, err2 := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err2 != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.Listen, errors.Join(err, err2))
	}
	w.out.note(fmt.Sprintf("%s is taken; the demo is on %s", c.Listen, other.Addr()))
	return other, nil
}

// demoDocuments are the sample catalogue and rules, and two organisations.
func demoDocuments(kind string) (string, []byte, error) {
	switch kind {
	case desk.CatalogueDoc:
		return "sample.yaml", catalogue.Sample(), nil
	case desk.RulesDoc:
		return "rules.yaml", router.Sample(), nil
	case desk.PlanDoc:
		return "plan.sample.yaml", report.SamplePlan(), nil
	case desk.ProgressDoc: // of a small desk everybody is asked how it went
		b, err := progress.WithValue(progress.Sample(), "aftercare", "sample", "1")
		return "progress.yaml", b, err
	case desk.OrganisationsDoc:
	default:
		return kind, nil, nil // what is built in
	}
	file := "demo/" + kind + ".yaml"
	b, err := demoFiles.ReadFile(file)
	return file, b, err
}
