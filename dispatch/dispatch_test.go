package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

var t0 = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// post is a sender that does what the test says and remembers what it got.
type post struct {
	mu   sync.Mutex
	got  []balie.Message
	tell func(ctx context.Context, n int, m balie.Message) error
}

func (p *post) Send(ctx context.Context, d balie.Delivery, m balie.Message, _ balie.Request) (string, error) {
	p.mu.Lock()
	p.got = append(p.got, m)
	n := len(p.got)
	p.mu.Unlock()
	if p.tell == nil {
		return "250 ok", nil
	}
	return "250 ok", p.tell(ctx, n, m)
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

func openStore(t *testing.T) *boltstore.DB {
	db, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// write makes a request with letters to an address, all due at t0.
func write(t *testing.T, db *boltstore.DB, to string, texts ...string) balie.ID {
	t.Helper()
	c := balie.Change{}
	id := balie.NewID(t0)
	for _, e := range []balie.Event{
		{Request: id, What: balie.Opened, At: t0, By: "customer", Data: map[string]string{"ref": id.Ref(2), "channel": "email"}},
		{What: balie.ToDesk, At: t0, By: "router@1"},
	} {
		if err := c.Do(e); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range texts {
		at := t0.Add(time.Duration(i) * time.Millisecond)
		m := balie.Message{ID: balie.NewID(at), Request: id, Side: balie.CustomerSide, Direction: balie.Out, Text: text, MsgID: text + "@delinde.example", At: at}
		c.Messages = append(c.Messages, m)
		c.Deliveries = append(c.Deliveries, balie.Delivery{ID: balie.NewID(at), Request: id, Message: m.ID, Channel: "email",
			To: balie.Address{Scheme: balie.Mail, Value: to}, Created: at, Due: t0, Status: balie.Pending})
	}
	if err := db.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return id
}

func dispatching(db Store, p *post) *Dispatch {
	return New(db, map[string]channels.Sender{"email": p}, Options{}, slog.New(slog.DiscardHandler), nil)
}

func steps(t *testing.T, d *Dispatch, now time.Time, n int) {
	t.Helper()
	for range n {
		if _, err := d.Step(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
}

func deliveries(t *testing.T, db *boltstore.DB, id balie.ID) []balie.Delivery {
	t.Helper()
	ds, err := db.Deliveries(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func TestR5_AnAnswerArrivesOnce(t *testing.T) {
	db, p := openStore(t), &post{}
	id := write(t, db, "a@x.example", "one")
	steps(t, dispatching(db, p), t0.Add(time.Second), 5)
	if p.count() != 1 || deliveries(t, db, id)[0].Status != balie.SentOK {
		t.Fatalf("sent %d times, %+v", p.count(), deliveries(t, db, id))
	}
	events, err := db.Events(t.Context(), id, 0)
	if err != nil || events[len(events)-1].What != balie.Sent {
		t.Errorf("no event says so: %+v, %v", events, err)
	}
}

// Nobody knows whether the server took it: it goes out again under one Message-ID.
func TestR5_AnUnknownOutcomeIsSentAgainWithTheSameMessageID(t *testing.T) {
	db := openStore(t)
	p := &post{tell: func(_ context.Context, n int, _ balie.Message) error {
		if n == 1 {
			return &channels.UnknownError{Err: errors.New("EOF after the final dot")}
		}
		return nil
	}}
	write(t, db, "a@x.example", "one")
	d := dispatching(db, p)
	steps(t, d, t0.Add(time.Second), 3)
	steps(t, d, t0.Add(time.Hour), 3)
	if p.count() != 2 || p.got[0].MsgID != p.got[1].MsgID {
		t.Fatalf("%d copies: %+v", p.count(), p.got)
	}
}

// forgetful is a store that loses the writing down of the first send: a crash
// between the server's 250 and our commit (C19).
type forgetful struct {
	*boltstore.DB
	lose int
}

func (f *forgetful) Commit(ctx context.Context, c ...balie.Change) error {
	if f.lose > 0 {
		f.lose--
		return errors.New("the process ended here")
	}
	return f.DB.Commit(ctx, c...)
}

func TestR5_ACrashAfterTheServerTookItGivesAtMostTwoCopiesUnderOneID(t *testing.T) {
	db, p := openStore(t), &post{}
	id := write(t, db, "a@x.example", "one")
	steps(t, dispatching(&forgetful{db, 1}, p), t0.Add(time.Second), 1)
	d := dispatching(db, p)
	steps(t, d, t0.Add(time.Minute), 3) // the lease still holds
	if p.count() != 1 {
		t.Fatalf("%d copies while the lease holds", p.count())
	}
	steps(t, d, t0.Add(time.Hour), 3)
	if p.count() != 2 || p.got[0].MsgID != p.got[1].MsgID || deliveries(t, db, id)[0].Status != balie.SentOK {
		t.Fatalf("%d copies, %+v", p.count(), deliveries(t, db, id))
	}
}

// A refusal for now is tried again with growing pauses, for five days, and
// then an agent sees it.
func TestR6_TemporaryRefusalsAreTriedForFiveDaysThenSomebodySees(t *testing.T) {
	db := openStore(t)
	p := &post{tell: func(context.Context, int, balie.Message) error { return errors.New("451 try later") }}
	id := write(t, db, "a@x.example", "one")
	d := dispatching(db, p)
	var at []time.Duration
	for now := t0; now.Before(t0.AddDate(0, 0, 6)); {
		before := p.count()
		steps(t, d, now, 1)
		if p.count() > before {
			at = append(at, now.Sub(t0))
		}
		due, err := db.NextDue(t.Context())
		if err != nil || due.IsZero() {
			break
		}
		now = due
	}
	dl := deliveries(t, db, id)[0]
	if dl.Status != balie.Dead || !strings.Contains(dl.LastError, "451") {
		t.Fatalf("after six days: %+v", dl)
	}
	if last := at[len(at)-1]; last < defaultGiveUp || last > defaultGiveUp+5*time.Hour {
		t.Errorf("given up after %v", last)
	}
	for i, want := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour} {
		if got := at[i+1] - at[i]; got < want*8/10 || got > want*12/10 {
			t.Errorf("pause %d is %v, want %v ± 20 %%", i+1, got, want)
		}
	}
	events, err := db.Events(t.Context(), id, 0)
	if err != nil || events[len(events)-1].What != balie.Undelivered {
		t.Errorf("the request does not say so: %v", err)
	}
}

func TestR6_APermanentRefusalIsSeenAtOnceAndHurtsNoOther(t *testing.T) {
	db := openStore(t)
	p := &post{tell: func(_ context.Context, _ int, m balie.Message) error {
		if m.MsgID == "bad@delinde.example" {
			return channels.Permanent(errors.New("550 no such user"))
		}
		return nil
	}}
	bad, good := write(t, db, "no@x.example", "bad"), write(t, db, "yes@x.example", "good")
	steps(t, dispatching(db, p), t0.Add(time.Second), 3)
	if s := deliveries(t, db, bad)[0].Status; s != balie.Dead {
		t.Errorf("refused for ever: %s", s)
	}
	if s := deliveries(t, db, good)[0].Status; s != balie.SentOK {
		t.Errorf("the other: %s", s)
	}
}

// A server that refuses our account pauses the queue; the mails keep their tries.
func TestR6_AServerThatRefusesUsPausesTheQueueNotTheMail(t *testing.T) {
	db := openStore(t)
	down := true
	p := &post{tell: func(context.Context, int, balie.Message) error {
		if down {
			return &channels.LaterError{Pause: true, Err: errors.New("535 authentication failed")}
		}
		return nil
	}}
	d := New(db, map[string]channels.Sender{"email": p}, Options{Senders: 1}, slog.New(slog.DiscardHandler), nil)
	ids := []balie.ID{write(t, db, "a@x.example", "a"), write(t, db, "b@x.example", "b"), write(t, db, "c@x.example", "c")}
	steps(t, d, t0.Add(time.Second), 5)
	if p.count() != 1 {
		t.Fatalf("%d tries at a server that refused us, want 1", p.count())
	}
	down = false
	steps(t, d, t0.Add(time.Hour), 5)
	for _, id := range ids {
		if s := deliveries(t, db, id)[0]; s.Status != balie.SentOK {
			t.Errorf("after the pause: %+v", s)
		}
	}
}

func TestLettersOfOneRequestArriveInOrder(t *testing.T) {
	db := openStore(t)
	p := &post{tell: func(_ context.Context, n int, _ balie.Message) error {
		if n == 1 {
			return errors.New("451 try later")
		}
		return nil
	}}
	write(t, db, "a@x.example", "first", "second", "third")
	d := dispatching(db, p)
	for i := range 6 {
		steps(t, d, t0.Add(time.Duration(i)*10*time.Minute), 2)
	}
	var got []string
	for _, m := range p.got {
		got = append(got, strings.TrimSuffix(m.MsgID, "@delinde.example"))
	}
	if s := strings.Join(got, " "); s != "first first second third" {
		t.Errorf("arrived: %s", s)
	}
}

func TestAPanicInASenderIsOneDeliverysError(t *testing.T) {
	db := openStore(t)
	p := &post{tell: func(_ context.Context, n int, _ balie.Message) error {
		if n == 1 {
			panic("a bug")
		}
		return nil
	}}
	id := write(t, db, "a@x.example", "one")
	d := dispatching(db, p)
	steps(t, d, t0, 1)
	steps(t, d, t0.Add(time.Hour), 1)
	if s := deliveries(t, db, id)[0].Status; s != balie.SentOK {
		t.Errorf("status %s", s)
	}
}

// At the end no new delivery starts, the running one ends and is written down.
func TestR15_AtTheEndWhatIsBeingSentIsSent(t *testing.T) {
	db := openStore(t)
	began, finish := make(chan struct{}), make(chan struct{})
	p := &post{tell: func(context.Context, int, balie.Message) error {
		close(began)
		<-finish
		return nil
	}}
	id := write(t, db, "a@x.example", "one", "two")
	d := dispatching(db, p)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	<-began
	cancel()
	select {
	case <-ended:
		t.Fatal("ended while a letter was being sent")
	default:
	}
	close(finish)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	ds := deliveries(t, db, id)
	if ds[0].Status != balie.SentOK || ds[1].Status == balie.SentOK || p.count() != 1 {
		t.Errorf("sent %d: %+v", p.count(), ds)
	}
}

// A sender that hangs is cut off after the drain, and the letter stays due.
func TestR15_ASenderThatHangsDoesNotHoldTheEnd(t *testing.T) {
	db := openStore(t)
	began := make(chan struct{})
	p := &post{tell: func(ctx context.Context, _ int, _ balie.Message) error {
		close(began)
		<-ctx.Done()
		return fmt.Errorf("submission: %w", ctx.Err())
	}}
	id := write(t, db, "a@x.example", "one")
	d := New(db, map[string]channels.Sender{"email": p}, Options{Drain: time.Millisecond}, slog.New(slog.DiscardHandler), nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	<-began
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if s := deliveries(t, db, id)[0].Status; s != balie.Pending {
		t.Errorf("status %s, want pending", s)
	}
}

// A letter whose lease ran out and was sent by another is not overwritten by
// the late one.
func TestALateSenderDoesNotOverwrite(t *testing.T) {
	db := openStore(t)
	id := write(t, db, "a@x.example", "one")
	var d *Dispatch
	p := &post{}
	p.tell = func(ctx context.Context, n int, _ balie.Message) error {
		if n == 1 { // meanwhile another process claims and sends it
			steps(t, d, t0.Add(time.Hour), 1)
			return channels.Permanent(errors.New("550 too late"))
		}
		return nil
	}
	d = dispatching(db, p)
	steps(t, d, t0, 1)
	if s := deliveries(t, db, id)[0]; s.Status != balie.SentOK || p.count() != 2 {
		t.Errorf("%d sends, %+v", p.count(), s)
	}
}

// named is a sender whose other side gives each post a name, as Slack does.
type named struct{ *post }

func (named) ThreadID(_ balie.Delivery, receipt string) string { return "slack:T:C:" + receipt }

// A reply refers to a post by Slack's name for it, so that name leads to our letter.
func TestAReplyFindsTheLetterByTheOtherSidesName(t *testing.T) {
	db := openStore(t)
	id := write(t, db, "a@x.example", "one")
	d := New(db, map[string]channels.Sender{"email": named{&post{}}}, Options{}, slog.New(slog.DiscardHandler), nil)
	steps(t, d, t0, 1)
	key := balie.MessageKey("slack:T:C:250 ok")
	found, err := db.Lookup(t.Context(), store.Query{Seen: []string{key}})
	if err != nil || found.Seen[key].Request != id || found.Seen[key].Message != deliveries(t, db, id)[0].Message {
		t.Errorf("found %+v, %v", found.Seen, err)
	}
}
