package router

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Change is how a rule differs between two rulesets.
type Change string

// The changes.
const (
	Added   Change = "added"
	Removed Change = "removed"
	Moved   Change = "moved"
	Edited  Change = "changed"
)

// Difference is one thing that differs between two rulesets.
type Difference struct {
	Rule   string `json:"rule"`
	Change Change `json:"change"`
	Part   string `json:"part,omitzero"`   // of a changed one: when, then, name, examples, disabled
	Before string `json:"before,omitzero"` // for when and then: as written; for moved: the place, from 1
	After  string `json:"after,omitzero"`
}

// Diff lists what b has otherwise than a: what is gone first, then in b's
// order. As few rules as possible count as moved.
func Diff(a, b *Ruleset) []Difference {
	old, now := byID(a), byID(b)
	var out []Difference
	for _, r := range a.rules {
		if now[r.ID] == nil {
			out = append(out, Difference{Rule: r.ID, Change: Removed, Before: r.When})
		}
	}
	stayed := inOrder(a, b)
	for i, r := range b.rules {
		was := old[r.ID]
		if was == nil {
			out = append(out, Difference{Rule: r.ID, Change: Added, After: r.When})
			continue
		}
		if !stayed[r.ID] {
			from := slices.IndexFunc(a.rules, func(x *rule) bool { return x.ID == r.ID })
			out = append(out, Difference{Rule: r.ID, Change: Moved, Before: strconv.Itoa(from + 1), After: strconv.Itoa(i + 1)})
		}
		out = append(out, parts(was.Rule, r.Rule)...)
	}
	return out
}

func byID(rs *Ruleset) map[string]*rule {
	m := make(map[string]*rule, len(rs.rules))
	for _, r := range rs.rules {
		m[r.ID] = r
	}
	return m
}

// inOrder are rules that keep their order: a longest increasing subsequence of
// their old places.
func inOrder(a, b *Ruleset) map[string]bool {
	place := map[string]int{}
	for i, r := range a.rules {
		place[r.ID] = i
	}
	var ids []string
	for _, r := range b.rules {
		if _, both := place[r.ID]; both {
			ids = append(ids, r.ID)
		}
	}
	var tails []int // tails[k] ends the best subsequence of length k+1
	back := make([]int, len(ids))
	for i, id := range ids {
		k, _ := slices.BinarySearchFunc(tails, place[id], func(j, p int) int { return place[ids[j]] - p })
		back[i] = -1
		if k > 0 {
			back[i] = tails[k-1]
		}
		tails = append(tails[:k], append([]int{i}, tails[min(k+1, len(tails)):]...)...)
	}
	out := map[string]bool{}
	if len(tails) == 0 {
		return out
	}
	for i := tails[len(tails)-1]; i >= 0; i = back[i] {
		out[ids[i]] = true
	}
	return out
}

// parts compares the parts of a rule.
func parts(a, b Rule) []Difference {
	var out []Difference
	part := func(name, before, after string) {
		if before != after {
			out = append(out, Difference{Rule: b.ID, Change: Edited, Part: name, Before: before, After: after})
		}
	}
	part("when", a.When, b.When)
	part("then", thenText(a), thenText(b))
	if a.Disabled != b.Disabled {
		part("disabled", yesText(a.Disabled), yesText(b.Disabled))
	}
	if !maps.Equal(a.Names, b.Names) {
		out = append(out, Difference{Rule: b.ID, Change: Edited, Part: "name", Before: a.Name("en"), After: b.Name("en")})
	}
	if !reflect.DeepEqual(unplaced(a.Examples), unplaced(b.Examples)) {
		out = append(out, Difference{Rule: b.ID, Change: Edited, Part: "examples"})
	}
	return out
}

// unplaced are examples without their lines, which differ when a file grows.
func unplaced(x Examples) Examples {
	strip := func(list []Example) []Example {
		list = slices.Clone(list)
		for i := range list {
			list[i].line = 0
		}
		return list
	}
	return Examples{Must: strip(x.Must), MustNot: strip(x.MustNot)}
}

func yesText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
