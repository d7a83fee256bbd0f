package catalogue

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

const (
	maxTerms = 5
	// minTerm is the share of the strongest word's weight below which a word
	// explains nothing.
	minTerm = 0.15
	// minLike is how near an example must be to be shown as its like (cosine).
	minLike = 0.15
)

// Explain says which words of the question spoke for a product, strongest
// first, and which of its examples is nearest. Words are as the customer wrote
// them.
func (m *Matcher) Explain(q Question, product string) (terms []string, like string) {
	k := slices.Index(m.products, product)
	parts := sentences(q.Subject, q.Text)
	if k < 0 || m.model == nil || len(parts) == 0 {
		return nil, ""
	}
	language := m.language(q)
	w := m.work.Get().(*workspace)
	defer m.work.Put(w)
	w.judge(m.cal, m.model, &w.whole, strings.Join(parts, " . "), language)
	return m.terms(&w.whole.r, k), m.like(&w.whole.r, k)
}

// language is the question's, told from its words when it is not given.
func (m *Matcher) language(q Question) string {
	if q.Language == "nl" || q.Language == "en" {
		return q.Language
	}
	return languageOf(prepare(q.Subject + " " + q.Text))
}

// terms are the words whose features speak most for class k against its
// strongest rival: a word's stem, thoughts and character runs, and half of each
// pair it stands in.
func (m *Matcher) terms(r *reading, k int) []string {
	rival := r.best
	if k == rival {
		rival = r.second
	}
	if rival < 0 {
		rival = m.model.classes - 1
	}
	value := r.spread()
	defer r.gather()
	says := func(id int32) float32 {
		if id == 0 || value[id] == 0 || (m.model.wide != nil && m.model.block[id] == gramBlock) {
			return 0 // to look up runs of characters would cost more than the match
		}
		return value[id] * (m.model.weightOf(id, k) - m.model.weightOf(id, rival))
	}
	speaks := func(h hash) float32 { return says(m.model.table.find(h)) }
	t := &r.text
	found := make([]term, 0, len(t.words)/2+1)
	for i, w := range t.words {
		if !w.content() || slices.ContainsFunc(found, func(f term) bool { return f.word == t.tokens[i] }) {
			continue
		}
		found = append(found, term{t.tokens[i], t.weightOf(i, says, speaks)})
	}
	slices.SortStableFunc(found, func(a, b term) int { return cmp.Compare(b.weight, a.weight) })
	var out []string
	for _, f := range found {
		if f.weight > 0 && f.weight >= minTerm*found[0].weight && len(out) < maxTerms {
			out = append(out, f.word)
		}
	}
	return out
}

// term is a word with what it says for a product.
type term struct {
	word   string
	weight float32
}

// weightOf adds up what the features of the i-th word say.
func (t *text) weightOf(i int, says func(id int32) float32, speaks func(h hash) float32) float32 {
	w, sum := t.words[i], float32(0)
	for _, id := range w.own {
		sum += says(id)
	}
	tell := func(_ int, h hash) { sum += speaks(h) }
	if w.own == nil {
		w.features(t.tokens[i], tell)
	}
	one := text{words: t.words[i : i+1]}
	one.thoughts(tell)
	before, after := "^", "$"
	if i > 0 {
		before = t.words[i-1].stem
	}
	if i+1 < len(t.words) {
		after = t.words[i+1].stem
	}
	return sum + speaks(seed(pairBlock).add(before).add(w.stem).mixed())/2 + speaks(seed(pairBlock).add(w.stem).add(after).mixed())/2
}

// spread lays the vector out by feature in the reading's workspace, until
// gather empties it again.
func (r *reading) spread() []float32 {
	for _, f := range r.vector {
		r.sum.count[f.id] = f.value
	}
	return r.sum.count
}

func (r *reading) gather() {
	for _, f := range r.vector {
		r.sum.count[f.id] = 0
	}
}

// like is the product's example with the nearest words.
func (m *Matcher) like(r *reading, k int) string {
	mine := r.spread()
	defer r.gather()
	best, near := "", float32(minLike)
	for _, e := range m.examples[k] {
		s := float32(0)
		for _, f := range e.words {
			s += f.value * mine[f.id]
		}
		if s > near {
			best, near = m.model.lines[e.line].text, s
		}
	}
	return best
}

// likeness is an example with its words and thoughts as a unit vector, so that
// the nearest is found without reading it again.
type likeness struct {
	line  int32
	words []feature
}

func likenesses(m *model) [][]likeness {
	out := make([][]likeness, m.classes)
	var x []feature
	for i, l := range m.lines {
		if l.kind != exampleLine {
			continue
		}
		x = m.apply(m.rows[i].counts, x[:0])
		square := 0.0
		var words []feature
		for _, f := range x {
			if m.telling(f.id) {
				words = append(words, f)
				square += float64(f.value) * float64(f.value)
			}
		}
		for j := range words {
			words[j].value /= float32(math.Sqrt(square))
		}
		out[l.class] = append(out[l.class], likeness{int32(i), slices.Clip(words)})
	}
	return out
}
