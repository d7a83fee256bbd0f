package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie/internal/rig"
)

// perPoint is how many items of each kind come in while balie ends at a point.
const perPoint = 3

// everyPoint ends a balie once at each named point that the work passes, and
// at those of the store also in the middle of the work: their first time is
// while the store is made.
func everyPoint(ctx context.Context, dir string, say func(string, ...any)) (*verdict, error) {
	bin, err := rig.Build(ctx, dir, rig.BuildOptions{Tags: "failpoints"})
	if err != nil {
		return nil, err
	}
	points, err := pointsPassed(ctx, filepath.Join(dir, "points"), bin)
	if err != nil {
		return nil, err
	}
	total := &verdict{}
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, plan := range plans(points) {
		g.Go(func() error {
			v, err := atPoint(gctx, filepath.Join(dir, "point-"+strings.NewReplacer("=", "-", "@", "-").Replace(plan)), bin, plan)
			if err != nil {
				return fmt.Errorf("end at %s: %w", plan, err)
			}
			mu.Lock()
			defer mu.Unlock()
			say("ended at %s: %s", plan, v)
			if v.bad() {
				say("%s", v.details())
			}
			total.add(v)
			return nil
		})
	}
	return total, g.Wait()
}

// atOnce is how many worlds there are at a time: most of what they do is wait.
const atOnce = 3

// plans are what BALIE_FAIL is set to, one after the other.
func plans(points []string) []string {
	var out []string
	for _, p := range points {
		out = append(out, p+"=exit@1")
		if strings.HasPrefix(p, "store.") {
			out = append(out, p+"=exit@7", p+"=exit@12")
		}
	}
	return out
}

// pointsPassed are the named points that the work passes.
func pointsPassed(ctx context.Context, dir, bin string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	w, err := newWorld(dir, bin)
	if err != nil {
		return nil, err
	}
	defer w.close()
	list := filepath.Join(dir, "passed")
	p, err := w.site.Start(ctx, bin, "BALIE_FAIL_LIST="+list)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	if err := errors.Join(w.handIn(ctx), w.allTaken(ctx)); err != nil {
		return nil, err
	}
	if err := p.Stop(); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(list)
	if err != nil {
		return nil, fmt.Errorf("read which points were passed: %w", err)
	}
	points := strings.Fields(string(b))
	slices.Sort(points)
	return slices.Compact(points), nil
}

// handIn hands in some items of every kind, all kinds at once, and waits until
// they are acknowledged.
func (w *world) handIn(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, send := range w.senders() {
		g.Go(func() error {
			for n := range perPoint {
				if err := send(ctx, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// atPoint runs a balie that ends at a point, and then another that does not,
// while the clients insist.
func atPoint(ctx context.Context, dir, bin, plan string) (*verdict, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	w, err := newWorld(dir, bin)
	if err != nil {
		return nil, err
	}
	defer w.close()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.handIn(gctx) })
	p, err := w.site.Launch(bin, "BALIE_FAIL="+plan)
	if err != nil {
		return nil, errors.Join(err, g.Wait())
	}
	defer p.Kill()
	select {
	case <-p.Done():
	case <-time.After(drainTime / 2):
		return nil, fmt.Errorf("the point was not reached; see %s", w.site.LogFile())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w.noteEnd()
	if err := w.run(ctx, func() error { return errors.Join(g.Wait(), w.allTaken(ctx)) }); err != nil {
		return nil, err
	}
	if err := w.drain(ctx); err != nil {
		return nil, err
	}
	return w.judge(ctx)
}
