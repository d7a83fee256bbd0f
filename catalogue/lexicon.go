package catalogue

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed concepts.txt
var conceptsText string

// concepts are the thoughts each stem stands for, by language. A line of
// concepts.txt is one thought.
var concepts = sync.OnceValue(func() map[string]map[string][]uint16 {
	out := map[string]map[string][]uint16{"nl": {}, "en": {}}
	thought := uint16(0)
	for l := range strings.Lines(conceptsText) {
		words := strings.Fields(l)
		if len(words) == 0 || strings.HasPrefix(l, "#") {
			continue
		}
		for language, stems := range out {
			for _, w := range words {
				s := stem(w, language)
				if !slices.Contains(stems[s], thought) {
					stems[s] = append(stems[s], thought)
				}
			}
		}
		thought++
	}
	return out
})

// word is what is known of a token.
type word struct {
	stem     string
	concepts []uint16
	parts    []string // stems of the parts of a Dutch compound
	common   bool     // says little of what a question is about
	numeric  bool
	// own are the ids of the features the word has by itself, its stem first,
	// and then each occurrence; nil when they were not worked out. Of a word the
	// corpus does not hold the first is 0 when it lacks the stem too.
	own []int32
}

// content reports whether the word says what a text is about.
func (w *word) content() bool { return !w.common && !w.numeric }

// lexicon knows the words of a catalogue. It is filled while training and
// only read afterwards.
type lexicon struct {
	known map[string]map[string]*word // language, token
	parts map[string]bool             // Dutch words that a compound may be made of
}

func newLexicon(lines []line) *lexicon {
	l := &lexicon{known: map[string]map[string]*word{"nl": {}, "en": {}}, parts: map[string]bool{}}
	for _, x := range lines {
		if x.language == "nl" && x.kind != noneLine {
			tokens(prepare(x.text), func(w string) { l.addPart(w) })
		}
	}
	for line := range strings.Lines(conceptsText) {
		if !strings.HasPrefix(line, "#") {
			for _, w := range strings.Fields(line) {
				l.addPart(w)
			}
		}
	}
	return l
}

func (l *lexicon) addPart(w string) {
	if len(w) >= shortestPart && !common["nl"][w] && !common["en"][w] {
		l.parts[w] = true
	}
}

// learn is what is known of a token, worked out when it is new and remembered;
// only while training.
func (l *lexicon) learn(token, language string) *word {
	w, ok := l.known[language][token]
	if !ok {
		w = l.analyse(token, language)
		l.known[language][strings.Clone(token)] = w
	}
	return w
}

// strangers are the words a workspace met lately that the corpus does not
// hold: customers use the same ones again and again, and to stem one costs more
// than all else about it.
type strangers map[string]map[string]*word // as lexicon.known

// strangersLimit is how many are remembered, in each language.
const strangersLimit = 2000

// look is what is known of a token, in the corpus or from before.
func (s strangers) look(c *corpus, token, language string) *word {
	if w, ok := c.lexicon.known[language][token]; ok {
		return w
	}
	met := s[language]
	if w, ok := met[token]; ok {
		return w
	}
	w := c.lexicon.analyse(strings.Clone(token), language)
	if met == nil || w.numeric || len(token) > tokenLimit {
		return w // numbers hardly come back
	}
	w.features(token, func(_ int, h hash) {
		if id := c.table.find(h); id != 0 || w.own == nil {
			w.own = append(w.own, id)
		}
	})
	if len(met) >= strangersLimit {
		clear(met)
	}
	met[strings.Clone(token)] = w
	return w
}

func (l *lexicon) analyse(token, language string) *word {
	w := &word{stem: stem(token, language), common: common[language][token]}
	w.concepts = concepts()[language][w.stem]
	w.numeric = token[0] >= '0' && token[0] <= '9'
	if language != "nl" || len(w.concepts) > 0 || w.numeric {
		return w
	}
	for _, part := range l.split(token) {
		s := stem(part, language)
		w.parts = append(w.parts, s)
		w.concepts = append(w.concepts, concepts()[language][s]...)
	}
	return w
}

const (
	shortestPart     = 3  // letters of a part of a compound
	shortestCompound = 7  // letters of a compound worth splitting
	longestCompound  = 40 // longer runs of letters are no words
)

// linking are the sounds between the parts of a Dutch compound, most telling
// first.
var linking = []string{"", "s", "en", "e", "n"}

// split finds the two known words a Dutch compound is made of, the one with
// the longest shorter part; nothing when there are none.
func (l *lexicon) split(token string) []string {
	if len(token) < shortestCompound || len(token) > longestCompound || l.parts[token] {
		return nil
	}
	var best []string
	shortest := 0
	for i := shortestPart; i <= len(token)-shortestPart; i++ {
		head := token[:i]
		if !l.parts[head] {
			continue
		}
		for _, link := range linking {
			tail, ok := strings.CutPrefix(token[i:], link)
			if !ok || len(tail) < shortestPart || !l.isPart(tail) {
				continue
			}
			if n := min(len(head), len(tail)); n > shortest {
				best, shortest = []string{head, tail}, n
			}
			break
		}
	}
	return best
}

// isPart also knows plurals and small forms of known words.
func (l *lexicon) isPart(tail string) bool {
	if l.parts[tail] {
		return true
	}
	for _, end := range []string{"en", "s", "je", "jes", "tje", "n"} {
		if t, ok := strings.CutSuffix(tail, end); ok && len(t) > shortestPart && l.parts[t] {
			return true
		}
	}
	return false
}
