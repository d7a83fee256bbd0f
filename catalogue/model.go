package catalogue

import (
	"math"
	"slices"
)

// line is one text the model learns from.
type line struct {
	text, language string
	class          int
	cost           float64
	kind           lineKind
	sure           bool // about no product, whoever claims it: somebody said so
}

type lineKind uint8

const (
	exampleLine lineKind = iota // a question as customers ask it
	weakLine                    // a name, synonym or description
	noneLine                    // about no product
)

// corpus is the lines as counted features, with the vocabulary they share.
// Models of parts of it are fitted without reading the texts again.
type corpus struct {
	lines   []line
	rows    []row // of the lines
	table   *table
	lexicon *lexicon
	block   []uint8 // of each feature
	classes int     // products and, last, none of them
}

// row is a line as counted features.
type row struct {
	counts  []feature
	content []int32 // stems of its content words
}

func newCorpus(lines []line, classes int) *corpus {
	c := &corpus{lines: lines, rows: make([]row, len(lines)), classes: classes,
		table: newTable(), lexicon: newLexicon(lines), block: make([]uint8, 1)}
	var t text
	var sum tally
	for i, l := range lines {
		t.read(prepare(l.text), l.language, c.lexicon.learn)
		c.count(&c.rows[i], &t, &sum)
	}
	if len(lines) >= manyRows {
		c.prune()
	}
	return c
}

// count fills in the row of a text that was read.
func (c *corpus) count(r *row, t *text, sum *tally) {
	t.features(func(w *word, token string) {
		if w.own == nil {
			w.features(token, func(block int, h hash) { w.own = append(w.own, c.intern(block, h)) })
		}
		sum.fit(c.features())
		for _, id := range w.own {
			sum.add(id, 1)
		}
		if w.content() {
			r.content = append(r.content, w.own[0])
		}
	}, func(block int, h hash) {
		id := c.intern(block, h)
		sum.fit(c.features())
		sum.add(id, 1)
	})
	r.counts = sum.take(make([]feature, 0, len(sum.seen)))
}

// features is the number of features with the constant one.
func (c *corpus) features() int { return int(c.table.n) + 1 }

func (c *corpus) intern(block int, h hash) int32 {
	id := c.table.intern(h)
	if int(id) == len(c.block) {
		c.block = append(c.block, uint8(block))
	}
	return id
}

// stemOf is the feature of a word's stem, 0 when no line has it.
func (c *corpus) stemOf(w *word) int32 {
	if w.own != nil {
		return w.own[0]
	}
	return c.table.find(stemHash(w.stem))
}

// prune leaves out the features that occur in one line only, except words: in
// a large catalogue they are most of all and say the least.
func (c *corpus) prune() {
	df := make([]int32, c.features())
	for _, r := range c.rows {
		for _, f := range r.counts {
			df[f.id]++
		}
	}
	old := c.table
	next := make([]int32, len(df))
	block := make([]uint8, 1)
	c.table = newTable()
	for _, h := range old.inOrder() {
		if id := old.find(h); df[id] > 1 || c.block[id] == stemBlock {
			next[id] = c.table.intern(h)
			block = append(block, c.block[id])
		}
	}
	c.block = block
	renumber := func(ids []int32) []int32 {
		out := ids[:0]
		for _, id := range ids {
			if next[id] != 0 {
				out = append(out, next[id])
			}
		}
		return out
	}
	for _, words := range c.lexicon.known {
		for _, w := range words {
			w.own = renumber(w.own)
		}
	}
	for i := range c.rows {
		r := &c.rows[i]
		r.content = renumber(r.content)
		var counts []feature
		for _, f := range r.counts {
			if next[f.id] != 0 {
				counts = append(counts, feature{next[f.id], f.value})
			}
		}
		r.counts = counts
	}
}

// model is a vocabulary with weights and a linear classifier over it; the last
// class is "none of the products".
type model struct {
	*corpus
	rarity
	*linear               // or
	wide      *wide       // of many classes
	products  []int32     // all classes but the last
	use       []bool      // lines it was fitted on
	vectors   [][]feature // of these, until training is over
	words     int         // of a bit set of classes
	usedBy    []uint64    // bit k of usedBy[id*words:]: class k uses the stem
	compact   []int32     // place of a stem or thought in the centroids, from 1
	centroids []float32   // unit vectors of stems and thoughts: [place*classes+class]
}

