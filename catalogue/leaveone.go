package catalogue

import (
	"math"
)

// Figures are how well a catalogue's examples find their own product when each
// is left out in turn.
type Figures struct {
	Examples           int
	First, Third       float64 // share whose product stands first, or among the first three
	PlainFirst, Plain3 float64 // the same by plain word search (BM25)
}

// LeaveOneOut asks each example of a language as a question of a matcher that
// does not know it. The higher, the better the products are told apart.
func LeaveOneOut(c *Catalogue, language string) Figures { return leaveOut(c, language, 1) }

// leaveOut is LeaveOneOut for every n-th example.
func leaveOut(c *Catalogue, language string, every int) Figures {
	known := lines(c.Products)
	n := len(c.Products)
	if n == 0 {
		return Figures{}
	}
	whole := learn(known, others(c.Products), n)
	var f Figures
	var r reading
	for i, l := range known {
		if l.kind != exampleLine || l.language != language || i%every != 0 {
			continue
		}
		m := whole.without(func(j int) bool { return j == i })
		m.take(&r, i)
		plain := newWordSearch(known, i, n)
		f.Examples++
		rank := standing(r.z[:n], l.class)
		plainRank := standing(plain.scores(l), l.class)
		f.count(rank, &f.First, &f.Third)
		f.count(plainRank, &f.PlainFirst, &f.Plain3)
	}
	for _, share := range []*float64{&f.First, &f.Third, &f.PlainFirst, &f.Plain3} {
		*share /= max(1, float64(f.Examples))
	}
	return f
}

// FoundAgain is LeaveOneOut of at most so many examples, evenly spread, and
// without the plain word search to compare with: what an editor can wait for.
// step is told after each; it may say to stop.
func FoundAgain(c *Catalogue, language string, most int, step func(done, total int) bool) Figures {
	known := lines(c.Products)
	var asked []int
	for i, l := range known {
		if l.kind == exampleLine && l.language == language {
			asked = append(asked, i)
		}
	}
	var f Figures
	if len(asked) == 0 {
		return f
	}
	every := (len(asked) + most - 1) / most
	total := (len(asked) + every - 1) / every
	whole := learn(known, others(c.Products), len(c.Products))
	var r reading
	for k := 0; k < len(asked); k += every {
		i := asked[k]
		m := whole.without(func(j int) bool { return j == i })
		m.take(&r, i)
		f.Examples++
		f.count(standing(r.z[:len(c.Products)], known[i].class), &f.First, &f.Third)
		if !step(f.Examples, total) {
			break
		}
	}
	f.First /= float64(f.Examples)
	f.Third /= float64(f.Examples)
	return f
}

func (*Figures) count(rank int, first, third *float64) {
	if rank == 0 {
		*first++
	}
	if rank < 3 {
		*third++
	}
}

// standing is how many classes score better than k; a class that scores nothing
// is not found at all.
func standing(z []float32, k int) int {
	if z[k] == 0 {
		return len(z)
	}
	rank := 0
	for i, v := range z {
		if v > z[k] || (v == z[k] && i < k) {
			rank++
		}
	}
	return rank
}

// wordSearch is BM25 over the products, each a document of all its lines in
// one language: what an ordinary search engine would make of the catalogue.
type wordSearch struct {
	docs    []map[string]float64 // by class
	length  []float64
	df      map[string]float64
	average float64
}

func newWordSearch(known []line, without, classes int) *wordSearch {
	s := &wordSearch{df: map[string]float64{}, docs: make([]map[string]float64, classes), length: make([]float64, classes)}
	for k := range s.docs {
		s.docs[k] = map[string]float64{}
	}
	for i, l := range known {
		if i == without || l.language != known[without].language {
			continue
		}
		tokens(prepare(l.text), func(w string) {
			w = stem(w, l.language)
			if s.docs[l.class][w] == 0 {
				s.df[w]++
			}
			s.docs[l.class][w]++
			s.length[l.class]++
			s.average += 1 / float64(classes)
		})
	}
	return s
}

func (s *wordSearch) scores(q line) []float32 {
	const k1, b = 1.2, 0.75
	out := make([]float32, len(s.docs))
	var words []string
	tokens(prepare(q.text), func(w string) {
		if !common[q.language][w] {
			words = append(words, stem(w, q.language))
		}
	})
	n := float64(len(s.docs))
	for i, d := range s.docs {
		sum := 0.0
		for _, w := range words {
			if tf := d[w]; tf > 0 {
				idf := math.Log(1 + (n-s.df[w]+0.5)/(s.df[w]+0.5))
				sum += idf * tf * (k1 + 1) / (tf + k1*(1-b+b*s.length[i]/s.average))
			}
		}
		out[i] = float32(sum)
	}
	return out
}
