package desk

import (
	"context"
	"fmt"
	"sync"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
)

// Trace explains a stored decision with the rules it was made by.
func (l *Library) Trace(ctx context.Context, d balie.Decision) (router.Trace, error) {
	rs, err := l.rulesAt(ctx, d.Ruleset)
	if err != nil {
		return router.Trace{}, err
	}
	return rs.Trace(d.Facts), nil
}

// rulesAt are the rules of a version: those in force, or older ones, compiled
// once more.
func (l *Library) rulesAt(ctx context.Context, version int) (*router.Ruleset, error) {
	if rs := l.Brain().Rules; version == rs.Version {
		return rs, nil
	}
	if rs, ok := l.older.get(version); ok {
		return rs, nil
	}
	doc, err := l.docs.Document(ctx, RulesDoc, "", version)
	if err != nil {
		return nil, fmt.Errorf("read the rules of a decision, version %d: %w", version, err)
	}
	// Names are not looked up: a team may have gone since.
	rs, err := router.Compile(fmt.Sprintf("rules (version %d)", version), doc.Body, nil)
	if err != nil {
		return nil, fmt.Errorf("read the rules of a decision: %w", err)
	}
	rs.Version = version
	l.older.put(rs)
	return rs, nil
}

// keptRulesets is how many older versions stay compiled: agents look at what
// was decided lately.
const keptRulesets = 8

// olderRules are compiled rules that are not in force any more.
type olderRules struct {
	mu   sync.Mutex
	kept []*router.Ruleset // the one used last is last
}

func (o *olderRules) get(version int) (*router.Ruleset, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, rs := range o.kept {
		if rs.Version == version {
			o.kept = append(append(o.kept[:i:i], o.kept[i+1:]...), rs)
			return rs, true
		}
	}
	return nil, false
}

func (o *olderRules) put(rs *router.Ruleset) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = append(o.kept, rs)
	if len(o.kept) > keptRulesets {
		o.kept = o.kept[1:]
	}
}
