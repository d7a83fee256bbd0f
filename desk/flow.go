package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/report"
	"github.com/balie/balie/report/export"
)

// Flows tells how requests went; a report.Book does.
type Flows interface {
	Flow(ctx context.Context, p report.Period, scope report.Scope, d report.Design, older func(version int) (report.Design, bool), now time.Time) (report.FlowReport, error)
}

// errNoFlows: what figures are reckoned from here does not tell it.
var errNoFlows = errors.New("these figures do not tell how requests went")

// Flow is how the requests of a period went, beside the rules in force.
func (r *Reports) Flow(ctx context.Context, a Actor, q Asked, now time.Time) (report.FlowReport, error) {
	if !a.Can(SeeDocuments) {
		return report.FlowReport{}, balie.ErrDenied
	}
	book, ok := r.book.(Flows)
	if !ok {
		return report.FlowReport{}, errNoFlows
	}
	b := r.lib.Brain()
	older := func(version int) (report.Design, bool) {
		rs, err := r.lib.rulesAt(ctx, version)
		if err != nil { // it went, or cannot be read any more: then it is not judged
			return report.Design{}, false
		}
		return report.Designed(rs, b.Catalogue), true
	}
	f, err := book.Flow(ctx, q.Period, q.Scope, report.Designed(b.Rules, b.Catalogue), older, now)
	if err != nil {
		return f, fmt.Errorf("reckon the flow of %s: %w", q.Period.ID(), err)
	}
	return f, nil
}

// FlowKind is the kind of file with a name, or what is wrong with the name.
func FlowKind(name string) (export.FlowKind, error) {
	kind := export.FlowKind(name)
	if _, ok := export.FlowMedia[kind]; !ok {
		return "", &balie.InvalidError{Field: "format", Problem: fmt.Sprintf("there is no format %.20q", name), Fix: "use svg, mermaid, sankey, rules-svg, rules-mermaid, html or json"}
	}
	return kind, nil
}

// FlowFile is a flow chart as a file.
func (r *Reports) FlowFile(f report.FlowReport, language string, kind export.FlowKind) ([]byte, error) {
	return export.Flow(f, r.Words(language), kind, r.o.CSS)
}

// FlowName is what a flow chart is called as a file: "flow-2026-10.svg".
func FlowName(f report.FlowReport, kind export.FlowKind) string {
	return "flow-" + strings.ReplaceAll(f.Period.ID(), "..", "-") + export.FlowMedia[kind].Ending
}
