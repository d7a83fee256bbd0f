package router

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// Check are the examples that do not hold. They need nothing but the rules, so
// they can be asked whenever rules are read.
func (s *Interventions) Check() []Finding {
	if s == nil {
		return nil
	}
	var out []Finding
	for _, r := range s.rules {
		for _, x := range r.Examples {
			if problem, fix := s.missed(r, x); problem != "" {
				out = append(out, Finding{Rule: r.ID, Line: x.Line, Example: FactsText(x.Given), Problem: problem, Fix: fix})
			}
		}
	}
	return out
}

// fails is why an example does not hold, or "".
func (s *Interventions) fails(r *intervention, x GuardExample) string {
	problem, fix := s.missed(r, x)
	if problem == "" {
		return ""
	}
	return problem + "; " + fix
}

// missed says why an example does not hold and what would mend it. A rule that
// is switched off is tried as if it were on.
func (s *Interventions) missed(r *intervention, x GuardExample) (problem, fix string) {
	f, err := x.facts(r.On)
	if err != nil {
		return err.Error(), "give the fact another value"
	}
	w := s.watch(&f)
	is, err := r.holds(w.seen)
	stopper := s.stopper(w, r, f.Occasion)
	fires := is && r.fits(f.Occasion) && stopper == ""
	switch {
	case fires == x.Fires:
		return "", ""
	case fires:
		c, err := r.explain(r.When, w.seen)
		return "the rule fires, and must not: " + sentenceOf(r.ID, c, err), "narrow the condition"
	case !r.fits(f.Occasion):
		return fmt.Sprintf("the rule does not fire: it is not about %s", f.Occasion), "add the occasion to on:"
	case err != nil:
		return "the rule does not fire: it cannot be evaluated: " + err.Error(), "mend the condition"
	case is:
		return fmt.Sprintf("the rule does not fire: %s stops first", ruleName(stopper)), "move this rule up or narrow that one"
	}
	fix = "widen the condition"
	if c, err := r.explain(r.When, w.seen); err == nil {
		if bad := culprits(c); len(bad) > 0 {
			fix = "not true: " + strings.Join(bad, "; ")
		}
	}
	return "the rule does not fire", fix
}

// stopper is the rule above r that fires and lets none below it, or "".
func (s *Interventions) stopper(w watch, r *intervention, o Occasion) string {
	for _, b := range s.on[o] {
		if b.place >= r.place {
			break
		}
		if !b.Stop {
			continue
		}
		if fires, _ := b.holds(w.seen); fires {
			return b.ID
		}
	}
	return ""
}

// Warnings say which rules cannot do what they seem to: never true, true on
// none of some of their occasions, never reached, or the same as another. Only
// what can be told for sure is told.
func (s *Interventions) Warnings() []Finding {
	if s == nil {
		return nil
	}
	var out []Finding
	var above []guardWays
	for _, r := range s.rules {
		if r.Disabled {
			continue
		}
		t := guardWaysOf(r)
		if f, bad := t.warn(above); bad {
			f.Rule, f.Line = r.ID, r.Line
			out = append(out, f)
		}
		above = append(above, t)
	}
	return out
}

// guardWays is a rule with the ways in which it can fire on each occasion; nil
// when there are too many to tell.
type guardWays struct {
	*intervention
	on map[Occasion][]way
}

func guardWaysOf(r *intervention) guardWays {
	t := guardWays{r, map[Occasion][]way{}}
	all := ways(r.cond)
	for _, o := range r.On {
		if all == nil {
			t.on[o] = nil
			continue
		}
		t.on[o] = []way{}
		for _, w := range all {
			if both, ok := w.with(momentOf(o)); ok {
				t.on[o] = append(t.on[o], both)
			}
		}
	}
	return t
}

// momentOf is what is known of the facts on an occasion: docs/interventions.md
// promises it.
func momentOf(o Occasion) way {
	w := way{facts: map[int]limits{}}
	texts := func(name string, only ...string) { w.facts[guarding.places[name]] = limitsOf(only) }
	texts(factOccasion, string(o))
	switch o {
	case TeamSilent, HandoutDue, HandoutOverdue:
		texts(factClock, ClockHandout)
	case DueSoon, Overdue:
		texts(factClock, ClockResponse, ClockResolution)
	case Silent:
		texts(factClock, ClockUpdate)
	case SignalSeen:
		texts("signal.about", AboutProduct, AboutPlace, AboutCustomer)
	}
	if o == SignalSeen {
		return w
	}
	for i, f := range guarding.facts {
		if !strings.HasPrefix(f.name, "signal.") {
			continue
		}
		w.facts[i] = limits{} // the number 0
		if f.typ == cel.StringType {
			w.facts[i] = limitsOf([]string{""})
		}
	}
	return w
}

func limitsOf(only []string) limits {
	l := anything()
	l.only = only
	return l
}

func (t guardWays) warn(above []guardWays) (Finding, bool) {
	var never []string
	for _, o := range t.On {
		if t.on[o] != nil && len(t.on[o]) == 0 {
			never = append(never, string(o))
		}
	}
	switch {
	case len(never) > 0 && len(never) < len(t.On):
		return Finding{Problem: "the condition is never true on " + strings.Join(never, ", "), Fix: "take that out of on:"}, true
	case len(never) > 0 && len(ways(t.cond)) > 0:
		return Finding{Problem: "the condition is never true on " + strings.Join(never, ", "),
			Fix: "it asks what only another occasion has: see docs/interventions.md"}, true
	case len(never) > 0:
		return Finding{Problem: "the condition is never true", Fix: "its parts contradict each other: remove one, or use || between them"}, true
	}
	for i := len(above) - 1; i >= 0; i-- {
		if f, bad := t.against(above[i]); bad {
			return f, true
		}
	}
	return Finding{}, false
}

// against says what a rule above does to this one.
func (t guardWays) against(b guardWays) (Finding, bool) {
	name := ruleName(b.ID)
	same := strings.TrimSpace(t.When) == strings.TrimSpace(b.When)
	within := !slices.ContainsFunc(t.On, func(o Occasion) bool { return !b.fits(o) })
	if !within {
		return Finding{}, false
	}
	if !b.Stop {
		if same && slices.Equal(t.Do, b.Do) && len(t.On) == len(b.On) {
			return Finding{Problem: "it does the same as " + name, Fix: "remove one of them"}, true
		}
		return Finding{}, false
	}
	for _, o := range t.On {
		if !same && !always(ways(b.cond)) && !covers(b.on[o], t.on[o]) {
			return Finding{}, false
		}
	}
	return Finding{Problem: fmt.Sprintf("it never fires: whenever it would, %s fired already and stopped", name), Fix: "move it above that rule, or narrow that one"}, true
}
