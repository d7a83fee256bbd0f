package boltstore

import (
	"testing"

	"github.com/balie/balie/store"
	"github.com/balie/balie/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return openTest(t, t.TempDir()) })
}

// openTest opens a store with a small map, so that tests run side by side.
func openTest(t testing.TB, dir string) *DB {
	t.Helper()
	db, err := Open(dir, Options{MmapSize: 64 << 20, MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
