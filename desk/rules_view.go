package desk

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// RulesView is a ruleset being looked at: the actor's draft, or what is in force.
type RulesView struct {
	Draft    RuleDraft
	Rules    *router.Ruleset // of the draft
	Base     *router.Ruleset // what it was begun from
	Diff     []router.Difference
	Examples int              // how many there are
	Failed   []router.Finding // examples that do not hold
	Warnings []router.Finding
	Problem  error // why it could not be put in force at all: the catalogue has changed
}

// Green reports whether every example holds and every name exists.
func (v RulesView) Green() bool { return v.Problem == nil && len(v.Failed) == 0 }

// Rule is a rule and its place, from 0; false when there is none.
func (v RulesView) Rule(id string) (router.Rule, int, bool) {
	rules := v.Rules.Rules()
	i := slices.IndexFunc(rules, func(r router.Rule) bool { return r.ID == id })
	if i < 0 {
		return router.Rule{}, 0, false
	}
	return rules[i], i, true
}

// Changed are the rules that differ from the base, each once.
func (v RulesView) Changed() []string {
	var ids []string
	for _, d := range v.Diff {
		if !slices.Contains(ids, d.Rule) {
			ids = append(ids, d.Rule)
		}
	}
	return ids
}

// View is the actor's draft with all that is to be said of it.
func (r *Rules) View(ctx context.Context, a Actor, now time.Time) (RulesView, error) {
	d, err := r.Draft(ctx, a)
	if err != nil {
		return RulesView{}, err
	}
	v := RulesView{Draft: d}
	if v.Base, err = r.version(ctx, d.Base); err != nil {
		return v, err
	}
	v.Rules = v.Base
	if d.Begun() {
		if v.Rules, err = router.Compile("rules", d.Body, nil); err != nil {
			return v, fmt.Errorf("read the draft of %s: %w", a.ID, err)
		}
		v.Rules.Version = d.InForce + 1
		v.Diff = router.Diff(v.Base, v.Rules)
	}
	v.Examples = examplesOf(v.Rules)
	_, v.Problem = r.lib.Draft(RulesDoc, "rules", d.Body)
	v.Failed, v.Warnings = r.checks.of(r, v.Rules, now)
	return v, nil
}

// version is a published version, compiled; one whose names are gone by now
// too.
func (r *Rules) version(ctx context.Context, n int) (*router.Ruleset, error) {
	if rs := r.lib.Brain().Rules; rs.Version == n {
		return rs, nil
	}
	rs, _, err := r.published(ctx, n)
	return rs, err
}

func (r *Rules) published(ctx context.Context, n int) (*router.Ruleset, store.Document, error) {
	doc, err := r.store.Document(ctx, RulesDoc, "", n)
	if err != nil {
		return nil, doc, fmt.Errorf("read rules version %d: %w", n, err)
	}
	rs, err := router.Compile(fmt.Sprintf("rules (version %d)", n), doc.Body, nil)
	if err != nil {
		return nil, doc, fmt.Errorf("read rules version %d: %w", n, err)
	}
	rs.Version = doc.Version
	return rs, doc, nil
}

func examplesOf(rs *router.Ruleset) int {
	n := 0
	for _, r := range rs.Rules() {
		n += len(r.Examples.Must) + len(r.Examples.MustNot)
	}
	return n
}

// checked is what examples and warnings say of a ruleset.
type checked struct{ failed, warnings []router.Finding }

// checks remembers what was said of a few rulesets: a page asks again and
// again, and a hundred examples are a hundred matches.
type checks struct {
	mu   sync.Mutex
	said map[[sha256.Size]byte]checked
}

// checksKept is how many rulesets are remembered: several admins, each with a
// draft and what is in force.
const checksKept = 16

func (c *checks) of(r *Rules, rs *router.Ruleset, now time.Time) (failed, warnings []router.Finding) {
	b := *r.lib.Brain()
	b.Rules = rs
	at := r.asOpen(now)
	key := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", b.Catalogue.Version, at.Format(time.DateOnly), rs.Source()))
	c.mu.Lock()
	said, ok := c.said[key]
	c.mu.Unlock()
	if ok {
		return said.failed, said.warnings
	}
	said = checked{rs.Check(r.exampleFacts(&b, at)), rs.Warnings()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said == nil || len(c.said) >= checksKept {
		c.said = map[[sha256.Size]byte]checked{}
	}
	c.said[key] = said
	return said.failed, said.warnings
}

// asOpen is the moment examples are asked at: one at which the desk is open,
// the same all day, so that none holds by day and fails by night.
func (r *Rules) asOpen(now time.Time) time.Time {
	y, m, d := now.In(r.o.Calendar.Zone()).Date()
	return r.o.Calendar.Next(time.Date(y, m, d, 0, 0, 0, 0, r.o.Calendar.Zone()))
}

// exampleFacts makes the facts of an example as intake would, of somebody
// whose address is proven.
func (r *Rules) exampleFacts(b *intake.Brain, at time.Time) func(question, language string) balie.Facts {
	return func(question, language string) balie.Facts {
		m := balie.Message{ID: balie.NewID(at), Side: balie.CustomerSide, Direction: balie.In, Channel: "email",
			From: balie.Address{Scheme: balie.Mail, Value: "customer@example.org"}, Proof: balie.Proven,
			Text: question, Language: language, At: at}
		d, _ := intake.Decide(b, m, intake.Known{Calendar: r.o.Calendar, Language: r.o.Language}, at)
		return d.Facts
	}
}

// ExampleOutcome is what came of one example of a rule.
type ExampleOutcome struct {
	router.Example
	Must     bool // the rule must match it; else it must not
	Holds    bool
	Decision balie.Decision
	Problem  string // why it does not hold
	Fix      string
}

// Outcomes runs the examples of one rule.
func (r *Rules) Outcomes(rs *router.Ruleset, rule router.Rule, now time.Time) []ExampleOutcome {
	b := *r.lib.Brain()
	b.Rules = rs
	decide := r.exampleFacts(&b, r.asOpen(now))
	failed, _ := r.checks.of(r, rs, now)
	var out []ExampleOutcome
	for i, x := range append(slices.Clone(rule.Examples.Must), rule.Examples.MustNot...) {
		o := ExampleOutcome{Example: x, Must: i < len(rule.Examples.Must)}
		var err error
		if o.Decision, err = rs.DecideExample(x, decide); err != nil {
			o.Problem = err.Error()
			out = append(out, o)
			continue
		}
		o.Holds = slices.Contains(o.Decision.Matched, rule.ID) == o.Must
		for _, f := range failed {
			if f.Rule == rule.ID && f.Example == x.Text && !o.Holds {
				o.Problem, o.Fix = f.Problem, f.Fix
			}
		}
		out = append(out, o)
	}
	return out
}

// With is a view in which one rule is as given, or new, though not saved.
func (r *Rules) With(v RulesView, rule router.Rule, now time.Time) (RulesView, error) {
	put := router.WithRule
	if _, _, ok := v.Rule(rule.ID); !ok {
		put = func(body []byte, rule router.Rule) ([]byte, error) {
			return router.WithNewRule(body, rule, len(v.Rules.Rules()))
		}
	}
	body, err := put(v.Draft.Body, rule)
	if err != nil {
		return v, err
	}
	b, err := r.lib.Draft(RulesDoc, "rules", body)
	if err != nil {
		return v, err
	}
	v.Rules = b.Rules
	v.Failed, v.Warnings = r.checks.of(r, v.Rules, now)
	return v, nil
}

// Brain is what decides now: the catalogue that rules name things of.
func (r *Rules) Brain() *intake.Brain { return r.lib.Brain() }
