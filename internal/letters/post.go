package letters

import (
	"cmp"
	"time"

	"github.com/balie/balie"
)

// Post says where a letter goes.
type Post struct {
	ID      balie.ID // of the message; a new one when zero. A hand-out's letter has the hand-out's
	Side    balie.Side
	Handout balie.ID
	Channel string // which sender takes it; "" makes a message without a delivery
	Account string
	To      balie.Address
	Thread  []string // ids it answers to, newest first
	Auto    bool     // written without a person
	// Due is when it goes out, at once when zero. Until then it is said to
	// nobody: the message's time is Due too.
	Due      time.Time
	Language string // the request's when ""
	Files    []balie.Part
	From     balie.Address // Name: who wrote it, for the timeline
}

// Message makes a letter a message of a request, with its own Message-ID.
func (w *Writer) Message(r balie.Request, l Letter, p Post, now time.Time) balie.Message {
	id := p.ID
	if id.IsZero() {
		id = balie.NewID(now)
	}
	if p.Due.IsZero() {
		p.Due = now
	}
	return balie.Message{
		ID: id, Request: r.ID, Handout: p.Handout, Side: p.Side, Direction: balie.Out,
		Channel: p.Channel, Account: p.Account, To: []balie.Address{p.To},
		From: p.From, Subject: l.Subject, Text: l.Text, Language: cmp.Or(p.Language, r.Language), Parts: p.Files,
		Unsubscribe: l.Unsubscribe,
		MsgID:       w.tokens.MessageID(id, w.o.Domain), Thread: p.Thread, At: p.Due,
	}
}

// Enclose adds a letter to a Change: the message, its delivery, and the claim
// by which a reply finds the request. It returns the message's id.
func (w *Writer) Enclose(c *balie.Change, l Letter, p Post, now time.Time) balie.ID {
	m := w.Message(c.Request, l, p, now)
	c.Messages = append(c.Messages, m)
	if p.Channel != "" && !p.To.IsZero() {
		c.Deliveries = append(c.Deliveries, balie.Delivery{
			ID: balie.NewID(now), Request: c.Request.ID, Message: m.ID,
			Channel: p.Channel, Account: p.Account, To: p.To,
			Created: now, Due: m.At, Status: balie.Pending, Auto: p.Auto,
		})
	}
	return m.ID
}
