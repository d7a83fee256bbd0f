package catalogue

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
)

// BenchmarkMatch60 matches questions of up to 60 characters with the sample
// catalogue, and BenchmarkMatch500 of up to 500; both report the slowest
// percent.
func BenchmarkMatch60(b *testing.B)  { benchmarkMatch(b, 60) }
func BenchmarkMatch500(b *testing.B) { benchmarkMatch(b, 500) }

func benchmarkMatch(b *testing.B, size int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m := Train(sampleCatalogue(b), TrainOptions{})
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
		start := now()
		m.Match(Question{Text: texts[i%len(texts)], Language: "nl"})
		took = append(took, now()-start)
	}
	reportSlowest(b, took)
}

// invented is a word of two to four syllables made of a number; each number has
// its own.
func invented(n int) string {
	const onsets, vowels = "bcdfghklmnprstvwz", "aeiou"
	var s strings.Builder
	m := n*7919%1_000_003 + n*1_000_003
	for range 2 + n%3 {
		s.WriteByte(onsets[m%len(onsets)])
		m /= len(onsets)
		s.WriteByte(vowels[m%len(vowels)])
		m /= len(vowels)
		s.WriteByte(onsets[m%len(onsets)])
		m /= 7
	}
	return s.String()
}

// inventedQuestion is words of a product's own (a third) and of everybody's, the
// first of them far more often.
func inventedQuestion(rng *rand.Rand, product, words int) string {
	var s []string
	for range words {
		if rng.IntN(3) == 0 {
			s = append(s, invented(10000+product*7+rng.IntN(20)))
			continue
		}
		s = append(s, invented(int(2000*rng.Float64()*rng.Float64()*rng.Float64())))
	}
	return strings.Join(s, " ")
}

// inventedCatalogue has three examples of each product.
func inventedCatalogue(products int) *Catalogue {
	rng := rand.New(rand.NewPCG(1, 2))
	c := &Catalogue{}
	for i := range products {
		p := balie.Product{ID: fmt.Sprint("p", i), Names: map[string]string{"en": invented(10000+i*7) + " " + invented(10001+i*7)}}
		p.Examples = map[string][]string{}
		for range 3 {
			p.Examples["en"] = append(p.Examples["en"], inventedQuestion(rng, i, 6+rng.IntN(8)))
		}
		c.Products = append(c.Products, p)
	}
	return c
}

// now is the processor time this thread has used where the system tells, so
// that figures hold on a busy machine; else the time of day.
func now() time.Duration {
	if t, ok := threadTime(); ok {
		return t
	}
	return time.Duration(time.Now().UnixNano())
}

// reportSlowest reports the slowest percent of what took how long.
func reportSlowest(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-µs")
}

// BenchmarkMatch10000Products matches questions of 500 characters with 10,000
// made-up products of three examples each.
func BenchmarkMatch10000Products(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m := Train(inventedCatalogue(10000), TrainOptions{})
	rng := rand.New(rand.NewPCG(3, 4))
	var texts, products []string
	for range 500 {
		k := rng.IntN(10000)
		var s string
		for i := 0; len(s) < 400; i++ {
			s += inventedQuestion(rng, k, 8) + ". " + background()[rng.IntN(200)].text + " "
		}
		texts, products = append(texts, s[:min(len(s), 500)]), append(products, fmt.Sprint("p", k))
	}
	right := 0
	for i, s := range texts {
		if m.Match(Question{Text: s, Language: "en"}).Matches[0].Product == products[i] {
			right++
		}
	}
	b.Logf("%d of %d right", right, len(texts))
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		start := now()
		m.Match(Question{Text: texts[i%len(texts)], Language: "en"})
		took = append(took, now()-start)
	}
	reportSlowest(b, took)
}

// inventedRows are 10,000 rows of 77 products.
func inventedRows() []line {
	rng := rand.New(rand.NewPCG(1, 2))
	var rows []line
	for i := range 10000 {
		class := i % 77
		var s []string
		for range 6 + rng.IntN(8) {
			if rng.IntN(3) == 0 {
				s = append(s, invented(10000+class*20+rng.IntN(20)))
				continue
			}
			s = append(s, invented(rng.IntN(800)))
		}
		rows = append(rows, line{text: strings.Join(s, " "), language: "en", class: class, cost: 1})
	}
	return rows
}

// BenchmarkTrain10000Rows: "fit" is the model alone, "whole" with calibration.
func BenchmarkTrain10000Rows(b *testing.B) {
	rows := inventedRows()
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
}

// BenchmarkTrainSample is what a start waits for.
func BenchmarkTrainSample(b *testing.B) {
	c := sampleCatalogue(b)
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		Train(c, TrainOptions{})
		took = append(took, time.Since(start))
	}
	reportSlowest(b, took)
}

// BenchmarkTrain10000Products reports how much memory the matcher keeps.
func BenchmarkTrain10000Products(b *testing.B) {
	c := inventedCatalogue(10000)
	var m *Matcher
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	for b.Loop() {
		m = Train(c, TrainOptions{})
	}
	b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-kept")
	runtime.KeepAlive(m)
}

// BenchmarkReadFields reads the fields of a complaint about the cold, of about
// 600 letters, that names places and figures but no time.
func BenchmarkReadFields(b *testing.B) {
	p, _ := sampleCatalogue(b).Product("klimaat")
	text, now := longQuestion(), tuesday(b)
	b.ReportAllocs()
	for b.Loop() {
		ReadFields(p, nil, text, "nl", now)
	}
}

// BenchmarkMatchLong matches the same question.
func BenchmarkMatchLong(b *testing.B) {
	m := Train(sampleCatalogue(b), TrainOptions{})
	q := Question{Subject: "Vraag 17", Text: longQuestion(), Language: "nl"}
	b.ReportAllocs()
	for b.Loop() {
		m.Match(q)
	}
}

func longQuestion() string {
	return "Vraag 17. " + strings.Repeat("Op de derde verdieping bij het raam is het al dagen te koud om te werken. De printer naast de pantry geeft steeds een storing. ", 5)
}
