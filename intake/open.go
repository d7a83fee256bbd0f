package intake

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
)

// turn is one message being decided on and acted on: what it knows, and the
// Change it writes.
type turn struct {
	in      *Intake
	b       *batch
	c       *balie.Change
	m       *balie.Message
	raw     balie.Raw
	id      balie.ID // of the request it may open
	brain   *Brain
	now     time.Time
	post    letters.Post   // where letters to the customer go; Channel "" when none may
	reader  letters.Reader // how to address them
	dec     balie.Decision
	earlier string // what the customer wrote on the request before this message
}

// begin starts the turn of an arrival, with the way back to whoever wrote.
func (in *Intake) begin(b *batch, a *arrival, now time.Time) *turn {
	t := &turn{in: in, b: b, c: &a.change, m: &a.msg, raw: a.raw, id: a.id, brain: in.brain(), now: now}
	a.change = balie.Change{Blobs: blobs(a.raw)}
	t.reader.Language = a.msg.Language
	if t.reader.Language == "" {
		t.reader.Language = in.o.Language
	}
	// What an unproven sender typed is not repeated to the address they gave.
	if a.msg.Proof == balie.Proven {
		t.reader.Name, t.reader.Subject = a.msg.From.Name, repeatable(a.msg.Subject)
	}
	t.reader.Follows = a.follows
	t.post = t.wayBack()
	return t
}

// wayBack says where automatic letters go, or why there is none: RFC 3834
// section 2, the day's cap, a sender that failed.
func (t *turn) wayBack() letters.Post {
	m := t.m
	to := ReplyAddress(*m)
	ch := to.Channel()
	if ch == "" || m.Auto != "" || m.NoReply != "" || m.Proof == balie.Failed || t.in.freeCap(t.b, to, t.now) == "" {
		return letters.Post{}
	}
	thread := m.Thread
	if m.MsgID != "" {
		thread = append([]string{m.MsgID}, m.Thread...)
	}
	return letters.Post{Side: balie.CustomerSide, Channel: ch, Account: m.Account, To: to, Thread: thread, Auto: true}
}

// open makes a new request of a message, or holds it back when the rules say
// that nobody needs to act.
func (in *Intake) open(ctx context.Context, b *batch, a *arrival, h home, near bool, now time.Time) error {
	t := in.begin(b, a, now)
	p, isNew := in.person(b, a.msg, now)
	var others []balie.Request
	var err error
	if !isNew && !p.ID.IsZero() {
		if others, err = in.openRequests(ctx, p); err != nil {
			return fmt.Errorf("look for open requests of the same person: %w", err)
		}
	}
	fields := t.decide(Known{
		Person: p, IsKnown: !isNew && !p.ID.IsZero(), Customer: in.customerFacts(p), OpenCases: len(others),
		NoReply: t.post.Channel == "", words: a.words,
	})
	if d := t.dec.Deciding(); d.Do == balie.DoDiscard {
		in.hold(a, reason(d, t.dec), now)
		return nil
	}
	if near { // it points at a request it may not join: a person decides
		t.overrule("may belong to " + h.request.Ref + ": " + h.why)
	}
	t.insideTalk()
	if s := a.msg.Fields["suspect"]; s != "" { // looks like a machine; a person decides, nothing is lost
		t.overrule("may be written by a machine: " + s)
		t.dec.Do = append(t.dec.Do, balie.Action{Do: balie.DoTag, Value: "suspect"})
	}
	if err := t.opened(p, fields); err != nil {
		return err
	}
	if isNew {
		p.Language = t.c.Request.Language
		t.c.People = append(t.c.People, p)
	}
	if err := t.relate(h, near, others); err != nil {
		return err
	}
	act := t.act
	if a.raw.Format == "call" && a.msg.Fields["outcome"] == "solved" {
		act = t.solvedAtOnce
	}
	if err := act(); err != nil {
		return err
	}
	return t.finish(a, balie.LedgerTaken, "")
}

// solvedAtOnce registers a call that the agent solved while it lasted: both
// moves in one Change, and no letter about what was just said.
func (t *turn) solvedAtOnce() error {
	by := "agent:" + t.m.Fields["agent"]
	for _, what := range []balie.What{balie.Answered, balie.Confirmed} {
		e := balie.Event{What: what, At: t.now, By: by, Message: t.m.ID, Data: map[string]string{"how": "phone"}}
		if what == balie.Answered {
			e.Decision = &t.dec
		}
		if err := t.c.Do(e); err != nil {
			return err
		}
	}
	return nil
}

