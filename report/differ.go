package report

import (
	"cmp"
	"slices"
	"strings"
)

// DifferenceKind is how what happened differs from what the rules mean.
type DifferenceKind string

// The kinds.
const (
	RuleUnused    DifferenceKind = "rule_unused"    // Of decisions came as far as Rule, and it took none
	RuleUnreached DifferenceKind = "rule_unreached" // Of decisions were made, none came as far as Rule
	NoRuleDecides DifferenceKind = "no_rule"        // no rule decided, so the desk looked
	HandedByHand  DifferenceKind = "by_hand"        // Rule gave it to the desk, the desk handed it out to Team
	NoRuleSends   DifferenceKind = "no_rule_sends"  // Team got it by hand, and no rule hands out to it
	PassedOn      DifferenceKind = "passed_on"      // Rule handed it out to Team, and by way of the desk it came to Other
	BackAndForth  DifferenceKind = "back_and_forth" // by hand to Team, back to the desk, and on to Other
	AskedByHand   DifferenceKind = "asked_by_hand"  // Rule gave it to the desk, the desk asked the customer
	DeskAnswers   DifferenceKind = "desk_answers"   // Rule gives Product to the desk, which answers by itself
	CameBack      DifferenceKind = "came_back"      // Rule answered, and the customer came back
)

// Difference is one way in which what happened differs from what the rules
// mean: Count of Of.
type Difference struct {
	Kind    DifferenceKind
	Rule    string // its id
	Team    string
	Other   string // another team
	Product string
	Count   int
	Of      int
	Urgent  bool // the rule is for what is urgent: that nobody took it may be as it should
}

// From when a difference is one, and not chance.
const (
	leastCount  = 3    // requests
	leastShare  = 0.05 // of those it could have been
	leastChance = 20   // decisions that came as far as a rule that took none
	answersMost = 0.75 // share the desk answers by itself, from which a rule could
)

// Differ names the differences between what happened and a design: those with
// most requests first, then the rules that nobody took, as they are ordered.
// older is as in Taken.
func (s *FlowSum) Differ(d Design, older func(version int) (Design, bool)) []Difference {
	t := tallies{design: d, got: map[Difference]int{}, of: map[Difference]int{}}
	for _, w := range s.ways {
		t.way(w)
	}
	for k, a := range s.asked {
		t.asked(k, a)
	}
	out := t.differences()
	slices.SortFunc(out, func(a, b Difference) int {
		return cmp.Or(b.Count-a.Count, b.Of-a.Of, cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Team, b.Team),
			cmp.Compare(a.Other, b.Other), cmp.Compare(a.Product, b.Product))
	})
	return append(out, unused(d, s.Taken(d, older))...)
}

// unused are the rules that nobody took.
func unused(d Design, taken map[string]Taken) []Difference {
	var out []Difference
	for _, r := range d.Rules {
		switch t := taken[r.ID]; {
		case !r.Decides() || t.Count > 0:
		case t.Of >= leastChance:
			out = append(out, Difference{Kind: RuleUnused, Rule: r.ID, Of: t.Of, Urgent: r.urgent()})
		case t.Of == 0 && t.Made >= leastChance:
			out = append(out, Difference{Kind: RuleUnreached, Rule: r.ID, Of: t.Made})
		}
	}
	return out
}

// tallies count what may be a difference, by the difference without numbers,
// and of how many.
type tallies struct {
	design  Design
	got, of map[Difference]int
}

