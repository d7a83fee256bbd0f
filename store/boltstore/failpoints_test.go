//go:build failpoints && unix

package boltstore

import (
	"fmt"
	"testing"
)

func TestR1_KillAtEveryNamedStep(t *testing.T) {
	for _, point := range []string{"store.before-commit", "store.after-commit"} {
		for _, n := range []int{1, 2, 9} {
			dir := t.TempDir()
			kept, said := crash(t, dir, 5000, nil, fmt.Sprintf("BALIE_FAIL=%s=exit@%d", point, n))
			if len(kept) == 5000 {
				t.Fatalf("%s did not end the child: %v", point, said)
			}
			whole(t, dir, kept)
		}
	}
}

func TestR7_AnUnknownOutcomeStopsTheStore(t *testing.T) {
	dir := t.TempDir()
	kept, said := crash(t, dir, 5000, nil, "BALIE_FAIL=store.after-commit=error@5")
	if len(kept) == 5000 || !anyHas(said, "must be checked") {
		t.Fatalf("the child went on: %d kept, said %v", len(kept), said)
	}
	whole(t, dir, kept)
}

func TestR1_AnErrorBeforeTheCommitLosesOnlyThatCommit(t *testing.T) {
	dir := t.TempDir()
	kept, _ := crash(t, dir, 200, nil, "BALIE_FAIL=store.before-commit=error@5")
	if len(kept) < 200 {
		t.Fatalf("only %d kept", len(kept))
	}
	whole(t, dir, kept)
}
