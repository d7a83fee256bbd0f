package report

import (
	"math"
	"time"
)

// mostAgents bounds the search for people.
const mostAgents = 10_000

// ErlangC is the chance that somebody must wait, with so many people and so
// much load in Erlang, when calls come at random and queue without end (the
// M/M/c queue; A. K. Erlang, 1917). With no more people than load everybody
// waits.
func ErlangC(people int, load float64) float64 {
	n := float64(people)
	switch {
	case load <= 0:
		return 0
	case n <= load:
		return 1
	}
	// Erlang B by its recursion, which stays within bounds where factorials
	// would not; Erlang C follows from it.
	b := 1.0
	for k := 1.0; k <= n; k++ {
		b = load * b / (k + load*b)
	}
	return n * b / (n - load*(1-b))
}

// Answered is the share of calls answered within a time, and the mean wait.
func Answered(people int, load float64, handling, within time.Duration) (share float64, wait time.Duration) {
	free := float64(people) - load
	switch {
	case load <= 0:
		return 1, 0
	case free <= 0:
		return 0, math.MaxInt64
	}
	c := ErlangC(people, load)
	share = 1 - c*math.Exp(-free*float64(within)/float64(handling))
	return share, time.Duration(c * float64(handling) / free)
}

// PeopleFor is the smallest number of people with whom a share of the calls is
// answered within a time.
func PeopleFor(load float64, handling, within time.Duration, share float64) int {
	if load <= 0 || handling <= 0 {
		return 0
	}
	for people := int(load) + 1; people < mostAgents; people++ {
		if got, _ := Answered(people, load, handling, within); got >= share {
			return people
		}
	}
	return mostAgents
}
