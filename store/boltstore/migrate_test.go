package boltstore

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestR11_AnInterruptedUpgradeResumes: the first step stays done, the second
// is done at the next start, and the file from before is kept.
func TestR11_AnInterruptedUpgradeResumes(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	fill(t, db)
	want, _ := readAll(t, db, nil)
	db.Close()

	var ran []string
	broken := errors.New("the power fails")
	one := func(w *writer) error {
		ran = append(ran, "one")
		w.putMeta("step one", "done")
		return nil
	}
	two := func(w *writer) error {
		ran = append(ran, "two")
		w.putMeta("step two", "done")
		return nil
	}
	fails := func(w *writer) error {
		w.putMeta("step two", "half done")
		return broken
	}
	if _, err := open(dir, Options{MmapSize: 1 << 20}, []step{one, fails}); !errors.Is(err, broken) {
		t.Fatalf("the upgrade gave %v", err)
	}
	db, err := open(dir, Options{MmapSize: 1 << 20, MinFree: -1}, []step{one, two})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ran, []string{"one", "two"}) {
		t.Errorf("steps ran: %v", ran)
	}
	if got, errs := readAll(t, db, &want); len(errs) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("the upgraded store reads differently: %v", errs)
	}
	noFlaws(t, db)
	db.Close()

	old := t.TempDir() // the file from before opens in the old version
	b, err := os.ReadFile(filepath.Join(dir, storeFile+".v1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(old, storeFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	kept := openTest(t, old)
	if got, errs := readAll(t, kept, &want); len(errs) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("the kept store reads differently: %v", errs)
	}
}
