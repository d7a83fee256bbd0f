package catalogue

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// Row is a question with the class it belongs to; an empty label is a question
// about none of them.
type Row struct {
	ID    string `json:"id,omitempty"`
	Text  string `json:"text"`
	Label string `json:"label"`
}

// ScoreLine is what the matcher makes of one test row.
type ScoreLine struct {
	ID       string  `json:"id"`
	Gold     *string `json:"gold"` // nil: out of scope
	Top      *string `json:"top"`
	Score    float64 `json:"score"`
	Answered bool    `json:"answered"`
	Ms       float64 `json:"ms"`
}

const (
	certifyDelta  = 0.05 // how likely a certificate may be wrong
	certifyRows   = 2000 // the last so many stream rows decide
	noneAnswered  = 0.03 // most of the "no product" rows that may be answered
	streamBatches = 5    // the model learns the stream in so many steps
	// leastAnswers is how many stream rows must lie above a threshold.
	leastAnswers = 20
)

// Score measures the matcher on labelled rows. It learns from train and
// background, and then from stream, whose rows it scores before it sees their
// labels. A test row counts as answered only above the threshold at which the
// stream shows, by Clopper and Pearson's bound, a precision of target; without
// a stream none is.
func Score(trainRows, test, background []Row, stream []Row, target float64, emit func(ScoreLine)) error {
	s := scorer{background: background}
	s.classes(trainRows, stream)
	s.learn(trainRows)
	var seen []outcome
	for len(stream) > 0 {
		n := max(1, (len(stream)+streamBatches-1)/streamBatches)
		if len(seen) > 0 {
			n = min(len(stream), len(seen))
		}
		for _, r := range stream[:n] {
			top, p := s.score(r.Text)
			seen = append(seen, outcome{p, r.Label != "" && top == r.Label, r.Label == ""})
		}
		s.learn(stream[:n])
		stream = stream[n:]
	}
	threshold := certify(seen, target)
	for i, r := range test {
		start := time.Now()
		top, p := s.score(r.Text)
		line := ScoreLine{ID: r.ID, Score: p, Answered: p >= threshold, Ms: float64(time.Since(start).Microseconds()) / 1000}
		if line.ID == "" {
			line.ID = strconv.Itoa(i + 1)
		}
		if r.Label != "" {
			line.Gold = &r.Label
		}
		if top != "" {
			line.Top = &top
		}
		emit(line)
	}
	return nil
}

// scorer is a matcher of labels that learns in steps.
type scorer struct {
	labels     []string
	known      []line
	none       []line
	background []Row
	matcher    *Matcher
}

func (s *scorer) classes(rows ...[]Row) {
	for _, rs := range rows {
		for _, r := range rs {
			if r.Label != "" {
				s.labels = append(s.labels, r.Label)
			}
		}
	}
	slices.Sort(s.labels)
	s.labels = slices.Compact(s.labels)
	s.none = background()
	for _, r := range s.background {
		s.none = append(s.none, line{text: r.Text, language: languageOf(prepare(r.Text)), cost: 1, kind: noneLine})
	}
}

func (s *scorer) learn(rows []Row) {
	for _, r := range rows {
		l := line{text: r.Text, language: languageOf(prepare(r.Text)), cost: 1}
		if r.Label == "" {
			l.kind = noneLine
			s.none = append(s.none, l)
			continue
		}
		l.class, _ = slices.BinarySearch(s.labels, r.Label)
		s.known = append(s.known, l)
	}
	s.matcher = train(s.known, s.none, len(s.labels))
	s.matcher.name(s.labels)
}

func (s *scorer) score(text string) (top string, p float64) {
	r := s.matcher.Match(Question{Text: text})
	if len(r.Matches) == 0 {
		return "", 0
	}
	return r.Matches[0].Product, r.Matches[0].Score
}

// outcome is a row that was scored before its label was known.
type outcome struct {
	p     float64
	right bool
	none  bool // it was about no product
}

// certify finds the lowest threshold above which the outcomes prove a
// precision of target, or +Inf. Outcomes are about this order of rows; the
// last ones count.
func certify(rows []outcome, target float64) float64 {
	rows = slices.Clone(rows[max(0, len(rows)-certifyRows):])
	slices.SortStableFunc(rows, func(a, b outcome) int {
		switch {
		case a.p > b.p:
			return -1
		case a.p < b.p:
			return 1
		}
		return 0
	})
	n := len(rows)
	right := make([]int, n+1)
	for i, r := range rows {
		right[i+1] = right[i]
		if r.right {
			right[i+1]++
		}
	}
	best := 0
	starts := []float64{.15, .30, .45, .60}
	for _, f := range starts {
		for m := int(f * float64(n)); m >= leastAnswers && m <= n; m += max(1, n/100) {
			if lowerBound(right[m], m, certifyDelta/float64(len(starts))) < target {
				break
			}
			best = max(best, m)
		}
	}
	if best == 0 {
		return math.Inf(1)
	}
	return max(rows[best-1].p, noneThreshold(rows))
}

// noneThreshold is the lowest threshold at which few questions about no
// product are answered. The rows are best first.
func noneThreshold(rows []outcome) float64 {
	var none []float64
	for _, r := range rows {
		if r.none {
			none = append(none, r.p)
		}
	}
	for i := range none {
		if upperBound(i+1, len(none), certifyDelta) > noneAnswered {
			return math.Nextafter(none[i], 2)
		}
	}
	return 0
}

// lowerBound is Clopper and Pearson's one-sided bound on a rate of k in n.
func lowerBound(k, n int, delta float64) float64 {
	if k == 0 {
		return 0
	}
	return betaQuantile(delta, float64(k), float64(n-k+1))
}

func upperBound(k, n int, delta float64) float64 {
	if k >= n {
		return 1
	}
	return betaQuantile(1-delta, float64(k+1), float64(n-k))
}

func betaQuantile(p, a, b float64) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if m := (low + high) / 2; betaShare(a, b, m) < p {
			low = m
		} else {
			high = m
		}
	}
	return (low + high) / 2
}

// betaShare is the regularised incomplete beta function, by its continued
// fraction (Lentz's method).
func betaShare(a, b, x float64) float64 {
	if x <= 0 || x >= 1 {
		return max(0, min(1, x))
	}
	if x > (a+1)/(a+b+2) {
		return 1 - betaShare(b, a, 1-x)
	}
	const tiny = 1e-300
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	keep := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/keep(1-(a+b)*x/(a+1))
	f := d
	for i := 1; i < 1000; i++ {
		m := float64(i)
		for _, num := range [2]float64{m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m)), -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))} {
			d = 1 / keep(1+num*d)
			c = keep(1 + num/c)
			f *= c * d
		}
		if math.Abs(c*d-1) < 1e-13 {
			break
		}
	}
	return front * f
}
