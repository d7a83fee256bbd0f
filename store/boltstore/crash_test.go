//go:build unix

package boltstore

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/balie/balie"
)

// childEnv names the folder in which a child of this test writes until killed.
const childEnv = "BALIE_TEST_STORE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child writes with several callers and says on stdout what was acknowledged.
func child(dir string) int {
	db, err := Open(dir, Options{MmapSize: 64 << 20, MinFree: -1})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	failed := false
	say := func(word, text string) {
		mu.Lock()
		defer mu.Unlock()
		os.Stdout.WriteString(word + " " + text + "\n")
	}
	fmt.Println("open")
	for i := range 8 {
		wg.Go(func() {
			for n := int64(i); ; n += 8 {
				c := intakeChange(&testing.B{}, time.Now().UTC(), time.Now().UnixNano()+n)
				if n%5 == 0 {
					body := bytes.Repeat([]byte(c.Request.Ref), 10000)
					o, err := db.PutBlob(context.Background(), bytes.NewReader(body))
					if err != nil {
						say("refused", err.Error())
						return
					}
					c.Messages[0].Original = o.Blob
				}
				if err := db.Commit(context.Background(), c); err != nil {
					say("refused", err.Error())
					if failed = db.Fault() != nil; failed {
						return
					}
					continue
				}
				say("kept", c.Request.ID.String())
			}
		})
	}
	wg.Wait()
	return 74
}

// crash runs a child until it has acknowledged n changes or ends by itself,
// and returns what it said.
func crash(t *testing.T, dir string, n int, wrap []string, env ...string) (kept []balie.ID, said []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := append(wrap, os.Args[0], "-test.run=^$")
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), append(env, childEnv+"="+dir)...)
	cmd.Stderr = os.Stderr
	if len(wrap) > 0 {
		cmd.Stderr = nil // strace tells what it injects
	}
	// A group of its own: whoever kills strace alone sets its child free.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, text, _ := strings.Cut(lines.Text(), " ")
		if word != "kept" {
			said = append(said, lines.Text())
			continue
		}
		id, err := balie.ParseID(text)
		if err != nil {
			continue // killed within the line
		}
		if kept = append(kept, id); len(kept) == n {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}
	cmd.Wait()
	return kept, said
}

// whole reopens a store and expects all that was acknowledged, and no flaw.
func whole(t *testing.T, dir string, kept []balie.ID) {
	t.Helper()
	db := openTest(t, dir)
	defer db.Close()
	for _, id := range kept {
		r, err := db.Request(t.Context(), id)
		if err != nil {
			t.Fatalf("acknowledged request is lost: %v", err)
		}
		ms, err := db.Messages(t.Context(), id)
		if err != nil || len(ms) != 1 {
			t.Fatalf("request %s has %d messages, want 1: %v", r.Ref, len(ms), err)
		}
	}
	noFlaws(t, db)
}

func noFlaws(t *testing.T, db *DB) {
	t.Helper()
	flaws, err := db.Verify(t.Context(), nil)
	if err != nil || len(flaws) > 0 {
		t.Fatalf("verify: %v, %d flaws: %v", err, len(flaws), flaws[:min(len(flaws), 5)])
	}
}

func TestR1_WhatWasAcknowledgedSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	var all []balie.ID
	for range 6 {
		n := 1 + rand.IntN(150)
		kept, said := crash(t, dir, n, nil)
		if len(kept) < n {
			t.Fatalf("child ended after %d of %d: %v", len(kept), n, said)
		}
		all = append(all, kept...)
	}
	whole(t, dir, all)
}

func TestR1_KillAtAnyDiskWrite(t *testing.T) {
	needStrace(t)
	for _, at := range []string{"fdatasync:signal=KILL:when=2", "fdatasync:signal=KILL:when=5", "fsync:signal=KILL:when=3",
		"pwrite64:signal=KILL:when=9", "pwrite64:signal=KILL:when=30", "renameat:signal=KILL:when=1", "renameat:signal=KILL:when=2",
		"ftruncate:signal=KILL:when=1"} {
		dir := t.TempDir()
		kept, said := crash(t, dir, 300, []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + strings.Split(at, ":")[0], "-e", "inject=" + at})
		if len(kept) == 300 {
			t.Errorf("%s did not kill the child: %v", at, said)
		}
		whole(t, dir, kept)
	}
}

func needStrace(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs children under strace")
	}
	if err := exec.Command("strace", "-o", "/dev/null", "true").Run(); err != nil {
		t.Skip("strace is not here or may not trace")
	}
}

// TestR7_AFailedSyncStopsTheStore injects EIO into a sync: from then on the
// store refuses, and what it acknowledged before is there.
func TestR7_AFailedSyncStopsTheStore(t *testing.T) {
	needStrace(t)
	dir := t.TempDir()
	kept, said := crash(t, dir, 5000, []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=12+"})
	if len(kept) == 5000 || !anyHas(said, "must be checked") {
		t.Fatalf("the child went on after a failed sync: %d kept, said %v", len(kept), said[:min(len(said), 3)])
	}
	whole(t, dir, kept)
}

func anyHas(lines []string, part string) bool {
	for _, l := range lines {
		if strings.Contains(l, part) {
			return true
		}
	}
	return false
}
