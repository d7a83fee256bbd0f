package auth

import "testing"

// FuzzSeal opens what a browser might bring: only what was closed with the
// same key, unchanged.
func FuzzSeal(f *testing.F) {
	s, other := newSeal([]byte("one")), newSeal([]byte("two"))
	good, err := ask{State: "s", Nonce: "n"}.closed(s)
	if err != nil {
		f.Fatal(err)
	}
	foreign, err := ask{State: "s"}.closed(other)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "A", good, foreign, good[:len(good)-1], "e30", "%%%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if q, err := openAsk(s, text); err == nil && (q.State != "s" || q.Nonce != "n") {
			t.Errorf("%q opened as %+v", text, q)
		}
		if q, err := openAsk(s, good); err != nil || q.State != "s" {
			t.Fatalf("a good one: %v", err)
		}
	})
}

// FuzzPHC reads what might stand in a record: never a hash that would take the
// machine.
func FuzzPHC(f *testing.F) {
	for _, seed := range []string{"", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=4294967295,t=9,p=255$$", "$2a$10$abc", "$argon2id$v=19$m=-1,t=2,p=1$x$y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := parsePHC(text)
		if ok && (p.kib > 256<<10 || p.passes > 16 || p.threads > 8 || p.threads < 1 || p.passes < 1) {
			t.Errorf("%q: %+v", text, p)
		}
	})
}
