package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/store"
)

// LogCall writes a call or a visit down: a request like any other, with its
// message, match, decision and line in the ledger, and what came of it, in one
// Change. Into, or the request that the telephone's own messages made of the
// same call, gets it instead of a new one. The same Key twice is one call.
func (d *Desk) LogCall(ctx context.Context, a Actor, in Call, now time.Time) (balie.Request, error) {
	if !a.Can(ActOnRequests) {
		return balie.Request{}, balie.ErrDenied
	}
	if err := d.checkCall(&in); err != nil {
		return balie.Request{}, err
	}
	var err error
	for range tries {
		var r balie.Request
		r, err = d.attemptCall(ctx, a, in, now)
		if err == nil || !errors.Is(err, balie.ErrStale) && !errors.Is(err, balie.ErrDuplicate) {
			return r, err
		}
		if ctx.Err() != nil {
			return r, context.Cause(ctx)
		}
	}
	return balie.Request{}, err
}

// checkCall refuses what nobody could work with.
func (d *Desk) checkCall(in *Call) error {
	in.Text, in.Subject = strings.TrimSpace(in.Text), strings.TrimSpace(in.Subject)
	outcomes := []CallOutcome{CallSolved, CallHandOut, CallDesk, CallWaiting, CallCallback}
	b := d.lib.Brain().Catalogue
	switch {
	case in.Key == "":
		return &balie.InvalidError{Field: "key", Problem: "the call has no key", Fix: "open the form again"}
	case in.Channel != "phone" && in.Channel != "counter":
		return &balie.InvalidError{Field: "channel", Problem: fmt.Sprintf("%q is not where somebody speaks", in.Channel), Fix: "use phone or counter"}
	case in.Text == "" && in.Subject == "":
		return &balie.InvalidError{Field: "text", Problem: "it is not said what it was about", Fix: "write down in a line what was asked"}
	case len(in.Text) > textLimit || len(in.Answer) > textLimit:
		return &balie.InvalidError{Field: "text", Problem: "the text is too long", Fix: "write the main things down"}
	case !slices.Contains(outcomes, in.Outcome):
		return &balie.InvalidError{Field: "outcome", Problem: fmt.Sprintf("%q is nothing that comes of a call", in.Outcome), Fix: "use solved, handout, desk, waiting or callback"}
	case in.Product != "" && !(Names{b}).HasProduct(in.Product):
		return &balie.InvalidError{Field: "product", Problem: fmt.Sprintf("product %q is not in the catalogue", in.Product), Fix: "choose one of the catalogue"}
	case in.Outcome == CallHandOut && !(Names{b}).HasTeam(in.Team):
		return &balie.InvalidError{Field: "team", Problem: "it is not said which team gets it", Fix: "choose a team"}
	case in.Priority < balie.Low || in.Priority > balie.Urgent:
		return &balie.InvalidError{Field: "priority", Problem: fmt.Sprintf("there is no priority %d", in.Priority), Fix: "use -1 (low), 0 (normal), 1 (high) or 2 (urgent)"}
	case in.Language != "" && !slices.Contains(catalogue.Languages, in.Language):
		return &balie.InvalidError{Field: "language", Problem: fmt.Sprintf("the desk does not write %q", in.Language), Fix: "use " + strings.Join(catalogue.Languages, " or ")}
	}
	if err := d.checkCallFields(in); err != nil || in.Address.IsZero() {
		return err
	}
	var err error
	in.Address, err = readAddress(in.Address)
	return err
}

// checkCallFields trims the fields, leaves the empty ones out and refuses what
// cannot be an answer.
func (d *Desk) checkCallFields(in *Call) error {
	p, _ := d.lib.Brain().Catalogue.Product(in.Product)
	fields := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(in.Fields)) {
		v := strings.TrimSpace(strings.ToValidUTF8(in.Fields[id], ""))
		if v == "" {
			continue
		}
		if err := d.checkField(p, id, v); err != nil {
			return err
		}
		fields[id] = v
	}
	in.Fields = fields
	return nil
}

// callKeys are the keys of a call: of the form, and of the telephone's own
// messages about it.
func callKeys(a Actor, in Call) (form, line string) {
	form = "act:" + a.ID + ":call:" + clipKey(in.Key)
	if in.CallID != "" {
		line = "call:" + in.CallID
	}
	return form, line
}

