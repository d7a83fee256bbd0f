package catalogue

import (
	"math"
	"unicode/utf8"
)

// The blocks of a text's vector: each is brought to length 1 and then counts
// with its weight, so that a long text's many character runs do not drown its
// words.
const (
	stemBlock    = iota
	pairBlock    // neighbouring stems
	gramBlock    // runs of 2 to 5 characters
	skipBlock    // stems near each other, in either order
	conceptBlock // thoughts (concepts.txt)
	bothBlock    // two thoughts in one text
	blocks
)

// blockWeight was found by measuring: on BANKING77 and HWU64 with 10 and 20
// examples a class the first three blocks alone give 74.6, 82.2, 71.2, 77.6 %,
// all six 77.1, 83.8, 72.9, 78.8 %.
var blockWeight = [blocks]float64{1, 0.7, 1, 0.5, 0.7, 0.4}

const (
	shortestGram, longestGram = 2, 5
	// tokenLimit bounds the character runs of one word: base64 and the like
	// are no words. In bytes.
	tokenLimit = 40
	// skipWindow is how far apart two stems may stand to count as a pair.
	skipWindow = 5
	// conceptLimit bounds the thoughts of a text that are paired.
	conceptLimit = 16
	// manyRows is the number of rows from which a feature must occur twice.
	manyRows = 3000
)

// feature is one of a text's features with its number of occurrences or, later,
// its weight.
type feature struct {
	id    int32
	value float32
}

// hash names a feature by 64 bits (FNV-1a with a final mix); with a million
// features two fall together once in 30 million catalogues.
type hash uint64

const prime = 1099511628211

func seed(block int) hash { return 14695981039346656037 ^ hash(block+1)*0x9E3779B97F4A7C15 }

func (h hash) add(s string) hash {
	for i := range len(s) {
		h = (h ^ hash(s[i])) * prime
	}
	return (h ^ ' ') * prime
}

func (h hash) number(n uint16) hash {
	h = (h ^ hash(n&0xff)) * prime
	return (h ^ hash(n>>8)) * prime
}

func (h hash) mixed() hash {
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	h ^= h >> 32
	return h
}

// table maps hashes to ids with open addressing. Id 0 is never given out: it
// is the constant feature.
type table struct {
	keys []hash
	ids  []int32
	n    int32
}

func newTable() *table { return &table{keys: make([]hash, 1<<12), ids: make([]int32, 1<<12)} }

func (t *table) find(h hash) int32 {
	mask := hash(len(t.keys) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		if t.ids[i] == 0 || t.keys[i] == h {
			return t.ids[i]
		}
	}
}

// intern is the id of a hash, a new one when it was not seen before.
func (t *table) intern(h hash) int32 {
	if id := t.find(h); id != 0 {
		return id
	}
	if 2*int(t.n+1) > len(t.keys) {
		t.grow()
	}
	t.n++
	t.put(h, t.n)
	return t.n
}

func (t *table) put(h hash, id int32) {
	mask := hash(len(t.keys) - 1)
	i := h & mask
	for t.ids[i] != 0 {
		i = (i + 1) & mask
	}
	t.keys[i], t.ids[i] = h, id
}

func (t *table) grow() {
	old := *t
	t.keys, t.ids = make([]hash, 2*len(old.keys)), make([]int32, 2*len(old.ids))
	for i, id := range old.ids {
		if id != 0 {
			t.put(old.keys[i], id)
		}
	}
}

// inOrder are the hashes by id, from 1.
func (t *table) inOrder() []hash {
	out := make([]hash, t.n)
	for i, id := range t.ids {
		if id != 0 {
			out[id-1] = t.keys[i]
		}
	}
	return out
}

// text is a prepared text as words, in a workspace that is used again.
type text struct {
	words  []*word
	tokens []string
}

func (t *text) read(prepared, language string, look func(token, language string) *word) {
	t.words, t.tokens = t.words[:0], t.tokens[:0]
	tokens(prepared, func(token string) {
		t.words = append(t.words, look(token, language))
		t.tokens = append(t.tokens, token)
	})
}

// features calls emit for each occurrence of each feature: own for those a word
// has by itself, which a corpus works out once for each word.
func (t *text) features(own func(w *word, token string), emit func(block int, h hash)) {
	for i, w := range t.words {
		own(w, t.tokens[i])
	}
	t.neighbours(emit)
	t.thoughts(emit)
}

