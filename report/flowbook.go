package report

import (
	"context"
	"time"

	"github.com/balie/balie"
)

// TeamsShown is how many teams a flow chart shows by themselves.
const TeamsShown = 9

// FlowReport is how requests of a period went, and how the rules meant it.
type FlowReport struct {
	Period      Period
	Scope       Scope
	Made        time.Time
	Happened    Flow // with everyone who had it
	Design      Design
	Taken       map[string]Taken // by rule
	Differences []Difference
	Stale       time.Duration // how far it is behind what happened
}

// FlowOf adds up the requests of a scope that were opened in a period.
func (b *Book) FlowOf(ctx context.Context, p Period, scope Scope) (*FlowSum, error) {
	sums := make([]FlowSum, readers())
	from, to := p.From.Unix(), p.To.Unix()
	err := b.pass(ctx, p.From.Add(-idSlack), len(sums), func(d dictionary) []visit {
		in, ok := b.narrow(scope)
		var out []visit
		for i := range sums {
			var f Fact // its lists are filled again and again: a FlowSum keeps none of them
			out = append(out, func(_ []byte, x *packed) error {
				if !ok || x.opened < from || x.opened >= to || !in.has(x) {
					return nil
				}
				if err := x.way(&f, d); err != nil {
					return err
				}
				sums[i].Add(f)
				return nil
			})
		}
		return out
	})
	if err != nil {
		return nil, err
	}
	for i := range sums[1:] {
		sums[0].Merge(&sums[i+1])
	}
	return &sums[0], nil
}

// way reads what a FlowSum asks of a fact, over what was in f.
func (p *packed) way(f *Fact, d dictionary) error {
	n := &p.n
	*f = Fact{Opened: moment(p.opened), Solved: moment(p.at[atSolved]), ResolveDue: moment(p.at[atResolveDue]), ResolveKept: p.flag(flagResolveKept),
		Outcome: balie.Outcome(d.word(n[wordOutcome])), State: balie.State(n[numState]), Kind: balie.Kind(d.word(n[wordKindOf])),
		Channel: d.word(n[wordChannel]), Product: d.word(n[wordProduct]), Team: d.word(n[wordTeam]), Decided: Decided(n[numDecided]),
		Rule: d.word(n[wordRule]), Ruleset: int(n[numRuleset]), Handouts: int(n[numHandouts]), Reopened: int(n[numReopened]), Merged: p.flag(flagMerged),
		Teams: f.Teams[:0], Path: f.Path[:0], Rulings: f.Rulings[:0]}
	t := p.tail()
	p.customer(&t)
	p.lists(f, &t, d.word)
	if t.bad || len(t.b) > 0 {
		return errDamaged
	}
	return nil
}

// Flow is the whole flow of a period beside a design.
func (b *Book) Flow(ctx context.Context, p Period, scope Scope, d Design, older func(version int) (Design, bool), now time.Time) (FlowReport, error) {
	s, err := b.FlowOf(ctx, p, scope)
	if err != nil {
		return FlowReport{}, err
	}
	r := s.Report(d, older)
	r.Period, r.Scope, r.Made, r.Stale = p, scope, now, b.Behind(now)
	return r, nil
}

// Report puts what was counted beside a design.
func (s *FlowSum) Report(d Design, older func(version int) (Design, bool)) FlowReport {
	return FlowReport{Happened: s.Full(TeamsShown), Design: d, Taken: s.Taken(d, older), Differences: s.Differ(d, older)}
}
