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
	words []string // in lower case, ASCII, of three letters or more
	digit bool     // or a figure
	dot   bool     // or a figure, a dot and a figure
}

// span is a part of a text between white space, in bytes.
type span struct{ from, to int }

// heard is a text with what several patterns ask of it, worked out when first
// asked for.
type heard struct {
	text  string
	lower string // ASCII letters only, so that every byte keeps its place
	said  []byte
	runs  runs   // of lower
	saids runs   // of said
	marks []bool // of a hint, by byte: used again for the next
}

// runs are the runs of three bytes in a text, some of them falling together:
// most words that are looked for can be told not to be there by their first.
type runs [64]uint64

func (r *runs) add(s []byte) {
	for i := 0; i+3 <= len(s); i++ {
		n := runAt(s[i], s[i+1], s[i+2])
		r[n>>6] |= 1 << (n & 63)
	}
}

// may reports whether a text with these runs may hold what begins with the
// three bytes.
func (r *runs) may(a, b, c byte) bool {
	n := runAt(a, b, c)
	return r[n>>6]&(1<<(n&63)) != 0
}

func runAt(a, b, c byte) int { return (int(a)*961 + int(b)*31 + int(c)) & 4095 }

func hear(text string) *heard { return &heard{text: text} }

func (h *heard) low() string {
	if h.lower == "" {
		h.lower = lowerASCII(h.text)
		h.runs.add([]byte(h.lower))
	}
	return h.lower
}

// spoken are the words of the text with a space about each.
func (h *heard) spoken() []byte {
	if h.said == nil {
		h.said = appendSpoken(make([]byte, 0, len(h.text)+2), h.text)
		h.saids.add(h.said)
	}
	return h.said
}

// odd reports whether letters stand in the text that a pattern takes for ASCII
// when it takes no notice of case: a Kelvin sign is a k to it, and a long s an
// s. They are too rare to look for here.
func (h *heard) odd() bool {
	return strings.Contains(h.text, "\u212A") || strings.Contains(h.text, "\u017F")
}

// around are the parts of a text where a hint is, with the words about it.
// They do not touch each other.
func (h hint) around(t *heard) []span {
	if t.odd() {
		return []span{{0, len(t.text)}}
	}
	return h.spans(t)
}

func (h hint) spans(t *heard) []span {
	text, low := t.text, t.low()
	some := false
	mark := func(i int) {
		if t.marks == nil {
			t.marks = make([]bool, len(text))
		}
		t.marks[i], some = true, true
	}
	for _, w := range h.words {
		if !t.runs.may(w[0], w[1], w[2]) {
			continue
		}
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
	if !some {
		return nil
	}
	defer clear(t.marks)
	return h.merged(text, t.marks)
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
