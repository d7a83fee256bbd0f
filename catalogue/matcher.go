package catalogue

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/balie/balie"
)

// Question is what a customer wrote. Text is without quotes and signature.
type Question struct{ Subject, Text, Language string }

// Result is what a question may be about.
type Result struct {
	Matches    []balie.Match // best first, at most five
	Two        bool          // it seems to hold two questions
	TwoCertain bool          // it is almost surely about one of the first two
	None       float64       // how likely it is about no product
}

// TrainOptions say what a matcher learns from besides the catalogue.
type TrainOptions struct {
	Now time.Time // products not offered at this moment are left out; zero: none are
}

// maxMatches is how many products a result names.
const maxMatches = 5

// Matcher finds the products a question is about. It never changes after
// Train and may be used by many goroutines at once.
type Matcher struct {
	products  []string
	threshold []float64    // of each product, or the default
	examples  [][]likeness // of each product
	model     *model
	cal       *calibration
	work      sync.Pool
}

// Weights of what a product says about itself beside its examples.
const (
	nameCost        = 0.5
	synonymCost     = 0.3
	descriptionCost = 0.3
)

// lines are the texts of a catalogue's products.
func lines(products []balie.Product) []line {
	var out []line
	add := func(class int, language, text string, cost float64, kind lineKind) {
		if text != "" {
			out = append(out, line{text: text, language: language, class: class, cost: cost, kind: kind})
		}
	}
	for class, p := range products {
		for _, l := range Languages {
			for _, e := range p.Examples[l] {
				add(class, l, e, 1, exampleLine)
			}
			add(class, l, p.Names[l], nameCost, weakLine)
			add(class, l, p.Descriptions[l], descriptionCost, weakLine)
			for _, s := range p.Synonyms[l] {
				add(class, l, s, synonymCost, weakLine)
			}
		}
	}
	return out
}

// others are the texts about no product: the background, and counter-examples
// that no product has as its example. One that another product has is learnt
// there.
func others(products []balie.Product) []line {
	out := background()
	taken := map[string]bool{}
	for _, p := range products {
		for _, l := range Languages {
			for _, e := range p.Examples[l] {
				taken[e] = true
			}
		}
	}
	for _, p := range products {
		for _, l := range Languages {
			for _, e := range p.Counter[l] {
				if e != "" && !taken[e] {
					taken[e] = true
					out = append(out, line{text: e, language: l, cost: 1, kind: noneLine, sure: true})
				}
			}
		}
	}
	return out
}

// Train makes a matcher of a catalogue. The same catalogue gives the same
// matcher.
func Train(c *Catalogue, o TrainOptions) *Matcher {
	var products []balie.Product
	for _, p := range c.Products {
		if o.Now.IsZero() || Offered(p, o.Now) {
			products = append(products, p)
		}
	}
	m := train(lines(products), others(products), len(products))
	ids := make([]string, len(products))
	for i, p := range products {
		ids[i] = p.ID
	}
	m.name(ids)
	for i, p := range products {
		if p.Threshold > 0 {
			m.threshold[i] = p.Threshold
		}
	}
	return m
}

// name gives the products their ids and the default threshold.
func (m *Matcher) name(ids []string) {
	m.products = ids
	m.threshold = slices.Repeat([]float64{DefaultThreshold}, len(ids))
}

// train learns products 0..n-1 from their lines, and "none of them" from texts
// about no product.
func train(known, none []line, n int) *Matcher {
	m := &Matcher{}
	m.work.New = func() any { return newWorkspace() }
	if n == 0 {
		return m
	}
	m.model = learn(known, none, n)
	m.cal = calibrate(m.model)
	m.examples = likenesses(m.model)
	m.model.finished()
	return m
}

// learn fits a model of products 0..n-1 and "none of them".
func learn(known, none []line, n int) *model {
	all := slices.Clone(known)
	for _, l := range none {
		l.class = n
		all = append(all, l)
	}
	c := newCorpus(all, n+1)
	use, first := c.unclaimed(len(known))
	return c.fit(func(i int) bool { return use[i] }, first)
}

// claimRows is from how many rows on only some of them decide which background
// is claimed.
const claimRows = 1500

// unclaimed are the lines to learn from: the products' own, and of the texts
// about no product those that the products do not claim: what is background to
// one desk is another's trade. It also returns the model that told.
func (c *corpus) unclaimed(known int) (use []bool, told *model) {
	use = make([]bool, len(c.lines))
	step := max(1, known/claimRows) // of many rows, a few of each product tell
	if c.classes >= wideFrom {
		step = 1
	}
	seen := make([]int, c.classes)
	for i, l := range c.lines[:known] {
		seen[l.class]++
		use[i] = seen[l.class]%step == 0
	}
	m := c.fit(func(i int) bool { return use[i] }, nil)
	var r reading
	for i := range c.lines {
		if use[i] = true; i >= known {
			m.take(&r, i)
			use[i] = c.lines[i].sure || r.z[r.best] < 0
		}
	}
	return use, m
}

