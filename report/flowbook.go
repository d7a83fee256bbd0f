package report

import (
	"context"
	"sync"
	"time"

	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
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

// FlowOf adds up the requests that were opened in a period.
func (b *Book) FlowOf(ctx context.Context, p Period, scope Scope) (*FlowSum, error) {
	s := &FlowSum{}
	for f, err := range b.Facts(ctx, p, scope) {
		if err != nil {
			return nil, err
		}
		s.Add(f)
	}
	return s, nil
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

// designsKept bounds Designs; one is a compiled ruleset less its conditions.
const designsKept = 200

// Designs are the rulesets of the past, each read once.
type Designs struct {
	docs store.Documents
	kind string // of document

	mu   sync.Mutex
	kept map[int]Design
	gone map[int]bool
}

// NewDesigns reads rulesets from the documents of a kind.
func NewDesigns(docs store.Documents, kind string) *Designs {
	return &Designs{docs: docs, kind: kind, kept: map[int]Design{}, gone: map[int]bool{}}
}

// Older gives the design of a version, for Taken. It is false for one that
// is not there or cannot be read any more.
func (d *Designs) Older(ctx context.Context) func(version int) (Design, bool) {
	return func(version int) (Design, bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if was, ok := d.kept[version]; ok || d.gone[version] || version < 1 {
			return was, ok
		}
		doc, err := d.docs.Document(ctx, d.kind, "", version)
		if err != nil {
			return Design{}, false // it may be there another time
		}
		rs, err := router.Compile(d.kind, doc.Body, nil)
		if err != nil {
			d.gone[version] = true
			return Design{}, false
		}
		if len(d.kept) >= designsKept {
			clear(d.kept)
		}
		rs.Version = version
		d.kept[version] = Designed(rs, nil)
		return d.kept[version], true
	}
}
