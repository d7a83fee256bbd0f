package catalogue

import (
	"math/rand/v2"
	"slices"
	"strings"
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
	fold  int // background texts of this fold are unseen
	held  []int
	gone  bool // the held lines' products, of this group, are unknown to the model
	group int
}

// calibrate fits the probabilities on parts of the model's lines.
func calibrate(m *model) *calibration {
	fold, parts := m.parts()
	texts, pairs, mails := make([][]observation, len(parts)), make([][]observation, len(parts)), make([][]observation, len(parts))
	parallel(len(parts), func(n int) {
		p := &parts[n]
		p.learn(m, fold)
		var r reading
		for _, i := range p.held {
			l := m.lines[i]
			p.model.take(&r, i)
			x := p.model.evidence(&r, r.best)
			texts[n] = append(texts[n], observation{x[:], r.best == l.class, p.weight(l)})
		}
	})
	cal := &calibration{text: fitBalanced(texts, evidences)}
	parallel(len(parts), func(n int) {
		p := &parts[n]
		var r reading
		for _, i := range p.held {
			l := m.lines[i]
			p.model.take(&r, i)
			x := cal.pairFigures(p.model, &r)
			pairs[n] = append(pairs[n], observation{x, r.best == l.class || r.second == l.class, p.weight(l)})
		}
		mails[n] = cal.mails(p, fold, uint64(n))
	})
	cal.pair = fitBalanced(pairs, pairFigures)
	cal.mail = fitBalanced(mails, mailFigures)
	return cal
}

func fitBalanced(parts [][]observation, figures int) *logistic {
	rows := slices.Concat(parts...)
	balance(rows)
	return fitLogistic(rows, figures)
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

// parts says how to cut the lines: each example and each background text is
// held back once, and each product is left out once. fold is which background
// texts no model of a part has seen.
func (m *model) parts() (fold []int, parts []part) {
	nFolds, nGroups := folds, groups
	if len(m.lines) >= manyRows {
		nFolds, nGroups = largeFolds, largeGroups
	}
	if m.wide != nil {
		nFolds = folds // of which one is enough
	}
	if m.classes <= 2 {
		nGroups = 0
	}
	fold = m.foldOf(nFolds)
	for f := range nFolds {
		if m.wide != nil && f > 0 {
			break
		}
		parts = append(parts, part{fold: f, held: m.held(func(i int) bool { return fold[i] == f })})
	}
	for g := range nGroups {
		p := part{fold: g % nFolds, gone: true, group: g}
		p.held = m.held(func(i int) bool { return m.lines[i].kind != noneLine && p.lacks(m.lines[i].class) })
		parts = append(parts, p)
	}
	return fold, parts
}

// held are the lines for which out is true that can be scored, at most
// heldLimit, evenly over all.
func (m *model) held(out func(i int) bool) []int {
	var held []int
	for i, l := range m.lines {
		if m.use[i] && out(i) && l.kind != weakLine {
			held = append(held, i)
		}
	}
	return spread(held)
}

// learn fits the part's model. It has seen neither the background texts of the
// part's fold nor its examples or, when they are gone, its products.
func (p *part) learn(m *model, fold []int) {
	p.model = m.without(func(i int) bool {
		l := m.lines[i]
		if l.kind == noneLine || !p.gone {
			return fold[i] == p.fold
		}
		return p.lacks(l.class)
	})
}

// lacks reports whether a product is one of those left out.
func (p *part) lacks(class int) bool { return p.gone && class%groups == p.group }

// unseen are the background texts that the part's model has not seen, by
// language.
func (p *part) unseen(fold []int) map[string][]int {
	out := map[string][]int{}
	for i, l := range p.model.lines {
		if l.kind == noneLine && fold[i] == p.fold {
			out[l.language] = append(out[l.language], i)
		}
	}
	return out
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
func (m *model) foldOf(n int) []int {
	rng := rand.New(rand.NewPCG(5, 0x62616c6965))
	next := make([]int, m.classes)
	for k := range next {
		next[k] = rng.IntN(n)
	}
	fold := make([]int, len(m.lines))
	for _, i := range rng.Perm(len(m.lines)) {
		l := m.lines[i]
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
func (cal *calibration) mails(p *part, fold []int, seed uint64) []observation {
	rng := rand.New(rand.NewPCG(6+seed, 0x62616c6965))
	unseen := p.unseen(fold)
	var out []observation
	w := newWorkspace()
	for _, i := range p.held {
		l := p.model.lines[i]
		around := unseen[l.language]
		if len(around) == 0 {
			continue
		}
		mine := []string{""} // the line as it is
		if strings.ContainsAny(strings.TrimRight(l.text, ".?! "), ".?!;:,\n") {
			mine = sentences("", l.text)
		}
		n := 1 + rng.IntN(4)
		at := rng.IntN(n + 1)
		w.reset(n + len(mine))
		for j := range w.parts {
			one := &w.parts[j]
			switch k := j - at; {
			case k < 0 || k >= len(mine):
				p.model.take(&one.r, around[rng.IntN(len(around))])
			case mine[k] == "":
				p.model.take(&one.r, i)
			default:
				p.model.read(&one.r, prepare(mine[k]), l.language)
			}
			one.p = cal.lead(p.model, &one.r)
		}
		product, x := cal.opinion(p.model, w)
		out = append(out, observation{x, product == l.class, p.weight(l)})
	}
	return out
}

// opinion weighs a mail's sentences, which were judged, and the whole of them.
// It proposes a product and gives the figures for it.
func (cal *calibration) opinion(m *model, w *workspace) (product int, figures []float64) {
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
	return product, []float64{logit(best.p), rival, logit(cal.text.probability(x[:])), agree, x[1], float64(min(len(w.parts), 8))}
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
	for _, k := range r.touched {
		if int(k) != r.best && int(k) != r.second {
			third = max(third, r.z[k])
		}
	}
	return []float64{logit(p1), logit(cal.text.probability(second[:])), float64(r.z[r.second] - third), first[2]}
}

// workspace holds the readings of a mail and its parts, to be used again.
type workspace struct {
	whole  judged
	clause judged
	parts  []judged
	found  []candidate
}

// candidate is a product that a mail may be about.
type candidate struct {
	product int
	p       float64
}

// find adds a candidate, or makes it as likely as it was found here.
func (w *workspace) find(product int, p float64) {
	for i := range w.found {
		if c := &w.found[i]; c.product == product {
			c.p = max(c.p, p)
			return
		}
	}
	w.found = append(w.found, candidate{product, p})
}

// judged is a text with the product it is most likely about.
type judged struct {
	r reading
	p float64
}

func newWorkspace() *workspace {
	w := &workspace{}
	w.whole.r.board, w.clause.r.board = &board{}, &board{}
	w.whole.r.strangers = strangers{"nl": {}, "en": {}}
	w.clause.r.strangers = w.whole.r.strangers
	return w
}

func (w *workspace) reset(parts int) {
	if parts > cap(w.parts) {
		w.parts = append(w.parts[:cap(w.parts)], make([]judged, parts-cap(w.parts))...)
	}
	w.parts = w.parts[:parts]
	for i := range w.parts {
		w.parts[i].r.board, w.parts[i].r.strangers = w.clause.r.board, w.clause.r.strangers
	}
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
