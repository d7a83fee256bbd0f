package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// RuleQuestion is what rules are tried on: a stored request by its reference,
// or a question somebody might ask.
type RuleQuestion struct {
	Ref                                    string
	Channel, Language, From, Subject, Text string
	Unproven                               bool // nobody vouches for the sender's address
	Closed                                 bool // asked when the desk is closed
}

// RuleTrial is what the draft makes of a question, beside the rules in force.
type RuleTrial struct {
	Draft, InForce router.Trace
	Facts          balie.Facts
	Match          []balie.Match
	Request        balie.Request // of a stored one
}

// Differs reports whether the draft decides otherwise.
func (t RuleTrial) Differs() bool {
	return router.Outline(t.Draft.Decision) != router.Outline(t.InForce.Decision)
}

// Try asks the actor's draft and the rules in force what they make of a
// question. It keeps nothing.
func (r *Rules) Try(ctx context.Context, a Actor, q RuleQuestion, now time.Time) (RuleTrial, error) {
	v, err := r.View(ctx, a, now)
	if err != nil {
		return RuleTrial{}, err
	}
	return r.try(ctx, a, v.Rules, q, now)
}

func (r *Rules) try(ctx context.Context, a Actor, draft *router.Ruleset, q RuleQuestion, now time.Time) (RuleTrial, error) {
	var t RuleTrial
	b := *r.lib.Brain()
	switch {
	case strings.TrimSpace(q.Ref) != "":
		d, req, err := r.stored(ctx, a, q.Ref)
		if err != nil {
			return t, err
		}
		t.Facts, t.Match, t.Request = d.Facts, d.Match, req
	case strings.TrimSpace(q.Text) == "" && strings.TrimSpace(q.Subject) == "":
		return t, &balie.InvalidError{Field: "text", Problem: "there is no question", Fix: "paste one, or give the reference of a request"}
	default:
		d := r.asked(&b, q, now)
		t.Facts, t.Match = d.Facts, d.Match
	}
	t.Draft, t.InForce = draft.Trace(t.Facts), b.Rules.Trace(t.Facts)
	return t, nil
}

// asked decides on a question as if it came in now.
func (r *Rules) asked(b *intake.Brain, q RuleQuestion, now time.Time) balie.Decision {
	m := balie.Message{ID: balie.NewID(now), Side: balie.CustomerSide, Direction: balie.In, Channel: q.Channel,
		From: balie.Address{Scheme: balie.Mail, Value: strings.ToLower(strings.TrimSpace(q.From))}, Proof: balie.Proven,
		Subject: q.Subject, Text: q.Text, Language: q.Language, At: now}
	if m.Channel == "" {
		m.Channel = "email"
	}
	if m.From.Value == "" {
		m.From.Value = "customer@example.org"
	}
	if m.Language == "" {
		m.Language = normalize.Language(q.Text)
	}
	if q.Unproven {
		m.Proof = balie.Unproven
	}
	at := r.o.Calendar.Next(now)
	if q.Closed {
		at = r.closed(now)
	}
	d, _ := intake.Preview(b, m, r.o.Calendar, r.o.Language, at)
	return d
}

// closed is a moment at which the desk is closed, if it ever is.
func (r *Rules) closed(now time.Time) time.Time {
	for h := range 24 * 7 {
		if at := now.Add(time.Duration(h) * time.Hour); !r.o.Calendar.IsOpen(at) {
			return at
		}
	}
	return now
}

// stored is the last decision on a request.
func (r *Rules) stored(ctx context.Context, a Actor, ref string) (balie.Decision, balie.Request, error) {
	ref = strings.ToUpper(strings.TrimSpace(ref))
	missing := &balie.InvalidError{Field: "ref", Problem: fmt.Sprintf("there is no request %q with a decision", ref), Fix: "look up the reference in the inbox"}
	found, err := r.store.Lookup(ctx, store.Query{Refs: []string{ref}})
	if err != nil {
		return balie.Decision{}, balie.Request{}, fmt.Errorf("look up request %s: %w", ref, err)
	}
	id, ok := found.Refs[ref]
	if !ok {
		return balie.Decision{}, balie.Request{}, missing
	}
	req, err := r.store.Request(ctx, id)
	if err != nil {
		return balie.Decision{}, req, fmt.Errorf("read request %s: %w", ref, err)
	}
	if !a.Sees(req) {
		return balie.Decision{}, balie.Request{}, missing
	}
	events, err := r.store.Events(ctx, id, 0)
	if err != nil {
		return balie.Decision{}, req, fmt.Errorf("read request %s: %w", ref, err)
	}
	for i := len(events) - 1; i >= 0; i-- {
		if d := events[i].Decision; d != nil {
			return *d, req, nil
		}
	}
	return balie.Decision{}, req, missing
}
