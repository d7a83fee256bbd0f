package balie

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The text form is the ULID specification's own.
func TestIDIsAULID(t *testing.T) {
	id, err := ParseID("01ARZ3NDEKTSV4RRFFQ69G5FAV")
	if err != nil {
		t.Fatal(err)
	}
	if got := id.Time(); !got.Equal(time.UnixMilli(1469922850259)) {
		t.Errorf("time %v", got)
	}
	if id.String() != "01ARZ3NDEKTSV4RRFFQ69G5FAV" {
		t.Errorf("text %s", id)
	}
	for _, bad := range []string{"x", "01ARZ3NDEKTSV4RRFFQ69G5FAI", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAVX"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var id ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		b, err := json.Marshal(map[ID]ID{id: id})
		if err != nil {
			t.Fatal(err)
		}
		var back map[ID]ID
		if err := json.Unmarshal(b, &back); err != nil || back[id] != id {
			t.Fatalf("%s: %v %v", b, back, err)
		}
	})
}

// A reference is read over the phone: one wrong letter, or two swapped, must
// not lead to somebody else's request.
func TestReferenceCatchesMisheardLetters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var id ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		ref := id.Ref(rapid.IntRange(0, 3).Draw(t, "longer"))
		if got, ok := ParseRef(" " + ref[:2] + " " + ref[2:]); !ok || got != ref {
			t.Fatalf("%q read as %q, %v", ref, got, ok)
		}
		b := []byte(ref)
		i := rapid.IntRange(0, len(b)-3).Draw(t, "at")
		other := alphabet[rapid.IntRange(0, 31).Draw(t, "letter")]
		if diff := int(index(other)) - int(index(b[i])); diff%31 == 0 { // the same to the check, or the same letter
			return
		}
		b[i] = other
		if got, ok := ParseRef(string(b)); ok {
			t.Fatalf("%q, misheard as %q, was taken for %q", ref, b, got)
		}
	})
}

func index(c byte) int {
	for i := range len(alphabet) {
		if alphabet[i] == c {
			return i
		}
	}
	return -1
}
