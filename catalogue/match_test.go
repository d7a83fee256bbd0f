package catalogue

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/balie/balie"
)

type asking struct {
	Language, Product, Text string
	Two                     []string
	None                    bool
}

func questions(t testing.TB) []asking {
	t.Helper()
	b, err := os.ReadFile("testdata/questions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []asking
	if err := yaml.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestOwnQuestions prints how the sample catalogue does on questions that are
// no examples of it, and fails when it gets much worse.
func TestOwnQuestions(t *testing.T) {
	c := sampleCatalogue(t)
	m := Train(c, TrainOptions{})
	type tally struct{ n, first, third, above, wrong int }
	sums := map[string]*tally{"nl": {}, "en": {}}
	two, twoSeen, twoAnswered, none, noneAnswered := 0, 0, 0, 0, 0
	var bins [5][3]float64
	for _, q := range questions(t) {
		r := m.Match(Question{Text: q.Text, Language: q.Language})
		top := r.Matches[0]
		right := top.Product == q.Product
		p, _ := c.Product(top.Product)
		sent := p.Mode == balie.Send && top.Score >= p.Threshold && !r.Two
		bin := &bins[min(4, int(top.Score*5))]
		bin[0]++
		bin[1] += top.Score
		if right || slices.Contains(q.Two, top.Product) {
			bin[2]++
		}
		switch {
		case q.None:
			none++
			if sent {
				noneAnswered++
			}
			if top.Score >= DefaultThreshold {
				t.Logf("surely about nothing, and yet: %q %s %.2f", q.Text, top.Product, top.Score)
			}
		case len(q.Two) > 0:
			two++
			if r.Two {
				twoSeen++
			}
			if sent {
				twoAnswered++
			}
			if !r.Two && top.Score >= DefaultThreshold {
				t.Logf("two questions, seen as one: %q %s %.2f", q.Text, top.Product, top.Score)
			}
		default:
			s := sums[q.Language]
			s.n++
			if right {
				s.first++
			} else {
				t.Logf("missed: %q is %s, got %s %.2f, %s %.2f", q.Text, q.Product, top.Product, top.Score, r.Matches[1].Product, r.Matches[1].Score)
			}
			for _, x := range r.Matches[:3] {
				if x.Product == q.Product {
					s.third++
				}
			}
			if top.Score >= DefaultThreshold && !r.Two {
				s.above++
				if !right {
					s.wrong++
				}
			}
		}
	}
	for _, l := range Languages {
		s := sums[l]
		t.Logf("%s: %d of %d first, %d among three; above %.1f: %d, of which wrong %d", l, s.first, s.n, s.third, DefaultThreshold, s.above, s.wrong)
		if 100*s.first < 75*s.n || 100*s.third < 88*s.n || 100*s.wrong > 6*s.above {
			t.Errorf("%s is worse than it was", l)
		}
	}
	t.Logf("two questions: %d, seen %d, answered all the same %d; about nothing: %d, answered %d", two, twoSeen, twoAnswered, none, noneAnswered)
	if twoAnswered > 0 || noneAnswered > 0 {
		t.Error("what must not be answered is")
	}
	for i, b := range bins {
		if b[0] > 0 {
			t.Logf("score %.1f-%.1f: %2.0f questions, mean score %.2f, right %.2f", float64(i)/5, float64(i+1)/5, b[0], b[1]/b[0], b[2]/b[0])
		}
	}
}

func TestTheSameCatalogueGivesTheSameScores(t *testing.T) {
	c := sampleCatalogue(t)
	a, b := Train(c, TrainOptions{}), Train(c, TrainOptions{})
	for _, q := range questions(t) {
		x, y := a.Match(Question{Text: q.Text}), b.Match(Question{Text: q.Text})
		if !reflect.DeepEqual(x, y) {
			t.Fatalf("%q:\n%v\n%v", q.Text, x, y)
		}
	}
}

func TestAMailsShellDoesNotChangeWhatItIsAbout(t *testing.T) {
	m := Train(sampleCatalogue(t), TrainOptions{})
	for _, c := range []struct{ language, bare, before, after, product string }{
		{"nl", "Mijn kastsleutel is weg, kan ik een nieuwe krijgen?", "Beste servicedesk,\n\nIk hoop dat het goed met jullie gaat.\n\n", "\n\nAlvast bedankt!\n\nMet vriendelijke groet,\n\nPetra Jansen\nHoofd Inkoop | Lindelaan 12 | 1234 AB Utrecht\nDenk aan het milieu voordat u deze mail afdrukt.", "sleutel"},
		{"en", "The coffee machine on two only gives hot water", "Dear all,\n\nI hope this finds you well.\n\n", "\n\nMany thanks in advance,\n\nTom Baker\nPurchasing\nThis message is confidential.", "automaten"},
	} {
		r := m.Match(Question{Subject: "Vraag", Text: c.before + c.bare + c.after, Language: c.language})
		if r.Matches[0].Product != c.product || r.Matches[0].Score < 0.7 || r.Two {
			t.Errorf("%q in a mail: %+v", c.bare, r)
		}
	}
}

func TestExplanationNamesTheCustomersOwnWords(t *testing.T) {
	m := Train(sampleCatalogue(t), TrainOptions{})
	terms, like := m.Explain(Question{Text: "Hallo, de Koffiemachine op de gang lekt niet maar geeft alleen heet water"}, "automaten")
	if len(terms) == 0 || len(terms) > 5 || terms[0] != "koffiemachine" || like != "De koffiemachine op twee geeft alleen heet water" {
		t.Errorf("terms %q, like %q", terms, like)
	}
	if terms, like := m.Explain(Question{Text: "x"}, "no such product"); terms != nil || like != "" {
		t.Errorf("an unknown product is explained: %v %q", terms, like)
	}
}

func TestQuestionsWithoutWordsAreAboutNothing(t *testing.T) {
	m := Train(sampleCatalogue(t), TrainOptions{})
	for _, text := range []string{"", " \n", "?!", "Beste,\n\nMet vriendelijke groet,\nJan", strings.Repeat("-", 1<<16), "\xff\xfe"} {
		if r := m.Match(Question{Text: text}); len(r.Matches) > 0 && r.Matches[0].Score > 0.5 {
			t.Errorf("%.20q: %+v", text, r)
		}
	}
	if r := Train(&Catalogue{}, TrainOptions{}).Match(Question{Text: "sleutel"}); len(r.Matches) != 0 || r.None != 1 {
		t.Errorf("an empty catalogue: %+v", r)
	}
}

// A matcher that met many strange words before scores and explains as one that
// works out each word again.
func TestWordsMetBeforeDoNotChangeAMatch(t *testing.T) {
	c := sampleCatalogue(t)
	old, b := Train(c, TrainOptions{}), Train(c, TrainOptions{})
	b.work = sync.Pool{New: func() any {
		w := newWorkspace()
		w.whole.r.strangers, w.clause.r.strangers = nil, nil
		return w
	}}
	for i := range 2 * strangersLimit {
		old.Match(Question{Text: "een " + invented(i) + "sleutel voor " + invented(i+1), Language: "nl"})
	}
	for _, q := range questions(t) {
		q := Question{Text: q.Text + " De zwikkeldraaier piepzoemt, zwikkeldraaier.", Language: "nl"}
		want := b.Match(q)
		for range 2 {
			if got := old.Match(q); !reflect.DeepEqual(got, want) {
				t.Fatalf("%q:\n got %v\nwant %v", q.Text, got, want)
			}
		}
	}
}
