package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/balie/balie/internal/rig"
)

// folder is a directory that Dovecot's own processes can walk into.
func folder(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("kills whole processes; not in -short")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command to build balie with")
	}
	dir, err := os.MkdirTemp("", "balie-torture")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// bounded is the test's context, shorter than the test's own end so that
// processes are ended.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func build(t *testing.T, dir string) string {
	t.Helper()
	bin, err := rig.Build(bounded(t), dir, rig.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

func TestR1_KillAtEveryNamedPoint(t *testing.T) {
	v, err := everyPoint(bounded(t), folder(t), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	if v.bad() {
		t.Errorf("%s\n%s", v, v.details())
	}
	if v.items == 0 || v.sent == 0 {
		t.Errorf("nothing was tried: %s", v)
	}
}

func TestR1_R2_R5_KilledAtRandomMomentsLosesAndDoublesNothing(t *testing.T) {
	dir := folder(t)
	seed := uint64(time.Now().UnixNano())
	w, v, err := killed(bounded(t), filepath.Join(dir, "rounds"), build(t, dir), 3, rand.New(rand.NewPCG(seed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d: %s", seed, v)
	if v.bad() {
		t.Errorf("seed %d: %s\n%s", seed, v, v.details())
	}
	// The same store judged with a message more, and a letter less, must not
	// pass: the comparison sees what it is for.
	w.begin(item{marker: "api-123456", key: "api:rig:api-123456", acked: true})
	delete(w.items, "mail-0")
	v, err = w.judge(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(v.lost) != 1 || len(v.double) != 1 {
		t.Errorf("of one message lost and one that nobody sent, it sees: %s", v)
	}
}
