package catalogue

import "testing"

// pairs puts two single questions about different products in one mail.
func pairs(t testing.TB) []Question {
	var single []asking
	for _, q := range questions(t) {
		if q.Product != "" {
			single = append(single, q)
		}
	}
	var out []Question
	for i, a := range single {
		for _, step := range []int{3, 11} {
			b := single[(i+step)%len(single)]
			if a.Product == b.Product || a.Language != b.Language {
				continue
			}
			join := []string{"\n\n", ". ", "\n\nEn verder: "}[(i+step)%3]
			if a.Language == "en" {
				join = []string{"\n\n", ". ", "\n\nAnd also: "}[(i+step)%3]
			}
			out = append(out, Question{Text: a.Text + join + b.Text, Language: a.Language})
		}
	}
	return out
}

// TestTwoQuestionsInOneMailAreNotAnsweredAsOne prints how many mails with two
// questions are seen as such.
func TestTwoQuestionsInOneMailAreNotAnsweredAsOne(t *testing.T) {
	m := Train(sampleCatalogue(t), TrainOptions{})
	mails, seen, answered := pairs(t), 0, 0
	for _, q := range mails {
		r := m.Match(q)
		switch {
		case r.Two:
			seen++
		case r.Matches[0].Score >= DefaultThreshold:
			answered++
			t.Logf("answered as one: %q: %s %.2f, %s %.2f", q.Text, r.Matches[0].Product, r.Matches[0].Score, r.Matches[1].Product, r.Matches[1].Score)
		}
	}
	falsely, single := 0, 0
	for _, q := range questions(t) {
		if q.Product == "" {
			continue
		}
		single++
		if r := m.Match(Question{Text: q.Text, Language: q.Language}); r.Two {
			falsely++
			t.Logf("one question taken for two: %q: %v", q.Text, r.Matches[:2])
		}
	}
	wrapped, falselyWrapped := 0, 0
	around := background()
	for i, q := range questions(t) {
		if q.Product == "" || q.Language != "nl" {
			continue
		}
		wrapped++
		text := around[(3*i)%100].text + " " + q.Text + "\n" + around[(5*i+1)%100].text
		if r := m.Match(Question{Text: text, Language: "nl"}); r.Two {
			falselyWrapped++
		}
	}
	t.Logf("%d with one among everyday sentences, %d taken for two", wrapped, falselyWrapped)
	if 10*answered > len(mails) || 10*falsely > single {
		t.Error("that is worse than it was")
	}
	t.Logf("%d mails with two questions: %d seen, %d answered as one; %d with one, %d taken for two", len(mails), seen, answered, single, falsely)
}
