package boltstore

import (
	"testing"
	"time"

	"github.com/balie/balie"
)

// A letter that was being sent when the process died does not wait until its
// lease runs out: the next start sends it, under a higher fencing token.
func TestR5_WhatWasBeingSentIsGivenBackAtTheNextStart(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	id := balie.NewID(at)
	c := balie.Change{}
	for _, e := range []balie.Event{
		{Request: id, What: balie.Opened, At: at, By: "customer", Data: map[string]string{"ref": id.Ref(0)}},
		{What: balie.ToDesk, At: at, By: "router@1"},
	} {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	m := balie.Message{ID: balie.NewID(at), Request: id, Side: balie.CustomerSide, Direction: balie.Out, At: at}
	c.Messages = []balie.Message{m}
	c.Deliveries = []balie.Delivery{{ID: balie.NewID(at), Request: id, Message: m.ID, Channel: "email",
		To: balie.Address{Scheme: balie.Mail, Value: "a@x.example"}, Created: at, Due: at, Status: balie.Pending}}
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	first, err := db.Claim(t.Context(), at, time.Hour, 10)
	if err != nil || len(first) != 1 {
		t.Fatalf("claimed %d, %v", len(first), err)
	}
	if again, err := db.Claim(t.Context(), at.Add(time.Minute), time.Hour, 10); err != nil || len(again) != 0 {
		t.Fatalf("while it is leased: %d, %v", len(again), err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, dir)
	second, err := db.Claim(t.Context(), at.Add(time.Minute), time.Hour, 10)
	if err != nil || len(second) != 1 || second[0].Delivery.Lease <= first[0].Delivery.Lease || second[0].Delivery.LastError != EndedReason {
		t.Fatalf("after the start: %+v, %v", second, err)
	}
	late := first[0].Delivery
	late.Status = balie.SentOK
	if err := db.Commit(t.Context(), balie.Change{Deliveries: []balie.Delivery{late}}); err == nil {
		t.Error("the dead sender's word was taken")
	}
	if flaws, err := db.Verify(t.Context(), nil); err != nil || len(flaws) > 0 {
		t.Errorf("flaws %v, %v", flaws, err)
	}
}
