package report

import (
	"slices"
	"time"
)

// Plan is how the desk was designed: the document of kind "plan". Money is in
// hundredths of Currency. The zero Plan is of a desk that has none yet.
type Plan struct {
	Version    int
	Names      map[string]string // of the desk that is planned
	Currency   string            // ISO 4217
	Ambition   Ambition
	Goals      []PlanGoal
	Capacities Capacities
	Finances   Finances
	Approvals  []Approval // newest last; not in the document, they are of its versions
}

// Ambition is why the desk is there; every text by language.
type Ambition struct {
	Mission, Parent, Strengths, Purpose, Principals, Customers, Skills, Capacities map[string]string
}

// Theme is what a goal is for.
type Theme string

// The themes.
const (
	Quality       Theme = "quality"
	Efficiency    Theme = "efficiency"
	Effectiveness Theme = "effectiveness"
)

// Themes are all themes, in the order in which they are shown.
var Themes = []Theme{Quality, Efficiency, Effectiveness}

// PlanGoal is one goal and the metric it is measured by.
type PlanGoal struct {
	ID     string
	Theme  Theme
	Names  map[string]string
	Why    map[string]string // how it follows from the mission; may be empty
	Metric string            // an id of Metrics; "": it cannot be measured, and that is shown
	Target float64           // in the metric's unit
	AtMost bool
	Scope  Scope
	Except []string // products that are not counted
	Span   Span     // over which it holds
	Owner  string
}

// Measured reports whether there is a metric for the goal.
func (g PlanGoal) Measured() bool {
	_, ok := MetricOf(g.Metric)
	return ok
}

// Reached reports whether a value is good enough.
func (g PlanGoal) Reached(v float64) bool {
	if g.AtMost {
		return v <= g.Target
	}
	return v >= g.Target
}

// Capacities are what the desk needs to reach its goals.
type Capacities struct {
	People   []Staff
	Channels []string
	Calendar string
	Expected float64        // requests on an opening day; 0: what is measured
	From     []ChannelShare // of what is expected, by channel; empty: alike
	Day      []HalfShare    // of what is expected, by half hour; empty: alike over the opening hours
	ByItself float64        // share answered without a person; 0: measured, else the goal for it
	Handling time.Duration  // work of an agent on a request that is not answered by itself
	Calls    Calls
	Occupied float64 // share of paid time that is there for requests
}

// Calls are contacts in which the customer waits: each needs somebody free.
type Calls struct {
	Channels []string
	Handling time.Duration // of the conversation and what is written after it
	Within   time.Duration // they are to be answered
	Share    float64       // of them, that is
	Between  float64       // share of the time between calls in which other work gets done
}

// ChannelShare is a part of what is expected.
type ChannelShare struct {
	Channel string
	Share   float64
}

// HalfShare is the weight of a half hour of the day.
type HalfShare struct {
	Minute int // at which it begins, after midnight
	Weight float64
}

// Staff is people of one kind.
type Staff struct {
	ID    string
	Names map[string]string
	FTE   float64
	Hours float64 // a week for one FTE
	Rate  int64   // what a paid hour costs
	Share float64 // of their time that is for requests; 1 is all
}

// Finances are what the desk costs, and what it replaces.
type Finances struct {
	Investments []Investment
	Running     []Amount // a year
	Replaces    []Amount // a year: what goes when the desk is there
}

// Investment is bought once and written off in equal parts.
type Investment struct {
	Names  map[string]string
	Amount int64
	Years  float64
}

// Amount is money a year.
type Amount struct {
	Names  map[string]string
	Amount int64
}

// Approval is who agreed, when, with which version.
type Approval struct {
	By      string    `json:"by"`
	Role    string    `json:"role"`
	On      time.Time `json:"on"`
	Version int       `json:"version"`
	Note    string    `json:"note,omitempty"`
}

// Approved is the approval of the version in force. A change makes a version
// that nobody approved yet.
func (p Plan) Approved() (Approval, bool) {
	for _, a := range slices.Backward(p.Approvals) {
		if a.Version == p.Version {
			return a, true
		}
	}
	return Approval{}, false
}

// GoalOf is the goal that is set for a metric of the whole desk.
func (p Plan) GoalOf(metric string) (PlanGoal, bool) {
	i := slices.IndexFunc(p.Goals, func(g PlanGoal) bool { return g.Metric == metric && g.Scope == Scope{} })
	if i < 0 {
		return PlanGoal{}, false
	}
	return p.Goals[i], true
}

// Unmeasured are the goals that no metric measures.
func (p Plan) Unmeasured() []PlanGoal {
	var out []PlanGoal
	for _, g := range p.Goals {
		if !g.Measured() {
			out = append(out, g)
		}
	}
	return out
}

// Unaimed are the metrics that nobody set a goal for.
func (p Plan) Unaimed() []Metric {
	var out []Metric
	for _, m := range metrics {
		if !slices.ContainsFunc(p.Goals, func(g PlanGoal) bool { return g.Metric == m.ID }) {
			out = append(out, m)
		}
	}
	return out
}

// Empty reports whether there is no plan yet.
func (p Plan) Empty() bool { return p.Version == 0 && len(p.Goals) == 0 }
