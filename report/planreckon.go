package report

import (
	"math"
	"slices"
	"time"

	"github.com/balie/balie/internal/hours"
)

// Traffic is what comes in on a mean opening day.
type Traffic struct {
	Measured  bool
	From, To  time.Time // what was measured; To not included
	Days      int       // opening days of those
	PerDay    float64
	Channels  map[string]float64 // requests on an opening day
	Halves    map[int]float64    // weights, by the minute at which a half hour begins; empty: alike
	Automatic float64            // share answered without a person
	Products  map[string]Handled // over all of it
}

// Handled is how many requests there were, and how many of them took a person.
type Handled struct{ Requests, ByPerson int }

// Opening is when a desk is open on a mean opening day.
type Opening struct {
	Days   float64 // opening days a year
	Hours  float64 // on one
	Halves []OpenHalf
}

// OpenHalf is a half hour of the day in which the desk can be open.
type OpenHalf struct {
	Minute int     // at which it begins, after midnight
	Open   float64 // share of the opening days on which it is
}

// OpeningOf reckons the opening hours of the year that begins at from.
func OpeningOf(c hours.Calendar, from time.Time) Opening {
	at := from.In(c.Zone())
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, c.Zone())
	end := day.AddDate(1, 0, 0)
	var weekdays [7]*openDay // each is asked once: all of a weekday are alike but for holidays
	var o Opening
	open := time.Duration(0)
	counts := map[int]int{}
	for ; day.Before(end); day = day.AddDate(0, 0, 1) {
		if c.Holiday(day) != "" {
			continue
		}
		d := weekdays[day.Weekday()]
		if d == nil {
			d = openDayOf(c, day)
			weekdays[day.Weekday()] = d
		}
		if d.open == 0 {
			continue
		}
		o.Days++
		open += d.open
		for _, minute := range d.minutes {
			counts[minute]++
		}
	}
	if o.Days == 0 {
		return o
	}
	o.Hours = open.Hours() / o.Days
	for minute := 0; minute < dayMinutes; minute += halfMinutes {
		if n := counts[minute]; n > 0 {
			o.Halves = append(o.Halves, OpenHalf{minute, float64(n) / o.Days})
		}
	}
	return o
}

// openDay is when a weekday is open.
type openDay struct {
	open    time.Duration
	minutes []int // at which its open half hours begin
}

func openDayOf(c hours.Calendar, day time.Time) *openDay {
	d := &openDay{open: c.Between(day, day.AddDate(0, 0, 1))}
	for minute := 0; minute < dayMinutes; minute += halfMinutes {
		// Its middle says whether it is open, so that a span from 8.15 counts.
		if d.open > 0 && c.IsOpen(time.Date(day.Year(), day.Month(), day.Day(), 0, minute+halfMinutes/2, 0, 0, c.Zone())) {
			d.minutes = append(d.minutes, minute)
		}
	}
	return d
}

// Expected is the traffic that a plan expects.
func (p Plan) Expected() Traffic {
	c := p.Capacities
	t := Traffic{PerDay: c.Expected, Channels: map[string]float64{}, Halves: map[int]float64{}}
	for _, s := range c.From {
		t.Channels[s.Channel] = s.Share * c.Expected
	}
	for _, id := range c.Channels {
		if len(c.From) == 0 {
			t.Channels[id] = c.Expected / float64(len(c.Channels))
		}
	}
	for _, h := range c.Day {
		t.Halves[h.Minute] = h.Weight
	}
	return t
}

// Half is one half hour of a mean opening day.
type Half struct {
	Minute   int
	Open     float64 // share of the opening days on which it is open
	Requests float64
	Calls    float64
	Load     float64       // of calls, in Erlang: how many are spoken with at once
	ForCalls int           // people so that calls are answered in time
	InTime   float64       // share of calls that is, with so many
	Wait     time.Duration // mean, until a call is answered
}

