package boltstore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/balie/balie"
)

func backup(t *testing.T, db *DB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := db.Backup(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestR10_ABackupUnderLoadRestores makes one while eight callers write: it has
// all that was acknowledged before it began, and passes the full check.
func TestR10_ABackupUnderLoadRestores(t *testing.T) {
	db := openTest(t, t.TempDir())
	fill(t, db)
	large := bytes.Repeat([]byte("groot"), 20000)
	o, err := db.PutBlob(t.Context(), bytes.NewReader(large))
	if err != nil {
		t.Fatal(err)
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	started := make(chan struct{}, 8)
	for i := range int64(8) {
		wg.Go(func() {
			for n := i; !stop.Load(); n += 8 {
				c := intakeChange(t, time.Now().UTC(), 1000+n)
				c.Messages[0].Original = o.Blob
				if err := db.Commit(t.Context(), c); err != nil {
					t.Error(err)
					return
				}
				if n < 8 {
					started <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	before, errs := readAll(t, db, nil)
	archive := backup(t, db)
	stop.Store(true)
	wg.Wait()
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	dir := filepath.Join(t.TempDir(), "new")
	report, err := Restore(bytes.NewReader(archive), dir, RestoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	restored := openTest(t, dir)
	noFlaws(t, restored)
	if restored.Instance() != db.Instance() {
		t.Error("the restored store has another instance")
	}
	for id, want := range before.Requests {
		if got, err := restored.Request(t.Context(), id); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("request %s came back as %+v: %v", want.Ref, got, err)
		}
	}
	if report.Originals != 1 || report.Counts["requests"] < len(before.Requests) {
		t.Errorf("report %+v for %d requests", report, len(before.Requests))
	}
	if _, err := VerifyBackup(bytes.NewReader(archive)); err != nil {
		t.Error(err)
	}
}

// TestR10_NothingGoesOutBlindlyAfterARestore holds what was not sent by then.
func TestR10_NothingGoesOutBlindlyAfterARestore(t *testing.T) {
	db := openTest(t, t.TempDir())
	fill(t, db)
	later := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	claimed, err := db.Claim(t.Context(), later, time.Minute, 3)
	if err != nil || len(claimed) != 3 {
		t.Fatalf("claimed %d: %v", len(claimed), err)
	}
	sent := claimed[0].Delivery
	sent.Status = balie.SentOK
	if err := db.Commit(t.Context(), balie.Change{Deliveries: []balie.Delivery{sent}}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	report, err := Restore(bytes.NewReader(backup(t, db)), dir, RestoreOptions{})
	if err != nil || report.Held != 11 {
		t.Fatalf("held %d, want 11: %v", report.Held, err)
	}
	restored := openTest(t, dir)
	if got, err := restored.Claim(t.Context(), later.AddDate(1, 0, 0), time.Minute, 99); err != nil || len(got) != 0 {
		t.Fatalf("%d go out by themselves: %v", len(got), err)
	}
	held, err := restored.ListDeliveries(t.Context(), balie.Held, 0)
	if err != nil || len(held) != 11 || held[0].LastError != HeldReason {
		t.Fatalf("held %v: %v", held, err)
	}
	noFlaws(t, restored)
}

// TestR10_ADamagedBackupIsRefused flips, cuts and mixes.
func TestR10_ADamagedBackupIsRefused(t *testing.T) {
	db := openTest(t, t.TempDir())
	fill(t, db)
	if _, err := db.PutBlob(t.Context(), bytes.NewReader(make([]byte, 100_000))); err != nil {
		t.Fatal(err)
	}
	good := backup(t, db)
	refused := func(what string, archive []byte) {
		t.Helper()
		dir := t.TempDir()
		if _, err := Restore(bytes.NewReader(archive), dir, RestoreOptions{}); err == nil {
			t.Errorf("%s: restored", what)
		}
		if _, err := os.Stat(filepath.Join(dir, storeFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: left a store behind", what)
		}
	}
	refused("empty", nil)
	refused("text", []byte(strings.Repeat("not a backup ", 1000)))
	for _, part := range []int{1, 3, 5, 7, 9} {
		refused("cut off", good[:len(good)*part/10])
		flipped := bytes.Clone(good)
		flipped[len(good)*part/10] ^= 1
		refused("changed", flipped)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mail.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var inv *balie.InvalidError
	if _, err := Restore(bytes.NewReader(good), dir, RestoreOptions{}); !errors.As(err, &inv) {
		t.Errorf("into a folder with something in it: %v", err)
	}
}
