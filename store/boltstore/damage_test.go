package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// truth is all that a store gives when it is read through.
type truth struct {
	Requests   map[balie.ID]balie.Request
	Events     map[balie.ID][]balie.Event
	Messages   map[balie.ID][]balie.Message
	Deliveries map[balie.ID][]balie.Delivery
	Feed       []balie.Event
	Ledger     []balie.LedgerEntry
	People     []balie.Person
	Seen       map[string]store.Claim
	Refs       map[string]balie.ID
	Owners     map[string]balie.Person
	Documents  []store.Document
	Records    []balie.Record
	Cursor     []byte
	Blobs      [][]byte
}

var jan = balie.Address{Scheme: balie.Mail, Value: "jan@klant.example"}

// fill makes a small store with something of everything.
func fill(t *testing.T, db *DB) {
	t.Helper()
	for n := range int64(12) {
		at := time.Date(2027, 3, 26, 12, int(n), 0, 0, time.UTC)
		c := intakeChange(t, at, n)
		if n%4 == 0 {
			c.Messages[0].Text = strings.Repeat("lang ", 3000)
		}
		body := bytes.Repeat([]byte(c.Request.Ref), 700)
		c.Blobs = []balie.Blob{{ID: blobID(body), Data: body}}
		c.Messages[0].Original = blobID(body)
		c.Cursor = &balie.Cursor{Channel: "email", Value: []byte("uid 7")}
		c.Records = []balie.Record{{Kind: "session", Key: c.Request.Ref, Version: 1, Body: []byte("sanne"),
			Expires: time.Date(2101, 1, 1, 0, 0, int(n), 0, time.UTC)}}
		if n == 0 {
			c.People = []balie.Person{{ID: balie.NewID(at), Version: 1, Name: "Jan", Addresses: []balie.Address{jan}}}
		}
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.PutDocument(t.Context(), store.Document{Kind: "rules", Body: []byte("de regels")}, 0); err != nil {
		t.Fatal(err)
	}
}

// readAll reads everything; whatever fails is left out, and the errors are
// returned. ids are what must be there.
func readAll(t *testing.T, db *DB, want *truth) (truth, []error) {
	t.Helper()
	ctx := t.Context()
	out := truth{Requests: map[balie.ID]balie.Request{}, Events: map[balie.ID][]balie.Event{},
		Messages: map[balie.ID][]balie.Message{}, Deliveries: map[balie.ID][]balie.Delivery{}}
	var errs []error
	note := func(err error) bool {
		if err != nil {
			errs = append(errs, err)
		}
		return err == nil
	}
	for r, err := range db.List(ctx, store.Filter{}) {
		if note(err) {
			out.Requests[r.ID] = r
		}
	}
	ids := want
	if ids == nil {
		ids = &out
	}
	q := store.Query{Addresses: []balie.Address{jan}}
	for id, r := range ids.Requests {
		one, err := db.Request(ctx, id)
		if note(err) && !reflect.DeepEqual(one, r) {
			t.Fatalf("request %s reads as %+v, is %+v", r.Ref, one, r)
		}
		var e error
		if out.Events[id], e = db.Events(ctx, id, 0); !note(e) {
			delete(out.Events, id)
		}
		if out.Messages[id], e = db.Messages(ctx, id); !note(e) {
			delete(out.Messages, id)
		}
		if out.Deliveries[id], e = db.Deliveries(ctx, id); !note(e) {
			delete(out.Deliveries, id)
		}
		q.Refs = append(q.Refs, r.Ref)
	}
	for l, err := range db.ListLedger(ctx, store.LedgerFilter{}) {
		if note(err) {
			out.Ledger = append(out.Ledger, l)
			q.Seen = append(q.Seen, "raw:"+l.Key)
		}
	}
	if want != nil {
		q.Seen = nil
		for _, l := range want.Ledger {
			q.Seen = append(q.Seen, "raw:"+l.Key)
		}
	}
	var err error
	out.Feed, _, err = db.Read(ctx, "", 1000)
	note(err)
	out.People, err = db.ListPeople(ctx, balie.ID{}, 0)
	note(err)
	found, err := db.Lookup(ctx, q)
	note(err)
	out.Seen, out.Refs, out.Owners = found.Seen, found.Refs, found.Addresses
	doc, err := db.Document(ctx, "rules", "", 0)
	if note(err) {
		out.Documents = append(out.Documents, doc)
	}
	out.Records, err = db.ListRecords(ctx, "session", "", "", false, 0)
	note(err)
	out.Cursor, err = db.Cursor(ctx, "email")
	note(err)
	for _, ms := range ids.Messages {
		for _, m := range ms {
			if r, err := db.OpenBlob(ctx, m.Original); note(err) {
				b, err := io.ReadAll(r)
				if note(err) && blobID(b) != m.Original {
					t.Fatalf("original %s reads as something else", m.Original)
				}
			}
		}
	}
	return out, errs
}

// wrong says in which part a reading has a value that is not the truth. What
// is missing is not wrong, but must be noticed otherwise.
func wrong(got, want truth) string {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		name := g.Type().Field(i).Name
		switch f := g.Field(i); f.Kind() {
		case reflect.Map:
			for _, k := range f.MapKeys() {
				if v := w.Field(i).MapIndex(k); !v.IsValid() || !partOf(f.MapIndex(k), v) {
					return name
				}
			}
		default:
			if !partOf(f, w.Field(i)) {
				return name
			}
		}
	}
	return ""
}

