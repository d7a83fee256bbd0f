package router

import (
	"fmt"
	"strings"
)

// suggest names the nearest of the known words, or lists them all.
func suggest(word string, known []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, k := range known {
		if k == "" {
			continue
		}
		if d := edits(strings.ToLower(word), k); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	var list []string
	for _, k := range known {
		if k != "" {
			list = append(list, k)
		}
	}
	return "use one of " + strings.Join(list, ", ")
}

// edits counts the letters to add, remove, change or swap with their neighbour
// to make one word of the other.
func edits(a, b string) int {
	a, b = clip(a, 80), clip(b, 80)
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
