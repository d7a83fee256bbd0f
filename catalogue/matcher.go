package catalogue

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/balie/balie"
)

// Question is what a customer wrote. Text is without quotes and signature.
type Question struct{ Subject, Text, Language string }

// Result is what a question may be about.
type Result struct {
	Matches    []balie.Match // best first, at most five
	Two        bool          // it seems to hold two questions
	TwoCertain bool          // it is almost surely about one of the first two
	None       float64       // how likely it is about no product
}

// TrainOptions say what a matcher learns from besides the catalogue.
type TrainOptions struct {
	Now time.Time // products not offered at this moment are left out; zero: none are
}

// maxMatches is how many products a result names.
const maxMatches = 5

// Matcher finds the products a question is about. It never changes after
// Train and may be used by many goroutines at once.
type Matcher struct {
	products []string
	model    *model
}

// Weights of what a product says about itself beside its examples.
const (
	nameCost        = 0.5
	synonymCost     = 0.3
	descriptionCost = 0.3
)

// lines are the texts of a catalogue's products.
func lines(products []balie.Product) []line {
	var out []line
	add := func(class int, language, text string, cost float64, kind lineKind) {
		if text != "" {
			out = append(out, line{text, language, class, cost, kind})
		}
	}
	for class, p := range products {
		for _, l := range Languages {
			for _, e := range p.Examples[l] {
				add(class, l, e, 1, exampleLine)
			}
			add(class, l, p.Names[l], nameCost, weakLine)
			add(class, l, p.Descriptions[l], descriptionCost, weakLine)
			for _, s := range p.Synonyms[l] {
				add(class, l, s, synonymCost, weakLine)
			}
		}
	}
	return out
}

// Train makes a matcher of a catalogue. The same catalogue gives the same
// matcher.
func Train(c *Catalogue, o TrainOptions) *Matcher {
	var products []balie.Product
	for _, p := range c.Products {
		if o.Now.IsZero() || Offered(p, o.Now) {
			products = append(products, p)
		}
	}
	m := &Matcher{}
	for _, p := range products {
		m.products = append(m.products, p.ID)
	}
	if len(products) > 0 {
		m.model = learn(lines(products), len(products))
	}
	return m
}

// Match scores a question against every product.
func (m *Matcher) Match(q Question) Result {
	if m.model == nil {
		return Result{None: 1}
	}
	text := prepare(q.Subject + "\n" + q.Text)
	if q.Language == "" {
		q.Language = languageOf(text)
	}
	x := m.model.vector(text, q.Language, nil)
	z := make([]float32, m.model.classes)
	m.model.scores(x, z)
	var out Result
	for k, v := range z {
		out.Matches = append(out.Matches, balie.Match{Product: m.products[k], Score: sigmoid(3 * float64(v))})
	}
	slices.SortStableFunc(out.Matches, func(a, b balie.Match) int { return cmp.Compare(b.Score, a.Score) })
	out.Matches = out.Matches[:min(maxMatches, len(out.Matches))]
	out.None = 1 - out.Matches[0].Score
	return out
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
