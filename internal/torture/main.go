// Command torture is in charge of proving the promises about crashes on the
// real binary: it kills balie over and over while mail, calls, Slack and
// programs hand questions in and letters go out, and counts afterwards.
//
// Guarantees:
//  1. Every client insists as real ones do, so that at the end each message
//     was acknowledged; each must then be one question, with a decision (R1, R2).
//  2. A letter counts as sent twice unless the process that sent it ended
//     before it could know (R5); those are counted apart, as unknowable.
//  3. It exits with 1 when a count is not 0.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/balie/balie/internal/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// errBroken says that a promise was broken.
var errBroken = errors.New("a promise is broken")

func run(ctx context.Context) error {
	rounds := flag.Int("rounds", 50, "how often balie is killed at a random moment")
	points := flag.Bool("points", true, "also end balie once at each named point")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the moments")
	keep := flag.Bool("keep", false, "leave the folders for a look")
	flag.Parse()
	dir, err := os.MkdirTemp("", "balie-torture")
	if err != nil {
		return err
	}
	if *keep {
		fmt.Println("folders in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // Dovecot's own processes must walk into it
		return err
	}
	began := time.Now()
	total := &verdict{}
	bin, err := rig.Build(ctx, dir, rig.BuildOptions{})
	if err != nil {
		return err
	}
	fmt.Printf("seed %d\n", *seed)
	_, v, err := killed(ctx, filepath.Join(dir, "rounds"), bin, *rounds, rand.New(rand.NewPCG(*seed, 1)))
	if err != nil {
		return err
	}
	fmt.Printf("killed %d times: %s\n%s", *rounds, v, v.details())
	total.add(v)
	if *points {
		if v, err = everyPoint(ctx, dir, func(f string, a ...any) { fmt.Printf(f+"\n", a...) }); err != nil {
			return err
		}
		total.add(v)
	}
	fmt.Printf("in %s: %s\n", time.Since(began).Round(time.Second), total)
	if total.bad() {
		return errBroken
	}
	return nil
}
