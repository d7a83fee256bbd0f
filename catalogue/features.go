package catalogue

import (
	"math"
	"slices"
	"unicode/utf8"
)

// The blocks of a text's vector: each is brought to length 1 and then counts
// with its weight, so that a long text's many character runs do not drown its
// words.
const (
	stemBlock = iota
	pairBlock
	gramBlock
	blocks
)

var blockWeight = [blocks]float64{1, 0.7, 1}

const (
	shortestGram, longestGram = 3, 5
	// tokenLimit bounds the character runs of one word: base64 and the like
	// are no words. In bytes.
	tokenLimit = 40
	// manyRows is the number of rows from which a feature must occur twice.
	manyRows = 3000
)

// feature is one of a text's features with its number of occurrences.
type feature struct {
	id    int32
	block uint8
	value float32
}

// hash names a feature by 64 bits (FNV-1a with a final mix); with a million
// features two fall together once in 30 million catalogues.
type hash uint64

func seed(block uint8) hash { return 14695981039346656037 ^ hash(block+1)*0x9E3779B97F4A7C15 }

func (h hash) add(s string) hash {
	for i := range len(s) {
		h = (h ^ hash(s[i])) * 1099511628211
	}
	return h
}

func (h hash) mixed() hash {
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	h ^= h >> 32
	return h
}

// table maps hashes to ids with open addressing. Id 0 is never given out.
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

// walk calls emit with the hash of each occurrence of each feature of a
// prepared text, and word with each stem.
func walk(prepared string, stemOf func(string) string, emit func(block uint8, h hash), word func(token, stem string)) {
	before := "^"
	pair := func(stem string) {
		emit(pairBlock, seed(pairBlock).add(before).add(" ").add(stem).mixed())
		before = stem
	}
	some := false
	tokens(prepared, func(token string) {
		some = true
		s := stemOf(token)
		emit(stemBlock, seed(stemBlock).add(s).mixed())
		if word != nil {
			word(token, s)
		}
		pair(s)
		grams(token, emit)
	})
	if some {
		pair("$")
	}
}

// grams emits the runs of 3 to 5 characters of " token ".
func grams(token string, emit func(block uint8, h hash)) {
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
				h = (h ^ hash(c)) * 1099511628211
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

// vocabulary is the features of the training rows with their weight.
type vocabulary struct {
	table *table
	idf   []float32 // by id; 0 for features that are not used
	block []uint8
	rare  float32 // idf of what was never seen
	stems map[string]string
}

// counted sums the occurrences of the same feature.
func counted(occurrences []feature) []feature {
	slices.SortFunc(occurrences, func(a, b feature) int { return int(a.id) - int(b.id) })
	out := occurrences[:0]
	for _, f := range occurrences {
		if n := len(out); n > 0 && out[n-1].id == f.id {
			out[n-1].value += f.value
			continue
		}
		out = append(out, f)
	}
	return out
}

// weighted turns counts into the vector of a text: sublinear counts by rarity,
// each block of length 1 times its weight.
func (v *vocabulary) weighted(counts []feature) []feature {
	var square [blocks]float64
	out := counts[:0]
	for _, f := range counts {
		idf := v.idf[f.id]
		if idf == 0 {
			continue
		}
		f.value = sublinear(f.value) * idf
		square[f.block] += float64(f.value) * float64(f.value)
		out = append(out, f)
	}
	var scale [blocks]float32
	for b, s := range square {
		if s > 0 {
			scale[b] = float32(blockWeight[b] / math.Sqrt(s))
		}
	}
	for i := range out {
		out[i].value *= scale[out[i].block]
	}
	return out
}

func sublinear(tf float32) float32 {
	if tf == 1 {
		return 1
	}
	return 1 + float32(math.Log(float64(tf)))
}
