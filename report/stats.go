package report

import (
	"math"
	"slices"
)

// z95 is how many standard deviations hold 95 % of a normal distribution.
const z95 = 1.959963984540054

// wilson is the score interval of k in n, 95 %.
// Wilson 1927, "Probable inference, the law of succession, and statistical inference".
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 0
	}
	f, p := float64(n), float64(k)/float64(n)
	whole := 1 + z95*z95/f
	middle := (p + z95*z95/(2*f)) / whole
	half := z95 / whole * math.Sqrt(p*(1-p)/f+z95*z95/(4*f*f))
	return max(0, middle-half), min(1, middle+half)
}

// student is the 97.5 % point of the t distribution with so many degrees of
// freedom: exact for the first, then by the expansion of Cornish and Fisher,
// which is less than 0.001 off from there on.
func student(free int) float64 {
	exact := []float64{math.Inf(1), 12.706204736, 4.302652730, 3.182446305, 2.776445105, 2.570581836, 2.446911851, 2.364624252, 2.306004135}
	if free < len(exact) {
		return exact[max(free, 0)]
	}
	z, v := z95, float64(free)
	z3, z5, z7 := z*z*z, math.Pow(z, 5), math.Pow(z, 7)
	return z + (z3+z)/(4*v) + (5*z5+16*z3+3*z)/(96*v*v) + (3*z7+19*z5+17*z3-15*z)/(384*v*v*v)
}

// mean is the mean of n whole numbers and the interval of it, 95 %, by their
// sum and the sum of their squares. One number has no interval.
func mean(n, sum, squares int) (m, low, high float64) {
	if n == 0 {
		return 0, 0, 0
	}
	m = float64(sum) / float64(n)
	if n == 1 {
		return m, 0, 0
	}
	spread := (float64(squares) - float64(sum)*m) / float64(n-1)
	half := student(n-1) * math.Sqrt(max(spread, 0)/float64(n))
	return m, m - half, m + half
}

// rank is the value that a share of some sorted ones does not exceed: the
// nearest rank, which is one of them. 0 of none.
func rank(sorted []uint32, share float64) uint32 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(share*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// few is up to how many numbers comparing sorts faster than counting.
const few = 3000

// sortNumbers sorts in place. Of a million, counting digits takes a tenth of
// the time that comparing takes. room is kept for the next call.
func sortNumbers(all []uint32, room *[]uint32) {
	if len(all) <= few {
		slices.Sort(all)
		return
	}
	const bits, size = 11, 1 << 11
	if cap(*room) < len(all) {
		*room = make([]uint32, len(all))
	}
	from, to := all, (*room)[:len(all)]
	var counts [3][size]int
	for _, v := range all {
		counts[0][v%size]++
		counts[1][v>>bits%size]++
		counts[2][v>>(2*bits)]++
	}
	turned := false
	for digit := range counts {
		c := &counts[digit]
		if c[from[0]>>(digit*bits)%size] == len(all) { // they all have the same
			continue
		}
		at := 0
		for i, n := range c {
			c[i], at = at, at+n
		}
		for _, v := range from {
			d := v >> (digit * bits) % size
			to[c[d]] = v
			c[d]++
		}
		from, to, turned = to, from, !turned
	}
	if turned {
		copy(all, from)
	}
}
