package balie

import (
	"slices"
	"time"
)

// closings are the moves that close a request.
var closings = []What{Confirmed, Lapsed, Unanswered, ClosedAs}

// ClosedAt is when a request was closed, from its events: the last time, and
// not when something was noted on it since. It is the zero time while it is
// open. A close that was taken back and holds again, because what took it back
// was taken back itself, is the same one.
func (r Request) ClosedAt(events []Event) time.Time {
	if r.State != Closed {
		return time.Time{}
	}
	for _, e := range slices.Backward(events) {
		if slices.Contains(closings, e.What) {
			return e.At
		}
	}
	return r.Changed
}

// Forgotten reports whether the customer of a request was erased: nothing that
// it was opened with is left. A request always begins with some words.
func (r Request) Forgotten() bool {
	return r.Customer.IsZero() && r.Subject == "" && r.Preview == ""
}
