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
	counts  [][]feature
	table   *table
	lexicon *lexicon
	block   []uint8
	classes int // products and, last, none of them
}

func newCorpus(lines []line, classes int) *corpus {
	c := &corpus{lines: lines, classes: classes, table: newTable(), lexicon: newLexicon(lines), block: make([]uint8, 1)}
	var t text
	var sum tally
	for _, l := range lines {
		t.read(prepare(l.text), l.language, c.lexicon.learn)
		t.features(func(block int, h hash) {
			id := c.table.intern(h)
			if int(id) == len(c.block) {
				c.block = append(c.block, uint8(block))
			}
			sum.add(id)
		})
		c.counts = append(c.counts, sum.take(nil))
	}
	return c
}

// model is a vocabulary with weights and a linear classifier over it; the last
// class is "none of the products".
type model struct {
	*corpus
	rarity
	*linear
	words     int       // of a bit set of classes
	usedBy    []uint64  // bit k of usedBy[id*words:]: class k uses the stem
	compact   []int32   // place of a stem or thought in the centroids, from 1
	centroids []float32 // unit vectors of stems and thoughts: [place*classes+class]
}

// fit trains on the lines for which use is true.
func (c *corpus) fit(use func(i int) bool) *model {
	m := &model{corpus: c, words: (c.classes + 63) / 64}
	var rows []example
	for i, l := range c.lines {
		if use(i) {
			rows = append(rows, example{slices.Clone(c.counts[i]), l.class, l.cost})
		}
	}
	m.weigh(rows)
	for i := range rows {
		rows[i].features = m.apply(rows[i].features)
	}
	m.describe(rows)
	m.linear = trainLinear(rows, c.classes, int(c.table.n)+1)
	return m
}

// weigh computes the rarity of each feature. In large catalogues a feature
// that occurs once is left out, except words.
func (m *model) weigh(rows []example) {
	df := make([]int32, m.table.n+1)
	for _, r := range rows {
		for _, f := range r.features {
			df[f.id]++
		}
	}
	least := int32(1)
	if len(rows) >= manyRows {
		least = 2
	}
	m.in = m.block
	m.weight = make([]float32, len(df))
	for id, d := range df {
		if d >= least || (d > 0 && m.block[id] == stemBlock) {
			m.weight[id] = rare(len(rows), d)
		}
	}
	m.unseen = rare(len(rows), 0)
}

// rare is the square root of the usual inverse document frequency: the full
// one gives chance words of few examples too much to say (74.6 against 73.9 %
// on BANKING77 at 10 a class).
func rare(rows int, df int32) float32 {
	return float32(math.Sqrt(math.Log(float64(1+rows)/float64(1+df)) + 1))
}

// describe gathers which product uses which words: centroids and bit sets.
func (m *model) describe(rows []example) {
	n := int(m.table.n) + 1
	m.usedBy = make([]uint64, n*m.words)
	m.compact = make([]int32, n)
	places := int32(0)
	for id := 1; id < n; id++ {
		if b := m.block[id]; m.weight[id] > 0 && (b == stemBlock || b == conceptBlock) {
			places++
			m.compact[id] = places
		}
	}
	k := m.classes
	m.centroids = make([]float32, (int(places)+1)*k)
	for _, r := range rows {
		for _, f := range r.features {
			if p := m.compact[f.id]; p > 0 {
				m.centroids[int(p)*k+r.class] += f.value * float32(r.cost)
				m.usedBy[int(f.id)*m.words+r.class/64] |= 1 << (r.class % 64)
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
	return m.usedBy[int(id)*m.words+class/64]&(1<<(class%64)) != 0
}
