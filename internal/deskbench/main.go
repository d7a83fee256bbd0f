// Command deskbench is in charge of the figures of the desk's pages: it makes
// requests, 10,000 to a million, and measures the inbox, searches, the
// board and the request page on them, as a browser on this machine sees them.
//
// Guarantees:
//  1. The pages are those of serve, over HTTP, with a user signed in.
//  2. Every figure has its goal beside it; a missed one exits with 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "deskbench:", err)
		os.Exit(1)
	}
}

// errMissed says that a goal was missed.
var errMissed = errors.New("a goal is missed")

func run(ctx context.Context) error {
	sizes := flag.String("n", "10000,100000", "how many requests, comma separated; the first is what the others are compared with")
	open := flag.Int("open", 0, "how many of them are open; 0: one in ten, at most 5,000")
	samples := flag.Int("samples", 400, "how often each page is asked for")
	keep := flag.String("keep", "", "a directory in which the stores stay for the next run")
	flag.Parse()
	dir := *keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "balie-deskbench"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	var all []figures
	for s := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 100 {
			return fmt.Errorf("-n %s: give numbers of at least 100", *sizes)
		}
		few := *open
		if few == 0 {
			few = min(n/10, mostOpen)
		}
		f, err := measure(ctx, filepath.Join(dir, fmt.Sprintf("%d-%d", n, few)), n, min(few, n), *samples)
		if err != nil {
			return fmt.Errorf("measure %d requests: %w", n, err)
		}
		all = append(all, f)
	}
	if !report(os.Stdout, all) {
		return errMissed
	}
	return nil
}
