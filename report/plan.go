package report

import "time"

// Plan is how the desk was designed: the document of kind "plan". Money is in
// hundredths of Currency.
type Plan struct {
	Version    int
	Currency   string // ISO 4217
	Ambition   Ambition
	Goals      []PlanGoal
	Capacities Capacities
	Finances   Finances
	Approvals  []Approval
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

// PlanGoal is one goal and the metric it is measured by.
type PlanGoal struct {
	ID     string
	Theme  Theme
	Names  map[string]string
	Metric string // an id of Metrics; "" or another: it cannot be measured, and that is shown
	Target float64
	AtMost bool
	Scope  Scope
	Except []string // products that are not counted
	Span   Span     // over which it holds
	Owner  string
}

// Capacities are what the desk needs to reach its goals.
type Capacities struct {
	People   []Staff
	Channels []string
	Calendar string
	Expected float64       // requests on an opening day; 0: what is measured
	Handling time.Duration // work of an agent on a request that is not answered by itself
	Occupied float64       // share of paid time that is there for requests
}

// Staff is people of one kind.
type Staff struct {
	ID    string
	Names map[string]string
	FTE   float64
	Hours float64 // a week for one FTE
	Rate  int64   // an hour
}

// Finances are what the desk costs, and what it replaces.
type Finances struct {
	Investments []Investment
	Running     []Amount // a year
	Replaces    []Amount // a year: what goes when the desk is there
}

// Investment is bought once and written off.
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
	By, Role string
	On       time.Time
	Version  int
	Note     string
}
