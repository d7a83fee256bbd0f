package catalogue

import (
	"math/rand/v2"
	"slices"
)

// calibration turns evidence into probabilities. It is fitted on lines the
// models that scored them had not seen.
type calibration struct {
	text *logistic // evidence of one text -> right product
	mail *logistic // opinions on a mail's parts -> right product
	pair *logistic // -> one of the first two products
}

const (
	folds       = 5
	largeFolds  = 2    // of catalogues with manyRows rows and more, to keep training short
	groups      = 5    // of products left out, to learn what a missing product looks like
	largeGroups = 1    //
	noneWeight  = 0.15 // of all rows together: texts about no product
	goneWeight  = 0.10 // of all rows together: products left out
	mailFigures = 6
	pairFigures = 4
	// heldLimit bounds how many lines of one part are scored.
	heldLimit = 1200
)

// part is a model that has not seen some lines, and those lines.
type part struct {
	model *model
	held  []int
	gone  bool // the held lines' products are unknown to the model
	// unseen are background texts the model has not seen, by language.
	unseen map[string][]string
}

// calibrate fits the probabilities on parts of the corpus.
func calibrate(c *corpus) *calibration {
	parts := c.parts()
	var r reading
	var texts, pairs []observation
	for _, p := range parts {
		for _, i := range p.held {
			l := c.lines[i]
			p.model.take(&r, i)
			x := p.model.evidence(&r, r.best)
			texts = append(texts, observation{x[:], r.best == l.class, p.weight(l)})
		}
	}
	balance(texts)
	cal := &calibration{text: fitLogistic(texts, evidences)}
	for _, p := range parts {
		for _, i := range p.held {
			l := c.lines[i]
			p.model.take(&r, i)
			x := cal.pairFigures(p.model, &r)
			pairs = append(pairs, observation{x, r.best == l.class || r.second == l.class, p.weight(l)})
		}
	}
	balance(pairs)
	cal.pair = fitLogistic(pairs, pairFigures)
	cal.mail = fitLogistic(cal.mails(c, parts), mailFigures)
	return cal
}

// weight is a code for the kind of row until balance makes a weight of it.
func (p *part) weight(l line) float64 {
	switch {
	case l.kind == noneLine:
		return -1
	case p.gone:
		return -2
	}
	return 1
}

// balance gives rows about no product and rows of products left out a fixed
// share, however many there are.
func balance(rows []observation) {
	var n, none, gone float64
	for _, r := range rows {
		switch r.weight {
		case -1:
			none++
		case -2:
			gone++
		default:
			n++
		}
	}
	for i := range rows {
		switch rows[i].weight {
		case -1:
			rows[i].weight = noneWeight * n / none
		case -2:
			rows[i].weight = goneWeight * n / gone
		}
	}
}

// parts fits models on parts of the corpus: each example and each background
// text is held back once, and each product is left out once.
func (c *corpus) parts() []part {
	nFolds, nGroups := folds, groups
	if len(c.lines) >= manyRows {
		nFolds, nGroups = largeFolds, largeGroups
	}
	fold := c.foldOf(nFolds)
	var out []part
	for f := range nFolds {
		p := c.without(fold, f, func(i int) bool { return fold[i] == f })
		out = append(out, p)
	}
	for g := range nGroups {
		if c.classes <= 2 {
			break
		}
		p := c.without(fold, g%nFolds, func(i int) bool { return c.lines[i].kind != noneLine && c.lines[i].class%groups == g })
		p.gone = true
		out = append(out, p)
	}
	return out
}

// without fits a model that has not seen the lines that are out, nor the
// background texts of a fold. The examples among the former are held back to
// be scored; for a fold, its background texts too.
func (c *corpus) without(fold []int, f int, out func(i int) bool) part {
	background := func(i int) bool { return c.lines[i].kind == noneLine && fold[i] == f }
	p := part{unseen: map[string][]string{}}
	for i, l := range c.lines {
		if background(i) {
			p.unseen[l.language] = append(p.unseen[l.language], l.text)
		}
		if out(i) && l.kind != weakLine {
			p.held = append(p.held, i)
		}
	}
	p.held = spread(p.held)
	p.model = c.fit(func(i int) bool { return !out(i) && !background(i) })
	return p
}

// spread keeps at most heldLimit lines, evenly over all.
func spread(held []int) []int {
	if len(held) <= heldLimit {
		return held
	}
	out := make([]int, heldLimit)
	for i := range out {
		out[i] = held[i*len(held)/heldLimit]
	}
	return out
}

