// Package storetest is in charge of holding every store to the same contract.
//
// Run drives a store by its interface alone: examples for what is easily got
// wrong, and random steps against a model of a few maps. A store that passes
// can take the place of any other that does.
package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// noon is when the tests happen.
var noon = time.Date(2027, 3, 26, 12, 0, 0, 0, time.UTC)

// Run runs the whole suite. open returns a new, empty store each time; the
// suite closes it.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"AStaleChangeLeavesNoTrace", staleChange},
		{"ARefusedChangeLeavesItsNeighbours", neighbours},
		{"ChangesOfOneCallBuildOnEachOther", buildOn},
		{"R2_AClaimedKeyIsRefused", claimedKey},
		{"AReferenceIsGivenOnce", takenReference},
		{"AnAddressBelongsToOnePerson", oneOwner},
		{"AnAddressMovesBetweenPeopleOfOneChange", movedAddress},
		{"AMessageIsWrittenAgain", messageAgain},
		{"AMessageOfNoRequestIsKept", heldMessage},
		{"AnInvalidChangeIsRefused", invalidChange},
		{"NothingIsNotFound", missing},
		{"R5_WhatWasSaidFirstArrivesFirst", outboxOrder},
		{"R5_ALateSenderIsFencedOff", outboxFencing},
		{"HeldAndDeadAreNotClaimed", outboxHeld},
		{"WhatIsTakenBackDoesNotGoOut", outboxTakenBack},
		{"WhatIsBeingSentIsNotTakenBack", outboxTooLate},
		{"ALetterOfNoRequestGoesOut", outboxAlone},
		{"TheFeedMissesNothing", feed},
		{"TheTailIsWhereTheFeedGoesOn", tail},
		{"ChangedWakes", changedWakes},
		{"DocumentsAreVersioned", documents},
		{"TheLedgerHasOneLinePerMessage", ledger},
		{"CursorsGoWithTheirChange", cursors},
		{"RecordsGoWithTheirChange", records},
		{"TheFasterOfTwoWritesARecord", staleRecord},
		{"ARecordPastItsTimeIsGone", expiredRecord},
		{"RecordsAreListedByKey", listedRecords},
		{"PeopleAreLookedUpTogether", peopleTogether},
		{"S13_AnErasedPersonIsNowhere", erasedPerson},
		{"OriginalsComeBackWhole", originals},
		{"AListWithoutLimitMissesNobodyThatMoves", movingList},
		{"ManyCallersAtOnce", manyCallers},
		{"VerifyFindsNothing", cleanVerify},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			defer s.Close()
			c.test(t, s)
		})
	}
	t.Run("RandomStepsAgreeWithTheModel", func(t *testing.T) { againstModel(t, open) })
}

// maker makes things in an order of time that a test can rely on.
type maker struct{ at time.Time }

func (m *maker) now() time.Time {
	if m.at.IsZero() {
		m.at = noon
	}
	m.at = m.at.Add(time.Second)
	return m.at
}

// opened is a Change that opens a request at the desk.
func (m *maker) opened(t tester) balie.Change {
	t.Helper()
	at := m.now()
	id := balie.NewID(at)
	var c balie.Change
	do(t, &c, balie.Event{What: balie.Opened, Request: id, At: at, By: "router@1", Data: map[string]string{
		"ref": id.Ref(4), "channel": "email", "subject": "De printer op <2> doet het niet", "language": "nl"}})
	do(t, &c, balie.Event{What: balie.ToDesk, At: at, By: "router@1", Next: at.Add(time.Hour)})
	return c
}

// message is a message of a request.
func (m *maker) message(r balie.ID) balie.Message {
	at := m.now()
	return balie.Message{ID: balie.NewID(at), Request: r, Side: balie.CustomerSide, Direction: balie.In, Channel: "email",
		From: balie.Address{Scheme: balie.Mail, Value: "jan@klant.example", Name: "Jan"}, Subject: "Printer", Text: "Hij piept.", At: at}
}

func (m *maker) delivery(msg balie.Message, to string) balie.Delivery {
	at := m.now()
	return balie.Delivery{ID: balie.NewID(at), Request: msg.Request, Message: msg.ID, Channel: "email",
		To: balie.Address{Scheme: balie.Mail, Value: to}, Created: at, Due: at, Status: balie.Pending}
}

func do(t tester, c *balie.Change, e balie.Event) {
	t.Helper()
	if err := c.Do(e); err != nil {
		t.Fatalf("make a change: %v", err)
	}
}

func commit(t tester, s store.Store, c ...balie.Change) {
	t.Helper()
	if err := s.Commit(t.Context(), c...); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

// refused expects that exactly the given Changes of a call are refused.
func refused(t tester, err error, want ...error) {
	t.Helper()
	var r *balie.RefusedError
	if !errors.As(err, &r) {
		t.Fatalf("commit gave %v, want a RefusedError", err)
	}
	if len(r.Errs) != len(want) {
		t.Fatalf("%d refusals, want %d", len(r.Errs), len(want))
	}
	for i := range want {
		if !errors.Is(r.Errs[i], want[i]) || want[i] == nil && r.Errs[i] != nil {
			t.Errorf("change %d: %v, want %v", i, r.Errs[i], want[i])
		}
	}
}

func is(t tester, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func same(t tester, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return // cmp takes most of the time of the suite
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// must passes a value on that came without an error.
func must[T any](t tester) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}
