package balie

import "time"

// What names what happened to a request. Moves change its state (see moves in
// request.go); the others only add to what is known.
type What string

// Moves.
const (
	Opened           What = "opened"            // Data: ref, channel, account, subject, language, customer, priority
	ToDesk           What = "to_desk"           // an agent must look
	Asked            What = "asked"             // Data: fields (comma separated)
	Answered         What = "answered"          // Data: how (for a call solved at once)
	HandedOut        What = "handed_out"        // Handout
	HandoutDone      What = "handout_done"      // Data: handout
	HandoutRefused   What = "handout_refused"   // Data: handout, reason
	HandoutReturned  What = "handout_returned"  // Data: handout, reason
	HandoutWithdrawn What = "handout_withdrawn" // Data: handout, reason
	PlannedFor       What = "planned"           // Data: date (RFC 3339), chosen ("desk": its promises run on)
	Resumed          What = "resumed"           // the planned date is reached
	Replied          What = "replied"           // a participant answered what was asked
	Reopened         What = "reopened"          // a participant came back in time
	Confirmed        What = "confirmed"         // solved, the customer says so; Data: how
	Lapsed           What = "lapsed"            // answered, then silent: closed as solved
	Unanswered       What = "unanswered"        // asked, then silent: closed
	ClosedAs         What = "closed"            // Data: outcome, of (duplicate), reason
	Undone           What = "undone"            // a close taken back; Data: seq (number of its event), and of Request.Standing what comes back
	Unsent           What = "unsent"            // what an agent sent is taken back before it went out; Message, Data: likewise
)

// Facts that move nothing.
const (
	Received        What = "received"         // a customer's message; Message, Data: preview, auto (no person wrote it)
	TeamSaid        What = "team_said"        // a team's message; Message, Data: handout, status (on_schedule, later), eta (RFC 3339, of later)
	Told            What = "told"             // the desk to the customer, besides a move; Message
	ToldTeam        What = "told_team"        // the desk to a team; Message, Data: handout
	Noted           What = "noted"            // an agent's note; Message
	Filled          What = "filled"           // Data: field id -> value
	Edited          What = "edited"           // Data: subject, language, product, kind, priority, assignee, customer, promised
	Tagged          What = "tagged"           // Data: add, remove
	Joined          What = "joined"           // a participant; Data: person
	Proposed        What = "proposed"         // a participant to approve; Data: address, name, message
	MayBelong       What = "may_belong"       // Data: to (request id), ref, reasons
	Dismissed       What = "dismissed"        // an agent says no to a Proposed or MayBelong; Data: of (number of that event)
	Linked          What = "linked"           // Data: to (request id), why
	HandoutAccepted What = "handout_accepted" // Data: handout
	Rescheduled     What = "rescheduled"      // the desk agrees to a team's date; Data: handout, due
	HandoutAsked    What = "handout_asked"    // the team asks the desk; Message, Data: handout
	Sent            What = "sent"             // Data: delivery, channel, receipt, side ("other": not for the customer)
	Undelivered     What = "undelivered"      // given up; Data: delivery, channel, error, side
	Requeued        What = "requeued"         // an agent sends it again; Data: delivery, channel
	HeldBack        What = "held_back"        // an agent stopped it; Data: delivery, channel, reason
	Bounced         What = "bounced"          // Data: about (message), status, recipient, hard, side
	Alerted         What = "alerted"          // Data: whom, reason
	Fired           What = "fired"            // a timer; Data: timer, cause, and what it looked at
	Rated           What = "rated"            // Data: score; Message: what the customer wrote with it
	Judged          What = "judged"           // an agent on the match; Data: product, right, of (number of the event decided in)
	Shared          What = "shared"           // a team's words, shown to the customer on purpose; Message
	Erased          What = "erased"           // a person is gone from the request, also from its earlier events: whoever folds along reads anew; Data: person, reason
	SplitOff        What = "split_off"        // a message became a request of its own; Message, Data: to (request id), ref
)

// Event is one thing that happened to a request. Events are numbered from 1
// without gaps; that number, not time, is their order.
type Event struct {
	Request  ID                `json:"request"`
	Seq      uint64            `json:"seq"`
	What     What              `json:"what"`
	At       time.Time         `json:"at"`
	By       string            `json:"by"`            // "router@14", "agent:sanne", "customer", "team:techniek", "dispatch", "timer"
	Via      string            `json:"via,omitempty"` // with what By acted, when not by hand: "token:reports"
	Message  ID                `json:"message,omitzero"`
	Handout  *Handout          `json:"handout,omitempty"`
	Data     map[string]string `json:"data,omitempty"`
	Next     time.Time         `json:"next,omitzero"` // when progress must look again, if this event says so
	Decision *Decision         `json:"decision,omitempty"`
}
