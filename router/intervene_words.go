package router

import "slices"

// What a form offers. Changing what these give changes nothing.

// Occasions are all there are, in the order of docs/interventions.md.
func Occasions() []Occasion {
	out := make([]Occasion, 0, len(occasions))
	for _, o := range occasions {
		out = append(out, Occasion(o))
	}
	return out
}

// InterventionFacts are all facts that the condition of an intervention can
// ask, in the order of docs/interventions.md.
func InterventionFacts() []BuilderFact {
	out := make([]BuilderFact, 0, len(guarding.facts))
	for i := range guarding.facts {
		out = append(out, guarding.builderFact(i))
	}
	return out
}

// ActionForm is what a form must know of an action.
type ActionForm struct {
	Do    string
	Words []string // what it can be besides the id of a team; none: anything, or true
	Teams bool     // it can be the id of a team
	Whom  bool     // what it is goes into Whom, else into Value
	Plain bool     // it is only done, or not: neither Whom nor Value
}

// ActionForms are all actions of interventions, in the order of
// docs/interventions.md.
func ActionForms() []ActionForm {
	return []ActionForm{
		{Do: DoNotify, Words: slices.Clone(guardRoles), Teams: true, Whom: true},
		{Do: DoRaise, Words: slices.Clone(raises)},
		{Do: DoEscalate, Words: []string{ToLead}, Teams: true, Whom: true},
		{Do: DoAskStatus, Plain: true},
		{Do: DoTellCustomer, Words: slices.Clone(tellings)},
		{Do: DoCallBack, Plain: true},
		{Do: DoTag},
	}
}
