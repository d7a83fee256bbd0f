package simulate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
)

// byDesk is how often the desk itself solves what a product is asked for,
// without a team; 1 where nothing is said.
var byDesk = map[string]float64{
	"klimaat": 0.2, "verlichting": 0.1, "lekkage": 0.05, "schoonmaak": 0.15, "automaten": 0.3, "werkplek": 0.35, "verhuizing": 0.1,
	"verbouwing": 0.1, "dienstverlening": 0.15, "klacht": 0.45, "toegangspas": 0.55, "vergaderruimte": 0.8, "vergadercatering": 0.5,
	"parkeren": 0.85, "sleutel": 0.7, "afval": 0.6, "": 0.88,
}

func solvesAlone(product string) float64 {
	if share, ok := byDesk[product]; ok {
		return share
	}
	return 1
}

// handle is what an agent does with a request when they have read it.
func (s *sim) handle(ctx context.Context, a *agent, e *errand) error {
	r, err := s.w.db.Request(ctx, e.request)
	if err != nil {
		return err
	}
	switch {
	case r.State == balie.WithTeam || r.State == balie.Waiting:
		return s.reassure(ctx, a, e, r)
	case r.State != balie.AtDesk:
		return nil
	}
	if r, err = s.correct(ctx, a, e, r); err != nil {
		return err
	}
	switch h := lastHandout(r); {
	case h.State == balie.Done && h.Ended.After(r.SpokeAt.Add(-time.Second)):
		return s.resolve(ctx, a, e, r)
	case h.State == balie.Refused || h.State == balie.Returned:
		return s.handOut(ctx, a, e, r, "het team gaf het terug")
	case h.State == balie.Done && happens(e.desk, 0.5):
		return s.handOut(ctx, a, e, r, "de klant is nog niet geholpen")
	case len(r.Handouts) > 0 || r.ReopenCount > 0 || happens(e.desk, solvesAlone(e.product)):
		return s.resolve(ctx, a, e, r)
	}
	return s.pass(ctx, a, e, r)
}

func lastHandout(r balie.Request) balie.Handout {
	if len(r.Handouts) == 0 {
		return balie.Handout{}
	}
	return r.Handouts[len(r.Handouts)-1]
}

// correct puts right what the match got wrong, when the agent sees it.
func (s *sim) correct(ctx context.Context, a *agent, e *errand, r balie.Request) (balie.Request, error) {
	if e.noticed || r.Product == e.product || e.product == "" && r.Product == "" {
		return r, nil
	}
	e.noticed = true
	product := e.product
	r, _, err := s.w.desk.Edit(ctx, a.Actor, desk.Edit{Request: r.ID, Product: &product}, s.now)
	if err != nil {
		return r, fmt.Errorf("correct the product of %s: %w", r.Ref, err)
	}
	return r, nil
}

// reassure writes to somebody who asks how it stands.
func (s *sim) reassure(ctx context.Context, a *agent, e *errand, r balie.Request) error {
	if r.Spoke != balie.CustomerSide {
		return s.nudge(ctx, a, e, r)
	}
	if !s.canWrite(e) {
		return nil
	}
	text := map[string]string{"nl": "Je vraag ligt bij de collega's die het uitvoeren. Zodra er een afspraak is, hoor je het van mij.", "en": "Your question is with the colleagues who will do it. You hear from me as soon as there is a date."}
	return s.reply(ctx, a, e, r, text[e.language], desk.ThenStay)
}

