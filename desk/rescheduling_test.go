package desk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// A team says when it will be done; the customer is told nothing, and promised
// nothing else, until somebody at the desk agrees.
func TestALaterDateReachesTheCustomerOnlyWhenTheDeskAgrees(t *testing.T) {
	w := newWorld(t)
	r, h := w.handedOut()
	customer := w.letterTo(r.ID, "jan@klant.example").ID
	was := r.Promised
	eta := w.now.Add(72 * time.Hour).Truncate(time.Minute)
	w.pass(time.Hour)
	if err := w.desk.TeamDo(t.Context(), tom, r.ID, h, desk.HandoutAct{Act: desk.LaterThanDue, Until: eta}, w.now); err != nil {
		t.Fatal(err)
	}
	if now := w.get(r.ID); !now.Promised.Equal(was) || w.letterTo(r.ID, "jan@klant.example").ID != customer {
		t.Fatalf("promised %v after %v, or a letter went out", now.Promised, was)
	}
	if got := w.view(sanne, r.ID).Handouts[0].Later; !got.Equal(eta) {
		t.Errorf("the desk is offered %v, want %v", got, eta)
	}
	if _, err := w.desk.Reschedule(t.Context(), tom, r.ID, h, true, w.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("the team agrees with itself: %v", err)
	}
	now, err := w.desk.Reschedule(t.Context(), sanne, r.ID, h, true, w.now)
	if err != nil || !now.Promised.Equal(eta) || !now.Handouts[0].Due.Equal(eta) {
		t.Fatalf("promised %v, the hand-out due %v, %v", now.Promised, now.Handouts[0].Due, err)
	}
	if l := w.letterTo(r.ID, "jan@klant.example"); l.ID == customer || !strings.Contains(l.Text, "meer tijd dan we dachten") {
		t.Errorf("the customer reads\n%s", l.Text)
	}
	if again, err := w.desk.Reschedule(t.Context(), sanne, r.ID, h, true, w.now); err != nil || again.Version != now.Version {
		t.Errorf("twice: at %d after %d, %v", again.Version, now.Version, err)
	}
	if got := w.view(sanne, r.ID).Handouts[0].Later; !got.IsZero() {
		t.Errorf("still offered: %v", got)
	}
	w.verify()
}

func TestADateCanBeAgreedToWithoutALetter(t *testing.T) {
	w := newWorld(t)
	r, h := w.handedOut()
	eta := w.now.Add(72 * time.Hour).Truncate(time.Minute)
	if err := w.desk.TeamDo(t.Context(), tom, r.ID, h, desk.HandoutAct{Act: desk.LaterThanDue, Until: eta}, w.now); err != nil {
		t.Fatal(err)
	}
	now, err := w.desk.Reschedule(t.Context(), sanne, r.ID, h, false, w.now)
	if err != nil || !now.Promised.Equal(r.Promised) || !now.Handouts[0].Due.Equal(eta) {
		t.Errorf("promised %v after %v, due %v, %v", now.Promised, r.Promised, now.Handouts[0].Due, err)
	}
	w.pass(100 * time.Hour)
	if err := w.desk.TeamDo(t.Context(), tom, r.ID, h, desk.HandoutAct{Act: desk.LaterThanDue, Until: w.now.Add(time.Hour)}, w.now); err != nil {
		t.Fatal(err)
	}
	w.pass(2 * time.Hour)
	var invalid *balie.InvalidError
	if _, err := w.desk.Reschedule(t.Context(), sanne, r.ID, h, true, w.now); !errors.As(err, &invalid) {
		t.Errorf("a date that has passed: %v", err)
	}
}
