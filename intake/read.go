package intake

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
)

// read normalizes one arrival. Whatever happens, the arrival has a message a
// person can look at afterwards.
func (in *Intake) read(a *arrival) {
	if in.poison.suspected(a.raw.Key) {
		a.unread("it ended the process twice while being read")
		return
	}
	defer in.poison.enter(a.raw.Key)()
	defer func() {
		if p := recover(); p != nil {
			in.log.Error("a message could not be read", "key", a.raw.Key, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			a.unread("reading it failed")
		}
	}()
	a.msg, a.readErr = in.norm.Message(a.raw, in.opener(a.raw))
	if a.msg.ID.IsZero() {
		a.msg.ID = balie.NewID(in.clock())
	}
	a.msg.At = bounded(a.msg.At, in.clock())
	if a.msg.Language == "" { // Slack, a call, a program: nobody said it
		a.msg.Language = normalize.Language(a.msg.Text)
	}
	// An error with words and a sender beside it is a guess, not a loss.
	a.broken = a.readErr != nil && a.msg.Text == "" && a.msg.Subject == "" && len(a.msg.Parts) == 0 && a.msg.From.IsZero()
}

// unread makes the arrival one that only its original speaks for.
func (a *arrival) unread(why string) {
	a.broken = true
	a.readErr = fmt.Errorf("not read: %s", why)
	a.msg = balie.Message{
		ID: balie.NewID(a.raw.At), Side: balie.CustomerSide, Direction: balie.In,
		Channel: a.raw.Channel, Account: a.raw.Account, Key: a.raw.Key, From: a.raw.Sender,
		Original: a.raw.Original.Blob, At: a.raw.At, Warnings: []string{"not read: " + why},
	}
}

// opener gives the original from memory, or from where Keep put it.
func (in *Intake) opener(raw balie.Raw) normalize.Open {
	return func() (io.ReadCloser, error) {
		if raw.Original.Size <= balie.InlineLimit && raw.Original.Inline != nil {
			return io.NopCloser(bytes.NewReader(raw.Original.Inline)), nil
		}
		return in.store.OpenBlob(context.Background(), raw.Original.Blob)
	}
}

// blobs are the small originals of a raw message, which travel in its Change.
func blobs(raw balie.Raw) []balie.Blob {
	var out []balie.Blob
	add := func(o balie.Original) {
		if o.Inline != nil {
			out = append(out, balie.Blob{ID: o.Blob, Data: o.Inline})
		}
	}
	add(raw.Original)
	for _, f := range raw.Files {
		add(f.Original)
	}
	return out
}

// oldest is how far back a message may claim to have arrived: a mailbox that
// was moved, or a clock that was wrong, must not make clocks start last year.
const oldest = 30 * 24 * time.Hour

func bounded(at, now time.Time) time.Time {
	switch {
	case at.IsZero(), at.After(now):
		return now
	case at.Before(now.Add(-oldest)):
		return now.Add(-oldest)
	}
	return at
}
