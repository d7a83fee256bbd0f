package catalogue

import (
	"math"
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

// model is a vocabulary and a linear classifier over it; the last class is
// "none of the products".
type model struct {
	vocabulary
	linear
	known []uint64 // per stem id, bit k: class k uses the stem; words = (classes+63)/64 per id
}

func (v *vocabulary) stem(word, language string) string {
	if s, ok := v.stems[language+word]; ok {
		return s
	}
	return stem(word, language)
}

// learn builds the vocabulary of the lines and trains on them.
func learn(lines []line, classes int) *model {
	m := &model{}
	m.table = newTable()
	m.stems = map[string]string{}
	rows := make([]example, len(lines))
	for i, l := range lines {
		rows[i] = example{features: m.count(l), class: l.class, cost: l.cost}
	}
	m.weigh(rows)
	for i := range rows {
		rows[i].features = m.weighted(rows[i].features)
	}
	m.linear = *trainLinear(rows, classes, int(m.table.n)+1)
	return m
}

// count reads a training line, adding its features to the vocabulary.
func (m *model) count(l line) []feature {
	var out []feature
	stemOf := func(w string) string {
		key := l.language + w
		s, ok := m.stems[key]
		if !ok {
			s = stem(w, l.language)
			m.stems[key] = s
		}
		return s
	}
	walk(prepare(l.text), stemOf, func(block uint8, h hash) {
		out = append(out, feature{m.table.intern(h), block, 1})
	}, nil)
	return counted(out)
}

// weigh computes the rarity of each feature. In large catalogues a feature
// that occurs once is left out, except words.
func (m *model) weigh(rows []example) {
	n := int(m.table.n) + 1
	df := make([]int32, n)
	m.block = make([]uint8, n)
	for _, r := range rows {
		for _, f := range r.features {
			df[f.id]++
			m.block[f.id] = f.block
		}
	}
	least := int32(1)
	if len(rows) >= manyRows {
		least = 2
	}
	m.idf = make([]float32, n)
	for id, d := range df {
		if d >= least || (d > 0 && m.block[id] == stemBlock) {
			m.idf[id] = float32(math.Log(float64(1+len(rows))/float64(1+d)) + 1)
		}
	}
	m.rare = float32(math.Log(float64(1+len(rows))) + 1)
}

// vector is the features of a prepared text that the model knows.
func (m *model) vector(prepared, language string, out []feature) []feature {
	out = out[:0]
	walk(prepared, func(w string) string { return m.stem(w, language) }, func(block uint8, h hash) {
		if id := m.table.find(h); id != 0 {
			out = append(out, feature{id, block, 1})
		}
	}, nil)
	return m.weighted(counted(out))
}
