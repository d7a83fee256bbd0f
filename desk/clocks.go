package desk

import "github.com/balie/balie/progress"

// Clock, Clocks and ClockKind are those of progress: what a list shows and what
// sets off a timer are the same reckoning.
type (
	Clock     = progress.Clock
	Clocks    = progress.Clocks
	ClockKind = progress.ClockKind
)

// The clocks of a request.
const (
	ResponseClock   = progress.ResponseClock
	UpdateClock     = progress.UpdateClock
	ResolutionClock = progress.ResolutionClock
	HandoutClock    = progress.HandoutClock
)

// Setting is what the promises of a request of an organisation are reckoned
// with; "" is none.
func (d *Desk) Setting(organisation string) progress.Setting {
	return d.lib.Brain().Setting(d.o.Calendar, organisation)
}
