package intake

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// home is where a message belongs, and how sure that is.
type home struct {
	request balie.Request
	handout balie.ID // set when it answers a team's letter
	sure    bool     // it may join; otherwise a person decides
	why     string   // the reasons, for that person
}

// clue is one way in which a message points at a request.
type clue struct {
	request balie.ID
	handout balie.ID
	token   bool // our own signed token, or a page that only its owner can open
	what    string
}

// find looks where a message belongs. A clue says which request; whether the
// message may join it depends on who wrote (S2): with our token and a known,
// not failed sender; without it only when the sender is proven.
func (in *Intake) find(ctx context.Context, b *batch, m balie.Message) (home, bool, error) {
	c, ok, err := in.clue(ctx, b, m)
	if err != nil || !ok {
		return home{}, false, err
	}
	r, err := in.request(ctx, b, c.request)
	if errors.Is(err, balie.ErrNotFound) {
		return home{}, false, nil
	}
	if err != nil {
		return home{}, false, err
	}
	if c.handout.IsZero() {
		if r, err = in.survivor(ctx, b, r); err != nil {
			return home{}, false, err
		}
	}
	h := home{request: r, handout: c.handout, why: c.what}
	if !c.handout.IsZero() {
		h.sure = teamWrote(r, c, m)
	} else {
		h.sure = customerWrote(r, c, m, in.who(b, m))
	}
	if !h.sure {
		h.why += doubt(m)
	}
	return h, true, nil
}

// hops bounds how many merges in a row are followed.
const hops = 5

// survivor is the request that a duplicate was merged into, or the request
// itself: who answers a letter of the one is heard at the other.
func (in *Intake) survivor(ctx context.Context, b *batch, r balie.Request) (balie.Request, error) {
	for range hops {
		if r.Outcome != balie.Duplicate || r.Of.IsZero() {
			break
		}
		into, err := in.request(ctx, b, r.Of)
		if errors.Is(err, balie.ErrNotFound) {
			break
		}
		if err != nil {
			return r, err
		}
		r = into
	}
	return r, nil
}

// clue follows, in this order: the page it was written on, our tokens in
// References (newest first), ids of messages we know, the thread of a team's
// letter in Slack, the number in the subject.
func (in *Intake) clue(ctx context.Context, b *batch, m balie.Message) (clue, bool, error) {
	if id, err := balie.ParseID(m.Fields["request"]); err == nil && !id.IsZero() && m.Proof == balie.Proven {
		return clue{request: id, token: true, what: "written on its own page"}, true, nil
	}
	for _, id := range m.Thread {
		c, ok, err := in.tokenClue(ctx, b, id)
		if ok || err != nil {
			return c, ok, err
		}
	}
	for _, id := range m.Thread {
		if claim, ok := b.found.Seen[keyMsgID(id)]; ok && !claim.Request.IsZero() {
			return in.knownClue(ctx, claim, m)
		}
	}
	if ref, ok := subjectRef(m.Subject); ok {
		if id, ok := b.found.Refs[ref]; ok {
			return clue{request: id, what: "names number " + ref}, true, nil
		}
	}
	return clue{}, false, nil
}

// tokenClue reads a Message-ID of ours. One with a wrong signature is no clue
// at all: it was made up.
func (in *Intake) tokenClue(ctx context.Context, b *batch, id string) (clue, bool, error) {
	mid, _, ok := in.tokens.ParseMessageID(id)
	if !ok {
		return clue{}, false, nil
	}
	sent, err := in.store.Message(ctx, mid)
	if errors.Is(err, balie.ErrNotFound) {
		return clue{}, false, nil
	}
	if err != nil {
		return clue{}, false, err
	}
	return clue{request: sent.Request, handout: sent.Handout, token: true, what: "answers our letter"}, true, nil
}

