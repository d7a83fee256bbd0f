package router

import "github.com/balie/balie"

// DecideExample decides on the facts of one example; decide makes those of
// its question, as for Check.
func (rs *Ruleset) DecideExample(x Example, decide func(question, language string) balie.Facts) (balie.Decision, error) {
	f, err := overlay(decide(x.Text, firstOf(x.Language, rs.Language)), x.With)
	if err != nil {
		return balie.Decision{}, err
	}
	return rs.Decide(f, nil, 0), nil
}

// ThenText is what a rule does, as YAML on one line.
func ThenText(r Rule) string { return flow(thenYAML(r)) }

// ExampleText is an example, as YAML on one line.
func ExampleText(x Example) string { return exampleText(x) }
