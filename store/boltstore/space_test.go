//go:build linux

package boltstore

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/balie/balie"
)

// smallDisk mounts a tmpfs of some bytes; it needs root.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mount a small disk: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestR7_AFullDiskIsSaidAndPasses fills a disk: what was acknowledged stays
// readable, and after there is room again it goes on.
func TestR7_AFullDiskIsSaidAndPasses(t *testing.T) {
	dir := smallDisk(t, "size=24m")
	ballast := dir + "/ballast"
	if err := os.WriteFile(ballast, make([]byte, 14<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	db := openTest(t, dir)
	var kept []balie.ID
	var err error
	for n := range int64(5000) {
		c := intakeChange(t, time.Now().UTC(), n)
		body := bytes.Repeat([]byte(c.Request.Ref), 5000)
		c.Blobs = []balie.Blob{{ID: blobID(body), Data: body}}
		if err = db.Commit(t.Context(), c); err != nil {
			break
		}
		kept = append(kept, c.Request.ID)
	}
	var later *balie.UnavailableError
	if !errors.As(err, &later) || later.RetryAfter <= 0 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("after %d a full disk gave %v", len(kept), err)
	}
	if db.Fault() != nil {
		t.Fatalf("a full disk is no fault: %v", db.Fault())
	}
	for _, id := range kept {
		if _, err := db.Request(t.Context(), id); err != nil {
			t.Fatalf("kept but not readable: %v", err)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c := intakeChange(t, time.Now().UTC(), 99999)
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	db.Close()
	whole(t, dir, append(kept, c.Request.ID))
}

// TestR7_BelowTheMarkOnlyClosingWorks has a clock and a disk of its own.
func TestR7_BelowTheMarkOnlyClosingWorks(t *testing.T) {
	now := time.Date(2027, 3, 26, 12, 0, 0, 0, time.UTC)
	db, err := Open(t.TempDir(), Options{MmapSize: 1 << 20, MinFree: 1, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c := intakeChange(t, now, 1)
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	db.space.min = 1 << 62 // the disk is "full" from here
	now = now.Add(time.Minute)
	var later *balie.UnavailableError
	if err := db.Commit(t.Context(), intakeChange(t, now, 2)); !errors.As(err, &later) || later.RetryAfter <= 0 {
		t.Fatalf("taken in below the mark: %v", err)
	}
	if _, err := db.PutBlob(t.Context(), bytes.NewReader(nil)); !errors.As(err, &later) {
		t.Errorf("an original was kept below the mark: %v", err)
	}
	end := balie.Change{Request: c.Request}
	if err := end.Do(balie.Event{What: balie.ClosedAs, At: now, By: "agent:a", Data: map[string]string{"outcome": "spam"}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(t.Context(), end); err != nil {
		t.Errorf("closing below the mark: %v", err)
	}
	db.space.min = 1
	now = now.Add(time.Minute)
	if err := db.Commit(t.Context(), intakeChange(t, now, 3)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestR7_AReadOnlyDiskIsRefused(t *testing.T) {
	dir := smallDisk(t, "size=40m")
	db := openTest(t, dir)
	fill(t, db)
	db.Close()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	if db, err := Open(dir, Options{MmapSize: 1 << 20}); !errors.Is(err, syscall.EROFS) {
		db.Close()
		t.Fatalf("a read-only disk gave %v", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=40m"); err != nil {
		t.Fatal(err)
	}
	noFlaws(t, openTest(t, dir))
}