// way counts what the requests of a way did that no rule meant.
func (t *tallies) way(w *way) {
	rule, ruled := "", len(w.rulings) > 0
	if ruled {
		rule = w.rulings[len(w.rulings)-1].Rule
	}
	for _, r := range w.rulings {
		t.of[Difference{Kind: NoRuleDecides}] += w.count
		if r.Rule == "" {
			t.got[Difference{Kind: NoRuleDecides}] += w.count
		}
	}
	if w.noise {
		return
	}
	if w.decided == FromCatalogue && ruled {
		k := Difference{Kind: CameBack, Rule: w.rulings[0].Rule}
		t.of[k] += w.count
		if w.outcome == OutReopened || len(w.steps) > 0 {
			t.got[k] += w.count
		}
	}
	if r, ok := t.design.Rule(rule); ruled && ok && r.Goes == GoesDesk {
		t.byHand(w, rule)
	}
	t.handedOut(w)
}

// byHand counts what the desk did with what a rule gave it.
func (t *tallies) byHand(w *way, rule string) {
	t.of[Difference{Kind: HandedByHand, Rule: rule}] += w.count
	team, asked := "", false
	for i, l := range w.steps {
		if i == 0 || l.back || w.steps[i-1].holder != "desk" {
			continue
		}
		if id, ok := strings.CutPrefix(l.holder, "team:"); ok && team == "" {
			team = id
		}
		asked = asked || l.holder == "customer"
	}
	if team != "" && t.design.Sends(team) {
		t.got[Difference{Kind: HandedByHand, Rule: rule, Team: team}] += w.count
	}
	if asked {
		t.got[Difference{Kind: AskedByHand, Rule: rule}] += w.count
	}
}

// handedOut counts which teams got it, and which after which.
func (t *tallies) handedOut(w *way) {
	first, firstRule, desk, hopped := "", "", false, false
	sent, unmeant := map[string]bool{}, map[string]bool{}
	for _, l := range w.steps {
		team, ok := strings.CutPrefix(l.holder, "team:")
		if !ok {
			desk = desk || first != "" && l.holder == "desk" && !l.back
			continue
		}
		sent[team] = true
		if l.rule == "" && !t.design.Sends(team) {
			unmeant[team] = true
		}
		if first == "" {
			first, firstRule, desk = team, l.rule, false
			continue
		}
		if desk && team != first && l.rule == "" && !hopped {
			hopped = true
			k := Difference{Kind: PassedOn, Rule: firstRule, Team: first, Other: team}
			if firstRule == "" {
				k.Kind = BackAndForth
			}
			t.got[k] += w.count
		}
	}
	if first != "" {
		kind := PassedOn
		if firstRule == "" {
			kind = BackAndForth
		}
		t.of[Difference{Kind: kind, Rule: firstRule, Team: first}] += w.count
	}
	for team := range sent {
		t.of[Difference{Kind: NoRuleSends, Team: team}] += w.count
	}
	for team := range unmeant {
		t.got[Difference{Kind: NoRuleSends, Team: team}] += w.count
	}
}

// asked counts what the desk answered by itself of what a rule gave it.
func (t *tallies) asked(k askedKey, a *askedSum) {
	if r, ok := t.design.Rule(k.rule); !ok || r.Goes != GoesDesk {
		return
	}
	d := Difference{Kind: DeskAnswers, Rule: k.rule, Product: k.product}
	t.got[d] += a.deskAlone
	t.of[d] += a.count
}

// whole is what a difference is counted of.
func (t *tallies) whole(d Difference) int {
	switch d.Kind {
	case HandedByHand, AskedByHand:
		return t.of[Difference{Kind: HandedByHand, Rule: d.Rule}]
	case PassedOn, BackAndForth:
		return t.of[Difference{Kind: d.Kind, Rule: d.Rule, Team: d.Team}]
	}
	return t.of[d]
}

func (t *tallies) differences() []Difference {
	var out []Difference
	for d, n := range t.got {
		d.Count, d.Of = n, t.whole(d)
		least := leastShare
		if d.Kind == DeskAnswers {
			least = answersMost
		}
		if d.Count < leastCount || float64(d.Count) < least*float64(d.Of) || d.Kind == DeskAnswers && d.Of < leastChance {
			continue
		}
		out = append(out, d)
	}
	return out
}
