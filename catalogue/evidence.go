package catalogue

import (
	"math"
)

// evidences is how many figures speak for or against a product.
const evidences = 9

// reading is a text as a model sees it: the scores of all classes and what is
// needed for the evidence. It is a workspace that is used again.
type reading struct {
	text    text
	sum     tally
	counts  []feature // known features
	content []int32   // stems of the content words; 0: not known
	vector  []feature
	*board
	strangers
	stems     []stemUse
	share     float64 // of the content words' weight that is known at all
	total     float64
	unknown   int
	best      int // best product
	second    int // best other product, or -1
	bestCos   int
	secondCos float32
}

// board is the scores of a text by class. Readings of which only the best is
// asked for share one; it holds the scores of the text that was read last.
type board struct {
	z        []float32 // the last is "none"
	cos      []float32
	touched  []int32 // products with a score
	mark     []bool  // of a wide model: the touched ones
	byLength [32][]feature
}

// stemUse is a content word of the text.
type stemUse struct {
	id     int32 // 0: the model does not know it
	weight float64
}

// read fills r with what the model makes of a prepared text.
func (m *model) read(r *reading, prepared, language string) {
	r.text.read(prepared, language, func(token, language string) *word { return r.strangers.look(m.corpus, token, language) })
	r.sum.fit(m.features())
	look := func(_ int, h hash) {
		if id := m.table.find(h); id != 0 {
			r.sum.add(id, 1)
		}
	}
	r.content = r.content[:0]
	r.text.features(func(w *word, token string) {
		for _, id := range w.own {
			if id != 0 {
				r.sum.add(id, 1)
			}
		}
		if w.own == nil {
			w.features(token, look)
		}
		if w.content() {
			r.content = append(r.content, m.stemOf(w))
		}
	}, look)
	r.counts = r.sum.take(r.counts[:0])
	m.weighUp(r)
}

// join fills r with what the model makes of all parts together. Their features
// are not looked up again, which halves the cost of a mail; pairs across two
// sentences are left out.
func (m *model) join(r *reading, parts []judged) {
	r.sum.fit(m.features())
	r.text.words, r.text.tokens, r.content = r.text.words[:0], r.text.tokens[:0], r.content[:0]
	for i := range parts {
		p := &parts[i].r
		r.text.words = append(r.text.words, p.text.words...)
		r.text.tokens = append(r.text.tokens, p.text.tokens...)
		r.content = append(r.content, p.content...)
		for _, f := range p.counts {
			r.sum.add(f.id, f.value)
		}
	}
	r.counts = r.sum.take(r.counts[:0])
	m.weighUp(r)
}

// take fills r from a line of the corpus, as read would from its text.
func (m *model) take(r *reading, i int) {
	r.text.words, r.text.tokens = r.text.words[:0], r.text.tokens[:0]
	r.counts = append(r.counts[:0], m.rows[i].counts...)
	r.content = append(r.content[:0], m.rows[i].content...)
	m.weighUp(r)
}

// weighUp makes scores and figures of the counted features.
func (m *model) weighUp(r *reading) {
	r.vector = m.apply(r.counts, r.vector[:0])
	m.score(r)
	m.weighContent(r)
}

func grown(s []float32, n int) []float32 {
	if len(s) < n {
		return make([]float32, n)
	}
	return s
}

// score fills in the scores of all classes and which products lead.
func (m *model) score(r *reading) {
	if r.board == nil {
		r.board = &board{}
	}
	if m.wide != nil {
		m.wide.score(m, r)
	} else {
		m.scoreAll(r)
	}
	r.best, r.second = leaders(r.z, r.touched)
	var other int
	r.bestCos, other = leaders(r.cos, r.touched)
	r.secondCos = 0
	if other >= 0 {
		r.secondCos = r.cos[other]
	}
}

// scoreAll is score for a model with weights for every class.
func (m *model) scoreAll(r *reading) {
	r.z, r.cos = grown(r.z, m.classes)[:m.classes], grown(r.cos, m.classes)[:m.classes]
	r.touched = m.products
	m.scores(r.vector, r.z)
	clear(r.cos)
	var length float32
	for _, f := range r.vector {
		p := m.compact[f.id]
		if p == 0 {
			continue
		}
		length += f.value * f.value
		c := m.centroids[int(p)*m.classes : (int(p)+1)*m.classes]
		for k, v := range c {
			r.cos[k] += f.value * v
		}
	}
	r.scaleCos(length)
}

// scaleCos divides by the text's own length.
func (b *board) scaleCos(square float32) {
	if square == 0 {
		return
	}
	scale := 1 / float32(math.Sqrt(float64(square)))
	for _, k := range b.touched {
		b.cos[k] *= scale
	}
}

// clear makes room for the scores of a wide model; only what the text before
// touched is cleared.
func (b *board) clear(classes int) {
	if len(b.mark) < classes {
		b.z, b.cos, b.mark = make([]float32, classes), make([]float32, classes), make([]bool, classes)
	}
	for _, k := range b.touched {
		b.z[k], b.cos[k], b.mark[k] = 0, 0, false
	}
	b.touched = b.touched[:0]
	b.cos[classes-1] = 0
}

// leaders are the best two of some products; second is -1 when there is none.
func leaders(v []float32, among []int32) (first, second int) {
	if len(among) == 0 {
		return 0, -1
	}
	first, second = int(among[0]), -1
	for _, k := range among[1:] {
		switch {
		case v[k] > v[first]:
			first, second = int(k), first
		case second < 0 || v[k] > v[second]:
			second = int(k)
		}
	}
	return first, second
}

// weighContent weighs the words that say what the text is about.
func (m *model) weighContent(r *reading) {
	r.stems = r.stems[:0]
	r.total, r.unknown = 0, 0
	known := 0.0
	for _, id := range r.content {
		u := stemUse{id, float64(m.weight[id])}
		if u.weight == 0 {
			u = stemUse{0, float64(m.unseen)}
			r.unknown++
		} else {
			known += u.weight
		}
		r.total += u.weight
		r.stems = append(r.stems, u)
	}
	r.share = 0
	if r.total > 0 {
		r.share = known / r.total
	}
}

// evidence is what speaks for product k in the text that was read.
func (m *model) evidence(r *reading, k int) [evidences]float64 {
	z, none := float64(r.z[k]), float64(r.z[m.classes-1])
	rival := none
	switch {
	case k != r.best:
		rival = float64(r.z[r.best])
	case r.second >= 0:
		rival = float64(r.z[r.second])
	}
	other := r.cos[r.bestCos]
	if k == r.bestCos {
		other = r.secondCos
	}
	mine := 0.0
	for _, u := range r.stems {
		if u.id != 0 && m.uses(k, u.id) {
			mine += u.weight
		}
	}
	if r.total > 0 {
		mine /= r.total
	}
	return [evidences]float64{z, min(z-rival, z-none), z - none, float64(r.cos[k]), float64(r.cos[k] - other),
		r.share, mine, math.Log(float64(1 + len(r.stems))), float64(min(r.unknown, 4))}
}