func (d *Desk) attemptCall(ctx context.Context, a Actor, in Call, now time.Time) (balie.Request, error) {
	form, line := callKeys(a, in)
	q := store.Query{Seen: []string{form}, People: []balie.ID{in.Person}}
	if line != "" {
		q.Seen = append(q.Seen, line)
	}
	if !in.Address.IsZero() {
		q.Addresses = []balie.Address{in.Address}
	}
	found, err := d.store.Lookup(ctx, q)
	if err != nil {
		return balie.Request{}, fmt.Errorf("look up a caller: %w", err)
	}
	if claim, ok := found.Seen[form]; ok {
		return d.store.Request(ctx, claim.Request)
	}
	p, change, err := caller(in, found, now)
	if err != nil {
		return balie.Request{}, err
	}
	claims := []string{form}
	if claim, ok := found.Seen[line]; ok && line != "" {
		if in.Into.IsZero() {
			in.Into = claim.Request
		}
	} else if line != "" {
		claims = append(claims, line)
	}
	if !in.Into.IsZero() {
		return d.callInto(ctx, a, in, p, change, claims, now)
	}
	return d.callOpens(ctx, a, in, p, change, claims, now)
}

// caller is who called: the chosen person, whoever has the number, or somebody
// new. An address of nobody yet becomes the person's.
func caller(in Call, found store.Found, now time.Time) (p balie.Person, change []balie.Person, err error) {
	owner, known := found.Addresses[in.Address.Key()]
	p = found.People[in.Person]
	switch {
	case !in.Person.IsZero() && p.ID.IsZero():
		return p, nil, &balie.InvalidError{Field: "person", Problem: "that person is not known", Fix: "choose one from the list, or give a name"}
	case in.Person.IsZero() && known && !in.Address.IsZero():
		return owner, nil, nil
	case in.Person.IsZero() && in.Address.IsZero() && in.Name == "":
		return p, nil, nil // nobody knows who it was
	case in.Person.IsZero():
		p = balie.Person{ID: balie.NewID(now), Name: clipName(in.Name), Language: in.Language}
	case in.Address.IsZero() || known:
		return p, nil, nil
	}
	p.Version++
	if !in.Address.IsZero() {
		p.Addresses = append(slices.Clone(p.Addresses), balie.Address{Scheme: in.Address.Scheme, Value: in.Address.Value, Name: p.Name})
	}
	return p, []balie.Person{p}, nil
}

func clipName(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) > subjectLimit {
		s = strings.ToValidUTF8(s[:subjectLimit], "")
	}
	return s
}

// message is the call in the desk's own terms.
func (in Call) message(a Actor, p balie.Person, language string, now time.Time) balie.Message {
	fields := map[string]string{"for": in.For, "phone": in.Address.Value, "name": p.Name}
	if in.Took > 0 {
		fields["took"] = in.Took.Round(time.Second).String()
	}
	maps.Copy(fields, in.Fields) // a product's own field counts where the names are the same
	maps.Copy(fields, map[string]string{"logged": a.ID, "outcome": string(in.Outcome), "product": in.Product})
	maps.DeleteFunc(fields, func(_, v string) bool { return v == "" })
	from := balie.Address{Scheme: in.Address.Scheme, Value: in.Address.Value, Name: p.Name}
	if from.IsZero() && len(p.Addresses) > 0 {
		from = balie.Address{Scheme: p.Addresses[0].Scheme, Value: p.Addresses[0].Value, Name: p.Name}
	}
	text := in.Text
	if text == "" {
		text = in.Subject
	}
	return balie.Message{ID: balie.NewID(now), Side: balie.CustomerSide, Direction: balie.In, Channel: in.Channel, Account: "desk", From: from,
		Subject: in.Subject, Text: text, Language: language, MsgID: in.CallID, Fields: fields, At: now}
}

func (d *Desk) callOpens(ctx context.Context, a Actor, in Call, p balie.Person, people []balie.Person, claims []string, now time.Time) (balie.Request, error) {
	n, err := d.opening(ctx, a, in.message(a, p, cmp.Or(in.Language, p.Language, d.o.Language), now), p.ID, now)
	if err != nil {
		return balie.Request{}, err
	}
	n.People, n.Seen = people, claims
	x := &act{d: d, ctx: ctx, actor: a, c: &n.Change, caller: &p}
	edit := Edit{Fields: in.Fields}
	if in.Product != "" {
		edit.Product = &in.Product
	}
	if in.Priority != 0 {
		edit.Priority = &in.Priority
	}
	if err := x.edit(edit, now); err != nil {
		return balie.Request{}, err
	}
	n.decision.Do = []balie.Action{{Do: did[in.Outcome], Team: in.Team, Reason: "an agent took the call"}}
	if err := x.outcome(in, &n.decision, now); err != nil {
		return balie.Request{}, err
	}
	n.Ledger = []balie.LedgerEntry{ledgerLine(n.Change, n.Messages[0], claims[0], balie.LedgerTaken, now)}
	return n.Request, d.store.Commit(ctx, n.Change)
}

