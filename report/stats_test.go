package report

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Values as tables print them: Wilson by hand from the formula in Brown, Cai,
// DasGupta 2001; Student from NIST's e-Handbook, table 1.3.6.7.2.
func TestIntervalsAreThoseOfTheTables(t *testing.T) {
	for _, tt := range []struct {
		k, n      int
		low, high float64
	}{{8, 10, 0.4902, 0.9433}, {0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {50, 100, 0.4038, 0.5962}, {0, 0, 0, 0}} {
		low, high := wilson(tt.k, tt.n)
		if math.Abs(low-tt.low) > 0.0001 || math.Abs(high-tt.high) > 0.0001 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", tt.k, tt.n, low, high, tt.low, tt.high)
		}
	}
	for free, want := range map[int]float64{1: 12.706, 2: 4.303, 5: 2.571, 7: 2.365, 8: 2.306, 10: 2.228, 20: 2.086, 29: 2.045, 60: 2.000, 100: 1.984} {
		if got := student(free); math.Abs(got-want) > 0.001 {
			t.Errorf("%d degrees of freedom: %.4f, want %.3f", free, got, want)
		}
	}
	// 3, 4, 5: mean 4, standard deviation 1, so 4 ± 4.303/√3.
	m, low, high := mean(3, 12, 50)
	if m != 4 || math.Abs(low-1.5159) > 0.001 || math.Abs(high-6.4841) > 0.001 {
		t.Errorf("mean of 3, 4, 5: %.3f, %.4f to %.4f", m, low, high)
	}
}

func TestPercentilesAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var room []uint32
	for _, n := range []int{0, 1, 2, 3, 10, few, few + 1, 50_000} {
		for _, most := range []uint32{1, 100, 40_000, 1 << 21, math.MaxUint32} {
			all := make([]uint32, n)
			for i := range all {
				all[i] = r.Uint32N(most)
			}
			want := slices.Clone(all)
			slices.Sort(want)
			sortNumbers(all, &room)
			if !slices.Equal(all, want) {
				t.Fatalf("%d numbers up to %d are not sorted", n, most)
			}
		}
	}
	for share, want := range map[float64]uint32{0.5: 20, 0.75: 30, 0.9: 40, 0.25: 10, 0.251: 20, 1: 40, 0: 10} {
		if got := rank([]uint32{10, 20, 30, 40}, share); got != want {
			t.Errorf("%v of 10 20 30 40 is %d, want %d", share, got, want)
		}
	}
}
