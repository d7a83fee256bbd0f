package report

import "time"

// Span is the kind of a Period.
type Span string

// The spans.
const (
	Week    Span = "week" // ISO 8601
	Month   Span = "month"
	Quarter Span = "quarter"
	Year    Span = "year"
	Between Span = "between" // any two days
)

// Period is a stretch of days in the desk's zone: From at 0.00 hours until To
// at 0.00 hours, not included.
type Period struct {
	Span     Span
	From, To time.Time
}

// Scope is what a factsheet is of; an empty one is the whole desk.
type Scope struct {
	Channel, Product, Team, Organisation string
}

// Metric ids. What each counts stands in Metrics (metrics.go).
const (
	Volume         = "volume"          // requests opened
	FirstTimeRight = "first_time"      // solved without going on to others and not reopened
	ResponseKept   = "response_kept"   // first response in time
	ResolveKept    = "resolve_kept"    // solved in time
	InformedKept   = "informed_kept"   // words to the customer in time
	AutoAnswered   = "auto_answered"   // answered without a person
	AutoPrecision  = "auto_precision"  // of those, that were right
	AtOnce         = "at_once"         // solved by an agent in the first contact
	CompleteOut    = "complete_out"    // hand-outs that were complete
	ReopenedShare  = "reopened"        // reopened
	ReturnedShare  = "returned"        // hand-outs that came back
	Satisfaction   = "satisfaction"    // mean score
	SurveyResponse = "survey_response" // scores given of those asked
	CostPerRequest = "cost"            // money per request
	RespondMedian  = "respond_median"  // opening time until the first response
	ResolveMedian  = "resolve_median"
	ResolveP90     = "resolve_p90"
	Backlog        = "backlog"     // open at the end of the period
	BacklogAge     = "backlog_age" // median age of those, opening time
	LateNow        = "late_now"    // open and past their promise
)

// Figure is one metric over one period.
type Figure struct {
	Metric string
	Value  float64 // a share 0 to 1, a number, seconds, cents: Metrics says which
	N      int     // of how many: the denominator
	Of     int     // the numerator, where it is a count
	Low    float64 // 95 % interval, where there is one; both 0: none
	High   float64
	None   bool // there is nothing to count: Value says nothing
}

// SmallN is below how many a figure is marked as small.
const SmallN = 30

// Goal is a figure against what was aimed at.
type Goal struct {
	ID       string // of the plan's goal; "" when nobody set one
	Names    map[string]string
	Owner    string
	Figure   Figure
	Target   float64
	AtMost   bool     // lower is better
	NoTarget bool     // the metric has no goal
	NoMetric bool     // the goal has no metric that can be measured
	Reached  bool     // false too when there is nothing to count
	Trend    []Figure // of the periods before, oldest first, this one last
}

// Row is one line of a breakdown: a channel, product, team or customer. The one
// without an ID is of requests of which it is not known; a request that several
// teams had is in the row of each.
type Row struct {
	ID        string
	Count     int
	Trend     []int // of the periods before, oldest first, this one last
	Automatic int   // answered without a person
	AtOnce    int
	Respond   Percentiles
	Resolve   Percentiles
	Kept      Figure // solved in time
	Score     Figure
	Open      int
}

// Percentiles of a duration in opening time.
type Percentiles struct {
	N                  int
	P50, P75, P90, P95 time.Duration
}

// Flow is how requests went: from channel over decision and holders to outcome.
//
// What comes into a node goes out of it again; the counts of the first column
// and of the last are each Total.
type Flow struct {
	Total int // requests
	Nodes []FlowNode
	Edges []FlowEdge
}

// FlowNode is a place requests were at.
type FlowNode struct {
	ID     string        // "channel:email", "decided:catalogue", "holder:team:techniek", "outcome:first_time": see flow.go
	Column int           // 0 channel, 1 decision, 2 holder, 3 outcome
	Count  int           // of a holder: how often somebody got one, so a request can count more than once
	Waited time.Duration // median they were there, by the clock on the wall; 0: not known
}

// FlowEdge is how many went from one place to another.
type FlowEdge struct {
	From, To string
	Count    int
	Loop     bool // back to where they were before
	Median   time.Duration
}

// Factsheet is the desk's figures over a period against its goals. It has no
// words: pages and files write those in a language.
type Factsheet struct {
	Period   Period
	Scope    Scope
	Made     time.Time
	Plan     int // version of the plan it measures against; 0: none
	Total    int // requests opened in the period
	Goals    []Goal
	Concern  string // metric id of what matters most: a goal that is missed and falls; "" nothing does
	Falling  int    // for how many periods it falls
	Worst    string // the team, product or channel that it is most about: "team:techniek"; "" none stands out
	Flow     Flow   // channel, decision, outcome
	Months   []Bar
	Channels []Row
	Products []Row
	Teams    []Row
	Customer []Row // organisations
	Respond  Percentiles
	Resolve  Percentiles
	Ages     []AgeBand
	All      []Figure // every metric there is
	Cost     Cost
	Stale    time.Duration // how far the figures are behind what happened
}

// Bar is one period of the trend.
type Bar struct {
	Period    Period
	Total     int
	Automatic int
}

// AgeBand is how many open requests are how old, in opening days.
type AgeBand struct {
	From, To int // days; To 0: and more
	Count    int
	Late     int
}

// Cost is what the period cost, in hundredths of the plan's currency.
type Cost struct {
	Known      bool // the plan says what the desk costs
	Total      int64
	PerRequest int64
	PerProduct map[string]int64
	Replaced   int64 // what it would have cost without the desk; 0: not said
}
