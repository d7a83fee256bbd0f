package catalogue

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Small scanners that say what a pattern would, many times faster: whether a
// pattern can match in a span at all, and the places that go by few words.

// only are the spans in which a pattern may match, as may says of their text
// in lower case.
func (h *heard) only(spans []span, may func(low string) bool) []span {
	if len(spans) == 0 || h.odd() {
		return spans
	}
	var out []span
	for _, s := range spans {
		if may(h.low()[s.from:s.to]) {
			out = append(out, s)
		}
	}
	return out
}

// partedFigures: a stroke or a dash between two figures, as in every date
// without a month's name.
func partedFigures(low string) bool {
	for i := 1; i+1 < len(low); i++ {
		if (low[i] == '-' || low[i] == '/') && digit(low[i-1]) && digit(low[i+1]) {
			return true
		}
	}
	return false
}

// monthBegins are how the words of monthWords begin.
var monthBegins = []string{"jan", "feb", "maa", "mrt", "mar", "apr", "mei", "may", "jun", "jul", "aug", "sep", "okt", "oct", "nov", "dec"}

func namesMonth(low string) bool {
	for _, m := range monthBegins {
		if strings.Contains(low, m) {
			return true
		}
	}
	return false
}

// twoFigures: two numbers with something between them, as in every span.
func twoFigures(low string) bool {
	runs := 0
	for i := range len(low) {
		if digit(low[i]) && (i == 0 || !digit(low[i-1])) {
			runs++
		}
	}
	return runs > 1
}

// timelike: a number that times counts is written with a colon, or stands
// behind "om" or "at" or before "uur", "a.m.", "p.m.", "h" or "o'clock".
func timelike(low string) bool {
	for i := range len(low) {
		if !digit(low[i]) {
			continue
		}
		if j := skipWhite(low, i+1); j < len(low) && strings.IndexByte(":uapho", low[j]) >= 0 {
			return true
		}
		j := i
		for j > 0 && white(rune(low[j-1])) {
			j--
		}
		if j < i && (strings.HasSuffix(low[:j], "om") || strings.HasSuffix(low[:j], "at")) {
			return true
		}
	}
	return false
}

func skipWhite(s string, i int) int {
	for i < len(s) && white(rune(s[i])) {
		i++
	}
	return i
}

func skipDigits(s string, i int) int {
	for i < len(s) && digit(s[i]) {
		i++
	}
	return i
}

// placeIn finds the first place between two bytes of the text; to is 0 when
// there is none. begin is where what parts the name from the word before
// stands.
func (h *heard) placeIn(start, limit int, at func(h *heard, i, to int) int) (begin, from, to int) {
	begin, parted := start, true
	for i := start; i < limit; {
		r, n := rune(h.text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(h.text[i:limit])
		}
		if parted && n == 1 {
			if end := at(h, i, limit); end > 0 {
				return begin, i, end
			}
		}
		parted, begin = !inWord(r), i
		i += n
	}
	return 0, 0, 0
}

// inWord: the runes that part no names.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r)
}

// wordEnd is where a word ends that stands at i, or 0.
func wordEnd(low string, i int, word string) int {
	if !strings.HasPrefix(low[i:], word) || !parts(low, i+len(word)) {
		return 0
	}
	return i + len(word)
}

// parts reports whether no word goes on at i.
func parts(s string, i int) bool {
	if i >= len(s) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return !inWord(r)
}

func firstEnd(low string, i int, words ...string) int {
	for _, w := range words {
		if end := wordEnd(low, i, w); end > 0 {
			return end
		}
	}
	return 0
}

// spotAt is where a place ends that is called by one word.
func spotAt(h *heard, i, to int) int {
	return firstEnd(h.low()[:to], i, "kantine", "canteen", "archief", "archive", "magazijn", "storeroom", "serverruimte", "server room",
		"boardroom", "trainingszaal", "training room", "pantry", "herentoiletten", "damestoiletten", "herentoilet", "damestoilet")
}

// floorAt is where the name of a floor ends: "kelder", "de 3e verdieping",
// "floor 3", or a code as "B2.14".
func floorAt(h *heard, i, to int) int {
	low := h.low()[:to]
	if end := firstEnd(low, i, "begane grond", "ground floor", "kelder", "basement", "souterrain"); end > 0 {
		return end
	}
	if j := ordinalEnd(low, i); j > 0 {
		if k := skipWhite(low, j); k > j {
			return firstEnd(low, k, "verdieping", "etage", "floor")
		}
		return 0
	}
	if j := firstEnd(low, i, "verdieping", "etage", "floor"); j > 0 {
		from := skipWhite(low, j)
		end := skipDigits(low, from)
		if from > j && end > from && end-from <= 2 && parts(low, end) {
			return end
		}
		return 0
	}
	if c := h.text[i]; c < 'A' || c > 'Z' {
		return 0
	}
	dot := skipDigits(low, i+1)
	if n := dot - i - 1; n < 1 || n > 2 || dot >= len(low) || low[dot] != '.' {
		return 0
	}
	end := skipDigits(low, dot+1)
	if n := end - dot - 1; n < 2 || n > 3 || !parts(low, end) {
		return 0
	}
	return end
}

// ordinalEnd is where a floor's number ends, as a word or in figures, or 0.
func ordinalEnd(low string, i int) int {
	j := skipDigits(low, i)
	if j-i > 2 {
		return 0
	}
	end := j
	for end < len(low) && low[end] >= 'a' && low[end] <= 'z' {
		end++
	}
	switch word := low[j:end]; {
	case j > i:
		switch word {
		case "", "e", "de", "ste", "st", "nd", "rd", "th":
			return end
		}
	default:
		switch word {
		case "eerste", "tweede", "derde", "vierde", "vijfde", "zesde", "zevende", "achtste", "negende", "tiende", "ground", "first", "second",
			"third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "top", "bovenste":
			return end
		}
	}
	return 0
}
