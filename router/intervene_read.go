package router

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// interventionLimit bounds the rules of a document.
const interventionLimit = 500

// The keys of an intervention rule, and what it can do, in the order in which
// they are shown.
var (
	interventionKeys = []string{"id", "name", "on", "when", "do", "stop", "disabled", "examples"}
	guardExampleKeys = []string{"given", "fires"}
	guardActions     = []string{DoNotify, DoRaise, DoEscalate, DoAskStatus, DoTellCustomer, DoCallBack, DoTag}
	guardRoles       = []string{ToAssignee, ToLead, ToTeam, ToAccount}
	raises           = []string{"normal", "high", "urgent"}
	tellings         = []string{TellDelay, TellProgress}
)

// otherGuardWords are what other rule languages call our keys.
var otherGuardWords = map[string]string{"if": "when", "condition": "when", "conditions": "when", "then": "do", "action": "do", "actions": "do",
	"occasion": "on", "occasions": "on", "event": "on", "events": "on", "trigger": "on", "title": "name", "tests": "examples",
	"with": "given", "facts": "given", "must": "fires", "priority": DoRaise, "alert": DoNotify, "tell": DoTellCustomer,
	"callback": DoCallBack, "status": DoAskStatus}

// ParseInterventions reads the rules under the key interventions of a document,
// and nothing else of it. known may be nil: then names of teams and products
// are not checked. The error joins a *balie.InvalidError for each problem.
func ParseInterventions(body []byte, file string, known Lookup) (*Interventions, error) {
	r := &yamltree.Reader{File: file, MaxBytes: sizeLimit}
	var at yamltree.Node
	for _, e := range r.Mapping(r.Open(body), "") {
		if e.Key == interventionsKey {
			at = e.Value
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	s := ReadInterventions(r, at, known)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// interventionsKey is the key of a document under which the rules stand.
const interventionsKey = "interventions"

// ReadInterventions reads the list of rules at a node of a document that
// somebody else reads with the same reader. What is wrong is added to the
// reader's problems; what it gives then may lack rules.
func ReadInterventions(y *yamltree.Reader, n yamltree.Node, known Lookup) *Interventions {
	others := y.Others
	y.Others = otherGuardWords
	defer func() { y.Others = others }()
	s := &Interventions{on: map[Occasion][]*intervention{}}
	r := &reader{Reader: y, known: known}
	l, err := newLanguage(guarding, r)
	if err != nil {
		y.Wrong(n, interventionsKey, err)
		return s
	}
	limited := 0
	for _, w := range r.interventions(n) {
		c := &condition{language: l, text: w.When, field: w.field, place: w.when}
		ready, ok := c.compile()
		if !ok {
			continue
		}
		if ready.limited {
			limited++
		}
		rule := &intervention{w.InterventionRule, ready, len(s.rules)}
		s.rules = append(s.rules, rule)
		for _, o := range rule.On {
			if !rule.Disabled {
				s.on[o] = append(s.on[o], rule)
			}
		}
	}
	if limited > limitedRules {
		y.Problem(n, interventionsKey, fmt.Sprintf("%d rules may cost much to evaluate; at most %d are allowed", limited, limitedRules),
			"avoid macros within macros, such as request.tags.all(a, request.tags.all(b, …))")
	}
	s.words = l.words.build()
	return s
}

// writtenGuard is a rule as read, with the places of its parts.
type writtenGuard struct {
	InterventionRule
	field     string
	line, col int
	when      yamltree.Source
}

func (r *reader) interventions(n yamltree.Node) []writtenGuard {
	nodes := r.List(n, interventionsKey)
	if len(nodes) > interventionLimit {
		r.Problem(n, interventionsKey, fmt.Sprintf("there are %d rules, the limit is %d", len(nodes), interventionLimit), "remove rules that never fire")
		return nil
	}
	var out []writtenGuard
	first := map[string]int{}
	for i, node := range nodes {
		w := r.intervention(node, i)
		if line := first[w.ID]; line > 0 && w.ID != "" {
			r.Add(w.line, w.col, w.field, fmt.Sprintf("there is an intervention %q already, on line %d", w.ID, line), "give each its own id")
		}
		first[w.ID] = w.line
		if strings.TrimSpace(w.When) != "" { // else there is nothing to compile, which is a problem by then
			out = append(out, w)
		}
	}
	return out
}

func (r *reader) intervention(n yamltree.Node, i int) writtenGuard {
	w := writtenGuard{field: fmt.Sprintf("%s[%d]", interventionsKey, i)}
	w.line, w.col = n.Place()
	w.Line = w.line
	before := r.Count()
	entries := r.Mapping(n, w.field, interventionKeys...)
	if !n.IsMapping() && r.Count() > before {
		return w
	}
	if at := slices.IndexFunc(entries, func(e yamltree.Entry) bool { return e.Key == "id" }); at >= 0 {
		r.guardID(entries[at].Value, &w)
	}
	for _, e := range entries {
		r.guardPart(e, &w)
	}
	missing := func(key, problem, fix string) {
		if !slices.ContainsFunc(entries, func(e yamltree.Entry) bool { return e.Key == key && !nothing(e.Value) }) {
			r.Add(w.line, w.col, yamltree.Join(w.field, key), problem, fix)
		}
	}
	missing("id", "the rule has no id", "add id: and a short name in small letters")
	missing("on", "it is not said when the rule is looked at", "add on: and one or more of "+strings.Join(occasions, ", "))
	missing("when", "the rule has no condition", `add when: and a condition; "true" is always`)
	const idle, act = "the rule does nothing", "add do: and an action, such as - notify: lead"
	missing("do", idle, act)
	if r.Count() == before && len(w.Do) == 0 {
		r.Add(w.line, w.col, w.field+".do", idle, act)
	}
	return w
}

// nothing reports whether a value says nothing: it is left out, blank or an
// empty list.
func nothing(n yamltree.Node) bool {
	var quiet yamltree.Reader
	if n.IsScalar() {
		return strings.TrimSpace(quiet.Text(n, "")) == ""
	}
	return !n.IsMapping() && len(quiet.Items(n, "")) == 0
}

func (r *reader) guardID(n yamltree.Node, w *writtenGuard) {
	if nothing(n) {
		return
	}
	before := r.Count()
	id := r.Text(n, w.field+".id")
	switch {
	case idPattern.MatchString(id):
		w.ID, w.field = id, "intervention "+id
	case r.Count() == before:
		r.Problem(n, w.field+".id", fmt.Sprintf("%q cannot be an id", yamltree.Short(id)), "use small letters, digits, - and _")
	}
}

func (r *reader) guardPart(e yamltree.Entry, w *writtenGuard) {
	field := w.field + "." + e.Key
	switch e.Key {
	case "name":
		w.Names = said(r.names(e.Value, field))
	case "on":
		for _, item := range r.Items(e.Value, field) {
			o := Occasion(r.OneOf(item, field, occasions...))
			switch {
			case o == "":
			case w.fits(o):
				r.Problem(item, field, fmt.Sprintf("%s stands here twice", o), "remove one of them")
			default:
				w.On = append(w.On, o)
			}
		}
	case "when":
		w.When = r.Text(e.Value, field)
		w.when = r.Source(e.Value)
	case "do":
		for _, item := range r.Items(e.Value, field) {
			for _, a := range r.Mapping(item, field, guardActions...) {
				r.guardAction(a, w)
			}
		}
	case "stop":
		w.Stop = r.Bool(e.Value, field)
	case "disabled":
		w.Disabled = r.Bool(e.Value, field)
	case "examples":
		for _, item := range r.List(e.Value, field) {
			w.Examples = append(w.Examples, r.guardExample(item, field))
		}
	}
}

// said are the names that say something; nil when none does.
func said(names map[string]string) map[string]string {
	names = maps.Clone(names)
	maps.DeleteFunc(names, func(_, name string) bool { return name == "" })
	if len(names) == 0 {
		return nil
	}
	return names
}

// guardAction reads one action. Those that take whom or a word may have a list
// of them.
func (r *reader) guardAction(e yamltree.Entry, w *writtenGuard) {
	field := w.field + ".do." + e.Key
	add := func(at yamltree.Node, a GuardAction) {
		if slices.Contains(w.Do, a) {
			r.Problem(at, field, "this stands here twice", "remove one of them")
			return
		}
		w.Do = append(w.Do, a)
	}
	switch e.Key {
	case DoAskStatus, DoCallBack:
		r.mustBeTrue(e.Value, field)
		add(e.At, GuardAction{Do: e.Key})
	case DoRaise:
		add(e.At, GuardAction{Do: e.Key, Value: r.OneOf(e.Value, field, raises...)})
	case DoTellCustomer:
		add(e.At, GuardAction{Do: e.Key, Value: r.OneOf(e.Value, field, tellings...)})
	case DoTag:
		for _, item := range r.Items(e.Value, field) {
			add(item, GuardAction{Do: e.Key, Value: r.required(item, field)})
		}
	case DoNotify, DoEscalate:
		for _, item := range r.Items(e.Value, field) {
			whom := r.required(item, field)
			r.whom(item, field, e.Key, whom)
			add(item, GuardAction{Do: e.Key, Whom: whom})
		}
	}
}

func (r *reader) whom(n yamltree.Node, field, do, whom string) {
	switch {
	case whom == "" || whom == ToLead:
	case slices.Contains(guardRoles, whom):
		if do == DoEscalate {
			r.Problem(n, field, fmt.Sprintf("it cannot be escalated to the %s", whom), "write lead or the id of a team, or use "+DoNotify)
		}
	case r.known != nil && !r.known.HasTeam(whom):
		fix := "write lead, or the id of a team in the catalogue"
		if do == DoNotify {
			fix = "write one of " + strings.Join(guardRoles, ", ") + ", or the id of a team in the catalogue"
		}
		r.Problem(n, field, fmt.Sprintf("team %q does not exist", yamltree.Short(whom)), fix)
	}
}

func (r *reader) guardExample(n yamltree.Node, field string) GuardExample {
	x := GuardExample{Fires: true}
	x.Line, _ = n.Place()
	for _, e := range r.Mapping(n, field, guardExampleKeys...) {
		switch e.Key {
		case "given":
			x.Given = r.given(e.Value, field+".given", guarding, guardCan)
		case "fires":
			x.Fires = r.Bool(e.Value, field+".fires")
		}
	}
	return x
}

// guardCan refuses what a fact cannot be.
func guardCan(one map[string]any) error {
	for name, value := range one {
		list, _ := value.([]any)
		if value == nil || slices.Contains(list, nil) {
			return &balie.InvalidError{Problem: name + " has no value", Fix: "write one, or leave the fact out"}
		}
		f := guarding.facts[guarding.places[name]]
		if f.never(value) {
			return &balie.InvalidError{Problem: fmt.Sprintf("%s is never %q", name, clip(fmt.Sprint(value), 40)),
				Fix: yamltree.Suggest(fmt.Sprint(value), f.choices)}
		}
	}
	err := setFacts(&GuardFacts{}, one)
	for name := range one {
		if err != nil && guarding.facts[guarding.places[name]].typ == cel.IntType {
			return &balie.InvalidError{Problem: name + " cannot be that", Fix: "it is a whole number"}
		}
	}
	return err
}
