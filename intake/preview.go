package intake

import (
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// Preview decides on a first message of somebody who never wrote before, as
// Receive would, and keeps nothing. What only a store knows is left out: who
// writes, their open requests, and how many letters they had today.
func Preview(b *Brain, m balie.Message, calendar hours.Calendar, language string, now time.Time) (balie.Decision, map[string]string) {
	k := Known{Calendar: calendar, Language: language}
	if o, ok := organisation(b.Organisations, m.From.Domain()); ok {
		k.Customer = balie.CustomerFacts{Organisation: o.ID, KeyAccount: o.KeyAccount, Segment: o.Segment, Manager: o.AccountManager}
	}
	k.NoReply = ReplyAddress(m).Channel() == "" || m.Auto != "" || m.NoReply != "" || m.Proof == balie.Failed
	return Decide(b, m, k, now)
}