// nudge rings a team that is late, and may tell the customer. The less time
// there is the less they do.
func (s *sim) nudge(ctx context.Context, a *agent, e *errand, r balie.Request) error {
	open := r.OpenHandouts()
	if len(open) == 0 || r.State != balie.WithTeam {
		return nil
	}
	e.nudged = s.now
	h := open[0]
	if k := e.handed[h.ID]; k != nil && k.forgot && happens(e.desk, 0.7) {
		k.forgot = false
		s.finish(e, k, around(e.team, 3*time.Hour, 2))
	}
	_, err := s.w.desk.TellTeam(ctx, a.Actor, r.ID, h.ID, "De klant wacht hierop. Wanneer is het klaar?", nil, fmt.Sprintf("s%d", s.number()), s.now)
	if err != nil {
		return fmt.Errorf("ask a team how %s stands: %w", r.Ref, err)
	}
	if !s.canWrite(e) || !r.Failed.IsZero() || !happens(e.desk, 0.65-0.3*float64(s.now.YearDay())/365) {
		return nil
	}
	if r, err = s.w.db.Request(ctx, r.ID); err != nil {
		return err
	}
	text := map[string]string{"nl": "Het duurt langer dan we beloofden. De collega's zijn ermee bezig; ik houd het in de gaten.", "en": "This takes longer than we promised. The colleagues are on it; I keep an eye on it."}
	return s.reply(ctx, a, e, r, text[e.language], desk.ThenStay)
}

// canWrite reports whether somebody left an address to write to.
func (s *sim) canWrite(e *errand) bool { return e.reach != "" }

func (s *sim) reply(ctx context.Context, a *agent, e *errand, r balie.Request, text string, then desk.Then) error {
	_, err := s.w.desk.Reply(ctx, a.Actor, desk.Reply{Request: r.ID, Seen: r.Version, Anyway: true, Text: text, Then: then, Key: fmt.Sprintf("s%d", s.number())}, s.now)
	if refused, ok := errors.AsType[*balie.MoveError](err); ok && refused != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reply on %s: %w", r.Ref, err)
	}
	return nil
}

// resolve answers a request, by letter or by telephone.
func (s *sim) resolve(ctx context.Context, a *agent, e *errand, r balie.Request) error {
	called := slices.Contains(r.Tags, "call-back") || !s.canWrite(e) || !r.Failed.IsZero()
	if called || happens(e.desk, 0.06) {
		_, _, err := s.w.desk.Resolve(ctx, a.Actor, r.ID, "phone", s.now)
		if err != nil {
			return fmt.Errorf("resolve %s: %w", r.Ref, err)
		}
		return nil
	}
	if e.product == "" && r.Rounds == 0 && happens(e.desk, 0.12) {
		text := map[string]string{"nl": "Waar is dat precies, en sinds wanneer?", "en": "Where is that exactly, and since when?"}
		return s.reply(ctx, a, e, r, text[e.language], desk.ThenWait)
	}
	text := map[string]string{"nl": "Dat is geregeld. Laat het gerust weten als er nog iets is.", "en": "That is arranged. Let us know if there is anything else."}[e.language]
	if p, ok := s.w.lib.Brain().Catalogue.Product(e.product); ok && len(r.Handouts) == 0 {
		if answer, _ := p.Answer(e.language); answer != "" && !strings.Contains(answer, "{{") {
			text = answer
		}
	}
	return s.reply(ctx, a, e, r, text, desk.ThenResolve)
}

// pass makes a request complete and gives it to whoever delivers it.
func (s *sim) pass(ctx context.Context, a *agent, e *errand, r balie.Request) error {
	p, ok := s.w.lib.Brain().Catalogue.Product(r.Product)
	missing := catalogue.Missing(p, r.Fields)
	if !ok || len(missing) == 0 {
		return s.handOut(ctx, a, e, r, "")
	}
	if s.canWrite(e) && r.Rounds < balie.MaxRounds && happens(e.desk, 0.45) {
		_, err := s.w.desk.AskMissing(ctx, a.Actor, r.ID, nil, r.Version, fmt.Sprintf("s%d", s.number()), s.now)
		if err != nil {
			return fmt.Errorf("ask on %s: %w", r.Ref, err)
		}
		return nil
	}
	fields := map[string]string{} // read from the text, or asked by telephone
	for _, f := range missing {
		if v := e.fields[f.ID]; v != "" {
			fields[f.ID] = v
		}
	}
	if len(fields) > 0 && happens(e.desk, 0.9) {
		var err error
		if r, _, err = s.w.desk.Edit(ctx, a.Actor, desk.Edit{Request: r.ID, Fields: fields}, s.now); err != nil {
			return fmt.Errorf("fill in %s: %w", r.Ref, err)
		}
	}
	return s.handOut(ctx, a, e, r, "de klant weet niet meer")
}

