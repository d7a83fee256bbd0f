package token

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

var (
	t0     = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	first  = []byte("the first secret key, thirty-two bytes or more")
	second = []byte("the second secret key, thirty-two bytes or more")
)

func maker(t testing.TB, keys ...[]byte) *Maker {
	m, err := New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestS2_AMessageIDOfOursIsKnownAndAForgedOneIsNot(t *testing.T) {
	m, other := maker(t, first), maker(t, second)
	rapid.Check(t, func(rt *rapid.T) {
		var id balie.ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "id"))
		id[0] &= 0x7f
		if id.IsZero() {
			return
		}
		mid := m.MessageID(id, "desk.example")
		for _, as := range []string{mid, "<" + mid + ">", strings.ToUpper(mid), " <" + mid + "> ", strings.Replace(mid, "desk.example", "relay.example", 1)} {
			if got, ours, ok := m.ParseMessageID(as); !ours || !ok || got != id {
				rt.Fatalf("%q: %v %v %v", as, got, ours, ok)
			}
		}
		if _, ours, ok := other.ParseMessageID(mid); !ours || ok {
			rt.Fatalf("another desk's key took %q: %v %v", mid, ours, ok)
		}
		b := []byte(mid)
		i := rapid.IntRange(0, strings.IndexByte(mid, '@')-1).Draw(rt, "at")
		c := rapid.SampledFrom([]byte("0123456789abcdefghjkmnpqrstvwxyz.")).Draw(rt, "letter")
		if b[i] == c {
			return
		}
		b[i] = c
		if got, _, ok := m.ParseMessageID(string(b)); ok && got == id {
			rt.Fatalf("%q was taken for %q", b, mid)
		}
	})
}

func TestForeignMessageIDsAreNotOurs(t *testing.T) {
	m := maker(t, first)
	for _, s := range []string{"", "<>", "@", "CAF+abc@mail.gmail.com", "01arz3ndektsv4rrffq69g5fav@x", "01arz3ndektsv4rrffq69g5fav.x@x", strings.Repeat("a", 10_000)} {
		if _, ours, ok := m.ParseMessageID(s); ours || ok {
			t.Errorf("%.40q: ours %v, ok %v", s, ours, ok)
		}
	}
}

func TestS8_ALinkIsForOnePurposeOneSubjectAndAWhile(t *testing.T) {
	m := maker(t, first)
	id := balie.NewID(t0)
	link := m.Link(Status, id, t0.Add(time.Hour))
	if got, err := m.ParseLink(Status, link, t0); err != nil || got != id {
		t.Fatalf("%v, %v", got, err)
	}
	for name, try := range map[string]func() error{
		"another purpose": func() error { _, err := m.ParseLink(Handout, link, t0); return err },
		"expired":         func() error { _, err := m.ParseLink(Status, link, t0.Add(time.Hour+time.Second)); return err },
		"another key":     func() error { _, err := maker(t, second).ParseLink(Status, link, t0); return err },
		"cut":             func() error { _, err := m.ParseLink(Status, link[:len(link)-1], t0); return err },
		"empty":           func() error { _, err := m.ParseLink(Status, "", t0); return err },
		"later expiry": func() error {
			later := m.Link(Status, id, t0.Add(1000*time.Hour))
			_, err := m.ParseLink(Status, later[:39]+link[39:], t0.Add(2*time.Hour))
			return err
		},
	} {
		if err := try(); !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	for i := range link {
		b := []byte(link)
		b[i] = enc64(b[i])
		if got, err := m.ParseLink(Status, string(b), t0); err == nil && (got != id || string(b[:51]) != link[:51]) {
			t.Fatalf("changed at %d it still opens %v", i, got)
		}
	}
}

// enc64 is another letter of the alphabet.
func enc64(c byte) byte {
	if c == '0' {
		return '1'
	}
	return '0'
}

func TestDuringRotationBothKeysHold(t *testing.T) {
	old, both := maker(t, first), maker(t, second, first)
	id := balie.NewID(t0)
	if _, err := both.ParseLink(Status, old.Link(Status, id, t0.Add(time.Hour)), t0); err != nil {
		t.Error(err)
	}
	if _, _, ok := both.ParseMessageID(old.MessageID(id, "x")); !ok {
		t.Error("a mail from before the rotation finds no home")
	}
	if _, err := old.ParseLink(Status, both.Link(Status, id, t0.Add(time.Hour)), t0); err == nil {
		t.Error("the new key does not sign")
	}
}

func TestAShortKeyIsRefused(t *testing.T) {
	for _, keys := range [][][]byte{nil, {[]byte("short")}} {
		var invalid *balie.InvalidError
		if _, err := New(keys...); !errors.As(err, &invalid) {
			t.Errorf("%q: %v", keys, err)
		}
	}
}
