// Package router is in charge of deciding what happens with a message: an
// ordered ruleset in YAML with conditions in CEL, read from top to bottom.
//
// Guarantees:
//  1. A decision is a pure function of ruleset and facts and never an error:
//     a rule that cannot be evaluated counts as not matched and is named, a
//     message that no rule decides on goes to the desk.
//  2. The rules of safety.go hold whatever a ruleset says.
//  3. What is misspelt, of the wrong type or too costly is refused when the
//     ruleset is compiled, with file, line, column and what to do.
//  4. A Ruleset never changes and is safe for concurrent use.
//
// A rule whose actions decide nothing (priority, tag, product, kind, assign,
// alert) adds them and the search goes on; the first rule with a deciding
// action (answer, ask, offer, hand_out, to_desk, discard) ends it. The kind
// and priority that a rule sets are what later rules see.
package router

import (
	"fmt"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// Bounds of a ruleset.
const (
	sizeLimit = 4 << 20 // bytes of YAML; 1,000 rules are about 0.5 MiB
	ruleLimit = 5000    // rules
)

// Ruleset is a compiled, ordered list of rules.
type Ruleset struct {
	Version  int    // as it was published; a decision names it
	Language string // of examples that do not say

	file    string
	body    []byte // the YAML it was compiled from, comments and all
	rules   []*rule
	account string   // the team for account managers, if there is one
	words   *scanner // finds the literals that text clauses need, all at once
}

// Rule is one rule as people write it.
type Rule struct {
	ID       string            `json:"id"`
	Names    map[string]string `json:"name,omitzero"`
	When     string            `json:"when"` // CEL
	Then     []balie.Action    `json:"then"` // what is filled in when it is decided is in Ask
	Ask      Ask               `json:"ask,omitzero"`
	Examples Examples          `json:"examples,omitzero"`
	Disabled bool              `json:"disabled,omitzero"`
	Line     int               `json:"line,omitzero"` // in the file
}

// Ask says which parts of an action are filled in from the facts.
type Ask string

// The parts that are filled in.
const (
	AskMissing     Ask = "missing"         // ask: the fields that are missing
	AskOwner       Ask = "owner"           // hand_out: the product's team
	AskAccountTeam Ask = "account_manager" // hand_out: the customer's account manager
)

// Examples are the tests of a rule.
type Examples struct {
	Must    []Example `json:"must,omitzero"`     // the rule must match
	MustNot []Example `json:"must_not,omitzero"` // the rule must not
}

// Example is a question and, where words alone do not make the case, facts.
type Example struct {
	Text     string         `json:"text"`
	Language string         `json:"language,omitzero"`
	With     map[string]any `json:"with,omitzero"` // facts by name: "sender.failed": true
	line     int
}

// Lookup says which names exist, so that a rule cannot point nowhere.
type Lookup interface {
	HasTeam(id string) bool
	HasProduct(id string) bool
}

// rule is a rule ready to run.
type rule struct {
	Rule
	compiled
}

// decides reports whether the rule ends the search.
func (r *rule) decides() bool {
	return slices.ContainsFunc(r.Then, func(a balie.Action) bool { return a.Do.Decides() })
}

// Compile reads a ruleset. known may be nil: then names of teams and products
// are not checked. The error joins a *balie.InvalidError for each problem.
func Compile(file string, body []byte, known Lookup) (*Ruleset, error) {
	rs := &Ruleset{file: file, body: slices.Clone(body)}
	r := &reader{Reader: &yamltree.Reader{File: file, MaxBytes: sizeLimit, Others: otherWords}, known: known}
	rules := r.document(rs)
	if err := r.Err(); err != nil {
		return nil, err
	}
	l, err := newLanguage(routing, r)
	if err != nil {
		return nil, err
	}
	limited := 0
	for _, w := range rules {
		c := &condition{language: l, text: w.When, field: w.field, place: w.when}
		compiled, ok := c.compile()
		if !ok {
			continue
		}
		if compiled.limited {
			limited++
		}
		rs.rules = append(rs.rules, &rule{w.Rule, compiled})
	}
	if limited > limitedRules {
		r.Add(1, 1, "rules", fmt.Sprintf("%d rules may cost much to evaluate; at most %d are allowed", limited, limitedRules),
			"avoid macros within macros, such as missing.all(a, missing.all(b, …))")
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	rs.words = l.words.build()
	if known == nil || known.HasTeam(accountTeam) {
		rs.account = accountTeam
	}
	return rs, nil
}

// Rules are the rules in order, to show; changing them changes nothing.
func (rs *Ruleset) Rules() []Rule {
	out := make([]Rule, 0, len(rs.rules))
	for _, r := range rs.rules {
		out = append(out, r.Rule)
	}
	return out
}

// Name is the rule's name in a language, or else its id.
func (r Rule) Name(language string) string {
	for _, l := range []string{language, "en", "nl"} {
		if s := r.Names[l]; s != "" {
			return s
		}
	}
	return r.ID
}

// trackedOnce makes the tracking program of a rule when it is first needed:
// most rules never decide.
func trackedOnce(env *cel.Env, ast *cel.Ast, opts ...cel.ProgramOption) func() (cel.Program, error) {
	return sync.OnceValues(func() (cel.Program, error) { return env.Program(ast, opts...) })
}
