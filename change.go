package balie

import "time"

// Status of a delivery.
type Status string

// The statuses of a delivery.
const (
	Pending Status = "pending" // waits for Due
	Leased  Status = "leased"  // a sender has it until LeasedUntil
	SentOK  Status = "sent"
	Dead    Status = "dead" // given up: an agent sees it on the request
	Held    Status = "held" // not sent by itself: after a restore, or an agent stopped it
	// TakenBack: whoever wrote it thought better of it before it went out.
	TakenBack Status = "taken_back"
)

// Delivery is something that must go out: one message to one address.
type Delivery struct {
	ID          ID        `json:"id"`
	Request     ID        `json:"request"` // zero: a letter that belongs to none, such as a team's list of the day
	Message     ID        `json:"message"`
	Channel     string    `json:"channel"` // which sender takes it
	Account     string    `json:"account,omitzero"`
	To          Address   `json:"to"`
	Created     time.Time `json:"created"`
	Due         time.Time `json:"due"`
	Attempt     int       `json:"attempt,omitzero"` // how often was tried
	Status      Status    `json:"status"`
	Lease       uint64    `json:"lease,omitzero"` // fencing token of the last claim
	LeasedUntil time.Time `json:"leased_until,omitzero"`
	LastError   string    `json:"last_error,omitzero"`
	Receipt     string    `json:"receipt,omitzero"` // what the other side called it
	Auto        bool      `json:"auto,omitzero"`    // sent without a person: counted and capped
}

// Cursor is where a channel must read on.
type Cursor struct {
	Channel string // channels.Channel.Name
	Value   []byte
}

// Outcomes of a message in the ledger.
const (
	LedgerTaken     = "taken"     // opened a request
	LedgerJoined    = "joined"    // came to an existing request
	LedgerKept      = "kept"      // could not be read: put before a person
	LedgerHeld      = "held"      // kept, but no request: Reason says why
	LedgerDuplicate = "duplicate" // the same message by another way
)

// LedgerEntry is the one line that every message of every channel has.
type LedgerEntry struct {
	Message ID        `json:"message"`
	At      time.Time `json:"at"` // when it was taken in
	Channel string    `json:"channel"`
	Account string    `json:"account"`
	Key     string    `json:"key"`
	MsgID   string    `json:"msgid,omitzero"`
	From    string    `json:"from,omitzero"`
	Subject string    `json:"subject,omitzero"`
	Outcome string    `json:"outcome"`
	Reason  string    `json:"reason,omitzero"`
	Request ID        `json:"request,omitzero"`
	Ref     string    `json:"ref,omitzero"`
}

// Change is one step of one request: stored at once or not at all. Without a
// Request (zero ID) it carries what belongs to none: a message held back, a
// delivery tried again, a letter about more than one, a cursor.
//
// Request is the state after Events; the store checks that the stored version
// is Request.Version - len(Events) and refuses with ErrStale otherwise. A Seen
// key that is claimed already refuses it with ErrDuplicate. A Person's address
// that belongs to somebody else, a reference that is taken, a delivery whose
// Lease is not the stored one: ErrStale.
type Change struct {
	Request    Request
	Events     []Event
	Messages   []Message
	Blobs      []Blob
	Deliveries []Delivery // new ones, and changed ones (same ID, same Lease as stored)
	People     []Person   // Version is the new one; stored must be one less
	Ledger     []LedgerEntry
	Cursor     *Cursor
	Records    []Record // of the desk itself, with or without a request
	Seen       []string // keys claimed for Request and the first Message
}

// MessageKey is the Seen key by which a reply finds what it answers: it is
// claimed for every message by its channel's own id (Message.MsgID).
func MessageKey(msgID string) string { return "mid:" + msgID }

// Do appends an event to the Change and applies it: it fills in Request and
// Seq. On error the Change is as it was.
func (c *Change) Do(e Event) error {
	if e.Request.IsZero() {
		e.Request = c.Request.ID
	}
	e.Seq = c.Request.Version + 1
	e.At, e.Next = e.At.UTC(), e.Next.UTC() // times are stored in UTC, shown in the reader's zone
	if e.Handout != nil {
		h := *e.Handout
		h.Due, h.Opened = h.Due.UTC(), h.Opened.UTC()
		e.Handout = &h
	}
	r, err := c.Request.Apply(e)
	if err != nil {
		return err
	}
	c.Request = r
	c.Events = append(c.Events, e)
	return nil
}

// Enclosed says which letter goes out with the last event of the Change.
func (c *Change) Enclosed(letter ID) {
	if letter.IsZero() || len(c.Events) == 0 {
		return
	}
	e := &c.Events[len(c.Events)-1]
	if e.Data == nil {
		e.Data = map[string]string{}
	}
	e.Data["letter"] = letter.String()
	switch e.What {
	case ToDesk, Reopened:
		c.Request.hear(*e)
	}
}

// Receipt is what a channel may tell the outside about a message: where it is
// known. It exists only for what is durable.
type Receipt struct {
	Message   ID
	Request   ID
	Ref       string
	Outcome   string // Ledger…
	Duplicate bool   // it was known already
}
