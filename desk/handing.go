package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/letters"
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

// margin is the share of what is left until the promise that a team gets.
const margin = 0.8

// Summarise prepares a hand-out; nothing changes.
func (d *Desk) Summarise(ctx context.Context, a Actor, request balie.ID, team string, now time.Time) (HandoutDraft, error) {
	var out HandoutDraft
	_, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		t, err := x.team(team)
		if err != nil {
			return err
		}
		s, err := x.summary(t, time.Time{}, now)
		if err != nil {
			return err
		}
		s.Told = true // with the hand-out, as HandOut.Tell is meant; without it, handOut says so
		promise, due := x.terms(s.Product, now)
		out = HandoutDraft{Team: t, Summary: Summary(d.write.Four(s)), Due: due, Promise: promise, Language: s.Language,
			Missing: s.Missing, Seen: x.request().Version}
		if t.Reach.Channel() != "" {
			out.Reach = string(t.Reach.Scheme)
		}
		out.Summary.Tried = x.tried(s.Language, out.Summary.Tried)
		return nil
	})
	return out, err
}

// tried adds to what was done who had it before.
func (x *act) tried(language, first string) string {
	out := []string{"- " + first}
	b := x.d.lib.Brain()
	for _, h := range x.request().Handouts {
		t, ok := b.Catalogue.Team(h.Team)
		if !ok {
			continue
		}
		out = append(out, "- "+x.d.write.Text(language, "mail.team_had", "team", t.Name(language), "state",
			x.d.write.Text(language, "mail.handout_"+string(h.State)), "reason", h.Reason))
	}
	if len(out) == 1 {
		return first
	}
	return strings.Join(out, "\n")
}

// honest has the sentence about what the customer was told as it is: the one
// who hands out decides on it after the summary was written.
func (x *act) honest(language, tried string, told bool) string {
	yes, no := x.d.write.Text(language, "mail.team_tried_text"), x.d.write.Text(language, "mail.team_untold")
	if told {
		yes, no = no, yes
	}
	return strings.ReplaceAll(tried, yes, no)
}

// team is a team of the catalogue.
func (x *act) team(id string) (balie.Team, error) {
	t, ok := x.d.lib.Brain().Catalogue.Team(id)
	if !ok {
		return t, &balie.InvalidError{Field: "team", Problem: fmt.Sprintf("team %q is not known", id), Fix: "choose one of the teams of the catalogue"}
	}
	return t, nil
}

func (x *act) product() balie.Product {
	p, _ := x.d.lib.Brain().Catalogue.Product(x.request().Product)
	return p
}

// terms are by when the customer is helped, and by when the team is due: what
// was promised, else what the product promises from now.
func (x *act) terms(p balie.Product, now time.Time) (promise, due time.Time) {
	cal, d := x.d.o.Calendar, defaultResolve
	if p.ID != "" {
		cal = x.d.lib.Brain().Catalogue.Calendar(p)
		if p.Resolve > 0 {
			d = p.Resolve
		}
	}
	promise = cal.Add(now, d)
	if r := x.request(); p.ID != "" && p.Resolve > 0 { // reckoned from when it was asked
		promise = cal.Add(r.Opened, d)
	}
	if !promise.After(now) { // late already: the team gets what the product gives
		promise = cal.Add(now, d)
	}
	return promise, cal.Add(now, time.Duration(float64(cal.Between(now, promise))*margin))
}

// defaultResolve is how long a request without a product may take, in opening
// hours.
const defaultResolve = 16 * time.Hour

// summary is what a team reads, as far as balie knows it.
func (x *act) summary(t balie.Team, due time.Time, now time.Time) (letters.Summary, error) {
	way, err := x.wayBack()
	if err != nil {
		return letters.Summary{}, err
	}
	r, p := x.request(), x.product()
	l := x.d.o.Language
	s := letters.Summary{Product: p, Team: t, Language: l, Known: r.Fields, Missing: catalogue.Missing(p, r.Fields), Due: due,
		From: x.d.write.Text(l, "mail.anonymous")}
	var asked []string
	for _, m := range way.said {
		if m.Side != balie.CustomerSide || m.Auto != "" {
			continue
		}
		if m.Direction == balie.Out {
			s.Told = true
			continue
		}
		if s.From == x.d.write.Text(l, "mail.anonymous") && !m.From.IsZero() {
			s.From = who(m.From)
		}
		if text := strings.TrimSpace(m.Text); text != "" {
			asked = append(asked, text)
		}
	}
	s.Asked = strings.Join(asked, "\n\n")
	if s.Asked == "" {
		s.Asked = r.Subject
	}
	return s, nil
}

func who(a balie.Address) string {
	if a.Name == "" {
		return a.Value
	}
	return a.Name + " (" + a.Value + ")"
}

// HandOut gives the request to a team: its letter with the summary as the agent
// left it, and, when Tell is set, word to the customer.
func (d *Desk) HandOut(ctx context.Context, a Actor, in HandOut, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, in.Request, in.Key, func(x *act) error { return x.handOut(in, nil, now) })
	return out.request, err
}