// teamFor is who delivers what somebody wants.
func (s *sim) teamFor(e *errand, r balie.Request) string {
	p, ok := s.w.lib.Brain().Catalogue.Product(r.Product)
	if h := lastHandout(r); h.State == balie.Refused && happens(e.desk, 0.6) {
		return either(e.desk, 0.5, "huisvesting", "techniek")
	}
	if ok && s.teams[p.Owner] != nil {
		return p.Owner
	}
	return either(e.desk, 0.7, "techniek", "huisvesting")
}

// handOut gives a request to a team, with balie's own summary.
func (s *sim) handOut(ctx context.Context, a *agent, e *errand, r balie.Request, why string) error {
	d, err := s.w.desk.Summarise(ctx, a.Actor, r.ID, s.teamFor(e, r), s.now)
	if err != nil {
		return fmt.Errorf("summarise %s: %w", r.Ref, err)
	}
	if d.Summary.Asked == "" { // a missed call: the agent rang back
		d.Summary.Asked = e.text
	}
	in := desk.HandOut{Request: r.ID, Seen: r.Version, Anyway: true, Team: d.Team.ID, Summary: d.Summary, Why: why,
		Tell: s.canWrite(e) && r.Failed.IsZero(), Key: fmt.Sprintf("s%d", s.number())}
	if _, err := s.w.desk.HandOut(ctx, a.Actor, in, s.now); err != nil {
		return fmt.Errorf("hand out %s: %w", r.Ref, err)
	}
	return nil
}

// logCall writes a call or a visit down, with what came of it.
func (s *sim) logCall(ctx context.Context, a *agent, e *errand, took time.Duration) error {
	p, _ := s.w.lib.Brain().Catalogue.Product(e.product)
	in := desk.Call{Key: fmt.Sprintf("c%d", e.n), Channel: e.channel, Name: e.who.name, Subject: e.subject, Text: e.text, Product: e.product,
		Language: e.language, Took: took, Outcome: desk.CallSolved, Address: balie.Address{Scheme: balie.Tel, Value: e.who.phone, Name: e.who.name}}
	if happens(e.desk, 0.55) {
		in.Address, e.reach = balie.Address{Scheme: balie.Mail, Value: e.who.mail, Name: e.who.name}, "email"
	}
	alone := min(solvesAlone(e.product)+0.1, 0.97)
	switch x := e.desk.Float64(); {
	case x < alone:
		in.Answer = map[string]string{"nl": "Uitgelegd en geregeld.", "en": "Explained and arranged."}[e.language]
	case x < alone+0.03:
		in.Outcome = desk.CallCallback
	case e.product == "":
		in.Outcome = desk.CallDesk
	default:
		in.Outcome, in.Team, in.Fields = desk.CallHandOut, s.owner(p), maps.Clone(e.fields)
		if happens(e.desk, 0.05) {
			in.Fields = nil
		}
		in.Why = "de beller weet niet meer"
	}
	r, err := s.w.desk.LogCall(ctx, a.Actor, in, s.now)
	if err != nil {
		return fmt.Errorf("write down call %d about %q: %w", e.n, e.product, err)
	}
	s.calls++
	s.opened(e, r.ID)
	return nil
}

func (s *sim) owner(p balie.Product) string {
	if s.teams[p.Owner] != nil {
		return p.Owner
	}
	return "accountmanagement"
}

// toTeam answers what a team asks.
func (s *sim) toTeam(ctx context.Context, e *errand, handout balie.ID) error {
	a := s.agents[e.n%len(s.agents)]
	for _, o := range s.agents {
		if o.works(s.now) {
			a = o
			break
		}
	}
	_, err := s.w.desk.TellTeam(ctx, a.Actor, e.request, handout, "Dat kan elke werkdag tussen 9 en 12 uur.", nil, fmt.Sprintf("s%d", s.number()), s.now)
	s.dirty = true
	if err != nil {
		return fmt.Errorf("answer a team: %w", err)
	}
	return nil
}
