package simulate

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// luck is chance for one concern of one thing, the same in every run with the
// same seed whatever else happens.
func luck(seed uint64, concern string, n int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(concern)) // a hash takes everything
	return rand.New(rand.NewPCG(seed^h.Sum64(), uint64(n)*0x9E3779B97F4A7C15+1))
}

func happens(r *rand.Rand, share float64) bool { return r.Float64() < share }

func one[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// around is a duration with this median; spread is the factor within which two
// thirds fall.
func around(r *rand.Rand, median time.Duration, spread float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(r.NormFloat64()*math.Log(spread)))
}

// about is a whole number with this mean, as independent things come (Poisson);
// large means are rounded from the normal distribution.
func about(r *rand.Rand, mean float64) int {
	if mean > 60 {
		return max(int(math.Round(mean+r.NormFloat64()*math.Sqrt(mean))), 0)
	}
	n, p, limit := 0, r.Float64(), math.Exp(-mean)
	for p > limit {
		n++
		p *= r.Float64()
	}
	return n
}

// choose is the index of one of the weights, as often as it weighs.
func choose(r *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := r.Float64() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}
