package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
)

// join takes in a message of one of the request's own people.
func (in *Intake) join(ctx context.Context, b *batch, a *arrival, r balie.Request, now time.Time) error {
	late, err := in.tooLate(ctx, r, now)
	if err != nil {
		return err
	}
	if late && a.msg.Auto == "" && !isThanks(a.msg.Text, a.msg.From.Name) {
		return in.followUp(ctx, b, a, r, now)
	}
	t := in.begin(b, a, now)
	t.c.Request = r
	a.msg.Request = r.ID
	if a.msg.Language == "" {
		t.reader.Language = r.Language
	}
	switch {
	case a.msg.Auto != "": // moves nothing
		err = t.received("")
	case r.State == balie.Waiting:
		err = t.replied(ctx, in)
	case r.State == balie.AnsweredState || r.State == balie.Closed:
		err = t.cameBack(late)
	default:
		err = t.received("")
	}
	if err != nil {
		return err
	}
	return t.finish(a, balie.LedgerJoined, "")
}

// tooLate reports whether a request is done, and the window in which a reply
// reopens it has passed.
func (in *Intake) tooLate(ctx context.Context, r balie.Request, now time.Time) (bool, error) {
	if r.State != balie.AnsweredState && r.State != balie.Closed {
		return false, nil
	}
	events, err := in.store.Events(ctx, r.ID, 0)
	if err != nil {
		return false, fmt.Errorf("look when request %s was closed: %w", r.Ref, err)
	}
	until := in.brain().Policy.ReopensUntil(r, events, in.o.Calendar, in.o.ReopenDays)
	return !until.IsZero() && now.After(until), nil
}

func (t *turn) received(note string) error {
	e := balie.Event{What: balie.Received, At: t.now, By: "customer", Message: t.m.ID, Data: said(*t.m)}
	if note != "" {
		e.Data["note"] = note
	}
	return t.c.Do(e)
}

// said is what lists show of a customer's message. An automatic one says
// nothing: the customer's own words stay.
func said(m balie.Message) map[string]string {
	if m.Auto != "" {
		return map[string]string{"auto": string(m.Auto)}
	}
	if p := balie.Preview(m.Text); p != "" {
		return map[string]string{"preview": p}
	}
	return map[string]string{}
}

// cameBack is a reply to what was answered or closed: thanks move nothing,
// more than thanks reopens it for a person.
func (t *turn) cameBack(late bool) error {
	if isThanks(t.m.Text, t.m.From.Name) || late {
		return t.received("thanks")
	}
	by := t.in.o.Calendar.Add(t.now, t.in.o.Respond)
	e := balie.Event{What: balie.Reopened, At: t.now, By: "customer", Message: t.m.ID, Next: by, Data: said(*t.m)}
	if err := t.c.Do(e); err != nil {
		return err
	}
	t.c.Enclosed(t.tell(t.in.write.Reopened(t.c.Request, t.reader, by, t.now)))
	return nil
}

// followUp is a reply after the window: a new request, linked to the old one,
// that passes the rules.
func (in *Intake) followUp(ctx context.Context, b *batch, a *arrival, old balie.Request, now time.Time) error {
	a.follows = old.Ref
	defer func() { a.follows = "" }() // decided again, it may be none
	if err := in.open(ctx, b, a, home{}, false, now); err != nil {
		return err
	}
	if a.change.Request.ID.IsZero() {
		return nil
	}
	return a.change.Do(balie.Event{What: balie.Linked, At: now, By: "intake", Message: a.msg.ID,
		Data: map[string]string{"to": old.ID.String(), "ref": old.Ref, "why": "follows up after the time to reopen"}})
}

// replied is the answer to what was asked: fields are read from it and the
// request is decided on again, with the match of the first time.
func (t *turn) replied(ctx context.Context, in *Intake) error {
	asked := t.c.Request.Asked
	if err := t.c.Do(balie.Event{What: balie.Replied, At: t.now, By: "customer", Message: t.m.ID, Data: said(*t.m)}); err != nil {
		return err
	}
	match, first, err := in.lastMatch(ctx, t.c.Request)
	if err != nil {
		return err
	}
	if t.earlier, err = in.wrote(ctx, t.c.Request.ID); err != nil {
		return err
	}
	if offered := offers(asked); len(offered) > 0 {
		id, ok := choice(offered, *t.m, t.brain)
		if !ok {
			t.overrule("the customer chose none of what was offered")
			return t.act()
		}
		match = []balie.Match{{Product: id, Score: 1, Terms: []string{"chosen by the customer"}}}
		if err := t.chose(id, first); err != nil {
			return err
		}
	}
	if p := t.c.Request.Product; p != "" && (len(match) == 0 || match[0].Product != p) {
		match = []balie.Match{{Product: p, Score: 1, Terms: []string{"chosen by the desk"}}}
	}
	return t.again(match)
}

// again decides once more on what is known by now.
func (t *turn) again(match []balie.Match) error {
	r := t.c.Request
	fields := t.decide(Known{
		Request: r, IsKnown: true, Fields: r.Fields, Match: match, NoReply: t.post.Channel == "",
		Customer: t.in.customerFacts(t.b.found.Addresses[t.m.From.Key()]),
	})
	if err := t.fill(fields); err != nil {
		return err
	}
	if t.dec.Deciding().Do == balie.DoDiscard { // never of what a customer was asked
		t.overrule("a reply is not discarded")
	}
	return t.act()
}

