package report

import (
	"slices"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/router"
)

// Where a rule sends what it decides on. "team:ID" is a team.
const (
	GoesAnswer   = "answer"   // answered from the catalogue
	GoesCustomer = "customer" // asked something
	GoesDesk     = "desk"
	GoesOwner    = "owner"   // the team that has the product
	GoesAccount  = "account" // the customer's account manager
	GoesAway     = "discard"
)

// Design is how requests are meant to go: a ruleset as it is drawn.
type Design struct {
	Version int
	Rules   []DesignRule

	sends map[string]bool // teams that some rule hands out to
}

// DesignRule is one rule of it.
type DesignRule struct {
	router.ChartRule
	Goes string // as above; "" when the rule decides nothing
}

// Decides reports whether a rule says where requests go, and is on.
func (r DesignRule) Decides() bool { return r.Goes != "" && !r.Off }

// urgent reports whether a rule is for what is urgent.
func (r DesignRule) urgent() bool {
	return slices.ContainsFunc(r.Adds, func(a balie.Action) bool { return a.Do == balie.DoPriority && a.Value == "urgent" })
}

// Designed draws a ruleset. What a product's owner is comes from the
// catalogue; nil: nothing is known of that.
func Designed(rs *router.Ruleset, c *catalogue.Catalogue) Design {
	d := Design{Version: rs.Version, sends: map[string]bool{}}
	for _, r := range rs.Chart() {
		rule := DesignRule{ChartRule: r, Goes: goes(r)}
		d.Rules = append(d.Rules, rule)
		if rule.Decides() {
			d.send(rule, c)
		}
	}
	return d
}

func goes(r router.ChartRule) string {
	switch r.Does.Do {
	case balie.DoAnswer:
		return GoesAnswer
	case balie.DoAsk, balie.DoOffer:
		return GoesCustomer
	case balie.DoDesk:
		return GoesDesk
	case balie.DoDiscard:
		return GoesAway
	case balie.DoHandOut:
		switch r.Ask {
		case router.AskOwner:
			return GoesOwner
		case router.AskAccountTeam:
			return GoesAccount
		}
		return "team:" + r.Does.Team
	}
	return ""
}

// send notes the teams that a rule can hand out to.
func (d Design) send(r DesignRule, c *catalogue.Catalogue) {
	switch {
	case r.Goes != GoesOwner && r.Goes != GoesAccount:
		if r.Does.Team != "" {
			d.sends[r.Does.Team] = true
		}
	case c == nil:
	case r.Goes == GoesOwner:
		for _, p := range c.Products {
			d.sends[p.Owner] = true
		}
	default:
		for _, t := range c.Teams {
			if t.Kind == balie.Account {
				d.sends[t.ID] = true
			}
		}
	}
}

// Sends reports whether some rule hands out to a team.
func (d Design) Sends(team string) bool { return d.sends[team] }

// Rule is the rule with an id.
func (d Design) Rule(id string) (DesignRule, bool) {
	i := slices.IndexFunc(d.Rules, func(r DesignRule) bool { return r.ID == id })
	if i < 0 {
		return DesignRule{}, false
	}
	return d.Rules[i], true
}

// Taken is how often a rule decided.
type Taken struct {
	Count int
	Of    int // how often it could have: decisions that no earlier rule had made
	Made  int // decisions made while it was in force
}

// NoRuleID is the place in a map of Taken of what no rule decided on.
const NoRuleID = ""

// Taken counts what each rule decided. older gives the rules of another
// version; decisions of a version it does not know count for no rule.
func (s *FlowSum) Taken(d Design, older func(version int) (Design, bool)) map[string]Taken {
	by := map[int]map[string]int{}
	for _, w := range s.ways {
		for _, r := range w.rulings {
			if by[r.Ruleset] == nil {
				by[r.Ruleset] = map[string]int{}
			}
			by[r.Ruleset][r.Rule] += w.count
		}
	}
	out := map[string]Taken{}
	for version, counts := range by {
		was, ok := d, version == d.Version
		if !ok && older != nil {
			was, ok = older(version)
		}
		if !ok {
			continue
		}
		made := 0
		for _, n := range counts {
			made += n
		}
		left := made
		for _, r := range was.Rules {
			if !r.Decides() {
				continue
			}
			t := out[r.ID]
			out[r.ID] = Taken{t.Count + counts[r.ID], t.Of + left, t.Made + made}
			left -= counts[r.ID]
		}
		t := out[NoRuleID]
		out[NoRuleID] = Taken{t.Count + counts[NoRuleID], t.Of + left, t.Made + made}
	}
	return out
}