// features are those of the word alone: its stem, the parts of a compound and
// its runs of characters.
func (w *word) features(token string, emit func(block int, h hash)) {
	emit(stemBlock, stemHash(w.stem))
	for _, part := range w.parts {
		emit(stemBlock, stemHash(part))
	}
	grams(token, emit)
}

func stemHash(stem string) hash { return seed(stemBlock).add(stem).mixed() }

// neighbours emits the pairs of stems next to and near each other.
func (t *text) neighbours(emit func(block int, h hash)) {
	if len(t.words) == 0 {
		return
	}
	before := "^"
	for i, w := range t.words {
		emit(pairBlock, seed(pairBlock).add(before).add(w.stem).mixed())
		before = w.stem
		for j := i + 2; j < len(t.words) && j < i+skipWindow; j++ {
			a, b := w.stem, t.words[j].stem
			if b < a {
				a, b = b, a
			}
			emit(skipBlock, seed(skipBlock).add(a).add(b).mixed())
		}
	}
	emit(pairBlock, seed(pairBlock).add(before).add("$").mixed())
}

func (t *text) thoughts(emit func(block int, h hash)) {
	var seen [conceptLimit]uint16
	n := 0
	for _, w := range t.words {
	next:
		for _, c := range w.concepts {
			emit(conceptBlock, seed(conceptBlock).number(c).mixed())
			for _, d := range seen[:n] {
				if d == c {
					continue next
				}
			}
			if n == conceptLimit {
				continue
			}
			for _, d := range seen[:n] {
				emit(bothBlock, seed(bothBlock).number(min(c, d)).number(max(c, d)).mixed())
			}
			seen[n] = c
			n++
		}
	}
}

// grams emits the runs of characters of " token ".
func grams(token string, emit func(block int, h hash)) {
	if len(token) > tokenLimit {
		return
	}
	var buf [tokenLimit + 2]byte
	padded := append(append(append(buf[:0], ' '), token...), ' ')
	for i := 0; i < len(padded); {
		h, j := seed(gramBlock), i
		for n := 1; n <= longestGram && j < len(padded); n++ {
			w := width(padded[j:])
			for _, c := range padded[j : j+w] {
				h = (h ^ hash(c)) * prime
			}
			if j += w; n >= shortestGram {
				emit(gramBlock, h.mixed())
			}
		}
		i += width(padded[i:])
	}
}

func width(b []byte) int {
	if b[0] < utf8.RuneSelf {
		return 1
	}
	_, w := utf8.DecodeRune(b)
	return w
}

// tally sums occurrences of the same feature in a workspace by id.
type tally struct {
	count []float32
	seen  []int32
}

// fit makes room for ids below n.
func (t *tally) fit(n int) {
	if n > len(t.count) {
		t.count = append(t.count, make([]float32, n-len(t.count))...)
	}
}

func (t *tally) add(id int32, n float32) {
	if t.count[id] == 0 {
		t.seen = append(t.seen, id)
	}
	t.count[id] += n
}

// take appends the sums to out, in the order of first occurrence, and empties
// the tally.
func (t *tally) take(out []feature) []feature {
	for _, id := range t.seen {
		out = append(out, feature{id, t.count[id]})
		t.count[id] = 0
	}
	t.seen = t.seen[:0]
	return out
}

// rarity is how much each feature counts.
type rarity struct {
	weight []float32 // by id; 0 for features that are not used
	in     []uint8   // block by id
	unseen float32   // of what was never seen
}

// apply appends the vector of a text to out: sublinear counts by rarity, each
// block of length 1 times its weight.
func (r *rarity) apply(counts, out []feature) []feature {
	var square [blocks]float32
	for _, f := range counts {
		w := r.weight[f.id]
		if w == 0 {
			continue
		}
		f.value = sublinear(f.value) * w
		square[r.in[f.id]] += f.value * f.value
		out = append(out, f)
	}
	var scale [blocks]float32
	for b, s := range square {
		if s > 0 {
			scale[b] = float32(blockWeight[b] / math.Sqrt(float64(s)))
		}
	}
	for i := range out {
		out[i].value *= scale[r.in[out[i].id]]
	}
	return out
}

// logs of small counts; almost all are.
var logs = func() (out [16]float32) {
	for n := 1; n < len(out); n++ {
		out[n] = 1 + float32(math.Log(float64(n)))
	}
	return out
}()

func sublinear(tf float32) float32 {
	if tf < float32(len(logs)) {
		return logs[int(tf)]
	}
	return 1 + float32(math.Log(float64(tf)))
}
