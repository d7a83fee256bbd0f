// Package simulate is in charge of a believable year of a desk: invented
// customers, agents and teams on the real intake, matching, rules, desk,
// promises and reports, with a clock of its own.
//
// Guarantees:
//  1. The same Options give the same figures: chance is drawn per concern and
//     per errand from the seed, one goroutine decides what happens when, and
//     nothing depends on an id.
//  2. Everything that is counted happened to real parts: messages come in as
//     channels hand them in, acts are the desk's own, letters are those that
//     would have gone out. Only senders keep them in memory.
//  3. Another staffing has the same customers with the same questions, so that
//     two runs can be compared.
//
// Nothing goes to the network.
package simulate

import (
	"time"
)

// Options of a run; zero values are the defaults.
type Options struct {
	Dir    string    // of the store; new or empty
	Year   int       // 2026
	From   time.Time // the first moment; zero: the year's
	Until  time.Time // where it ends; zero: with the year
	Seed   uint64
	PerDay float64 // requests on an opening day, in the mean of the year; 95
	Desk   Staffing
	// Day is called at the beginning of each simulated day; nil: nobody is.
	Day func(day time.Time)
}

// Staffing is what of a desk can be otherwise while its customers stay the
// same.
type Staffing struct {
	Agents    int     // 4 when 0
	Targets   float64 // how long promises are, as a share of those of the sample; 1 when 0
	Teams     float64 // how long teams take, as a share of what they took; 1 when 0
	ByHand    bool    // nothing is answered without a person
	Inform    bool    // customers hear by themselves how it stands, and when it takes longer
	NoReminds bool    // teams are reminded of nothing
}

const (
	defaultYear   = 2026
	defaultPerDay = 95
	defaultAgents = 4
	zoneName      = "Europe/Amsterdam"
)

func (o Options) complete(zone *time.Location) Options {
	if o.Year == 0 {
		o.Year = defaultYear
	}
	if o.From.IsZero() {
		o.From = time.Date(o.Year, 1, 1, 0, 0, 0, 0, zone)
	}
	if o.Until.IsZero() {
		o.Until = time.Date(o.Year+1, 1, 1, 0, 0, 0, 0, zone)
	}
	if o.PerDay == 0 {
		o.PerDay = defaultPerDay
	}
	o.Desk = o.Desk.complete()
	return o
}

func (s Staffing) complete() Staffing {
	if s.Agents == 0 {
		s.Agents = defaultAgents
	}
	if s.Targets == 0 {
		s.Targets = 1
	}
	if s.Teams == 0 {
		s.Teams = 1
	}
	return s
}