// foldOf gives each example and background line a fold, evenly over each
// product; names and synonyms (-1) are never held back.
func (c *corpus) foldOf(n int) []int {
	rng := rand.New(rand.NewPCG(5, 0x62616c6965))
	next := make([]int, c.classes)
	for k := range next {
		next[k] = rng.IntN(n)
	}
	fold := make([]int, len(c.lines))
	for _, i := range rng.Perm(len(c.lines)) {
		l := c.lines[i]
		if l.kind == weakLine {
			fold[i] = -1
			continue
		}
		fold[i] = next[l.class] % n
		next[l.class]++
	}
	return fold
}

// mails wraps held lines in background texts their model has not seen, and
// gathers the opinions on them.
func (cal *calibration) mails(c *corpus, parts []part) []observation {
	rng := rand.New(rand.NewPCG(6, 0x62616c6965))
	var out []observation
	w := &workspace{}
	for _, p := range parts {
		for _, i := range p.held {
			l := c.lines[i]
			around := p.unseen[l.language]
			if len(around) == 0 {
				continue
			}
			var mail []string
			for range 1 + rng.IntN(4) {
				mail = append(mail, around[rng.IntN(len(around))])
			}
			mail = slices.Insert(mail, rng.IntN(len(mail)+1), sentences("", l.text)...)
			product, x := cal.opinion(p.model, w, mail, l.language)
			out = append(out, observation{x, product == l.class, p.weight(l)})
		}
	}
	balance(out)
	return out
}

// opinion reads a mail's sentences and the whole of them. It proposes a product
// and gives the figures for it.
func (cal *calibration) opinion(m *model, w *workspace, parts []string, language string) (product int, figures []float64) {
	w.reset(len(parts))
	for i, s := range parts {
		w.judge(cal, m, &w.parts[i], s, language)
	}
	m.join(&w.whole.r, w.parts)
	w.whole.p = cal.lead(m, &w.whole.r)
	best := &w.whole
	for i := range w.parts {
		if w.parts[i].p > best.p {
			best = &w.parts[i]
		}
	}
	product = best.r.best
	rival := 0.0
	for i := range w.parts {
		s := &w.parts[i]
		if s.r.best != product {
			rival = max(rival, s.p)
		}
	}
	whole := &w.whole.r
	agree := 0.0
	if whole.best == product {
		agree = 1
	}
	x := m.evidence(whole, product)
	return product, []float64{logit(best.p), rival, logit(cal.text.probability(x[:])), agree, x[1], float64(min(len(parts), 8))}
}

// pairFigures are what tells whether one of the first two is right.
func (cal *calibration) pairFigures(m *model, r *reading) []float64 {
	first := m.evidence(r, r.best)
	p1 := cal.text.probability(first[:])
	if r.second < 0 {
		return []float64{logit(p1), logit(0), 0, first[2]}
	}
	second := m.evidence(r, r.second)
	third := r.z[m.classes-1]
	for k, z := range r.z {
		if k != r.best && k != r.second {
			third = max(third, z)
		}
	}
	return []float64{logit(p1), logit(cal.text.probability(second[:])), float64(r.z[r.second] - third), first[2]}
}

// workspace holds the readings of a mail and its parts, to be used again.
type workspace struct {
	whole  judged
	clause judged
	parts  []judged
	score  []float64
}

// scores is an empty list of a score for each product.
func (w *workspace) scores(products int) []float64 {
	if cap(w.score) < products {
		w.score = make([]float64, products)
	}
	w.score = w.score[:products]
	clear(w.score)
	return w.score
}

// judged is a text with the product it is most likely about.
type judged struct {
	r reading
	p float64
}

func (w *workspace) reset(parts int) {
	if parts > cap(w.parts) {
		w.parts = append(w.parts[:cap(w.parts)], make([]judged, parts-cap(w.parts))...)
	}
	w.parts = w.parts[:parts]
}

func (w *workspace) judge(cal *calibration, m *model, j *judged, text, language string) {
	m.read(&j.r, prepare(text), language)
	j.p = cal.lead(m, &j.r)
}

// lead is how likely the best product of a reading is the right one.
func (cal *calibration) lead(m *model, r *reading) float64 {
	x := m.evidence(r, r.best)
	return cal.text.probability(x[:])
}
