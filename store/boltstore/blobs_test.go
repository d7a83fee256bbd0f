package boltstore

import (
	"bytes"
	"testing"
	"time"

	"github.com/balie/balie"
)

// TestADraftsFileIsNotSwept: it belongs to no message yet, perhaps for days.
func TestADraftsFileIsNotSwept(t *testing.T) {
	db := openTest(t, t.TempDir())
	var ids []balie.BlobID
	for _, text := range []string{"of a draft", "of nobody"} {
		o, err := db.PutBlob(t.Context(), bytes.NewReader(bytes.Repeat([]byte(text), balie.InlineLimit)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, o.Blob)
	}
	draft := balie.Record{Kind: "draft", Key: "sanne", Version: 1, Body: []byte(`{"files":["` + string(ids[0]) + `"]}`)}
	if err := db.Commit(t.Context(), balie.Change{Records: []balie.Record{draft}}); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Sweep(t.Context(), time.Now().Add(2*SweepAge)); err != nil || n != 1 {
		t.Errorf("%d swept, want 1: %v", n, err)
	}
	r, err := db.OpenBlob(t.Context(), ids[0])
	if err != nil {
		t.Fatalf("the draft's file: %v", err)
	}
	r.Close()
}
