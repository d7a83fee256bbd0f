package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/balie/balie/internal/seal"
)

func TestS12_WhatIsClosedOpensOnlyForItsPurposeKeyAndSubject(t *testing.T) {
	old, young := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	s := seal.New("webhooks", old)
	closed := s.Close([]byte("canary"), "hook-1")
	if bytes.Contains([]byte(closed), []byte("canary")) {
		t.Fatal("the secret can be read")
	}
	for name, c := range map[string]struct {
		by    *seal.Seal
		about string
		opens bool
	}{
		"itself":            {s, "hook-1", true},
		"after rotation":    {seal.New("webhooks", young, old), "hook-1", true},
		"another subject":   {s, "hook-2", false},
		"another purpose":   {seal.New("sign-in", old), "hook-1", false},
		"another key":       {seal.New("webhooks", young), "hook-1", false},
		"a key of no store": {seal.New("webhooks"), "hook-1", false},
	} {
		got, err := c.by.Open(closed, c.about)
		if c.opens && string(got) != "canary" || !c.opens && !errors.Is(err, seal.ErrClosed) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	tampered := []byte(closed)
	tampered[len(tampered)/2] ^= 1
	if _, err := s.Open(string(tampered), "hook-1"); !errors.Is(err, seal.ErrClosed) {
		t.Errorf("changed: %v", err)
	}
}
