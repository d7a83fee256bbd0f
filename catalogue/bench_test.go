package catalogue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkMatch matches questions of up to 500 characters with the sample
// catalogue and reports the slowest percent.
func BenchmarkMatch(b *testing.B) {
	m := Train(sampleCatalogue(b), TrainOptions{})
	for _, size := range []int{60, 500} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var texts []string
			qs := questions(b)
			for i := range qs {
				s := qs[i].Text
				for j := 1; size > 100 && len(s) < size; j++ {
					s += " " + background()[(7*i+j)%200].text
				}
				texts = append(texts, s[:min(size, len(s))])
			}
			for _, s := range texts {
				m.Match(Question{Text: s, Language: "nl"})
			}
			b.ReportAllocs()
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				m.Match(Question{Text: texts[i%len(texts)], Language: "nl"})
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
		})
	}
}

// BenchmarkTrain trains on 10,000 made-up rows of 77 products: words drawn from
// each product's own and from common ones. "fit" is the model alone.
func BenchmarkTrain(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string {
		var s strings.Builder
		for range 3 + n%6 {
			s.WriteByte(byte('a' + (n*7+s.Len()*n)%26))
			n = n*31 + 17
		}
		return s.String()
	}
	var rows []line
	for i := range 10000 {
		class := i % 77
		var s []string
		for range 6 + rng.IntN(8) {
			if rng.IntN(3) == 0 {
				s = append(s, word(10000+class*20+rng.IntN(20)))
				continue
			}
			s = append(s, word(rng.IntN(800)))
		}
		rows = append(rows, line{text: strings.Join(s, " "), language: "en", class: class, cost: 1})
	}
	b.Run("fit", func(b *testing.B) {
		for b.Loop() {
			newCorpus(rows, 78).fit(func(int) bool { return true }, nil)
		}
	})
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			train(slices.Clone(rows), background(), 77)
		}
	})
	b.Run("sample", func(b *testing.B) {
		c := sampleCatalogue(b)
		for b.Loop() {
			Train(c, TrainOptions{})
		}
	})
}
