package router

import (
	"slices"

	"github.com/balie/balie"
)

// Occasion is something that happens to a request while it is guarded, upon
// which interventions are asked for.
type Occasion string

// The occasions. docs/interventions.md says when each comes and which facts it
// has.
const (
	DueSoon        Occasion = "due_soon"        // 75 % of a promise is used
	Overdue        Occasion = "overdue"         // a promise is broken
	Silent         Occasion = "silent"          // the customer heard nothing for as long as was promised
	TeamSilent     Occasion = "team_silent"     // whoever has a hand-out says nothing
	HandoutDue     Occasion = "handout_due"     // a hand-out is due soon
	HandoutOverdue Occasion = "handout_overdue" // the term of a hand-out is over, and again later
	LetterFailed   Occasion = "bounced"         // a letter to the customer came to nothing
	Reassigned     Occasion = "reassigned"      // it went from one to another too often
	ReopenedAgain  Occasion = "reopened"        // the customer is not helped yet
	ScoredBadly    Occasion = "scored_badly"    // the customer says so
	SignalSeen     Occasion = "signal"          // more trouble with something than its history explains
)

// GuardFacts is all that interventions look at. It is stored as JSON with what
// was set off, so that the same pure function can explain it later.
type GuardFacts struct {
	Occasion Occasion            `json:"occasion"`
	Request  GuardedRequest      `json:"request"`
	Clock    ClockFacts          `json:"clock,omitzero"`
	Handout  HandoutFacts        `json:"handout,omitzero"`
	Customer balie.CustomerFacts `json:"customer,omitzero"`
	Score    int                 `json:"score,omitzero"` // 1 to 5; 0 is none
	Signal   SignalFacts         `json:"signal,omitzero"`
	Now      balie.NowFacts      `json:"now"`
}

// GuardedRequest are facts of the request that is guarded.
type GuardedRequest struct {
	Ref      string   `json:"ref"`
	Kind     string   `json:"kind"`
	Priority string   `json:"priority"` // low, normal, high, urgent
	State    string   `json:"state"`
	Product  string   `json:"product,omitzero"`
	Group    string   `json:"group,omitzero"` // of the product
	Channel  string   `json:"channel,omitzero"`
	Language string   `json:"language,omitzero"`
	Assignee string   `json:"assignee,omitzero"`
	Tags     []string `json:"tags,omitempty"`
	Reopened int      `json:"reopened,omitzero"`
	Passed   int      `json:"passed,omitzero"`    // how often it went from one to another
	Asked    int      `json:"asked,omitzero"`     // rounds of questions asked so far
	AgeHours float64  `json:"age_hours,omitzero"` // since it was opened, opening hours
	Subject  string   `json:"subject,omitzero"`
}

// ClockFacts are facts of the promise the occasion is about. Minutes are of
// opening time.
type ClockFacts struct {
	Kind          string  `json:"kind,omitzero"`  // response, update, resolution, handout
	Share         float64 `json:"share,omitzero"` // of the promise that is used: 1 when it is due
	LeftMinutes   int     `json:"left_minutes,omitzero"`
	LateMinutes   int     `json:"late_minutes,omitzero"`
	TargetMinutes int     `json:"target_minutes,omitzero"`
	Paused        bool    `json:"paused,omitzero"`
}

// HandoutFacts are facts of the hand-out the occasion is about. Hours are
// opening hours.
type HandoutFacts struct {
	Team        string  `json:"team,omitzero"`
	State       string  `json:"state,omitzero"`
	AgeHours    float64 `json:"age_hours,omitzero"`
	SilentHours float64 `json:"silent_hours,omitzero"`
	Count       int     `json:"count,omitzero"` // open ones of the request
}

// SignalFacts are facts of something that gives more trouble than its history.
type SignalFacts struct {
	About    string  `json:"about,omitzero"` // product, place, customer
	Name     string  `json:"name,omitzero"`
	Count    int     `json:"count,omitzero"`
	Expected float64 `json:"expected,omitzero"`
}

// The actions of an intervention (GuardAction.Do).
const (
	DoNotify       = "notify"        // Whom
	DoRaise        = "raise"         // Value: the priority becomes at least this
	DoEscalate     = "escalate"      // Whom
	DoAskStatus    = "ask_status"    // the team that has it is asked how it stands
	DoTellCustomer = "tell_customer" // Value: TellDelay or TellProgress
	DoCallBack     = "call_back"     // a task for the desk: ring the customer
	DoTag          = "tag"           // Value
)

