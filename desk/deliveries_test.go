package desk

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store/boltstore"
)

// delivered is a store with one request and a delivery of a status.
func delivered(t *testing.T, status balie.Status) (*boltstore.DB, balie.Delivery) {
	t.Helper()
	db, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	now := time.Now()
	id, mid := balie.NewID(now), balie.NewID(now)
	var c balie.Change
	for _, e := range []balie.Event{{Request: id, What: balie.Opened, Data: map[string]string{"ref": id.Ref(0)}}, {What: balie.ToDesk}} {
		e.At, e.By = now, "router@1"
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	c.Messages = []balie.Message{{ID: mid, Request: id, Side: balie.CustomerSide, Direction: balie.Out, Text: "answer", At: now}}
	d := balie.Delivery{ID: balie.NewID(now), Request: id, Message: mid, Channel: "email", Created: now, Due: now.Add(-time.Hour), Attempt: 9, Status: status,
		LastError: "550 no", To: balie.Address{Scheme: balie.Mail, Value: "noor@example.org"}}
	if status == balie.Leased {
		d.LeasedUntil = now.Add(time.Hour)
	}
	c.Deliveries = []balie.Delivery{d}
	if err := db.Commit(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	return db, d
}

// What is stored is what is returned, and the request has the event.
func onRequest(t *testing.T, db *boltstore.DB, d balie.Delivery, what balie.What) {
	t.Helper()
	stored, err := db.Delivery(context.Background(), d.ID)
	if err != nil || stored.Status != d.Status || stored.LastError != d.LastError {
		t.Errorf("stored %+v, %v; returned %+v", stored, err, d)
	}
	events, err := db.Events(context.Background(), d.Request, 0)
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1]
	if last.What != what || last.By != "agent:cli" || last.Data["delivery"] != d.ID.String() || last.Data["channel"] != "email" || last.Message != d.Message {
		t.Errorf("the last event is %+v, want %s", last, what)
	}
}

func TestADeadOrHeldDeliveryIsSentAgain(t *testing.T) {
	for _, status := range []balie.Status{balie.Dead, balie.Held} {
		db, d := delivered(t, status)
		now := time.Now()
		got, err := RetryDelivery(context.Background(), db, d.ID, "agent:cli", now)
		if err != nil {
			t.Fatal(status, err)
		}
		if got.Status != balie.Pending || !got.Due.Equal(now) || got.Attempt != 0 || got.LastError != "" {
			t.Errorf("%s: got %+v", status, got)
		}
		onRequest(t, db, got, balie.Requeued)
		claimed, err := db.Claim(context.Background(), now, time.Minute, 1)
		if err != nil || len(claimed) != 1 || claimed[0].Delivery.ID != d.ID {
			t.Errorf("%s: the sender gets %v, %v", status, claimed, err)
		}
	}
}

func TestADiscardedDeliveryStaysWithItsReason(t *testing.T) {
	for _, status := range []balie.Status{balie.Dead, balie.Held, balie.Pending} {
		db, d := delivered(t, status)
		got, err := DiscardDelivery(context.Background(), db, d.ID, "agent:cli", " told by telephone ", time.Now())
		if err != nil {
			t.Fatal(status, err)
		}
		if got.Status != balie.Held || got.LastError != "stopped by agent:cli: told by telephone" {
			t.Errorf("%s: got %+v", status, got)
		}
		onRequest(t, db, got, balie.HeldBack)
		if claimed, err := db.Claim(context.Background(), time.Now(), time.Minute, 1); err != nil || len(claimed) > 0 {
			t.Errorf("%s: a sender still gets it: %v, %v", status, claimed, err)
		}
	}
}

// What is out, or going out now, cannot be stopped or doubled; nothing changes.
func TestWhatIsSentIsNotTouched(t *testing.T) {
	for _, status := range []balie.Status{balie.SentOK, balie.Leased, balie.Pending} {
		db, d := delivered(t, status)
		_, err := RetryDelivery(context.Background(), db, d.ID, "agent:cli", time.Now())
		var move *balie.MoveError
		if !errors.As(err, &move) || !strings.Contains(err.Error(), string(status)) {
			t.Errorf("retry of %s: %v", status, err)
		}
		if status != balie.Pending {
			if _, err := DiscardDelivery(context.Background(), db, d.ID, "agent:cli", "x", time.Now()); !errors.As(err, &move) {
				t.Errorf("discard of %s: %v", status, err)
			}
		}
		if stored, err := db.Delivery(context.Background(), d.ID); err != nil || stored.Status != status {
			t.Errorf("%s became %s, %v", status, stored.Status, err)
		}
		if r, err := db.Request(context.Background(), d.Request); err != nil || r.Version != 2 {
			t.Errorf("%s: the request is at %d, %v", status, r.Version, err)
		}
	}
	db, d := delivered(t, balie.Dead)
	var invalid *balie.InvalidError
	if _, err := DiscardDelivery(context.Background(), db, d.ID, "agent:cli", " ", time.Now()); !errors.As(err, &invalid) {
		t.Errorf("without a reason: %v", err)
	}
}
