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

// Fact is what figures need of one request. Its durations are opening time.
type Fact struct {
	Request      balie.ID
	Opened       time.Time
	Solved       time.Time // when it was last answered; zero: not
	Closed       time.Time // zero: open
	Outcome      balie.Outcome
	State        balie.State
	Kind         balie.Kind
	Priority     int
	Channel      string
	Product      string
	Language     string
	Place        string   // where it is about, of its fields
	Team         string   // the first it was handed out to; "" when it never left the desk
	Teams        []string // all it was handed out to, in order, each once
	Agent        string   // who answered, else who has it; "" nobody
	Organisation string
	Customer     balie.ID
	Decided      Decided
	Rule         string // the rule that decided first
	Ruleset      int

	Responded        time.Time
	Respond, Resolve time.Duration // that it took; 0: not yet
	RespondTarget    time.Duration
	ResolveTarget    time.Duration
	RespondKept      bool // judged only when there is a promise: RespondDue
	ResolveKept      bool
	RespondDue       time.Time // zero: nothing was promised
	ResolveDue       time.Time
	Waited           time.Duration // that it stood still for the customer, by the clock on the wall
	Had              time.Duration // that teams had it, by the clock on the wall

	Words     int // words to the customer that were promised by a moment
	WordsLate int // of those, that came later
	Rounds    int // times the customer was asked
	Passed    int // times it went from one to another
	Returned  int // hand-outs that came back: refused or returned
	Complete  int // hand-outs that had all the product asks for
	Handouts  int
	Reopened  int
	Reopens   time.Time // when it was last reopened
	Judged    int       // reviews of the match
	JudgedOK  int
	Automatic bool // the answer that counts was nobody's by hand
	Score     int  // 1 to 5; 0 none
	Scored    time.Time
	Surveyed  bool // was asked for a score
	Alarms    int  // timers that warned somebody
	Touches   int  // acts of agents: what it cost in work
	Merged    bool // closed as a duplicate

	Path    []Step   // for the flow chart: who had it, one after the other
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
