package desk

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
)

// Recount makes a factsheet the slow way, of the raw events: report.Recount.
type Recount func(ctx context.Context, plan report.Plan, p report.Period, scope report.Scope, now time.Time) (report.Factsheet, error)

// Checked is what came of counting a factsheet a second time.
type Checked struct {
	Period  string     `json:"period"`
	Numbers int        `json:"numbers" doc:"How many were compared."`
	Differ  []Miscount `json:"differ" doc:"Those that differ: none when all is well."`
}

// Miscount is a number that is another when it is counted again.
type Miscount struct {
	Section string   `json:"section"`
	ID      string   `json:"id"`
	Metric  string   `json:"metric"`
	Period  string   `json:"period"`
	Shown   *float64 `json:"shown" doc:"null: nothing to count"`
	Counted *float64 `json:"counted"`
}

// Check counts a factsheet again from all raw events and compares every number.
// It holds all requests in memory: it is for a quiet hour.
func (r *Reports) Check(ctx context.Context, a Actor, q Asked, again Recount, now time.Time) (Checked, error) {
	out := Checked{Period: q.Period.ID(), Differ: []Miscount{}}
	if !a.Can(Manage) {
		return out, balie.ErrDenied
	}
	if err := r.CatchUp(ctx); err != nil {
		return out, err
	}
	shown, err := r.factsheet(ctx, q, now)
	if err != nil {
		return out, err
	}
	counted, err := again(ctx, r.lib.Plan(), q.Period, q.Scope, now)
	if err != nil {
		return out, fmt.Errorf("count the factsheet of %s again: %w", out.Period, err)
	}
	w := r.Words(q.Language)
	out.Differ, out.Numbers = compareLines(export.Lines(shown, w), export.Lines(counted, w))
	return out, nil
}

// CatchUp brings the figures up to date, for whoever cannot wait the few
// seconds until they are.
func (r *Reports) CatchUp(ctx context.Context) error {
	if b, ok := r.book.(interface{ CatchUp(context.Context) error }); ok {
		if err := b.CatchUp(ctx); err != nil {
			return fmt.Errorf("bring the figures up to date: %w", err)
		}
	}
	return nil
}

type lineKey struct{ section, id, metric, period string }

// compareLines gives what differs between two lists of lines, and how many
// there are of either.
func compareLines(shown, counted []export.Line) ([]Miscount, int) {
	key := func(l export.Line) lineKey { return lineKey{l.Section, l.ID, l.Metric, l.Period} }
	second := map[lineKey]export.Line{}
	for _, l := range counted {
		second[key(l)] = l
	}
	out, n := []Miscount{}, 0
	for _, l := range shown {
		n++
		o := second[key(l)]
		delete(second, key(l))
		if !sameValue(l.Value, o.Value) || !sameCount(l.Denominator, o.Denominator) || !sameCount(l.Numerator, o.Numerator) {
			out = append(out, Miscount{l.Section, l.ID, l.Metric, l.Period, l.Value, o.Value})
		}
	}
	for _, l := range counted {
		if _, left := second[key(l)]; left {
			n++
			out = append(out, Miscount{l.Section, l.ID, l.Metric, l.Period, nil, l.Value})
		}
	}
	return out, n
}

// rounding is how much two sums of the same numbers may differ by their order.
const rounding = 1e-9

func sameValue(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return math.Abs(*a-*b) <= rounding*max(1, math.Abs(*a))
}

func sameCount(a, b *int) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
