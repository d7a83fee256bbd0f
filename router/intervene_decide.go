package router

import (
	"fmt"
	"slices"
)

// watch is one look at the facts by the rules.
type watch struct {
	rules *Interventions
	seen  *seen
}

func (s *Interventions) watch(f *GuardFacts) watch {
	w := watch{s, &seen{of: guarding}}
	load(w.seen, guardFacts, f)
	w.seen.found[0] = s.words.find(f.Request.Subject)
	return w
}

// Decide says what is to be done: of all rules that fire, in order, up to the
// first that stops. A rule that cannot be evaluated does not fire; Trace names
// it.
func (s *Interventions) Decide(f GuardFacts) []Intervention {
	if s == nil || len(s.on[f.Occasion]) == 0 {
		return nil
	}
	f = cappedGuard(f)
	w := s.watch(&f)
	var out []Intervention
	for _, r := range s.on[f.Occasion] {
		if fires, _ := r.holds(w.seen); !fires {
			continue
		}
		out = append(out, Intervention{Rule: r.ID, Do: slices.Clone(r.Do)})
		if r.Stop {
			break
		}
	}
	return out
}

// Trace decides and says of each rule and clause what it saw. It is exact for
// the facts that are stored with what the same rules set off.
func (s *Interventions) Trace(f GuardFacts) GuardTrace {
	if s == nil {
		return GuardTrace{Facts: f}
	}
	f = cappedGuard(f)
	t := GuardTrace{Facts: f}
	w := s.watch(&f)
	stopped := ""
	for _, r := range s.rules {
		rt := w.trace(r, f.Occasion, stopped)
		if rt.Stopped {
			stopped = r.ID
		}
		t.Rules = append(t.Rules, rt)
	}
	return t
}

func (w watch) trace(r *intervention, o Occasion, stopped string) InterventionTrace {
	t := InterventionTrace{ID: r.ID, Name: r.Name("en"), Names: r.Names, Line: r.Line, On: slices.Clone(r.On),
		Fits: r.fits(o), Is: False, Do: slices.Clone(r.Do)}
	fires, err := r.holds(w.seen)
	t.Clause, _ = r.explain(r.When, w.seen)
	switch {
	case r.Disabled:
		t.Is = Off
	case !t.Fits:
		t.Is = OtherOccasion
	case stopped != "":
		t.Is, t.Why = Later, fmt.Sprintf("%s stopped", ruleName(stopped))
	case err != nil:
		t.Is, t.Why = Failed, err.Error()
	case fires:
		t.Is, t.Stopped = True, r.Stop
	}
	return t
}

// fits reports whether a rule is about what happened.
func (r *InterventionRule) fits(o Occasion) bool { return slices.Contains(r.On, o) }
