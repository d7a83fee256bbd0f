package router

import (
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text clauses are what costs time: a regular expression reads all of the
// mail. So each clause names literals of which at least one must be in the
// text, all literals are found in one pass (Aho and Corasick, CACM 18(6),
// 1975), and a clause whose literals are absent is false without being run.
// Everything is case-folded, which can only find too much.

// Bounds of what is worth looking for.
const (
	shortest     = 2  // bytes of a literal: a shorter one is in every text
	mostLiterals = 64 // of one clause
)

// fold writes a text in the one form that all its spellings share.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		b.WriteRune(foldRune(r))
	}
	return b.String()
}

// foldRune is the smallest of the runes that regexp holds for equal when it
// ignores case, in lower case if that is ASCII ("K" and the Kelvin sign are
// "k").
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if least < utf8.RuneSelf {
		return foldRune(least)
	}
	return least
}

// literals are what a text must hold one of. When exact, each text that
// matches *is* one of them (but for assertions such as \b).
type literals struct {
	exact bool
	set   []string
}

// literalsOf are the literals one of which is in every text that the pattern
// matches; none when that cannot be told.
func literalsOf(pattern string) []string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	l := need(re.Simplify())
	if weight(l.set) < shortest {
		return nil
	}
	return l.set
}

func need(re *syntax.Regexp) literals {
	switch re.Op {
	case syntax.OpLiteral:
		return literals{true, []string{fold(string(re.Rune))}}
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return literals{true, []string{""}}
	case syntax.OpCharClass:
		return needClass(re.Rune)
	case syntax.OpCapture:
		return need(re.Sub[0])
	case syntax.OpPlus:
		return literals{set: need(re.Sub[0]).set}
	case syntax.OpQuest:
		if l := need(re.Sub[0]); l.exact {
			return literals{true, unique(append(l.set, ""))}
		}
	case syntax.OpAlternate:
		return needAny(re.Sub)
	case syntax.OpConcat:
		return needAll(re.Sub)
	}
	return literals{}
}

func needClass(ranges []rune) literals {
	var set []string
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 16 {
			return literals{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			set = append(set, string(foldRune(r)))
		}
	}
	if set = unique(set); len(set) > 8 {
		return literals{}
	}
	return literals{true, set}
}

func needAny(subs []*syntax.Regexp) literals {
	out := literals{exact: true}
	for _, s := range subs {
		l := need(s)
		if len(l.set) == 0 || len(out.set)+len(l.set) > mostLiterals {
			return literals{}
		}
		out.exact = out.exact && l.exact
		out.set = append(out.set, l.set...)
	}
	out.set = unique(out.set)
	return out
}

// needAll joins neighbours that are exact and keeps the best run.
func needAll(subs []*syntax.Regexp) literals {
	run, exact := []string{""}, true
	var best []string
	keep := func(set []string) {
		if weight(set) > weight(best) || weight(set) == weight(best) && len(set) < len(best) {
			best = set
		}
	}
	for _, s := range subs {
		l := need(s)
		if l.exact && len(run)*len(l.set) <= mostLiterals {
			run = cross(run, l.set)
			continue
		}
		exact = false
		keep(run)
		keep(l.set)
		run = []string{""}
		if l.exact {
			run = l.set
		}
	}
	if exact {
		return literals{true, run}
	}
	keep(run)
	return literals{set: best}
}

func cross(a, b []string) []string {
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return unique(out)
}

// weight is how much a set tells: the length of its shortest literal.
func weight(set []string) int {
	if len(set) == 0 {
		return 0
	}
	w := len(set[0])
	for _, s := range set {
		w = min(w, len(s))
	}
	return w
}

func unique(set []string) []string {
	seen := map[string]bool{}
	out := set[:0:0]
	for _, s := range set {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// words numbers the literals of a ruleset.
type words struct {
	ids  map[string]int
	list []string
}

func newWords() *words { return &words{ids: map[string]int{}} }

func (w *words) id(literal string) int {
	if i, ok := w.ids[literal]; ok {
		return i
	}
	w.ids[literal] = len(w.list)
	w.list = append(w.list, literal)
	return len(w.list) - 1
}

// scanner finds all words in one pass over a text.
type scanner struct {
	class [256]uint8 // the bytes that no word has share class 0
	width int        // classes
	next  []int32    // state*width + class
	out   [][]int32  // words that end in a state
	words int
}

func (w *words) build() *scanner {
	s := &scanner{width: 1, words: len(w.list)}
	for _, word := range w.list {
		for i := range len(word) {
			if c := word[i]; s.class[c] == 0 {
				s.class[c] = uint8(s.width) // at most 255: 0xFF is in no text
				s.width++
			}
		}
	}
	s.state()
	for id, word := range w.list {
		at := int32(0)
		for i := range len(word) {
			edge := int(at)*s.width + int(s.class[word[i]])
			if s.next[edge] == 0 {
				s.next[edge] = s.state()
			}
			at = s.next[edge]
		}
		s.out[at] = append(s.out[at], int32(id))
	}
	s.link()
	return s
}

func (s *scanner) state() int32 {
	s.next = append(s.next, make([]int32, s.width)...)
	s.out = append(s.out, nil)
	return int32(len(s.out) - 1)
}

// link fills in where to go on when a word breaks off, breadth first.
func (s *scanner) link() {
	fail := make([]int32, len(s.out))
	var queue []int32
	for c := range s.width {
		if n := s.next[c]; n != 0 {
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		s.out[at] = append(s.out[at], s.out[fail[at]]...)
		for c := range s.width {
			edge := int(at)*s.width + c
			back := s.next[int(fail[at])*s.width+c]
			if n := s.next[edge]; n != 0 {
				fail[n] = back
				queue = append(queue, n)
				continue
			}
			s.next[edge] = back
		}
	}
}

// find marks the words that are in a text.
func (s *scanner) find(text string) []uint64 {
	found := make([]uint64, (s.words+63)/64)
	if s.words == 0 || text == "" {
		return found
	}
	folded := fold(text)
	at := int32(0)
	for i := range len(folded) {
		at = s.next[int(at)*s.width+int(s.class[folded[i]])]
		for _, id := range s.out[at] {
			found[id/64] |= 1 << (id % 64)
		}
	}
	return found
}
