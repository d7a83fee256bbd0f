package report

import (
	"context"
	"time"
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
	err := b.pass(ctx, p.From.Add(-idSlack), len(sums), func(d dictionary) []visit {
		in, ok := b.narrow(scope)
		var out []visit
		for i := range sums {
			out = append(out, func(key []byte, x *packed) error {
				if !ok || !p.Has(moment(x.opened)) || !in.has(x) {
					return nil
				}
				f, err := x.fact(key, d.words)
				if err != nil {
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
