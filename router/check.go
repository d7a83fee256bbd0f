package router

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/balie/balie"
)

// Finding is something about a rule that a person should look at.
type Finding struct {
	Rule    string `json:"rule"`
	Line    int    `json:"line"`
	Example string `json:"example,omitzero"`
	Problem string `json:"problem"`
	Fix     string `json:"fix,omitzero"`
}

// Check runs the examples of every rule. decide makes the facts of a question,
// as intake would; language is empty when the example and the ruleset do not
// say.
func (rs *Ruleset) Check(decide func(question, language string) balie.Facts) []Finding {
	var out []Finding
	for _, r := range rs.rules {
		for _, x := range r.Examples.Must {
			if f, bad := rs.checkOne(r, x, true, decide); bad {
				out = append(out, f)
			}
		}
		for _, x := range r.Examples.MustNot {
			if f, bad := rs.checkOne(r, x, false, decide); bad {
				out = append(out, f)
			}
		}
	}
	return out
}

func (rs *Ruleset) checkOne(r *rule, x Example, must bool, decide func(question, language string) balie.Facts) (Finding, bool) {
	f := Finding{Rule: r.ID, Line: x.line, Example: x.Text}
	facts, err := overlay(decide(x.Text, firstOf(x.Language, rs.Language)), x.With)
	if err != nil {
		f.Problem = err.Error()
		return f, true
	}
	d := rs.Decide(facts, nil, 0)
	matched := slices.Contains(d.Matched, r.ID)
	if matched == must {
		return f, false
	}
	if matched {
		f.Problem = "the rule matches, and must not: " + rs.start(capped(facts)).because(r)
		f.Fix = "narrow the condition"
		return f, true
	}
	f.Problem = fmt.Sprintf("the rule does not match; instead %s by %s", verbs[d.Deciding().Do], ruleName(d.Rule))
	f.Fix = rs.missed(r, d, facts)
	return f, true
}

// missed says what kept a rule from matching.
func (rs *Ruleset) missed(r *rule, d balie.Decision, facts balie.Facts) string {
	run := rs.start(capped(facts))
	matched, err := run.matches(r)
	switch {
	case r.Disabled:
		return "the rule is switched off"
	case err != nil:
		return "the rule cannot be evaluated: " + plainError(err)
	case matched:
		return fmt.Sprintf("%s comes first: move this rule up or narrow that one", ruleName(d.Rule))
	}
	c, err := run.explain(r)
	if err != nil {
		return "widen the condition"
	}
	if bad := culprits(c); len(bad) > 0 {
		return "not true: " + strings.Join(bad, "; ")
	}
	return "widen the condition"
}

// culprits are the clauses that made a condition false.
func culprits(c Clause) []string {
	if c.Is == True || c.Is == Unknown {
		return nil
	}
	if c.Join == "and" || c.Join == "or" {
		var out []string
		for _, k := range c.Of {
			out = append(out, culprits(k)...)
		}
		return out
	}
	text := c.Text
	for _, s := range c.Saw {
		text += fmt.Sprintf(" (%s is %s)", s.Fact, s.Value)
	}
	return []string{text}
}

func ruleName(id string) string {
	if id == "" {
		return "no rule"
	}
	return fmt.Sprintf("rule %q", id)
}

// overlay sets facts by name.
func overlay(f balie.Facts, with map[string]any) (balie.Facts, error) {
	f.Message.Fields = maps.Clone(f.Message.Fields) // JSON would write into the caller's
	f.Missing = slices.Clone(f.Missing)
	return f, setFacts(&f, with)
}

// setFacts sets facts by name in what becomes their JSON.
func setFacts[F any](f *F, with map[string]any) error {
	for name, value := range with {
		var nested any = value
		parts := strings.Split(name, ".")
		for i := len(parts) - 1; i >= 0; i-- {
			nested = map[string]any{parts[i]: nested}
		}
		b, err := json.Marshal(nested)
		if err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(f); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}