// Reckoning is what a plan needs and costs, with the numbers it follows from.
type Reckoning struct {
	Traffic  Traffic
	Opening  Opening
	ByItself float64 // share answered without a person that was reckoned with
	Source   string  // of ByItself: "measured", "plan", "goal" or "" for none

	Requests  float64 // on an opening day
	Automatic float64
	Calls     float64
	Written   float64 // by a person, and the customer does not wait

	Halves       []Half
	CallHours    float64 // spoken and written up, on an opening day
	WrittenHours float64
	Present      float64 // hours somebody must be there for calls
	Between      float64 // hours of those in which other work gets done
	DeskHours    float64 // that people must be there for requests on an opening day: Present + WrittenHours - Between
	PaidHours    float64 // a week: those, with leave and all
	Needed       float64 // FTE
	Planned      float64 // FTE for requests
	AtOnce       float64 // people who can be there at once in the busiest half hour, as planned
	Peak         int     // people needed at once for calls in the busiest half hour
	PeakMinute   int

	Costs   Costs
	Reasons []Reason
	Missing []string // what the plan does not say and is needed: "expected", "handling", "people", "occupied", "rates", "opening"
}

// Costs are what the desk costs a year, in hundredths.
type Costs struct {
	People, Depreciation, Running, Total int64
	Invested                             int64
	Replaced                             int64   // 0: not said
	Requests                             float64 // a year
	PerRequest                           int64   // 0: not known
	Payback                              float64 // years in which what is invested comes back; 0: it does not, or is not known
}

// Reason is one thing that must hold for a plan to be feasible.
type Reason struct {
	ID    string // "people", "peak", "replaces", "cost"
	Holds bool
	Have  float64
	Need  float64 // at least, or for costs at most
	Unit  Unit
}

// Feasible reports whether everything holds that could be reckoned, and whether
// anything could.
func (r Reckoning) Feasible() (feasible, known bool) {
	for _, x := range r.Reasons {
		known = true
		if !x.Holds {
			return false, true
		}
	}
	return known, known
}

// weeks a year: 365.25 days of which each week has seven.
const weeks = 365.25 / 7

// Reckon says what a plan needs and costs with this traffic and these opening
// hours. It is pure: the same gives the same.
func (p Plan) Reckon(t Traffic, o Opening) Reckoning {
	r := Reckoning{Traffic: t, Opening: o, Requests: t.PerDay}
	c := p.Capacities
	r.ByItself, r.Source = p.byItself(t)
	for _, id := range c.Calls.Channels {
		r.Calls += t.Channels[id]
	}
	r.Calls = min(r.Calls, r.Requests)
	r.Automatic = min(r.Requests*r.ByItself, r.Requests-r.Calls) // a call is answered by somebody
	r.Written = r.Requests - r.Calls - r.Automatic
	r.halves(c.Calls)
	r.CallHours = r.Calls * c.Calls.Handling.Hours()
	r.WrittenHours = r.Written * c.Handling.Hours()
	r.Between = min(r.WrittenHours, max(0, r.Present-r.CallHours)*c.Calls.Between)
	r.DeskHours = r.Present + r.WrittenHours - r.Between
	r.people(c)
	r.Costs = p.costs(r.Requests * o.Days)
	r.missing(p)
	r.judge(p)
	return r
}

// byItself is the share answered without a person: measured, else as the plan
// says, else as its goal does.
func (p Plan) byItself(t Traffic) (float64, string) {
	if t.Measured {
		return t.Automatic, "measured"
	}
	if p.Capacities.ByItself > 0 {
		return p.Capacities.ByItself, "plan"
	}
	if g, ok := p.GoalOf(AutoAnswered); ok {
		return g.Target, "goal"
	}
	return 0, ""
}

// halves spreads a day over its half hours, and finds the people for calls.
// What comes in outside the opening hours is not called in.
func (r *Reckoning) halves(c Calls) {
	weight := func(h OpenHalf) float64 {
		if len(r.Traffic.Halves) == 0 {
			return h.Open
		}
		return r.Traffic.Halves[h.Minute] * h.Open
	}
	total, busiest := 0.0, 0.0
	for _, h := range r.Opening.Halves {
		total += weight(h)
	}
	for _, h := range r.Opening.Halves {
		x := Half{Minute: h.Minute, Open: h.Open, InTime: 1}
		if total > 0 {
			x.Requests, x.Calls = r.Requests*weight(h)/total, r.Calls*weight(h)/total
		}
		if r.Calls > 0 && c.Handling > 0 {
			// On the days that it is open there is more of it than on a mean day.
			x.Load = x.Calls / h.Open * float64(c.Handling) / float64(halfHour)
			x.ForCalls = max(1, PeopleFor(x.Load, c.Handling, c.Within, c.Share)) // whoever may call needs somebody
			x.InTime, x.Wait = Answered(x.ForCalls, x.Load, c.Handling, c.Within)
		}
		r.Present += float64(x.ForCalls) * h.Open * halfHour.Hours()
		if x.ForCalls > r.Peak || x.ForCalls == r.Peak && x.Load > busiest {
			r.Peak, r.PeakMinute, busiest = x.ForCalls, x.Minute, x.Load
		}
		r.Halves = append(r.Halves, x)
	}
}