// fit trains on the lines for which use is true. from may be a model of about
// the same lines, to start from.
func (c *corpus) fit(use func(i int) bool, from *model) *model {
	m := &model{corpus: c, use: make([]bool, len(c.lines)), vectors: make([][]feature, len(c.lines))}
	for i := range c.lines {
		m.use[i] = use(i)
	}
	m.weigh()
	for i, r := range c.rows {
		if m.use[i] {
			m.vectors[i] = m.apply(r.counts, make([]feature, 0, len(r.counts)))
		}
	}
	m.train(from, false)
	return m
}

// train fits the classifier, from a model of about the same lines if there is
// one.
func (m *model) train(from *model, again bool) {
	if m.classes >= wideFrom {
		var rivals [][]int32
		if again {
			rivals = from.wide.rivals
		}
		m.wide = trainWide(m, rivals)
		return
	}
	m.products = make([]int32, m.classes-1)
	for k := range m.products {
		m.products[k] = int32(k)
	}
	m.describe()
	var start *linear
	if from != nil {
		start = from.linear
	}
	m.linear = trainLinear(newTraining(m.lines, m.vectors, m.use), m.classes, m.features(), start, again)
}

// without is the model as it would be had it not seen some of its lines. The
// weights of features stay, save those that only these lines have; so do the
// vectors of the others.
func (m *model) without(out func(i int) bool) *model {
	p := &model{corpus: m.corpus, use: make([]bool, len(m.use)), vectors: m.vectors}
	seen := make([]bool, m.features())
	for i, r := range m.rows {
		if p.use[i] = m.use[i] && !out(i); p.use[i] {
			for _, f := range r.counts {
				seen[f.id] = true
			}
		}
	}
	p.rarity = rarity{slices.Clone(m.weight), m.in, m.unseen}
	for id, s := range seen {
		if !s {
			p.weight[id] = 0
		}
	}
	p.train(m, true)
	return p
}

// finished lets go of what only training needs.
func (m *model) finished() {
	m.vectors, m.rows = nil, nil
	if m.wide != nil {
		m.wide.rivals = nil
		return
	}
	m.alpha = nil
}

// weigh computes the rarity of each feature in the lines that are used.
func (m *model) weigh() {
	df := make([]int32, m.features())
	rows := 0
	for i, r := range m.rows {
		if !m.use[i] {
			continue
		}
		rows++
		for _, f := range r.counts {
			df[f.id]++
		}
	}
	m.in = m.block
	m.weight = make([]float32, len(df))
	for id, d := range df {
		if d > 0 {
			m.weight[id] = rare(rows, d)
		}
	}
	m.unseen = rare(rows, 0)
}

// rare is the square root of the usual inverse document frequency: the full
// one gives chance words of few examples too much to say (74.6 against 73.9 %
// on BANKING77 at 10 a class).
func rare(rows int, df int32) float32 {
	return float32(math.Sqrt(math.Log(float64(1+rows)/float64(1+df)) + 1))
}

// describe gathers which product uses which words: centroids and bit sets.
func (m *model) describe() {
	n := m.features()
	m.words = (m.classes + 63) / 64
	m.usedBy = make([]uint64, n*m.words)
	m.compact = make([]int32, n)
	places := int32(0)
	for id := 1; id < n; id++ {
		if m.weight[id] > 0 && m.telling(int32(id)) {
			places++
			m.compact[id] = places
		}
	}
	k := m.classes
	m.centroids = make([]float32, (int(places)+1)*k)
	for i, x := range m.vectors {
		if !m.use[i] {
			continue
		}
		l := m.lines[i]
		for _, f := range x {
			if p := m.compact[f.id]; p > 0 {
				m.centroids[int(p)*k+l.class] += f.value * float32(l.cost)
				m.usedBy[int(f.id)*m.words+l.class/64] |= 1 << (l.class % 64)
			}
		}
	}
	square := make([]float64, k)
	for i, v := range m.centroids {
		square[i%k] += float64(v) * float64(v)
	}
	for i := range m.centroids {
		if s := square[i%k]; s > 0 {
			m.centroids[i] /= float32(math.Sqrt(s))
		}
	}
}

func (m *model) uses(class int, id int32) bool {
	if m.wide != nil {
		_, ok := m.wide.find(id, class)
		return ok
	}
	return m.usedBy[int(id)*m.words+class/64]&(1<<(class%64)) != 0
}

// weightOf is what a feature says for a class.
func (m *model) weightOf(id int32, class int) float32 {
	if m.wide != nil {
		p, _ := m.wide.find(id, class)
		return p.weight
	}
	return m.linear.weightOf(id, class)
}
