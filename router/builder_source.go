package router

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The functions below change one rule in the YAML of a ruleset and leave the
// rest as it stands, byte for byte: other rules, their order, remarks, blank
// lines. What they return compiles to exactly the rules that were asked for;
// where the way a file is written leaves no room for a small change (a whole
// list on one line), it is written anew. A rule that cannot work is refused
// with its place, as by Compile without names.

// WithRule puts r in place of the rule with its id. Parts that stay the same
// keep their text.
func WithRule(body []byte, r Rule) ([]byte, error) { return ruleList().with(body, r) }

// WithNewRule puts a new rule at a place, from 0.
func WithNewRule(body []byte, r Rule, at int) ([]byte, error) {
	return ruleList().withNew(body, r, at)
}

// WithoutRule takes a rule out, with the remarks above it.
func WithoutRule(body []byte, id string) ([]byte, error) { return ruleList().without(body, id) }

// WithRuleAt moves a rule to a place, from 0, with the remarks above it.
func WithRuleAt(body []byte, id string, at int) ([]byte, error) {
	return ruleList().moved(body, id, at)
}

func ruleList() list[Rule] {
	return list[Rule]{
		read: func(body []byte) ([]Rule, string, error) {
			rs, err := Compile("rules", body, nil)
			if err != nil {
				return nil, "", err
			}
			return rs.Rules(), rs.Language, nil
		},
		anew: anew,
		same: SameRule,
	}
}

// anew writes a whole ruleset.
func anew(body []byte, rules []Rule) ([]byte, error) {
	rs, err := Compile("rules", body, nil)
	if err != nil {
		return nil, err
	}
	s := &source{end: "\n"}
	var b strings.Builder
	fmt.Fprintf(&b, "version: %d\n", rs.Version)
	if rs.Language != "" {
		b.WriteString("language: " + scalar(rs.Language) + "\n")
	}
	b.WriteString("rules:\n")
	for _, r := range rules {
		b.WriteString(s.whole(r))
	}
	return []byte(b.String()), nil
}

// SameRule reports whether two rules do the same and read the same: their
// place in the file and the white space around a condition do not count.
func SameRule(a, b Rule) bool { return bytes.Equal(meaning(a), meaning(b)) }

func meaning(r Rule) []byte {
	r.When = strings.TrimSpace(r.When)
	r.Line, r.Examples = 0, unplaced(r.Examples)
	r.Then = slices.Clone(r.Then)
	for i := range r.Then {
		r.Then[i].Rule = ""
	}
	b, err := json.Marshal(r)
	if err != nil {
		return []byte(err.Error())
	}
	return b
}

func (r Rule) key() string { return r.ID }

func (r Rule) line() int { return r.Line }

func (r Rule) order() []string { return []string{"name", "when", "disabled", "then", "examples"} }
