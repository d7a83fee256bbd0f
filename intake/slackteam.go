package intake

import (
	"context"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/store"
)

// A team that is reached in Slack answers where our letter stands: in its
// thread. Slack gives that thread an id of its own, so it is found by the
// receipt of the letter.

// handoutsLimit is how many open hand-outs of one team are looked through for
// the thread of an answer.
const handoutsLimit = 500

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

// slackClue finds the hand-out in whose thread a team wrote.
func (in *Intake) slackClue(ctx context.Context, m balie.Message) (clue, bool, error) {
	t, ok := in.teamPlace(m)
	if !ok {
		return clue{}, false, nil
	}
	for r, err := range in.store.List(ctx, store.Filter{Team: t.ID, Limit: handoutsLimit}) {
		if err != nil {
			return clue{}, false, err
		}
		events, err := in.store.Events(ctx, r.ID, 0)
		if err != nil {
			return clue{}, false, err
		}
		for _, e := range events {
			if e.What != balie.Sent || !threadOf(m, e.Data["receipt"]) {
				continue
			}
			sent, err := in.store.Message(ctx, e.Message)
			if err != nil {
				return clue{}, false, err
			}
			if !sent.Handout.IsZero() {
				return clue{request: r.ID, handout: sent.Handout, token: true, what: "answers in the thread of our letter"}, true, nil
			}
		}
	}
	return clue{}, false, nil
}

// threadOf reports whether a message is in the thread that began with a post.
func threadOf(m balie.Message, ts string) bool {
	for _, id := range m.Thread {
		if ts != "" && strings.HasPrefix(id, "slack:") && strings.HasSuffix(id, ":"+ts) {
			return true
		}
	}
	return false
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
