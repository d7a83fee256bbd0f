package catalogue

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// What a value looks like is told by large patterns, and a pattern over a whole
// mail costs a hundred times what it takes to see that there is nothing to
// find. Each pattern needs one of a few words or a figure, and is tried only on
// the words around those. It finds the same there as in the whole text, because
// what it can match ends at white space and has a bounded number of words.

// hint is what one kind of pattern needs.
type hint struct {
	reach int      // how many words a match can have before the hint, and behind it
	words []string // in lower case, ASCII
	digit bool     // or a figure
	dot   bool     // or a figure, a dot and a figure
}

// span is a part of a text between white space, in bytes.
type span struct{ from, to int }

// around are the parts of a text where a hint is, with the words about it.
// They do not touch each other.
func (h hint) around(text string) []span {
	// A Kelvin sign is a k to a pattern that takes no notice of case, and a long
	// s an s: too rare to look for here.
	if strings.Contains(text, "\u212A") || strings.Contains(text, "\u017F") {
		return []span{{0, len(text)}}
	}
	return h.spans(text, lowerASCII(text))
}

func (h hint) spans(text, low string) []span {
	var at []bool // a hint begins here
	mark := func(i int) {
		if at == nil {
			at = make([]bool, len(text))
		}
		at[i] = true
	}
	for _, w := range h.words {
		for i := 0; ; i += len(w) {
			j := strings.Index(low[i:], w)
			if j < 0 {
				break
			}
			i += j
			mark(i)
		}
	}
	if h.digit || h.dot {
		for i := range len(text) {
			c := text[i]
			if h.digit && c >= '0' && c <= '9' || h.dot && c == '.' && i > 0 && i+1 < len(text) && digit(text[i-1]) && digit(text[i+1]) {
				mark(i)
			}
		}
	}
	if at == nil {
		return nil
	}
	return h.merged(text, at)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// merged widens each hint by its reach and joins what touches.
func (h hint) merged(text string, at []bool) []span {
	var out []span
	for i := 0; i < len(at); i++ {
		if !at[i] {
			continue
		}
		s := span{back(text, i, h.reach), ahead(text, i, h.reach)}
		if n := len(out); n > 0 && s.from <= out[n-1].to+1 {
			out[n-1].to = max(out[n-1].to, s.to)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// back is where the words before i begin.
func back(text string, i, most int) int {
	words := 0
	inside := true
	for i > 0 {
		r, n := utf8.DecodeLastRuneInString(text[:i])
		if white(r) {
			if inside {
				if words++; words > most {
					return i
				}
			}
			inside = false
		} else {
			inside = true
		}
		i -= n
	}
	return 0
}

// ahead is where the words after i end.
func ahead(text string, i, most int) int {
	words := 0
	inside := true
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if white(r) {
			if inside {
				if words++; words > most {
					return i
				}
			}
			inside = false
		} else {
			inside = true
		}
		i += n
	}
	return len(text)
}

// white is what \s is in a pattern: ASCII only.
func white(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

// lowerASCII keeps every byte's place.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// findAll are all matches of a pattern in the spans, as places in the text.
func findAll(re *regexp.Regexp, text string, spans []span) [][]int {
	var out [][]int
	for _, s := range spans {
		for _, m := range re.FindAllStringSubmatchIndex(text[s.from:s.to], -1) {
			for i := range m {
				if m[i] >= 0 {
					m[i] += s.from
				}
			}
			out = append(out, m)
		}
	}
	return out
}

// submatches are the submatches of matches as text.
func submatches(text string, found [][]int) [][]string {
	out := make([][]string, len(found))
	for i, m := range found {
		for j := range len(m) / 2 {
			out[i] = append(out[i], sub(text, m, j))
		}
	}
	return out
}

// The hints of the patterns in moments.go and mentions.go.
var (
	figureHint = hint{reach: 4, digit: true}
	dayHint    = hint{reach: 4, words: []string{"morgen", "tomorrow", "vandaag", "vanochtend", "vanmiddag", "vanavond", "today", "this", "tonight", "gisteren", "yesterday"}}
	weekHint   = hint{reach: 4, words: strings.Split(weekdayWords, "|")}
	halfHint   = hint{reach: 3, words: []string{"half", "kwart"}}
	roomHint   = hint{reach: 3, words: []string{"kamer", "ruimte", "lokaal", "werkplek", "room", "office", "gebouw", "building", "vleugel", "wing", "trap", "stairs", "lift", "plek", "space", "zaal"}}
	floorHint  = hint{reach: 3, dot: true, words: []string{"begane grond", "kelder", "basement", "souterrain", "verdieping", "etage", "floor"}}
	spotHint   = hint{reach: 3, words: []string{"kantine", "canteen", "archief", "archive", "magazijn", "room", "ruimte", "zaal", "pantry", "toilet"}}
)
