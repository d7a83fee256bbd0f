package desk

import (
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
)

// RequestView is everything the request page shows. A team member gets the
// request's outline and the threads of its own hand-outs: Entries, Customer,
// Participants, Decisions, Product, MayBelong, Proposed, Related and Drafts
// are empty then, and Request has no fields and no preview.
type RequestView struct {
	Request      balie.Request // its Version is what acts give back as Seen
	Customer     CustomerView
	Participants []balie.Person
	Entries      []Entry         // oldest first
	Handouts     []HandoutThread // oldest first
	Deliveries   []balie.Delivery
	Decisions    []DecisionView // newest first
	Product      ProductView    // Product.ID is "" without one
	MayBelong    []Candidate    // not judged yet, the likeliest first
	Proposed     []Proposal     // not judged yet
	Related      []Relation
	Teams        []balie.Team      // to hand out to
	Products     []balie.Product   // to choose from
	Drafts       map[string]Draft  // the actor's own, by tab
	Recipients   []balie.Address   // who gets a reply: chosen already
	NoWayBack    string            // why nothing can be sent: NoAddress, …; "" when it can
	Unsendable   *Sent             // the actor's latest reply, while it can be taken back
	People       map[string]string // names for By values that name people: "agent:sanne" -> "Sanne Vos"
}

// Why a customer cannot be written to.
const (
	NoAddress  = "no_address"  // telephone or counter only
	NoCustomer = "no_customer" // nobody knows who it is
)

// CustomerView is who asks.
type CustomerView struct {
	Person       balie.Person
	Organisation balie.Organisation
	Count        int             // requests in all, with this one
	Last         []balie.Request // the latest others
}

// Entry is one line of the timeline. It is a message (Message is set) or
// something that happened (it is not); an event that did both gives two.
type Entry struct {
	Seq     uint64 // of the event
	At      time.Time
	What    balie.What
	By      string            // as in events: "customer", "agent:sanne", "team:techniek", "router@3", …
	Data    map[string]string // what a line means: reason, team, due, fields, rule, product, …
	Handout balie.ID          // of a team's side
	Message *balie.Message    // Text is the new words; of Direction Out, Markdown
	Quoted  string            // what Full has besides Text
	HTML    bool              // MailHTML can show it as it was sent
	Posts   []Post            // of ours: where it went
	Shared  bool              // a team's words that the customer was shown
	Unsent  bool              // taken back before it went out
	Note    bool              // colleagues only
	Decided bool              // a decision was made here: DecisionView.Seq
	Undo    bool              // the actor can take it back now: Undo(Seq)
}

// Post is what became of a message to one address.
type Post struct {
	To      balie.Address
	Channel string
	Status  balie.Status
	Due     time.Time // Pending: when it is tried
	Error   string
	ID      balie.ID // of the delivery
}

// HandoutThread is a hand-out and the desk's side conversation with its team.
type HandoutThread struct {
	balie.Handout
	Name    string // of the team
	Entries []Entry
	Waits   bool      // the team said something last
	Later   time.Time // the date that the team gave and the desk has not agreed to; zero: none
	Overdue bool
}

// DecisionView is a decision with its trace.
type DecisionView struct {
	Seq      uint64 // of the event it was made in
	At       time.Time
	Decision balie.Decision
	Trace    router.Trace
	NoTrace  string // why there is none: TraceOlder, TraceGone, TraceNone
	Judged   string // "right", "wrong", or ""
	Instead  string // product that was right, when wrong
}

// Why a decision comes without its trace.
const (
	TraceOlder = "older" // made by an earlier version: Desk.Trace gives it
	TraceGone  = "gone"  // that version is not kept
	TraceNone  = "none"  // no rule was asked
)

// ProductView is the product with the state of its fields.
type ProductView struct {
	balie.Product
	Fields  []FieldView
	Missing int
	Score   float64  // of the match, 0 when chosen by hand
	Terms   []string // that spoke for it
}

// FieldView is a required or filled field of the product.
type FieldView struct {
	balie.Field
	Value   string
	Invalid bool     // there is a value, but it cannot be one
	By      string   // who filled it in: "customer", "agent:…"
	From    balie.ID // the message it was read from
	At      time.Time
	Asked   bool // asked for and not given yet
}

// Candidate is a request that this one may belong to.
type Candidate struct {
	Request balie.Request
	Reasons string
	Message balie.ID
	Seq     uint64
}

// Proposal is somebody who wrote and is not a participant.
type Proposal struct {
	Seq     uint64
	Address balie.Address
	Person  balie.ID // when known
	Message balie.ID
}

// Relation is another request and how it is one.
type Relation struct {
	Request balie.Request
	Why     string // "linked", "same_customer", "duplicate_of"
	Words   string // of a link
}

// Draft is text that was not sent yet.
type Draft struct {
	Text  string
	Seen  uint64 // the version the writer had before them
	Saved time.Time
}
