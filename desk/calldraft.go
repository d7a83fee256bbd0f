package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/balie/balie"
)

// callKind is the kind of the records that calls are which are not logged yet:
// one for each user. It is their key.
const callKind = "calldraft"

// callDraftHours is after how long a call that was never logged is swept.
const callDraftHours = 72

// CallDraft is a call while it is being written down. A page that is closed
// loses nothing.
type CallDraft struct {
	Key      string            `json:"key"` // of the form: Call.Key
	Started  time.Time         `json:"started"`
	Channel  string            `json:"channel"`
	Caller   string            `json:"caller,omitempty"` // as typed: number, name, mail address
	Person   balie.ID          `json:"person,omitzero"`  // as chosen
	Name     string            `json:"name,omitempty"`
	Mail     string            `json:"mail,omitempty"`
	For      string            `json:"for,omitempty"`
	Subject  string            `json:"subject,omitempty"`
	Text     string            `json:"text,omitempty"`
	Product  string            `json:"product,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
	Team     string            `json:"team,omitempty"`
	Why      string            `json:"why,omitempty"`
	Answer   string            `json:"answer,omitempty"`
	Language string            `json:"language,omitempty"`
	Priority int               `json:"priority,omitempty"`
	CallID   string            `json:"call,omitempty"` // of the telephone's call
}

// IsEmpty reports whether nothing was typed yet.
func (c CallDraft) IsEmpty() bool {
	return c.Caller == "" && c.Person.IsZero() && c.Text == "" && c.Subject == "" && c.Name == "" && c.Mail == "" && c.For == "" && len(c.Fields) == 0
}

// SaveCallDraft keeps a call that is being written down.
func (d *Desk) SaveCallDraft(ctx context.Context, a Actor, c CallDraft, now time.Time) error {
	if !a.Can(ActOnRequests) {
		return balie.ErrDenied
	}
	if len(c.Text)+len(c.Answer) > textLimit {
		return fmt.Errorf("a call of %d bytes: %w", len(c.Text), balie.ErrTooLarge)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write a call down: %w", err)
	}
	rec := balie.Record{Kind: callKind, Key: a.ID, Body: body, Expires: now.Add(callDraftHours * time.Hour)}
	if err := d.store.Commit(ctx, balie.Change{Records: []balie.Record{rec}}); err != nil {
		return fmt.Errorf("keep a call: %w", err)
	}
	return nil
}

// CallDraft is the actor's call that is not logged yet; a new one when there is
// none.
func (d *Desk) CallDraft(ctx context.Context, a Actor, now time.Time) (CallDraft, error) {
	fresh := CallDraft{Key: balie.NewID(now).String(), Started: now.UTC(), Channel: "phone"}
	if !a.Can(ActOnRequests) {
		return fresh, balie.ErrDenied
	}
	rec, err := d.store.Record(ctx, callKind, a.ID)
	if errors.Is(err, balie.ErrNotFound) {
		return fresh, nil
	}
	if err != nil {
		return fresh, fmt.Errorf("read a call: %w", err)
	}
	var c CallDraft
	if json.Unmarshal(rec.Body, &c) != nil || c.Key == "" {
		return fresh, nil
	}
	return c, nil
}

// DropCallDraft forgets the actor's call: it is logged, or was nothing.
func (d *Desk) DropCallDraft(ctx context.Context, a Actor) error {
	if !a.Can(ActOnRequests) {
		return balie.ErrDenied
	}
	if err := d.store.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: callKind, Key: a.ID}}}); err != nil {
		return fmt.Errorf("forget a call: %w", err)
	}
	return nil
}
