// Package channeltest is in charge of holding every channel to the promises
// they share, whatever is spoken on their line.
//
// A channel passes Run when:
//  1. The outside hears "received" only for what is durable, and comes again
//     after every other answer.
//  2. The same message delivered twice has the same key, and other messages
//     have others.
//  3. What was said in order arrives in order.
//  4. A sink that fails or hangs holds up that one message only.
//  5. Run ends soon after its context, and leaves no goroutine behind.
package channeltest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/httpd"
)

// Answer is what the outside hears about one message.
type Answer uint8

// The answers.
const (
	Received Answer = iota + 1 // it is yours, I forget it
	TryLater                   // come again
	Refused                    // never come with this again
	Queued                     // nothing yet: the channel fetches it by itself
)

func (a Answer) String() string {
	if int(a) < len(answers) {
		return answers[a]
	}
	return fmt.Sprintf("answer(%d)", uint8(a))
}

var answers = [...]string{"no answer", "received", "try later", "refused", "queued"}

// Line is a running channel as the outside sees it.
type Line struct {
	Channel channels.Channel
	// Send delivers one message once, as the outside would; the same id is the
	// same message. It tells what the outside hears.
	Send func(ctx context.Context, id, text string) Answer
}

// Harness starts channels for Run.
type Harness struct {
	// Start makes a channel on a sink, mounted or with its other side ready,
	// but does not call its Run. What must be closed goes to t.Cleanup.
	Start func(t *testing.T, sink channels.Sink) Line
	// Serial says that the channel takes one message after the other by
	// design: a hanging sink then holds up the next.
	Serial bool
	// Package is the import path whose goroutines must be gone at the end.
	Package string
}

// bound is how long anything here may take.
const bound = 20 * time.Second

// Run holds the channel to the promises. A channel's patience with its sink
// should be set well under 10 s by Start.
func Run(t *testing.T, h Harness) {
	t.Run("R1_ReceivedMeansDurable", h.durable)
	t.Run("R1_FailingSinkMeansComeAgain", h.failing)
	t.Run("R2_SameMessageTwiceIsOne", h.once)
	t.Run("OrderIsKept", h.order)
	t.Run("R8_HangingSinkHoldsUpOne", h.hanging)
	t.Run("R15_EndsAndLeavesNothing", h.ends)
}

// running is a started line whose Run is going.
type running struct {
	Line
	sink *Sink
	ctx  context.Context
	stop func() error // ends Run and waits for it
}

