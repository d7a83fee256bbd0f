package channels

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/balie/balie"
)

// scripted is a channel whose Run does what a test says.
type scripted struct {
	name   string
	run    func(ctx context.Context, n int) error // n counts the Runs from 1
	runs   atomic.Int32
	within time.Duration
	heard  atomic.Pointer[time.Time]
}

func (s *scripted) Name() string { return s.name }

func (s *scripted) Run(ctx context.Context, _ Sink) error {
	return s.run(ctx, int(s.runs.Add(1)))
}

func (s *scripted) hear() { now := time.Now(); s.heard.Store(&now) }

// listening is a scripted channel that can tell what it hears.
type listening struct{ *scripted }

func (l listening) Heard() (time.Time, time.Duration) {
	if at := l.heard.Load(); at != nil {
		return *at, l.within
	}
	return time.Time{}, l.within
}

func wait(ctx context.Context, _ int) error { <-ctx.Done(); return nil }

type nothing struct{}

func (nothing) Cursor(context.Context) ([]byte, error) { return nil, nil }
func (nothing) Keep(context.Context, io.Reader) (balie.Original, error) {
	return balie.Original{}, nil
}
func (nothing) Receive(_ context.Context, _ []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	if len(raws) == 0 {
		return nil, errors.New("nothing to receive")
	}
	return make([]balie.Receipt, len(raws)), nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// run starts the supervisor in the bubble and returns what stops it and waits.
func run(t *testing.T, s *Supervisor) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func TestR14_OneFailingChannelNeverTouchesAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSupervisor(quiet(), Options{})
		bad := &scripted{name: "bad", run: func(context.Context, int) error { panic("at once") }}
		good := &scripted{name: "good", run: wait}
		s.Add(bad, nothing{})
		s.Add(good, nothing{})
		stop := run(t, s)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := good.runs.Load(); n != 1 {
			t.Errorf("the good channel was started %d times", n)
		}
		h := s.Health()
		if h[0].State != BackingOff || h[0].LastError != "panic: see the log" || h[0].Healthy() {
			t.Errorf("the panicking channel: %+v", h[0])
		}
		if h[1].State != Up || !h[1].Healthy() {
			t.Errorf("the good channel: %+v", h[1])
		}
		// 1 s doubling to 5 min: 9 quick ones, then a day of 288 (a fifth either way).
		if n := bad.runs.Load(); n < 200 || n > 400 {
			t.Errorf("the failing channel was started %d times in a day", n)
		}
		stop()
		if h := s.Health(); h[0].State != Down || h[1].State != Down {
			t.Errorf("after the end: %+v", h)
		}
	})
}

func TestR14_WrongPasswordIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		restarts := 0
		s := NewSupervisor(quiet(), Options{Counters: Counters{Restarted: func(string) { restarts++ }}})
		c := &scripted{name: "mail", run: func(context.Context, int) error {
			return &AuthError{errors.New("AUTHENTICATIONFAILED")}
		}}
		s.Add(c, nothing{})
		stop := run(t, s)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := c.runs.Load(); n > 70 {
			t.Errorf("tried a refused password %d times in a day", n)
		}
		if h := s.Health()[0]; h.LastError != "AUTHENTICATIONFAILED" || h.Restarts != restarts {
			t.Errorf("health: %+v, %d restarts counted", h, restarts)
		}
		stop()
	})
}

func TestR14_SilenceIsUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSupervisor(quiet(), Options{})
		c := &scripted{name: "mail", run: wait, within: 5 * time.Minute}
		s.Add(listening{c}, nothing{})
		stop := run(t, s)
		state := func(want State) {
			t.Helper()
			if h := s.Health()[0]; h.State != want {
				t.Errorf("after %v of silence: %q, want %q", time.Since(h.Heard), h.State, want)
			}
		}
		state(Up)
		time.Sleep(5*time.Minute + time.Second)
		state(Silent) // it never heard anything
		c.hear()
		state(Up)
		time.Sleep(5 * time.Minute)
		state(Up)
		time.Sleep(time.Second)
		state(Silent)
		stop()
	})
}

func TestR14_BeingTriedAgainIsNotUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSupervisor(quiet(), Options{})
		dial := func(ctx context.Context, n int) error {
			if n == 1 {
				return errors.New("connection refused")
			}
			return wait(ctx, n)
		}
		heard := &scripted{name: "heard", run: dial, within: 5 * time.Minute}
		deaf := &scripted{name: "deaf", run: dial}
		s.Add(listening{heard}, nothing{})
		s.Add(deaf, nothing{})
		stop := run(t, s)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if h := s.Health(); h[0].State != BackingOff || h[1].State != BackingOff {
			t.Errorf("just started again: %+v", h)
		}
		heard.hear()
		if h := s.Health(); h[0].State != Up {
			t.Errorf("heard again: %+v", h[0])
		}
		time.Sleep(time.Minute)
		if h := s.Health(); h[1].State != Up {
			t.Errorf("held for a minute: %+v", h[1])
		}
		stop()
	})
}

func TestR14_AChannelThatWasWellStartsAgainQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSupervisor(quiet(), Options{})
		c := &scripted{name: "mail", run: func(ctx context.Context, n int) error {
			if n > 10 {
				time.Sleep(time.Hour) // the line holds, then breaks
			}
			return errors.New("broken pipe")
		}}
		s.Add(c, nothing{})
		stop := run(t, s)
		for c.runs.Load() < 12 {
			time.Sleep(time.Second)
		}
		started := s.Health()[0].Since
		time.Sleep(time.Hour + 2*time.Second)
		synctest.Wait()
		if c.runs.Load() < 13 {
			t.Errorf("two seconds after an hour that held it was not started again (since %v)", started)
		}
		go stop()
		time.Sleep(2 * time.Hour) // the channel of this test sleeps through its ctx
	})
}

func TestCountersSeeWhatWasTakenIn(t *testing.T) {
	received, refused := 0, 0
	s := NewSupervisor(quiet(), Options{Counters: Counters{
		Received: func(_ string, n int) { received += n }, Refused: func(string) { refused++ },
	}})
	s.Add(&scripted{name: "form"}, nothing{})
	sink := s.lines[0].sink
	if _, err := sink.Receive(t.Context(), nil, balie.Raw{}, balie.Raw{}); err != nil {
		t.Fatal(err)
	}
	sink.Receive(t.Context(), nil)
	if received != 2 || refused != 1 {
		t.Errorf("received %d, refused %d", received, refused)
	}
}

func TestR15_ShutDoorWaitsForThoseInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d Door
		leave, err := d.Enter()
		if err != nil {
			t.Fatal(err)
		}
		shut := make(chan struct{})
		go func() { d.Shut(); close(shut) }()
		synctest.Wait()
		var u *balie.UnavailableError
		if _, err := d.Enter(); !errors.As(err, &u) || u.RetryAfter <= 0 {
			t.Errorf("entering a shut door: %v", err)
		}
		select {
		case <-shut:
			t.Error("shut although one is inside")
		default:
		}
		leave()
		<-shut
		d.Open()
		if _, err := d.Enter(); err != nil {
			t.Errorf("opened again: %v", err)
		}
	})
}
