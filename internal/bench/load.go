package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/balie/balie/internal/rig"
)

// load is what came of asking for a while over many connections.
type load struct {
	answered int
	took     times
	elapsed  time.Duration
	own      time.Duration // CPU of the generator, which shares the machine
}

func (l load) perSecond() float64 { return float64(l.answered) / l.elapsed.Seconds() }

// post sends requests over conns connections for a while, each as soon as the
// one before was answered. body makes the n-th request's body.
func post(ctx context.Context, addr string, conns int, lasts time.Duration, body func(n int64) []byte) (load, error) {
	clients := make([]*client, conns)
	for i := range clients {
		var err error
		if clients[i], err = dial(addr); err != nil {
			return load{}, err
		}
		defer clients[i].c.Close()
	}
	var n atomic.Int64
	began, cpu := time.Now(), rig.OwnCPU()
	end := began.Add(lasts)
	errs := make([]error, conns)
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil && errs[i] == nil {
				errs[i] = c.post(n.Add(1), body)
			}
		})
	}
	wg.Wait()
	l := load{elapsed: time.Since(began), own: rig.OwnCPU() - cpu}
	for i, c := range clients {
		if errs[i] != nil {
			return l, errs[i]
		}
		l.answered += len(c.took)
		l.took = append(l.took, c.took...)
	}
	return l, ctx.Err()
}

// client is one connection. It writes HTTP by hand: the generator has one of
// two cores at most, and every microsecond of it is taken from balie.
type client struct {
	addr string
	c    net.Conn
	r    *bufio.Reader
	out  []byte
	took times
}

func dial(addr string) (*client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to balie: %w", err)
	}
	return &client{addr: addr, c: c, r: bufio.NewReaderSize(c, 4<<10)}, nil
}

func (c *client) post(n int64, body func(int64) []byte) error {
	b := body(n)
	c.out = fmt.Appendf(c.out[:0], "POST /api/v1/intake HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nIdempotency-Key: \"bench-%d-%d\"\r\nContent-Length: %d\r\n\r\n", c.addr, rig.APIToken, time.Now().UnixNano(), n, len(b))
	c.out = append(c.out, b...)
	began := time.Now()
	if _, err := c.c.Write(c.out); err != nil {
		return fmt.Errorf("ask balie: %w", err)
	}
	status, text, err := c.answer()
	if err != nil {
		return fmt.Errorf("read balie's answer: %w", err)
	}
	if status != 201 {
		return fmt.Errorf("balie answered %d: %s", status, text)
	}
	c.took = append(c.took, time.Since(began))
	return nil
}

// answer reads one answer that says how long it is.
func (c *client) answer() (status int, text []byte, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if first && len(line) > 12 {
			status, _ = strconv.Atoi(string(line[9:12]))
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	if status == 201 {
		_, err = c.r.Discard(length)
		return status, nil, err
	}
	text = make([]byte, length)
	_, err = io.ReadFull(c.r, text)
	return status, text, err
}
