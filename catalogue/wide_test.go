package catalogue

import (
	"reflect"
	"runtime"
	"testing"
)

// TestScoresAreTheSameOnAnyMachine: how many processors there are changes
// nothing, neither for a small catalogue nor for a wide one.
func TestScoresAreTheSameOnAnyMachine(t *testing.T) {
	for name, c := range map[string]*Catalogue{"sample": sampleCatalogue(t), "wide": inventedCatalogue(wideFrom + 20)} {
		matcher := func(processors int) *Matcher {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			return Train(c, TrainOptions{})
		}
		one, many := matcher(1), matcher(7)
		asked := questions(t)
		for _, p := range c.Products[:15] {
			asked = append(asked, asking{Language: "en", Text: p.Examples["en"][0]})
		}
		for _, q := range asked {
			x, y := one.Match(Question{Text: q.Text, Language: q.Language}), many.Match(Question{Text: q.Text, Language: q.Language})
			if !reflect.DeepEqual(x, y) {
				t.Fatalf("%s, %q:\n%v\n%v", name, q.Text, x, y)
			}
		}
	}
}

// TestEachOfManyProductsIsFoundByItsOwnWords: a wide model knows its examples
// and says why.
func TestEachOfManyProductsIsFoundByItsOwnWords(t *testing.T) {
	c := inventedCatalogue(wideFrom + 20)
	m := Train(c, TrainOptions{})
	if m.model.wide == nil {
		t.Fatal("this is meant to be a wide model")
	}
	right, explained := 0, 0
	for _, p := range c.Products {
		text := p.Examples["en"][1]
		best := m.Match(Question{Text: text, Language: "en"}).Matches[0]
		if best.Product == p.ID {
			right++
		}
		if len(best.Terms) > 0 && best.Like == text {
			explained++
		}
	}
	t.Logf("of %d products %d are found by an example, %d with words and the example", len(c.Products), right, explained)
	if 100*right < 97*len(c.Products) || 100*explained < 95*len(c.Products) {
		t.Error("that is too few")
	}
	if r := m.Match(Question{Text: "qqqq", Language: "en"}); r.Matches[0].Score > 0.5 {
		t.Errorf("a word nobody uses: %+v", r)
	}
}