// partOf reports whether a value is the true one, or a list of true ones.
func partOf(got, want reflect.Value) bool {
	if got.Kind() != reflect.Slice || got.Type().Elem().Kind() == reflect.Uint8 {
		return reflect.DeepEqual(got.Interface(), want.Interface()) || got.Kind() == reflect.Slice && got.Len() == 0
	}
	for i := range got.Len() {
		ok := false
		for j := range want.Len() {
			ok = ok || reflect.DeepEqual(got.Index(i).Interface(), want.Index(j).Interface())
		}
		if !ok {
			return false
		}
	}
	return true
}

// TestR9_AFlippedByteIsNeverShown flips a byte at many places of every page.
func TestR9_AFlippedByteIsNeverShown(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	fill(t, db)
	want, errs := readAll(t, db, nil)
	if len(errs) > 0 || len(want.Requests) != 12 || len(want.Seen) != 12 || len(want.Refs) != 12 {
		t.Fatalf("the store itself reads badly: %v", errs)
	}
	db.Close()
	good := usedPages(t, filepath.Join(dir, storeFile))
	step := 613 // not a divisor of a page: another place in each
	if testing.Short() {
		step = 4099
	}
	mark, err := os.ReadFile(filepath.Join(dir, markerFile))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for at := 0; at < len(good); at += step {
		counts[flip(t, good, mark, at, want)]++
	}
	t.Logf("%d flips in %d bytes: %v", (len(good)+step-1)/step, len(good), counts)
	if counts["refused"] == 0 || counts["noticed by Verify"] == 0 {
		t.Error("the flips did not reach what they must")
	}
}

// usedPages are the bytes of a store without what bbolt has in reserve.
func usedPages(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := readMeta(bytes.NewReader(b), false)
	if err != nil {
		t.Fatal(err)
	}
	return b[:int64(s.pages)*s.pageSize]
}

// flip opens a copy of a store with one byte changed and says what came of it.
func flip(t *testing.T, good, mark []byte, at int, want truth) string {
	t.Helper()
	bad := bytes.Clone(good)
	bad[at] ^= 0x20
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, storeFile), bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, markerFile), mark, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := Open(dir, Options{MmapSize: 1 << 20, MinFree: -1})
	if err != nil {
		var inv *balie.InvalidError
		if !errors.As(err, &inv) || inv.Fix == "" {
			t.Fatalf("byte %d: refused without saying what to do: %v", at, err)
		}
		return "refused"
	}
	defer db.Close()
	got, errs := readAll(t, db, &want)
	if part := wrong(got, want); part != "" {
		t.Fatalf("byte %d: wrong %s shown", at, part)
	}
	flaws, err := db.Verify(t.Context(), nil)
	if err != nil {
		t.Fatalf("byte %d: verify: %v", at, err)
	}
	for _, err := range errs {
		if !errors.Is(err, balie.ErrCorrupt) && !errors.Is(err, balie.ErrNotFound) {
			t.Fatalf("byte %d: %v is neither damage nor absence", at, err)
		}
	}
	if len(flaws) > 0 {
		return "noticed by Verify"
	}
	if len(errs) > 0 || !reflect.DeepEqual(got, want) {
		t.Fatalf("byte %d: something is missing and Verify finds nothing: %v", at, errs)
	}
	return "harmless"
}

// TestR9_AMissingOrBrokenStoreIsRefused: never a new and empty one.
func TestR9_AMissingOrBrokenStoreIsRefused(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	fill(t, db)
	db.Close()
	name := filepath.Join(dir, storeFile)
	good := usedPages(t, name)
	other := openTest(t, t.TempDir())
	other.Close()
	foreign, err := os.ReadFile(filepath.Join(other.dir, storeFile))
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string][]byte{
		"missing": nil, "empty": {}, "100 bytes": good[:100], "two pages": good[:8192], "half": good[:len(good)/2],
		"one page less": good[:len(good)-4096], "zeros": make([]byte, len(good)), "text": bytes.Repeat([]byte("hello "), 2000),
		"another store": foreign,
	} {
		os.Remove(name)
		if content != nil {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		db, err := Open(dir, Options{MmapSize: 1 << 20})
		var inv *balie.InvalidError
		switch {
		case err == nil:
			db.Close()
			t.Errorf("%s: opened", what)
		case !errors.As(err, &inv) || !strings.Contains(inv.Fix, "balie restore"):
			t.Errorf("%s: %v does not say what to do", what, err)
		}
		if after, _ := os.ReadFile(name); !bytes.Equal(after, content) {
			t.Errorf("%s: the file was changed", what)
		}
	}
	if err := os.WriteFile(name, good, 0o600); err != nil {
		t.Fatal(err)
	}
	noFlaws(t, openTest(t, dir))
}

