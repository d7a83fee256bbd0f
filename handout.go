package balie

import "time"

// HandoutState is where a hand-out stands. Overdue is no state: it is a fact
// of time.
type HandoutState string

// The states of a hand-out.
const (
	Offered   HandoutState = "offered"
	Accepted  HandoutState = "accepted"
	Done      HandoutState = "done"
	Refused   HandoutState = "refused"
	Returned  HandoutState = "returned"
	Withdrawn HandoutState = "withdrawn"
)

// Handout is a part of a request that a team, account manager, supplier or
// approver has in hand. The request stays with the desk.
type Handout struct {
	ID     ID           `json:"id"`
	Team   string       `json:"team"` // Team.ID
	To     Address      `json:"to,omitzero"`
	State  HandoutState `json:"state"`
	Due    time.Time    `json:"due,omitzero"` // the promise to the customer less a margin
	Opened time.Time    `json:"opened"`
	Ended  time.Time    `json:"ended,omitzero"`  // when it was done, refused, returned or withdrawn
	Said   time.Time    `json:"said,omitzero"`   // when whoever has it last said something
	Reason string       `json:"reason,omitzero"` // why refused, returned, withdrawn
}

// Open reports whether somebody still has it in hand.
func (h Handout) Open() bool { return h.State == Offered || h.State == Accepted }
