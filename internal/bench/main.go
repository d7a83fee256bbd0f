// Command bench is in charge of balie's figures: it measures the real binary
// from outside, beside the limit that the same machine reaches in the same run,
// and says which goals are met.
//
// Guarantees:
//  1. Each figure that depends on the machine stands beside a limit measured
//     minutes before or after it, and their ratio.
//  2. What is measured is the product's binary; the parts that are called
//     directly (decide, fetch and parse alone) say so.
//  3. It exits with 1 when a goal is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/balie/balie/internal/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of all figures.
type bench struct {
	dir   string
	bin   string
	lasts time.Duration // of each load
	mails int
	table table
}

// errMissed says that a goal was missed.
var errMissed = errors.New("a goal is missed")

func run(ctx context.Context) error {
	only := flag.String("only", "", "figures to measure, comma separated: http, mail, decide, idle; all when empty")
	seconds := flag.Duration("for", 8*time.Second, "how long each HTTP load lasts")
	mails := flag.Int("mails", 5000, "how many mails are taken in from Dovecot")
	flag.Parse()
	dir, err := os.MkdirTemp("", "balie-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, lasts: *seconds, mails: *mails}
	if b.bin, err = rig.Build(ctx, dir, rig.BuildOptions{Strip: true}); err != nil {
		return err
	}
	fmt.Println(machine())
	parts := []struct {
		name string
		run  func(context.Context) error
	}{{"idle", b.idle}, {"decide", b.decide}, {"mail", b.mail}, {"http", b.http}}
	wanted := strings.Split(*only, ",")
	for _, p := range parts {
		if *only != "" && !slices.Contains(wanted, p.name) {
			continue
		}
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("measure %s: %w", p.name, err)
		}
	}
	b.table.print(os.Stdout)
	if b.table.missed() {
		return errMissed
	}
	return nil
}

// site makes a folder for one more balie.
func (b *bench) site(name string) (string, error) {
	dir := filepath.Join(b.dir, name)
	return dir, os.MkdirAll(dir, 0o755)
}

// machine says where the figures come from, and what else ran there.
func machine() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		load = []byte("unknown")
	}
	memory := "unknown"
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kb int64
		if n, _ := fmt.Sscanf(string(b), "MemTotal: %d kB", &kb); n == 1 {
			memory = fmt.Sprintf("%.0f GiB", float64(kb)/(1<<20))
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s %s/%s, load before: %s", time.Now().Format(time.DateOnly),
		runtime.NumCPU(), memory, runtime.Version(), runtime.GOOS, runtime.GOARCH, strings.TrimSpace(string(load)))
}
