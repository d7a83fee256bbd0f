package blobdir

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"github.com/balie/balie"
)

func open(t *testing.T) (*Dir, string) {
	t.Helper()
	dir := t.TempDir()
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, dir
}

func put(t *testing.T, d *Dir, body []byte) balie.BlobID {
	t.Helper()
	id, n, err := d.Put(t.Context(), bytes.NewReader(body))
	if err != nil || n != int64(len(body)) {
		t.Fatalf("put %d bytes gave %d: %v", len(body), n, err)
	}
	return id
}

func read(d *Dir, id balie.BlobID) ([]byte, error) {
	f, err := d.Open(id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func TestAnOriginalComesBackWhole(t *testing.T) {
	d, _ := open(t)
	body := bytes.Repeat([]byte("mime"), 100_000)
	id := put(t, d, body)
	if again := put(t, d, body); again != id {
		t.Errorf("the same content is %s and %s", id, again)
	}
	if got, err := read(d, id); err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%d bytes came back: %v", len(got), err)
	}
}

func TestR9_AChangedFileIsDamage(t *testing.T) {
	d, dir := open(t)
	body := bytes.Repeat([]byte("mime"), 100)
	id := put(t, d, body)
	file := filepath.Join(dir, name(id))
	for what, bad := range map[string][]byte{"changed": bytes.Replace(body, []byte("m"), []byte("n"), 1), "cut off": body[:50], "empty": {}} {
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(d, id); !errors.Is(err, balie.ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	put(t, d, body) // the same mail again mends it
	if got, err := read(d, id); err != nil || !bytes.Equal(got, body) {
		t.Errorf("not mended: %v", err)
	}
}

func TestAHalfReadBodyLeavesNothing(t *testing.T) {
	d, dir := open(t)
	cut := errors.New("the line dropped")
	_, _, err := d.Put(t.Context(), io.MultiReader(bytes.NewReader(make([]byte, 1000)), iotest.ErrReader(cut)))
	if !errors.Is(err, cut) {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(dir, tmpDir))
	if err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v %v", left, err)
	}
}

func TestANameIsNotAPath(t *testing.T) {
	d, _ := open(t)
	for _, id := range []balie.BlobID{"", "../../etc/passwd", "ab", balie.BlobID(bytes.Repeat([]byte("/"), 64)), balie.BlobID(bytes.Repeat([]byte("A"), 64))} {
		if _, err := d.Open(id); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestSweepTakesOnlyWhatIsOldAndUnnamed(t *testing.T) {
	d, dir := open(t)
	now := time.Now()
	old := now.Add(-48 * time.Hour)
	named, left, renewed, young := put(t, d, []byte("named")), put(t, d, []byte("left")), put(t, d, []byte("renewed")), put(t, d, []byte("young"))
	tmp := filepath.Join(dir, tmpDir, "half")
	if err := os.WriteFile(tmp, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{filepath.Join(dir, name(named)), filepath.Join(dir, name(left)), filepath.Join(dir, name(renewed)), tmp} {
		if err := os.Chtimes(f, old, old); err != nil {
			t.Fatal(err)
		}
	}
	n, err := d.Sweep(t.Context(), now.Add(-24*time.Hour), func(id balie.BlobID) (bool, error) {
		if id == renewed { // it comes in again while the sweep looks
			put(t, d, []byte("renewed"))
		}
		return id == named, nil
	})
	if err != nil || n != 2 {
		t.Fatalf("swept %d, want 2: %v", n, err)
	}
	for _, id := range []balie.BlobID{named, renewed, young} {
		if _, err := read(d, id); err != nil {
			t.Error(err)
		}
	}
	if _, err := read(d, left); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("the unnamed one: %v", err)
	}
}
