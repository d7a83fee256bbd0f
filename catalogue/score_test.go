package catalogue

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// shared is where public data to measure on may lie; it is not part of the
// project. Without it the test is skipped.
func shared(t testing.TB, path ...string) string {
	t.Helper()
	root := cmp.Or(os.Getenv("BALIE_SHARED"), filepath.Join("..", "..", "shared"))
	p := filepath.Join(append([]string{root}, path...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skip("no shared data: set BALIE_SHARED")
	}
	return p
}

func rowsOf(t testing.TB, dir string) []Row {
	t.Helper()
	x, y := textLines(t, filepath.Join(dir, "seq.in")), textLines(t, filepath.Join(dir, "label"))
	if len(x) != len(y) {
		t.Fatalf("%s: %d questions, %d labels", dir, len(x), len(y))
	}
	out := make([]Row, len(x))
	for i := range x {
		out[i] = Row{ID: fmt.Sprint(i), Text: x[i], Label: y[i]}
	}
	return out
}

func textLines(t testing.TB, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		out = append(out, s.Text())
	}
	return out
}

// pick draws n rows of each class and returns the others too.
func pick(rows []Row, n int, seed uint64) (picked, rest []Row) {
	taken := map[string]int{}
	for _, i := range rand.New(rand.NewPCG(seed, 7)).Perm(len(rows)) {
		if taken[rows[i].Label] < n {
			taken[rows[i].Label]++
			picked = append(picked, rows[i])
			continue
		}
		rest = append(rest, rows[i])
	}
	return picked, rest
}

// TestScoreOnPublicIntents prints accuracy and calibration on BANKING77 and
// HWU64. It takes a minute: set BALIE_SHARED to run it.
func TestScoreOnPublicIntents(t *testing.T) {
	if os.Getenv("BALIE_SHARED") == "" || testing.Short() {
		t.Skip("set BALIE_SHARED to measure")
	}
	far := map[string]string{"BANKING77": "HWU64", "HWU64": "BANKING77"}
	for _, set := range []string{"BANKING77", "HWU64"} {
		dir := shared(t, "data", "intents", set)
		all, test := rowsOf(t, filepath.Join(dir, "train")), rowsOf(t, filepath.Join(dir, "test"))
		out := rowsOf(t, filepath.Join(shared(t, "data", "intents", far[set]), "test"))[:500]
		for i := range out {
			out[i].ID, out[i].Label = "far"+out[i].ID, ""
		}
		for _, n := range []int{10, 20} {
			var sum float64
			for seed := range uint64(5) {
				picked, _ := pick(all, n, seed)
				f := measure(t, picked, append(slices.Clone(test), out...), nil, "")
				t.Logf("%s %d per class, seed %d: %v", set, n, seed, f)
				sum += f.accuracy / 5
			}
			t.Logf("%s %d per class: accuracy %.2f", set, n, 100*sum)
		}
	}
}

// TestScoreCertified prints what is answered after 2,500 confirmed requests.
func TestScoreCertified(t *testing.T) {
	if os.Getenv("BALIE_SHARED") == "" || testing.Short() {
		t.Skip("set BALIE_SHARED to measure")
	}
	dir := shared(t, "data", "intents", "BANKING77")
	all, test := rowsOf(t, filepath.Join(dir, "train")), rowsOf(t, filepath.Join(dir, "test"))
	for seed := range uint64(5) {
		picked, rest := pick(all, 10, seed)
		stream := rest[:2500]
		t.Logf("BANKING77 seed %d: %v", seed, measure(t, picked, test, stream, os.Getenv("BALIE_SCORE_OUT")))
	}
}

type measured struct {
	accuracy, coverage, precision, brier, ece, falseAt9, rightAt9, coverAt9 float64
	train, p50, p99                                                         time.Duration
}

func (m measured) String() string {
	return fmt.Sprintf("acc %.4f cov %.3f prec %.4f brier %.3f ece %.3f | at .9: cov %.3f prec %.4f oos %.4f | all %v, match p50 %v p99 %v",
		m.accuracy, m.coverage, m.precision, m.brier, m.ece, m.coverAt9, m.rightAt9, m.falseAt9, m.train.Round(time.Millisecond), m.p50, m.p99)
}

func measure(t testing.TB, train, test, stream []Row, out string) measured {
	t.Helper()
	var m measured
	var in, oos, right, answered, answeredRight, at9, at9Right, oos9 float64
	var bins [10][3]float64
	var times []time.Duration
	var w *json.Encoder
	if out != "" {
		f, err := os.Create(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w = json.NewEncoder(f)
	}
	start := time.Now()
	err := Score(train, test, nil, stream, 0.98, func(l ScoreLine) {
		if w != nil {
			w.Encode(l)
		}
		ok := l.Gold != nil && l.Top != nil && *l.Gold == *l.Top
		one := 0.0
		if ok {
			one = 1
		}
		b := &bins[min(9, int(l.Score*10))]
		b[0]++
		b[1] += l.Score
		b[2] += one
		m.brier += (l.Score - one) * (l.Score - one) / float64(len(test))
		times = append(times, time.Duration(l.Ms*1e6))
		if l.Gold == nil {
			oos++
			if l.Score >= .9 {
				oos9++
			}
			return
		}
		in++
		right += one
		if l.Answered {
			answered++
			answeredRight += one
		}
		if l.Score >= .9 {
			at9++
			at9Right += one
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bins {
		m.ece += max(b[1]-b[2], b[2]-b[1]) / float64(len(test))
	}
	m.train = time.Since(start)
	m.accuracy, m.coverage, m.precision = right/in, answered/in, answeredRight/max(answered, 1)
	m.coverAt9, m.rightAt9, m.falseAt9 = at9/in, at9Right/max(at9, 1), oos9/max(oos, 1)
	slices.Sort(times)
	m.p50, m.p99 = times[len(times)/2], times[len(times)*99/100]
	return m
}
