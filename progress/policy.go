package progress

import (
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
)

// Policy is what a desk promises and how it keeps to it: the document of kind
// "progress". Durations are opening time, days are opening days, unless said
// otherwise. The zero Policy promises only what products promise.
type Policy struct {
	Version       int
	Targets       []Target // the first that fits says what it says; the rest comes from the product, then from Default
	Default       Promise
	Interventions *router.Interventions // nil: none
	Inform        Inform
	Remind        Remind
	Closing       Closing
	Aftercare     Aftercare
	Signals       Signals

	source []byte
}

// Source is the document it was read from; nil for the zero one.
func (p *Policy) Source() []byte {
	if p == nil {
		return nil
	}
	return slices.Clone(p.source)
}

// Promise is what a customer may count on. Zero: nothing is promised.
type Promise struct {
	Respond  time.Duration // until the first word of a person or an answer
	Update   time.Duration // at most between two words
	Resolve  time.Duration // until the answer
	Calendar string        // of the catalogue; "": the product's, or the desk's
}

// Target is a Promise for some requests. An empty list fits all.
type Target struct {
	ID string
	Promise
	Products, Groups        []string
	Kinds                   []balie.Kind
	Priorities              []int
	Organisations, Segments []string
	KeyAccount              bool // only for key accounts
}

// fits reports whether a target is for a request.
func (t Target) fits(r balie.Request, p balie.Product, o balie.Organisation) bool {
	has := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return has(t.Products, r.Product) && has(t.Groups, p.Group) && has(t.Organisations, o.ID) && has(t.Segments, o.Segment) &&
		(len(t.Kinds) == 0 || slices.Contains(t.Kinds, r.Kind)) &&
		(len(t.Priorities) == 0 || slices.Contains(t.Priorities, r.Priority)) && (!t.KeyAccount || o.KeyAccount)
}

// Inform is when the customer hears something by itself.
type Inform struct {
	Delay  bool          // before a promise breaks, that it will take longer
	At     float64       // share of the promise at which that is, 0.75 when 0
	Silent bool          // after Promise.Update without a word: we are still on it
	Quiet  string        // calendar outside of which nothing goes out by itself but what is urgent; "": the desk's
	PerDay int           // at most so many letters by itself for a request on one day
	Gap    time.Duration // and so long (by the clock on the wall) between two
}

// Remind is how teams are kept to what they have.
type Remind struct {
	Before  float64       // share of a hand-out's time at which its team is reminded; 0: not
	Overdue time.Duration // then again so long after it was due, and every so long after that
	Most    int           // reminders for one hand-out at most
	Silent  time.Duration // ask for a status when a team said nothing for so long
	Digest  string        // when a team gets its day's list, "08:30" by its own clock; "": never
	Passed  int           // how often a request may go from one to another before somebody looks; 0: as often as it likes
}

// Bounds of reminding: nobody is written to without end.
const (
	minOverdue    = 15 * time.Minute
	mostReminders = 10
)

// Closing is how a request ends.
type Closing struct {
	Waiting []int // opening days after which a customer is reminded of what was asked; the last one closes
	Solved  int   // opening days after an answer, without a word, until it is closed
	Reopen  int   // opening days in which a reply opens it again
}

// Aftercare asks whether it was solved.
type Aftercare struct {
	Sample  float64 // share of the solved requests that is asked, 0 to 1
	Every   int     // calendar days in which a person is asked once at most
	Bad     int     // a score of this or less is a task
	Holds   int     // calendar days in which a score can be given
	NotFor  []balie.Kind
	Channel []string // on which it is asked; empty: all on which we can write
}

// Signals are the products, places and customers with more trouble than their
// own history explains.
type Signals struct {
	Days    int     // calendar days that are looked at
	History int     // calendar days before those that they are compared with
	Least   int     // requests in Days below which nothing is said
	Surely  float64 // how sure it must be that this is no chance, 0.99 when 0
}
