package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
)

// Trace explains a stored decision with the rules it was made by.
func (l *Library) Trace(ctx context.Context, d balie.Decision) (router.Trace, error) {
	rs := l.Brain().Rules
	if d.Ruleset != rs.Version {
		doc, err := l.docs.Document(ctx, RulesDoc, "", d.Ruleset)
		if errors.Is(err, balie.ErrNotFound) {
			return router.Trace{}, fmt.Errorf("rules version %d: %w", d.Ruleset, err)
		}
		if err != nil {
			return router.Trace{}, fmt.Errorf("read the rules of a decision: %w", err)
		}
		// Names are not looked up: a team may have gone since.
		if rs, err = router.Compile(fmt.Sprintf("rules (version %d)", d.Ruleset), doc.Body, nil); err != nil {
			return router.Trace{}, fmt.Errorf("read the rules of a decision: %w", err)
		}
		rs.Version = d.Ruleset
	}
	return rs.Trace(d.Facts), nil
}
