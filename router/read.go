package router

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/balie/balie/internal/yamltree"
)

// reader reads a ruleset; known tells which names exist.
type reader struct {
	*yamltree.Reader
	known Lookup
}

// otherWords are what other rule languages call our keys.
var otherWords = map[string]string{"if": "when", "condition": "when", "conditions": "when", "do": "then", "action": "then", "actions": "then",
	"tags": "tag", "forward": "hand_out", "reply": "answer", "title": "name", "tests": "examples"}

// written is a rule as read, with the places of its parts.
type written struct {
	Rule
	field     string
	line, col int // of the rule
	when      yamltree.Source
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func (r *reader) document(rs *Ruleset) []written {
	root := r.Open(rs.body)
	if root.Absent() {
		if r.Count() == 0 {
			r.Problem(root, "", "the file is empty", "start with version: 1 and rules:")
		}
		return nil
	}
	var rules []written
	for _, e := range r.Mapping(root, "", "version", "language", "rules") {
		switch e.Key {
		case "version":
			rs.Version = r.Int(e.Value, "version", 0, 1<<30)
		case "language":
			rs.Language = r.Text(e.Value, "language")
		case "rules":
			rules = r.rules(e.Value)
		}
	}
	if len(rules) == 0 && r.Count() == 0 {
		r.Add(1, 1, "rules", "there are no rules", "add at least one: `{id: desk, when: \"true\", then: {to_desk: {}}}` sends all to the desk")
	}
	return rules
}

func (r *reader) rules(n yamltree.Node) []written {
	nodes := r.Items(n, "rules")
	if len(nodes) > ruleLimit {
		r.Problem(n, "rules", fmt.Sprintf("there are %d rules, the limit is %d", len(nodes), ruleLimit), "remove rules that never match")
		return nil
	}
	var out []written
	first := map[string]int{}
	for i, node := range nodes {
		w := r.rule(node, i)
		if line := first[w.ID]; line > 0 && w.ID != "" {
			r.Add(w.line, w.col, w.field, fmt.Sprintf("there is a rule %q already, on line %d", w.ID, line), "give each rule its own id")
		}
		first[w.ID] = w.line
		out = append(out, w)
	}
	return out
}

func (r *reader) rule(n yamltree.Node, i int) written {
	w := written{field: fmt.Sprintf("rules[%d]", i)}
	w.line, w.col = n.Place()
	w.Line = w.line
	before := r.Count()
	entries := r.Mapping(n, w.field, "id", "name", "when", "then", "examples", "disabled")
	if !n.IsMapping() && r.Count() > before {
		return w
	}
	then := false
	for _, e := range entries {
		switch e.Key {
		case "id":
			w.ID = r.Text(e.Value, w.field+".id")
			if !idPattern.MatchString(w.ID) {
				r.Problem(e.Value, w.field+".id", fmt.Sprintf("%q cannot be an id", yamltree.Short(w.ID)), "use small letters, digits, - and _")
				continue
			}
			w.field = "rule " + w.ID
		case "name":
			w.Names = r.names(e.Value, w.field+".name")
		case "when":
			w.When = r.Text(e.Value, w.field+".when")
			w.when = r.Source(e.Value)
		case "then":
			then = true
			r.then(e.Value, &w)
		case "examples":
			w.Examples = r.examples(e.Value, w.field+".examples")
		case "disabled":
			w.Disabled = r.Bool(e.Value, w.field+".disabled")
		}
	}
	if w.ID == "" {
		r.Add(w.line, w.col, w.field, "the rule has no id", "add id: and a short name in small letters")
	}
	if strings.TrimSpace(w.When) == "" {
		r.Add(w.line, w.col, w.field+".when", "the rule has no condition", `add when: and a condition; "true" matches always`)
	}
	if !then || len(w.Then) == 0 {
		r.Add(w.line, w.col, w.field+".then", "the rule does nothing", "add then: and an action, such as to_desk: {}")
	}
	return w
}

func (r *reader) names(n yamltree.Node, field string) map[string]string {
	if n.IsScalar() {
		return map[string]string{"en": r.Text(n, field)}
	}
	out := map[string]string{}
	for _, e := range r.Mapping(n, field) {
		out[e.Key] = r.Text(e.Value, e.Field)
	}
	return out
}