// did is what the decision of a call says was done.
var did = map[CallOutcome]balie.ActionKind{CallSolved: balie.DoAnswer, CallHandOut: balie.DoHandOut, CallDesk: balie.DoDesk,
	CallWaiting: balie.DoAsk, CallCallback: balie.DoDesk}

func ledgerLine(c balie.Change, m balie.Message, key, outcome string, now time.Time) balie.LedgerEntry {
	return balie.LedgerEntry{Message: m.ID, At: now, Channel: m.Channel, Account: m.Account, Key: key, MsgID: m.MsgID, From: m.From.Value,
		Subject: c.Request.Subject, Outcome: outcome, Request: c.Request.ID, Ref: c.Request.Ref}
}

// callInto adds a call to a request.
func (d *Desk) callInto(ctx context.Context, a Actor, in Call, p balie.Person, people []balie.Person, claims []string, now time.Time) (balie.Request, error) {
	r, err := d.store.Request(ctx, in.Into)
	if err != nil {
		return r, err
	}
	if err := a.check(ActOnRequests, r); err != nil {
		return balie.Request{}, err
	}
	c := balie.Change{Request: r, People: people, Seen: claims}
	x := &act{d: d, ctx: ctx, actor: a, c: &c, caller: &p}
	m := in.message(a, p, cmp.Or(in.Language, r.Language), now)
	m.Request = r.ID
	c.Messages = []balie.Message{m}
	err = x.do(balie.Event{What: balie.Received, At: now, Message: m.ID, Data: map[string]string{"preview": balie.Preview(m.Text), "how": in.Channel}})
	if err != nil {
		return balie.Request{}, err
	}
	if !p.ID.IsZero() && !r.IsParticipant(p.ID) {
		what := balie.Event{What: balie.Joined, At: now, Data: map[string]string{"person": p.ID.String()}}
		if r.Customer.IsZero() {
			what = balie.Event{What: balie.Edited, At: now, Data: map[string]string{"customer": p.ID.String(), "was.customer": ""}}
		}
		if err := x.do(what); err != nil {
			return balie.Request{}, err
		}
	}
	edit := Edit{Fields: in.Fields}
	if in.Product != "" {
		edit.Product = &in.Product
	}
	if err := x.edit(edit, now); err != nil {
		return balie.Request{}, err
	}
	if err := x.outcome(in, nil, now); err != nil {
		return balie.Request{}, err
	}
	c.Ledger = []balie.LedgerEntry{ledgerLine(c, m, claims[0], balie.LedgerJoined, now)}
	return c.Request, d.store.Commit(ctx, c)
}

// outcome is what came of the call.
func (x *act) outcome(in Call, decision *balie.Decision, now time.Time) error {
	m := x.c.Messages[0].ID
	switch in.Outcome {
	case CallSolved:
		return x.solvedAtOnce(in, decision, now)
	case CallHandOut:
		return x.handOutCall(in, decision, now)
	case CallWaiting:
		missing := catalogue.Missing(x.product(), x.request().Fields)
		if len(missing) == 0 {
			return &balie.InvalidError{Field: "outcome", Problem: "nothing is missing that the caller could come back with", Fix: "choose the product, or keep it at the desk"}
		}
		return x.askCaller(missing, decision, m, now)
	}
	by := x.respondBy(now)
	e := balie.Event{What: balie.ToDesk, At: now, Message: m, Decision: decision, Next: by,
		Data: map[string]string{"reason": "taken down by an agent", "promised": by.UTC().Format(time.RFC3339)}}
	if in.Outcome == CallCallback {
		e.Data["reason"], e.Data["callback"] = "call back", in.Address.Value
		if err := x.do(balie.Event{What: balie.Tagged, At: now, Data: map[string]string{"add": callbackTag}}); err != nil {
			return err
		}
	}
	if r := x.request(); r.Version > 0 && (r.State == balie.WithTeam || r.State == balie.Planned) { // whoever has it goes on
		e.What, e.Next = balie.Noted, time.Time{}
	} else if r.State == balie.Closed {
		e.What = balie.Reopened
	}
	if err := x.do(e); err != nil {
		return err
	}
	if err := x.mine(now); err != nil {
		return err
	}
	return x.confirmCall(func(to letters.Reader) letters.Letter {
		return x.d.write.Receipt(x.request(), to, x.product(), by, now)
	}, now)
}

// callbackTag marks requests of people who are to be called back.
const callbackTag = "callback"