// chose notes the product the customer picked and reads the first question's
// fields for it.
func (t *turn) chose(product, first string) error {
	p, ok := t.brain.Catalogue.Product(product)
	if !ok {
		return errors.New("the chosen product is not in the catalogue any more")
	}
	data := map[string]string{"product": p.ID, "kind": string(p.Kind)}
	if err := t.c.Do(balie.Event{What: balie.Edited, At: t.now, By: "customer", Message: t.m.ID, Data: data}); err != nil {
		return err
	}
	if first == "" {
		return nil
	}
	return t.fill(catalogue.ReadFields(p, nil, first, t.reader.Language, t.now))
}

// lastMatch is the match of the latest decision on a request, and the words it
// was made on.
func (in *Intake) lastMatch(ctx context.Context, r balie.Request) ([]balie.Match, string, error) {
	events, err := in.store.Events(ctx, r.ID, 0)
	if err != nil {
		return nil, "", err
	}
	for _, e := range slices.Backward(events) {
		if e.Decision != nil {
			m := e.Decision.Match
			if m == nil {
				m = []balie.Match{}
			}
			return m, e.Decision.Facts.Message.Text, nil
		}
	}
	return []balie.Match{}, "", nil
}

// wrote is what the customer said on a request so far, oldest first: a team
// that gets it reads the question, not only the last answer to ours.
func (in *Intake) wrote(ctx context.Context, request balie.ID) (string, error) {
	all, err := in.store.Messages(ctx, request)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, m := range all {
		if m.Side == balie.CustomerSide && m.Direction == balie.In && m.Auto == "" {
			b.WriteString(m.Text + "\n\n")
		}
	}
	return b.String(), nil
}

// offers are the products that were offered.
func offers(asked []string) []string {
	var out []string
	for _, a := range asked {
		if id, ok := strings.CutPrefix(a, offerPrefix); ok {
			out = append(out, id)
		}
	}
	return out
}

// choice reads which of the offered products a reply means: its number, its
// letter, or its name.
func choice(offered []string, m balie.Message, b *Brain) (string, bool) {
	text := strings.ToLower(strings.TrimSpace(m.Text))
	first, _, _ := strings.Cut(text, "\n")
	for _, w := range strings.FieldsFunc(first, func(r rune) bool { return strings.ContainsRune(" .,:;)(!?", r) }) {
		for i, id := range offered {
			if w == string(rune('1'+i)) || w == string(rune('a'+i)) && len(first) <= 3 {
				return id, true
			}
		}
	}
	found, n := "", 0
	for _, id := range offered {
		p, _ := b.Catalogue.Product(id)
		for _, name := range p.Names {
			if strings.Contains(text, strings.ToLower(name)) {
				found = id
				n++
				break
			}
		}
	}
	return found, n == 1
}

// team takes in the words of whoever has a hand-out. They are on the team's
// side: nothing of them reaches the customer.
func (in *Intake) team(a *arrival, h home, now time.Time) error {
	r := h.request
	a.msg.Request, a.msg.Handout, a.msg.Side = r.ID, h.handout, balie.TeamSide
	a.change = balie.Change{Request: r, Messages: []balie.Message{a.msg}, Blobs: blobs(a.raw), Seen: claims(a)}
	ho, _ := r.Handout(h.handout)
	what, note := balie.TeamSaid, ""
	if a.msg.Auto == "" && ho.Open() {
		what, note = verb(a.msg.Text)
	}
	e := balie.Event{What: what, At: now, By: "team:" + ho.Team, Message: a.msg.ID,
		Data: map[string]string{"handout": h.handout.String()}}
	if note != "" {
		e.Data["reason"] = note
	}
	if what != balie.TeamSaid && what != balie.HandoutAccepted {
		e.Next = in.o.Calendar.Add(now, in.o.Respond)
	}
	if err := a.change.Do(e); err != nil {
		return err
	}
	in.joined(a, "a team's answer", now)
	return nil
}

// verbs are the first words with which a team moves its hand-out by mail.
var verbs = []struct {
	what  balie.What
	words []string
}{
	{balie.HandoutDone, []string{"klaar", "gereed", "opgelost", "done", "fixed", "solved"}},
	{balie.HandoutRefused, []string{"weiger", "geweigerd", "refuse", "refused"}},
	{balie.HandoutAccepted, []string{"aangenomen", "akkoord", "accept", "accepted"}},
}

// verb reads what a team's reply does: its very first word says so; anything
// else is only said. A question to the desk is marked as one.
func verb(text string) (balie.What, string) {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	first = strings.ToLower(strings.Trim(strings.SplitN(first, "\n", 2)[0], ".,:;!*"))
	for _, v := range verbs {
		if slices.Contains(v.words, first) {
			return v.what, clip(strings.TrimSpace(rest), subjectLimit)
		}
	}
	if strings.HasSuffix(strings.TrimSpace(text), "?") {
		return balie.HandoutAsked, ""
	}
	return balie.TeamSaid, ""
}
