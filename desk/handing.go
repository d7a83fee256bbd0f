package desk

import (
	"time"

	"github.com/balie/balie"
)

// HandoutDraft is a hand-out before it goes out, as balie would write it.
type HandoutDraft struct {
	Team     balie.Team
	Reach    string // "mail", "slack", "hook", or "" when it looks in its queue
	Summary  Summary
	Due      time.Time // the team's: the promise less a margin
	Promise  time.Time // the customer's
	Language string
	Missing  []balie.Field // needs Why while there are any
	Seen     uint64
}