// mine assigns a call that stays at the desk to whoever took it.
func (x *act) mine(now time.Time) error {
	if x.request().Assignee != "" {
		return nil
	}
	return x.edit(Edit{Assignee: &x.actor.ID}, now)
}

// respondBy is when the desk promises to come back.
func (x *act) respondBy(now time.Time) time.Time {
	p := x.product()
	if p.ID == "" || p.Respond == 0 {
		return x.d.o.Calendar.Add(now, defaultRespond)
	}
	return x.d.lib.Brain().Catalogue.Calendar(p).Add(now, p.Respond)
}

// solvedAtOnce is both moves in one Change, and what the caller was told.
func (x *act) solvedAtOnce(in Call, decision *balie.Decision, now time.Time) error {
	r := x.request()
	if len(r.OpenHandouts()) > 0 {
		return &balie.MoveError{Ref: r.Ref, State: r.State, What: balie.Answered, Why: "a team still has it: withdraw the hand-out first"}
	}
	e := balie.Event{What: balie.Answered, At: now, Decision: decision, Message: x.c.Messages[0].ID, Data: map[string]string{"how": in.Channel}}
	if answer := strings.TrimSpace(in.Answer); answer != "" {
		m := balie.Message{ID: balie.NewID(now), Request: r.ID, Side: balie.CustomerSide, Direction: balie.Out, Channel: in.Channel,
			From: balie.Address{Name: x.actor.Name}, Text: answer, Language: x.language(""), At: now}
		x.c.Messages = append(x.c.Messages, m)
		e.Data["letter"] = m.ID.String()
	}
	n := 0
	for _, what := range x.toAnswered() {
		n++
		if err := x.do(balie.Event{What: what, At: now, Data: map[string]string{"before": string(balie.Confirmed)}}); err != nil {
			return err
		}
	}
	if x.request().State != balie.AnsweredState {
		n++
		if err := x.do(e); err != nil {
			return err
		}
	}
	return x.do(balie.Event{What: balie.Confirmed, At: now, Data: map[string]string{"how": in.Channel, "with": strconv.Itoa(n)}})
}

// toAnswered are the moves before a request can be answered.
func (x *act) toAnswered() []balie.What {
	switch x.request().State {
	case balie.Waiting, balie.WithTeam, balie.AnsweredState:
		return []balie.What{balie.ToDesk}
	case balie.Closed:
		return []balie.What{balie.Reopened}
	}
	return nil
}

// askCaller notes what the caller comes back with, and writes it down for them
// where they can be written to.
func (x *act) askCaller(missing []balie.Field, decision *balie.Decision, m balie.ID, now time.Time) error {
	ids := make([]string, len(missing))
	for i, f := range missing {
		ids[i] = f.ID
	}
	e := balie.Event{What: balie.Asked, At: now, Message: m, Decision: decision, Next: x.d.o.Calendar.AddDays(now, remindDays),
		Data: map[string]string{"fields": strings.Join(ids, ",")}}
	first := balie.What("")
	if r := x.request(); r.State > 0 && len(r.OpenHandouts()) == 0 {
		first = towards(r.State)
	}
	if err := x.after(first, e); err != nil {
		return err
	}
	p := x.product()
	return x.confirmCall(func(to letters.Reader) letters.Letter { return x.d.write.Ask(x.request(), to, p, missing, now) }, now)
}

func (x *act) handOutCall(in Call, decision *balie.Decision, now time.Time) error {
	t, err := x.team(in.Team)
	if err != nil {
		return err
	}
	s, err := x.summary(t, time.Time{}, now)
	if err != nil {
		return err
	}
	h := HandOut{Request: x.request().ID, Team: in.Team, Why: in.Why, Anyway: true, Summary: Summary(x.d.write.Four(s))}
	if err := x.handOut(h, decision, now); err != nil {
		return err
	}
	promise, _ := x.terms(s.Product, now)
	return x.confirmCall(func(to letters.Reader) letters.Letter {
		return x.d.write.HandedOut(x.request(), to, s.Product, t, promise, now)
	}, now)
}

// confirmCall sends the caller word where they can be written to.
func (x *act) confirmCall(letter func(letters.Reader) letters.Letter, now time.Time) error {
	way, err := x.wayBack()
	if err != nil || len(way.to) == 0 {
		return err
	}
	to := letters.Reader{Language: x.language(""), Name: x.caller.Name}
	m := x.post(letter(to), "", way, way.to, to.Language, nil, now)
	return x.do(balie.Event{What: balie.Told, At: now, Message: m, Data: map[string]string{"letter": m.String()}})
}