// What a clock counts down to (ClockFacts.Kind).
const (
	ClockResponse   = "response"
	ClockUpdate     = "update"
	ClockResolution = "resolution"
	ClockHandout    = "handout"
)

// What a signal is about (SignalFacts.About).
const (
	AboutProduct  = "product"
	AboutPlace    = "place"
	AboutCustomer = "customer"
)

// Whom an intervention turns to (GuardAction.Whom); anything else is the id of
// a team.
const (
	ToAssignee = "assignee" // the agent who has it
	ToLead     = "lead"
	ToTeam     = "team"    // the one that has it
	ToAccount  = "account" // the customer's account manager
)

// What the customer can be told (GuardAction.Value of DoTellCustomer).
const (
	TellDelay    = "delay"
	TellProgress = "progress"
)

// GuardAction is one thing an intervention does.
type GuardAction struct {
	Do    string `json:"do"`
	Whom  string `json:"whom,omitzero"`
	Value string `json:"value,omitzero"`
}

// Intervention is what one rule wants done.
type Intervention struct {
	Rule string        `json:"rule"`
	Do   []GuardAction `json:"do"`
}

// InterventionRule is one rule as people write it.
type InterventionRule struct {
	ID       string            `json:"id"`
	Names    map[string]string `json:"name,omitzero"`
	On       []Occasion        `json:"on"`
	When     string            `json:"when"` // CEL
	Do       []GuardAction     `json:"do"`
	Stop     bool              `json:"stop,omitzero"` // when it fires, none below it does
	Disabled bool              `json:"disabled,omitzero"`
	Examples []GuardExample    `json:"examples,omitzero"`
	Line     int               `json:"line,omitzero"` // in the file
}

// GuardExample is a test of a rule: on these facts it fires, or does not.
type GuardExample struct {
	Given map[string]any `json:"given"` // facts by name; an occasion that is not given is the rule's first
	Fires bool           `json:"fires"`
	Line  int            `json:"line,omitzero"`
	Holds bool           `json:"holds"`        // as Rules found
	Why   string         `json:"why,omitzero"` // it does not hold
}

// GuardTrace is what each rule made of some facts.
type GuardTrace struct {
	Facts GuardFacts          `json:"facts"`
	Rules []InterventionTrace `json:"rules"`
}

// InterventionTrace is what came of one rule.
type InterventionTrace struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Names   map[string]string `json:"-"` // by language, for pages
	Line    int               `json:"line"`
	On      []Occasion        `json:"on"`
	Fits    bool              `json:"fits"`         // the occasion is one of On
	Is      Outcome           `json:"is"`           // True: it fires
	Why     string            `json:"why,omitzero"` // of a failed one; of one not reached, the rule that stopped
	Clause  Clause            `json:"clause"`       // also of a rule that does not fire: what its condition says
	Do      []GuardAction     `json:"do"`
	Stopped bool              `json:"stopped,omitzero"` // it fires and none below it does
}

// OtherOccasion is the outcome of an intervention rule that is about something
// else than what happened.
const OtherOccasion Outcome = "other occasion"

// Interventions is a compiled list of intervention rules. It never changes and
// is safe for concurrent use; a nil one has no rules.
type Interventions struct {
	rules []*intervention
	on    map[Occasion][]*intervention // those that are not switched off
	words *scanner
}

// intervention is a rule ready to run.
type intervention struct {
	InterventionRule
	compiled
	place int // in the list, from 0
}

// Rules are the rules in order, to show, each example with whether it holds;
// changing them changes nothing.
func (s *Interventions) Rules() []InterventionRule {
	if s == nil {
		return nil
	}
	out := make([]InterventionRule, 0, len(s.rules))
	for _, r := range s.rules {
		rule := r.InterventionRule
		rule.Examples = slices.Clone(rule.Examples)
		for i, x := range rule.Examples {
			rule.Examples[i].Why = s.fails(r, x)
			rule.Examples[i].Holds = rule.Examples[i].Why == ""
		}
		out = append(out, rule)
	}
	return out
}

// Name is the rule's name in a language, or else its id.
func (r InterventionRule) Name(language string) string {
	return Rule{ID: r.ID, Names: r.Names}.Name(language)
}
