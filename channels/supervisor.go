package channels

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
)

// AuthError says that the other side refused who we are: a password or token
// that is wrong, expired or revoked. Trying often helps nobody and gets
// accounts locked, so the pauses are longer.
type AuthError struct{ Err error }

func (e *AuthError) Error() string { return e.Err.Error() }
func (e *AuthError) Unwrap() error { return e.Err }

// IsAuth reports whether the other side refused who we are.
func IsAuth(err error) bool {
	var a *AuthError
	return errors.As(err, &a)
}

// Counters are told what happens, for metrics. A nil one is not told.
type Counters struct {
	Restarted func(channel string)        // a Run ended though it should not
	Received  func(channel string, n int) // messages taken in, duplicates too
	Refused   func(channel string)        // a Receive that did not succeed
}

// Options say how patient the supervisor is; zero values are the defaults.
type Options struct {
	First     time.Duration // first pause before a restart
	Most      time.Duration // longest pause
	AuthFirst time.Duration // first pause after an *AuthError
	AuthMost  time.Duration // longest pause after an *AuthError
	// Settled is how long a Run must have held for its channel to count as
	// well again: the next pause is First once more.
	Settled  time.Duration
	Counters Counters
}

// The defaults of Options.
const (
	firstPause     = time.Second
	mostPause      = 5 * time.Minute
	firstAuthPause = time.Minute
	mostAuthPause  = 30 * time.Minute
	settled        = time.Minute
)

func (o Options) withDefaults() Options {
	or := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	or(&o.First, firstPause)
	or(&o.Most, mostPause)
	or(&o.AuthFirst, firstAuthPause)
	or(&o.AuthMost, mostAuthPause)
	or(&o.Settled, settled)
	return o
}

// Supervisor runs the channels, each apart from the others.
type Supervisor struct {
	log  *slog.Logger
	opts Options

	mu    sync.Mutex // guards lines and what is in them
	lines []*line
}

// line is a channel and how it fares.
type line struct {
	channel  Channel
	sink     Sink
	running  bool
	since    time.Time // of the present Run, pause or rest
	failures int       // in a row
	restarts int
	lastErr  error
}

// NewSupervisor returns a Supervisor without channels.
func NewSupervisor(log *slog.Logger, o Options) *Supervisor {
	return &Supervisor{log: log, opts: o.withDefaults()}
}

// Add gives the supervisor a channel; before Run.
func (s *Supervisor) Add(c Channel, sink Sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, &line{channel: c, sink: counted{sink, c.Name(), s.opts.Counters}, since: time.Now()})
}

// Mount mounts every channel that is spoken to over HTTP.
func (s *Supervisor) Mount(r fiber.Router) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if m, ok := l.channel.(Mounter); ok {
			m.Mount(r, l.sink)
		}
	}
}

// Run runs every channel until ctx ends, and returns when all have ended.
func (s *Supervisor) Run(ctx context.Context) error {
	s.mu.Lock()
	lines := s.lines
	s.mu.Unlock()
	var g errgroup.Group
	for _, l := range lines {
		g.Go(func() error {
			s.keep(ctx, l)
			return nil // one line never ends the others
		})
	}
	return g.Wait()
}

// keep runs one channel again and again until ctx ends.
func (s *Supervisor) keep(ctx context.Context, l *line) {
	for ctx.Err() == nil {
		started := s.begin(l)
		err := runOnce(ctx, l)
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			err = errors.New("the channel ended by itself")
		}
		pause := s.failed(l, err, time.Since(started))
		s.log.Error("channel ended, will be started again", "channel", l.channel.Name(),
			"err", err, "pause", pause.Round(time.Second))
		if f := s.opts.Counters.Restarted; f != nil {
			f(l.channel.Name())
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.running, l.failures, l.since = false, 0, time.Now()
}

func (s *Supervisor) begin(l *line) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.running, l.since = true, time.Now()
	return l.since
}

// failed notes the end of a Run and says how long to wait.
func (s *Supervisor) failed(l *line, err error, held time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held >= s.opts.Settled {
		l.failures = 0
	}
	l.failures++
	l.restarts++
	l.running, l.since, l.lastErr = false, time.Now(), err
	return pause(s.opts, l.failures, IsAuth(err), rand.Float64())
}

// pauseShift bounds the doubling: 2^20 seconds are past every longest pause.
const pauseShift = 20

// pause doubles with every failure in a row up to the longest; dice in [0,1)
// spreads it by a fifth either way, so that channels which failed together do
// not come back together.
func pause(o Options, failures int, auth bool, dice float64) time.Duration {
	first, most := o.First, o.Most
	if auth {
		first, most = o.AuthFirst, o.AuthMost
	}
	d := min(first<<min(max(failures-1, 0), pauseShift), most)
	return time.Duration(float64(d) * (0.8 + 0.4*dice))
}

// panicError is a panic of a channel as an error.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

func runOnce(ctx context.Context, l *line) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return l.channel.Run(ctx, l.sink)
}

// counted is a Sink that tells the counters.
type counted struct {
	Sink
	channel string
	to      Counters
}

func (c counted) Receive(ctx context.Context, cursor []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	receipts, err := c.Sink.Receive(ctx, cursor, raws...)
	if err != nil {
		if c.to.Refused != nil {
			c.to.Refused(c.channel)
		}
		return receipts, err
	}
	if c.to.Received != nil {
		c.to.Received(c.channel, len(raws))
	}
	return receipts, nil
}