// Match scores a question against every product.
func (m *Matcher) Match(q Question) Result {
	parts := sentences(q.Subject, q.Text)
	if m.model == nil || len(parts) == 0 {
		return Result{None: 1}
	}
	language := m.language(q)
	w := m.work.Get().(*workspace)
	defer m.work.Put(w)
	best := m.judge(w, parts, language)
	out := Result{Matches: m.top(w.found, best), Two: m.two(w, parts, language)}
	p := out.Matches[0].Score
	out.Matches[0].Terms, out.Matches[0].Like = m.terms(&w.whole.r, best), m.like(&w.whole.r, best)
	out.None = m.none(&w.whole.r, p)
	out.TwoCertain = !out.Two && len(out.Matches) > 1 && p < m.threshold[best] && m.cal.pair.probability(m.cal.pairFigures(m.model, &w.whole.r)) >= pairCertain
	return out
}

// pairCertain is how likely it must be that one of two products is meant
// before a customer is asked which.
const pairCertain = 0.95

// shortlist is how many products of a mail are weighed: those with the best
// scores. Five are named.
const shortlist = 8

// judge finds the products that lead somewhere in the mail, with their
// probabilities, and returns the best.
func (m *Matcher) judge(w *workspace, parts []string, language string) (best int) {
	p := 0.0
	if len(parts) == 1 {
		w.reset(0)
		w.judge(m.cal, m.model, &w.whole, parts[0], language)
		best, p = w.whole.r.best, w.whole.p
	} else {
		w.reset(len(parts))
		for i, s := range parts {
			w.judge(m.cal, m.model, &w.parts[i], s, language)
		}
		product, figures := m.cal.opinion(m.model, w)
		best, p = product, m.cal.mail.probability(figures)
	}
	w.found = w.found[:0]
	r := &w.whole.r
	for _, k := range highest(r.z, r.touched, shortlist) {
		x := m.model.evidence(r, k)
		w.find(k, m.cal.text.probability(x[:]))
	}
	for i := range w.parts {
		w.find(w.parts[i].r.best, w.parts[i].p)
	}
	w.find(best, p)
	for i := range w.found {
		c := &w.found[i]
		c.p = min(c.p, p) // the best is best by the mail's own score
	}
	return best
}

// top are the five best products.
func (m *Matcher) top(found []candidate, best int) []balie.Match {
	slices.SortFunc(found, func(a, b candidate) int {
		switch {
		case a.product == best:
			return -1
		case b.product == best:
			return 1
		case a.p != b.p:
			return cmp.Compare(b.p, a.p)
		}
		return cmp.Compare(a.product, b.product)
	})
	out := make([]balie.Match, min(len(found), maxMatches))
	for i := range out {
		out[i] = balie.Match{Product: m.products[found[i].product], Score: found[i].p}
	}
	return out
}

// secondLeast is how likely another product must be in a part of a mail for it
// to be a second question. It is far below any threshold: a question that is
// answered beside another, unanswered one is worse than one a person reads.
const secondLeast = 0.2

// two reports whether the parts of the mail seem to be about two products: one
// from half its threshold, the other from secondLeast.
func (m *Matcher) two(w *workspace, parts []string, language string) bool {
	first, strong := -1, false
	second := func(j *judged) bool {
		k := j.r.best
		if len(j.r.stems) == 0 || j.p < secondLeast {
			return false // it says nothing, or nothing of a desk
		}
		if len(j.r.stems) == 1 && j.p < m.threshold[k] {
			return false // one word is soon misread
		}
		strong = strong || j.p >= m.threshold[k]/2
		if first < 0 {
			first = k
		}
		return k != first
	}
	other := false
	for i, s := range parts {
		cl := clauses(s)
		if len(cl) == 0 {
			if len(parts) > 1 {
				other = second(&w.parts[i]) || other
			}
			continue
		}
		for _, c := range cl {
			w.judge(m.cal, m.model, &w.clause, c, language)
			other = second(&w.clause) || other
		}
	}
	return other && strong
}

// none estimates how likely the question is about no product: what the best
// product leaves, shared with the runner-up by their scores.
func (m *Matcher) none(r *reading, p float64) float64 {
	rival := r.z[r.best]
	if r.second >= 0 {
		rival = r.z[r.second]
	}
	return (1 - p) * sigmoid(noneSlope*float64(r.z[len(r.z)-1]-rival))
}

// noneSlope turns a difference of scores into odds.
const noneSlope = 3
