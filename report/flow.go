package report

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// The columns of a Flow.
const (
	ChannelColumn = iota
	DecisionColumn
	HolderColumn
	OutcomeColumn
)

// What the ids of nodes begin with; what follows is the id of a channel, one
// of the words below, or a holder as in Step.
const (
	channelNode  = "channel:"
	decisionNode = "decided:"
	holderNode   = "holder:"
	outcomeNode  = "outcome:"
)

// OtherTeams is the holder that stands for the teams a Flow has no room for.
const OtherTeams = holderNode + "teams"

// decisionWords are the decisions in nodes, by Decided.
var decisionWords = [...]string{NotDecided: "none", FromCatalogue: "catalogue", AskedFirst: "asked", ToDesk: "desk",
	ToBackoffice: "backoffice", ToAccount: "account", SolvedAtOnce: "at_once", Discarded: "discarded"}

// The outcomes in nodes, in the order in which they are shown.
const (
	OutFirstTime = "first_time" // solved without going on to others and not reopened
	OutInTime    = "in_time"    // solved by others, in time or without a promise
	OutLate      = "late"       // solved by others, later than promised
	OutReopened  = "reopened"   // the customer came back with it, whatever became of it then
	OutOpen      = "open"       // not solved yet
	OutOther     = "other"      // closed and not solved: withdrawn, refused, no answer
)

// Outcomes are all outcomes, in order.
var Outcomes = []string{OutFirstTime, OutInTime, OutLate, OutReopened, OutOpen, OutOther}

// FlowOutcome is where a request ends in a Flow.
func FlowOutcome(f Fact) string {
	switch {
	case f.State == balie.Closed && f.Outcome != balie.Solved:
		return OutOther
	case f.Reopened > 0:
		return OutReopened
	case f.Solved.IsZero():
		return OutOpen
	case f.Handouts == 0 && f.Team == "":
		return OutFirstTime
	case !f.ResolveDue.IsZero() && !f.ResolveKept:
		return OutLate
	}
	return OutInTime
}

// FlowSum adds up facts to a Flow. The zero value is ready; it is for one
// goroutine, and sums of parts are put together by Merge.
//
// Requests that went the same way share one line of it, so adding one is a
// look-up and a few counters, and a year of a million takes as much memory as
// a month.
type FlowSum struct {
	ways  map[string]*way
	asked map[askedKey]*askedSum
	key   []byte // of the fact that is being added; kept for its room
}

// way is the requests that went the same way.
type way struct {
	channel  string
	decided  Decided
	outcome  string
	steps    []leg
	rulings  []Ruling
	noise    bool // a duplicate or spam: it only counts for what rules decided
	count    int
	took     []histogram // by step
	solvedIn histogram   // of those nobody had: from opened to solved
}

// leg is one holder on a way.
type leg struct {
	holder string // as in Step: "desk", "customer", "planned", "team:ID"
	rule   string // by which it came there
	back   bool   // it was answered, and came back
}

// askedKey is requests about one product with one deciding rule.
type askedKey struct {
	product, rule string
	ruleset       int
}

// askedSum is what became of those that the rule gave to the desk.
type askedSum struct {
	count     int
	deskAlone int // answered by the desk, and nobody else had it
}

// Add counts a request.
func (s *FlowSum) Add(f Fact) {
	if s.ways == nil {
		s.ways, s.asked = map[string]*way{}, map[askedKey]*askedSum{}
	}
	outcome := FlowOutcome(f)
	s.key = wayKey(s.key[:0], f, outcome)
	w, ok := s.ways[string(s.key)]
	if !ok {
		w = newWay(f, outcome)
		s.ways[string(s.key)] = w
	}
	w.add(f)
	s.addAsked(f)
}

// wayKey is the same for facts that went the same way.
func wayKey(b []byte, f Fact, outcome string) []byte {
	b = append(b, f.Channel...)
	b = append(b, 0, byte(f.Decided), 0)
	b = append(b, outcome...)
	if noise(f) {
		b = append(b, 3)
	}
	for i, st := range f.Path {
		if passing(f.Path, i) {
			continue
		}
		b = append(append(append(append(b, 1), st.Holder...), 0), st.Rule...)
	}
	for _, r := range f.Rulings {
		b = append(append(append(b, 2), r.Rule...), 0)
		b = strconv.AppendInt(b, int64(r.Ruleset), 10)
		for _, also := range r.Also {
			b = append(append(b, 0), also...)
		}
	}
	return b
}

// passing reports whether a step is none in the picture: nobody had it then, or
// it only came by because a rule sent it on at once.
func passing(path []Step, i int) bool {
	switch h := path[i].Holder; {
	case h == "answered":
		return !cameBack(path, i)
	case h == "router" || strings.HasPrefix(h, "closed"):
		return true
	}
	return path[i].Took == 0 && i+1 < len(path) && path[i+1].Rule != ""
}