// TestR9_ADamagedRecordNamesItsPlace changes records, which bbolt cannot see.
func TestR9_ADamagedRecordNamesItsPlace(t *testing.T) {
	db := openTest(t, t.TempDir())
	fill(t, db)
	want, _ := readAll(t, db, nil)
	for k := kindRequest; k < kindList; k++ {
		var key []byte
		err := db.do(t.Context(), &job{run: func(w *writer) error {
			first, rec := w.bucket(k).Cursor().First()
			if first == nil {
				t.Fatalf("nothing in %s", k)
			}
			key, rec = bytes.Clone(first), bytes.Clone(rec)
			rec[len(rec)-1] ^= 1
			w.put(k, key, rec)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		flaws, err := db.Verify(t.Context(), nil)
		if err != nil || len(flaws) == 0 || !strings.Contains(flaws[0].Where+flaws[0].What, k.String()) {
			t.Errorf("%s: Verify says %v, %v", k, flaws, err)
		}
		got, errs := readAll(t, db, &want)
		if part := wrong(got, want); part != "" {
			t.Errorf("%s: wrong %s shown", k, part)
		}
		if !errors.Is(errors.Join(errs...), balie.ErrCorrupt) || !strings.Contains(errors.Join(errs...).Error(), k.String()) {
			t.Errorf("%s: the errors do not name it: %v", k, errs)
		}
		err = db.do(t.Context(), &job{run: func(w *writer) error { // mend it
			rec := bytes.Clone(w.get(k, key))
			rec[len(rec)-1] ^= 1
			w.put(k, key, rec)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	noFlaws(t, db)
}

// TestR9_VerifySeesEveryIndex takes single index entries away and adds some.
func TestR9_VerifySeesEveryIndex(t *testing.T) {
	db := openTest(t, t.TempDir())
	fill(t, db)
	noFlaws(t, db)
	for _, list := range []byte{listState, listFree, listNext, listOpened, listRef, listMessage, listQueue, listDue, listStatus, listAddress, listLine, listExpires} {
		for _, add := range []bool{false, true} {
			var key, value []byte
			change := func(put bool) {
				err := db.do(t.Context(), &job{run: func(w *writer) error {
					if put {
						w.put(kindList, key, value)
						return nil
					}
					w.del(kindList, key)
					return nil
				}})
				if err != nil {
					t.Fatal(err)
				}
			}
			err := db.view(t.Context(), func(r *reader) error {
				k, v := r.bucket(kindList).Cursor().Seek([]byte{list})
				key, value = bytes.Clone(k), bytes.Clone(v)
				return nil
			})
			if err != nil || key[0] != list {
				t.Fatalf("no entry of list %c: %v", list, err)
			}
			if add {
				key[len(key)-1] ^= 1
			}
			change(add)
			if flaws, err := db.Verify(t.Context(), nil); err != nil || len(flaws) == 0 {
				t.Errorf("list %c, added %v: Verify finds nothing: %v", list, add, err)
			}
			change(!add)
		}
	}
	noFlaws(t, db)
}

func TestR9_ANewerStoreIsRefused(t *testing.T) {
	dir := t.TempDir()
	db, err := open(dir, Options{MmapSize: 1 << 20}, append(steps(), func(*writer, []byte) ([]byte, error) { return nil, nil }))
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	for range 2 { // by the marker, and without it by the store itself
		_, err = Open(dir, Options{MmapSize: 1 << 20})
		var inv *balie.InvalidError
		if !errors.As(err, &inv) || !strings.Contains(inv.Problem, fmt.Sprintf("data version %d", len(steps())+2)) {
			t.Fatalf("a newer store gave %v", err)
		}
		os.Remove(filepath.Join(dir, markerFile))
	}
}

func TestASecondBalieIsTurnedAway(t *testing.T) {
	db := openTest(t, t.TempDir())
	_, err := Open(db.dir, Options{})
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("the second one got %v", err)
	}
}

// TestR9_ADamagedMetaPageIsNotPassedOver: bbolt takes the older one, and the
// last commit would be gone without a word.
func TestR9_ADamagedMetaPageIsNotPassedOver(t *testing.T) {
	db := openTest(t, t.TempDir())
	fill(t, db)
	db.Close()
	name := filepath.Join(db.dir, storeFile)
	good := usedPages(t, name)
	for _, at := range []int{16 + 48, 4096 + 16 + 48} {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		if err := os.WriteFile(name, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if db, err := Open(db.dir, Options{MmapSize: 1 << 20}); err == nil {
			db.Close()
			t.Errorf("byte %d: opened", at)
		}
		salvaged, err := Open(db.dir, Options{MmapSize: 1 << 20, Salvage: true})
		if err != nil {
			t.Fatal(err)
		}
		noFlaws(t, salvaged)
		salvaged.Close()
	}
}
