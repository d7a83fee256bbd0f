package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/balie/balie/internal/rig"
	"github.com/balie/balie/store/boltstore"
)

// Goals of a balie that nobody asks anything.
const (
	goalReady  = 200 * time.Millisecond
	goalBinary = 60 << 20
	idleMails  = 1500
	idleFor    = 20 * time.Second
)

// idle measures the binary, its start, and what it costs when nothing happens
// with a full mailbox.
func (b *bench) idle(ctx context.Context) error {
	if err := b.sizes(ctx); err != nil {
		return err
	}
	if err := b.starts(ctx); err != nil {
		return err
	}
	box, err := b.openMailbox("idle")
	if err != nil || box == nil {
		return err
	}
	defer box.close()
	if err := box.fill(idleMails); err != nil {
		return err
	}
	p, err := box.site.Start(ctx, b.bin)
	if err != nil {
		return err
	}
	defer p.Kill()
	if err := box.taken(ctx, idleMails); err != nil {
		return err
	}
	if err := p.Stop(); err != nil { // as found the next morning
		return err
	}
	if p, err = box.site.Start(ctx, b.bin); err != nil {
		return err
	}
	defer p.Kill()
	return b.rest(ctx, p)
}

func (b *bench) rest(ctx context.Context, p *rig.Process) error {
	select { // what a start does is not idle
	case <-time.After(2 * time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	before, err := p.CPU()
	if err != nil {
		return err
	}
	select {
	case <-time.After(idleFor):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := p.CPU()
	if err != nil {
		return err
	}
	memory, err := p.RssAnon()
	if err != nil {
		return err
	}
	share := float64(after-before) / float64(idleFor)
	b.table.note(fmt.Sprintf("idle for %s, %d known mails", idleFor, idleMails), "RssAnon %s, CPU %.2f %%", mib(memory), 100*share)
	return p.Stop()
}

func (b *bench) sizes(ctx context.Context) error {
	whole, err := rig.Build(ctx, b.dir, rig.BuildOptions{})
	if err != nil {
		return err
	}
	size := map[string]int64{}
	for _, f := range []string{whole, b.bin} {
		info, err := os.Stat(f)
		if err != nil {
			return err
		}
		size[f] = info.Size()
	}
	b.table.add(row{figure: "binary, stripped", value: mib(size[b.bin]), limit: "with symbols " + mib(size[whole]),
		goal: "<= " + mib(goalBinary), ok: size[b.bin] <= goalBinary})
	return nil
}

// starts measures the first start, which makes the store, and the later ones.
func (b *bench) starts(ctx context.Context) error {
	dir, err := b.site("start")
	if err != nil {
		return err
	}
	site, err := rig.Lay(dir, rig.Setup{})
	if err != nil {
		return err
	}
	var first time.Duration
	var later times
	var cpu time.Duration
	const starts = 7
	for i := range starts {
		p, err := site.Start(ctx, b.bin)
		if err != nil {
			return err
		}
		if used, err := p.CPU(); err == nil {
			cpu += used / starts
		}
		if i == 0 {
			first = p.Ready
		} else {
			later = append(later, p.Ready)
		}
		if err := p.Stop(); err != nil {
			return err
		}
	}
	b.table.add(row{figure: "start to ready, sample catalogue", value: fmt.Sprintf("median %s of %d, first %s, CPU %s", short(later.at(.5)), len(later), short(first), short(cpu)),
		goal: "<= " + goalReady.String(), ok: later.at(.5) <= goalReady})
	return nil
}

// stored counts what a stopped balie's ledger holds.
func stored(ctx context.Context, site *rig.Site) (map[string]int, error) {
	db, err := boltstore.Open(site.Data(), boltstore.Options{MinFree: -1})
	if err != nil {
		return nil, fmt.Errorf("open the store of %s: %w", filepath.Base(site.Dir), err)
	}
	defer db.Close()
	return db.CountLedger(ctx, everything)
}
