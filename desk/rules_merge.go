package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// Merge is a draft whose base is no longer in force: what the actor changed
// since the base, what others did, and the rules that both changed.
type Merge struct {
	Base, Mine, Theirs       *router.Ruleset
	ByMe, ByThem             []router.Difference
	Conflicts                []string         // ids of rules that both changed, not to the same
	Since                    []store.Document // what was published meanwhile, newest first
	base, mine, inForceRules []router.Rule
}

// Merge compares a stale draft with what is in force now.
func (r *Rules) Merge(ctx context.Context, a Actor) (Merge, error) {
	var m Merge
	if !a.Can(Publish) {
		return m, balie.ErrDenied
	}
	d, err := r.Draft(ctx, a)
	if err != nil {
		return m, err
	}
	return r.merge(ctx, d)
}

func (r *Rules) merge(ctx context.Context, d RuleDraft) (Merge, error) {
	var m Merge
	var err error
	if m.Base, err = r.version(ctx, d.Base); err != nil {
		return m, err
	}
	if m.Mine, err = router.Compile("rules", d.Body, nil); err != nil {
		return m, fmt.Errorf("read a draft: %w", err)
	}
	m.Theirs = r.lib.Brain().Rules
	history, err := r.store.DocumentHistory(ctx, RulesDoc, "")
	if err != nil {
		return m, fmt.Errorf("list the versions of the rules: %w", err)
	}
	for _, doc := range history {
		if doc.Version > d.Base {
			m.Since = append(m.Since, doc)
		}
	}
	m.ByMe, m.ByThem = router.Diff(m.Base, m.Mine), router.Diff(m.Base, m.Theirs)
	m.base, m.mine, m.inForceRules = m.Base.Rules(), m.Mine.Rules(), m.Theirs.Rules()
	for _, x := range m.ByMe {
		if x.Change != router.Moved && m.bothChanged(x.Rule) && !slices.Contains(m.Conflicts, x.Rule) {
			m.Conflicts = append(m.Conflicts, x.Rule)
		}
	}
	return m, nil
}

// ruleBy finds a rule; nil where there is none.
func ruleBy(rules []router.Rule, id string) *router.Rule {
	if i := slices.IndexFunc(rules, func(r router.Rule) bool { return r.ID == id }); i >= 0 {
		return &rules[i]
	}
	return nil
}

func sameRule(a, b *router.Rule) bool {
	if a == nil || b == nil {
		return a == b
	}
	return router.SameRule(*a, *b)
}

// bothChanged reports whether both sides changed a rule, each in its own way.
func (m Merge) bothChanged(id string) bool {
	base, mine, theirs := ruleBy(m.base, id), ruleBy(m.mine, id), ruleBy(m.inForceRules, id)
	return !sameRule(base, mine) && !sameRule(base, theirs) && !sameRule(mine, theirs)
}

// Sides of a rule that both changed.
const (
	PickMine   = "mine"
	PickTheirs = "theirs"
)

// Reapply puts the actor's changes on top of what is in force now. pick says
// of each rule that both changed whose it is to be; without that it is refused.
func (r *Rules) Reapply(ctx context.Context, a Actor, seen DraftSeen, pick map[string]string, now time.Time) (RuleDraft, error) {
	d, err := r.writable(ctx, a, seen)
	if err != nil {
		return d, err
	}
	m, err := r.merge(ctx, d)
	if err != nil {
		return d, err
	}
	for _, id := range m.Conflicts {
		if p := pick[id]; p != PickMine && p != PickTheirs {
			return d, &balie.InvalidError{Field: "pick." + id, Problem: fmt.Sprintf("both of you changed rule %q", id), Fix: "choose whose it is to be"}
		}
	}
	body, err := m.onTop(pick)
	if err != nil {
		return d, err
	}
	if _, err := r.lib.Draft(RulesDoc, "rules", body); err != nil {
		return d, err
	}
	d.Base, d.Body = m.Theirs.Version, body
	return r.keep(ctx, a, d, now)
}

// onTop makes the actor's changes again in what is in force.
func (m Merge) onTop(pick map[string]string) ([]byte, error) {
	body := m.Theirs.Export()
	var err error
	for _, x := range m.ByMe {
		if pick[x.Rule] == PickTheirs && slices.Contains(m.Conflicts, x.Rule) {
			continue
		}
		if body, err = m.again(body, x); err != nil {
			return nil, fmt.Errorf("make a change of rule %q again: %w", x.Rule, err)
		}
	}
	return body, nil
}

// again makes one change. Where the other side already did the same, nothing
// is left to do.
func (m Merge) again(body []byte, x router.Difference) ([]byte, error) {
	rs, err := router.Compile("rules", body, nil)
	if err != nil {
		return nil, err
	}
	there := ruleBy(rs.Rules(), x.Rule)
	mine := ruleBy(m.mine, x.Rule)
	switch {
	case x.Change == router.Removed && there != nil:
		return router.WithoutRule(body, x.Rule)
	case x.Change == router.Removed:
		return body, nil
	case x.Change == router.Moved && there != nil:
		return router.WithRuleAt(body, x.Rule, m.placeOf(rs.Rules(), x.Rule))
	case x.Change == router.Moved:
		return body, nil
	case there == nil:
		return router.WithNewRule(body, *mine, m.placeOf(rs.Rules(), x.Rule))
	}
	return router.WithRule(body, *mine)
}

// placeOf is where a rule of mine goes among rules: behind the nearest one
// that stands before it in mine and is there.
func (m Merge) placeOf(rules []router.Rule, id string) int {
	rules = slices.DeleteFunc(slices.Clone(rules), func(r router.Rule) bool { return r.ID == id })
	i := slices.IndexFunc(m.mine, func(r router.Rule) bool { return r.ID == id })
	for i--; i >= 0; i-- {
		if at := slices.IndexFunc(rules, func(r router.Rule) bool { return r.ID == m.mine[i].ID }); at >= 0 {
			return at + 1
		}
	}
	return 0
}