func (x *act) handOut(in HandOut, decision *balie.Decision, now time.Time) error {
	if err := x.fresh(in.Seen, in.Anyway); err != nil {
		return err
	}
	t, err := x.team(in.Team)
	if err != nil {
		return err
	}
	s, err := x.summary(t, in.Due, now)
	if err != nil {
		return err
	}
	promise, due := x.terms(s.Product, now)
	if err := x.checkHandOut(&in, s, due, now); err != nil {
		return err
	}
	if in.Due.After(promise) {
		promise = in.Due
	}
	in.Summary.Tried = x.honest(s.Language, in.Summary.Tried, in.Tell)
	s.Due = in.Due
	h := balie.Handout{ID: balie.NewID(now), Team: t.ID, To: t.Reach, State: balie.Offered, Due: in.Due, Opened: now}
	data := map[string]string{"promised": promise.UTC().Format(time.RFC3339), "letter": h.ID.String()}
	if in.Why != "" {
		data["why"] = in.Why
	}
	x.d.write.Enclose(x.c, x.d.write.HandOutAs(x.request(), h, s, letters.Four(in.Summary), now), letters.Post{
		ID: h.ID, Side: balie.TeamSide, Handout: h.ID, Channel: t.Reach.Channel(), To: t.Reach, Language: s.Language,
		From: balie.Address{Name: x.actor.Name},
	}, now)
	e := balie.Event{What: balie.HandedOut, At: now, Message: h.ID, Handout: &h, Data: data, Decision: decision, Next: in.Due}
	first := balie.What("")
	if s := x.request().State; s != balie.WithTeam {
		first = towards(s)
	}
	if err := x.after(first, e); err != nil {
		return err
	}
	x.c.Records = append(x.c.Records, noDraft(x.actor, in.Request, "handout"))
	if !in.Tell {
		return nil
	}
	return x.tellHandedOut(s.Product, t, promise, now)
}

// checkHandOut refuses what a team could not work with, and fills in when it
// is due.
func (x *act) checkHandOut(in *HandOut, s letters.Summary, due, now time.Time) error {
	in.Why = strings.TrimSpace(in.Why)
	switch {
	case len(s.Missing) > 0 && in.Why == "":
		return &balie.InvalidError{Field: "why", Problem: s.Missing[0].Prompt(s.Language) + " is not known yet", Fix: "ask the customer first, or say why it cannot wait"}
	case strings.TrimSpace(in.Summary.Asked) == "":
		return &balie.InvalidError{Field: "asked", Problem: "the team would not read what is asked", Fix: "write in a line what the customer asks"}
	case len(in.Summary.Asked)+len(in.Summary.Known)+len(in.Summary.Tried)+len(in.Summary.Missing) > textLimit:
		return &balie.InvalidError{Field: "asked", Problem: "the summary is too long to be one", Fix: "leave out what the team does not need"}
	case in.Due.IsZero():
		in.Due = due
	case !in.Due.After(now):
		return &balie.InvalidError{Field: "due", Problem: "that moment has passed", Fix: "choose a moment to come"}
	}
	if slices.ContainsFunc(x.request().OpenHandouts(), func(h balie.Handout) bool { return h.Team == in.Team }) {
		return &balie.InvalidError{Field: "team", Problem: s.Team.Name(s.Language) + " has this request already", Fix: "write to them in the side conversation"}
	}
	return nil
}

// tellHandedOut tells the customer who works on it and by when.
func (x *act) tellHandedOut(p balie.Product, t balie.Team, promise, now time.Time) error {
	way, err := x.wayBack()
	if err != nil {
		return err
	}
	if len(way.to) == 0 {
		return &balie.InvalidError{Field: "tell", Problem: "the customer cannot be written to", Fix: "hand it out without a letter and tell them yourself"}
	}
	to := letters.Reader{Language: x.language(""), Subject: x.request().Subject, Name: way.name}
	m := x.post(x.d.write.HandedOut(x.request(), to, p, t, promise, now), "", way, way.to, to.Language, nil, now)
	return x.do(balie.Event{What: balie.Told, At: now, Message: m, Data: map[string]string{"letter": m.String()}})
}

// WithdrawHandout takes a hand-out back and tells its team.
func (d *Desk) WithdrawHandout(ctx context.Context, a Actor, request, handout balie.ID, reason string, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		h, ok := x.request().Handout(handout)
		if !ok {
			return balie.ErrNotFound
		}
		if h.State == balie.Withdrawn {
			return nil
		}
		if strings.TrimSpace(reason) == "" {
			return &balie.InvalidError{Field: "reason", Problem: "it is not said why", Fix: "give the reason; the team reads it"}
		}
		m, err := x.tellWithdrawn(h, reason, now)
		if err != nil {
			return err
		}
		return x.do(balie.Event{What: balie.HandoutWithdrawn, At: now, Message: m,
			Data: map[string]string{"handout": handout.String(), "reason": firstLine(reason), "letter": m.String()}})
	})
	return out.request, err
}

