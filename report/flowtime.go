package report

import (
	"math/bits"
	"time"
)

// histogram counts durations in steps of at most a sixty-fourth of their
// length, so that medians can be added up over parts: a median from it is less
// than 0.8 % off. It grows with the longest duration it saw.
type histogram struct {
	counts []uint32
	n      int
}

// fineBits is how many leading bits of a duration tell one step from another.
const fineBits = 6

// stepOf is the step of a duration in seconds.
func stepOf(seconds uint64) int {
	if seconds < 2<<fineBits {
		return int(seconds)
	}
	shift := bits.Len64(seconds) - fineBits - 1
	return shift<<fineBits + int(seconds>>shift)
}

// middle is the middle of a step, in seconds.
func middle(step int) float64 {
	if step < 2<<fineBits {
		return float64(step)
	}
	shift := step>>fineBits - 1
	low := uint64(step-shift<<fineBits) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}

func (h *histogram) add(d time.Duration) {
	step := stepOf(uint64(max(d, 0) / time.Second))
	if n := step + 1 - len(h.counts); n > 0 {
		h.counts = append(h.counts, make([]uint32, n)...)
	}
	h.counts[step]++
	h.n++
}

func (h *histogram) merge(o *histogram) {
	if n := len(o.counts) - len(h.counts); n > 0 {
		h.counts = append(h.counts, make([]uint32, n)...)
	}
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
}

// median is the lower of the middle two; 0 of none.
func (h *histogram) median() time.Duration {
	if h.n == 0 {
		return 0
	}
	left := (h.n + 1) / 2
	for i, c := range h.counts {
		left -= int(c)
		if left <= 0 {
			return time.Duration(middle(i) * float64(time.Second))
		}
	}
	return 0
}
