package intake

import (
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
)

// teamPlace is the team whose Slack channel a message was written in, in a
// thread; false for anything else.
func (in *Intake) teamPlace(m balie.Message) (balie.Team, bool) {
	if m.ReplyTo.Scheme != balie.Slack || m.Proof != balie.Proven || len(m.Thread) == 0 {
		return balie.Team{}, false
	}
	for _, t := range in.brain().Catalogue.Teams {
		if t.Reach.Scheme == balie.Slack && inPlace(m, t.Reach) {
			return t, true
		}
	}
	return balie.Team{}, false
}

// inPlace reports whether a message was written in a Slack channel. Slack
// proves that: whoever writes there is of the team.
func inPlace(m balie.Message, channel balie.Address) bool {
	return channel.Scheme == balie.Slack && m.ReplyTo.Scheme == balie.Slack && m.Proof == balie.Proven &&
		strings.HasPrefix(m.ReplyTo.Value, channel.Value+"/")
}

// insideTalk keeps what a team says in a thread that is no open hand-out's from
// being answered as a customer's question: a person reads it.
func (t *turn) insideTalk() {
	team, ok := t.in.teamPlace(*t.m)
	if !ok {
		return
	}
	t.post = letters.Post{}
	t.overrule("said by " + team.ID + " in a thread of its own; no hand-out of it is open")
}
