package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"github.com/balie/balie"
)

// How long a reader of a stream may take for one piece, and for the end when
// the server stops.
const (
	writePatience = 60 * time.Second
	stopPatience  = 2 * time.Second
)

// newBody is a body in memory that can be read as one that arrives.
func newBody(b []byte) io.Reader { return bytes.NewReader(b) }

// stream answers with what write writes, piece by piece as it is made. write
// ends when its context does or the reader has gone.
func (a *api) stream(hc huma.Context, kind string, write func(ctx context.Context, w *bufio.Writer) error) {
	c := humafiber.Unwrap(hc).Context()
	r, w := io.Pipe()
	c.Response.Header.SetContentType(kind)
	c.Response.Header.Set("Cache-Control", "no-store")
	// The name is not one of those that HTTP forbids here.
	_ = c.Response.Header.SetTrailer(EndTrailer)
	end := func(s string) { c.Response.Header.Set(EndTrailer, s) }
	ctx, cancel := context.WithCancel(context.Background())
	body := &streamed{PipeReader: r, conn: c.Conn(), end: end, cancel: cancel}
	c.Response.SetBodyStream(body, -1)
	a.streams.Go(func() {
		select {
		case <-a.done:
			w.CloseWithError(context.Canceled)
			body.hurry()
			cancel()
		case <-ctx.Done():
		}
	})
	a.streams.Go(func() {
		defer cancel()
		buf := bufio.NewWriterSize(w, 64<<10)
		err := guarded(func() error { return write(ctx, buf) })
		if err == nil {
			err = buf.Flush()
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, io.ErrClosedPipe) {
			a.Log.Error("a streamed answer ended early", "err", err)
		}
		w.CloseWithError(err)
	})
}

// guarded makes a panic an error: in a goroutine of ours it would end the
// process.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a panic while writing: %v", p)
		}
	}()
	return f()
}

// streamed is the body fasthttp reads from. The trailer is set in Read, by the
// goroutine that writes the head: set by the writer, it would race with it.
type streamed struct {
	*io.PipeReader
	conn   net.Conn
	end    func(string)
	cancel func()

	mu       sync.Mutex
	hurried  bool
	extended time.Time
}

// patience moves the deadline: the server's own bound is for a whole answer,
// and a backup may take an hour.
func (s *streamed) patience() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); !s.hurried && now.Sub(s.extended) > writePatience/10 {
		s.conn.SetWriteDeadline(now.Add(writePatience))
		s.extended = now
	}
}

// hurry ends the patience with a reader that has stopped reading.
func (s *streamed) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hurried = true
	s.conn.SetWriteDeadline(time.Now().Add(stopPatience))
}

// Close is called when all is written, or the reader has gone.
func (s *streamed) Close() error {
	s.cancel()
	return s.PipeReader.Close()
}

// Read is of io.Reader; every error becomes the trailer.
func (s *streamed) Read(p []byte) (int, error) {
	n, err := s.PipeReader.Read(p)
	s.patience()
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		s.end("ok")
	default:
		s.end(why(err))
	}
	return n, io.EOF
}

// why says in a header's terms why a stream ended.
func why(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "stopped: balie stops"
	case errors.Is(err, balie.ErrCorrupt):
		return "fault: stored data is damaged; run balie check --store"
	}
	return "fault: the log of balie says why"
}

// lines writes values as JSON, one a line.
type lines struct{ e *json.Encoder }

func newLines(w io.Writer) lines {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return lines{e}
}

func (l lines) write(v any) error { return l.e.Encode(v) }
