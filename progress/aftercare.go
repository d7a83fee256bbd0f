package progress

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Candidate is a customer who may be asked how it went.
type Candidate struct {
	Request balie.Request
	Person  balie.Person
	// To is where letters by themselves may go for this request: the zero
	// Address when nowhere, because the sender is a machine, wants no reply, was
	// not who they said, failed, or has had enough letters for today (S4).
	To    balie.Address
	Asked time.Time // when the person was last asked; zero: never, or so long ago that nobody knows
}

// Asked decides whether somebody is asked how it went, and says why not. It is
// a function of what it is given: whoever looks again, or on another machine,
// comes to the same. Who is in the sample hangs on the customer's address and
// the moment the request was opened, not on ids that are drawn anew.
func (a Aftercare) Asked(c Candidate, now time.Time) (ok bool, why string) {
	r := c.Request
	switch {
	case a.Sample <= 0:
		return false, "nobody is asked"
	case r.State != balie.AnsweredState && (r.State != balie.Closed || r.Outcome != balie.Solved):
		return false, "it is not solved"
	case r.Score != 0:
		return false, "a score was given already"
	case r.Customer.IsZero() || c.Person.ID != r.Customer:
		return false, "nobody is known to have asked"
	case c.Person.NoSurveys:
		return false, "the customer wants no surveys"
	case c.To.Scheme != balie.Mail && c.To.Scheme != balie.Slack:
		return false, "the customer may not be written to by itself"
	case slices.Contains(a.NotFor, r.Kind):
		return false, "not for a " + string(r.Kind)
	case len(a.Channel) > 0 && !slices.Contains(a.Channel, r.Channel):
		return false, "not on the channel " + r.Channel
	case a.Every > 0 && !c.Asked.IsZero() && now.Before(c.Asked.AddDate(0, 0, a.Every)):
		return false, "asked less than " + strconv.Itoa(a.Every) + " days ago"
	case sampled(c) >= a.Sample:
		return false, "not in the sample"
	}
	return true, ""
}

// sampled is where in the sample, from 0 to 1, a request of a customer falls.
func sampled(c Candidate) float64 {
	who := c.Person.ID.String()
	if len(c.Person.Addresses) > 0 {
		who = c.Person.Addresses[0].Key()
	}
	sum := sha256.Sum256([]byte(who + "\x00" + c.Request.Opened.UTC().Format(time.RFC3339Nano)))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

// SurveyKeys are the Seen keys that keep a person from being asked too often.
// The first is to be claimed with the letter: of two at the same moment one
// comes through. All of them are to be looked up before, for LastAsked.
func (a Aftercare) SurveyKeys(person balie.ID, now time.Time) []string {
	days := int64(max(a.Every, 1))
	window := now.Unix() / (days * 24 * 60 * 60)
	key := func(n int64) string {
		return "survey:" + person.String() + ":" + strconv.FormatInt(days, 10) + "." + strconv.FormatInt(n, 10)
	}
	return []string{key(window), key(window - 1)}
}

// LastAsked is when a person was last asked, from the claims of SurveyKeys; the
// message that made one names its moment.
func LastAsked(seen map[string]store.Claim, keys []string) time.Time {
	var last time.Time
	for _, k := range keys {
		if c, ok := seen[k]; ok && c.Message.Time().After(last) {
			last = c.Message.Time()
		}
	}
	return last
}

// Ratable reports whether a request can be rated at a moment, and until when:
// the desk asks at all, and it is solved and not too long ago. What was solved,
// reopened and solved again can be rated again.
func (a Aftercare) Ratable(r balie.Request, now time.Time) (until time.Time, ok bool) {
	if a.Sample <= 0 && a.Holds <= 0 || r.Forgotten() || r.Solved.IsZero() || r.State != balie.AnsweredState && (r.State != balie.Closed || r.Outcome != balie.Solved) {
		return time.Time{}, false
	}
	until = r.Solved.AddDate(0, 0, a.Days())
	return until, now.Before(until)
}

// holdsDays is how long a score can be given when the policy does not say.
const holdsDays = 30

// Days is how many calendar days a score can be given.
func (a Aftercare) Days() int {
	if a.Holds > 0 {
		return a.Holds
	}
	return holdsDays
}