// decide runs match and rules; a fault in them is a decision too: the desk.
func (t *turn) decide(k Known) (fields map[string]string) {
	began := time.Now()
	k.Calendar, k.Language = t.in.o.Calendar, t.in.o.Language
	defer func() {
		if p := recover(); p != nil {
			t.in.log.Error("deciding failed", "key", t.raw.Key, "panic", fmt.Sprint(p))
			t.dec = balie.Decision{Do: []balie.Action{{Do: balie.DoDesk, Reason: "deciding failed"}}, Reason: "deciding failed"}
		}
		t.in.meter.Decided(string(t.dec.Deciding().Do), time.Since(began))
	}()
	t.dec, fields = Decide(t.brain, *t.m, k, t.now)
	return fields
}

// overrule sends the message to the desk, whatever the rules said.
func (t *turn) overrule(why string) {
	var keep []balie.Action
	for _, a := range t.dec.Do {
		if !a.Do.Decides() {
			keep = append(keep, a)
		}
	}
	t.dec.Do = append(keep, balie.Action{Do: balie.DoDesk, Reason: why})
	t.dec.Reason = why
}

// opened writes the first events of a new request: opened, and the fields
// that were in the customer's words.
func (t *turn) opened(p balie.Person, fields map[string]string) error {
	r := balie.Request{ID: t.id}
	t.c.Request = r
	ref := freeRef(t.b, r.ID)
	subject := repeatable(t.m.Subject)
	if subject == "" {
		subject = firstWords(t.m.Text)
	}
	t.m.Request = r.ID
	data := map[string]string{
		"ref": ref, "channel": t.m.Channel, "account": t.m.Account, "subject": clip(subject, subjectLimit),
		"language": t.reader.Language, "customer": p.ID.String(),
	}
	if f := t.dec.Facts; f.Match.Product != "" && f.Match.Score >= ProductFloor {
		data["product"], data["kind"] = f.Match.Product, f.Request.Kind
	}
	if p := balie.Preview(t.m.Text); p != "" {
		data["preview"] = p
	}
	err := t.c.Do(balie.Event{Request: r.ID, What: balie.Opened, At: t.now, By: "customer", Message: t.m.ID, Data: data})
	if err != nil {
		return err
	}
	return t.fill(fields)
}

// ProductFloor is the score under which a product is not even noted on the
// request: a wrong guess there costs an agent more than an empty field.
const ProductFloor = 0.5

// subjectLimit bounds what a list shows, in bytes.
const subjectLimit = 200

// fill notes fields that are not known yet.
func (t *turn) fill(fields map[string]string) error {
	data := map[string]string{}
	for k, v := range fields {
		if t.c.Request.Fields[k] != v {
			data[k] = v
		}
	}
	if len(data) == 0 {
		return nil
	}
	return t.c.Do(balie.Event{What: balie.Filled, At: t.now, By: "customer", Message: t.m.ID, Data: data})
}

// relate notes what the message may belong to, with the reasons.
func (t *turn) relate(h home, near bool, others []balie.Request) error {
	if near {
		if err := t.mayBelong(h.request, h.why); err != nil {
			return err
		}
	}
	for _, r := range others {
		if near && r.ID == h.request.ID {
			continue
		}
		why := "same person, open"
		if r.Product != "" && r.Product == t.c.Request.Product {
			why += ", same product"
		}
		if err := t.mayBelong(r, why); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) mayBelong(r balie.Request, why string) error {
	return t.c.Do(balie.Event{What: balie.MayBelong, At: t.now, By: "intake", Message: t.m.ID,
		Data: map[string]string{"to": r.ID.String(), "ref": r.Ref, "reasons": why}})
}

// finish completes the Change: the message first, its claims, its line.
func (t *turn) finish(a *arrival, outcome, why string) error {
	t.c.Messages = append([]balie.Message{a.msg}, t.c.Messages...)
	t.c.Seen = append(t.c.Seen, claims(a)...)
	t.c.Ledger = append(t.c.Ledger, t.in.entry(a, outcome, why, t.now))
	r := t.c.Request
	a.receipt = balie.Receipt{Message: a.msg.ID, Request: r.ID, Ref: r.Ref, Outcome: outcome}
	return nil
}

// refTries is how many lengths of a reference are looked up: 32^7 is far more
// than a desk ever has.
const refTries = 3

// freeRef is the shortest reference of the id that is not taken. One that is
// taken meanwhile is refused by the store, and the next round sees it.
func freeRef(b *batch, id balie.ID) string {
	for longer := range refTries {
		ref := id.Ref(longer)
		if _, taken := b.found.Refs[ref]; !taken {
			return ref
		}
	}
	return id.Ref(refTries)
}

func reason(a balie.Action, d balie.Decision) string {
	if a.Reason != "" {
		return a.Reason
	}
	return d.Reason
}

// firstWords is a subject for a message that has none.
func firstWords(text string) string {
	const words = 8
	f := strings.Fields(text)
	if len(f) <= words {
		return strings.Join(f, " ")
	}
	return strings.Join(f[:words], " ") + " …"
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

// by names the router as the author of a move.
func (t *turn) by() string { return "router@" + strconv.Itoa(t.dec.Ruleset) }