func (h Harness) start(t *testing.T) running {
	t.Helper()
	r := running{sink: NewSink()}
	r.Line = h.Start(t, r.sink)
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	t.Cleanup(cancel)
	r.ctx = ctx
	runCtx, end := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- r.Channel.Run(runCtx, r.sink) }()
	stopped := false
	r.stop = func() error {
		end()
		if stopped {
			return nil
		}
		stopped = true
		select {
		case err := <-done:
			return err
		case <-time.After(bound):
			return fmt.Errorf("Run did not end within %v", bound)
		}
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// deliver sends until the outside is told or the channel fetches by itself.
func (r running) deliver(t *testing.T, id, text string) {
	t.Helper()
	n := len(r.sink.Taken())
	for {
		a := r.Send(r.ctx, id, text)
		switch {
		case a == Received:
			return
		case a == Queued:
			if _, err := r.sink.WaitTaken(r.ctx, n+1); err != nil {
				t.Fatal(err)
			}
			return
		case a != TryLater || r.ctx.Err() != nil:
			t.Fatalf("message %s: the outside hears %q", id, a)
		}
	}
}

func (h Harness) durable(t *testing.T) {
	r := h.start(t)
	before := r.sink.Calls()
	release := r.sink.HangNext()
	defer release()
	heard := make(chan Answer, 1)
	go func() { heard <- r.Send(r.ctx, "m1", "the printer is on fire") }()
	if err := r.sink.WaitCalls(r.ctx, before+1); err != nil {
		t.Fatal(err)
	}
	select {
	case a := <-heard:
		if a == Received {
			t.Fatal("received was said while the message was still being stored")
		}
	default:
		release()
		if a := <-heard; a == Received && len(r.sink.Taken()) != 1 {
			t.Fatalf("received was said, %d messages are durable", len(r.sink.Taken()))
		}
	}
	release()
	if got, err := r.sink.WaitTaken(r.ctx, 1); err != nil || len(got) != 1 {
		t.Fatalf("%d messages taken in: %v", len(got), err)
	}
}

func (h Harness) failing(t *testing.T) {
	r := h.start(t)
	r.sink.FailNext(2)
	for range 2 {
		if a := r.Send(r.ctx, "m1", "hello"); a == Received || a == Refused {
			t.Fatalf("nothing could be stored and the outside hears %q", a)
		} else if a == Queued {
			break
		}
	}
	r.deliver(t, "m1", "hello")
	if n := len(r.sink.Taken()); n != 1 {
		t.Errorf("%d messages are durable, want 1", n)
	}
}

func (h Harness) once(t *testing.T) {
	r := h.start(t)
	r.deliver(t, "m1", "same")
	if a := r.Send(r.ctx, "m1", "same"); a != Received && a != Queued {
		t.Errorf("the same message again: the outside hears %q", a)
	}
	r.deliver(t, "m2", "same") // other message, same words
	got := r.sink.Taken()
	if len(got) != 2 {
		t.Fatalf("3 deliveries of 2 messages became %d", len(got))
	}
	if got[0].Key == got[1].Key || got[0].Key == "" {
		t.Errorf("keys %q and %q", got[0].Key, got[1].Key)
	}
}

func (h Harness) order(t *testing.T) {
	r := h.start(t)
	const n = 6
	for i := range n {
		r.deliver(t, fmt.Sprintf("m%d", i), fmt.Sprintf("word-%d-word", i))
	}
	for i, raw := range r.sink.Taken() {
		if !bytes.Contains(r.sink.Body(raw), fmt.Appendf(nil, "word-%d-word", i)) {
			t.Errorf("message %d is %q", i, r.sink.Body(raw))
		}
	}
}

func (h Harness) hanging(t *testing.T) {
	r := h.start(t)
	before := r.sink.Calls()
	release := r.sink.HangNext()
	defer release()
	heard := make(chan Answer, 1)
	go func() { heard <- r.Send(r.ctx, "m1", "first") }()
	if err := r.sink.WaitCalls(r.ctx, before+1); err != nil {
		t.Fatal(err)
	}
	if !h.Serial {
		r.deliver(t, "m2", "second")
	}
	// Nobody releases it: the channel loses its patience and says so.
	if a := <-heard; a == Received || a == Refused {
		t.Errorf("the sink hung and the outside hears %q", a)
	}
	release()
	if h.Serial {
		if _, err := r.sink.WaitTaken(r.ctx, 1); err != nil {
			t.Error(err)
		}
		return
	}
	r.deliver(t, "m1", "first")
}

func (h Harness) ends(t *testing.T) {
	r := h.start(t)
	r.deliver(t, "m1", "hello")
	if err := r.stop(); err != nil {
		t.Fatalf("Run after its context ended: %v", err)
	}
	n := len(r.sink.Taken())
	if a := r.Send(r.ctx, "m2", "too late"); a == Received || a == Refused {
		t.Errorf("the channel has ended and the outside hears %q", a)
	}
	if len(r.sink.Taken()) != n {
		t.Error("taken in after the end")
	}
	if h.Package == "" {
		return
	}
	for deadline := time.Now().Add(bound); ; runtime.Gosched() {
		left := goroutines(h.Package)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running:\n%s", strings.Join(left, "\n\n"))
		}
	}
}

// goroutines are the stacks of others that pass through a package.
func goroutines(pkg string) []string {
	buf := make([]byte, 1<<20)
	stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return slices.DeleteFunc(stacks[1:], func(s string) bool {
		return !strings.Contains(s, pkg+".") || strings.Contains(s, "testing.tRunner")
	})
}

// Serve mounts a channel as cmd/balie does, on loopback, and returns where.
func Serve(t *testing.T, m channels.Mounter, sink channels.Sink) (url string) {
	t.Helper()
	app := httpd.New(httpd.Options{Rate: -1, Log: slog.New(slog.DiscardHandler)})
	m.Mount(app, sink)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- httpd.Serve(ctx, app, l) }()
	t.Cleanup(func() {
		// A connection that the client opened and never used is not idle to
		// fasthttp: it would be waited for.
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}
