package router

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/balie/balie"
)

// Past is a decision that was made once.
type Past struct {
	Request  balie.ID
	Ref      string
	Subject  string
	Decision balie.Decision
}

// backtestRows is how many changed requests a report shows one by one.
const backtestRows = 100

// Report is what a draft would have done with past messages.
type Report struct {
	Total   int            `json:"total"`
	Changed int            `json:"changed"`
	Counts  []Count        `json:"counts"` // most frequent first
	Rows    []Row          `json:"rows"`   // the first hundred
	Hits    map[string]int `json:"hits"`   // how often each rule of the draft matched
	Never   []string       `json:"never"`  // rules that no past message matches any more, and did before
	Silent  []string       `json:"silent"` // rules of the draft that match no past message
	Failed  map[string]int `json:"failed"` // how often a rule could not be evaluated
	Groups  []Group        `json:"-"`      // the changes by product, most frequent first
}

// Group is the requests of one product that go from one place to another.
type Group struct {
	Product       string
	Before, After []balie.Action
	Rule          string // of the draft
	Reason        string // of the first
	N             int
	Refs          []string // the first few
}

// groupRefs is how many requests of a group are named.
const groupRefs = 5

// Count is how many requests go from one place to another.
type Count struct {
	From string `json:"from"`
	To   string `json:"to"`
	N    int    `json:"n"`
}

// Row is one request that the draft decides otherwise.
type Row struct {
	Request balie.ID `json:"request"`
	Ref     string   `json:"ref"`
	Subject string   `json:"subject"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Before  string   `json:"before"` // the rule that decided
	After   string   `json:"after"`  // the rule that would decide
	Reason  string   `json:"reason"` // of the draft
}

// Backtest decides past messages again, with a draft, and says what changes.
// It looks at the stored facts: what the catalogue made of a message then.
func Backtest(draft *Ruleset, past iter.Seq[Past]) Report {
	r := Report{Hits: map[string]int{}, Failed: map[string]int{}}
	counts := map[[2]string]int{}
	groups := map[[3]string]*Group{}
	before := map[string]bool{}
	for p := range past {
		r.Total++
		d := draft.Decide(p.Decision.Facts, p.Decision.Match, p.Decision.Catalogue)
		for _, id := range p.Decision.Matched {
			before[id] = true
		}
		for _, id := range d.Matched {
			r.Hits[id]++
		}
		for _, id := range d.Failed {
			r.Failed[id]++
		}
		from, to := Outline(p.Decision), Outline(d)
		if from == to {
			continue
		}
		r.Changed++
		counts[[2]string{from, to}]++
		grouped(groups, [3]string{p.Decision.Facts.Match.Product, from, to}, p, d)
		if len(r.Rows) < backtestRows {
			r.Rows = append(r.Rows, Row{Request: p.Request, Ref: p.Ref, Subject: p.Subject, From: from, To: to,
				Before: p.Decision.Rule, After: d.Rule, Reason: d.Reason})
		}
	}
	for _, g := range groups {
		r.Groups = append(r.Groups, *g)
	}
	slices.SortFunc(r.Groups, func(a, b Group) int {
		return cmp.Or(b.N-a.N, strings.Compare(a.Product, b.Product), strings.Compare(a.Refs[0], b.Refs[0]))
	})
	for k, n := range counts {
		r.Counts = append(r.Counts, Count{From: k[0], To: k[1], N: n})
	}
	slices.SortFunc(r.Counts, func(a, b Count) int {
		return cmp.Or(b.N-a.N, strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	for _, rule := range draft.rules {
		if r.Hits[rule.ID] > 0 || rule.Disabled {
			continue
		}
		r.Silent = append(r.Silent, rule.ID)
		if before[rule.ID] {
			r.Never = append(r.Never, rule.ID)
		}
	}
	return r
}

// grouped adds a changed request to its group.
func grouped(groups map[[3]string]*Group, key [3]string, p Past, d balie.Decision) {
	g := groups[key]
	if g == nil {
		g = &Group{Product: key[0], Before: p.Decision.Do, After: d.Do, Rule: d.Rule, Reason: d.Reason}
		groups[key] = g
	}
	if g.N++; len(g.Refs) < groupRefs {
		g.Refs = append(g.Refs, p.Ref)
	}
}

// Outline is all that a decision does, in one line; two decisions with the
// same outline do the same. Reasons do not count.
func Outline(d balie.Decision) string {
	deciding := d.Deciding()
	parts := []string{verbs[deciding.Do]}
	switch deciding.Do {
	case balie.DoHandOut:
		parts = append(parts, "to "+deciding.Team)
	case balie.DoAsk:
		parts = append(parts, strings.Join(deciding.Fields, " "))
	case balie.DoAnswer, balie.DoOffer:
		parts = append(parts, strings.Join(deciding.Products, " or "))
	}
	out := strings.Join(parts, " ")
	var adds []string
	for _, a := range d.Do {
		if !a.Do.Decides() {
			adds = append(adds, string(a.Do)+" "+a.Value)
		}
	}
	slices.Sort(adds)
	return strings.Join(append([]string{out}, adds...), ", ")
}
