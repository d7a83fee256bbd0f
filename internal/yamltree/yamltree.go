// Package yamltree is in charge of reading YAML so that every mistake has its
// place and its mend.
//
// Guarantees:
//  1. Whatever the text, reading ends: it is bounded in size and in depth
//     before the parser recurses, and a panic of the parser is a faulty file
//     like any other.
//  2. Anchors and aliases are refused, because a few lines of them can unfold
//     to gigabytes; tags are looked through.
//  3. All problems are gathered, each a *balie.InvalidError with file, line and
//     column, and told in the order in which they stand.
//  4. A key that stands twice, or that nobody reads, is a problem: no setting
//     is ignored in silence.
//
// What of YAML is known to the parser's library stays in here: users see a Node.
package yamltree

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/balie/balie"
)

// Reader reads one file and gathers what is wrong with it.
type Reader struct {
	File     string // as it is named to people
	MaxBytes int
	// Private is for a text that may hold a secret in a wrong place: what the
	// parser quotes of it is not shown.
	Private bool
	// Others are words of other formats for our keys: who writes one is told ours.
	Others map[string]string

	body     []byte
	problems []error
}

// Add adds a problem at a line and column.
func (r *Reader) Add(line, col int, field, problem, fix string) {
	r.problems = append(r.problems, &balie.InvalidError{File: r.File, Line: line, Col: col, Field: field, Problem: problem, Fix: fix})
}

// Problem adds a problem where a node stands.
func (r *Reader) Problem(at Node, field, problem, fix string) {
	r.problems = append(r.problems, r.Invalid(at, field, problem, fix))
}

// Invalid is a problem where a node stands, to keep elsewhere.
func (r *Reader) Invalid(at Node, field, problem, fix string) *balie.InvalidError {
	line, col := at.Place()
	return &balie.InvalidError{File: r.File, Line: line, Col: col, Field: field, Problem: problem, Fix: fix}
}

// Wrong adds each problem of an error that knows no place, such as that of a
// parser of one value, where a node stands. A field of it is one below field.
func (r *Reader) Wrong(at Node, field string, err error) {
	if err == nil {
		return
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range many.Unwrap() {
			r.Wrong(at, field, err)
		}
		return
	}
	x, ok := errors.AsType[*balie.InvalidError](err)
	if !ok {
		x = &balie.InvalidError{Problem: err.Error()}
	}
	if x.Field != "" {
		field = Join(field, x.Field)
	}
	r.Problem(at, field, x.Problem, x.Fix)
}

// Count is how many problems there are by now.
func (r *Reader) Count() int { return len(r.problems) }

// Problems are those there are by now, in the order in which they were found.
func (r *Reader) Problems() []error { return slices.Clone(r.problems) }

// Err joins all problems in the order of their places; nil when there are none.
func (r *Reader) Err() error { return Sorted(r.problems) }

// Sorted joins problems in the order of their places, those without one first.
func Sorted(problems []error) error {
	problems = slices.Clone(problems)
	slices.SortStableFunc(problems, func(a, b error) int {
		x, y := placeOf(a), placeOf(b)
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]))
	})
	return errors.Join(problems...)
}

func placeOf(err error) [2]int {
	if x, ok := errors.AsType[*balie.InvalidError](err); ok {
		return [2]int{x.Line, x.Col}
	}
	return [2]int{}
}

// Join is the field of a key below another field.
func Join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

// Short keeps a quoted value readable in a problem.
func Short(s string) string {
	const limit = 60
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
