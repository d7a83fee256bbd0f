package boltstore

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/balie/balie"
)

// version1 is a backup that the balie of data version 1 made of what fill then
// wrote: 12 requests with all that belongs to them, one person, one document.
func version1(t *testing.T) []byte {
	t.Helper()
	f, err := os.Open("testdata/version1.backup.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// oldStore is a folder with the store of version1.
func oldStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for r := tar.NewReader(bytes.NewReader(version1(t))); ; {
		h, err := r.Next()
		if err == io.EOF {
			return dir
		}
		b, e := io.ReadAll(r)
		if err = errors.Join(err, e); err == nil && h.Name == storeFile {
			err = os.WriteFile(filepath.Join(dir, storeFile), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// oldTruth checks a reading of the store of version 1.
func oldTruth(t *testing.T, db *DB) truth {
	t.Helper()
	got, errs := readAll(t, db, nil)
	if len(errs) > 0 {
		t.Fatalf("the old store cannot be read: %v", errs)
	}
	if len(got.Requests) != 12 || len(got.Feed) != 24 || len(got.Ledger) != 12 || len(got.People) != 1 || len(got.Documents) != 1 {
		t.Fatalf("the old store has %d requests, %d events, %d lines, %d people, %d documents",
			len(got.Requests), len(got.Feed), len(got.Ledger), len(got.People), len(got.Documents))
	}
	return got
}

func writeRecordTo(t *testing.T, db *DB) {
	t.Helper()
	err := db.Commit(t.Context(), balie.Change{Records: []balie.Record{{Kind: "user", Key: "sanne", Version: 1, Body: []byte("x")}}})
	if err != nil {
		t.Errorf("what is new cannot be written: %v", err)
	}
}

// TestR11_AStoreOfVersion1Opens reads it as it was, takes what is new, and
// keeps the file from before.
func TestR11_AStoreOfVersion1Opens(t *testing.T) {
	dir := oldStore(t)
	before, err := os.ReadFile(filepath.Join(dir, storeFile))
	if err != nil {
		t.Fatal(err)
	}
	db := openTest(t, dir)
	oldTruth(t, db)
	noFlaws(t, db)
	writeRecordTo(t, db)
	db.Close()
	noFlaws(t, openTest(t, dir))
	kept, err := os.ReadFile(filepath.Join(dir, storeFile+".v1"))
	if err != nil || len(kept) != len(before) {
		t.Errorf("the file from before has %d bytes, had %d: %v", len(kept), len(before), err)
	}
}

func TestR11_ABackupOfVersion1Restores(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	report, err := Restore(bytes.NewReader(version1(t)), dir, RestoreOptions{Store: Options{MmapSize: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(steps()) + 1; report.DataVersion != want {
		t.Errorf("it has data version %d, want %d", report.DataVersion, want)
	}
	db := openTest(t, dir)
	oldTruth(t, db)
	noFlaws(t, db)
	writeRecordTo(t, db)
}

// TestR11_AnInterruptedUpgradeResumes: the first steps stay done, the last is
// done from the piece it stopped at, and the file from before is kept.
func TestR11_AnInterruptedUpgradeResumes(t *testing.T) {
	dir := oldStore(t)
	broken := errors.New("the power fails")
	ran := 0
	counted := func(s step) step {
		return func(w *writer, from []byte) ([]byte, error) {
			ran++
			return s(w, from)
		}
	}
	var whole, cut []step
	for i, s := range steps() {
		whole = append(whole, counted(s))
		cut = append(cut, whole[i])
	}
	last := func(w *writer, from []byte) ([]byte, error) { // in two pieces
		w.putMeta("piece "+string(from), "done")
		if from == nil {
			return []byte("two"), nil
		}
		return nil, nil
	}
	fails := func(w *writer, from []byte) ([]byte, error) {
		if from != nil {
			w.putMeta("piece two", "half done")
			return nil, broken
		}
		return last(w, from)
	}
	if _, err := open(dir, Options{MmapSize: 1 << 20}, append(cut, fails)); !errors.Is(err, broken) {
		t.Fatalf("the upgrade gave %v", err)
	}
	db, err := open(dir, Options{MmapSize: 1 << 20, MinFree: -1}, append(whole, counted(last)))
	if err != nil {
		t.Fatal(err)
	}
	if ran != len(steps())+1 {
		t.Errorf("%d steps ran, want each of %d once", ran, len(steps())+1)
	}
	if err := db.view(t.Context(), func(r *reader) error {
		if r.get(kindMeta, []byte(metaPlace)) != nil {
			t.Error("it says that a step is not done")
		}
		_, err := r.meta("piece two")
		return err
	}); err != nil {
		t.Error(err)
	}
	want := oldTruth(t, db)
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
	if got := oldTruth(t, kept); !reflect.DeepEqual(got, want) {
		t.Errorf("the kept store reads differently")
	}
}
