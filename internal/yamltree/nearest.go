package yamltree

import (
	"fmt"
	"slices"
	"strings"
)

// listed is how many known words are listed where none is near.
const listed = 40

// Suggest proposes the known word nearest to a wrong one, or says which there
// are, unless they are too many to read.
func Suggest(word string, known []string) string {
	known = slices.DeleteFunc(slices.Clone(known), func(k string) bool { return k == "" })
	if near := Nearest(word, known); near != "" {
		return near
	}
	if len(known) == 0 || len(known) > listed {
		return ""
	}
	return "use one of " + strings.Join(known, ", ")
}

// Nearest proposes the known word nearest to a wrong one, or nothing when none
// is near: a third of its letters may differ, and in short words two.
func Nearest(word string, known []string) string {
	best, least := "", 1+max(min(2, len(word)/2), len(word)/3)
	for _, k := range known {
		if k == "" {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance counts the letters to add, remove, change or swap with their
// neighbour to make one word of the other, in bytes of the beginnings.
func distance(a, b string) int {
	const limit = 80
	a, b = a[:min(len(a), limit)], b[:min(len(b), limit)]
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