func (x *act) tellWithdrawn(h balie.Handout, reason string, now time.Time) (balie.ID, error) {
	said, err := x.d.store.Messages(x.ctx, x.request().ID)
	if err != nil {
		return balie.ID{}, fmt.Errorf("read what was said: %w", err)
	}
	return x.toTeam(h, x.d.write.Withdrawn(x.about(h), reason), said, nil, now), nil
}

// about is what a letter of the side conversation is about.
func (x *act) about(h balie.Handout) letters.Summary {
	t, ok := x.d.lib.Brain().Catalogue.Team(h.Team)
	if !ok {
		t = balie.Team{ID: h.Team}
	}
	return letters.Summary{Product: x.product(), Team: t, Language: x.d.o.Language}
}

// toTeam adds a letter of the side conversation: it goes where the hand-out
// went, in the thread of its letters.
func (x *act) toTeam(h balie.Handout, l letters.Letter, said []balie.Message, files []File, now time.Time) balie.ID {
	var thread []string
	for _, m := range slices.Backward(said) {
		if m.Handout == h.ID && m.MsgID != "" {
			thread = append([]string{m.MsgID}, m.Thread...)
			break
		}
	}
	return x.d.write.Enclose(x.c, l, letters.Post{Side: balie.TeamSide, Handout: h.ID, Channel: h.To.Channel(), To: h.To, Thread: thread,
		Language: x.d.o.Language, Files: x.parts(files), From: balie.Address{Name: x.actor.Name}}, now)
}

// TellTeam writes in the side conversation of a hand-out. The customer reads
// none of it.
func (d *Desk) TellTeam(ctx context.Context, a Actor, request, handout balie.ID, text string, files []File, key string, now time.Time) (balie.Request, error) {
	if err := checkWords(text, files); err != nil {
		return balie.Request{}, err
	}
	out, err := d.change(ctx, a, ActOnRequests, request, key, func(x *act) error {
		h, ok := x.request().Handout(handout)
		if !ok {
			return balie.ErrNotFound
		}
		said, err := x.d.store.Messages(x.ctx, request)
		if err != nil {
			return fmt.Errorf("read what was said: %w", err)
		}
		words := strings.TrimSpace(text)
		m := x.toTeam(h, x.d.write.ToTeam(h, x.about(h), words+x.apart(x.d.o.Language, []balie.Address{h.To}, files), a.Name, now), said, files, now)
		letter := &x.c.Messages[len(x.c.Messages)-1]
		letter.Text, letter.Full = words, letter.Text
		x.c.Records = append(x.c.Records, noDraft(a, request, "team-"+handout.String()))
		return x.do(balie.Event{What: balie.ToldTeam, At: now, Message: m, Data: map[string]string{"handout": handout.String()}})
	})
	return out.request, err
}

// TeamAct does for a signed-in team member what the signed page lets whoever
// has the letter do.
func (d *Desk) TeamAct(ctx context.Context, a Actor, request, handout balie.ID, act, words string, now time.Time) error {
	return d.TeamDo(ctx, a, request, handout, HandoutAct{Act: act, Words: words}, now)
}

// TeamDo is TeamAct with all that can be said with an act.
func (d *Desk) TeamDo(ctx context.Context, a Actor, request, handout balie.ID, in HandoutAct, now time.Time) error {
	r, err := d.store.Request(ctx, request)
	if err != nil {
		return err
	}
	h, ok := r.Handout(handout)
	if err := a.check(ActAsTeam, r); err != nil {
		return err
	}
	if !ok || !slices.Contains(a.Teams, h.Team) {
		return balie.ErrNotFound
	}
	return NewHandouts(d.store, d.o.Calendar, defaultRespond).Do(ctx, handout, in, a, now)
}

// defaultRespond is how soon the desk looks at what a team says, in opening
// hours.
const defaultRespond = 4 * time.Hour

// Share gives a team's words as a quotation for the composer. The customer sees
// them only when a Reply goes out whose Shares name the message.
func (d *Desk) Share(ctx context.Context, a Actor, request, message balie.ID, _ time.Time) (quoted string, err error) {
	r, err := d.store.Request(ctx, request)
	if err != nil {
		return "", err
	}
	if err := a.check(ActOnRequests, r); err != nil {
		return "", err
	}
	m, err := d.store.Message(ctx, message)
	if err != nil {
		return "", err
	}
	if !shareable(m, request) {
		return "", balie.ErrNotFound
	}
	return letters.Quote(m.Text), nil
}

func shareable(m balie.Message, request balie.ID) bool {
	return m.Request == request && m.Side == balie.TeamSide && m.Direction == balie.In
}

// share notes which of a team's words a letter shows the customer.
func (x *act) share(shares []balie.ID, letter balie.ID, way wayBack, now time.Time) error {
	for _, id := range shares {
		i := slices.IndexFunc(way.said, func(m balie.Message) bool { return m.ID == id })
		if i < 0 || !shareable(way.said[i], x.request().ID) {
			return balie.ErrNotFound
		}
		if err := x.do(balie.Event{What: balie.Shared, At: now, Message: id, Data: map[string]string{"in": letter.String()}}); err != nil {
			return err
		}
	}
	return nil
}
