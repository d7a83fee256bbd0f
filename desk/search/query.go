// Package search is in charge of finding requests by words: how people write a
// search, and a full-text index over subject, words, customer and reference.
//
// Guarantees:
//  1. Nothing that is typed is an error: what is not understood is searched
//     for as words, and said.
//  2. The index is a copy. Without its file it is made again from the store;
//     it never holds up a commit.
//  3. What the store said and the feed announced is found once Ready, and
//     what was erased is gone from the file.
package search

// Key is what a filter looks at.
type Key string

// The keys. Text is free words.
const (
	Text     Key = ""
	Is       Key = "is"       // open, closed, mine, unassigned, late, risk, waiting, new, answered, handedout, reopened, reply
	Channel  Key = "channel"  // email, slack, form, phone, counter
	Customer Key = "customer" // words of a name or an address
	Product  Key = "product"  // id, or words of its name
	Status   Key = "status"   // balie.State by name
	At       Key = "at"       // desk, customer, backoffice, account, supplier, approver, or a team's id
	Assignee Key = "assignee" // a user's id, "me", "none"
	Tag      Key = "tag"
	Kind     Key = "kind"
	Priority Key = "priority" // low, normal, high, urgent
	Lang     Key = "lang"
	Org      Key = "org"
	Ref      Key = "ref"
	Outcome  Key = "outcome"
	SLA      Key = "sla"  // "<1h", ">2d": opening time left
	From     Key = "from" // 2026-11-01, inclusive, in the desk's zone
	To       Key = "to"   // inclusive
)

// Term is one condition of a search.
type Term struct {
	Key    Key
	Value  string // canonical: as String writes it
	Not    bool
	Phrase bool // Text between quotation marks: these words, in this order
}

// Query is a search: all its terms hold. The zero value finds everything.
type Query struct{ Terms []Term }

// IsZero reports whether nothing is searched for.
func (q Query) IsZero() bool { return len(q.Terms) == 0 }

// Problem is something typed that is not a filter: it is searched for as words.
type Problem struct {
	Word  string // as typed: "klnt:visser"
	Key   string // "klnt"
	Value string // "visser"
	// Near is what may have been meant ("klant"), or "". Values says which are
	// possible when the key is right and its value is not.
	Near   string
	Values []string
}

// Segment is a piece of a snippet; a marked one is what was searched for.
type Segment struct {
	Text string
	Mark bool
}