// people are those needed against those planned.
func (r *Reckoning) people(c Capacities) {
	var fte, paid float64
	for _, s := range c.People {
		fte += s.FTE * s.Share
		paid += s.FTE * s.Share * s.Hours
	}
	r.Planned = fte
	if c.Occupied == 0 || r.Opening.Days == 0 {
		return
	}
	days := r.Opening.Days / weeks // opening days a week
	r.PaidHours = r.DeskHours * days / c.Occupied
	if fte > 0 {
		r.Needed = r.PaidHours / (paid / fte)
	}
	r.AtOnce = fte * c.Occupied // when the roster follows the work
}

// costs are what the plan costs a year with so many requests.
func (p Plan) costs(requests float64) Costs {
	var c Costs
	for _, s := range p.Capacities.People {
		c.People += int64(math.Round(s.FTE * s.Hours * weeks * float64(s.Rate)))
	}
	for _, v := range p.Finances.Investments {
		c.Invested += v.Amount
		if v.Years > 0 {
			c.Depreciation += int64(math.Round(float64(v.Amount) / v.Years))
		}
	}
	for _, v := range p.Finances.Running {
		c.Running += v.Amount
	}
	for _, v := range p.Finances.Replaces {
		c.Replaced += v.Amount
	}
	c.Total = c.People + c.Depreciation + c.Running
	c.Requests = requests
	if requests > 0 {
		c.PerRequest = int64(math.Round(float64(c.Total) / requests))
	}
	if saved := c.Replaced - c.Total + c.Depreciation; c.Replaced > 0 && saved > 0 {
		c.Payback = float64(c.Invested) / float64(saved)
	}
	return c
}

// missing names what the plan does not say.
func (r *Reckoning) missing(p Plan) {
	c := p.Capacities
	for _, x := range []struct {
		id      string
		missing bool
	}{
		{"expected", r.Requests == 0}, {"opening", r.Opening.Days == 0}, {"handling", c.Handling == 0 && r.Written > 0},
		{"occupied", c.Occupied == 0}, {"people", r.Planned == 0},
		{"rates", slices.ContainsFunc(c.People, func(s Staff) bool { return s.Rate == 0 && s.FTE > 0 })},
	} {
		if x.missing {
			r.Missing = append(r.Missing, x.id)
		}
	}
}

// judge holds what is planned against what is needed.
func (r *Reckoning) judge(p Plan) {
	// A few hours a week more or less is within what a reckoning can say.
	const near = 0.02
	known := func(ids ...string) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(r.Missing, id) })
	}
	if known("expected", "opening", "handling", "occupied", "people") {
		r.Reasons = append(r.Reasons, Reason{"people", r.Planned >= r.Needed*(1-near), r.Planned, r.Needed, Count})
		if r.Peak > 0 {
			r.Reasons = append(r.Reasons, Reason{"peak", r.AtOnce >= float64(r.Peak)*(1-near), r.AtOnce, float64(r.Peak), Count})
		}
	}
	if !known("people", "rates") {
		return
	}
	if r.Costs.Replaced > 0 {
		r.Reasons = append(r.Reasons, Reason{"replaces", r.Costs.Total <= r.Costs.Replaced, float64(r.Costs.Total), float64(r.Costs.Replaced), Money})
	}
	if g, ok := p.GoalOf(CostPerRequest); ok && r.Costs.PerRequest > 0 {
		r.Reasons = append(r.Reasons, Reason{"cost", g.Reached(float64(r.Costs.PerRequest)), float64(r.Costs.PerRequest), g.Target, Money})
	}
}