// knownClue is a message we know by its channel's own id. When it is a letter
// of ours, the channel itself proves the reply: nobody else can write there.
func (in *Intake) knownClue(ctx context.Context, claim store.Claim, m balie.Message) (clue, bool, error) {
	c := clue{request: claim.Request, what: "answers an earlier message"}
	sent, err := in.store.Message(ctx, claim.Message)
	if errors.Is(err, balie.ErrNotFound) {
		return c, true, nil
	}
	if err != nil {
		return c, false, err
	}
	if sent.Direction == balie.Out && sent.Channel == m.Channel && m.Proof == balie.Proven {
		c.handout, c.token, c.what = sent.Handout, true, "answers in the thread of our letter"
	}
	return c, true, nil
}

// who is the person a message's address belongs to; the zero Person when none.
func (in *Intake) who(b *batch, m balie.Message) balie.Person {
	return b.found.Addresses[m.From.Key()]
}

func customerWrote(r balie.Request, c clue, m balie.Message, p balie.Person) bool {
	if m.Fields["request"] != "" && c.token {
		return true // the page's secret link is the proof
	}
	if !r.IsParticipant(p.ID) {
		return false
	}
	if c.token {
		return m.Proof != balie.Failed
	}
	return m.Proof == balie.Proven
}

// teamWrote: whoever got the hand-out answers its letter from the address it
// went to, or in the Slack channel it went to.
func teamWrote(r balie.Request, c clue, m balie.Message) bool {
	h, ok := r.Handout(c.handout)
	return ok && c.token && m.Proof != balie.Failed && (h.To.Key() == m.From.Key() || inPlace(m, h.To))
}

func doubt(m balie.Message) string {
	switch m.Proof {
	case balie.Failed:
		return "; the sender's address is forged"
	case balie.Proven:
		return "; the sender is not one of its people"
	}
	return "; the sender is not proven to be one of its people"
}

// refPattern is a reference in a subject as our own letters write it.
var refPattern = regexp.MustCompile(`\[#?([0-9A-Za-z]{4,16}-[0-9A-Za-z])\]`)

func subjectRef(subject string) (string, bool) {
	m := refPattern.FindStringSubmatch(subject)
	if m == nil {
		return "", false
	}
	return balie.ParseRef(m[1])
}

// repeatable is a sender's subject as a letter of ours may carry it: without a
// reference in it, because a new request may come of a reply to another's; none
// at all when it is damaged and reads as noise.
func repeatable(subject string) string {
	if strings.Contains(subject, "=?") {
		return ""
	}
	return strings.Join(strings.Fields(refPattern.ReplaceAllString(subject, " ")), " ")
}

// thanksWords are the words of which a mere thank-you consists, in the
// languages of the desk. "Thanks, but it still leaks" has others too.
var thanksWords = strings.Fields(`
	bedankt dank je jullie u wel hartelijk heel erg veel super top fijn prima mooi ok oke oké goed prettig werkt weer
	opgelost gelukt het is voor de snelle hulp reactie antwoord dankjewel dankuwel thanks thx thank you very much so
	for your the quick help reply answer great perfect nice solved works now it cheers groet groeten groetjes mvg gr
	met vriendelijke kind regards best`)

// thanksLimit is how many words a thank-you has at most, name included.
const thanksLimit = 14

// isThanks reports whether a reply says no more than thank you; name is the
// sender's, with which they may sign.
func isThanks(text, name string) bool {
	words, own := wordsOf(text), wordsOf(name)
	if len(words) == 0 || len(words) > thanksLimit || strings.ContainsAny(text, "?") {
		return false
	}
	said, strange := false, 0
	for _, w := range words {
		switch {
		case strings.HasPrefix(w, "bedankt"), strings.HasPrefix(w, "dank"), strings.HasPrefix(w, "thank"), w == "thx", w == "top", w == "opgelost", w == "solved", w == "super":
			said = true
		case !slices.Contains(thanksWords, w) && !slices.Contains(own, w):
			strange++
		}
	}
	return said && strange <= 1 // one unknown word: another name under it
}

// wordsOf are the words of a text in small letters.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r > 127) })
}