// cameBack reports whether an answered request went on after step i.
func cameBack(path []Step, i int) bool {
	return slices.ContainsFunc(path[i+1:], func(s Step) bool { return s.Holder != "answered" && !strings.HasPrefix(s.Holder, "closed") })
}

func newWay(f Fact, outcome string) *way {
	w := &way{channel: f.Channel, decided: f.Decided, outcome: outcome, noise: noise(f)}
	back := false
	for i, st := range f.Path {
		switch {
		case passing(f.Path, i):
			continue
		case st.Holder == "answered":
			back = true
			continue
		}
		w.steps = append(w.steps, leg{holder: st.Holder, rule: st.Rule, back: back})
		back = false
	}
	for _, r := range f.Rulings {
		r.Also = slices.Clone(r.Also)
		w.rulings = append(w.rulings, r)
	}
	w.took = make([]histogram, len(w.steps))
	return w
}

func (w *way) add(f Fact) {
	w.count++
	n := 0
	for i, st := range f.Path {
		if passing(f.Path, i) || st.Holder == "answered" {
			continue
		}
		if i+1 < len(f.Path) { // whoever has it now is not done
			w.took[n].add(st.Took)
		}
		n++
	}
	if n == 0 && !f.Solved.IsZero() {
		w.solvedIn.add(f.Solved.Sub(f.Opened))
	}
}

// addAsked counts what became of a request that a rule gave to the desk.
func (s *FlowSum) addAsked(f Fact) {
	if f.Decided != ToDesk || f.Rule == "" || f.Product == "" || noise(f) || f.Kind == balie.Complaint || f.Kind == balie.Compliment {
		return // those are the desk's on purpose
	}
	k := askedKey{f.Product, f.Rule, f.Ruleset}
	a, ok := s.asked[k]
	if !ok {
		a = &askedSum{}
		s.asked[k] = a
	}
	a.count++
	alone := !slices.ContainsFunc(f.Path, func(st Step) bool { return st.Holder == "customer" || st.Holder == "planned" })
	if !f.Solved.IsZero() && f.Reopened == 0 && f.Handouts == 0 && f.Team == "" && alone {
		a.deskAlone++
	}
}

// Merge adds what another sum counted; the other is not to be used after.
func (s *FlowSum) Merge(o *FlowSum) {
	if s.ways == nil {
		s.ways, s.asked = o.ways, o.asked
		return
	}
	for k, w := range o.ways {
		mine, ok := s.ways[k]
		if !ok {
			s.ways[k] = w
			continue
		}
		mine.count += w.count
		mine.solvedIn.merge(&w.solvedIn)
		for i := range w.took {
			mine.took[i].merge(&w.took[i])
		}
	}
	for k, a := range o.asked {
		mine, ok := s.asked[k]
		if !ok {
			s.asked[k] = a
			continue
		}
		mine.count += a.count
		mine.deskAlone += a.deskAlone
	}
}

// noise reports whether a request is none of the figures: a duplicate or spam.
func noise(f Fact) bool {
	return f.Merged || f.State == balie.Closed && (f.Outcome == balie.Duplicate || f.Outcome == balie.Spam)
}

// drawn are the ways that a flow shows.
func (s *FlowSum) drawn() iter.Seq[*way] {
	return func(yield func(*way) bool) {
		for _, w := range s.ways {
			if !w.noise && !yield(w) {
				return
			}
		}
	}
}

// Total is how many requests a flow shows: all but duplicates and spam.
func (s *FlowSum) Total() int {
	n := 0
	for w := range s.drawn() {
		n += w.count
	}
	return n
}

// Sheet is the flow of a factsheet: channel, decision, outcome.
func (s *FlowSum) Sheet() Flow {
	d := newDrain()
	for w := range s.drawn() {
		from, decided, to := channelNode+w.channel, w.decision(), outcomeNode+w.outcome
		d.node(from, w.count)
		d.node(decided, w.count)
		d.node(to, w.count)
		d.edge(flowKey{from: from, to: decided}, w.count)
		d.edge(flowKey{from: decided, to: to}, w.count)
	}
	return d.flow(s.Total())
}

func (w *way) decision() string { return decisionNode + decisionWords[w.decided] }

// Full is the whole flow: channel, decision, everyone who had it, outcome. At
// most so many teams are shown by themselves, those that got most; 0: all.
func (s *FlowSum) Full(teams int) Flow {
	shown := s.shownTeams(teams)
	d := newDrain()
	for w := range s.drawn() {
		d.add(w, shown)
	}
	return d.flow(s.Total())
}

// shownTeams are the holders that stand by themselves; nil: all.
func (s *FlowSum) shownTeams(most int) map[string]bool {
	if most <= 0 {
		return nil
	}
	got := map[string]int{}
	for w := range s.drawn() {
		for _, l := range w.steps {
			if strings.HasPrefix(l.holder, "team:") {
				got[l.holder] += w.count
			}
		}
	}
	if len(got) <= most {
		return nil
	}
	all := make([]string, 0, len(got))
	for h := range got {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(got[b]-got[a], cmp.Compare(a, b)) })
	shown := map[string]bool{}
	for _, h := range all[:most] {
		shown[h] = true
	}
	return shown
}

