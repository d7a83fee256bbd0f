//go:build failpoints

// Package faults is in charge of the named points at which tests stop, fail or
// kill the process.
//
// BALIE_FAIL holds point=action[@n] pairs, comma separated: action is error,
// panic, exit or hang; n says at which hit (1 is the first, the default).
// BALIE_FAIL_LIST names a file to which every point that is passed is appended
// once, so that a test can enumerate them.
package faults

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
)

// ErrInjected is what a point returns for the action error.
var ErrInjected = errors.New("injected fault")

type plan struct {
	action string
	at     int
}

var state = struct {
	sync.Mutex
	once  sync.Once
	plans map[string]plan
	hits  map[string]int
}{hits: map[string]int{}}

// Hit is a point in the code that a test can make fail.
func Hit(point string) error {
	state.once.Do(func() { state.plans = parse(os.Getenv("BALIE_FAIL")) })
	state.Lock()
	state.hits[point]++
	n, p := state.hits[point], state.plans[point]
	state.Unlock()
	if n == 1 {
		list(point)
	}
	if p.at != n {
		return nil
	}
	switch p.action {
	case "error":
		return ErrInjected
	case "panic":
		panic("injected at " + point)
	case "exit":
		os.Exit(137)
	case "hang":
		select {}
	}
	return nil
}

func parse(s string) map[string]plan {
	out := map[string]plan{}
	for _, f := range strings.Split(s, ",") {
		name, action, ok := strings.Cut(strings.TrimSpace(f), "=")
		if !ok {
			continue
		}
		at := 1
		if a, n, ok := strings.Cut(action, "@"); ok {
			action = a
			at, _ = strconv.Atoi(n)
		}
		out[name] = plan{action, at}
	}
	return out
}

func list(point string) {
	f := os.Getenv("BALIE_FAIL_LIST")
	if f == "" {
		return
	}
	w, err := os.OpenFile(f, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer w.Close()
	w.WriteString(point + "\n")
}
