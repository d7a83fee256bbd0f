package report

import (
	"time"

	"github.com/balie/balie"
)

// Decided is what was first decided on a request.
type Decided uint8

// The first decisions.
const (
	NotDecided    Decided = iota
	FromCatalogue         // answered from the catalogue without a person
	AskedFirst            // the customer was asked for what is missing, or which product is meant
	ToDesk                // an agent looks
	ToBackoffice
	ToAccount
	SolvedAtOnce // by an agent, in the same contact: a call, the counter
	Discarded
)

// Fact is what figures need of one request, as all its events make it: what was
// taken back never was, what came late is there, and who was erased is not.
// Times are UTC and whole seconds; a zero time is none. Durations are opening
// time unless said otherwise, in whole seconds.
type Fact struct {
	Request      balie.ID
	Opened       time.Time
	Solved       time.Time // when it was last answered; zero: not, or open again
	Closed       time.Time // when it was last closed; zero: open
	Paused       time.Time // since when what was promised stands still for the customer; zero: it runs, or it is answered or closed
	Outcome      balie.Outcome
	State        balie.State
	Kind         balie.Kind
	Priority     int
	Channel      string
	Product      string // what it is about by the last word on it
	Language     string
	Place        string   // the first location among the fields its product asks for, in small letters
	Team         string   // the first it was handed out to; "" when it never left the desk
	Teams        []string // all it was handed out to, in order, each once
	Agent        string   // who answered, else who has it; "" nobody
	Organisation string   // of the customer, as it was known when it was first decided on
	Customer     balie.ID
	Decided      Decided
	Rule         string // the rule that decided first
	Ruleset      int

	Responded        time.Time     // when a person or an answer first reached the customer, or a team had it; a receipt does not
	Respond, Resolve time.Duration // that it took until Responded and Solved, without what stood still; 0: not yet
	RespondTarget    time.Duration // that was promised; 0: a moment was, or nothing
	ResolveTarget    time.Duration
	RespondKept      bool      // Responded not later than RespondDue
	ResolveKept      bool      // Solved not later than ResolveDue
	RespondDue       time.Time // zero: nothing was promised
	ResolveDue       time.Time
	Waited           time.Duration // that it stood still for the customer, by the clock on the wall; what still lasts is not in it
	Had              time.Duration // that teams had it, by the clock on the wall; what still lasts is not in it

	Words     int       // words to the customer that were promised by a moment, and are there or too late
	WordsLate int       // of those, that came later or never
	WordDue   time.Time // by when the next one is promised; zero: none is
	Rounds    int       // times the customer was asked
	Passed    int       // times it went from one to another
	Returned  int       // hand-outs that came back: refused or returned
	Complete  int       // hand-outs that had all the product asks for
	Handouts  int       // hand-outs, withdrawn ones too
	Reopened  int       // times it was opened again after an answer
	Reopens   time.Time // when it was last reopened
	Judged    int       // of the router's decisions, how many an agent looked at
	JudgedOK  int       // of those, that were right by the last word on them
	Automatic bool      // the answer that counts was the router's, and no agent had touched it before
	Unaided   bool      // the router answered it at some time, whatever came after
	Score     int       // 1 to 5, the last one given; 0 none
	Scored    time.Time // when that was
	Surveyed  bool      // was asked for a score
	Alarms    int       // times somebody was warned about it
	Touches   int       // acts of agents, one for all they did at one moment; what they judged is none
	Merged    bool      // closed as a duplicate

	Path    []Step   // who had it, one after the other; what was taken back is not in it
	Rulings []Ruling // every decision of the router on it, oldest first
}

// Ruling is one decision of the router on a request; Rule and Ruleset of a
// Fact are those of the first.
type Ruling struct {
	Rule    string // that decided; "": none did
	Ruleset int
	Also    []string // rules that matched and decided nothing: they added
}

// Step is one holder on the way of a request, and how long they had it by the
// clock on the wall.
type Step struct {
	Holder string // "router", "desk", "customer", "team:ID", "planned", "answered", "closed:OUTCOME"
	Took   time.Duration
	Rule   string // the rule by which it came there; "": a person, a team or time brought it
}