// flowKey is one edge: loops are kept apart from going on.
type flowKey struct {
	from, to string
	loop     bool
}

// drain gathers nodes and edges.
type drain struct {
	nodes map[string]int
	edges map[flowKey]int
	at    map[string]*histogram // by holder
	left  map[flowKey]*histogram
}

func newDrain() *drain {
	return &drain{map[string]int{}, map[flowKey]int{}, map[string]*histogram{}, map[flowKey]*histogram{}}
}

func (d *drain) node(id string, n int) { d.nodes[id] += n }

func (d *drain) edge(k flowKey, n int) { d.edges[k] += n }

// add puts a way into the full flow.
func (d *drain) add(w *way, shown map[string]bool) {
	from, out := channelNode+w.channel, outcomeNode+w.outcome
	d.node(from, w.count)
	d.node(w.decision(), w.count)
	d.node(out, w.count)
	d.edge(flowKey{from: from, to: w.decision()}, w.count)
	at := w.decision()
	took := &w.solvedIn
	if len(w.steps) > 0 {
		took = nil
	}
	had := map[string]bool{}
	for i, l := range w.steps {
		to := holderNode + l.holder
		if shown != nil && strings.HasPrefix(l.holder, "team:") && !shown[l.holder] {
			to = OtherTeams
		}
		k := flowKey{at, to, had[to]}
		had[to] = true
		d.node(to, w.count)
		d.edge(k, w.count)
		d.took(k, took)
		took, at = &w.took[i], to
		mergeInto(d.at, to, took)
	}
	k := flowKey{from: at, to: out}
	d.edge(k, w.count)
	d.took(k, took)
}

func (d *drain) took(k flowKey, h *histogram) {
	if h != nil {
		mergeInto(d.left, k, h)
	}
}

func mergeInto[K comparable](all map[K]*histogram, k K, h *histogram) {
	sum, ok := all[k]
	if !ok {
		sum = &histogram{}
		all[k] = sum
	}
	sum.merge(h)
}

// flow is all that was gathered, in the order in which it is shown.
func (d *drain) flow(total int) Flow {
	f := Flow{Total: total}
	for id, n := range d.nodes {
		node := FlowNode{ID: id, Column: columnOf(id), Count: n}
		if h := d.at[id]; h != nil {
			node.Waited = h.median()
		}
		f.Nodes = append(f.Nodes, node)
	}
	slices.SortFunc(f.Nodes, func(a, b FlowNode) int {
		return cmp.Or(a.Column-b.Column, placeOf(a.ID)-placeOf(b.ID), b.Count-a.Count, cmp.Compare(a.ID, b.ID))
	})
	place := map[string]int{}
	for i, n := range f.Nodes {
		place[n.ID] = i
	}
	for k, n := range d.edges {
		e := FlowEdge{From: k.from, To: k.to, Count: n, Loop: k.loop}
		if h := d.left[k]; h != nil {
			e.Median = h.median()
		}
		f.Edges = append(f.Edges, e)
	}
	slices.SortFunc(f.Edges, func(a, b FlowEdge) int {
		return cmp.Or(place[a.From]-place[b.From], place[a.To]-place[b.To], loopLast(a)-loopLast(b))
	})
	return f
}

func loopLast(e FlowEdge) int {
	if e.Loop {
		return 1
	}
	return 0
}

func columnOf(id string) int {
	for i, prefix := range []string{channelNode, decisionNode, holderNode, outcomeNode} {
		if strings.HasPrefix(id, prefix) {
			return i
		}
	}
	return HolderColumn
}

// columnOrder is the order of nodes that have a fixed place in their column;
// the others stand between, those with most first.
var columnOrder = []string{"decided:catalogue", "decided:at_once", "decided:asked", "decided:desk", "holder:desk", "holder:customer", "",
	"decided:backoffice", "decided:account", "decided:discarded", "decided:none", OtherTeams, "holder:planned",
	"outcome:first_time", "outcome:in_time", "outcome:late", "outcome:reopened", "outcome:open", "outcome:other"}

func placeOf(id string) int {
	if i := slices.Index(columnOrder, id); i >= 0 {
		return i
	}
	return slices.Index(columnOrder, "")
}

// Node is the node with an id.
func (f Flow) Node(id string) (FlowNode, bool) {
	i := slices.IndexFunc(f.Nodes, func(n FlowNode) bool { return n.ID == id })
	if i < 0 {
		return FlowNode{}, false
	}
	return f.Nodes[i], true
}

// Longest is the holder that requests wait at longest, of those that had at
// least least of them; "" when there is none.
func (f Flow) Longest(least int) string {
	id, most := "", time.Duration(0)
	for _, n := range f.Nodes {
		if n.Column == HolderColumn && n.Count >= least && n.Waited > most {
			id, most = n.ID, n.Waited
		}
	}
	return id
}
