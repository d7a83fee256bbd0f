package router

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/types"

	"github.com/balie/balie"
)

// Decide says what is done with a message. It is never an error; in doubt, the
// desk. It keeps match for the record and does not change it.
func (rs *Ruleset) Decide(f balie.Facts, match []balie.Match, catalogueVersion int) balie.Decision {
	f = capped(f)
	d := balie.Decision{Ruleset: rs.Version, Catalogue: catalogueVersion, Facts: f, Match: match}
	run := rs.start(f)
	var decided *rule
	for _, r := range rs.rules {
		matched, err := run.matches(r)
		switch {
		case err != nil:
			d.Failed = append(d.Failed, r.ID)
			continue
		case !matched:
			continue
		}
		d.Matched = append(d.Matched, r.ID)
		run.adds(r)
		if r.decides() {
			decided = r
			break
		}
	}
	action, reason := run.outcome(decided)
	if decided != nil {
		d.Rule = decided.ID
	}
	d.Do, d.Reason = append(run.do, action), reason
	return d
}

// run is one reading of the ruleset, with what rules changed on the way.
type run struct {
	rules   *Ruleset
	facts   balie.Facts // with the kind and priority that rules set
	seen    *seen
	do      []balie.Action // what does not decide
	product string         // set by a rule
}

func (rs *Ruleset) start(f balie.Facts) *run {
	r := &run{rules: rs, facts: f, seen: &seen{of: routing}}
	load(r.seen, allFacts, &r.facts)
	r.seen.found[0] = rs.words.find(f.Message.Text)
	r.seen.found[1] = rs.words.find(f.Message.Subject)
	return r
}

// matches reports whether a rule's condition is true. A rule that is off never is.
func (x *run) matches(r *rule) (bool, error) {
	if r.Disabled {
		return false, nil
	}
	is, err := r.holds(x.seen)
	if err != nil {
		return false, fmt.Errorf("evaluate rule %q: %w", r.ID, err)
	}
	return is, nil
}

// adds does what a rule does besides deciding. Of what there can be only one,
// the last rule's counts.
func (x *run) adds(r *rule) {
	for _, a := range r.Then {
		if a.Do.Decides() {
			continue
		}
		switch a.Do {
		case balie.DoTag, balie.DoAlert:
			same := func(b balie.Action) bool { return b.Do == a.Do && b.Value == a.Value }
			if slices.ContainsFunc(x.do, same) {
				continue
			}
		default:
			x.do = slices.DeleteFunc(x.do, func(b balie.Action) bool { return b.Do == a.Do })
		}
		x.do = append(x.do, a)
		switch a.Do {
		case balie.DoKind:
			x.facts.Request.Kind = a.Value
			x.seen.values[routing.places["request.kind"]] = types.String(a.Value)
		case balie.DoPriority:
			x.facts.Request.Priority = a.Value
			x.seen.values[routing.places["request.priority"]] = types.String(a.Value)
		case balie.DoProduct:
			x.product = a.Value
		}
	}
}

// outcome is the deciding action and, as one sentence, why.
func (x *run) outcome(r *rule) (balie.Action, string) {
	if r == nil {
		const none = "no rule decided"
		return balie.Action{Do: balie.DoDesk, Reason: none}, none + ", so the desk looks at it"
	}
	i := slices.IndexFunc(r.Then, func(a balie.Action) bool { return a.Do.Decides() })
	wanted := x.fill(r.Then[i], r.Ask)
	if why := x.unsafe(wanted); why != "" {
		desk := balie.Action{Do: balie.DoDesk, Reason: why, Rule: r.ID}
		return desk, fmt.Sprintf("%s, so the desk looks at it (rule %q wanted: %s)", why, r.ID, verbs[wanted.Do])
	}
	return wanted, x.because(r)
}

// verbs are the deciding actions in a sentence.
var verbs = map[balie.ActionKind]string{
	balie.DoAnswer: "answer", balie.DoAsk: "ask", balie.DoOffer: "offer a choice",
	balie.DoHandOut: "hand out", balie.DoDesk: "to the desk", balie.DoDiscard: "discard",
}

// accountTeam has what is for an account manager when the customer has none.
const accountTeam = "accountmanagement"

// fill completes an action from the facts.
func (x *run) fill(a balie.Action, ask Ask) balie.Action {
	f := x.facts
	switch a.Do {
	case balie.DoAnswer:
		if p := x.about(); p != "" {
			a.Products = []string{p}
		}
	case balie.DoOffer:
		for _, p := range []string{f.Match.Product, f.Match.RunnerUp} {
			if p != "" && !slices.Contains(a.Products, p) {
				a.Products = append(a.Products, p)
			}
		}
	case balie.DoAsk:
		a.Fields = slices.Clone(a.Fields)
		if ask == AskMissing {
			a.Fields = slices.Clone(f.Missing)
		}
		if p := x.about(); p != "" {
			a.Products = []string{p}
		}
	case balie.DoHandOut:
		switch ask {
		case AskOwner:
			a.Team = x.owner()
		case AskAccountTeam:
			a.Team = firstOf(f.Customer.Manager, x.rules.account, x.owner())
		}
	}
	return a
}

// about is the product it is about: what a rule says, or the best match.
func (x *run) about() string { return firstOf(x.product, x.facts.Match.Product) }

// owner is the team of the product; of a product that a rule set there are no
// facts.
func (x *run) owner() string {
	if x.product != "" && x.product != x.facts.Product.ID {
		return ""
	}
	return x.facts.Product.Team
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
