package main

import (
	"context"
	"os"
	"runtime/debug"
	gauges "runtime/metrics"
	"time"
)

// When memory that is no longer used goes back to the system. A desk is quiet
// most of the day, and often shares a small machine with others.
const (
	restLook  = 5 * time.Second
	restQuiet = 4 << 20  // bytes used between two looks, at most: it is quiet
	restWorth = 32 << 20 // bytes used since the last time, at least: there is something to give
)

// rest gives memory back once after each busy time: the start, above all, whose
// training took several times what its model keeps.
func (a *app) rest(ctx context.Context) error {
	t := time.NewTicker(restLook)
	defer t.Stop()
	used := []gauges.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var last, given uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		gauges.Read(used)
		now := used[0].Value.Uint64()
		if now-last <= restQuiet && now-given >= restWorth {
			a.store.Rest()
			debug.FreeOSMemory()
			given = now
		}
		last = now
	}
}

// startGC is how much garbage there may be while an app is made, in percent of
// what stays: of all that a start takes hardly anything is garbage, and to look
// for it seven times was an eighth of its processor time.
const startGC = 400

// hasten lets garbage be until its end is called. Who runs balie and has said
// how it is to be collected has said so for the start too.
func hasten() (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	was := debug.SetGCPercent(startGC)
	return func() { debug.SetGCPercent(was) }
}
